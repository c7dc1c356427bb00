"""SIGKILL of the worker between what it asks of a database and the answer: a fresh process leads it to an end that is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.diagnostics.changes.test_killed import Installation
from tests.diagnostics.panels.test_php_version_killed import installed, killed_at_answer
from tests.http_server import Received, Reply
from tests.ovhcloud import OvhcloudHost, ovhcloud_host
from tests.ovhcloud.databases import TextData

BEGIN = """
tasks.run_step(repairing.look_elsewhere(case, databases.READ, None).pk)
stored = databases.told(case)
number = str(stored[0]["dumps"][0]["id"])
databases.start(case, "shopdb", number, databases.plan(site, stored, "shopdb", number).digest(), None)
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made = tmp_path / "shopdb.sql"
    made.write_text("well")
    return made


@pytest.fixture
def ovh(tmp_path: Path, state: Path) -> Iterator[OvhcloudHost]:
    (tmp_path / "home").mkdir()
    with ovhcloud_host(tmp_path / "home") as made:
        made.work.waits_s = made.work.works_s = 0.0
        made.databases.add("shopdb", TextData(state))
        made.databases.keep("shopdb", "daily.1", 3600)
        state.write_text("broken, and newer")
        yield made


@pytest.fixture
def installation(ovh: OvhcloudHost, state: Path, tmp_path: Path) -> Iterator[Installation]:
    def answer(_request: Received) -> Reply:
        return Reply(200 if state.read_text() == "well" else 500, body=b"<h1>Shop</h1>")

    with installed(ovh, tmp_path, answer, BEGIN) as made:
        yield made


@pytest.mark.timeout(240)  # it starts processes of its own
@pytest.mark.parametrize(
    ("asked", "carried_out", "ends", "content"),
    [
        ("/dump", True, "done-verified", "well"),
        ("/dump", False, "done-verified", "well"),
        ("/restore", True, "done-verified", "well"),
        ("/restore", False, "taken-back It is not known whether", "broken, and newer"),
    ],
)
def test_worker_killed_between_request_and_answer(
    ovh: OvhcloudHost, installation: Installation, state: Path, asked: str, carried_out: bool, ends: str, content: str
) -> None:
    told = killed_at_answer(ovh, installation, asked, carried_out=carried_out)
    assert told.startswith(ends), told
    assert state.read_text() == content
