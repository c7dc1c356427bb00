"""Which causes are taken for each other: they look alike from outside, or leave nearly the same line in a log."""

from __future__ import annotations

from diagnostics.causes import CAUSES, Cause

_PAIRS = (
    ("htaccess-apache22-syntax", "htaccess-module-not-loaded"),
    ("htaccess-unclosed-section", "htaccess-bad-argument"),
    ("htaccess-bad-rewrite-flag", "htaccess-bad-regex"),
    ("htaccess-bad-argument", "htaccess-bad-regex"),
    ("htaccess-bad-errordocument", "htaccess-bad-argument"),
    ("htaccess-auth-file-missing", "file-unreadable"),
    ("htaccess-proxy-target-down", "upstream-bad-gateway"),
    ("htaccess-php-handler-override", "php-service-down"),
    ("file-unreadable", "php-missing-file"),
    ("folder-not-writable", "disk-full"),
    ("root-disabled-by-host", "folder-not-traversable"),
    ("cgi-not-executable", "cgi-interpreter-missing"),
    ("cgi-writable-by-others", "cgi-not-executable"),
    ("cgi-windows-line-endings", "cgi-interpreter-missing"),
    ("cgi-malformed-header", "cgi-script-error"),
    ("cgi-no-output", "cgi-script-error"),
    ("php-uncaught-exception", "application-answers-500"),
    ("php-uncaught-exception", "wordpress-plugin"),
    ("php-version-incompatible-code", "php-parse-error"),
    ("php-version-incompatible-code", "php-removed-function"),
    ("php-max-execution-time", "script-too-slow"),
    ("php-fatal-hidden", "application-answers-500"),
    ("php-byte-order-mark", "php-parse-error"),
    ("php-session-path-not-writable", "folder-not-writable"),
    ("php-session-path-not-writable", "disk-full"),
    ("user-ini-bad-prepend", "php-missing-file"),
    ("open-basedir", "file-unreadable"),
    ("open-basedir", "php-missing-file"),
    ("database-access-denied", "database-missing"),
    ("database-access-denied", "database-server-down"),
    ("database-missing", "database-table-missing"),
    ("database-table-missing", "database-table-crashed"),
    ("wordpress-theme", "wordpress-plugin"),
    ("wordpress-mu-plugin", "wordpress-plugin"),
    ("wordpress-dropin", "wordpress-plugin"),
    ("wordpress-core-file", "php-missing-file"),
    ("wordpress-config-syntax", "php-parse-error"),
    ("wordpress-config-syntax", "database-access-denied"),
    ("recent-change", "wordpress-plugin"),
    ("upstream-bad-gateway", "php-service-down"),
    ("upstream-bad-gateway", "upstream-timeout"),
    ("hosting-out-of-service", "root-disabled-by-host"),
    ("web-application-firewall", "file-unreadable"),
    ("request-too-long", "web-application-firewall"),
    ("index-file-missing", "file-unreadable"),
    ("index-file-missing", "folder-not-traversable"),
    ("redirect-loop", "htaccess-rewrite-loop"),
)


def alike(cause: Cause) -> list[Cause]:
    """What this one is often confused with. It goes both ways."""
    codes = [*cause.confused_with, *(each.code for each in CAUSES.values() if cause.code in each.confused_with)]
    codes += [other for pair in _PAIRS if cause.code in pair for other in pair if other != cause.code]
    return [CAUSES[code] for code in dict.fromkeys(codes) if code in CAUSES]
