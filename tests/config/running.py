"""A real `manage.py up` with a state folder of its own, for tests that look at its processes."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def wait_for(condition: Callable[[], object], seconds: float = 30.0, what: str = "") -> object:
    """What `condition` answers once it is true; fails when it never is. What takes long to ask, as a command does, is asked less often."""
    end = time.monotonic() + seconds
    while True:
        asked_at = time.monotonic()
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what or condition}")
        time.sleep(min(2.0, max(0.05, 2 * (time.monotonic() - asked_at))))


def processes_of(marker: str) -> dict[int, str]:
    """Process ids and command lines of everything whose environment holds `marker` (zombies have none)."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if marker.encode() in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
    return found


class Up:
    """Starts on construction; `stop` or `kill` ends it. `lines` is what it has printed so far."""

    def __init__(self, state_folder: Path, *arguments: str, prefix: tuple[str, ...] = (), **settings: str) -> None:
        self.state_folder = state_folder
        self.lines: list[str] = []
        self.environment = {**os.environ, "SITEMEND_VAR_DIR": str(state_folder), **settings}
        command = [*prefix, sys.executable, "manage.py", "up", *(arguments or ("--port", "0"))]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def said(self, pattern: str, seconds: float = 120.0) -> re.Match[str]:
        """Waits for a line."""

        def look() -> re.Match[str] | None:
            return re.search(pattern, self.text)

        try:
            return wait_for(look, seconds, pattern)  # type: ignore[return-value]
        except AssertionError:
            raise AssertionError(f"never said {pattern!r}:\n{self.text}") from None

    @property
    def port(self) -> int:
        return int(self.said(r"Sitemend is at http://[^:]+:(\d+)/")[1])

    def get(self, path: str = "/", timeout: float = 30.0) -> http.client.HTTPResponse:
        """One GET over a connection of its own; the body is not read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.request("GET", path)
        return connection.getresponse()

    def ready(self) -> Up:
        """Waits until everything runs."""
        self.said(r"probes\s+\| .*ready", 90)
        self.said(r"hosts\s+\| .*ready", 90)
        assert self.get("/login/").status < 500
        return self

    def everything(self) -> dict[int, str]:
        """All processes, by id."""
        return processes_of(f"SITEMEND_VAR_DIR={self.state_folder}\0")

    def child(self, words: str) -> int:
        """The direct child of the supervisor whose command line holds `words`; 0 when there is none."""
        for number, line in self.everything().items():
            try:
                parent = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if words in line and parent == self.process.pid:
                return number
        return 0

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 20.0) -> int:
        """Asks it to stop; answers the exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def clean(self) -> None:
        """Whatever a failed test left, by its own ids."""
        for number in self.everything():
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
