"""Four eyes: who allowed a repair in the settings proposes it, and somebody else says yes or no to exactly that change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import repairing
from diagnostics.changes import undoing
from diagnostics.models import AutomaticRepair, Step
from sites import queueing
from sites.automatic import policy as auto_policy
from sites.models import Membership

from . import deciding, running

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

State, Outcome = AutomaticRepair.State, AutomaticRepair.Outcome
UNDO_TASK = "diagnostics.tasks.undo_automatic"


def approve(row: AutomaticRepair, user: AbstractBaseUser, digest: str) -> None:
    """A second person says yes to the change that they saw. Raises RepairRefused."""
    _require_may_decide(row, user)
    if digest != row.plan_digest:
        raise repairing.RepairRefused(_("This is not the change that is proposed now. Nothing was changed. Look again."))
    with transaction.atomic():
        _decided(row, user, state=State.QUEUED)
        auto_policy.note(row.incident, _("Said yes to: %(title)s.") % {"title": row.title}, user)
        queueing.enqueue_on_commit(running.TASK, row.pk)


def refuse(row: AutomaticRepair, user: AbstractBaseUser) -> None:
    """A person says no; it is not proposed again for this incident. Raises RepairRefused."""
    _require_member(row, user)
    if row.state != State.ASKED:
        raise repairing.RepairRefused(_("This was decided already."))
    with transaction.atomic():
        message = _("%(who)s said no, so nothing was changed.") % {"who": user}
        _decided(row, user, state=State.ENDED, ended_at=timezone.now(), outcome=Outcome.REFUSED, message=message)
        auto_policy.note(row.incident, _("Said no to: %(title)s.") % {"title": row.title}, user)


def _require_may_decide(row: AutomaticRepair, user: AbstractBaseUser) -> None:
    _require_member(row, user)
    if why := deciding.may_decide(row, user):
        raise repairing.RepairRefused(why)


def _require_member(row: AutomaticRepair, user: AbstractBaseUser) -> None:
    member = Membership.objects.filter(user=user, team=row.incident.site.team_id).first()
    if member is None or not member.may_write:
        raise repairing.RepairRefused(_("Only an owner or editor of the team may decide this."))


def _decided(row: AutomaticRepair, user: AbstractBaseUser, **values: object) -> None:
    """Two people may press at the same moment: the first of them has decided."""
    standing = AutomaticRepair.objects.filter(pk=row.pk, state=State.ASKED)
    if not standing.update(decided_by=user, decided_at=timezone.now(), **values):
        raise repairing.RepairRefused(_("This was decided already."))


# --- taken back by a person -----------------------------------------------------------------------
def standing(row: AutomaticRepair) -> list[Step]:
    """Its changes that are on the host now and can be undone, newest first."""
    return [step for step in row.steps.select_related("case__site__host").order_by("-pk") if step.may_be_undone]


def request_undo(row: AutomaticRepair, user: AbstractBaseUser) -> None:
    """Asks a worker to take back all that it changed, newest first. Raises RepairRefused where there is nothing to undo."""
    changed = standing(row)
    if not changed:
        raise repairing.RepairRefused(_("There is nothing to undo."))
    for step in changed:
        undoing.request(step, user, enqueue=False)
    auto_policy.note(row.incident, _("Undoes what was repaired by itself: %(title)s.") % {"title": row.title}, user)
    queueing.enqueue_on_commit(UNDO_TASK, row.pk, user.pk)


def undo(row: AutomaticRepair, user: AbstractBaseUser | None) -> None:
    """Takes back what was asked for, newest first; where one is refused, the step says why."""
    for step in standing(row):
        if undoing.ASKED not in step.result:
            continue
        try:
            undoing.undo(step, user, wait=False)
        except repairing.RepairRefused as refusal:
            undoing.note_refused(step.pk, str(refusal))
            break
