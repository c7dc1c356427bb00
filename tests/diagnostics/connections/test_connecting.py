"""Connections against a real sshd: what a test tells, what it stores, and what a broken line in mid-write leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.utils import timezone

from diagnostics.accounts import registering
from diagnostics.changes import recovering
from diagnostics.changes.executor import Executor, NotApplied
from diagnostics.connections import connecting, politeness
from diagnostics.connections.locking import held
from diagnostics.models import RepairCase, Step
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.transports.base import ConnectionDetails
from sites.credentials import host_secrets
from sites.models import Host, Site, Team
from tests.factories import make_host, make_team
from tests.servers import SshServer, cutting_proxy, free_port, silent_server, small_disk, sshd

pytestmark = pytest.mark.django_db
OLD = 1_600_000_000


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with sshd(tmp_path) as running:
        www = running.home / "www"
        www.mkdir()
        running.own(www)
        for name, content in ((".htaccess", b"old\n" * 2000), ("index.html", b"<p>hello")):
            path = www / name
            path.write_bytes(content)
            path.chmod(0o604)
            running.own(path)
            os.utime(path, (OLD, OLD))
        yield running


def details(server: SshServer, **changes: object) -> ConnectionDetails:
    values = {"protocol": "sftp", "address": server.address, "port": server.port, "user": server.user}
    return ConnectionDetails(**{**values, "private_key": server.private_key_text, "host_key": server.host_key, **changes})  # type: ignore[arg-type]


def test_good_connection_names_what_it_found(server: SshServer) -> None:
    result = connecting.test_details(details(server))
    assert (result.ok, result.code, result.read_only) == (True, "ok", "")
    assert result.found.docroot == f"{server.remote_home}/www"
    assert "write" in result.capabilities


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"address": "no-such-name.invalid"}, "name-unresolved"),
        ({"port": 1}, "refused"),
        ({"host_key": ""}, "host-key-unknown"),
        ({"host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"}, "host-key-changed"),
        ({"private_key": "nonsense"}, "key-unusable"),
        ({"user": "nobody-of-this-name"}, "login-refused"),
    ],
)
def test_failure_says_exactly_what_is_wrong(server: SshServer, changes: dict[str, object], code: str) -> None:
    result = connecting.test_details(details(server, **changes))
    assert (result.ok, result.code) == (False, code)
    assert result.message
    if code.startswith("host-key"):
        assert result.fingerprint == server.fingerprint()


def test_host_that_takes_keys_only_says_so_in_plain_words(server: SshServer) -> None:
    result = connecting.test_details(details(server, private_key="", password="a password"))
    assert (result.code, result.wants_key) == ("login-refused", True)
    assert result.message == "This host wants a private key instead of a password."


def test_untested_host_that_lets_us_in_works_from_then_on(server: SshServer) -> None:
    host = connecting.create_host(team=make_team(), name="Quiet", details=details(server), profile="apache-755")
    assert host.state == Host.State.UNTESTED
    with connecting.reader_for(host):
        pass
    stored = Host.objects.get(pk=host.pk)
    assert (stored.state, host.state) == (Host.State.WORKS, Host.State.WORKS)
    assert stored.tested_at and "write" in stored.capabilities


def test_silent_host_times_out() -> None:
    with silent_server() as listener:
        result = connecting.test_details(ConnectionDetails("sftp", listener.address, listener.port, "u", "p", connect_timeout_s=0.5))
    assert result.code == "timed-out"


def test_address_inside_a_network_is_refused_unless_allowed(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", ())
    assert connecting.test_details(details(server)).code == "address-refused"
    assert connecting.test_details(details(server, exempt=(server.address, server.port))).ok
    assert connecting.test_details(details(server, exempt=(server.address, free_port()))).code == "address-refused"


def test_docroot_that_is_missing_or_read_only_is_told(server: SshServer) -> None:
    assert connecting.test_details(details(server), docroot=f"{server.remote_home}/nowhere").code == "docroot-missing"
    (server.home / "www").chmod(0o555)
    assert "read-only" in connecting.test_details(details(server)).read_only


def wanted(server: SshServer, **changes: object) -> registering.Wanted:
    connect = f"ssh://{server.user}@{server.address}:{server.port}"
    values = {"name": "shop", "url": "http://shop.example/", "connect": connect, "key": server.private_key_text}
    return registering.Wanted(**{**values, **changes})  # type: ignore[arg-type]


def test_site_is_added_with_its_host_found_out(server: SshServer) -> None:
    Team.objects.create(name="t")
    answer = registering.add(wanted(server, host_key=server.fingerprint()))
    assert answer["found"]["docroot"] == f"{server.remote_home}/www"
    host = Host.objects.get()
    assert (host.state, host.host_key, host.protocol) == ("works", server.host_key, "ssh")
    assert server.private_key_text not in (host.sealed_private_key, str(host.__dict__))
    registering.add(wanted(server, name="second", key=""))
    assert Host.objects.count() == 1
    with pytest.raises(registering.AddRefused) as caught:
        registering.add(wanted(server, name="shop", host_key=server.fingerprint()))
    assert caught.value.code == "name-taken"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "host-key-unknown"),
        ({"host_key": "SHA256:" + "A" * 43}, "host-key-changed"),
        ({"accept_host_key": True, "docroot": "/nowhere"}, "docroot-missing"),
        ({"accept_host_key": True, "interval_s": 1}, "bad-interval-s"),
        ({"connect": "ssh://me:secret@host"}, "bad-connect"),
    ],
)
def test_refused_site_leaves_nothing_half_done(server: SshServer, changes: dict[str, object], code: str) -> None:
    Team.objects.create(name="t")
    with pytest.raises(registering.AddRefused) as caught:
        registering.add(wanted(server, **changes))
    assert caught.value.code == code
    assert not Host.objects.exists() and not Site.objects.exists()
    assert "secret" not in caught.value.message


def step_on(host: Host) -> Step:
    site = Site.objects.create(team=host.team, name="shop", url="http://shop.example/", host=host)
    case = RepairCase.objects.create(site=site, opened_at=timezone.now())
    return Step.objects.create(case=case, guide_step="htaccess", action="repair", title="x", state="applying", created_at=timezone.now())


def rewrite(path: Path, remote: str) -> Plan:
    change = WriteFile(remote, "www/.htaccess", path.read_bytes(), b"new content\n" * 4000, 0o604)
    return Plan("r", "c", "t", "w", (change,))


@pytest.mark.parametrize("after", [500, 4_000, 20_000, 40_000])
def test_connection_cut_in_mid_write_leaves_the_old_file(server: SshServer, after: int) -> None:
    path = server.home / "www" / ".htaccess"
    before = (path.read_bytes(), path.stat().st_mode, int(path.stat().st_mtime))
    with cutting_proxy(server.address, server.port) as (proxy, cutter):
        host = connecting.create_host(
            team=Team.objects.create(name="t"), name="h", details=details(server, port=proxy.port), profile="apache-755"
        )
        step = step_on(host)
        with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
            executor.reader.home()
            cutter.left = after
            with pytest.raises(NotApplied) as caught:
                executor.apply(step, rewrite(path, f"{server.remote_home}/www/.htaccess"))
        assert (path.read_bytes(), path.stat().st_mode, int(path.stat().st_mtime)) == before
        cutter.left = None
        if not caught.value.taken_back:
            Step.objects.filter(pk=step.pk).update(state="needs-attention", result={"retry": True})
            assert recovering.recover() == [step.pk]
            assert not [name for name in os.listdir(server.home / "www") if name.startswith(".sitemend-")]
    assert (path.read_bytes(), path.stat().st_mode, int(path.stat().st_mtime)) == before


def test_full_disk_in_mid_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, 64):
        monkeypatch.setattr(settings, "SITEMEND_LOCAL_ROOTS", (folder,))
        path = folder / ".htaccess"
        path.write_bytes(b"old\n" * 2000)
        path.chmod(0o604)
        os.utime(path, (OLD, OLD))
        before = (path.read_bytes(), path.stat().st_mode, int(path.stat().st_mtime))
        host = Host.objects.create(team=Team.objects.create(name="t"), name="h", protocol="local")
        step = step_on(host)
        change = WriteFile(str(path), "www/.htaccess", path.read_bytes(), b"new content\n" * 10_000, 0o604)
        with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor, pytest.raises(NotApplied) as caught:
            executor.apply(step, Plan("r", "c", "t", "w", (change,)))
        assert caught.value.taken_back
        assert (path.read_bytes(), path.stat().st_mode, int(path.stat().st_mtime)) == before
        assert os.listdir(folder) == [".htaccess"]


def test_practice_host_that_is_moved_is_let_through_nowhere(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", ())
    made_with = details(server, port=free_port())
    host = connecting.create_host(team=Team.objects.create(name="t"), name="h", details=made_with, profile="apache-755", practice=True)
    host.name = "renamed"
    connecting.store(host)
    assert connecting.details_for(Host.objects.get()).exempt == (made_with.address, made_with.port)
    host.port = server.port
    connecting.store(host, private_key=server.private_key_text)
    assert connecting.test_host(Host.objects.get()).code == "address-refused"


@pytest.mark.django_db
def test_secret_of_another_key_is_said_instead_of_sent() -> None:
    host = make_host(password="geheim")
    Host.objects.filter(pk=host.pk).update(sealed_password=Fernet(Fernet.generate_key()).encrypt(b"geheim").decode())
    host.refresh_from_db()
    result = connecting.test_host(host)
    assert (result.ok, result.code) == (False, "secret-unreadable")
    assert "Restore secret.key or type it again." in Host.objects.get(pk=host.pk).state_detail


def test_whoever_waits_for_a_turn_does_not_repeat_a_login_that_was_refused_meanwhile(
    server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = connecting.create_host(team=make_team(), name="Account", details=details(server), profile="apache-755")
    Host.objects.filter(pk=host.pk).update(state=Host.State.WORKS)
    waiting = Host.objects.get(pk=host.pk)
    taken = politeness._taken

    def late(of: Host) -> politeness.Turn:
        turn = taken(of)
        Host.objects.filter(pk=of.pk).update(state=Host.State.REFUSED)  # by the one before
        return turn

    monkeypatch.setattr(politeness, "_taken", late)
    before = server.quiet_log()
    for opened in (connecting.reader_for, connecting.writer_for):
        waiting.state = Host.State.WORKS
        Host.objects.filter(pk=host.pk).update(state=Host.State.WORKS)
        with pytest.raises(connecting.ConnectionStopped), opened(waiting):
            pass
    assert server.quiet_log() == before


def test_whoever_waits_for_a_turn_uses_the_secret_that_was_corrected_meanwhile(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    host = connecting.create_host(team=make_team(), name="Account", details=details(server), profile="apache-755")
    corrected = host.sealed_private_key
    Host.objects.filter(pk=host.pk).update(sealed_private_key="gAAAAold")
    waiting, taken = Host.objects.get(pk=host.pk), politeness._taken

    def late(of: Host) -> politeness.Turn:
        turn = taken(of)
        Host.objects.filter(pk=of.pk).update(sealed_private_key=corrected)
        return turn

    monkeypatch.setattr(politeness, "_taken", late)
    with connecting.reader_for(waiting) as reader:
        assert reader.home()


def test_password_beside_a_key_that_was_made_here_is_not_taken_to_another_address(
    server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = connecting.create_host(team=make_team(), name="Account", details=details(server, password="hush"), profile="apache-755")
    host.public_key = "ssh-ed25519 AAAA made-here"
    host.save()
    seen: list[ConnectionDetails] = []
    monkeypatch.setattr(connecting, "test_accepting", lambda given, *rest: seen.append(given))
    moved = Host.objects.get(pk=host.pk)
    moved.port = server.port + 1
    connecting.test_typed(moved)
    assert (seen[0].password, bool(seen[0].private_key)) == ("", True)
    connecting.store(moved)
    assert host_secrets(Host.objects.get(pk=host.pk))[0] == ""
