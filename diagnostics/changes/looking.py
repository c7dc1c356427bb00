"""The eyes of the executor: what is on the host now, and whether it is what a plan or the journal expects. Nothing here writes."""

from __future__ import annotations

import posixpath
import re

from django.utils.translation import gettext as _

from diagnostics.models import JournalEntry, Step
from diagnostics.repairs.plan import (
    Change,
    ChangeMode,
    CreateFile,
    CreateFolder,
    RemoveFile,
    RemoveFolder,
    RenameFile,
    RenameFolder,
    WriteFile,
)
from diagnostics.transports.base import Entry, FileKind, NotFound, Reader, Stat, TransportError, Unsupported

from . import journal

READ_LIMIT = 4 * 1024 * 1024  # bytes of a file that is changed: larger ones are no configuration
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

    def content(self, path: str) -> bytes | None:
        """A regular file of bearable size, else None."""
        try:
            return self.reader.read(path, READ_LIMIT)
        except (NotFound, Unsupported):
            return None

    def content_of(self, path: str, stat: Stat | None) -> bytes | None:
        return self.content(path) if stat is not None and stat.kind == FileKind.FILE else None

    def digest(self, path: str) -> str:
        """Hex SHA-256 of a file's content, empty where there is none."""
        content = self.content(path)
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

    def look(self, change: Change) -> tuple[Stat | None, bytes | None]:
        """What is there now, if it is what the plan was made from. Raises Stale."""
        stat = self.stat(change.path)
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
        content = self.content_of(change.path, stat)
        if stat is None or content is None or journal.sha256(content) != _expected(change):
            raise _has_changed(change)
        if isinstance(change, RenameFile):
            self._require_free(change)
        return stat, content

    def _require_free(self, change: RenameFile | RenameFolder) -> None:
        if self.stat(change.target) is not None:
            raise Stale(_("There is a file named %(path)s already.") % {"path": journal.printable(change.target_shown)})

    def require_same(self, change: Change, before: Stat | None) -> None:
        """Raises Stale where somebody else was here since it was looked at: storing the journal can take its time."""
        if self.stat(change.path) != before:
            raise _has_changed(change)

    def require_made(self, change: Change, before: Stat | None) -> None:
        """Raises TransportError where the host did not keep a change."""
        now = self.stat(change.target if isinstance(change, RenameFile | RenameFolder) else change.path)
        if isinstance(change, RemoveFile | RemoveFolder):
            kept = now is None
        else:
            kept = now is not None and now.mode == _wanted_mode(change, before) and self._holds(change)
        if not kept:
            raise TransportError(_("The host did not keep the change to %(path)s.") % {"path": journal.printable(change.shown)})
        if now is not None and before is not None and (now.uid, now.gid) != (before.uid, before.gid):
            raise TransportError(_("The owner of %(path)s would not stay the same.") % {"path": journal.printable(change.shown)})

    def _holds(self, change: Change) -> bool:
        if isinstance(change, WriteFile):
            return self.content(change.path) == change.after
        if isinstance(change, CreateFolder):
            return not self.beside(change.path)
        return not isinstance(change, CreateFile) or self.content(change.path) == change.content

    def is_half_renamed(self, path: str, target: str, old: Stat, new: Stat, entry: JournalEntry) -> bool:
        """Whether a crash struck inside a rename, there or back: without overwriting it is a link and an unlink, and both names stand."""
        if {old.kind, new.kind} != {FileKind.FILE} or (old.mode, int(old.mtime)) != (new.mode, int(new.mtime)):
            return False
        digest = self.digest(path)
        return digest == self.digest(target) and digest in journal.known_hashes(entry) and not journal.made_again(entry)

    def is_what_was_renamed(self, entry: JournalEntry, target: str, now: Stat) -> bool:
        """A folder is known by its name alone: what is in it may change while it is away."""
        if entry.before_kind == FileKind.FOLDER:
            return now.kind == FileKind.FOLDER
        content = self.content_of(target, now)
        return content is not None and journal.sha256(content) in journal.known_hashes(entry)

    def set_aside(self, path: str, entry: JournalEntry) -> str:
        """The old file where a crash struck between the two moves by which some hosts replace one. Empty: there is none."""
        hashes = {entry.before_sha256, entry.after_sha256}
        names = [found.path for found in self.beside(path.rpartition("/")[0] or "/") if ASIDE.match(found.path.rpartition("/")[2])]
        return next((name for name in names if self.digest(name) in hashes), "")


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
