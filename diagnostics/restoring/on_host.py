"""Copies of a file on the same account: in the same release of its program elsewhere, and what people leave beside a file they change."""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Iterable, Iterator

from diagnostics.checks.common import server_of
from diagnostics.checks.php_parsing import first_error
from diagnostics.copies import BESIDE, RELEASE, Copy
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts import core_copies
from diagnostics.facts.paths import shown
from diagnostics.facts.small_files import LIMIT, SmallFiles
from diagnostics.htaccess.lint import lint
from diagnostics.installed import Component
from diagnostics.transports.base import TransportError

_MOST_BESIDE, _MOST_ELSEWHERE = 3, 4
_WORDS = r"(?:bak|old|orig|save|sav|backup|copy|prev|[0-9][0-9-]{5,16})(?:[._-]?\d{1,3})?"
_VERSION = re.compile(r"^[ \t/*#@]*Version:[ \t]*([^\s]{1,40})", re.MULTILINE | re.IGNORECASE)


class CopiesOnHost:
    """Looks for copies through one reader, until a deadline. Nothing here raises."""

    def __init__(self, files: SmallFiles, evidence: Evidence, neighbours: Iterable[str], deadline: float) -> None:
        self.files, self.evidence, self.deadline = files, evidence, deadline  # monotonic seconds
        self.neighbours = [folder.rstrip("/") for folder in neighbours]
        self._release: str | None = None
        entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
        self.entries: dict[str, TreeEntry] = {entry.absolute: entry for entry in entries if entry.kind == "file"}

    def of(self, absolute: str) -> list[Copy]:
        """The same release's first, then those beside it, the newest first."""
        if time.monotonic() > self.deadline:
            return []
        try:
            return [*self._elsewhere(absolute), *self._beside(absolute)]
        except TransportError:
            return []

    # --- the same release ---------------------------------------------------------------------------
    def _elsewhere(self, absolute: str) -> Iterator[Copy]:
        for path in self._places(absolute):
            content = self.files.content(path)
            if content and _reads_well(absolute, content, self.evidence):
                yield Copy(RELEASE, content, self._time(path), shown(path, self.evidence.docroot))
                return

    def _places(self, absolute: str) -> Iterator[str]:
        for application in self.evidence.applications:
            if part := application.component(absolute):
                yield from self._of_part(part, absolute)
                return
            name = absolute.removeprefix(f"{application.core}/")
            if application.core and name != absolute and core_copies.is_of_release(name):
                if self._release is None:
                    self._release = core_copies.copy_of(self.files, application, self.evidence, self.neighbours)
                if self._release:
                    yield f"{self._release}/{name}"
                return

    def _of_part(self, part: Component, absolute: str) -> Iterator[str]:
        """The same plugin or theme in the same version, in another site of the account."""
        kind = {"plugin": "plugins", "theme": "themes"}.get(part.kind)
        if kind is None or not part.is_folder:
            return
        head = "style.css" if part.kind == "theme" else f"{part.slug}.php"
        inside = absolute.removeprefix(f"{part.absolute}/")
        folders = [f"{top}/wp-content/{kind}/{part.slug}" for top in self.neighbours[:_MOST_ELSEWHERE]]
        self.files.fetch([f"{folder}/{head}" for folder in (part.absolute, *folders)])
        version = part.version or self._version(f"{part.absolute}/{head}")
        for folder in folders:
            if version and folder != part.absolute and self._version(f"{folder}/{head}") == version:
                yield f"{folder}/{inside}"

    def _version(self, path: str) -> str:
        """As WordPress reads it: from the first 8 KB (developer.wordpress.org, get_file_data)."""
        match = _VERSION.search((self.files.text(path) or "")[:8192])
        return match[1] if match else ""

    # --- beside it ----------------------------------------------------------------------------------
    def _beside(self, absolute: str) -> Iterator[Copy]:
        folder, name = posixpath.split(absolute)
        stem, ending = posixpath.splitext(name)
        alike = re.compile(
            rf"\.?{re.escape(name)}(?:~|[._-]{_WORDS})\Z|{re.escape(stem)}[._-]{_WORDS}{re.escape(ending)}\Z" if stem and ending
            else rf"{re.escape(name)}(?:~|[._-]{_WORDS})\Z", re.IGNORECASE,
        )  # fmt: skip
        found = [
            entry for path, entry in self.entries.items()
            if posixpath.dirname(path) == folder and 0 < entry.size <= LIMIT and alike.match(posixpath.basename(path))
        ]  # fmt: skip
        for entry in sorted(found, key=lambda entry: -entry.mtime)[:_MOST_BESIDE]:
            content = self.files.content(entry.absolute)
            if content and _reads_well(absolute, content, self.evidence):
                yield Copy(BESIDE, content, entry.mtime, entry.path, entry.mode)

    def _time(self, path: str) -> float:
        try:
            return self.files.reader.stat(path).mtime
        except TransportError:
            return 0.0


def _reads_well(absolute: str, content: bytes, evidence: Evidence) -> bool:
    """Whether nothing in it is known to fail: what is put back must not be another broken file."""
    if posixpath.basename(absolute) == ".htaccess":
        return not any(fault.sure for fault in lint(content, server_of(evidence)))
    return not absolute.lower().endswith((".php", ".inc", ".phtml")) or first_error(content) is None
