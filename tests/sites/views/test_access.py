"""Not yours is 404, a reader's change is 403, a stranger to the installation is sent to the login: on every route."""

from __future__ import annotations

import pytest
from django.test import Client

from sites.models import Site
from tests.sites.views.pages import World, make_world, soup

pytestmark = pytest.mark.django_db

READING = ["/sites/{site}/", "/incidents/{incident}/", "/mail/{mail}/", "/mail/{mail}/html/"]
WRITING_FORMS = ["/sites/{site}/edit/", "/sites/{site}/delete/"]
ACTIONS = [
    "/sites/{site}/pause/",
    "/sites/{site}/resume/",
    "/sites/{site}/mute/",
    "/sites/{site}/probe/",
    "/incidents/{incident}/acknowledge/",
    "/incidents/{incident}/mute/",
    "/incidents/{incident}/resolve/",
]
OPEN = ["/", "/incidents/", "/mail/", "/settings/", "/account/", "/sites/new/"]


@pytest.fixture
def world() -> World:
    return make_world()


def at(path: str, world: World) -> str:
    return path.format(site=world.site.pk, incident=world.incident.pk, mail=world.mail.pk)


@pytest.mark.parametrize("path", READING)
def test_page_of_ones_team_is_shown_to_every_member(path: str, world: World) -> None:
    assert [person.get(at(path, world)).status_code for person in (world.owner, world.colleague, world.reader)] == [200, 200, 200]


@pytest.mark.parametrize("path", READING + WRITING_FORMS)
def test_page_of_another_team_is_not_found(path: str, world: World) -> None:
    assert world.outsider.get(at(path, world)).status_code == 404


@pytest.mark.parametrize("path", WRITING_FORMS)
def test_form_is_refused_to_a_reader(path: str, world: World) -> None:
    assert world.colleague.get(at(path, world)).status_code == 200
    assert world.reader.get(at(path, world)).status_code == 403


@pytest.mark.parametrize("path", ACTIONS)
def test_action_of_another_team_is_not_found_and_a_readers_refused(path: str, world: World) -> None:
    before = list(Site.objects.values())
    assert world.outsider.post(at(path, world), {"hours": "1"}).status_code == 404
    assert world.reader.post(at(path, world), {"hours": "1"}).status_code == 403
    assert list(Site.objects.values()) == before


@pytest.mark.parametrize("path", ACTIONS + ["/logout/", "/settings/test-mail/", "/account/password/"])
def test_action_by_a_link_is_refused(path: str, world: World) -> None:
    assert world.owner.get(at(path, world)).status_code == 405


@pytest.mark.parametrize("path", READING + WRITING_FORMS + OPEN)
def test_page_without_login_leads_to_the_login(path: str, world: World) -> None:
    response = Client().get(at(path, world))
    assert (response.status_code, response["Location"]) == (302, f"/login/?next={at(path, world)}")


@pytest.mark.parametrize("path", READING + WRITING_FORMS + OPEN)
def test_page_holds_nothing_that_its_policy_forbids(path: str, world: World) -> None:
    response = world.owner.get(at(path, world))
    page = soup(response)
    assert "'unsafe-inline'" not in response["Content-Security-Policy"] or path.endswith("/html/")
    assert page.select("[style]") == []
    assert [tag for tag in page.select("script") if not tag.get("src")] == []
    assert [tag for tag in page.select("*") for name in tag.attrs if name.startswith("on")] == []


@pytest.mark.parametrize("path", [path for path in READING + WRITING_FORMS + OPEN if not path.endswith("/html/")])
def test_page_has_one_headline_labels_and_a_skip_link(path: str, world: World) -> None:
    page = soup(world.owner.get(at(path, world)))
    ids = [tag["id"] for tag in page.select("[id]")]
    assert len(page.select("h1")) == 1
    assert page.select_one("a.skip")["href"] == "#main" and page.select_one("main#main")
    assert len(ids) == len(set(ids))
    fields = page.select("input:not([type=hidden]), textarea, select")
    assert [field for field in fields if not (field.get("aria-label") or page.select(f'label[for="{field.get("id")}"]'))] == []


def test_reader_is_offered_no_action(world: World) -> None:
    for path in ("/", at("/sites/{site}/", world), at("/incidents/{incident}/", world)):
        page = soup(world.reader.get(path))
        assert [form["action"] for form in page.select("main form[method=post]")] == []
