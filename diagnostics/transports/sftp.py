"""Reads over SFTP. SFTP knows times to the second only; nothing here follows a link but `read_tail`, `read_part` and `real_path`."""

from __future__ import annotations

import stat as modes
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from diagnostics.transports import sftp_wire
from diagnostics.transports.base import Capability, ConnectionLost, Entry, FileKind, Stat, TransportError, Unreadable, Unsupported
from diagnostics.transports.failures import (
    explained,
    lost,
    no_space,
    not_found,
    not_regular,
    permission_refused,
    printable,
    replaced_meanwhile,
    too_large,
)
from diagnostics.transports.paths import LIST_LIMIT, checked, is_plain_name, joined, kind_of, too_many
from diagnostics.transports.scanning import scan_by_listing
from diagnostics.transports.sftp_wire import Attrs, SftpStatus, SftpWire
from sites.texts import mark as _

T = TypeVar("T")

# A log that grows while it is opened differs for a moment; a file that is replaced for ever differs each time.
_STEADY_LOOKS = 40

BASIC = frozenset({Capability.READ, Capability.WRITE, Capability.CHMOD, Capability.SET_MTIME, Capability.RENAME, Capability.LIST_MODES})


def to_bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def to_text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def as_stat(attrs: Attrs, path: str) -> Stat:
    if attrs.mode is None:
        raise explained(Unsupported, _("The host does not tell what {path} is."), path=printable(path))
    return Stat(kind_of(attrs.mode), modes.S_IMODE(attrs.mode), attrs.size or 0, float(attrs.mtime or 0), attrs.uid, attrs.gid)


def from_status(status: SftpStatus, path: str) -> TransportError:
    """What the host answered, in our words."""
    if status.code == sftp_wire.NO_SUCH_FILE:
        return not_found(path)
    if status.code == sftp_wire.PERMISSION_DENIED:
        return permission_refused(path)
    if status.code in (sftp_wire.NO_CONNECTION, sftp_wire.CONNECTION_LOST):
        return lost()
    if status.code == sftp_wire.OP_UNSUPPORTED:
        return explained(Unsupported, _("The host does not offer this over SFTP ({path})."), path=printable(path))
    said = status.text.lower()
    full = "no space" in said or "quota" in said or "disk full" in said
    if full or status.code in (sftp_wire.NO_SPACE_LEFT, sftp_wire.QUOTA_EXCEEDED):
        return no_space(path)
    return explained(TransportError, _("The host refused this for {path}: {reason}."), path=printable(path), reason=printable(status.text))


class SftpReader:
    """Everything `Reader` asks for, over one SFTP channel."""

    protocol = "sftp"

    def __init__(self, wire: SftpWire, close: Callable[[], None] = lambda: None) -> None:
        self._wire = wire
        self._close = close

    @property
    def capabilities(self) -> frozenset[Capability]:
        found = BASIC
        if "posix-rename@openssh.com" in self._wire.extensions:
            found |= {Capability.ATOMIC_REPLACE}
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

    def read_tail(self, path: str, limit: int) -> bytes:
        with self._log(path) as (handle, size):
            return self._try(path, lambda: self._wire.read(handle, max(0, size - limit), limit))

    def read_part(self, path: str, offset: int, limit: int) -> bytes:
        with self._log(path) as (handle, _size):
            return self._try(path, lambda: self._wire.read(handle, offset, limit))

    @contextmanager
    def _log(self, path: str) -> Iterator[tuple[bytes, int]]:
        """A regular file, opened through the link that a log may be, and its size."""
        found = self._try(path, lambda: self._wire.stat(to_bytes(checked(path))))
        if as_stat(found, path).kind is not FileKind.FILE:
            raise not_regular(path)
        handle = self._open(path)
        try:
            now = self._try(path, lambda: self._wire.fstat(handle))
            if as_stat(now, path).kind is not FileKind.FILE:
                raise not_regular(path)
            yield handle, now.size or 0
        finally:
            self._let_go(handle)

    def list(self, path: str) -> list[Entry]:
        entries: list[Entry] = []
        for entry in self._names_in(path):
            entries.append(entry)
            if len(entries) > LIST_LIMIT:
                raise too_many(path)
        return entries

    def walk(self, path: str, max_entries: int) -> Iterator[Entry]:
        return self._walk_by_listing(checked(path), max_entries)

    def scan(
        self, path: str, *, max_entries: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
    ) -> Generator[list[Entry], None, None]:
        return scan_by_listing(self, path, max_entries, skip, unreadable)

    def real_path(self, path: str) -> str:
        raw = to_bytes(checked(path))
        resolved = self._try(path, lambda: self._wire.realpath(raw))
        self._try(path, lambda: self._wire.stat(resolved))  # REALPATH answers for a last name that is not there
        return to_text(resolved)

    def home(self) -> str:
        return to_text(self._try("/", lambda: self._wire.realpath(b".")))

    def free_space(self, path: str) -> int | None:
        if "statvfs@openssh.com" not in self._wire.extensions:
            return None
        return self._try(path, lambda: self._wire.free_bytes(to_bytes(checked(path))))[0]

    def close(self) -> None:
        self._close()

    def _walk_by_listing(self, path: str, max_entries: int) -> Iterator[Entry]:
        waiting = [Entry(path, self.stat(path))]
        given = 0
        while waiting and given < max_entries:
            entry = waiting.pop()
            yield entry
            given += 1
            if entry.stat.kind is FileKind.FOLDER:
                waiting.extend(self._below(entry.path, max_entries - given))

    def _below(self, folder: str, room: int) -> list[Entry]:
        """At most `room` names of one folder; none if it cannot be read or went away meanwhile."""
        found: list[Entry] = []
        try:
            for entry in self._names_in(folder):
                if len(found) >= room:
                    break
                found.append(entry)
        except ConnectionLost:
            raise
        except TransportError as error:
            if error.code == "timed-out":
                raise
        return found[::-1]

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
        return self._try(path, lambda: self._wire.open(to_bytes(checked(path)), sftp_wire.FLAG_READ))

    def _let_go(self, handle: bytes) -> None:
        self._wire.close_quietly(handle)

    def _try(self, path: str, request: Callable[[], T]) -> T:
        try:
            return request()
        except SftpStatus as status:
            raise from_status(status, path) from status


def _same(one: Attrs, other: Attrs) -> bool:
    return (one.size, one.mode, one.mtime, one.uid, one.gid) == (other.size, other.mode, other.mtime, other.uid, other.gid)
