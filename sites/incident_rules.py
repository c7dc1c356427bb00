"""What the samples of a site mean for its incidents: opened, extended, back again, over; and what of it is told. Pure.

The verbs of `incidents` carry these rules out in the database; the simulation carries out the very same ones over a whole year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from sites.fingerprints import is_older
from sites.judging import Pattern, Verdict
from sites.probing.outcome import Kind

REOPENED_WITHIN = timedelta(minutes=30)
BLOCKED_MAIL_AFTER = timedelta(hours=1)

# Nothing of the site itself answers. While that lasts, how it shows (no answer, 502, 503, cut off) is its changing face.
_OUT_OF_REACH = frozenset({Kind.UNREACHABLE, Kind.GATEWAY_ERROR, Kind.TRUNCATED})


class PageNow(Protocol):
    """A page after it was judged."""

    @property
    def path(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def is_failing_now(self) -> bool: ...
    @property
    def look(self) -> str: ...  # empty: the plain probe


class OpenIncident(Protocol):
    """An incident that is not over, as far as the rules look at it."""

    fingerprint: str
    kind: str
    paths: list[str]


P = TypeVar("P", bound=PageNow)
I = TypeVar("I", bound=OpenIncident)  # noqa: E741 (an incident)


@dataclass(frozen=True, slots=True)
class Failing(Generic[P, I]):
    """Pages that fail alike. `incident` is None where one is to be opened."""

    fingerprint: str
    incident: I | None
    seen: list[P]  # the last probe showed it
    held: list[P]  # down for it


class Opening(StrEnum):
    """What a failure is when it opens an incident."""

    NEW = "new"
    REGRESSION = "regression"
    REOPENED = "reopened"


class Ending(StrEnum):
    """How an incident is over without a person."""

    WELL = "well"
    ANOTHER_WAY = "another-way"


class Change(StrEnum):
    """How the pattern of an open incident has changed."""

    ESCALATED = "escalated"
    EASED = "eased"


def belongs(page: PageNow, incident: OpenIncident) -> bool:
    """Whether what a page fails with is this incident."""
    if page.fingerprint == incident.fingerprint:
        return True
    if not page.fingerprint or page.look or page.path not in incident.paths:
        return False
    return page.kind in _OUT_OF_REACH and incident.kind in _OUT_OF_REACH


def _may_open(_page: PageNow) -> bool:
    return True


def failing(pages: Sequence[P], open_ones: Iterable[I], may_open: Callable[[P], bool] = _may_open) -> list[Failing[P, I]]:
    """What fails, by incident: open ones and such as are to be opened, by pages that may."""
    open_ones = list(open_ones)
    found: dict[str, Failing[P, I]] = {}
    for page in pages:
        if not (page.is_failing_now and page.fingerprint):
            continue
        incident = next((each for each in open_ones if belongs(page, each)), None)
        if incident is None and not may_open(page):
            continue
        fingerprint = incident.fingerprint if incident else page.fingerprint
        group = found.get(fingerprint)
        if group is None:
            held = [each for each in pages if each.verdict == Verdict.DOWN and _is_of(each, fingerprint, incident)]
            group = found[fingerprint] = Failing(fingerprint, incident, [], held)
        group.seen.append(page)
    return list(found.values())


def _is_of(page: PageNow, fingerprint: str, incident: OpenIncident | None) -> bool:
    return page.fingerprint == fingerprint or (incident is not None and belongs(page, incident))


def opening(resolved_at: datetime | None, now: datetime) -> Opening:
    """What a failure is that was over at `resolved_at`; None: it was never seen here."""
    if resolved_at is None:
        return Opening.NEW
    # A clock that was ahead and is put right leaves times to come, which are no moment ago.
    return Opening.REOPENED if timedelta(0) <= now - resolved_at < REOPENED_WITHIN else Opening.REGRESSION


def ending(incident: OpenIncident, pages: Sequence[PageNow]) -> Ending | None:
    """Over when no page fails with it any more. A page that is unknown or suspect leaves it open: unknown is not success."""
    if any(belongs(page, incident) for page in pages):
        return None
    verdicts = {page.verdict for page in pages if page.path in incident.paths and not page.look}
    if Verdict.DOWN in verdicts:
        return Ending.ANOTHER_WAY
    return None if verdicts - {Verdict.UP} else Ending.WELL


def pattern_change(before: str, after: str) -> Change | None:
    """A failure that came and went and now stays is news. The reverse is only noted."""
    if (before, after) == (Pattern.INTERMITTENT, Pattern.PERMANENT):
        return Change.ESCALATED
    return Change.EASED if (before, after) == (Pattern.PERMANENT, Pattern.INTERMITTENT) else None


def is_news_again(reopened: int, recovery_told: bool) -> bool:
    """Whether people believe that it is over, since they were told so, while it is found to come and go."""
    return reopened > 0 and recovery_told


def is_told(kind: str, flapping: bool) -> bool:
    """Of what comes and goes, only that it does is told."""
    return not flapping or kind in ("flapping", "cause", "escalation", "automatic", "approval")


def _no_other_names() -> list[str]:
    return []


def note_fingerprint(
    extra: MutableMapping[str, Any],
    state: Any,
    is_failure: bool,
    seen: Callable[[], str],
    older: Callable[[], list[str]] = _no_other_names,
    *,
    stays: bool,
) -> bool:
    """Keeps in `extra` ("fp", "fp_next") what a page fails with. True when that is new.

    `state` is the page's `PageState` after the sample, `seen` makes the fingerprint of the sample, `older` what older rules call
    it: a failure keeps the name that it is known by. Of a page that `stays` as it was, another failure counts only when it was
    seen twice: one odd answer opens no incident.
    """
    if state.verdict == Verdict.UP:
        extra.clear()
    if state.verdict not in (Verdict.DOWN, Verdict.SUSPECT) or (state.goods and state.verdict == Verdict.DOWN):
        return False
    if state.verdict == Verdict.SUSPECT and not is_failure:
        return False
    found, held = seen(), extra.get("fp")
    if held and held != found and is_older(held) and held in older():
        found = held
    if found != held and stays and held and state.verdict == Verdict.DOWN and extra.get("fp_next") != found:
        extra["fp_next"] = found
        return True
    extra.pop("fp_next", None)
    extra["fp"] = found
    return found != held
