"""Connections besides the one that is used: noted, in their turn, within the setting, and never with a secret that was just refused."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from diagnostics.connections import connecting, politeness, purposes
from diagnostics.models import ConnectionLease, ConnectionPause, HostAction
from diagnostics.transports.base import NotTried
from sites.models import Host
from tests.diagnostics.jump_pairs import Pair, pair_of
from tests.factories import make_host, make_team, make_user
from tests.ftp_servers import FtpServer, pyftpdlib, vsftpd
from tests.servers import free_port

pytestmark = pytest.mark.django_db
FOLDERS = 400


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


def planted(server: FtpServer) -> str:
    for number in range(FOLDERS):
        folder = server.home / "www" / f"d{number}"
        folder.mkdir(parents=True)
        (folder / "f").touch()
        server.own(folder)
    return f"{server.remote_home}/www"


def ftp_host(server: FtpServer) -> Host:
    host = make_host(make_team(), protocol="ftp", address=server.address, port=server.port, user=server.user, password=server.password)
    Host.objects.filter(pk=host.pk).update(state="works")
    return Host.objects.get(pk=host.pk)


def scanned(host: Host, path: str) -> tuple[int, int]:
    """How many names a scan gives, and how many places on the host it took at most."""
    found, most = 0, 0
    with connecting.reader_for(host) as reader:
        for batch in reader.scan(path, max_entries=10_000):
            found += len(batch)
            most = max(most, ConnectionLease.objects.filter(host=host, slot__isnull=False).count())
    return found, most


def logins(host: Host) -> list[tuple[str, str, int]]:
    return list(HostAction.objects.filter(host=host, verb="login").order_by("pk").values_list("path", "outcome", "times"))


@pytest.mark.parametrize(("allowed", "connections", "places"), [(None, 3, 1), (1, 1, 1), (2, 2, 2)])
def test_scan_over_ftp_keeps_to_the_setting_and_each_connection_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int | None, connections: int, places: int
) -> None:
    monkeypatch.setattr(settings, "SITEMEND_CONNECTIONS_PER_HOST", allowed)
    with vsftpd(tmp_path, extra=("xferlog_enable=YES", "log_ftp_protocol=YES")) as server:
        path, host = planted(server), ftp_host(server)
        with purposes.by(make_user()):
            assert scanned(host, path) == (2 * FOLDERS, places)
        seen = (server.home.parent / "vsftpd.log").read_text().count("OK LOGIN")
    assert seen == connections
    assert logins(host) == [("", "done", 1)] + [("beside", "done", 1)] * (connections - 1)
    assert not ConnectionLease.objects.exists()


def test_helpers_of_work_that_nobody_asked_for_are_counted_in_one_row(tmp_path: Path) -> None:
    with vsftpd(tmp_path) as server:
        path, host = planted(server), ftp_host(server)
        for _scan in range(2):
            assert scanned(host, path)[0] == 2 * FOLDERS
    assert sum(times for _path, _outcome, times in logins(host)) == 6
    assert len(logins(host)) == 1


def test_helper_leaves_its_place_to_who_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_CONNECTIONS_PER_HOST", 2)
    monkeypatch.setattr("diagnostics.connections.accompanying._ASKED_EVERY_S", 0.0)
    with vsftpd(tmp_path) as server:
        path, host = planted(server), ftp_host(server)
        now, places = timezone.now(), []
        with connecting.reader_for(host) as reader:
            for number, _batch in enumerate(reader.scan(path, max_entries=10_000)):
                places.append(ConnectionLease.objects.filter(host=host, slot__isnull=False).count())
                if number == 20:
                    waiting = {"host": host, "slot": None, "since": now, "until": now + timedelta(minutes=1)}
                    ConnectionLease.objects.create(**waiting, holder="elsewhere:1:1")
    assert max(places) == 2 and places[-1] == 1


def test_host_that_refused_a_further_connection_is_not_asked_again(tmp_path: Path) -> None:
    with pyftpdlib(tmp_path, max_cons_per_ip=1) as server:
        path, host = planted(server), ftp_host(server)
        for _scan in range(2):
            assert scanned(host, path)[0] == 2 * FOLDERS
    refused = [row for row in logins(host) if row[0] == "beside"]
    assert refused == [("beside", "refused", 1)]
    assert Host.objects.get(pk=host.pk).state == "works"


def test_secret_that_a_helper_was_refused_with_is_not_offered_again(tmp_path: Path) -> None:
    with vsftpd(tmp_path, extra=("xferlog_enable=YES", "log_ftp_protocol=YES")) as server:
        path, host = planted(server), ftp_host(server)
        with connecting.reader_for(host) as reader:
            subprocess.run(["chpasswd"], input=f"{server.user}:another-one-now", text=True, check=True)
            assert sum(len(batch) for batch in reader.scan(path, max_entries=10_000)) == 2 * FOLDERS
            assert sum(len(batch) for batch in reader.scan(path, max_entries=10_000)) == 2 * FOLDERS
        for _more in range(2):
            with pytest.raises(NotTried), connecting.reader_for(host):
                pass
        assert (server.home.parent / "vsftpd.log").read_text().count("FAIL LOGIN") == 1
    assert Host.objects.get(pk=host.pk).state == "refused"
    assert logins(host) == [("", "done", 1), ("beside", "refused", 1)]


# --- jump hosts ---------------------------------------------------------------------------------
@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with pair_of(tmp_path) as made:
        yield made


@contextmanager
def taken(host: Host) -> Iterator[None]:
    """Somebody on another machine uses it."""
    now = timezone.now()
    row = ConnectionLease.objects.create(host=host, slot=0, holder="elsewhere:1:1", since=now, until=now + timedelta(minutes=1))
    yield
    row.delete()


def test_jump_host_has_its_turn_and_its_line_in_what_was_done(pair: Pair) -> None:
    with connecting.reader_for(pair.host) as reader:
        assert reader.home()
        assert set(ConnectionLease.objects.values_list("host", "slot")) == {(pair.host.pk, 0), (pair.jump.pk, 0)}
    with connecting.writer_for(pair.host) as writer:
        assert writer.home()
        assert ConnectionLease.objects.count() == 2
    assert not ConnectionLease.objects.exists()
    assert sum(times for _path, outcome, times in logins(pair.jump) if outcome == "done") == 2


def test_jump_host_that_is_in_use_is_waited_for(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "WAIT_S", 0.5)
    with taken(pair.jump), pytest.raises(politeness.ConnectionBusy), connecting.reader_for(pair.host):
        pass
    assert logins(pair.jump) == [] and not ConnectionPause.objects.exists()
    assert "Accepted" not in pair.jump_server.log.read_text()
    assert not politeness.is_waited_for(pair.host)
    now = timezone.now()
    waiting = {"slot": None, "holder": "elsewhere:1:1", "urgent": True, "since": now, "until": now + timedelta(minutes=1)}
    ConnectionLease.objects.create(host=pair.jump, **waiting)
    assert politeness.is_waited_for(pair.host)


def test_jump_host_that_cannot_be_reached_is_put_off_and_not_the_host_behind_it(pair: Pair) -> None:
    Host.objects.filter(pk=pair.jump.pk).update(port=free_port())
    with pytest.raises(connecting.TransportError) as caught, connecting.reader_for(Host.objects.get(pk=pair.host.pk)):
        pass
    assert caught.value.code == "jump-host"
    assert [pause.host for pause in ConnectionPause.objects.all()] == [pair.jump]
    assert logins(pair.jump) == [("", "refused", 1)]
    with pytest.raises(politeness.ConnectionPaused), connecting.reader_for(Host.objects.get(pk=pair.host.pk)):
        pass


def test_secret_that_a_jump_host_refused_while_one_waited_is_not_offered_again(pair: Pair) -> None:
    Host.objects.filter(pk=pair.jump.pk).update(sealed_private_key=pair.host.sealed_private_key)
    details = connecting.details_for(Host.objects.get(pk=pair.host.pk))
    for code in ("jump-host", "stopped"):  # also for an account that is typed and not stored yet
        assert connecting.test_details(details).code == code
    assert pair.jump_server.log.read_text().count("Failed publickey") == 1
    assert Host.objects.get(pk=pair.jump.pk).state == "refused"
    assert logins(pair.jump) == [("", "refused", 1)]


def test_jump_host_whose_secret_was_corrected_while_one_waited_is_used_with_the_new_one(pair: Pair) -> None:
    right = pair.jump.sealed_private_key
    Host.objects.filter(pk=pair.jump.pk).update(sealed_private_key=pair.host.sealed_private_key)
    before = connecting.details_for(Host.objects.get(pk=pair.host.pk))
    Host.objects.filter(pk=pair.jump.pk).update(sealed_private_key=right)
    assert connecting.test_details(before).ok
    assert [thread.name for thread in threading.enumerate() if thread.name == "scan"] == []
