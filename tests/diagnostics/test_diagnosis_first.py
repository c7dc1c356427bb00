"""The mail of a new failure waits for its cause, and what reads an account for long lets the diagnosis go first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.test import Client
from django.utils import timezone

from diagnostics import diagnosing, visiting
from diagnostics.accounts import looks
from diagnostics.connections import politeness
from diagnostics.coverage import searching
from diagnostics.models import ConnectionLease, ConnectionPause, Diagnosis, LogReading, SiteSight
from sites import incident_endings, queueing
from sites.models import Host, Incident, Notification, Site
from tests.diagnostics.hosts_made import host_on, serving
from tests.factories import make_incident, make_site, make_user
from tests.servers import SshServer, free_port

pytestmark = pytest.mark.django_db


class Broken(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(500)
        self.end_headers()
        self.wfile.write(b"<h1>Internal Server Error</h1>")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


@pytest.fixture
def url() -> Iterator[str]:
    """A site that answers 500."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Broken) as web:
        Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}/"
        web.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with serving(tmp_path_factory.mktemp("account")) as running:
        (running.home / "access.log").write_bytes(b'::1 - - [22/Nov/2026:03:12:04 +0000] "GET / HTTP/1.1" 200 5 "-" "x"\n' * 50)
        yield running


@pytest.fixture
def host(server: SshServer) -> Host:
    host = host_on(server, "sftp")
    make_user(team=host.team)
    return host


@pytest.fixture
def incident(host: Host, server: SshServer, url: str, monkeypatch: pytest.MonkeyPatch) -> Incident:
    """A failure of this moment whose mail waits for its cause."""
    monkeypatch.setattr(queueing, "enqueue_on_commit", lambda *_a, **_k: None)
    now = timezone.now()
    site = make_site(host.team, host=host, url=url, docroot=f"{server.remote_home}/www")
    made = make_incident(site, opened_at=now, first_failure_at=now - timedelta(seconds=5), last_seen_at=now)
    waits = {"state": "queued", "created_at": now, "send_after": now + timedelta(seconds=20), "dedupe_key": "new:1", "why": "x"}
    Notification.objects.create(kind="new", site=site, incident=made, recipient="anna@example.org", **waits)
    return made


def _is_waiting(incident: Incident) -> bool:
    return Notification.objects.filter(incident=incident, send_after__gt=timezone.now()).exists()


def test_account_that_was_away_a_moment_ago_is_read_for_a_new_failure(host: Host, incident: Incident) -> None:
    visiting.read_host(host.pk)
    Host.objects.update(port=free_port())  # its server is restarted just when the logs are read
    visiting.read_host(host.pk)
    assert ConnectionPause.objects.get().failures == 1
    Host.objects.update(port=host.port)
    made = diagnosing.run(diagnosing.request(incident.site, incident).pk)
    assert (made.error, made.connection, made.state) == ("", "sftp", "done")


def test_account_in_use_is_tried_again_at_once_and_the_mail_goes_on_waiting(
    host: Host, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(politeness, "URGENT_WAIT_S", 0.3)
    until = timezone.now() + timedelta(minutes=1)
    other = ConnectionLease.objects.create(host=host, slot=0, holder="elsewhere:1:1", purpose="repair", since=timezone.now(), until=until)
    first = diagnosing.run(diagnosing.request(incident.site, incident).pk)
    assert "is in use" in first.error and first.again_at is not None
    incident.refresh_from_db()
    assert incident.diagnosis_state == "running" and _is_waiting(incident)
    other.delete()
    Diagnosis.objects.update(again_at=timezone.now())
    assert diagnosing.sweep() == 0
    again = Diagnosis.objects.get(state="queued")
    assert not again.is_again  # its log may still lag
    assert diagnosing.run(again.pk).connection == "sftp"
    incident.refresh_from_db()
    assert incident.diagnosis_state == "done" and not _is_waiting(incident)


def test_account_that_cannot_be_reached_is_tried_again_when_it_may_be_back(host: Host, incident: Incident) -> None:
    Host.objects.update(port=free_port())
    first = diagnosing.run(diagnosing.request(incident.site, incident).pk)
    assert first.error and first.again_at is not None
    assert 50 < (first.again_at - timezone.now()).total_seconds() <= 60
    incident.refresh_from_db()
    assert incident.diagnosis_state == "waiting" and not _is_waiting(incident)
    second = diagnosing.run(diagnosing.request(incident.site, incident).pk)  # failed a second time within the minute
    assert second.again_at is not None and second.again_at > timezone.now() + timedelta(seconds=50)
    incident_endings.resolve_by_repair(Incident.objects.get())
    Diagnosis.objects.update(again_at=timezone.now())
    diagnosing.sweep()
    assert not Diagnosis.objects.filter(state="queued").exists()  # what is over needs no cause


def test_diagnosis_that_ended_with_its_worker_is_made_again_but_not_for_ever(incident: Incident) -> None:
    diagnosing.request(incident.site, incident)
    for _again in range(diagnosing.MOST_FAILED):
        Diagnosis.objects.filter(state="queued").update(state="running", started_at=timezone.now() - timedelta(minutes=3))
        diagnosing.sweep()
        assert Diagnosis.objects.filter(incident=incident, state="queued").count() == 1 and _is_waiting(incident)
    Diagnosis.objects.filter(state="queued").update(state="running", started_at=timezone.now() - timedelta(minutes=3))
    diagnosing.sweep()
    incident.refresh_from_db()
    assert not Diagnosis.objects.filter(state="queued").exists() and not _is_waiting(incident)
    assert incident.diagnosis_state == "failed"


def test_diagnosis_begun_before_the_clock_was_set_back_does_not_run_for_ever(incident: Incident) -> None:
    diagnosing.request(incident.site, incident)
    Diagnosis.objects.update(state="running", started_at=timezone.now() + timedelta(hours=1))
    diagnosing.sweep()
    assert list(Diagnosis.objects.order_by("pk").values_list("state", flat=True)) == ["failed", "queued"]


def test_diagnosis_that_takes_too_long_is_made_again(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(*_args: object) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(diagnosing.examining, "look", too_long)
    made = diagnosing.run(diagnosing.request(incident.site, incident).pk)
    assert (made.state, made.again_at is not None) == ("failed", True) and "too long" in made.error
    diagnosing.sweep()
    assert Diagnosis.objects.filter(incident=incident, state="queued").exists()


def test_refused_login_is_not_tried_again_by_itself(host: Host, incident: Incident) -> None:
    Host.objects.update(state=Host.State.REFUSED)
    made = diagnosing.run(diagnosing.request(incident.site, incident).pk)
    incident.refresh_from_db()
    assert (made.again_at, incident.diagnosis_state) == (None, "failed")


def test_page_of_the_failure_says_what_stood_in_the_way_of_its_cause(incident: Incident, client: Client) -> None:
    user = make_user()
    incident.site.team.memberships.create(user=user, role="member")
    client.force_login(user)
    diagnosing.fail(diagnosing.request(incident.site, incident), "The disk of <this> machine is full.")
    page = client.get(f"/incidents/{incident.pk}/").content.decode()
    assert "The disk of &lt;this&gt; machine is full." in page
    assert f'action="/sites/{incident.site_id}/diagnose/"' in page


def test_failure_whose_diagnosis_was_never_asked_for_gets_one(incident: Incident) -> None:
    Incident.objects.update(opened_at=timezone.now() - timedelta(seconds=30))
    diagnosing.sweep(), diagnosing.sweep()
    assert Diagnosis.objects.filter(incident=incident).count() == 1


# --- what is long gives way -----------------------------------------------------------------------
@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody urgent begins to wait as soon as the account is open."""
    monkeypatch.setattr(politeness, "ASKED_EVERY_S", 0.0)
    let_in = politeness.Turn.let_in

    def and_somebody_waits(turn: politeness.Turn) -> None:
        let_in(turn)
        monkeypatch.setattr(politeness.Turn, "let_in", let_in)
        now = timezone.now()
        waits = {"purpose": "diagnosis", "urgent": True, "since": now, "until": now + timedelta(seconds=3)}
        ConnectionLease.objects.create(host=turn.host, slot=None, holder="elsewhere:2:1", **waits)

    monkeypatch.setattr(politeness.Turn, "let_in", and_somebody_waits)


def _sites(host: Host, server: SshServer, number: int) -> list[Site]:
    log = f"{server.remote_home}/access.log"
    places = {"docroot": f"{server.remote_home}/www", "access_log": log, "error_log": log}
    return [make_site(host.team, host=host, url=f"https://s{n}.example/", **places) for n in range(number)]


@pytest.mark.usefixtures("wanted")
def test_reading_of_logs_gives_way_and_goes_on_soon(host: Host, server: SshServer) -> None:
    _sites(host, server, 1)
    visiting.read_host(host.pk)
    reading = LogReading.objects.get()
    assert reading.failures == 0 and reading.due_at < timezone.now() + timedelta(minutes=1)
    assert not host.access_logs.exclude(read_at=None).exists()
    ConnectionLease.objects.all().delete()
    visiting.read_host(host.pk)
    assert host.access_logs.get().read_at is not None


@pytest.mark.usefixtures("wanted")
def test_search_gives_way_and_the_rest_goes_on_waiting(host: Host, server: SshServer) -> None:
    sites = _sites(host, server, 3)
    searching.request([site.pk for site in sites])
    searching.run(host.pk)
    assert SiteSight.objects.filter(search="queued").count() == 3
    ConnectionLease.objects.all().delete()
    assert searching.run(host.pk) == 3 and not SiteSight.objects.exclude(search="done").exists()


def test_look_at_an_account_gives_way_and_goes_on(host: Host, server: SshServer, wanted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "GIVE_WAY_S", 0.6)
    turns: list[int] = []
    go_on = looks._go_on
    monkeypatch.setattr(looks, "_go_on", lambda look, search, *rest: (go_on(look, search, *rest), turns.append(search.folders)))
    looks.request(host)
    look = looks.run(host.pk)
    assert look is not None and (look.state, look.error) == ("done", "")
    assert len(turns) > 1 and turns[0] < turns[-1]


def test_search_on_an_account_in_use_waits_for_another_time(host: Host, server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "WAIT_S", 0.3)
    sites = _sites(host, server, 2)
    now = timezone.now()
    until = now + timedelta(minutes=1)
    other = ConnectionLease.objects.create(host=host, slot=0, holder="elsewhere:1:1", purpose="baseline", since=now, until=until)
    searching.request([site.pk for site in sites])
    searching.run(host.pk)
    waiting = SiteSight.objects.filter(search="queued")
    assert waiting.filter(outcome__contains="is in use").count() == 2
    other.delete()
    ConnectionPause.objects.create(host=host, failures=2, until=now + timedelta(minutes=2), last_error="away")
    searching.run(host.pk)
    assert waiting.filter(outcome__contains="away").count() == 2
    assert searching.hand_over() == 0  # not before the account may be tried again
    ConnectionPause.objects.all().delete()
    assert searching.hand_over() == 1
    assert searching.run(host.pk) == 2 and SiteSight.objects.filter(search="done").count() == 2
