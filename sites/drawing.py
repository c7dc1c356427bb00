"""From plain values to what a template draws: differences line by line, bars and curves as SVG coordinates. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_MODE = re.compile(r"^(?P<path>.+): (?P<before>[0-7]{3,4}) -> (?P<after>[0-7]{3,4})$")


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line: `tone` is "add", "del", "gap" or empty; `sign` says the same without colour."""

    text: str
    sign: str = ""
    tone: str = ""
    number: str = ""


@dataclass(slots=True)
class DiffFile:
    """The lines that differ in one file."""

    path: str
    lines: list[DiffLine] = field(default_factory=list)


def parse_diff(text: str) -> list[DiffFile]:
    """Splits what `Plan.diff()` writes (unified differences, renames, modes) into files with numbered lines. Never raises."""
    files: list[DiffFile] = []
    old = new = 0
    in_hunk = False
    lines = text.splitlines()
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        if in_hunk and not before and line.startswith("--- ") and after.startswith("+++ "):
            in_hunk = False  # files stand apart by an empty line
        hunk = _HUNK.match(line)
        if hunk and files:
            if in_hunk:
                files[-1].lines.append(DiffLine("", "⋯", "gap"))
            old, new, in_hunk = int(hunk[1]), int(hunk[2]), True
        elif in_hunk and line[:1] in (" ", "+", "-"):
            entry, old, new = _body_line(line, old, new)
            files[-1].lines.append(entry)
        elif line.startswith("--- "):
            files.append(DiffFile(line[4:].rstrip("\t")))
            in_hunk = False
        elif line.startswith("+++ "):
            continue
        else:
            in_hunk = in_hunk and not line.strip()
            _other_line(line, files)
    return [file for file in files if file.lines]


def _body_line(line: str, old: int, new: int) -> tuple[DiffLine, int, int]:
    sign, text = line[0], line[1:]
    if sign == "+":
        return DiffLine(text, "+", "add", str(new)), old, new + 1
    if sign == "-":
        return DiffLine(text, "-", "del", str(old)), old + 1, new
    return DiffLine(text, "", "", str(new)), old + 1, new + 1


def _other_line(line: str, files: list[DiffFile]) -> None:
    mode = _MODE.match(line)
    if line.startswith("rename "):
        name = line.removeprefix("rename ")
        files.append(DiffFile(name, [DiffLine(name, "-", "del")]))
    elif line.startswith("    to ") and files:
        files[-1].lines.append(DiffLine(line.removeprefix("    to "), "+", "add"))
    elif mode:
        files.append(DiffFile(mode["path"], [DiffLine(mode["before"], "-", "del"), DiffLine(mode["after"], "+", "add")]))
    elif line.strip():
        if not files or (line.startswith("new") and files[-1].path):  # "new folder …", "new: …": no line of the file before it
            files.append(DiffFile(""))
        files[-1].lines.append(DiffLine(line))


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of availability. `tone`: "ok", "warn", "bad" or "none"; `words` says it."""

    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Point:
    """One moment of a curve, `x` from 0 to 1. `value` is None where nothing was measured."""

    x: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """SVG path data in a box of 1000 by 100, and the axis that belongs to it."""

    line: str
    area: str
    top: float
    ticks: tuple[float, ...]
    spans: tuple[tuple[float, float], ...] = ()  # (x, width) of what failed
    upper: str = ""  # a second, fainter line above


def curve(points: Sequence[Point], failing: Sequence[tuple[float, float]] = (), upper: Sequence[Point] = ()) -> Curve:
    """The curve of some points; gaps stay gaps. `failing`: spans from 0 to 1 that are shaded, at least 4 units wide to be seen.

    `upper` is drawn as a second line. Its few highest points are cut off: one slow answer must not press all others to the ground.
    """
    highest = sorted(p.value for p in upper if p.value is not None)
    most = highest[max(0, round(len(highest) * 0.95) - 1)] if highest else 0.0
    top = nice_top(max([most, *(p.value for p in points if p.value is not None)]))
    runs = _runs(points, top)
    area = " ".join(f"M{run[0][0]} 100 " + " ".join(f"L{x} {y}" for x, y in run) + f" L{run[-1][0]} 100Z" for run in runs)
    spans = tuple((round(a * 1000, 1), round(max(4.0, (b - a) * 1000), 1)) for a, b in failing)
    return Curve(_line(runs), area, top, (top, top / 2, 0.0), spans, _line(_runs(upper, top)))


def _runs(points: Sequence[Point], top: float) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point.value is None:
            runs.append([])
        else:
            runs[-1].append((round(point.x * 1000, 1), round(max(0.0, 100 - 100 * point.value / top), 2)))
    return [run for run in runs if run]


def _line(runs: Sequence[list[tuple[float, float]]]) -> str:
    return " ".join("M" + " L".join(f"{x} {y}" for x, y in _seen(run)) for run in runs)


def _seen(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A single point is drawn as a short stroke: a path of one point shows nothing."""
    return run if len(run) > 1 else [run[0], (run[0][0] + 1, run[0][1])]


def nice_top(value: float) -> float:
    """The next number of 1, 2, 4, 6, 10 times a power of ten: an axis that ends on a round figure."""
    step = 10.0
    while True:
        for factor in (1, 2, 4, 6):
            if value <= step * factor:
                return step * factor
        step *= 10
