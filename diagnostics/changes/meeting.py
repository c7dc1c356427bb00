"""The failure of a site met before anything is changed: by the usual look, else as those whom it met, and again and again.

What cannot be met is not repaired unattended: nobody could see that a change helped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from diagnostics import examining
from diagnostics.evidence import SiteSeen
from diagnostics.models import Diagnosis
from sites import recording
from sites.models import Site
from sites.probing.outcome import Kind, Outcome
from sites.recording import MEMBER, PLAIN

from . import changing, clues, ways
from .changing import Seen
from .clues import Clue
from .executor import Executor
from .ways import BROWSERS, Way

OTHERS = (PLAIN, "bot", MEMBER)
MOST_PATHS = 3  # pages that are asked again and again
AGAIN = 3  # requests that tell a failure that is there all the time from one that comes and goes
MEASURED = 8  # further ones, of one that comes and goes
ASKED, ASKED_IN_DOUBT, MOST_ASKED = 24, 12, 60  # requests for each page until it is given up that one of them fails
LONGEST_S = 45.0  # that this is searched for, of a site that answers slowly
_AT_ONCE = 2  # of each kind of browser
_PAUSE_S = 0.5
_SLOW_MS = 3000.0


def meet(site: Site, *, keeping: Executor | None = None) -> Seen:
    """How the site answers now, and by which way its failure is met; `unmet` where it could not be. Raises LockLost."""
    seen = changing.look(site, as_answered=True, keeping=keeping)
    until = time.monotonic() + LONGEST_S
    if _is_failing(seen.view):
        way, met = _way_of(site, seen, until, keeping)
        return _provable(replace(seen, way=way, met=met))
    clue = clues.of(site) if seen.is_well else None
    if clue is None:
        return seen
    answered = {(str(row["path"]), str(row["browser"])) for row in seen.pages}
    asking = _Asking(site, _paths(site, clue.paths), until, keeping, answered)
    if visitor := _who_meets_it(asking, clue):
        return _provable(_met(asking, asking.way(visitor, clue.rate)))
    standing = changing.look(site, keeping=keeping)  # what comes and goes stands in it as it was met last
    if asking.is_refused:
        return replace(standing, unmet=f"{clue.why} {ways.refused_words()}")
    words = _(
        "%(why)s It could not be met now: asked again and again, as a computer, a phone, a search engine's bot and somebody with the "
        "cookie of a login, every page answered well."
    )
    return replace(standing, unmet=words % {"why": clue.why})


def glimpse(site: Site, clue: Clue, view: SiteSeen, until: float) -> tuple[SiteSeen, str] | None:
    """A site that answered well, as those see it whom its failure meets, and who: see `Diagnosis.met_as`.

    None where nobody met it, or not before `until`.
    """
    answered = {(page.path, BROWSERS[0]) for page in view.pages if not ways.is_refusal(page.kind, page.status)}
    asking = _Asking(site, _paths(site, clue.paths), until, None, answered)
    visitor = _who_meets_it(asking, clue)
    if not visitor:
        return None
    met = examining.seen(site, list({each.key: each for _who, each in asking.failures}.values()), as_answered=True)
    failing = {page.path for page in met.pages}
    return replace(met, pages=(*met.pages, *(page for page in view.pages if page.path not in failing))), _as_whom(asking, visitor)


def met_as(site: Site, view: SiteSeen, until: float) -> str:
    """Whether a look that failed, of a site that its probes do not hold for down, met what comes and goes: see `Diagnosis.met_as`."""
    paths = tuple(page.path for page in view.pages if Kind(page.kind).is_failure)[:MOST_PATHS]
    asking = _Asking(site, paths, until)
    asking.asked = [(path, BROWSERS[0], True) for path in paths]
    return _as_whom(asking, BROWSERS[0])


def met_by(seen: Seen) -> str:
    """The same, of what was met already."""
    if seen.is_well or seen.way.meets not in BROWSERS:
        return "" if seen.is_well else seen.way.meets
    return Diagnosis.AGAIN if seen.way.comes_and_goes and seen.met > 1 else ""


def _as_whom(asking: _Asking, visitor: str) -> str:
    """Asks until it is known whether it comes and goes."""
    if visitor not in BROWSERS:
        return visitor
    for _more in range(ASKED // AGAIN):
        asking.ask(visitor, AGAIN, asking.failing(visitor))
        failed = [failed for _path, who, failed in asking.asked if who == visitor]
        if all(failed):
            break  # it is there all the time: the probes will meet it
        if sum(failed) > 1:
            return Diagnosis.AGAIN
    return ""


def _who_meets_it(asking: _Asking, clue: Clue) -> str:
    """Asks as everybody whom it may meet, then as usual browsers again and again. Empty where all is answered well."""
    for visitor in dict.fromkeys((*clue.visitors, *OTHERS)):
        if asking.ask(visitor):
            return visitor
    browsers = [visitor for visitor in clue.visitors if visitor in BROWSERS] or list(BROWSERS)
    for _round in range(_most(clue) // (_AT_ONCE * len(browsers))):
        if not asking.may_go_on:
            break
        time.sleep(_PAUSE_S)
        for browser in browsers:
            if asking.ask(browser, _AT_ONCE):
                return browser
    return ""


def again(site: Site, way: Way, keeping: Executor | None = None) -> Seen:
    """The next look by the same way; where all is well, as many more as it takes so that luck is no cure. Raises LockLost."""
    return changing.look_on(site, changing.look(site, as_answered=True, keeping=keeping, way=way), keeping)


@dataclass(slots=True)
class _Asking:
    """Requests beside those of the usual look, and what came of them. None begins that would hardly end before `until`."""

    site: Site
    paths: tuple[str, ...]
    until: float
    keeping: Executor | None = None
    answered: set[tuple[str, str]] = field(default_factory=set)  # path and visitor: a refusal after that is about our asking
    asked: list[tuple[str, str, bool]] = field(default_factory=list)  # path, visitor, whether it failed
    failures: list[tuple[str, Outcome]] = field(default_factory=list)
    is_refused: bool = False
    longest_s: float = 0.0

    @property
    def may_go_on(self) -> bool:
        return not self.is_refused and time.monotonic() + self.longest_s < self.until

    def ask(self, visitor: str, times: int = 1, paths: Sequence[str] = ()) -> bool:
        """Whether one of these requests failed."""
        if not self.may_go_on:
            return False
        if self.keeping:
            self.keeping.keep(changing.LEASE_S + times * len(self.paths) * self.site.time_limit_s)
        names, began = dict(self.site.pages.values_list("pk", "path")), time.monotonic()
        found = recording.retest(self.site, (visitor,), paths=tuple(paths) or self.paths, times=times)
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        return sum(self._note(visitor, names.get(outcome.key, ""), outcome) for outcome in found) > 0

    def _note(self, visitor: str, path: str, outcome: Outcome) -> bool:
        """Whether it failed. A refusal that first appears among many requests is none of the site's failures."""
        refused = ways.is_refusal(outcome.kind, outcome.status)
        if refused and (path, visitor) in self.answered:
            self.is_refused = True
            return False
        if not refused:
            self.answered.add((path, visitor))
        self.asked.append((path, visitor, outcome.is_failure))
        if outcome.is_failure:
            self.failures.append((visitor, outcome))
        return outcome.is_failure

    def failing(self, visitor: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path for path, who, failed in self.asked if who == visitor and failed))

    def way(self, visitor: str, known: float | None) -> Way:
        """Asks some times more, so that it is known how often it fails. `known`: as the probes measured it."""
        paths = self.failing(visitor)
        self.ask(visitor, AGAIN, paths)
        if self._rate(visitor, paths) < 1:
            self.ask(visitor, MEASURED, paths)
        browsers = BROWSERS if visitor in BROWSERS else (*BROWSERS, visitor)
        return Way(browsers, visitor, paths, min(self._rate(visitor, paths), known or 1.0))

    def _rate(self, visitor: str, paths: Sequence[str]) -> float:
        """Of the page that fails least."""
        return min((ways.cautious_rate(self._failed(visitor, path)) for path in paths), default=1.0)

    def _failed(self, visitor: str, path: str) -> list[bool]:
        return [failed for asked, who, failed in self.asked if (asked, who) == (path, visitor)]


def _way_of(site: Site, seen: Seen, until: float, keeping: Executor | None) -> tuple[Way, int]:
    """The way of a look that failed, and how many requests met it."""
    known = ways.known_rate(site)
    failing = [(path, who) for path, who, failed in seen.asked if failed]
    visitor = failing[0][1]
    paths = tuple(dict.fromkeys(path for path, who in failing if who == visitor))[:MOST_PATHS]
    if any(page["ms"] is None or page["ms"] > _SLOW_MS for page in seen.pages if page["kind"] != Kind.OK):
        return Way(BROWSERS, visitor, paths, known or 1.0), 1  # what hangs is not asked more often than is needed
    own = [(path, who, failed) for path, who, failed in seen.asked if path in paths]
    asking = _Asking(site, paths, until, keeping, asked=own)
    return asking.way(visitor, known), sum(failed for _path, _who, failed in asking.asked)


def _met(asking: _Asking, way: Way) -> Seen:
    """Every page once more, by the way that was found. Of what comes and goes, what was met a moment ago stands in it."""
    also = asking.failures if way.comes_and_goes else ()
    seen = changing.look(asking.site, as_answered=True, keeping=asking.keeping, way=way, also=also)
    if seen.is_refused:
        return replace(seen, unmet=ways.refused_words())
    seen = replace(seen, met=len(asking.failures))
    return seen if _is_failing(seen.view) else replace(seen, unmet=_("It failed a moment ago, and no longer does."))


def _provable(seen: Seen) -> Seen:
    return seen if seen.unmet or seen.way.is_provable else replace(seen, unmet=seen.way.rarely)


def _is_failing(view: SiteSeen) -> bool:
    return any(Kind(page.kind).is_failure for page in view.pages)


def _paths(site: Site, first: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first, *site.pages.order_by("position", "pk").values_list("path", flat=True)]))[:MOST_PATHS]


def _most(clue: Clue) -> int:
    if clue.rate is not None:
        return min(ways.needed(clue.rate), MOST_ASKED)
    return ASKED if clue.is_firm else ASKED_IN_DOUBT
