"""How a repair stands now: what the steps saw weighs more than the last probe, as long as it is newer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.judging import Verdict
from sites.models import Site
from sites.probing.outcome import Kind

from . import repairing
from .changes import undoing, ways
from .models import Diagnosis, FindingRecord, RepairCase, Step
from .wizard import StepDone

PROBLEMS = (Step.State.NEEDS_ATTENTION,)
FINISHED = (*Step.APPLIED, Step.State.DONE, Step.State.SKIPPED)
CHOSEN = (Step.State.DONE_AS_ASKED, Step.State.KEPT)  # a person chose what stays where an undo was refused
OF_NO_WEIGHT = (Step.State.UNDONE, Step.State.STALE, Step.State.TAKEN_BACK, Step.State.FAILED, *CHOSEN, *repairing.IN_WORK)
_BELIEVED = timedelta(days=1)  # so long what the probes did not meet is held for true
_APART = timedelta(minutes=2)  # two looks that met one short failure are not so far apart


def is_busy(attempts: Sequence[Step]) -> bool:
    """Whether a worker has, or is about to have, a step of this repair in hand."""
    return any(step.state in repairing.IN_WORK or step.result.get(undoing.ASKED) for step in attempts)


def of_this_failure(
    site: Site, attempts: Sequence[Step], diagnosis: Diagnosis | None = None, findings: Sequence[FindingRecord] = ()
) -> list[Step]:
    """The attempts that belong to the failure at hand: what ended before it began tells nothing about it."""
    began = _failing_since(site)
    if began is None:
        return list(attempts)
    broken = bool(diagnosis) and diagnosis.verdict == Verdict.DOWN and any(finding.severity == "critical" for finding in findings)
    if broken and any(_left_well(step) and step.finished_at < diagnosis.requested_at for step in attempts):
        began = max(began, diagnosis.requested_at)
    return [step for step in attempts if _counts_since(step, began)]


def _failing_since(site: Site) -> datetime | None:
    if site.verdict != Verdict.DOWN:
        return None
    return min((page.failing_since for page in site.pages.all() if page.failing_since), default=None)


def _left_well(step: Step) -> bool:
    return step.finished_at is not None and step.stands_applied and all_well(pages_now(step))


def _counts_since(step: Step, began: datetime) -> bool:
    lasting = step.state in (Step.State.UNDONE, *PROBLEMS, *repairing.IN_WORK) or step.result.get(undoing.ASKED)
    return bool(lasting) or step.finished_at is None or step.finished_at >= began


def pages_now(step: Step) -> list[dict[str, Any]]:
    """What the pages answered when the step left the site: before it, where nothing of it stayed.

    Nothing is known where a person kept what somebody else wrote since: no look was at that.
    """
    if step.state == Step.State.KEPT:
        return []
    stayed = step.action == "look" or step.stands_applied
    return step.result.get("pages_after" if stayed else "pages_before", [])


def all_well(pages: Sequence[dict[str, Any]]) -> bool:
    return bool(pages) and all(page["kind"] == "ok" for page in pages)


def verdict_now(site: Site, attempts: Sequence[Step], diagnosis: Diagnosis | None = None) -> str:
    """The verdict by the newest look, be it a step's or a probe's: a repair shows its effect before the timetable does.

    A look or a `diagnosis` that saw the site fail, while its probes held it for well as they do now, counts for more than they do only
    where it met what they do not meet: as another visitor, or repeatedly.
    """
    if is_shut(site):
        return Verdict.DOWN.value  # for whoever asks how to open it again: nobody is mailed for that
    newest = _newest_look(attempts)
    is_newer = diagnosis is not None and (newest is None or newest[0] < diagnosis.requested_at)
    if diagnosis is not None and is_newer and _met_what_probes_do_not(site, diagnosis, attempts):
        return Verdict.DOWN.value
    if newest is None:
        return site.verdict
    at, pages, step = newest
    probed_since = site.last_probe_at is not None and site.last_probe_at > at
    if all_well(pages):
        return Verdict.UP.value if not probed_since or _probes_agree(site, pages) else site.verdict
    is_missed = _is_missed(site, at) and (_met_as_some(step, pages) or _is_open(site) or _met_again(site, attempts))
    return site.verdict if probed_since and not is_missed else Verdict.DOWN.value


def is_shut(site: Site) -> bool:
    """Whether a page said at its last probe that it is under maintenance, and the probes leave it at that."""
    return site.verdict == Verdict.UP and site.pages.filter(kind=Kind.MAINTENANCE).exists()


def _met_what_probes_do_not(site: Site, diagnosis: Diagnosis, attempts: Sequence[Step]) -> bool:
    if diagnosis.verdict != Verdict.DOWN or not _is_missed(site, diagnosis.requested_at):
        return False
    return bool(diagnosis.met_as) or _is_open(site) or _met_again(site, attempts)


def _is_open(site: Site) -> bool:
    return site.incidents.filter(resolved_at=None).exists()


def _met_as_some(step: Step, pages: Sequence[dict[str, Any]]) -> bool:
    """Whether a page failed for some kinds of visitor and not for a usual browser, or came and went: not once, by chance."""
    failing = {(page["path"], page.get("browser")) for page in pages if page["kind"] != "ok"}
    well = {page["path"] for page in pages if page["kind"] == "ok" and page.get("browser") in ways.BROWSERS}
    if any(browser not in ways.BROWSERS and path in well for path, browser in failing):
        return True
    comes_and_goes = step.result.get(ways.IN_RESULT, {}).get("rate", 1) < 1
    return step.result.get(repairing.MET, 0) > 1 and (comes_and_goes or any(path in well for path, _browser in failing))


def _met_again(site: Site, attempts: Sequence[Step]) -> bool:
    """Whether it was seen to fail at several times, none of which an incident that ended explains."""
    since = timezone.now() - _BELIEVED
    ended = site.incidents.filter(resolved_at__gt=since).order_by("-resolved_at").values_list("resolved_at", flat=True).first()
    since = max(since, ended or since)
    bad = site.diagnoses.filter(state=Diagnosis.State.DONE, verdict=Verdict.DOWN, requested_at__gt=since)
    times = [*bad.values_list("requested_at", flat=True)]
    looks = [step for step in attempts if step.action == "look" and step.finished_at is not None and step.finished_at > since]
    times += [step.finished_at for step in looks if pages_now(step) and not all_well(pages_now(step))]
    return bool(times) and max(times) - min(times) > _APART


def _is_missed(site: Site, failed_at: datetime) -> bool:
    """Whether the probes hold a site for well that was seen to fail, and no incident of it ended since: they met none."""
    if site.verdict != Verdict.UP or timezone.now() - failed_at > _BELIEVED:
        return False
    return not site.incidents.filter(resolved_at__gt=failed_at).exists()


def _probes_agree(site: Site, pages: Sequence[dict[str, Any]]) -> bool:
    """Whether the probes since then got the same answers: the verdict follows only when they have confirmed it."""
    seen = {page["path"]: page["status"] for page in pages}
    return all(page.last_status == seen.get(page.path) for page in site.pages.all())


def _newest_look(attempts: Sequence[Step]) -> tuple[Any, list[dict[str, Any]], Step] | None:
    looks = [(step.undone_at or step.finished_at, pages_now(step), step) for step in attempts if step.state not in repairing.IN_WORK]
    return max((look for look in looks if look[0] and look[1]), key=lambda look: look[0], default=None)


def helpful_trial(site: Site, attempts: Sequence[Step]) -> bool:
    """Whether the last trial showed that the .htaccess is to blame for this failure, not for an earlier one."""
    of_files = ("rename-htaccess", "bisect-htaccess")
    made = (step for step in reversed(attempts) if step.action == "trial" and step.state == Step.State.DONE)
    trial = next((step for step in made if step.repair_id in of_files or not step.repair_id), None)
    if trial is None or not trial.result.get("helped"):
        return False
    return not (site.verdict == Verdict.DOWN and site.verdict_since and trial.created_at < site.verdict_since)


def steps_done(attempts: Sequence[Step]) -> tuple[StepDone, ...]:
    """What became of each guide step: its last attempt decides. Looking at files, or a trial that helped, does not end a step."""
    last = {step.guide_step: step for step in attempts if step.state not in OF_NO_WEIGHT}
    undone = max((step.undone_at for step in attempts if step.undone_at), default=None)
    if undone and "retest" in last and last["retest"].created_at < undone:
        del last["retest"]  # it was about a site that is no more
    found = []
    for guide_step, step in last.items():
        if step.state in PROBLEMS:
            found.append(StepDone(guide_step, "problem", str(step.get_state_display())))
        elif step.state in FINISHED and not _goes_on(step):
            found.append(StepDone(guide_step, "done", step.message or str(step.get_state_display())))
    return tuple(found)


def _goes_on(step: Step) -> bool:
    if step.state != Step.State.DONE:
        return False
    only_looked = step.action == "look" and step.guide_step in ("htaccess", "permissions", "database", "restore", "php-version")
    return only_looked or (step.action == "trial" and bool(step.result.get("helped")))


def probed_since(site: Site, attempts: Sequence[Step]) -> str:
    """What the probes made of the site since anybody looked; empty before the first of them."""
    newest = _newest_look(attempts)
    return site.verdict if newest is None or (site.last_probe_at is not None and site.last_probe_at > newest[0]) else ""


def lead(verdict: str, attempts: Sequence[Step], *, busy: bool, probed: str = "", shut: bool = False) -> str:
    """How things are, in one or two sentences. `probed`: see `probed_since`; `shut`: `is_shut`."""
    made = [step for step in attempts if step.stands_applied and step.action == "repair"]
    changed, lasting = len(made), sum(bool(step.undo_ended) for step in made)
    how = {
        Verdict.UP: _("The site is well."),
        Verdict.DOWN: _("The site is down."),
        Verdict.SUSPECT: _("The site is being looked at again."),
    }.get(verdict, _("It is not known yet how the site is."))
    if verdict == Verdict.DOWN and probed == Verdict.UP:
        how = _("The site answers its probes, and fails for other visitors or now and then.")
    if shut:
        how = _("The site shows visitors that it is under maintenance.")
    if made and verdict == Verdict.UP and not busy:
        how = _("The site works again.")
    what = ngettext("One change was made. It can be undone.", "%(n)d changes were made. They can be undone.", changed) % {"n": changed}
    if lasting:
        words = ngettext("One change was made. It cannot be undone.", "%(n)d changes were made. Not all can be undone.", changed)
        what = words % {"n": changed}
    return f"{how} {_('Working on it.') if busy else what if changed else _('Nothing is changed on the host.')}"


def may_close_as_well(case: RepairCase, attempts: Sequence[Step]) -> bool:
    """Whether the repair may be closed as well: the newest look found every page so."""
    newest = _newest_look(attempts)
    return verdict_now(case.site, attempts) == Verdict.UP and newest is not None and all_well(newest[1])
