"""What of a diagnosis a site's settings allow to be repaired without a person. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import explaining, offering
from diagnostics.connections import abilities
from diagnostics.findings import Finding, Severity, sureness
from diagnostics.models import Diagnosis, FindingRecord
from diagnostics.offering import Offer
from diagnostics.repairs.kinds import kind_of, repairs_of
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import all_repairs
from sites.automatic.policy import KINDS, Policy
from sites.models import Incident, Site

LOOKED_BACK = timedelta(days=30)
_MOST_SHOWN = 12


def _why_not(policy: Policy, repair_id: str, confidence: float, severity: str) -> str:
    if kind_of(repair_id) not in policy.kinds:
        return _("The settings do not allow repairs of this kind.")
    if severity != Severity.CRITICAL:
        return _("It does not explain the failure.")
    if confidence < policy.confidence:
        return _("The cause is only %(sureness)s.") % {"sureness": _(sureness(confidence))}
    return ""


def why_not_plan(policy: Policy, finding: Finding, plan: Plan) -> str:
    """Why a plan is not for a run without a person by these settings; empty when it is. What no run may do is asked elsewhere."""
    return _why_not(policy, plan.repair_id, finding.confidence, finding.severity)


def why_not_offer(policy: Policy, site: Site, offer: Offer) -> str:
    """The same for a plan as it is kept with a diagnosis, with what no run without a person may do."""
    if why := _why_not(policy, offer.repair_id, float(offer.finding.get("confidence", 0)), str(offer.finding.get("severity", ""))):
        return why
    if offer.caution:
        return _("It needs a person: %(why)s") % {"why": offer.caution}
    if offer.sets_aside and not site.sets_aside:
        return _("The settings do not say that a plugin may be set aside without a person.")
    return abilities.obstacle(offer.needs, site.host)


def offers_for_root(diagnosis: Diagnosis) -> tuple[FindingRecord | None, list[Offer]]:
    """What a diagnosis holds for the cause, and what it offers for that."""
    root = explaining.parted(diagnosis.findings.all()).root
    if root is None:
        return None, []
    named = (root.check_id, root.cause, root.path, root.line)
    offers = offering.of_diagnosis(diagnosis)
    return root, [each for each in offers if tuple(each.finding.get(name) for name in ("check", "cause", "path", "line")) == named]


def first_allowed(policy: Policy, site: Site, offers: Sequence[Offer]) -> tuple[Offer | None, str]:
    """The first that the settings allow; else why the first of them is not."""
    whys = []
    for offer in offers:
        why = why_not_offer(policy, site, offer)
        if not why:
            return offer, ""
        whys.append(why)
    return None, next(iter(whys), _("Nothing that was found can be repaired from here."))


# --- what it would mean, before it is chosen ------------------------------------------------------
@dataclass(frozen=True, slots=True)
class KindShown:
    """A kind of repairs with the repairs that it allows, for the page."""

    label: str
    repairs: tuple[str, ...]


def kinds_shown(policy: Policy) -> list[KindShown]:
    """Each kind that is allowed, with its repairs by their titles."""
    titles = {repair.id: _(repair.title) for repair in all_repairs()}
    return [KindShown(str(KINDS[kind]), tuple(titles[each] for each in repairs_of(kind) if each in titles)) for kind in policy.kinds]


@dataclass(frozen=True, slots=True)
class Past:
    """An incident of lately, and what these settings would have done about it."""

    incident: Incident
    title: str  # of the repair; empty: none
    diff: str
    why_not: str


def past(policy: Policy, site: Site) -> list[Past]:
    """The newest incidents of the last 30 days, and what would have been done about each by itself."""
    rows = site.incidents.filter(opened_at__gt=timezone.now() - LOOKED_BACK).order_by("-opened_at")[:_MOST_SHOWN]
    return [_past(policy, site, incident) for incident in rows]


def _past(policy: Policy, site: Site, incident: Incident) -> Past:
    diagnosis = incident.diagnoses.filter(state=Diagnosis.State.DONE).prefetch_related("findings").first()
    root, offers = offers_for_root(diagnosis) if diagnosis is not None else (None, [])
    if root is None:
        return Past(incident, "", "", _("Its cause was not found."))
    if not policy.is_open(incident.opened_at):
        return Past(incident, "", "", _("It was outside of these hours."))
    offer, why = first_allowed(policy, site, offers)
    return Past(incident, offer.title if offer else "", offer.diff if offer else "", why)
