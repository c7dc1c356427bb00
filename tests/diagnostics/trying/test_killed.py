"""SIGKILL in the middle of a trial, over each transport: a fresh process puts everything back, byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.diagnostics.changes.test_killed_at_every_step import TRANSPORTS, empty_database, environment, job_on
from tests.diagnostics.trying.places import tree_of
from tests.lab.apache import apache, why_missing

__all__ = ["empty_database"]
pytestmark = pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there")
ROOT = Path(__file__).resolve().parents[3]
OLD = 1_600_000_000
FAULTY = b"".join(b"AddCharset utf-8 .x%d\n" % number for number in range(40)) + b"Options +Includes\n"
OVERRIDE = "AuthConfig FileInfo Indexes Limit Options=Indexes,MultiViews"
FILES = {
    ".htaccess": FAULTY,
    "index.php": b"<?php require 'wp-blog-header.php';",
    "index.html": b"<p>Bread and butter since 1971.</p>",
    "wp-load.php": b"<?php\n",
    "wp-settings.php": b"<?php\n",
    "wp-blog-header.php": b"<?php\n",
    "wp-includes/version.php": b"<?php\n$wp_version = '6.4.2';\n",
    "wp-config.php": b"<?php\ndefine('DB_NAME', 'x');\nrequire_once ABSPATH . 'wp-settings.php';\n",
    **{f"wp-content/plugins/{name}/{name}.php": b"<?php\n/*\nPlugin Name: %s\n*/\n" % name.encode() for name in "abcdefgh"},
}
KINDS = {"bisect-htaccess": ("/index.html", 3), "bisect-plugins": ("/", 5), "canary-files": ("/", 2)}  # page; changes until the kill
ALWAYS = (("ssh", "bisect-htaccess"), ("sftp", "bisect-plugins"), ("ftp", "canary-files"))  # the others in the full run
RUNS = [
    pytest.param(transport, kind, marks=() if (transport, kind) in ALWAYS else pytest.mark.full)
    for transport in TRANSPORTS
    for kind in KINDS
]
PREPARE = """
import json, sys
from django.utils import timezone
from sites import registration
from sites.credentials import set_host_secrets
from sites.models import *
from diagnostics.models import *
job = json.loads({job!r})
team = Team.objects.create(name="t")
host = Host(team=team, name="h", **job["host"])
set_host_secrets(host, **job["secrets"])
host.save()
site = Site.objects.create(team=team, name="shop", url=job["url"], host=host, docroot=job["docroot"])
registration.set_pages(site, [job["page"]])
case = RepairCase.objects.create(site=site, opened_at=timezone.now())
Step.objects.create(case=case, guide_step="x", action="trial", repair_id={kind!r}, title="x", state="queued", created_at=timezone.now())
"""
WORK = "from diagnostics import repairing; step = repairing.run_step(1); print(step.state, step.message)"
RECOVER = """
from diagnostics.models import HostLock
from diagnostics.changes.recovering import recover
HostLock.objects.update(lease_until=None)
print(recover())
"""


class Installation:
    """Real processes over one state folder and one docroot."""

    def __init__(self, folder: Path, local_root: str, docroot: Path) -> None:
        self.folder, self.docroot = folder, docroot
        self.environment = environment(folder, local_root)

    def start(self, code: str) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, code: str) -> str:
        process = self.start(code)
        out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
        return out.strip()

    def ask(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as database:
            return database.execute(query).fetchall()

    def killed_at(self, entries: int) -> None:
        """A worker that makes the trial, killed when so many changes were recorded."""
        worker = self.start(WORK)
        deadline = time.monotonic() + 90
        while self._count("state = 'applied'") == 0 or self._count("1 = 1") < entries:
            assert worker.poll() is None and time.monotonic() < deadline, worker.communicate()
            time.sleep(0.001)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()

    def _count(self, which: str) -> int:
        return int(self.ask(f"select count(*) from diagnostics_journalentry where {which}")[0][0])


@pytest.fixture
def installed(transport: str, empty_database: Path, tmp_path: Path) -> Iterator[tuple[Installation, dict]]:
    state = tmp_path / "var"
    shutil.copytree(empty_database, state)
    with job_on(transport, tmp_path) as job:
        docroot = Path(job["real"])
        docroot.chmod(0o755)
        for number, (name, content) in enumerate(FILES.items()):
            path = docroot / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o604)
            os.utime(path, (OLD + number, OLD + number))
        for path in docroot.rglob("*"):
            if os.geteuid() == 0:
                os.chown(path, job["uid"], job["gid"])
            if path.is_dir():
                path.chmod(0o755)
        for parent in docroot.parents[:2]:
            if parent != Path("/tmp"):
                parent.chmod(0o755)
        with apache(docroot, tmp_path / "logs", allow_override=OVERRIDE) as web:
            local = job["docroot"] if transport == "local" else ""
            yield Installation(state, local, docroot), {**job, "url": web.url + "/"}


@pytest.mark.parametrize(("transport", "kind"), RUNS)
def test_killed_trial_is_put_back_by_a_fresh_process(installed: tuple[Installation, dict], transport: str, kind: str) -> None:
    installation, job = installed
    page, entries = KINDS[kind]
    told = json.dumps({name: job[name] for name in ("host", "secrets", "url", "docroot")} | {"page": page})
    installation.run(PREPARE.replace("{job!r}", repr(told)).replace("{kind!r}", repr(kind)))
    before = tree_of(installation.docroot)
    installation.killed_at(entries)
    assert installation.ask("select state from diagnostics_step")[0][0] in ("applying", "verifying")
    assert tree_of(installation.docroot) != before, "it was killed in the middle"
    assert installation.run(RECOVER) == "[1]"
    assert tree_of(installation.docroot) == before
    assert installation.ask("select state from diagnostics_step") == [("taken-back",)]
    assert installation.ask("select count(*) from diagnostics_journalentry where state != 'taken-back'") == [(0,)]
