"""Whether a repair is begun for an incident without a person. Asked when a cause was found, and again just before anything is written."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import diagnosing, repairing
from diagnostics.models import AutomaticRepair, Diagnosis, JournalEntry, RepairCase, Step, TrialRun
from diagnostics.offering import Offer
from sites import read_only
from sites.automatic import policy as auto_policy
from sites.automatic.policy import Policy
from sites.models import Host, Incident, Site
from sites.visitors.marks import is_of_visitors
from sites.windows import maintenance

from . import allowing

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

State, Outcome = AutomaticRepair.State, AutomaticRepair.Outcome


def stopped(site: Site) -> str:
    """Why none is made on this site until a person has looked; empty while they are."""
    if site.auto_stopped_at is not None:
        return site.auto_stopped_why or _("The last one did not help.")
    undone = Step.objects.filter(automatic__incident__site=site, undone_by__isnull=False)
    if site.auto_looked_at is not None:
        undone = undone.filter(undone_at__gt=site.auto_looked_at)
    step = undone.select_related("undone_by").order_by("-undone_at").first()
    if step is None:
        return ""
    return _("%(who)s undid “%(title)s”, which had been made by itself.") % {"who": step.undone_by, "title": step.title}


def made_today(site: Site, policy: Policy, now: datetime) -> int:
    """How many repairs of this site were begun by themselves on its day, and changed something or are at it."""
    begun = AutomaticRepair.objects.filter(incident__site=site, started_at__gte=policy.day_began(now))
    return begun.exclude(outcome=Outcome.NOTHING).count()


def why_none(incident: Incident) -> str:
    """Why no repair is proposed or begun for this incident; empty when one is. In the order in which it costs least to know."""
    policy = auto_policy.of(incident.site)
    if not policy.is_on:
        return _("The site's settings allow none.")
    if AutomaticRepair.objects.filter(incident=incident).exists():
        return _("There was one for this incident already.")
    if why := _why_not_now(incident, policy, timezone.now()):
        return why
    if AutomaticRepair.objects.filter(incident__site=incident.site, ended_at=None).exists():
        return _("Another one is being made on this site.")
    if TrialRun.objects.filter(incident__site=incident.site, ended_at=None).exists():
        return _("Trials are being made on this site.")
    if incident.site.diagnoses.filter(state__in=diagnosing.OPEN).exists():
        return _("The cause is being looked for.")
    return proposal(incident, policy)[1]


def no_longer(run: AutomaticRepair) -> str:
    """Why one that waited is not made any more; empty when it is. Asked with the host's lock held, just before it begins."""
    incident = Incident.objects.select_related("site__host").get(pk=run.incident_id)
    policy = auto_policy.of(incident.site)
    if not policy.is_on:
        return _("The site's settings no longer allow it.")
    return _why_not_now(incident, policy, timezone.now())


def _why_not_now(incident: Incident, policy: Policy, now: datetime) -> str:
    site = incident.site
    if site.deleted_at is not None or not incident.is_open:
        return _("The incident is over.")
    if is_of_visitors(incident):
        return _("Only for a failure that our own probes see.")
    if incident.acknowledged_by_id is not None:
        return _("Somebody has taken the incident.")
    if _is_guided(site):
        return _("A guided repair of the site is open.")
    if site.host is None or site.host.state != Host.State.WORKS:
        return _("The connection to the hosting account does not work.")
    if why := read_only.words(site):
        return why
    if maintenance.running(site) is not None or incident.held_at is not None:
        return _("The site is being worked on: a maintenance window is open.")
    if any(until is not None and until > now for until in (site.muted_until, incident.muted_until)):
        return _("It is muted, so nobody would hear of it.")
    if site.paused_at is not None:
        return _("The site is paused.")
    if incident.together_with_id is not None or incident.together.exists():
        return _("Other sites began to fail with it, so the fault may not be in this one.")
    if why := stopped(site):
        return _("%(why)s A person has to look first.") % {"why": why}
    if not policy.is_open(now):
        return _("It is outside of the hours that the settings allow.")
    if made_today(site, policy, now) >= policy.per_day:
        return _("As many as the settings allow were made today.")
    return ""


def _is_guided(site: Site) -> bool:
    """Whether a person has a repair of this site open, or one has a step in work."""
    case = RepairCase.objects.filter(site=site, closed_at=None).first()
    if case is None:
        return False
    by_person = Q(created_by__isnull=False) | Q(state__in=repairing.IN_WORK) | Q(state=Step.State.NEEDS_ATTENTION)
    return case.opened_by_id is not None or case.holder_id is not None or case.steps.filter(by_person).exists()


def proposal(incident: Incident, policy: Policy) -> tuple[Offer | None, str]:
    """What the newest diagnosis of an incident offers for its cause, as far as the settings allow it; else why nothing."""
    done = incident.site.diagnoses.filter(state=Diagnosis.State.DONE, requested_at__gte=incident.first_failure_at)
    diagnosis = done.order_by("-requested_at", "-pk").prefetch_related("findings").first()
    if diagnosis is None or diagnosis.verdict != "down" or diagnosis.connection in ("", "none"):
        return None, _("The files of the site were not read.")
    root, offers = allowing.offers_for_root(diagnosis)
    if root is None:
        return None, _("The cause was not found.")
    return allowing.first_allowed(policy, incident.site, offers)


def may_decide(run: AutomaticRepair, user: AbstractBaseUser) -> str:
    """Why this person cannot say yes to a proposal; empty when they can. That they may change the site at all is asked elsewhere."""
    if run.state != State.ASKED:
        return _("This was decided already.")
    if run.expires_at is not None and run.expires_at <= timezone.now():
        return _("Nobody agreed in time. Open the guided repair instead.")
    if run.asked_by_id == user.pk:
        return _("You allowed it in the settings, so somebody else has to say yes.")
    return ""


def was_changed(run: AutomaticRepair) -> bool:
    """Whether anything was written for it."""
    return JournalEntry.objects.filter(step__automatic=run).exists()
