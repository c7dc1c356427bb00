"""`repair`: one repair after another without a person, each kept only while it helps; nothing stays of a run that did not cure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from sites import read_only
from sites.models import Site
from sites.probing.outcome import Kind
from sites.probing_now import probe_now

from . import examining, offering, repairing
from .changes import changing, clues, journal, meeting
from .changes.changing import Seen
from .changes.executor import Executor
from .changes.ways import Way
from .connections import abilities, purposes
from .connections.locking import HostBusy, LockLost
from .connections.telling import clean, finding_json, shown_diff
from .findings import Finding, Severity
from .models import AutomaticRepair, RepairCase, Step
from .repairs import database_login, database_tables, new_password_file
from .repairs.plan import Plan
from .transports.base import TransportError

MOST_STEPS = 10
_ASKED = {each.ID: each.ASKED for each in (database_login, database_tables, new_password_file)}  # repairs that only a person can begin


class CannotRepair(Exception):
    """The run could not begin or go on. `code` is stable."""

    def __init__(self, message: str, code: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.code, self.hint = message, code, hint


@dataclass(frozen=True, slots=True)
class Limits:
    """What a site's settings leave of what any run may do, and for which row the run is made."""

    why_not: Callable[[Finding, Plan], str]  # asked for each plan; empty: it may be applied
    of: AutomaticRepair

    def plans(self, examination: examining.Examination, finding: Finding, repair_id: str) -> list[Plan]:
        """A person who said yes to one plan may have chosen among several."""
        if self.of.needs_approval:
            return examining.plans_for(examination, finding, repair_id)
        plan = examining.plan_for(examination, finding, repair_id)
        return [plan] if plan is not None else []


@dataclass(slots=True)
class _Run:
    """One run: what was applied, what was tried in vain, what is left."""

    site: Site
    apply: bool
    started: float = field(default_factory=time.monotonic)
    before: str = ""
    after: str = ""
    steps: list[Step] = field(default_factory=list)
    planned: list[dict[str, Any]] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)  # digests of plans
    left: list[dict[str, str]] = field(default_factory=list)
    is_unmet: bool = False  # it is known to fail, and does not when it is asked
    is_unproven: bool = False  # the site is well with what stands of it, which may be luck: none of that is taken back
    is_held: bool = False  # a page is shut for maintenance: nothing is done about it unless it is found to be left behind
    deepest: list[dict[str, str]] = field(default_factory=list)  # what was left when the most was mended
    case: RepairCase | None = None
    limits: Limits | None = None

    @property
    def standing(self) -> list[Step]:
        return [step for step in self.steps if step.stands_applied]


def repair_site(site: Site, *, apply: bool) -> dict[str, Any]:
    """Plans, and with `apply` repairs, as `repair --json` tells. A site that is well is left alone. Raises CannotRepair."""
    run = _Run(site, apply)
    seen = meeting.meet(site)
    run.before = run.after = seen.view.verdict
    if seen.unmet:
        return _unmet(run, seen)
    run.is_held = any(page.kind == Kind.MAINTENANCE for page in seen.view.pages)
    if not seen.is_well and (seen.view.verdict == "down" or run.is_held):
        if site.host is None:
            raise CannotRepair(_("The site has no connection."), "no-connection", _("Add one with add_site --connect, or in the web."))
        if apply and (why := read_only.words(site)):
            raise CannotRepair(why, "read-only", _("Switch read-only mode off in the web first. Without --yes it is only planned."))
        try:
            with purposes.doing("repair" if apply else "diagnosis", site=site):
                repairing.under_lock(site, lambda executor: (_repair if apply else _plan)(run, executor, seen))
        except HostBusy as error:
            raise CannotRepair(str(error), "host-busy", _("Try again in a minute.")) from error
        except LockLost as error:
            raise CannotRepair(str(error), "lock-lost", _("What was begun is taken back by itself.")) from error
        except TransportError as error:
            raise CannotRepair(error.message, error.code, error.hint) from error
    return _as_json(run)


def repair_within(site: Site, executor: Executor, limits: Limits) -> list[dict[str, str]]:
    """The same with the host's lock held, within a site's settings. What is left, each with why. Raises CannotRepair."""
    run = _Run(site, apply=True, limits=limits)
    seen = meeting.meet(site, keeping=executor)
    if seen.unmet:
        _unmet(run, seen)
        return run.left
    run.is_held = any(page.kind == Kind.MAINTENANCE for page in seen.view.pages)
    if not seen.is_well and (seen.view.verdict == "down" or run.is_held):
        _repair(run, executor, seen)
    return run.left


def _unmet(run: _Run, seen: Seen) -> dict[str, Any]:
    """Nothing is changed where nobody could see whether it helped. What is believed to fail is left, with what to do about it.

    First it is probed, as often as it takes to be certain: it may have recovered, and nobody had looked since.
    """
    run.before = run.site.verdict
    run.after = probe_now(run.site).verdict
    clue = clues.of(run.site)
    if clue is None:
        return _as_json(run)
    run.is_unmet = clue.is_firm
    advice = _("Look at the page as those do who met it. The guided repair shows each change before it is made.")
    why = _("needs a person: %(why)s %(advice)s") % {"why": seen.unmet, "advice": advice}
    run.left = [{"cause": clue.cause, "why": clean(why), "summary": clean(clue.summary)}]
    return _as_json(run)


def _plan(run: _Run, executor: Executor, seen: Seen) -> None:
    examination = examining.examine(run.site, executor.reader, seen.view)
    choice = _choose(run, examination)
    if choice:
        finding, plan = choice
        row = {"id": None, "repair": plan.repair_id, "cause": finding.cause, "state": str(Step.State.PLANNED)}
        changed = [journal.printable(change.shown) for change in plan.changes]
        run.planned.append({**row, "changed": changed, "undo": "possible", "diff": shown_diff(plan)})


def _repair(run: _Run, executor: Executor, seen: Seen) -> None:
    examination = examining.examine(run.site, executor.reader, seen.view)
    incident = run.limits.of.incident if run.limits else run.site.incidents.filter(resolved_at=None).first()
    run.case = repairing.open_case(run.site, incident, from_shell=run.limits is None)
    if run.case.steps.filter(state__in=repairing.IN_WORK).exists():
        raise CannotRepair(_("A guided repair of this site has a step in work."), "in-work", _("Wait for it to end."))
    while len(run.steps) < MOST_STEPS:
        choice = _choose(run, examination)
        if choice is None and not _step_back(run, executor):
            break
        if choice is not None:
            step = _step(run, *choice)
            changing.apply_and_verify(step, executor, choice[1], choice[0], seen)
            if _has_ended(run, step):
                break
        seen = meeting.again(run.site, seen.way, executor)
        if seen.is_well:
            _is_well_later(run, seen)
            break
        examination = examining.examine(run.site, executor.reader, seen.view)
    _end(run, executor, examination, seen.way)


def _has_ended(run: _Run, step: Step) -> bool:
    run.is_unproven = bool(step.result.get(changing.UNPROVEN))
    return run.is_unproven or step.state in (Step.State.DONE_VERIFIED, Step.State.NEEDS_ATTENTION)


def _is_well_later(run: _Run, seen: Seen) -> None:
    """It took a moment longer than the look after the last change that stands."""
    last = (run.standing or [None])[-1]
    if last is not None and last.state == Step.State.DONE_NOT_CURED and seen.is_proven_well:
        changing.cured(last, pages_after=list(seen.pages))
    run.is_unproven = last is not None and last.state != Step.State.DONE_VERIFIED


def _step_back(run: _Run, executor: Executor) -> bool:
    """Takes the newest step back that led nowhere, so that another repair of the same fault can be tried. False: there is none."""
    stuck = next((step for step in reversed(run.steps) if step.state == Step.State.DONE_NOT_CURED), None)
    if stuck is None or stuck is not (run.standing or [None])[-1]:
        return False
    run.deepest = run.deepest or run.left
    back = changing.take_back(stuck, executor, _("What it was for is gone, and the site was still down with nothing left to try."))
    return back.state == Step.State.TAKEN_BACK


def _choose(run: _Run, examination: examining.Examination) -> tuple[Finding, Plan] | None:
    """The first plan that may be applied without a person; those that may not are noted as left."""
    run.left = []
    for finding in examination.findings:
        if finding.severity == Severity.NOTE:
            continue
        why = ""
        for repair_id in finding.repairs:
            for plan in _plans(run, examination, finding, repair_id):
                if not plan.changes or plan.digest() in run.tried:
                    continue
                why = _why_not(run, finding, plan)
                if not why:
                    return finding, plan
            why = why or (_(_ASKED[repair_id]) if repair_id in _ASKED else "")
        _note_left(run, finding, why)
    return None


def _plans(run: _Run, examination: examining.Examination, finding: Finding, repair_id: str) -> list[Plan]:
    if run.limits is not None:
        return run.limits.plans(examination, finding, repair_id)
    plan = examining.plan_for(examination, finding, repair_id)
    return [plan] if plan is not None else []


def _why_not(run: _Run, finding: Finding, plan: Plan) -> str:
    by_limits = run.limits.why_not(finding, plan) if run.limits is not None else ""
    return _why_not_alone(plan, run.site) or by_limits or abilities.obstacle(abilities.needed_by(plan), run.site.host)


def _why_not_alone(plan: Plan, site: Site) -> str:
    if plan.takes_away_protection:
        return _("needs a person: it takes away something that protects the site.")
    if plan.needs_person:
        return _("needs a person: %(why)s") % {"why": plan.needs_person}
    if plan.sets_aside and not site.sets_aside:
        return _("needs a person: visitors would miss a part of the site, and its settings do not say that this may be done unasked.")
    return "" if plan.reversible else _("needs a person: it cannot be undone.")


def _note_left(run: _Run, finding: Finding, why: str) -> None:
    if not why:
        why = _("needs a person: there is no repair for it here.") if not finding.repairs else _("what could be tried did not help.")
    run.left.append({"cause": finding.cause, "why": clean(why), "summary": clean(finding.summary)})


def _step(run: _Run, finding: Finding, plan: Plan) -> Step:
    run.tried.add(plan.digest())
    now = timezone.now()
    step = Step.objects.create(
        case=run.case,
        automatic=run.limits.of if run.limits else None,
        guide_step=offering.guide_step(plan),
        action="repair",
        repair_id=plan.repair_id,
        cause=finding.cause,
        title=clean(plan.title)[:300],
        state=Step.State.APPLYING,
        plan_digest=plan.digest(),
        answers=[list(pair) for pair in plan.answers],
        diff=shown_diff(plan),
        finding=finding_json(finding),
        result={repairing.UNATTENDED: True},
        created_at=now,
        started_at=now,
    )
    step.case = run.case
    run.case.site = run.site
    run.steps.append(step)
    return step


def _end(run: _Run, executor: Executor, examination: examining.Examination, way: Way) -> None:
    """A run that did not cure takes all of itself back, newest first; then the probes say how the site stands."""
    well = any(step.state == Step.State.DONE_VERIFIED for step in run.steps)
    run.is_held = run.is_held and not well
    if well:
        run.left = []
    elif run.is_unproven:
        run.is_unmet = True
        why = _("needs a person: %(why)s %(advice)s")
        advice = _("What was changed stays, and can be undone. Its probes tell whether the site stays well.")
        run.left = [{"cause": step.cause, "why": clean(why % {"why": step.message, "advice": advice})} for step in run.standing[-1:]]
    elif not any(_may_yet_work(step) for step in run.standing):
        for step in reversed(run.standing):
            changing.take_back(step, executor, _("The site was still down at the end of the run."))
        run.left = run.deepest or run.left
        told = {each["cause"] for each in run.left}
        for finding in examination.findings:
            if finding.severity != Severity.NOTE and finding.cause not in told:
                _note_left(run, finding, "")
        if not run.left:
            why = _("needs a person: repairing it did not make the site well.")
            run.left = [{"cause": cause, "why": why} for cause in dict.fromkeys(step.cause for step in run.steps)]
    report = probe_now(run.site)
    run.after = "up" if well and report.verdict == "suspect" else report.verdict
    # A failure that meets phones only, or now and then, is none for the usual probe.
    if not (well or run.is_unproven) and run.after == "up":
        run.after = run.before if way.comes_and_goes else meeting.again(run.site, way).view.verdict
    if run.case and not run.case.steps.exclude(pk__in=[step.pk for step in run.steps]).exists():
        repairing.close_case(run.case, None, "well" if well else "left")


def _may_yet_work(step: Step) -> bool:
    """A change of modes that explains the failure, on a host that takes its time over modes."""
    return step.state == Step.State.AWAITING_EFFECT and step.finding.get("severity") == str(Severity.CRITICAL)


def _as_json(run: _Run) -> dict[str, Any]:
    return {
        "site": run.site.name,
        "before": run.before,
        "after": run.after,
        "cured": run.after == "up" and not run.is_held and not run.is_unmet,
        "duration_s": round(time.monotonic() - run.started, 1),
        "steps": run.planned + [_step_json(step) for step in run.steps],
        "left": run.left,
    }


def _step_json(step: Step) -> dict[str, Any]:
    undo = "possible" if step.stands_applied else ("done" if step.state in (Step.State.TAKEN_BACK, Step.State.UNDONE) else "not-needed")
    if step.state == Step.State.NEEDS_ATTENTION:
        undo = "refused"
    row = {
        "id": step.pk,
        "repair": step.repair_id,
        "cause": step.cause,
        "state": step.state,
        "changed": journal.changed_paths(step),
        "undo": undo,
    }
    if step.check_again_at:
        row["check_again_at"] = step.check_again_at.isoformat()
    return {**row, "message": step.message}
