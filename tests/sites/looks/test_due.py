"""Looks past the cache and as several browsers, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics import examining
from sites import recording, tasks
from sites.history import rolling
from sites.judging import Verdict
from sites.looks import due as looks
from sites.looks import looking
from sites.looks import recording as look_recording
from sites.looks import samples as look_samples
from sites.models import DayRollup, Incident, Look, Notification, Page, ProbeResult, Site
from sites.probing.outcome import Kind, Outcome, Purpose
from sites.probing_now import probe_now
from sites.registration import pause
from tests.factories import make_site, make_team, make_user
from tests.http_server import HttpServer, Received, Reply

pytestmark = pytest.mark.django_db

BROKEN = Reply(500, b"<!doctype html><title>500</title><h1>Internal Server Error</h1>")
REFUSED = Reply(403, b"<!doctype html><title>403 Forbidden</title><h1>Forbidden</h1>")


def for_agents(word: str, reply: Reply):
    """Answers so to whoever names this word, and well to others."""
    return lambda request: reply if word in request.headers.get("user-agent", "") else Reply()


def behind_cache(request: Received) -> Reply:
    """A warm cache in front of a dead PHP: what it does not know goes through."""
    return BROKEN if request.query else Reply()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        running.route("/", Reply())
        yield running


@pytest.fixture
def site(server: HttpServer) -> Site:
    """A site that was probed and found well, with looks that were well too."""
    site = make_site(make_team(members=(make_user(),)), url=server.url("/"), practice=True)
    probe_now(site, until_certain=False)
    looks.prepare()
    look(site)
    site.refresh_from_db()
    assert (site.verdict, set(Look.objects.values_list("verdict", flat=True))) == ("up", {"up"})
    return site


def look(site: Site, seconds: float = 0) -> None:
    """All looks of a site, as if so many seconds had passed."""
    rows = Look.objects.filter(page__site=site).select_related("page__site")
    record(rows, looking.look_at(rows), seconds)


def record(rows: object, outcomes: list[Outcome], seconds: float) -> None:
    from dataclasses import replace

    shift = timedelta(seconds=seconds)
    look_recording.record([replace(outcome, at=outcome.at + shift) for outcome in outcomes], now=timezone.now() + shift)


def plain(site: Site, seconds: float) -> None:
    """The plain probes, as if so many seconds had passed."""
    from dataclasses import replace

    shift = timedelta(seconds=seconds)
    found = recording.probe_pages(list(site.pages.select_related("site")), Purpose.ROUTINE)
    recording.record_batch([replace(outcome, at=outcome.at + shift) for outcome in found], now=timezone.now() + shift)


def fail(site: Site, seconds: float = 100) -> None:
    """First failure, a good plain probe, and what confirms the failure."""
    look(site, seconds)
    plain(site, seconds + 2)
    look(site, seconds + 6)


def test_dead_php_behind_a_warm_cache_is_an_incident_in_words(server, site):
    server.route("/", behind_cache)
    fail(site)
    site.refresh_from_db()
    incident = Incident.objects.get()
    assert (incident.looks, incident.kind, incident.status, incident.pattern, incident.scope) == (
        "cache-proof", "server-error", 500, "permanent", "all-pages",
    )  # fmt: skip
    assert (site.verdict, site.kind, site.pattern) == ("down", "server-error", "permanent")
    assert Notification.objects.get().kind == "new"
    text = incident.entries.order_by("pk").first().text
    assert "for visitors whom the cache does not serve" in text


def test_cache_proof_look_carries_a_new_token_each_time_and_browsers_are_plain(server, site):
    look(site, 100)
    queries = [request.query for request in server.requests]
    tokens = [query for query in queries if query]
    assert (len(tokens), len(set(tokens)), len(queries)) == (2, 2, 9)
    agents = {request.headers["user-agent"] for request in server.requests if not request.query}
    assert len(agents) == 4  # the constant one of routine probes, and three kinds of browser
    assert {request.headers.get("cache-control") for request in server.requests if request.query} == {"no-cache"}


def test_failure_for_phones_only_is_a_pattern_of_some_devices(server, site):
    server.route("/", for_agents("Android", BROKEN))
    fail(site)
    site.refresh_from_db()
    incident = Incident.objects.get()
    assert (incident.looks, incident.pattern, site.pattern, site.verdict) == ("phone", "some-devices", "some-devices", "down")
    assert Page.objects.get().verdict == "up"


def test_cause_is_looked_for_as_the_browser_that_meets_the_failure(server, site):
    assert look_samples.browser_of(site) == "desktop"
    server.route("/", for_agents("Android", BROKEN))
    fail(site)
    site.refresh_from_db()
    assert (look_samples.browser_of(site), examining.look(site).kind) == ("phone", "server-error")


def test_all_browsers_concerned_are_told_in_one_incident(server, site):
    server.route("/", for_agents("AppleWebKit", BROKEN))
    fail(site)
    assert (Incident.objects.get().looks, Notification.objects.count()) == ("desktop phone", 1)


@pytest.mark.parametrize("status", [403, 429, 503])
def test_bot_that_is_refused_is_noted_and_never_an_incident(server, site, status):
    server.route("/", for_agents("Sitemendbot", Reply(status, b"<title>No</title><h1>No</h1>")))
    for seconds in (100, 106, 125, 2000, 2006):
        look(site, seconds)
    site.refresh_from_db()
    bot = Look.objects.get(what="bot")
    assert (bot.verdict, bot.kind) == ("unknown", "blocked")
    assert bot.due_at > timezone.now() + timedelta(minutes=30)
    assert (Incident.objects.count(), Notification.objects.count(), site.verdict, site.kind) == (0, 0, "up", "ok")


def test_unknown_query_that_is_refused_is_no_incident(server, site):
    server.route("/", lambda request: REFUSED if request.query else Reply())
    fail(site)
    assert (Incident.objects.count(), Look.objects.get(what="cache-proof").kind) == (0, "blocked")


def test_one_bad_look_is_no_incident_and_hurries_the_plain_probe(server, site):
    server.route("/", behind_cache)
    Page.objects.update(due_at=timezone.now() + timedelta(hours=1))
    look(site)
    assert Look.objects.get(what="cache-proof").verdict == "suspect"
    assert Page.objects.get().due_at <= timezone.now()
    assert Look.objects.filter(due_at__lte=timezone.now() + timedelta(seconds=6)).count() == 4
    server.route("/", Reply())
    look(site, 6)
    look(site, 21)
    assert (Incident.objects.count(), Look.objects.get(what="cache-proof").verdict) == (0, "up")


def test_look_waits_for_the_plain_probe_before_it_opens_anything(server, site):
    server.route("/", behind_cache)
    look(site, 100)
    look(site, 106)
    assert (Look.objects.get(what="cache-proof").verdict, Incident.objects.count()) == ("down", 0)
    plain(site, 110)
    look(site, 160)
    assert Incident.objects.count() == 1


def test_page_that_fails_for_everybody_has_one_incident_and_one_mail(server, site):
    server.route("/", BROKEN)
    look(site, 100)
    plain(site, 101)
    look(site, 106)
    plain(site, 107)
    look(site, 125)
    assert Page.objects.get().verdict == "down"
    for seconds in (167, 227):
        look(site, seconds)
        plain(site, seconds)
    assert (Incident.objects.get().looks, Notification.objects.count()) == ("", 1)


def test_failure_that_spreads_to_the_plain_probe_is_the_same_incident(server, site):
    server.route("/", behind_cache)
    fail(site)
    server.route("/", BROKEN)
    plain(site, 160)
    plain(site, 166)
    incident = Incident.objects.get()
    assert (incident.looks, incident.is_open, Notification.objects.count()) == ("", True, 1)
    assert "fails for everybody" in incident.entries.order_by("-pk").first().text


def test_recovery_is_confirmed_and_told(server, site):
    server.route("/", behind_cache)
    fail(site)
    server.route("/", Reply())
    look(site, 170)
    site.refresh_from_db()
    assert (Incident.objects.get().is_open, site.verdict) == (True, "down")
    look(site, 201)
    site.refresh_from_db()
    assert (Incident.objects.get().resolution, site.verdict, site.pattern, site.looks) == ("recovery", "up", "none", "")
    assert sorted(Notification.objects.values_list("kind", flat=True)) == ["new", "recovery"]


def test_good_plain_probes_do_not_close_what_a_look_holds(server, site):
    server.route("/", behind_cache)
    fail(site)
    for seconds in (120, 180, 240):
        plain(site, seconds)
    site.refresh_from_db()
    assert (Incident.objects.get().is_open, site.verdict) == (True, "down")


def test_looks_count_in_no_figure(server, site):
    rolling.roll_up()
    before = list(DayRollup.objects.values_list("good", "suspect", "failed", "times"))
    server.route("/", behind_cache)
    for seconds in (0, 6, 66):
        look(site, seconds)
    rolling.roll_up()
    assert (before[0][:3], list(DayRollup.objects.values_list("good", "suspect", "failed", "times"))) == ((1, 0, 0), before)
    assert set(ProbeResult.objects.exclude(purpose="routine").values_list("purpose", "kind")) == {("cache-proof", "server-error")}


def test_words_of_the_plain_page_need_not_be_on_a_phones_page(server, site):
    Page.objects.update(must_contain="Welcome")
    server.route("/", for_agents("Android", Reply(body=b"<!doctype html><title>Mobile</title><h1>Hello</h1><p>Another theme</p>")))
    fail(site)
    assert Look.objects.get(what="phone").kind == "ok"


def test_probe_by_hand_finds_what_fails_for_phones_only(server, site, monkeypatch):
    monkeypatch.setattr(looking, "_PAUSE_S", 0.05)
    server.route("/", for_agents("Android", BROKEN))
    found = probe_now(site, with_looks=True).as_json()
    assert (found["verdict"], found["kind"], found["pattern"], found["scope"]) == ("down", "server-error", "some-devices", "all-pages")
    assert {look["look"]: look["status"] for look in found["looks"]} == {"cache-proof": 200, "desktop": 200, "phone": 500, "bot": 200}
    assert found["pages"][0]["status"] == 200
    server.route("/", Reply())
    assert probe_now(site).as_json()["verdict"] == "up"


def test_looks_are_prepared_once_spread_in_time_and_not_where_unwanted():
    make_site(paths=("/a",), interval_s=60)
    unwanted = make_site(interval_s=60)
    Site.objects.filter(pk=unwanted.pk).update(wants_looks=False)
    now = timezone.now()
    assert (looks.prepare(now), looks.prepare(now), Look.objects.count()) == (2, 0, 8)
    moments = sorted(Look.objects.values_list("due_at", flat=True))
    assert now <= moments[0] and moments[-1] <= now + timedelta(seconds=60)  # the first ones
    assert len(set(moments)) == 8
    assert len(looks.claim_due(now + timedelta(seconds=61))) == 0  # no page was seen to be well yet
    later = sorted(Look.objects.values_list("due_at", flat=True))
    assert (
        now + timedelta(seconds=61) < later[0]
        and later[-1] <= now + timedelta(seconds=61 + 900)
        and later[-1] - later[0] > timedelta(seconds=60)
    )


def test_first_looks_at_many_sites_are_spread_further(monkeypatch):
    for _number in range(3):
        make_site(paths=("/a",), interval_s=60)
    monkeypatch.setattr(looks, "FIRST_PER_S", 0.1)
    now = timezone.now()
    assert looks.prepare(now) == 6
    assert now + timedelta(seconds=60) < max(Look.objects.values_list("due_at", flat=True)) <= now + timedelta(seconds=240)


@pytest.mark.parametrize(("interval_s", "pace_s"), [(20, 900), (60, 900), (90, 900), (300, 3000), (3600, 36_000), (86_400, 86_400)])
def test_pace_is_a_quarter_of_an_hour_or_ten_intervals(interval_s, pace_s):
    assert looks.pace_s(interval_s) == pace_s


def test_due_looks_are_claimed_once_and_those_of_paused_sites_wait():
    site, paused = make_site(), make_site()
    Page.objects.update(verdict=Verdict.UP)
    looks.prepare()
    pause(paused)
    later = timezone.now() + timedelta(seconds=901)
    claims = looks.claim_due(later)
    assert ({claim.site_id for claim in claims}, len(claims)) == ({site.pk}, 4)
    assert looks.claim_due(later) == []
    looks.put_back(claims)
    assert len(looks.claim_due(later)) == 4
    assert not Look.objects.filter(due_at__lte=later).exists()


def test_unwanted_looks_go_and_what_only_they_had_seen_is_over(server, site):
    server.route("/", behind_cache)
    fail(site)
    Site.objects.filter(pk=site.pk).update(wants_looks=False)
    looks.prepare()
    site.refresh_from_db()
    assert (Look.objects.count(), Incident.objects.get().resolution, site.verdict, site.looks) == (0, "person", "up", "")


def test_worker_makes_looks_and_passes_over_those_that_are_gone(server, site):
    ids = list(Look.objects.values_list("pk", flat=True))
    before = len(server.requests)
    assert (tasks.probe_looks([*ids, 10**9]), len(server.requests) - before) == (4, 4)


def good(look: Look) -> Outcome:
    return Outcome(key=look.pk, url=look.page.url, purpose=Purpose(look.what), at=timezone.now(), kind=Kind.OK, status=200, ms=20.0)


def test_queries_do_not_grow_with_the_number_of_pages():
    team = make_team()

    def queries(number: int) -> tuple[int, int]:
        Page.objects.all().delete()
        site = make_site(team)
        Page.objects.bulk_create(Page(site=site, path=f"/{n}", verdict=Verdict.UP) for n in range(number - 1))
        Page.objects.update(verdict=Verdict.UP)
        looks.prepare()
        later = timezone.now() + timedelta(seconds=901)
        with CaptureQueriesContext(connection) as claiming:
            claims = looks.claim_due(later, limit=4000)
        assert len(claims) == 4 * number
        rows = Look.objects.select_related("page__site").in_bulk([claim.look_id for claim in claims])
        with CaptureQueriesContext(connection) as recorded:
            assert look_recording.record([good(look) for look in rows.values()]) == 4 * number
        return len(claiming), len(recorded)

    assert queries(3) == queries(1000)
