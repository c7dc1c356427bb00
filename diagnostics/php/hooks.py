"""Filters of WordPress in what PHP says and in code: what is filtered where, and who was asked. PURE.

A callback that gives nothing back hands `null` on to the next one, and to whoever asked (wp-includes/class-wp-hook.php, apply_filters):
PHP then complains there, of a type, and the callback stands in no line of the trace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.php.scanning import line_at

_OF_NOTHING = re.compile(
    r"\bnull (?:given|returned)\b|\b(?:member function \w{1,120}\(\)|property \"?\w{0,120}\"?|offset of type \w{1,20}) on null\b|"
    r"Unsupported operand types: (?:null [^\w\s]{1,3} \w+|\w+ [^\w\s]{1,3} null)\b"
)
_ASKED = re.compile(r"\bapply_filters(?:_ref_array)?\('([^'\n]{1,120}?)(\.\.\.)?'")
_APPLIED = re.compile(rb"\bapply_filters(?:_ref_array|_deprecated)?\s*+\(\s*+(['\"])([\w./:-]{1,120})\1")
_TOLD = re.compile(rb"\badd_(?:filter|action)\s*+\(\s*+(['\"])([\w./:-]{1,120})\1\s*+,([^;\n]{0,200})")
_WORD = re.compile(rb"['\"](?:[\w\\]+::)?(\w{2,120})['\"]|\b(\w{2,120})\s*+\(\.\.\.\)")
_VARIABLE = re.compile(rb"\$(?:this->)?\w+")
_NEAR = 40  # lines before the failing one, in which what it works on was mostly asked for


@dataclass(frozen=True, slots=True)
class Applied:
    """A hook that a file asks its filters for, at a line, with the text of that line."""

    hook: str
    line: int
    text: bytes


def is_of_nothing(text: str) -> bool:
    """Whether a message complains of `null` where something was wanted."""
    return _OF_NOTHING.search(text.partition("Stack trace:")[0][:3000]) is not None


def asked_in(trace: str) -> list[str]:
    """The hooks that a trace was asking filters for, innermost first; a name that PHP cut short ends in `*`."""
    return [f"{match[1]}*" if match[2] else match[1] for match in _ASKED.finditer(trace[:20_000])]


def applied(content: bytes) -> list[Applied]:
    """The hooks that a file asks filters for."""
    found = []
    for match in _APPLIED.finditer(content):
        start = content.rfind(b"\n", 0, match.start()) + 1
        found.append(Applied(match[2].decode(), line_at(content, match.start()), content[start : match.end()]))
    return found


def fits(hook: str, wanted: str) -> bool:
    return hook.startswith(wanted[:-1]) if wanted.endswith("*") else hook == wanted


def told(content: bytes) -> list[tuple[str, bytes]]:
    """The hooks that a file has callbacks for, each with the name of its callback where it has one."""
    found = []
    for match in _TOLD.finditer(content):
        words = [word[1] or word[2] for word in _WORD.finditer(match[3])]
        found.append((match[2].decode(), words[-1] if words else b""))
    return found


def nearness(asked: Applied, line: int, content: bytes) -> int:
    """How likely the failing line works on what was asked for here: 0 where it names the same variable or is that line, 3 for hardly."""
    lines = content.split(b"\n")
    failing = lines[line - 1] if 0 < line <= len(lines) else b""
    held = _VARIABLE.search(asked.text.partition(b"=")[0]) if b"=" in asked.text.partition(b"apply_filters")[0] else None
    if asked.line == line or (held is not None and re.search(re.escape(held[0]) + rb"\b", failing)):
        return 0
    return 1 if 0 <= line - asked.line <= _NEAR else 2
