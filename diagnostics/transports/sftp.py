"""Reads over SFTP. SFTP knows times to the second only; nothing here follows a link but `read_tail`, `read_part` and `real_path`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from typing import TypeVar

from diagnostics.transports import sftp_packets
from diagnostics.transports.base import Capability, Entry, FileKind, Stat, Unreadable
from diagnostics.transports.failures import not_a_folder, not_a_link, not_regular, replaced_meanwhile, too_large
from diagnostics.transports.paths import LIST_LIMIT, checked, is_plain_name, joined, too_many
from diagnostics.transports.scanning import walk_by_scan
from diagnostics.transports.sftp_answers import as_stat, from_status, to_bytes, to_text
from diagnostics.transports.sftp_many import read_many, stat_many
from diagnostics.transports.sftp_packets import Attrs, SftpStatus
from diagnostics.transports.sftp_scan import SftpScan
from diagnostics.transports.sftp_wire import SftpWire

T = TypeVar("T")

# A log that grows while it is opened differs for a moment; a file that is replaced for ever differs each time.
_STEADY_LOOKS = 40

BASIC = frozenset(
    {
        Capability.READ, Capability.WRITE, Capability.CHMOD, Capability.SET_MTIME, Capability.RENAME, Capability.LIST_MODES,
        Capability.LIST_TIMES,
    }
)  # fmt: skip


class SftpReader:
    """Everything `Reader` asks for, over one SFTP channel."""

    protocol = "sftp"

    def __init__(self, wire: SftpWire, close: Callable[[], None] = lambda: None) -> None:
        self._wire = wire
        self._close = close
        self._home = ""

    @property
    def capabilities(self) -> frozenset[Capability]:
        found = BASIC
        if "posix-rename@openssh.com" in self._wire.extensions:
            found |= {Capability.ATOMIC_REPLACE, Capability.LEAD_LINKS}
        if "statvfs@openssh.com" in self._wire.extensions:
            found |= {Capability.FREE_SPACE}
        return found

    def stat(self, path: str) -> Stat:
        return as_stat(self._lstat(path), path)

    def read(self, path: str, limit: int) -> bytes:
        before = self._lstat(path)
        if as_stat(before, path).kind is not FileKind.FILE:
            raise not_regular(path)
        if (before.size or 0) > limit:
            raise too_large(path, limit)
        handle = self._open(path)
        try:
            self._make_sure_it_is_the_same(path, handle, before)
            content = self._try(path, lambda: self._wire.read(handle, 0, limit + 1))
        finally:
            self._let_go(handle)
        if len(content) > limit:
            raise too_large(path, limit)
        return content

    def read_many(self, paths: Sequence[str], limit: int) -> dict[str, bytes | None]:
        """Several files as `read` gives them, for little more than the time of one; None for what `read` would refuse."""
        return read_many(self._wire, paths, limit)

    def stat_many(self, paths: Sequence[str]) -> dict[str, Stat]:
        """Of several names in one round trip, as `stat` gives them; without what `stat` would refuse."""
        return stat_many(self._wire, paths)

    def read_tail(self, path: str, limit: int) -> bytes:
        return self._part(path, -limit, limit)

    def read_part(self, path: str, offset: int, limit: int) -> bytes:
        return self._part(path, offset, limit)

    def _part(self, path: str, offset: int, limit: int) -> bytes:
        """Of a regular file, opened through the link that a log may be; a negative offset counts from its end.

        What it is, is asked for once more while it is read: a round trip less, and what came is let go where it is something else.
        """
        found = self._try(path, lambda: self._wire.stat(to_bytes(checked(path))))
        if as_stat(found, path).kind is not FileKind.FILE:
            raise not_regular(path)
        handle = self._open(path)
        try:
            size = found.size or 0
            asked = self._wire.ask_about(sftp_packets.FSTAT, handle)
            start = offset if offset >= 0 else max(0, size + offset)
            content = self._try(path, lambda: self._wire.read(handle, start, max(0, min(limit, size - start))))
            now = self._try(path, lambda: self._wire.next_of((asked,))[1].expect(sftp_packets.ATTRS).attrs())
            if as_stat(now, path).kind is not FileKind.FILE:
                raise not_regular(path)
            grown = (now.size or 0) - size
            if grown > 0 and (offset < 0 or len(content) < limit):
                content += self._try(path, lambda: self._wire.read(handle, start + len(content), min(limit, grown)))
        finally:
            self._let_go(handle)
        return content[offset:] if offset < 0 else content[:limit]

    def list(self, path: str) -> list[Entry]:
        entries: list[Entry] = []
        for entry in self._names_in(path):
            entries.append(entry)
            if len(entries) > LIST_LIMIT:
                raise too_many(path)
        return entries

    def walk(self, path: str, max_entries: int) -> Iterator[Entry]:
        return walk_by_scan(self, path, max_entries)

    def scan(
        self, path: str, *, max_entries: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
    ) -> Generator[list[Entry], None, None]:
        top = checked(path)
        if self.stat(top).kind is not FileKind.FOLDER:  # opening it would follow a link
            raise not_a_folder(top)
        yield from SftpScan(self._wire, top, max_entries, skip, unreadable).batches()

    def real_path(self, path: str) -> str:
        raw = to_bytes(checked(path))
        resolved = self._try(path, lambda: self._wire.realpath(raw))
        self._try(path, lambda: self._wire.stat(resolved))  # REALPATH answers for a last name that is not there
        return to_text(resolved)

    def link_target(self, path: str) -> str:
        if self.stat(path).kind is not FileKind.LINK:
            raise not_a_link(path)
        return to_text(self._try(path, lambda: self._wire.readlink(to_bytes(checked(path)))))

    def home(self) -> str:
        self._home = self._home or to_text(self._try("/", lambda: self._wire.realpath(b".")))
        return self._home

    def free_space(self, path: str) -> int | None:
        if "statvfs@openssh.com" not in self._wire.extensions:
            return None
        return self._try(path, lambda: self._wire.free_bytes(to_bytes(checked(path))))[0]

    def close(self) -> None:
        self._close()

    def _names_in(self, path: str) -> Iterator[Entry]:
        folder = checked(path)
        try:
            for raw, attrs in self._wire.listing(to_bytes(folder)):
                name = to_text(raw)
                if is_plain_name(name):
                    full = joined(folder, name)
                    yield Entry(full, as_stat(attrs, full) if attrs.mode is not None else self.stat(full))
        except SftpStatus as status:
            raise from_status(status, path) from status

    def _make_sure_it_is_the_same(self, path: str, handle: bytes, before: Attrs) -> None:
        """SFTP can neither open without following links nor tell inodes: what was opened must look as the name did."""
        for _look in range(_STEADY_LOOKS):
            opened = self._try(path, lambda: self._wire.fstat(handle))
            after = self._lstat(path)
            if as_stat(after, path).kind is not FileKind.FILE:
                break
            if _same(opened, after) or _same(opened, before):
                return
        raise replaced_meanwhile(path)

    def _lstat(self, path: str) -> Attrs:
        return self._try(path, lambda: self._wire.lstat(to_bytes(checked(path))))

    def _open(self, path: str) -> bytes:
        return self._try(path, lambda: self._wire.open(to_bytes(checked(path)), sftp_packets.FLAG_READ))

    def _let_go(self, handle: bytes) -> None:
        self._wire.close_quietly(handle)

    def _try(self, path: str, request: Callable[[], T]) -> T:
        try:
            return request()
        except SftpStatus as status:
            raise from_status(status, path) from status


def _same(one: Attrs, other: Attrs) -> bool:
    return (one.size, one.mode, one.mtime, one.uid, one.gid) == (other.size, other.mode, other.mtime, other.uid, other.gid)
