"""The page of what lies on an account: who sees which button, what is shown while it is looked at, and the way to registering."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from diagnostics.models import AccountLook, FoundSite
from sites.models import Host, Site
from tests.diagnostics.views.cases import HOSTILE, Scene, make_scene, primaries, words
from tests.factories import make_host

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def host(scene: Scene) -> Host:
    return make_host(scene.site.team, name="Account", state="works")


def parsed(response: object) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def looked(host: Host, state: str = "done", **more: object) -> AccountLook:
    now = timezone.now()
    values = {
        "asked_at": now,
        "started_at": now,
        "alive_at": now,
        "finished_at": now if state in ("done", "failed") else None,
        "folders": 9,
    }
    return AccountLook.objects.create(host=host, state=state, **(values | more))


def found(host: Host, docroot: str = "/home/x/www", *urls: str, **more: object) -> FoundSite:
    addresses = [{"url": url, "why": "wp-config.php", "kind": "ok", "status": 200} for url in urls]
    values = {"software": "wordpress", "version": "6.4.2", "found_at": timezone.now()} | more
    return FoundSite.objects.create(host=host, docroot=docroot, addresses=addresses, **values)


def test_account_that_works_and_was_never_looked_at_proposes_the_look(scene: Scene, host: Host) -> None:
    page = parsed(scene.owner.get(f"/hosts/{host.pk}/"))
    assert primaries(page) == ["Look for sites"]
    assert "Look for sites" not in words(parsed(scene.reader.get(f"/hosts/{host.pk}/")))
    answer = scene.owner.post(page.select_one("#found form")["action"])
    assert answer["Location"] == f"/hosts/{host.pk}/found/"
    assert AccountLook.objects.get(pk=host.pk).state == "queued"


@pytest.mark.parametrize("state", ["untested", "refused", "key-changed", "unreachable"])
def test_account_that_does_not_work_is_not_looked_at(scene: Scene, host: Host, state: str) -> None:
    Host.objects.filter(pk=host.pk).update(state=state)
    assert "Look for sites" not in words(parsed(scene.owner.get(f"/hosts/{host.pk}/")))
    assert scene.owner.post(f"/hosts/{host.pk}/found/look/")["Location"] == f"/hosts/{host.pk}/"
    assert not AccountLook.objects.exists()


def test_page_of_a_look_that_goes_on_refreshes_itself_shows_where_it_is_and_stops(scene: Scene, host: Host) -> None:
    looked(host, "running", folder="/home/x/www")
    found(host, "/home/x/www", "https://shop.example/")
    page = parsed(scene.owner.get(f"/hosts/{host.pk}/found/"))
    assert page.select_one("#live[hx-trigger]") and "/home/x/www" in words(page) and "https://shop.example/" in words(page)
    assert page.select_one("a.only-without-js") and not page.select("input[name=site]")
    part = scene.owner.get(f"/hosts/{host.pk}/found/", headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="live"') and "<html" not in part
    scene.owner.post(f"/hosts/{host.pk}/found/stop/")
    assert AccountLook.objects.get(pk=host.pk).stop_asked
    assert "Stopping" in words(parsed(scene.owner.get(f"/hosts/{host.pk}/found/")))


def test_chosen_sites_go_to_the_preview_and_are_registered_from_there(scene: Scene, host: Host) -> None:
    looked(host)
    several = found(host, "/home/x/www", "https://shop.example/", "https://shop2.example/")
    nameless = found(host, "/home/x/other")
    page = parsed(scene.owner.get(f"/hosts/{host.pk}/found/"))
    assert [each["value"] for each in page.select("select option")] == ["https://shop.example/", "https://shop2.example/"]
    assert [each["value"] for each in page.select("input[name=site]:checked")] == [str(several.pk)]
    assert not page.select("#live[hx-trigger]") and "WordPress 6.4.2" in words(page)
    marked = {"site": [several.pk, nameless.pk], f"choice-{several.pk}": "https://shop2.example/", f"url-{nameless.pk}": ""}
    answer = scene.owner.post(f"/hosts/{host.pk}/found/register/", marked)
    preview = parsed(scene.owner.get(answer["Location"]))
    assert "Found on a hosting account" in words(preview) and "The name is missing" in words(preview)
    assert not Site.objects.filter(name="shop2.example").exists()
    scene.owner.post(answer["Location"], {"action": "confirm"})
    made = Site.objects.get(name="shop2.example")
    assert (made.host, made.docroot) == (host, "/home/x/www")
    page = parsed(scene.owner.get(f"/hosts/{host.pk}/found/"))
    assert "Registered" in words(page) and len(page.select("input[name=site]")) == 1


def test_address_typed_for_a_site_that_is_not_chosen_is_asked_about_and_kept(scene: Scene, host: Host) -> None:
    looked(host)
    several = found(host, "/home/x/www", "https://shop.example/", "https://shop2.example/")
    nameless, plain = found(host, "/home/x/other"), found(host, "/home/x/plain", "https://plain.example/")
    sent = {"site": [several.pk], f"choice-{several.pk}": "https://shop2.example/", f"url-{nameless.pk}": "other.example",
            f"url-{plain.pk}": "https://plain.example/"}  # fmt: skip
    address = f"/hosts/{host.pk}/found/register/"
    answer = scene.owner.post(address, sent)
    page = parsed(answer)
    assert parsed(scene.owner.get(f"/hosts/{host.pk}/found/")).select_one(f"input[name=url-{nameless.pk}]")["value"] == ""
    assert answer.status_code == 422 and "You typed an address for a site that was not chosen" in words(page)
    assert {each["value"] for each in page.select("input[name=site]:checked")} == {str(several.pk), str(nameless.pk)}
    assert page.select_one(f"input[name=url-{nameless.pk}]")["value"] == "other.example"
    assert page.select_one("option[selected]")["value"] == "https://shop2.example/"
    sent["asked"] = page.select_one("input[name=asked]")["value"]
    preview = parsed(scene.owner.get(scene.owner.post(address, sent)["Location"]))  # a second no is a no
    assert "1 site will be registered" in words(preview) and "other.example" not in words(preview)


def test_address_typed_is_kept_when_nothing_is_chosen_at_all(scene: Scene, host: Host) -> None:
    looked(host)
    several = found(host, "/home/x/www", "https://shop.example/", "https://shop2.example/")
    page = parsed(scene.owner.post(f"/hosts/{host.pk}/found/register/", {f"url-{several.pk}": HOSTILE}))
    assert [each["value"] for each in page.select("input[name=site]:checked")] == [str(several.pk)]
    assert page.select_one("details.other-address[open] input") and "<script>alert" not in str(page.select_one("table.found"))


def test_nothing_chosen_is_said(scene: Scene, host: Host) -> None:
    looked(host)
    found(host)
    answer = scene.owner.post(f"/hosts/{host.pk}/found/register/", {"site": ["x", "²"]}, follow=True)
    assert "Choose at least one site" in words(parsed(answer))


def test_reader_sees_what_was_found_without_fields(scene: Scene, host: Host) -> None:
    looked(host)
    found(host, "/home/x/www", "https://shop.example/")
    page = parsed(scene.reader.get(f"/hosts/{host.pk}/found/"))
    assert "https://shop.example/" in words(page) and not page.select("main form, main input")


@pytest.mark.parametrize(("state", "more", "says"), [
    ("failed", {"error": "The host does not answer."}, "The host does not answer."),
    ("cancelled", {}, "The look was stopped"),
    ("done", {"cut_short": "time"}, "larger than one look goes"),
    ("done", {}, "Nothing that looks like a site"),
])  # fmt: skip
def test_end_of_a_look_is_said(scene: Scene, host: Host, state: str, more: dict[str, str], says: str) -> None:
    looked(host, state, **more)
    assert says in words(parsed(scene.owner.get(f"/hosts/{host.pk}/found/")))


def test_names_of_strangers_are_shown_as_text(scene: Scene, host: Host) -> None:
    looked(host)
    found(host, f"/home/{HOSTILE}", f"https://{HOSTILE}/", version=HOSTILE[:20])
    content = scene.owner.get(f"/hosts/{host.pk}/found/").content.decode()
    assert "<script>alert" not in content and "\x1b" not in content
