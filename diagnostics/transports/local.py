"""Files of this machine, below the folders the administrator allowed (`SITEMEND_LOCAL_ROOTS`) and nowhere else.

Every name is reached from an open folder, component by component without following links, so that nobody who may write
below a root can lead us out of it while we work.
"""

from __future__ import annotations

import os
import posixpath
import stat as modes
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager

from diagnostics.transports import local_scan
from diagnostics.transports.base import AddressRefused, Capability, Entry, Stat, Unreadable
from diagnostics.transports.failures import explained, from_os_error, not_a_folder, not_a_link, not_regular, printable, too_large
from diagnostics.transports.local_scan import FOLDER, THROUGH, as_stat
from diagnostics.transports.paths import LIST_LIMIT, checked, joined, too_many
from diagnostics.transports.scanning import walk_by_scan
from sites.texts import mark as _

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalReader:
    """Everything `Reader` asks for, on plain files."""

    protocol = "local"
    capabilities = frozenset(Capability) - {Capability.RUN_COMMANDS}

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = [os.path.realpath(root) for root in roots if root]

    def stat(self, path: str) -> Stat:
        with self._at(path) as (folder, name):
            return as_stat(os.stat(name, dir_fd=folder, follow_symlinks=False))

    def read(self, path: str, limit: int) -> bytes:
        with self._opened(path) as (descriptor, size):
            content = b"" if size > limit else _read(descriptor, limit + 1)
        if size > limit or len(content) > limit:
            raise too_large(path, limit)
        return content

    def read_tail(self, path: str, limit: int) -> bytes:
        with self._opened(self.real_path(path)) as (descriptor, size):
            os.lseek(descriptor, max(0, size - limit), os.SEEK_SET)
            return _read(descriptor, limit)

    def read_part(self, path: str, offset: int, limit: int) -> bytes:
        with self._opened(self.real_path(path)) as (descriptor, _size):
            os.lseek(descriptor, offset, os.SEEK_SET)
            return _read(descriptor, limit)

    def list(self, path: str) -> list[Entry]:
        base = checked(path)
        entries: list[Entry] = []
        with self._at(path) as (folder, name):
            descriptor = os.open(name, FOLDER, dir_fd=folder)
            try:
                for found in os.listdir(descriptor):
                    entry = _entry(base, found, descriptor)
                    entries.extend([entry] if entry else [])
                    if len(entries) > LIST_LIMIT:
                        raise too_many(path)
            finally:
                os.close(descriptor)
        return entries

    def walk(self, path: str, max_entries: int) -> Iterator[Entry]:
        return walk_by_scan(self, path, max_entries)

    def scan(
        self, path: str, *, max_entries: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
    ) -> Generator[list[Entry], None, None]:
        top = checked(path)
        with self._at(top) as (folder, name):
            if not modes.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise not_a_folder(top)
            descriptor = os.open(name, THROUGH, dir_fd=folder)
        yield from local_scan.scan(descriptor, top, max_entries, skip, unreadable)

    def real_path(self, path: str) -> str:
        try:
            resolved = os.path.realpath(checked(path), strict=True)
        except OSError as error:
            raise from_os_error(error, path) from error
        self._root_of(resolved)
        return resolved

    def link_target(self, path: str) -> str:
        with self._at(path) as (folder, name):
            if not modes.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise not_a_link(path)
            return os.readlink(name, dir_fd=folder)

    def home(self) -> str:
        if not self._roots:
            raise self._outside("~")
        return self._roots[0]

    def free_space(self, path: str) -> int | None:
        with self._at(path) as (folder, name):
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            try:
                found = os.fstatvfs(descriptor)
            finally:
                os.close(descriptor)
        return found.f_bavail * found.f_frsize

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _root_of(self, real: str) -> str:
        for root in self._roots:
            if real == root or real.startswith(root.rstrip("/") + "/"):
                return root
        raise self._outside(real)

    def _outside(self, path: str) -> AddressRefused:
        hint = _("Only folders named in SITEMEND_LOCAL_ROOTS can be used; the administrator sets it.")
        return explained(AddressRefused, _("{path} is outside the folders allowed on this machine."), hint, path=printable(path))

    @contextmanager
    def _at(self, path: str) -> Iterator[tuple[int, str]]:
        """The open folder that holds the name, and the name. Links in the way there are resolved first, then refused."""
        above, name = posixpath.split(checked(path))
        real = joined(os.path.realpath(above), name) if name else "/"
        root = self._root_of(real)
        inside = [part for part in real[len(root) :].split("/") if part]
        try:
            descriptor = os.open(root, THROUGH)
            try:
                for part in inside[:-1]:
                    below = os.open(part, THROUGH, dir_fd=descriptor)
                    os.close(descriptor)
                    descriptor = below
                yield descriptor, inside[-1] if inside else "."
            finally:
                os.close(descriptor)
        except OSError as error:
            raise from_os_error(error, path) from error

    @contextmanager
    def _opened(self, path: str) -> Iterator[tuple[int, int]]:
        """A regular file and its size."""
        with self._at(path) as (folder, name):
            if not modes.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise not_regular(path)
            descriptor = self._open_unnoticed(folder, name)
            try:
                found = os.fstat(descriptor)
                if not modes.S_ISREG(found.st_mode):
                    raise not_regular(path)
                yield descriptor, found.st_size
            finally:
                os.close(descriptor)

    def _open_unnoticed(self, folder: int, name: str) -> int:
        """Without touching the time of last access where the system lets us (only the owner may ask for that)."""
        try:
            return os.open(name, _FILE | getattr(os, "O_NOATIME", 0), dir_fd=folder)
        except PermissionError:
            return os.open(name, _FILE, dir_fd=folder)


def _read(descriptor: int, limit: int) -> bytes:
    out = bytearray()
    while len(out) < limit and (block := os.read(descriptor, min(1_048_576, limit - len(out)))):
        out += block
    return bytes(out)


def _entry(base: str, name: str, folder: int) -> Entry | None:
    try:
        return Entry(joined(base, name), as_stat(os.stat(name, dir_fd=folder, follow_symlinks=False)))
    except FileNotFoundError:
        return None  # went away since it was listed
