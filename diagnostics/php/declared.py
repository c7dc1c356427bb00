"""What a file declares: its namespace, classes, interfaces, traits and enumerations, each with its line. Read without running it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_NAMESPACE = re.compile(rb"(?mi)^[ \t]*(?:<\?php\s+)?namespace\s+([\w\\]+)\s*[;{]")
_DECLARED = re.compile(rb"(?mi)^[ \t]*(?:(?:abstract|final|readonly)\s+)*(?:class|interface|trait|enum)\s+(\w+)")
_ALIKE = 0.6  # of a name and what became of it by a slip or a rename


@dataclass(frozen=True, slots=True)
class Declared:
    name: str  # with its namespace
    line: int
    namespace_line: int | None


def declared_in(content: bytes) -> list[Declared]:
    """In the order of the file. A name in a comment or a text that stands at the beginning of a line counts as well."""
    spaces = [
        (match.start(), match[1].decode("utf-8", "replace"), _line(content, match.start(1))) for match in _NAMESPACE.finditer(content)
    ]
    found = []
    for match in _DECLARED.finditer(content):
        before = [each for each in spaces if each[0] < match.start()]
        name = match[1].decode("utf-8", "replace")
        found.append(
            Declared(f"{before[-1][1]}\\{name}" if before else name, _line(content, match.start(1)), before[-1][2] if before else None)
        )
    return found


def instead_of(name: str, content: bytes) -> tuple[Declared, int] | None:
    """What a file that bears the name of this class declares in its place, and the line that differs; None where it declares it.

    Only what is like it: the same name in another namespace, or another name in the same one.
    """
    own = declared_in(content)
    if any(each.name.lower() == name.lower() for each in own):
        return None
    space, _slash, short = name.rpartition("\\")
    for each in own:
        other_space, _slash, other = each.name.rpartition("\\")
        if other.lower() == short.lower() and _is_like(space, other_space):
            return each, each.namespace_line or each.line
        if other_space.lower() == space.lower() and _is_like(short, other):
            return each, each.line
    return None


def _is_like(one: str, other: str) -> bool:
    return bool(one or other) and SequenceMatcher(None, one.lower(), other.lower(), autojunk=False).ratio() >= _ALIKE


def _line(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1
