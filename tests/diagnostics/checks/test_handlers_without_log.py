"""A line that hands PHP to a socket which is not there, where no log says so."""

from __future__ import annotations

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.evidence import PageSeen, SiteSeen
from diagnostics.facts.gather import gather
from diagnostics.findings import Severity
from tests.diagnostics.evidences import AT, PATHS
from tests.fakes import FakeHost

APACHES = b"<title>503 Service Unavailable</title><p>The server is temporarily unable to service your\nrequest due to maintenance</p>"
SOCKET = b'<FilesMatch "\\.php$">\n  SetHandler "proxy:unix:/run/php/php7.4-fpm-old.sock|fcgi://localhost"\n</FilesMatch>\n'


def causes(lines: bytes, *, status: int = 503, body: bytes = APACHES) -> list[tuple[str, str, int | None]]:
    kind = "ok" if status == 200 else "gateway-error"
    page = PageSeen("/", "https://shop.example/", kind, status, AT, body=body)
    seen = SiteSeen("shop", "https://shop.example/", "up" if status == 200 else "down", kind, (page,), None if status == 200 else AT)
    host = FakeHost({"/home/demo/www/index.php": (b"<?php\n", 0o604), "/home/demo/www/.htaccess": (lines, 0o604)})
    found = run_checks(gather(host, seen, PATHS, "ovh-mutualise", AT)).findings
    return [(each.cause, each.path, each.line) for each in found if each.severity is Severity.CRITICAL]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (SOCKET, 2),
        (b"Options -Indexes\n" + SOCKET, 3),
        (b'<FilesMatch "\\.(php|phtml)$">\nSetHandler "proxy:fcgi://127.0.0.1:9074"\n</FilesMatch>\n', 2),
        (b'AddHandler "proxy:unix:/var/run/php-fpm/old.sock|fcgi://localhost" .php\n', 1),
    ],
)
def test_line_that_hands_programs_to_a_target_is_named(lines: bytes, line: int) -> None:
    assert causes(lines)[0] == ("htaccess-php-handler-override", "www/.htaccess", line)


@pytest.mark.parametrize(
    ("lines", "status", "body"),
    [
        (SOCKET, 503, b"<h1>Back soon</h1><p>We are moving the shop to its new home.</p>"),  # a program's own answer
        (SOCKET, 200, b"<p>Welcome</p>"),
        (SOCKET.replace(b"php$", b"cgi$"), 503, APACHES),  # of other files
        (b'<FilesMatch "\\.php$">\nSetHandler application/x-httpd-php\n</FilesMatch>\n', 503, APACHES),
    ],
)
def test_line_that_is_not_to_blame_is_not_named(lines: bytes, status: int, body: bytes) -> None:
    assert "htaccess-php-handler-override" not in [cause for cause, _path, _line in causes(lines, status=status, body=body)]
