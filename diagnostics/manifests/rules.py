"""Which folders are counted only, which small files are kept with their content, and what belongs together for a person. Data, by CMS.

The places are those of each system's own documentation: what it writes by itself while it runs says nothing of what a person changed.
"""

from __future__ import annotations

import posixpath
import re

from sites.texts import mark as _

# Counted wherever they stand. "*" stands for one name.
_COUNTED = (
    ".git", ".svn", ".hg", "node_modules", ".cache", ".npm",
    # WordPress
    "wp-content/cache", "wp-content/uploads", "wp-content/upgrade", "wp-content/upgrade-temp-backup", "wp-content/blogs.dir",
    "wp-content/backups", "wp-content/updraft", "wp-content/ai1wm-backups", "wp-content/backups-dup-lite", "wp-content/backup-db",
    "wp-content/wflogs", "wp-content/et-cache", "wp-content/litespeed", "wp-content/wpvividbackups", "wp-content/debug-log-manager",
    # Symfony, Laravel
    "var/cache", "var/log", "var/logs", "var/sessions", "storage/framework", "storage/logs", "storage/app", "bootstrap/cache",
    # Drupal, Joomla, TYPO3
    "sites/*/files", "administrator/cache", "administrator/logs", "typo3temp", "fileadmin",
    # CodeIgniter 3 and 4, OpenCart: logs and caches of theirs end in .php too
    "application/cache", "application/logs", "writable/cache", "writable/debugbar", "writable/logs", "writable/session", "writable/uploads",
    "system/storage/cache", "system/storage/logs", "system/storage/session",
    # PrestaShop, Magento
    "cache/smarty", "img/p", "img/tmp", "pub/media", "pub/static", "var/page_cache", "var/view_preprocessed", "var/report", "var/session",
)  # fmt: skip
# Counted only directly below the docroot: elsewhere a folder of this name may hold code.
_COUNTED_AT_TOP = (
    "cache", "tmp", "temp", "logs", "log", "sessions", "backup", "backups", "uploads", "upload", "download", "images", "generated",
)  # fmt: skip

CONFIGURATION = frozenset({".htaccess", ".user.ini", ".ovhconfig", "php.ini", "wp-config.php", "composer.json"})
_ENVIRONMENT = re.compile(r"\.env(?:\.[\w-]{1,30}){0,3}(?<!\.example)(?<!\.dist)(?<!\.sample)")
_UPWARDS = re.compile(r"^(?:\.\./)+")
_HEADER_AT = re.compile(rb"(?:^|/)wp-content/(?:plugins/([^/]+)/[^/]+\.php|plugins/[^/]+\.php|themes/[^/]+/style\.css)\Z")

# (what, the pattern that names it): the first that fits. The first group of a pattern is the name.
_GROUPS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern))
    for what, pattern in (
        ("plugin", r"(?:^|/)wp-content/plugins/([^/]+)"),
        ("theme", r"(?:^|/)wp-content/themes/([^/]+)"),
        ("mu-plugin", r"(?:^|/)wp-content/mu-plugins(?:/|$)()"),
        ("drop-in", r"(?:^|/)wp-content/((?:advanced-cache|object-cache|db|sunrise|maintenance)\.php)\Z"),
        ("language", r"(?:^|/)wp-content/languages(?:/|$)()"),
        ("core", r"(?:^|/)(?:wp-admin|wp-includes)(?:/|$)()"),
        ("core", r"^(?:[^/]+/)?(?:wp-[a-z-]+|xmlrpc)\.php\Z()"),
        ("extension", r"(?:^|/)(?:components|modules|plugins/[^/]+|templates)/((?:com|mod|plg|tpl)_[^/]+)"),
        ("extension", r"(?:^|/)modules/(?:contrib|custom)/([^/]+)"),
        ("extension", r"^modules/([^/]+)"),
        ("theme", r"(?:^|/)themes/(?:contrib/|custom/)?([^/]+)"),
        ("library", r"(?:^|/)vendor/([^/]+/[^/]+)"),
    )
)
GROUP_WORDS = {
    "configuration": _("configuration"),
    "plugin": _("plugin"),
    "theme": _("theme"),
    "mu-plugin": _("must-use plugins"),
    "drop-in": _("drop-in"),
    "language": _("translations"),
    "core": _("core of the CMS"),
    "extension": _("extension"),
    "library": _("library"),
    "counted": _("counted folder"),
    "folder": _("folder"),
    "top": _("files in the docroot"),
    "beside": _("files beside the docroot"),
    "php": _("PHP version"),
}


def _as_regex(place: str) -> str:
    return "/".join("[^/]+" if part == "*" else re.escape(part) for part in place.split("/"))


_COUNTED_PATH = re.compile(
    ("(?:^|.*/)(?:" + "|".join(map(_as_regex, _COUNTED)) + r")\Z|(?:" + "|".join(map(_as_regex, _COUNTED_AT_TOP)) + r")\Z").encode()
)


def is_counted(folder: bytes) -> bool:
    """Whether the files below this folder (relative to the docroot) are counted, not listed."""
    return _COUNTED_PATH.match(folder) is not None


def counted_above(path: bytes) -> bytes | None:
    """The outermost counted folder that a path lies in or is."""
    end = 0
    while end >= 0:
        end = path.find(b"/", end + 1)
        part = path if end < 0 else path[:end]
        if is_counted(part):
            return part
    return None


def is_configuration(path: bytes) -> bool:
    """Whether the content of this small file is kept."""
    return _is_named_as_configuration(posixpath.basename(path).decode("ascii", "replace")) or path == b"index.php"


def _is_named_as_configuration(name: str) -> bool:
    return name in CONFIGURATION or _ENVIRONMENT.fullmatch(name) is not None


def may_hold_header(path: bytes) -> bool:
    """Whether this may be the main file of a plugin or theme."""
    return _HEADER_AT.search(path) is not None


def group_of(path: str) -> tuple[str, str]:
    """What a path belongs to, and its name: ("plugin", "akismet"). Of one beside the docroot it begins with "../", as the path does."""
    if _is_named_as_configuration(path.rpartition("/")[2]):
        return "configuration", path
    inside = _UPWARDS.sub("", path)
    for what, pattern in _GROUPS:
        found = pattern.search(inside)
        if found:
            return what, found[1]
    if inside != path:  # a program may have a folder of its own there: the folders in that are told apart
        *folders, _name = inside.split("/")
        return ("folder", path[: -len(inside)] + "/".join(folders[:2])) if folders else ("beside", "")
    top, is_below, _rest = inside.partition("/")
    return ("folder", top) if is_below else ("top", "")
