"""A year of many sites: what happens to them and to our own line, drawn once from a seed. Times are seconds since the start.

Rates and lengths are per site and month as administrators of shared hosting meet them; all of them stand here. What lasts no
longer than HICCUP_S is a hiccup, that nobody wants to be woken for; everything longer is an outage.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from dataclasses import dataclass, field

from sites.probing.outcome import Kind

MONTH_S = 30 * 86400.0
HICCUP_S = 20.0  # a server started again
HICCUP_500_S = 5.0  # files being replaced: two failures 5 s apart are a failure by contract

SINGLE_PER_PROBE = 1e-4  # one bad answer, good again a moment later: about four a month at one probe a minute
SLOW_SHARE, SLOW_PER_PROBE = 0.02, 3e-3  # sites that now and then need longer than the limit, in working hours
RESTARTS_PER_HOST = 1.5
REPLACED_FILES_PER_SITE = 0.5
OUTAGES_PER_SITE, HOST_OUTAGES = 0.08, 0.15
INTERMITTENT_PER_SITE, FLAPPING_PER_SITE = 0.01, 0.003
MAINTENANCE_PER_SITE, WINDOWS_PER_SITE, BLOCKED_PER_SITE = 0.2, 0.1, 0.01
OWN_LINE_PER_MONTH = 1.5

SITE_FAILURES = (
    (Kind.SERVER_ERROR, 45), (Kind.FATAL_IN_BODY, 10), (Kind.WHITE_PAGE, 8), (Kind.DATABASE_ERROR, 12), (Kind.UNREACHABLE, 12),
    (Kind.GATEWAY_ERROR, 5), (Kind.CLIENT_ERROR, 4), (Kind.UNEXPECTED, 2), (Kind.SUSPENDED, 2),
)  # fmt: skip
HOST_FAILURES = ((Kind.UNREACHABLE, 60), (Kind.GATEWAY_ERROR, 40))
SINGLE_FAILURES = ((Kind.UNREACHABLE, 60), (Kind.GATEWAY_ERROR, 20), (Kind.SERVER_ERROR, 15), (Kind.TRUNCATED, 5))


@dataclass(frozen=True, slots=True)
class Spell:
    """From `start` to `end` a page answers `kind`, always or with probability `rate`."""

    start: float
    end: float
    kind: Kind
    what: str  # "outage", "hiccup", "line", "blocked", "maintenance", "window"
    outage: int = -1  # the real outage that it is part of
    rate: float = 1.0


@dataclass(slots=True)
class Outage:
    """Something real that went wrong with one site."""

    site: int
    start: float
    end: float
    sort: str  # "permanent", "intermittent", "flapping", "stuck"
    event: int  # the same for all sites of a host that fails
    rate: float = 1.0
    longest_s: float = 0.0  # of its unbroken spells


@dataclass(slots=True)
class PagePlan:
    """One page: its timetable and what happens to it. `noise`: numbers of its regular probes that fail for no reason."""

    path: str
    anchor: float
    spells: list[Spell] = field(default_factory=list)
    noise: list[int] = field(default_factory=list)
    slow: bool = False

    def single_rate(self, at: float) -> float:
        """How likely a probe outside of the timetable fails for no reason."""
        return SLOW_PER_PROBE if self.slow and is_working_hour(at) else SINGLE_PER_PROBE


@dataclass(slots=True)
class SitePlan:
    """One site. Sites of one team are told to one recipient."""

    number: int
    host: int
    team: int
    interval: float
    pages: list[PagePlan]


@dataclass(slots=True)
class World:
    """Everything that happens."""

    span: float
    sites: list[SitePlan]
    outages: list[Outage]
    line: list[tuple[float, float]]


def draw_world(sites: int, months: float, seed: int) -> World:
    """The same seed draws the same world."""
    rng = random.Random(seed)
    world = World(months * MONTH_S, [], [], [])
    _draw_line(world, rng)
    number = host = 0
    while number < sites:
        size = min(sites - number, 1 + int(rng.expovariate(1 / 11)))
        members = [_draw_site(number + n, host, rng) for n in range(size)]
        world.sites.extend(members)
        _draw_host(world, members, rng)
        number, host = number + size, host + 1
    for site in world.sites:
        _draw_failures(world, site, rng)
        _draw_rest(world, site, rng)
        _draw_noise(world, site, rng)
        for page in site.pages:
            page.spells.extend(Spell(start, end, Kind.UNREACHABLE, "line") for start, end in world.line)
            page.spells.sort(key=lambda spell: (spell.start, spell.end))
    return world


def _draw_site(number: int, host: int, rng: random.Random) -> SitePlan:
    interval = rng.choices((60.0, 20.0, 300.0), (80, 10, 10))[0]
    count = rng.choices((1, 2, 4), (70, 20, 10))[0]
    pages = [PagePlan("/" if n == 0 else f"/page-{n}", -rng.random() * interval) for n in range(count)]
    return SitePlan(number, host, number // 100, interval, pages)


def _draw_line(world: World, rng: random.Random) -> None:
    for start in _moments(world.span, OWN_LINE_PER_MONTH, rng):
        world.line.append((start, start + _length(rng, 90, 1.3, 10, 7200)))
    world.line.sort()


def _draw_host(world: World, members: list[SitePlan], rng: random.Random) -> None:
    for start in _moments(world.span, RESTARTS_PER_HOST, rng):
        kind, end = _pick(HOST_FAILURES, rng), start + _length(rng, 4, 0.8, 0.5, HICCUP_S)
        _on(members, Spell(start, end, kind, "hiccup"))
    for start in _moments(world.span, HOST_OUTAGES, rng):
        end = start + _length(rng, 720, 1.4, 30, 2 * 86400)
        event = len(world.outages)
        changes = sorted(rng.uniform(start, end) for _ in range(rng.choice((0, 0, 1, 2))))  # time-outs, then 503, …
        for site in members:
            outage = _outage(world, site, start, end, "permanent", event)
            for left, right in zip([start, *changes], [*changes, end], strict=True):
                _on([site], Spell(left, right, _pick(HOST_FAILURES, random.Random(f"{event} {left}")), "outage", outage))


def _draw_failures(world: World, site: SitePlan, rng: random.Random) -> None:
    for start in _moments(world.span, OUTAGES_PER_SITE, rng):
        end = start + _length(rng, 1500, 1.6, 30, 7 * 86400)
        some = len(site.pages) > 1 and rng.random() < 0.3
        pages = rng.sample(site.pages, rng.randint(1, len(site.pages) - 1)) if some else site.pages
        outage = _outage(world, site, start, end, "permanent")
        _append(pages, Spell(start, end, _pick(SITE_FAILURES, rng), "outage", outage))
    for start in _moments(world.span, INTERMITTENT_PER_SITE, rng):
        end, rate = start + _length(rng, 8 * 3600, 1.0, 7200, 5 * 86400), rng.uniform(0.05, 0.6)
        outage = _outage(world, site, start, end, "intermittent", rate=rate)
        _append(site.pages, Spell(start, end, _pick(SITE_FAILURES[:4], rng), "outage", outage, rate))
    for start in _moments(world.span, FLAPPING_PER_SITE, rng):
        _draw_flapping(world, site, start, rng)


def _draw_flapping(world: World, site: SitePlan, start: float, rng: random.Random) -> None:
    end, kind, at = start + rng.uniform(3600, 6 * 3600), _pick(SITE_FAILURES, rng), start
    outage = _outage(world, site, start, end, "flapping")
    while at < end:
        until = at + rng.uniform(120, 600)
        _append(site.pages, Spell(at, until, kind, "outage", outage))
        at = until + rng.uniform(120, 600)
    world.outages[outage].end = until


def _draw_rest(world: World, site: SitePlan, rng: random.Random) -> None:
    for start in _moments(world.span, REPLACED_FILES_PER_SITE, rng):
        _append(site.pages, Spell(start, start + rng.uniform(0.5, HICCUP_500_S), Kind.SERVER_ERROR, "hiccup"))
    for start in _moments(world.span, MAINTENANCE_PER_SITE, rng):
        stuck = rng.random() < 0.01
        end = start + (rng.uniform(3600, 86400) if stuck else _length(rng, 30, 1.2, 3, 1500))
        outage = _outage(world, site, start + 1800, end, "stuck") if stuck else -1
        _append(site.pages, Spell(start, end, Kind.MAINTENANCE, "outage" if stuck else "maintenance", outage))
    for start in _moments(world.span, WINDOWS_PER_SITE, rng):
        end = start + rng.uniform(1800, 7200)
        _append(site.pages, Spell(start, end, Kind.OK, "window"))
        _append(site.pages, Spell(start + 60, rng.uniform(start + 90, end), _pick(SITE_FAILURES, rng), "maintenance"))
    for start in _moments(world.span, BLOCKED_PER_SITE, rng):
        _append(site.pages, Spell(start, start + _length(rng, 6 * 3600, 1.5, 600, 5 * 86400), Kind.BLOCKED, "blocked"))


def _draw_noise(world: World, site: SitePlan, rng: random.Random) -> None:
    rate = SINGLE_PER_PROBE * math.exp(rng.gauss(-0.5, 1.0))  # a mean of 1: some hosts are worse than others
    slow = rng.random() < SLOW_SHARE
    for page in site.pages:
        count = int(world.span / site.interval)
        found = set(_numbers(count, rate, rng))
        if slow:
            page.slow = True
            tried = _numbers(count, SLOW_PER_PROBE, rng)
            found |= {number for number in tried if is_working_hour(page.anchor + number * site.interval)}
        page.noise = sorted(found)


def _numbers(count: int, rate: float, rng: random.Random) -> list[int]:
    found, at = [], 0
    while (at := at + 1 + int(math.log(1 - rng.random()) / math.log(1 - rate))) < count:
        found.append(at)
    return found


def _moments(span: float, per_month: float, rng: random.Random) -> list[float]:
    found, at = [], rng.expovariate(per_month / MONTH_S)
    while at < span:
        found.append(at)
        at += rng.expovariate(per_month / MONTH_S)
    return found


def _length(rng: random.Random, median: float, sigma: float, least: float, most: float) -> float:
    return min(most, max(least, median * math.exp(rng.gauss(0, sigma))))


def _pick(kinds: tuple[tuple[Kind, int], ...], rng: random.Random) -> Kind:
    return rng.choices([kind for kind, _weight in kinds], [weight for _kind, weight in kinds])[0]


def _outage(world: World, site: SitePlan, start: float, end: float, sort: str, event: int = -1, rate: float = 1.0) -> int:
    number = len(world.outages)
    world.outages.append(Outage(site.number, start, end, sort, event if event >= 0 else number, rate))
    return number


def _append(pages: list[PagePlan], spell: Spell) -> None:
    for page in pages:
        page.spells.append(spell)


def _on(members: list[SitePlan], spell: Spell) -> None:
    for site in members:
        _append(site.pages, spell)


def is_working_hour(at: float) -> bool:
    return 8 <= at % 86400 / 3600 < 18


def is_noise(page: PagePlan, number: int) -> bool:
    """Whether this regular probe fails for no reason."""
    index = bisect_left(page.noise, number)
    return index < len(page.noise) and page.noise[index] == number
