"""Changes of a file that is there already."""

from __future__ import annotations

from tests.lab.scene import Scene


def changed(s: Scene, path: str, old: str, new: str, *, fresh: bool = True) -> str:
    """The file with other words in it; its path. `fresh`: it was written a moment ago."""
    source = s.read(path).decode()
    if old not in source:
        raise ValueError(f"{path} does not hold {old!r}")
    (s.write if fresh else s.keep)(path, source.replace(old, new, 1))
    return path


def added(s: Scene, path: str, lines: list[str], *, fresh: bool = False) -> str:
    """The file with more lines at its end; its path."""
    (s.write if fresh else s.keep)(path, s.read(path).decode() + "\n".join(lines) + "\n")
    return path


def lines_at(s: Scene, path: str, *marks: str) -> tuple[int, ...]:
    """The numbers of the lines that hold these marks."""
    return tuple(s.line_of(path, mark) for mark in marks)
