"""What trials showed, as checks see it: frozen values. Each holds only while what was tried is still what it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

LINES = "tried-lines"  # in a finding's data: JSON, [[path, [first physical line, ...]], ...]


@dataclass(frozen=True, slots=True)
class TriedLines:
    """Lines of a `.htaccess` without which the pages answer, by their first physical line. `sha256`: of the file they are of."""

    path: str
    sha256: str
    lines: tuple[int, ...]
    parts: int  # that can be taken out by themselves: a rule with its conditions is one


@dataclass(frozen=True, slots=True)
class TriedPart:
    """A part of WordPress without which the pages answer."""

    kind: str  # as of `installed.Component`
    slug: str
    path: str
    named: str


@dataclass(frozen=True, slots=True)
class TriedLayer:
    """What one layer answered to a file of our own. `code`: of the database's error; "source" where PHP was shown and not run."""

    layer: str  # "static", "php", "database", "start" (WordPress without plugins and theme)
    answer: str  # "ok", "failed", "unknown"
    status: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial that is over. `is_least`: with less taken out the pages fail."""

    kind: str  # "bisect-htaccess", ...
    at: datetime
    looks: int
    cause: str = ""
    is_least: bool = True
    lines: tuple[TriedLines, ...] = field(default=())
    parts: tuple[TriedPart, ...] = field(default=())
    layers: tuple[TriedLayer, ...] = field(default=())
