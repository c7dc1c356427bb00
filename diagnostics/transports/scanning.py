"""What scans have in common, and the plain one: folder by folder, for a transport that knows no faster way."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator

from diagnostics.transports.base import (
    ConnectionLost,
    ConnectionTimedOut,
    Entry,
    FileKind,
    NotFound,
    PermissionRefused,
    Reader,
    TransportError,
    Unreadable,
)
from diagnostics.transports.failures import not_a_folder, too_long_a_reading
from diagnostics.transports.paths import checked

BATCH = 500
GRACE_S, SLOWEST = 120.0, 20.0  # the pace of a whole tree: so many names a second of waiting, once it has had its start


def scan_by_listing(
    reader: Reader, path: str, max_entries: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
) -> Generator[list[Entry], None, None]:
    """`Reader.scan` by one `list` after the other."""
    top = checked(path)
    if reader.stat(top).kind is not FileKind.FOLDER:
        raise not_a_folder(top)
    waiting, left = [top], max_entries
    while waiting and left > 0:
        folder = waiting.pop()
        try:
            found = reader.list(folder)[:left]
        except TransportError as error:
            pass_over(folder, error, top, unreadable)
            continue
        left -= len(found)
        waiting.extend(entry.path for entry in reversed(found) if entry.stat.kind is FileKind.FOLDER and not skipped(entry.path, skip))
        for start in range(0, len(found), BATCH):
            yield found[start : start + BATCH]


def walk_by_scan(reader: Reader, path: str, max_entries: int) -> Iterator[Entry]:
    """`Reader.walk` by a scan: the top first, whatever it is."""
    if max_entries <= 0:
        return
    top = Entry(checked(path), reader.stat(path))
    yield top
    if top.stat.kind is not FileKind.FOLDER or max_entries == 1:
        return
    try:
        for batch in reader.scan(top.path, max_entries=max_entries - 1):
            yield from batch
    except PermissionRefused:
        return  # the top itself is closed: its own entry is all there is


def require_pace(waited_s: float, given: int) -> None:
    """A host that sends a name now and then would hold us for ever. Raises ConnectionTimedOut."""
    if waited_s > GRACE_S + given / SLOWEST:
        raise too_long_a_reading(GRACE_S)


def skipped(path: str, skip: Collection[str]) -> bool:
    """Whether a folder is one that a scan gives but does not look into."""
    return bool(skip) and (path in skip or path.rpartition("/")[2] in skip)


def pass_over(folder: str, error: TransportError, top: str, unreadable: Unreadable | None) -> None:
    """Tells what could not be read and goes on. Raises what ends a scan: a line that is gone, a top that cannot be read."""
    if folder == top or isinstance(error, ConnectionLost | ConnectionTimedOut):
        raise error
    if unreadable is not None and not isinstance(error, NotFound):  # else it went away meanwhile
        unreadable(folder, error)
