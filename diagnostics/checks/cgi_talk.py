"""The line of a script that speaks before its header is said.

The server reads what a script prints up to the first empty line as a header, and repeats the line that is none of one (Apache,
server/util_script.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.evidence import TextFile
from diagnostics.facts.cgi_modules import language
from diagnostics.facts.cgi_scripts import interpreter, of_env
from sites.texts import mark as _

_REPEATED = re.compile(r"Bad header: (?P<said>[^\n]{1,300})|AH02429: Response header name '(?P<name>[^'\n]{1,200})'")
_REFERER = re.compile(r", referer: \S+$")
_HEADER = re.compile(r"\b(?:Content-[Tt]ype|Status|Location)[ \t]*:|\bheader\s*\(|->header\b", re.IGNORECASE)
_SPEAKS = re.compile(r"(?<![\w.$>])(?:print|printf|say|puts|echo|sys\.stdout\.write|system|exec|passthru|require|include|os\.system)\b")
_LITERAL = re.compile(r"'((?:[^'\\]|\\.){1,300})'|\"((?:[^\"\\]|\\.){1,300})\"")
_FILLED = re.compile(r"[%{$#\\]")  # where something else is put into a text
_FEWEST = 3  # letters of a text by which it is known
# What another program prints goes out at once; Python keeps its own words back until the end, where no terminal reads them.
_STARTS = re.compile(r"\b(?:os\.system|subprocess\.(?:run|call|check_call|Popen)|os\.spawn[lv]p?e?)\s*\((?P<given>[^\n]*)")
_KEPT = re.compile(r"capture_output\s*=\s*True|stdout\s*=|>\s*/")
_SAID_AT_ONCE = re.compile(r"flush\s*=\s*True|\.flush\(\)|reconfigure\(")
_OF_SHELL = re.compile(
    r"(?:date|uname|id|whoami|hostname|cat|ls|pwd|uptime|df|du|env|printenv|set|who|w|ps|head|tail|grep|find|which|file)\b"
)
_NO_SPEECH = re.compile(r">\s*(?:/|\$|&2|[\w.]+)")


def speaks_early(line: str, content: TextFile) -> tuple[int, str] | None:
    """The line and what to say of it; `line`: the server's entry, which repeats what it could not use."""
    repeated = _REPEATED.search(line)
    said = _REFERER.sub("", (repeated["said"] or repeated["name"] or "").strip()) if repeated else ""
    rows = content.content.decode("utf-8", "replace").splitlines()
    number = _that_says(said, rows) or _before_header(content.content, rows)
    return (number, _("line {line} speaks before the header has ended").format(line=number)) if number else None


def _that_says(said: str, rows: list[str]) -> int:
    """The row that has these words, or the beginning of them, as a text to print."""
    best, length = 0, _FEWEST - 1
    for number, row in _code(rows):
        texts = [one or other for one, other in _LITERAL.findall(row)] if _SPEAKS.search(row) else []
        texts += [row] if row.strip() == said else []  # of a text that runs over lines
        for text in texts:
            words = _FILLED.split(text.strip(), maxsplit=1)[0].strip()
            if len(words) > length and said.startswith(words):
                best, length = number, len(words)
    return best


def _before_header(code: bytes, rows: list[str]) -> int:
    header = next((number for number, row in _code(rows) if _HEADER.search(row)), len(rows) + 1)
    is_python = language(code) == "python"
    for number, row in _code(rows):
        if number < header and not row[:1].isspace() and (_speaks(code, row) or (is_python and _is_heard(row))):
            return number
    if is_python and not any(_SAID_AT_ONCE.search(row) for row in rows) and b" -u" not in code.split(b"\n", 1)[0]:
        return next((number for number, row in _code(rows) if _is_heard(row)), 0)
    return 0


def _speaks(code: bytes, row: str) -> bool:
    program = (of_env(code) or interpreter(code)).rpartition("/")[2]
    if program.endswith("sh"):
        return bool(re.match(r"(?:echo|printf)\b", row) or _OF_SHELL.match(row)) and not _NO_SPEECH.search(row)
    said = _SPEAKS.match(row)
    return said is not None and said.group() not in ("require", "include") and "STDERR" not in row and "stderr" not in row


def _is_heard(row: str) -> bool:
    """Whether the row starts a program whose words go to the visitor."""
    starts = _STARTS.search(row)
    return starts is not None and not _KEPT.search(starts["given"])


def _code(rows: list[str]) -> Iterator[tuple[int, str]]:
    return ((number, row) for number, row in enumerate(rows, 1) if row.strip() and not row.lstrip().startswith("#"))
