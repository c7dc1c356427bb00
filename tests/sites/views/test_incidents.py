from __future__ import annotations

import pytest
from django.utils import timezone

from sites.models import Incident, IncidentEntry, Site
from tests.factories import make_host, make_incident
from tests.sites.views.pages import World, make_world, soup, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def test_incident_page_says_what_is_wrong_and_shows_what_happened(world: World) -> None:
    IncidentEntry.objects.create(incident=world.incident, at=timezone.now(), kind="bad", text="Our probe meets a 500 on /<script>")
    shown = soup(world.owner.get(f"/incidents/{world.incident.pk}/"))
    assert shown.h1.get_text() == "Shop answers 500 on every page."
    line = shown.select_one(".timeline li")
    assert (line["class"], line.select("script")) == (["bad"], [])
    assert "500 on /<script>" in line.get_text()
    assert "there is no connection to the hosting account" in " ".join(shown.get_text().split())


@pytest.mark.parametrize(
    ("more", "headline"),
    [
        ({"scope": "some-pages", "paths": ["/a", "/b"]}, "Shop answers 500 on /a, /b."),
        ({"scope": "some-pages", "paths": ["/a", "/b", "/c", "/d"]}, "Shop answers 500 on /a, /b and 2 more."),
        ({"kind": "white-page", "status": 200}, "Shop shows a white page on every page."),
        ({"kind": "unreachable", "status": None}, "Shop does not answer on every page."),
        ({"kind": "unreachable", "status": None, "detail": "tls-expired"}, "Shop shows a certificate that has expired on every page."),
    ],
)
def test_headline_names_the_failure(world: World, more: dict[str, object], headline: str) -> None:
    incident = make_incident(world.site, **more)
    assert soup(world.owner.get(f"/incidents/{incident.pk}/")).h1.get_text() == headline


def test_cause_stands_with_its_line_and_how_sure_it_is(world: World) -> None:
    cause = {"cause_summary": "Line 12.", "cause_proof": "Invalid command 'X'", "cause_confidence": 0.7, "cause_place": "www/.htaccess:12"}
    incident = make_incident(world.site, cause_at=timezone.now(), **cause)
    shown = soup(world.owner.get(f"/incidents/{incident.pk}/")).select_one("#cause")
    assert shown.select_one(".tag").get_text() == "Likely"
    assert shown.select_one(".log").get_text() == "Invalid command 'X'"
    assert "www/.htaccess:12" in shown.get_text()


def test_failure_that_is_its_own_cause_is_not_called_unknown(world: World) -> None:
    seen = {"kind": "unreachable", "status": None, "detail": "dns", "message": "The name of the site could not be looked up."}
    said = words(world.owner.get(f"/incidents/{make_incident(world.site, **seen).pk}/"))
    assert "Look at your registrar" in said
    assert "there is no connection to the hosting account" not in said


def test_taking_an_incident_names_the_person_to_all(world: World) -> None:
    world.colleague.post(f"/incidents/{world.incident.pk}/acknowledge/")
    assert "carl has it" in words(world.owner.get(f"/incidents/{world.incident.pk}/"))
    assert "carl has it" in words(world.owner.get("/incidents/"))


def test_muting_and_closing_by_hand(world: World) -> None:
    path = f"/incidents/{world.incident.pk}/"
    world.owner.post(path + "mute/", {"hours": "1"})
    assert "Muted until" in words(world.owner.get(path))
    world.owner.post(path + "resolve/")
    world.incident.refresh_from_db()
    assert (world.incident.resolution, world.incident.is_open) == (Incident.Resolution.PERSON, False)
    shown = soup(world.owner.get(path))
    assert shown.h1.get_text().startswith("Shop is over it: it failed for ")
    assert shown.select("main form") == []


def test_list_names_how_many_are_open_and_filters(world: World) -> None:
    make_incident(world.site, resolved_at=timezone.now(), resolution="recovery")
    assert soup(world.owner.get("/incidents/")).h1.get_text() == "1 incident is open."
    assert [len(soup(world.owner.get(f"/incidents/?state={s}")).select("tbody tr")) for s in ("", "open", "resolved", "x")] == [2, 1, 1, 2]
    assert soup(world.outsider.get("/incidents/")).h1.get_text() == "No incident is open."


def test_incident_page_for_htmx_is_the_changing_part_alone(world: World) -> None:
    part = soup(world.owner.get(f"/incidents/{world.incident.pk}/", headers={"HX-Request": "true"}))
    assert part.select_one("#live") and not part.select("html, nav.nav")
    # The form in the part must carry a token, or its buttons are refused after the first refresh.
    assert all(form.select_one("[name=csrfmiddlewaretoken]") for form in part.select("form[method=post]"))


def test_incident_that_is_over_says_from_when_to_when(world: World) -> None:
    over = timezone.now()
    Site.objects.filter(pk=world.site.pk).update(host=make_host(world.site.team))
    Incident.objects.filter(pk=world.incident.pk).update(resolved_at=over, resolution="recovery", diagnosis_state="done")
    page = soup(world.owner.get(f"/incidents/{world.incident.pk}/"))
    assert "Resolved failed from" in " ".join(page.select_one(".lead").get_text().split())
    assert "It was not found." in page.select_one("#cause").get_text()
