"""When a planned window is on: once, daily, on weekdays or monthly, at a time of day in a time zone. Standard library only.

A time of day that the clock jumps over is taken with the offset from before the jump, one that comes twice is the first of the
two, and a duration is exact time, whatever the clock does meanwhile (RFC 5545, sections 3.3.5 and 3.3.6).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

ONCE, DAILY, WEEKLY, MONTHLY = "once", "daily", "weekly", "monthly"
_DAYS_AHEAD = 800  # a timetable that brings nothing for so long brings nothing at all
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a window is on: from `starts_at` (included) to `ends_at` (not included), both in UTC."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, at: datetime) -> bool:
        """Whether the window is on at this moment."""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a window begins and how long it lasts. `weekdays` (Monday is 0) count for WEEKLY; MONTHLY keeps the first day's number.

    A month that is too short has its window on its last day. `last_day` is the last on which one may begin.
    """

    repeats: str
    first_day: date
    start: time
    duration: timedelta
    zone: ZoneInfo
    weekdays: frozenset[int] = frozenset()
    last_day: date | None = None

    def current_or_next(self, at: datetime, ended_at: datetime | None = None) -> Occurrence | None:
        """The occurrence that is on at this moment, else the next one. What began before `ended_at` was over then."""
        for occurrence in self.occurrences(at - self.duration):
            if ended_at is not None and occurrence.starts_at < ended_at:
                occurrence = Occurrence(occurrence.starts_at, min(occurrence.ends_at, ended_at))
            if occurrence.ends_at > at:
                return occurrence
        return None

    def next_ones(self, at: datetime, most: int = 3) -> list[Occurrence]:
        """The occurrences that are not over at this moment, the first few."""
        ahead = (occurrence for occurrence in self.occurrences(at - self.duration) if occurrence.ends_at > at)
        return list(islice(ahead, most))

    def occurrences(self, since: datetime) -> Iterator[Occurrence]:
        """All that begin at or after this moment, the earliest first."""
        try:
            for day in self._days(since.astimezone(self.zone).date() - _DAY):
                starts_at = datetime.combine(day, self.start, tzinfo=self.zone).astimezone(UTC)
                if starts_at >= since:
                    yield Occurrence(starts_at, starts_at + self.duration)
        except OverflowError:  # the calendar ends with the year 9999, and what is left of it with it
            return

    def _days(self, since: date) -> Iterator[date]:
        """The days on which it begins, not before `since`."""
        if self.repeats == ONCE:
            yield self.first_day
            return
        first = max(since, self.first_day)
        for ahead in range(_DAYS_AHEAD):
            day = first + ahead * _DAY
            if self.last_day is not None and day > self.last_day:
                return
            if self._begins_on(day):
                yield day

    def _begins_on(self, day: date) -> bool:
        if self.repeats == WEEKLY:
            return day.weekday() in self.weekdays
        if self.repeats == MONTHLY:
            return day.day == min(self.first_day.day, calendar.monthrange(day.year, day.month)[1])
        return True
