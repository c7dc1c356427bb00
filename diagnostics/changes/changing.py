"""One change of a site, from fresh evidence to a verdict on whether it helped. The caller holds the host's lock and its executor."""

from __future__ import annotations

import math
import posixpath
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from sites.probing.outcome import Kind, Outcome

from . import recovering, ways
from .executor import Executor, NotApplied, Stale
from .ways import USUAL, Way

SPACING_S = 1.0
LONGEST_S = 60.0  # for all looks that prove one change
UNPROVEN = "unproven"  # in a step's result: every page answers well since, which may be luck
USER_INI_S = 300  # PHP's manual: user_ini.cache_ttl
PATIENCE_S = 2.0  # some hosts have it read again at once, or nearly
_ASKS_PASSWORD = 401
_READ_LATER = (".user.ini",)
TRIAL_CHECK = "htaccess-trial"  # of a finding that no check makes, only a trial
TRIAL_CHECKS = (TRIAL_CHECK, "trials")  # of what only a look at the site has shown: nothing but a well site proves it mended
_SUPPOSED = (*TRIAL_CHECKS, "database-unclear")  # the latter names what may be at fault, another cause the next time


@dataclass(frozen=True, slots=True)
class Seen:
    """The pages as several kinds of visitor got them: of each its worst answer, where it was asked several times.

    `unmet`: why it is believed to fail, of a site that was asked again and again and answered well; empty else.
    """

    view: SiteSeen
    pages: tuple[dict[str, object], ...]
    way: Way = USUAL
    unmet: str = ""
    met: int = 0  # requests that met the failure, before a change
    asked: tuple[tuple[str, str, bool], ...] = ()  # path, visitor and whether it failed, of each request

    @property
    def is_well(self) -> bool:
        return examining.is_well(self.view)

    @property
    def is_proven_well(self) -> bool:
        return self.is_well and not self.unmet

    @property
    def failing(self) -> frozenset[str]:
        """Paths of the pages that did not answer as expected."""
        return frozenset(page.path for page in self.view.pages if page.kind != Kind.OK)

    @property
    def is_refused(self) -> bool:
        """Whether whatever is not well in it is our asking that is refused. Where all was well before, that tells nothing of the site."""
        odd = [page for page in self.view.pages if page.kind != Kind.OK]
        return bool(odd) and all(ways.is_refusal(page.kind, page.status) for page in odd)

    @property
    def is_asked_too_often(self) -> bool:
        """The same, where even a first refusal is none of the site's own."""
        return self.is_refused and not any(Kind(page.kind).is_failure for page in self.view.pages)

    def over(self, earlier: Seen) -> Seen:
        """This look in front of an earlier one: pages that it did not ask for stand as they were."""
        mine = {page.path for page in self.view.pages}
        asked = {(row["path"], row["browser"]) for row in self.pages}
        view = replace(self.view, pages=(*self.view.pages, *(page for page in earlier.view.pages if page.path not in mine)))
        rows = (*(row for row in earlier.pages if (row["path"], row["browser"]) not in asked), *self.pages)
        return replace(self, view=view, pages=rows, asked=(*earlier.asked, *self.asked))


def look(
    site: Site,
    browsers: Sequence[str] = (),
    *,
    as_answered: bool = False,
    keeping: Executor | None = None,
    as_it_stays: bool = True,
    way: Way = USUAL,
    paths: Sequence[str] = (),
    times: int = 1,
    also: Sequence[tuple[str, Outcome]] = (),
) -> Seen:
    """Probes every page, or those of `paths`, now as each kind of visitor, past every cache; `times` at each.

    `as_answered`: see `examining.seen`. `as_it_stays`: see `recording.retest`. `keeping`: the host stays ours meanwhile. `way`: how the
    failure is met. `also`: what this look takes over from earlier requests. Raises LockLost when another took the host over: what was
    seen may no longer be so.
    """
    site = Site.objects.get(pk=site.pk)
    names = dict(site.pages.values_list("pk", "path"))
    browsers = browsers or way.browsers
    if keeping:
        requests = len(paths or names) * len(browsers) * times
        keeping.keep(LEASE_S + math.ceil(requests / settings.SITEMEND_PROBES_PER_ADDRESS + len(browsers)) * site.time_limit_s)
    found: list[tuple[str, Outcome]] = list(also)
    for browser in browsers:
        answers = recording.retest(site, browsers=(browser,), as_it_stays=as_it_stays, paths=paths, times=times)
        found += [(browser, outcome) for outcome in answers]
    if keeping:
        keeping.keep()
    worst = _worst(found)
    rows = tuple(_row(names.get(outcome.key, ""), browser, outcome) for browser, outcome in worst)
    asked = tuple((names.get(outcome.key, ""), browser, outcome.is_failure) for browser, outcome in found)
    return Seen(examining.seen(site, [outcome for _browser, outcome in worst], as_answered=as_answered), rows, way, asked=asked)


def _worst(found: Sequence[tuple[str, Outcome]]) -> list[tuple[str, Outcome]]:
    """One answer for each page and kind of visitor: the last that failed, else the last. A refusal hides no other failure."""
    kept: dict[tuple[str, int], Outcome] = {}
    for browser, outcome in found:
        standing = kept.get((browser, outcome.key))
        if standing is None or _weight(outcome) >= _weight(standing):
            kept[browser, outcome.key] = outcome
    return [(browser, outcome) for (browser, _key), outcome in kept.items()]


def _weight(outcome: Outcome) -> int:
    return 0 if outcome.kind == Kind.OK else 1 if ways.is_refusal(outcome.kind, outcome.status) else 2 if outcome.is_failure else 0


def _row(path: str, browser: str, outcome: Outcome) -> dict[str, object]:
    ms = round(outcome.ms, 1) if outcome.ms is not None else None
    return {"path": path, "browser": browser, "kind": str(outcome.kind), "status": outcome.status, "ms": ms}


def look_on(site: Site, seen: Seen, keeping: Executor | None = None, *, before_each: Callable[[], None] | None = None) -> Seen:
    """Asks where the failure is met until something fails, or as often as it takes so that luck is no cure; at last everything again.

    `seen` was a look at everything. `before_each` look: says that this goes on. `unmet` of what it gives says why luck is not ruled out.
    """
    if not seen.is_well or seen.unmet:
        return seen
    if not seen.way.is_provable:
        return replace(seen, unmet=seen.way.rarely)
    way, ends = seen.way, time.monotonic() + LONGEST_S
    narrow = {"browsers": (way.meets,), "paths": way.asked_for(list(site.pages.values_list("path", flat=True))), "times": way.at_once}
    next_at = time.monotonic() + SPACING_S
    for which in [narrow] * way.rounds + [{}]:
        if time.monotonic() > ends:
            return replace(seen, unmet=_("The site is too slow to be asked as often as that needs."))
        time.sleep(max(0.0, next_at - time.monotonic()))  # a slow site leaves pauses by itself
        next_at = time.monotonic() + SPACING_S
        if before_each:
            before_each()
        more = look(site, as_answered=True, keeping=keeping, way=way, **which)
        if more.is_refused:
            return replace(seen, unmet=ways.refused_words())
        seen = more.over(seen)
        if not seen.is_well:
            break
    return seen


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
    since, way = _next_second(), before.way
    after = look(site, as_answered=True, keeping=executor, way=way)
    lag = _effect_lag_s(site, plan)
    if not after.is_well and lag == USER_INI_S:
        time.sleep(PATIENCE_S)
        after = look(site, as_answered=True, keeping=executor, way=way)
    after = look_on(site, after, executor)
    pages = {"pages_before": list(before.pages), "pages_after": list(after.pages)}
    if after.is_well:
        return not_proven(step, before.unmet, after, **pages) if before.unmet or after.unmet else cured(step, **pages)
    is_gone = lag == USER_INI_S or _is_gone(site, executor, after, finding, since)  # until it is read again, nothing can be gone
    gone = finding.check not in _SUPPOSED and is_gone
    executor.keep()
    if not gone or _got_worse(before, after):
        why = _("It did not help.") if not gone else _("A page that was well answered worse.")
        return take_back(step, executor, why, **pages)
    if after.is_asked_too_often:
        return not_proven(step, before.unmet, replace(after, unmet=ways.refused_words()), **pages)
    if lag:
        step.check_again_at = timezone.now() + timedelta(seconds=lag)
        message = _("Done. This host can take %(minutes)d minutes to take over modes; it is looked at again then.") % {"minutes": lag // 60}
        if lag == USER_INI_S:
            message = _("Done. PHP reads its settings again after up to 5 minutes; the site is looked at again then.")
        return steps.conclude(step, Step.State.AWAITING_EFFECT, message, **{ways.IN_RESULT: way.as_json()}, **pages)
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
    if back.no_room:  # what was made is used up by now; more may be made
        return steps.conclude(step, Step.State.DONE_NOT_CURED, f"{why} {back.why()}", **result)
    return steps.conclude(step, Step.State.NEEDS_ATTENTION, f"{why} {recovering.attention(back)}", retry=back.retry, **result)


def stays_well(site: Site, executor: Executor, before: Seen) -> Seen:
    """Looks several times more, in the way in which the failure was met `before`, so that luck is no cure."""
    time.sleep(SPACING_S)
    return look_on(site, look(site, as_answered=True, keeping=executor, way=ways.of_look(site, before.asked)), executor)


def _got_worse(before: Seen, after: Seen) -> bool:
    """Whether a page that answered a visitor as expected no longer does. What comes and goes may have done so by luck.

    That we are refused for asking too often is no answer of the page.
    """
    worse = [page for page in after.pages if page["kind"] not in (Kind.OK, Kind.BLOCKED)]
    if before.way.comes_and_goes:
        failing = {page["path"] for page in before.pages if page["kind"] != Kind.OK}
        return any(page["path"] not in failing for page in worse)
    well = {(page["path"], page["browser"]) for page in before.pages if page["kind"] == Kind.OK}
    return any((page["path"], page["browser"]) in well for page in worse)


def not_proven(step: Step, unmet: str, after: Seen, **pages: object) -> Step:
    """What never failed for us cannot be seen to be mended (`unmet`: why): its incidents end when the probes say so."""
    words = _("The change was made, and every page answers well; as they did before it, so nobody can say yet that it helped. %(why)s")
    if not unmet:
        words = _("The change was made, and every page answers well since. That it is more than luck is not proven yet. %(why)s")
    if not after.is_well:
        words = _("The change was made. Whether it helped is not known yet. %(why)s")
    return steps.conclude(step, Step.State.DONE_NOT_CURED, words % {"why": unmet or after.unmet}, **{UNPROVEN: True}, **pages)


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
    """Looks again at a step whose effect takes its time, in the way in which its failure was met."""
    site = step.case.site
    after = look_on(site, look(site, as_answered=True, way=ways.of_step(step)))
    pages = {"pages_after": list(after.pages)}
    step.refresh_from_db(fields=["state"])
    if step.state != Step.State.AWAITING_EFFECT:
        return step  # somebody undid it while it was looked at
    if after.is_well:
        return not_proven(step, "", after, **pages) if after.unmet else cured(step, **pages)
    return steps.conclude(step, Step.State.DONE_NOT_CURED, _not_well_yet(after), **pages)
