"""What two manifests differ in, as people think of it: by plugin, theme, core, configuration."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from diagnostics.manifests.format import COUNTED, FOLDER, UNREAD, Record, pairs
from diagnostics.manifests.rules import group_of, is_configuration

MOST_GROUPS = 200
MOST_NAMED = 40  # files named of one group
MOST_NAMED_IN_ALL = 1500

Pair = tuple[Record | None, Record | None]


def differences(older: Iterable[Record], newer: Iterable[Record], *, times: bool = True, modes: bool = True) -> Iterator[Pair]:
    """What was added, removed or changed. What one of them does not know, because a folder is only counted or could not be read, is no
    difference. Without `times`, the host did not tell them exactly for both: a time alone says nothing; without `modes`, no mode does."""
    closed: set[bytes] = set()
    for old, new in pairs(older, newer):
        closed.update(record.path for record in (old, new) if record is not None and record.kind in (COUNTED, UNREAD))
        if not _differ(old, new, times, modes):
            continue
        record = new or old
        if record is not None and closed and not is_configuration(record.path) and _is_below(record.path, closed):
            continue
        yield old, new


def _is_below(path: bytes, closed: set[bytes]) -> bool:
    is_beside = path.startswith(b"../")
    while path := posixpath.dirname(path):
        if path in closed:
            return True
    return b"" in closed and not is_beside


def _differ(old: Record | None, new: Record | None, times: bool, modes: bool) -> bool:
    if old is None or new is None:
        return True
    if old == new:
        return False
    if UNREAD in (old.kind, new.kind):
        return modes and bool(old.mode and new.mode) and old.mode != new.mode
    if modes and old.mode != new.mode:
        return True
    folders = (FOLDER, COUNTED)
    if old.kind in folders and new.kind in folders:
        return old.kind == new.kind == COUNTED and (old.count, old.size) != (new.count, new.size)
    if old.kind != new.kind or old.size != new.size:
        return True
    if old.digest and new.digest:
        return old.digest != new.digest
    return times and old.mtime != new.mtime


@dataclass(slots=True)
class Named:
    """One file of a group, as it was and as it is. None for what was not there."""

    how: str  # "added", "removed", "changed"
    path: str  # with stray bytes as surrogates
    sizes: tuple[int | None, int | None] = (None, None)
    times: tuple[int | None, int | None] = (None, None)
    modes: tuple[int | None, int | None] = (None, None)
    counts: tuple[int | None, int | None] = (None, None)
    digests: tuple[str, str] = ("", "")


@dataclass(slots=True)
class Group:
    """What belongs together, with counts that are whole however many files are named."""

    what: str  # a key of `rules.GROUP_WORDS`
    name: str
    added: int = 0
    removed: int = 0
    changed: int = 0
    first: int | None = None  # the times of what is new or changed, seconds
    last: int | None = None
    before: str = ""  # label of a plugin or theme
    after: str = ""
    named: list[Named] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.added + self.removed + self.changed


@dataclass(slots=True)
class Summary:
    """All groups, the one a person should look at first in front."""

    groups: list[Group] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    changed: int = 0
    left_out: int = 0  # files in groups beyond the limit

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def total(self) -> int:
        return self.added + self.removed + self.changed


_FIRST = (
    "configuration", "drop-in", "plugin", "mu-plugin", "theme", "core", "extension", "library", "beside", "top", "folder", "language",
    "counted",
)  # fmt: skip


def grouped(found: Iterable[Pair]) -> Summary:
    """The differences by what they belong to, bounded however many there are."""
    summary, groups, named = Summary(), {}, 0
    for old, new in found:
        record = new or old
        assert record is not None
        how = "added" if old is None else "removed" if new is None else "changed"
        if record.kind in (FOLDER, UNREAD) and how != "changed":
            continue  # what is in it tells
        setattr(summary, how, getattr(summary, how) + 1)
        path = record.path.decode("utf-8", "surrogateescape")
        key = ("counted", path) if record.kind == COUNTED else group_of(path)
        if key not in groups and len(groups) >= MOST_GROUPS:
            summary.left_out += 1
            continue
        group = groups.setdefault(key, Group(*key))
        _add(group, how, old, new)
        if (len(group.named) < MOST_NAMED and named < MOST_NAMED_IN_ALL) or group.what == "configuration":
            group.named.append(_named(how, path, old, new))
            named += 1
    summary.groups = sorted(groups.values(), key=lambda group: (_FIRST.index(group.what), -(group.last or 0), group.name))
    return summary


def _add(group: Group, how: str, old: Record | None, new: Record | None) -> None:
    setattr(group, how, getattr(group, how) + 1)
    if new is not None and (old is None or (old.size, old.mtime) != (new.size, new.mtime)):
        group.first = new.mtime if group.first is None else min(group.first, new.mtime)
        group.last = new.mtime if group.last is None else max(group.last, new.mtime)
    group.before = (old.label if old else "") or group.before
    group.after = (new.label if new else "") or group.after


def _named(how: str, path: str, old: Record | None, new: Record | None) -> Named:
    def both(name: str) -> tuple[Any, Any]:
        return (getattr(old, name) if old else None), (getattr(new, name) if new else None)

    counts = both("count") if COUNTED in (getattr(old, "kind", ""), getattr(new, "kind", "")) else (None, None)
    digests = ((old.digest if old else ""), (new.digest if new else ""))
    return Named(how, path, both("size"), both("mtime"), both("mode"), counts, digests)
