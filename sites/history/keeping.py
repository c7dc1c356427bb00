"""What is kept of the past and for how long: good results for hours, failures for months, figures by minute, hour and day in their turn.

Everything goes a little at a time, each time in a transaction of its own: the database is free for others in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from sites.bulk import any_of, keys, moment
from sites.history.rolling import hour_of
from sites.models import DayRollup, HourRollup, MinuteRollup, Notification, ProbeResult, RollupMark, Site, Transition
from sites.models.probe import Counts
from sites.probing.outcome import Kind

GOOD_RESULTS_FOR = timedelta(hours=6)
GOOD_RESULTS_AT_LEAST = 24  # of a page that is probed seldom
FAILURES_FOR = timedelta(days=90)
MINUTES_FOR = timedelta(hours=25)  # a day and the hour that has begun
HOURS_FOR = timedelta(days=90)
DAYS_FOR = timedelta(days=731)
MAIL_BODIES_FOR = timedelta(days=365)
_AT_ONCE = 2000  # rows of one deletion
_SITES_AT_ONCE = 200  # whose old figures are removed together
_MOST_ROUNDS = 500


def prune_history(now: datetime | None = None) -> dict[str, int]:
    """Removes what has been kept long enough. Returns how many rows of each kind."""
    now = now or timezone.now()
    failures = ProbeResult.objects.filter(at__lt=now - FAILURES_FOR).exclude(kind=Kind.OK)
    return {
        "good": _prune_good(now),
        "failures": _delete(failures),
        "transitions": _delete(Transition.objects.filter(at__lt=now - FAILURES_FOR)),
        "minutes": _prune_figures(MinuteRollup, "hour", hour_of(now - MINUTES_FOR)),
        "hours": _prune_figures(HourRollup, "hour", hour_of(now - HOURS_FOR)),
        "days": _prune_figures(DayRollup, "day", str((now - DAYS_FOR).date())),
        "mail_bodies": _empty_mails(now),
    }


def _prune_good(now: datetime) -> int:
    """Good results that are old enough and counted. The newest of a page that is probed seldom stay longer."""
    mark = RollupMark.objects.filter(pk=1).values_list("result_id", flat=True).first() or 0
    total = 0
    for rows in _good_before(now - GOOD_RESULTS_FOR):
        ids = [
            pk
            for pk, _at, counts, interval_s, age_s in rows
            if (counts != Counts.GOOD or pk <= mark) and age_s + GOOD_RESULTS_FOR.total_seconds() > interval_s * GOOD_RESULTS_AT_LEAST
        ]
        if ids:
            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM sites_proberesult WHERE id {any_of()}", [keys(ids)])  # noqa: S608 (no value is part of it)
        total += len(ids)
    return total


def _good_before(bound: datetime) -> Iterator[list[tuple[int, object, int, int, float]]]:
    """(key, moment, counts, interval in seconds, seconds before `bound`) of good results, oldest first, a batch at a time."""
    age = {"sqlite": "strftime('%%s', %s) - strftime('%%s', r.at)", "postgresql": "EXTRACT(EPOCH FROM %s - r.at)::float"}[connection.vendor]
    text = {"sqlite": "r.at || ''", "postgresql": "r.at"}[connection.vendor]  # as it is stored, to go on from there
    sql = f"""
        SELECT r.id, {text}, r.counts, s.interval_s, {age}
        FROM sites_proberesult r JOIN sites_page p ON p.id = r.page_id JOIN sites_site s ON s.id = p.site_id
        WHERE r.kind = 'ok' AND r.at < %s AND (r.at, r.id) > (%s, %s) ORDER BY r.at, r.id LIMIT {_AT_ONCE}"""  # noqa: S608
    last: tuple[object, int] = (moment(datetime(1970, 1, 1, tzinfo=bound.tzinfo)), 0)
    for _round in range(_MOST_ROUNDS):
        with connection.cursor() as cursor:
            cursor.execute(sql, [moment(bound), moment(bound), *last])
            rows = list(cursor.fetchall())
        if rows:
            yield rows
        if len(rows) < _AT_ONCE:
            return
        last = (rows[-1][1], rows[-1][0])


def _prune_figures(model: type[MinuteRollup | HourRollup | DayRollup], name: str, before: int | str) -> int:
    """By sites, along the one index there is: one by time would cost more room than what it finds."""
    ids = list(Site.objects.order_by("pk").values_list("pk", flat=True))
    sql = f"DELETE FROM {model._meta.db_table} WHERE site_id {any_of()} AND {name} < %s"  # noqa: S608 (names of our models)
    total = 0
    for start in range(0, len(ids), _SITES_AT_ONCE):
        with connection.cursor() as cursor:
            cursor.execute(sql, [keys(ids[start : start + _SITES_AT_ONCE]), before])
            total += cursor.rowcount
    return total


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


def _empty_mails(now: datetime) -> int:
    """The bodies of old mails; that they were sent, to whom and when stays."""
    old = Notification.objects.filter(created_at__lt=now - MAIL_BODIES_FOR).exclude(body_text="", body_html="")
    ids = list(old.values_list("pk", flat=True)[:_AT_ONCE])
    return Notification.objects.filter(pk__in=ids).update(body_text="", body_html="") if ids else 0
