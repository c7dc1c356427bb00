"""Several small files over SFTP in three round trips for all of them: looked at, opened, read, each step for all at once."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterable, Sequence

from diagnostics.transports.base import FileKind, Stat, TransportError
from diagnostics.transports.paths import checked
from diagnostics.transports.sftp_answers import as_stat, to_bytes
from diagnostics.transports.sftp_packets import ATTRS, DATA, EOF, FLAG_READ, FSTAT, HANDLE, LSTAT, OPEN, READ, Attrs, SftpStatus, string
from diagnostics.transports.sftp_wire import CHUNK, SftpWire

AT_ONCE = 16  # files, each with a handle on the host
_MOST_BYTES = 2 * 1024 * 1024  # of one group


def read_many(wire: SftpWire, paths: Sequence[str], limit: int) -> dict[str, bytes | None]:
    """The content of regular files of at most `limit` bytes; None for what is none, is larger or is refused.

    A file that changes meanwhile is left out: read it by itself. Raises ConnectionLost and ConnectionTimedOut.
    """
    found: dict[str, bytes | None] = {}
    waiting = list(paths)
    while waiting:
        group, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        found.update(_group(wire, group, limit))
    return found


def stat_many(wire: SftpWire, paths: Sequence[str]) -> dict[str, Stat]:
    """What these names are, links not followed, in one round trip for every `AT_ONCE` of them; without those that are refused."""
    found: dict[str, Stat] = {}
    for start in range(0, len(paths), AT_ONCE):
        asked = {path: wire.ask_about(LSTAT, to_bytes(checked(path))) for path in paths[start : start + AT_ONCE]}
        attrs = {path: _attrs(wire, number) for path, number in asked.items()}
        for path, each in attrs.items():
            with contextlib.suppress(TransportError):  # a host that does not tell what it is
                found |= {path: as_stat(each, path)} if each else {}
    return found


def _group(wire: SftpWire, paths: Sequence[str], limit: int) -> dict[str, bytes | None]:
    raw = {path: to_bytes(checked(path)) for path in paths}
    looked = {path: wire.ask_about(LSTAT, name) for path, name in raw.items()}
    before = {path: _attrs(wire, number) for path, number in looked.items()}
    sizes = {path: size for path, attrs in before.items() if (size := _size(attrs, path, limit)) is not None}
    found: dict[str, bytes | None] = {path: None for path in paths if path not in sizes}
    for part in _in_portions(sizes):
        found.update(_opened(wire, {path: raw[path] for path in part}, before, sizes))
    return found


def _size(attrs: Attrs | None, path: str, limit: int) -> int | None:
    try:
        seen = as_stat(attrs, path) if attrs else None
    except TransportError:  # a host that does not tell what it is
        return None
    return seen.size if seen and seen.kind is FileKind.FILE and seen.size <= limit else None


def _in_portions(sizes: dict[str, int]) -> Iterable[list[str]]:
    portion: list[str] = []
    for path, size in sizes.items():
        if portion and sum(sizes[each] for each in portion) + size > _MOST_BYTES:
            yield portion
            portion = []
        portion.append(path)
    if portion:
        yield portion


def _opened(wire: SftpWire, raw: dict[str, bytes], before: dict[str, Attrs | None], sizes: dict[str, int]) -> dict[str, bytes | None]:
    empty = struct.pack(">I", FLAG_READ) + Attrs().packed()
    asked = {path: wire.post(OPEN, string(name) + empty) for path, name in raw.items()}
    handles: dict[str, bytes] = {}
    found: dict[str, bytes | None] = {}
    for path, number in asked.items():
        try:
            handles[path] = wire.next_of((number,))[1].expect(HANDLE).string()
        except SftpStatus:
            found[path] = None
    try:
        found.update(_contents(wire, handles, raw, before, sizes))
    finally:
        for handle in handles.values():
            wire.release(handle)
        wire.flush_quietly()
    return found


def _contents(
    wire: SftpWire, handles: dict[str, bytes], raw: dict[str, bytes], before: dict[str, Attrs | None], sizes: dict[str, int]
) -> dict[str, bytes | None]:
    """What was opened must look as the name did, as SFTP can neither open without following links nor tell inodes."""
    pieces, opened, after = {}, {}, {}
    for path, handle in handles.items():
        opened[path] = wire.ask_about(FSTAT, handle)
        starts = range(0, sizes[path] + 1, CHUNK)  # one byte more than it has: it must be its end
        pieces[path] = [wire.post(READ, string(handle) + struct.pack(">QI", start, CHUNK)) for start in starts]
        after[path] = wire.ask_about(LSTAT, raw[path])
    found: dict[str, bytes | None] = {}
    for path in handles:
        was = _attrs(wire, opened[path])
        parts = [_data(wire, number) for number in pieces[path]]
        now = _attrs(wire, after[path])
        content = b"".join(part or b"" for part in parts)
        if None in parts:
            found[path] = None
        elif was is not None and _same(was, before[path]) and _same(was, now) and len(content) == sizes[path]:
            found[path] = content
    return found


def _same(one: Attrs, other: Attrs | None) -> bool:
    names = ("size", "mode", "mtime", "uid", "gid")
    return other is not None and all(getattr(one, name) == getattr(other, name) for name in names)


def _attrs(wire: SftpWire, number: int) -> Attrs | None:
    try:
        return wire.next_of((number,))[1].expect(ATTRS).attrs()
    except SftpStatus:
        return None


def _data(wire: SftpWire, number: int) -> bytes | None:
    """Empty at the end of the file; None where it is refused."""
    try:
        return wire.next_of((number,))[1].expect(DATA).string()
    except SftpStatus as status:
        return b"" if status.code == EOF else None
