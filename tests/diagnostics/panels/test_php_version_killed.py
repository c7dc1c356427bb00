"""SIGKILL of the worker between what it asks the panel and the answer: a fresh process finds out what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import prepared
from tests.diagnostics.changes.test_killed import Installation
from tests.http_server import HttpServer, Received, Reply
from tests.ovhcloud import APPLICATION_KEY, APPLICATION_SECRET, SERVICE, OvhcloudHost, ovhcloud_host

PREPARE = """
from django.utils import timezone
from sites import registration
from sites.models import *
from diagnostics import repairing, tasks
from diagnostics.models import *
from diagnostics.panels import connecting, php
from diagnostics.panels.connecting import Given
team = Team.objects.create(name="t")
host = Host.objects.create(team=team, name="h", protocol="sftp", address="ssh.cluster042.hosting.ovh.net", user="shop")
site = Site.objects.create(team=team, name="shop", url=URL, host=host, verdict="down", kind="server-error")
registration.set_pages(site, ["/"])
given = Given("ovh-eu", "keys", KEY, SERVICE, ("read", "php"), secret=SECRET, consumer=CONSUMER)
assert connecting.connect(host, given, None).state == "works"
case = repairing.open_case(site)
tasks.run_step(repairing.look(case, "php-version", None).pk)
plan = php.plan(site, php.told(case), "version:8.3")
php.start(case, "version:8.3", plan.digest(), None)
"""
GO_ON = """
import time
from datetime import timedelta
from django.utils import timezone
from diagnostics import tasks
from diagnostics.changes.through_panel import pace
from diagnostics.models import *
pace.UNHEARD = timedelta(0)
tasks.recover_journal()
step = Step.objects.get(repair_id="panel-php")
while PanelChange.objects.filter(next_look_at__isnull=False):
    PanelChange.objects.update(next_look_at=timezone.now(), held_until=None)  # nobody waits for the lease of the dead here
    tasks.run_step(step.pk)
    time.sleep(0.1)
step.refresh_from_db()
print(step.state, step.message)
"""


@pytest.fixture
def ovh(tmp_path: Path) -> Iterator[OvhcloudHost]:
    (tmp_path / "home").mkdir()
    with ovhcloud_host(tmp_path / "home") as made:
        made.php.configure(engineVersion="8.1")
        made.work.waits_s = made.work.works_s = 0.0
        yield made


@pytest.fixture
def installation(ovh: OvhcloudHost, tmp_path: Path) -> Iterator[Installation]:
    def answer(_request: Received) -> Reply:
        return Reply(200 if "version=8.3" in ovh.php.file.read_text() else 500, body=b"<h1>Shop</h1>")

    prepared.installation(tmp_path / "var")
    with HttpServer() as server:
        server.route("/", answer)
        made = Installation(tmp_path / "var", tmp_path)
        made.environment |= {"SITEMEND_OVHCLOUD_API": ovh.url, "SITEMEND_ALLOWED_NETWORKS": "127.0.0.0/8"}
        values = {
            "URL": server.url("/"),
            "KEY": APPLICATION_KEY,
            "SECRET": APPLICATION_SECRET,
            "SERVICE": SERVICE,
            "CONSUMER": ovh.gate.granted(),
        }
        made.run("\n".join(f"{name} = {value!r}" for name, value in values.items()) + PREPARE)
        yield made


@pytest.mark.parametrize(
    ("carried_out", "ends", "version"), [(True, "done-verified Every page", "8.3"), (False, "failed The host did not hear", "8.1")]
)
def test_worker_killed_between_request_and_answer(
    ovh: OvhcloudHost, installation: Installation, carried_out: bool, ends: str, version: str
) -> None:
    ovh.hangs_at, ovh.hangs_after = "changeConfiguration", carried_out
    worker = installation.start(GO_ON)
    assert ovh.hung.wait(60), worker.communicate(timeout=5)
    worker.kill()
    worker.communicate()
    assert installation.run(GO_ON).startswith(ends)
    assert f"app.engine.version={version}" in ovh.php.file.read_text()
    assert [call for call in ovh.calls("POST") if call.endswith("changeConfiguration")] == [
        f"POST /hosting/web/{SERVICE}/ovhConfig/{ovh.php.configs[0]['id']}/changeConfiguration"
    ]
