"""How long the server needs for the dashboard with many sites and thirty days of history, and how many queries it makes.

    python -m tests.bench.bench_dashboard [SITES]

Prints the median of 15 requests after 3 to warm up, on a fresh SQLite database in a temporary folder. It measures, it asserts nothing.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from datetime import timedelta

DAYS = 30


def fill(count: int) -> object:
    """A team with one member, `count` sites, a day row for each of thirty days, and an open incident on every hundredth."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from sites.history.rollups import pack_times
    from sites.models import DayRollup, Incident, Membership, Page, Site, Team

    now, chance = timezone.now(), random.Random(7)
    user = User.objects.create_user("bench", "bench@example.org", "bench-password-1")
    team = Team.objects.create(name="Bench")
    Membership.objects.create(team=team, user=user, role="owner")
    sites = Site.objects.bulk_create(
        Site(team=team, name=f"Site {n:05}", url=f"https://site-{n}.example/", verdict="down" if n % 100 == 0 else "up",
             kind="server-error" if n % 100 == 0 else "ok", verdict_since=now, last_probe_at=now, last_ms=chance.uniform(30, 900),
             tags=f"client-{n % 40} tier-{n % 3}")
        for n in range(count)
    )  # fmt: skip
    Page.objects.bulk_create(Page(site=site, verdict=site.verdict, kind=site.kind, due_at=now + timedelta(seconds=30)) for site in sites)
    today = now.date()
    DayRollup.objects.bulk_create(
        (
            DayRollup(site=site, day=today - timedelta(days=age), good=1440, failed=chance.choice([0] * 30 + [7]),
                      times=pack_times({20: 800, 24: 600, 30: 40}))
            for site in sites for age in range(DAYS)
        ),
        batch_size=2000,
    )  # fmt: skip
    common = {"fingerprint": "1:bench", "kind": "server-error", "status": 500, "paths": ["/"], "scope": "all-pages", "pattern": "permanent"}
    common |= {"first_failure_at": now, "opened_at": now, "last_seen_at": now, "cause_summary": "Line 12 of .htaccess …"}
    Incident.objects.bulk_create(Incident(site=site, **common) for site in sites if site.verdict == "down")
    return user


def measure(user: object) -> tuple[float, float, int, int]:
    """Median milliseconds of a request, of CPU and by the clock, its queries and its bytes."""
    from django.db import connection, reset_queries
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(user)
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/")
    queries = len(captured)
    times, cpu = [], []
    for _ in range(18):
        reset_queries()
        start = time.perf_counter(), time.process_time()
        client.get("/")
        times.append((time.perf_counter() - start[0]) * 1000)
        cpu.append((time.process_time() - start[1]) * 1000)
    return statistics.median(cpu[3:]), statistics.median(times[3:]), queries, len(page.content)


def failing_now() -> tuple[float, int]:
    """Median CPU milliseconds of the question which sites fail now, with their incidents, and how many rows come back."""
    from sites.fleet import failing

    times = []
    for _ in range(18):
        start = time.process_time()
        rows = failing()
        times.append((time.process_time() - start) * 1000)
    return statistics.median(times[3:]), len(rows)


def run(count: int, folder: str) -> None:
    """One size on a database of its own, in a process of its own."""
    os.environ.update(
        SITEMEND_VAR_DIR=folder,
        DATABASE_URL=f"sqlite:///{folder}/bench.sqlite3",
        SITEMEND_ALLOWED_HOSTS="testserver",
        DJANGO_SETTINGS_MODULE="config.settings",
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    cpu, ms, queries, size = measure(fill(count))
    print(
        f"{count} sites, {DAYS} days: {cpu:.1f} ms of server time, {ms:.1f} ms by the clock (medians of 15), "
        f"{queries} queries, {size / 1024:.0f} KB",
        flush=True,
    )
    ms, rows = failing_now()
    print(f"  every site failing now, with its incident: {ms:.1f} ms for {rows} rows", flush=True)


def main() -> None:
    for count in [int(sys.argv[1])] if len(sys.argv) > 1 else [10, 1000, 10_000]:
        with tempfile.TemporaryDirectory() as folder:
            pid = os.fork()
            if pid == 0:
                run(count, folder)
                os._exit(0)
            if os.waitpid(pid, 0)[1]:
                sys.exit(1)


if __name__ == "__main__":
    main()
