"""A run over sites that share a cause: one first, and after it proved good the others, one after the other, until one is not cured.

Every site is repaired by a step of its own guided repair: planned afresh by a worker, with its own digest and journal, verified, and
undone like any other. `advance` may be called at any time and any number of times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites.judging import Verdict
from sites.models import Incident

from .. import diagnosing, repairing
from ..changes import undoing
from ..models import JointRepair, JointSite, Step
from ..repairing import RepairRefused
from . import planning

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

State = JointSite.State
_GOES_ON = (*repairing.IN_WORK, Step.State.AWAITING_EFFECT)


def open_run(incident: Incident) -> JointRepair | None:
    """The run over this incident's cause that is open, if any."""
    return JointRepair.objects.filter(team=incident.site.team_id, shared=incident.shared, ended_at=None).exclude(shared="").first()


def begin(incident: Incident, site_id: int, digest: str, user: AbstractBaseUser | None) -> JointRepair:
    """Repairs one site of the group, exactly as it was shown; the others wait. Raises RepairRefused."""
    found = planning.candidates(planning.group_of(incident))
    first = next((each for each in found if each.site.pk == site_id), None)
    if first is None or first.offer is None or first.offer.digest != digest:
        raise RepairRefused(_("What is proposed has changed since this page was shown. Nothing was written. Look again."))
    try:
        with transaction.atomic():
            values = {"shared": incident.shared, "about": incident.shared_about, "created_by": user, "created_at": timezone.now()}
            joint = JointRepair.objects.create(team=incident.site.team, **values)
            ordered = [first, *(each for each in found if each is not first)]
            rows = [JointSite(joint=joint, site=each.site, incident=each.incident, position=n) for n, each in enumerate(ordered)]
            JointSite.objects.bulk_create(rows)
            member = joint.members.select_related("site__host", "incident").get(site=first.site)
            member.repair_id, member.plan_digest = first.offer.repair_id, digest
            _start(member, user)
    except IntegrityError as error:
        raise RepairRefused(_("Somebody has begun with this cause already. Nothing was written by you.")) from error
    return joint


def _start(member: JointSite, user: AbstractBaseUser | None) -> None:
    """A step of the site's own guided repair. Raises RepairRefused."""
    case = repairing.open_case(member.site, member.incident, user)
    offer = next((each for each in repairing.offers(case) if each.digest == member.plan_digest), None)
    named = {"guide_step": offer.guide_step if offer else "", "repair_id": member.repair_id, "digest": member.plan_digest}
    member.step, member.state = repairing.start(case, action="repair", user=user, **named), State.STARTED
    member.save(update_fields=["step", "state", "repair_id", "plan_digest"])


@transaction.atomic
def allow(joint: JointRepair, chosen: Mapping[int, str], user: AbstractBaseUser | None) -> None:
    """A person says yes to these others (site: digest of the plan that was shown). Raises RepairRefused."""
    joint = JointRepair.objects.select_for_update().get(pk=joint.pk)
    if joint.ended_at or joint.allowed_at or joint.proven_at is None:
        raise RepairRefused(_("The others cannot be begun now. Look again."))
    offered = {each.site.pk: each.offer for each in others(joint) if each.offer}
    same = {pk: offer for pk, offer in offered.items() if chosen.get(pk) == offer.digest}
    if not same or len(same) != len(chosen):
        raise RepairRefused(_("What is proposed has changed since this page was shown. Nothing was written. Look again."))
    for member in joint.members.filter(state=State.WAITING):
        offer = same.get(member.site_id)
        member.state = State.CHOSEN if offer else State.LEFT
        if offer:
            member.repair_id, member.plan_digest = offer.repair_id, offer.digest
        member.save(update_fields=["state", "repair_id", "plan_digest"])
    joint.allowed_at, joint.allowed_by = timezone.now(), user
    joint.save(update_fields=["allowed_at", "allowed_by"])
    _go_on(joint)


def others(joint: JointRepair) -> list[planning.Candidate]:
    """The sites that still wait, each with its plan as it was read since the first proved good. Those that are well need none."""
    rows = joint.members.filter(state=State.WAITING, incident__resolved_at=None).select_related("incident__site__host__panel")
    return planning.candidates([row.incident for row in rows if row.incident], since=joint.proven_at)


def read_again(joint: JointRepair, user: AbstractBaseUser) -> int:
    """Has the sites that still wait read once more, as where an account was away. Returns how many."""
    return diagnosing.request_many([each.site.pk for each in others(joint)], user)


def advance(joint_id: int) -> None:
    """Goes one step further where the last one has ended; else nothing."""
    with transaction.atomic():
        joint = JointRepair.objects.select_for_update().filter(pk=joint_id, ended_at=None).first()
        if joint is not None:
            _go_on(joint)


def _go_on(joint: JointRepair) -> None:
    members = list(joint.members.select_related("site__host", "incident", "step"))
    begun = [member for member in members if member.state == State.STARTED]
    last = max(begun, key=lambda member: (member.step_id or 0, member.position), default=None)
    if last is None or (last.step is not None and last.step.state in _GOES_ON):
        return
    if last.step is None or last.step.state != Step.State.DONE_VERIFIED:
        _end(joint, _("%(name)s was not cured, so nothing is changed on the others.") % {"name": last.site.name})
    elif joint.proven_at is None:
        _proved(joint, members)
    elif joint.allowed_at is not None:
        _next(joint, members)


def _proved(joint: JointRepair, members: Sequence[JointSite]) -> None:
    """The first is well: each of the others is read afresh, so that its plan is of now."""
    joint.proven_at = timezone.now()
    joint.save(update_fields=["proven_at"])
    waiting = [member for member in members if member.state == State.WAITING]
    if not waiting:
        _end(joint)
        return
    for member in waiting:
        diagnosing.request(member.site, member.incident, joint.created_by)


def _next(joint: JointRepair, members: Sequence[JointSite]) -> None:
    for member in members:
        if member.state != State.CHOSEN:
            continue
        if _is_well(member):
            member.state = State.WELL
            member.save(update_fields=["state"])
            continue
        try:
            with transaction.atomic():
                _start(member, joint.allowed_by)
        except RepairRefused as refusal:
            JointSite.objects.filter(pk=member.pk).update(state=State.REFUSED)
            _end(joint, f"{member.site.name}: {refusal}")
        return
    _end(joint)


def _is_well(member: JointSite) -> bool:
    """Whether it recovered meanwhile, as where the same file serves several sites."""
    return member.site.verdict == Verdict.UP and (member.incident is None or member.incident.resolved_at is not None)


def _end(joint: JointRepair, why: str = "") -> None:
    joint.ended_at, joint.stopped = timezone.now(), why
    joint.save(update_fields=["ended_at", "stopped"])
    joint.members.filter(state__in=(State.WAITING, State.CHOSEN)).update(state=State.LEFT)


@transaction.atomic
def stop(joint: JointRepair, user: AbstractBaseUser) -> bool:
    """No further site is begun; a step that is at work comes to its end. False when the run had ended."""
    joint = JointRepair.objects.select_for_update().get(pk=joint.pk)
    if joint.ended_at is None:
        _end(joint, _("%(name)s stopped it.") % {"name": user.get_full_name() or user.get_username()})
        return True
    return False


def undo_all(joint: JointRepair, user: AbstractBaseUser) -> tuple[int, list[str]]:
    """Asks for every change of the run to be undone, the latest first, and begins no further site. How many, and what could not be."""
    stop(joint, user)
    asked, refused = 0, []
    rows = joint.members.exclude(step=None).select_related("step__case__site__host").order_by("-step_id")
    for member in rows:
        if member.step is None or not member.step.may_be_undone or undoing.ASKED in member.step.result:
            continue
        try:
            undoing.request(member.step, user)
            asked += 1
        except RepairRefused as refusal:
            refused.append(f"{member.site.name}: {refusal}")
    return asked, refused


def follow(step_id: int) -> None:
    """A step has come further: the run that it belongs to may go on."""
    for joint_id in JointSite.objects.filter(step=step_id, joint__ended_at=None).values_list("joint", flat=True):
        advance(joint_id)


def sweep() -> int:
    """Goes on with runs that a crash left, or whose step ended by itself. Returns how many are open."""
    still_open = list(JointRepair.objects.filter(ended_at=None).values_list("pk", flat=True)[:200])
    for joint_id in still_open:
        advance(joint_id)
    return len(still_open)
