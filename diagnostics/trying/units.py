"""The parts of a `.htaccess` that can be taken out by themselves without breaking what is left.

A rule goes with its conditions, a section with all that is in it, `<If>` with its `<Else>`. What keeps visitors out of something is in
no part; a section that holds such a line is never taken out as a whole, only its other lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diagnostics.htaccess.parser import Document, Line, LineKind
from diagnostics.repairs.comment_out_htaccess_line import flags_of_rule
from diagnostics.repairs.editing import commented, protects, with_lines

_READ = (LineKind.DIRECTIVE, LineKind.OPEN, LineKind.CLOSE)
_REWRITING = ("rewriterule", "rewritecond")
# What only prepares for others: without them the faulty ones are not read either, which says nothing of these.
_PREPARING = frozenset({"rewriteengine", "rewritebase", "rewriteoptions"})
_BRANCHES = ("elseif", "else")
_COUNTING = frozenset({"s", "skip", "c", "chain"})  # flags by which a rule counts on those that follow


@dataclass(frozen=True, slots=True)
class Unit:
    """Lines of one file, by their first physical line. `inner`: what of a section may be taken out by itself."""

    path: str  # of the file, as shown
    numbers: tuple[int, ...]
    inner: tuple[Unit, ...] = ()
    is_section: bool = False
    prepares: bool = False


def units_of(path: str, document: Document) -> tuple[Unit, ...]:
    """The parts that may be taken out, in their order."""
    return tuple(_Splitter(path, document).between(0, len(document.lines)))


def without(document: Document, units: Iterable[Unit]) -> bytes:
    """The file with these parts as comments: its lines keep their numbers."""
    numbers = {number for unit in units for number in unit.numbers}
    return with_lines(document, {line.number: commented(line) for line in document.lines if line.number in numbers})


class _Splitter:
    def __init__(self, path: str, document: Document) -> None:
        self.path, self.document, self.lines = path, document, document.lines
        self.ends = _ends(document.lines)
        self.at = {line.number: line for line in document.lines}
        self.counted = any(line.key == "rewriterule" and flags_of_rule(line) & _COUNTING for line in document.lines)

    def between(self, start: int, stop: int) -> list[Unit]:
        found: list[Unit] = []
        rules: list[list[int]] = [[]]  # the last one is not complete yet
        at = start
        while at < stop:
            line = self.lines[at]
            end = self.ends.get(at)
            if line.kind is LineKind.OPEN and end is not None:
                first, at = at, self._last_branch(end, stop)
                found += self._section(first, at)
            elif line.key in _REWRITING and line.kind is LineKind.DIRECTIVE:
                rules[-1].append(line.number)
                if line.key == "rewriterule":
                    rules.append([])
            elif line.kind in _READ:
                found += self._taken(Unit(self.path, (line.number,), prepares=line.key in _PREPARING))
            at += 1
        return sorted(found + self._rules(rules), key=lambda unit: unit.numbers[0])

    def _rules(self, rules: Sequence[Sequence[int]]) -> list[Unit]:
        """Each rule with its conditions, or all of them together where they count on each other."""
        if self.counted:
            rules = [[number for rule in rules for number in rule]]
        return [unit for rule in rules for unit in self._taken(Unit(self.path, tuple(rule)))]

    def _section(self, start: int, end: int) -> list[Unit]:
        inner: list[Unit] = []
        at = start
        while at <= end:
            close = self.ends[at]
            inner += self.between(at + 1, close)
            at = next((n for n in range(close + 1, end + 1) if self.lines[n].kind is LineKind.OPEN), end + 1)
        numbers = tuple(line.number for line in self.lines[start : end + 1] if line.kind in _READ)
        whole = Unit(self.path, numbers, tuple(inner), is_section=True)
        return self._taken(whole) or inner

    def _last_branch(self, end: int, stop: int) -> int:
        """Where the last `<Else>` that belongs to a section ends; the section's own end where it has none."""
        at = end + 1
        while at < stop and self.lines[at].kind in (LineKind.BLANK, LineKind.COMMENT):
            at += 1
        if at < stop and self.lines[at].kind is LineKind.OPEN and self.lines[at].key in _BRANCHES and at in self.ends:
            return self._last_branch(self.ends[at], stop)
        return end

    def _taken(self, unit: Unit) -> list[Unit]:
        """The unit, unless it keeps visitors out of something."""
        locks = any(protects(self.at[number], self.document) for number in unit.numbers)
        return [] if locks or not unit.numbers else [unit]


def _ends(lines: Sequence[Line]) -> dict[int, int]:
    """Where each section ends; one that is never closed is not in it."""
    ends: dict[int, int] = {}
    open_at: list[int] = []
    for at, line in enumerate(lines):
        if line.kind is LineKind.OPEN:
            open_at.append(at)
        elif line.kind is LineKind.CLOSE and any(lines[each].key == line.key for each in open_at):
            while lines[open_at[-1]].key != line.key:
                open_at.pop()
            ends[open_at.pop()] = at
    return ends
