"""A repair that a site's settings allow: proposed, agreed to where they ask for it, made by a worker, and swept up after.

It goes the road of every run without a person: fresh facts, plan, journal, change, look again, keep or take back. All of it happens
with the host's lock held, so that whoever gets the lock and finds one at work knows that its worker is dead.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import repairing, unattended
from diagnostics.changes import changing
from diagnostics.changes.executor import Executor
from diagnostics.connections import politeness, purposes
from diagnostics.connections.locking import HostBusy, LockLost
from diagnostics.findings import Finding
from diagnostics.models import AutomaticRepair, Diagnosis, HostLock, Step
from diagnostics.offering import Offer
from diagnostics.repairs.plan import Plan
from diagnostics.transports.base import TransportError
from sites import queueing
from sites.automatic import policy as auto_policy
from sites.automatic.policy import Policy
from sites.credentials import SecretUnreadable
from sites.models import Incident

from . import allowing, deciding, ending

TASK = "diagnostics.tasks.repair_by_policy"
PURPOSE = "policy-repair"
APPROVED_WITHIN = timedelta(hours=8)
YOUNG = timedelta(days=1)  # incidents of this age are still seen to
_WAITS_FOR = timedelta(minutes=10)  # for an account in use
_FORGOTTEN = timedelta(seconds=10)
_MOST = 50
State, Outcome = AutomaticRepair.State, AutomaticRepair.Outcome


# --- proposed -------------------------------------------------------------------------------------
def consider(incident: Incident | None) -> AutomaticRepair | None:
    """Proposes or begins the repair of an incident whose cause was found, where its site's settings allow one."""
    if incident is None or not incident.site.auto_repair:
        return None
    incident = Incident.objects.select_related("site__host").get(pk=incident.pk)
    if deciding.why_none(incident):
        return None
    policy = auto_policy.of(incident.site)
    offer, _why = deciding.proposal(incident, policy)
    if offer is None:
        return None
    try:
        with transaction.atomic():
            return _proposed(incident, policy, offer, timezone.now())
    except IntegrityError:  # another worker has proposed it
        return None


def _proposed(incident: Incident, policy: Policy, offer: Offer, now: datetime) -> AutomaticRepair:
    until = min(filter(None, [now + APPROVED_WITHIN, policy.closes_at(now)]))
    run = AutomaticRepair.objects.create(
        incident=incident,
        state=State.ASKED if policy.approval else State.QUEUED,
        repair_id=offer.repair_id,
        cause=offer.cause,
        title=offer.title[:300],
        why=offer.why,
        diff=offer.diff,
        plan_digest=offer.digest,
        needs_approval=policy.approval,
        asked_at=now,
        asked_by_id=policy.by,
        expires_at=until if policy.approval else None,
    )
    if policy.approval:
        text = _("The site's settings allow this repair once a second person says yes: %(title)s.") % {"title": offer.title}
        auto_policy.note(incident, text)
        auto_policy.tell_asked(incident, str(run.pk), run.asked_by_id)
    else:
        auto_policy.note(incident, _("It is repaired by itself, as the site's settings allow: %(title)s.") % {"title": offer.title})
        queueing.enqueue_on_commit(TASK, run.pk)
    return run


# --- made -----------------------------------------------------------------------------------------
def run(run_id: int) -> AutomaticRepair:
    """Makes one that waits, or ends one whose worker died. Harmless when run twice; while the account is in use it goes on waiting."""
    row = _fresh(run_id)
    if row.state not in (State.QUEUED, State.WORKING):
        return row
    site = row.incident.site
    known = {"user": row.decided_by} if row.decided_by else {}
    try:
        if site.host is None:
            raise TransportError(_("There is no connection to the files of this site."))
        with purposes.doing(PURPOSE, site=site, **known):
            repairing.under_lock(site, partial(_under_lock, run_id))
    except (HostBusy, LockLost):
        pass  # it waits, or whoever gets the lock next sees to it
    except unattended.CannotRepair as refusal:
        ending.nothing(_fresh(run_id), refusal.message)
    except (TransportError, SecretUnreadable) as error:
        _not_reached(_fresh(run_id), error)
    return _fresh(run_id)


def _fresh(run_id: int) -> AutomaticRepair:
    return AutomaticRepair.objects.select_related("incident__site__host", "decided_by").get(pk=run_id)


def _under_lock(run_id: int, executor: Executor) -> None:
    row = _fresh(run_id)
    if row.state == State.WORKING:  # by somebody who is dead: the lock is ours
        _settle(row, executor)
    elif row.state == State.QUEUED:
        if why := deciding.no_longer(row):
            ending.nothing(row, why)
        elif AutomaticRepair.objects.filter(pk=run_id, state=State.QUEUED).update(state=State.WORKING, started_at=timezone.now()):
            policy = auto_policy.of(row.incident.site)
            left = unattended.repair_within(row.incident.site, executor, unattended.Limits(partial(_why_not, row, policy), row))
            ending.end(_fresh(run_id), left)


def _why_not(row: AutomaticRepair, policy: Policy, finding: Finding, plan: Plan) -> str:
    """A second person said yes to one plan: nothing else is applied then."""
    if row.needs_approval and plan.digest() != row.plan_digest:
        return _("a second person has to say yes to it: what was agreed to was another change.")
    return allowing.why_not_plan(policy, finding, plan)


def _settle(row: AutomaticRepair, executor: Executor) -> None:
    """After what was half made is taken back: nothing stays of a run that did not cure."""
    made = list(row.steps.select_related("case__site__host").order_by("-pk"))
    may_stay = any(step.state in (Step.State.DONE_VERIFIED, Step.State.AWAITING_EFFECT) or ending.is_unproven(step) for step in made)
    if not may_stay:
        for step in made:
            if step.stands_applied:
                changing.take_back(step, executor, _("The repair was interrupted before the site was well."))
    ending.end(row)


def _not_reached(row: AutomaticRepair, error: TransportError | SecretUnreadable) -> None:
    waits = row.state == State.QUEUED and isinstance(error, politeness.ConnectionBusy)
    if waits or deciding.was_changed(row):
        return  # it is tried again: by itself, or by what takes back
    why = f"{getattr(error, 'message', error)} {getattr(error, 'hint', '')}".strip()
    ending.nothing(row, why)


# --- swept up after -------------------------------------------------------------------------------
def sweep() -> int:
    """Ends what nobody agreed to, hands over what was forgotten or left by a dead worker, and proposes. Returns how many were seen to."""
    now, seen = timezone.now(), 0
    for row in AutomaticRepair.objects.filter(ended_at=None).select_related("incident__site__host"):
        seen += _swept(row, now)
    named = Diagnosis.objects.filter(incident=OuterRef("pk"), state=Diagnosis.State.DONE)
    young = Incident.objects.filter(resolved_at=None, opened_at__gt=now - YOUNG, automatic_repair=None, site__deleted_at=None)
    for incident in young.filter(Exists(named)).exclude(site__auto_repair={}).select_related("site__host").order_by("-pk")[:_MOST]:
        seen += consider(incident) is not None
    return seen


def _swept(row: AutomaticRepair, now: datetime) -> bool:
    if row.state == State.ASKED:
        return ending.end_of_proposal(row, now)
    if row.state == State.WAITING:
        if row.steps.filter(state=Step.State.AWAITING_EFFECT).exists():
            return False
        AutomaticRepair.objects.filter(pk=row.pk, state=State.WAITING).update(state=State.WORKING)
    elif row.state == State.QUEUED:
        since = row.decided_at or row.asked_at
        if now - since > _WAITS_FOR:
            return ending.nothing(row, _("The hosting account was in use for too long."))
        if now - since < _FORGOTTEN:
            return False
    elif _is_held(row):
        return False
    return queueing.enqueue(TASK, row.pk, expires=10.0)


def _is_held(row: AutomaticRepair) -> bool:
    """Whether somebody works on the host: then its worker may be alive. The lock itself decides; this only spares asking for it."""
    held = Q(host=row.incident.site.host_id, lease_until__gt=timezone.now())
    return HostLock.objects.filter(held).exists()
