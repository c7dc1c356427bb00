"""What a script said on its error output, wherever its server writes that: the message, the file and the line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from diagnostics.checks.common import lines_of_failure
from diagnostics.evidence import Evidence, LogLine, TreeEntry
from diagnostics.facts.logged_paths import shown_path

_LINE = r"(?P<line>\d{1,7})"
_PYTHON = re.compile(rf"File \"(?P<path>[^\"\n]{{1,1000}})\", line {_LINE}")
# Perl (perldiag), shells, Ruby and node.
_PLACES = (
    re.compile(rf" at (?P<path>[^\s\"']{{1,1000}}) line {_LINE}\b"),
    re.compile(rf"(?:^|[\s:\]])(?P<path>[^\s:\[\]]{{1,1000}}): (?:line )?{_LINE}: ", re.MULTILINE),
    re.compile(rf"(?:^|[\s\]])(?P<path>[^\s:\[\]]{{1,1000}}):{_LINE}:(?:in |\s|\d)", re.MULTILINE),
)
_LONGEST = 20_000
_HEAD = re.compile(r"\A(?:\[[^\]\n]{1,200}\]\s*){1,6}|AH01215: (?:stderr from [^:\n]{1,400}: )?")


class Said(NamedTuple):
    """`path` as `TreeEntry.path`: of the script, or of a file of the account that it uses."""

    entry: LogLine
    path: str
    line: int
    text: str


def words_of(script: TreeEntry, evidence: Evidence) -> Said | None:
    """The newest message that names the script; None where no log has one.

    Perl and shells name the innermost place first, Python last; a place in a library of the host itself is passed over.
    """
    known = {entry.path for entry in evidence.tree if entry.kind == "file"} if isinstance(evidence.tree, tuple) else set()
    for entry in lines_of_failure(evidence):
        text = entry.text[:_LONGEST]
        python = [place for place in _found(_PYTHON, text, script, evidence) if place[0] in known]
        others = [place for pattern in _PLACES for place in _found(pattern, text, script, evidence) if place[0] in known]
        places = sorted(others, key=lambda place: place[2])
        if any(path == script.path for path, _line, _at in (*python, *places)):
            path, line, _at = python[-1] if python else places[0]
            return Said(entry, path, line, _HEAD.sub("", text).strip().split("\n")[-1 if python else 0][:200])
    return None


def _found(pattern: re.Pattern[str], text: str, script: TreeEntry, evidence: Evidence) -> Iterator[tuple[str, int, int]]:
    """Places in a message, those without a folder in the script's own: servers start it there."""
    folder = script.path.rpartition("/")[0]
    for match in pattern.finditer(text):
        path = match["path"].removeprefix("./")
        yield shown_path(path, evidence) if path.startswith("/") else f"{folder}/{path}", int(match["line"]), match.start()
