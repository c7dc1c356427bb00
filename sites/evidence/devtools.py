"""A browser as a child process, spoken to over its DevTools pipe (chromium, `--remote-debugging-pipe`: JSON between NUL bytes).

It listens on no port. It ends with the block, with all processes that it started; sooner when it takes too long or too much memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import select
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

_LOOK_EVERY_S = 0.2
_ANSWER_LIMIT = 32 * 1024 * 1024  # bytes of one message


class BrowserError(Exception):
    """The browser did not start, refused, or used up its limits."""


class BrowserNeverAnswered(BrowserError):
    """It ended before its first answer: it could not start the way it was asked to. No page had been given to it."""


class Browser:
    """One run of a browser. A context manager; raises BrowserError from every call."""

    def __init__(self, command: list[str], home: str, user: str = "", *, time_limit_s: float, memory_limit: int) -> None:
        self._command, self._home, self._user = command, home, user
        self._until = time.monotonic() + time_limit_s
        self._memory_limit = memory_limit
        self._received = bytearray()
        self._session = ""
        self._number = 0
        self._answered = False
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Browser:
        their_in, self._to = os.pipe()
        self._from, their_out = os.pipe()
        try:
            self._process = subprocess.Popen(
                # the browser reads at 3 and writes at 4
                ["/bin/sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null', "sh", *self._command],
                stdin=their_in,
                stdout=their_out,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd=self._home,
                env={"HOME": self._home, "TMPDIR": self._home, "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
                user=self._user or None,
                group=_group_of(self._user),
                extra_groups=[] if self._user else None,
            )
        except OSError as error:
            self._close_pipes()
            raise BrowserError(f"it could not be started: {error.strerror}") from error
        finally:
            os.close(their_in)
            os.close(their_out)
        # of all processes this one goes first when the machine runs out of memory
        with contextlib.suppress(OSError):
            Path(f"/proc/{self._process.pid}/oom_score_adj").write_text("1000")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for number in (self._to, self._from):
            with contextlib.suppress(OSError):
                os.close(number)

    def attach(self, target: str) -> None:
        """Speaks to this page from now on."""
        self._session = str(self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._send(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error'].get('message', 'refused')}")
                return dict(answer.get("result", {}))

    def _send(self, data: bytes) -> None:
        os.set_blocking(self._to, False)
        while data:
            self._wait(reading=False)
            try:
                data = data[os.write(self._to, data) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._ended() from error

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            self._wait(reading=True)
            part = os.read(self._from, 1 << 20)
            if not part:
                raise self._ended()
            self._answered = True
            self._received += part
            if len(self._received) > _ANSWER_LIMIT:
                raise BrowserError("its answer is too long")
        message, _nul, rest = bytes(self._received).partition(b"\0")
        self._received = bytearray(rest)
        try:
            return dict(json.loads(message))
        except ValueError as error:
            raise BrowserError("its answer cannot be read") from error

    def _ended(self) -> BrowserError:
        return BrowserError("it has ended") if self._answered else BrowserNeverAnswered("it has ended before it said anything")

    def _wait(self, *, reading: bool) -> None:
        """Until the pipe is ready. Raises BrowserError at the end of the time, or of the memory."""
        while True:
            ready = select.select([self._from] if reading else [], [] if reading else [self._to], [], _LOOK_EVERY_S)
            if ready[0] or ready[1]:
                return
            if time.monotonic() > self._until:
                raise BrowserError("it took too long")
            if self._process is not None and memory_of_session(self._process.pid) > self._memory_limit:
                raise BrowserError("it took too much memory")


def memory_of_session(leader: int) -> int:
    """Bytes of memory that the processes of this session hold, pages that they share counted once per process."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            session = int((folder / "stat").read_text("latin-1").rpartition(")")[2].split()[3])
            if session == leader:
                fields = (folder / "statm").read_text().split()
                total += (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):  # it has ended meanwhile
            continue
    return total


def _group_of(user: str) -> int | None:
    if not user:
        return None
    return pwd.getpwnam(user).pw_gid
