"""What the pages of diagnostics show, read in a constant number of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.models import Site
from sites.models.site import Verdict

from . import repairing
from .models import Diagnosis, FindingRecord, RepairCase, Step
from .offering import Offer
from .profiles import get_profile
from .wizard import CaseFacts, StepDone, StepState, StepView, recommended, steps_for

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

PANELS = {
    "confirm": "diagnostics/repair_confirm.html",
    "read-log": "diagnostics/repair_log.html",
    "htaccess": "diagnostics/repair_htaccess.html",
    "permissions": "diagnostics/repair_permissions.html",
    "retest": "diagnostics/repair_retest.html",
    "hand-over": "diagnostics/repair_hand_over.html",
}
APPLIED = (Step.State.DONE_VERIFIED, Step.State.DONE_NOT_CURED, Step.State.AWAITING_EFFECT)
PROBLEMS = (Step.State.NEEDS_ATTENTION,)
FINISHED = (*APPLIED, Step.State.DONE, Step.State.SKIPPED)
MODE_CHECKS = ("root-mode", "modes", "cgi", "htaccess-unreadable")
SHOWN_ATTEMPTS = 4
TONES = {
    Step.State.DONE: "",
    Step.State.DONE_VERIFIED: "ok",
    Step.State.DONE_NOT_CURED: "warn",
    Step.State.AWAITING_EFFECT: "warn",
    Step.State.STALE: "warn",
    Step.State.FAILED: "bad",
    Step.State.NEEDS_ATTENTION: "bad",
}


def cases_of(user: AbstractBaseUser) -> QuerySet[RepairCase]:
    """Every repair of the person's teams, open ones first, with the count of changes that stand."""
    rows = RepairCase.objects.filter(site__team__memberships__user=user).select_related("site", "incident")
    rows = rows.annotate(applied_count=Count("steps", filter=Q(steps__state__in=APPLIED, steps__action="repair")))
    return rows.order_by(F("closed_at").desc(nulls_first=True), "-opened_at")


def open_cases(user: AbstractBaseUser) -> int:
    """How many repairs are open in the person's teams."""
    return RepairCase.objects.filter(site__team__memberships__user=user, closed_at=None).count()


def repair_page(case: RepairCase, asked_step: str, *, may_write: bool) -> dict[str, Any]:
    """Everything on the page of one repair. `asked_step` is a guide step's id; empty or unknown: the recommended one."""
    attempts = list(case.steps.select_related("created_by"))
    diagnosis = newest_diagnosis(case)
    findings = list(diagnosis.findings.all()) if diagnosis else []
    offers = repairing.offers(case) if not case.closed_at else []
    facts = case_facts(case, attempts, diagnosis, findings, offers)
    current = asked_step if asked_step in PANELS else recommended(facts) or "retest"
    busy = any(step.state in repairing.IN_WORK or step.result.get("undo_asked") for step in attempts)
    own = [offer for offer in offers if offer.guide_step == current]
    return {
        "case": case,
        "site": case.site,
        "incident": case.incident,
        "diagnosis": diagnosis,
        "lead": lead(case, attempts, busy),
        "steps": [_stepper_row(case, view, current) for view in steps_for(facts)],
        "steps_summary": _("All steps of the guide"),
        "current": current,
        "panel": PANELS[current],
        "tried": [_shown(step) for step in reversed(attempts) if step.guide_step == current][:SHOWN_ATTEMPTS],
        "busy": busy,
        "offers": own,
        "other_offers": own[1:],
        "elsewhere": next((offer for offer in offers if offer.guide_step != current), None) if not own else None,
        "trial": _trial(case, diagnosis, facts),
        "findings": [finding for finding in findings if _belongs(finding, current)],
        "log_texts": [f"{line['at']} {line['text']}".strip() for line in diagnosis.log_lines] if diagnosis else [],
        "applied": [step for step in reversed(attempts) if step.stands_applied and step.action == "repair"],
        "may_write": may_write,
        "may_close": _is_well(case, attempts),
        **_profile_words(case.site),
    }


def newest_diagnosis(case: RepairCase) -> Diagnosis | None:
    """The diagnosis the case stands on; while none is finished, the newest one of the site that is."""
    if case.diagnosis and case.diagnosis.state == Diagnosis.State.DONE:
        return case.diagnosis
    return case.site.diagnoses.filter(state=Diagnosis.State.DONE).first()


def case_facts(
    case: RepairCase, attempts: list[Step], diagnosis: Diagnosis | None, findings: list[FindingRecord], offers: list[Offer]
) -> CaseFacts:
    """What the list of steps depends on, from stored rows."""
    host = case.site.host
    gaps = {gap["check"] for gap in diagnosis.inconclusive} if diagnosis else set()
    telling = tuple(finding.cause for finding in findings if finding.severity != "note")
    return CaseFacts(
        verdict=case.site.verdict,
        confirmed=case.incident is not None or case.site.verdict == Verdict.DOWN,
        connection=host.protocol if host else "none",
        can_read=host is not None,
        can_write=host is not None and ("write" in host.capabilities or not host.capabilities),
        log_read=host is not None,
        htaccess_read=not any(gap.startswith("htaccess") for gap in gaps) or diagnosis is None,
        has_htaccess=True,  # where there is none, the step itself says so
        tree_read="modes" not in gaps,
        causes=telling,
        repairable=tuple(dict.fromkeys(offer.cause for offer in offers)),
        done=_done(attempts),
    )


def _done(attempts: list[Step]) -> tuple[StepDone, ...]:
    """What became of each guide step: its last attempt decides."""
    last = {step.guide_step: step for step in attempts if step.state not in (Step.State.UNDONE, Step.State.STALE, *repairing.IN_WORK)}
    found = []
    for guide_step, step in last.items():
        if step.state in PROBLEMS:
            found.append(StepDone(guide_step, "problem", step.get_state_display()))
        elif step.state in FINISHED and not (
            step.action == "look" and guide_step in ("htaccess", "permissions") and step.state == Step.State.DONE
        ):
            found.append(StepDone(guide_step, "done", step.message or str(step.get_state_display())))
    return tuple(found)


def lead(case: RepairCase, attempts: list[Step], busy: bool) -> str:
    """How things are, in one or two sentences."""
    site, changed = case.site, sum(step.stands_applied and step.action == "repair" for step in attempts)
    how = {
        Verdict.UP: _("The site is well."),
        Verdict.DOWN: _("The site is down."),
        Verdict.SUSPECT: _("The site is being looked at again."),
    }.get(site.verdict, _("It is not known yet how the site is."))
    what = ngettext("One change stands, and can be undone.", "%(n)d changes stand, and can be undone.", changed) % {"n": changed}
    return f"{how} {_('Working on it.') if busy else what if changed else _('Nothing is changed on the host.')}"


def _stepper_row(case: RepairCase, view: StepView, current: str) -> dict[str, Any]:
    states = {StepState.DONE: "done", StepState.PROBLEM: "bad", StepState.CANNOT_START: "later"}
    note = _("Recommended: %(why)s") % {"why": _(view.reason)} if view.state == StepState.RECOMMENDED else _(view.reason)
    url = "" if view.state == StepState.CANNOT_START and view.id != current else f"?step={view.id}"
    return {"title": _(view.title), "note": note, "state": states.get(view.state, ""), "url": url, "current": view.id == current}


def _shown(step: Step) -> Step:
    """A step with what its notice needs."""
    step.tone = TONES.get(step.state, "")
    step.working = step.state in repairing.IN_WORK
    step.pages_after = step.result.get("pages_after", [])
    if step.guide_step in ("confirm", "retest") and step.state == Step.State.DONE:
        step.tone = "ok" if all(page["kind"] == "ok" for page in step.pages_after) else "warn"
    return step


def _trial(case: RepairCase, diagnosis: Diagnosis | None, facts: CaseFacts) -> dict[str, Any]:
    if not facts.can_read or case.site.verdict == Verdict.UP:
        return {"offered": False, "why": _("The site is well: there is nothing to try.") if case.site.verdict == Verdict.UP else ""}
    why = diagnosis.no_trial if diagnosis else ""
    return {"offered": not why, "why": why}


def _belongs(finding: FindingRecord, guide_step: str) -> bool:
    return finding.check_id in MODE_CHECKS if guide_step == "permissions" else guide_step == "read-log"


def _is_well(case: RepairCase, attempts: list[Step]) -> bool:
    """Whether the repair may be closed as well: the site is up, and a look after the last change found every page so."""
    last = next((step for step in reversed(attempts) if step.result.get("pages_after")), None)
    return bool(case.site.verdict == Verdict.UP and last and all(page["kind"] == "ok" for page in last.result["pages_after"]))


def _profile_words(site: Site) -> dict[str, str]:
    profile = get_profile(site.profile_name)
    folders = next((rule.fix for rule in profile.rules if rule.kind == "folder" and not rule.match), None)
    files = next((rule.fix for rule in profile.rules if rule.kind == "file" and not rule.match), None)
    root = profile.root.exact or profile.root.most
    return {
        "profile_title": _(profile.title),
        "profile_root": f"{root:03o}",
        "profile_folders": f"{folders:03o}" if folders else "–",
        "profile_files": f"{files:03o}" if files else "–",
    }
