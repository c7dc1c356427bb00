"""How Apache 2.4 reads a `.htaccess` into a tree before it looks at a single directive: server/config.c, `ap_build_config`.

A condition (`<IfModule>` and its like) is decided while reading: where it holds, its lines are read as if it were not there; where it
does not, they are passed over and only their sections counted. What is found wrong here comes before every other fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from diagnostics.htaccess.conditions import wrong_version
from diagnostics.htaccess.directives import CONDITIONAL, SECTIONS, SERVER_SECTIONS, edit_distance
from diagnostics.htaccess.parser import Document, Line, LineKind

_BAD = "htaccess-bad-argument"
_MOST_MISFITS = 40  # what has more is no .htaccess, and Apache stops at the first
_DEEPEST = 200
_MOST_LIKE_ENDS = 200
_LIKE_AN_END = re.compile(r"[<\[({&|]?\s*[/\\|]?\s*(?P<name>\w+)\s*[>\])}]?\Z")
_LIKE_A_BEGINNING = re.compile(r"(?P<sign>[\[({&|/\\]?)\s*(?P<name>\w+)(?P<args>\s[^<>]*?)?\s*(?P<end>[>\])}]?)\Z")
Condition = Callable[[Line], bool | None]


@dataclass(slots=True)
class Node:
    """A directive, or a section with what is in it. `certain`: no condition around it whose outcome is not known."""

    line: Line
    certain: bool
    children: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A section that is not opened, closed or written as it must be. `suggestion`: what belongs there, where that is clear."""

    line: Line
    why: str
    suggestion: str = ""
    cause: str = "htaccess-unclosed-section"


@dataclass(slots=True)
class Reading:
    nodes: list[Node]
    misfits: list[Misfit]  # the first is the one that Apache names


@dataclass(slots=True)
class _Frame:
    """The file itself, or a condition that holds: `within` are the sections that are open in it."""

    opening: Line | None
    certain: bool
    parent: list[Node]
    within: list[Node] = field(default_factory=list)


def read(document: Document, condition: Condition, assume: bool) -> Reading:
    """The tree. A condition whose outcome is not known is taken to hold if `assume`."""
    return _Reader(document, condition, assume).run()


def meant_beginning(line: Line) -> str:
    """The line as the beginning of a section."""
    match = _LIKE_A_BEGINNING.match(line.read)
    return f"<{match['name']}{(match['args'] or '').rstrip()}>" if match else ""


def is_meant_end(line: Line, opening: Line) -> bool:
    """Whether a line was plainly meant as the end of this section, and lost or changed a sign."""
    match = _LIKE_AN_END.match(line.read) if line.kind in (LineKind.DIRECTIVE, LineKind.OPEN) else None
    return bool(match) and match[0] != match["name"] and edit_distance(match["name"].lower(), opening.key, 1) <= 1


class _Reader:
    def __init__(self, document: Document, condition: Condition, assume: bool) -> None:
        self.lines, self.condition, self.assume = document.lines, condition, assume
        self.at = 0
        self.nodes: list[Node] = []
        self.misfits: list[Misfit] = []
        self.frames = [_Frame(None, True, self.nodes)]

    def run(self) -> Reading:
        while self.at < len(self.lines) and len(self.misfits) < _MOST_MISFITS and self.depth < _DEEPEST:
            line = self.lines[self.at]
            self.at += 1
            if line.is_too_long:
                self.wrong(line, "the line is longer than the 8 KB that Apache reads of one", cause=_BAD)
            elif line.kind is LineKind.OPEN:
                self.open(line)
            elif line.kind is LineKind.CLOSE:
                self.close(line)
            elif line.kind is LineKind.DIRECTIVE:
                self.add(line)
        for node in reversed(self.frames[0].within):
            self.never_closed(node.line)
        return Reading(self.nodes, self.misfits)

    @property
    def depth(self) -> int:
        return sum(1 + len(frame.within) for frame in self.frames)

    @property
    def frame(self) -> _Frame:
        return self.frames[-1]

    def wrong(self, line: Line, why: str, suggestion: str = "", cause: str = "htaccess-unclosed-section") -> None:
        self.misfits.append(Misfit(line, why, suggestion, cause))

    def never_closed(self, opening: Line) -> None:
        """At the line that was meant as its end, where one below is plainly that and lost or changed a sign."""
        line = next((each for each in self._like_ends if each.number > opening.number and is_meant_end(each, opening)), None)
        if line is None:
            self.wrong(opening, f"<{opening.name}> is opened here and never closed")
            return
        end = f"</{opening.name}>"
        self.wrong(line, f"{line.read} is not {end}, the end of the section of line {opening.number}", end)

    @cached_property
    def _like_ends(self) -> list[Line]:
        """Looked for once: a page that was saved as `.htaccess` opens thousands of sections that nothing closes."""
        found = (line for line in self.lines if line.kind in (LineKind.DIRECTIVE, LineKind.OPEN) and _LIKE_AN_END.match(line.read))
        return list(islice(found, _MOST_LIKE_ENDS))

    def add(self, line: Line) -> Node:
        node = Node(line, self.frame.certain)
        (self.frame.within[-1].children if self.frame.within else self.frame.parent).append(node)
        return node

    def open(self, line: Line) -> None:
        if line.key not in CONDITIONAL:
            self.frame.within.append(self.add(line))
            return
        if not line.bracket_closed:
            self.wrong(line, f"<{line.name}> lacks its closing >")
        elif not line.args:
            self.wrong(line, f"<{line.name}> needs an argument", cause=_BAD)
        elif line.key == "ifversion" and (why := wrong_version(line)):
            self.wrong(line, why, cause="htaccess-unclosed-section" if "lacks" in why else _BAD)
        state = self.condition(line)
        if state if state is not None else self.assume:
            parent = self.frame.within[-1].children if self.frame.within else self.frame.parent
            self.frames.append(_Frame(line, self.frame.certain and state is not None, parent))
        else:
            self.pass_over(line)

    def pass_over(self, opening: Line) -> None:
        """Leaves out what stands in a condition that does not hold. Comments are left out, quotes are not looked at."""
        open_lines = [opening]
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if line.kind is LineKind.OPEN:
                open_lines.append(line)
            elif line.kind is LineKind.CLOSE:
                if not line.bracket_closed or line.key != open_lines[-1].key:
                    self.mismatch(line, open_lines)
                    if not any(section.key == line.key for section in open_lines):
                        continue
                    while open_lines[-1].key != line.key:
                        open_lines.pop()
                open_lines.pop()
                if not open_lines:
                    return
        self.never_closed(open_lines[-1])

    def close(self, line: Line) -> None:
        frame = self.frame
        if frame.opening is not None and not frame.within:
            whole = f"</{frame.opening.name}>".lower()
            if line.read.lower() == whole:
                self.frames.pop()
                return
            if line.key == frame.opening.key:
                why = f"</{line.name}> must stand alone on its line" if line.bracket_closed else f"</{line.name}> lacks its closing >"
                self.wrong(line, why)
                self.frames.pop()
                return
        if frame.within and frame.within[-1].line.key == line.key:
            if not line.bracket_closed:
                self.wrong(line, f"</{line.name}> lacks its closing >")
            frame.within.pop()
            return
        self.stray(line)

    def stray(self, line: Line) -> None:
        """An end that does not fit: tells it, and goes on where it fits."""
        around = [node.line for frame in self.frames for node in ([Node(frame.opening, True)] if frame.opening else []) + frame.within]
        if not around:
            if not self.opened_badly(line):
                self.wrong(line, f"</{line.name}> closes a section that was never opened", "remove")
            return
        self.mismatch(line, around)
        if not any(section.key == line.key for section in around):
            return
        while True:
            frame = self.frame
            if frame.within:
                if frame.within.pop().line.key == line.key:
                    return
            elif frame.opening is None or self.frames.pop().opening.key == line.key:  # type: ignore[union-attr]
                return

    def opened_badly(self, end: Line) -> bool:
        """Tells the line above that was plainly meant to open what ends here, and lost or changed a sign."""
        for line in reversed(self.lines[: self.lines.index(end)]):
            if line.kind in (LineKind.OPEN, LineKind.CLOSE) and line.key == end.key:
                return False
            match = _LIKE_A_BEGINNING.match(line.read) if line.kind is LineKind.DIRECTIVE else None
            if match and (match["sign"] or match["end"]) and edit_distance(match["name"].lower(), end.key, 1) <= 1:
                self.wrong(line, f"{line.read[:80]} does not open the section that ends in line {end.number}", meant_beginning(line))
                return True
        return False

    def mismatch(self, line: Line, around: list[Line]) -> None:
        """Which of the two is wrong: the end, the beginning with a word that is none, or the beginning whose end is missing."""
        if not line.bracket_closed and line.key == around[-1].key:
            self.wrong(line, f"</{line.name}> lacks its closing >")
            return
        inner = around[-1]
        known = line.key in SECTIONS or line.key in SERVER_SECTIONS
        if known and inner.key not in SECTIONS and edit_distance(inner.key, line.key, 3) <= 3:
            self.wrong(inner, f"<{inner.name}> does not fit its end </{line.name}>", line.name)
        elif any(section.key == line.key for section in around) and not self.ends_later(inner):
            self.wrong(inner, f"<{inner.name}> is opened here and never closed")
        elif not known or any(section.key == line.key for section in around) or not self.opened_badly(line):
            self.wrong(line, f"</{line.name}> stands where </{inner.name}> was expected", f"</{inner.name}>")

    def ends_later(self, opening: Line) -> bool:
        """Whether a later end is too many and meant for this section."""
        depth = 0
        for line in self.lines[self.at :]:
            if line.key != opening.key:
                continue
            if line.kind is LineKind.OPEN:
                depth += 1
            elif line.kind is LineKind.CLOSE:
                if depth == 0:
                    return True
                depth -= 1
        return False
