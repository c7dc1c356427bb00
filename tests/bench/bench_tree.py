"""How fast a tree of 20,000 files in 1,500 folders is listed (names, modes, times), with and without a slow line, beside other tools.

    python -m tests.bench.bench_tree [--runs 3] [--rtt 0 30] [--only ours-ssh find …]

Real sshd and vsftpd on this machine; `delay` makes the line long. lftp and rclone take part where they are installed. What asks for one
folder after the other is measured over a tenth of the tree on the long line and multiplied (marked ~). Ends with 1 when ours takes
more than 1.3 times the best of its kind, listing alone. Seconds are medians; "line" is what the delay adds, counted in round trips.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.delay import delayed
from tests.ftp_servers import FtpServer, vsftpd
from tests.servers import SshServer, sshd

TENTHS, FOLDERS_EACH, FILES_EACH = 10, 150, 2_000
BAR = 1.3


@dataclass
class Way:
    """One way of listing. `kind` is the access it has; `slow`: it waits for one folder after the other."""

    name: str
    kind: str
    title: str
    ours: bool = False
    slow: bool = False


WAYS = (
    Way("ours-ssh", "SSH", "Sitemend, ssh", ours=True),
    Way("find", "SSH", "find -printf over an exec channel (paramiko)"),
    Way("ours-sftp", "SFTP", "Sitemend, sftp", ours=True),
    Way("pipelined", "SFTP", "64 folders in flight on paramiko's packets"),
    Way("rclone", "SFTP", "rclone lsf -R (no modes)", slow=True),
    Way("lftp", "SFTP", "lftp find -l", slow=True),
    Way("sequential", "SFTP", "paramiko listdir_attr, one by one", slow=True),
    Way("ours-ftp", "FTP", "Sitemend, ftp (three connections)", ours=True, slow=True),
    Way("lftp-ftp", "FTP", "lftp find -l over FTP", slow=True),
)
_PASSIVE = range(34_100, 34_140)


@dataclass
class Row:
    """What the runs of one way took, in seconds; `times` is what was multiplied with."""

    times: int = 1
    whole: list[float] = field(default_factory=list)
    scan: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """What is compared: the listing alone, or all of it where a tool does not tell them apart."""
        return statistics.median(self.scan or self.whole)


@dataclass
class Hosts:
    """The servers that show the tree, and the file with the key of the first."""

    ssh: SshServer
    ftp: FtpServer | None
    key: Path

    def of(self, way: Way) -> SshServer | FtpServer:
        return self.ftp if way.kind == "FTP" and self.ftp is not None else self.ssh

    @property
    def ports(self) -> list[int]:
        return [self.ssh.port, *([self.ftp.port, *_PASSIVE] if self.ftp else [])]


def plant(top: Path) -> None:
    """The tree: ten parts alike, folders in folders, up to six deep."""
    for tenth in range(TENTHS):
        folders = [top / f"part-{tenth}"]
        folders[0].mkdir(parents=True)
        for number in range(1, FOLDERS_EACH):
            folders.append(folders[(number - 1) // 5] / f"folder-{number:03}")
            folders[-1].mkdir()
        for number in range(FILES_EACH):
            (folders[number % FOLDERS_EACH] / f"class-of-something-{number:04}.php").write_bytes(b"<?php\n")


def run(way: Way, hosts: Hosts, address: str, path: str) -> dict[str, float]:
    """One run. Raises RuntimeError when it does not end well."""
    server = hosts.of(way)
    if way.name.startswith(("lftp", "rclone")):
        return _tool(_command(way.name, server, address, path, hosts.key))
    details = {"address": address, "port": server.port, "user": server.user, "path": path, "host_key": server.host_key}
    secret = {"password": server.password} if way.kind == "FTP" else {"key": hosts.ssh.private_key_text, "key_file": str(hosts.key)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.tree_rows", way.name],
        input=json.dumps(details | secret), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{way.name}: {done.stderr[-500:]}")
    found = json.loads(done.stdout)
    return {"whole": found["whole"], "scan": found["scan"], "cpu": found["whole_cpu"], "entries": found["entries"]}


def _command(name: str, server: SshServer | FtpServer, address: str, path: str, key: Path) -> list[str]:
    if name == "lftp-ftp":
        of_host = f"set ftp:ssl-allow no; set ftp:prefer-epsv yes; open -u {server.user},{server.password} -p {server.port} ftp://{address}"
        return ["lftp", "--norc", "-c", f"{of_host}; find -l {path}; bye"]
    if name == "lftp":
        ssh = f"ssh -a -x -i {key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        script = f"set sftp:connect-program '{ssh}'; open -p {server.port} sftp://{server.user}:@{address}; find -l {path}; bye"
        return ["lftp", "--norc", "-c", script]
    login = ["--sftp-host", address, "--sftp-port", str(server.port), "--sftp-user", server.user, "--sftp-key-file", str(key)]
    return ["rclone", "lsf", "-R", "--format", "pst", *login, f":sftp:{path}"]


def _tool(command: list[str]) -> dict[str, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False)
    after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[-500:].decode(errors='replace')}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"whole": took, "cpu": cpu, "entries": done.stdout.count(b"\n")}


def measure(hosts: Hosts, ways: Sequence[Way], rtt: float, runs: int) -> dict[str, Row]:
    rows = {way.name: Row(TENTHS if way.slow and rtt else 1) for way in ways}
    with delayed(rtt, *hosts.ports) as address:
        for number in range(runs):
            for way in ways:
                row = rows[way.name]
                if row.times > 1 and number:
                    continue  # long, and the line's wait does not vary
                found = run(way, hosts, address, f"{hosts.ssh.home}/tree" + ("/part-0" if row.times > 1 else ""))
                expected = TENTHS * (FOLDERS_EACH + FILES_EACH) / row.times
                if found["entries"] < expected * 0.99:
                    raise RuntimeError(f"{way.name} found {found['entries']:.0f} names, not {expected:.0f}")
                row.whole.append(found["whole"] * row.times)
                row.cpu.append(found["cpu"] * row.times)
                if "scan" in found:
                    row.scan.append(found["scan"] * row.times)
    return rows


def show(ways: Sequence[Way], by_rtt: dict[float, dict[str, Row]]) -> bool:
    """Prints the table; whether ours keep the bar."""
    kept = True
    for rtt, rows in by_rtt.items():
        print(f"\n{rtt:g} ms of round trip           with connecting   listing alone   CPU s   line, round trips   times the best")
        for way in ways:
            row = rows[way.name]
            scan = statistics.median(row.scan) if row.scan else None
            best = min(rows[other.name].seconds for other in ways if other.kind == way.kind)
            trips = (row.seconds - by_rtt[0.0][way.name].seconds) / rtt * 1000 if rtt and 0.0 in by_rtt else None
            kept = kept and (not way.ours or row.seconds <= BAR * best)
            about = "~" if row.times > 1 else " "
            figures = _shown(scan, "10.2f") + _shown(statistics.median(row.cpu), "9.2f") + _shown(trips, "12.0f")
            print(f"{way.title:<46}{about}{statistics.median(row.whole):7.2f} {figures} {row.seconds / best:14.2f}")
    return kept


def _shown(value: float | None, form: str) -> str:
    return f"{value:{form}}" if value is not None else " " * (int(form.partition(".")[0]) - 1) + "–"


@contextlib.contextmanager
def hosting() -> Iterator[Hosts]:
    """A real sshd whose account has the tree, and a vsftpd that shows the same one."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(sshd(folder))
        key = folder / "key"  # a file, as the tools want it
        key.touch(0o600)
        key.write_text(server.private_key_text)
        plant(server.home / "tree")
        passive = (f"pasv_min_port={_PASSIVE.start}", f"pasv_max_port={_PASSIVE.stop - 1}")
        ftp = stack.enter_context(vsftpd(folder, extra=passive)) if shutil.which("vsftpd", path="/usr/sbin:/usr/bin") else None
        yield Hosts(server, ftp, key)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_tree", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rtt", type=float, nargs="+", default=[0.0, 30.0], help="milliseconds")
    parser.add_argument("--only", nargs="+", choices=[way.name for way in WAYS], help="these ways alone")
    options = parser.parse_args()
    tools = {"lftp": "lftp", "rclone": "rclone", "lftp-ftp": "lftp"}
    wanted = options.only or [way.name for way in WAYS if way.name not in tools or shutil.which(tools[way.name])]
    with hosting() as hosts:
        ways = [way for way in WAYS if way.name in wanted and (way.kind != "FTP" or hosts.ftp)]
        kept = show(ways, {rtt: measure(hosts, ways, rtt, options.runs) for rtt in options.rtt})
    print(f"\nbar: at most {BAR} times the best of the same kind: {'kept' if kept else 'MISSED'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
