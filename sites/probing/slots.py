"""Politeness towards one address: so many probes at once, and a gap between their starts, over all batches of this process."""

from __future__ import annotations

import threading
import time
from collections import Counter

SPREAD_S = 0.2  # in which the probes that one address may get at once are started
# With so many at once an address is meant to be hit by many at the same time, and no gap is kept.
_NO_GAP_FROM = 50
_REMEMBERED = 10_000


def gap_s(at_once: int) -> float:
    """Seconds between two starts against one address: 4 at once make 0.05, so that 200 sites of one host take 10 s and not a moment."""
    return SPREAD_S / at_once if at_once < _NO_GAP_FROM else 0.0


class Slots:
    """How many probes speak to each address at this moment, and when the last one began. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._next: dict[str, float] = {}

    def take(self, address: str, at_once: int) -> float | None:
        """0.0 when a slot was taken, else in how many seconds the gap is over; None while all slots are held."""
        now, gap = time.monotonic(), gap_s(at_once)
        with self._lock:
            if self._open[address] >= at_once:
                return None
            wait = self._next.get(address, 0.0) - now if gap else 0.0
            if wait > 0:
                return wait
            self._open[address] += 1
            if gap:
                self._remember(address, now, gap)
        return 0.0

    def add(self, address: str) -> None:
        """Takes a slot even if there is none: a connection goes on to the next address of its name."""
        with self._lock:
            self._open[address] += 1

    def give_back(self, address: str) -> None:
        """A probe is done with this address."""
        with self._lock:
            self._open[address] -= 1
            if self._open[address] <= 0:
                del self._open[address]

    def _remember(self, address: str, now: float, gap: float) -> None:
        self._next[address] = now + gap
        if len(self._next) > _REMEMBERED:
            self._next = {each: until for each, until in self._next.items() if until > now}
