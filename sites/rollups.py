"""Answer times counted in classes, so that a percentile of any span is a sum of small rows. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

_STEP = math.log(1.2)  # each class is 20 % wider than the one before


def bucket(ms: float) -> str:
    """The class of an answer time in milliseconds, as a key of `DayRollup.buckets`."""
    return str(max(0, math.ceil(math.log(max(ms, 1.0)) / _STEP - 1e-9)))


def upper_ms(key: str) -> float:
    """The longest time in milliseconds that this class holds."""
    return math.exp(int(key) * _STEP)


def merge(many: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sum of several days' classes."""
    total: dict[str, int] = {}
    for buckets in many:
        for key, count in buckets.items():
            total[key] = total.get(key, 0) + count
    return total


def percentile(buckets: Mapping[str, int], share: float) -> float | None:
    """The time in milliseconds that `share` (0 to 1) of the answers did not exceed, within the width of a class; None without answers."""
    left = share * sum(buckets.values())
    for key in sorted(buckets, key=int):
        left -= buckets[key]
        if left <= 0 and buckets[key]:
            return round(upper_ms(key), 1)
    return None


def availability(good: int, failed: int) -> float | None:
    """The share of routine probes that were good, 0 to 1; single bad samples do not count. None without probes."""
    return good / (good + failed) if good + failed else None
