"""A process that was ended while its script waited, and room that is left elsewhere than where the site writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence, SpaceLeft
from diagnostics.findings import Finding
from tests.diagnostics.evidences import AT, apache_line, evidence

_WAITS = b"<?php\n$title = 'Tides';\n$answer = file_get_contents('http://weather.example/now.json');\necho $answer;\n"
_RESET = "AH01067: Failed to read FastCGI header"


def of_page(content: bytes, took_ms: float | None) -> Finding:
    log = apache_line(_RESET, level="proxy_fcgi:error")
    seen = evidence({"www/tides.php": content}, log, status=503, path="/tides.php")
    start = replace(seen.site.pages[0], path="/", kind="ok", status=200)
    pages = (start, *(replace(page, ms=took_ms) for page in seen.site.pages))
    return run_checks(replace(seen, site=replace(seen.site, pages=pages))).findings[0]


def test_script_that_was_ended_after_a_while_waits_at_a_line() -> None:
    found = of_page(_WAITS, 2004.0)
    assert (found.cause, found.path, found.line) == ("script-too-slow", "www/tides.php", 3)
    assert "php-process-crash" in found.also


@pytest.mark.parametrize(("content", "took_ms"), [(_WAITS, 40.0), (_WAITS, None), (b"<?php\necho 1;\n", 2004.0)])
def test_what_fails_at_once_or_waits_for_nothing_crashes(content: bytes, took_ms: float | None) -> None:
    assert of_page(content, took_ms).cause == "php-process-crash"


@pytest.mark.parametrize(("seconds", "is_now"), [(1, True), (90, False)])
def test_full_disk_told_as_we_asked_is_no_moment_that_has_passed(seconds: int, is_now: bool) -> None:
    at = AT + timedelta(seconds=seconds)
    line = f"[{at:%d-%b-%Y %H:%M:%S} UTC] PHP Warning:  fopen(/home/demo/www/s/sess_1): Failed to open stream: No space left on device in /home/demo/www/a.php on line 6\n"  # fmt: skip  # noqa: E501
    seen: Evidence = replace(evidence({"www/a.php": b"<?php\n"}, line, path="/a.php"), space=SpaceLeft(10**9, 10**10, 10**6, None, None))
    found = [each.confidence for each in run_checks(seen).findings if each.cause == "disk-full"]
    assert (max(found) >= 0.95) is is_now


def test_crash_that_our_own_request_met_is_how_a_script_looks_that_was_ended_while_it_waited() -> None:
    log = apache_line(_RESET, level="proxy_fcgi:error") + apache_line("(104)Connection reset by peer: AH01075: Error dispatching request to :9000: ", level="proxy_fcgi:error")  # fmt: skip  # noqa: E501
    access = f'192.0.2.7 - - [{AT:%d/%b/%Y:%H:%M:%S} +0000] "GET /tides.php?tok123 HTTP/1.1" 503 299 "-" "Probe tok123"\n'
    seen = evidence({"www/tides.php": _WAITS}, log, status=503, path="/tides.php", access=access)
    start = replace(seen.site.pages[0], path="/", kind="ok", status=200)
    pages = (start, *(replace(page, ms=2004.0) for page in seen.site.pages))
    found = run_checks(replace(seen, site=replace(seen.site, pages=pages))).findings
    assert seen.error_log[0].paired  # type: ignore[index]
    assert [(each.cause, each.path, each.line) for each in found if each.severity.value == "critical"] == [
        ("script-too-slow", "www/tides.php", 3)
    ]
