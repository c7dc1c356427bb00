"""What the program asks for and does not find, and what lies in its place under another name: a folder that was set aside, a copy."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.other_names import START_PAGES, is_other_name
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding
from diagnostics.php import said_of_files
from diagnostics.php.scanning import names_of_class

DOCROOT = "docroot"  # name among a finding's data: the docroot that is not there, as people see it
_FILE = re.compile(r"Failed opening (?:required )?'([^'\n]{1,600})'|\w{4,40}\(([^)\n]{1,600})\): [Ff]ailed to open", re.IGNORECASE)
CLASS = re.compile(r"(?:[Cc]lass|[Ii]nterface|[Tt]rait|[Ee]num) [\"']?([\w\\]{1,200})[\"']? not found")
_TOPS = ("src", "app")
_MOST_TEXT, _MOST_ASKED = 20_000, 16


@dataclass(frozen=True, slots=True)
class Renamed:
    """`asked` is what the program asks for, `lost` the first name on its way that is not there: both as people see them."""

    asked: str
    lost: str
    found: tuple[TreeEntry, ...]  # what could be it; more than one where it is not clear

    @property
    def inside(self) -> str:
        """What is asked for below the folder; empty where it is asked for by itself."""
        return self.asked[len(self.lost) + 1 :]


def renamed(finding: Finding, evidence: Evidence) -> Renamed | None:
    """None where nothing is missing, where it is not known what lies there, or where nothing bears its name with something added."""
    there = _There(evidence)
    if docroot := finding.datum(DOCROOT):
        return there.docroot_under_another_name(docroot)
    for asked in islice(dict.fromkeys(_asked(finding, evidence)), _MOST_ASKED):
        if (found := there.under_another_name(asked)) is not None:
            return found
    for name in dict.fromkeys(CLASS.findall(said(finding))):
        if (found := there.class_under_another_name(name)) is not None:
            return found
    return None


def said(finding: Finding) -> str:
    """All that the finding quotes of logs and pages."""
    return "\n".join([finding.datum("message"), *(proof.text for proof in finding.evidence)])[:_MOST_TEXT]


def _asked(finding: Finding, evidence: Evidence) -> Iterator[str]:
    """Paths as people see them: those that could not be opened first, then the one that the finding stands at, then all others."""
    text = said(finding)
    for match in _FILE.finditer(text):
        path = match[1] or match[2]
        if path.startswith("/"):
            yield shown_path(posixpath.normpath(path), evidence)
        else:
            yield from (
                posixpath.normpath(posixpath.join(base, path)) for base in (posixpath.dirname(finding.path), docroot_name(evidence))
            )
    lost = {name for each in CLASS.findall(text) for name in names_of_class(each.rpartition("\\")[2])}
    removed = (path for change in evidence.changes if lost and change.how == "removed" for path in change.paths)
    yield from (path for path in removed if posixpath.basename(path).lower() in lost)
    yield from (path for path in (finding.datum("missing"), finding.datum("lost-folder"), finding.path) if path)
    yield from (shown_path(posixpath.normpath(path), evidence) for path in said_of_files.paths_in(text))


class _There:
    """What is known to lie on the account."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
        self.entries: dict[str, TreeEntry] = {entry.path: entry for entry in (*evidence.beside, *evidence.program, *tree)}
        # Of a program beside the docroot what was looked up is known, not always the folders that lead there.
        known = (entry.path.split("/") for entry in (*evidence.beside, *evidence.program))
        self.leading = {"/".join(parts[:count]) for parts in known for count in range(1, len(parts))} - set(self.entries)

    def docroot_under_another_name(self, docroot: str) -> Renamed | None:
        found = [entry for entry in self._alike(docroot) if entry.kind == "folder" and self._holds(entry, START_PAGES)]
        return Renamed(docroot, docroot, tuple(found)) if found and docroot not in self.entries else None

    def under_another_name(self, asked: str) -> Renamed | None:
        lost = self._first_lost(asked)
        if not lost:
            return None
        inside = asked[len(lost) + 1 :]
        found = [entry for entry in self._alike(lost) if self._is_meant(entry, lost, inside)]
        return Renamed(asked, lost, tuple(found)) if found else None

    def class_under_another_name(self, name: str) -> Renamed | None:
        """A file that by its place is that of the class, but for one name on its way."""
        files = [entry.path.split("/") for entry in self.entries.values() if entry.kind == "file"]
        for ends in places_of_class(name):
            long_enough = [parts for parts in files if len(parts) > len(ends)]
            if any(not _others(parts, ends) for parts in long_enough):
                return None  # it is there: that it is not found is another matter
            ways = {way for parts in long_enough if (way := _way_of_class(parts, ends)) is not None}
            if ways:
                return self._of_ways(ways)
        return None

    def _of_ways(self, ways: set[tuple[str, str, str]]) -> Renamed | None:
        """Where all of them stand for the same file."""
        asked, lost, _name = min(ways)
        found = tuple(self.entries[path] for path in sorted({path for _asked, _lost, path in ways}) if path in self.entries)
        is_one = len({way[:2] for way in ways}) == 1 and lost not in self.entries and self._is_surely_gone(lost)
        return Renamed(asked, lost, found) if is_one and found else None

    def _first_lost(self, asked: str) -> str:
        """The first name on the way that is surely not there, in a folder that is; "" where nothing is, or where it cannot be told."""
        parts = asked.split("/")
        if asked.startswith(("/", "..")) or not all(parts):
            return ""
        for count in range(1, len(parts) + 1):
            path = "/".join(parts[:count])
            entry = self.entries.get(path)
            if entry is None and path not in self.leading:
                return path if self._is_surely_gone(path) else ""
            if entry is not None and entry.kind != "folder":
                return ""  # a link leads elsewhere
        return ""

    def _is_surely_gone(self, path: str) -> bool:
        top = docroot_name(self.evidence)
        if not top or path.startswith(f"{top}/"):
            return isinstance(self.evidence.tree, tuple) and not self.evidence.tree_truncated
        folder = posixpath.dirname(path)
        return self.evidence.exists(path) is False or any(posixpath.dirname(entry.path) == folder for entry in self.evidence.program)

    def _alike(self, lost: str) -> Iterator[TreeEntry]:
        folder, name = posixpath.split(lost)
        for entry in self.entries.values():
            above, own = posixpath.split(entry.path)
            if above == folder and entry.kind in ("file", "folder") and is_other_name(own, name, is_folder=entry.kind == "folder"):
                yield entry

    def _is_meant(self, entry: TreeEntry, lost: str, inside: str) -> bool:
        """A folder has to hold what is asked for, or something at least where it is asked for by itself."""
        if inside:
            return entry.kind == "folder" and f"{entry.path}/{inside}" in self.entries
        if entry.kind == "file":
            return entry.size > 0 and bool(posixpath.splitext(lost)[1] or posixpath.basename(lost).startswith("."))
        start = f"{entry.path}/"
        return not posixpath.splitext(lost)[1] and any(path.startswith(start) for path in self.entries)

    def _holds(self, entry: TreeEntry, names: tuple[str, ...]) -> bool:
        return any((inner := self.entries.get(f"{entry.path}/{name}")) is not None and inner.kind == "file" for name in names)


def places_of_class(name: str) -> list[list[str]]:
    """How the path of a class's file ends, the longest first. Composer's `App\\` is mostly the folder `src` or `app` (PSR-4)."""
    *spaces, short = name.strip("\\").split("\\")
    file = f"{short}.php"
    ends = [[*spaces[at:], file] for at in range(len(spaces) + 1)]
    tops = [[top, *spaces[1:], file] for top in (*_TOPS, spaces[0].lower())] if spaces else []
    return [*ends[:1], *tops, *ends[1:]]


def _others(parts: list[str], ends: list[str]) -> list[int]:
    """Which of these last names are other ones."""
    return [at for at, (own, end) in enumerate(zip(parts[-len(ends) :], ends, strict=True)) if own != end]


def _way_of_class(parts: list[str], ends: list[str]) -> tuple[str, str, str] | None:
    """The path of the class's file, the name on it that is not there, and what lies in its place; where only one name is another."""
    others, above = _others(parts, ends), len(parts) - len(ends)
    if len(others) != 1:
        return None
    (at,) = others
    is_folder = at < len(ends) - 1
    if not is_other_name(parts[above + at], ends[at], is_folder=is_folder):
        return None
    way = "/".join(parts[: above + at])
    return f"{way}/{'/'.join(ends[at:])}", f"{way}/{ends[at]}", f"{way}/{parts[above + at]}"
