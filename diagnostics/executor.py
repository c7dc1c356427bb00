"""The only hand that writes to a host: looks, journals, writes, looks again, and takes back what it began when anything fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType

from django.utils.translation import gettext as _

from sites.credentials import SecretUnreadable

from . import journal, purposes
from .locking import Lock, LockLost
from .models import JournalEntry, Step
from .repairs.plan import Change, ChangeMode, Plan, RenameFile, WriteFile
from .transports.base import Capability, ConnectionLost, FileKind, NotFound, Reader, Stat, TransportError, Unsupported, Writer

READ_LIMIT = 4 * 1024 * 1024  # bytes of a file that is changed: larger ones are no configuration
_ASIDE = re.compile(r"^\.sitemend-[0-9a-f]+\.old$")
_LEFTOVER = re.compile(r"^\.sitemend-[0-9a-f]+\.tmp$")


class Stale(Exception):
    """The host is not as the plan found it. Nothing was written, or what was written is taken back."""


class NotApplied(Exception):
    """A plan could not be carried out. `taken_back`: the host is as it was before. `retry`: taking back is tried again later."""

    def __init__(self, message: str, *, taken_back: bool, retry: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.taken_back = taken_back
        self.retry = retry


@dataclass(slots=True)
class TakenBack:
    """What became of taking a step back: what could not be, with why; `retry` when only the connection failed."""

    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    retry: bool = False

    @property
    def complete(self) -> bool:
        return not self.refused

    def why(self) -> str:
        return " ".join(f"{shown}: {why}" for shown, why in self.refused)


class Executor:
    """One lock on one host with the writer that goes with it. Opened when first needed, and once more when the connection was lost."""

    def __init__(self, opener: Callable[[], AbstractContextManager[Writer]], lock: Lock) -> None:
        self._opener = opener
        self._lock = lock
        self._context: AbstractContextManager[Writer] | None = None
        self._open: Writer | None = None
        self._plain: set[str] = set()  # folders of the site that were seen to be no links, in the run at hand

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._drop()

    def keep(self, for_s: float = 0.0) -> None:
        """Keeps the host for the next `for_s` seconds, while nothing is written. Raises LockLost when another has it by now."""
        self._lock.check(for_s)

    @property
    def reader(self) -> Reader:
        """The same connection, for looking. Raises TransportError when it cannot be made."""
        return self._writer

    @property
    def _writer(self) -> Writer:
        if self._open is None:
            self._context = self._opener()
            self._open = self._context.__enter__()
        return self._open

    def _drop(self) -> None:
        context, self._context, self._open = self._context, None, None
        if context is not None:
            try:
                context.__exit__(None, None, None)
            except (TransportError, OSError):
                pass  # a connection that is being given up has nothing more to tell

    # --- applying -------------------------------------------------------------------------------
    @purposes.of_step
    def apply(self, step: Step, plan: Plan) -> None:
        """Makes every change of the plan. Raises Stale, NotApplied (after taking back), LockLost (the next holder takes back)."""
        self._plain.clear()
        for change in plan.changes:
            try:
                self._require_inside(step, change.path, change.shown)
                self._look(change)
            except TransportError as error:
                raise NotApplied(_told(error), taken_back=True) from error
        try:
            for position, change in enumerate(plan.changes):
                self._make(step, position, change)
        except (Stale, TransportError) as error:
            back = self.take_back(step)
            if back.complete and isinstance(error, ConnectionLost):
                self._tidy(step)
            if back.complete and isinstance(error, Stale):
                raise
            message = _told(error) if isinstance(error, TransportError) else str(error)
            raise NotApplied(f"{message} {back.why()}".strip(), taken_back=back.complete, retry=back.retry) from error

    def _make(self, step: Step, position: int, change: Change) -> None:
        self._require_inside(step, change.path, change.shown)
        stat, content = self._look(change)
        self._lock.check()
        entry = journal.record(step, position, change, stat, content)
        self._lock.check()
        writer = self._writer
        if isinstance(change, WriteFile):
            writer.write_atomic(change.path, change.after, stat.mode)
        elif isinstance(change, RenameFile):
            writer.rename(change.path, change.target)
        else:
            writer.chmod(change.path, change.after)
        self._check_made(change, stat)
        journal.mark_applied(entry)
        try:
            self._lock.check()
        except LockLost:
            # A write that took longer than the lease: whoever took the step back did so before it landed, and must do it again.
            Step.objects.filter(pk=step.pk).update(state=Step.State.APPLYING)
            raise

    def _require_inside(self, step: Step, path: str, shown: str) -> None:
        """Raises Stale where a folder between the docroot and the file is a link by now: it may lead to somebody else's files."""
        docroot = step.case.site.docroot.rstrip("/")
        folder = path.rpartition("/")[0]
        while docroot and folder.startswith(f"{docroot}/") and folder not in self._plain:
            stat = self._stat(folder)
            if stat is not None and stat.kind != FileKind.FOLDER:
                raise Stale(
                    _("A folder on the way to %(path)s is a link by now, which is not followed.") % {"path": journal.printable(shown)}
                )
            self._plain.add(folder)
            folder = folder.rpartition("/")[0]

    def _look(self, change: Change) -> tuple[Stat, bytes | None]:
        """What is there now, if it is what the plan was made from. Raises Stale."""
        stat = self._stat(change.path)
        if isinstance(change, ChangeMode):
            if stat is None or stat.kind != change.kind or stat.mode != change.before:
                raise Stale(_("%(path)s has changed since it was looked at.") % {"path": journal.printable(change.shown)})
            return stat, None
        content = self._content(change.path) if stat is not None and stat.kind == FileKind.FILE else None
        wanted = journal.sha256(change.before) if isinstance(change, WriteFile) else change.sha256
        if stat is None or content is None or journal.sha256(content) != wanted:
            raise Stale(_("%(path)s has changed since it was looked at.") % {"path": journal.printable(change.shown)})
        if isinstance(change, RenameFile) and self._stat(change.target) is not None:
            raise Stale(_("There is a file named %(path)s already.") % {"path": journal.printable(change.target_shown)})
        return stat, content

    def _check_made(self, change: Change, before: Stat) -> None:
        now = self._stat(change.target if isinstance(change, RenameFile) else change.path)
        mode = change.after if isinstance(change, ChangeMode) else before.mode
        if now is None or now.mode != mode or (isinstance(change, WriteFile) and self._content(change.path) != change.after):
            raise TransportError(_("The host did not keep the change to %(path)s.") % {"path": journal.printable(change.shown)})
        if (now.uid, now.gid) != (before.uid, before.gid):
            raise TransportError(_("The owner of %(path)s would not stay the same.") % {"path": journal.printable(change.shown)})

    # --- taking back ----------------------------------------------------------------------------
    @purposes.of_step
    def take_back(self, step: Step) -> TakenBack:
        """Takes back what stands of a step, newest change first, each once. What the host looks like decides, not what was remembered."""
        result = TakenBack()
        self._plain.clear()
        for entry in journal.standing(step):
            try:
                why = self._take_back_again(entry)
            except SecretUnreadable as error:
                why = str(error)
            except TransportError as error:
                why, result.retry = _told(error), True
            if why:
                result.refused.append((entry.shown, why))
                if result.retry:
                    break  # order matters: nothing older is touched while a newer change stands
            else:
                result.done.append(entry.shown)
        return result

    def _take_back_again(self, entry: JournalEntry) -> str:
        try:
            return self._take_back(entry)
        except ConnectionLost:
            self._drop()
            return self._take_back(entry)

    def _take_back(self, entry: JournalEntry) -> str:
        """Takes one change back; returns why not, or nothing."""
        try:
            self._require_inside(entry.step, journal.path_now(entry), entry.shown)
        except Stale as error:
            return str(error)
        undo = {"write": self._unwrite, "rename": self._unrename, "mode": self._unchmod}[entry.change]
        why = undo(entry)
        if not why:
            journal.mark_taken_back(entry)
        elif entry.state == JournalEntry.State.RECORDED:
            journal.mark_refused(entry, why)
        return why

    def _unwrite(self, entry: JournalEntry) -> str:
        path = journal.path_now(entry)
        stat = self._stat(path)
        if stat is None:
            return "" if self._brought_back(path, entry) else _("the file is no longer there.")
        content = self._content(path) if stat.kind == FileKind.FILE else None
        found = journal.sha256(content) if content is not None else ""
        if found == entry.before_sha256:
            return ""
        if found != entry.after_sha256:
            return self._changed_since(entry)
        self._lock.check()
        # The mode is not what this change altered: whoever altered it since takes it back by itself.
        self._writer.write_atomic(path, journal.before_content(entry), stat.mode, entry.before_mtime)
        return self._check_restored(path, entry, stat)

    def _brought_back(self, path: str, entry: JournalEntry) -> bool:
        """Where a host cannot replace a file in one move, a crash can leave the old one under a name of ours beside it."""
        for aside in self._entries(path.rpartition("/")[0] or "/"):
            if _ASIDE.match(aside.path.rpartition("/")[2]) and journal.sha256(self._content(aside.path) or b"") == entry.before_sha256:
                self._lock.check()
                self._writer.rename(aside.path, path)
                return True
        return False

    def _check_restored(self, path: str, entry: JournalEntry, before: Stat) -> str:
        now = self._stat(path)
        content = self._content(path)
        times_kept = Capability.SET_MTIME not in self._writer.capabilities or (
            now is not None and int(now.mtime) == int(entry.before_mtime or 0)
        )
        if now is None or content is None or journal.sha256(content) != entry.before_sha256 or now.mode != before.mode or not times_kept:
            raise TransportError(_("The host did not keep what was put back."))
        if (now.uid, now.gid) != (entry.before_uid, entry.before_gid):
            return _("the content is as it was, but its owner changed; set the owner back by hand.")
        return ""

    def _changed_since(self, entry: JournalEntry) -> str:
        later = journal.later_writer(entry)
        if later is not None:
            return _("a later step (%(step)s) changed it too. Undo that one first.") % {"step": later.step_id}
        return _("it is no longer what was written here: somebody changed it since. It was left as it is.")

    def _unrename(self, entry: JournalEntry) -> str:
        path, target = journal.unescape_path(entry.path), journal.unescape_path(entry.target)
        old, new = self._stat(path), self._stat(target)
        if new is None:
            return "" if old is not None else _("the file is under neither of its names.")
        if old is not None and entry.state == JournalEntry.State.RECORDED and self._is_half_renamed(path, target, old, new, entry):
            self._lock.check()
            self._writer.remove(target)
            return ""
        if old is not None:
            return _("there is a file under the old name again, so the name cannot be given back.")
        content = self._content(target) if new.kind == FileKind.FILE else None
        if content is None or journal.sha256(content) not in journal.known_hashes(entry):
            return self._changed_since(entry)
        self._lock.check()
        self._writer.rename(target, path)
        return ""

    def _is_half_renamed(self, path: str, target: str, old: Stat, new: Stat, entry: JournalEntry) -> bool:
        """Whether a crash struck inside the rename itself: without overwriting it is a link and an unlink, and both names stand."""
        if {old.kind, new.kind} != {FileKind.FILE} or (old.mode, int(old.mtime)) != (new.mode, int(new.mtime)):
            return False
        return {journal.sha256(self._content(name) or b"") for name in (path, target)} == {entry.before_sha256}

    def _unchmod(self, entry: JournalEntry) -> str:
        path = journal.path_now(entry)
        stat = self._stat(path)
        if stat is None:
            return _("it is no longer there.")
        if stat.mode == entry.before_mode:
            return ""
        if stat.mode != entry.after_mode or stat.kind not in (FileKind.FILE, FileKind.FOLDER):
            return _("its mode is no longer what was set here. It was left as it is.")
        self._lock.check()
        self._writer.chmod(path, int(entry.before_mode or 0))
        now = self._stat(path)
        if now is None or now.mode != entry.before_mode:
            raise TransportError(_("The host did not keep the mode that was put back."))
        return ""

    def _tidy(self, step: Step) -> None:
        try:
            self.remove_leftovers(step)
        except TransportError:
            pass  # hidden temporary files harm nobody; the line is broken again

    @purposes.of_step
    def remove_leftovers(self, step: Step) -> list[str]:
        """Removes temporary files of ours that a crash left beside what the step touched. Returns their names."""
        folders = {journal.unescape_path(path).rpartition("/")[0] or "/" for path in step.journal.values_list("path", flat=True)}
        removed = []
        for folder in sorted(folders):
            for entry in self._entries(folder):
                if entry.stat.kind == FileKind.FILE and _LEFTOVER.match(entry.path.rpartition("/")[2]):
                    self._lock.check()
                    self._writer.remove(entry.path)
                    removed.append(journal.printable(entry.path))
        return removed

    def _entries(self, folder: str) -> list:
        try:
            return self._writer.list(folder)
        except NotFound:
            return []

    # --- looking --------------------------------------------------------------------------------
    def _stat(self, path: str) -> Stat | None:
        try:
            return self._writer.stat(path)
        except NotFound:
            return None

    def _content(self, path: str) -> bytes | None:
        try:
            return self._writer.read(path, READ_LIMIT)
        except (NotFound, Unsupported):
            return None


def _told(error: TransportError) -> str:
    return f"{error.message} {error.hint}".strip()
