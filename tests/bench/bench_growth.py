"""How much database a probe leaves behind: thirty days are really stored, rolled up and pruned, at the default retention.

    python -m tests.bench.bench_growth [DAYS]        # a fresh SQLite database in a temporary folder
    DATABASE_URL=postgresql://… python -m tests.bench.bench_growth

Sites fail as sites do: an outage every two weeks or so, with 20 KB of error page, and a hiccup in every 5,000 probes.
PostgreSQL is vacuumed once a simulated day, as its autovacuum does; here a month passes within a minute. It asserts nothing.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import tempfile
import time
from datetime import datetime, timedelta
from typing import Any

from tests.bench.bench_storage import prepare, use_fresh_database

BODY = b"<h1>Internal Server Error</h1>" + b"<p>The server could not complete the request.</p>" * 400
OUTAGE_EVERY = timedelta(days=14)


class Life:
    """What the pages answer from now on, and what the product does with it."""

    def __init__(self, pages: list[Any], interval_s: int, start: datetime) -> None:
        self.pages, self.interval_s, self.start = pages, interval_s, start
        self.chance = random.Random(11)
        self.down_until: dict[int, datetime] = {}
        self.again: list[tuple[datetime, Any]] = []
        self.probes = 0

    def run(self, days: float) -> None:
        from sites.models import Page

        for number in range(1, round(days * 86_400 / self.interval_s)):
            now = self.start + timedelta(seconds=number * self.interval_s)
            Page.objects.filter(due_at__lte=now).update(due_at=now + timedelta(seconds=self.interval_s))
            self._store([self._outcome(page, now, "routine") for page in self.pages], now)
            self._confirm(now)
            self._regular_work(number * self.interval_s, now)

    def _outcome(self, page: Any, at: datetime, purpose: str) -> Any:
        from sites.probing.outcome import Kind, Outcome, Purpose, Timings

        if (
            purpose == "routine"
            and page.pk not in self.down_until
            and self.chance.random() < self.interval_s / OUTAGE_EVERY.total_seconds()
        ):
            self.down_until[page.pk] = at + timedelta(minutes=self.chance.uniform(2, 40))
        if self.down_until.get(page.pk, at) < at:
            del self.down_until[page.pk]
        bad = page.pk in self.down_until or (purpose == "routine" and self.chance.random() < 1 / 5000)
        ms = round(self.chance.lognormvariate(5, 0.4), 1)
        more = {"message": "The site answers 500.", "body": BODY, "excerpt": "Internal Server Error"} if bad else {}
        kind, status = (Kind.SERVER_ERROR, 500) if bad else (Kind.OK, 200)
        return Outcome(
            page.pk, "https://site.example/", Purpose(purpose), at, kind, status, ms=ms, timings=Timings(first_byte_ms=ms), **more
        )

    def _store(self, outcomes: list[Any], now: datetime) -> None:
        from sites.recording import record_batch

        self.probes += record_batch(outcomes, now=now)
        failed = [outcome.key for outcome in outcomes if outcome.is_failure and outcome.purpose == "routine"]
        if failed:
            self.again += [(now + timedelta(seconds=s), page) for page in self.pages if page.pk in failed for s in (5, 20)]

    def _confirm(self, now: datetime) -> None:
        again, self.again = sorted(self.again, key=lambda pair: pair[0]), []
        for at, page in again:
            if at < now + timedelta(seconds=self.interval_s):
                self._store([self._outcome(page, at, "confirmation")], at)

    def _regular_work(self, seconds: int, now: datetime) -> None:
        from sites.history.keeping import prune_history
        from sites.history.rolling import roll_up

        if not seconds % 600:
            roll_up()
        if not seconds % 3600:
            prune_history(now)
        if not seconds % 86_400:
            tidy()


def tidy() -> None:
    """What PostgreSQL does by itself in the course of a day."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")


def sizes() -> dict[str, int]:
    """Bytes by table, with the indexes; on SQLite that of the whole file, since not every build can tell tables apart."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables")
            return dict(cursor.fetchall())
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return {"all": cursor.fetchone()[0]}


def rows() -> str:
    """How many rows there are of what grows."""
    from sites.models import DayRollup, FailureEvidence, HourRollup, Incident, MinuteRollup, ProbeResult, Transition

    models = (ProbeResult, FailureEvidence, Transition, Incident, MinuteRollup, HourRollup, DayRollup)
    return ", ".join(f"{model.objects.count():,} {model._meta.verbose_name_plural}" for model in models)


def measure(interval_s: int, count: int, days: float) -> None:
    """One interval on a database of its own."""
    from django.db import connection
    from django.utils import timezone

    from sites.models import Page, Site

    pages = prepare(count)
    Site.objects.update(interval_s=interval_s)
    # The run ends now, so that nothing of what is stored lies ahead.
    start = timezone.now() - timedelta(days=days)
    Page.objects.update(last_at=start, since=start)
    before, life, began = sizes(), Life(pages, interval_s, start), time.perf_counter()
    life.run(days)
    tidy()
    after = sizes()
    grown = sum(after.values()) - sum(before.values())
    print(
        f"{connection.vendor}, {count} pages every {interval_s} s for {days:g} days: {life.probes:,} probes stored in "
        f"{time.perf_counter() - began:.0f} s left {grown / 1e6:.1f} MB: {grown / life.probes:.1f} bytes per probe\n  {rows()}"
    )
    largest = sorted(((after[name] - before.get(name, 0), name) for name in after), reverse=True)[:6]
    if len(after) > 1:
        print("  " + ", ".join(f"{name.removeprefix('sites_')} {size / life.probes:.1f}" for size, name in largest))


def main() -> None:
    logging.disable(logging.WARNING)  # that there is no broker
    days = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    for interval_s, count in ((60, 12), (20, 4)):
        with tempfile.TemporaryDirectory() as folder:
            pid = os.fork()
            if pid == 0:
                use_fresh_database(folder)
                measure(interval_s, count, days)
                sys.stdout.flush()
                os._exit(0)
            if os.waitpid(pid, 0)[1]:
                sys.exit(1)


if __name__ == "__main__":
    main()
