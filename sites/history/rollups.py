"""Answer times counted in classes, so that a percentile of any span is a sum of small rows; and how the sums are packed. Pure.

Ten thousand sites make a row per hour each: a class and its count take two bytes here, a minute with one good answer two as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Times = dict[int, int]  # how many answers there were of each class

_STEP = math.log(1.2)  # each class is 20 % wider than the one before
_LAST = 127
_HAS_FAILURES, _SINGLE = 0x40, 0x80  # beside the minute, which needs six bits


def time_class(ms: float) -> int:
    """The class of an answer time in milliseconds."""
    return min(_LAST, max(0, math.ceil(math.log(max(ms, 1.0)) / _STEP - 1e-9)))


def upper_ms(number: int) -> float:
    """The longest time in milliseconds that this class holds."""
    return math.exp(number * _STEP)


def merge(many: Iterable[Mapping[int, int]]) -> Times:
    """The sum of several spans."""
    total: Times = {}
    for times in many:
        for number, count in times.items():
            total[number] = total.get(number, 0) + count
    return total


def percentile(times: Mapping[int, int], share: float) -> float | None:
    """The time in milliseconds that `share` (0 to 1) of the answers did not exceed; None without answers.

    Inside a class its answers are taken as evenly spread, so that the error is less than the width of the class.
    """
    wanted = share * sum(times.values())
    before = 0
    for number in sorted(times):
        count = times[number]
        if count and before + count >= wanted:
            return round(upper_ms(number - 1) * math.exp(_STEP * (wanted - before) / count), 1) if number else 1.0
        before += count
    return None


def availability(good: int, failed: int) -> float | None:
    """The share of routine probes that were good, 0 to 1; single bad samples do not count. None without probes."""
    return good / (good + failed) if good + failed else None


@dataclass(slots=True)
class Figures:
    """What the routine probes of one span brought. `suspect`: failed, but not part of a confirmed failure."""

    good: int = 0
    suspect: int = 0
    failed: int = 0
    times: Times = field(default_factory=dict)  # of the good ones

    def add(self, other: Figures) -> None:
        """Takes in another span."""
        self.good += other.good
        self.suspect += other.suspect
        self.failed += other.failed
        for number, count in other.times.items():
            self.times[number] = self.times.get(number, 0) + count


def total(many: Iterable[Figures]) -> Figures:
    """The sum of several spans."""
    found = Figures()
    for figures in many:
        found.add(figures)
    return found


def _number(value: int) -> bytes:
    """Seven bits to a byte, the lowest first; the eighth says that more follow."""
    packed = bytearray()
    while value > 127:
        packed.append(value & 127 | 128)
        value >>= 7
    packed.append(value)
    return bytes(packed)


def _read(packed: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = packed[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def pack_times(times: Mapping[int, int]) -> bytes:
    """Pairs of a class and its count."""
    return b"".join(bytes((number,)) + _number(times[number]) for number in sorted(times) if times[number])


def unpack_times(packed: bytes) -> Times:
    """What `pack_times` made. Raises IndexError when it was cut."""
    times: Times = {}
    at = 0
    while at < len(packed):
        times[packed[at]], at = _read(packed, at + 1)
    return times


def pack_minutes(minutes: Mapping[int, Figures]) -> bytes:
    """The minutes (0 to 59) of an hour in which something was probed."""
    return b"".join(_pack_minute(number, minutes[number]) for number in sorted(minutes))


def _pack_minute(number: int, figures: Figures) -> bytes:
    times = {name: count for name, count in figures.times.items() if count}
    bad = bool(figures.suspect or figures.failed)
    if figures.good == 1 and list(times.values()) == [1] and not bad:
        return bytes((number | _SINGLE, *times))
    failures = _number(figures.suspect) + _number(figures.failed) if bad else b""
    head = bytes((number | (_HAS_FAILURES if bad else 0),))
    return head + _number(figures.good) + failures + bytes((len(times),)) + pack_times(times)


def unpack_minutes(packed: bytes) -> dict[int, Figures]:
    """What `pack_minutes` made. Raises IndexError when it was cut."""
    minutes: dict[int, Figures] = {}
    at = 0
    while at < len(packed):
        head = packed[at]
        figures = minutes[head & 63] = Figures()
        if head & _SINGLE:
            figures.good, figures.times = 1, {packed[at + 1]: 1}
            at += 2
            continue
        figures.good, at = _read(packed, at + 1)
        if head & _HAS_FAILURES:
            figures.suspect, at = _read(packed, at)
            figures.failed, at = _read(packed, at)
        classes, at = packed[at], at + 1
        for _each in range(classes):
            number = packed[at]
            figures.times[number], at = _read(packed, at + 1)
    return minutes
