"""Which few of many things are to blame, with as few looks as can be: halving, and delta debugging where several are.

Rules: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002); U. Junker, "QuickXplain" (2004).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
Look = Callable[[frozenset[T]], bool]  # whether all is well with these taken out


class Search(Generic[T]):
    """Remembers what was seen. More taken out is held to be no worse, less to be no better; the answer is seen for itself."""

    def __init__(self, look: Look[T]) -> None:
        self._look = look
        self.good: list[frozenset[T]] = []
        self.bad: list[frozenset[T]] = [frozenset()]

    def is_well(self, out: frozenset[T]) -> bool:
        """Whether all is well without these, known already or looked at now."""
        if any(known <= out for known in self.good):
            return True
        if any(out <= known for known in self.bad):
            return False
        return self.seen(out)

    def seen(self, out: frozenset[T]) -> bool:
        """The same, looked at for itself."""
        if out in self.good:
            return True
        well = self._look(out)
        (self.good if well else self.bad).append(out)
        return well

    @property
    def smallest(self) -> frozenset[T]:
        """The fewest that were seen to be enough so far; empty where none were."""
        return min(self.good, key=len, default=frozenset())

    def minimal(self, items: Sequence[T]) -> tuple[T, ...]:
        """The fewest of these, in their order, that are enough when they are out; all of them must be. Empty: it is not clear.

        About log2(n) looks where one is to blame, about k * log2(n) for k of them.
        """
        found = self._one(items) or self._several(frozenset(), False, items)
        chosen = frozenset(found)
        return tuple(item for item in items if item in chosen) if self.seen(chosen) else ()

    def _one(self, items: Sequence[T]) -> Sequence[T]:
        """As if one alone were to blame; empty where it turns out otherwise."""
        while len(items) > 1:
            first, second = _halves(items)
            items = first if self.is_well(frozenset(first)) else second
        return items if self.is_well(frozenset(items)) else ()

    def _several(self, given: frozenset[T], is_new: bool, items: Sequence[T]) -> list[T]:
        """Which of these are needed beside what is out already."""
        if is_new and self.is_well(given):
            return []
        if len(items) <= 1:
            return list(items)
        first, second = _halves(items)
        of_second = self._several(given | frozenset(first), True, second)
        of_first = self._several(given | frozenset(of_second), bool(of_second), first)
        return of_first + of_second


def _halves(items: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    middle = (len(items) + 1) // 2
    return items[:middle], items[middle:]
