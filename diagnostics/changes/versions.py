"""The three versions of a file whose undo was refused: before our change, as we wrote it, and now; with what can be done about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.connections.telling import clean
from diagnostics.evidence import moment_of
from diagnostics.facts.made_caches import to_set_aside
from diagnostics.models import FoundFile, JournalEntry, Step
from diagnostics.repairs.merging import MOST_BYTES, merge
from diagnostics.repairs.plan import (
    Change,
    ChangeMode,
    CreateFile,
    LeadLink,
    Plan,
    RemoveFile,
    RenameFile,
    RenameLink,
    WriteFile,
    content_diff,
)
from diagnostics.transports.base import FileKind, TransportError
from sites.credentials import seal_bytes, unseal_bytes

from . import journal
from .looking import Looker

REPAIR = "settle-undo"  # the repair of a step that makes what a person chose
MOST_SHOWN = 600  # lines of one difference
PUT_BACK, ONLY_OURS, KEEP = "put-back", "merge", "keep"


@dataclass(frozen=True, slots=True)
class Version:
    """One state of one file. `content` is None where it is not kept or was no regular file of bearable size."""

    kind: str = ""  # empty: there is no such file
    content: bytes | None = None
    sha256: str = ""
    size: int | None = None
    mode: int | None = None
    mtime: float | None = None

    @property
    def is_text(self) -> bool:
        """Whether it can be shown line by line; all else is shown by size and hash."""
        content = self.content
        return content is not None and len(content) <= MOST_BYTES and b"\0" not in content

    @property
    def changed_at(self) -> datetime | None:
        return moment_of(self.mtime) if self.mtime is not None else None

    @property
    def mode_words(self) -> str:
        return f"{self.mode:03o}" if self.mode is not None else ""


GONE = Version()


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be done, with the plan that does it (none for keeping what is there) and the digest of what was shown."""

    id: str
    title: str
    text: str
    digest: str
    plan: Plan | None = None

    @property
    def diff(self) -> str:
        return _shown(self.plan.diff()) if self.plan and all(_shows_lines(change) for change in self.plan.changes) else ""


@dataclass(frozen=True, slots=True)
class Versions:
    """What a person sees of one change that could not be taken back."""

    entry: JournalEntry
    before: Version
    written: Version
    now: Version
    other: Version | None  # of a rename: what is under its new name; `now` is what is under the old one
    seen_at: datetime
    choices: tuple[Choice, ...]

    @property
    def path(self) -> str:
        return self.entry.shown

    @property
    def columns(self) -> list[tuple[str, Version]]:
        """Each version with its heading."""
        if self.other is None:
            return [(_("Before our change"), self.before), (_("As we wrote it"), self.written), (_("Now"), self.now)]
        names = (journal.unescape_path(name).rpartition("/")[2] for name in (self.entry.path, self.entry.target))
        now = [_("Now, under %(name)s") % {"name": journal.printable(name)} for name in names]
        return [(_("Before our change"), self.before), (now[0], self.now), (now[1], self.other)]

    @property
    def our_diff(self) -> str:
        """What we changed then."""
        return _diff(self.path, self.before, self.written)

    @property
    def their_diff(self) -> str:
        """What somebody changed since."""
        if self.other is not None:
            return _diff(self.path, self.before, self.other if self.other.kind else self.now)
        return _diff(self.path, self.written, self.now)


# --- looking ------------------------------------------------------------------------------------
def note(step: Step, looker: Looker) -> None:
    """Stores what is on the host now in place of each change that stands. What cannot be looked at is left out."""
    for entry in journal.standing(step):
        if journal.later_change(entry) is not None:
            continue  # that is undone first, then this one by itself
        try:
            path, target = journal.names_now(entry) if entry.change == "rename" else (journal.path_now(entry), "")
            names = {"path": path, "target": target}
            for name, where in names.items():
                if where:
                    _store(entry, name, where, looker)
        except TransportError:
            entry.found.all().delete()  # half of it would mislead


def _store(entry: JournalEntry, name: str, where: str, looker: Looker) -> None:
    stat = looker.stat(where)
    is_link = entry.before_kind == FileKind.LINK and stat is not None and stat.kind == FileKind.LINK
    content = looker.held_by_link(where, stat) if is_link else looker.content_of(where, stat)
    seen = {"kind": "", "content": None, "sha256": "", "size": 0, "mode": None, "mtime": None, "seen_at": timezone.now()}
    if stat is not None:
        seen |= {"kind": str(stat.kind), "size": stat.size, "mode": stat.mode, "mtime": stat.mtime}
    if content is not None:
        seen |= {"content": seal_bytes(content), "sha256": journal.sha256(content), "size": len(content)}
    FoundFile.objects.update_or_create(entry=entry, name=name, defaults=seen)


def waiting(step_ids: Iterable[int]) -> set[int]:
    """Which of these steps have something to be chosen."""
    rows = FoundFile.objects.filter(entry__step__in=list(step_ids)).exclude(entry__state__in=JournalEntry.CLOSED)
    return set(rows.values_list("entry__step", flat=True))


# --- showing ------------------------------------------------------------------------------------
def of_step(step: Step) -> list[Versions]:
    """Every change of a step that waits for a choice, newest first. Raises SecretUnreadable."""
    found = {(row.entry_id, row.name): row for row in FoundFile.objects.filter(entry__step=step)}
    return [_of_entry(entry, found) for entry in journal.standing(step) if (entry.pk, "path") in found]


def _of_entry(entry: JournalEntry, found: dict[tuple[int, str], FoundFile]) -> Versions:
    row = found[entry.pk, "path"]
    now = _as_version(row)
    other = _as_version(found[entry.pk, "target"]) if (entry.pk, "target") in found else None
    before, written = _before(entry), _written(entry)
    plans = _plans(entry, before, written, now, other)
    choices = [_choice(entry, name, changes) for name, changes in plans.items() if changes]
    return Versions(entry, before, written, now, other, row.seen_at, (*choices, _keep(entry, now, other)))


def _as_version(row: FoundFile) -> Version:
    content = unseal_bytes(row.content) if row.content is not None else None
    return Version(row.kind, content, row.sha256, row.size, row.mode, row.mtime)


def _before(entry: JournalEntry) -> Version:
    if entry.change in ("create", "make-folder"):
        return GONE
    if entry.change == "drop-folder":
        return Version("folder", mode=entry.before_mode)
    content = journal.before_content(entry) if entry.before_content is not None else None
    size = len(content) if content is not None else None
    return Version(entry.before_kind or "file", content, entry.before_sha256, size, entry.before_mode, entry.before_mtime)


def _written(entry: JournalEntry) -> Version:
    if entry.change in ("remove", "drop-folder"):
        return GONE
    if entry.change == "make-folder":
        return Version("folder", mode=entry.after_mode)
    content = journal.after_content(entry) if entry.after_content is not None else None
    if entry.change == "rename" and entry.before_content is not None:
        content = journal.before_content(entry)
    size = len(content) if content is not None else None
    return Version(entry.before_kind or "file", content, entry.after_sha256, size, entry.after_mode)


def _diff(path: str, old: Version, new: Version) -> str:
    sides = [Version("file", b"") if each == GONE else each for each in (old, new)]
    return _shown(content_diff(path, *(each.content or b"" for each in sides))) if all(each.is_text for each in sides) else ""


def _shown(diff: str) -> str:
    """A difference as it may be shown: without secrets, and not longer than anybody reads."""
    lines = diff.split("\n")
    more = len(lines) - MOST_SHOWN
    if more > 0:
        lines = [*lines[:MOST_SHOWN], " " + _("… and %(n)d more lines") % {"n": more}]
    return clean("\n".join(lines))


def _shows_lines(change: Change) -> bool:
    contents = {WriteFile: ("before", "after"), CreateFile: ("content",), RemoveFile: ("content",)}.get(type(change), ())
    return all(Version("file", getattr(change, name)).is_text for name in contents)


# --- what can be done ---------------------------------------------------------------------------
def _plans(entry: JournalEntry, before: Version, written: Version, now: Version, other: Version | None) -> dict[str, tuple[Change, ...]]:
    if other is not None:
        return _plans_of_rename(entry, before, now, other)
    path = journal.path_now(entry)
    put_back: tuple[Change, ...] = ()
    only_ours: tuple[Change, ...] = ()
    if entry.change == "mode":
        if journal.same_kind(entry, now.kind) and now.mode != before.mode:
            put_back = (ChangeMode(path, entry.shown, now.kind, int(now.mode or 0), int(before.mode or 0)),)
    elif entry.change == "link":
        if now.kind == FileKind.LINK and now.content is not None and before.content not in (None, now.content):
            put_back = (LeadLink(path, entry.shown, journal.as_target(now.content), journal.as_target(before.content or b"")),)
    elif entry.change in ("make-folder", "drop-folder"):
        pass  # what is in it now is not ours to take away
    elif entry.change == "create":
        if now.content is not None:
            put_back = (RemoveFile(path, entry.shown, now.content, int(now.mode or 0), now.mtime),)
    elif not now.kind:
        put_back = _made_again(entry, path, before)
    elif now.content is not None and before.content is not None and now.content != before.content:
        put_back = (_write(entry, path, now, before.content, before.mtime),)
        merged = merge(written.content, before.content, now.content) if written.content is not None else None
        if merged not in (None, now.content, before.content):
            only_ours = (_write(entry, path, now, merged),)
    return {ONLY_OURS: only_ours, PUT_BACK: put_back}


def _plans_of_rename(entry: JournalEntry, before: Version, old: Version, new: Version) -> dict[str, tuple[Change, ...]]:
    path, target = journal.names_now(entry)
    if entry.before_kind == FileKind.LINK:
        if old.kind or new.kind != FileKind.LINK or new.content is None:
            return {}
        held = journal.as_target(new.content)
        return {ONLY_OURS: (RenameLink(target, journal.shown_as(entry, target), path, entry.shown, held),)}
    if not old.kind and not new.kind:
        return {PUT_BACK: _made_again(entry, path, before)}
    if new.content is None:
        return {}
    named_back = RenameFile(target, journal.shown_as(entry, target), path, entry.shown, new.sha256)
    if old.content is not None:
        # A cache may hold passwords: it stays PHP, which no web server shows.
        stem, ending = (path[:-4], ".php") if to_set_aside(entry.shown) and path.endswith(".php") else (path, "")
        aside = f"{stem}.replaced-{entry.pk}{ending}"
        return {PUT_BACK: (RenameFile(path, entry.shown, aside, _beside(entry.shown, aside), old.sha256), named_back)}
    if old.kind or before.content is None or new.content == before.content:
        return {} if old.kind else {ONLY_OURS: (named_back,)}
    return {ONLY_OURS: (named_back,), PUT_BACK: (named_back, _write(entry, path, new, before.content, before.mtime))}


def _made_again(entry: JournalEntry, path: str, before: Version) -> tuple[Change, ...]:
    if before.content is None:
        return ()
    return (CreateFile(path, entry.shown, before.content, int(before.mode or 0), before.mtime),)


def _write(entry: JournalEntry, path: str, now: Version, content: bytes | None, mtime: float | None = None) -> WriteFile:
    return WriteFile(path, entry.shown, now.content or b"", content or b"", int(now.mode or 0), mtime)


def _beside(shown: str, path: str) -> str:
    folder, slash, _name = shown.rpartition("/")
    return f"{folder}{slash}{journal.printable(path.rpartition('/')[2])}"


def _choice(entry: JournalEntry, name: str, changes: tuple[Change, ...]) -> Choice:
    values = {"path": entry.shown}
    if name == ONLY_OURS:
        title = _("Take out only our change")
        text = _("What somebody changed since stays. Only what we changed in %(path)s then is as it was before.") % values
    else:
        title = _("Put back what was there before")
        text = _("%(path)s is again as it was before our change. What is there now is kept, so this can be undone too.") % values
    plan = Plan(REPAIR, "", f"{title}: {entry.shown}", "", changes)
    return Choice(name, title, text, plan.digest(), plan)


def _keep(entry: JournalEntry, now: Version, other: Version | None) -> Choice:
    seen = "|".join(f"{each.kind} {each.sha256} {each.mode} {each.size}" for each in (now, other or GONE))
    digest = hashlib.sha256(f"{entry.pk}|{seen}".encode()).hexdigest()
    text = _("Nothing is written. Our change counts as closed, with your name and the time, and is not offered to be undone again.")
    return Choice(KEEP, _("Keep what is there now"), text, digest)
