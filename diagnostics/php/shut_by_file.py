# ruff: noqa: E501 (a pattern stays in one piece)
"""Files that a program looks for and shuts itself over where they are there: a deployment makes them and takes them away again. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from diagnostics.php.path_words import MOST, inside_brackets

_IF = re.compile(r"\b(?:else)?if\s*(?=\()", re.IGNORECASE)
_ASKS = re.compile(r"(?<!\w)\\?(?:file_exists|is_file|is_readable)\s*(?=\()", re.IGNORECASE)
_TELLS = re.compile(
    r"\bfunction\s+\w*(?:maintenance|offline|wartung|closed|shut|updating|deploy)\w*\s*\([^)\n]{0,200}\)[^{;]{0,60}\{[^{}]{0,400}?"
    r"\breturn\s+(?=\\?(?:file_exists|is_file|is_readable)\s*\()",
    re.IGNORECASE,
)
_SETS = re.compile(r"^\$\w{1,60}\s*=\s*(?![=>])")  # `file_exists($file = …)`: public/index.php of Laravel
_CODE = re.compile(r"\b503\b")
_ENDS = re.compile(r"\b(?:exit|die|require|include|require_once|include_once|readfile|throw|abort|return)\b", re.IGNORECASE)
_SAYS = re.compile(
    r"maint|offline|wartung|update|updating|deploy|closed|soon|travaux|mantenim|manuten|onderhoud|down\b|lock", re.IGNORECASE
)
_NEAR, _MOST = 300, 60  # characters of a condition that are looked at, and conditions of one file
_LONGEST = 2000  # characters of what hangs on a condition


_SWITCH = re.compile(
    r"(?<![!\w$>])(?:\s*\\?(?P<constant>[A-Z_]{3,60})\b(?!\s*\()|\$(?:\w{1,40}(?:->|\[['\"]))?(?P<name>\w{3,60})(?:['\"]\])?)\s*(?P<rest>[^&|]{0,40})", re.IGNORECASE,
)  # fmt: skip
_OF_SWITCH = re.compile(
    r"maint|offline|wartung|closed|site_?down|shut|travaux|mantenim|manuten|onderhoud|under_?construction", re.IGNORECASE
)
_OFF = re.compile(r"^\s*(?:!==?|===?\s*(?:false|0|'0'|'off'|\"off\"|null))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Guard:
    """`words` make the path of the file that is asked for, at the offset `at`."""

    words: str
    at: int
    line: int


def guards(source: str) -> Iterator[Guard]:
    """Every place where the code ends the page with 503, or with a page for that, because a file is there."""
    text = source[:MOST]
    for opening in _conditions(text, _ASKS):
        condition = inside_brackets(text, opening.end())
        if condition is None or not _ASKS.search(condition):
            continue
        hangs = _hanging(text, opening.end() + len(condition) + 2)
        for asked in _ASKS.finditer(condition):
            if condition[: asked.start()].rstrip().endswith("!"):
                continue
            words = _words(condition, asked.end())
            if words and (_CODE.search(hangs) or (_ENDS.search(hangs) and _SAYS.search(hangs + words))):
                at = opening.end() + 1 + asked.start()
                yield Guard(words, at, text.count("\n", 0, at) + 1)
    for told in _TELLS.finditer(text):
        asked_at = _ASKS.match(text, told.end())
        words = _words(text, asked_at.end()) if asked_at else ""
        if words:
            yield Guard(words, told.end(), text.count("\n", 0, told.end()) + 1)


def switches(source: str) -> Iterator[str]:
    """The names of settings over which the code answers 503 where they are on."""
    text = source[:MOST]
    for opening in _conditions(text, _OF_SWITCH):
        condition = inside_brackets(text, opening.end())
        if condition is None or not _OF_SWITCH.search(condition):
            continue
        if not _CODE.search(_hanging(text, opening.end() + len(condition) + 2)):
            continue
        for match in _SWITCH.finditer(condition):
            name = match["constant"] or match["name"]
            if _OF_SWITCH.search(name) and not _OFF.match(match["rest"]) and not condition[: match.start()].rstrip().endswith("!"):
                yield name


def switched_on(source: str, name: str) -> int | None:
    """The last line that gives this setting a value, where that is one for on."""
    given = re.compile(
        rf"(?:\bdefine\s*\(\s*['\"]{name}['\"]\s*,|\bconst\s+(?:\w+\s+)?{name}\s*=|\$(?:\w+->|\w+\[['\"])?{name}(?:['\"]\])?\s*=(?!=)|['\"]{name}['\"]\s*=>)"
        r"\s*['\"]?(?P<value>\w+)",
        re.IGNORECASE,
    )
    found = None
    for number, line in enumerate(source[:MOST].split("\n"), 1):
        if not line.lstrip().startswith(("#", "//", "*", "/*")) and (match := given.search(line)):
            found = number if match["value"].lower() in ("true", "1", "on", "yes") else None
    return found


def _conditions(text: str, words: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Where a condition begins that has these words, so that what has none is not taken apart."""
    near = (each for each in _IF.finditer(text) if words.search(text, each.end(), each.end() + _NEAR))
    return islice(near, _MOST)


def _words(text: str, at: int) -> str:
    return _SETS.sub("", (inside_brackets(text, at) or "").strip())


def _hanging(text: str, at: int) -> str:
    """What is run where the condition holds: a block, one in the form with a colon, or one statement."""
    rest = text[at : at + _LONGEST]
    start = len(rest) - len(rest.lstrip())
    if rest[start : start + 1] == "{":
        return inside_brackets(text, at + start) or rest
    if rest[start : start + 1] == ":":
        return re.split(r"\b(?:endif|else|elseif)\b", rest, maxsplit=1)[0]
    return rest.partition(";")[0]
