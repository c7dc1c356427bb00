from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sites import probing_now, recording
from sites.history import rolling
from sites.models import DayRollup, FailureEvidence, Incident, Notification, Page, ProbeResult, Transition
from sites.probing.outcome import Kind, Purpose
from sites.probing_now import probe_now
from sites.recording import record_batch, requests_for
from tests.factories import make_host, make_site, make_team, make_user
from tests.http_server import HttpServer, Reply
from tests.sites.samples import after, fail, outcome, recover, see

pytestmark = pytest.mark.django_db


def test_one_bad_sample_is_no_alarm():
    site = make_site(make_team(members=(make_user(),)))
    [page] = site.pages.all()
    Page.objects.filter(pk=page.pk).update(anchor_at=after(-13))
    see([page], 0)
    see([page], 60, Kind.SERVER_ERROR)
    page.refresh_from_db()
    assert (page.verdict, page.due_at) == ("suspect", after(65))
    see([page], 65, purpose=Purpose.CONFIRMATION)
    see([page], 80, purpose=Purpose.CONFIRMATION)
    page.refresh_from_db()
    site.refresh_from_db()
    assert (page.verdict, site.verdict, site.kind) == ("up", "up", "ok")
    assert Incident.objects.count() == Notification.objects.count() == 0
    rolling.roll_up()
    assert (DayRollup.objects.get().good, DayRollup.objects.get().suspect, DayRollup.objects.get().failed) == (1, 1, 0)


def test_two_of_two_failures_open_an_incident_and_count_as_failed():
    site = make_site(paths=("/checkout",))
    home, checkout = site.pages.all()
    see([home, checkout], 0)
    for seconds in (60, 65):
        see([checkout], seconds, Kind.SERVER_ERROR, purpose=Purpose.ROUTINE if seconds == 60 else Purpose.CONFIRMATION, request_id="ABC-1")
    incident = Incident.objects.get()
    site.refresh_from_db()
    assert (incident.paths, incident.scope, incident.pattern, incident.request_id) == (["/checkout"], "some-pages", "permanent", "ABC-1")
    assert (incident.first_failure_at, incident.confirmed_by) == (after(60), "2 of 2 probes in 5 s")
    assert (site.verdict, site.kind, site.scope, site.verdict_since) == ("down", "server-error", "some-pages", after(65))
    rolling.roll_up()
    day = DayRollup.objects.get()
    assert (day.good, day.suspect, day.failed) == (2, 0, 1)
    assert list(Transition.objects.filter(page=checkout).order_by("at").values_list("old", "new")) == [
        ("unknown", "up"),
        ("up", "suspect"),
        ("suspect", "down"),
    ]


def test_batch_recorded_twice_changes_nothing():
    site = make_site(make_team(members=(make_user(),)))
    [page] = site.pages.all()
    first = [outcome(page, 0, Kind.SERVER_ERROR)]
    second = [outcome(page, 5, Kind.SERVER_ERROR, purpose=Purpose.CONFIRMATION)]
    assert [record_batch(batch, now=after(5)) for batch in (first, second, second, first)] == [1, 1, 0, 0]
    assert (ProbeResult.objects.count(), Incident.objects.count(), Notification.objects.count()) == (2, 1, 1)
    rolling.roll_up()
    assert DayRollup.objects.get().failed == 1


def test_outcome_of_a_page_that_is_gone_is_passed_over():
    site = make_site()
    [page] = site.pages.all()
    gone = outcome(page, 0)
    site.delete()
    assert record_batch([gone]) == 0


def _queries_of(pages: int, kind: Kind, *, known: bool) -> int:
    team = make_team(members=(make_user(),))
    sites = [make_site(team, paths=("/a", "/b")) for _ in range(pages // 3)]
    rows = [page for site in sites for page in site.pages.select_related("site")]
    if known:
        see(rows, 0, kind)
        see(rows, 5, kind)
        see(rows, 6, kind)
        Page.objects.update(due_at=after(1000))
    with CaptureQueriesContext(connection) as queries:
        see(rows, 60, kind)
    return len(queries)


@pytest.mark.parametrize("known", [False, True])
def test_queries_of_a_good_batch_do_not_grow(known):
    assert _queries_of(3, Kind.OK, known=known) == _queries_of(300, Kind.OK, known=known)


def test_queries_of_a_batch_that_goes_on_failing_do_not_grow():
    assert _queries_of(3, Kind.SERVER_ERROR, known=True) == _queries_of(300, Kind.SERVER_ERROR, known=True)


def test_evidence_is_kept_until_confirmed_and_when_it_changes_not_for_ever():
    site = make_site()
    [page] = site.pages.all()
    fail(site)
    for minute in range(1, 5):
        see([page], 60 * minute, Kind.SERVER_ERROR)
    assert FailureEvidence.objects.count() == 2
    see([page], 360, Kind.SERVER_ERROR, body=b"<h1>other</h1>", excerpt="Allowed memory size exhausted", headers=(("X-A", "b\x00"),))
    kept = FailureEvidence.objects.latest("pk")
    assert (bytes(kept.body), kept.headers, kept.excerpt) == (b"<h1>other</h1>", [["X-A", "b"]], "Allowed memory size exhausted")


def test_regular_timetable_is_not_shifted_by_confirmation():
    site = make_site(interval_s=60)
    page = site.pages.get()
    Page.objects.filter(pk=page.pk).update(anchor_at=after(-13))
    see([page], 47, Kind.SERVER_ERROR)
    see([page], 52)
    see([page], 67)
    page.refresh_from_db()
    assert (page.verdict, page.due_at) == ("up", after(107))


def test_paused_page_is_not_made_due_by_a_late_result():
    site = make_site()
    page = site.pages.get()
    Page.objects.filter(pk=page.pk).update(due_at=None)
    see([page], 0, Kind.SERVER_ERROR)
    page.refresh_from_db()
    assert page.due_at is None


def test_requests_carry_tokens_only_where_they_may_and_secrets_where_needed():
    site = make_site(basic_user="u", basic_password="p", headers=[("X-Pass", "v")])
    page = site.pages.get()
    [routine] = requests_for([page], Purpose.ROUTINE)
    [confirmation] = requests_for([page], Purpose.CONFIRMATION)
    assert (routine.token, routine.password, routine.headers, routine.exempt) == ("", "p", (("X-Pass", "v"),), None)
    assert len(confirmation.token) == 16


@pytest.mark.parametrize(
    ("practice", "url", "exempt"),
    [
        (True, "http://127.0.0.1:8123/", ("127.0.0.1", 8123)),
        (False, "http://127.0.0.1:8123/", None),
        (True, "http://localhost:8123/", None),
        (True, "http://10.0.0.1:80/", None),
    ],
)
def test_only_the_practice_site_is_exempt_by_its_exact_address(practice, url, exempt):
    page = make_site(url=url, practice=practice).pages.get()
    assert requests_for([page], Purpose.ROUTINE)[0].exempt == exempt


def test_site_whose_secret_does_not_open_is_not_probed(settings):
    site = make_site(basic_user="u", basic_password="p")
    from cryptography.fernet import Fernet

    settings.SITEMEND_CREDENTIALS_KEYS = (Fernet.generate_key().decode(),)
    assert requests_for(site.pages.select_related("site"), Purpose.ROUTINE) == []
    assert "does not open" in site.pages.get().last_message


def test_private_address_that_a_user_typed_is_not_contacted():
    with HttpServer() as server:
        site = make_site(url=server.url("/"))
        found = probe_now(site, until_certain=False)
        assert (server.requests, found.as_json()["pages"][0]["status"]) == ([], None)


def test_probe_now_is_certain_of_down_and_of_up_again(monkeypatch):
    monkeypatch.setattr(probing_now, "_PAUSE_S", 0.05)
    with HttpServer() as server:
        site = make_site(url=server.url("/"), paths=("/checkout",), practice=True)
        server.route("/", Reply())
        server.route("/checkout", Reply(500, body=b"<h1>Internal Server Error</h1>"))
        found = probe_now(site).as_json()
        assert (found["verdict"], found["kind"], found["scope"], found["pattern"]) == ("down", "server-error", "some-pages", "permanent")
        assert [(page["path"], page["status"], page["kind"]) for page in found["pages"]] == [
            ("/", 200, "ok"),
            ("/checkout", 500, "server-error"),
        ]
        assert Incident.objects.get().resolved_at is None
        server.route("/checkout", Reply())
        assert probe_now(site).as_json()["verdict"] == "up"
        assert Incident.objects.get().resolution == "recovery"


def test_probe_now_without_time_says_suspect():
    with HttpServer() as server:
        site = make_site(url=server.url("/"), practice=True)
        server.route("/", Reply(500))
        assert probe_now(site, limit_s=0.0).verdict == "suspect"
        assert Incident.objects.count() == 0


def test_retest_goes_past_caches_and_does_not_move_the_verdict():
    with HttpServer() as server:
        site = make_site(url=server.url("/"), practice=True)
        server.route("/", Reply(500))
        found = recording.retest(site)
        page = site.pages.get()
    assert [request.query != "" for request in server.requests] == [True, True]
    assert len({request.headers["user-agent"] for request in server.requests}) == 2
    assert [(item.kind, item.purpose) for item in found] == [("server-error", "cache-proof")] * 2
    assert (page.verdict, page.last_token, ProbeResult.objects.count()) == ("unknown", found[-1].token, 2)
    assert (rolling.roll_up(), DayRollup.objects.count()) == (0, 0)


def test_recovery_needs_two_good_probes_and_site_recovered_is_told(django_capture_on_commit_callbacks):
    from sites import signals

    told: list[int] = []

    def listen(site_id: int, **_: object) -> None:
        told.append(site_id)

    signals.site_recovered.connect(listen)
    try:
        site = make_site(host=make_host())
        with django_capture_on_commit_callbacks(execute=True):
            fail(site)
            see(site.pages.select_related("site"), 60)
        assert (told, site.incidents.get().is_open) == ([], True)
        with django_capture_on_commit_callbacks(execute=True):
            recover(site, 95)
        assert (told, site.incidents.get().is_open) == ([site.pk], False)
    finally:
        signals.site_recovered.disconnect(listen)


def test_suspect_page_is_probed_again_when_its_batch_is_lost():
    from sites import scheduling

    site = make_site(interval_s=3600)
    see(site.pages.all(), 0, Kind.SERVER_ERROR)
    [claim] = scheduling.claim_due(after(5))
    assert (claim.purpose, scheduling.claim_due(after(6))) == (Purpose.CONFIRMATION, [])
    assert [again.page_id for again in scheduling.claim_due(after(5) + timedelta(seconds=scheduling.LEASE_S))] == [claim.page_id]
