"""Slow accounts hold some processes of the worker, never all of them: mail leaves meanwhile."""

from __future__ import annotations

import inspect
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.celery import app
from diagnostics import tasks
from diagnostics.connections import rooms
from tests import prepared
from tests.config.running import ROOT, Up, wait_for

HOLD = """
import sys, django
django.setup()
from diagnostics.connections import rooms
with rooms.taken(getattr(rooms, sys.argv[1])) as has_room:
    print(has_room, flush=True)
    sys.stdin.read()
"""
# Nine accounts and sites that accept a connection and say nothing, each with a diagnosis and readings that wait; then a mail.
SLOW = """
import sys, time, django
django.setup()
from django.utils import timezone
from diagnostics import diagnosing
from diagnostics.models import Diagnosis
from sites import queueing
from sites.models import Host, Notification, Site, Team
port, now = int(sys.argv[1]), timezone.now()
team = Team.objects.create(name="t")
for n in range(9):
    place = {"protocol": "sftp", "address": "127.0.0.1", "port": port, "user": f"u{n}", "host_key": "x"}
    host = Host.objects.create(team=team, name=f"h{n}", state="works", **place)
    site = Site.objects.create(team=team, name=f"s{n}", url=f"http://127.0.0.1:{port}/{n}", host=host, docroot="/www")
    site.pages.create(path="/")
    queueing.enqueue("diagnostics.tasks.read_access_logs", host.pk)
    diagnosing.request(site)
while Diagnosis.objects.filter(state="running").count() < int(sys.argv[2]):
    time.sleep(0.1)
began = time.monotonic()
Notification.objects.create(kind="test", recipient="a@example.org", dedupe_key="t", why="w", created_at=now, send_after=now)
queueing.enqueue("sites.tasks.deliver_notifications")
while not Notification.objects.filter(state="sent").exists():
    time.sleep(0.1)
print(time.monotonic() - began, Diagnosis.objects.filter(state="running").count())
"""


def _holding(kind: str) -> tuple[subprocess.Popen[str], bool]:
    """A process that took a place, or found none."""
    command = [sys.executable, "-c", HOLD, kind]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline() == "True\n"


def test_readings_leave_a_place_to_diagnoses_and_a_killed_process_its_own() -> None:
    held: list[subprocess.Popen[str]] = []
    try:
        for kind, has_room in (("LONG", True), ("LONG", False), ("READING", True), ("READING", False), ("URGENT", True), ("URGENT", False)):
            process, found = _holding(kind)
            held.append(process)
            assert found == has_room, kind
        held[2].kill()
        held[2].wait()
        with rooms.taken(rooms.LONG) as long, rooms.taken(rooms.READING) as reading:
            assert (long, reading) == (False, True)
    finally:
        for process in held:
            process.kill()
            process.communicate()


def test_what_can_wait_and_what_cannot_have_their_places() -> None:
    readings = (tasks.read_access_logs, tasks.search_places, tasks.look_at_account, tasks.compare_files, tasks.test_wanted_host)
    assert {task.places for task in readings} == {rooms.READING} and tasks.take_baseline.places == rooms.LONG
    assert {task.places for task in (tasks.diagnose, tasks.run_step, tasks.undo_step)} == {rooms.URGENT}


@pytest.mark.parametrize("name", sorted(name for name, task in app.tasks.items() if isinstance(task, rooms.RoomTask)))
def test_task_that_finds_no_place_can_be_sent_again(name: str) -> None:
    """As `retry` sends it: Celery refuses to where the soft time limit, also the general one, is beyond the task's own hard one."""
    task = app.tasks[name]
    with app.connection("memory://") as line, app.amqp.Producer(line) as producer:
        assert task.apply_async((0,) * len(inspect.signature(task.run).parameters), producer=producer).id


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_mail_leaves_while_slow_accounts_are_read(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        settings = {"DATABASE_URL": "", "REDIS_URL": "", "EMAIL_URL": "", "SITEMEND_ANCHORS": "", "SITEMEND_ENV_FILE": os.devnull}
        prepared.installation(tmp_path / "state")
        up = Up(tmp_path / "state", "--port", "0", SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8", **settings)
        try:
            up.ready()
            words = [sys.executable, "-c", SLOW, str(silent.getsockname()[1]), "3"]
            environment = {**up.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
            told = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
            assert not told.returncode, told.stderr
            took, running = told.stdout.split()
            assert int(running) == 3 and float(took) < 4
            assert wait_for(lambda: list((tmp_path / "state/mail").glob("*.eml")))
            began = time.monotonic()
            assert up.stop() == 0
            assert time.monotonic() - began < 15
        finally:
            up.clean()
