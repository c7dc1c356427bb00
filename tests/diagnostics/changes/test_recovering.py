"""Our own side fails in the middle: no room for the journal, a database that goes away. Afterwards nothing is in between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from django.db import DatabaseError, OperationalError, connection

from diagnostics import steps
from diagnostics.changes import changing, recovering, undoing
from diagnostics.changes.executor import Executor
from diagnostics.connections import connecting
from diagnostics.connections.locking import held
from diagnostics.models import ConnectionLease, HostLock, JournalEntry, Step
from diagnostics.repairing import RepairRefused
from diagnostics.repairs.plan import Change, ChangeMode, CreateFile, Plan, RemoveFile
from diagnostics.transports.base import ConnectionLost, NoSpace, Writer
from diagnostics.transports.failures import HINT_ANSWER_LOST
from sites.models import Host, Site
from tests.diagnostics.changes_made import BEFORE, new_step, put, renaming, rewrite, tree

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def docroot(tmp_path: Path) -> Path:
    folder = tmp_path / "www"
    folder.mkdir()
    fill(folder)
    return folder


def fill(folder: Path) -> None:
    put(folder / ".htaccess", BEFORE)
    put(folder / "page.php", b"<?php", 0o666)
    put(folder / "old.txt", b"old")
    put(folder / "gone.txt", b"gone", 0o600)


def plan(docroot: Path, *more: Change) -> Plan:
    page, gone, new = docroot / "page.php", docroot / "gone.txt", docroot / "new.txt"
    changes = (
        rewrite(docroot / ".htaccess"),
        ChangeMode(str(page), page.name, "file", 0o666, 0o604),
        renaming(docroot / "old.txt", docroot / "new-name.txt"),
        CreateFile(str(new), new.name, b"new", 0o644),
        RemoveFile(str(gone), gone.name, b"gone", 0o600),
    )
    return Plan("r", "c", "t", "w", (*changes, *more))


def apply(step: Step, docroot: Path, *more: Change) -> None:
    host = step.case.site.host
    with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
        steps.claim(step)
        if changing.apply(step, executor, plan(docroot, *more)):
            steps.conclude(step, Step.State.DONE_VERIFIED, "well")


@contextmanager
def database_away(since: int, until: int = 10**9) -> Iterator[list[str]]:
    """From its statement number `since` on, up to `until`, the database answers nothing. Gives what it did not answer."""
    numbers = count(1)
    refused: list[str] = []

    def refuse(execute, sql, *rest):  # type: ignore[no-untyped-def]
        if since <= next(numbers) < until:
            refused.append(sql)
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield refused


def recovered() -> None:
    """Two minutes later: what was held by whoever could not let go of it is free."""
    HostLock.objects.update(lease_until=None)
    ConnectionLease.objects.all().delete()
    recovering.recover()


@pytest.mark.parametrize("comes_back", [True, False], ids=["hiccup", "stays away"])
@pytest.mark.parametrize("road", ["apply", "undo"])
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=[pytest.mark.full, pytest.mark.timeout(600)])])
def test_database_that_goes_away_at_a_statement_leaves_all_or_nothing(
    site: Site, docroot: Path, road: str, comes_back: bool, every: int
) -> None:
    before, states = tree(docroot), set()
    for number in count(every, every):
        step = new_step(site)
        if road == "undo":
            apply(step, docroot)
        with database_away(number, number + 1 if comes_back else 10**9) as refused:
            try:
                apply(step, docroot) if road == "apply" else undoing.undo(step)
            except (DatabaseError, RepairRefused):
                pass
            except Exception as error:  # noqa: BLE001 (told with the statement it was at)
                pytest.fail(f"{error!r} at statement {number}")
        recovered()
        step.refresh_from_db()
        states.add(step.state)
        if step.stands_applied:
            assert undoing.undo(step).state == "undone"
        assert tree(docroot) == before, f"statement {number}: {step.state} {step.message}"
        Step.objects.all().delete()
        if not refused:
            break
    assert number > 25 and states <= {"queued", "failed", "taken-back", "done-verified", "undone"}


@contextmanager
def no_room() -> Iterator[None]:
    """A full disk: SQLite's own limit, reached; of PostgreSQL what it says then."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            pages = cursor.execute("PRAGMA page_count").fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count={pages + 100}")
            try:
                yield
            finally:
                cursor.execute("PRAGMA max_page_count=1073741823")
        return

    entries = count(1)

    def refuse(execute, sql, *rest):  # type: ignore[no-untyped-def]
        if sql.startswith('INSERT INTO "diagnostics_journalentry"') and next(entries) == 6:
            raise OperationalError("could not extend file: No space left on device")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield


class Hanging:
    """A host that stores the new file, then hangs: the line is given up, and what was asked last is carried out once somebody looks."""

    def __init__(self, writer: Writer, host: Hanging | None = None) -> None:
        self.writer, self.first = writer, host
        self.pending: tuple[str, str] | None = None
        self.lost = False

    def __getattr__(self, name: str) -> object:
        if self.lost:
            raise ConnectionLost("The connection to the host broke off.")
        return getattr(self.writer, name)

    def write_atomic(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        temporary = f"{os.path.dirname(path)}/.sitemend-00aa11bb22cc33dd.tmp"
        self.writer.create_exclusive(temporary, content, mode)
        self.pending, self.lost = (temporary, path), True
        raise ConnectionLost("The connection to the host broke off.", HINT_ANSWER_LOST)

    def read(self, path: str, limit: int) -> bytes:
        content = self.__getattr__("read")(path, limit)
        if self.first and self.first.pending and path == self.first.pending[1]:
            with suppress(FileNotFoundError):
                os.rename(*self.first.pending)
        return content


@pytest.mark.parametrize("worker", ["lives on", "is killed"])
def test_write_that_a_hanging_host_would_carry_out_late_finds_nothing_to_put_in_place(site: Site, docroot: Path, worker: str) -> None:
    before, step, dies = tree(docroot), new_step(site), worker == "is killed"
    opened: list[Hanging] = []

    @contextmanager
    def opener() -> Iterator[Hanging]:
        nonlocal dies
        if opened and dies:
            dies = False
            raise KeyboardInterrupt
        with connecting.writer_for(site.host) as writer:
            opened.append(Hanging(writer, opened[0] if opened else None))
            yield opened[-1]

    with held(site.host) as lock, Executor(opener, lock) as executor, suppress(KeyboardInterrupt):
        steps.claim(step)
        changing.apply(step, executor, Plan("r", "c", "t", "w", (rewrite(docroot / ".htaccess"),)))
    with held(site.host) as lock, Executor(opener, lock) as executor:
        recovering.recover_host(executor, site.host)
    step.refresh_from_db()
    assert step.state == ("failed" if worker == "lives on" else "taken-back")
    assert opened[0].pending and len(opened) == 2
    assert "may or may not" not in step.message, "it was looked at since, so it is known"
    assert tree(docroot) == before


def test_no_room_for_the_journal_means_no_write(site: Site, docroot: Path) -> None:
    large = put(docroot / "large.php", os.urandom(2_000_000))
    before, step = tree(docroot), new_step(site)
    with no_room(), pytest.raises(DatabaseError):
        apply(step, docroot, rewrite(large, b"small"))
    assert set(step.journal.values_list("state", flat=True)) == {"applied"} and step.journal.count() == 5
    assert large.stat().st_size == 2_000_000
    recovered()
    step.refresh_from_db()
    assert step.state == "taken-back" and tree(docroot) == before


class Quota:
    """An account that has room for one more file."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.room = writer, 1

    def __getattr__(self, name: str) -> object:
        return getattr(self.writer, name)

    def write_atomic(self, *file: object) -> None:
        if not self.room:
            raise NoSpace("The account's quota is full.")
        self.room -= 1
        self.writer.write_atomic(*file)  # type: ignore[arg-type]


def test_quota_that_stops_the_taking_back_too_is_told_and_tried_again(site: Site, docroot: Path) -> None:
    before, step = tree(docroot), new_step(site)

    @contextmanager
    def opener() -> Iterator[Quota]:
        with connecting.writer_for(site.host) as writer:
            yield Quota(writer)

    first, second = rewrite(docroot / ".htaccess"), rewrite(docroot / "page.php", b"<?php // longer")
    with held(site.host) as lock, Executor(opener, lock) as executor:
        steps.claim(step)
        assert not changing.apply(step, executor, Plan("r", "c", "t", "w", (first, second)))
    step.refresh_from_db()
    assert step.state == "needs-attention" and step.result["retry"] and step.message.count("quota is full") == 2
    assert {name for name, row in tree(docroot).items() if row != before[name]} == {".htaccess"}
    assert recovering.recover() == [step.pk], "there is room again"
    step.refresh_from_db()
    assert step.state == "taken-back" and tree(docroot) == before


def test_host_whose_recovery_fails_does_not_keep_others_from_theirs(site: Site, docroot: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = tree(docroot)
    broken = Host.objects.create(team=site.team, name="broken", protocol="local", state="works")
    other = Site.objects.create(team=site.team, name="other", url="http://other.example/", host=broken, docroot=str(docroot))
    for each in (site, other):
        step = new_step(each)
        with held(each.host) as lock, Executor(lambda each=each: connecting.writer_for(each.host), lock) as executor:
            steps.claim(step)
            if each == site:
                assert changing.apply(step, executor, plan(docroot))
            else:
                JournalEntry.objects.create(
                    step=step, position=0, change="unheard of", path=str(docroot / "x"), recorded_at=step.created_at
                )
    assert recovering.recover() == [Step.objects.get(case__site=site).pk]
    assert tree(docroot) == before
    assert f"recovering host {broken.pk} failed" in caplog.text
