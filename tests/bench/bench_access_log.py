"""How fast access logs are read: lines of a second, by the share of server errors in them, and a log of some megabytes over a real sshd.

    python -m tests.bench.bench_access_log [MEGABYTES]

It measures, it asserts nothing. The reading over SSH needs OpenSSH's server; it is left out where there is none.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from diagnostics.facts import access_lines, log_series
from diagnostics.transports import open_reader
from diagnostics.transports.base import ConnectionDetails
from sites.probing.guard import Guard
from tests.servers import sshd

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
_LINE = '192.0.2.{a} - - [22/Nov/2026:03:12:{s:02} +0100] "GET /page/{n}?q=1 HTTP/1.1" {status} 5123 "https://shop.example/" "{agent}"\n'


def log_of(lines: int, every: int) -> bytes:
    """So many lines of Apache's combined format, one of `every` a server error; 0: none."""
    return "".join(
        _LINE.format(a=n % 200, s=n % 60, n=n % 997, status=500 if every and n % every == 0 else 200, agent=AGENT) for n in range(lines)
    ).encode()


def parsing() -> None:
    for every, words in ((0, "no server error"), (100, "1 % of server errors"), (1, "nothing but server errors")):
        data = log_of(200_000 if every != 1 else 50_000, every)
        started = time.process_time()
        read = access_lines.parse(data)
        seconds = time.process_time() - started
        print(f"{words}: {read.lines / seconds:,.0f} lines/s of CPU time, {len(data) / seconds / 1e6:,.0f} MB/s, {len(read.errors)} found")


def over_ssh(megabytes: int) -> None:
    block = log_of(50_000, 100)
    with tempfile.TemporaryDirectory() as folder, sshd(Path(folder)) as server:
        log = server.home / "access.log"
        log.write_bytes(block * max(1, megabytes * 1_000_000 // len(block)))
        server.own(log)
        pin = (server.address, server.port)
        details = ConnectionDetails(
            "sftp", server.address, server.port, server.user, private_key=server.private_key_text, host_key=server.host_key, exempt=pin
        )
        found: list[access_lines.Read] = []
        started = time.monotonic()
        with open_reader(details, guard=Guard()) as reader:
            budget = log_series.Budget(2**40, started + 600)
            log_series.read_new(reader, str(log), {}, budget, lambda data: found.append(access_lines.parse(data)))
        seconds = time.monotonic() - started
        size, lines, errors = log.stat().st_size / 1e6, sum(read.lines for read in found), sum(len(read.errors) for read in found)
    print(f"{size:.0f} MB over SFTP, read and parsed: {seconds:.1f} s by the clock, {lines:,} lines, {errors:,} server errors")


def main() -> None:
    parsing()
    if shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin"):
        over_ssh(int(sys.argv[1]) if len(sys.argv) > 1 else 50)


if __name__ == "__main__":
    main()
