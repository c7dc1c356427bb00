"""One change of a site, from fresh evidence to a verdict on whether it helped. The caller holds the host's lock and its executor."""

from __future__ import annotations

import math
import posixpath
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import examining, steps
from diagnostics.connections.locking import LEASE_S
from diagnostics.evidence import SiteSeen
from diagnostics.examining import Examination
from diagnostics.findings import Finding, Severity
from diagnostics.models import Step
from diagnostics.profiles import get_profile
from diagnostics.repairs.plan import ChangeMode, Plan
from diagnostics.transports.base import TransportError
from sites import incident_endings, recording
from sites.models import Site

from . import recovering
from .executor import Executor, NotApplied, Stale

BROWSERS = ("desktop", "phone")
LOOKS_WHEN_WELL = 3
LOOKS_WHEN_INTERMITTENT = 10  # a failure of every third request shows itself in ten with more than 98 %
SPACING_S = 1.0
USER_INI_S = 300  # PHP's manual: user_ini.cache_ttl
PATIENCE_S = 2.0  # some hosts have it read again at once, or nearly
_ASKS_PASSWORD = 401
_READ_LATER = (".user.ini",)
TRIAL_CHECK = "htaccess-trial"  # of a finding that no check makes, only a trial
TRIAL_CHECKS = (TRIAL_CHECK, "trials")  # of what only a look at the site has shown: nothing but a well site proves it mended
_SUPPOSED = (*TRIAL_CHECKS, "database-unclear")  # the latter names what may be at fault, another cause the next time


@dataclass(frozen=True, slots=True)
class Seen:
    """The pages as several kinds of browser got them."""

    view: SiteSeen
    pages: tuple[dict[str, object], ...]

    @property
    def is_well(self) -> bool:
        return examining.is_well(self.view)


def look(
    site: Site,
    browsers: Sequence[str] = BROWSERS,
    *,
    as_answered: bool = False,
    keeping: Executor | None = None,
    as_it_stays: bool = True,
) -> Seen:
    """Probes every page now as each kind of browser, past every cache. `as_answered`: see `examining.seen`.

    `as_it_stays`: see `recording.retest`. `keeping`: the host stays ours meanwhile. Raises LockLost when another took it over:
    what was seen may no longer be so.
    """
    site = Site.objects.get(pk=site.pk)
    paths = dict(site.pages.values_list("pk", "path"))
    if keeping:
        rounds = math.ceil(len(paths) / settings.SITEMEND_PROBES_PER_ADDRESS) * len(browsers)
        keeping.keep(LEASE_S + rounds * site.time_limit_s)
    outcomes, rows = [], []
    for browser in browsers:
        for outcome in recording.retest(site, browsers=(browser,), as_it_stays=as_it_stays):
            outcomes.append(outcome)
            row = {"path": paths.get(outcome.key, ""), "browser": browser, "kind": str(outcome.kind), "status": outcome.status}
            rows.append({**row, "ms": round(outcome.ms, 1) if outcome.ms is not None else None})
    if keeping:
        keeping.keep()
    return Seen(examining.seen(site, outcomes, as_answered=as_answered), tuple(rows))


def matching(examination: Examination, wanted: dict[str, object]) -> Finding | None:
    """The finding of a fresh examination that a step was started for."""
    for finding in examination.findings:
        if (finding.cause, finding.path, finding.line) == (wanted.get("cause"), wanted.get("path"), wanted.get("line")):
            return finding
    return next((finding for finding in examination.findings if finding.cause == wanted.get("cause")), None)


def apply(step: Step, executor: Executor, plan: Plan) -> bool:
    """Carries out a plan; True when it stands on the host. Otherwise the step is concluded with why."""
    try:
        executor.apply(step, plan)
    except Stale as error:
        steps.conclude(step, Step.State.STALE, _("%(why)s Nothing was written. Look again.") % {"why": error})
        return False
    except NotApplied as error:
        if error.taken_back:
            steps.conclude(step, Step.State.FAILED, _("%(why)s The host is as it was before.") % {"why": error.message})
            return False
        steps.conclude(step, Step.State.NEEDS_ATTENTION, f"{error.message} {_('Not everything could be taken back.')}", retry=error.retry)
        return False
    return True


def apply_and_verify(step: Step, executor: Executor, plan: Plan, finding: Finding, before: Seen) -> Step:
    """Applies, looks again, and keeps the change only if its own finding is gone and nothing got worse."""
    site = step.case.site
    if not apply(step, executor, plan):
        return step
    steps.verifying(step)
    since = _next_second()
    after = look(site, as_answered=True, keeping=executor)
    lag = _effect_lag_s(site, plan)
    if not after.is_well and lag == USER_INI_S:
        time.sleep(PATIENCE_S)
        after = look(site, as_answered=True, keeping=executor)
    pages = {"pages_before": list(before.pages), "pages_after": list(after.pages)}
    if after.is_well and stays_well(site, executor):
        return cured(step, **pages)
    is_gone = lag == USER_INI_S or _is_gone(site, executor, after, finding, since)  # until it is read again, nothing can be gone
    gone = finding.check not in _SUPPOSED and is_gone
    executor.keep()
    if not gone or examining.got_worse(before.view, after.view):
        why = _("It did not help.") if not gone else _("A page that was well answered worse.")
        return take_back(step, executor, why, **pages)
    if lag:
        step.check_again_at = timezone.now() + timedelta(seconds=lag)
        message = _("Done. This host can take %(minutes)d minutes to take over modes; it is looked at again then.") % {"minutes": lag // 60}
        if lag == USER_INI_S:
            message = _("Done. PHP reads its settings again after up to 5 minutes; the site is looked at again then.")
        return steps.conclude(step, Step.State.AWAITING_EFFECT, message, **pages)
    return steps.conclude(step, Step.State.DONE_NOT_CURED, _not_well_yet(after), **pages)


def _not_well_yet(after: Seen) -> str:
    if {page["status"] for page in after.pages if page["kind"] != "ok"} == {_ASKS_PASSWORD}:
        return _(
            "What was found is mended. The site asks our probes for a password (401): type the right one in the settings of the site,"
            " or let the page expect 401."
        )
    return _("What was found is mended, but the site is not well yet.")


def _effect_lag_s(site: Site, plan: Plan) -> int:
    """So many seconds can pass until what was changed counts."""
    if any(posixpath.basename(change.path) in _READ_LATER for change in plan.changes):
        return USER_INI_S
    return get_profile(site.profile_name).mode_lag_s if any(isinstance(change, ChangeMode) for change in plan.changes) else 0


def take_back(step: Step, executor: Executor, why: str, **result: object) -> Step:
    """Takes a step back that was applied, and says so."""
    back = executor.take_back(step)
    if back.complete:
        message = _("%(why)s Everything was put back as it was.") % {"why": why}
        return steps.conclude(step, Step.State.TAKEN_BACK, message, **result)
    return steps.conclude(step, Step.State.NEEDS_ATTENTION, f"{why} {recovering.attention(back)}", retry=back.retry, **result)


def stays_well(site: Site, executor: Executor) -> bool:
    """Looks several times more, so that luck is no cure."""
    for _look in range((LOOKS_WHEN_INTERMITTENT if site.pattern == "intermittent" else LOOKS_WHEN_WELL) - 1):
        time.sleep(SPACING_S)
        if not look(site, as_answered=True, keeping=executor).is_well:
            return False
    return True


def _next_second() -> datetime:
    """Logs tell whole seconds: what is written from the next one on belongs to what is looked at now."""
    now = datetime.now(UTC)
    time.sleep(1.0 - now.microsecond / 1_000_000)
    return datetime.now(UTC).replace(microsecond=0)


def _is_gone(site: Site, executor: Executor, after: Seen, finding: Finding, since: datetime) -> bool:
    """Whether a fresh examination no longer finds it. What could not be read is not a pass."""
    try:
        again = examining.examine(site, executor.reader, after.view, since=since)
    except TransportError:
        return False
    if any(each.check == finding.check for each in again.inconclusive):
        return False
    return not any(examining.same_finding(each, finding) and each.severity != Severity.NOTE for each in again.findings)


def cured(step: Step, **pages: object) -> Step:
    """The step stands before its incidents end: a crash in between must not leave them resolved by what is then taken back."""
    steps.conclude(step, Step.State.DONE_VERIFIED, _("Every page answers as expected again."), **pages)
    for incident in step.case.site.incidents.filter(resolved_at=None):
        incident_endings.resolve_by_repair(incident, step.created_by)
    return step


def conclude_late(step: Step) -> Step:
    """Looks again at a step whose effect takes its time."""
    after = look(step.case.site, as_answered=True)
    pages = {"pages_after": list(after.pages)}
    step.refresh_from_db(fields=["state"])
    if step.state != Step.State.AWAITING_EFFECT:
        return step  # somebody undid it while it was looked at
    if after.is_well:
        return cured(step, **pages)
    return steps.conclude(step, Step.State.DONE_NOT_CURED, _not_well_yet(after), **pages)
