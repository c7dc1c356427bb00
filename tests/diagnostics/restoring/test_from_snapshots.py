"""Files of the host's snapshots, by a login of their own on a real sshd and a real FTP server: found, proposed, put back, undone."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from diagnostics import repairing, tasks
from diagnostics.changes import changing, undoing
from diagnostics.connections import connecting
from diagnostics.models import HostAction, RepairCase, SnapshotFile, Step
from diagnostics.restoring import from_snapshots, snapshots
from diagnostics.transports.base import ConnectionDetails
from sites import queueing
from sites.models import Host, Site
from tests.diagnostics.restoring.conftest import named
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.ftp_servers import FtpServer
from tests.http_server import HttpServer, Received, Reply
from tests.servers import SshServer, account, sshd

pytestmark = pytest.mark.django_db(transaction=True)
WELL, BROKEN = b"<?php\nfunction shop() {\n    return 'open';\n}\necho shop();\n", b"<?php\nfunction shop() {\n    return 'op"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda *_a, **_k: True)
    monkeypatch.setattr(changing, "SPACING_S", 0.0)
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("ssh"), password_user=True, extra="AllowUsers sm-test-*-snap*") as started:
        yield started


@pytest.fixture
def server(request: pytest.FixtureRequest) -> SshServer | FtpServer:
    found = named(request)
    www = found.home / "www"
    shutil.rmtree(www, ignore_errors=True)
    www.mkdir(mode=0o705)
    found.home.chmod(0o705)
    write(www / "index.php", BROKEN)
    for path in (www, www / "index.php"):
        found.own(path)
    return found


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o604)
    os.utime(path, (1_700_000_000, 1_700_000_000))


@contextlib.contextmanager
def kept(server: SshServer | FtpServer, login: str, content: bytes | None) -> Iterator[Path]:
    """A snapshot with a login of its own, which may write nothing there. None: without the file."""
    folder = Path(tempfile.mkdtemp(prefix="sitemend-snapshot-"))
    try:
        folder.chmod(0o755)
        home = folder / "home"
        (home / "www").mkdir(parents=True)
        with account(home, str(home), server.password, f"{server.user}{login}"):
            for path in (home, home / "www"):
                os.chown(path, 0, 0)
                path.chmod(0o755)
            if content is not None:
                write(home / "www/index.php", content)
            yield home
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def case(server: SshServer | FtpServer) -> Iterator[RepairCase]:
    def answer(_request: Received) -> Reply:
        well = (server.home / "www/index.php").read_bytes() == WELL
        return Reply(200, body=b"<h1>Shop</h1>") if well else Reply(500, body=b"broken")

    host = make_host(
        make_team(), address=server.address, port=server.port, user=server.user, host_key=server.host_key, state=Host.State.WORKS,
        protocol="ftp" if isinstance(server, FtpServer) else "ssh", password=server.password, profile="ovh-mutualise",
    )  # fmt: skip
    with HttpServer() as web:
        web.route("/", answer)
        site = make_site(host=host, name="shop", url=web.url("/"), docroot=f"{server.remote_home}/www")
        Site.objects.filter(pk=site.pk).update(verdict="down", kind="server-error")
        site.refresh_from_db()
        yield repairing.open_case(site, make_incident(site))


def looked(case: RepairCase, *answers: tuple[str, str]) -> Step:
    step = repairing.look_elsewhere(case, from_snapshots.READ, None, answers)
    tasks.run_step(step.pk)
    step.refresh_from_db()
    return step


@pytest.mark.parametrize("server", ["ssh", "ftp"], indirect=True)
def test_file_of_a_snapshot_is_proposed_put_back_and_undone(server: SshServer | FtpServer, case: RepairCase) -> None:
    with kept(server, "-snap0", WELL) as first, kept(server, "-snap1", None), kept(server, "-snap2", WELL), contextlib.ExitStack() as more:
        for login in ("-snap3", "-snap4"):
            more.enter_context(kept(server, login, None))
        before = sorted((path, path.stat().st_mtime_ns) for path in first.rglob("*"))
        step = looked(case)
        assert step.state == "done" and "found" in step.message, step.message
        assert sorted((path, path.stat().st_mtime_ns) for path in first.rglob("*")) == before
    assert {row["login"] for row in step.result["snapshots"]} <= {"-snap0", "-snap1", "-snap2", "-snap3"}
    case.refresh_from_db()
    offer = next(each for each in repairing.offers(case) if each.repair_id == "restore-file" and "snapshot" in each.title)
    assert "+    return 'open';" in offer.diff
    made = repairing.start(case, guide_step="restore", action="repair", repair_id=offer.repair_id, digest=offer.digest)
    made = repairing.run_step(made.pk)  # the snapshots' servers are gone: what was read is kept
    made.refresh_from_db()
    assert made.state == "done-verified" and (server.home / "www/index.php").read_bytes() == WELL, made.message
    undoing.undo(made)
    assert (server.home / "www/index.php").read_bytes() == BROKEN
    noted = HostAction.objects.filter(host=case.site.host, verb="login", path__startswith="-snap").values_list("path", "outcome", "reads")
    assert ("-snap0", "done") in [(path, outcome) for path, outcome, _reads in noted]


def test_snapshot_that_lets_nobody_in_does_not_stop_the_account(server: SshServer, case: RepairCase, client: Client) -> None:
    step = looked(case)
    assert step.state == "failed" and "plain FTP" in step.message and "allow it" in step.message
    host = Host.objects.get(pk=case.site.host_id)
    assert host.state == Host.State.WORKS
    refused = HostAction.objects.filter(host=host, verb="login", outcome="refused").values_list("path", flat=True)
    assert len(refused) == 1 and refused[0].startswith("-snap"), "one try, not one for each snapshot"
    client.force_login(make_user("alice", team=case.site.team))
    shown = client.get(f"/repairs/{case.pk}/?step=restore").content.decode()
    assert 'name="plain"' in shown and "others on the way can read" in shown


def test_plain_ftp_is_used_only_where_it_was_allowed_and_takes_no_key_along() -> None:
    stored = ConnectionDetails("ssh", "ssh.cluster042.hosting.ovh.net", 22, "shop", "secret", private_key="KEY", host_key="ssh-ed25519 A")
    safe = connecting.other_login(stored, "-snap2", plain=False)
    assert (safe.protocol, safe.address, safe.user, safe.private_key, safe.host_key) == (
        "sftp", stored.address, "shop-snap2", "", "ssh-ed25519 A",
    )  # fmt: skip
    plain = connecting.other_login(stored, "-snap2", plain=True)
    assert (plain.protocol, plain.address, plain.port, plain.host_key) == ("ftp", "ftp.cluster042.hosting.ovh.net", 21, "")


def test_snapshots_are_of_the_moments_that_the_guide_names() -> None:
    wednesday = datetime(2026, 11, 25, 12, tzinfo=UTC)
    told = [(each.login, each.backup, each.at.strftime("%a %d %H:%M")) for each in snapshots.kept_at(wednesday)]
    assert told == [
        ("-snap0", "daily.1", "Wed 25 00:01"), ("-snap1", "daily.2", "Tue 24 00:01"), ("-snap2", "daily.3", "Mon 23 00:01"),
        ("-snap3", "weekly.1", "Sun 22 01:00"), ("-snap4", "weekly.2", "Sun 15 01:00"),
    ]  # fmt: skip
    early_sunday = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # half past midnight in Paris: this Sunday's is not made yet
    assert {each.backup: each.at.day for each in snapshots.kept_at(early_sunday)}["weekly.1"] == 15


def test_account_that_is_known_by_its_key_alone_is_told_so(case: RepairCase) -> None:
    Host.objects.update(sealed_password="")
    case.site.host.refresh_from_db()
    step = looked(case)
    assert step.state == "failed" and "only a key" in step.message
    assert not HostAction.objects.filter(path__startswith="-snap").exists()


def test_what_was_read_long_ago_is_let_go_of(case: RepairCase) -> None:
    snapshot = snapshots.kept_at(timezone.now())[0]
    snapshots.keep(case.site, snapshot, [snapshots.Found("index.php", WELL, 0o604)])
    assert WELL not in bytes(SnapshotFile.objects.get().sealed) and snapshots.forget_old() == 0
    SnapshotFile.objects.update(read_at=timezone.now() - snapshots.KEPT_FOR * 2)
    assert snapshots.forget_old() == 1


@pytest.mark.parametrize("server", ["ssh", "ftp"], indirect=True)
def test_file_beside_the_docroot_comes_from_a_snapshot_too(server: SshServer | FtpServer) -> None:
    """Of a site that was not known while it was well."""
    program, start = server.home / "www/app/shop.php", server.home / "www/public/index.php"
    for path, content in ((program, BROKEN), (start, b"<?php\nrequire __DIR__ . '/../app/shop.php';\n")):
        path.parent.mkdir(mode=0o705)
        write(path, content)
        server.own(path.parent)
        server.own(path)

    def answer(_request: Received) -> Reply:
        said = f"<b>Parse error</b>:  Unclosed '{{' on line 2 in <b>{program}</b> on line <b>3</b><br />".encode()
        return Reply(200, body=b"<h1>Shop</h1>") if program.read_bytes() == WELL else Reply(500, body=said)

    host = make_host(
        make_team(), address=server.address, port=server.port, user=server.user, host_key=server.host_key, state=Host.State.WORKS,
        protocol="ftp" if isinstance(server, FtpServer) else "ssh", password=server.password, profile="ovh-mutualise",
    )  # fmt: skip
    with HttpServer() as web, kept(server, "-snap0", None) as first, contextlib.ExitStack() as more:
        web.route("/", answer)
        (first / "www/app").mkdir()
        write(first / "www/app/shop.php", WELL)
        for login in ("-snap1", "-snap2", "-snap3", "-snap4"):
            more.enter_context(kept(server, login, None))
        site = make_site(host=host, name="shop", url=web.url("/"), docroot=f"{server.remote_home}/www/public")
        Site.objects.filter(pk=site.pk).update(verdict="down", kind="server-error")
        site.refresh_from_db()
        case = repairing.open_case(site, make_incident(site))
        assert looked(case).state == "done"
        case.refresh_from_db()
        offer = next(each for each in repairing.offers(case) if each.repair_id == "restore-file" and "snapshot" in each.title)
        assert "app/shop.php" in offer.diff
        made = repairing.start(case, guide_step="restore", action="repair", repair_id=offer.repair_id, digest=offer.digest)
        made = repairing.run_step(made.pk)
        made.refresh_from_db()
        assert made.state == "done-verified" and program.read_bytes() == WELL, made.message
        undoing.undo(made)
        assert program.read_bytes() == BROKEN
