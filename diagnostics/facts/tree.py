"""Names, kinds and modes of everything below the docroot, up to a bound."""

from __future__ import annotations

import time
from collections.abc import Sequence

from diagnostics.evidence import TreeEntry
from diagnostics.facts.paths import above as path_above
from diagnostics.facts.paths import shown
from diagnostics.facts.small_files import SmallFiles
from diagnostics.transports.base import Entry, Reader, Stat

MOST_ENTRIES = 20_000


def read(reader: Reader, docroot: str, most: int = MOST_ENTRIES, deadline: float | None = None) -> list[Entry]:
    """One entry more than `most`, or stopping at `deadline` (monotonic seconds), means that the tree is larger. Raises TransportError."""
    entries: list[Entry] = []
    for entry in reader.walk(docroot, most + 1):
        entries.append(entry)
        if len(entries) > most or (deadline is not None and time.monotonic() > deadline):
            break
    return entries


def above(files: SmallFiles, folders: Sequence[str], docroot: str) -> tuple[TreeEntry, ...]:
    """These folders themselves; one that cannot be looked at is left out."""
    return tuple(entry_of(folder, stat, docroot) for folder, stat in files.stats(folders[-3:]).items())


def entry_of(path: str, stat: Stat, docroot: str) -> TreeEntry:
    """One name that was asked for by itself."""
    return _entry(Entry(path, stat), docroot)


def parse(raw: list[Entry], docroot: str, most: int = MOST_ENTRIES) -> tuple[tuple[TreeEntry, ...], bool]:
    """The tree, and whether it was cut off."""
    start = f"{path_above(docroot).rstrip('/')}/"  # compared anew for each of 20,000, that takes as long as listing them
    return tuple(_entry(entry, docroot, start) for entry in raw[:most]), len(raw) > most


def _entry(entry: Entry, docroot: str, start: str = "") -> TreeEntry:
    is_below = bool(start) and entry.path.startswith(start)
    return TreeEntry(
        path=entry.path[len(start) :] if is_below else shown(entry.path, docroot),
        absolute=entry.path,
        kind=entry.stat.kind.value,
        mode=entry.stat.mode & 0o7777,
        size=entry.stat.size,
        mtime=entry.stat.mtime,
        uid=entry.stat.uid,
        gid=entry.stat.gid,
    )
