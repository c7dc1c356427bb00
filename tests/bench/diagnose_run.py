"""The diagnoses that `bench_diagnose` measures, made by a process of their own, so that its memory can be told.

    python -m tests.bench.diagnose_run < GIVEN.json      (in the environment of a bench's installation)

GIVEN: how the account is reached, where the site lies, and how often it is diagnosed. It prints what each diagnosis took.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sites.models import Site


def _site(given: dict[str, Any]) -> Site:
    """Registered under a name of its own: the database serves all runs of a bench."""
    from diagnostics.connections import connecting
    from diagnostics.transports.base import ConnectionDetails
    from sites.models import Team
    from sites.registration import register_site

    team, _made = Team.objects.get_or_create(name="Bench")
    secret = {name: given[name] for name in ("password", "private_key", "host_key") if given.get(name)}
    details = ConnectionDetails(given["protocol"], given["address"], given["port"], given["user"], **secret)
    host = connecting.create_host(team=team, name=given["name"], details=details, profile=given["profile"])
    places = {name: given[name] for name in ("docroot", "error_log", "access_log")}
    return register_site(team=team, name=given["name"], url=given["url"], paths=(), host=host, **places)


def in_stages(site: Site) -> dict[str, Any]:
    """One diagnosis step by step: when it connected, when what was read so far gave the cause, and when all was read."""
    from django.utils import timezone

    from diagnostics import diagnosing, examining
    from diagnostics.checks.registry import run_checks
    from diagnostics.connections import purposes
    from diagnostics.evidence import Evidence
    from diagnostics.facts import changes
    from diagnostics.facts.gather import TIME_LIMIT_S, SitePaths, stages

    view = examining.look(site)
    first, moments, begun = None, [], time.monotonic()
    paths = SitePaths(site.docroot, site.error_log, site.access_log)
    with purposes.doing("diagnosis", site=site), diagnosing.opened(site) as (reader, error):
        if reader is None:
            raise SystemExit(f"the account could not be opened: {error}")
        connected = time.monotonic()
        seen = Evidence(view, site.profile_name, reader.protocol, docroot=site.docroot, read_at=timezone.now())
        for evidence in stages(reader, seen, paths, time.monotonic() + TIME_LIMIT_S):
            moments.append(time.monotonic())
            found = run_checks(replace(evidence, changes=changes.by_times(evidence))).findings
            if first is None and found and found[0].severity == "critical" and found[0].confidence >= 0.8:
                first = moments[-1]
    return {"begun": begun, "connected": connected, "first": first, "stages": moments, "ended": time.monotonic()}


def _peak_mb() -> float:
    """The most memory this process has had, in megabytes."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def main() -> None:
    import django

    given = json.loads(sys.stdin.read())
    django.setup()
    from django.core.management import call_command

    if given.get("make"):
        call_command("migrate", verbosity=0, interactive=False)
        return
    from diagnostics import diagnosing

    site = _site(given)
    seconds, causes = [], []
    for _number in range(given["runs"]):
        begun = time.monotonic()
        made = diagnosing.diagnose_now(site)
        seconds.append(time.monotonic() - begun)
        first = made.findings.first()
        causes.append(f"{first.cause} {first.path}:{first.line}" if first else made.error or "nothing")
    staged = in_stages(site) if given["staged"] else {}
    print(json.dumps({"seconds": seconds, "causes": causes, "staged": staged, "peak_mb": _peak_mb()}))


if __name__ == "__main__":
    main()
