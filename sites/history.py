"""What is kept of the past and for how long: a row per site and day for ever, single results for days, failures for months."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from sites.bulk import insert_rows
from sites.models import DayRollup, Notification, ProbeResult, Transition
from sites.models.site import Verdict
from sites.probing.outcome import Kind, Outcome
from sites.rollups import bucket

GOOD_RESULTS_FOR = timedelta(days=2)
FAILURES_FOR = timedelta(days=90)
MAIL_BODIES_FOR = timedelta(days=365)
_AT_ONCE = 2000  # rows of one deletion: the database is free for others in between
_MOST_ROUNDS = 500


@dataclass(slots=True)
class Count:
    """What one batch adds to one site's day."""

    good: int = 0
    suspect: int = 0
    failed: int = 0
    ms_sum: float = 0.0
    buckets: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class DayCounts:
    """What one batch adds to the days of its sites."""

    counts: dict[tuple[int, date], Count] = field(default_factory=lambda: defaultdict(Count))

    def count(self, site_id: int, outcome: Outcome, verdict: str) -> None:
        """Adds a routine probe. A refused probe says nothing about the site and counts nowhere."""
        if outcome.kind == Kind.BLOCKED:
            return
        row = self.counts[site_id, outcome.at.astimezone(UTC).date()]
        if not outcome.is_failure:
            row.good += 1
        elif verdict == Verdict.DOWN:
            row.failed += 1
        else:
            row.suspect += 1
        if outcome.ms is not None and not outcome.is_failure:
            key = bucket(outcome.ms)
            row.ms_sum += outcome.ms
            row.buckets[key] = row.buckets.get(key, 0) + 1

    def confirm(self, site_id: int, first_failure: datetime) -> None:
        """The failure that began with this routine probe is confirmed: it was no single bad sample."""
        row = self.counts[site_id, first_failure.astimezone(UTC).date()]
        row.suspect -= 1
        row.failed += 1

    def store(self) -> None:
        """One SELECT and one statement that inserts or replaces; the sites of the batch are locked by the caller."""
        if not self.counts:
            return
        site_ids, days = {key[0] for key in self.counts}, {key[1] for key in self.counts}
        rows = {(row.site_id, row.day): row for row in DayRollup.objects.filter(site_id__in=site_ids, day__in=days)}
        for (site_id, day), count in self.counts.items():
            row = rows.setdefault((site_id, day), DayRollup(site_id=site_id, day=day, buckets={}))
            row.good, row.failed = row.good + count.good, row.failed + count.failed
            row.suspect = max(0, row.suspect + count.suspect)
            row.ms_sum += count.ms_sum
            for key, number in count.buckets.items():
                row.buckets[key] = row.buckets.get(key, 0) + number
        values = [(row.site_id, row.day, *(getattr(row, name) for name in _FIGURES)) for key, row in rows.items() if key in self.counts]
        insert_rows(DayRollup, ("site", "day", *_FIGURES), values, unique=("site", "day"))


_FIGURES = ("good", "suspect", "failed", "ms_sum", "buckets")


def prune_history(now: datetime | None = None) -> dict[str, int]:
    """Removes what has been kept long enough, a little at a time. Returns how many rows of each kind."""
    now = now or timezone.now()
    good = ProbeResult.objects.filter(at__lt=now - GOOD_RESULTS_FOR, kind=Kind.OK)
    failures = ProbeResult.objects.filter(at__lt=now - FAILURES_FOR)
    transitions = Transition.objects.filter(at__lt=now - FAILURES_FOR)
    old_mail = Notification.objects.filter(created_at__lt=now - MAIL_BODIES_FOR).exclude(body_text="", body_html="")
    return {
        "good": _delete(good),
        "failures": _delete(failures),
        "transitions": _delete(transitions),
        "mail_bodies": old_mail.update(body_text="", body_html=""),
    }


def _delete(rows: QuerySet[ProbeResult] | QuerySet[Transition]) -> int:
    total = 0
    for _round in range(_MOST_ROUNDS):
        ids = list(rows.order_by().values_list("pk", flat=True)[:_AT_ONCE])
        if ids:
            rows.model.objects.filter(pk__in=ids).delete()
        total += len(ids)
        if len(ids) < _AT_ONCE:
            break
    return total
