"""What a program beside the docroot adds to a baseline and to a diagnosis: round trips and seconds over SSH, SFTP and FTP.

    python -m tests.bench.bench_beside [--rtt 30]

A Laravel of the usual size on a real sshd and vsftpd: 75 folders of its own and 1,200 of libraries. `delay` makes the line long and
counts. Ends with 1 when a bar is missed. Over FTP three connections list; libraries are not listed where each folder is a journey.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from diagnostics.evidence import Evidence, SiteSeen
from diagnostics.facts import program_places, program_tree
from diagnostics.facts.small_files import SmallFiles
from diagnostics.manifests import gathering
from diagnostics.manifests.places import Scope
from diagnostics.transports import open_reader
from diagnostics.transports.base import ConnectionDetails, Reader
from sites.probing.guard import Guard
from tests.bench.delay import Line, line
from tests.ftp_servers import FtpServer, vsftpd
from tests.servers import SshServer, sshd

FOLDERS, LIBRARIES = 75, 1_200
BARS = {"ssh": 25, "sftp": 60, "ftp": 120}  # round trips of finding it and listing it
_PASSIVE = range(34_300, 34_340)
_START = b"<?php\nrequire __DIR__.'/../vendor/autoload.php';\n$app = require_once __DIR__.'/../bootstrap/app.php';\n"


def plant(home: Path) -> Path:
    """The account: the program, its libraries, and what is none of it. Returns the docroot."""
    top = home / "shop"
    made = [top / "public", top / "bootstrap", top / "config", top / "vendor" / "composer"]
    made += [top / "app" / f"part-{number // 10}" / f"inner-{number}" for number in range(FOLDERS - 12)]
    made += [top / "vendor" / f"maker-{number // 12}" / f"package-{number}" for number in range(LIBRARIES - 100)]
    made += [top / "storage" / "framework" / f"view-{number}" for number in range(50)]
    for folder in made:
        folder.mkdir(parents=True)
        for name in ("a.php", "b.php", "c.php"):
            (folder / name).write_bytes(b"<?php\n")
    (top / "public" / "index.php").write_bytes(_START)
    (top / "vendor" / "autoload.php").write_bytes(b"<?php\n")
    (top / ".env").write_bytes(b"APP_ENV=production\n")
    return top / "public"


def measure(server: SshServer | FtpServer, protocol: str, far: Line, docroot: str) -> tuple[int, int, float, float]:
    """Round trips of finding the program and of listing it, as a diagnosis does; seconds of a baseline without it and with it."""
    is_ftp = isinstance(server, FtpServer)
    secret = {"password": server.password} if is_ftp else {"private_key": server.private_key_text, "host_key": server.host_key}
    details = ConnectionDetails(protocol, far.address, server.port, server.user, exempt=(far.address, server.port), **secret)  # type: ignore[arg-type]
    with open_reader(details, guard=Guard()) as reader:
        reader.home()
        reader.list(docroot)  # the connection stands, and what it can do is known
        far.trips()
        scope = program_places.recognised(SmallFiles(reader), docroot)
        finding = len(far.trips())
        seen = Evidence(SiteSeen("shop", "http://shop.example/", "down", "server-error"), "", protocol, docroot=docroot)
        found = program_tree.read(reader, seen, scope, time.monotonic() + 60)
        listing = len(far.trips())
        if found.program_scope != scope or not any(entry.path == "app/part-0/inner-0/a.php" for entry in found.program):
            raise RuntimeError(f"{protocol}: the program was not found or not listed in time: {scope}")
        return finding, listing, _look(reader, docroot, ()), _look(reader, docroot, scope)


def _look(reader: Reader, docroot: str, scope: Scope) -> float:
    began = time.monotonic()
    gathering.look(reader, docroot, scope=scope).sorter.close()
    return time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rtt", type=float, default=30.0)
    options = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as folder, sshd(Path(folder)) as ssh:
        docroot = plant(ssh.home)
        for path in (ssh.home / "shop", *(ssh.home / "shop").rglob("*")):
            ssh.own(path)
        passive = (f"pasv_min_port={_PASSIVE.start}", f"pasv_max_port={_PASSIVE.stop - 1}")
        with vsftpd(Path(folder), extra=passive) as ftp, line(options.rtt, ssh.port, ftp.port, *_PASSIVE) as far:
            for protocol in ("ssh", "sftp", "ftp"):
                finding, listing, without, having = measure(ftp if protocol == "ftp" else ssh, protocol, far, str(docroot))
                missed |= options.rtt > 0 and finding + listing > BARS[protocol]
                print(
                    f"{protocol:>5}: found in {finding} round trips, listed in {listing} (together at most {BARS[protocol]}); "
                    f"a baseline takes {without:.2f} s without it, {having:.2f} s with it"
                )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
