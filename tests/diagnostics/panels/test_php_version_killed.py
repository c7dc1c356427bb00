"""SIGKILL of the worker between what it asks the panel and the answer: a fresh process finds out what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import prepared
from tests.diagnostics.changes.test_killed import Installation
from tests.http_server import HttpServer, Received, Reply
from tests.ovhcloud import APPLICATION_KEY, APPLICATION_SECRET, SERVICE, OvhcloudHost, ovhcloud_host

REGISTER = """
from django.utils import timezone
from sites import registration
from sites.models import *
from diagnostics import repairing, tasks
from diagnostics.models import *
from diagnostics.panels import connecting, databases, php
from diagnostics.panels.connecting import Given
team = Team.objects.create(name="t")
host = Host.objects.create(team=team, name="h", protocol="sftp", address="ssh.cluster042.hosting.ovh.net", user="shop")
site = Site.objects.create(team=team, name="shop", url=URL, host=host, verdict="down", kind="server-error")
registration.set_pages(site, ["/"])
given = Given("ovh-eu", "keys", KEY, SERVICE, ("read", "php", "restore"), secret=SECRET, consumer=CONSUMER)
assert connecting.connect(host, given, None).state == "works"
case = repairing.open_case(site)
"""
PHP = """
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
step = Step.objects.get(panel_change__isnull=False)
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


@contextmanager
def installed(ovh: OvhcloudHost, tmp_path: Path, answer: Callable[[Received], Reply], begin: str) -> Iterator[Installation]:
    """An installation whose one site answers so, its panel connected, a change begun."""
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
        made.run("\n".join(f"{name} = {value!r}" for name, value in values.items()) + REGISTER + begin)
        yield made


def killed_at_answer(ovh: OvhcloudHost, installation: Installation, end_of_path: str, *, carried_out: bool) -> str:
    """The worker dies between a request and its answer; what a fresh process then says of the change."""
    ovh.hangs_at, ovh.hangs_after = end_of_path, carried_out
    worker = installation.start(GO_ON)
    assert ovh.hung.wait(90), worker.communicate(timeout=5)
    worker.kill()
    worker.communicate()
    return str(installation.run(GO_ON))


@pytest.fixture
def installation(ovh: OvhcloudHost, tmp_path: Path) -> Iterator[Installation]:
    def answer(_request: Received) -> Reply:
        return Reply(200 if "version=8.3" in ovh.php.file.read_text() else 500, body=b"<h1>Shop</h1>")

    with installed(ovh, tmp_path, answer, PHP) as made:
        yield made


@pytest.mark.timeout(240)  # it starts processes of its own
@pytest.mark.parametrize(
    ("carried_out", "ends", "version"), [(True, "done-verified Every page", "8.3"), (False, "failed The host did not hear", "8.1")]
)
def test_worker_killed_between_request_and_answer(
    ovh: OvhcloudHost, installation: Installation, carried_out: bool, ends: str, version: str
) -> None:
    assert killed_at_answer(ovh, installation, "changeConfiguration", carried_out=carried_out).startswith(ends)
    assert f"app.engine.version={version}" in ovh.php.file.read_text()
    assert [call for call in ovh.calls("POST") if call.endswith("changeConfiguration")] == [
        f"POST /hosting/web/{SERVICE}/ovhConfig/{ovh.php.configs[0]['id']}/changeConfiguration"
    ]
