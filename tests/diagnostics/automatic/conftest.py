"""The practice site's real servers, broken, with its incident diagnosed as by a worker that is idle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from diagnostics import tasks
from diagnostics.models import Diagnosis
from diagnostics.practice.site import PracticeSite
from sites import queueing
from sites.automatic.policy import KINDS
from sites.models import Incident, Membership, Site
from sites.probing_now import probe_now
from tests.diagnostics.test_guided_repair import practice, site  # noqa: F401 - fixtures
from tests.factories import make_user

MISSPELT = b"RewritEngine On\n"
EVERYTHING = {
    "kinds": list(KINDS), "confidence": 0.95, "from": 0, "until": 24, "zone": "UTC", "per_day": 2, "approval": False, "by": None,
}  # fmt: skip
TASKS = {
    "diagnostics.tasks.diagnose": tasks.diagnose,
    "diagnostics.tasks.repair_by_policy": tasks.repair_by_policy,
    "diagnostics.tasks.undo_automatic": tasks.undo_automatic,
}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is enqueued is made at once; the names of what was."""
    made: list[str] = []

    def now(task: str, *args: Any, **_how: Any) -> bool:
        if task in TASKS:
            made.append(task)
            TASKS[task](*args)
        return True

    monkeypatch.setattr(queueing, "enqueue", now)
    monkeypatch.setattr(queueing, "enqueue_on_commit", lambda *args, **how: transaction.on_commit(lambda: now(*args, **how)))
    yield made


@pytest.fixture
def shop(practice: PracticeSite, site: Site) -> Site:  # noqa: F811
    """Broken by a misspelt line, known to fail; its owner hears of it."""
    owner = make_user("owner", email="owner@example.org")
    Membership.objects.create(team=site.team, user=owner, role="owner", wants_mail=True)
    (practice.home / "www" / ".htaccess").write_bytes(MISSPELT)
    assert probe_now(site).verdict == "down"
    return Site.objects.select_related("host", "team").get(pk=site.pk)


def allow(site: Site, **values: Any) -> None:  # noqa: F811
    """The owner's choice for this site."""
    Site.objects.filter(pk=site.pk).update(auto_repair={**EVERYTHING, **values}, sets_aside=True)


def incident_of(site: Site) -> Incident:  # noqa: F811
    return Incident.objects.select_related("site__host").get(site=site)


def diagnosed(site: Site) -> Incident:  # noqa: F811
    """A diagnosis of the open incident, by a worker."""
    incident = site.incidents.get(resolved_at=None)
    asked = Diagnosis.objects.filter(incident=incident, state="queued").first()
    asked = asked or Diagnosis.objects.create(site=site, incident=incident, requested_at=timezone.now())
    tasks.diagnose(asked.pk)
    return Incident.objects.select_related("site__host").get(pk=incident.pk)
