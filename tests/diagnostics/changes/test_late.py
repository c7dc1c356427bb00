"""Hosts that carry a change out after their line had broken: looked at again, noticed, told, and taken back where a person wants it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from diagnostics import steps
from diagnostics.changes import changing, late, recovering, undoing
from diagnostics.changes.executor import Executor
from diagnostics.connections import connecting
from diagnostics.connections.locking import held
from diagnostics.models import ConnectionLease, HostLock, JournalEntry, Step
from diagnostics.repairs.plan import Change, ChangeMode, CreateFolder, Plan, RemoveFile
from diagnostics.transports.base import ConnectionDetails, ConnectionLost
from diagnostics.transports.ftp_wire import FtpWire
from diagnostics.transports.local_writer import LocalWriter
from diagnostics.transports.sftp_wire import SftpWire
from sites.models import Host, Site
from tests.diagnostics.changes_made import BEFORE, new_step, put, renaming, rewrite, tree
from tests.factories import make_team
from tests.ftp_servers import FtpServer, vsftpd
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = ("rename", "mode", "remove", "folder")
METHOD = {"rename": "rename", "mode": "chmod", "remove": "remove", "folder": "make_folder"}


def change_of(kind: str, folder: Path, shown_in: str = "") -> Change:
    path = folder / ".htaccess"
    remote = Path(shown_in or folder)
    if kind == "rename":
        return replace(renaming(path, folder / "htaccess.off"), path=f"{remote}/.htaccess", target=f"{remote}/htaccess.off")
    if kind == "write":
        return replace(rewrite(path), path=f"{remote}/.htaccess")
    if kind == "mode":
        return ChangeMode(f"{remote}/.htaccess", ".htaccess", "file", 0o604, 0o644)
    if kind == "folder":
        return CreateFolder(f"{remote}/cache", "cache", 0o755)
    return RemoveFile(f"{remote}/.htaccess", ".htaccess", BEFORE, 0o604)


def by_hand(kind: str, folder: Path) -> None:
    path, made = folder / ".htaccess", folder / "cache"
    renamed = {"rename": lambda: path.rename(folder / "htaccess.off"), "mode": lambda: path.chmod(0o644), "remove": path.unlink}
    {**renamed, "folder": lambda: made.mkdir(0o755)}[kind]()


def apply(step: Step, change: Change) -> Step:
    host = step.case.site.host
    with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
        steps.claim(step)
        changing.apply(step, executor, Plan("r", "c", "t", "w", (change,)))
    step.refresh_from_db()
    return step


def look_later(hours: float = 0.1) -> list[int]:
    """So long after the line broke."""
    return late.look_again(now=timezone.now() + timedelta(hours=hours))


# --- with a folder of this machine in the place of a host ----------------------------------------
def lost(site: Site, docroot: Path, kind: str, monkeypatch: pytest.MonkeyPatch, **step: str) -> Step:
    """A step whose line broke just when its change was told."""

    def break_off(*_args: object, **_more: object) -> None:
        raise ConnectionLost("The connection broke.")

    made = new_step(site)
    Step.objects.filter(pk=made.pk).update(**step)
    made.refresh_from_db()
    with monkeypatch.context() as patch:
        patch.setattr(LocalWriter, METHOD[kind], break_off)
        patch.setattr(LocalWriter, "protocol", "sftp")
        apply(made, change_of(kind, docroot))
    assert (made.state, JournalEntry.objects.get(step=made).state) == ("failed", "taken-back")
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_late_is_told_and_can_be_undone(site: Site, docroot: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    before, names = tree(docroot), sorted(docroot.iterdir())
    step = lost(site, docroot, kind, monkeypatch)
    assert late.look_again() == []  # not due yet
    by_hand(kind, docroot)
    if kind == "mode":
        Site.objects.update(verdict="down")
    assert look_later() == [step.pk] and look_later() == []
    step.refresh_from_db()
    assert (step.state, step.may_be_undone) == ("done-not-cured" if kind == "mode" else "done-as-asked", True)
    name = "cache" if kind == "folder" else ".htaccess"
    assert f"{name}: the line to the host broke" in step.message and "Undo takes it back" in step.message
    assert (tree(docroot), sorted(docroot.iterdir())) != (before, names), "a person decides"
    assert undoing.undo(step).state == "undone"
    assert (tree(docroot), sorted(docroot.iterdir())) == (before, names)


@pytest.mark.parametrize("kind", KINDS)
def test_what_never_comes_is_looked_at_three_times(site: Site, docroot: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    step = lost(site, docroot, kind, monkeypatch)
    looks = 0
    while (due := JournalEntry.objects.get().look_again_at) is not None:
        looks += 1
        monkeypatch.setattr(timezone, "now", lambda due=due: due)
        assert late.look_again() == []
    step.refresh_from_db()
    assert (looks, step.state) == (3, "failed")


def test_same_change_made_by_a_later_step_is_not_taken_for_late(site: Site, docroot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = lost(site, docroot, "rename", monkeypatch)
    again = apply(new_step(site), change_of("rename", docroot))
    steps.conclude(again, Step.State.DONE_VERIFIED, "well")
    assert look_later() == []
    step.refresh_from_db()
    assert step.state == "failed"


def test_trial_that_comes_late_is_taken_back_by_itself(site: Site, docroot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(docroot)
    step = lost(site, docroot, "rename", monkeypatch, action="trial")
    by_hand("rename", docroot)
    assert look_later() == [step.pk]
    assert recovering.recover() == [step.pk]
    assert tree(docroot) == before
    step.refresh_from_db()
    assert (step.state, JournalEntry.objects.get().look_again_at) == ("taken-back", None)


def test_host_that_answered_no_is_not_looked_at_again(site: Site, docroot: Path) -> None:
    before = tree(docroot)
    made = renaming(docroot / ".htaccess", docroot / "no such folder" / "x")
    step = apply(new_step(site), made)
    assert step.state == "failed" and tree(docroot) == before
    assert JournalEntry.objects.get().look_again_at is None


# --- with hosts whose disk hangs ----------------------------------------------------------------
BARE = {"sftp_options": "-P posix-rename,statvfs,fsync,lsetstat"}  # replaces a file by two moves


@contextmanager
def hanging(kind: str, change: str, tmp_path: Path) -> Iterator[tuple[Step, Path, Callable[[], None]]]:
    """A step that was given up and taken back while its host hung, the folder, and what lets the host go on."""
    with vsftpd(tmp_path) if kind == "ftp" else sshd(tmp_path, sftp_only=True, **(BARE if kind == "bare" else {})) as server:
        www = server.home / "www"
        www.mkdir()
        put(www / ".htaccess", BEFORE)
        for path in (www, www / ".htaccess"):
            server.own(path)
        before, host, remote = tree(www), host_on(server), f"{server.remote_home}/www"
        site = Site.objects.create(team=host.team, name="shop", url="http://shop.example/", host=host, docroot=remote)
        with pytest.MonkeyPatch.context() as patch:
            stopped = stopping_at_the_rename(server, patch)
            step = apply(new_step(site), change_of(change, www, remote))
            HostLock.objects.update(lease_until=None)
            ConnectionLease.objects.all().delete()
            recovering.recover()
        step.refresh_from_db()
        assert stopped and step.state in ("failed", "taken-back") and tree(www) == before
        yield step, www, lambda: go_on(stopped)


def host_on(server: SshServer | FtpServer) -> Host:
    """A hosting account that is given up after a second."""
    secret: dict[str, Any] = {"private_key": server.private_key_text} if isinstance(server, SshServer) else {"password": server.password}
    protocol = "sftp" if isinstance(server, SshServer) else "ftp"
    details = ConnectionDetails(protocol, server.address, server.port, server.user, host_key=server.host_key, **secret)
    return connecting.create_host(team=make_team(), name="Account", details=details, profile="apache-755")


@pytest.fixture
def impatient(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    patient = connecting.details_for
    monkeypatch.setattr(connecting, "details_for", lambda host: replace(patient(host), operation_timeout_s=1.0))


@pytest.mark.parametrize("kind", ["sftp", "ftp"])
def test_host_that_hangs_in_a_rename_and_does_it_later_is_noticed(tmp_path: Path, impatient: None, kind: str) -> None:
    with hanging(kind, "rename", tmp_path) as (step, www, let_go_on):
        before = tree(www)
        let_go_on()
        assert sorted(path.name for path in www.iterdir()) == ["htaccess.off"], "the host did it, long after it was given up"
        assert look_later() == [step.pk]
        step.refresh_from_db()
        assert step.stands_applied
        assert undoing.undo(step).state == "undone" and tree(www) == before


def test_file_that_is_moved_aside_late_gets_its_name_again(tmp_path: Path, impatient: None) -> None:
    with hanging("bare", "write", tmp_path) as (step, www, let_go_on):
        before = tree(www)
        let_go_on()
        assert [path.name[:10] for path in www.iterdir()] == [".sitemend-"], "the host did the first of two moves"
        assert look_later() == [step.pk] and recovering.recover() == [step.pk]
        assert tree(www) == before


def working_for(server: SshServer | FtpServer) -> list[int]:
    """The processes that carry out what the account asks for."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):  # it has just ended
            if entry.name.isdigit() and entry.stat().st_uid == server.uid:
                found.append(int(entry.name))
    return found


def stopping_at_the_rename(server: SshServer | FtpServer, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first rename is told to processes that are stopped. Gives them."""
    stopped: list[int] = []
    rename, need = SftpWire.rename, FtpWire.need

    def stop() -> None:
        if not stopped:
            stopped.extend(working_for(server))
            for pid in list(stopped):
                try:
                    os.kill(pid, signal.SIGSTOP)
                except ProcessLookupError:  # of an earlier connection, that ended meanwhile
                    stopped.remove(pid)

    def stopping(self: SftpWire, *names: bytes) -> None:
        stop()
        rename(self, *names)

    def needing(self: FtpWire, command: str, *rest: str) -> Any:
        if command == "RNTO":
            stop()
        return need(self, command, *rest)

    monkeypatch.setattr(SftpWire, "rename", stopping)
    monkeypatch.setattr(FtpWire, "need", needing)
    return stopped


def go_on(pids: list[int]) -> None:
    """They go on, and end since nobody is there any more."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() and not is_dead(pid) for pid in pids):
        assert time.monotonic() < deadline, "a session of the host does not end"
        time.sleep(0.02)


def is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
