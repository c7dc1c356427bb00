"""A change through a panel has the host for itself from its first look to its end: nobody writes files while the host is at work there."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.connections.locking import LEASE_S, Lock, LockLost, try_acquire
from diagnostics.models import PanelChange
from sites.models import Host

from . import noting, pace

_NOTE = "lock"  # in a change's notes: the lock outlives the worker of one look


def take(change: PanelChange) -> Lock | None:
    """The lock that the change holds, or a new one where it ran out meanwhile; None while somebody else has the host."""
    host: Host = change.step.case.site.host
    known = change.notes.get(_NOTE)
    if known:
        lock = Lock(host.pk, known["holder"], known["fence"])
        try:
            lock.check()
        except LockLost:
            pass  # nobody looked for longer than it lasts
        else:
            return lock
    made = try_acquire(host)
    if made is not None:
        change.notes = {**change.notes, _NOTE: {"holder": made.holder, "fence": made.fence}}
        PanelChange.objects.filter(pk=change.pk).update(notes=change.notes)
    return made


def keep(change: PanelChange, for_s: float) -> None:
    """For the next seconds, and the change for this worker. Raises LockLost."""
    PanelChange.objects.filter(pk=change.pk).update(held_until=timezone.now() + pace.HELD)
    known = change.notes[_NOTE]
    Lock(change.step.case.site.host_id, known["holder"], known["fence"]).check(LEASE_S + for_s)


def wait(change: PanelChange) -> None:
    """Somebody else has the host."""
    if noting.is_over(change) and change.phase == noting.Phase.REFRESHING:
        noting.not_made(change, _("Another repair was being made on this account for too long."))
    else:
        noting.say(change, _("Another repair is being made on this account. It goes on when that has ended."), pace.APART)
