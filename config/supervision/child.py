"""One supervised process: started in its own process group, its lines prefixed, restarted with a growing pause."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from config.supervision import parent_death

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
HEALTHY_AFTER = 60.0
_LONGEST_LINE = 64 * 1024


@dataclass(frozen=True)
class Spec:
    """What to start. `wanted` is asked again and again: a process that is not wanted (any more) is not running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()
    wanted: Callable[[], bool] = lambda: True
    hidden: tuple[bytes, ...] = ()  # lines that hold one of these are of no use to anybody here


class Child:
    """Runs a `Spec`. All times are seconds of `time.monotonic`."""

    def __init__(self, spec: Spec, say: Callable[[str, str], None]) -> None:
        self.spec = spec
        self.say = say
        self.process: subprocess.Popen[bytes] | None = None
        self.pause = FIRST_PAUSE
        self.started_at = 0.0
        self.start_after = 0.0
        self.rest = b""

    @property
    def running(self) -> bool:
        """Whether the process has been started and not been found ended since."""
        return self.process is not None

    def start(self) -> None:
        """Starts the process; one that cannot be started counts as one that died."""
        parent = os.getpid()
        self.started_at = time.monotonic()
        self.rest = b""
        try:
            self.process = subprocess.Popen(
                self.spec.command,
                env={**os.environ, **self.spec.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=self.spec.pass_fds,
                process_group=0,  # Ctrl-C reaches the supervisor only, and what the process leaves behind can be found
                preexec_fn=lambda: parent_death.follow(parent),  # safe: this program has a single thread
            )
        except OSError as error:
            self._wait_for_restart(f"cannot be started: {error}")
            return
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self) -> None:
        """Hands on the lines that the process has written by now."""
        if self.process is None or self.process.stdout is None:
            return
        while True:
            try:
                piece = os.read(self.process.stdout.fileno(), _LONGEST_LINE)
            except BlockingIOError:
                return
            if not piece:
                return
            *lines, self.rest = (self.rest + piece).split(b"\n")
            for line in lines:
                self._say(line)
            if len(self.rest) > _LONGEST_LINE:
                self._say(self.rest)
                self.rest = b""

    def _say(self, line: bytes) -> None:
        if line.strip() and not any(part in line for part in self.spec.hidden):
            self.say(self.spec.name, line.decode("utf-8", "replace").rstrip())

    def look(self) -> None:
        """Notices that the process has ended, starts one that is due, stops one that is not wanted any more."""
        wanted = self.spec.wanted()
        if self.process is not None:
            status = self.process.poll()
            if status is not None:
                self._ended(status, wanted)
            elif not wanted:
                self.signal(signal.SIGTERM)
        elif wanted and time.monotonic() >= self.start_after:
            self.start()

    def _ended(self, status: int, wanted: bool) -> None:
        self.forget()
        if not wanted:
            self.say(self.spec.name, "stopped")
            self.pause, self.start_after = FIRST_PAUSE, 0.0
            return
        if time.monotonic() - self.started_at >= HEALTHY_AFTER:
            self.pause = FIRST_PAUSE
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        self._wait_for_restart(how)

    def _wait_for_restart(self, how: str) -> None:
        self.say(self.spec.name, f"{how}; starts again in {self.pause:g} s")
        self.start_after = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def forget(self) -> None:
        """After the end of the process: its last lines are said, what it left behind is ended, and nothing of it is kept."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.read()
        if self.rest:
            self._say(self.rest)
            self.rest = b""
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None

    def ended(self) -> bool:
        """Whether there is no process (any more). Never starts one."""
        if self.process is not None and self.process.poll() is not None:
            self.forget()
        return self.process is None

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process itself, which passes on what its own children need."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill(self) -> None:
        """Ends the process and all of its group."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.forget()
