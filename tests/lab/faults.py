"""What people do to their sites, each with what a diagnosis should say about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.lab.hosting import HTACCESS, Hosting

HTACCESS_PATH = "www/.htaccess"


@dataclass(frozen=True)
class Fault:
    """`proof`: words of the log line; `line`: None where the log and the file name none; `profile`: where the default does not fit."""

    name: str
    cause: str
    path: str
    line: int | None
    proof: str
    make: Callable[[Hosting], None]
    page: str = "/"
    profile: str = ""
    changed: tuple[str, ...] = (HTACCESS_PATH,)
    confidence: float = 0.95


def _htaccess(content: bytes) -> Callable[[Hosting], None]:
    return lambda made: made.write(HTACCESS_PATH, content)


def _replaced(old: bytes, new: bytes) -> Callable[[Hosting], None]:
    assert HTACCESS.count(old) == 1
    return _htaccess(HTACCESS.replace(old, new))


def _added(lines: bytes) -> Callable[[Hosting], None]:
    return _htaccess(HTACCESS + lines)


def line_of(words: bytes, content: bytes = HTACCESS) -> int:
    """The number of the line that holds these words."""
    return next(number for number, line in enumerate(content.splitlines(), 1) if words in line)


LAST = len(HTACCESS.splitlines())


def _open_cgi(made: Hosting) -> None:
    (made.docroot / "cgi" / "contact.cgi").chmod(0o777)


def _shop(made: Hosting) -> None:
    made.write("www/shop/.htaccess", b"AddCharset utf-8 .html\r\nAddTyp text/plain .txt\r\nAddType text/plain .log\r\n")


FAULTS = (
    Fault(
        "misspelt",
        "htaccess-invalid-directive",
        HTACCESS_PATH,
        line_of(b"RewriteEngine"),
        "RewritEngine",
        _replaced(b"RewriteEngine On", b"RewritEngine On"),
    ),
    Fault(
        "unclosed-section",
        "htaccess-unclosed-section",
        HTACCESS_PATH,
        LAST + 1,
        "was not closed",
        _added(b'<FilesMatch "\\.bak$">\nRequire all denied\n'),
    ),
    Fault(
        "apache-2.2",
        "htaccess-apache22-syntax",
        HTACCESS_PATH,
        2,
        "Order",
        _htaccess(b"Options -Indexes\nOrder allow,deny\nAllow from all\n"),
    ),
    Fault(
        "rewrite-flag",
        "htaccess-bad-rewrite-flag",
        HTACCESS_PATH,
        LAST + 1,
        "unknown flag",
        _added(b"RewriteRule ^old$ /about.html [R=301,Lst]\n"),
    ),
    Fault(
        "byte-order-mark",
        "htaccess-byte-order-mark",
        HTACCESS_PATH,
        1,
        "Invalid command",
        _htaccess(b"\xef\xbb\xbf" + HTACCESS),
    ),
    Fault(
        "php-value",
        "htaccess-php-directive-under-fpm",
        HTACCESS_PATH,
        LAST + 1,
        "php_value",
        _added(b"php_value memory_limit 256M\n"),
    ),
    Fault(
        "module-not-there",
        "htaccess-module-not-loaded",
        HTACCESS_PATH,
        LAST + 1,
        "SecRuleEngine",
        _added(b"SecRuleEngine Off\n"),
    ),
    Fault(
        "two-at-once",
        "htaccess-invalid-directive",
        HTACCESS_PATH,
        3,
        "DirectoryIndx",
        _htaccess(HTACCESS.replace(b"DirectoryIndex ", b"DirectoryIndx ").replace(b"Header set", b"Headr set")),
    ),
    Fault(
        "in-a-folder",
        "htaccess-invalid-directive",
        "www/shop/.htaccess",
        2,
        "AddTyp",
        _shop,
        page="/shop/",
        changed=("www/shop/.htaccess",),
    ),
    Fault(
        "cgi-open-to-all",
        "cgi-writable-by-others",
        "www/cgi/contact.cgi",
        None,
        "End of script output before headers",
        _open_cgi,
        page="/cgi/contact.cgi",
        profile="cpanel-suexec",
        changed=("www/cgi/contact.cgi",),
        confidence=0.9,  # the host keeps suEXEC's own words to itself
    ),
)
