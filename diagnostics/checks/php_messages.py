"""Which cause a message of PHP names, by what it says and where it says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.checks.stack import BY_LIBRARY
from diagnostics.facts.log_messages import FATAL_WORDS
from diagnostics.php.database_words import is_refused_right
from diagnostics.php.versions import Version
from diagnostics.php.words import causes_of, root_in_warnings

_FILE = r"(/[^\n]{0,1000}?|[A-Za-z]:[\\/][^\n]{0,1000}?|Unknown)"
# Of code that is no file's own, such as what eval() is given, the line that runs it is behind its file.
_RUNS = r"(?:\((\d{1,7})\) : [\w()' -]{1,40}(?:\(\d{1,7}\) : [\w()' -]{1,40}){0,3}|(?:\(\d{1,7}\)){0,3})"
_PLACE = re.compile(rf" in {_FILE}{_RUNS}(?: on line |:)(\d{{1,9}})")
_THROWN = re.compile(rf"thrown in {_FILE}{_RUNS} on line (\d{{1,9}})")
_FATAL = re.compile(rf"PHP {FATAL_WORDS} error:|^{FATAL_WORDS} error:|\] {FATAL_WORDS} error:")
_WORDPRESS = (
    (re.compile(r"/wp-content/plugins/([^/\s:]+)"), "wordpress-plugin"),
    (re.compile(r"/wp-content/themes/([^/\s:]+)"), "wordpress-theme"),
    (re.compile(r"/wp-content/mu-plugins/([^/\s:]+)"), "wordpress-mu-plugin"),
    (re.compile(r"/wp-content/(object-cache|advanced-cache|db|db-error|sunrise|maintenance|fatal-error-handler)\.php"), "wordpress-dropin"),
    (re.compile(r"/(wp-includes|wp-admin)/"), "wordpress-core-file"),
)
# What comes with a program or a library: an error thrown there was mostly caused by whoever called it.
_OF_LIBRARIES = re.compile(
    r"/(?:vendor|wp-includes|wp-admin|node_modules|typo3_src|sysext|libraries|phar:)/|^\[internal|/core/(?:lib|includes|modules)/"
)
_OF_COMPOSER = re.compile(r"Composer(?:Autoloader|Static)Init\w*[\"']? not found")  # its own files were mixed: no caller is to blame
_OF_WORDPRESS = re.compile(r"/wp-(?:includes|admin)/")
_STARTS = re.compile(r"/(?:index|wp-(?:blog-header|load|settings|config|cron|login))\.php\Z")  # on the way to every error of WordPress
_FRAME = re.compile(r"^#\d+ (/[^\n]{1,600}?)\((\d+)\): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PhpMessage:
    """`cause` is the most specific code, `also` the others that fit; `path` as the server names it.

    `thrown_in`: where PHP stopped, where that is a library's file and `path` is the site's own that called it. `is_right`: a database
    took the login and refused what it was asked for. `is_kept`: the code that fails is kept elsewhere, often in the database, and is run
    at `line`.
    """

    cause: str
    also: tuple[str, ...]
    path: str
    line: int | None
    message: str
    slug: str = ""
    thrown_in: str = ""
    is_right: bool = False
    is_kept: bool = False


def read_php_message(text: str, before: str = "", running: Version | None = None) -> PhpMessage | None:
    """The fatal that this log line tells of; None for warnings and for lines that are not of PHP.

    `before`: what the same request said before; `running`: the site's PHP version, where it is known.
    """
    match = _FATAL.search(text)
    if match is None:
        return None
    body = text[match.start() :]
    place = _place(body)
    path, line = (place.group(1), int(place.group(2) or place.group(3))) if place else ("", None)
    is_kept = place is not None and place.group(2) is not None
    head, _mark, trace = body.partition("Stack trace:")
    general, also = causes_of(head, before, in_unknown=path == "Unknown" and line == 0, running=running)
    is_right = general.startswith("database-") and is_refused_right(head, trace)
    general = "database-access-denied" if is_right else general
    if root := root_in_warnings(general, before):
        also, (general, path, line) = (general, *also), root
    thrown_in = ""
    is_of_library = _OF_LIBRARIES.search(path) and not _OF_COMPOSER.search(head)
    if _is_callers_fault(general) and is_of_library and by_place(path, general)[0] in ("", "wordpress-core-file"):
        own = (frame for frame in _FRAME.finditer(trace) if not _OF_LIBRARIES.search(frame.group(1)))
        caller = next((frame for frame in own if not (_OF_WORDPRESS.search(path) and _STARTS.search(frame.group(1)))), None)
        if caller is not None:
            thrown_in, path, line = path, caller.group(1), int(caller.group(2))
    first = body.split("\n")[0][:500]
    specific, slug = by_place(path, general)
    if specific and specific != general:
        return PhpMessage(specific, (general, *also), path, line, first, slug, thrown_in, is_kept=is_kept)
    return PhpMessage(general, also, path, line, first, "", thrown_in, is_right, is_kept)


def _is_callers_fault(general: str) -> bool:
    return general in ("php-uncaught-exception", "php-version-incompatible-code", "php-class-not-found")


def _place(body: str) -> re.Match[str] | None:
    return _PLACE.search(BY_LIBRARY.sub(" ", body.partition("Stack trace:")[0])) or _THROWN.search(body)


def by_place(path: str, general: str) -> tuple[str, str]:
    """The cause that names the part of a WordPress in which this path lies, and the part's own name; ("", "") elsewhere."""
    if path.endswith("/wp-config.php") and general in ("php-parse-error", "php-truncated-file"):
        return "wordpress-config-syntax", ""
    if general.startswith(("database-", "user-ini-", "disk-")) or general in ("open-basedir", "php-missing-extension"):
        return "", ""
    for pattern, cause in _WORDPRESS:
        if match := pattern.search(path):
            if cause == "wordpress-plugin" and general in ("php-removed-function", "php-version-incompatible-code"):
                cause = "wordpress-plugin-php-incompatible"
            elif cause == "wordpress-plugin" and general == "php-memory-limit":
                cause = "wordpress-plugin-memory"
            elif cause == "wordpress-core-file" and general not in ("php-parse-error", "php-truncated-file", "php-class-not-found",
                                                                    "php-missing-file", "php-undefined-function"):  # fmt: skip
                return "", ""
            return cause, match.group(1)
    return "", ""
