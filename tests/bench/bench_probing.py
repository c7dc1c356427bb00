"""Probing, measured over the whole product and beside Prometheus with its blackbox exporter in the same run.

    python -m tests.bench.bench_probing WHAT... [--sites N] [--seconds S] [--runs R] [--no-reference] [--json FILE]

WHAT: `http` and `https` (so many sites every 20 s on one worker: CPU, memory, is the schedule kept), `flat-http` and `flat-https`
(as fast as one core can, results stored), `workers` (two against one on PostgreSQL, answers that take their time), `restart`
(stopped and started: when is every site probed again), or `all`. `--quick` takes short runs, whose figures are for orientation only.

Default settings but for SITEMEND_PROBES_PER_ADDRESS and SITEMEND_ALLOWED_NETWORKS. The target is nginx on loopback: 20 KB of HTML, one
answer in a hundred is a 500. Needed from Debian: nginx, libnginx-mod-http-echo, prometheus, prometheus-blackbox-exporter, postgresql.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import reference, target
from tests.bench.product import SETTLED_S, Product
from tests.bench.usage import Cpu, Watch
from tests.bench.workers import workers_against_one

Row = dict[str, object]
INTERVAL_S = 20


def paced(folder: Path, options: argparse.Namespace, *, tls: bool) -> list[Row]:
    """Ours, then the reference, with the same sites and the same target."""
    with target.running(folder / "target") as served:
        urls = [served.url(n, tls=tls) for n in range(options.sites)]
        rows = [_paced_ours(folder, served, urls, options, tls)]
        if options.reference:
            with reference.prometheus(folder / "reference", urls, INTERVAL_S, served.ca_file) as roots:
                time.sleep(INTERVAL_S * 1.5)
                rows.append(
                    {"what": _name(tls, options), "who": "Prometheus + blackbox_exporter"} | _window(served, roots, options.seconds)
                )
            rows[0]["of_reference"] = round(float(str(rows[0]["cpu_per_1000"])) / float(str(rows[1]["cpu_per_1000"])), 2)
    return rows


def _name(tls: bool, options: argparse.Namespace) -> str:
    return f"{options.sites} {'HTTPS' if tls else 'HTTP'} sites every {INTERVAL_S} s"


def _paced_ours(folder: Path, served: target.Target, urls: list[str], options: argparse.Namespace, tls: bool) -> Row:
    product = Product(folder / "ours", {"SITEMEND_CA_FILE": str(served.ca_file)})
    product.fill(urls, INTERVAL_S)
    with product.running() as up:
        time.sleep(INTERVAL_S * 2.5)
        return {"what": _name(tls, options), "who": "Sitemend"} | _window(served, (up.process.pid,), options.seconds)


def _window(served: target.Target, roots: tuple[int, ...], seconds: float) -> Row:
    cpu, memory, began = Cpu(*roots), Watch(*roots), time.time()
    time.sleep(seconds)
    spent, until = cpu.spent_s(), time.time()
    most = memory.stop()
    seen = served.seen(began, until)
    return {
        "requests": seen.requests,
        "sites": seen.sites,
        "gap_p50_s": round(seen.gap(0.5), 2),
        "gap_p95_s": round(seen.gap(0.95), 2),
        "gap_max_s": round(seen.gap(1.0), 2),
        "cpu_per_1000": round(spent / max(1, seen.requests) * 1000, 3),
        "pss_mb": round(most),
    }


def flat_out(folder: Path, options: argparse.Namespace, *, tls: bool) -> list[Row]:
    """Everything of ours on one core, the target on another: all sites, which are known and well, are due at once. Median of the runs."""
    ours, theirs = [], []
    number = options.flat_https if tls else options.flat_http
    with target.running(folder / "target", core=_other_core()) as served:
        urls = [served.url(n, tls=tls) for n in range(number)]
        for run in range(options.runs):
            ours.append(_flat_ours(folder / f"ours{run}", served, urls))
            if options.reference:
                theirs.append(_flat_reference(folder / "reference", served, urls[: number // 3]))
    what = f"flat out on one core, {'HTTPS' if tls else 'HTTP'}"
    rows = [_median(what, "Sitemend, results stored", ours)]
    if theirs:
        rows.append(_median(what, "blackbox_exporter, nothing stored", theirs))
        rows[0]["of_reference"] = round(float(str(rows[0]["per_s"])) / float(str(rows[1]["per_s"])), 2)
    return rows


def _flat_ours(folder: Path, served: target.Target, urls: list[str]) -> Row:
    product = Product(folder, {"SITEMEND_CA_FILE": str(served.ca_file)})
    product.fill(urls, 3600)
    with product.running(core=0) as up:
        product.until_stored(len(urls))
        time.sleep(SETTLED_S)
        product.all_due(due := time.time() + 3)
        time.sleep(max(0.0, due - 0.5 - time.time()))
        cpu = Cpu(up.process.pid)
        done = product.until_stored(len(urls), since=due)
        spent = cpu.spent_s()
    seen = served.seen(due - 1, done + 1)
    return {"per_s": len(urls) / (done - seen.first), "cpu_per_1000": spent / len(urls) * 1000}


def _flat_reference(folder: Path, served: target.Target, urls: list[str]) -> Row:
    with reference.blackbox(folder, served.ca_file, core=0) as (pid, port):
        os.sched_setaffinity(0, {_other_core()})
        try:
            reference.ask_flat_out(port, urls[:200])
            cpu, began = Cpu(pid), time.monotonic()
            answered = reference.ask_flat_out(port, urls)
            took = time.monotonic() - began
        finally:
            os.sched_setaffinity(0, set(range(os.cpu_count() or 1)))
        return {"per_s": answered / took, "cpu_per_1000": cpu.spent_s() / answered * 1000}


def _other_core() -> int:
    return 1 if (os.cpu_count() or 1) > 1 else 0


def _median(what: str, who: str, runs: list[Row]) -> Row:
    def middle(name: str) -> float:
        return statistics.median(float(str(run[name])) for run in runs)

    return {"what": what, "who": who, "per_s": round(middle("per_s")), "cpu_per_1000": round(middle("cpu_per_1000"), 3), "runs": len(runs)}


def restart(folder: Path, options: argparse.Namespace) -> list[Row]:
    """Stopped for longer than an interval, then started again: how long until the last site has been probed."""
    with target.running(folder / "target") as served:
        product = Product(folder / "ours")
        product.fill([served.url(n) for n in range(options.sites)], INTERVAL_S)
        with product.running():
            time.sleep(INTERVAL_S * 1.5)
        time.sleep(INTERVAL_S * 1.5)
        began = time.time()
        with product.running():
            ready = time.time()
            time.sleep(INTERVAL_S * 2)
        each = served.first_of_each(began)
        last = max(each.values(), default=float("inf"))
        return [
            {
                "what": f"restart with {options.sites} sites", "who": "Sitemend", "sites": len(each),
                "ready_after_s": round(ready - began, 1), "all_probed_after_s": round(last - began, 1),
            }
        ]  # fmt: skip


MEASURES: dict[str, Callable[[Path, argparse.Namespace], list[Row]]] = {
    "http": lambda folder, options: paced(folder, options, tls=False),
    "https": lambda folder, options: paced(folder, options, tls=True),
    "flat-http": lambda folder, options: flat_out(folder, options, tls=False),
    "flat-https": lambda folder, options: flat_out(folder, options, tls=True),
    "workers": workers_against_one,
    "restart": restart,
}
BARS: dict[str, str] = {
    "http": "gap p95 19 to 21 s; at most 1.0 CPU s per 1,000, half of the reference; at most 400 MB",
    "https": "gap p95 19 to 21 s; at most 3.0 CPU s per 1,000",
    "flat-http": "at least 3,000 per s",
    "flat-https": "at least 800 per s",
    "workers": "at least 1.7 times as many; CPU per 1,000 at most 1.15 times",
    "restart": f"all probed within {INTERVAL_S} s of being ready",
}


def show(name: str, rows: list[Row]) -> None:
    """A table: one line per tool, one column per figure."""
    columns = [column for column in dict.fromkeys(column for row in rows for column in row) if column != "what"]
    table = [columns, *([str(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[n]) for line in table) for n in range(len(columns))]
    print(f"\n{rows[0]['what']}   (bar: {BARS[name]})")
    for line in table:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip(), flush=True)


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_probing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="+", choices=[*MEASURES, "all"], help="what to measure")
    parser.add_argument("--sites", type=int, default=3000, help="for http, https and restart (default 3000)")
    parser.add_argument("--seconds", type=float, default=300, help="measured of http and https (default 300)")
    parser.add_argument("--runs", type=int, default=3, help="of each flat-out figure, whose median counts (default 3)")
    parser.add_argument("--quick", action="store_true", help="short runs, for orientation only")
    parser.add_argument("--no-reference", dest="reference", action="store_false", help="leave the other tools out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rows there too")
    options = parser.parse_args(arguments)
    if "all" in options.what:
        options.what = list(MEASURES)
    if options.quick:
        options.seconds, options.runs = min(options.seconds, 60), 1
    options.flat_http, options.flat_https, options.many = (9000, 3000, 4000) if options.quick else (30_000, 8000, 10_000)
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parsed(sys.argv[1:] if arguments is None else arguments)
    every: list[Row] = []
    status = 0
    for name in options.what:
        with tempfile.TemporaryDirectory(prefix="sitemend-bench-") as folder:
            try:
                rows = MEASURES[name](Path(folder), options)
            except (target.Missing, RuntimeError) as problem:
                print(f"\n{name}: not measured: {problem}", file=sys.stderr)
                status = 1
                continue
        show(name, rows)
        every += rows
    if options.json:
        options.json.write_text(json.dumps(every, indent=1) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
