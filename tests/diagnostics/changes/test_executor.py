"""The executor on real files of this machine: applied, refused when stale, taken back byte for byte."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics import repairing
from diagnostics.changes import journal, recovering
from diagnostics.changes.executor import Executor, NotApplied, Stale
from diagnostics.connections.locking import LockLost, acquire, held
from diagnostics.models import HostLock, JournalEntry, RepairCase, Step
from diagnostics.repairs.plan import ChangeMode, Plan, RenameFile, WriteFile
from diagnostics.tasks import recover_journal
from diagnostics.transports import open_writer
from diagnostics.transports.base import ConnectionDetails, NoSpace
from sites.models import Host, Site, Team

pytestmark = pytest.mark.django_db
OLD = 1_600_000_000.0


@pytest.fixture
def host() -> Host:
    return Host.objects.create(team=Team.objects.create(name="t"), name="h", protocol="local")


@pytest.fixture
def step(host: Host) -> Step:
    return new_step(host)


def new_step(host: Host) -> Step:
    site, _ = Site.objects.get_or_create(team=host.team, name="shop", url="http://shop.example/", host=host)
    case, _ = RepairCase.objects.get_or_create(site=site, closed_at=None, defaults={"opened_at": timezone.now()})
    return Step.objects.create(case=case, guide_step="htaccess", action="repair", title="x", created_at=timezone.now())


@pytest.fixture
def docroot(tmp_path: Path) -> Path:
    folder = tmp_path / "www"
    folder.mkdir()
    put(folder / ".htaccess", b"RewritEngine On\r\n\xff\n", 0o604)
    put(folder / "a b'\n\udcff.php", b"<?php", 0o666)
    return folder


def put(path: Path, content: bytes, mode: int) -> None:
    path.write_bytes(content)
    path.chmod(mode)
    os.utime(path, (OLD, OLD))


def tree(folder: Path) -> dict[str, tuple[bytes, int, int, int]]:
    found = {}
    for path in sorted(folder.rglob("*"), key=str):
        stat = path.stat()
        found[str(path)] = (
            path.read_bytes() if path.is_file() else b"",
            stat.st_mode,
            int(stat.st_mtime) if path.is_file() else 0,
            stat.st_uid,
        )
    return found


def opener(folder: Path, wrap=lambda writer: writer):
    @contextmanager
    def opened() -> Iterator:
        with open_writer(ConnectionDetails("local", "", 0, ""), local_roots=[str(folder)]) as writer:
            yield wrap(writer)

    return opened


def write(docroot: Path, after: bytes = b"RewriteEngine On\n") -> WriteFile:
    path = docroot / ".htaccess"
    return WriteFile(str(path), "www/.htaccess", path.read_bytes(), after, 0o604)


def mode(docroot: Path) -> ChangeMode:
    return ChangeMode(str(docroot / "a b'\n\udcff.php"), "www/a", "file", 0o666, 0o604)


def rename(docroot: Path) -> RenameFile:
    path = docroot / ".htaccess"
    return RenameFile(str(path), "www/.htaccess", f"{path}.old", "www/.htaccess.old", journal.sha256(path.read_bytes()))


def plan(*changes: object) -> Plan:
    return Plan("r", "c", "t", "w", tuple(changes))  # type: ignore[arg-type]


def test_apply_writes_and_take_back_restores_everything(host: Host, step: Step, docroot: Path) -> None:
    before = tree(docroot)
    with Executor(opener(docroot), acquire(host)) as executor:
        executor.apply(step, plan(write(docroot), mode(docroot)))
        assert (docroot / ".htaccess").read_bytes() == b"RewriteEngine On\n"
        assert (docroot / ".htaccess").stat().st_mode & 0o777 == 0o604
        assert executor.take_back(step).complete
    assert tree(docroot) == before


def test_journal_holds_content_sealed_before_the_write(host: Host, step: Step, docroot: Path) -> None:
    seen: list[int] = []

    class Watching:
        def __init__(self, writer):
            self._writer = writer

        def __getattr__(self, name):
            if name in ("write_atomic", "rename", "chmod"):
                seen.append(JournalEntry.objects.filter(step=step).count())
            return getattr(self._writer, name)

    with Executor(opener(docroot, Watching), acquire(host)) as executor:
        executor.apply(step, plan(write(docroot), mode(docroot)))
    assert seen == [1, 2]
    entry = step.journal.first()
    assert b"RewritEngine" not in bytes(entry.before_content)
    assert journal.before_content(entry) == b"RewritEngine On\r\n\xff\n"
    assert journal.unescape_path(step.journal.last().path) == str(docroot / "a b'\n\udcff.php")


def test_changed_file_is_stale_and_nothing_is_written(host: Host, step: Step, docroot: Path) -> None:
    change = write(docroot)
    (docroot / ".htaccess").write_bytes(b"somebody else was here\n")
    before = tree(docroot)
    with Executor(opener(docroot), acquire(host)) as executor, pytest.raises(Stale):
        executor.apply(step, plan(mode(docroot), change))
    assert tree(docroot) == before
    assert not step.journal.exists()


def test_full_disk_in_the_middle_takes_back_what_was_made(host: Host, step: Step, docroot: Path) -> None:
    class Full:
        def __init__(self, writer):
            self._writer = writer

        def __getattr__(self, name):
            return getattr(self._writer, name)

        def write_atomic(self, path, content, mode, mtime=None):
            raise NoSpace("The host's disk is full.")

    before = tree(docroot)
    with Executor(opener(docroot, Full), acquire(host)) as executor, pytest.raises(NotApplied) as caught:
        executor.apply(step, plan(mode(docroot), write(docroot)))
    assert caught.value.taken_back
    assert "full" in caught.value.message
    assert tree(docroot) == before


def test_lost_lock_stops_before_the_next_write(host: Host, step: Step, docroot: Path) -> None:
    lock = acquire(host)
    HostLock.objects.filter(host=host).update(lease_until=timezone.now())
    other = acquire(host)
    before = tree(docroot)
    with Executor(opener(docroot), lock) as executor, pytest.raises(LockLost):
        executor.apply(step, plan(write(docroot)))
    assert tree(docroot) == before
    assert other.fence == lock.fence + 1


def test_two_steps_are_undone_in_any_order(host: Host, docroot: Path) -> None:
    before = tree(docroot)
    first, second = new_step(host), new_step(host)
    with Executor(opener(docroot), acquire(host)) as executor:
        executor.apply(first, plan(write(docroot)))
        executor.apply(second, plan(rename(docroot)))
        assert executor.take_back(first).complete
        assert executor.take_back(second).complete
    assert tree(docroot) == before


def test_undo_refuses_what_somebody_changed_since(host: Host, step: Step, docroot: Path) -> None:
    with Executor(opener(docroot), acquire(host)) as executor:
        executor.apply(step, plan(write(docroot)))
        (docroot / ".htaccess").write_bytes(b"edited by hand\n")
        back = executor.take_back(step)
    assert not back.complete
    assert "no longer what was written" in back.why()
    assert (docroot / ".htaccess").read_bytes() == b"edited by hand\n"


def test_entry_recorded_but_not_made_is_not_undone_twice(host: Host, step: Step, docroot: Path) -> None:
    change = write(docroot)
    before = tree(docroot)
    with Executor(opener(docroot), acquire(host)) as executor:
        stat, content = executor.look(change)
        journal.record(step, 0, change, stat, content)
        (docroot / ".sitemend-00aa11bb22cc33dd.tmp").write_bytes(b"half")
        assert executor.take_back(step).complete
        assert executor.remove_leftovers(step) == [str(docroot / ".sitemend-00aa11bb22cc33dd.tmp")]
        assert executor.take_back(step).done == []
    assert tree(docroot) == before


@pytest.mark.parametrize("path", ["/a/b", "/a\\x41/b", "/\udcff\udc80/é\n", "/back\\\\slash"])
def test_path_survives_storing(path: str) -> None:
    text = journal.escape_path(path)
    assert text.encode()
    assert journal.unescape_path(text) == path


def test_look_of_a_killed_worker_does_not_keep_its_repair_waiting_for_ever(step: Step) -> None:
    Step.objects.filter(pk=step.pk).update(action="look", state="applying", started_at=timezone.now() - timedelta(minutes=5))
    recover_journal()
    with pytest.raises(repairing.RepairRefused):
        repairing.look(step.case, "confirm", None)
    Step.objects.filter(pk=step.pk).update(started_at=timezone.now() - timedelta(minutes=11))
    recover_journal()
    assert Step.objects.get(pk=step.pk).state == "failed"
    assert repairing.look(step.case, "confirm", None).state == "queued"


@pytest.mark.parametrize("make", [mode, write, rename])
def test_folder_that_became_a_link_is_not_followed_out_of_the_site(host: Host, step: Step, docroot: Path, tmp_path: Path, make) -> None:
    Site.objects.update(docroot=str(docroot))
    step = Step.objects.get()
    inner = docroot / "shop"
    inner.mkdir()
    for path in list(docroot.iterdir()):
        if path.is_file():
            path.rename(inner / path.name)
    change = make(inner)
    with Executor(opener(tmp_path), acquire(host)) as executor:
        executor.apply(step, plan(change))
        inner.rename(tmp_path / "of-somebody-else")
        inner.symlink_to(tmp_path / "of-somebody-else")
        before = tree(tmp_path / "of-somebody-else")
        back = executor.take_back(step)
        assert [why for _shown, why in back.refused] and "link" in back.why()
        assert tree(tmp_path / "of-somebody-else") == before
        with pytest.raises(Stale):
            executor.apply(new_step(host), plan(make(inner) if make is not rename else mode(inner)))
    assert tree(tmp_path / "of-somebody-else") == before


def test_write_that_lands_after_another_worker_took_the_step_back_is_taken_back_again(host: Host, step: Step, docroot: Path) -> None:
    before = tree(docroot)
    Step.objects.update(state="applying")

    class Slow:
        def __init__(self, writer):
            self._writer = writer

        def __getattr__(self, name):
            return getattr(self._writer, name)

        def write_atomic(self, *args):
            HostLock.objects.update(lease_until=timezone.now())
            with held(host) as lock, Executor(opener(docroot), lock) as other:
                assert recovering.recover_host(other, host) == [step.pk]
            self._writer.write_atomic(*args)

    with Executor(opener(docroot, Slow), acquire(host)) as executor, pytest.raises(LockLost):
        executor.apply(step, plan(write(docroot), mode(docroot)))
    with held(host) as lock, Executor(opener(docroot), lock) as other:
        assert recovering.recover_host(other, host) == [step.pk]
    assert tree(docroot) == before
    assert Step.objects.get().state == "taken-back"


@pytest.mark.parametrize("same", [True, False])
def test_crash_inside_a_rename_leaves_both_names_and_only_our_own_half_is_removed(
    step: Step, docroot: Path, tmp_path: Path, same: bool
) -> None:
    path, target = docroot / ".htaccess", docroot / ".htaccess.old"
    before = tree(docroot)
    change = RenameFile(str(path), ".htaccess", str(target), ".htaccess.old", journal.sha256(path.read_bytes()))
    with held(step.case.site.host) as lock, Executor(opener(tmp_path), lock) as executor:
        journal.record(step, 0, change, executor.reader.stat(str(path)), path.read_bytes())
        os.link(path, target) if same else put(target, b"somebody's own", 0o604)
        back = executor.take_back(step)
    assert back.complete is same
    assert (tree(docroot) == before) is same
    assert target.exists() is not same
