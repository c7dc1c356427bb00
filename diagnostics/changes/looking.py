"""The eyes of the executor: what is on the host now, and whether it is what a plan or the journal expects. Nothing here writes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from diagnostics.models import JournalEntry, Step
from diagnostics.repairs.plan import (
    Change,
    ChangeMode,
    CreateFile,
    CreateFolder,
    EmptyFile,
    LeadLink,
    Plan,
    RemoveFile,
    RemoveFolder,
    RenameFile,
    RenameFolder,
    RenameLink,
    Renaming,
    TakeAway,
    WriteFile,
)
from diagnostics.transports.base import Capability, Entry, FileKind, NotFound, Reader, Stat, TransportError, Unsupported

from . import journal

READ_LIMIT = 4 * 1024 * 1024  # bytes of a file that is changed: larger ones are no configuration
MOST_TAKEN = 64 * 1024 * 1024  # bytes of a file that is taken away: it must go through memory, and into the journal
ASIDE = re.compile(r"^\.sitemend-[0-9a-f]+\.old$")
LEFTOVER = re.compile(r"^\.sitemend-[0-9a-f]+\.tmp$")


class Stale(Exception):
    """The host is not as the plan found it. Nothing was written, or what was written is taken back."""


class Looker:
    """Looks at one host through whatever `reader` is at hand. Raises TransportError as that does."""

    reader: Reader  # given by who holds the connection

    def __init__(self) -> None:
        self._plain: set[str] = set()  # folders of the site that were seen to be no links, in the run at hand

    def stat(self, path: str) -> Stat | None:
        try:
            return self.reader.stat(path)
        except NotFound:
            return None

    def content(self, path: str, limit: int = READ_LIMIT) -> bytes | None:
        """A regular file of bearable size, else None."""
        try:
            return self.reader.read(path, limit)
        except (NotFound, Unsupported):
            return None

    def content_of(self, path: str, stat: Stat | None, limit: int = READ_LIMIT) -> bytes | None:
        return self.content(path, limit) if stat is not None and stat.kind == FileKind.FILE else None

    def held_by_link(self, path: str, stat: Stat | None) -> bytes | None:
        """What a symbolic link holds, else None."""
        try:
            return journal.as_content(self.reader.link_target(path)) if stat is not None and stat.kind == FileKind.LINK else None
        except (NotFound, Unsupported):
            return None

    def digest(self, path: str, limit: int = READ_LIMIT) -> str:
        """Hex SHA-256 of a file's content, empty where there is none."""
        content = self.content(path, limit)
        return journal.sha256(content) if content is not None else ""

    def beside(self, folder: str) -> list[Entry]:
        try:
            return self.reader.list(folder)
        except NotFound:
            return []

    def require_inside(self, step: Step, path: str, shown: str) -> None:
        """Raises Stale where a folder between the docroot and the file is a link by now: it may lead to somebody else's files.

        Of a file beside the docroot, between it and the folder that both lie in. Of one that has nothing to do with the docroot, since
        that was changed meanwhile, nothing is asked: an undo needs no docroot."""
        docroot = step.case.site.docroot.rstrip("/")
        folder = path.rpartition("/")[0]
        if not path.startswith(f"{docroot.rpartition('/')[0]}/") and posixpath.commonpath([docroot or "/", path]) == "/":
            return
        while docroot and folder and not f"{docroot}/".startswith(f"{folder}/") and folder not in self._plain:
            stat = self.stat(folder)
            if stat is not None and stat.kind != FileKind.FOLDER:
                raise Stale(
                    _("A folder on the way to %(path)s is a link by now, which is not followed.") % {"path": journal.printable(shown)}
                )
            self._plain.add(folder)
            folder = folder.rpartition("/")[0]

    def require_room(self, step: Step, change: CreateFolder) -> None:
        """Raises Stale where the folder that a new one is made in is gone, or is a link: it may lead to somebody else's files."""
        above, docroot = change.path.rpartition("/")[0] or "/", step.case.site.docroot.rstrip("/")
        stat = self.stat(above)
        is_own = above in (docroot, docroot.rpartition("/")[0])  # wherever the account itself is kept
        if stat is None or (stat.kind != FileKind.FOLDER and not is_own):
            raise _has_changed(change)

    def look_at_all(self, step: Step, plan: Plan) -> None:
        """Before anything is changed: whether all of it is what the plan was made from. Raises Stale."""
        self._plain.clear()
        touched: set[str] = set()
        made: set[str] = set()
        for change in plan.changes:
            if posixpath.dirname(change.path) in made:  # in a folder that is not there yet nothing can be in the way
                made |= {change.path} if isinstance(change, CreateFolder) else set()
                continue
            self.require_inside(step, change.path, change.shown)
            names = {change.path, change.target} if isinstance(change, Renaming) else {change.path}
            if not names & touched:  # else an earlier change of the plan makes it what this one expects
                self.look(change, whole=False)
            touched |= names
            made |= names if isinstance(change, CreateFolder) else set()

    def look(self, change: Change, *, whole: bool = True) -> tuple[Stat | None, bytes | None]:
        """What is there now, if it is what the plan was made from. Raises Stale. Without `whole` what is large is not read yet."""
        stat = self.stat(change.path)
        if isinstance(change, TakeAway | EmptyFile):
            return stat, self._taken(change, stat, whole=whole)
        if isinstance(change, CreateFile | CreateFolder):
            if stat is not None:
                raise Stale(_("There is a file named %(path)s already.") % {"path": journal.printable(change.shown)})
            return None, None
        if isinstance(change, RemoveFolder):
            if stat is None or stat.kind != FileKind.FOLDER or stat.mode != change.mode or self.beside(change.path):
                raise _has_changed(change)
            return stat, None
        if isinstance(change, ChangeMode):
            if stat is None or stat.kind != change.kind or stat.mode != change.before:
                raise _has_changed(change)
            return stat, None
        if isinstance(change, RenameFolder):
            if stat is None or stat.kind != FileKind.FOLDER:
                raise _has_changed(change)
            self._require_free(change)
            return stat, None
        if isinstance(change, LeadLink | RenameLink):
            return stat, self._link_as_planned(change, stat)
        content = self.content_of(change.path, stat)
        if stat is None or content is None or journal.sha256(content) != _expected(change):
            raise _has_changed(change)
        if isinstance(change, RenameFile):
            self._require_free(change)
        return stat, content

    def _taken(self, change: TakeAway | EmptyFile, stat: Stat | None, *, whole: bool) -> bytes | None:
        if stat is None or stat.kind != FileKind.FILE or stat.mode != change.mode:
            raise _has_changed(change)
        if isinstance(change, TakeAway) and (stat.size, int(stat.mtime)) != (change.size, int(change.mtime)):
            raise _has_changed(change)  # somebody is writing it, or uses it again
        if not whole:
            return None
        content = self.reader.read(change.path, MOST_TAKEN)
        if len(content) != stat.size:
            raise _has_changed(change)
        return content

    def _link_as_planned(self, change: LeadLink | RenameLink, stat: Stat | None) -> bytes:
        held = self.held_by_link(change.path, stat)
        if held is None or held != journal.as_content(change.before if isinstance(change, LeadLink) else change.leads_to):
            raise _has_changed(change)
        if isinstance(change, RenameLink):
            self._require_free(change)
        return held

    def _require_free(self, change: Renaming) -> None:
        if self.stat(change.target) is not None:
            raise Stale(_("There is a file named %(path)s already.") % {"path": journal.printable(change.target_shown)})

    def require_same(self, change: Change, before: Stat | None) -> None:
        """Raises Stale where somebody else was here since it was looked at: storing the journal can take its time."""
        if self.stat(change.path) != before:
            raise _has_changed(change)

    def require_made(self, change: Change, before: Stat | None) -> None:
        """Raises TransportError where the host did not keep a change."""
        now = self.stat(change.target if isinstance(change, Renaming) else change.path)
        if isinstance(change, RemoveFile | TakeAway | RemoveFolder):
            kept = now is None
        else:
            kept = now is not None and now.mode == _wanted_mode(change, before) and self._holds(change, now)
        if not kept:
            raise TransportError(_("The host did not keep the change to %(path)s.") % {"path": journal.printable(change.shown)})
        if now is not None and before is not None and (now.uid, now.gid) != (before.uid, before.gid):
            raise TransportError(_("The owner of %(path)s would not stay the same.") % {"path": journal.printable(change.shown)})

    def _holds(self, change: Change, now: Stat) -> bool:
        if isinstance(change, LeadLink):
            return self.held_by_link(change.path, now) == journal.as_content(change.after)
        if isinstance(change, WriteFile):
            return self.content(change.path) == change.after
        if isinstance(change, CreateFolder):
            return not self.beside(change.path)
        if isinstance(change, EmptyFile):
            return self.content(change.path) == b""
        return not isinstance(change, CreateFile) or self.content(change.path) == change.content

    def keeps_time(self, entry: JournalEntry, now: Stat) -> bool:
        """Whether a file has the time again that it had before a change, as far as this connection can set one."""
        return Capability.SET_MTIME not in self.reader.capabilities or int(now.mtime) == int(entry.before_mtime or 0)

    def check_restored(self, path: str, entry: JournalEntry, mode: int) -> str:
        """What of a file that was put back is not as before and is none of our doing, or nothing. Raises TransportError."""
        now = self.stat(path)
        if now is None or self.digest(path, MOST_TAKEN) != entry.before_sha256 or now.mode != mode or not self.keeps_time(entry, now):
            raise TransportError(_("The host did not keep what was put back."))
        if (now.uid, now.gid) != (entry.before_uid, entry.before_gid):
            return _("the content is as it was, but its owner changed; set the owner back by hand.")
        return ""

    def leftovers(self, step: Step, folder: str) -> Iterator[tuple[str, FileKind]]:
        """Files and links under names of ours that a crash left in a folder that the step touched."""
        hashes = {digest for pair in step.journal.values_list("before_sha256", "after_sha256") for digest in pair} - {""}
        for found in self.beside(folder):
            name = found.path.rpartition("/")[2]
            if found.stat.kind not in (FileKind.FILE, FileKind.LINK):
                continue
            if LEFTOVER.match(name) or (ASIDE.match(name) and self.digest(found.path) in hashes and self.none_missing(step)):
                yield found.path, found.stat.kind

    def is_half_renamed(self, path: str, target: str, old: Stat, new: Stat, entry: JournalEntry) -> bool:
        """Whether a crash struck inside a rename, there or back: without overwriting it is a link and an unlink, and both names stand."""
        if (old.mode, int(old.mtime)) != (new.mode, int(new.mtime)):
            return False
        if {old.kind, new.kind} == {FileKind.LINK}:
            held = self.held_by_link(path, old)
            return held == self.held_by_link(target, new) and _is_what_was_held(entry, held)
        if {old.kind, new.kind} != {FileKind.FILE}:
            return False
        digest = self.digest(path)
        return digest == self.digest(target) and digest in journal.known_hashes(entry) and not journal.made_again(entry)

    def is_what_was_renamed(self, entry: JournalEntry, target: str, now: Stat) -> bool:
        """A folder is known by its name alone: what is in it may change while it is away."""
        if entry.before_kind == FileKind.FOLDER:
            return now.kind == FileKind.FOLDER
        if entry.before_kind == FileKind.LINK:
            return _is_what_was_held(entry, self.held_by_link(target, now))
        content = self.content_of(target, now)
        return content is not None and journal.sha256(content) in journal.known_hashes(entry)

    def set_aside(self, path: str, entry: JournalEntry) -> str:
        """The old file where a crash struck between the two moves by which some hosts replace one. Empty: there is none."""
        hashes = {entry.before_sha256, entry.after_sha256}
        names = [found.path for found in self.beside(path.rpartition("/")[0] or "/") if ASIDE.match(found.path.rpartition("/")[2])]
        return next((name for name in names if self.digest(name) in hashes), "")

    def none_missing(self, step: Step) -> bool:
        """Whether every file that the step wrote has its name, so that what lies aside is not the last of one."""
        return all(self.stat(journal.path_now(entry)) is not None for entry in step.journal.filter(change="write"))


def _is_what_was_held(entry: JournalEntry, held: bytes | None) -> bool:
    return held is not None and journal.sha256(held) in journal.known_hashes(entry)


def _expected(change: WriteFile | RenameFile | RemoveFile) -> str:
    if isinstance(change, RenameFile):
        return change.sha256
    return journal.sha256(change.before if isinstance(change, WriteFile) else change.content)


def _wanted_mode(change: Change, before: Stat | None) -> int | None:
    if isinstance(change, ChangeMode):
        return change.after
    return change.mode if isinstance(change, CreateFile | CreateFolder) else before.mode if before else None


def _has_changed(change: Change) -> Stale:
    return Stale(_("%(path)s has changed since it was looked at.") % {"path": journal.printable(change.shown)})
