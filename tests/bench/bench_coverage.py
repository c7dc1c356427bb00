"""How long the server needs for the list of what is blind with many sites, and how many queries it makes.

    python -m tests.bench.bench_coverage [SITES]

Prints the median of 15 requests after 3 to warm up, on a fresh SQLite database in a temporary folder. It measures, it asserts nothing.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time

PATHS = ("/coverage/", "/coverage/?only=no-access-log&sort=account", "/coverage/?q=client-7")


def fill(count: int) -> object:
    """A team with `count` sites on a tenth as many accounts: some of every kind of blindness, half of the sites seen whole."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from diagnostics.models import Baseline, Diagnosis
    from sites.models import Host, Membership, Site, Team, VisitorWatch

    now = timezone.now()
    user = User.objects.create_user("bench", "bench@example.org", "bench-password-1")
    team = Team.objects.create(name="Bench")
    Membership.objects.create(team=team, user=user, role="owner")
    states = ["works"] * 16 + ["refused", "key-changed", "unreachable", "untested"]
    able = ["read", "write", "chmod", "list-modes"]
    hosts = Host.objects.bulk_create(
        Host(team=team, name=f"Account {n:04}", address=f"h{n}.example", user="u", state=states[n % 20], capabilities=able, tested_at=now)
        for n in range(max(1, count // 10))
    )
    sites = Site.objects.bulk_create(
        Site(team=team, name=f"Site {n:05}", url=f"https://client-{n}.example/", host=hosts[n // 10 % len(hosts)] if n % 9 else None,
             docroot="/www" if n % 7 else "", error_log="/logs/error.log" if n % 5 else "", access_log="/logs/access.log" if n % 4 else "")
        for n in range(count)
    )  # fmt: skip
    VisitorWatch.objects.bulk_create(VisitorWatch(site=site, log="read" if n % 3 else "not-found") for n, site in enumerate(sites))
    Diagnosis.objects.bulk_create(Diagnosis(site=site, state="done", requested_at=now) for site in sites[::2])
    facts = {"docroot": "/www", "protocol": "sftp", "taken_at": now, "reason": "daily", "duration_s": 1, "is_whole_look": True}
    Baseline.objects.bulk_create(Baseline(site=site, files=1, counted=0, manifest=b"", **facts) for site in sites[::2])
    return user


def measure(user: object, path: str) -> tuple[float, float, int, int]:
    """Median milliseconds of a request, of CPU and by the clock, its queries and its bytes."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(user)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(path)
        queries = len(captured)
    times, cpu = [], []
    for _ in range(18):
        start = time.perf_counter(), time.process_time()
        client.get(path)
        times.append((time.perf_counter() - start[0]) * 1000)
        cpu.append((time.process_time() - start[1]) * 1000)
    return statistics.median(cpu[3:]), statistics.median(times[3:]), queries, len(page.content)


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
    user = fill(count)
    for path in PATHS:
        cpu, ms, queries, size = measure(user, path)
        told = f"{cpu:.1f} ms of server time, {ms:.1f} ms by the clock (medians of 15), {queries} queries, {size / 1024:.0f} KB"
        print(f"{count} sites, {path}: {told}", flush=True)


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
