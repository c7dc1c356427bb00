"""SIGKILL of the worker amid a trial that nobody said yes to: a fresh process puts everything back, ends the run, and says so by mail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.diagnostics.changes.test_killed_at_every_step import empty_database
from tests.diagnostics.trying.places import tree_of
from tests.diagnostics.trying.test_killed import Installation, installed
from tests.lab.apache import why_missing

__all__ = ["empty_database", "installed"]
pytestmark = pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there")
PREPARE = """
import json
from django.contrib.auth import get_user_model
from django.utils import timezone
from sites import registration
from sites.credentials import set_host_secrets
from sites.models import *
from diagnostics.models import *
job = json.loads({job!r})
team = Team.objects.create(name="t")
user = get_user_model().objects.create(username="u", email="owner@example.org")
Membership.objects.create(team=team, user=user, wants_mail=True)
host = Host(team=team, name="h", **{"capabilities": ["read", "write", "rename"], **job["host"], "state": "works"})
set_host_secrets(host, **job["secrets"])
host.save()
site = Site.objects.create(team=team, name="shop", url=job["url"], host=host, docroot=job["docroot"], trials="bisect-htaccess",
                           verdict="down", kind="server-error", pattern="permanent")
registration.set_pages(site, ["/index.html"])
now = timezone.now()
Incident.objects.create(site=site, fingerprint="f", kind="server-error", status=500, first_failure_at=now, opened_at=now, last_seen_at=now,
                        paths=["/index.html"], pattern="permanent")
Diagnosis.objects.create(site=site, incident=Incident.objects.get(), state="queued", requested_at=now)
"""
WORK = """
from diagnostics import tasks
from diagnostics.models import Step
tasks.diagnose(1)
tasks.run_step(Step.objects.get().pk)
"""
RECOVER = """
from diagnostics import tasks
from diagnostics.models import HostLock, ConnectionLease
HostLock.objects.update(lease_until=None)
ConnectionLease.objects.all().delete()
tasks.recover_journal()
tasks.sweep_diagnoses()
tasks.sweep_diagnoses()
"""


@pytest.mark.parametrize("transport", ["ssh"])
def test_killed_run_is_put_back_ended_and_told(
    installed: tuple[Installation, dict], transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation, job = installed
    told = json.dumps({name: job[name] for name in ("host", "secrets", "url", "docroot")})
    installation.run(PREPARE.replace("{job!r}", repr(told)))
    before = tree_of(installation.docroot)
    monkeypatch.setattr("tests.diagnostics.trying.test_killed.WORK", WORK)
    installation.killed_at(3)
    assert tree_of(installation.docroot) != before, "it was killed in the middle"
    installation.run(RECOVER)
    assert tree_of(installation.docroot) == before
    assert installation.ask("select state from diagnostics_step") == [("taken-back",)]
    assert installation.ask("select count(*) from diagnostics_journalentry where state != 'taken-back'") == [(0,)]
    assert installation.ask("select count(*), count(ended_at) from diagnostics_trialrun") == [(1, 1)]
    assert installation.ask("select count(*) from sites_notification where kind = 'trial'") == [(1,)]
    (note,) = installation.ask("select trials_note from sites_incident")[0]
    assert ".htaccess" in note and "everything it had changed was taken back" in note
    assert Path(installation.docroot / ".htaccess").read_bytes() == before[".htaccess"][0]
