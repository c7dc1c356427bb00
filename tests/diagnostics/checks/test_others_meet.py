"""A site that answers us and fails for others: what the access log and the error log tell together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.facts.access_log import visits
from diagnostics.findings import Finding, Severity
from tests.diagnostics.evidences import AT, apache_line, evidence, site
from tests.fakes import Node

PAST = AT - timedelta(days=30)
FATAL = "AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught UnhandledMatchError: No case 'pt' in /home/demo/www/lib/a.php:3'"


def visit(seconds: int, path: str = "/", status: int = 500, agent: str = "Mozilla/5.0 (Macintosh)", client: str = "198.51.100.9") -> str:
    return f'{client} - - [{AT - timedelta(seconds=seconds):%d/%b/%Y:%H:%M:%S} +0000] "GET {path} HTTP/1.1" {status} 120 "-" "{agent}"\n'


def told(seconds: int, said: str = FATAL) -> str:
    return apache_line(said, AT - timedelta(seconds=seconds), "198.51.100.9:4000", "proxy_fcgi:error")


def findings(log: str, access: str, *, changed: bool = False, status: int = 200) -> tuple[Finding, ...]:
    node = Node(content=b"<?php\n\nmatch ($a) {};\n", mode=0o604, mtime=(AT if changed else PAST).timestamp())
    files: dict = {"www/lib/a.php": node}
    return run_checks(evidence(files, log, status=status, access=access + visit(0, "/?_=tok123", status))).findings


def test_what_visitors_meet_again_and_again_is_a_warning() -> None:
    found = findings(told(60) + told(40), visit(60) + visit(40, client="203.0.113.4"))[0]
    assert (found.cause, found.path, found.line) == ("php-uncaught-exception", "www/lib/a.php", 3)
    assert (found.severity, found.check, found.repairs) == (Severity.WARNING, "others-meet", ()) and "2 times" in found.summary


def test_what_one_visitor_met_once_is_a_note_before_that_all_is_well() -> None:
    found = findings(told(40), visit(40))
    assert [(each.cause, each.severity) for each in found[:2]] == [("php-uncaught-exception", Severity.NOTE), ("none", Severity.NOTE)]


@pytest.mark.parametrize(
    ("log", "access", "changed"),
    [
        (told(60) + told(40), visit(60) + visit(40), True),  # repaired since
        (told(60) + told(40), visit(60, "/old/x.php") + visit(40, "/old/x.php"), False),  # of a page that nobody watches
        (told(60) + told(40), visit(60, status=404) + visit(40, status=200), False),
        (told(60) + told(40), "", False),  # a timed job
        ("", visit(60) + visit(40), False),
        (told(60) + told(40), visit(20) + visit(10), False),  # another thing
        (told(4000) + told(3000), visit(4000) + visit(3000), False),  # long ago
    ],
)
def test_what_no_visitor_of_a_page_meets_now_is_not_told(log: str, access: str, changed: bool) -> None:
    assert [each.cause for each in findings(log, access, changed=changed)] == ["none"]


def test_error_that_is_caught_is_no_matter_of_visitors() -> None:
    warning = "AH01071: Got error 'PHP message: PHP Warning:  Undefined variable $a in /home/demo/www/lib/a.php on line 3'"
    assert [each.cause for each in findings(told(60, warning) + told(40, warning), visit(60) + visit(40))] == ["none"]


def test_requests_of_our_own_are_no_visits() -> None:
    ours = visit(3, "/?_=tok123") + visit(2, agent="Sitemend/1.0 (+https://sitemend.example)")
    assert visits((ours + visit(1)).encode(), site().pages)[0].at == AT - timedelta(seconds=1)
    assert len(visits((ours + visit(1)).encode(), site().pages)) == 1
