"""Reads the files of a site through a Reader into records: bounded in names, bytes and time, whatever the size of the tree.

A whole look lists every folder. A short one asks only for what can have changed: a folder without folders in it whose own time is
as before holds the names it held (POSIX: adding, removing and renaming a name sets the time of its folder). A file that was changed in
place does not show in that, so configuration files are looked at each time, and a whole look follows every week.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache

from diagnostics.manifests import places, rules
from diagnostics.manifests.format import COUNTED, FILE, FOLDER, LINK, OTHER, UNREAD, Record, Sorter
from diagnostics.transports.base import Capability, ConnectionLost, ConnectionTimedOut, Entry, FileKind, NotFound, Reader, TransportError

MOST_NAMES = 1_000_000
MOST_KEPT = 500  # small files whose content is kept
LARGEST_KEPT = 65_536
MOST_KEPT_BYTES = 8 * 1024 * 1024
_MOST_HEADERS = 400
_TRIES_PER_FOLDER = 5
_HEADER_BYTES = 8192  # WordPress reads no more of a file for its header (developer.wordpress.org, get_file_data)
_MOST_FOLDERS = 200_000  # whose times are remembered for a short look
_SETTLED_S = 86_400  # a folder that changed later than this before the last look may have changed again within its time's precision
_KINDS = {FileKind.FILE: FILE, FileKind.FOLDER: FOLDER, FileKind.LINK: LINK}
_HEADER = re.compile(rb"^[ \t/*#@]*(Plugin Name|Theme Name|Version):[ \t]*([^\r\n]{1,200})", re.MULTILINE | re.IGNORECASE)
_COMMENT_END = re.compile(rb"\*/|\?>")
_UP = places.of_text(places.UP)

Before = Callable[[], Iterator[Record]]


class TookTooLong(Exception):
    """The time for one look is over; what was seen so far is no whole picture."""


@dataclass(slots=True)
class Gathered:
    """What one look brought. `sorter` holds the records; `contents` the small files, by digest."""

    sorter: Sorter = field(default_factory=Sorter)
    contents: dict[str, bytes] = field(default_factory=dict, repr=False)
    seen: int = 0
    listed: int = 0
    counted: int = 0
    is_whole: bool = True
    cut: bool = False  # there are more names than the limit
    unread: int = 0
    scope: places.Scope = ()  # what was listed beside the docroot


def look(
    reader: Reader,
    docroot: str,
    *,
    before: Before | None = None,
    before_at: float = 0.0,
    whole: bool = False,
    time_limit_s: float = 600.0,
    note: Callable[[int], None] = lambda seen: None,
    most: int = MOST_NAMES,
    scope: places.Scope = (),
) -> Gathered:
    """The files below `docroot` now, and those of its program beside it that `scope` names.

    `before` gives the records of the last look, made at `before_at` (seconds): without, all is listed.

    `note` is told how many names were seen, and may raise to stop. Raises TransportError and TookTooLong.
    """
    return _Look(reader, docroot.rstrip("/"), before, before_at, time.monotonic() + time_limit_s, note, most, scope).run(whole)


def is_short_look_worth_it(reader: Reader) -> bool:
    """Where a whole look is one quick command, or costs no journey at all, there is nothing to save; without exact times nothing can be."""
    return (
        reader.protocol != "local" and Capability.RUN_COMMANDS not in reader.capabilities and Capability.LIST_TIMES in reader.capabilities
    )


@lru_cache(maxsize=4096)
def _counted_above(folder: bytes) -> bytes | None:
    return rules.counted_above(folder) if folder else None


class _Look:
    def __init__(
        self, reader: Reader, docroot: str, before: Before | None, before_at: float, deadline: float, note: Callable[[int], None],
        most: int, scope: places.Scope,
    ) -> None:  # fmt: skip
        self.reader, self.docroot, self.before, self.before_at = reader, docroot, before, before_at
        self.deadline, self.note, self.most, self.scope = deadline, note, most, scope
        self.found = Gathered()
        self.known: dict[bytes, Record] = {}  # of the last look: small files that were read
        self.configuration: dict[bytes, Record] = {}
        self.headers: dict[bytes, dict[bytes, Record]] = {}  # by folder of the plugin or theme
        self.counted: dict[bytes, Record] = {}
        self.below: Counter[bytes] = Counter()
        self.bytes_below: Counter[bytes] = Counter()
        self.as_counted: set[bytes] = set()  # counted folders that were not looked into: what they held is taken from the last look
        self.unread: set[bytes] = set()

    def run(self, whole: bool) -> Gathered:
        leaves = self._remember(whole)
        top = self._absolute(b"")
        self._take(b"", Entry(top, self.reader.stat(top)))
        self.found.is_whole = not leaves
        below = {path: mtime for path, mtime in leaves.items() if not path.startswith(_UP)}
        same = self._scan(top, below)
        beside = {path: mtime for path, mtime in leaves.items() if path not in below and not places.is_closed(self.scope, _text(path))}
        for place in self.scope:
            same |= self._scan_beside(place, {path: mtime for path, mtime in beside.items() if place.holds(_text(path))})
        if leaves:
            self._carry_over(leaves, same)
        self._finish()
        return self.found

    # --- what is known ----------------------------------------------------------------------------
    def _remember(self, whole: bool) -> dict[bytes, int]:
        """The folders of the last look that need not be listed while their time is as it was: those without folders in them."""
        if self.before is None:
            return {}
        leaves: dict[bytes, int] = {}
        inner: set[bytes] = set()
        short = not whole and is_short_look_worth_it(self.reader)
        for record in self.before():
            if record.digest or record.label:
                self.known[record.path] = record
            if short and record.kind in (FOLDER, COUNTED, UNREAD):
                inner.add(record.folder)
                if record.path and record.kind != UNREAD:
                    leaves[record.path] = -1 if record.kind == COUNTED else record.mtime
            if len(leaves) > _MOST_FOLDERS:
                return {}
        settled = self.before_at - _SETTLED_S
        return {path: mtime for path, mtime in leaves.items() if path not in inner and mtime <= settled}

    # --- listing ------------------------------------------------------------------------------------
    def _scan(self, top: str, leaves: dict[bytes, int]) -> set[bytes]:
        """Everything below `top` but what is in `leaves`; answers with those of them that are as they were."""
        skip = {self._absolute(path) for path in leaves}
        room = self.most - self.found.seen
        return self._take_all(self.reader.scan(top, max_entries=room + 1, skip=skip, unreadable=self._cannot_read), leaves)

    def _scan_beside(self, place: places.Place, leaves: dict[bytes, int]) -> set[bytes]:
        """The same for a program's folder beside the docroot. One that cannot be listed is none that was looked at."""
        skip = {self._absolute(path) for path in leaves}
        room = self.most - self.found.seen
        try:
            same = self._take_all(
                places.batches(self.reader, self.docroot, place, most=room + 1, skip=skip, unreadable=self._cannot_read), leaves
            )
        except (ConnectionLost, ConnectionTimedOut):
            raise
        except TransportError:
            return set()
        self.found.scope += (place,)
        return same

    def _take_all(self, found: Generator[list[Entry], None, None], leaves: dict[bytes, int]) -> set[bytes]:
        same: set[bytes] = set()
        with closing(found) as batches:
            for batch in batches:
                self._check_time()
                for entry in batch[: self.most - self.found.seen]:
                    path = self._relative(entry.path)
                    if path in leaves and entry.stat.kind is FileKind.FOLDER and leaves[path] in (-1, int(entry.stat.mtime)):
                        same.add(path)
                    self._take(path, entry)
                if self.found.seen >= self.most:
                    self.found.cut = True
                    break
                self.note(self.found.seen)
        for path in [path for path in leaves if path not in same]:
            self._scan_changed(path)
        return same

    def _scan_changed(self, path: bytes) -> None:
        try:
            self._scan(self._absolute(path), {})
        except (ConnectionLost, ConnectionTimedOut):
            raise
        except NotFound:
            return  # the folder is gone
        except TransportError as error:
            if error.code != "unsupported":  # a file by now
                self._cannot_read(self._absolute(path), error)

    def _cannot_read(self, path: str, _error: TransportError) -> None:
        self.unread.add(self._relative(path))

    def _take(self, path: bytes, entry: Entry) -> None:
        found = self.found
        found.seen += 1
        stat = entry.stat
        record = Record(path, _KINDS.get(stat.kind, OTHER), stat.mode & 0o7777, stat.size, int(stat.mtime))
        folder = record.folder
        above = _counted_above(folder)
        if record.kind == FILE and rules.is_configuration(path) and len(self.configuration) < MOST_KEPT:
            self.configuration[path] = record
        if above is not None:
            self._count(above, record)
        elif record.kind == FOLDER and rules.is_counted(path):
            self.counted[path] = record._replace(kind=COUNTED)
        elif path not in self.configuration:
            if rules.may_hold_header(path) and len(self.headers) < _MOST_HEADERS:
                self.headers.setdefault(folder, {})[path] = record
            else:
                self._add(record)

    def _count(self, above: bytes, record: Record) -> None:
        if record.kind != FOLDER and above not in self.as_counted:
            self.below[above] += 1
            self.bytes_below[above] += record.size

    def _add(self, record: Record) -> None:
        self.found.sorter.add(record)
        if record.kind not in (FOLDER, COUNTED, UNREAD):
            self.found.listed += 1

    # --- what was not listed again --------------------------------------------------------------------
    def _carry_over(self, leaves: dict[bytes, int], same: set[bytes]) -> None:
        """The records of the last look below folders that are as they were; configuration files are looked at all the same."""
        assert self.before is not None
        counted = self.as_counted = {path for path in same if leaves[path] == -1}
        for record in self.before():
            if record.kind == COUNTED and record.path in counted:
                self.below[record.path], self.bytes_below[record.path] = record.count, record.size
            elif (record.folder in same and record.folder not in counted) or _counted_above(record.folder) in counted:
                self._look_at_one(record) if rules.is_configuration(record.path) else self._add_as_it_was(record)

    def _add_as_it_was(self, record: Record) -> None:
        self.found.seen += 1
        if rules.may_hold_header(record.path) and record.kind == FILE:
            self.headers.setdefault(record.folder, {})[record.path] = record._replace(label="")
        else:
            self._add(record)

    def _look_at_one(self, record: Record) -> None:
        absolute = self._absolute(record.path)
        self._check_time()
        self.note(self.found.seen)
        try:
            self._take(record.path, Entry(absolute, self.reader.stat(absolute)))
        except NotFound:
            return

    # --- small files --------------------------------------------------------------------------------
    def _finish(self) -> None:
        for path, record in self.counted.items():
            self._add(record._replace(count=self.below[path], size=self.bytes_below[path]))
        for path in self.unread:
            if _counted_above(path) is None:
                self._add(Record(path, UNREAD))  # of two records of one path the sorter keeps this one: see `Sorter.sorted`
        self.found.unread, self.found.counted = len(self.unread), sum(self.below.values())
        for record in self.configuration.values():
            self._add(self._with_content(record))
        for folder in self.headers.values():
            for record in self._with_header(folder):
                self._add(record)

    def _with_content(self, record: Record) -> Record:
        before = self.known.get(record.path)
        as_before = before is not None and before[:5] == record[:5]
        if as_before and not self.found.is_whole and b"/" in record.path:
            return record._replace(digest=before.digest)  # type: ignore[union-attr]
        if record.size > LARGEST_KEPT or sum(map(len, self.found.contents.values())) > MOST_KEPT_BYTES:
            return record
        content = self._read(lambda: self.reader.read(self._absolute(record.path), LARGEST_KEPT))
        if content is None:
            return record
        digest = hashlib.sha256(content).hexdigest()
        self.found.contents[digest] = content
        return record._replace(digest=digest)

    def _with_header(self, candidates: dict[bytes, Record]) -> Iterator[Record]:
        """All records of one folder; the first that has a header carries name and version."""
        label, tries = "", 0
        for record in sorted(candidates.values(), key=_main_file_first):
            before = self.known.get(record.path)
            if not label and before is not None and before.label and before[:5] == record[:5] and not self.found.is_whole:
                label = before.label
                yield record._replace(label=label)
                continue
            if label or tries >= _TRIES_PER_FOLDER:
                yield record
                continue
            tries += 1
            absolute = self._absolute(record.path)
            label = _label(self._read(lambda absolute=absolute: self.reader.read_part(absolute, 0, _HEADER_BYTES)) or b"")
            yield record._replace(label=label)

    def _read(self, read: Callable[[], bytes]) -> bytes | None:
        """None where one file cannot be read: the rest still can."""
        self._check_time()
        self.note(self.found.seen)
        try:
            return read()
        except (ConnectionLost, ConnectionTimedOut):
            raise
        except TransportError:
            return None

    def _check_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise TookTooLong

    def _absolute(self, path: bytes) -> str:
        return places.absolute(self.docroot, _text(path)) if path else self.docroot or "/"

    def _relative(self, path: str) -> bytes:
        return places.of_text(places.relative(path, self.docroot, self.scope))


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _main_file_first(record: Record) -> tuple[bool, bytes]:
    folder, name = posixpath.split(record.path)
    return name not in (posixpath.basename(folder) + b".php", b"style.css"), record.path


def _label(head: bytes) -> str:
    """Name and version as a plugin or theme states them, "" for neither."""
    found = {key.lower(): _COMMENT_END.split(value)[0].strip().decode("utf-8", "replace") for key, value in reversed(_HEADER.findall(head))}
    name = found.get(b"plugin name") or found.get(b"theme name") or ""
    return f"{name[:80]}\t{found.get(b'version', '')[:40]}" if name else ""
