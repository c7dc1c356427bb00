"""Making room: what is proposed, that a person chooses, that nothing goes without a copy, and that each file comes back as it was."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import DatabaseError

from diagnostics import offering
from diagnostics.causes import CAUSES
from diagnostics.changes import changing, journal, keeping_whole, undoing
from diagnostics.changes.executor import Executor, NotApplied, Stale
from diagnostics.connections import connecting
from diagnostics.connections.locking import held
from diagnostics.evidence import Evidence, SpaceLeft
from diagnostics.facts import room
from diagnostics.findings import Finding, Proof
from diagnostics.models import JournalEntry
from diagnostics.repairing import RepairRefused
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.make_room import ID, MOST_BYTES, choices, variants
from diagnostics.repairs.plan import EmptyFile, Plan
from diagnostics.transports.local import LocalReader
from diagnostics.unattended import _why_not_alone
from tests.diagnostics.changes_made import OLD, applied, site_in
from tests.diagnostics.evidences import apache_line, evidence
from tests.diagnostics.repairs.real_folder import carried_out, fill, finding, read, steady, tree
from tests.servers import small_disk

pytestmark = pytest.mark.django_db(transaction=True)
KB = 1024
FULL = SpaceLeft(free=0)


def full(path: str = "", text: str = "No space left on device") -> Finding:
    return replace(finding("disk-full", path, ID), evidence=(Proof("error-log", text),))


def seen(docroot: Path, found: Finding | None = None) -> Evidence:
    """As read on a host that says that it is full."""
    known = replace(read(docroot, found or full()), space=FULL)
    return replace(known, room=room.read(LocalReader((docroot.parent,)), known, (), 0.0))


def planned(docroot: Path, found: Finding, **answers: str) -> Plan:
    plan = try_plan(ID, seen(docroot, found), found, tuple(answers.items()))
    assert isinstance(plan, Plan), plan
    return plan


def taken(plan: Plan) -> list[str]:
    return [change.shown for change in plan.changes]


# --- what is proposed ---------------------------------------------------------------------------
def test_where_the_site_found_no_room_comes_first_then_what_takes_most(docroot: Path) -> None:
    home = docroot.parent
    fill(home, {f"backup/site-{n}.zip": b"x" * 200 * KB for n in range(5)})
    fill(
        home,
        {
            "www/logs/debug.log": b"y" * 90 * KB,
            "www/cache/a.html": b"c" * 10 * KB,
            "www/cache/b.html": b"",
            "logs/php_errors.log": b"z" * KB,
        },
    )
    fill(home, {"www/wp-content/uploads/film.mp4": b"f" * 900 * KB, "Maildir/cur/backup.zip": b"m" * 900 * KB})
    found = full("www/cache")
    ways = [answers["what"] for answers in variants(seen(docroot, found), found)]
    assert ways == ["cache:www/cache", "backup:backup", "log:www/logs/debug.log"]
    assert taken(planned(docroot, found)) == ["www/cache/a.html"]
    assert taken(planned(docroot, found, what="backup:backup")) == [f"backup/site-{n}.zip" for n in range(3)]  # the newest two stay
    assert taken(planned(docroot, found, what="log:www/logs/debug.log")) == ["www/logs/debug.log"]
    assert isinstance(try_plan(ID, seen(docroot, found), found, (("what", "backup:elsewhere"),)), CannotPlan)


def test_only_a_person_may_choose_and_is_told_what_it_means(docroot: Path, settings: object) -> None:
    fill(docroot.parent, {f"tmp/sess_{n}": b"cart" for n in range(60)})
    site = site_in(docroot, settings)
    plan = planned(docroot, full())
    assert len(plan.changes) == 54 and "log in again" in plan.affects
    assert "copied" in plan.why and plan.title == "Make room: take away old sessions in tmp (54 files, 216 bytes)"
    assert kind_of(ID) == "" and offering.guide_step(plan) == "room" and CAUSES["disk-full"].repairs == (ID,)
    assert _why_not_alone(plan, site).startswith("needs a person: Only a person can say which files may go")


def test_oldest_sessions_go_as_a_bounded_group(docroot: Path) -> None:
    fill(docroot.parent, {f"tmp/sess_{n:03}": b"" for n in range(300)})
    for n in range(300):
        os.utime(docroot.parent / f"tmp/sess_{n:03}", (OLD - n, OLD - n))
    plan = planned(docroot, full())
    assert taken(plan) == [f"tmp/sess_{n:03}" for n in range(299, 199, -1)]


def test_what_is_too_large_to_be_kept_is_told_and_left(docroot: Path) -> None:
    fill(docroot.parent, {"backup/a.zip": b"x" * 100 * KB, "backup/b.zip": b"", "backup/c.zip": b"c"})
    os.truncate(docroot.parent / "backup/b.zip", MOST_BYTES + 1)
    os.utime(docroot.parent / "backup/b.zip", (OLD, OLD))
    plan = planned(docroot, full())
    assert taken(plan) == ["backup/a.zip"] and "Too large to be kept here: backup/b.zip (64 MB)" in plan.why
    (docroot.parent / "backup/a.zip").unlink()
    (docroot.parent / "backup/c.zip").unlink()
    why = try_plan(ID, seen(docroot), full())
    assert isinstance(why, CannotPlan) and "backup/b.zip" in why.why and "delete it by hand" in why.why


def test_files_of_others_and_of_other_sites_are_left_out(docroot: Path) -> None:
    fill(docroot.parent, {"backup/a.zip": b"x" * 100 * KB, "other/backup/a.zip": b"x" * 100 * KB})
    known = replace(seen(docroot), sites_beside=(f"{docroot.parent}/other",))
    assert [choice.key for choice in choices(known, full())] == ["backup:backup"]
    foreign = replace(known, room=tuple(replace(entry, uid=(entry.uid or 0) + 1) for entry in known.room))
    assert choices(foreign, full()) == []


def test_upload_that_may_still_be_under_way_is_left(docroot: Path) -> None:
    fill(docroot.parent, {"tmp/phpA1b2C3": b"x" * 100 * KB, "www/film.mp4.filepart": b"x" * 100 * KB})
    assert sorted(choice.key for choice in choices(seen(docroot), full())) == ["left-over:tmp", "left-over:www"]
    os.utime(docroot.parent / "tmp/phpA1b2C3")
    os.utime(docroot / "film.mp4.filepart")
    assert choices(seen(docroot), full()) == []


def test_what_the_site_writes_as_its_page_is_asked_for_is_left(docroot: Path) -> None:
    fill(docroot.parent, {"www/cache/a.html": b"a" * 100 * KB, "www/cache/b.html": b"b" * 100 * KB})
    known = seen(docroot)
    asked_at = known.site.pages[0].at
    assert asked_at is not None
    os.utime(docroot / "cache/a.html", (OLD, asked_at.timestamp() + 1))
    (choice,) = choices(seen(docroot), full())
    assert [entry.path for entry in choice.files] == ["www/cache/b.html"]


def test_account_is_listed_only_where_something_says_that_it_is_full() -> None:
    files = {"backup/a.zip": b"x" * 100 * KB}
    assert evidence(files, apache_line("PHP Fatal error: something else")).room == ()
    found = evidence(files, apache_line("PHP Warning: fopen(): No space left on device"))
    assert "backup/a.zip" in [entry.path for entry in found.room] and not any(entry.path.startswith("www/") for entry in found.room)


# --- taken away and put back ----------------------------------------------------------------------
@pytest.mark.parametrize("what", ["backup:www/backups", "session:tmp", "log:www/error_log", "cache:www/cache"])
def test_what_was_taken_comes_back_to_the_byte(docroot: Path, settings: object, what: str) -> None:
    fill(docroot.parent, {f"www/backups/{n}.zip": bytes([n]) * 100 * KB for n in range(4)}, {"www/backups/1.zip": 0o640})
    fill(docroot.parent, {"tmp/sess_1": b"cart", "tmp/sess_2": b"", "www/error_log": b"line\n" * 20_000, "www/cache/a": b"a" * 90 * KB})
    steady(docroot, settings, planned(docroot, full("tmp"), what=what))


def test_log_is_emptied_where_it_stands_and_what_was_logged_since_is_kept(docroot: Path, settings: object) -> None:
    fill(docroot.parent, {"www/error_log": b"line\n" * 20_000})
    plan, log, site = planned(docroot, full()), docroot / "error_log", site_in(docroot, settings)
    assert isinstance(plan.changes[0], EmptyFile)
    before = tree(docroot)
    with log.open("ab", buffering=0) as held:
        held.write(b"grown\n")  # since the plan was made
        step = carried_out(site, plan)
        assert log.read_bytes() == b""
        held.write(b"since\n")
    assert log.read_bytes() == b"since\n"
    undoing.undo(step)
    assert log.read_bytes() == b"line\n" * 20_000 + b"grown\n" and tree(docroot).keys() == before.keys()
    assert journal.after_content(JournalEntry.objects.get()) == b"since\n"


# --- when something is in the way -------------------------------------------------------------------
def backups(docroot: Path, settings: object) -> tuple[Plan, object]:
    fill(docroot.parent, {f"www/backups/{n}.zip": bytes([n]) * 100 * KB for n in range(4)})
    return planned(docroot, full()), site_in(docroot, settings)


def test_file_that_grew_since_it_was_listed_is_not_taken(docroot: Path, settings: object) -> None:
    plan, site = backups(docroot, settings)
    with (docroot / "backups/1.zip").open("ab") as file:
        file.write(b"more")
    before = tree(docroot)
    with pytest.raises(Stale, match=r"1\.zip has changed since it was looked at"):
        applied(site, *plan.changes)  # type: ignore[arg-type]
    assert tree(docroot) == before


@pytest.mark.parametrize("trouble", ["not stored", "not whole", "no room here"])
def test_nothing_is_taken_whose_copy_is_not_safely_here(
    docroot: Path, settings: object, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    plan, site = backups(docroot, settings)
    before, stored = tree(docroot), journal.record

    def record(*args: object) -> JournalEntry:
        if trouble == "not stored":
            raise DatabaseError("database or disk is full")
        entry = stored(*args)  # type: ignore[arg-type]
        if trouble == "not whole" and entry.position:
            JournalEntry.objects.filter(pk=entry.pk).update(before_content=journal.seal_bytes(b"half"))
        return entry

    monkeypatch.setattr(keeping_whole.journal, "record", record)
    if trouble == "no room here":
        monkeypatch.setattr(keeping_whole, "_OWN_ROOM", 1 << 60)
    with pytest.raises(NotApplied, match="left where it is") as told:
        applied(site, *plan.changes)  # type: ignore[arg-type]
    assert told.value.taken_back and tree(docroot) == before


def test_undo_without_room_leaves_everything_and_says_what_to_do(docroot: Path, settings: object) -> None:
    fill(docroot, {"keep": b""})
    (docroot / "backups").mkdir()
    site = site_in(docroot, settings)
    with small_disk(docroot / "backups", 512):
        fill(docroot, {f"backups/{n}.zip": bytes([n]) * 120 * KB for n in range(4)})
        plan = planned(docroot, full())
        before = tree(docroot)
        step = carried_out(site, plan)  # type: ignore[arg-type]
        assert [change.shown for change in plan.changes] == ["www/backups/0.zip", "www/backups/1.zip"]
        new = docroot / "backups/page.html"
        new.write_bytes(b"p" * 100 * KB)
        without = tree(docroot)
        with pytest.raises(RepairRefused, match=r"no room to put it back.*nothing else was changed.*copies are kept here.*undo again"):
            undoing.undo(step)
        assert tree(docroot) == without
        step.refresh_from_db()
        assert step.stands_applied and step.may_be_undone
        new.unlink()
        undoing.undo(step)
        assert tree(docroot) == before


def test_room_that_is_used_up_at_once_leaves_the_step_standing(docroot: Path, settings: object) -> None:
    (docroot / "backups").mkdir()
    site = site_in(docroot, settings)
    with small_disk(docroot / "backups", 256):
        fill(docroot, {"backups/1.zip": b"1" * 250 * KB})
        step = carried_out(site, planned(docroot, full()))
        fill(docroot, {"backups/page.html": b"p" * 200 * KB})
        with held(site.host) as lock, Executor(lambda: connecting.writer_for(site.host), lock) as executor:
            changing.take_back(step, executor, "It did not help.")
        assert step.state == "done-not-cured" and "It did not help." in step.message and "copies are kept here" in step.message
        assert step.may_be_undone and not (docroot / "backups/1.zip").exists()


def test_emptied_log_that_does_not_fit_again_keeps_what_was_logged_since(docroot: Path, settings: object) -> None:
    (docroot / "logs").mkdir()
    site = site_in(docroot, settings)
    with small_disk(docroot / "logs", 128):
        fill(docroot, {"logs/debug.log": b"line\n" * 24_000})
        before, log = tree(docroot), docroot / "logs/debug.log"
        step = carried_out(site, planned(docroot, full()))
        log.write_bytes(b"since\n" * 3000)
        fill(docroot, {"logs/other": b"o" * 60 * KB})
        with pytest.raises(RepairRefused, match="no room to put it back"):
            undoing.undo(step)
        assert log.read_bytes() == b"since\n" * 3000
        (docroot / "logs/other").unlink()
        undoing.undo(step)
        assert tree(docroot) == before
