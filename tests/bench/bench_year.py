"""A year of 10,000 sites through the product's own judging: false incidents, what is missed, how many mails.

`python -m tests.bench.bench_year [--sites N] [--months M] [--seed S] [--jobs J]`. The world is drawn by `year_world`, followed
by `year_run`, and told as `sites.delivery` tells it: the first mail to a recipient at once, what follows within a minute in one.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from sites.health import own_line
from tests.bench.year_run import Case, Mail, SiteRun
from tests.bench.year_world import MONTH_S, Outage, SitePlan, World, draw_world

JOIN_S = 60.0
ANCHORS_S = 3.0  # how long the anchors are waited for
SEEN_AT_LEAST = 8  # an outage now and then must have met so many probes to be one that cannot be missed


@dataclass(slots=True)
class Result:
    """What the year brought."""

    site_months: float
    outages: list[Outage]
    false: list[Case] = field(default_factory=list)
    why_false: Counter[str] = field(default_factory=Counter)
    missed: list[Outage] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    now_and_then: list[tuple[Outage, float | None]] = field(default_factory=list)  # with the delay to the incident
    told: set[int] = field(default_factory=set)  # outages with an incident
    sorts: Counter[str] = field(default_factory=Counter)  # of mails that were made
    mails: int = 0
    withdrawn: int = 0
    steps: int = 0
    seconds: float = 0.0

    @property
    def false_per_1000(self) -> float:
        return len(self.false) / self.site_months * 1000

    @property
    def mails_per_outage(self) -> float:
        return self.mails / max(1, len(self.told))

    @property
    def mails_per_event(self) -> float:
        return self.mails / max(1, len({self.outages[number].event for number in self.told}))

    @property
    def missed_now_and_then(self) -> list[Outage]:
        return [outage for outage, delay in self.now_and_then if delay is None]


def simulate(sites: int, months: float, seed: int, jobs: int = 1, *, skip: bool = True) -> Result:
    """Draws the world, follows every site, counts."""
    began = time.perf_counter()
    world = draw_world(sites, months, seed)
    line = recognised(world)
    runs = list(_follow(world, line, jobs, skip))
    result = Result(sites * months, world.outages)
    outages: dict[int, list[Outage]] = defaultdict(list)
    for outage in world.outages:
        outages[outage.site].append(outage)
    numbers = {id(outage): number for number, outage in enumerate(world.outages)}
    mails: list[Mail] = []
    for plan, (cases, sent, steps) in zip(world.sites, runs, strict=True):
        result.steps += steps
        mails += sent
        _judge_site(result, world, plan, outages[plan.number], cases, numbers)
    result.sorts.update(mail.kind for mail in mails)
    result.mails = sum(1 for _mail in delivered(mail for mail in mails if mail.kind != "blocked"))
    result.seconds = time.perf_counter() - began
    return result


def _follow(world: World, line: dict[float, float], jobs: int, skip: bool) -> Iterable[tuple[list[Case], list[Mail], int]]:
    work = ((plan, world.span, line, skip) for plan in world.sites)
    if jobs < 2:
        return map(_run, work)
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(_run, work, chunksize=50))


def _run(work: tuple[SitePlan, float, dict[float, float], bool]) -> tuple[list[Case], list[Mail], int]:
    plan, span, line, skip = work
    run = SiteRun(plan, span, line, skip).run()
    return run.cases, run.mails, run.steps


def recognised(world: World) -> dict[float, float]:
    """When each outage of our own line is known as such: by its start; what is too short for that is missing."""
    found: dict[float, float] = {}
    for start, end in world.line:
        at = start
        while at < end:
            at += 1.0
            seen = {site.number: site.host for site in world.sites if _probed(site, at - own_line.WITHIN_S, at)}
            silent = {number: host for number, host in seen.items() if _probed(world.sites[number], start, at)}
            if own_line.is_storm(len(silent), len(seen), len(set(silent.values()))):
                found[start] = at + 10.0 + ANCHORS_S  # a time-out lasts ten seconds before anybody knows of it
                break
    return found


def _probed(site: SitePlan, since: float, until: float) -> bool:
    anchor = site.pages[0].anchor
    return (until - anchor) // site.interval > (since - anchor) // site.interval


def _judge_site(result: Result, world: World, plan: SitePlan, outages: list[Outage], cases: list[Case], numbers: dict[int, int]) -> None:
    for case in cases:
        result.withdrawn += case.withdrawn
        if not case.withdrawn and not case.held and not any(_is_in(case, outage) for outage in outages) and not _is_planned(plan, case):
            result.false.append(case)
            result.why_false[_why(world, plan, case)] += 1
    open_spells = [spell for case in cases for spell in case.spells]
    for outage in outages:
        began = [max(0.0, start - outage.start) for start, end in open_spells if start <= outage.end + 30 and end >= outage.start]
        delay = min(began, default=None)
        if delay is not None:
            result.told.add(numbers[id(outage)])
        if outage.sort == "intermittent":
            if outage.rate * (outage.end - outage.start) / plan.interval >= SEEN_AT_LEAST and outage.end < world.span:
                result.now_and_then.append((outage, delay))
        elif outage.sort == "permanent" and _must_be_seen(world, plan, outage):
            if delay is None:
                result.missed.append(outage)
            else:
                result.delays.append(delay)


def _is_in(case: Case, outage: Outage) -> bool:
    return case.first_failure <= outage.end + 1 and case.opened >= outage.start


def _is_planned(plan: SitePlan, case: Case) -> bool:
    spells = (spell for page in plan.pages for spell in page.spells if spell.what == "window")
    return any(spell.start <= case.first_failure <= spell.end for spell in spells)


def _why(world: World, plan: SitePlan, case: Case) -> str:
    if any(start - 30 <= case.opened and case.first_failure <= end for start, end in world.line):
        return "own line"
    around = [spell.what for page in plan.pages for spell in page.spells if spell.start - 1 <= case.first_failure <= spell.end + 1]
    return around[0] if around else f"single samples, {case.pattern}"


def _must_be_seen(world: World, plan: SitePlan, outage: Outage) -> bool:
    """Longer than two intervals and some seconds to confirm, while we could see: our line up, our probes let through."""
    blind = list(world.line)
    blind += [(spell.start - 60, spell.end + 3600) for page in plan.pages for spell in page.spells if spell.what == "blocked"]
    end = min(outage.end, world.span)
    lost = sum(max(0.0, min(end, until) - max(outage.start, since)) for since, until in blind)
    return end - outage.start - lost > 2 * plan.interval


def delivered(mails: Iterable[Mail]) -> list[tuple[float, int, int]]:
    """(when, to whom, how many pieces of news) of the mails that leave."""
    by_team: dict[int, list[float]] = defaultdict(list)
    for mail in mails:
        by_team[mail.team].append(mail.at)
    sent: list[tuple[float, int, int]] = []
    for team, times in by_team.items():
        free_at = waiting = 0.0
        for at in sorted(times):
            if waiting and at > free_at:
                sent.append((free_at, team, int(waiting)))
                free_at, waiting = free_at + JOIN_S, 0
            if at >= free_at:
                sent.append((at, team, 1))
                free_at = at + JOIN_S
            else:
                waiting += 1
        if waiting:
            sent.append((free_at, team, int(waiting)))
    return sent


def tell(result: Result) -> str:
    """The figures, one a line."""
    slow = [delay for _outage, delay in result.now_and_then if delay is not None]
    of_all, of_slow = len(result.delays) + len(result.missed), len(result.now_and_then)
    rows = [
        ("real outages of a site", f"{len(result.outages):,}", f"{len(result.told):,} of them with an incident"),
        ("false incidents", f"{len(result.false):,}", f"{result.false_per_1000:.3f} per 1,000 site-months (bar: below 1)"),
        ("  why", "", ", ".join(f"{why} {count}" for why, count in result.why_false.items())),
        ("missed, longer than two intervals", f"{len(result.missed)}", f"of {of_all:,} (bar: 0)"),
        ("missed, now and then", f"{len(result.missed_now_and_then)}", f"of {of_slow} that met {SEEN_AT_LEAST} failing probes"),
        ("delay to the incident", f"{_share(result.delays, 0.5):.0f} s", f"p95 {_share(result.delays, 0.95):.0f} s"),
        ("  of failures now and then", f"{_share(slow, 0.5):.0f} s", f"p95 {_share(slow, 0.95):.0f} s"),
        ("mails per outage of a site", f"{result.mails_per_outage:.2f}", f"(bar: 2) {result.mails:,} mails"),
        ("  a host that fails counted once", f"{result.mails_per_event:.2f}", ""),
        ("  news", "", ", ".join(f"{sort} {count:,}" for sort, count in result.sorts.items())),
        ("withdrawn, our own line", f"{result.withdrawn}", ""),
        ("run time", f"{result.seconds:.1f} s", f"{result.steps:,} probes judged one by one"),
    ]
    return "\n".join(f"{name:<36}{figure:>10}   {more}".rstrip() for name, figure, more in rows)


def _share(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))] if values else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=10_000)
    parser.add_argument("--months", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    options = parser.parse_args()
    print(f"{options.sites:,} sites, {options.months:g} months ({MONTH_S / 86400:.0f} days each), seed {options.seed}")
    print(tell(simulate(options.sites, options.months, options.seed, options.jobs)))


if __name__ == "__main__":
    main()
