"""Where the error logs of a site lie when nobody has said: told by names, in the folders that hosts and panels use for logs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from diagnostics.evidence import TreeEntry
from diagnostics.facts.paths import above
from diagnostics.transports.base import Entry, FileKind, Reader, TransportError

MOST_FOLDERS = 8  # listed to find logs
MOST_FOUND = 4
MOST_IN_FOLDERS = 4  # of those that PHP drops beside its scripts
_FOLDERS = ("logs", "log", ".logs", "ik-logs")  # below the account or above the docroot
_BELOW = ("nginx", "apache", "apache2", "httpd", "php", "php-fpm", "fpm", "https", "http", "domains")
_SYSTEM = ("/var/log/apache2", "/var/log/nginx", "/var/log/httpd", "/usr/local/lsws/logs", "/var/log")
_NAME = re.compile(
    r"(?:^|[._-])(?:(?:php_?)?err(?:or)?s?|stderr|phperrors?)(?:[._-]?log)?(?:[._-]|$)|^php[\w.-]*(?:fpm)?[\w.-]*\.log$|(?:^|[._-])slow(?:[._-]?log)?$",
    re.IGNORECASE,
)
_ROTATED = re.compile(r"\.(?:gz|bz2|xz|zst|zip|\d{1,4})$|[-_.]\d{4}-?\d{2}-?\d{2}")
_OF_OTHERS = re.compile(r"mysql|mariadb|mail|ftp|cron|ssh|dpkg|cups|exim|access", re.IGNORECASE)
_BESIDE_SCRIPTS = re.compile(r"(?:php)?_?error_?log|php[_-]?errors?\.log|errors?\.log|error_php\.log|debug\.log", re.IGNORECASE)


def is_error_log(name: str) -> bool:
    """Whether a file of this name may be the log that is written now."""
    return bool(_NAME.search(name)) and not _ROTATED.search(name) and not _OF_OTHERS.search(name)


def is_of_machine(path: str) -> bool:
    """Whether this log is not of this account alone."""
    return path.startswith(("/var/log/", "/usr/local/"))


def find(reader: Reader, docroot: str, domain: str, usual: Iterable[str] = ()) -> list[str]:
    """Paths, the likeliest first: those the profile names, those that bear the site's name, then by place. Never raises."""
    roots = list(dict.fromkeys([above(docroot), _home(reader)]))
    found: list[Entry] = []
    folders = [*roots]
    looked = 0
    while folders and looked < MOST_FOLDERS:
        folder = folders.pop(0)
        looked += 1
        entries = _list(reader, folder)
        found += [entry for entry in entries if _is_file(entry) and is_error_log(posixpath.basename(entry.path))]
        wanted = _FOLDERS if folder in roots else (*_BELOW, domain, f"www.{domain}")
        folders += [entry.path for entry in entries if not _is_file(entry) and posixpath.basename(entry.path) in wanted]
    if not found and reader.protocol in ("ssh", "local"):
        for folder in _SYSTEM:
            found += [entry for entry in _list(reader, folder) if _is_file(entry) and is_error_log(posixpath.basename(entry.path))]
    named = [posixpath.join(root, name) for root in roots for name in usual]
    found.sort(key=lambda entry: (not _bears(entry.path, domain), entry.path not in named, -entry.stat.mtime))
    return list(dict.fromkeys(entry.path for entry in found))[:MOST_FOUND]


def beside(reader: Reader, log: str, since: float) -> list[str]:
    """Other logs of the folder in which a log lies that were written to since then (seconds): PHP's own, PHP-FPM's slow log."""
    entries = [entry for entry in _list(reader, posixpath.dirname(log)) if _is_file(entry) and entry.path != log]
    fresh = [entry for entry in entries if is_error_log(posixpath.basename(entry.path)) and entry.stat.mtime >= since and entry.stat.size]
    return [entry.path for entry in sorted(fresh, key=lambda entry: -entry.stat.mtime)][:MOST_IN_FOLDERS]


def in_folders(tree: Iterable[TreeEntry], since: float) -> list[str]:
    """Logs that PHP or WordPress wrote beside the scripts since then (seconds), the newest first."""
    fresh = [entry for entry in tree if entry.kind == "file" and entry.size and entry.mtime >= since and _is_beside_scripts(entry.path)]
    return [entry.absolute for entry in sorted(fresh, key=lambda entry: -entry.mtime)][:MOST_IN_FOLDERS]


def _is_beside_scripts(path: str) -> bool:
    return bool(_BESIDE_SCRIPTS.fullmatch(posixpath.basename(path)))


def _bears(path: str, domain: str) -> bool:
    return bool(domain) and domain in path


def _is_file(entry: Entry) -> bool:
    """A link counts: panels link the log into the account."""
    return entry.stat.kind is FileKind.FILE or (entry.stat.kind is FileKind.LINK and "." in posixpath.basename(entry.path))


def _home(reader: Reader) -> str:
    try:
        return reader.home().rstrip("/") or "/"
    except TransportError:
        return "/"


def _list(reader: Reader, folder: str) -> list[Entry]:
    try:
        return reader.list(folder)
    except TransportError:
        return []
