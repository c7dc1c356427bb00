"""Where what a broken link led to may lie now: moved as a whole, counted from elsewhere, another release, another name.

Looked for inside the account only: never above its folder, never in another site's, never what belongs to another user than the link.
"""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from diagnostics.evidence import Place
from diagnostics.facts.links import SEES_ALL
from diagnostics.facts.paths import above
from diagnostics.facts.small_files import LIMIT, SmallFiles
from diagnostics.facts.tree import entry_of
from diagnostics.transports.base import Entry, FileKind, Stat, TransportError

MOVED, COUNTED, RELEASE, NAME, CONTENT = "moved", "counted", "release", "name", "content"
TIME_LIMIT_S = 6.0
MOST_PLACES = 4
_MOST_FOLDERS, _MOST_INSIDE, _MOST_TRIED = 24, 8, 40
_ENOUGH = 0.8  # of what lay behind the link while the site was well
# Names that say nothing: one lies in every folder.
_EVERYWHERE = re.compile(
    r"^(?:\.htaccess|\.env.*|\.user\.ini|(?:index|default|home|config|settings)\.\w+|www|public|html|web|current|src)$"
)
_NUMBERS = re.compile(r"\d+")
_SKIPPED = frozenset({".", "node_modules", "logs", "tmp", "cache"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One link and what is asked for behind it. `known`: names and sizes below it while the site was well; `is_folder`: what it led to."""

    absolute: str
    held: str
    uid: int | None
    asked: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    known: dict[str, int] = field(default_factory=dict)
    is_folder: bool = True


class Search:
    """One account. `others`: folders of its other sites, which are never looked into."""

    def __init__(self, files: SmallFiles, docroot: str, others: Collection[str] = ()) -> None:
        self.files, self.docroot = files, docroot.rstrip("/")
        self.until = time.monotonic() + TIME_LIMIT_S
        self.others = tuple(_slashed(each) for each in others if each.rstrip("/") != self.docroot)
        self._listed: dict[str, list[Entry]] = {}
        self.tops = self._tops()

    def places(self, wanted: Wanted) -> tuple[Place, ...]:
        """The places of the surest way that finds any. Raises TransportError where the line breaks."""
        for how, paths in (
            (MOVED, self._moved(wanted)),
            (COUNTED, self._counted(wanted)),
            (RELEASE, self._releases(wanted)),
            (NAME, self._of_its_name(wanted)),
            (CONTENT, self._by_content(wanted)),
        ):
            if time.monotonic() > self.until:
                break
            if found := self._holding(wanted, how, list(dict.fromkeys(paths))[:_MOST_TRIED]):
                return found
        return ()

    # --- where to look ----------------------------------------------------------------------------------
    def _tops(self) -> list[str]:
        """The account's folder and the one above the docroot; the first holds the second where both are given."""
        beside = above(self.docroot)
        try:
            home = self.files.reader.home().rstrip("/") or "/"
        except TransportError:
            return [beside]
        if _slashed(home).startswith(_slashed(beside)):
            return [home]
        is_whole = home != "/" or self.files.reader.protocol not in SEES_ALL
        return [home, beside] if is_whole and _slashed(beside).startswith(_slashed(home)) else [beside]

    def _is_allowed(self, path: str, wanted: Wanted) -> bool:
        slashed, link = f"{path}/", f"{wanted.absolute}/"
        if not any(path.startswith(_slashed(top)) for top in self.tops) or slashed.startswith(link) or link.startswith(slashed):
            return False
        return not any(slashed.startswith(other) or other.startswith(slashed) for other in self.others)

    def _bases(self, wanted: Wanted) -> Iterator[str]:
        """Folders from which a path can be meant to be counted: those above the link, the nearest first, and the docroot."""
        folder = posixpath.dirname(wanted.absolute)
        while any(folder == top or folder.startswith(_slashed(top)) for top in self.tops):
            yield folder
            if folder == posixpath.dirname(folder):
                return
            folder = posixpath.dirname(folder)
        yield self.docroot

    def _moved(self, wanted: Wanted) -> Iterator[str]:
        """The same path below another folder, as after a move: two names of it at least."""
        parts = [part for part in wanted.held.split("/") if part]
        for at in range(1, len(parts) - 1) if wanted.held.startswith("/") else ():
            yield from (posixpath.normpath(posixpath.join(base, *parts[at:])) for base in (*self.tops, self.docroot))

    def _counted(self, wanted: Wanted) -> Iterator[str]:
        """A relative path that is right from another folder: with a step up too many or too few."""
        if not wanted.held or wanted.held.startswith("/"):
            return
        rest = re.sub(r"^(?:\.{1,2}/+)+", "", wanted.held)
        if rest in ("", ".", "..") or rest == posixpath.basename(wanted.absolute):
            return
        if "/" in rest or not _EVERYWHERE.match(rest):
            yield from (posixpath.normpath(posixpath.join(base, rest)) for base in self._bases(wanted))

    def _releases(self, wanted: Wanted) -> Iterator[str]:
        """Beside the release that is gone: folders whose names are numbered in the same way, the newest first."""
        led = posixpath.normpath(posixpath.join(posixpath.dirname(wanted.absolute), wanted.held)) if wanted.held else ""
        for target in dict.fromkeys([led, *self._moved(wanted)]):
            yield from self._beside_release(target)

    def _beside_release(self, target: str) -> Iterator[str]:
        folder, rest = target, ""
        while folder != "/" and any(folder.startswith(_slashed(top)) for top in self.tops):
            name = posixpath.basename(folder)
            beside = [each for each in self._folders_in(posixpath.dirname(folder)) if each != folder]
            if _NUMBERS.search(name):
                alike = [each for each in beside if _shape(posixpath.basename(each)) == _shape(name)]
                yield from (posixpath.join(each, rest).rstrip("/") for each in sorted(alike, key=_numbers, reverse=True))
            folder, rest = posixpath.dirname(folder), posixpath.join(name, rest).rstrip("/")

    def _of_its_name(self, wanted: Wanted) -> Iterator[str]:
        names = {posixpath.basename(wanted.held.rstrip("/")), posixpath.basename(wanted.absolute)} - {"", ".", ".."}
        names = {name for name in names if not _EVERYWHERE.match(name)}
        kind = FileKind.FOLDER if wanted.is_folder else FileKind.FILE
        for folder in self._near() if names else ():
            yield from (each.path for each in self._list(folder) if each.stat.kind is kind and posixpath.basename(each.path) in names)

    def _by_content(self, wanted: Wanted) -> Iterator[str]:
        """Folders that hold all that is asked for, whatever they are called."""
        if wanted.asked or wanted.any_of or wanted.known:
            for folder in self._near():
                yield from self._folders_in(folder)

    def _near(self) -> Iterator[str]:
        """The account's folder and the folders in it, which are no other site's."""
        for top in self.tops[::-1]:
            yield top
            for folder in self._folders_in(top)[:_MOST_FOLDERS]:
                if not posixpath.basename(folder).startswith(".") and posixpath.basename(folder) not in _SKIPPED:
                    yield folder

    def _folders_in(self, folder: str) -> list[str]:
        return [each.path for each in self._list(folder) if each.stat.kind is FileKind.FOLDER]

    def _list(self, folder: str) -> list[Entry]:
        if folder not in self._listed:
            if len(self._listed) > 2 * _MOST_FOLDERS or time.monotonic() > self.until:
                return []
            try:
                self._listed[folder] = sorted(self.files.reader.list(folder), key=lambda each: each.path)
            except TransportError as error:
                if error.code in ("connection-lost", "timed-out"):
                    raise
                self._listed[folder] = []
        return self._listed[folder]

    # --- whether it is there ----------------------------------------------------------------------------
    def _holding(self, wanted: Wanted, how: str, paths: list[str]) -> tuple[Place, ...]:
        allowed = [path for path in paths if self._is_allowed(path, wanted)]
        if not allowed:
            return ()
        inside = (*wanted.asked, *wanted.any_of, *_some(wanted.known))
        seen = self._stats([*allowed, *(posixpath.join(path, name) for path in allowed for name in inside)])
        made = (self._place(wanted, how, path, seen) for path in allowed)
        found = [place for place in made if place is not None]
        return tuple(sorted(found, key=lambda place: not place.is_proven)[:MOST_PLACES])

    def _stats(self, paths: list[str]) -> dict[str, Stat]:
        """Together where the host tells several at once; else by listing each folder once, which FTP must do for every name."""
        if hasattr(self.files.reader, "stat_many"):
            return self.files.stats(paths)
        found = {folder: {each.path: each.stat for each in self._list(folder)} for folder in dict.fromkeys(map(posixpath.dirname, paths))}
        return {path: inside[path] for path in paths if path in (inside := found[posixpath.dirname(path)])}

    def _place(self, wanted: Wanted, how: str, path: str, seen: dict[str, Stat]) -> Place | None:
        stat = seen.get(path)
        if stat is None or stat.kind is not (FileKind.FOLDER if wanted.is_folder else FileKind.FILE):
            return None
        if None not in (wanted.uid, stat.uid) and wanted.uid != stat.uid:
            return None
        if not wanted.is_folder and not stat.size:
            return None
        there = {name for name in (*wanted.asked, *wanted.any_of) if posixpath.join(path, name) in seen}
        known = _some(wanted.known)
        same = [name for name in known if (at := seen.get(posixpath.join(path, name))) is not None and at.size == wanted.known[name]]
        is_proven = bool(known) and len(same) >= _ENOUGH * len(known)
        lacks = not there.issuperset(wanted.asked) or (wanted.any_of and not there.intersection(wanted.any_of))
        if lacks or (how == CONTENT and known and not is_proven) or (wanted.is_folder and not _is_told(wanted) and not self._list(path)):
            return None
        real = self._real(path)
        if real is None or not self._is_allowed(real, wanted):
            return None
        folder = self._real(posixpath.dirname(wanted.absolute)) or posixpath.dirname(wanted.absolute)
        is_read = not wanted.is_folder and stat.size <= LIMIT
        return Place(
            entry_of(path, stat, self.docroot), posixpath.relpath(real, folder), how, is_proven,
            self.files.content(path) if is_read else None,
        )  # fmt: skip

    def _real(self, path: str) -> str | None:
        try:
            return self.files.reader.real_path(path)
        except TransportError:
            return None


def _slashed(path: str) -> str:
    return f"{path.rstrip('/')}/"


def _is_told(wanted: Wanted) -> bool:
    """Whether anything is known of what has to lie behind the link."""
    return bool(wanted.asked or wanted.any_of or wanted.known)


def _some(known: Iterable[str]) -> list[str]:
    """A few names of many, spread over those that lie in the fewest folders; always the same."""
    names = sorted(known, key=lambda name: (name.count("/"), name))
    depth = names[min(_MOST_INSIDE, len(names)) - 1].count("/") if names else 0
    names = [name for name in names if name.count("/") <= depth]
    step = max(1, len(names) // _MOST_INSIDE)
    return names[::step][:_MOST_INSIDE]


def _shape(name: str) -> str:
    return _NUMBERS.sub("0", name.lower())


def _numbers(path: str) -> list[int]:
    return [int(each) for each in _NUMBERS.findall(posixpath.basename(path))]
