"""Links to nothing on a real sshd and a real FTP server: found, led to where their target lies now, and undone to the byte."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from diagnostics.baselines import taking
from diagnostics.checks.registry import run_checks
from diagnostics.connections import connecting, purposes
from diagnostics.evidence import Evidence, PageSeen, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.repairs import try_plan
from diagnostics.repairs.lead_link_again import ID
from diagnostics.repairs.plan import Plan
from diagnostics.restoring import lost_links
from sites.models import Host, Site
from tests.diagnostics.baselines.conftest import well
from tests.diagnostics.changes_made import applied
from tests.diagnostics.restoring.conftest import named
from tests.diagnostics.restoring.test_looking import put, undone
from tests.factories import make_host, make_site, make_team
from tests.ftp_servers import FtpServer
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db(transaction=True)
OLD = 1_600_000_000
START = b"<?php echo 'start';\n"


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("ssh")) as started:
        yield started


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("sftp"), sftp_only=True) as started:
        yield started


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[SshServer | FtpServer]:
    found = named(request)
    yield found
    for path in found.home.iterdir():
        if path.name in ("releases", "current", "shared", "www", "release-1"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


EVERYWHERE = pytest.mark.parametrize("server", ["ssh", "sftp", "ftp"], indirect=True)


def registered(server: SshServer | FtpServer, docroot: str) -> Site:
    secret = {"password": server.password} if isinstance(server, FtpServer) else {"private_key": server.private_key_text}
    protocol = server.protocol if isinstance(server, FtpServer) else "ssh" if server.remote_home == str(server.home) else "sftp"
    host = make_host(
        make_team(), address=server.address, port=server.port, user=server.user, host_key=server.host_key, state=Host.State.WORKS,
        practice=True, protocol=protocol, **secret,
    )  # fmt: skip
    return well(make_site(host=host, name="shop", docroot=f"{server.remote_home.rstrip('/')}/{docroot}"))


def link(server: SshServer | FtpServer, name: str, target: str) -> Path:
    path = server.home / name
    path.symlink_to(target)
    server.own(path)
    os.utime(path, (OLD, OLD), follow_symlinks=False)
    return path


def seen(site: Site, *findings: Finding) -> tuple[Evidence, tuple[Finding, ...]]:
    """The files as they are now, of a site that began to fail a moment ago, and what the checks or these findings say of it."""
    at = timezone.now() + timedelta(seconds=1)
    page = PageSeen("/", "http://shop.example/", "client-error", 404, at)
    view = SiteSeen("shop", "http://shop.example/", "down", "client-error", (page,), at)
    with purposes.doing("diagnosis", site=site), connecting.reader_for(site.host) as reader:
        evidence = gather(reader, view, SitePaths(site.docroot), "apache-755", at)
        found = findings or run_checks(evidence).findings
        return lost_links.with_places(site, reader, evidence, found, ()), tuple(found)


def planned(site: Site, *findings: Finding) -> Plan:
    evidence, found = seen(site, *findings)
    plan = try_plan(ID, evidence, found[0])
    assert isinstance(plan, Plan), (plan, evidence.lost_links, found)
    return plan


def state(server: SshServer | FtpServer) -> dict[str, Any]:
    """Names, kinds, owners, and contents and times of files and links."""
    rows: dict[str, Any] = {}
    for path in sorted(server.home.rglob("*")):
        stat = path.lstat()
        held = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        rows[str(path.relative_to(server.home))] = (stat.st_mode, stat.st_uid, held, int(stat.st_mtime) if held is not None else 0)
    return rows


@EVERYWHERE
def test_site_whose_release_was_cleared_away_is_led_to_the_newest_complete_one(server: SshServer | FtpServer) -> None:
    """`current/public`, as deployment tools have it: the login sees nothing at the docroot, and the link lies above it."""
    for release in ("20240101", "20240301"):
        put(server, server.home / f"releases/{release}/public/index.php", START)
    put(server, server.home / "releases/20240401/README", b"not yet complete")
    current = link(server, "current", "releases/20240315")
    site, before = registered(server, "current/public"), state(server)
    plan = planned(site)
    assert plan.needs_person and "releases/20240301" in plan.title and "newest of the releases" in plan.why
    step = applied(site, *plan.changes)
    assert (current / "public/index.php").read_bytes() == START
    assert current.is_symlink() is not isinstance(server, FtpServer)
    undone(step, site)
    assert state(server) == before


@EVERYWHERE
def test_docroot_that_was_well_is_led_to_where_its_files_are_now_by_itself(server: SshServer | FtpServer) -> None:
    for name in ("index.php", "app.php", "inc/a.php"):
        put(server, server.home / "www" / name, START + name.encode())
    site = registered(server, "www")
    taking.take(site)
    (server.home / "www").rename(server.home / "release-1")
    put(server, server.home / "shared/index.php", b"<?php // another\n")
    www = link(server, "www", "releases/20240315")
    before, plan = state(server), planned(site)
    assert "lies there" in plan.why and bool(plan.needs_person) is isinstance(server, FtpServer)
    step = applied(site, *plan.changes)
    assert (www / "inc/a.php").read_bytes() == START + b"inc/a.php"
    undone(step, site)
    assert state(server) == before


@EVERYWHERE
@pytest.mark.parametrize("held", ["lib", "../gone/lib", "/old/home/shared/lib"])
def test_library_is_found_by_what_the_log_asks_for(server: SshServer | FtpServer, held: str) -> None:
    put(server, server.home / "www/index.php", START)
    put(server, server.home / "shared/lib/start.php", START)
    lib = link(server, "www/lib", held)
    site, before = registered(server, "www"), state(server)
    said = f"PHP Fatal error:  Uncaught Error: Failed opening required '{site.docroot}/lib/start.php' (include_path='.')"
    found = Finding(
        "php-errors", "php-missing-file", Severity.CRITICAL, 0.9, "s", path="www/lib", evidence=(Proof("error-log", said),), repairs=(ID,)
    )
    step = applied(site, *planned(site, found).changes)
    assert (lib / "start.php").read_bytes() == START
    undone(step, site)
    assert state(server) == before


@EVERYWHERE
def test_link_that_leads_somewhere_is_none_of_these(server: SshServer | FtpServer) -> None:
    put(server, server.home / "www/index.php", START)
    put(server, server.home / "shared/lib/start.php", START)
    put(server, server.home / "shared/more/lib/start.php", START)
    link(server, "www/lib", "../shared/lib")
    site = registered(server, "www")
    found = Finding("t", "php-missing-file", Severity.CRITICAL, 0.9, "s", path="www/lib/gone.php", repairs=(ID,))
    evidence, _found = seen(site, found)
    assert evidence.lost_links == () and try_plan(ID, replace(evidence), found) is None
