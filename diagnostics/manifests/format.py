"""The stored form of a manifest: records in the order of their paths, in compressed blocks, read and written without holding them all.

Version 1: `SMMF`, one byte of version, then one zlib stream of blocks. A block is `>I` the number of its records, then six columns,
each `>I` its length and its bytes: what each path shares with the one before (decimal, separated by spaces), the rest of each path
(separated by NUL, which no name can hold), kind and octal mode, size, time since the record before, and as JSON what few records carry
(`[[index, count, digest, label], …]`). A block of no records ends the list; a list without it was cut off.
"""

from __future__ import annotations

import heapq
import json
import posixpath
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import BinaryIO, NamedTuple

MAGIC = b"SMMF\x01"
_BLOCK = 2048  # records
_READ = 65_536
_LONGEST_COLUMN = 64 * 1024 * 1024
_RUN = 50_000  # records sorted in memory at once
_RUN_BLOCK = 256  # of each run that waits one block is in memory

FILE, FOLDER, LINK, OTHER = "f", "d", "l", "o"
UNREAD = "u"  # a folder that could not be read: nothing is known of what is below it
COUNTED = "c"  # a folder whose files are counted, not listed: `size` and `count` are those of all below it
ABSENT = "x"  # only in the difference between two manifests


class ManifestUnreadable(ValueError):
    """The stored bytes are no manifest of a version that is known, or were cut off."""


class Record(NamedTuple):
    """One name. `path` is relative to the docroot, as bytes: a name is any bytes but NUL and "/"."""

    path: bytes
    kind: str
    mode: int = 0  # permission bits
    size: int = 0
    mtime: int = 0  # seconds
    count: int = 0  # files below a counted folder
    digest: str = ""  # hex SHA-256 of a small configuration file, whose content is kept
    label: str = ""  # name and version of a plugin or theme: "Akismet\\t5.3"

    @property
    def folder(self) -> bytes:
        return posixpath.dirname(self.path)


# --- writing ------------------------------------------------------------------------------------
def encode(records: Iterable[Record], *, level: int = 9, most: int = _BLOCK) -> bytes:
    """The stored form of records that come in the order of their paths; `most` of them in a block, which is read as a whole."""
    packer = zlib.compressobj(level)
    parts, block = [MAGIC], []
    for record in records:
        block.append(record)
        if len(block) == most:
            parts.append(packer.compress(_packed(block)))
            block = []
    parts.append(packer.compress((_packed(block) if block else b"") + struct.pack(">I", 0)))
    return b"".join((*parts, packer.flush()))


def _packed(block: list[Record]) -> bytes:
    shared, rests, before, last = [], [], b"", 0
    times, rare = [], []
    for index, record in enumerate(block):
        same = _shared(before, record.path)
        shared.append(str(same))
        rests.append(record.path[same:])
        times.append(str(record.mtime - last))
        before, last = record.path, record.mtime
        if record.count or record.digest or record.label:
            rare.append([index, record.count, record.digest, record.label])
    columns = (
        " ".join(shared).encode(),
        b"\0".join(rests),
        " ".join(f"{record.kind}{record.mode:o}" for record in block).encode(),
        " ".join(str(record.size) for record in block).encode(),
        " ".join(times).encode(),
        json.dumps(rare, ensure_ascii=True, separators=(",", ":")).encode() if rare else b"",
    )
    return struct.pack(">I", len(block)) + b"".join(struct.pack(">I", len(column)) + column for column in columns)


def _shared(before: bytes, path: bytes) -> int:
    """How many bytes two neighbours begin with alike."""
    most = min(len(before), len(path))
    if before[:most] == path[:most]:
        return most
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if before[:middle] == path[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


# --- reading ------------------------------------------------------------------------------------
def decode(stored: bytes | memoryview) -> Iterator[Record]:
    """The records, one after the other. Raises ManifestUnreadable."""
    content = memoryview(stored)
    if bytes(content[: len(MAGIC)]) != MAGIC:
        raise ManifestUnreadable("not a manifest of version 1")
    source = _Unpacked(content[len(MAGIC) :])
    while count := source.number():
        if count > _BLOCK:
            raise ManifestUnreadable("a block is too large")
        columns = [source.take(source.number()) for _column in range(6)]
        try:
            yield from _unpacked(count, columns)
        except (ValueError, TypeError) as error:
            raise ManifestUnreadable("a block is damaged") from error
    source.finish()


def _unpacked(count: int, columns: list[bytes]) -> Iterator[Record]:
    rests = columns[1].split(b"\0")
    rare = {index: more for index, *more in json.loads(columns[5] or b"[]")}
    path, mtime = b"", 0
    rows = zip(columns[0].split(), rests, columns[2].decode().split(), columns[3].split(), columns[4].split(), strict=True)
    if len(rests) != count:
        raise ValueError("columns of different length")
    for index, (shared, rest, kind_mode, size, since) in enumerate(rows):
        path = path[: int(shared)] + rest
        mtime += int(since)
        yield Record(path, kind_mode[0], int(kind_mode[1:], 8), int(size), mtime, *rare.get(index, ()))


class _Unpacked:
    """The bytes inside the zlib stream, a piece at a time."""

    def __init__(self, packed: memoryview) -> None:
        self._packed, self._at = packed, 0
        self._unpacker, self._ready = zlib.decompressobj(), bytearray()

    def number(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])

    def take(self, wanted: int) -> bytes:
        if wanted > _LONGEST_COLUMN:
            raise ManifestUnreadable("a column is too long")
        while len(self._ready) < wanted:
            self._unpack_more()
        found = bytes(self._ready[:wanted])
        del self._ready[:wanted]
        return found

    def finish(self) -> None:
        """Nothing may follow but the checksum, which is compared. Raises ManifestUnreadable."""
        while not self._unpacker.eof:
            self._unpack_more()
        if self._ready:
            raise ManifestUnreadable("the list is damaged")

    def _unpack_more(self) -> None:
        piece = self._unpacker.unconsumed_tail
        if not piece:
            piece = bytes(self._packed[self._at : self._at + _READ])
            self._at += len(piece)
        try:
            more = self._unpacker.decompress(piece, _READ * 4)
        except zlib.error as error:
            raise ManifestUnreadable("the list is damaged") from error
        if not piece and not more:
            raise ManifestUnreadable("the list was cut off")
        self._ready += more


# --- order ----------------------------------------------------------------------------------------
class Sorter:
    """Takes records in any order and gives them by path: what does not fit into memory waits in a temporary file."""

    def __init__(self) -> None:
        self._waiting: list[Record] = []
        self._runs: list[BinaryIO] = []

    def add(self, record: Record) -> None:
        self._waiting.append(record)
        if len(self._waiting) >= _RUN:
            self._put_aside()

    def _put_aside(self) -> None:
        self._waiting.sort()
        file = tempfile.TemporaryFile()  # noqa: SIM115 (it waits until `sorted` has read it; `close` ends it)
        file.write(encode(self._waiting, level=1, most=_RUN_BLOCK))
        self._runs.append(file)
        self._waiting = []

    def sorted(self) -> Iterator[Record]:
        """Every record once; of two with the same path the last in their order: that which says that a folder could not be read."""
        self._waiting.sort()
        for _path, same in groupby(heapq.merge(*(_run(file) for file in self._runs), self._waiting), key=lambda record: record.path):
            *_others, last = same
            yield last

    def close(self) -> None:
        for file in self._runs:
            file.close()


def _run(file: BinaryIO) -> Iterator[Record]:
    file.seek(0)
    return decode(file.read())


# --- differences ------------------------------------------------------------------------------------
def pairs(older: Iterable[Record], newer: Iterable[Record]) -> Iterator[tuple[Record | None, Record | None]]:
    """Both lists side by side, by path: None where one does not have it."""
    left, right = iter(older), iter(newer)
    old, new = next(left, None), next(right, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old.path < new.path):
            yield old, None
            old = next(left, None)
        elif old is None or new.path < old.path:
            yield None, new
            new = next(right, None)
        else:
            yield old, new
            old, new = next(left, None), next(right, None)


def backwards(older: Iterable[Record], newer: Iterable[Record]) -> Iterator[Record]:
    """What makes the older manifest out of the newer one."""
    for old, new in pairs(older, newer):
        if old is not None and old != new:
            yield old
        elif old is None and new is not None:
            yield Record(new.path, ABSENT)


def overlaid(layers: list[Iterable[Record]], *, keep_absent: bool = False) -> Iterator[Record]:
    """Several lists as one: for each path the last list that names it counts. `keep_absent`: the result is a difference itself."""
    numbered = [_numbered(number, layer) for number, layer in enumerate(layers)]
    for _path, same in groupby(heapq.merge(*numbered, key=lambda item: item[:2]), key=lambda item: item[0]):
        *_others, (_name, _number, record) = same
        if keep_absent or record.kind != ABSENT:
            yield record


def _numbered(number: int, layer: Iterable[Record]) -> Iterator[tuple[bytes, int, Record]]:
    return ((record.path, number, record) for record in layer)
