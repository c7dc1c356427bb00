"""Three versions of a file joined line by line: takes our change out of what somebody else has changed since, where that is certain."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise

from diagnostics.repairs.comparing_lines import takes_long

MOST_BYTES = 512 * 1024
MOST_LINES = 10_000

Region = tuple[int, int, tuple[bytes, ...]]  # lines of the common version, from and to, and what stands there instead


def merge(common: bytes, one: bytes, other: bytes) -> bytes | None:
    """`common` with what changed to `one` and what changed to `other`. None: they touch the same or neighbouring lines, or no text."""
    if any(len(each) > MOST_BYTES or b"\0" in each for each in (common, one, other)):
        return None
    lines = common.splitlines(keepends=True)
    ours, theirs = one.splitlines(keepends=True), other.splitlines(keepends=True)
    if max(len(lines), len(ours), len(theirs)) > MOST_LINES or takes_long(lines, ours) or takes_long(lines, theirs):
        return None
    regions = sorted({*_changed(lines, ours), *_changed(lines, theirs)})  # what both changed alike counts once
    if any(later[0] <= earlier[1] for earlier, later in pairwise(regions)):
        return None
    merged: list[bytes] = []
    at = 0
    for start, end, instead in regions:
        merged += [*lines[at:start], *instead]
        at = end
    return b"".join(merged + lines[at:])


def _changed(common: list[bytes], version: list[bytes]) -> Iterator[Region]:
    # What is the same at both ends is cut off first: comparing takes long where lines repeat.
    head = 0
    while head < min(len(common), len(version)) and common[head] == version[head]:
        head += 1
    tail = 0
    while tail < min(len(common), len(version)) - head and common[-1 - tail] == version[-1 - tail]:
        tail += 1
    matcher = SequenceMatcher(None, common[head : len(common) - tail], version[head : len(version) - tail])
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            yield head + start, head + end, tuple(version[head + new_start : head + new_end])
