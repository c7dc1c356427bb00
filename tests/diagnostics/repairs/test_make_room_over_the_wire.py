"""Making room on a real disk that is full, over real servers: found, copied, taken away, put back; and nothing goes without its copy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.utils import timezone

from diagnostics.changes import keeping_whole, undoing
from diagnostics.changes.executor import NotApplied
from diagnostics.connections import connecting
from diagnostics.evidence import Evidence
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Proof
from diagnostics.repairing import RepairRefused
from diagnostics.repairs import try_plan
from diagnostics.repairs.make_room import ID
from diagnostics.repairs.plan import Plan
from diagnostics.transports import open_reader
from diagnostics.transports.base import ConnectionDetails
from sites.models import Host, Site
from sites.probing.guard import Guard
from tests.diagnostics.changes_made import OLD, applied
from tests.diagnostics.evidences import site as seen_site
from tests.diagnostics.repairs.real_folder import finding
from tests.factories import make_team
from tests.ftp_servers import FtpServer, pure_ftpd
from tests.servers import SshServer, small_disk, sshd

pytestmark = pytest.mark.django_db(transaction=True)
KB = 1024
DISK = 512


@pytest.fixture(params=["ssh", "sftp", "ftp"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SshServer | FtpServer]:
    made = pure_ftpd(tmp_path) if request.param == "ftp" else sshd(tmp_path, sftp_only=request.param == "sftp")
    with made as running:
        yield running


@pytest.fixture
def disk(server: SshServer | FtpServer) -> Iterator[Path]:
    """The account has a site that says that it is full, and backups beside it on a disk without room."""
    www, backup = server.home / "www", server.home / "backup"
    for folder in (www, backup):
        folder.mkdir()
        os.chown(folder, server.uid, server.gid)
    put(server, www / "index.php", b"<?php\n")
    put(server, www / "error_log", b"[22-Nov-2026 03:12:04 UTC] PHP Warning:  fopen(): No space left on device in x.php on line 2\n")
    with small_disk(backup, DISK) as mounted:
        os.chown(mounted, server.uid, server.gid)
        for night in range(4):
            put(server, mounted / f"site-{night}.zip", bytes([night]) * 128 * KB)
        yield mounted


def put(server: SshServer | FtpServer, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    os.chown(path, server.uid, server.gid)
    path.chmod(0o604)
    os.utime(path, (OLD, OLD))


def details(server: SshServer | FtpServer) -> ConnectionDetails:
    if isinstance(server, FtpServer):
        secret = {"protocol": "ftp", "password": server.password}
    else:
        is_shut_in = server.remote_home != str(server.home)
        secret = {"protocol": "sftp" if is_shut_in else "ssh", "private_key": server.private_key_text, "host_key": server.host_key}
    return ConnectionDetails(address=server.address, port=server.port, user=server.user, **secret)


def site_on(server: SshServer | FtpServer, settings: object) -> Site:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)  # type: ignore[attr-defined]
    host: Host = connecting.create_host(team=make_team(), name="a", details=details(server), profile="apache-755")
    docroot = f"{server.remote_home.rstrip('/')}/www"
    return Site.objects.create(team=host.team, name="shop", url="http://shop.example/", host=host, docroot=docroot)


def read(server: SshServer | FtpServer, site: Site) -> Evidence:
    with open_reader(replace(details(server), exempt=(server.address, server.port)), guard=Guard()) as reader:
        return gather(reader, seen_site(500), SitePaths(site.docroot, f"{site.docroot}/error_log"), "apache-755", timezone.now())


def planned(server: SshServer | FtpServer, site: Site) -> Plan:
    found: Finding = replace(finding("disk-full", "", ID), evidence=(Proof("error-log", "No space left on device"),))
    plan = try_plan(ID, read(server, site), found)
    assert isinstance(plan, Plan), plan
    assert [change.shown for change in plan.changes] == ["backup/site-0.zip", "backup/site-1.zip"]
    return plan


def state(disk: Path) -> dict[str, tuple[bytes, int, int, int]]:
    return {
        path.name: (path.read_bytes(), path.stat().st_mode, path.stat().st_uid, int(path.stat().st_mtime))
        for path in sorted(disk.iterdir())
    }


def test_full_disk_gets_room_and_everything_comes_back(server: SshServer | FtpServer, disk: Path, settings: object) -> None:
    site, before = site_on(server, settings), state(disk)
    assert os.statvfs(disk).f_bavail == 0
    step = applied(site, *planned(server, site).changes)
    assert sorted(state(disk)) == ["site-2.zip", "site-3.zip"] and os.statvfs(disk).f_bavail > 0
    put(server, disk / "page.html", b"p" * 200 * KB)  # the site goes on storing
    with pytest.raises(RepairRefused, match="no room to put it back.*copies are kept here"):
        undoing.undo(step)
    assert sorted(state(disk)) == ["page.html", "site-2.zip", "site-3.zip"]  # all of it or nothing, and nothing of ours left behind
    (disk / "page.html").unlink()
    assert undoing.undo(step).state == "undone" and state(disk) == before


def test_nothing_is_taken_where_the_copy_fails(
    server: SshServer | FtpServer, disk: Path, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, before = site_on(server, settings), state(disk)
    plan, stored = planned(server, site), keeping_whole.journal.record

    def full_at_the_second(*args: object) -> object:
        if args[1] == 1:
            raise DatabaseError("database or disk is full")
        return stored(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(keeping_whole.journal, "record", full_at_the_second)
    with pytest.raises(NotApplied, match="could not be stored here. It was left where it is") as told:
        applied(site, *plan.changes)
    assert told.value.taken_back and state(disk) == before
