"""What the pages of diagnostics show, read in a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import read_only
from sites.judging import Verdict
from sites.models import Host, Incident, Site

from . import repairing, situation, trials
from .baselines import keeping
from .changes import retention, undoing, versions
from .connections import abilities
from .diagnosing import OPEN
from .models import Diagnosis, FindingRecord, GivenPassword, RepairCase, Step
from .offering import Offer
from .panels import connecting as panels
from .panels import databases as panel_databases
from .panels import kept_pages, stopping, watching
from .panels import steps as panel_steps
from .password_files import given as password
from .profiles import get_profile
from .site_databases import given
from .site_databases import showing as databases_shown
from .transports.base import Capability
from .trying.advising import advice_for, advised
from .trying.kinds import KINDS
from .wizard import CaseFacts, StepState, StepView, recommended, steps_for

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

PANELS = {
    "confirm": "diagnostics/repair_confirm.html",
    "read-log": "diagnostics/repair_log.html",
    "room": "diagnostics/repair_room.html",
    "htaccess": "diagnostics/repair_htaccess.html",
    "permissions": "diagnostics/repair_permissions.html",
    "php": "diagnostics/repair_php.html",
    "parts": "diagnostics/repair_parts.html",
    "database": "diagnostics/repair_database.html",
    "restore": "diagnostics/repair_restore.html",
    "php-version": "diagnostics/repair_php_version.html",
    "tasks": "diagnostics/repair_tasks.html",
    "retest": "diagnostics/repair_retest.html",
    "hand-over": "diagnostics/repair_hand_over.html",
}
_SLOW = timedelta(seconds=60)  # from then on a person wonders whether anybody is still at work
_LOGIN_REFUSED = "database-access-denied"
_NEEDS_HTACCESS = "htaccess-lint"  # the check that needs these files and nothing else
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
    rows = RepairCase.objects.filter(site__team__memberships__user=user, site__deleted_at=None).select_related("site", "incident", "holder")
    rows = rows.annotate(applied_count=Count("steps", filter=Q(steps__state__in=Step.APPLIED, steps__action="repair")))
    return rows.order_by(F("closed_at").desc(nulls_first=True), "-opened_at")


def tell_apart(cases: Iterable[RepairCase]) -> list[RepairCase]:
    """Each repair with `told`: what it changed, else what was found in it; not what its incident is about by now."""
    rows = list(cases)
    changed: dict[int, str] = {}
    for step in Step.objects.filter(case__in=rows, action="repair", state__in=(*Step.APPLIED, Step.State.UNDONE)).order_by("pk"):
        changed[step.case_id] = step.finding.get("summary") or step.title
    found: dict[int, str] = {}
    seen = FindingRecord.objects.filter(diagnosis__in=[case.diagnosis_id or 0 for case in rows], severity="critical")
    for finding in seen.order_by("diagnosis_id", "-position"):
        found[finding.diagnosis_id] = finding.summary
    for case in rows:
        case.told = changed.get(case.pk) or found.get(case.diagnosis_id or 0, "")
    return rows


def open_cases(user: AbstractBaseUser) -> int:
    """How many repairs are open in the person's teams."""
    return RepairCase.objects.filter(site__team__memberships__user=user, site__deleted_at=None, closed_at=None).count()


def repair_page(case: RepairCase, asked_step: str, *, may_write: bool) -> dict[str, Any]:
    """Everything on the page of one repair. `asked_step` is a guide step's id; empty or unknown: the recommended one."""
    attempts = list(case.steps.select_related("created_by", "undone_by"))
    to_choose = versions.waiting(step.pk for step in attempts)
    for step in attempts:
        step.case = case
        step.to_choose = step.pk in to_choose and step.may_be_undone
        step.undo_until = panel_databases.undo_until(step) or retention.undo_until(step)
    diagnosis, incident = repairing.newest_diagnosis(case), repairing.incident_of(case)
    findings = list(diagnosis.findings.all()) if diagnosis else []
    present = situation.of_this_failure(case.site, attempts, diagnosis, findings)
    facts = case_facts(case, incident, present, diagnosis, findings)
    is_over = case.closed_at is not None or facts.verdict == Verdict.UP
    offers = [] if is_over else _offers(case.site, present, facts, findings, repairing.offers(case))
    watched = panel_steps.watched(case)
    in_vain = _in_vain(present)
    untried = [offer for offer in offers if offer.digest not in in_vain]
    facts = replace(facts, offered=_step_of_first(untried, findings), **watched.facts())
    chosen = _recommended(facts, offers, findings, present)
    best = "" if case.closed_at else chosen
    views = steps_for(facts)
    current = asked_step if asked_step in {view.id for view in views} else chosen or "retest"
    busy = situation.is_busy(attempts)
    tried = _tried(attempts, present, current)
    own = [_with_ability(offer, case.site.host) for offer in offers if offer.guide_step == current]
    return {
        "case": case,
        "site": case.site,
        "incident": incident,
        "diagnosis": diagnosis,
        "lead": situation.lead(
            facts.verdict, attempts, busy=busy, probed=situation.probed_since(case.site, attempts), shut=situation.is_shut(case.site)
        ),
        "steps": [_stepper_row(view, current, best) for view in views],
        "steps_summary": _("All steps of the guide"),
        "current": current,
        "place": next(number for number, view in enumerate(views, 1) if view.id == current),
        "panel_title": next(_(view.title) for view in views if view.id == current),
        "cannot_start": next((_(view.reason) for view in views if view.id == current and view.state == StepState.CANNOT_START), ""),
        "next_step": next((_stepper_row(view, current, best) for view in views if view.id == best != current), None),
        "panel": PANELS[current],
        **tried,
        "works": _works(tried["tried"], facts, case),
        "busy": busy,
        "may_act": may_write and not busy and not case.closed_at,
        "is_well": facts.verdict == Verdict.UP,
        "offer": own[0] if own else None,
        "other_offers": own[1:],
        "read_only": read_only.words(case.site),
        "advice": [] if read_only.is_on(case.site) or facts.verdict == Verdict.UP else advised(case, diagnosis, findings, present),
        "trial": _trial(diagnosis, facts, case.site.host),
        "findings": [finding for finding in findings if _belongs(finding, current)],
        "by_hand": not offers and facts.verdict != Verdict.UP and any(finding.severity == "critical" for finding in findings),
        "log_texts": [f"{line['at']} {line['text']}".strip() for line in diagnosis.log_lines] if diagnosis else [],
        "applied": [step for step in reversed(attempts) if step.stands_applied and step.action == "repair"],
        "may_write": may_write,
        "undo_days": retention.kept_for().days,
        "may_close": situation.may_close_as_well(case, present),
        "watched": watched,
        "kept": kept_pages.page(case, watched, current),
        "php": panel_steps.php_page(case) if current == "php-version" else None,
        "keeps_files": keeping.is_on(case.site),
        "database": databases_shown.page(case, attempts, findings) if current == "database" else None,
        "password_file": _password_file(case, findings) if current == password.GUIDE_STEP and facts.verdict != Verdict.UP else None,
        **_profile_words(case.site),
    }


def _password_file(case: RepairCase, findings: list[FindingRecord]) -> dict[str, Any] | None:
    """Where a password file is missed: whether somebody chose a name and a password for a new one. None elsewhere."""
    missed = [
        finding for finding in findings
        if finding.severity != "note" and finding.cause == password.CAUSE and "file-unreadable" not in finding.also
    ]  # fmt: skip
    return {"given": GivenPassword.of(case), "summary": missed[0].summary} if missed and not case.closed_at else None


def first_step(site: Site, incident: Incident | None) -> dict[str, Any]:
    """What a guided repair would begin with, before anybody has opened one: the step that is recommended, and what it offers.

    Empty where that is not known: then only the repair itself tells. `asks_login`: the database does not let the site in.
    """
    diagnosis, panel = repairing.diagnosis_for(site, incident), panels.working(site.host)
    if diagnosis is None or site.diagnoses.filter(state__in=OPEN).exists() or watching.open_of(panel) or stopping.known(site.host):
        return {}  # what the host is at, or has stopped, is told in the repair
    findings = list(diagnosis.findings.all())
    facts = replace(case_facts(RepairCase(site=site), incident, [], diagnosis, findings), **panel_steps.Watched(panel).facts())
    if not facts.can_write:
        return {}
    offers = _offers(site, [], facts, findings, repairing.offers_of(diagnosis))
    step = _recommended(replace(facts, offered=_step_of_first(offers, findings)), offers, findings, [])
    own = next((_with_ability(offer, site.host) for offer in offers if offer.guide_step == step), None)
    asks = own is None and step == given.GUIDE_STEP and facts.causes[:1] == (_LOGIN_REFUSED,)
    return {"current": step, "offer": None if own is None or own["obstacle"] else own, "asks_login": asks}


def trial_page(case: RepairCase, kind_id: str) -> dict[str, Any] | None:
    """Everything on the page of one trial; None where there is no such trial."""
    kind = KINDS.get(kind_id)
    if kind is None:
        return None
    advice = advice_for(case, repairing.newest_diagnosis(case), kind)
    return {"case": case, "site": case.site, "advice": advice, "busy": situation.is_busy(list(case.steps.all()))}


def _tried(attempts: list[Step], present: list[Step], current: str) -> dict[str, list[Step]]:
    """The attempts of one guide step, newest first: those at the failure at hand, and those of the time before it."""
    here = [step for step in reversed(attempts) if step.guide_step == current]
    now = {step.pk for step in present} | {step.pk for step in here if step.result.get(undoing.REFUSED)}
    earlier = [_shown(step) for step in here if step.pk not in now][:SHOWN_ATTEMPTS]
    for step in earlier:
        step.tone = ""
    return {"tried": [_shown(step) for step in here if step.pk in now][:SHOWN_ATTEMPTS], "tried_earlier": earlier}


def _works(tried: list[Step], facts: CaseFacts, case: RepairCase) -> Step | None:
    """The change of this guide step that mended the site, as long as nothing came after it."""
    newest = tried[0] if tried and facts.verdict == Verdict.UP and not case.closed_at else None
    verified = newest and newest.state == Step.State.DONE_VERIFIED and not newest.working
    return newest if verified and not newest.result.get(undoing.REFUSED) else None


def _offers(site: Site, attempts: list[Step], facts: CaseFacts, findings: list[FindingRecord], possible: Iterable[Offer]) -> list[Offer]:
    """What is proposed now: nothing for a site that is well, nothing twice, and no file kept aside before a trial showed its fault."""
    if facts.verdict == Verdict.UP:
        return []
    standing = {step.plan_digest for step in attempts if step.stands_applied}
    helped = situation.helpful_trial(site, attempts)
    offers = [offer for offer in possible if offer.digest not in standing]
    offers = [offer for offer in offers if helped or offer.finding.get("check") != trials.TRIAL_CHECK]
    first = _first(findings)
    in_vain = _in_vain(attempts)
    return sorted(offers, key=lambda offer: (offer.digest in in_vain, first is None or not _is_for(offer, first)))


def _in_vain(attempts: list[Step]) -> set[str]:
    return {step.plan_digest for step in attempts if step.state in (Step.State.TAKEN_BACK, Step.State.FAILED)}


def _first(findings: list[FindingRecord]) -> FindingRecord | None:
    """What the site fails for; of one that is only shut for maintenance what holds it there."""
    held = next((finding for finding in findings if finding.cause.endswith("-stuck-maintenance")), None)
    return next((finding for finding in findings if finding.severity == "critical"), held)


def _step_of_first(offers: list[Offer], findings: list[FindingRecord]) -> str:
    first = _first(findings)
    return offers[0].guide_step if first and offers and _is_for(offers[0], first) else ""


def _is_for(offer: Offer, finding: FindingRecord) -> bool:
    named = offer.finding
    return (named.get("check"), named.get("path"), named.get("line")) == (finding.check_id, finding.path, finding.line)


def _recommended(facts: CaseFacts, offers: list[Offer], findings: list[FindingRecord], attempts: list[Step]) -> str:
    """The wizard's choice; a trial that showed the file to blame, or one more fault to mend after a change, speaks louder."""
    if any(offer.finding.get("check") == trials.TRIAL_CHECK for offer in offers):
        return "htaccess"
    first = _first(findings)
    changed = {step.guide_step for step in attempts if step.stands_applied and step.action == "repair"}
    skipped = {step.guide_step for step in attempts if step.state == Step.State.SKIPPED}
    if facts.can_write and first and offers and _is_for(offers[0], first) and offers[0].guide_step in changed - skipped:
        return offers[0].guide_step
    return recommended(facts)


def case_facts(
    case: RepairCase, incident: Incident | None, attempts: list[Step], diagnosis: Diagnosis | None, findings: list[FindingRecord]
) -> CaseFacts:
    """What the list of steps depends on, from stored rows."""
    host = case.site.host
    gaps = {gap["check"] for gap in diagnosis.inconclusive} if diagnosis else set()
    telling = tuple(
        finding.cause for finding in sorted(findings, key=lambda each: each.severity != "critical") if finding.severity != "note"
    )
    verdict = situation.verdict_now(case.site, attempts, diagnosis)
    return CaseFacts(
        verdict=verdict,
        confirmed=incident is not None or verdict == Verdict.DOWN,
        connection=host.protocol if host else "none",
        can_read=host is not None,
        can_write=host is not None and ("write" in host.capabilities or not host.capabilities) and not read_only.is_on(case.site),
        read_only=read_only.is_on(case.site),
        htaccess_read=_NEEDS_HTACCESS not in gaps,
        tree_read="modes" not in gaps,
        causes=telling,
        done=situation.steps_done(attempts),
    )


def _stepper_row(view: StepView, current: str, best: str) -> dict[str, Any]:
    states = {StepState.DONE: "done", StepState.PROBLEM: "bad", StepState.CANNOT_START: "later"}
    state = states.get(view.state, "")
    if view.id == best and state == "done":  # it was done once, and is needed again
        state = ""
    note = _("Recommended: %(why)s") % {"why": _(view.reason)} if view.id == best else _(view.reason)
    url = "" if view.state == StepState.CANNOT_START and view.id != current else f"?step={view.id}"
    return {"title": _(view.title), "note": note, "state": state, "url": url, "current": view.id == current}


def _shown(step: Step) -> Step:
    """A step with what its notice needs."""
    step.tone = TONES.get(step.state, "")
    step.working = step.state in repairing.IN_WORK or bool(step.result.get(undoing.ASKED))
    step.is_slow = bool(step.working and step.started_at and timezone.now() - step.started_at > _SLOW)
    step.is_trial = step.action == "trial"
    step.through_panel = step.repair_id in panel_steps.THROUGH_PANEL
    undone = step.state in (Step.State.UNDONE, Step.State.TAKEN_BACK, Step.State.STALE)
    step.pages_after = [] if undone else step.result.get("pages_after", [])
    step.says_itself = step.action in ("look", "trial") and step.state == Step.State.DONE
    if step.result.get(undoing.REFUSED) and step.stands_applied:
        step.tone, step.says_itself = "warn", True
    if step.action == "look" and step.state == Step.State.DONE and step.guide_step in ("confirm", "retest"):
        step.tone = "ok" if situation.all_well(step.pages_after) else "warn"
    return step


def _with_ability(offer: Offer, host: Host | None) -> dict[str, Any]:
    """An offer with what the connection cannot do for it: `obstacle` stops it, `ability_caution` is told before."""
    told = {"obstacle": abilities.obstacle(offer.needs, host), "ability_caution": abilities.caution(offer.needs, host)}
    return {**asdict(offer), **told}


def _trial(diagnosis: Diagnosis | None, facts: CaseFacts, host: Host | None) -> dict[str, Any]:
    if not facts.can_read or facts.read_only or facts.verdict == Verdict.UP:
        return {"offered": False, "why": ""}
    why = (diagnosis.no_trial if diagnosis else "") or abilities.obstacle((Capability.RENAME,), host)
    return {"offered": not why, "why": why}


def _belongs(finding: FindingRecord, guide_step: str) -> bool:
    if guide_step == "room":
        return finding.cause == "disk-full"
    return finding.check_id in MODE_CHECKS if guide_step == "permissions" else guide_step == "read-log"


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
