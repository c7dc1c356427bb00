"""The anchors are real servers on this machine, stopped and started again; the sites are the tests' own outcomes."""

from __future__ import annotations

import ipaddress
import time
from datetime import timedelta

import certifi
import pytest
from django.urls import reverse

from sites import emails, fleet
from sites.health import egress, own_line
from sites.models import Incident, LineOutage, Notification, ProbeResult, Transition
from sites.probing import engine
from sites.probing.outcome import Kind
from tests.factories import make_site, make_team, make_user
from tests.http_server import HttpServer, Reply
from tests.sites.samples import START, after, see

pytestmark = pytest.mark.django_db

SILENT = {"kind": Kind.UNREACHABLE, "status": None, "detail": "connect-timeout", "message": "The server did not accept the connection."}


@pytest.fixture(autouse=True)
def _ask_anew(monkeypatch):
    monkeypatch.setattr(egress, "_asked_well_at", float("-inf"))


@pytest.fixture
def anchors(settings):
    settings.SITEMEND_ALLOWED_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
    servers = [HttpServer(), HttpServer()]
    for server in servers:
        server.__enter__()
        server.route("/", Reply(500))  # any answer proves that our line works
    settings.SITEMEND_ANCHORS = tuple(server.url("/") for server in servers)
    yield servers
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def fleet_of_eight(alice):
    team = make_team(members=(alice,))
    sites = [make_site(team, name=f"shop {n}") for n in range(8)]
    see(pages_of(sites), 0)
    return sites


def pages_of(sites):
    return [page for site in sites for page in site.pages.select_related("site")]


def verdicts(sites):
    for site in sites:
        site.refresh_from_db()
    return {(site.verdict, site.pages.get().verdict) for site in sites}


def test_own_line_that_is_down_alarms_nobody_and_is_told_once_when_it_is_over(anchors, fleet_of_eight, settings):
    urls = settings.SITEMEND_ANCHORS
    settings.SITEMEND_ANCHORS = ("http://127.0.0.1:1/", "http://127.0.0.1:2/")
    pages = pages_of(fleet_of_eight)
    for seconds in (60, 65, 80, 140):
        see(pages, seconds, **SILENT)
    assert (Incident.objects.count(), Notification.objects.count()) == (0, 0)
    assert verdicts(fleet_of_eight) == {("unknown", "unknown")}
    assert egress.down_since() == after(60)
    assert fleet.status()["own_line_down_since"] == after(60).isoformat()
    assert ProbeResult.objects.filter(kind="unreachable").count() == 0  # they count against no site
    assert Transition.objects.filter(new="unknown").count() == 8
    settings.SITEMEND_ANCHORS = urls
    assert egress.recheck(after(200)) is False
    assert egress.recheck(after(210)) is False
    see(pages, 220)
    assert verdicts(fleet_of_eight) == {("up", "up")}
    mail = Notification.objects.get()
    assert (mail.kind, mail.recipient) == ("own-line", "alice@example.org")
    assert emails.render([mail]).subject == "Our own connection was down for 2 min"
    assert "8 sites" in emails.render([mail]).text


def test_anchors_that_answer_let_a_storm_be_told_as_usual(anchors, fleet_of_eight):
    pages = pages_of(fleet_of_eight)
    began = time.monotonic()
    for seconds in (60, 65, 80):
        see(pages, seconds, **SILENT)
    assert time.monotonic() - began < 5
    assert (Incident.objects.count(), LineOutage.objects.count()) == (8, 0)
    assert len(anchors[0].requests) == 1  # not asked again for every batch
    assert verdicts(fleet_of_eight) == {("down", "down")}


def test_anchors_killed_and_back(anchors, fleet_of_eight, settings):
    pages = pages_of(fleet_of_eight)
    while anchors:
        anchors.pop().__exit__(None, None, None)
    see(pages, 60, **SILENT)
    assert egress.down_since() is not None
    with HttpServer() as again, HttpServer() as too:
        again.route("/", Reply(200)), too.route("/", Reply(200))
        settings.SITEMEND_ANCHORS = (again.url("/"), too.url("/"))
        for seconds in (75, 80, 95):
            see(pages, seconds, **SILENT)  # our line is back, theirs is not
    assert (egress.down_since(), LineOutage.objects.get().until) == (None, after(75))
    assert Incident.objects.count() == 8


def test_server_errors_prove_that_our_line_works(anchors, fleet_of_eight, settings):
    settings.SITEMEND_ANCHORS = ("http://127.0.0.1:1/",)
    pages = pages_of(fleet_of_eight)
    for seconds in (60, 65):
        see(pages, seconds, Kind.SERVER_ERROR)
    assert (Incident.objects.count(), LineOutage.objects.count()) == (8, 0)


def test_few_sites_or_one_place_ask_nobody(anchors, fleet_of_eight):
    pages = pages_of(fleet_of_eight)
    for seconds in (60, 65, 80):
        see(pages[4:], seconds)
        see(pages[:4], seconds, **SILENT)
    assert (Incident.objects.count(), len(anchors[0].requests)) == (4, 0)
    for seconds in (200, 205, 220):
        see(pages[:4], seconds)
        see(pages[4:], seconds, **SILENT | {"address": "203.0.113.9"})
    assert len(anchors[0].requests) == 0


def test_what_was_opened_in_the_seconds_before_is_withdrawn(fleet_of_eight, settings):
    settings.SITEMEND_ANCHORS = ("http://127.0.0.1:1/",)
    pages = pages_of(fleet_of_eight)
    see(pages[2:], 55)
    for seconds in (60, 65, 80):
        see(pages[:2], seconds, **SILENT)
    assert (Incident.objects.filter(resolved_at=None).count(), Notification.objects.filter(state="queued").count()) == (2, 2)
    see(pages[2:], 85, **SILENT)
    assert (Incident.objects.filter(resolved_at=None).count(), Notification.objects.filter(state="queued").count()) == (0, 0)
    assert egress.down_since() == after(60)
    assert verdicts(fleet_of_eight) == {("unknown", "unknown")}
    assert "our own connection" in Incident.objects.first().entries.last().text.lower()


def test_site_that_was_down_before_stays_down(anchors, fleet_of_eight, settings):
    settings.SITEMEND_ANCHORS = ("http://127.0.0.1:1/",)
    broken, *others = fleet_of_eight
    for seconds in (30, 35):
        see(pages_of([broken]), seconds, Kind.SERVER_ERROR)
    for seconds in (60, 65, 80):
        see(pages_of(fleet_of_eight), seconds, **SILENT)
    assert verdicts([broken]) == {("down", "down")}
    assert verdicts(others) == {("unknown", "unknown")}
    assert Incident.objects.get().is_open


def test_without_anchors_nobody_is_asked(fleet_of_eight, settings):
    settings.SITEMEND_ANCHORS = ()
    for seconds in (60, 65, 80):
        see(pages_of(fleet_of_eight), seconds, **SILENT)
    assert (Incident.objects.count(), egress.recheck()) == (8, False)


def test_pages_say_that_our_own_line_is_down(client, alice, fleet_of_eight):
    LineOutage.objects.create(since=START, asked_at=START, sites=8)
    client.force_login(alice)
    assert "Our own connection seems to be down since" in client.get(reverse("sites:dashboard")).content.decode()
    LineOutage.objects.update(over=True, until=START + timedelta(minutes=3))
    assert "Our own connection" not in client.get(reverse("sites:dashboard")).content.decode()


@pytest.mark.parametrize(
    ("silent", "seen", "places", "expected"),
    [(5, 16, 2, True), (4, 5, 4, False), (5, 17, 2, False), (6, 10, 1, False), (300, 1000, 50, False), (301, 1000, 50, True)],
)
def test_storm_is_much_of_the_fleet_in_several_places(silent, seen, places, expected):
    assert own_line.is_storm(silent, seen, places) is expected


def test_most_anchors_decide():
    assert [own_line.line_is_down(answered, 4) for answered in range(5)] == [True, True, False, False, False]
    assert own_line.line_is_down(0, 0) is False


def test_outage_ends_when_the_sites_answer_though_the_anchors_never_do(fleet_of_eight, settings):
    settings.SITEMEND_ANCHORS = ("http://127.0.0.1:1/",)  # a firewall of ours keeps them from us for ever
    pages = pages_of(fleet_of_eight)
    see(pages, 60, **SILENT)
    assert egress.recheck(after(75)) is True
    see(pages, 120)
    assert egress.recheck(after(125)) is False
    assert LineOutage.objects.get().until == after(125)
    for seconds in (180, 185, 200):
        see(pages[:1], seconds, **SILENT)
        see(pages[1:], seconds)
    assert Incident.objects.get().site == fleet_of_eight[0]


def test_outage_goes_on_while_only_some_sites_answer(fleet_of_eight, settings):
    settings.SITEMEND_ANCHORS = ("http://127.0.0.1:1/",)
    pages = pages_of(fleet_of_eight)
    see(pages, 60, **SILENT)
    see(pages[:3], 120)
    see(pages[3:], 121, **SILENT)
    assert egress.recheck(after(125)) is True


def test_anchors_are_known_by_the_usual_authorities(settings, monkeypatch):
    """The anchors are public pages, which no test may ask: that they are asked in this way is what can be seen here."""
    asked = {}
    monkeypatch.setattr(egress, "probe_many", lambda requests, **how: asked.update(how) or [])
    monkeypatch.setattr(engine, "_trusted", ["/of/the/company.pem"])
    settings.SITEMEND_ANCHORS = ("https://anchor.example/",)
    egress._anchors_are_silent()
    assert asked["ca_file"] == certifi.where()


@pytest.mark.parametrize(
    ("silent", "answering", "expected"),
    [(0, 0, False), (8, 0, False), (8, 12, False), (6, 14, True), (1, 1, True), (2, 1, False), (1, 2, True), (4, 4, True), (5, 5, False)],
)
def test_line_is_well_when_most_sites_answer(silent, answering, expected):
    assert own_line.is_calm_again(silent, answering) is expected


def test_few_sites_that_are_all_silent_ask_the_anchors_too(alice, settings):
    settings.SITEMEND_ANCHORS = ("http://127.0.0.1:1/",)
    team = make_team(members=(alice,))
    pages = pages_of([make_site(team, name="one"), make_site(team, name="two")])
    see(pages, 0)
    for seconds in (60, 65, 80):
        see(pages, seconds, **SILENT)
    assert (Incident.objects.count(), egress.down_since()) == (0, after(60))


def test_one_site_alone_is_never_held_back(alice, settings):
    settings.SITEMEND_ANCHORS = ("http://127.0.0.1:1/",)
    pages = pages_of([make_site(make_team(members=(alice,)), name="one")])
    see(pages, 0)
    for seconds in (60, 65, 80):
        see(pages, seconds, **SILENT)
    assert (Incident.objects.count(), LineOutage.objects.count()) == (1, 0)


def test_few_sites_of_which_one_answers_ask_nobody(anchors, alice):
    team = make_team(members=(alice,))
    pages = pages_of([make_site(team, name=name) for name in ("one", "two", "three")])
    for seconds in (60, 65, 80):
        see(pages[:1], seconds)
        see(pages[1:], seconds, **SILENT)
    assert (Incident.objects.count(), len(anchors[0].requests)) == (2, 0)
