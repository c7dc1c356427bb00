"""Which folders and files beside the docroot are a program's own, as one baseline holds them: data, and how they are listed.

Frameworks keep everything but their start file above the docroot or beside it. Paths of records stay relative to the docroot and begin with
"../" there, so that manifests from before hold what they held. What is no part of the program is never listed: of the folder that holds
it only names are seen, of the account's mail, logs, backups and other sites not even that.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from diagnostics.manifests.format import Record
from diagnostics.transports.base import Entry, FileKind, Reader, Unreadable

UP = "../"
VENDOR = "vendor"
_OF_COMPOSER = "composer"  # the one folder of `vendor` that Composer writes for itself: what is installed, and where classes lie
# Given as names and not looked into, wherever they stand.
_NEVER = frozenset({"node_modules", ".git", ".svn", ".hg", ".cache", ".npm"})
# What programs write while they run, directly in these folders: Symfony 2, CodeIgniter, Yii, Laravel 4, CakePHP, Laminas.
_WRITTEN_IN = frozenset({"app", "application", "backend", "bootstrap", "common", "console", "data", "frontend", "protected"})
_WRITTEN = frozenset({
    "backup", "backups", "cache", "caches", "files", "log", "logs", "runtime", "session", "sessions", "storage", "temp", "tmp", "upload",
    "uploads", "var",
})  # fmt: skip
# Files that lie directly in the program's folder, which may be the account's home: settings, start files, lists of what is installed.
_FILES = re.compile(
    r"\.env(?:\.[\w.-]{1,40})?|\.htaccess|\.user\.ini|\.ovhconfig|php\.ini|[\w.-]{1,80}\.(?:php|phtml|inc)|composer\.(?:json|lock)|symfony\.lock"
    r"|artisan|spark|yii|please|craft|bakery"
)
# What a program writes beside its code, and no part of it: data, logs, locks.
_DATA = re.compile(
    r"\.(?:sqlite3?|db|db3|log|pid|sock|tmp|swp|cache|dump|sql)(?:-(?:wal|shm|journal))?(?:\.(?:gz|\d+))?\Z|(?:^|/)error_log\Z", re.I
)


@dataclass(frozen=True, slots=True)
class Place:
    """One folder that holds parts of a program. `base` is relative to the docroot: "..", "../project".

    `is_shallow`: of its libraries only the names are listed, where each folder is a journey of its own.
    """

    base: str
    folders: tuple[str, ...]
    is_shallow: bool = False

    def inside(self, path: str) -> str | None:
        """The path (relative to the docroot) below this folder; None for one that lies elsewhere."""
        return path[len(self.base) + 1 :] if path.startswith(f"{self.base}/") and not path.startswith(f"{self.base}/{UP}") else None

    def holds(self, path: str) -> bool:
        """Whether what is known of this place says something of a path: also that it is not there."""
        inside = self.inside(path)
        if not inside or _DATA.search(inside):
            return False
        folder, _slash, name = inside.rpartition("/")
        if not folder:
            return name in self.folders or _FILES.fullmatch(name) is not None
        return _is_open(self, folder)

    def is_closed(self, inside: str) -> bool:
        """Whether a folder (relative to `base`), or one on the way to it, is not looked into."""
        parts = inside.split("/")
        if not _NEVER.isdisjoint(parts) or (len(parts) > 1 and parts[0] in _WRITTEN_IN and parts[1] in _WRITTEN):
            return True
        return self.is_shallow and parts[0] == VENDOR and len(parts) > 1 and (parts[1] != _OF_COMPOSER or len(parts) > 2)


Scope = tuple[Place, ...]


@lru_cache(maxsize=4096)  # of the files in a tree of libraries hundreds lie in the same folder
def _is_open(place: Place, folder: str) -> bool:
    """Whether what lies in this folder, relative to `base`, is looked at."""
    return folder.partition("/")[0] in place.folders and not place.is_closed(folder)


def holds(scope: Scope, path: str) -> bool:
    """Whether a path, relative to the docroot, is one that such a list knows of. What lies below the docroot always is."""
    return not path.startswith(UP) or any(place.holds(path) for place in scope)


def is_closed(scope: Scope, path: str) -> bool:
    """Whether a folder beside the docroot is given by its name alone, or does not belong to the program at all."""
    return path.startswith(UP) and not any(place.holds(path) and not place.is_closed(place.inside(path) or "") for place in scope)


def common(one: Scope, other: Scope) -> Scope:
    """What both know of."""
    others = {place.base: place for place in other}
    both = ((place, others[place.base]) for place in one if place.base in others)
    return tuple(Place(a.base, tuple(name for name in a.folders if name in b.folders), a.is_shallow or b.is_shallow) for a, b in both)


def known(records: Iterable[Record], scope: Scope) -> Iterator[Record]:
    """The records that such a list knows of."""
    return (record for record in records if not record.path.startswith(b"../") or holds(scope, _text(record.path)))


def as_json(scope: Scope) -> list[dict[str, Any]]:
    """The stored form."""
    return [{"base": place.base, "folders": list(place.folders), "shallow": place.is_shallow} for place in scope]


def from_json(stored: Iterable[dict[str, Any]] | None) -> Scope:
    """As it was stored; nothing for a baseline from before."""
    return tuple(Place(row["base"], tuple(row["folders"]), bool(row.get("shallow"))) for row in stored or ())


# --- paths ----------------------------------------------------------------------------------------
def absolute(docroot: str, path: str) -> str:
    """Where a path relative to the docroot lies."""
    joined = posixpath.join(docroot or "/", path)
    return posixpath.normpath(joined) if path.startswith("..") else joined


def named(path: str, top: str = "") -> str:
    """As people see it, relative to the folder above the docroot, whose own name is `top`; without that as it stands below it."""
    if path == "..":
        return "."
    if path.startswith(UP):
        return path[len(UP) :]
    return posixpath.join(top, path) if top else path


# --- listing --------------------------------------------------------------------------------------
def batches(
    reader: Reader, docroot: str, place: Place, *, most: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
) -> Generator[list[Entry], None, None]:
    """What lies there and belongs to the program, as `Reader.scan` gives it: one listing, and one more of all that is wanted.

    Raises as that does.
    """
    base = absolute(docroot, place.base)
    start = f"{base.rstrip('/')}/"
    passed = set(_passed_over(reader, start, place))
    for batch in reader.scan(base, max_entries=most, skip={*passed, *_NEVER, *skip}, unreadable=_told_of(unreadable, start, place)):
        wanted = [entry for entry in batch if place.holds(f"{place.base}/{entry.path[len(start) :]}")]
        if wanted:
            yield wanted


def _passed_over(reader: Reader, start: str, place: Place) -> Iterator[str]:
    """The folders that are not looked into: absolute."""
    for entry in reader.list(start.rstrip("/") or "/"):
        name = entry.path[len(start) :]
        if entry.stat.kind is not FileKind.FOLDER:
            continue
        if name not in place.folders:
            yield entry.path
            continue
        if name in _WRITTEN_IN:
            yield from (f"{entry.path}/{each}" for each in _WRITTEN)
        if name == VENDOR and place.is_shallow:
            yield from (each.path for each in reader.list(entry.path) if not each.path.endswith(f"/{_OF_COMPOSER}"))


def _told_of(unreadable: Unreadable | None, start: str, place: Place) -> Unreadable | None:
    if unreadable is None:
        return None

    def tell(path: str, error: Any) -> None:
        if place.holds(f"{place.base}/{path[len(start) :]}"):
            unreadable(path, error)

    return tell


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def of_text(path: str) -> bytes:
    """A path as records hold it."""
    return path.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=64)
def bases(scope: Scope, docroot: str) -> Sequence[tuple[str, str]]:
    """The folders of a scope: absolute, and relative to the docroot; an inner one before that which holds it."""
    return sorted(((absolute(docroot, place.base), place.base) for place in scope), key=lambda each: -len(each[0]))


def relative(path: str, docroot: str, scope: Scope) -> str:
    """A path relative to the docroot, of one that lies below it or below a folder of the scope; "" for the docroot itself."""
    if not path.startswith(f"{docroot}/"):
        for base, shown in bases(scope, docroot) if path != docroot else ():
            if path.startswith(f"{base.rstrip('/')}/"):
                return f"{shown}/{path[len(base.rstrip('/')) + 1 :]}"
    return path[len(docroot) + 1 :]
