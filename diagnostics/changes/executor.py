"""The only hand that writes to a host: looks, journals, writes, looks again, and takes back what it began when anything fails."""

from __future__ import annotations

from django.utils.translation import gettext as _

from diagnostics.connections import purposes
from diagnostics.connections.locking import LockLost
from diagnostics.models import JournalEntry, Step
from diagnostics.panels import stopping
from diagnostics.repairs.plan import (
    Change,
    CreateFile,
    CreateFolder,
    EmptyFile,
    LeadLink,
    Plan,
    RemoveFile,
    RemoveFolder,
    Renaming,
    TakeAway,
    WriteFile,
)  # fmt: skip
from diagnostics.transports.base import (
    AlreadyExists,
    ConnectionLost,
    ConnectionTimedOut,
    FileKind,
    NoSpace,
    Stat,
    TransportError,
)
from sites.credentials import SecretUnreadable

from . import database_hand, journal, keeping_whole, versions
from .host_in_hand import HostInHand
from .looking import MOST_TAKEN, READ_LIMIT, Stale
from .taken_back import NotApplied, TakenBack, changed_since, holds_more, told

__all__ = ["READ_LIMIT", "Executor", "NotApplied", "Stale", "TakenBack"]


class Executor(HostInHand):
    """Carries plans out on the host in hand, and takes them back."""

    # --- applying -------------------------------------------------------------------------------
    @purposes.of_step
    def apply(self, step: Step, plan: Plan) -> None:
        """Makes every change of the plan. Raises Stale, NotApplied (after taking back), LockLost (the next holder takes back)."""
        if why := stopping.now(step.case.site.host):
            raise NotApplied(why, taken_back=True)
        try:
            self.look_at_all(step, plan)
        except TransportError as error:
            raise NotApplied(told(error), taken_back=True) from error
        try:
            for position, change in enumerate(plan.changes, journal.next_position(step)):
                self._make(step, position, change)
        except (Stale, TransportError) as error:
            back = self.take_back(step, line_broke=isinstance(error, ConnectionLost | ConnectionTimedOut))
            if back.complete and isinstance(error, ConnectionLost):
                self._tidy(step)
            if back.complete and isinstance(error, Stale):
                raise
            message = told(error, is_known=back.complete) if isinstance(error, TransportError) else str(error)
            raise NotApplied(f"{message} {back.why()}".strip(), taken_back=back.complete, retry=back.retry) from error

    def _make(self, step: Step, position: int, change: Change) -> None:
        self.require_inside(step, change.path, change.shown)
        if isinstance(change, CreateFolder):
            self.require_room(step, change)
        self._lock.check(keeping_whole.time_for(change))
        stat, content = self.look(change)
        self._lock.check()
        entry = keeping_whole.record(step, position, change, stat, content)
        self._lock.check()
        try:
            self.require_same(change, stat)
        except Stale:
            journal.mark_taken_back(entry, _("Not made: the file changed at that moment."))
            raise
        try:
            self._carry_out(change, stat)
        except AlreadyExists:
            # The site itself was faster: its folder is not ours to remove, now or by a later undo.
            if isinstance(change, CreateFolder):
                journal.mark_taken_back(entry, _("Not made: somebody else made it at that moment."))
            raise
        self.require_made(change, stat)
        journal.mark_applied(entry)
        try:
            self._lock.check()
        except LockLost:
            # A write that took longer than the lease: whoever took the step back did so before it landed, and must do it again.
            Step.objects.filter(pk=step.pk).update(state=Step.State.APPLYING)
            raise

    def _carry_out(self, change: Change, before: Stat | None) -> None:
        writer = self._writer
        if isinstance(change, WriteFile):
            writer.write_atomic(change.path, change.after, before.mode if before else change.mode, change.mtime)
        elif isinstance(change, LeadLink):
            writer.lead_link(change.path, change.after)
        elif isinstance(change, Renaming):
            writer.rename(change.path, change.target)
        elif isinstance(change, CreateFile):
            writer.create_exclusive(change.path, change.content, change.mode, change.mtime)
        elif isinstance(change, RemoveFile | TakeAway):
            writer.remove(change.path)
        elif isinstance(change, EmptyFile):
            writer.empty(change.path)
        elif isinstance(change, CreateFolder):
            writer.make_folder(change.path, change.mode)
        elif isinstance(change, RemoveFolder):
            writer.remove_folder(change.path)
        else:
            writer.chmod(change.path, change.after)

    # --- taking back ----------------------------------------------------------------------------
    @purposes.of_step
    def take_back(self, step: Step, *, line_broke: bool = False) -> TakenBack:
        """Takes back what stands of a step, newest change first, each once. What the host looks like decides, not what was remembered.

        `line_broke`: the host was not heard to carry out its last change, and may still do so.
        """
        if (change := database_hand.of(step)) is not None:
            return database_hand.take_back(lambda: self.reader, change, self.keep)
        result, self._put_back = TakenBack(), []
        self._line_broke = line_broke
        self._plain.clear()
        for entry in journal.standing(step):
            try:
                why = self._take_back_again(entry)
            except SecretUnreadable as error:
                why, result.retry = str(error), True
            except TransportError as error:
                if isinstance(error, NoSpace) and entry.change in ("remove", "empty"):
                    self._end_without_room(entry, result)
                    return result
                why, result.retry = told(error), True
            if why:
                result.refused.append((entry.shown, why))
                if result.retry:
                    break  # order matters: nothing older is touched while a newer change stands
            else:
                result.done.append(entry.shown)
        if result.refused and not result.retry:
            versions.note(step, self)
        return result

    def _end_without_room(self, entry: JournalEntry, result: TakenBack) -> None:
        """All of it or nothing: a person must make room first. Where the line breaks meanwhile, it is tried again by itself."""
        again = [each.shown for each in self._put_back]
        try:
            stays = [] if self._leave_away() else again
        except TransportError as broken:
            result.refused, result.retry = [*result.refused, (entry.shown, told(broken))], True
            return
        result.done = [shown for shown in result.done if shown in stays or shown not in again]
        result.refused, result.no_room = [*result.refused, (entry.shown, keeping_whole.no_room_words())], not result.done

    def _take_back_again(self, entry: JournalEntry) -> str:
        try:
            return self._take_back(entry)
        except ConnectionLost:
            self._line_broke = True
            self._drop()
            self._tidy(entry.step)  # first: what the host may still carry out of the lost line has nothing left to put in place
            why = self._take_back(entry)
            self._tidy(entry.step)
            return why

    def _take_back(self, entry: JournalEntry) -> str:
        """Takes one change back; returns why not, or nothing."""
        path = journal.path_now(entry)
        try:
            self.require_inside(entry.step, path, entry.shown)
        except Stale as error:
            return str(error)
        later = journal.later_change(entry)
        if later is not None:
            return _("a later step (%(step)s) changed it too. Undo that one first.") % {"step": later.step_id}
        if entry.change in ("write", "remove", "empty", "link") and entry.before_content is None:
            return _("what it held before is no longer kept.")
        undo = {
            "write": self._unwrite,
            "link": self._unlead,
            "rename": self._unrename,
            "mode": self._unchmod,
            "create": self._uncreate,
            "remove": self._unremove,
            "empty": self._unempty,
            "make-folder": self._unmake_folder,
            "drop-folder": self._undrop_folder,
        }[entry.change]
        why = undo(entry, path)
        if not why:
            journal.mark_taken_back(entry, may_come_late=self._line_broke and self._writer.protocol != "local")
        elif entry.state == JournalEntry.State.RECORDED:
            journal.mark_refused(entry, why)
        return why

    def _unwrite(self, entry: JournalEntry, path: str) -> str:
        stat = self.stat(path) or self._brought_back(path, entry)
        if stat is None:
            return _("the file is no longer there.")
        content = self.content_of(path, stat)
        found = journal.sha256(content) if content is not None else ""
        if found == entry.before_sha256:
            return self._give_its_time(path, entry, stat)
        if found != entry.after_sha256:
            return changed_since()
        self._lock.check()
        # The mode is not what this change altered: whoever altered it since takes it back by itself.
        self._writer.write_atomic(path, journal.before_content(entry), stat.mode, entry.before_mtime)
        return self.check_restored(path, entry, stat.mode)

    def _brought_back(self, path: str, entry: JournalEntry) -> Stat | None:
        """Where a host cannot replace a file in one move, a crash can leave it under a name of ours beside its own."""
        aside = self.set_aside(path, entry)
        if not aside:
            return None
        self._lock.check()
        self._writer.rename(aside, path)
        return self.stat(path)

    def _give_its_time(self, path: str, entry: JournalEntry, stat: Stat) -> str:
        """The content is as it was. Where a crash struck between content and time of a file, its time is not yet."""
        if not self.keeps_time(entry, stat):
            self._lock.check()
            self._writer.set_mtime(path, float(entry.before_mtime or 0))
        return ""

    def _unlead(self, entry: JournalEntry, path: str) -> str:
        stat = self.stat(path)
        if stat is None:
            return _("the link is no longer there.")
        held = self.held_by_link(path, stat)
        if held is None or journal.sha256(held) not in (entry.before_sha256, entry.after_sha256):
            return changed_since()
        if journal.sha256(held) == entry.before_sha256:
            return ""
        before = journal.before_content(entry)
        self._lock.check()
        self._writer.lead_link(path, journal.as_target(before), entry.before_mtime)
        if self.held_by_link(path, self.stat(path)) != before:
            raise TransportError(_("The host did not keep what was put back."))
        return ""

    def _unrename(self, entry: JournalEntry, _path: str) -> str:
        path, target = journal.names_now(entry)
        old, new = self.stat(path), self.stat(target)
        if new is None:
            return "" if old is not None else _("the file is under neither of its names.")
        if old is not None and self.is_half_renamed(path, target, old, new, entry):
            self._lock.check()
            self._remove(target, new.kind)
            return ""
        if old is not None:
            return _("there is a file under the old name again, so the name cannot be given back.")
        if not self.is_what_was_renamed(entry, target, new):
            return changed_since()
        self._lock.check()
        self._writer.rename(target, path)
        return ""

    def _unchmod(self, entry: JournalEntry, path: str) -> str:
        stat = self.stat(path)
        if stat is None:
            return _("it is no longer there.")
        if stat.mode == entry.before_mode:
            return ""
        if stat.mode != entry.after_mode or not journal.same_kind(entry, stat.kind):
            return _("its mode is no longer what was set here. It was left as it is.")
        self._lock.check()
        self._writer.chmod(path, int(entry.before_mode or 0))
        now = self.stat(path)
        if now is None or now.mode != entry.before_mode:
            raise TransportError(_("The host did not keep the mode that was put back."))
        return ""

    def _uncreate(self, entry: JournalEntry, path: str) -> str:
        if self.stat(path) is None:
            return ""
        if self.digest(path) != entry.after_sha256:
            return changed_since()
        self._lock.check()
        self._writer.remove(path)
        return ""

    def _unremove(self, entry: JournalEntry, path: str) -> str:
        stat = self.stat(path)
        if stat is not None:
            return "" if self.digest(path, MOST_TAKEN) == entry.before_sha256 else changed_since()
        self._lock.check(keeping_whole.LONGEST_S)
        mode = int(entry.before_mode or 0)
        self._writer.create_exclusive(path, journal.before_content(entry), mode, entry.before_mtime)
        self._put_back.append(entry)
        return self.check_restored(path, entry, mode)

    def _unempty(self, entry: JournalEntry, path: str) -> str:
        """What was written into it since is kept with the change, and gives way to what it held before."""
        stat = self.stat(path)
        since = self.content_of(path, stat, MOST_TAKEN)
        if stat is None or since is None:
            return changed_since()
        if journal.sha256(since) == entry.before_sha256:
            return self._give_its_time(path, entry, stat)
        journal.keep_since(entry, since)
        before = (journal.before_content(entry), stat.mode, entry.before_mtime)
        self._lock.check(keeping_whole.LONGEST_S)
        try:
            self._writer.write_atomic(path, *before)
        except NoSpace:  # there may be room for one of them, and none for both
            self._writer.empty(path)
            try:
                self._writer.write_atomic(path, *before)
            except TransportError:
                self._writer.write_atomic(path, since, stat.mode, stat.mtime)
                raise
        self._put_back.append(entry)
        return self.check_restored(path, entry, stat.mode)

    def _leave_away(self) -> bool:
        """What was put back before the room ended goes again: half of it would fill the disk and bring nothing back. Newest first."""
        while self._put_back:
            entry = self._put_back[-1]
            path = journal.path_now(entry)
            if self.digest(path, MOST_TAKEN) != entry.before_sha256:
                return False  # somebody uses it already
            self._lock.check()
            self._writer.remove(path) if entry.change == "remove" else self._writer.empty(path)
            journal.mark_applied(entry)
            self._put_back.pop()
        return True

    def _unmake_folder(self, entry: JournalEntry, path: str) -> str:
        stat = self.stat(path)
        if stat is None:
            return ""
        if stat.kind != FileKind.FOLDER or (entry.state != JournalEntry.State.RECORDED and stat.mode != entry.after_mode):
            return changed_since()
        if held := len(self.beside(path)):
            return holds_more(held)
        self._lock.check()
        self._writer.remove_folder(path)
        return ""

    def _undrop_folder(self, entry: JournalEntry, path: str) -> str:
        stat = self.stat(path)
        mode = int(entry.before_mode or 0)
        if stat is not None:
            return "" if (stat.kind, stat.mode) == (FileKind.FOLDER, mode) else changed_since()
        self._lock.check()
        self._writer.make_folder(path, mode)
        now = self.stat(path)
        if now is None or now.mode != mode:
            raise TransportError(_("The host did not keep what was put back."))
        return ""

    def _tidy(self, step: Step) -> None:
        try:
            self.remove_leftovers(step)
        except TransportError:
            pass  # hidden temporary files harm nobody; the line is broken again

    def remove_leftovers(self, step: Step) -> list[str]:
        """Removes files under names of ours that a crash left beside what the step touched. Returns their names."""
        folders = {journal.unescape_path(path).rpartition("/")[0] or "/" for path in step.journal.values_list("path", flat=True)}
        removed = []
        for path, kind in (each for folder in sorted(folders) for each in self.leftovers(step, folder)):
            self._lock.check()
            self._remove(path, kind)
            removed.append(journal.printable(path))
        return removed

    def _remove(self, path: str, kind: FileKind) -> None:
        (self._writer.remove_link if kind == FileKind.LINK else self._writer.remove)(path)
