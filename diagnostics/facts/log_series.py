"""A log and what it was before it was rotated, read on from where the last reading ended: nothing twice, nothing left out.

SFTP (version 3) tells no inodes. A file is known by its first bytes and by the bytes before the place that was reached: a log's
lines carry times and addresses, so that no two logs agree in both. So renaming, copying and truncating, dated names and
compression by gzip are all the same to it: the file is looked for among its siblings, read to its end, and those after it follow.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from diagnostics.transports.base import FileKind, Reader, TransportError

CHUNK = 4 * 1024 * 1024
HEAD, MARK = 256, 96  # bytes by which a file, and a place in it, are known
FIRST_BYTES = 64 * 1024 * 1024  # of a log that is read for the first time: its end
FIRST_AGE_S = 24 * 3600.0  # what was rotated away longer ago than this is not read at first
MOST_SIBLINGS = 40
MOST_GZ = 128 * 1024 * 1024
MOST_UNPACKED = 2 * 1024 * 1024 * 1024
_KEPT_HEADS = 60
_LOOKS_BACK = 3  # a server that is told to reopen its log goes on writing the old one until the last of its requests has ended

_DATE = r"(?:\d{4}[-_.]?\d{2}[-_.]?\d{2}|\d{2}[-_.]\d{2}[-_.]\d{4}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{4})"
_TURN = rf"(?:(?:[.\-_]{_DATE}|\.\d{{1,4}})(?:[-_.]\d{{1,10}})?)?"
_NUMBER = re.compile(r"\.(\d{1,4})(?=\.|$)")


@dataclass(slots=True)
class Budget:
    """How much one run may read: bytes of logs, until when (monotonic seconds), and not while somebody else must go first."""

    bytes_left: int
    deadline: float
    gives_way: Callable[[], bool] = lambda: False
    gave_way: bool = False

    @property
    def is_spent(self) -> bool:
        self.gave_way = self.gave_way or self.gives_way()
        return self.gave_way or self.bytes_left <= 0 or time.monotonic() > self.deadline


@dataclass(frozen=True, slots=True)
class LogFile:
    path: str
    size: int
    mtime: float
    is_live: bool = False

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)

    @property
    def is_gz(self) -> bool:
        return self.path.endswith(".gz")

    @property
    def age_order(self) -> tuple[bool, float, int, str]:
        """Oldest first; of those of the same second the higher number is the older one."""
        number = _NUMBER.search(self.name)
        return self.is_live, self.mtime, -int(number.group(1)) if number else 0, self.name


@dataclass(slots=True)
class Place:
    """Where reading stands, as it is stored: plain values, and of the log itself only hashes."""

    name: str = ""
    offset: int = 0
    head: str = ""
    head_len: int = 0
    mark: str = ""
    mark_len: int = 0
    mtime: float = 0.0
    skipping: bool = False  # in the middle of a line that is passed over
    finished: list[list[Any]] = field(default_factory=list)  # [length, hash] of the first bytes of files that need no reading any more
    before: dict[str, Any] = field(default_factory=dict)  # the place in the file that was left last
    looks_back: int = 0

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Place:
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        return cls(**known)

    def stored(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(slots=True)
class Reading:
    """What came of one run. `complete`: to the end of the live log; `lost`: what was written before a rotation could not be found."""

    place: Place
    complete: bool = False
    first: bool = False
    lost: bool = False
    too_long: int = 0  # lines without an end


Take = Callable[[bytes], None]


def read_new(reader: Reader, path: str, stored: dict[str, Any], budget: Budget, take: Take, now: float | None = None) -> Reading:
    """Hands whole lines that are new to `take`, some megabytes at a time, oldest first. Raises TransportError when the log is not there."""
    files = family(reader, path)
    live = files[-1]
    if not stored:
        reading = Reading(Place(), first=True)
        _begin(reader, files, reading.place, time.time() if now is None else now)
    else:
        reading = Reading(Place.of(stored))
        _look_back(reader, files, reading, budget, take)
    current = _find(reader, files, reading.place)
    if current is None:
        reading.lost = bool(reading.place.head_len)
    else:
        files = [file for file in files if file.age_order > current.age_order]  # begun later, so written to later
        if not _read_file(reader, current, reading, budget, take):
            return reading
        if current == live:
            reading.complete = True
            return reading
    for file in files if current else _newer(files, reading.place.mtime):
        if file == current or _is_finished(reader, file, reading.place):
            continue
        _turn_to(reader, file, reading.place)
        if not _read_file(reader, file, reading, budget, take):
            return reading
        reading.complete = file == live
    return reading


# --- which files ------------------------------------------------------------------------------------
def family(reader: Reader, path: str) -> list[LogFile]:
    """The log and its rotated siblings, oldest first; the live one is the last. Raises TransportError when there is none."""
    try:
        real = reader.real_path(path)
    except TransportError:
        real = path
    folder, name = posixpath.split(real)
    rule = re.compile(_pattern(name), re.IGNORECASE)
    try:
        entries = [entry for entry in reader.list(folder or "/") if entry.stat.kind is FileKind.FILE]
    except TransportError:
        entries = []  # a folder that may not be listed: the log itself is all there is
    found = [LogFile(e.path, e.stat.size, e.stat.mtime) for e in entries if rule.fullmatch(posixpath.basename(e.path))]
    plain = [file for file in found if not file.is_gz]
    if re.search(_DATE, name, re.IGNORECASE) and plain:
        live = max(plain, key=lambda file: (file.mtime, file.name))
    else:
        stat = reader.stat(real)
        live = next((file for file in plain if file.path == real), LogFile(real, stat.size, stat.mtime))
    others = sorted((file for file in found if file.path != live.path), key=lambda file: file.age_order)
    return [*others[-MOST_SIBLINGS:], LogFile(live.path, live.size, live.mtime, is_live=True)]


def _pattern(name: str) -> str:
    """The names of the same log at other times: access.log.1, access.log-20261121.gz, access-2026-11-21.log, access.1.log …"""
    base, extension = posixpath.splitext(name.removesuffix(".gz"))
    dated = re.search(_DATE, base, re.IGNORECASE)
    stem = re.escape(base[: dated.start()]) + _DATE + re.escape(base[dated.end() :]) if dated else re.escape(base) + _TURN
    return stem + re.escape(extension) + _TURN + r"(?:\.gz)?"


def _begin(reader: Reader, files: list[LogFile], place: Place, now: float) -> None:
    """Where the very first reading starts: with what was rotated within a day, unless it is too much; else near the live log's end."""
    live, room = files[-1], FIRST_BYTES - files[-1].size
    start = live
    for file in reversed(files[:-1]):
        room -= file.size * (12 if file.is_gz else 1)
        if room < 0 or file.mtime < now - FIRST_AGE_S:
            break
        start = file
    for file in files[: files.index(start)]:
        _finish(place, _head_of(reader, file))
    _turn_to(reader, start, place)
    if start == live and live.size > FIRST_BYTES:
        place.offset, place.skipping = live.size - FIRST_BYTES, True


def _find(reader: Reader, files: list[LogFile], place: Place) -> LogFile | None:
    """The file that was read last, whatever it is called now."""
    if not place.head_len:  # it was empty: it is known by its name alone
        same = next((file for file in files if file.name == place.name), None)
        return same if same is not None and not _newer(files[:-1], place.mtime) else None
    likely = sorted(files, key=lambda file: (file.name != place.name, file.is_gz, not file.is_live, -file.mtime))
    for file in likely:
        if (file.is_gz or file.size >= place.offset) and _has_head(reader, file, place) and _has_mark(reader, file, place):
            return file
    return None


def _newer(files: list[LogFile], mtime: float) -> list[LogFile]:
    return [file for file in files if file.is_live or file.mtime > mtime]


# --- how a file is known ------------------------------------------------------------------------------
def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _head_of(reader: Reader, file: LogFile, length: int = HEAD) -> bytes:
    try:
        if not file.is_gz:
            return reader.read_part(file.path, 0, length)
        return zlib.decompressobj(wbits=31).decompress(reader.read_part(file.path, 0, 65_536), length)
    except (TransportError, zlib.error):
        return b""


def _has_head(reader: Reader, file: LogFile, place: Place) -> bool:
    return _sha(_head_of(reader, file, place.head_len)) == place.head


def _has_mark(reader: Reader, file: LogFile, place: Place) -> bool:
    if file.is_gz or not place.mark_len:
        return True  # of a compressed file the mark is looked at when it is read up to there
    return _sha(reader.read_part(file.path, place.offset - place.mark_len, place.mark_len)) == place.mark


def _is_finished(reader: Reader, file: LogFile, place: Place) -> bool:
    head = _head_of(reader, file)
    return not file.is_live and any(len(head) >= length and _sha(head[:length]) == sha for length, sha in place.finished)


def _finish(place: Place, head: bytes) -> None:
    if head:
        place.finished = [*place.finished, [len(head), _sha(head)]][-_KEPT_HEADS:]


def _turn_to(reader: Reader, file: LogFile, place: Place) -> None:
    """The next file, from its beginning. The one before it is never read again under any name."""
    if place.head_len:
        place.finished = [*place.finished, [place.head_len, place.head]][-_KEPT_HEADS:]
        place.before = {name: getattr(place, name) for name in ("name", "offset", "head", "head_len", "mark", "mark_len", "mtime")}
        place.looks_back = _LOOKS_BACK
    head = _head_of(reader, file)
    place.name, place.offset, place.head, place.head_len = file.name, 0, _sha(head), len(head)
    place.mark, place.mark_len, place.skipping, place.mtime = "", 0, False, file.mtime


# --- reading ------------------------------------------------------------------------------------------
def _look_back(reader: Reader, files: list[LogFile], reading: Reading, budget: Budget, take: Take) -> None:
    """What was still written to the file that was left last, after it was rotated away."""
    place = reading.place
    if not place.before or place.looks_back <= 0:
        return
    left = Reading(Place.of(place.before))
    file = _find(reader, files[:-1], left.place)
    place.looks_back -= 1
    if file is not None and _read_file(reader, file, left, budget, take):
        place.before = {name: getattr(left.place, name) for name in place.before}
        reading.too_long += left.too_long


def _read_file(reader: Reader, file: LogFile, reading: Reading, budget: Budget, take: Take) -> bool:
    """Reads on in one file. True when its end was reached; False when the budget is spent before, or it changed meanwhile."""
    place = reading.place
    if place.head_len < HEAD:  # it was shorter when it was seen first
        head = _head_of(reader, file)
        if len(head) > place.head_len and _sha(head[: place.head_len]) == place.head:
            place.head, place.head_len = _sha(head), len(head)
    parts: Iterator[bytes | None] = _gz_parts(reader, file, place) if file.is_gz else _plain_parts(reader, file, place)
    rest = b""
    ended = False
    for data in parts:
        if data is None:  # rotated at this moment: the next reading finds it
            return False
        budget.bytes_left -= len(data)
        rest = _whole_lines(rest + data, reading, take)
        if budget.is_spent:
            break
    else:
        ended = True
    if ended and rest and not file.is_live:  # nobody goes on writing it: its last line ends here
        _advance(place, rest, reading, take, ended=True)
    if ended:
        place.name, place.mtime = file.name, max(place.mtime, file.mtime)
    return ended


def _whole_lines(data: bytes, reading: Reading, take: Take) -> bytes:
    """Hands over the whole lines and returns what is left of the last one, unless it is absurdly long."""
    cut = data.rfind(b"\n") + 1
    if cut:
        _advance(reading.place, data[:cut], reading, take)
    rest = data[cut:]
    if len(rest) < CHUNK // 4:
        return rest
    reading.too_long += 0 if reading.place.skipping else 1
    _remember(reading.place, rest)
    reading.place.skipping = True
    return b""


def _advance(place: Place, data: bytes, reading: Reading, take: Take, *, ended: bool = False) -> None:
    lines = data
    if place.skipping:
        end = data.find(b"\n") + 1
        lines, place.skipping = (data[end:] if end else b""), not end and not ended
    _remember(place, data)
    if lines:
        take(lines)


def _remember(place: Place, data: bytes) -> None:
    place.offset += len(data)
    last = data[-MARK:]
    place.mark, place.mark_len = _sha(last), len(last)


def _plain_parts(reader: Reader, file: LogFile, place: Place) -> Iterator[bytes | None]:
    """Pieces from the place on. Each is read together with the mark before it, so that a rotation in between is noticed: None."""
    start, mark, mark_len = place.offset, place.mark, place.mark_len
    while True:
        data = reader.read_part(file.path, start - mark_len, CHUNK + mark_len)
        if mark_len and _sha(data[:mark_len]) != mark:
            yield None
            return
        fresh = data[mark_len:]
        if not fresh:
            return
        yield fresh
        start += len(fresh)
        last = data[-MARK:]
        mark, mark_len = _sha(last), len(last)
        if len(fresh) < CHUNK:
            return


def _gz_parts(reader: Reader, file: LogFile, place: Place) -> Iterator[bytes]:
    """The unpacked content from the place on; of a file that is damaged, or still being packed, what can be had."""
    if file.size > MOST_GZ:
        return
    at, wanted, mark_len = 0, place.offset, place.mark_len
    before = b""
    checked = not mark_len
    for data in unpacked(reader, file):
        if at + len(data) <= wanted:
            at, before = at + len(data), (before + data)[-MARK:]
            continue
        skip = max(0, wanted - at)
        before = (before + data[:skip])[-MARK:]
        if not checked and _sha(before[-mark_len:]) != place.mark:
            return  # it begins like the log that was read, and is another
        checked, at, wanted = True, at + len(data), 0
        yield data[skip:]


def unpacked(reader: Reader, file: LogFile) -> Iterator[bytes]:
    """The content of a file that gzip packed, some megabytes at a time; of a damaged one what can be had."""
    unpacker, offset, total = zlib.decompressobj(wbits=31), 0, 0
    while total < MOST_UNPACKED and (part := reader.read_part(file.path, offset, CHUNK // 4)):
        offset += len(part)
        try:
            while part:
                data = unpacker.decompress(part, CHUNK)
                total += len(data)
                if data:
                    yield data
                part = unpacker.unconsumed_tail
                if unpacker.eof:  # several gzip files one after another are one (RFC 1952, section 2.2)
                    part, unpacker = unpacker.unused_data, zlib.decompressobj(wbits=31)
        except zlib.error:
            return
