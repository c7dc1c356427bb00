"""The product under a bench: an installation of its own in a temporary folder, filled with sites, run as people run it.

python -m tests.bench.product fill JSON      (in the environment of that installation)
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests import prepared
from tests.config.running import ROOT, Up

SETTLED_S = 45.0  # after the very first probes: those that met a 500 are confirmed or forgotten by then


@dataclass
class Product:
    """One installation; `settings` are environment variables."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = {"SITEMEND_VAR_DIR": str(self.folder), "SITEMEND_ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "config.settings"}
        lifted = {"SITEMEND_PROBES_PER_ADDRESS": "1000", "SITEMEND_ALLOWED_NETWORKS": "127.0.0.0/8"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SITEMEND_")}
        return kept | {"DATABASE_URL": "", "REDIS_URL": "", "EMAIL_URL": ""} | own | lifted | self.settings

    def fill(self, urls: list[str], interval_s: int) -> None:
        """Registers these sites in a new database; all are due at once."""
        if self.settings.get("DATABASE_URL"):
            self.folder.mkdir(parents=True, exist_ok=True)
        else:
            prepared.installation(self.folder)
        self._ask("fill", {"urls": urls, "interval_s": interval_s})

    def all_due(self, due: float) -> None:
        """Makes every page due at this moment, in seconds since 1970."""
        self._ask("all_due", {"due": due})

    def until_stored(self, number: int, *, since: float = 0.0, limit_s: float = 300.0) -> float:
        """Waits until so many pages have a result of a later moment; when that was so. Moments are seconds since 1970."""
        return float(self._ask("until_stored", {"number": number, "since": since, "limit_s": limit_s}))

    def results(self) -> list[tuple[int, float, str]]:
        """Page, moment and kind of every stored regular result, in order."""
        return [(page, at, kind) for page, at, kind in self._ask("results", {})]

    def _ask(self, verb: str, arguments: dict[str, Any]) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.product", verb], input=json.dumps(arguments), env=self.environment, cwd=ROOT,
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout.splitlines()[-1])

    @contextlib.contextmanager
    def running(self, *, core: int | None = None) -> Iterator[Up]:
        """`manage.py up`, until its port answers and its workers are ready; everything is stopped at the end."""
        pin = () if core is None else ("taskset", "-c", str(core))
        up = Up(self.folder, prefix=pin, **self.environment)
        try:
            up.ready()
            yield up
        finally:
            if up.process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    up.stop(signal.SIGTERM, 40)
            up.clean()

    @contextlib.contextmanager
    def worker(self, *, threads: int) -> Iterator[int]:
        """A worker for probes by itself, as on a machine of its own; its process id."""
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker", "--queues", "probes", "--pool", "threads"]
        command += ["--concurrency", str(threads), "--hostname", f"more{os.urandom(3).hex()}@%h"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(command, env=self.environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _fill(urls: list[str], interval_s: int) -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from sites.models import Page, Site, Team
    from sites.scheduling import first_due

    call_command("migrate", verbosity=0, interactive=False)
    team = Team.objects.create(name="Bench")
    sites = Site.objects.bulk_create(
        (Site(team=team, name=f"Site {n:05}", url=url, interval_s=interval_s) for n, url in enumerate(urls)), batch_size=2000
    )
    firsts = (first_due(interval_s, timezone.now()) for _site in sites)
    pages = [Page(site=site, due_at=due_at, anchor_at=anchor) for site, (due_at, anchor) in zip(sites, firsts, strict=True)]
    Page.objects.bulk_create(pages, batch_size=2000)
    return len(pages)


def _results() -> list[tuple[int, float, str]]:
    import django

    django.setup()
    from sites.models import ProbeResult

    found = ProbeResult.objects.filter(purpose="routine").order_by("at", "id").values_list("page", "at", "kind")
    return [(page, at.timestamp(), kind) for page, at, kind in found]


def _all_due(due: float) -> int:
    import django

    django.setup()
    from sites.models import Page

    return Page.objects.update(due_at=datetime.fromtimestamp(due, UTC))


def _until_stored(number: int, since: float, limit_s: float) -> float:
    import django

    django.setup()
    from sites.models import Page

    end = time.monotonic() + limit_s
    while (stored := Page.objects.filter(last_at__gte=datetime.fromtimestamp(since, UTC)).count()) < number:
        if time.monotonic() > end:
            raise SystemExit(f"only {stored} of {number} pages have a result after {limit_s:g} s")
        time.sleep(0.1)
    return time.time()


if __name__ == "__main__":
    _given = json.loads(sys.stdin.read())
    _verbs = {"fill": _fill, "all_due": _all_due, "results": _results, "until_stored": _until_stored}
    print(json.dumps(_verbs[sys.argv[1]](**_given)))
