"""How a repair that was made without a person ends: what came of it, who hears of it, and whether the next one waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import repairing, steps
from diagnostics.changes import changing
from diagnostics.models import AutomaticRepair, RepairCase, Step
from sites.automatic import policy as auto_policy

State, Outcome = AutomaticRepair.State, AutomaticRepair.Outcome
_FAILED = (Outcome.TAKEN_BACK, Outcome.NEEDS_ATTENTION)


def end(row: AutomaticRepair, left: Sequence[dict[str, str]] = ()) -> None:
    """Concludes one from what its steps came to; where an effect is waited for, or taking back is not done yet, it goes on."""
    made = list(row.steps.order_by("pk"))
    states = {step.state for step in made}
    if any(_is_unfinished(step) for step in made):
        _tell_unfinished(row)
    elif Step.State.NEEDS_ATTENTION in states:
        _conclude(row, Outcome.NEEDS_ATTENTION, _said(made))
    elif Step.State.DONE_VERIFIED in states:
        _conclude(row, Outcome.CURED, _said(made))
    elif Step.State.AWAITING_EFFECT in states:
        if AutomaticRepair.objects.filter(pk=row.pk, state=State.WORKING).update(state=State.WAITING):
            auto_policy.note(row.incident, _said(made))
    elif any(is_unproven(step) for step in made):
        _conclude(row, Outcome.NEEDS_ATTENTION, _said(made), may_have_helped=True)
    elif any(step.journal.exists() for step in made):
        _conclude(row, Outcome.TAKEN_BACK, _said(made))
    else:
        nothing(row, _said(made) or _why_nothing(left))


def _is_unfinished(step: Step) -> bool:
    return step.state in steps.UNFINISHED or (step.state == Step.State.NEEDS_ATTENTION and bool(step.result.get("retry")))


def is_unproven(step: Step) -> bool:
    """Whether its change stands on a site that is well since, which may be luck."""
    return step.stands_applied and bool(step.result.get(changing.UNPROVEN))


def _said(made: Sequence[Step]) -> str:
    return " ".join(_("“%(title)s”: %(what)s") % {"title": step.title, "what": step.message} for step in made)


def _why_nothing(left: Sequence[dict[str, str]]) -> str:
    first = next((row["why"] for row in left if row.get("why")), "")
    return first[:1].upper() + first[1:] if first else _("The site answered as expected when it was looked at again.")


def nothing(row: AutomaticRepair, why: str) -> bool:
    """Ends one without a change; noted in the timeline, and mailed to nobody. False when it had ended already."""
    return _conclude(row, Outcome.NOTHING, why)


def end_of_proposal(row: AutomaticRepair, now: datetime) -> bool:
    """Ends a proposal that nobody agreed to in time, or whose incident is over. False while it stands."""
    if not row.incident.is_open:
        return nothing(row, _("The incident is over."))
    if row.expires_at is None or row.expires_at > now:
        return False
    return _conclude(row, Outcome.EXPIRED, _("Nobody agreed in time, so nothing was changed."))


@transaction.atomic
def _conclude(row: AutomaticRepair, outcome: str, message: str, *, may_have_helped: bool = False) -> bool:
    now = timezone.now()
    values = {"state": State.ENDED, "ended_at": now, "outcome": outcome, "message": message}
    if not AutomaticRepair.objects.filter(pk=row.pk, ended_at=None).update(**values):
        return False
    row.outcome, row.message, row.ended_at, row.state = outcome, message, now, State.ENDED
    _close_own_case(row)
    if outcome in _FAILED:
        why = _("It is not proven that the last one helped: %(what)s") if may_have_helped else _("The last one did not help: %(what)s")
        auto_policy.stop(row.incident.site, why % {"what": message})
    told = _unproven_words(row) if may_have_helped else _in_timeline(row)
    auto_policy.note(row.incident, told, is_good=outcome == Outcome.CURED)
    if outcome == Outcome.CURED:
        auto_policy.tell_made(row.incident, f"{row.pk}:ended", row.started_at)
    elif outcome in _FAILED:
        auto_policy.tell_made(row.incident, f"{row.pk}:ended", None)
    return True


def _unproven_words(row: AutomaticRepair) -> str:
    words = _("A repair was made by itself and stands. %(what)s No other is made on this site until a person has looked.")
    return words % {"what": row.message}


def _in_timeline(row: AutomaticRepair) -> str:
    if row.outcome == Outcome.CURED:
        return _("Repaired by itself, as the site's settings allow. %(what)s") % {"what": row.message}
    if row.outcome in _FAILED:
        words = _("A repair was made by itself and did not help. %(what)s No other is made on this site until a person has looked.")
        return words % {"what": row.message}
    return _("No repair was made by itself. %(why)s") % {"why": row.message}


def _close_own_case(row: AutomaticRepair) -> None:
    """The repair that it opened is closed again, unless a person is in it or something of it needs one."""
    case = RepairCase.objects.filter(steps__automatic=row, closed_at=None, opened_by=None, holder=None).first()
    if case is None or case.steps.exclude(automatic=row).exists() or case.steps.filter(state=Step.State.NEEDS_ATTENTION).exists():
        return
    repairing.close_case(case, None, "well" if row.outcome == Outcome.CURED else "left")


def _tell_unfinished(row: AutomaticRepair) -> None:
    """Something could not be taken back for want of a connection: people hear it at once, and it is tried on by itself."""
    auto_policy.stop(row.incident.site, _("The last one was interrupted, and could not be taken back yet."))
    auto_policy.tell_made(row.incident, f"{row.pk}:unfinished", None)
