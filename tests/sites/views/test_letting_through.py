"""How our probes are let through, and that what refuses them is never got around nor called down."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from sites import credentials, letting_through, recording
from sites.models import Incident, Notification, Page
from sites.probing.outcome import Purpose
from sites.probing_now import probe_now
from tests.factories import make_site
from tests.http_server import HttpServer, Received, Reply, redirect
from tests.sites.samples import after
from tests.sites.views.pages import World, make_world, soup, words

pytestmark = pytest.mark.django_db

FIREWALL = Reply(403, b"<title>Attention Required! | Cloudflare</title><h1>You have been blocked</h1>", {"cf-mitigated": "challenge"})


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def test_page_tells_the_exact_user_agent_and_does_not_guess_the_address(world: World, server: HttpServer, settings) -> None:
    server.route("/", Reply())
    site = make_site(world.site.team, url=server.url("/"), practice=True)
    probe_now(site, until_certain=False)
    page = soup(world.owner.get(f"/sites/{site.pk}/let-through/"))
    assert page.select_one("#agent").get_text() == server.requests[0].headers["user-agent"]
    assert "we do not guess" in page.get_text()
    settings.SITEMEND_EGRESS_ADDRESSES = (ip_network("203.0.113.7"), ip_network("2001:db8::/48"))
    text = words(world.owner.get(f"/sites/{site.pk}/let-through/"))
    assert "203.0.113.7 , 2001:db8::/48" in text and "we do not guess" not in text


def test_secret_header_is_shown_once_kept_sealed_and_sent_home_only(world: World, server: HttpServer) -> None:
    with HttpServer() as elsewhere:
        elsewhere.route("/", Reply())
        server.route("/", redirect(elsewhere.url("/")))
        site = make_site(world.site.team, url=server.url("/"), practice=True, headers=[("X-Own", "1")])
        made = world.owner.post(f"/sites/{site.pk}/let-through/make/")
        value = soup(made).select_one("#pass-header").get_text().removeprefix("X-Sitemend-Pass: ")
        site.refresh_from_db()
        assert credentials.request_headers(site) == (("X-Own", "1"), ("X-Sitemend-Pass", value))
        assert (len(value) >= 32, value in site.sealed_headers, "no-store" in made["Cache-Control"]) == (True, False, True)
        assert all(value in soup(made).select_one(f"#{rule}").get_text() for rule in ("cloudflare", "modsecurity", "htaccess"))
        assert value not in world.owner.get(f"/sites/{site.pk}/let-through/").content.decode()
        probe_now(site, until_certain=False)
        assert server.requests[0].headers["x-sitemend-pass"] == value
        assert all("x-sitemend-pass" not in request.headers for request in elsewhere.requests)
    world.owner.post(f"/sites/{site.pk}/let-through/make/")
    site.refresh_from_db()
    (own, (name, another)) = credentials.request_headers(site)
    assert (own, name, another != value) == (("X-Own", "1"), "X-Sitemend-Pass", True)
    world.owner.post(f"/sites/{site.pk}/let-through/remove/")
    site.refresh_from_db()
    assert credentials.request_headers(site) == (("X-Own", "1"),)


def test_values_need_no_quoting_anywhere(world: World) -> None:
    value = letting_through.make_pass(world.site)
    assert value.isalnum()


def test_firewall_opens_by_the_header(world: World, server: HttpServer) -> None:
    site = make_site(world.site.team, url=server.url("/"), practice=True)

    def firewall(request: Received) -> Reply:
        return Reply() if request.headers.get("x-sitemend-pass") == value else FIREWALL

    value = ""
    server.route("/", firewall)
    assert probe_now(site).as_json()["kind"] == "blocked"
    assert "Our probes are refused" in words(world.owner.get(f"/sites/{site.pk}/"))
    value = letting_through.make_pass(site)
    site.refresh_from_db()
    assert probe_now(site).as_json()["verdict"] == "up"
    assert "Our probes are refused" not in words(world.owner.get(f"/sites/{site.pk}/"))


def test_refused_probes_come_more_rarely_say_who_they_are_and_open_nothing(world: World, server: HttpServer) -> None:
    from dataclasses import replace

    Incident.objects.all().delete()
    Notification.objects.all().delete()
    server.route("/", FIREWALL)
    site = make_site(world.site.team, url=server.url("/"), practice=True)
    waits = []
    seconds = 0.0
    for _ in range(9):
        (seen,) = recording.probe_pages([site.pages.select_related("site").get()], Purpose.ROUTINE)
        recording.record_batch([replace(seen, at=after(seconds))], now=after(seconds))
        waits.append((site.pages.get().due_at - after(seconds)).total_seconds())
        seconds += waits[-1]
    assert (waits[0], waits[-1], waits == sorted(waits)) == (120, 3600, True)
    assert len({request.headers["user-agent"] for request in server.requests}) == 1
    assert (Page.objects.get(site=site).verdict, Incident.objects.count()) == ("unknown", 0)
    assert set(Notification.objects.values_list("kind", flat=True)) == {"blocked"}


def test_reader_neither_sees_nor_makes_a_header(world: World) -> None:
    base = f"/sites/{world.site.pk}/let-through/"
    assert [world.reader.get(base).status_code, world.reader.post(f"{base}make/").status_code] == [403, 403]
    assert [world.outsider.get(base).status_code, world.outsider.post(f"{base}make/").status_code] == [404, 404]
