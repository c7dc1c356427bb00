"""What the answer tells of what stands before the site."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Severity
from sites.recognition.intermediaries import BUSY, LATE, LIMITED, NOT_KNOWN, PHP_GONE, UNREACHABLE, Speaker
from tests.diagnostics.evidences import apache_line, evidence

_FOUND = ("upstream-bad-gateway", "upstream-timeout", "resource-limit-reached", "root-disabled-by-host", "web-server-unreachable")


def seen(kind: str, status: int | None, detail: str = "", verdict: str = "down") -> Evidence:
    made = evidence({}, "")
    page = replace(made.site.pages[0], kind=kind, status=status, detail=detail)
    return replace(made, site=replace(made.site, verdict=verdict, kind=kind, pages=(page,)))


def first(made: Evidence) -> Finding:
    return run_checks(made).findings[0]


@pytest.mark.parametrize(
    ("kind", "status", "detail", "cause"),
    [
        ("gateway-error", 520, "cdn-520", "upstream-bad-gateway"),
        ("gateway-error", 521, "cdn-521", "upstream-bad-gateway"),
        ("gateway-error", 522, "cdn-522", "upstream-timeout"),
        ("gateway-error", 524, "cdn-524", "upstream-timeout"),
        ("gateway-error", 526, "cdn-526", "upstream-bad-gateway"),
        ("gateway-error", 409, "cdn-409", "upstream-bad-gateway"),
        ("server-error", 508, "http-508", "resource-limit-reached"),
        ("suspended", 200, "suspended", "root-disabled-by-host"),
        ("suspended", 403, "suspended", "root-disabled-by-host"),
        ("suspended", 200, "default-page", "index-file-missing"),
        ("unreachable", None, "closed", "web-server-unreachable"),
    ],
)
def test_answer_of_a_front_is_its_cause(kind: str, status: int | None, detail: str, cause: str) -> None:
    found = first(seen(kind, status, detail))
    assert (found.cause, found.severity) == (cause, Severity.CRITICAL) and found.evidence


def test_refusal_of_our_requests_is_a_note_since_visitors_may_be_let_in() -> None:
    found = first(seen("blocked", 403, "firewall", verdict="unknown"))
    assert (found.cause, found.severity) == ("web-application-firewall", Severity.NOTE)


def test_site_that_is_well_has_nothing_before_it() -> None:
    assert first(seen("ok", 200, verdict="up")).cause == "none"


_NGINX = '2026/11/22 03:12:04 [error] 1#1: *5 {what}, client: 192.0.2.7, server: x, request: "GET / HTTP/1.1", host: "shop.example"\n'


@pytest.mark.parametrize(
    ("said", "status", "cause"),
    [
        ('limiting requests, excess: 20.450 by zone "one"', 503, "web-application-firewall"),
        ('limiting connections by zone "addr"', 503, "web-application-firewall"),
        ("connection to [uds://tmp/lshttpd/shop.sock] on request #0, confirmed, 0, error: Connection refused!", 503, "php-service-down"),
        (
            "connection to [uds://tmp/lshttpd/shop.sock] on request #1, confirmed, 1, error: Connection reset by peer!",
            503,
            "php-service-crash",
        ),
        ("mod_lsapi: Error on receiving response: ReceiveAckHdr: nothing to read from backend", 503, "php-service-crash"),
    ],
)
def test_line_of_a_host_names_its_limit_or_its_php(said: str, status: int, cause: str) -> None:
    assert first(evidence({}, _NGINX.format(what=said), status=status)).cause == cause


@pytest.mark.parametrize(
    "said",
    [
        'open() "/home/demo/www/lsapi/x.gif" failed (2: No such file or directory)',
        'open() "/home/demo/www/a-uds:/lsphp" failed (2: No such file or directory)',
        'FastCGI sent in stderr: "PHP message: PHP Warning:  include(lsapi.php): Failed to open stream: No such file or directory"',
    ],
)
def test_address_or_file_that_bears_the_name_of_a_service_is_not_that_service(said: str) -> None:
    found = run_checks(evidence({}, _NGINX.format(what=said), status=503)).findings
    assert "php-service-down" not in {each.cause for each in found}


@pytest.mark.parametrize(
    "said",
    [
        "(11)Resource temporarily unavailable: couldn't create child process: 11: form.cgi",
        "(12)Cannot allocate memory: AH01223: couldn't spawn child process: /home/demo/www/cgi/form.cgi",
        "mod_hostinglimits: Error on LVE enter: LVE(1003) HANDLER(php) ERRNO(7) Read more",
    ],
)
@pytest.mark.parametrize("status", [500, 503])
def test_program_that_the_host_does_not_start_any_more_met_a_limit(said: str, status: int) -> None:
    log = apache_line(said, level="cgi:error")
    assert first(evidence({}, log, status=status)).cause == "resource-limit-reached"


def test_log_of_the_server_is_no_log_of_the_program() -> None:
    log = _NGINX.format(what="something of nginx that nobody knows: error: no")
    assert "application-answers-500" not in [each.cause for each in run_checks(evidence({}, log, status=503)).findings]


def with_front(front: Speaker | None, status: int, *, well: bool = False, log: str | None = None, powered_by: str = "") -> Evidence:
    made = evidence({}, log, status=status)
    page = replace(made.site.pages[0], front=front, powered_by=powered_by)
    others = (replace(page, path="/news/", kind="ok", status=200, front=None),) if well else ()
    return replace(made, site=replace(made.site, pages=(page, *others)))


@pytest.mark.parametrize(
    ("problem", "status", "cause"),
    [
        (UNREACHABLE, 502, "upstream-bad-gateway"),
        (UNREACHABLE, 503, "upstream-bad-gateway"),
        (LATE, 504, "upstream-timeout"),
        (LATE, 503, "upstream-timeout"),
        (NOT_KNOWN, 404, "upstream-bad-gateway"),
        (NOT_KNOWN, 500, "upstream-bad-gateway"),
        (BUSY, 503, "resource-limit-reached"),
        (PHP_GONE, 503, "php-service-down"),
        (LIMITED, 503, "resource-limit-reached"),
    ],
)
@pytest.mark.parametrize("log", [None, ""])
def test_who_answers_in_the_sites_place_is_named_with_what_it_met(problem: str, status: int, cause: str, log: str | None) -> None:
    found = first(with_front(Speaker("HAProxy", problem), status, log=log))
    assert (found.cause, found.severity) == (cause, Severity.CRITICAL) and found.confidence >= 0.6
    assert "HAProxy" in found.summary and "HAProxy" in found.hint and "HAProxy" in found.evidence[0].text


def test_front_without_a_name_is_told_as_what_it_is() -> None:
    assert "something that stands before the site" in first(with_front(Speaker("", UNREACHABLE), 503)).summary


def test_balancer_that_gives_up_on_a_site_that_fails_is_less_sure() -> None:
    log = apache_line("PHP Fatal error:  Uncaught Error: Call to undefined function a() in /home/demo/www/index.php:1", level="php:error")
    found = {each.cause: each for each in run_checks(with_front(Speaker("HAProxy", UNREACHABLE), 503, log=log)).findings}
    assert found["upstream-bad-gateway"].confidence == pytest.approx(0.7)


def test_balancer_that_fails_for_one_page_only_is_a_guess() -> None:
    found = run_checks(with_front(Speaker("HAProxy", UNREACHABLE), 502, well=True)).findings
    assert [each.confidence for each in found if each.check == "fronts"] == [0.5]


@pytest.mark.parametrize("well", [False, True])
@pytest.mark.parametrize("log", [None, ""])
@pytest.mark.parametrize(
    ("status", "powered_by", "cause", "named"),
    [
        (502, "openresty", "upstream-bad-gateway", "openresty"),
        (503, "nginx/1.24.0", "upstream-bad-gateway", "nginx"),
        (503, "", "upstream-bad-gateway", "the web server, or what stands before it"),
        (504, "Tengine", "upstream-timeout", "Tengine"),
        (503, "PHP/8.2.1 Apache", "application-answers-500", "own program"),
    ],
)
def test_gateways_error_never_ends_with_nothing_said(
    well: bool, log: str | None, status: int, powered_by: str, cause: str, named: str
) -> None:
    found = run_checks(with_front(None, status, log=log, powered_by=powered_by, well=well)).findings
    told = [each for each in found if each.severity is Severity.CRITICAL]
    assert told and (any(each.cause == cause and named in each.summary for each in told) or told[0].check != "unexplained")


def test_cause_that_is_known_is_not_called_unexplained() -> None:
    found = run_checks(evidence({}, _NGINX.format(what='limiting requests, excess: 20.450 by zone "one"'), status=503)).findings
    assert "unexplained" not in {each.check for each in found}
