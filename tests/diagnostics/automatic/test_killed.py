"""SIGKILL of the worker amid a repair that nobody said yes to: a fresh process takes it all back, ends it, stops the next, says so."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.diagnostics.automatic.conftest import EVERYTHING
from tests.diagnostics.changes.test_killed_at_every_step import empty_database
from tests.diagnostics.trying.places import tree_of
from tests.diagnostics.trying.test_killed import Installation, installed
from tests.lab.apache import why_missing

__all__ = ["empty_database", "installed"]
pytestmark = pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there")
FAULTY = b"RewritEngine On\nAddCharsett utf-8 .x\nOptions -Indexes\n"  # two faults: the second shows when the first is mended
PREPARE = """
import json
from django.contrib.auth import get_user_model
from sites import registration
from sites.credentials import set_host_secrets
from sites.models import *
from diagnostics.models import *
from django.utils import timezone
job = json.loads({job!r})
team = Team.objects.create(name="t")
user = get_user_model().objects.create(username="u", email="owner@example.org")
Membership.objects.create(team=team, user=user, wants_mail=True)
host = Host(team=team, name="h", **{"capabilities": ["read", "write", "rename", "chmod", "list-modes"], **job["host"], "state": "works"})
set_host_secrets(host, **job["secrets"])
host.save()
site = Site.objects.create(team=team, name="shop", url=job["url"], host=host, docroot=job["docroot"], auto_repair=job["policy"],
                           verdict="down", kind="server-error", pattern="permanent")
registration.set_pages(site, ["/index.html"])
now = timezone.now()
incident = Incident.objects.create(site=site, fingerprint="f", kind="server-error", status=500, first_failure_at=now, opened_at=now,
                                   last_seen_at=now, paths=["/index.html"], pattern="permanent")
Diagnosis.objects.create(site=site, incident=incident, state="queued", requested_at=now)
from diagnostics import tasks
tasks.diagnose(1)
print(AutomaticRepair.objects.get().state)
"""
WORK = "from diagnostics import tasks; tasks.repair_by_policy(1)"
RECOVER = """
from diagnostics import tasks
from diagnostics.models import HostLock, ConnectionLease
HostLock.objects.update(lease_until=None)
ConnectionLease.objects.all().delete()
tasks.recover_journal()
tasks.repair_by_policy(1)
tasks.repair_by_policy(1)
tasks.sweep_diagnoses()
"""


def killed_when(installation: Installation, reached: str) -> None:
    """A worker that makes the repair, killed once this is so in the database."""
    worker = installation.start(WORK)
    deadline = time.monotonic() + 90
    while not installation.ask(reached)[0][0]:
        assert worker.poll() is None and time.monotonic() < deadline, worker.communicate()
        time.sleep(0.001)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()


CLAIMED = "select count(*) from diagnostics_automaticrepair where state = 'working'"
FIRST = "select count(*) from diagnostics_journalentry where state = 'applied'"
SECOND = f"select ({FIRST}) >= 2"


@pytest.mark.parametrize("transport", ["ssh"])
@pytest.mark.parametrize(("reached", "changed"), [(CLAIMED, 0), (FIRST, 1), (SECOND, 2)])
def test_killed_repair_is_taken_back_ended_and_told(
    installed: tuple[Installation, dict], transport: str, reached: str, changed: int
) -> None:
    installation, job = installed
    path = Path(installation.docroot / ".htaccess")
    path.write_bytes(FAULTY)
    told = {name: job[name] for name in ("host", "secrets", "url", "docroot")} | {"policy": {**EVERYTHING, "confidence": 0.6}}
    assert installation.run(PREPARE.replace("{job!r}", repr(json.dumps(told)))).endswith("queued")
    before = tree_of(installation.docroot)
    killed_when(installation, reached)
    assert (tree_of(installation.docroot) != before) is bool(changed)
    installation.run(RECOVER)
    assert tree_of(installation.docroot) == before
    (row,) = installation.ask("select state, outcome, message from diagnostics_automaticrepair")
    assert row[:2] == ("ended", "taken-back" if changed else "nothing"), row
    steps = {state for (state,) in installation.ask("select state from diagnostics_step where automatic_id is not null")}
    assert steps == ({"taken-back"} if changed else set())
    assert installation.ask("select count(*) from diagnostics_journalentry where state != 'taken-back'") == [(0,)]
    mails = installation.ask("select count(*) from sites_notification where kind = 'automatic'")
    stopped = installation.ask("select count(*) from sites_site where auto_stopped_at is not null")
    assert (mails, stopped) == ([(int(changed > 0),)], [(int(changed > 0),)])
    assert installation.ask("select count(*) from diagnostics_repaircase where closed_at is null") == [(0,)]
