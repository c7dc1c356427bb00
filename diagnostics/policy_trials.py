"""Trials that a site's settings allow, made without a person when a confirmed failure stays without its cause: one run per incident.

Each trial is a step like any other: a worker makes it under the host's lock, through the executor and its journal. Here it is only
decided whether one is made, and which comes next.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import read_only, trial_policy
from sites.models import Host, Incident, Site
from sites.probing.outcome import Kind
from sites.visitors.marks import is_of_visitors
from sites.windows import maintenance

from . import diagnosing, explaining, repairing, trials
from .findings import sureness
from .models import Diagnosis, RepairCase, Step, TrialRun
from .trying import advising, by_policy, canaries, htaccess, plugins
from .trying.kinds import KINDS

log = logging.getLogger(__name__)
# What the site itself brings about: nothing in its folder is tried for what its host, its name or its certificate does.
_OF_THE_SITE = (Kind.SERVER_ERROR, Kind.WHITE_PAGE, Kind.FATAL_IN_BODY, Kind.DATABASE_ERROR)
_CERTAIN = "certain"
_YOUNG = timedelta(days=1)  # incidents of this age are still seen to
_ABANDONED = timedelta(minutes=15)  # longer than a step, its time in the queue, and what takes it back


# --- whether --------------------------------------------------------------------------------------
def why_none(incident: Incident) -> str:
    """Why no run is begun for this incident; empty when one is. In the order in which it costs least to know."""
    site = incident.site
    if not trial_policy.of(site):
        return _("The site's settings allow none.")
    if not incident.is_open or incident.kind not in _OF_THE_SITE or is_of_visitors(incident):
        return _("Only for a failure of the site itself that our own probes see.")
    if incident.pattern == "intermittent":
        return _("The failure comes and goes, so a look at the site would prove nothing.")
    if incident.acknowledged_by_id is not None or _is_at_it(incident):
        return _("A person is at it.")
    if TrialRun.objects.filter(incident=incident).exists():
        return _("There was a run for this incident already.")
    if site.host is None or site.host.state != Host.State.WORKS:
        return _("The connection to the hosting account does not work.")
    if why := read_only.words(site):
        return why
    if maintenance.running(site) is not None:
        return _("The site is being worked on: a maintenance window is open.")
    if incident.together_with_id is not None or incident.together.exists():
        return _("Other sites began to fail with it, so the fault is not in this one.")
    return _why_not_now(incident)


def _is_at_it(incident: Incident) -> bool:
    case = repairing.open_case_of(incident.site)
    if case is None:
        return False
    by_person = Q(created_by__isnull=False) & Q(created_at__gte=incident.first_failure_at)
    return case.steps.filter(by_person | Q(state__in=repairing.IN_WORK)).exists() or case.opened_at >= incident.first_failure_at


def _why_not_now(incident: Incident) -> str:
    """By what was read: a diagnosis that is finished, will not be made again by itself, and names nothing."""
    site = incident.site
    if site.diagnoses.filter(state__in=diagnosing.OPEN).exists():
        return _("The cause is being looked for.")
    diagnosis = _newest(incident)
    if diagnosis is None or diagnosis.verdict != "down" or diagnosis.connection in ("", "none"):
        return _("The files of the site were not read.")
    if diagnosis.again_at is not None:
        return _("The log is read once more first.")
    if _sureness(diagnosis) in (_CERTAIN, "likely"):
        return _("The cause is known.")
    case = RepairCase(site=site)
    if not any(not advising.why_not(case, diagnosis, KINDS[kind]) for kind in trial_policy.of(site)):
        return _("None of the trials that the settings allow is possible here.")
    return ""


def _newest(incident: Incident) -> Diagnosis | None:
    done = incident.site.diagnoses.filter(state=Diagnosis.State.DONE, requested_at__gte=incident.first_failure_at)
    return done.order_by("-requested_at", "-pk").first()


def _sureness(diagnosis: Diagnosis) -> str:
    root = explaining.parted(diagnosis.findings.all()).root
    return sureness(root.confidence) if root else ""


# --- beginning, going on, ending ------------------------------------------------------------------
def consider(incident: Incident | None) -> TrialRun | None:
    """Begins the run of an incident whose diagnosis has ended without a cause, where the site's settings allow one."""
    if incident is None or not incident.site.trials or why_none(incident):
        return None
    kinds = " ".join(trial_policy.of(incident.site))
    try:
        with transaction.atomic():
            run = TrialRun.objects.create(incident=incident, kinds=kinds, asked_at=timezone.now())
    except IntegrityError:  # another worker has begun it
        return None
    _next(run)
    return run


def go_on(step_id: int) -> None:
    """After the end of a step of a run: the next one, or the end of the run. Harmless when run twice."""
    step = Step.objects.select_related("trial_run__incident__site__host").filter(pk=step_id, trial_run__ended_at=None).first()
    if step is None or step.trial_run is None or step.state in repairing.IN_WORK:
        return
    run = step.trial_run
    if step.state == Step.State.NEEDS_ATTENTION and step.result.get("retry"):  # what could not be put back is tried again by itself
        _tell(run, "unfinished")
        return
    if not TrialRun.objects.filter(pk=run.pk, ended_at=None).exclude(followed=step.pk).update(followed=step.pk):
        return
    if step.state == Step.State.DONE:
        _next(run)
    else:
        _end(run, step.message)


def _next(run: TrialRun) -> None:
    incident = Incident.objects.select_related("site__host").get(pk=run.incident_id)
    diagnosis = _newest(incident)
    if not incident.is_open or diagnosis is None or diagnosis.verdict != "down":
        return _end(run, _("The incident is over."))
    if _sureness(diagnosis) == _CERTAIN:
        return _end(run, _("The cause is certain."))
    case = repairing.open_case(incident.site, incident)
    made = list(run.steps.order_by("pk"))
    kind = next(iter(_left(run.kinds.split(), case, diagnosis, made)), "")
    if not kind:
        return _end(run, _("Nothing else that the settings allow would tell more."))
    try:
        repairing.new_trial(case, KINDS[kind], run)
    except repairing.RepairRefused as refusal:
        return _end(run, str(refusal))
    return None


def _left(allowed: Sequence[str], case: RepairCase, diagnosis: Diagnosis | None, made: Sequence[Step]) -> list[str]:
    """The kinds that may still tell something, the next one first."""
    done = {step.repair_id for step in made}
    possible = [kind for kind in trial_policy.KINDS if kind in allowed and not advising.why_not(case, diagnosis, KINDS[kind])]
    return [kind for kind in possible if kind not in done and _tells(kind, possible, made)]


def _tells(kind: str, possible: Sequence[str], made: Sequence[Step]) -> bool:
    """Whether a kind can add anything to what the ones before it showed."""
    helped = {step.repair_id: bool(step.result.get("helped")) for step in made if step.state == Step.State.DONE}
    rows = next((step.result["tried"]["layers"] for step in made if step.result.get("tried", {}).get("layers")), [])
    layers = {row["layer"]: row["answer"] for row in rows}
    is_below = layers.get("static") == "failed" or layers.get("php") == "failed"
    if kind == canaries.ID:
        return True
    if kind == plugins.ID:
        return not is_below and "failed" not in layers.values() and not any(helped.values())
    if layers and not is_below:
        return False
    if kind == trials.TRIAL_REPAIR:
        return htaccess.ID not in possible  # which takes all lines out in its first look
    return helped.get(trials.TRIAL_REPAIR, True)


def _end(run: TrialRun, why: str) -> None:
    if not TrialRun.objects.filter(pk=run.pk, ended_at=None).update(ended_at=timezone.now(), outcome=why):
        return
    case = RepairCase.objects.filter(steps__trial_run=run, closed_at=None).first()
    is_own = case is not None and not case.steps.exclude(trial_run=run).exists()
    if case is not None and is_own and not case.steps.filter(state=Step.State.NEEDS_ATTENTION).exists():
        repairing.close_case(case, None, "left")
    _tell(run, "over")


def _tell(run: TrialRun, how: str) -> None:
    """On the incident's page and by mail: what was tried, and that it is put back. Nothing where nothing was changed."""
    steps = [step for step in run.steps.order_by("pk") if step.journal.exists()]
    if not steps:
        return
    key = f"{run.pk}:{how}"
    is_back = all(step.state in (Step.State.DONE, Step.State.TAKEN_BACK) for step in steps)
    trial_policy.tell(run.incident, by_policy.words(steps), key, run.asked_at if is_back and how == "over" else None)


def sweep() -> int:
    """Begins runs that were forgotten, and goes on with those whose worker died. Returns how many runs were seen to."""
    now, seen = timezone.now(), 0
    for run in TrialRun.objects.filter(ended_at=None).select_related("incident__site"):
        last = run.steps.order_by("-pk").first()
        if last is not None and last.state not in repairing.IN_WORK and last.pk != run.followed:
            go_on(last.pk)
            seen += 1
        elif (last is None or last.pk == run.followed) and now - ((last and last.finished_at) or run.asked_at) > _ABANDONED:
            _end(run, _("It was interrupted."))
            seen += 1
    named = Diagnosis.objects.filter(incident=OuterRef("pk"), state=Diagnosis.State.DONE)
    young = Incident.objects.filter(resolved_at=None, opened_at__gt=now - _YOUNG, trial_run=None, site__deleted_at=None)
    for incident in young.filter(Exists(named)).exclude(site__trials="").select_related("site__host")[:50]:
        seen += consider(incident) is not None
    return seen


# --- agreed to at the shell -----------------------------------------------------------------------
def agreed(site: Site, diagnosis: Diagnosis) -> list[Step]:
    """Makes, at once and here, the trials that may tell why a site fails: whoever called has said yes. Raises RepairRefused."""
    incident = site.incidents.filter(resolved_at=None).first()
    made: list[Step] = []
    standing = repairing.open_case_of(site)
    case = standing or repairing.open_case(site, incident, from_shell=True)
    while diagnosis.verdict == "down" and _sureness(diagnosis) != _CERTAIN:
        kind = next(iter(_left(tuple(KINDS), case, diagnosis, made)), "")
        if not kind:
            break
        step = repairing.run_step(repairing.new_trial(case, KINDS[kind], here=True).pk)
        if step.state == Step.State.QUEUED:  # the account is in use: nothing was begun
            step.delete()
            raise repairing.RepairRefused(_("Something else is being done on the hosting account just now. Try again in a minute."))
        made.append(step)
        if step.state != Step.State.DONE:
            break
        diagnosis = site.diagnoses.filter(state=Diagnosis.State.DONE).order_by("-requested_at", "-pk").first() or diagnosis
    if standing is None and not case.steps.filter(state=Step.State.NEEDS_ATTENTION).exists():
        repairing.close_case(case, None, "left")
    return made
