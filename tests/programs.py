"""Installed programs for tests: found, run until a block ends, and ended with all that they started."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin"))
_LOOPBACK = "127.0.0.1"


def binary(name: str) -> str:
    """The program's full path; "" when it is not installed."""
    return shutil.which(name, path=_PLACES) or ""


def as_root() -> bool:
    return os.geteuid() == 0


def worker_lines(root: str) -> str:
    """A line of configuration that is needed, and allowed, only when the server is started as root."""
    return root if as_root() else ""


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    *,
    port: int = 0,
    socket_file: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str = "",
    seconds: float = 30.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs until the block ends; begins when the port or the socket answers. `user` counts only for root.

    Raises RuntimeError with the program's own words when it does not start.
    """
    words = Path(os.environ.get("TMPDIR", "/tmp")) / f"program-{os.getpid()}-{time.monotonic_ns()}.txt"
    with words.open("wb") as said:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd=cwd,
            env={**os.environ, **(env or {})}, start_new_session=True, user=user if user and as_root() and _known(user) else None,
        )  # fmt: skip
    try:
        until = time.monotonic() + seconds
        while not _answers(port, socket_file):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not start: {words.read_text('utf-8', 'replace')[-3000:]}")
            time.sleep(0.05)
        yield process
    finally:
        _end(process)
        words.unlink(missing_ok=True)


def _known(user: str) -> bool:
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False


def _answers(port: int, file: Path | None) -> bool:
    where: tuple[int, object] = (socket.AF_UNIX, str(file)) if file else (socket.AF_INET, (_LOOPBACK, port))
    with socket.socket(where[0]) as line:
        line.settimeout(1)
        return line.connect_ex(where[1]) == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program with all that it started: they are of one session, which is ours."""
    for number, patience in ((signal.SIGTERM, 8), (signal.SIGKILL, 8)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def php_fpm() -> str:
    """Debian names PHP-FPM by its version; "" when none is installed."""
    return next((found for name in ("php-fpm8.2", "php-fpm8.4", "php-fpm8.3", "php-fpm") if (found := binary(name))), "")


@contextlib.contextmanager
def mariadb(folder: Path, *options: str) -> Iterator[str]:
    """A database server with a socket of its own, which root may use without a password; yields the socket's path.

    `options`: further ones of its command line. Without any it has no port.
    """
    folder.mkdir()
    user = ["--user=root"] if as_root() else []
    subprocess.run([binary("mariadb-install-db"), "--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal",
                    "--skip-test-db", *user], check=True, capture_output=True, timeout=120)  # fmt: skip
    line = folder / "s"
    command = [binary("mariadbd"), "--no-defaults", f"--datadir={folder}/data", f"--socket={line}", *(options or ("--skip-networking",)),
               "--innodb-flush-log-at-trx-commit=0", f"--pid-file={folder}/pid", *user]  # fmt: skip
    with running(command, socket_file=line):
        yield str(line)
