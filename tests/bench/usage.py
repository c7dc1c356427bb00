"""What a set of processes costs: CPU time and memory, read from /proc."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def tree(roots: Iterable[int]) -> set[int]:
    """These processes and everything below them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    left = list(roots)
    while left:
        if (pid := left.pop()) not in found:
            found.add(pid)
            left.extend(children.get(pid, ()))
    return found


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds so far, those of children that have ended included."""
    return sum(sum(int(ticks) for ticks in fields[11:15]) / _TICKS for pid in pids if (fields := _stat(pid)))


def pss_mb(pids: Iterable[int]) -> float:
    """Proportional set size: what is shared is counted once."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it ended meanwhile
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; the first is the state. Empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


class Watch:
    """Memory of process trees, looked at every few seconds until `stop`; `most_mb` is the highest seen."""

    def __init__(self, *roots: int, every_s: float = 5.0) -> None:
        self.roots = roots
        self.most_mb = 0.0
        self._every_s = every_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while True:
            self.most_mb = max(self.most_mb, pss_mb(tree(self.roots)))
            if self._end.wait(self._every_s):
                return

    def stop(self) -> float:
        self._end.set()
        self._thread.join()
        return self.most_mb


class Cpu:
    """CPU seconds of process trees since it was made."""

    def __init__(self, *roots: int) -> None:
        self.roots = roots
        self._began = cpu_s(tree(roots))

    def spent_s(self) -> float:
        return cpu_s(tree(self.roots)) - self._began
