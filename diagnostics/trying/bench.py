"""Where trials are made: a plan is carried out, the site looked at, and everything put back, again and again within bounds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from diagnostics import steps
from diagnostics.changes import changing, recovering
from diagnostics.changes.changing import Seen
from diagnostics.changes.executor import Executor
from diagnostics.models import Step
from diagnostics.repairs.plan import Plan
from sites import scheduling
from sites.models import Site

T = TypeVar("T")
LONGEST_S = 420.0  # for all looks of a trial; a worker has steps.RUN_LIMIT_S for the whole step
MOST_LOOKS = 60
HOLD_S = 20.0  # beside one time limit of the site: so long no regular probe may meet it changed and take it for well again
MOST_ASKS_S = 30.0  # that a site stays changed while it is asked again and again
GONE = 404  # what an address answers that only a line taken out, or a plugin, had made


class Ended(Exception):
    """The trial cannot go on; its step is concluded."""


class OutOfTime(Exception):
    """So many looks, or so much time, are not spent on one trial."""


@dataclass(slots=True)
class Bench:
    """One trial at work. `about`: so many looks are expected, for the page that shows how far it is."""

    step: Step
    executor: Executor
    before: Seen
    about: int = 0
    looks: int = 0
    result_known: Callable[[], None] | None = None  # called when the result is stored with the step, before it ends
    until: float = field(default_factory=lambda: time.monotonic() + LONGEST_S)

    @property
    def browser(self) -> str:
        """One that meets the failure."""
        return next((str(page["browser"]) for page in self.before.pages if page["kind"] != "ok"), self.before.way.meets)

    @property
    def failing(self) -> frozenset[str]:
        """Paths of the pages that fail for it."""
        return frozenset(str(page["path"]) for page in self.before.pages if page["browser"] == self.browser and page["kind"] != "ok")

    def without(self, plan: Plan, browsers: tuple[str, ...] = ()) -> Seen:
        """What the pages answer while the plan stands. It is taken back whatever was seen. Raises Ended, OutOfTime, LockLost."""
        site, way = self.step.case.site, self.before.way
        as_whom = tuple(dict.fromkeys((*browsers, self.browser)))
        asks_s = self._asks_s(len(as_whom)) if way.comes_and_goes else 0.0
        if asks_s > MOST_ASKS_S or not way.is_provable:
            self._too_slow(asks_s)
        seen = self.while_it_stands(plan, lambda: self._look(site, as_whom), asks_s)
        if seen.unmet:
            self._too_slow(asks_s)
        return seen

    def _look(self, site: Site, as_whom: tuple[str, ...]) -> Seen:
        """Of what comes and goes so often that luck is ruled out, but each page only until it fails, and never for long."""
        way = self.before.way
        ends = time.monotonic() + MOST_ASKS_S
        seen = changing.look(site, as_whom, as_answered=way.comes_and_goes, keeping=self.executor, as_it_stays=False, way=way)
        left = way.asked_for(tuple(site.pages.values_list("path", flat=True))) if way.comes_and_goes else ()
        for _round in range(way.rounds):
            left = tuple(path for path in left if path not in seen.failing)
            if not left:
                break
            if time.monotonic() > ends:
                return replace(seen, unmet="slow")
            more = changing.look(
                site, (way.meets,), as_answered=True, keeping=self.executor, as_it_stays=False, way=way, paths=left, times=way.at_once
            )
            if more.is_refused:
                return replace(seen, unmet="refused")
            seen = more.over(seen)
        return seen

    def _asks_s(self, visitors: int) -> float:
        """How long a look takes that rules luck out, by how slow the pages were."""
        way, paths = self.before.way, {str(page["path"]) for page in self.before.pages}
        slowest_s = max((float(str(page["ms"])) / 1000 for page in self.before.pages if page["ms"] is not None), default=0.0)
        requests = len(paths) * visitors + way.rounds * way.at_once * len(way.asked_for(tuple(paths)))
        return slowest_s * math.ceil(requests / settings.SITEMEND_PROBES_PER_ADDRESS)

    def _too_slow(self, asks_s: float) -> NoReturn:
        """The site would stay changed for too long, or could not be asked as often as is needed: nothing is told of any cause then."""
        why = _("It fails so rarely that it cannot be seen within seconds whether a change helps, so nothing is tried.")
        if asks_s > MOST_ASKS_S:
            why = _("The site is slow and fails now and then: it would stay changed for about %(n)d seconds, so nothing is tried.")
            why = why % {"n": round(asks_s)}
        elif self.looks:
            why = _("The site was too slow, or refused so many requests: what was tried shows nothing. Everything was put back as it was.")
        steps.conclude(self.step, Step.State.TAKEN_BACK if self.looks else Step.State.FAILED, why, looks=self.looks)
        raise Ended

    def while_it_stands(self, plan: Plan, ask: Callable[[], T], asks_s: float = 0.0) -> T:
        """The same, with something else asked meanwhile, which takes about `asks_s`."""
        if steps.is_to_stop(self.step):
            self._stop()
        if self.looks >= MOST_LOOKS or time.monotonic() > self.until:
            raise OutOfTime
        self.looks += 1
        self.step.result = {**self.step.result, "progress": {"looks": self.looks, "about": max(self.about, self.looks)}}
        self.step.save(update_fields=["result"])
        site = self.step.case.site
        scheduling.hold(site, HOLD_S + site.time_limit_s + asks_s)
        if not changing.apply(self.step, self.executor, plan):
            raise Ended
        steps.verifying(self.step)
        try:
            seen = ask()
        finally:
            back = self.executor.take_back(self.step)
        if not back.complete:
            steps.conclude(self.step, Step.State.NEEDS_ATTENTION, recovering.attention(back), retry=back.retry)
            raise Ended
        return seen

    def _stop(self) -> NoReturn:
        """As a person asked. What was seen so far proves nothing, so no cause is told from it."""
        stopped = _("Stopped as a person asked, before anything was changed.")
        if self.looks:
            words = ngettext(
                "Stopped as a person asked, after %(n)d look. Everything was put back as it was.",
                "Stopped as a person asked, after %(n)d looks. Everything was put back as it was.",
                self.looks,
            )
            stopped = words % {"n": self.looks}
        steps.conclude(self.step, Step.State.TAKEN_BACK, stopped, looks=self.looks)
        raise Ended

    def answered(self, seen: Seen) -> frozenset[str]:
        """Paths of the failing pages that no longer fail. One that is not found is read past the fault all the same."""
        fine = {str(page["path"]) for page in seen.pages if page["kind"] == "ok" or page["status"] == GONE}
        failing_still = {str(page["path"]) for page in seen.pages if not (page["kind"] == "ok" or page["status"] == GONE)}
        return self.failing & (fine - failing_still)

    def conclude(self, message: str, **result: object) -> Step:
        """The trial is over and everything is put back."""
        pages = {"pages_before": list(self.before.pages), "looks": self.looks}
        self.step.result = {name: value for name, value in (self.step.result | result).items() if name != "progress"}
        self.step.save(update_fields=["result"])
        if self.result_known:
            self.result_known()
        return steps.conclude(self.step, Step.State.DONE, f"{message} {_('Everything was put back as it was.')}", **pages, **result)
