"""One site's year, probe by probe, through the product's own judging and its rules of incidents. Stretches without news are passed over.

Passing over is exact: what is skipped are rows of equal samples of a page whose state such a row changes in a known way. With
`skip=False` every probe is made, which leads to the same incidents and mails (`tests/bench/test_bench_year.py`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sites import incident_rules as rules
from sites import judging, spells
from sites.fingerprints import fingerprint
from sites.incident_rules import Change, Ending, Opening
from sites.judging import PageState, Policy, Verdict
from sites.probing.outcome import Kind
from tests.bench.year_world import SINGLE_FAILURES, PagePlan, SitePlan, Spell, is_noise, is_working_hour

START = datetime(2026, 1, 1, tzinfo=UTC)
_MASK = (1 << 64) - 1
STATUS = {Kind.SERVER_ERROR: 500, Kind.GATEWAY_ERROR: 503, Kind.FATAL_IN_BODY: 500, Kind.DATABASE_ERROR: 500, Kind.CLIENT_ERROR: 404}


@dataclass(slots=True)
class Mail:
    """One mail that is to leave."""

    at: float
    team: int
    kind: str
    site: int


@dataclass(slots=True)
class Case:
    """An incident of the simulation; `sites.incident_rules` sees it as it sees the model."""

    fingerprint: str
    kind: str
    paths: list[str]
    site: int
    first_failure: float
    opened: float
    pattern: str
    rate: float | None = None
    resolved: float | None = None
    reopened: int = 0
    flapping: bool = False
    held: bool = False  # began in a maintenance window: not told yet
    told: set[str] = field(default_factory=set)
    withdrawn: bool = False
    spells: list[tuple[float, float]] = field(default_factory=list)  # when it was open


@dataclass(slots=True)
class PageRun:
    """A page on its way through the year; `sites.incident_rules` sees it as it sees a sample of a batch."""

    plan: PagePlan
    key: int
    state: PageState = field(default_factory=PageState)
    extra: dict[str, str] = field(default_factory=dict)
    due: float = 0.0
    seen: bool = False
    passed: int = 0  # spells that are over
    changes: list[float] = field(default_factory=list)  # between down and up

    @property
    def path(self) -> str:
        return self.plan.path

    @property
    def look(self) -> str:
        return ""

    @property
    def verdict(self) -> str:
        return self.state.verdict

    @property
    def kind(self) -> str:
        return self.state.kind

    @property
    def fingerprint(self) -> str:
        return self.extra.get("fp", "")

    @property
    def is_failing_now(self) -> bool:
        return self.seen and self.state.verdict == Verdict.DOWN and self.state.goods == 0


def when(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def seconds_of(at: datetime) -> float:
    return (at - START).total_seconds()


def luck(*numbers: int) -> float:
    """A number from 0 to 1 that depends on nothing but these (splitmix64), so that skipping probes changes no other."""
    x = 0x9E3779B97F4A7C15
    for number in numbers:
        x = (x + number * 0xBF58476D1CE4E5B9 + 0x632BE59BD9B4E019) & _MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
        x ^= x >> 31
    return x / 2**64


@lru_cache(maxsize=64)
def fingerprint_of(kind: Kind) -> str:
    return fingerprint(kind, STATUS.get(kind), str(kind), f"{kind} of the year")


@dataclass(slots=True)
class SiteRun:
    """One site. `line`: when each outage of our own line, known by its start, was recognised."""

    plan: SitePlan
    span: float
    line: dict[float, float]
    skip: bool = True
    on_sample: Callable[[PageRun, float, Kind, bool], None] | None = None
    pages: list[PageRun] = field(default_factory=list)
    open: list[Case] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    latest: dict[str, Case] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    steps: int = 0
    policy: Policy = field(default_factory=Policy)

    def run(self) -> SiteRun:
        self.policy = Policy(interval_s=self.plan.interval)
        self.pages = [PageRun(page, self.plan.number * 8 + n) for n, page in enumerate(self.plan.pages)]
        while True:
            page = min(self.pages, key=lambda each: each.due)
            if page.due >= self.span:
                break
            self._probe(page)
            if self.skip:
                self._pass_over(page)
        for case in self.open:
            case.spells.append((case.opened, self.span))
        return self

    # --- one probe -----------------------------------------------------------------------------

    def _probe(self, page: PageRun) -> None:
        at = page.due
        kind, lasts, silenced = self._answer(page, at)
        self.steps += 1
        before = page.state
        if silenced:
            judged = judging.unheard(before, when(at))
            self._withdraw(at)
        else:
            judged = judging.judge(before, kind, when(at), self.policy, in_window=self._in_window(page, at))
        page.state, page.seen = judged.state, not silenced
        if self.on_sample:
            self.on_sample(page, at, kind, silenced)
        stays = judged.transition is None
        if not silenced:
            rules.note_fingerprint(page.extra, page.state, kind.is_failure, lambda: fingerprint_of(kind), stays=stays)
        elif page.state.verdict != Verdict.DOWN:
            page.extra.clear()
        page.due = self._due(page, at, at + lasts, judged.next_after_s)
        if judged.transition is not None or Verdict.DOWN in (before.verdict, page.state.verdict):
            self._follow(page, judged.transition, at + lasts)
        if page.state.blocked_since and when(at) - page.state.blocked_since >= rules.BLOCKED_MAIL_AFTER:
            self._tell_blocked(page, at)
        page.seen = False

    def _answer(self, page: PageRun, at: float) -> tuple[Kind, float, bool]:
        """(kind, seconds it took, whether our own line is known to be down)."""
        active = self._active(page, at)
        line = next((spell for spell in active if spell.what == "line"), None)
        if line:
            return Kind.UNREACHABLE, 10.0, at + 10.0 >= self.line.get(line.start, math.inf)
        kind = next((spell.kind for spell in active if spell.what == "blocked"), None)
        if kind is None:
            millis = int(at * 1000)
            bad = [spell for spell in active if spell.kind != Kind.OK and (spell.rate >= 1 or luck(page.key, millis, 1) < spell.rate)]
            kind = next((spell.kind for spell in sorted(bad, key=_importance)), None)
            if kind is None and self._is_single(page, at, millis):
                slow = page.plan.slow and is_working_hour(at)
                kind = Kind.UNREACHABLE if slow else _pick(SINGLE_FAILURES, luck(page.key, millis, 2))
        if kind is None:
            return Kind.OK, 0.3, False
        return kind, 10.0 if kind == Kind.UNREACHABLE and luck(page.key, int(at), 3) < 0.6 else 0.3, False

    def _active(self, page: PageRun, at: float) -> list[Spell]:
        plans = page.plan.spells
        while page.passed < len(plans) and plans[page.passed].end <= at:
            page.passed += 1
        found = []
        for index in range(page.passed, len(plans)):
            spell = plans[index]
            if spell.start > at:
                break
            if spell.end > at:
                found.append(spell)
        return found

    def _is_single(self, page: PageRun, at: float, millis: int) -> bool:
        number = (at - page.plan.anchor) / self.plan.interval
        if abs(number - round(number)) < 1e-6:
            return is_noise(page.plan, round(number))
        return luck(page.key, millis, 4) < page.plan.single_rate(at)

    def _in_window(self, page: PageRun, at: float) -> bool:
        return any(spell.what == "window" for spell in self._active(page, at))

    def _regular(self, page: PageRun, now: float) -> float:
        return page.plan.anchor + (math.floor((now - page.plan.anchor) / self.plan.interval + 1e-9) + 1) * self.plan.interval

    def _due(self, page: PageRun, at: float, now: float, next_after_s: float | None) -> float:
        """As `sites.storing.batch` sets it: what was wanted before the regular time, else that."""
        regular = self._regular(page, at)
        if regular <= now:
            regular = self._regular(page, now)
        if next_after_s is None:
            return regular
        wanted = max(at + next_after_s, now + 1)
        return wanted if page.state.blocked_times or wanted < regular else regular

    # --- what follows for incidents and mails ----------------------------------------------------

    def _follow(self, page: PageRun, transition: judging.Transition | None, now: float) -> None:
        window = any(self._in_window(page, now) for page in self.pages)
        if transition and (transition.new == Verdict.DOWN or (transition.old == Verdict.DOWN and transition.new == Verdict.UP)):
            page.changes = [at for at in page.changes if now - at < 3600] + [now]
        touched = list(self.open)
        for group in rules.failing(self.pages, self.open):
            case = group.incident
            if case is None:
                case = self._open(group, now, window)
                touched.append(case)
            else:
                case.paths = [page.path for page in group.held]
                self._note_pattern(case, group.held, now)
            if case.held and not window:
                case.held = False
                self._tell(case, "new", now)
        for case in touched:
            if case.resolved is None and (ending := rules.ending(case, self.pages)):
                self._close(case, ending, now)
        turned = transition is not None and transition.new in (Verdict.DOWN, Verdict.UP) and not window
        flaps = any(judging.is_flapping([when(at) for at in each.changes], when(now)) for each in self.pages) if turned else False
        if touched and flaps:
            for case in touched:
                self._announce(case, now)

    def _open(self, group: rules.Failing[PageRun, Case], now: float, window: bool) -> Case:
        earlier = self.latest.get(group.fingerprint)
        how = rules.opening(when(earlier.resolved) if earlier and earlier.resolved is not None else None, when(now))
        states = [page.state for page in group.held]
        if how == Opening.REOPENED and earlier:
            earlier.resolved, earlier.reopened, earlier.opened = None, earlier.reopened + 1, now
            earlier.paths = [page.path for page in group.held]
            self.open.append(earlier)
            self._note_pattern(earlier, group.held, now)
            return earlier
        first = min((seconds_of(page.state.failing_since) for page in group.seen if page.state.failing_since), default=now)
        kind = group.seen[0].kind
        paths, pattern = [page.path for page in group.held], judging.site_pattern(states)
        case = Case(group.fingerprint, kind, paths, self.plan.number, first, now, pattern, held=window)
        self.open.append(case)
        self.cases.append(case)
        self.latest[group.fingerprint] = case
        if not window:
            self._tell(case, str(how), now)
        return case

    def _note_pattern(self, case: Case, held: list[PageRun], now: float) -> None:
        pattern = judging.site_pattern(page.state for page in held)
        change = rules.pattern_change(case.pattern, pattern)
        case.pattern = pattern if pattern != judging.Pattern.NONE else case.pattern
        if change is Change.ESCALATED:
            self._tell(case, "escalation", now)
        elif change is Change.EASED and rules.is_news_again(case.reopened, "recovery" in case.told):
            self._announce(case, now)

    def _announce(self, case: Case, now: float) -> None:
        if not case.flapping:
            case.flapping = True
            self._tell(case, "flapping", now)

    def _close(self, case: Case, ending: Ending, now: float) -> None:
        case.resolved = now
        case.spells.append((case.opened, now))
        self.open.remove(case)
        if ending is Ending.WELL and not case.held:
            self._tell(case, "recovery", now)

    def _withdraw(self, now: float) -> None:
        """What was opened in the seconds before our line was known to be down."""
        since = max(start for start in self.line if start <= now)
        for case in list(self.open):
            if case.kind == Kind.UNREACHABLE and case.first_failure >= since and not case.withdrawn:
                case.withdrawn, case.resolved = True, now
                case.spells.append((case.opened, now))
                self.open.remove(case)
                self.mails = [mail for mail in self.mails if mail.at < since]
                for page in self.pages:
                    if page.path in case.paths:
                        page.state, page.extra = PageState(verdict=Verdict.UNKNOWN, last_at=page.state.last_at), {}

    def _tell(self, case: Case, kind: str, now: float) -> None:
        if kind in case.told or not rules.is_told(kind, case.flapping):
            return
        case.told.add(kind)
        self.mails.append(Mail(now, self.plan.team, kind, self.plan.number))

    def _tell_blocked(self, page: PageRun, at: float) -> None:
        key = f"blocked {page.state.blocked_since}"
        if key not in page.extra:
            page.extra[key] = "told"
            self.mails.append(Mail(at, self.plan.team, "blocked", self.plan.number))

    # --- passing over ------------------------------------------------------------------------------

    def _pass_over(self, page: PageRun) -> None:
        on_time = abs((page.due - page.plan.anchor) / self.plan.interval % 1.0 - 0.5) > 0.5 - 1e-6
        if not on_time:
            return
        state = page.state
        if state.verdict == Verdict.UP and state.kind == Kind.OK and state.maintenance_since is None:
            self._pass_good(page, state)
        elif state.verdict == Verdict.DOWN and state.goods == 0 and spells.bad_run(state.fails) >= 20:
            self._pass_bad(page, state)

    def _number(self, page: PageRun, at: float) -> int:
        return round((at - page.plan.anchor) / self.plan.interval)

    def _pass_good(self, page: PageRun, state: PageState) -> None:
        """Regular good probes up to the next thing that happens to this page."""
        if self._active(page, page.due):
            return
        number = self._number(page, page.due)
        ahead = next((s.start for s in page.plan.spells[page.passed :]), self.span)
        until = math.ceil((min(ahead, self.span) - page.plan.anchor) / self.plan.interval - 1e-9)
        noise = next((n for n in page.plan.noise[bisect_left(page.plan.noise, number) :]), until)
        count = min(until, noise) - number
        if count <= 0:
            return
        last = when(page.plan.anchor + (number + count - 1) * self.plan.interval)
        fails = spells.note_many(state.fails, True, count) if state.fails else 0
        if state.failed_at is not None and last - state.failed_at > judging.FORGOTTEN:
            fails = 0
        page.state = replace(state, last_at=last, fails=fails, failed_at=state.failed_at if fails else None)
        page.due = page.plan.anchor + (number + count) * self.plan.interval

    def _pass_bad(self, page: PageRun, state: PageState) -> None:
        """Probes of a failure that stays, in whole intervals, up to its end or the next thing that happens."""
        active = self._active(page, page.due)
        if len(active) != 1 or active[0].rate < 1 or active[0].kind != state.kind or state.blocked_times:
            return
        if any(case.held for case in self.open) or fingerprint_of(active[0].kind) != page.fingerprint or "fp_next" in page.extra:
            return
        nexts = (s.start for s in page.plan.spells[page.passed :] if s.start > page.due)
        until = min(active[0].end, next(nexts, self.span), self.span)
        count = math.floor((until - page.due) / self.plan.interval) - 1
        if count <= 0:
            return
        each = round(self.plan.interval / min(self.plan.interval, self.policy.down_interval_s))
        last = when(page.due + count * self.plan.interval - self.plan.interval / each)
        fails = spells.note_many(state.fails, False, count * each)
        taken = min(state.taken + count * each, spells.MEMORY)
        page.state = replace(state, last_at=last, failed_at=last, fails=fails, taken=taken)
        page.due += count * self.plan.interval


def _importance(spell: Spell) -> int:
    return ("outage", "hiccup", "maintenance").index(spell.what)


def _pick(kinds: tuple[tuple[Kind, int], ...], share: float) -> Kind:
    left = share * sum(weight for _kind, weight in kinds)
    for kind, weight in kinds:
        left -= weight
        if left <= 0:
            return kind
    return kinds[-1][0]
