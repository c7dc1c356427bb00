"""The libraries that Composer put into `vendor`: whether those it says it installed are there, and those that composer.lock asks for.

Formats as Composer writes them: `vendor/composer/installed.json` (2: an object with "packages", 1: a list) and `composer.lock`.
"""

from __future__ import annotations

import json
import posixpath
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.evidence import Evidence
from diagnostics.facts.paths import above, shown
from diagnostics.facts.small_files import SmallFiles
from diagnostics.installed import Differing
from diagnostics.transports.base import FileKind, TransportError
from sites.texts import mark as _

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}/[A-Za-z0-9][\w.-]{0,99}")  # composer-schema.json
LARGEST = 4 * 1024 * 1024  # bytes of one of the two
MOST_TOLD = 8
_MOST_LISTED = 8  # folders of vendor that are listed where the tree does not hold them
_LEAST_TIME_S = 3.0


@dataclass(frozen=True, slots=True)
class Package:
    """`folder` absolute, empty for one without files; `loaded`: files of it that every page loads; `prefixes` of its classes."""

    name: str
    version: str
    folder: str = ""
    loaded: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


def read(files: SmallFiles, evidence: Evidence, deadline: float) -> tuple[Differing, ...]:
    """What is missing or of another version; nothing where Composer is not used or cannot be read. Never raises."""
    if time.monotonic() > deadline - _LEAST_TIME_S:
        return ()
    docroot = evidence.docroot.rstrip("/")
    bases = dict.fromkeys([*(each.absolute for each in evidence.applications if each.name != "wordpress"), docroot, above(docroot)])
    for base in [base for base in bases if _may_have_vendor(base, evidence)][:3]:
        try:
            installed = parse_installed(_content(files, f"{base}/vendor/composer/installed.json"), base)
            if installed:
                locked = parse_locked(_content(files, f"{base}/composer.lock"))
                return tuple(_Comparison(files, evidence, base, installed, locked).run())[:MOST_TOLD]
        except TransportError:
            continue
    return ()


def parse_installed(content: bytes, base: str) -> dict[str, Package]:
    """By name; empty for what is not Composer's."""
    found = _json(content)
    rows = found.get("packages") if isinstance(found, dict) else found
    made = (_package(row, f"{base}/vendor") for row in (rows if isinstance(rows, list) else [])[:3000])
    return {package.name: package for package in made if package is not None}


def _package(row: object, vendor: str) -> Package | None:
    if not isinstance(row, dict) or not _NAME.fullmatch(str(row.get("name"))):
        return None
    name, version, way = row["name"].lower(), str(row.get("version", "")), row.get("install-path", f"../{row['name']}")
    folder = posixpath.normpath(f"{vendor}/composer/{way}") if isinstance(way, str) else ""
    if row.get("type") == "metapackage" or not folder.startswith(f"{vendor}/"):
        folder = ""
    autoload = row.get("autoload") if isinstance(row.get("autoload"), dict) else {}
    loaded = tuple(each for each in _strings(autoload.get("files")) if ".." not in each)
    prefixes = tuple(key for part in ("psr-4", "psr-0") if isinstance(autoload.get(part), dict) for key in autoload[part] if key)
    return Package(name, version, folder, loaded, prefixes)


def parse_locked(content: bytes) -> dict[str, str]:
    """Versions by name, without what only developers need."""
    found = _json(content)
    rows = found.get("packages") if isinstance(found, dict) else None
    named = [row for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict) and _NAME.fullmatch(str(row.get("name")))]
    return {row["name"].lower(): str(row.get("version", "")) for row in named if row.get("type") != "metapackage"}


class _Comparison:
    def __init__(self, files: SmallFiles, evidence: Evidence, base: str, installed: dict[str, Package], locked: dict[str, str]) -> None:
        self.files, self.evidence, self.base, self.installed, self.locked = files, evidence, base, installed, locked
        entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
        self.names = {entry.absolute for entry in entries}
        self.is_in_tree = f"{base}/vendor" in self.names and not evidence.tree_truncated
        self.listed: dict[str, frozenset[str] | None] = {}
        lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
        self.said = "\n".join(line.text for line in lines[-30:])

    def run(self) -> Iterator[Differing]:
        gone = [package for package in self._by_weight() if package.folder and self._is_there(package.folder) is False]
        for package in gone:
            said = _("Composer installed it, and its folder is not there")
            yield self._made(package.name, package.folder, said, is_missing=True, is_named=self._is_named(package))
        lost = {package.name for package in gone}
        for package in self.installed.values():
            for name in package.loaded if package.name not in lost and self.is_in_tree else ():
                if (path := posixpath.normpath(f"{package.folder}/{name}")) not in self.names and package.folder:
                    yield self._made(package.name, path, _("every page loads it, and it is not there"), is_missing=True, is_named=True)
        for name, version in self.locked.items():
            have = self.installed.get(name)
            folder = f"{self.base}/vendor/{name}"
            if have is None:
                said = _("composer.lock asks for version {version}, and it is not installed").format(version=version)
                yield self._made(name, folder, said, is_missing=True)
            elif have.version.removeprefix("v") != version.removeprefix("v"):
                said = _("composer.lock asks for version {version}, and {other} is installed").format(version=version, other=have.version)
                yield self._made(name, have.folder or folder, said)

    def _made(self, name: str, path: str, why: str, *, is_missing: bool = False, is_named: bool = False) -> Differing:
        return Differing("library", name, shown(path, self.evidence.docroot), why, is_missing=is_missing, is_named=is_named)

    def _by_weight(self) -> list[Package]:
        """Those that the log speaks of first, then those that every page loads."""
        return sorted(self.installed.values(), key=lambda package: (not self._is_named(package), not package.loaded))

    def _is_named(self, package: Package) -> bool:
        """Whether a message speaks of one of its classes or files."""
        classes = any(len(prefix) > 3 and prefix in self.said.replace("\\\\", "\\") for prefix in package.prefixes)
        return classes or f"/vendor/{package.name}/" in self.said

    def _is_there(self, folder: str) -> bool | None:
        if self.is_in_tree:
            return folder in self.names
        parent = posixpath.dirname(folder)
        if parent not in self.listed:
            self.listed[parent] = self._names_in(parent) if len(self.listed) < _MOST_LISTED else None
        names = self.listed[parent]
        return None if names is None else posixpath.basename(folder) in names

    def _names_in(self, folder: str) -> frozenset[str] | None:
        """A vendor's folder that is not there holds nothing; of one that cannot be listed nothing is known."""
        try:
            entries = self.files.reader.list(folder)
        except TransportError as error:
            return frozenset() if error.code == "not-found" else None
        return frozenset(posixpath.basename(entry.path) for entry in entries if entry.stat.kind is not FileKind.FILE)


def _may_have_vendor(base: str, evidence: Evidence) -> bool:
    """Of a folder in the tree it is known; one above it is asked where a program lies in it."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    docroot = evidence.docroot.rstrip("/")
    if base == docroot or base.startswith(f"{docroot}/"):
        return any(entry.absolute == f"{base}/vendor" for entry in entries)
    return any(each.absolute == base for each in evidence.applications)


def _content(files: SmallFiles, path: str) -> bytes:
    try:
        return files.reader.read(path, LARGEST)
    except TransportError as error:
        if error.code in ("connection-lost", "timed-out"):
            raise
        return b""


def _json(content: bytes) -> object:
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return None


def _strings(found: object) -> list[str]:
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
