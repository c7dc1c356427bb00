"""How long one diagnosis of a broken site takes over SSH, SFTP and FTP, how often it waits for the line, and how much memory it needs.

    python -m tests.bench.bench_diagnose [--runs 3] [--rtt 0 30] [--transports ssh sftp ftp] [--faults htaccess plugin no-log] [--log-gb 2]

A site of 20,000 files on a real sshd and vsftpd; a small web server answers 500 and writes into the account's logs what Apache and PHP
write; `delay` makes the line long and counts round trips, connecting included. Ends with 1 when a bar is missed: median 3 s and at most
20 s without delay, at most 40 round trips until the cause is known on the long line, less than 250 MB whatever the log's size.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tests.bench.delay import Line, line
from tests.bench.product import Product
from tests.config.running import ROOT
from tests.ftp_servers import FtpServer, vsftpd
from tests.servers import SshServer, sshd

MEDIAN_S, MOST_S, TRIPS, MEMORY_MB = 3.0, 20.0, 40, 250.0
_PASSIVE = range(34_200, 34_240)
_PLUGIN = "wp-content/plugins/part-3/folder-001/class-of-something-0151.php"
_FAULTS = {
    "htaccess": "Invalid command 'RewritEngine', perhaps misspelled or defined by a module not included in the server configuration",
    "plugin": "PHP Parse error:  syntax error, unexpected end of file in {docroot}/" + _PLUGIN + " on line 2",
    "no-log": "",
}
_CAUSES = {"htaccess": "htaccess-invalid-directive", "plugin": "wordpress-plugin", "no-log": "htaccess-invalid-directive"}


@dataclass
class Account:
    """One site in one home, seen by both servers."""

    ssh: SshServer
    ftp: FtpServer
    fault: str = "htaccess"
    lock: Lock = field(default_factory=Lock)

    @property
    def home(self) -> Path:
        return self.ssh.home

    def plant(self) -> None:
        """A WordPress of 20,000 files in 1,500 folders, most of them in ten plugins."""
        for name, text in {
            "www/index.php": "<?php require __DIR__ . '/wp-blog-header.php';\n",
            "www/wp-blog-header.php": "<?php require_once __DIR__ . '/wp-load.php';\n",
            "www/wp-load.php": "<?php require ABSPATH . 'wp-config.php';\n", "www/wp-settings.php": "<?php\n",
            "www/wp-config.php": "<?php\n$table_prefix = 'wp_';\nrequire_once ABSPATH . 'wp-settings.php';\n",
            "www/wp-includes/version.php": "<?php\n$wp_version = '6.4.2';\n$required_php_version = '7.0';\n",
            "www/wp-admin/index.php": "<?php\n", "www/wp-content/index.php": "<?php\n",
        }.items():  # fmt: skip
            self.write(name, text)
        for part in range(10):
            top = self.home / f"www/wp-content/plugins/part-{part}"
            folders = [top, *(top / f"folder-{number:03}" for number in range(1, 150))]
            for number in range(2_000):
                folder = folders[number % 150]
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"class-of-something-{number:04}.php").write_bytes(b"<?php\n")
            (top / f"part-{part}.php").write_text(f"<?php\n/* Plugin Name: Part {part}\nVersion: 1.{part} */\n")

    def write(self, name: str, text: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def break_by(self, fault: str) -> None:
        self.fault = fault
        self.write(
            "www/.htaccess", "Options -Indexes\n\nRewriteEngine On\n" if fault == "plugin" else "Options -Indexes\n\nRewritEngine On\n"
        )
        (self.home / "www" / _PLUGIN).write_text("<?php\nfunction part(" if fault == "plugin" else "<?php\n")
        for name in ("error.log", "access.log"):
            self.write(f"logs/{name}", "")

    def failed(self, target: str, agent: str) -> None:
        """What Apache and PHP write of a request that failed."""
        if not _FAULTS[self.fault]:
            return
        said = _FAULTS[self.fault].format(docroot=self.home / "www")
        said = f"[core:alert] [pid 812] [client 127.0.0.1:40000] {self.home}/www/.htaccess: {said}" if self.fault == "htaccess" else (
            f"[proxy_fcgi:error] [pid 812] [client 127.0.0.1:40000] AH01071: Got error '{said}'"
        )  # fmt: skip
        now = time.time()
        clock = time.strftime("%a %b %d %H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06} " + time.strftime("%Y", time.gmtime(now))
        access = (
            f'127.0.0.1 - - [{time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now))}] "GET {target} HTTP/1.1" 500 528 "-" "{agent}"\n'
        )
        with self.lock:
            for name, text in (("error.log", f"[{clock}] {said}\n"), ("access.log", access)):
                with (self.home / "logs" / name).open("a") as log:
                    log.write(text)

    def grow_log(self, gigabytes: float) -> None:
        """Fills the error log with lines of earlier days."""
        of_old = (
            "[Fri Nov 20 03:12:04.123456 2026] [proxy_fcgi:error] [pid 9] [client 192.0.2.7:5] AH01071: Got error 'PHP Warning:  Undefined"
        )
        block = (of_old + f' variable $x in {self.home}/www/index.php on line 2\'\n').encode() * 5_000  # fmt: skip
        with (self.home / "logs/error.log").open("wb") as log:
            for _number in range(int(gigabytes * 1e9 / len(block))):
                log.write(block)


@contextlib.contextmanager
def account() -> Iterator[tuple[Account, str]]:
    """The account with its site, and the site's address."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        passive = (f"pasv_min_port={_PASSIVE.start}", f"pasv_max_port={_PASSIVE.stop - 1}")
        made = Account(stack.enter_context(sshd(folder)), stack.enter_context(vsftpd(folder, extra=passive)))
        made.plant()

        class Broken(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                made.failed(self.path, self.headers.get("User-Agent", "-"))
                self.send_response(500)
                self.end_headers()
                self.wfile.write(b"<h1>Internal Server Error</h1>")

            def log_message(self, *_: object) -> None: ...

        web = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Broken))
        Thread(target=web.serve_forever, daemon=True).start()
        stack.callback(web.shutdown)
        yield made, f"http://127.0.0.1:{web.server_port}/"


@dataclass(frozen=True)
class Row:
    """What one way took. Trips are None on a line without delay."""

    transport: str
    fault: str
    rtt: float
    seconds: float
    most_s: float
    first: int | None
    whole: int | None
    peak_mb: float
    cause: str
    stages: str = ""

    @property
    def is_kept(self) -> bool:
        in_time = self.most_s <= MOST_S and (self.rtt > 0 or " " in self.fault or self.seconds <= MEDIAN_S)  # one run has no median
        return (
            in_time
            and (not self.rtt or (self.first or 1000) <= TRIPS)
            and self.peak_mb < MEMORY_MB
            and _CAUSES[self.fault.split()[0]] in self.cause
        )


def measure(product: Product, made: Account, url: str, far: Line, transport: str, fault: str, rtt: float, runs: int, more: str = "") -> Row:
    """Diagnoses the site over this line."""
    server = made.ftp if transport == "ftp" else made.ssh
    with_log = bool(_FAULTS[fault])
    secret = (
        {"password": made.ftp.password} if transport == "ftp" else {"private_key": made.ssh.private_key_text, "host_key": made.ssh.host_key}
    )
    given: dict[str, Any] = {
        "name": f"{transport} {fault} {rtt:g}{more}", "protocol": transport, "address": far.address, "port": server.port,
        "user": server.user,
        "profile": "apache-755", "url": url, "docroot": f"{made.ssh.remote_home}/www", "runs": runs, "staged": True,
        "error_log": f"{made.ssh.remote_home}/logs/error.log" if with_log else "",
        "access_log": f"{made.ssh.remote_home}/logs/access.log" if with_log else "", **secret,
    }  # fmt: skip
    found = _run(product, given)
    trips, staged = far.trips(), found["staged"]

    def until(moment: float | None) -> int | None:
        return sum(staged["begun"] <= trip < moment for trip in trips) if trips and moment else None

    stages = " ".join(str(until(moment)) for moment in (staged["connected"], *staged["stages"])) if trips else ""
    return Row(
        transport, fault + more, rtt, statistics.median(found["seconds"]), max(found["seconds"]), until(staged["first"]),
        until(staged["ended"]), found["peak_mb"], found["causes"][-1], stages,
    )  # fmt: skip


def _run(product: Product, given: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.diagnose_run"], input=json.dumps(given), env=product.environment, cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{given.get('name')}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}


def show(row: Row) -> None:
    trips = "" if row.whole is None else f"{row.first or '–':>4} of {row.whole:>4} round trips ({row.stages})"
    took = f"{row.seconds:6.2f} s (at most {row.most_s:.2f}), {row.peak_mb:4.0f} MB"
    print(f"{row.transport:<5}{row.fault:<14}{row.rtt:>4g} ms {took}  {trips}  {row.cause}{'' if row.is_kept else '  MISSED'}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_diagnose", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rtt", type=float, nargs="+", default=[0.0, 30.0], help="milliseconds")
    parser.add_argument("--transports", nargs="+", choices=("ssh", "sftp", "ftp"), default=["ssh", "sftp", "ftp"])
    parser.add_argument("--faults", nargs="*", choices=tuple(_FAULTS), default=list(_FAULTS))
    parser.add_argument("--log-gb", type=float, default=2.0, help="size of the log in the last run; 0 leaves it out")
    options = parser.parse_args()
    rows = []
    with account() as (made, url), tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder) / "var", {"SITEMEND_ALLOWED_NETWORKS": "127.0.0.0/8"})
        product.folder.mkdir()
        _run(product, {"make": True})
        for rtt in options.rtt:
            with line(rtt, made.ssh.port, made.ftp.port, *_PASSIVE) as far:
                for fault in options.faults:
                    made.break_by(fault)
                    for transport in options.transports:
                        rows.append(measure(product, made, url, far, transport, fault, rtt, options.runs))
                        show(rows[-1])
        if options.log_gb:
            made.break_by("htaccess")
            made.grow_log(options.log_gb)
            for transport in options.transports:
                rows.append(measure(product, made, url, Line("127.0.0.1"), transport, "htaccess", 0, 1, f" {options.log_gb:g} GB"))
                show(rows[-1])
    kept = all(row.is_kept for row in rows)
    print(
        f"\nbars: {MEDIAN_S:g} s and {MOST_S:g} s, {TRIPS} round trips, {MEMORY_MB:g} MB, the right cause: {'kept' if kept else 'MISSED'}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
