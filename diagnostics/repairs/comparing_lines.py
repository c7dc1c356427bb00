"""How long two contents take to compare: who writes lines that repeat, on purpose or not, must not hold us for hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

MOST_PAIRS = 100_000  # of equal lines between the parts that differ: difflib looks at all of them, for each block that it finds

Line = TypeVar("Line", str, bytes)


def ends(old: Sequence[Line], new: Sequence[Line]) -> tuple[int, int]:
    """How many lines are the same at the beginning, and of the others at the end."""
    most = min(len(old), len(new))
    head = next((place for place in range(most) if old[place] != new[place]), most)
    most -= head
    return head, next((place for place in range(most) if old[-1 - place] != new[-1 - place]), most)


def takes_long(old: Sequence[Line], new: Sequence[Line]) -> bool:
    """Whether what lies between the ends is better taken as exchanged as a whole."""
    head, tail = ends(old, new)
    before, after = Counter(old[head : len(old) - tail]), Counter(new[head : len(new) - tail])
    return sum(count * after[line] for line, count in before.items()) > MOST_PAIRS
