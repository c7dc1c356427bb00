"""Where a program keeps its own files beside the docroot: told by what the start file loads, by the names there and by composer.json.

Only folders that programs are known to have are named, never the account as a whole: what else lies there is not the site's.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Collection, Iterator

from diagnostics.facts import start_files
from diagnostics.facts.paths import above
from diagnostics.facts.small_files import SmallFiles
from diagnostics.facts.software import SOFTWARE
from diagnostics.manifests.places import VENDOR, Place, Scope
from diagnostics.transports.base import Capability, ConnectionLost, ConnectionTimedOut, Entry, FileKind, Reader, TransportError

_MOST_PLACES, _MOST_CANDIDATES = 2, 4
_STARTS = ("index.php", "app.php", "autoload.php", "wp-config.php")  # of Drupal and Bedrock the latter load what lies beside
# Folders of code, settings and templates, as the frameworks' documentation and their skeletons name them.
_PARTS = frozenset({
    "app", "application", "backend", "bootstrap", "commands", "common", "components", "config", "configs", "console", "controllers",
    "core", "database", "framework", "frontend", "helpers", "inc", "include", "includes", "lang", "lib", "libraries", "library", "locale",
    "locales", "messages", "middleware", "migrations", "models", "module", "modules", "packages", "plugins", "protected", "recipes",
    "resources", "routes", "services", "src", "system", "templates", "themes", "translations", VENDOR, "views", "widgets",
})  # fmt: skip
_OWN_PARTS = frozenset({"bin", "data", "drush", "environments", "ext", "extensions"})  # where it has a folder of its own
_TELLING = frozenset({
    VENDOR, "composer.json", "composer.lock", "artisan", "spark", "yii", ".env", "config", "src", "app", "bootstrap", "routes", "system",
    "application", "core", "controllers",
})  # fmt: skip
# Whatever a start file or composer.json says of them, these are no code.
_NEVER = frozenset({
    "backup", "backups", "cache", "cgi-bin", "etc", "files", "log", "logs", "mail", "maildir", "Maildir", "node_modules", "private_html",
    "public_ftp", "runtime", "session", "sessions", "ssl", "stats", "statistics", "storage", "temp", "tmp", "uploads", "var", "web-stats",
    "webstats", "writable",
})  # fmt: skip
_ABOVE = ".."
_SETTINGS_ABOVE = frozenset({".htaccess", ".user.ini", ".ovhconfig", ".env", "php.ini", "wp-config.php"})
_OF_SYSTEM = frozenset({"/", "/home", "/var", "/srv", "/usr", "/opt", "/etc", "/root", "/tmp", "/var/www", "/var/www/vhosts"})  # noqa: S108


def recognised(files: SmallFiles, docroot: str, others: Collection[str] = ()) -> Scope:
    """The program's folders beside the docroot; nothing where none is known. `others`: docroots of other sites of the account.

    At most a handful of journeys. Raises only where the line is lost.
    """
    docroot = docroot.rstrip("/")
    if not docroot:
        return ()
    try:
        return _Search(files, docroot, others).run()
    except (ConnectionLost, ConnectionTimedOut):
        raise
    except TransportError:
        return ()


class _Search:
    def __init__(self, files: SmallFiles, docroot: str, others: Collection[str]) -> None:
        self.files, self.docroot, self.top = files, docroot, above(docroot)
        self.home = files.reader.home().rstrip("/") or "/"
        self.others = [each.rstrip("/") for each in others if each.rstrip("/") != docroot]
        self.listed: dict[str, dict[str, Entry]] = {}

    def run(self) -> Scope:
        loaded = self._loaded()
        found: dict[str, list[str]] = {}
        for path, (score, base) in sorted(((path, self._base_of(path)) for path in loaded), key=lambda each: -each[1][0]):
            is_known = base in found or any(_is_in(path, each, names) for each, names in found.items())
            if score and not is_known and len(found) < _MOST_PLACES:
                found[base] = self._folders(base, loaded)
        found = found or {base: self._folders(base, loaded) for base in self._by_names()}
        made = (self._place(base, [name for name in names if posixpath.join(base, name) not in found]) for base, names in found.items())
        scope = tuple(place for place in made if place.folders)
        if all(place.base != _ABOVE for place in scope) and self._has_settings_above():
            return (*scope, self._place(self.top, []))
        return scope

    def _has_settings_above(self) -> bool:
        """Whether files lie in the folder above the docroot that servers and programs read from there."""
        return self._may_be(self.top) and not _SETTINGS_ABOVE.isdisjoint(self._names(self.top))

    def _place(self, base: str, folders: list[str]) -> Place:
        return Place(posixpath.relpath(base, self.docroot), tuple(folders), not _is_quick(self.files.reader))

    # --- which folder ---------------------------------------------------------------------------------
    def _loaded(self) -> list[str]:
        """Absolute paths beside the docroot that its start files load."""
        starts = [f"{self.docroot}/{name}" for name in _STARTS]
        self.files.fetch(starts)
        paths = (path for start in starts for path in start_files.loads(self.files.content(start) or b"", self.docroot, self.docroot))
        return [path for path in dict.fromkeys(paths) if path != self.docroot and not path.startswith(f"{self.docroot}/")][:12]

    def _base_of(self, path: str) -> tuple[int, str]:
        """The folder of the program that such a path lies in: where most of what programs have lies beside it, and how much that is."""
        candidates = [base for base in _candidates(path) if self._may_be(base)][:_MOST_CANDIDATES]
        scored = [(len(_TELLING & set(self._names(base))), base) for base in candidates]
        return max(scored, key=lambda each: (each[0], len(each[1])), default=(0, ""))

    def _by_names(self) -> list[str]:
        """A known program whose docroot bears this name and whose other folders lie beside it."""
        own = posixpath.basename(self.docroot)
        fitting = [software for software in SOFTWARE if own in software.docroots and software.docroots[0]]
        if not fitting or not self._may_be(self.top):
            return []
        names = self._names(self.top)
        proven = (each for each in fitting if each.fits(names) and (not each.proof or self.files.exists(f"{self.top}/{each.proof}")))
        return [self.top] if next(proven, None) else []

    def _may_be(self, base: str) -> bool:
        """Whether it lies where the account's own programs can lie: in its home, or with the docroot."""
        if base == self.docroot or base.startswith(f"{self.docroot}/") or (base in _OF_SYSTEM and base != self.home):
            return False
        return any(base == top or base.startswith(f"{top.rstrip('/')}/") for top in (self.home, self.top))

    # --- what of it -----------------------------------------------------------------------------------
    def _folders(self, base: str, loaded: list[str]) -> list[str]:
        start = f"{base.rstrip('/')}/"
        wanted = _PARTS | {path[len(start) :].partition("/")[0] for path in loaded if path.startswith(start)} | set(self._autoloaded(base))
        if not self._is_shared(base):
            wanted |= _OWN_PARTS
        names = self._names(base)
        return sorted(
            name for name in wanted - _NEVER
            if name in names and names[name].stat.kind is FileKind.FOLDER and not name.startswith(".") and self._is_own(f"{start}{name}")
        )  # fmt: skip

    def _is_shared(self, base: str) -> bool:
        """Whether more than this program lies in it."""
        return base == self.home or any(f"{other}/".startswith(f"{base.rstrip('/')}/") for other in self.others)

    def _is_own(self, folder: str) -> bool:
        """Whether no docroot lies in it, neither this site's nor another's."""
        return not any(f"{each}/".startswith(f"{folder}/") or folder.startswith(f"{each}/") for each in (self.docroot, *self.others))

    def _autoloaded(self, base: str) -> Iterator[str]:
        """Folders that Composer loads classes from. Format: getcomposer.org/doc/04-schema.md."""
        try:
            found = json.loads(self.files.content(posixpath.join(base, "composer.json")) or b"{}")
        except (ValueError, RecursionError):
            return
        autoload = found.get("autoload") if isinstance(found, dict) else None
        for rule in autoload.values() if isinstance(autoload, dict) else ():
            named = rule.values() if isinstance(rule, dict) else rule if isinstance(rule, list) else ()
            ways = (way for each in named for way in (each if isinstance(each, list) else [each]) if isinstance(way, str))
            yield from (posixpath.normpath(way).partition("/")[0] for way in ways)

    def _names(self, folder: str) -> dict[str, Entry]:
        if folder not in self.listed:
            try:
                self.listed[folder] = {posixpath.basename(entry.path): entry for entry in self.files.reader.list(folder)}
            except (ConnectionLost, ConnectionTimedOut):
                raise
            except TransportError:
                self.listed[folder] = {}
        return self.listed[folder]


def _candidates(path: str) -> Iterator[str]:
    """The folders that hold a part of a program on the way to a path, the innermost last; else the one above the folder of the file."""
    parts = path.strip("/").split("/")
    if VENDOR in parts:
        parts = parts[: parts.index(VENDOR) + 1]
    at = [number for number, part in enumerate(parts[:-1] if VENDOR not in parts else parts) if part in _PARTS]
    yield from ("/" + "/".join(parts[:number]) for number in at)
    if not at:
        yield posixpath.dirname(path)
        yield posixpath.dirname(posixpath.dirname(path))


def _is_in(path: str, base: str, folders: Collection[str]) -> bool:
    """Whether it is that folder, or lies in one of those of it that are the program's."""
    start = f"{base.rstrip('/')}/"
    return path == base or (path.startswith(start) and path[len(start) :].partition("/")[0] in folders)


def _is_quick(reader: Reader) -> bool:
    """Whether a tree of libraries costs one command, or no journey at all."""
    return reader.protocol == "local" or Capability.RUN_COMMANDS in reader.capabilities
