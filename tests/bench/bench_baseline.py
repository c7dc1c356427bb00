"""What a baseline of a site costs: reading 20,000 files, storing them, a history of 30 days, comparing; and a million names.

    python -m tests.bench.bench_baseline [NAMES]

It measures, it asserts nothing. The reading over SSH needs OpenSSH's server; it is left out where there is none.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from diagnostics.manifests import gathering
from diagnostics.manifests.comparing import differences, grouped
from diagnostics.manifests.format import Record, Sorter, backwards, decode, encode, overlaid
from diagnostics.transports import open_reader
from diagnostics.transports.base import ConnectionDetails
from sites.probing.guard import Guard
from tests.servers import SshServer, sshd

FILES, FOLDERS, DAYS = 20_000, 1_500, 30
_WORDS = ("admin", "ajax", "block", "class", "core", "editor", "form", "menu", "post", "rest", "script", "style", "theme", "user", "widget")
_ENDINGS = ("php", "php", "php", "js", "css", "svg", "json", "po")


def tree(files: int, folders: int) -> Iterator[Record]:
    """A site of plugins, each installed at its own time, its files of any size."""
    luck, number = random.Random(7), 0
    for folder in range(folders):
        top = f"wp-content/plugins/{luck.choice(_WORDS)}-{folder // 25}/{luck.choice(_WORDS)}/{folder}"
        installed = 1_600_000_000 + luck.randrange(10**8)
        yield Record(top.encode(), "d", 0o755, 0, installed)
        for _file in range(files // folders + (folder < files % folders)):
            number += 1
            name = f"{top}/{luck.choice(_WORDS)}-{luck.choice(_WORDS)}-{number % 97}-{number}.{luck.choice(_ENDINGS)}"
            yield Record(name.encode(), "f", 0o644, int(luck.paretovariate(0.8) * 500) % 10**6, installed + luck.randrange(4))


def storing() -> None:
    records = sorted(tree(FILES, FOLDERS))
    started = time.process_time()
    stored = encode(records)
    packed = time.process_time() - started
    started = time.process_time()
    list(decode(stored))
    print(f"{FILES:,} files: {len(stored) / 1000:.0f} KB stored, {packed:.2f} CPU s to write, {time.process_time() - started:.2f} to read")
    luck, layers, total = random.Random(1), [], len(stored)
    newer = records
    for _day in range(DAYS - 1):  # every day 40 files of an update, twenty uploads that are listed
        some = luck.randrange(len(newer) - 40)
        older = [*newer[:some], *(record._replace(size=record.size + 1) for record in newer[some : some + 40]), *newer[some + 60 :]]
        layers.append(encode(backwards(older, newer)))
        total, newer = total + len(layers[-1]), older
    started = time.process_time()
    oldest = list(overlaid([records, *(decode(layer) for layer in layers)]))
    took = time.process_time() - started
    assert oldest == newer
    print(f"{DAYS} days of it: {total / 1000:.0f} KB in all, the oldest rebuilt in {took:.2f} CPU s")
    started = time.process_time()
    summary = grouped(differences(oldest, decode(stored)))
    print(f"comparing the oldest with the newest: {summary.total:,} files differ, {time.process_time() - started:.2f} CPU s")


def million(names: int) -> None:
    started, sorter = time.process_time(), Sorter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for record in tree(names, names // 14):
        sorter.add(record)
    stored = encode(sorter.sorted())
    sorter.close()
    read = sum(1 for _record in decode(stored))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{read:,} names: {len(stored) / 1e6:.1f} MB stored, {time.process_time() - started:.1f} CPU s, at most {more:.0f} MB more memory"
    )


def plant(server: SshServer) -> Path:
    top = server.home / "www"
    for record in tree(FILES, FOLDERS):
        path = top / record.path.decode()
        if record.kind == "d":
            path.mkdir(parents=True)
        else:
            path.write_bytes(b"x" * (record.size % 4000))
    for path in (top, *top.rglob("*")):
        server.own(path)
    for record in tree(FILES, FOLDERS):
        os.utime(top / record.path.decode(), (record.mtime, record.mtime))
    return top


def reading() -> None:
    with tempfile.TemporaryDirectory() as folder, sshd(Path(folder)) as server:
        top = plant(server)
        for protocol in ("ssh", "sftp"):
            exempt = (server.address, server.port)
            secrets = {"private_key": server.private_key_text, "host_key": server.host_key, "exempt": exempt}
            details = ConnectionDetails(protocol, server.address, server.port, server.user, **secrets)
            with open_reader(details, guard=Guard()) as reader:
                whole, stored = _look(reader, str(top), None)
                short, _again = _look(reader, str(top), stored)
            words = f", a day later {short:.2f} s" if protocol == "sftp" else ""
            print(f"{protocol}: {FILES:,} files in {FOLDERS:,} folders read and stored in {whole:.2f} s by the clock{words}")


def _look(reader: object, top: str, before: bytes | None) -> tuple[float, bytes]:
    started = time.monotonic()
    known = (lambda: decode(before)) if before else None
    found = gathering.look(reader, top, before=known, before_at=time.time())  # type: ignore[arg-type]
    stored = encode(found.sorter.sorted())
    found.sorter.close()
    return time.monotonic() - started, stored


def main() -> None:
    storing()
    if shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin"):
        reading()
    million(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)


if __name__ == "__main__":
    main()
