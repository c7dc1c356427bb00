"""What is killed: real processes of the running product, and those of a host that serve its connection."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from diagnostics.models import HostLock
from sites.models import Host
from tests.config.running import Up
from tests.config.test_up import CHILDREN
from tests.kills.bakery import Bakery

# The supervisor waits longer each time before it starts what has not run for a minute since it died the last time.
_RESTED_S = 62.0
OF_ALL = ("worker", "web", "broker")  # one process for all sites
OF_ONE = ("worker's process", "web's process", "connection")
TARGETS = (*OF_ALL, *OF_ONE)
_SUPERVISED = {"worker": CHILDREN["hosts"], "web": CHILDREN["web"], "broker": CHILDREN["valkey"]}


class Killer:
    """Kills processes of one running product. Every kill is of a process that lives."""

    def __init__(self, up: Up, *, rested_s: float = _RESTED_S) -> None:
        self.up, self._rested_s = up, rested_s
        self._killed_at: dict[str, float] = {}
        self._known: dict[str, int] = {}
        self._lock = threading.Lock()

    def may(self, target: str) -> bool:
        """Whether it has run for long enough to be started again at once; if so, it is promised to who asked."""
        with self._lock:
            rested = time.monotonic() - self._killed_at.get(target, -1e9) > self._rested_s
            if rested and target in OF_ALL:
                self._killed_at[target] = time.monotonic()
            return rested or target not in OF_ALL

    def kill(self, target: str, host: Host, bakery: Bakery, rng: Random, is_over: Callable[[], bool], login_s: float = 0.0) -> int:
        """The process that was killed; 0 where there was none until it was over. One of all sites is there again some time.

        `login_s`: a connection that has just begun is met within so long, not always at its first word.
        """
        until = time.monotonic() + 30
        waited = bool(self._victims(target, host, bakery))
        while time.monotonic() < until and not (target == "connection" and is_over()):
            victims = self._victims(target, host, bakery)
            if victims and not waited:
                waited = True
                time.sleep(rng.uniform(0, login_s))
                continue
            for victim in rng.sample(victims, 1) if victims else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    if target in OF_ALL:
                        self._killed_at[target] = time.monotonic()
                    return victim
            time.sleep(0.005)
        return 0

    def _victims(self, target: str, host: Host, bakery: Bakery) -> list[int]:
        if target == "connection":
            return bakery.sessions()
        if target == "worker's process":
            own = holder_of(host)
            pool = children(self._supervised("worker"))
            return [own] if own in pool else pool
        if target == "web's process":
            return children(self._supervised("web"))
        number = self._supervised(target)
        return [number] if number else []

    def _supervised(self, name: str) -> int:
        """Remembered while it lives: to look through all processes takes longer than some moments last."""
        if not lives(self._known.get(name, 0)):
            self._known[name] = self.up.child(_SUPERVISED[name])
        return self._known[name]


def children(number: int) -> list[int]:
    """Of a process that lives."""
    try:
        return [int(word) for word in Path(f"/proc/{number}/task/{number}/children").read_text().split()]
    except OSError:
        return []


def holder_of(host: Host) -> int:
    """The process that has the lock of a host; 0 when nobody has."""
    holder = HostLock.objects.filter(host=host, lease_until__isnull=False).values_list("holder", flat=True).first()
    return int(holder.split(":")[1]) if holder else 0


def lives(number: int) -> bool:
    """Whether such a process is there and can still do anything."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
