"""Changes that a host carried out after their line had broken, when they had been looked at already and taken for not made.

A host whose disk hangs keeps what it was told and does it when it can, whoever has hung up since. New contents cannot come late: the
temporary file that would take the name is gone by then. A name, a mode or a removal can, and so can the first of the two moves by which
some hosts replace a file, after which it is missing. Each is looked at again some times.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.connections import connecting, purposes
from diagnostics.connections.locking import try_acquire
from diagnostics.models import JournalEntry, Step
from diagnostics.transports.base import FileKind, Reader, TransportError
from sites.credentials import SecretUnreadable
from sites.models import Host
from sites.models.site import Verdict

from . import journal
from .looking import Looker, Stale

log = logging.getLogger(__name__)

_PUT_OFF = timedelta(minutes=10)  # where the host cannot be reached
_GIVEN_UP_AFTER = timedelta(days=1)


class _Eyes(Looker):
    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader


def look_again(host: Host | None = None, now: datetime | None = None) -> list[int]:
    """Looks at what is due, with the lock of its host. Returns the ids of the steps of which something came late."""
    due = JournalEntry.objects.filter(look_again_at__lte=now or timezone.now(), step__case__site__host__isnull=False)
    due = due.select_related("step__case__site__host").order_by("pk")
    by_host: dict[int, list[JournalEntry]] = {}
    for entry in due.filter(step__case__site__host=host) if host else due:
        by_host.setdefault(entry.step.case.site.host_id, []).append(entry)
    came: list[int] = []
    for entries in by_host.values():
        came += _on_host(entries[0].step.case.site.host, entries)
    return list(dict.fromkeys(came))


def _on_host(host: Host, entries: list[JournalEntry]) -> list[int]:
    lock = try_acquire(host)
    if lock is None:
        return []  # whoever holds it is at work: the next round looks
    try:
        with purposes.doing("look"), connecting.reader_for(host) as reader:
            return [entry.step_id for entry in entries if _has_come(entry, _Eyes(reader))]
    except (TransportError, SecretUnreadable) as error:
        log.warning("host %s could not be looked at again: %s", host.pk, error)
        _put_off(entries)
        return []
    finally:
        lock.release()


def _put_off(entries: list[JournalEntry]) -> None:
    now = timezone.now()
    for entry in entries:
        given_up = entry.taken_back_at is None or entry.taken_back_at < now - _GIVEN_UP_AFTER
        entry.look_again_at = None if given_up else now + _PUT_OFF
        entry.save(update_fields=["look_again_at"])


def _has_come(entry: JournalEntry, looker: Looker) -> bool:
    fresh = JournalEntry.objects.filter(pk=entry.pk, state=JournalEntry.State.TAKEN_BACK, look_again_at__isnull=False)
    if not fresh.exclude(step__state__in=steps.UNFINISHED).exists():
        return False  # somebody works on the step just now
    if not _stands(entry, looker):
        entry.look_again_at = journal.next_look(entry)
        entry.save(update_fields=["look_again_at"])
        return False
    _tell(entry)
    return True


def _stands(entry: JournalEntry, looker: Looker) -> bool:
    """Whether the host is as this change would leave it, and no other change of ours has made it so."""
    if journal.later_change(entry) is not None:
        return False
    path = journal.path_now(entry)
    try:
        looker.require_inside(entry.step, path, entry.shown)
    except Stale:
        return False
    if entry.change == "rename":
        old, new = journal.names_now(entry)
        found = looker.stat(new)
        return found is not None and looker.stat(old) is None and looker.is_what_was_renamed(entry, new, found)
    stat = looker.stat(path)
    if entry.change == "write":
        return stat is None and bool(looker.set_aside(path, entry))
    if entry.change == "make-folder":
        return stat is not None and stat.kind == FileKind.FOLDER
    if entry.change == "empty":
        return stat is not None and (stat.kind, stat.size) == (FileKind.FILE, 0) and entry.before_sha256 != entry.after_sha256
    if entry.change in ("remove", "drop-folder"):
        return stat is None and looker.stat(path.rpartition("/")[0] or "/") is not None
    return stat is not None and stat.mode == entry.after_mode != entry.before_mode and journal.same_kind(entry, stat.kind)


def _tell(entry: JournalEntry) -> None:
    """A trial is taken back as always, and what lies aside gets its name again. What was meant to stay stands now: somebody may have
    made it by hand, so a person decides."""
    step = Step.objects.select_related("case__site").get(pk=entry.step_id)
    entry.look_again_at = None  # it can come once
    with transaction.atomic():
        if step.action == "trial" or entry.change == "write":
            entry.state = JournalEntry.State.RECORDED
            entry.save(update_fields=["state", "look_again_at"])
            undoing = {"undoing": step.state} if step.state == Step.State.UNDONE else {}
            Step.objects.filter(pk=step.pk).update(state=Step.State.APPLYING, result=step.result | undoing)
            return
        entry.save(update_fields=["look_again_at"])
        journal.mark_applied(entry)
        step.undone_at = step.undone_by = None
        down = step.case.site.verdict == Verdict.DOWN
        steps.conclude(step, Step.State.DONE_NOT_CURED if down else Step.State.DONE_AS_ASKED, came_late_words(entry))
        step.case.site.pages.filter(due_at__gt=timezone.now()).update(due_at=timezone.now())  # it may have helped


def came_late_words(entry: JournalEntry) -> str:
    """What happened, what stands, and what to do."""
    return _(
        "%(path)s: the line to the host broke while this change was made, and it was not there when we looked. It is there now: the host "
        "carried it out later, or somebody made it by hand. It was left so. Undo takes it back."
    ) % {"path": entry.shown}
