"""The failure of a site met before anything is changed: by the usual look, else as those whom it met, and again and again.

What cannot be met is not repaired unattended: nobody could see that a change helped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from diagnostics.evidence import SiteSeen
from sites import recording
from sites.models import Site
from sites.probing.outcome import Kind
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
    if _is_failing(seen.view):
        return _provable(replace(seen, way=_way_of(site, seen, keeping)))
    clue = clues.of(site) if seen.is_well else None
    if clue is None:
        return seen
    found = search(site, clue, keeping=keeping)
    if found is not None:
        return _provable(found)
    standing = changing.look(site, keeping=keeping)  # what comes and goes stands in it as it was met last
    words = _(
        "%(why)s It could not be met now: asked again and again, as a computer, a phone, a search engine's bot and somebody with the "
        "cookie of a login, every page answered well."
    )
    return replace(standing, unmet=words % {"why": clue.why})


def search(site: Site, clue: Clue, *, keeping: Executor | None = None) -> Seen | None:
    """Asks as everybody whom it may meet, then as usual browsers again and again. None where all is answered well."""
    asking = _Asking(site, _paths(site, clue.paths), keeping)
    for visitor in dict.fromkeys((*clue.visitors, *OTHERS)):
        if asking.ask(visitor):
            return _again_by(site, asking.way(visitor, clue.rate), keeping)
    ends = time.monotonic() + LONGEST_S
    browsers = [visitor for visitor in clue.visitors if visitor in BROWSERS] or list(BROWSERS)
    for _round in range(_most(clue) // (_AT_ONCE * len(browsers))):
        if time.monotonic() > ends:
            return None
        time.sleep(_PAUSE_S)
        for browser in browsers:
            if asking.ask(browser, _AT_ONCE):
                return _again_by(site, asking.way(browser, clue.rate), keeping)
    return None


def again(site: Site, way: Way, keeping: Executor | None = None) -> Seen:
    """The next look by the same way; of a failure that comes and goes as many as it takes. Raises LockLost."""
    seen = changing.look(site, as_answered=True, keeping=keeping, way=way, times=way.at_once)
    return changing.look_on(site, seen, keeping) if way.comes_and_goes else seen


@dataclass(slots=True)
class _Asking:
    """Requests beside those of the usual look, and what came of them."""

    site: Site
    paths: tuple[str, ...]
    keeping: Executor | None = None
    asked: list[tuple[str, str, bool]] = field(default_factory=list)  # path, visitor, whether it failed

    def ask(self, visitor: str, times: int = 1, paths: Sequence[str] = ()) -> bool:
        """Whether one of these requests failed."""
        if self.keeping:
            self.keeping.keep(changing.LEASE_S + times * len(self.paths) * self.site.time_limit_s)
        names = dict(self.site.pages.values_list("pk", "path"))
        found = recording.retest(self.site, (visitor,), paths=tuple(paths) or self.paths, times=times)
        self.asked += [(names.get(outcome.key, ""), visitor, outcome.is_failure) for outcome in found]
        return any(outcome.is_failure for outcome in found)

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


def _way_of(site: Site, seen: Seen, keeping: Executor | None) -> Way:
    """The way of a look that failed."""
    known = ways.known_rate(site)
    failing = [(path, who) for path, who, failed in seen.asked if failed]
    visitor = failing[0][1]
    paths = tuple(dict.fromkeys(path for path, who in failing if who == visitor))[:MOST_PATHS]
    if any(page["ms"] is None or page["ms"] > _SLOW_MS for page in seen.pages if page["kind"] != Kind.OK):
        return Way(BROWSERS, visitor, paths, known or 1.0)  # what hangs is not asked more often than is needed
    own = [(path, who, failed) for path, who, failed in seen.asked if path in paths]
    return _Asking(site, paths, keeping, own).way(visitor, known)


def _again_by(site: Site, way: Way, keeping: Executor | None) -> Seen:
    """The failure seen once more, by the way that was found."""
    seen = again(site, way, keeping)
    return seen if _is_failing(seen.view) else replace(seen, unmet=_("It failed a moment ago, and no longer does."))


def _provable(seen: Seen) -> Seen:
    if seen.unmet or ways.needed(seen.way.rate) <= ways.MOST_TIMES:
        return seen
    often = round(1 / max(seen.way.rate, 0.001))
    words = _("It fails so rarely, about once in %(n)d requests, that nobody could see within minutes that a change helped.")
    return replace(seen, unmet=words % {"n": often})


def _is_failing(view: SiteSeen) -> bool:
    return any(Kind(page.kind).is_failure for page in view.pages)


def _paths(site: Site, first: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first, *site.pages.order_by("position", "pk").values_list("path", flat=True)]))[:MOST_PATHS]


def _most(clue: Clue) -> int:
    if clue.rate is not None:
        return min(ways.needed(clue.rate), MOST_ASKED)
    return ASKED if clue.is_firm else ASKED_IN_DOUBT
