"""How a failure is met: as whom, on which pages, and how often one asks until luck no longer explains that it stays away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from sites import judging
from sites.models import Incident, Look, Site
from sites.probing.outcome import Kind

if TYPE_CHECKING:
    from diagnostics.models import Step

BROWSERS = ("desktop", "phone")
LOOKS_WHEN_WELL = 3  # of a failure that is there all the time
AT_ONCE = 4  # requests of one look for a failure that comes and goes: as many as one address is asked for at the same time
LEAST_TIMES = 10
MOST_TIMES = 120  # requests of one proof, on all paths together: more would trip a firewall. What is rarer cannot be proven gone
LUCK = 0.01
_REFUSALS = (403, 429)
_NOT_MEASURED = 1 / 3
_UNDECIDED = (judging.Verdict.SUSPECT, judging.Verdict.DOWN)


@dataclass(frozen=True, slots=True)
class Way:
    """As whom every page is asked for, who of them meets the failure and where, and how much of what is asked there fails."""

    browsers: tuple[str, ...] = BROWSERS
    meets: str = BROWSERS[0]
    paths: tuple[str, ...] = ()  # empty: every page
    rate: float = 1.0

    @property
    def comes_and_goes(self) -> bool:
        return self.rate < 1

    @property
    def times(self) -> int:
        """So many good answers in a row are no luck."""
        return min(max(needed(self.rate), LEAST_TIMES), MOST_TIMES) if self.comes_and_goes else 1

    @property
    def at_once(self) -> int:
        return AT_ONCE if self.comes_and_goes else 1

    @property
    def rounds(self) -> int:
        """So many looks where it is met, each of `at_once` requests, between a look at everything before and one after them."""
        return math.ceil(self.times / AT_ONCE) if self.comes_and_goes else LOOKS_WHEN_WELL - 2

    @property
    def is_provable(self) -> bool:
        """Whether as many requests as a proof may make leave less than one chance in a hundred to luck."""
        return needed(self.rate) <= MOST_TIMES

    @property
    def rarely(self) -> str:
        """Why it is not."""
        words = _("It fails so rarely, about once in %(n)d requests, that nobody could see within minutes that a change helped.")
        return words % {"n": round(1 / max(self.rate, 0.001))}

    def asked_for(self, every: Sequence[str]) -> tuple[str, ...]:
        """The paths of a proof: as many of those where it is met (`every`: of all pages) as it has requests for, at least one."""
        return tuple((self.paths or every)[: max(1, MOST_TIMES // (self.rounds * self.at_once))])

    def as_json(self) -> dict[str, Any]:
        """For a step's result: whoever looks later looks in the same way."""
        return {"browsers": list(self.browsers), "meets": self.meets, "paths": list(self.paths), "rate": self.rate}


USUAL = Way()
IN_RESULT = "way"  # in a step's result


def of_step(step: Step) -> Way:
    """The way in which the failure was met before this step was made."""
    kept = step.result.get(IN_RESULT)
    return Way(tuple(kept["browsers"]), kept["meets"], tuple(kept["paths"]), kept["rate"]) if kept else known(step.case.site)


def is_refusal(kind: str, status: int | None) -> bool:
    """Whether an answer may be about our asking, or about who asks, and not about the page."""
    return kind == Kind.BLOCKED or status in _REFUSALS


def refused_words() -> str:
    """Why nobody asked on."""
    return _("It was not asked on: the site, or a firewall in front of it, began to refuse so many requests.")


def needed(rate: float) -> int:
    """After so many good answers in a row there is less than one chance in a hundred that a failure of this rate was missed."""
    if rate >= 1:
        return 1
    return math.ceil(math.log(LUCK) / math.log(1 - rate)) if rate > 0 else MOST_TIMES + 1


def cautious_rate(failed: Sequence[bool]) -> float:
    """What a failure's share can well be that was measured by so few requests: one standard deviation less than it came out."""
    bad, every = sum(failed), len(failed)
    return 1.0 if bad == every else max(bad - math.sqrt(bad * (1 - bad / every)), 0.5) / every


def known_rate(site: Site) -> float | None:
    """The share of probes that fails, of a site known to fail now and then; None where it is not known to."""
    incident = Incident.objects.filter(site=site, resolved_at=None, pattern=judging.Pattern.INTERMITTENT).first()
    if incident is None and site.pattern != judging.Pattern.INTERMITTENT:
        return None
    rate = incident.rate if incident is not None else None
    return rate if rate and rate < 1 else _NOT_MEASURED


def known(site: Site) -> Way:
    """The way in which a site is looked at of which only its probes and looks are known: as whom they met its failure, and where."""
    looks = list(Look.objects.filter(page__site=site, verdict__in=_UNDECIDED).exclude(what=Look.What.CACHE_PROOF).select_related("page"))
    meets = looks[0].what if looks else BROWSERS[0]
    paths = [look.page.path for look in looks if look.what == meets]
    paths += site.pages.filter(verdict__in=_UNDECIDED).values_list("path", flat=True)
    rate = known_rate(site)
    return Way(tuple(dict.fromkeys((*BROWSERS, meets))), meets, tuple(dict.fromkeys(paths)), 1.0 if rate is None else rate)


def of_look(site: Site, asked: Sequence[tuple[str, str, bool]]) -> Way:
    """The same, after a look: path, visitor and whether it failed, of each of its requests."""
    failing = [(path, who) for path, who, failed in asked if failed]
    if not failing:
        return known(site)
    rate, meets = known_rate(site), failing[0][1]
    paths = tuple(dict.fromkeys(path for path, who in failing if who == meets))
    return Way(tuple(dict.fromkeys((*BROWSERS, meets))), meets, paths, 1.0 if rate is None else rate)
