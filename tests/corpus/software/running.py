"""Servers in a temporary folder on loopback: started, asked by the real probing engine, stopped."""

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
from dataclasses import dataclass
from pathlib import Path

from sites.probing.engine import probe_many
from sites.probing.guard import Guard
from sites.probing.outcome import Expectation, Kind, Outcome, ProbeRequest
from tests.corpus.case import Case, Headers
from tests.servers import free_port

__all__ = ["Shown", "ask", "as_root", "binary", "free_port", "running", "worker_lines"]
_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin"))
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Shown:
    """One page of a server that runs, and what it should be recognised as."""

    name: str
    path: str
    kind: Kind
    language: str = "en"
    lookalike: bool = False
    headers: Headers = ()
    statuses: tuple[int, ...] = ()
    time_limit_s: float = 10.0


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
    words = Path(os.environ.get("TMPDIR", "/tmp")) / f"corpus-{os.getpid()}-{time.monotonic_ns()}.txt"
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


def ask(software: str, port: int, pages: Sequence[Shown], *, at_once: int = 4, host: str = "") -> Iterator[Case]:
    """Probes these pages as a routine probe does and makes a case of each answer."""
    requests = [
        ProbeRequest(
            key=number, url=f"http://{_LOOPBACK}:{port}{page.path}", headers=page.headers + ((("Host", host),) if host else ()),
            expectation=Expectation(frozenset(page.statuses)), time_limit_s=page.time_limit_s, exempt=(_LOOPBACK, port),
        )
        for number, page in enumerate(pages)
    ]  # fmt: skip
    for page, outcome in zip(pages, probe_many(requests, guard=Guard(()), per_address=at_once), strict=True):
        yield _case(software, page, outcome)


def _case(software: str, page: Shown, outcome: Outcome) -> Case:
    if outcome.detail in ("refused", "internal"):
        raise RuntimeError(f"{software} {page.path}: {outcome.message}")
    return Case(
        f"{software}/{page.name}", page.kind, outcome.status, outcome.headers, outcome.body, page.language, software=True,
        lookalike=page.lookalike, complete=outcome.detail != "cut-off", url=outcome.final_url,
        expectation=Expectation(frozenset(page.statuses)), observed=outcome.kind if outcome.status is None else None,
    )  # fmt: skip
