"""A whole tree of this machine. Every folder is reached from the open top, component by component, and never through a link."""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Collection, Generator, Iterator

from diagnostics.transports.base import Entry, FileKind, Stat, Unreadable
from diagnostics.transports.failures import from_os_error
from diagnostics.transports.paths import joined, kind_of
from diagnostics.transports.scanning import BATCH, pass_over, skipped

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
THROUGH = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def as_stat(found: os.stat_result) -> Stat:
    return Stat(kind_of(found.st_mode), modes.S_IMODE(found.st_mode), found.st_size, found.st_mtime, found.st_uid, found.st_gid)


def scan(descriptor: int, top: str, room: int, skip: Collection[str], unreadable: Unreadable | None) -> Generator[list[Entry], None, None]:
    """Everything below the folder open at `descriptor`, which is `top`; closes it at the end."""
    waiting: list[tuple[str, ...]] = [()]  # the last one found is read first: few are remembered at a time
    batch: list[Entry] = []
    try:
        while waiting and room > 0:
            inside = waiting.pop()
            folder = "/".join((top.rstrip("/"), *inside)) or "/"
            try:
                for name, entry in _names_in(descriptor, inside, folder):
                    if entry.stat.kind is FileKind.FOLDER and not skipped(entry.path, skip):
                        waiting.append((*inside, name))
                    batch.append(entry)
                    room -= 1
                    if len(batch) >= BATCH or room <= 0:
                        yield batch
                        batch = []
                    if room <= 0:
                        return
            except OSError as error:
                pass_over(folder, from_os_error(error, folder), top, unreadable)
        if batch:
            yield batch
    finally:
        os.close(descriptor)


def _names_in(top: int, inside: tuple[str, ...], folder: str) -> Iterator[tuple[str, Entry]]:
    descriptor = _opened(top, inside)
    try:
        with os.scandir(descriptor) as found:
            for item in found:
                try:
                    yield item.name, Entry(joined(folder, item.name), as_stat(item.stat(follow_symlinks=False)))
                except FileNotFoundError:
                    continue  # went away since it was listed
    finally:
        os.close(descriptor)


def _opened(top: int, inside: tuple[str, ...]) -> int:
    descriptor = os.open(".", THROUGH, dir_fd=top)
    try:
        for part in inside:
            below = os.open(part, THROUGH, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        return os.open(".", FOLDER, dir_fd=descriptor)
    finally:
        os.close(descriptor)
