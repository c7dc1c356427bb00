"""A worker that is killed in the middle of a step: a fresh process finds it and puts everything back, byte for byte."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests import prepared

ROOT = Path(__file__).resolve().parents[3]
FILES = 150
OLD = 1_600_000_000

PREPARE = """
from django.utils import timezone
from sites.models import *
from diagnostics.models import *
team = Team.objects.create(name="t")
host = Host.objects.create(team=team, name="h", protocol="local")
site = Site.objects.create(team=team, name="shop", url="http://shop.example/", host=host, docroot={docroot!r})
case = RepairCase.objects.create(site=site, opened_at=timezone.now())
Step.objects.create(case=case, guide_step="htaccess", action="repair", title="x", state="queued", created_at=timezone.now())
"""
WORK = """
import pathlib
from diagnostics import steps
from diagnostics.changes import journal
from diagnostics.connections import connecting
from diagnostics.changes.executor import Executor
from diagnostics.connections.locking import held
from diagnostics.models import Step
from diagnostics.repairs.plan import ChangeMode, Plan, RenameFile, WriteFile
step = Step.objects.select_related("case__site__host").get()
changes = []
for path in sorted(pathlib.Path({docroot!r}).iterdir()):
    content = path.read_bytes()
    if path.suffix == ".txt":
        changes.append(WriteFile(str(path), path.name, content, content.upper(), 0o604))
    elif path.suffix == ".php":
        changes.append(ChangeMode(str(path), path.name, "file", 0o666, 0o604))
    else:
        changes.append(RenameFile(str(path), path.name, str(path) + ".old", path.name + ".old", journal.sha256(content)))
with held(step.case.site.host) as lock, Executor(lambda: connecting.writer_for(step.case.site.host), lock) as executor:
    steps.claim(step)
    executor.apply(step, Plan("r", "c", "t", "w", tuple(changes)))
    steps.verifying(step)
    import time
    time.sleep(30)
"""
# The lease of a dead worker runs out after two minutes; the test does not wait for that.
RECOVER = """
from diagnostics.models import HostLock
from diagnostics.changes.recovering import recover
assert recover() == []
HostLock.objects.update(lease_until=None)
print(recover())
"""


class Installation:
    """A state folder of its own with real processes over it."""

    def __init__(self, folder: Path, docroot: Path) -> None:
        self.folder, self.docroot = folder, docroot
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SITEMEND_", "DATABASE_", "REDIS_", "EMAIL_"))}
        self.environment = kept | {"SITEMEND_VAR_DIR": str(folder), "SITEMEND_LOCAL_ROOTS": str(docroot)}

    def start(self, code: str) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code.replace("{docroot!r}", repr(str(self.docroot)))]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, code: str) -> str:
        process = self.start(code)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return out.strip()

    def ask(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as database:
            return database.execute(query).fetchall()


def tree(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mode, int(path.stat().st_mtime)) for path in folder.iterdir()}


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    docroot = tmp_path / "www"
    docroot.mkdir()
    for number in range(FILES):
        ending, mode = ((".txt", 0o604), (".php", 0o666), (".htaccess", 0o640))[number % 3]
        path = docroot / f"file {number:03}{ending}"
        path.write_bytes(b"content of %d\r\n\xff" % number)
        path.chmod(mode)
        os.utime(path, (OLD + number, OLD + number))
    made = Installation(tmp_path / "var", docroot)
    prepared.installation(tmp_path / "var")
    made.run(PREPARE)
    return made


@pytest.mark.parametrize("seed", range(3))
def test_killed_worker_is_taken_back_by_a_fresh_process(installation: Installation, seed: int) -> None:
    before = tree(installation.docroot)
    stop_at = random.Random(seed).randrange(1, FILES - 5)
    worker = installation.start(WORK)
    deadline = time.monotonic() + 60
    while installation.ask("select count(*) from diagnostics_journalentry")[0][0] < stop_at:
        assert worker.poll() is None and time.monotonic() < deadline, worker.communicate()
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    assert installation.ask("select state from diagnostics_step") == [("applying",)]
    assert tree(installation.docroot) != before
    (installation.docroot / ".sitemend-0123456789abcdef.tmp").write_bytes(b"half of a fi")
    assert installation.run(RECOVER) == "[1]"
    assert tree(installation.docroot) == before
    assert installation.ask("select state from diagnostics_step") == [("taken-back",)]
    assert installation.ask("select count(*) from diagnostics_journalentry where state != 'taken-back'") == [(0,)]


def test_worker_killed_while_it_verifies_is_taken_back(installation: Installation) -> None:
    before = tree(installation.docroot)
    worker = installation.start(WORK)
    deadline = time.monotonic() + 60
    while installation.ask("select state from diagnostics_step") != [("verifying",)]:
        assert worker.poll() is None and time.monotonic() < deadline, worker.communicate()
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    assert installation.run(RECOVER) == "[1]"
    assert tree(installation.docroot) == before


def test_file_changed_after_the_kill_is_left_alone_and_flagged(installation: Installation) -> None:
    worker = installation.start(WORK)
    deadline = time.monotonic() + 60
    while installation.ask("select state from diagnostics_step") != [("verifying",)]:
        assert worker.poll() is None and time.monotonic() < deadline, worker.communicate()
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    changed = installation.docroot / "file 000.txt"
    changed.write_bytes(b"the owner's own")
    assert installation.run(RECOVER) == "[]"
    assert changed.read_bytes() == b"the owner's own"
    assert (installation.docroot / "file 003.txt").read_bytes() == b"content of 3\r\n\xff"
    assert installation.ask("select state from diagnostics_step") == [("needs-attention",)]


def test_other_process_waits_for_the_lock(installation: Installation) -> None:
    worker = installation.start(WORK)
    deadline = time.monotonic() + 60
    while installation.ask("select state from diagnostics_step") != [("verifying",)]:
        assert worker.poll() is None and time.monotonic() < deadline, worker.communicate()
        time.sleep(0.02)
    code = """
from diagnostics.connections.locking import HostBusy, acquire, try_acquire
from sites.models import Host
try:
    acquire(Host.objects.get(), wait_s=0.5)
except HostBusy:
    print("busy", bool(try_acquire(Host.objects.create(team_id=1, name="other", protocol="local"))))
"""
    assert installation.run(code) == "busy True"
    worker.kill()
    worker.communicate()
