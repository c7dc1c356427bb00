"""Turns on a real account over several processes, patience with one that cannot be reached, and the mail when it lets nobody in."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from diagnostics import visiting
from diagnostics.connections import connecting, politeness, purposes
from diagnostics.models import ConnectionLease, ConnectionPause, HostAction, LogReading
from sites import delivery
from sites.credentials import set_host_secrets
from sites.models import Host, Notification
from tests import prepared
from tests.diagnostics.hosts_made import host_on, serving
from tests.diagnostics.views.cases import make_scene, words
from tests.factories import make_host, make_site, make_user
from tests.servers import SshServer, free_port, greeting_server, listening
from tests.sites.views.pages import client_of

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import sys
import django
django.setup()
from diagnostics.connections import connecting, politeness, purposes
from diagnostics.transports.base import ConnectionDetails
from sites.models import Host, Team
what = sys.argv[1]
politeness.WAIT_S = 0.5
if what == "make":
    details = ConnectionDetails("sftp", sys.argv[2], int(sys.argv[3]), sys.argv[4], private_key=sys.stdin.read(), host_key=sys.argv[5])
    connecting.create_host(team=Team.objects.create(name="t"), name="Account", details=details, profile="apache-755")
    sys.exit()
try:
    with purposes.doing("access-log"), connecting.reader_for(Host.objects.get()) as reader:
        reader.home()
        print("in", flush=True)
        if what == "hold":
            sys.stdin.read()
except politeness.ConnectionBusy:
    print("busy", flush=True)
"""
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with serving(tmp_path) as running:
        yield running


@dataclass
class Installation:
    """One of its own, in a folder, used by several processes."""

    environment: dict[str, str]

    def run(self, *words: str, given: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *words], cwd=ROOT, env=self.environment, input=given, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def holding(self) -> subprocess.Popen[str]:
        """A process that uses the account until its input ends."""
        command = [sys.executable, "-c", SCRIPT, "hold"]
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "in\n"
        return process


@pytest.fixture
def installation(tmp_path: Path, server: SshServer) -> Installation:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SITEMEND_", "DATABASE_", "REDIS_", "EMAIL_"))}
    own = {"SITEMEND_VAR_DIR": str(tmp_path / "var"), "SITEMEND_ENV_FILE": os.devnull, "SITEMEND_ALLOWED_NETWORKS": "127.0.0.0/8"}
    made = Installation({**kept, **own, "DJANGO_SETTINGS_MODULE": "config.settings"})
    prepared.installation(tmp_path / "var")
    made.run("make", server.address, str(server.port), server.user, server.host_key, given=server.private_key_text)
    return made


@pytest.mark.django_db
def test_second_connection_waits_says_so_and_gets_its_turn(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    host = host_on(server, "sftp")
    monkeypatch.setattr(politeness, "WAIT_S", 1.0)
    other = ConnectionLease.objects.create(
        host=host, slot=0, holder="elsewhere:1:1", purpose="access-log", since=timezone.now(), until=timezone.now() + timedelta(minutes=1)
    )  # fmt: skip
    said: list[str] = []
    monkeypatch.setattr(politeness.time, "sleep", lambda _s: (said.append(politeness.waiting_words(host)), time_sleep(0.05)))
    with pytest.raises(politeness.ConnectionBusy) as caught, connecting.reader_for(host):
        pass
    assert said and "Waiting for another connection to this account." in said[0] and "Reading the access logs" in said[0]
    assert "Nothing was done" in caught.value.hint and not HostAction.objects.exists()
    assert list(ConnectionLease.objects.all()) == [other]
    other.delete()
    with connecting.reader_for(host):
        assert ConnectionLease.objects.filter(host=host, slot=0).count() == 1
    assert not ConnectionLease.objects.exists()


time_sleep = time.sleep


def test_one_connection_at_a_time_over_processes_and_a_dead_one_frees_it(installation: Installation) -> None:
    process = installation.holding()
    try:
        assert installation.run("try") == "busy"
        installation.environment["SITEMEND_CONNECTIONS_PER_HOST"] = "2"
        assert installation.run("try") == "in"
        installation.environment["SITEMEND_CONNECTIONS_PER_HOST"] = "1"
        process.send_signal(signal.SIGKILL)
        assert installation.run("try") == "in"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.django_db
def test_lease_of_another_machine_ends_by_itself(server: SshServer) -> None:
    host = host_on(server, "sftp")
    now = timezone.now()
    ConnectionLease.objects.create(host=host, slot=0, holder="elsewhere:1:1", since=now, until=now - timedelta(seconds=1))
    with connecting.reader_for(host) as reader:
        assert reader.home()


@pytest.mark.django_db
def test_what_was_stored_before_the_clock_was_set_back_keeps_nobody_from_an_account(server: SshServer) -> None:
    host = host_on(server, "sftp")
    later = timezone.now() + timedelta(days=400)
    ConnectionLease.objects.create(host=host, slot=0, holder="elsewhere:1:1", since=later, until=later)
    ConnectionPause.objects.create(host=host, failures=2, until=later)
    with connecting.reader_for(host) as reader:
        assert reader.home()


@pytest.mark.django_db
def test_background_work_lets_a_person_go_first(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    host = host_on(server, "sftp")
    monkeypatch.setattr(politeness, "WAIT_S", 0.6)
    now = timezone.now()
    waiting = {"host": host, "slot": None, "since": now, "until": now + timedelta(seconds=30), "holder": "elsewhere:1:1"}
    person = ConnectionLease.objects.create(**waiting, urgent=True)
    with pytest.raises(politeness.ConnectionBusy), purposes.doing("access-log"), connecting.reader_for(host):
        pass
    with purposes.by(make_user()), connecting.reader_for(host) as reader:
        assert reader.home()
    with purposes.doing("diagnosis"), connecting.reader_for(host) as reader:  # a failure's cause is awaited by its mail
        assert reader.home()
    person.delete()
    ConnectionLease.objects.create(**waiting, urgent=False)
    with purposes.doing("access-log"), connecting.reader_for(host) as reader:
        assert reader.home()


@pytest.mark.django_db
def test_who_holds_a_connection_does_not_wait_for_it(server: SshServer) -> None:
    host = host_on(server, "sftp")
    started = time.monotonic()
    with connecting.reader_for(host) as outer, connecting.reader_for(host) as inner:
        assert outer.home() == inner.home()
    assert time.monotonic() - started < 5 and not ConnectionLease.objects.exists()


@pytest.mark.django_db
def test_account_that_cannot_be_reached_is_left_alone_longer_and_longer() -> None:
    host = make_host(address="127.0.0.1", port=free_port(), password="x", host_key=OTHER_KEY, state="works")
    now, waits = timezone.now(), []
    for _round in range(6):
        ConnectionPause.objects.update(until=now - timedelta(seconds=1))
        with pytest.raises(connecting.TransportError) as caught, connecting.reader_for(host):
            pass
        assert caught.value.code == "refused"
        waits.append(round((ConnectionPause.objects.get(host=host).until - timezone.now()).total_seconds() / 60))
    assert waits == [1, 2, 5, 15, 60, 60]
    tried = HostAction.objects.count()
    with pytest.raises(politeness.ConnectionPaused) as paused, connecting.reader_for(host):
        pass
    assert "6 times in a row" in paused.value.message and HostAction.objects.count() == tried
    with purposes.by(make_user()):
        assert connecting.test_host(host).code == "refused"  # a person may always try


@pytest.mark.django_db
def test_account_that_is_reached_again_is_put_off_no_more(server: SshServer) -> None:
    host = host_on(server, "sftp")
    ConnectionPause.objects.create(host=host, failures=4, until=timezone.now() + timedelta(hours=1))
    with purposes.by(make_user()), connecting.reader_for(host):
        pass
    assert not ConnectionPause.objects.exists()


@pytest.mark.django_db
def test_reading_of_logs_waits_for_its_time_without_crying() -> None:
    host = make_host(address="127.0.0.1", port=free_port(), password="x", host_key=OTHER_KEY, state="works")
    site = make_site(host=host, docroot="/www")
    until = timezone.now() + timedelta(minutes=15)
    ConnectionPause.objects.create(host=host, failures=4, until=until)
    assert visiting.read_host(host.pk) == 0
    reading = LogReading.objects.get(host=host)
    assert (reading.due_at, reading.failures, reading.last_error) == (until, 0, "")
    assert not HostAction.objects.exists() and site.pk


@pytest.mark.django_db
def test_pages_tell_who_waits_and_what_is_put_off() -> None:
    scene = make_scene()
    host, now = scene.site.host, timezone.now()
    ConnectionPause.objects.create(host=host, failures=3, until=now + timedelta(minutes=5), last_error="The host refused the connection.")
    lease = {"host": host, "since": now, "until": now + timedelta(minutes=1)}
    ConnectionLease.objects.create(**lease, slot=0, holder="elsewhere:1:1", purpose="access-log")
    ConnectionLease.objects.create(**lease, slot=None, holder="elsewhere:1:2", purpose="repair")
    shown = scene.reader.get(f"/hosts/{host.pk}/").content.decode()
    assert "3 times in a row" in shown and "Waiting for another connection" in shown
    assert "Waiting for another connection" not in words(scene.page())
    scene.step("queued")
    assert "Waiting for another connection" in words(scene.page())
    scene.diagnosis.state = "queued"
    scene.diagnosis.save()
    assert "Waiting for another connection" in scene.reader.get(f"/diagnoses/{scene.diagnosis.pk}/").content.decode()


# --- the mail -----------------------------------------------------------------------------------
def told(host: Host) -> list[Notification]:
    return list(Notification.objects.filter(kind="stopped", dedupe_key__startswith=f"stopped:{host.pk}:").order_by("pk"))


@pytest.mark.django_db
def test_refused_login_is_tried_once_and_told_once_to_the_team(server: SshServer) -> None:
    host = host_on(server, "sftp", private_key="", password="geheim-9")
    Host.objects.filter(pk=host.pk).update(state="works")
    ann, ben = (make_user(name, team=host.team) for name in ("ann", "ben"))
    for name in ("Shop", "Blog"):
        make_site(host=host, name=name, docroot="/www")
    for _round in range(3):
        with pytest.raises(connecting.TransportError), connecting.reader_for(host):
            pass
    assert HostAction.objects.filter(host=host).count() == 1
    assert [(row.user, row.kind_words) for row in told(host)] == [(ann, "Hosting account refuses us"), (ben, "Hosting account refuses us")]
    delivery.deliver_due()
    mail = told(host)[0]
    assert mail.state == "sent" and mail.subject == "Account refuses our login: 2 sites are blind"
    for said in (f"{server.user}@{server.address}", "* Blog", "* Shop", "Nothing is tried until you have looked", f"/hosts/{host.pk}/"):
        assert said in mail.body_text
    assert "geheim" not in mail.body_text + mail.body_html and f"/hosts/{host.pk}/" in mail.body_html


class DyingFtp:
    """Takes any login, but for the first `deaths`: its process dies while the password is looked at."""

    def __init__(self, deaths: int) -> None:
        self.deaths = deaths

    def __call__(self, sock: socket.socket) -> None:
        sock.sendall(b"220 hi\r\n")
        lines = sock.makefile("rb")
        answers = {b"USER": b"331 go\r\n", b"PASS": b"230 in\r\n", b"TYPE": b"200 ok\r\n", b"PWD": b'257 "/"\r\n'}
        for line in lines:
            word = line.split()[0]
            if word == b"PASS" and self.deaths:
                self.deaths -= 1
                sock.shutdown(socket.SHUT_RDWR)
                return
            sock.sendall(answers.get(word, b"502 no\r\n"))


@pytest.mark.django_db
@pytest.mark.parametrize(("deaths", "lets_in"), [(1, True), (2, False)])
def test_login_that_is_cut_off_once_is_tried_again_and_twice_is_a_refusal(deaths: int, lets_in: bool) -> None:
    with listening(DyingFtp(deaths)) as peer:
        host = make_host(protocol="ftp", address=peer.address, port=peer.port, user="u", state="works")
        set_host_secrets(host, password="p")
        host.save()
        make_user("ann", team=host.team)
        make_site(host=host, docroot="/www")
        for _round in range(deaths):
            assert Host.objects.get(pk=host.pk).state == "works" and not told(host)
            with purposes.doing("recovery"), pytest.raises(connecting.TransportError), connecting.writer_for(host):
                pass
        with contextlib.ExitStack() as stack:
            refused = contextlib.nullcontext() if lets_in else pytest.raises(connecting.ConnectionStopped)
            stack.enter_context(refused)
            stack.enter_context(purposes.doing("recovery"))
            stack.enter_context(connecting.writer_for(host))
        assert Host.objects.get(pk=host.pk).state == ("works" if lets_in else "refused") and len(told(host)) == (not lets_in)
        assert peer.connections == 2


@pytest.mark.django_db
@pytest.mark.parametrize(("protocol", "subject"), [("sftp", "Host key of Account"), ("ftps", "Certificate of Account")])
def test_changed_host_key_is_told_once(server: SshServer, protocol: str, subject: str) -> None:
    host = host_on(server, "sftp", host_key=OTHER_KEY)
    Host.objects.filter(pk=host.pk).update(state="works")
    ann = client_of(make_user("ann", team=host.team))
    make_site(host=host, docroot="/www")
    for _round in range(2):
        with pytest.raises(connecting.TransportError), connecting.reader_for(host):
            pass
    listed = ann.get("/mail/").content.decode()
    assert "Hosting account shows another key or certificate" in listed and "refuses us" not in listed
    Host.objects.filter(pk=host.pk).update(protocol=protocol)
    delivery.deliver_due()
    (mail,) = told(host)
    assert mail.subject == f"{subject} has changed: 1 site is blind"
    assert "accept the new one only then" in mail.body_text and "No secret was sent" in mail.body_text


@pytest.mark.django_db
def test_mail_that_is_no_longer_true_does_not_leave(server: SshServer) -> None:
    host = host_on(server, "sftp", private_key="", password="geheim-9")
    Host.objects.filter(pk=host.pk).update(state="works")
    make_user("ann", team=host.team)
    make_site(host=host, docroot="/www")
    with pytest.raises(connecting.TransportError), connecting.reader_for(host):
        pass
    connecting.store(Host.objects.get(pk=host.pk), private_key=server.private_key_text)
    delivery.deliver_due()
    assert [row.state for row in told(host)] == ["suppressed"]


@pytest.mark.django_db
def test_nobody_is_mailed_for_what_never_worked_or_blinds_no_site(server: SshServer) -> None:
    host = host_on(server, "sftp", private_key="", password="geheim-9")
    make_user("ann", team=host.team)
    site = make_site(host=host, docroot="/www")
    with purposes.by(make_user()):
        connecting.test_host(host)
    assert not told(host)
    Host.objects.filter(pk=host.pk).update(state="works")
    site.delete()
    with pytest.raises(connecting.TransportError), connecting.reader_for(Host.objects.get(pk=host.pk)):
        pass
    assert not told(host)


@pytest.mark.django_db
def test_new_failure_is_looked_into_on_an_account_that_is_back_after_a_long_outage(server: SshServer) -> None:
    host = host_on(server, "sftp")
    now = timezone.now()
    ConnectionPause.objects.create(host=host, failures=5, until=now + timedelta(minutes=59, seconds=30), last_error="refused")
    with pytest.raises(politeness.ConnectionPaused), purposes.doing("diagnosis"), connecting.reader_for(host):
        pass  # it was tried half a minute ago
    ConnectionPause.objects.update(until=now + timedelta(minutes=50))
    with pytest.raises(politeness.ConnectionPaused), purposes.doing("access-log"), connecting.reader_for(host):
        pass
    with purposes.doing("diagnosis"), connecting.reader_for(host) as reader:
        assert reader.home()
    assert not ConnectionPause.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("protocol", "greeting", "code"),
    [
        ("ftp", b"421 Too many connections (8) from this IP\r\n", "too-many-connections"),
        ("sftp", b"Exceeded MaxStartups\r\n", "too-many-connections"),
        ("sftp", b"SSH-1.5-ancient\r\n", "old-algorithms"),
    ],
)
def test_account_that_is_full_or_too_old_is_left_alone_for_a_while(protocol: str, greeting: bytes, code: str) -> None:
    with greeting_server(greeting) as peer:
        host = make_host(protocol=protocol, address=peer.address, port=peer.port, password="x", host_key=OTHER_KEY, state="works")
        for expected in (code, "paused"):
            with pytest.raises(connecting.TransportError) as caught, connecting.reader_for(host):
                pass
            assert caught.value.code == expected
        assert peer.connections == 1 and ConnectionPause.objects.get(host=host).failures == 1
        assert Host.objects.get(pk=host.pk).state == "works"
