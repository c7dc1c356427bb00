"""How a step moves from one state to the next: by conditional UPDATE, so that two workers never both act on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sites.models import Host

from .models import JournalEntry, Step

UNDO_REFUSED = "undo_refused"  # in a step's result: its undo was asked for and could not be done
UNFINISHED = (Step.State.APPLYING, Step.State.VERIFYING)
RUN_LIMIT_S = 600  # a worker that runs one step for longer is killed
WAITS_FOR = timedelta(minutes=5)  # for an account in use: who asked for it may be gone after that


def claim(step: Step, *, since: tuple[str, ...] = (Step.State.QUEUED, Step.State.PLANNED), **values: Any) -> bool:
    """Takes a waiting step for this worker, and in the same moment sets `values` on it. False when another has it."""
    values |= {"state": Step.State.APPLYING, "started_at": timezone.now(), "finished_at": None}
    if Step.objects.filter(pk=step.pk, state__in=since).update(**values) != 1:
        return False
    for name, value in values.items():
        setattr(step, name, value)
    return True


def verifying(step: Step) -> None:
    """Everything is applied; now it is looked at whether that helped."""
    step.state = Step.State.VERIFYING
    step.save(update_fields=["state"])


def conclude(step: Step, state: str, message: str, **result: Any) -> Step:
    """The end of a step, with one sentence for a person."""
    step.state, step.message, step.finished_at = state, message, timezone.now()
    step.result = {**{name: value for name, value in step.result.items() if name not in ("retry", "undoing")}, **result}
    step.save(update_fields=["state", "message", "finished_at", "result", "check_again_at", "undone_at", "undone_by"])
    return step


def ask_to_stop(step: Step) -> bool:
    """A trial that waits or is at work ends before its next look. False when it has ended already."""
    at_work = Step.objects.filter(pk=step.pk, action="trial", state__in=(Step.State.QUEUED, *UNFINISHED), stop_asked_at=None)
    return at_work.update(stop_asked_at=timezone.now()) == 1


def is_to_stop(step: Step) -> bool:
    return Step.objects.filter(pk=step.pk, stop_asked_at__isnull=False).exists()


def put_back(step: Step, why: str) -> bool:
    """The account is in use: a step that has changed nothing waits again, and comes by itself. False when it waited for too long."""
    fresh = Step.objects.filter(pk=step.pk, state__in=(Step.State.QUEUED, *UNFINISHED), journal=None)
    fresh = fresh.filter(created_at__gt=timezone.now() - WAITS_FOR)
    message = _("%(why)s Nothing was changed; it is tried again by itself.") % {"why": why}
    if not fresh.update(state=Step.State.QUEUED, started_at=None, message=message):
        return False
    step.refresh_from_db(fields=["state", "started_at", "message"])
    return True


def conclude_undone(step: Step, message: str) -> Step:
    """The end of an undo. Where the step was itself a choice about an earlier one, that one stands again as it did."""
    settled = step.result.get("settled")
    with transaction.atomic():
        step.undone_at = step.undone_at or timezone.now()
        conclude(step, Step.State.UNDONE, message)
        if settled:
            entries = JournalEntry.objects.filter(pk=settled["entry"], state=JournalEntry.State.TAKEN_BACK)
            entries.update(state=settled["entry_state"], taken_back_at=None, note="")
            earlier = Step.objects.filter(pk=settled["step"], state__in=(settled["step_state"], Step.State.UNDONE, Step.State.KEPT))
            words = _("What was chosen for it was undone, so it stands again.")
            earlier.update(state=settled["step_state"], undone_at=None, undone_by=None, message=words)
    return step


def left_behind(host: Host | None = None) -> QuerySet[Step]:
    """Steps that a dead worker left half done, and those whose taking back only failed for want of a connection.

    Not where read-only mode is on: there nothing is taken back either until somebody switches it off.
    """
    rows = Step.objects.filter(Q(state__in=UNFINISHED) | Q(state=Step.State.NEEDS_ATTENTION, result__retry=True))
    rows = rows.filter(action__in=("repair", "trial"), case__site__host__isnull=False).select_related("case__site__host")
    rows = rows.filter(panel_change=None)  # which goes on by itself: see `changes.through_panel`
    rows = rows.filter(case__site__read_only_since=None, case__site__host__read_only_since=None)
    return (rows.filter(case__site__host=host) if host else rows).order_by("-pk")


def end_abandoned_looks() -> int:
    """Ends looks of dead workers, which would keep their repair waiting for ever. Nothing was changed by them. Returns how many."""
    now, longest = timezone.now(), timedelta(seconds=RUN_LIMIT_S + 30)
    over = Q(started_at__lt=now - longest) | Q(started_at__gt=now + longest)  # the latter: the clock was set back since
    looks = Step.objects.filter(over, action="look", state__in=UNFINISHED, panel_change=None)  # a host may be at work for longer
    for step in looks:
        conclude(step, Step.State.FAILED, _("It was interrupted. Nothing was changed. Look again."))
    return len(looks)


def applied(site_id: int) -> QuerySet[Step]:
    """Steps of a site whose changes are on the host now, newest first."""
    return (
        Step.objects.filter(case__site_id=site_id, action="repair", state__in=Step.APPLIED)
        .select_related("case__site__host")
        .order_by("-pk")
    )
