"""What a dump says of itself while it passes: which tables it holds, each with its digest, and whether it came to its end."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

# The remarks that mysqldump and mariadb-dump write before each part (client/mysqldump.c): a line that begins so is never a value's,
# since both write line ends in values as "\n".
_PART = re.compile(
    rb"-- (?:Table structure for table|Dumping data for table|Dumping events|Dumping routines|"
    rb"Temporary (?:table|view) structure for view|Final view structure for view) `((?:[^`]|``)+)`"
)
_LAST = b"-- Dump completed"
_LONGEST_HELD = 1024 * 1024
_END_KEPT = 512


def only_parts(blocks: Iterable[bytes], names: Collection[str]) -> Iterator[bytes]:
    """A dump with the parts of these tables alone, and what stands before the first."""
    passes, is_fresh, held = True, True, b""
    for block in blocks:
        lines = [line for line in re.split(rb"(?<=\n)", held + block) if line]
        held = lines.pop() if lines and not lines[-1].endswith(b"\n") and len(lines[-1]) < _LONGEST_HELD else b""
        for line in lines:
            found = _PART.match(line) if is_fresh and line.startswith(b"-- ") else None
            if found is not None:
                passes = _name(found) in names
            is_fresh = line.endswith(b"\n")
            if passes:
                yield line
    if passes and held:
        yield held


def _name(found: re.Match[bytes]) -> str:
    return found[1].replace(b"``", b"`").decode("utf-8", "replace")


class Sections:
    """Fed with a dump, block by block."""

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._parts: dict[str, Any] = {}
        self._part: Any = None
        self._held = b""
        self._is_fresh = True  # whether what comes next begins a line
        self._end = b""
        self.size = 0

    def feed(self, block: bytes) -> None:
        self._whole.update(block)
        self.size += len(block)
        self._end = (self._end + block)[-_END_KEPT:]
        lines = [line for line in re.split(rb"(?<=\n)", self._held + block) if line]  # a carriage return may be a value's
        self._held = b""
        if lines and not lines[-1].endswith(b"\n") and len(lines[-1]) < _LONGEST_HELD:
            self._held = lines.pop()
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        if self._is_fresh and line.startswith(b"-- "):
            found = _PART.match(line)
            if found is not None:
                self._part = self._parts.setdefault(_name(found), hashlib.sha256())
            elif line.startswith(_LAST):
                self._part = None
        self._is_fresh = line.endswith(b"\n")
        if self._part is not None:
            self._part.update(line)

    @property
    def is_complete(self) -> bool:
        """Whether its last line is the one that the program writes when all went well (mysqldump: "Dump completed")."""
        return self._end.rstrip(b"\n").rpartition(b"\n")[2].startswith(_LAST)

    @property
    def sha256(self) -> str:
        return str(self._whole.hexdigest())

    @property
    def tables(self) -> dict[str, str]:
        """Each table with the digest of its part, once all was fed."""
        return {name: part.hexdigest() for name, part in self._parts.items()}
