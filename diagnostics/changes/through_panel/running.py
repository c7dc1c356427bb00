"""One look after the other at changes through a panel, each by one worker, with the host's lock held from the first to the last."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.connections import purposes
from diagnostics.connections.locking import LockLost
from diagnostics.models import PanelChange, Step
from diagnostics.panels import connecting, starting
from diagnostics.panels.base import PanelError
from sites import queueing

from . import database, host_lock, noting, pace, php, saving, storage, verifying
from .deeds import Deed, UndoRefused

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

Phase, Kind = PanelChange.Phase, PanelChange.Kind
DEEDS: dict[Kind, Deed] = {Kind.PHP: php.DEED, Kind.DUMP: saving.DEED, Kind.DATABASE: database.DEED, Kind.STORAGE: storage.DEED}
_BEFORE_UNDO = {Kind.PHP: php.back_anew, Kind.DATABASE: database.back_anew}  # what notes say then


def is_one(step_id: int) -> bool:
    """Whether a step is a change through a panel."""
    return PanelChange.objects.filter(step_id=step_id).exists()


def dispatch() -> int:
    """Hands over the changes that are to be looked at. Returns how many."""
    keys = list(_due().values_list("step", flat=True)[:100])
    for step_id in keys:
        queueing.enqueue(starting.TASK, step_id, expires=30.0)
    return len(keys)


def _due() -> QuerySet[PanelChange]:
    now = timezone.now()
    return PanelChange.objects.filter(next_look_at__lte=now).filter(Q(held_until=None) | Q(held_until__lt=now))


def advance(step_id: int) -> Step:
    """One look at a change: what the panel tells decides what comes next. Harmless when run twice."""
    is_mine = _due().filter(step=step_id).update(held_until=timezone.now() + pace.HELD)
    change = PanelChange.objects.select_related("step__case__site__host", "step__created_by", "step__undone_by").get(step=step_id)
    if not is_mine:
        return change.step
    step = change.step
    person = step.undone_by if step.result.get("undoing") else step.created_by
    try:
        with purposes.doing("undo" if step.result.get("undoing") else "repair", site=step.case.site, step_id=step.pk, user=person):
            _advance_alone(change)
    finally:
        PanelChange.objects.filter(pk=change.pk).update(held_until=None)
    return step


def _advance_alone(change: PanelChange) -> None:
    lock = host_lock.take(change)
    if lock is None:
        host_lock.wait(change)
        return
    try:
        _advance(change)
    except LockLost:
        noting.say(change, change.step.message, pace.APART)  # a look that took too long: the next one takes the lock anew
    if change.next_look_at is None:
        lock.release()


def _advance(change: PanelChange) -> None:
    step, deed = change.step, DEEDS[Kind(change.kind)]
    if step.state == Step.State.QUEUED and not steps.claim(step):
        return
    if change.phase == Phase.MADE and step.state == Step.State.VERIFYING:
        outcome = verifying.verify(change)
        if outcome is not None:
            deed.verified(change, outcome)
        return
    panel = connecting.working(step.case.site.host)
    if panel is None or panel.service != change.service:
        noting.cannot_ask(change, PanelError("refused", _("The panel is no longer connected, or refuses the keys."), _("Connect it anew.")))
        return
    try:
        with connecting.opened(panel, what=deed.what) as found:
            deed.looks[Phase(change.phase)](change, found)
    except PanelError as error:
        if error.code == "conflict":
            noting.is_taken(change)
        else:
            connecting.noted(panel, error)
            noting.cannot_ask(change, error)


# --- a person takes it back ---------------------------------------------------------------------
def begin_undo(step: Step, user: AbstractBaseUser | None) -> None:
    """Has the panel go back to how it was; `advance` goes on with it. Raises UndoRefused."""
    change = PanelChange.objects.select_related("step__case__site__host").get(step=step.pk)
    deed = DEEDS[Kind(change.kind)]
    panel = connecting.working(change.step.case.site.host)
    if panel is None or panel.service != change.service:
        raise UndoRefused(_("The panel is not connected. Connect it again, then undo."))
    try:
        with connecting.opened(panel, what=deed.what) as found:
            deed.may_undo(change, found)
    except PanelError as error:
        raise UndoRefused(str(error)) from error
    before = step.state
    with transaction.atomic():
        if not steps.claim(step, since=(before,), undone_by=user, result={**step.result, "undoing": before}):
            raise UndoRefused(_("Somebody else is undoing this step just now."))
        change.step = step
        noting.write_down(change, deed.goes_back_by, **_BEFORE_UNDO[Kind(change.kind)]())


def wait_for(step: Step, longest_s: float = 600.0) -> Step:
    """Goes on with a change until it has ended, in this very process: for the command line, which may be alone."""
    until = time.monotonic() + longest_s
    while time.monotonic() < until and PanelChange.objects.filter(step=step.pk, next_look_at__isnull=False).exists():
        advance(step.pk)
        time.sleep(1.0)
    step.refresh_from_db()
    return step
