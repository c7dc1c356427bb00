"""When a page is probed: a regular timetable per page, from which due pages are claimed so that none is probed twice or forgotten."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Min, Q
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from sites.bulk import update_rows
from sites.judging import Policy, Verdict
from sites.models import Look, Page, Site
from sites.probing.outcome import Kind, Purpose

BATCH_SIZE = 400  # pages in one task: enough to share what a transaction costs, little enough to be lost
CLAIM_LIMIT = 5000  # pages of one tick
_CLOCK_SLACK_S = 60  # by which the clocks of several machines may differ
ROUTINE_LEASE_S = 300.0  # one of a longer interval is due again after this if its batch is lost
LEASE_S = 30.0  # a claimed page that waits for confirmation is due again after this if its batch is lost
OVERDUE_INTERVALS = 3  # without a result for so long, something is wrong with the probing itself
_LAG_SAMPLE = 2000


@dataclass(frozen=True, slots=True)
class Claim:
    """One page taken for probing. `was_due_at` and `next_due_at` let it be put back."""

    page_id: int
    site_id: int
    purpose: Purpose
    was_due_at: datetime
    next_due_at: datetime
    interval_s: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """A page that is not probed as it should be. `waiting_since`: its last result (`last_at`), or when it was to be probed from."""

    page_id: int
    site_id: int
    waiting_since: datetime
    last_at: datetime | None
    interval_s: int


def first_due(interval_s: int, now: datetime) -> tuple[datetime, datetime]:
    """(due_at, anchor_at) of a page that begins to be probed: due at once, then at a phase of its own so that load is spread."""
    return now, now - timedelta(seconds=random.random() * interval_s)


def next_due(anchor: datetime, interval_s: float, now: datetime) -> datetime:
    """The next moment after `now` of the timetable anchor + n * interval: neither a late nor an extra probe shifts it."""
    passed = math.floor((now - anchor).total_seconds() / interval_s)
    return anchor + timedelta(seconds=(passed + 1) * interval_s)


def claim_due(now: datetime | None = None, limit: int = CLAIM_LIMIT) -> list[Claim]:
    """Takes what is due, the most overdue first. Whoever claims at the same moment gets other pages."""
    now = now or timezone.now()
    with transaction.atomic():
        due = (
            Page.objects.filter(due_at__lte=now)
            .order_by("due_at", "site_id", "id")
            .select_for_update(of=("self",), skip_locked=True)
            .values_list("id", "site_id", "due_at", "anchor_at", "verdict", "state", "site__interval_s")[:limit]
        )
        claims = [_claim(*row, now=now) for row in due]
        if claims:
            update_rows(Page, {c.page_id: (c.next_due_at, c.was_due_at) for c in claims}, ["due_at"], where="due_at")
    return claims


def _claim(
    page_id: int,
    site_id: int,
    due_at: datetime,
    anchor_at: datetime | None,
    verdict: str,
    state: dict[str, object],
    interval_s: int,
    *,
    now: datetime,
) -> Claim:
    regular = next_due(anchor_at or due_at, interval_s, now)
    if state.get("confirming") or verdict == Verdict.SUSPECT:
        return Claim(page_id, site_id, Purpose.CONFIRMATION, due_at, min(regular, now + timedelta(seconds=LEASE_S)), interval_s)
    return Claim(page_id, site_id, Purpose.ROUTINE, due_at, min(regular, now + timedelta(seconds=ROUTINE_LEASE_S)), interval_s)


def hold(site: Site, seconds: float, now: datetime | None = None) -> None:
    """No probe of this site begins for so long: it would not see the site as it is. Its timetable stays, and it is not late by this."""
    now = now or timezone.now()
    until = now + timedelta(seconds=seconds)
    for page in site.pages.filter(due_at__isnull=False):
        turn = next_due(page.anchor_at or now, site.interval_s, now) - timedelta(seconds=site.interval_s)
        Page.objects.filter(pk=page.pk, due_at__lt=until).update(due_at=until, anchor_at=turn)
    Look.objects.filter(page__site=site, due_at__lt=until).update(due_at=until)


def release(site: Site, now: datetime | None = None) -> None:
    """The end of `hold`: every page is looked at now."""
    now = now or timezone.now()
    site.pages.filter(due_at__gt=now).update(due_at=now)


def settle(probed: Iterable[Page], now: datetime | None = None) -> int:
    """Gives pages of a long interval, as they were loaded before they were probed, their regular time instead of the end of their lease.

    Who has set another due time meanwhile (a failure is looked at again soon) knew better.
    """
    now = now or timezone.now()
    rows = {
        page.pk: (next_due(page.anchor_at or page.due_at, page.site.interval_s, now), page.due_at)
        for page in probed
        if page.due_at is not None and page.site.interval_s > ROUTINE_LEASE_S
    }
    return update_rows(Page, rows, ["due_at"], where="due_at") if rows else 0


def mend_after_clock_was_set_back(now: datetime | None = None) -> int:
    """Makes pages due whose time lies further ahead than their interval: else they would be forgotten until the clock is there again."""
    now = now or timezone.now()
    mended = 0
    for interval_s in Site.objects.order_by().values_list("interval_s", flat=True).distinct():
        # Where probes are refused they come ever more rarely: that is no clock that was set back.
        rarest = max(interval_s, Policy().blocked_max_s)
        for pages, longest in ((~Q(kind=Kind.BLOCKED), interval_s), (Q(kind=Kind.BLOCKED), rarest)):
            ahead = Page.objects.filter(pages, site__interval_s=interval_s, due_at__gt=now + timedelta(seconds=longest + _CLOCK_SLACK_S))
            mended += ahead.update(due_at=now, anchor_at=now)
    # An outcome counts when it is newer than the last one.
    Page.objects.filter(last_at__gt=now + timedelta(seconds=_CLOCK_SLACK_S)).update(last_at=now)
    return mended


def put_back(claims: Iterable[Claim]) -> None:
    """Makes claimed pages due again, unless somebody changed their due time meanwhile."""
    rows = {claim.page_id: (claim.was_due_at, claim.next_due_at) for claim in claims}
    if rows:
        update_rows(Page, rows, ["due_at"], where="due_at")


def batches(claims: list[Claim]) -> list[list[Claim]]:
    """Claims in tasks of one purpose; pages of one site stay together, so that they are judged together."""
    found: list[list[Claim]] = []
    for purpose in (Purpose.CONFIRMATION, Purpose.ROUTINE):
        same = sorted((claim for claim in claims if claim.purpose == purpose), key=lambda claim: claim.site_id)
        batch: list[Claim] = []
        for claim in same:
            if len(batch) >= BATCH_SIZE and claim.site_id != batch[-1].site_id:
                found.append(batch)
                batch = []
            batch.append(claim)
        if batch:
            found.append(batch)
    return found


def expiry_s(batch: list[Claim]) -> float:
    """After this many seconds in the queue a batch is not worth running: its pages are due again."""
    leases = (LEASE_S if claim.purpose == Purpose.CONFIRMATION else min(claim.interval_s, ROUTINE_LEASE_S) for claim in batch)
    return float(min(leases))


# Since when a page waits for a result: its last one, or the moment from which it was to be probed (again).
_WAITING_SINCE = Coalesce(Greatest("last_at", "anchor_at"), "anchor_at", "due_at")


def _timetables() -> Iterator[dict[str, Any]]:
    """A row per interval and time limit of what is probed, with the oldest of its pages; what refuses probes is asked less often."""
    groups = (
        Page.objects.filter(due_at__isnull=False)
        .values("site__interval_s", "site__time_limit_s", blocked=Q(kind=Kind.BLOCKED))
        .annotate(oldest_due=Min("due_at"), oldest_result=Min(_WAITING_SINCE))
        .order_by()
    )
    for group in groups:
        yield group | {"pace_s": _pace_s(group["site__interval_s"], group["blocked"])}


def _pace_s(interval_s: int, blocked: bool) -> float:
    """At most so many seconds lie between two probes of a page."""
    return max(float(interval_s), Policy().blocked_max_s) if blocked else float(interval_s)


def lag_s(now: datetime | None = None) -> float:
    """By how many seconds the most overdue page is late: not claimed in time, or claimed and no result came. 0 when all is in time."""
    now = now or timezone.now()
    late = 0.0
    for group in _timetables():
        late = max(late, (now - group["oldest_due"]).total_seconds())
        allowance = group["pace_s"] + group["site__time_limit_s"]
        late = max(late, (now - group["oldest_result"]).total_seconds() - allowance)
    return round(late, 1)


def lag_p95_s(now: datetime | None = None, minutes: float = 5.0) -> float | None:
    """How late 95 of 100 regular probes of the last minutes began, at most; None when there were none.

    Read from the pages themselves: how far the last probe of each lies behind its timetable. At most about 2,000 are looked at.
    """
    now = now or timezone.now()
    recent = Page.objects.filter(due_at__isnull=False, verdict=Verdict.UP, last_at__range=(now - timedelta(minutes=minutes), now))
    step = recent.count() // _LAG_SAMPLE + 1
    rows = recent.annotate(turn=F("id") % step).filter(turn=0).values_list("anchor_at", "last_at", "site__interval_s")
    # The very first probe is made at once and follows no timetable.
    ran = ((((last - anchor).total_seconds(), interval_s)) for anchor, last, interval_s in rows if anchor is not None)
    late = sorted(seconds % interval_s for seconds, interval_s in ran if seconds >= interval_s)
    return round(late[math.ceil(0.95 * len(late)) - 1], 2) if late else None


def overdue(now: datetime | None = None) -> list[Overdue]:
    """Pages that are to be probed and brought no result for three intervals, those that wait longest first. Two queries at most.

    A page that refuses probes is asked less often by design: there the pace counts at which it is asked. Right after a start of the
    whole product the first probes are still to come: call it some moments later.
    """
    now = now or timezone.now()
    groups = [group for group in _timetables() if _is_overdue(now, group["oldest_result"], group["pace_s"], group["site__time_limit_s"])]
    if not groups:
        return []
    since = now - timedelta(seconds=min(OVERDUE_INTERVALS * group["pace_s"] for group in groups))
    rows = (
        Page.objects.filter(due_at__isnull=False, site__interval_s__in={group["site__interval_s"] for group in groups})
        .annotate(waiting_since=_WAITING_SINCE)
        .filter(waiting_since__lt=since)
        .order_by("waiting_since", "id")
        .values_list("id", "site_id", "waiting_since", "last_at", "kind", "site__interval_s", "site__time_limit_s")
    )
    return [
        Overdue(page_id, site_id, waiting_since, last_at, interval_s)
        for page_id, site_id, waiting_since, last_at, kind, interval_s, time_limit_s in rows
        if _is_overdue(now, waiting_since, _pace_s(interval_s, kind == Kind.BLOCKED), time_limit_s)
    ]


def _is_overdue(now: datetime, waiting_since: datetime, pace_s: float, time_limit_s: float) -> bool:
    return (now - waiting_since).total_seconds() > OVERDUE_INTERVALS * pace_s + time_limit_s


def last_result_at() -> datetime | None:
    """When the newest result came in: whether probing is going on at all."""
    return Page.objects.filter(~Q(last_at=None)).aggregate(newest=Max("last_at"))["newest"]
