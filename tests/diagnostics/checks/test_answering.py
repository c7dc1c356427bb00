"""Lines of other requests: what they can and cannot say of the failure at hand."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence
from diagnostics.facts.gather import SitePaths, gather
from tests.diagnostics.evidences import AT, apache_line, evidence, site
from tests.fakes import FakeHost, Node

OTHERS = "198.51.100.9:1234"
REFUSED = 'ModSecurity: Access denied with code {code} (phase 2). Pattern match [id "941100"] [msg "XSS"] [uri "/xmlrpc.php"]'
NGINX = (
    '2026/11/22 03:12:04 [error] 1#1: *5 {what}, client: 198.51.100.9, server: x, request: "GET /slow HTTP/1.1", '
    'upstream: "fastcgi://unix:/run/php.sock:", host: "{host}"\n'
)
TOO_BIG = "upstream sent too big header while reading response header from upstream"
CRASH = "[22-Nov-2026 03:12:04] WARNING: [pool {pool}] child 7 exited on signal 11 (SIGSEGV) after 2.0 seconds from start\n"


def causes(seen: Evidence) -> list[str]:
    """What was concluded from the log."""
    found = [finding for finding in run_checks(seen).findings if finding.check in ("host-side", "php-service")]
    return [finding.cause for finding in found if any(proof.source == "error-log" for proof in finding.evidence)]


@pytest.mark.parametrize(("code", "status", "expected"), [(403, 500, []), (500, 500, ["web-application-firewall"]), (403, 503, [])])
def test_firewall_is_to_blame_only_for_the_code_that_it_answers_with(code: int, status: int, expected: list[str]) -> None:
    log = apache_line(REFUSED.format(code=code), client=OTHERS, level="security2:error")
    assert causes(evidence({}, log, status=status)) == expected


@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        ("AH01114: HTTP: failed to make connection to backend: 10.0.0.1", 500, []),
        ("AH01114: HTTP: failed to make connection to backend: 10.0.0.1", 503, ["upstream-bad-gateway"]),
        ("AH01079: failed to make connection to backend: httpd-UDS", 500, []),
        ("AH01079: failed to make connection to backend: httpd-UDS", 503, ["php-service-down"]),
        ("(70007)The timeout specified has expired: AH01075: Error dispatching request to :", 500, []),
        ("(70007)The timeout specified has expired: AH01075: Error dispatching request to :", 504, ["upstream-timeout"]),
        ("mod_fcgid: HTTP request length 200000 (so far) exceeds MaxRequestLen (131072)", 500, ["request-too-long"]),
    ],
)
def test_other_requests_of_a_gateway_say_nothing_of_a_page_that_a_program_answers(said: str, status: int, expected: list[str]) -> None:
    found = causes(evidence({}, apache_line(said, client=OTHERS, level="proxy:error"), status=status))
    assert sorted(set(found)) == expected


@pytest.mark.parametrize(("host", "expected"), [("other.example", 0), ("shop.example", 1), ("www.shop.example:8080", 1)])
def test_line_that_names_another_site_says_nothing_of_this_one(host: str, expected: int) -> None:
    assert len(causes(evidence({}, NGINX.format(what=TOO_BIG, host=host), status=502))) == expected


@pytest.mark.parametrize(("pool", "expected"), [("www", 1), ("demo", 1), ("shop.example", 1), ("neighbour", 0)])
def test_process_of_another_account_is_none_of_ours(pool: str, expected: int) -> None:
    path = "/var/log/php8.2-fpm.log"
    files = {"/home/demo/www/index.php": b"<?php\n", path: Node(content=CRASH.format(pool=pool).encode(), mtime=AT.timestamp())}
    seen = gather(FakeHost(files, protocol="ssh"), site(503), SitePaths("/home/demo/www", path), "apache-755", AT)
    assert len(causes(seen)) == expected


def test_crash_of_php_says_nothing_of_a_page_that_answers_500() -> None:
    assert causes(evidence({}, CRASH.format(pool="www"))) == []
    assert causes(evidence({}, CRASH.format(pool="www"), status=503)) == ["php-process-crash"]
