"""Raw results become figures by minute, hour and day: a regular task counts each result once, whenever it came in.

Good results are counted by their keys: a mark says up to which one. Failures are few, are kept for long and change their meaning
when they are confirmed: the hours in which that happened are noted (`RollupTouch`) and their failures counted afresh.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max, Model

from sites.bulk import any_of, insert_rows, keys, moment
from sites.history import rollups
from sites.history.rollups import Figures
from sites.models import DayRollup, HourRollup, MinuteRollup, ProbeResult, RollupMark, RollupTouch
from sites.models.probe import Counts
from sites.storing.calm import WRITING

log = logging.getLogger(__name__)

RESULTS_AT_ONCE = 20_000  # of one transaction, which takes less than a second
_TOUCHES_AT_ONCE = 2_000
_MOST_ROUNDS = 100  # of one run: after a pause the next run goes on
_WAIT_FOR_WRITERS = "10s"

_Hour = tuple[int, int]  # site, hours since 1970
_Day = tuple[int, date]
K = TypeVar("K", int, date)


def hour_of(at: datetime) -> int:
    """Hours since 1970: the key of an hour's figures."""
    return int(at.timestamp() // 3600)


def start_of(hour: int) -> datetime:
    """When an hour began."""
    return datetime.fromtimestamp(hour * 3600, UTC)


def day_of(hour: int) -> date:
    """The UTC day that an hour belongs to."""
    return start_of(hour).date()


def noon_of(day: date) -> datetime:
    """The middle of a UTC day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def touch(failures: Iterable[tuple[int, datetime]]) -> None:
    """Notes whose failures changed when, as (site, moment); in the transaction that changed them."""
    insert_rows(RollupTouch, ("site", "hour"), sorted({(site_id, hour_of(at)) for site_id, at in failures}))


def roll_up() -> int:
    """Counts what came in since the last run; returns how many results and touched hours that were. Harmless when run twice or at once."""
    last = _last_settled()
    done = 0
    for _round in range(_MOST_ROUNDS):
        mark, _made = RollupMark.objects.get_or_create(pk=1)
        work = _Work(mark, last)
        work.read()
        if not work.store():
            continue  # somebody else was faster: from the new mark on
        done += work.size
        if work.is_last:
            break
    return done


def _last_settled() -> int:
    """The newest result of which every older one is committed, too.

    PostgreSQL gives out keys before the commit: its writers share an advisory lock, and we wait once until none is in between.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{_WAIT_FOR_WRITERS}'")
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITING])
        return ProbeResult.objects.aggregate(last=Max("pk"))["last"] or 0


@dataclass(slots=True)
class _Work:
    """One transaction's worth: read without a lock, stored only if nobody has moved the mark meanwhile."""

    mark: RollupMark
    last: int
    upto: int = 0
    is_last: bool = False
    size: int = 0
    touches: list[int] = field(default_factory=list)
    minutes: dict[_Hour, dict[int, Figures]] = field(default_factory=dict)
    hours: dict[_Hour, Figures] = field(default_factory=dict)
    days: dict[_Day, Figures] = field(default_factory=dict)

    def read(self) -> None:
        good = self._read_good()
        touched = self._read_touches() if self.is_last else set()
        self._load({*good, *touched})
        for key, minutes in good.items():
            self._add(key, minutes)
        for key, failures in _failures(touched).items():
            self._recount(key, failures)

    @property
    def days_have_them(self) -> bool:
        """Whether these results are older than the mark itself: they were counted for their day as they came in."""
        return self.mark.result_id < self.mark.days_from_id

    def _read_good(self) -> dict[_Hour, dict[int, Figures]]:
        bound = min(self.last, self.mark.days_from_id) if self.days_have_them else self.last
        sql = f"""
            SELECT r.id, p.site_id, {_MINUTES[connection.vendor]}, r.ms
            FROM sites_proberesult r JOIN sites_page p ON p.id = r.page_id
            WHERE r.id > %s AND r.id <= %s AND r.counts = {Counts.GOOD:d} ORDER BY r.id LIMIT {RESULTS_AT_ONCE}"""  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [self.mark.result_id, bound])
            rows = cursor.fetchall()
        found: dict[_Hour, dict[int, Figures]] = defaultdict(dict)
        for _pk, site_id, minute, ms in rows:
            figures = found[site_id, minute // 60].setdefault(minute % 60, Figures())
            figures.good += 1
            if ms is not None:
                number = rollups.time_class(ms)
                figures.times[number] = figures.times.get(number, 0) + 1
        full = len(rows) == RESULTS_AT_ONCE
        self.upto = max(self.mark.result_id, rows[-1][0] if full else bound)
        self.is_last = self.upto >= self.last
        self.size = len(rows)
        return found

    def _read_touches(self) -> set[_Hour]:
        rows = list(RollupTouch.objects.order_by("pk").values_list("pk", "site_id", "hour")[:_TOUCHES_AT_ONCE])
        self.touches = [pk for pk, _site, _hour in rows]
        self.is_last = len(rows) < _TOUCHES_AT_ONCE
        touched = {(site_id, hour) for _pk, site_id, hour in rows}
        self.size += len(touched)
        return touched

    def _load(self, wanted: set[_Hour]) -> None:
        """What stands so far of the hours and days concerned. Nobody else writes there without moving the mark."""
        for hour, sites in _grouped(wanted).items():
            self.minutes |= {
                (pk, hour): rollups.unpack_minutes(bytes(packed)) for pk, packed in _stored(MinuteRollup, hour, sites, "packed")
            }
            self.hours |= {(pk, hour): figures_of(row) for pk, *row in _stored(HourRollup, hour, sites, *FIGURES)}
        for day, those in _grouped({(site_id, day_of(hour)) for site_id, hour in wanted}).items():
            self.days |= {(pk, day): figures_of(row) for pk, *row in _stored(DayRollup, day, those, *FIGURES)}

    def _add(self, key: _Hour, minutes: Mapping[int, Figures]) -> None:
        stored = self.minutes.setdefault(key, {})
        for number, figures in minutes.items():
            stored.setdefault(number, Figures()).add(figures)
        new = rollups.total(minutes.values())
        self.hours.setdefault(key, Figures()).add(new)
        if not self.days_have_them:
            self._day(key).add(new)

    def _recount(self, key: _Hour, failures: Mapping[int, tuple[int, int]]) -> None:
        """Sets the failures of an hour: `failures` maps a minute to (suspect, failed). Its day changes by the difference."""
        minutes, hour, day = self.minutes.setdefault(key, {}), self.hours.setdefault(key, Figures()), self._day(key)
        for number in {*minutes, *failures}:
            figures = minutes.setdefault(number, Figures())
            figures.suspect, figures.failed = failures.get(number, (0, 0))
        suspect, failed = (sum(pair[n] for pair in failures.values()) for n in (0, 1))
        day.suspect, day.failed = max(0, day.suspect + suspect - hour.suspect), max(0, day.failed + failed - hour.failed)
        hour.suspect, hour.failed = suspect, failed

    def _day(self, key: _Hour) -> Figures:
        return self.days.setdefault((key[0], day_of(key[1])), Figures())

    def store(self) -> bool:
        """False when somebody else has moved the mark, or a site was deleted meanwhile: nothing is stored then."""
        try:
            with transaction.atomic():
                mine = RollupMark.objects.filter(pk=1, version=self.mark.version)
                if not mine.update(version=F("version") + 1, result_id=self.upto):
                    return False
                packed = [(*key, rollups.pack_minutes(minutes)) for key, minutes in self.minutes.items()]
                insert_rows(MinuteRollup, ("site", "hour", "packed"), packed, unique=("site", "hour"))
                insert_rows(HourRollup, ("site", "hour", *FIGURES), _rows(self.hours), unique=("site", "hour"))
                insert_rows(DayRollup, ("site", "day", *FIGURES), _rows(self.days), unique=("site", "day"))
                RollupTouch.objects.filter(pk__in=self.touches).delete()
        except IntegrityError as error:
            log.info("rolled up again, since a site was deleted meanwhile: %s", error)
            return False
        return True


FIGURES = ("good", "suspect", "failed", "times")
_MINUTES = {
    "sqlite": "CAST(strftime('%%s', r.at) AS INTEGER) / 60",
    "postgresql": "FLOOR(EXTRACT(EPOCH FROM r.at) / 60)::bigint",
}


def figures_of(row: Sequence[Any]) -> Figures:
    """A stored row's `FIGURES` as plain values."""
    good, suspect, failed, times = row
    return Figures(good, suspect, failed, rollups.unpack_times(bytes(times)))


def _rows(figures: Mapping[tuple[int, Any], Figures]) -> list[tuple[Any, ...]]:
    return [(*key, row.good, row.suspect, row.failed, rollups.pack_times(row.times)) for key, row in figures.items()]


def _grouped(those: Iterable[tuple[int, K]]) -> dict[K, list[int]]:
    """Sites by hour or day: late results may lie months apart, and what lies between is not read."""
    found: dict[K, list[int]] = defaultdict(list)
    for site_id, span in sorted(those):
        found[span].append(site_id)
    return found


def _stored(model: type[Model], span: int | date, site_ids: list[int], *columns: str) -> list[Any]:
    """The rows of these sites for one hour or day, as plain values, the site first."""
    table, name = model._meta.db_table, "day" if isinstance(span, date) else "hour"
    sql = f"SELECT site_id, {', '.join(columns)} FROM {table} WHERE {name} = %s AND site_id {any_of()}"  # noqa: S608 (our names)
    with connection.cursor() as cursor:
        cursor.execute(sql, [str(span) if name == "day" else span, keys(site_ids)])
        return list(cursor.fetchall())


def _failures(touched: set[_Hour]) -> dict[_Hour, dict[int, tuple[int, int]]]:
    """The failing routine probes of these hours by minute: (suspect, failed). An hour without any is there, too, and empty."""
    found: dict[_Hour, dict[int, tuple[int, int]]] = {key: {} for key in touched}
    sql = f"""
        SELECT p.site_id, {_MINUTES[connection.vendor]} AS minute, r.counts, COUNT(*)
        FROM sites_proberesult r JOIN sites_page p ON p.id = r.page_id
        WHERE r.counts > {Counts.GOOD:d} AND r.at >= %s AND r.at < %s AND p.site_id {any_of()}
        GROUP BY p.site_id, minute, r.counts"""  # noqa: S608 (no value is part of it)
    for hour, sites in _grouped(touched).items():
        with connection.cursor() as cursor:
            cursor.execute(sql, [moment(start_of(hour)), moment(start_of(hour + 1)), keys(sites)])
            for site_id, minute, counts, number in cursor.fetchall():
                suspect, failed = found[site_id, hour].get(minute % 60, (0, 0))
                added = (suspect, failed + number) if counts == Counts.FAILED else (suspect + number, failed)
                found[site_id, hour][minute % 60] = added
    return found
