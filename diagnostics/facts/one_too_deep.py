"""A whole site in the one folder of a docroot that has no start page: the folder was uploaded, not what is in it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.paths import docroot_name

START = re.compile(r"(?:index|default|home)\.(?:php|html?|xhtml)")
MOST, MOST_BYTES, LARGEST = 60, 8 * 1024 * 1024, 1024 * 1024  # names right in the folder, and what their files hold
# Folders of parts, whose start page shows nothing: it is there so that no list is shown.
_OF_PARTS = frozenset({
    "admin", "administrator", "assets", "bin", "cache", "cgi-bin", "classes", "components", "css", "data", "downloads", "error", "errors",
    "files", "fonts", "images", "img", "includes", "js", "lib", "libraries", "logs", "media", "modules", "plugins", "src", "stats",
    "storage", "templates", "themes", "tmp", "upload", "uploads", "vendor", "webstat", "wp-admin", "wp-content", "wp-includes",
})  # fmt: skip
# A program that lies beside the folder has it as its public part: there it belongs.
_OF_PROGRAMS = frozenset({
    "app", "application", "artisan", "bin", "composer.json", "config", "core", "node_modules", "package.json", "protected", "spark", "src",
    "storage", "symfony.lock", "system", "typo3conf", "vendor", "wp-admin", "wp-content", "wp-includes", "writable",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deep:
    """The folder with the site, what lies right in it, and what lies beside it."""

    folder: TreeEntry
    inside: tuple[TreeEntry, ...]
    beside: tuple[TreeEntry, ...]

    @property
    def files(self) -> tuple[TreeEntry, ...]:
        return tuple(entry for entry in self.inside if entry.kind == "file")

    @property
    def is_small(self) -> bool:
        """Whether it is so little that each file can be looked at before it is moved."""
        fits = all(entry.size <= LARGEST for entry in self.files) and sum(entry.size for entry in self.files) <= MOST_BYTES
        return len(self.inside) <= MOST and fits


def is_start_page(entry: TreeEntry) -> bool:
    return entry.kind == "file" and bool(START.fullmatch(posixpath.basename(entry.path)))


def one_too_deep(evidence: Evidence) -> Deep | None:
    """What lies one folder too deep; None where none of the docroot's folders looks like a site, or several do."""
    top = docroot_name(evidence)
    if not isinstance(evidence.tree, tuple) or evidence.tree_truncated:
        return None
    right_in: dict[str, list[TreeEntry]] = {}
    for entry in evidence.tree:
        right_in.setdefault(posixpath.dirname(entry.path), []).append(entry)
    there = right_in.get(top, [])
    found = [entry for entry in there if entry.kind == "folder" and any(map(is_start_page, right_in.get(entry.path, [])))]
    if len(found) != 1 or any(map(is_start_page, there)):
        return None
    folder, beside = found[0], tuple(entry for entry in there if entry is not found[0])
    inside = right_in[folder.path]
    is_part = posixpath.basename(folder.path).lower() in _OF_PARTS or any(_name(entry) in _OF_PROGRAMS for entry in beside)
    return None if is_part or len(inside) == 1 else Deep(folder, tuple(inside), beside)


def _name(entry: TreeEntry) -> str:
    return posixpath.basename(entry.path).lower()
