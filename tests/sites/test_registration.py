from __future__ import annotations

import pytest
from django.utils import timezone

from sites import credentials, registration
from sites.models import Page, Site
from sites.probing.outcome import Kind
from sites.registration import RegistrationError
from tests.factories import make_host, make_incident, make_site, make_team
from tests.sites.samples import fail, see

pytestmark = pytest.mark.django_db


def paths(site: Site) -> list[str]:
    return list(site.pages.values_list("path", flat=True))


def test_registered_site_is_due_at_once_with_its_pages():
    site = make_site(paths=("checkout", "/contact?lang=fr", "/", "/checkout"), tags=" a  b ")
    assert (paths(site), site.tags, site.verdict) == (["/", "/checkout", "/contact?lang=fr"], "a b", "unknown")
    assert all(page.due_at <= timezone.now() for page in site.pages.all())


def test_secrets_are_sealed():
    site = make_site(basic_user="u", basic_password="open sesame", headers=[("X-Key", "s3cret")])
    stored = Site.objects.filter(pk=site.pk).values().get()
    assert "open sesame" not in str(stored)
    assert "s3cret" not in str(stored)
    assert (credentials.basic_password(site), credentials.request_headers(site)) == ("open sesame", (("X-Key", "s3cret"),))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\nb"),
        ("name", "x" * 101),
        ("name", "taken"),
        ("url", "ftp://shop.example/"),
        ("url", "shop.example"),
        ("url", "https://u:p@shop.example/"),
        ("url", "https://shop.example:notaport/"),
        ("url", "https://shop.example/#a"),
        ("url", "https:///x"),
        ("interval_s", 19),
        ("interval_s", 90_000),
        ("time_limit_s", 0),
        ("paths", ["https://elsewhere.example/"]),
        ("paths", ["//elsewhere.example/"]),
        ("paths", ["/a b"]),
        ("paths", [f"/{n}" for n in range(60)]),
        ("headers", [("X Key", "v")]),
        ("headers", [("X-Key", "v\r\nHost: x")]),
        ("docroot", "www\x00"),
    ],
)
def test_nonsense_is_refused_and_names_its_field(field, value):
    team = make_team()
    make_site(team, name="taken")
    with pytest.raises(RegistrationError) as refused:
        registration.register_site(**({"team": team, "name": "shop", "url": "https://shop.example/"} | {field: value}))
    assert (refused.value.field, Site.objects.count()) == (field, 1)


def test_host_of_another_team_is_refused():
    with pytest.raises(RegistrationError):
        registration.register_site(team=make_team(), name="shop", url="https://shop.example/", host=make_host())


def test_pages_that_stay_keep_their_state():
    site = make_site(paths=("/a", "/b"))
    fail(site)
    registration.set_pages(site, ["/c", "/b"])
    assert paths(site) == ["/", "/c", "/b"]
    assert dict(site.pages.values_list("path", "verdict")) == {"/": "down", "/c": "unknown", "/b": "down"}


def test_update_changes_what_is_given_and_keeps_secrets():
    site = make_site(basic_user="u", basic_password="p", headers=[("X-Key", "v")])
    registration.update_site(site, name="new name", paths=["/a"], headers=[])
    site.refresh_from_db()
    assert (site.name, paths(site), credentials.basic_password(site), credentials.request_headers(site)) == (
        "new name",
        ["/", "/a"],
        "p",
        (),
    )
    with pytest.raises(RegistrationError):
        registration.update_site(site, interval_s=1)


def test_new_interval_gives_a_new_timetable():
    site = make_site(interval_s=3600)
    see(site.pages.all(), 0, Kind.OK)
    registration.update_site(site, interval_s=20)
    assert site.pages.get().due_at <= timezone.now()


def test_paused_site_gets_no_due_page_by_changes_until_it_is_resumed():
    site = make_site()
    registration.pause(site)
    registration.update_site(site, interval_s=120, paths=["/a"])
    assert Page.objects.exclude(due_at=None).count() == 0
    registration.resume(site)
    assert Page.objects.exclude(due_at=None).count() == 2


def test_deleted_site_takes_its_records_along():
    site = make_site()
    fail(site)
    registration.delete_site(site)
    assert Site.objects.count() == Page.objects.count() == 0


def test_practice_site_that_is_moved_is_let_through_nowhere() -> None:
    site = make_site(url="http://127.0.0.1:18080/", practice=True)
    registration.update_site(site, name="Renamed", url="http://127.0.0.1:18080/shop/")
    assert Site.objects.get().practice
    registration.update_site(site, url="http://127.0.0.1:6379/")
    assert not Site.objects.get().practice


def test_verdict_that_came_while_somebody_typed_stays() -> None:
    site = make_site()
    read_before = Site.objects.get(pk=site.pk)
    fail(site)
    registration.update_site(read_before, docroot="/home/shop/www")
    site.refresh_from_db()
    assert (site.verdict, site.kind, site.docroot) == ("down", "server-error", "/home/shop/www")


@pytest.mark.parametrize("typed", ["https://x.example", "https://x.example/shop", "https://x.example/index.php", "https://x.example/blog/"])
def test_first_page_is_the_address_as_it_was_typed(typed: str) -> None:
    site = make_site(name="Typed", url=typed, paths=["/about"])
    assert [page.url for page in site.pages.all()] == [typed, typed.rstrip("/") + "/about"]


@pytest.mark.parametrize("statuses", ["9" * 5000, "0200", "99", "600", "\u00b2\u00b2\u00b2"])
def test_statuses_that_are_none_are_refused(statuses):
    with pytest.raises(RegistrationError, match="100 to 599"):
        registration.checked_expectations(statuses, "", "")


def test_page_taken_out_of_watch_takes_its_incident_out_too():
    site = make_site(paths=("/shop", "/blog"))
    shop = make_incident(site, paths=["/shop"])
    both = make_incident(site, paths=["/shop", "/blog"])
    visitors = make_incident(site, paths=["/pay"], fingerprint="visitors-1:abc")
    registration.set_pages(site, ["/blog"])
    for incident in (shop, both, visitors):
        incident.refresh_from_db()
    assert [incident.is_open for incident in (shop, both, visitors)] == [False, True, True]
    assert "watched any more" in shop.entries.last().text


def test_name_keeps_its_letters_and_loses_what_would_turn_round_the_line():
    site = make_site(name="\u202eShop\u202c \u200f", tags="\u2067shop\u2069 b")
    assert (site.name, site.tags) == ("Shop", "shop b")
    persian = "\u0641\u0631\u0648\u0634\u06af\u0627\u0647 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert make_site(name=persian).name == persian
    with pytest.raises(RegistrationError, match="Give the site a name"):
        make_site(name="\u200e\u202e ")
