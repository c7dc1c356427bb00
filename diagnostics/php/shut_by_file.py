"""Files that a program looks for and shuts itself over where they are there: a deployment makes them and takes them away again. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
_LONGEST = 2000  # characters of what hangs on a condition


@dataclass(frozen=True, slots=True)
class Guard:
    """`words` make the path of the file that is asked for, at the offset `at`."""

    words: str
    at: int
    line: int


def guards(source: str) -> Iterator[Guard]:
    """Every place where the code ends the page with 503, or with a page for that, because a file is there."""
    text = source[:MOST]
    for opening in _IF.finditer(text):
        condition = inside_brackets(text, opening.end())
        if condition is None:
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
