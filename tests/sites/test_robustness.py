"""What may happen at night: a worker is killed, the broker or the database goes away for a while, sites misbehave in every way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.bench.product import Product
from tests.config.running import ROOT, wait_for
from tests.http_server import HttpServer, Received, Reply, redirect
from tests.postgres import NoPostgres, postgres

INTERVAL_S = 5


def results_since(product: Product, since: float) -> set[int]:
    return {page for page, at, _kind in product.results() if at >= since}


def all_probed_since(product: Product, since: float, pages: int, seconds: float = 60) -> None:
    wait_for(lambda: len(results_since(product, since)) == pages, seconds, f"all {pages} pages probed again")


def assert_none_is_doubled(product: Product) -> None:
    found = product.results()
    assert {kind for _page, _at, kind in found} == {"ok"}
    assert [key for key, times in Counter((page, at) for page, at, _kind in found).items() if times > 1] == []


@pytest.fixture
def slow_server() -> Iterator[HttpServer]:
    """Answers so slowly that whatever happens, it happens during a batch."""
    with HttpServer() as server:
        for number in range(12):
            server.route(f"/{number}/", Reply(delay_s=0.8 if number % 2 else 0.0))
        yield server


def urls(server: HttpServer) -> list[str]:
    return [server.url(f"/{number}/") for number in range(12)]


def regular(server: HttpServer) -> list[Received]:
    """The plain probes of one slow page: looks past caches and as browsers are stored elsewhere."""
    return [request for request in server.received("/1/") if request.headers["user-agent"].startswith("Sitemend/") and not request.query]


@pytest.mark.timeout(300)
def test_worker_killed_and_broker_restarted_lose_and_double_nothing(tmp_path: Path, slow_server: HttpServer) -> None:
    product = Product(tmp_path / "state")
    product.fill(urls(slow_server), INTERVAL_S)
    with product.running() as up:
        all_probed_since(product, 0.0, 12)

        asked = len(slow_server.requests)
        wait_for(lambda: len(slow_server.requests) > asked, 30, "the next batch")
        os.kill(up.child("probes@"), signal.SIGKILL)
        all_probed_since(product, time.time(), 12)

        os.kill(up.child("valkey"), signal.SIGKILL)
        all_probed_since(product, time.time(), 12)
    assert_none_is_doubled(product)


@pytest.mark.full
@pytest.mark.timeout(300)
def test_database_restarted_during_a_batch_loses_and_doubles_nothing(tmp_path: Path, slow_server: HttpServer) -> None:
    try:
        with postgres() as database:
            product = Product(tmp_path / "state", {"DATABASE_URL": database.url})
            product.fill(urls(slow_server), INTERVAL_S)
            with product.running():
                all_probed_since(product, 0.0, 12)
                asked = len(regular(slow_server))
                wait_for(lambda: len(regular(slow_server)) > asked, 30, "the next batch")
                in_flight = regular(slow_server)[-1].at - time.monotonic() + time.time()
                database.stop()
                time.sleep(2)
                database.start()
                wait_for(lambda: any(abs(at - in_flight) < 0.7 for _page, at, _kind in product.results()), 40, "what was in flight, stored")
                all_probed_since(product, time.time(), 12)
            assert_none_is_doubled(product)
    except NoPostgres as missing:
        pytest.skip(str(missing))


def evil(server: HttpServer, number: int) -> str:
    """One of the ways in which a site may misbehave."""
    hops = count()

    def for_ever(_request: Received) -> Reply:
        return redirect(f"/ever?{next(hops)}")

    ways: list[Reply | object] = [
        Reply(endless_headers=True),
        Reply(endless_headers=True, header_pause_s=0.05),
        Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 50_000),
        Reply(body=b"x" * 10_000, drip=(1, 0.05)),
        Reply(endless_body=True, headers={"Content-Length": str(10 * 1024**3)}),
        Reply(gzip_bomb_mb=20),
        Reply(delay_s=30),
        Reply(reset=True),
        redirect(f"/evil{number}/"),
        for_ever,
        redirect("http://169.254.169.254/latest/meta-data/"),
        redirect("file:///etc/passwd"),
        redirect("ftp://127.0.0.1/x"),
        redirect("gopher://127.0.0.1:6379/_x"),
    ]
    server.route(f"/evil{number}/", ways[number % len(ways)])  # type: ignore[arg-type]
    server.route("/ever", for_ever)
    return server.url(f"/evil{number}/")


_PROBING = """
import json, resource, sys, time
from sites.probing.engine import iter_probes, probe_many
from sites.probing.guard import Guard, parse_networks
from sites.probing.outcome import ProbeRequest
good, evil = json.loads(sys.stdin.read())
guard = Guard(parse_networks(["127.0.0.0/8"]))
asked = [ProbeRequest(n, url, time_limit_s=4.0) for n, url in enumerate(good)]
probe_many(asked, guard=guard, per_address=1000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
mixed = asked + [ProbeRequest(1000 + n, url, time_limit_s=4.0) for n, url in enumerate(evil)]
mixed.sort(key=lambda request: request.key % 200)
began = time.monotonic()
done = {outcome.key: (str(outcome.kind), outcome.detail, outcome.ms, time.monotonic() - began)
        for outcome in iter_probes(mixed, guard=guard, per_address=1000)}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([before / 1024, peak / 1024, time.monotonic() - began, done]))
"""


@pytest.mark.timeout(120)
def test_two_hundred_evil_sites_cost_no_memory_and_hold_up_no_good_one() -> None:
    with HttpServer() as good, HttpServer("127.0.0.2") as bad:
        good.route("/", Reply(body=b"<h1>Well</h1>" * 1500))
        asked = json.dumps([[good.url()] * 200, [evil(bad, number) for number in range(200)]])
        shown = subprocess.run([sys.executable, "-c", _PROBING], cwd=ROOT, input=asked, stdout=subprocess.PIPE, text=True, check=True)
    before_mb, peak_mb, took_s, done = json.loads(shown.stdout)
    assert len(done) == 400
    well = [done[str(number)] for number in range(200)]
    assert {kind for kind, *_rest in well} == {"ok"}
    assert took_s < 30
    assert peak_mb - before_mb < 100
    bad_ones = [found for key, found in done.items() if int(key) >= 1000]
    assert {detail for _kind, detail, *_rest in bad_ones} >= {
        "headers-too-large", "timeout", "reset", "too-many-redirects", "redirect-refused"
    }  # fmt: skip
    assert max(ms for _kind, _detail, ms, _at in bad_ones) < 6000
    assert max(at for _kind, _detail, _ms, at in well) < took_s
