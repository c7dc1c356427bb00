"""What a diagnosis said against what is true."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Any

from tests.lab.cases.base import Truth


@dataclass(frozen=True)
class Score:
    """`file` and `line` are None where the truth has none. `alarms`: causes above a note on a site that is well."""

    cause: bool | None = None
    file: bool | None = None
    line: bool | None = None
    said: str = ""  # "cause path:line 0.97", of the first finding
    alarms: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        return self.cause is not False and not self.alarms


def judge(truth: Truth, answer: Any, *, is_well: bool) -> Score:
    """The first finding counts; of a well site every one above a note."""
    findings = answer["findings"]
    if is_well:
        return Score(said=_said(findings), alarms=tuple(_words(each) for each in findings if each["severity"] != "note"))
    first = findings[0] if findings else {"cause": "", "path": "", "line": None}
    right = first["cause"] in (truth.cause, *truth.also)
    path = posixpath.normpath(first["path"]) if first["path"] else ""
    paths = {posixpath.normpath(each) for each in (truth.path, *truth.paths) if each}
    file = path in paths if paths else None
    line = None
    if truth.lines and truth.path:
        line = path == truth.path and first["line"] is not None and min(abs(first["line"] - each) for each in truth.lines) <= 1
        if path != truth.path and path in paths:
            line = None  # another file that is as right
    return Score(right, file, line, _said(findings))


def _said(findings: list[dict[str, Any]]) -> str:
    return _words(findings[0]) if findings else "nothing"


def _words(finding: dict[str, Any]) -> str:
    place = f" {finding['path']}{':' + str(finding['line']) if finding['line'] else ''}" if finding["path"] else ""
    return f"{finding['cause']}{place} ({finding['severity']}, {finding['confidence']:.2f})"
