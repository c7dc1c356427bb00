"""`up` with its real processes: starts, restarts what dies, stops everything."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import prepared

from .running import ROOT, Up, wait_for

CHILDREN = {"web": "gunicorn", "probes": "--queues probes", "hosts": "--queues hosts,mail", "beat": " beat ", "valkey": "valkey-server"}
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
    pytest.mark.timeout(400),  # each start may take a minute or two on a busy machine
]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    started: list[Up] = []

    def one(*arguments: str, new: bool = False, **options: object) -> Up:
        if not new and not (tmp_path / "state").exists():
            prepared.installation(tmp_path / "state")
        # SQLite and the embedded Valkey, whatever this run of the tests uses
        options = {"DATABASE_URL": "", "REDIS_URL": "", **options}
        started.append(Up(tmp_path / "state", *arguments, **options))  # type: ignore[arg-type]
        return started[-1]

    yield one
    for up in started:
        up.clean()


def run_folder(up: Up) -> Path:
    return Path((up.state_folder / "broker.socket").read_text().strip()).parent


def test_up_serves_restarts_what_dies_and_stops_everything(start) -> None:
    up = start(new=True).ready()
    up.said(r"http://127\.0\.0\.1:\d+/first-run/[\w-]{20,}/")
    assert stat.S_IMODE(run_folder(up).stat().st_mode) == 0o700
    before = {name: wait_for(lambda words=words: up.child(words), what=name) for name, words in CHILDREN.items()}
    for name in CHILDREN:
        os.kill(before[name], signal.SIGKILL)
    up.said(r"web\s+\| was ended by SIGKILL; starts again in 1 s")
    assert up.get("/login/").status < 500  # who comes in between waits; nobody is refused
    for name, words in CHILDREN.items():
        wait_for(lambda words=words, name=name: up.child(words) not in (0, before[name]), what=f"{name} runs again")
    wait_for(lambda: up.text.count("probes@") >= 2 and up.text.count("hosts@") >= 2, what="workers are ready again")
    folder = run_folder(up)
    began = time.monotonic()
    assert up.stop() == 0
    assert time.monotonic() - began < 12
    assert up.everything() == {}
    assert not folder.exists()
    assert not (up.state_folder / "broker.socket").exists()


def test_up_killed_leaves_nobody_behind_and_starts_again(start) -> None:
    up = start().ready()
    folder = run_folder(up)
    up.process.kill()
    up.process.wait()
    wait_for(lambda: not up.everything(), 20, "all processes end with the supervisor")
    assert folder.exists()
    again = start().ready()
    assert not folder.exists()
    assert again.stop(signal.SIGINT) == 0
    assert again.everything() == {}


def test_worker_killed_leaves_none_of_its_processes(start) -> None:
    up = start().ready()
    worker = up.child(CHILDREN["hosts"])
    group = [number for number in up.everything() if os.getpgid(number) == worker]
    assert len(group) > 1
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not set(group) & set(up.everything()), 10, "the worker's processes are gone")
    up.stop()


def test_interrupt_stops_it_although_it_was_started_with_interrupts_ignored(start) -> None:
    up = start(prefix=("/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh")).ready()
    assert up.get("/").status in (200, 302)
    assert up.stop(signal.SIGINT) == 0
    assert up.everything() == {}


def test_port_that_is_taken_is_named_and_nothing_is_started(start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = start("--port", str(port), new=True)
        assert up.process.wait(30) == 2
    wait_for(lambda: up.lines)
    assert len(up.lines) == 1
    assert f"Port {port} on 127.0.0.1 is taken by another program" in up.text
    assert f"--port {port + 1}" in up.text
    assert not (up.state_folder / "db.sqlite3").exists() or (up.state_folder / "db.sqlite3").stat().st_size == 0


@pytest.mark.parametrize(
    ("arguments", "words"), [(("--port", "70000"), "is no port"), (("--host", "no.such.host.invalid"), "is no address")]
)
def test_address_that_makes_no_sense_is_refused(start, arguments: tuple[str, ...], words: str) -> None:
    up = start(*arguments)
    assert up.process.wait(30) == 2
    wait_for(lambda: words in up.text)


def test_second_up_on_the_same_state_folder_is_refused(start) -> None:
    up = start().ready()
    second = start()
    assert second.process.wait(30) == 2
    wait_for(lambda: f"already running on {up.state_folder} (process {up.process.pid})" in second.text, 5, second.text)
    assert up.get("/login/").status < 500
    up.stop()


def test_other_commands_find_the_embedded_broker(start) -> None:
    up = start().ready()
    script = (
        "import django; django.setup()\nfrom config.celery import app\nwith app.connection() as c: print(c.default_channel.client.ping())"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**up.environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == "True", found.stderr
    up.stop()


def test_practice_site_runs_while_its_marker_is_there(start) -> None:
    up = start().ready()
    assert up.child("diagnostics.practice.serve") == 0
    folder = up.state_folder / "practice"
    folder.mkdir(exist_ok=True)
    (folder / "enabled").touch()
    up.said(r"practice\s*\|", 10)
    shutil.rmtree(folder)
    wait_for(lambda: up.child("diagnostics.practice.serve") == 0, 15, "the practice site stops")
    up.stop()


@pytest.mark.database
def test_up_runs_on_the_engines_of_this_run(start) -> None:
    up = start(DATABASE_URL=os.environ["DATABASE_URL"], REDIS_URL=os.environ["REDIS_URL"]).ready()
    assert (up.child("valkey-server") == 0) == bool(os.environ["REDIS_URL"])
    assert up.get("/login/").status < 500
    assert up.stop() == 0
    assert up.everything() == {}


def test_workers_come_back_to_a_broker_that_died(start) -> None:
    up = start().ready()
    before = up.child(CHILDREN["valkey"])
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: up.child(CHILDREN["valkey"]) not in (0, before), what="the broker runs again")
    names = "sorted(name.split('@')[0] for reply in app.control.ping(timeout=2) for name in reply)"
    script = f"import django; django.setup()\nfrom config.celery import app\nprint({names})"
    environment = {**up.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}

    def answer() -> bool:
        ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        return ended.stdout.strip() == "['hosts', 'probes']"

    wait_for(answer, 90, "both workers answer")  # each question starts a Django of its own: seconds on a busy machine
    assert up.child(CHILDREN["beat"])
    up.stop()
