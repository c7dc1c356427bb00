"""What storing and judging costs.

    python -m tests.bench.bench_storage            # a fresh SQLite database in a temporary folder
    DATABASE_URL=postgresql://… python -m tests.bench.bench_storage

CPU seconds are those of this process (a database server's are its own). It measures, it asserts nothing.
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import timedelta
from typing import Any

SITES = 1000
ROUNDS = 12


def prepare(count: int = SITES) -> list[Any]:
    """A team and `count` sites of one page each that are well; returns the pages."""
    from django.utils import timezone

    from sites.models import Page, Site, Team

    now = timezone.now()
    team = Team.objects.create(name=f"Bench {now.timestamp()}")
    rows = [
        Site(team=team, name=f"{team.name} {n:05}", url=f"https://site-{n}.example/", verdict="up", kind="ok", verdict_since=now)
        for n in range(count)
    ]
    sites = Site.objects.bulk_create(rows)
    common = {"verdict": "up", "kind": "ok", "since": now, "last_at": now, "anchor_at": now, "due_at": now + timedelta(days=400)}
    return Page.objects.bulk_create(Page(site=site, **common) for site in sites)


def outcomes(pages: list[Any], at: Any, kind: str = "ok") -> list[Any]:
    """What the engine would bring back of these pages."""
    from sites.probing.outcome import Kind, Outcome, Purpose, Timings

    timings = Timings(1.0, 2.0, 3.0, 41.5, 52.5)
    status = 200 if kind == "ok" else 500
    return [
        Outcome(key=page.pk, url="https://site.example/", purpose=Purpose.ROUTINE, at=at, kind=Kind(kind), status=status, ms=52.5,
                timings=timings, final_url="https://site.example/", address="192.0.2.7", headers=(("Content-Type", "text/html"),) * 8)
        for page in pages
    ]  # fmt: skip


def hot_path(pages: list[Any], batch: int, rounds: int = ROUNDS) -> tuple[float, float]:
    """CPU and wall seconds per 1,000 good outcomes of pages that are up, stored in batches of this size; the first round warms up."""
    from sites.models import Page
    from sites.recording import record_batch

    start, cpu, wall, stored = Page.objects.latest("last_at").last_at, 0.0, 0.0, 0
    for number in range(1, rounds + 2):
        now = start + timedelta(seconds=60 * number)
        found = outcomes(pages, now)
        before = time.process_time(), time.perf_counter()
        new = sum(record_batch(found[n : n + batch], now=now) for n in range(0, len(found), batch))
        if number > 1:
            cpu, wall, stored = cpu + time.process_time() - before[0], wall + time.perf_counter() - before[1], stored + new
    return cpu / stored * 1000, wall / stored * 1000


def use_fresh_database(folder: str) -> None:
    """Settings of a bench: a state folder of its own, SQLite in it unless DATABASE_URL says otherwise."""
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
    os.environ.update(SITEMEND_VAR_DIR=folder, SITEMEND_ENV_FILE=os.devnull, DJANGO_SETTINGS_MODULE="config.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def rolling_up(pages: list[Any]) -> float:
    """CPU seconds of the regular task per 1,000 results, of one minute's results of these pages."""
    from sites.history.rolling import roll_up
    from sites.models import Page
    from sites.recording import record_batch

    roll_up()
    start, cpu, counted = Page.objects.latest("last_at").last_at, 0.0, 0
    for number in range(1, 9):
        now = start + timedelta(seconds=60 * number)
        record_batch(outcomes(pages, now), now=now)
        before = time.process_time()
        counted += roll_up()
        cpu += time.process_time() - before
    return cpu / counted * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        use_fresh_database(folder)
        from django.db import connection

        pages = prepare()
        for batch in (10, 50, 200, 1000):
            cpu, wall = hot_path(pages, batch)
            print(f"{connection.vendor}, batches of {batch}: {cpu:.3f} CPU s and {wall:.3f} s per 1,000 good outcomes", flush=True)
        print(
            f"{connection.vendor}: the figures by minute, hour and day cost {rolling_up(pages):.3f} CPU s per 1,000 results more",
            flush=True,
        )


if __name__ == "__main__":
    main()
