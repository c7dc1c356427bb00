"""From outcomes to verdicts. One bad sample is never a failure, one good sample never a recovery.

A first failure makes a page *suspect*; quick probes on fresh connections then decide. What they dismiss is remembered: separate
failures that keep coming are a failure that comes and goes. Everything here is a plain function of the state, the kind of the
new outcome and the time: it is the caller who stores the state and keeps the timetable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sites import spells
from sites.probing.outcome import Kind
from sites.texts import mark as _

FLAPPING_TRANSITIONS = 6
FLAPPING_WINDOW = timedelta(hours=1)
STALE_CONFIRMATION = timedelta(minutes=10)  # after a gap this long, a mixed confirmation starts anew
FORGOTTEN = timedelta(hours=24)  # a failure this long ago has nothing to do with the next one
CLOCK_SET_BACK = timedelta(minutes=10)  # a sample this much older than the last is no late one: the clock was put right


# What a server shows while it is started again.
_AS_IN_A_RESTART = frozenset({Kind.UNREACHABLE, Kind.GATEWAY_ERROR, Kind.TRUNCATED})


class Verdict(StrEnum):
    """What recent outcomes of a page or site amount to."""

    UP = "up"
    SUSPECT = "suspect"
    DOWN = "down"
    UNKNOWN = "unknown"


class Scope(StrEnum):
    """Which pages of a site fail."""

    ALL = "all-pages"
    SOME = "some-pages"
    NONE = "none"


class Pattern(StrEnum):
    """How a failure shows itself over time. `SOME_DEVICES` comes from probes as several browsers, not from `pattern`."""

    PERMANENT = "permanent"
    INTERMITTENT = "intermittent"
    SOME_DEVICES = "some-devices"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Policy:
    """When a failure and a recovery are certain. Seconds throughout; `confirm_after_s` and `restart_s` count from the first failure.

    A server that is started again refuses connections, or lets its gateway answer 502 or 503, for some seconds: such a failure
    must last beyond `restart_s`, without a good sample in between. What comes and goes is gathered as evidence.
    """

    interval_s: float = 60.0
    failure_threshold: int = 2
    failure_samples: int = 3
    confirm_after_s: tuple[float, ...] = (5.0, 20.0)
    restart_s: float = 15.0
    recovery_good: int = 2
    recovery_gap_s: float = 30.0
    down_interval_s: float = 60.0
    stuck_maintenance_s: float = 1800.0
    blocked_max_s: float = 3600.0

    def __post_init__(self) -> None:
        if not 2 <= self.failure_threshold <= self.failure_samples:
            raise ValueError("A failure needs at least two bad samples, and no more than are taken.")
        if self.recovery_good < 2:
            raise ValueError("A recovery needs at least two good samples.")


@dataclass(frozen=True, slots=True)
class PageState:
    """What must be remembered of a page between two outcomes. The default is a page never probed."""

    verdict: str = Verdict.UNKNOWN
    kind: str = ""  # of the failure while suspect or down, else of the last outcome
    since: datetime | None = None  # of the verdict
    last_at: datetime | None = None  # of the last sample that counted
    failing_since: datetime | None = None
    samples: tuple[bool, ...] = ()  # good? of each sample since the page became suspect
    good_since: datetime | None = None  # first good sample in a row while down
    goods: int = 0
    maintenance_since: datetime | None = None
    blocked_since: datetime | None = None
    blocked_times: int = 0
    fails: int = 0  # the last samples as `spells` keeps them
    failed_at: datetime | None = None  # of the newest failure in them
    taken: int = 0  # samples since the failure began, while suspect or down


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of verdict and what made it."""

    old: str
    new: str
    at: datetime
    why: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """The state after an outcome. `next_after_s` is when to probe again, None: at the regular time."""

    state: PageState
    transition: Transition | None = None
    next_after_s: float | None = None


def judge(state: PageState, kind: str, at: datetime, policy: Policy, *, in_window: bool = False) -> Judged:
    """Take in one outcome. `in_window`: a planned maintenance is on, so that one shown by the site cannot be stuck.

    A sample that is not later than the last one (a task run twice, answers out of order) changes nothing.
    """
    if state.last_at is not None and at <= state.last_at <= at + CLOCK_SET_BACK:
        return Judged(state, None, _next_after(state, state.last_at, policy))
    kind = Kind(kind)
    state = replace(state, last_at=at)
    if kind is Kind.BLOCKED:
        after, why = _blocked(state, at), _("the host or a firewall refuses the probe")
    else:
        state = replace(state, blocked_since=None, blocked_times=0)
        state = _note_maintenance(state, kind, at)
        good = not kind.is_failure and not _is_stuck(state, at, policy, in_window)
        state = _remember(state, good, at)
        after, why = (_good if good else _bad)(state, kind, at, policy)
    transition = None
    if after.verdict != state.verdict:
        after = replace(after, since=at)
        transition = Transition(str(state.verdict), str(after.verdict), at, why, str(kind))
    return Judged(after, transition, _next_after(after, at, policy))


def unheard(state: PageState, at: datetime) -> Judged:
    """A probe that says nothing of the site, since our own connection was down: what was not certain is unknown."""
    if state.verdict == Verdict.DOWN or (state.last_at is not None and at <= state.last_at):
        return Judged(state)
    fails = state.fails >> 1 if state.verdict == Verdict.SUSPECT else state.fails  # its first failure may have been ours
    after = PageState(verdict=Verdict.UNKNOWN, since=at, last_at=at, fails=fails, failed_at=state.failed_at if fails else None)
    if state.verdict == Verdict.UNKNOWN:
        return Judged(replace(after, since=state.since))
    why = _("our own connection to the Internet seems to be down")
    return Judged(after, Transition(str(state.verdict), str(after.verdict), at, why))


def _remember(state: PageState, good: bool, at: datetime) -> PageState:
    if good and not state.fails:
        return state
    forgotten = state.failed_at is not None and at - state.failed_at > FORGOTTEN and state.verdict != Verdict.DOWN
    fails = spells.note(0 if forgotten else state.fails, good)
    taken = min(state.taken + 1, spells.MEMORY) if is_failing(state) else 0
    return replace(state, fails=fails, failed_at=(state.failed_at if fails else None) if good else at, taken=taken)


def with_goods(state: PageState, times: int) -> PageState:
    """The state of a page that is up after so many good samples more, the last of them at its `last_at`: what `judge` makes of each."""
    if state.failed_at is None or state.last_at is None or state.last_at - state.failed_at > FORGOTTEN:
        return replace(state, fails=0, failed_at=None)
    fails = spells.note_many(state.fails, good=True, times=times)
    return replace(state, fails=fails, failed_at=state.failed_at if fails else None)


def _blocked(state: PageState, at: datetime) -> PageState:
    return replace(
        state,
        verdict=Verdict.UNKNOWN,
        kind=Kind.BLOCKED,
        samples=(),
        failing_since=None,
        good_since=None,
        goods=0,
        taken=0,
        maintenance_since=None,
        blocked_since=state.blocked_since or at,
        blocked_times=state.blocked_times + 1,
    )


def _note_maintenance(state: PageState, kind: Kind, at: datetime) -> PageState:
    since = (state.maintenance_since or at) if kind is Kind.MAINTENANCE else None
    return replace(state, maintenance_since=since)


def _is_stuck(state: PageState, at: datetime, policy: Policy, in_window: bool) -> bool:
    if state.maintenance_since is None or in_window:
        return False
    return (at - state.maintenance_since).total_seconds() >= policy.stuck_maintenance_s


def _good(state: PageState, kind: Kind, at: datetime, policy: Policy) -> tuple[PageState, str]:
    if state.verdict == Verdict.SUSPECT:
        return _decide(state, kind, at, policy, good=True)
    if state.verdict != Verdict.DOWN:
        return _as_up(state, kind), _("the first good probe")
    first = min(state.good_since or at, at)  # a clock that was ahead and is put right
    state = replace(state, good_since=first, goods=state.goods + 1)
    seconds = (at - first).total_seconds()
    if state.goods < max(policy.recovery_good, spells.goods_for_recovery(state.fails, state.taken)) or seconds < policy.recovery_gap_s:
        return state, ""
    if spells.was_solid(state.fails, state.taken):  # the next failure is another one, however soon it comes
        state = replace(state, fails=0, failed_at=None)
    return _as_up(state, kind), f"{state.goods} good probes in a row in {seconds:.0f} s"


def _bad(state: PageState, kind: Kind, at: datetime, policy: Policy) -> tuple[PageState, str]:
    if state.verdict == Verdict.SUSPECT:
        return _decide(state, kind, at, policy, good=False)
    if state.verdict == Verdict.DOWN:
        return replace(state, kind=kind, good_since=None, goods=0), ""
    if spells.is_recurring(state.fails):
        return replace(_as_suspect(state, kind, at), verdict=Verdict.DOWN), _recurring(state)
    return _as_suspect(state, kind, at), _("a first probe failed")


def _recurring(state: PageState) -> str:
    failed, probes = spells.separate_failures(state.fails)
    return f"{failed} of the last {probes} probes failed, now and then"


def _decide(state: PageState, kind: Kind, at: datetime, policy: Policy, *, good: bool) -> tuple[PageState, str]:
    """One more sample of a suspect page: down, up again, or not certain yet."""
    first = state.failing_since or at
    if True in state.samples and at - first > STALE_CONFIRMATION:
        return (_as_up(state, kind), _("a single probe failed")) if good else (_as_suspect(state, kind, at), "")
    samples = (*state.samples, good)
    bad, seconds = samples.count(False), (at - first).total_seconds()
    kind_of_failure = state.kind if good else kind
    still_to_come = max(0, policy.failure_samples - len(samples))
    why = f"{bad} of {len(samples)} probes failed in {seconds:.0f} s"
    restart = policy.restart_s > 0 and (state.kind in _AS_IN_A_RESTART or kind_of_failure in _AS_IN_A_RESTART)
    if restart and bad >= policy.failure_threshold and still_to_come and seconds < policy.restart_s:
        return replace(state, samples=samples, kind=kind_of_failure), ""
    if bad >= policy.failure_threshold and not (restart and True in samples):
        return replace(state, verdict=Verdict.DOWN, kind=kind_of_failure, samples=samples, good_since=None, goods=0), why
    if bad + still_to_come < policy.failure_threshold or not still_to_come:
        return _as_up(state, kind), why
    return replace(state, samples=samples, kind=kind_of_failure), ""


def _as_up(state: PageState, kind: Kind) -> PageState:
    return replace(state, verdict=Verdict.UP, kind=kind, samples=(), failing_since=None, good_since=None, goods=0, taken=0)


def _as_suspect(state: PageState, kind: Kind, at: datetime) -> PageState:
    return replace(state, verdict=Verdict.SUSPECT, kind=kind, samples=(False,), failing_since=at, good_since=None, goods=0, taken=1)


def _next_after(state: PageState, at: datetime, policy: Policy) -> float | None:
    """Seconds from `at` to the next probe that this state asks for."""
    if state.blocked_times:
        doubled = max(policy.interval_s, 60.0) * 2.0 ** min(state.blocked_times, 12)
        return max(policy.interval_s, min(doubled, policy.blocked_max_s))
    if state.verdict == Verdict.SUSPECT and state.failing_since is not None:
        index = min(len(state.samples), len(policy.confirm_after_s)) - 1
        due = policy.confirm_after_s[index] - (at - state.failing_since).total_seconds()
        return min(max(1.0, due), policy.confirm_after_s[-1])
    if state.verdict == Verdict.DOWN:
        quick = min(policy.interval_s, policy.down_interval_s)
        if state.good_since is None:
            return quick
        left = policy.recovery_gap_s - (at - state.good_since).total_seconds()
        return max(1.0, left) if left > 0 else policy.recovery_gap_s  # one that came and went needs more than two
    return None


def pattern(state: PageState) -> Pattern:
    """How a page fails: all the time, now and then, or not at all."""
    if not is_failing(state):
        return Pattern.NONE
    return Pattern.INTERMITTENT if spells.is_intermittent(state.fails, state.taken) else Pattern.PERMANENT


def failure_rate(state: PageState) -> float | None:
    """Which share of its probes fails, 0 to 1, of a page that fails now and then; None of any other."""
    return spells.failure_rate(state.fails, state.taken) if pattern(state) == Pattern.INTERMITTENT else None


def site_verdict(pages: Iterable[PageState]) -> Verdict:
    """The worst that is certain: down, then suspect, then unknown. A site without pages is unknown."""
    found = {page.verdict for page in pages}
    for verdict in (Verdict.DOWN, Verdict.SUSPECT, Verdict.UNKNOWN):
        if verdict in found:
            return verdict
    return Verdict.UP if found else Verdict.UNKNOWN


def site_kind(pages: Iterable[PageState]) -> str:
    """The worst kind among the pages; empty when none was probed."""
    kinds = [Kind(page.kind) for page in pages if page.kind]
    return str(max(kinds, key=lambda kind: kind.rank)) if kinds else ""


def scope(pages: Sequence[PageState]) -> Scope:
    """Which pages fail, suspect ones included."""
    failing = sum(1 for page in pages if is_failing(page))
    if not failing:
        return Scope.NONE
    return Scope.ALL if failing == len(pages) else Scope.SOME


def site_pattern(pages: Iterable[PageState]) -> Pattern:
    """The pattern of the failing pages. Where one comes and goes, another that has just failed may do so too."""
    found = {pattern(page) for page in pages}
    return next((each for each in (Pattern.INTERMITTENT, Pattern.PERMANENT) if each in found), Pattern.NONE)


def is_failing(page: PageState) -> bool:
    """Whether a page is down or about to be."""
    return page.verdict in (Verdict.DOWN, Verdict.SUSPECT)


def is_flapping(transitions: Iterable[datetime], now: datetime) -> bool:
    """Whether so many changes between up and down lie within the last hour that one notice is enough."""
    return sum(1 for at in transitions if now - FLAPPING_WINDOW < at <= now) >= FLAPPING_TRANSITIONS


_MOMENTS = frozenset({"since", "last_at", "failing_since", "good_since", "maintenance_since", "blocked_since", "failed_at"})


def state_to_json(state: PageState) -> dict[str, Any]:
    """The state as plain values; what equals the default is left out."""
    stored: dict[str, Any] = {}
    for item in fields(PageState):
        value = getattr(state, item.name)
        if value == item.default:
            continue
        if item.name in _MOMENTS:
            value = value.isoformat()
        elif item.name == "samples":
            value = [int(good) for good in value]
        elif item.name == "fails":
            value = f"{value:x}"  # longer than the whole numbers that every reader of JSON can hold
        stored[item.name] = value if isinstance(value, list | int) else str(value)
    return stored


def state_from_json(stored: dict[str, Any]) -> PageState:
    """The state that `state_to_json` stored. Unknown names are passed over; raises ValueError on a value that is none."""
    known: dict[str, Any] = {}
    for item in fields(PageState):
        if item.name not in stored:
            continue
        value = stored[item.name]
        if item.name in _MOMENTS:
            value = datetime.fromisoformat(value)
        elif item.name == "samples":
            value = tuple(bool(good) for good in value)
        elif item.name == "fails":
            value = int(value, 16)
        known[item.name] = value
    return PageState(**known)
