"""The verbs of a guided repair: opened, looked at, a step started and run, closed. Everybody who looks at a site shares one repair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sites import queueing, read_only
from sites.models import Incident, Site

from . import diagnosing, examining, offering, other_looks, steps, trials, typed
from .changes import changing, for_a_moment, meeting, recovering, ways
from .changes.executor import Executor
from .connections import abilities, connecting, politeness, purposes
from .connections.locking import HostBusy, LockLost, held
from .connections.telling import shown_diff
from .models import Diagnosis, RepairCase, Step, TrialRun
from .offering import Offer
from .panels import php as panel_php
from .panels import stopping
from .site_databases import given
from .site_databases import looks as database_looks
from .transports.base import TransportError
from .trying import advising, by_policy, kinds, running

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

LOOKS = {
    "confirm": gettext_lazy("Confirm the error"),
    "read-log": gettext_lazy("Read the error log"),
    "htaccess": gettext_lazy("Look at the .htaccess"),
    "permissions": gettext_lazy("Look at the permissions"),
    "php": gettext_lazy("Look at PHP's settings"),
    "parts": gettext_lazy("Look at plugins and themes"),
    "database": gettext_lazy("Look at the settings of the database"),
    "restore": gettext_lazy("Look for earlier states of the files"),
    "php-version": gettext_lazy("Read the PHP configuration"),
    "tasks": gettext_lazy("Watch what the host is doing"),
    "retest": gettext_lazy("Test again"),
}
ONLY_PROBED = ("confirm", "tasks", "retest")
IN_WORK = (Step.State.PLANNED, Step.State.QUEUED, Step.State.APPLYING, Step.State.VERIFYING)
MET = "met"  # in the result of a look: how many requests met the failure
UNATTENDED = "unattended"  # in a step's result: no person chose it
_TAKEN_BACK_AGAIN = timedelta(minutes=1)

T = TypeVar("T")


class RepairRefused(Exception):
    """A step cannot be started now; the message says why. Nothing was changed."""


# --- the case -----------------------------------------------------------------------------------
def open_case_of(site: Site) -> RepairCase | None:
    """The repair of this site that is open, if any."""
    return RepairCase.objects.filter(site=site, closed_at=None).first()


def open_case(
    site: Site, incident: Incident | None = None, user: AbstractBaseUser | None = None, *, from_shell: bool = False
) -> RepairCase:
    """Opens the guided repair of a site, or gives the one that is open already."""
    standing = open_case_of(site)
    if standing:
        return standing
    newest = diagnosis_for(site, incident)
    try:
        with transaction.atomic():
            return RepairCase.objects.create(
                site=site, incident=incident, diagnosis=newest, opened_by=user, opened_at=timezone.now(), from_shell=from_shell
            )
    except IntegrityError:  # somebody opened it at the same moment: it is the same repair
        return RepairCase.objects.get(site=site, closed_at=None)


def diagnosis_for(site: Site, incident: Incident | None) -> Diagnosis | None:
    """The newest finished one of a site, unless it is from before this incident."""
    newest = site.diagnoses.filter(state=Diagnosis.State.DONE).first()
    return None if newest and incident and newest.requested_at < incident.first_failure_at else newest


def newest_diagnosis(case: RepairCase) -> Diagnosis | None:
    """The newest finished one, also when a later incident asked for it; of a closed repair the last one it stood on."""
    done = case.site.diagnoses.filter(state=Diagnosis.State.DONE)
    if case.closed_at is None:
        return done.first()
    if case.diagnosis and case.diagnosis.state == Diagnosis.State.DONE:
        return case.diagnosis
    return done.filter(requested_at__lte=case.closed_at).first()


def incident_of(case: RepairCase) -> Incident | None:
    """What an open repair is about now: the newest open incident of its site, else the one it was opened for."""
    if case.closed_at is None:
        return case.site.incidents.filter(resolved_at=None).first() or case.incident
    return case.incident


def close_case(case: RepairCase, user: AbstractBaseUser | None, outcome: str) -> bool:
    """Ends a repair as "well", "handed-over" or "left"; what was applied stays. False when it was closed already."""
    values = {"closed_at": timezone.now(), "closed_by": user, "outcome": outcome, "incident": incident_of(case)}
    closed = RepairCase.objects.filter(pk=case.pk, closed_at=None).update(**values)
    case.refresh_from_db()
    return bool(closed)


def offers(case: RepairCase) -> list[Offer]:
    """What can be repaired now, from the newest diagnosis of the case. A worker plans again before anything is written."""
    if case.diagnosis and case.diagnosis.state in diagnosing.OPEN:
        return []
    return [*typed.offers(case), *offers_of(newest_diagnosis(case))]


def offers_of(diagnosis: Diagnosis | None) -> list[Offer]:
    """The same before any repair is open."""
    return [offer for offer in offering.of_diagnosis(diagnosis) if not _lets_everybody_in(offer)]


def _lets_everybody_in(offer: Offer) -> bool:
    """Whether a whole file would go that keeps visitors out: nobody is asked to agree to that."""
    return offer.repair_id == trials.TRIAL_REPAIR and bool(offer.caution)


# --- starting a step ----------------------------------------------------------------------------
def new_trial(case: RepairCase, kind: kinds.Kind, run: TrialRun | None = None, *, here: bool = False) -> Step:
    """A trial that waits for its turn: by a site's policy (`run`), or for this very process (`here`). Raises RepairRefused."""
    values = {"repair_id": kind.id, "trial_run": run}
    return new_step(case, kind.guide_step, "trial", str(kind.title), None, here=here, **values)


def new_step(
    case: RepairCase, guide_step: str, action: str, title: str, user: AbstractBaseUser | None, *, here: bool = False, **values: object
) -> Step:
    """A step that waits for its turn; `here`: for this very process. Raises RepairRefused."""
    if case.closed_at:
        raise RepairRefused(_("This repair is closed."))
    with transaction.atomic():
        RepairCase.objects.select_for_update().get(pk=case.pk)
        case.incident = incident_of(case)
        case.save(update_fields=["incident"])
        if case.steps.filter(state__in=IN_WORK).exists():
            raise RepairRefused(_("Another step of this repair is being worked on. Wait for it to end."))
        step = Step.objects.create(
            case=case,
            guide_step=guide_step,
            action=action,
            title=title[:300],
            state=Step.State.QUEUED,
            created_by=user,
            created_at=timezone.now(),
            **values,
        )
        if not here:
            queueing.enqueue_on_commit("diagnostics.tasks.run_step", step.pk)
    return step


def look(case: RepairCase, guide_step: str, user: AbstractBaseUser | None, *, about: str = "") -> Step:
    """Starts a step that only looks; `about`: the id of the repair that is looked at. Raises RepairRefused."""
    if guide_step not in LOOKS:
        raise RepairRefused(_("There is nothing to look at in this step."))
    return new_step(case, guide_step, "look", str(database_looks.TITLES.get(about, LOOKS[guide_step])), user, repair_id=about)


def look_elsewhere(case: RepairCase, which: str, user: AbstractBaseUser | None, answers: Sequence[tuple[str, str]] = ()) -> Step:
    """Starts a look at what the host keeps. Raises RepairRefused."""
    other = other_looks.LOOKS.get(which)
    if other is None:
        raise RepairRefused(_("There is nothing to look at in this step."))
    return new_step(case, other.guide_step, "look", str(other.title), user, repair_id=which, answers=[list(pair) for pair in answers])


def start(
    case: RepairCase,
    *,
    guide_step: str,
    action: str,
    repair_id: str = "",
    cause: str = "",
    answers: Sequence[tuple[str, str]] = (),
    digest: str = "",
    confirmed: str = "",
    user: AbstractBaseUser | None = None,
) -> Step:
    """Starts a trial, or a change exactly as a person saw it: `digest` is that of the plan on the page, `confirmed` what was typed where
    not all of it can be undone. Raises RepairRefused."""
    if case.site.host_id is None:
        raise RepairRefused(_("There is no connection to the files of this site."))
    if why := read_only.words(case.site) or stopping.known(case.site.host):
        raise RepairRefused(why)
    if action == "trial":
        return _start_trial(case, repair_id or trials.TRIAL_REPAIR, user)
    if action != "repair":
        raise RepairRefused(_("This cannot be started."))
    case.refresh_from_db(fields=["diagnosis"])
    offer = next((each for each in offers(case) if each.digest == digest and each.repair_id == repair_id), None)
    if offer is None:
        raise RepairRefused(_("What is proposed has changed since this page was shown. Nothing was written. Look again."))
    if why := abilities.obstacle(offer.needs, case.site.host):
        raise RepairRefused(why)
    if offer.lasting and confirmed.strip() != offer.confirm:
        raise RepairRefused(_("Type “%(word)s” as it is shown: this cannot be undone. Nothing was changed.") % {"word": offer.confirm})
    return new_step(
        case,
        guide_step,
        "repair",
        offer.title,
        user,
        repair_id=repair_id,
        cause=offer.cause or cause,
        answers=[list(pair) for pair in answers or offer.answers],
        plan_digest=digest,
        diff=offer.diff,
        finding=offer.finding,
    )


def _start_trial(case: RepairCase, kind_id: str, user: AbstractBaseUser | None) -> Step:
    kind = kinds.KINDS.get(kind_id)
    if kind is None:
        raise RepairRefused(_("This cannot be started."))
    case.refresh_from_db(fields=["diagnosis"])
    why = advising.why_not(case, newest_diagnosis(case), kind)
    if why:
        raise RepairRefused(why)
    return new_step(case, kind.guide_step, "trial", str(kind.title), user, repair_id=kind.id)


def skip(case: RepairCase, guide_step: str, user: AbstractBaseUser | None) -> Step:
    """Notes that somebody decided to leave a step out. Raises RepairRefused."""
    if guide_step not in LOOKS:
        raise RepairRefused(_("This step cannot be skipped."))
    if case.closed_at:
        raise RepairRefused(_("This repair is closed."))
    now = timezone.now()
    return Step.objects.create(
        case=case,
        guide_step=guide_step,
        action="look",
        title=_("Skipped"),
        state=Step.State.SKIPPED,
        created_by=user,
        created_at=now,
        finished_at=now,
    )


# --- running a step -----------------------------------------------------------------------------
def run_step(step_id: int) -> Step:
    """Runs a step that waits; harmless when run twice. While the host is busy it goes on waiting."""
    step = Step.objects.select_related("case__site__host", "case__incident", "created_by", "trial_run").get(pk=step_id)
    if step.state != Step.State.QUEUED:
        return step
    if step.action == "look":
        return _run_look(step) if steps.claim(step) else step
    try:
        purpose = by_policy.PURPOSE if step.trial_run_id else step.action
        with purposes.doing(purpose, site=step.case.site, step_id=step.pk, user=step.created_by):
            return under_lock(step.case.site, lambda executor: _run_change(step, executor))
    except HostBusy:
        return step
    except TransportError as error:
        return give_up(step, error)


def under_lock(site: Site, work: Callable[[Executor], T]) -> T:
    """Does something with the host's lock held, after taking back what a dead worker left there. Raises HostBusy, TransportError."""
    host = site.host
    with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
        recovering.recover_host(executor, host)
        return work(executor)


def give_up(step: Step, error: TransportError) -> Step:
    """The host could not be reached: what was never begun waits again or is ended here, what was begun is left to recovery."""
    if isinstance(error, politeness.ConnectionBusy) and steps.put_back(step, error.message):
        return step
    step.refresh_from_db()
    why = f"{error.message} {error.hint}".strip()
    if step.state == Step.State.QUEUED or (step.state in steps.UNFINISHED and not step.journal.exists()):
        steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why})
    return step


def _run_look(step: Step) -> Step:
    if step.repair_id in other_looks.LOOKS:
        return other_looks.LOOKS[step.repair_id].run(step)
    if step.guide_step == panel_php.GUIDE_STEP:
        return panel_php.read(step)
    if step.guide_step == given.GUIDE_STEP:
        return database_looks.run(step)
    site = step.case.site
    seen = meeting.meet(site)
    result: dict[str, object] = {"pages_after": list(seen.pages), MET: seen.met, ways.IN_RESULT: seen.way.as_json()}
    if step.guide_step not in ONLY_PROBED:
        diagnosis = diagnosing.diagnose_now(site, step.case.incident, step.created_by, met=seen)
        if diagnosis.state == Diagnosis.State.DONE:
            RepairCase.objects.filter(pk=step.case_id).update(diagnosis=diagnosis)
        result["diagnosis"] = diagnosis.pk
        if diagnosis.error:
            return steps.conclude(step, Step.State.FAILED, diagnosis.error, **result)
    return steps.conclude(step, Step.State.DONE, _look_message(seen), **result)


def _look_message(seen: changing.Seen) -> str:
    if seen.is_well:
        return f"{_('Every page answers as expected.')} {seen.unmet}".strip()
    every = {page["path"] for page in seen.pages}
    failing = {page["path"] for page in seen.pages if page["kind"] != "ok"}
    words = ngettext("The page does not answer as expected.", "%(count)d of %(all)d pages do not answer as expected.", len(every))
    return words % {"count": len(failing), "all": len(every)}


def _run_change(step: Step, executor: Executor) -> Step:
    if not steps.claim(step):
        return step
    site = step.case.site
    if why := by_policy.no_longer(step):
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why})
    try:
        before = meeting.meet(site, keeping=executor)
        examination = examining.examine(site, executor.reader, before.view)
        if step.action == "trial":
            return running.run(step, executor, examination, before)
        return _run_repair(step, executor, examination, before)
    except LockLost as error:
        step.message = str(error)  # its state is left as it is: whoever holds the lock now takes it back
        step.save(update_fields=["message"])
        return step


def _run_repair(step: Step, executor: Executor, examination: examining.Examination, before: changing.Seen) -> Step:
    of_trial = step.finding.get("check") == trials.TRIAL_CHECK
    finding = trials.finding_of(examination) if of_trial else changing.matching(examination, step.finding)
    plan = examining.plan_for(examination, finding, step.repair_id, typed.answers_of(step)) if finding else None
    if finding is None or plan is None or plan.digest() != step.plan_digest:
        message = _("The site is no longer as it was when this was proposed. Nothing was written. It is being read again.")
        return _read_again(steps.conclude(step, Step.State.STALE, f"{before.unmet} {message}".strip()))
    step.diff = shown_diff(plan)
    step.save(update_fields=["diff"])
    if plan.asks:
        done = for_a_moment.run(step, executor, plan, before)
    else:
        done = changing.apply_and_verify(step, executor, plan, finding, before)
    if done.stands_applied:
        typed.forget_used(step)
    return done if done.state == Step.State.DONE_VERIFIED else _read_again(done)


def _read_again(step: Step) -> Step:
    """A new diagnosis: what was proposed before is no longer what is needed, and would be stale for ever."""
    diagnosis = diagnosing.request(step.case.site, step.case.incident, step.created_by)
    RepairCase.objects.filter(pk=step.case_id).update(diagnosis=diagnosis)
    return step


def look_again() -> int:
    """Looks at steps whose effect was waited for and whose time has come. Returns how many."""
    due = Step.objects.filter(state=Step.State.AWAITING_EFFECT, check_again_at__lte=timezone.now()).select_related(
        "case__site", "created_by"
    )
    for step in due:
        step.check_again_at = None
        done = changing.conclude_late(step)
        is_well = done.result.get(changing.UNPROVEN)
        if done.state == Step.State.DONE_NOT_CURED and done.result.get(UNATTENDED) and not is_well:
            _take_back_late(done)
    return len(due)


def _take_back_late(step: Step) -> None:
    """Nothing stays of a run that did not cure, also where that is seen only later. Where the account is in use, it is tried again."""
    site = step.case.site
    if site.host is None or read_only.words(site):
        return
    stuck = step.case.steps.filter(state=Step.State.DONE_NOT_CURED, result__unattended=True).order_by("-pk")
    why = _("Its effect was waited for, and the site was still not well.")

    def take_back(executor: Executor) -> None:
        for each in stuck.select_related("case__site__host"):
            changing.take_back(each, executor, why)

    try:
        with purposes.doing("repair", site=site, step_id=step.pk):
            under_lock(site, take_back)
    except (HostBusy, LockLost, TransportError):
        step.refresh_from_db()
        if step.state == Step.State.DONE_NOT_CURED:
            step.check_again_at = timezone.now() + _TAKEN_BACK_AGAIN
            steps.conclude(step, Step.State.AWAITING_EFFECT, step.message)
