"""What a WordPress consists of: its settings, its version, its plugins and themes, what it must have and what lies in its way.

Places as WordPress' own `wp-load.php`, `wp-settings.php` and `default-constants.php` have them. Nothing is executed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diagnostics.evidence import TreeEntry
from diagnostics.facts import wordpress_always
from diagnostics.facts.paths import shown
from diagnostics.facts.settings.php_settings import PhpSettings, read_php
from diagnostics.facts.settings.php_tokens import lex
from diagnostics.facts.settings.php_values import Unknown
from diagnostics.facts.small_files import SmallFiles
from diagnostics.installed import CONTENT_LINE, OWN_LIMIT, Application, Component, Damage, Maintenance
from diagnostics.transports.base import FileKind, TransportError
from sites.texts import mark as _

DROP_INS = frozenset(
    {
        "advanced-cache.php", "blog-deleted.php", "blog-inactive.php", "blog-suspended.php", "db.php", "db-error.php", "install.php",
        "fatal-error-handler.php", "maintenance.php", "object-cache.php", "php-error.php", "sunrise.php",
    }
)  # fmt: skip
_TELLING = (
    "WP_DEBUG", "WP_DEBUG_LOG", "WP_DEBUG_DISPLAY", "WP_CACHE", "WP_ALLOW_REPAIR", "WP_MEMORY_LIMIT", "WP_CONTENT_DIR", "WP_PLUGIN_DIR",
    "WPMU_PLUGIN_DIR", "MULTISITE", "WP_ALLOW_MULTISITE", "DISALLOW_FILE_MODS", "DISALLOW_FILE_EDIT", "WP_HOME", "WP_SITEURL",
    "DB_HOST", "DB_NAME",
    "WP_DISABLE_FATAL_ERROR_HANDLER",
)  # fmt: skip
_VERSION = re.compile(r"\$wp_version\s*=\s*['\"]([0-9][0-9A-Za-z.+-]{0,30})['\"]")
_LOCALE = re.compile(r"\$wp_local_package\s*=\s*['\"]([a-z]{2,3}(?:_[A-Za-z0-9]{2,12}){0,2})['\"]")
_HEADER = re.compile(
    r"^[ \t/*#@]*(Plugin Name|Theme Name|Version|Requires PHP):[ \t]*([^\r\n]{1,200}?)[ \t]*(?:\*/|\?>)?[ \t]*$", re.MULTILINE
)
_REQUIRES = re.compile(
    r"\b(?:require|include)(?:_once)?\s*+\(?\s*+(?:ABSPATH|__DIR__|dirname\(\s*+__FILE__\s*+\))\s*+\.\s*+(WPINC\s*+\.\s*+)?"
    r"['\"]/?([\w./-]{3,120}\.php)['\"]"
)
_OWN_LIMIT = re.compile(r"^[^/#*\n]{0,200}?\bini_set\s*\(\s*['\"]memory_limit['\"]\s*,\s*['\"]?(\d{1,12}[KMGkmg]?)", re.MULTILINE)
_UPGRADING = re.compile(r"\$upgrading\s*=\s*(\d{9,11})\s*;")
_LASTS_S = 600.0  # wp_is_maintenance_mode(): what was begun ten minutes ago counts no more
_HEADER_BYTES = 8192  # as get_file_data() reads
_MOST_LINKS = 10
_MOST_LOOKED_INTO = 8
_LATE_S = 3600.0
_LARGEST_LOOKED_INTO = 256 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """An installation with what its settings file says. `settings` holds the secrets: it is used and let go."""

    application: Application
    settings: PhpSettings | None


class WordPressFacts:
    """Reads one installation. `entries` is the tree of the site, `docroot` absolute."""

    def __init__(self, files: SmallFiles, folder: str, core: str, docroot: str, entries: tuple[TreeEntry, ...], host: str = "") -> None:
        # A login may see nothing but the docroot: what is put together from "" begins with one slash.
        self.files, self.folder, self.core, self.docroot = files, folder.rstrip("/"), core.rstrip("/"), docroot.rstrip("/")
        self._entries = entries
        self._kinds = {entry.absolute: entry for entry in entries}
        self._below: dict[str, list[TreeEntry]] = {}
        for entry in entries:
            self._below.setdefault(posixpath.dirname(entry.absolute), []).append(entry)
        self._links_left = _MOST_LINKS
        self._server = {"HTTP_HOST": host, "SERVER_NAME": host} if host else {}

    def read(self, *, is_failing: bool) -> Found:
        """All that costs little; where the site fails also what is needed to find out why."""
        path = self._settings_path()
        wanted = [path, f"{self.core}/wp-includes/version.php", f"{self.core}/.maintenance"]
        if is_failing:
            wanted += [f"{self.core}/{name}" for name in ("wp-settings.php", "wp-load.php", "wp-blog-header.php")]
            wanted.append(f"{self.folder}/index.php")
        self.files.fetch(each for each in wanted if self._may_be_there(each))
        settings = self._settings(path)
        content = self._folder(settings, "WP_CONTENT_DIR", f"{self.core}/wp-content")
        parts = tuple(self._components(content, settings))
        found = Application(
            "wordpress", "WordPress", self._shown(self.folder), self.folder, version=self._version(), core=self.core, content=content,
            settings_path=self._shown(path) if settings else "", settings=(*_telling(settings), *self._own_limit(settings)),
            trouble=tuple(self._trouble(settings)),
            components=parts, maintenance=self._maintenance(),
            is_network=bool(settings and settings.constants.get("MULTISITE") is True),
            damaged=tuple(self._damaged()) if is_failing else (),
            lacking=tuple(self._lacking(parts, content, settings)) if is_failing else (), strangers=self._strangers(),
            locale=self._locale(),
        )  # fmt: skip
        return Found(found, settings)

    # --- settings ---------------------------------------------------------------------------------
    def _may_be_there(self, path: str) -> bool:
        """What lies in a folder that was listed is there or not; of others nothing is known."""
        parent = self._kinds.get(posixpath.dirname(path))
        return parent is None or parent.kind != "folder" or path in self._kinds

    def _settings_path(self) -> str:
        """wp-load.php looks into the folder itself, then into the one above, unless another WordPress lies there."""
        for folder in dict.fromkeys((self.folder, self.core)):
            if f"{folder}/wp-config.php" in self._kinds:
                return f"{folder}/wp-config.php"
        above = posixpath.dirname(self.core)
        inside = above == self.docroot or above.startswith(f"{self.docroot}/")
        if f"{above}/wp-settings.php" not in self._kinds and (f"{above}/wp-config.php" in self._kinds or not inside):
            return f"{above}/wp-config.php"
        return f"{self.folder}/wp-config.php"

    def _settings(self, path: str) -> PhpSettings | None:
        source = self.files.text(path) if self._may_be_there(path) else None
        if source is None:
            return None
        environment: dict[str, str] = {}
        return read_php(path, source, load=self.files.text, exists=self.files.exists, environment=environment, server=self._server)

    def _own_limit(self, settings: PhpSettings | None) -> Iterator[tuple[str, str]]:
        """The memory that the settings file gives PHP by a call of its own, with its line: the last one counts."""
        text = (self.files.text(settings.path) or "") if settings else ""
        for found in list(_OWN_LIMIT.finditer(text))[-1:]:
            yield OWN_LIMIT, f"{found[1]}:{text.count(chr(10), 0, found.start(1)) + 1}"

    def _trouble(self, settings: PhpSettings | None) -> Iterator[Damage]:
        if settings is None:
            return
        if settings.trouble:
            yield Damage(self._shown(settings.path), settings.trouble.why, settings.trouble.line)
        elif not settings.goes_on and not self._starts_by_itself(settings):
            yield Damage(self._shown(settings.path), _("it ends before the line that starts WordPress (wp-settings.php)"))
        for path, line in settings.missing:
            why = _("it loads {path}, which is not there").format(path=self._shown(path))
            yield Damage(self._shown(settings.path), why, line, is_missing=True)

    def _starts_by_itself(self, settings: PhpSettings) -> bool:
        """Whether the line that every wp-config.php ends with is there all the same, in a place that is not read: a branch, a function."""
        return any("wp-settings.php" in (self.files.text(path) or "") for path in (settings.path, *settings.included))

    def _folder(self, settings: PhpSettings | None, name: str, default: str) -> str:
        value = settings.constants.get(name) if settings else None
        return posixpath.normpath(value) if isinstance(value, str) and value.startswith("/") else default

    # --- parts ------------------------------------------------------------------------------------
    def _components(self, content: str, settings: PhpSettings | None) -> Iterator[Component]:
        newest = self._newest()
        plugins = self._folder(settings, "WP_PLUGIN_DIR", f"{content}/plugins")
        yield from self._parts("plugin", plugins, newest)
        yield from self._parts("theme", f"{content}/themes", newest)
        yield from self._parts("mu-plugin", self._folder(settings, "WPMU_PLUGIN_DIR", f"{content}/mu-plugins"), newest)
        for entry in self._children(content):
            if entry.kind != "folder" and posixpath.basename(entry.absolute) in DROP_INS:
                yield self._component("drop-in", entry, newest)

    def _parts(self, kind: str, folder: str, newest: dict[str, float]) -> Iterator[Component]:
        for entry in self._children(folder):
            name = posixpath.basename(entry.absolute)
            is_file = entry.kind == "file" or (entry.kind == "link" and name.endswith(".php"))
            if is_file and (kind == "theme" or not name.endswith(".php") or name == "index.php"):
                continue
            yield self._component(kind, entry, newest)

    def _component(self, kind: str, entry: TreeEntry, newest: dict[str, float]) -> Component:
        slug, real = posixpath.basename(entry.absolute), ""
        if entry.kind == "link" and self._links_left > 0:
            self._links_left -= 1
            real = self._real(entry.absolute)
        is_folder = entry.kind == "folder" or (entry.kind == "link" and not slug.endswith(".php"))
        at = max(newest.get(entry.absolute, 0.0), entry.mtime if entry.kind != "folder" else 0.0)
        return Component(kind, slug, self._shown(entry.absolute), entry.absolute, at, real, is_folder=is_folder)

    def _newest(self) -> dict[str, float]:
        """The newest time of a file below each folder."""
        found: dict[str, float] = {}
        for entry in self._entries:
            if entry.kind != "file":
                continue
            folder = posixpath.dirname(entry.absolute)
            while len(folder) >= len(self.docroot) and found.get(folder, 0.0) < entry.mtime:
                found[folder] = entry.mtime
                folder = posixpath.dirname(folder)
        return found

    def _children(self, folder: str) -> list[TreeEntry]:
        """What lies in a folder, in the tree or, where it lies outside of the docroot or behind a link, as the host lists it."""
        here = self._kinds.get(folder)
        if here is not None and here.kind == "folder":
            return self._below.get(folder, [])
        if here is None and not self._is_listed_apart(folder):
            return []
        try:
            listed = self.files.reader.list(self._real(folder) or folder)
        except TransportError:
            return []
        return [
            TreeEntry(self._shown(entry.path), entry.path, entry.stat.kind.value, entry.stat.mode, entry.stat.size, entry.stat.mtime)
            for entry in listed[:500]
            if entry.stat.kind is not FileKind.OTHER
        ]

    def _is_listed_apart(self, folder: str) -> bool:
        """Whether a folder that the tree does not hold may still be there: outside of it, or behind a link in it."""
        if folder != self.docroot and not folder.startswith(f"{self.docroot}/"):
            return True
        while len(folder) > max(1, len(self.docroot)):
            folder = posixpath.dirname(folder)
            if folder in self._kinds:
                return self._kinds[folder].kind == "link"
        return False

    def _real(self, path: str) -> str:
        try:
            return self.files.reader.real_path(path)
        except TransportError:
            return ""

    def described(self, component: Component) -> Component:
        """With name, version and the PHP it needs, from the header of its main file."""
        values = self._header(component)
        if not values:
            return component
        title = values.get("Plugin Name") or values.get("Theme Name") or ""
        return replace(component, title=title, version=values.get("Version", "")[:30], requires_php=values.get("Requires PHP", "")[:20])

    def header_paths(self, component: Component) -> list[str]:
        """The files that may hold its header, the usual one first."""
        folder = component.real or component.absolute
        if not component.is_folder:
            return [folder]
        if component.kind == "theme":
            return [f"{folder}/style.css"]
        first = f"{component.slug}.php"
        inside = [each.absolute for each in self._children(component.absolute) if each.kind == "file" and each.path.endswith(".php")]
        return sorted(inside, key=lambda path: (posixpath.basename(path) != first, path))[:4] or [f"{folder}/{first}"]

    def _header(self, component: Component) -> dict[str, str]:
        paths = self.header_paths(component)
        for path in paths:
            values = {found[1]: found[2] for found in _HEADER.finditer(self.files.head(path, _HEADER_BYTES))}
            if "Plugin Name" in values or "Theme Name" in values or (values and len(paths) == 1):
                return values
        return {}

    # --- the program itself -----------------------------------------------------------------------
    def _version(self) -> str:
        found = _VERSION.search(self.files.text(f"{self.core}/wp-includes/version.php") or "")
        return found[1] if found else ""

    def _locale(self) -> str:
        found = _LOCALE.search(self.files.text(f"{self.core}/wp-includes/version.php") or "")
        return found[1] if found else ""

    def _maintenance(self) -> Maintenance | None:
        entry = self._kinds.get(f"{self.core}/.maintenance")
        if entry is None or entry.kind != "file":
            return None
        text = self.files.text(entry.absolute) or ""
        until, at = _UPGRADING.search(text), text.find("$upgrading")
        return Maintenance(
            entry.path, entry.mtime, float(until[1]) + _LASTS_S if until else None, text.count("\n", 0, at) + 1 if at >= 0 else None
        )

    def _damaged(self) -> Iterator[Damage]:
        """What the program's own files load and what is not there, is empty or ends in the middle."""
        if self._kinds.get(f"{self.core}/wp-includes", None) is None or self._kinds[f"{self.core}/wp-includes"].kind != "folder":
            if self._kinds.get(self.core) is not None and f"{self.core}/wp-includes" not in self._kinds:
                yield Damage(self._shown(f"{self.core}/wp-includes"), _("the folder is not there"), is_missing=True)
            return
        for path in self.required():
            entry = self._kinds.get(path)
            if entry is None and self._may_be_there(path) is False:
                yield Damage(self._shown(path), _("the file is not there"), is_missing=True)
            elif entry is not None and entry.kind == "file" and entry.size == 0:
                yield Damage(self._shown(path), _("the file is empty"))
        for path in self._changed_apart():
            trouble = lex(self.files.text(path) or "").trouble
            if trouble:
                yield Damage(self._shown(path), _("it ends in the middle: {why}").format(why=trouble.why), trouble.line)

    def _lacking(self, parts: tuple[Component, ...], content: str, settings: PhpSettings | None) -> Iterator[Damage]:
        """Parts that every page loads and that need a file which is not there."""
        known = wordpress_always.constants_of(self.core, content, settings.constants if settings else {})
        return wordpress_always.lacking(self.files, parts, known, self.docroot, self._is_gone)

    def _is_gone(self, path: str) -> bool:
        """Whether the folders that were listed show for certain that it is not there."""
        if path in self._kinds or not path.startswith(f"{self.docroot}/"):
            return False
        folder = posixpath.dirname(path)
        while folder not in self._kinds and len(folder) > len(self.docroot):
            folder = posixpath.dirname(folder)
        if folder not in self._kinds or self._kinds[folder].kind != "folder":
            return False
        return any(other.startswith(f"{folder}/") for other in self._kinds)  # one of which nothing is seen may only be shut to this login

    def required(self) -> list[str]:
        """Files that the program loads for every page, told by its own `require`s; absolute."""
        found = [f"{self.core}/{name}" for name in ("wp-load.php", "wp-settings.php", "wp-blog-header.php")]
        for name in ("wp-blog-header.php", "wp-load.php", "wp-settings.php"):
            for match in _REQUIRES.finditer(self.files.text(f"{self.core}/{name}") or ""):
                inside = f"wp-includes/{match[2]}" if match[1] else match[2]
                if inside != "wp-config.php" and ".." not in inside:
                    found.append(f"{self.core}/{inside}")
        return list(dict.fromkeys(found))

    def _of_core(self) -> list[TreeEntry]:
        folders = (f"{self.core}/wp-includes/", f"{self.core}/wp-admin/")
        return [
            entry for entry in self._entries if entry.kind == "file" and entry.path.endswith(".php") and entry.absolute.startswith(folders)
        ]

    def _changed_apart(self) -> list[str]:
        """PHP files of the program that were written apart from the others: few, and later."""
        top = [self._kinds[path] for path in self.required()[:3] if path in self._kinds and self._kinds[path].kind == "file"]
        found = [
            entry.absolute for entry in _later([*top, *self._of_core()], _MOST_LOOKED_INTO, 60) if 0 < entry.size < _LARGEST_LOOKED_INTO
        ]
        self.files.fetch(found)
        return found

    def _strangers(self) -> tuple[str, ...]:
        """PHP files in the program's folders that came long after all others of it; a few of them."""
        return tuple(entry.path for entry in _later(self._of_core(), 5, _LATE_S))

    def _shown(self, path: str) -> str:
        return shown(path, self.docroot)


def _later(entries: list[TreeEntry], most: int, gap_s: float) -> list[TreeEntry]:
    """The newest files, if they are few and a gap in time lies between them and all others."""
    newest = sorted(entries, key=lambda entry: -entry.mtime)
    ends = [n for n in range(1, min(most, len(newest) - 1) + 1) if newest[n - 1].mtime - newest[n].mtime > gap_s]
    return newest[: ends[-1]] if ends else []


def _telling(settings: PhpSettings | None) -> tuple[tuple[str, str], ...]:
    if settings is None:
        return ()
    found = [(name, settings.constants[name]) for name in _TELLING if name in settings.constants]
    found.append(("table_prefix", settings.variables.get("table_prefix")))
    found += [(CONTENT_LINE, settings.lines[name][1]) for name in ("WP_CONTENT_DIR",) if name in settings.lines]
    found += [("names a variable", f"{name}:{settings.lines[name][1]}") for name in settings.with_variables[:1] if name in settings.lines]
    return tuple(
        (name, _("from {source}").format(source=value.depends) if isinstance(value, Unknown) else _plain(value)) for name, value in found
    )


def _plain(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    return "…" if isinstance(value, dict) else str(value)
