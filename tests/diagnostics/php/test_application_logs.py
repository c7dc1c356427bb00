# ruff: noqa: E501 (a line of a log stays on one line)
"""What applications write into logs of their own, as Monolog 2 and the programs' own writers do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.checks.php_messages import read_php_message
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Severity
from diagnostics.php.application_messages import read
from tests.diagnostics.evidences import AT, apache_line, evidence
from tests.fakes import FakeHost, Node

_AT = "2026-11-22 03:12:04"
_THROWN = r'"exception":"[object] (DomainException(code: 0): No price for mug \"7\" at /home/demo/{path}:12)'
_FORMS = {
    "laravel": f"[{_AT}] production.ERROR: No price for mug \"7\" {{{_THROWN.format(path='www/app/Price.php')}\n[stacktrace]\n#0 /home/demo/www/index.php(6): price()\n#1 {{main}}\n\"}} \n",
    "symfony": f"[2026-11-22T03:12:04.714629+00:00] request.CRITICAL: Uncaught PHP Exception DomainException: \"No price\" at Price.php line 12 {{{_THROWN.format(path='www/app/Price.php')}\"}} []\n",
    "json": '{"message":"No price","context":{"exception":{"class":"DomainException","message":"No price for mug","code":0,"file":"/home/demo/www/app/Price.php:12"}},"level":500,"level_name":"CRITICAL","channel":"request","datetime":"2026-11-22T03:12:04.714682+00:00","extra":{}}\n',
    "magento": "[2026-11-22T03:12:04.714629+00:00] main.CRITICAL: DomainException: No price for mug in /home/demo/www/app/Price.php:12\nStack trace:\n#0 /home/demo/www/index.php(6): price()\n",
    "joomla": '2026-11-22T03:12:04+00:00\tCRITICAL 192.0.2.7\terror\tUncaught Throwable of type DomainException thrown with message "No price". Stack trace: #0 [ROOT]/app/Price.php(12): price()\n',
    "prestashop": "*ERROR* \tv8.1.2\t2026/11/22 - 03:12:04: No price for mug at line 12 in file app/Price.php\n",
    "typo3": 'Sun, 22 Nov 2026 03:12:04 +0000 [CRITICAL] request="ab" component="TYPO3.CMS.Core.Error.ProductionExceptionHandler": Core: Exception handler (WEB: FE): Uncaught TYPO3 Exception: #1: No price | DomainException thrown in file /home/demo/www/app/Price.php in line 12.\n',
    "cakephp": f"{_AT} error: [DomainException] No price in /home/demo/www/app/Price.php on line 12\n",
    "codeigniter": f"CRITICAL - {_AT} --> DomainException: No price in /home/demo/www/app/Price.php on line 12\n",
    "yii": f"{_AT} [192.0.2.1][-][-][error][DomainException] DomainException: No price in /home/demo/www/app/Price.php:12\n",
    "nextcloud": '{"reqId":"x","level":3,"time":"2026-11-22T03:12:04+00:00","message":"No price","exception":{"Exception":"DomainException","Message":"No price","Code":0,"Trace":[{"file":"/home/demo/www/index.php","line":3}],"File":"/home/demo/www/app/Price.php","Line":12}}\n',
    "slim": f"[{_AT}] 500 Internal Server Error\nType: DomainException\nCode: 0\nMessage: No price\nFile: /home/demo/www/app/Price.php\nLine: 12\nTrace: #0 {{main}}\n",
    "by hand": "22.11.2026 03:12:04 | Booking service: key expired | /home/demo/www/app/Price.php (12)\n",
    "by hand, too": f"{_AT} ERROR key expired at /home/demo/www/app/Price.php, line 12\n",
    "old exception": f"[{_AT}] main.ERROR: exception 'DomainException' with message 'No price' in /home/demo/www/app/Price.php:12\n",
}  # fmt: skip
_TREE: dict[str, bytes | tuple[bytes, int]] = {
    "www/app/Price.php": b"<?php\n" + b"\n" * 20 + b"price();\n",
    "www/index.php": b"<?php\nrequire 'app/Price.php';\n",
}


def log(text: str) -> Node:
    return Node(content=text.encode(), mode=0o604, mtime=AT.timestamp())


def found(name: str, text: str, server_log: str = "") -> list[Finding]:
    files = {**_TREE, name: log(text)}
    return [each for each in run_checks(evidence(files, server_log)).findings if each.severity is Severity.CRITICAL]  # type: ignore[arg-type]


@pytest.mark.parametrize("form", _FORMS)
def test_error_of_every_writer_is_named_with_its_place(form: str) -> None:
    first = found("www/var/log/prod.log", _FORMS[form])[0]
    assert (first.cause, first.path, first.line) == ("application-answers-500", "www/app/Price.php", 12)
    assert first.evidence[0].source == "application-log" and first.sureness == "likely"


def test_cause_that_is_known_by_name_is_told_instead() -> None:
    text = f'[{_AT}] production.ERROR: x {{"exception":"[object] (Error(code: 0): Class \\"IntlDateFormatter\\" not found at /home/demo/www/app/Price.php:12)"}}\n'
    assert found("www/storage/logs/laravel.log", text)[0].cause == "php-missing-extension"
    text = f'[{_AT}] production.ERROR: x {{"exception":"[object] (PDOException(code: 1045): SQLSTATE[HY000] [1045] Access denied for user at /home/demo/www/app/Price.php:12)"}}\n'
    assert found("www/storage/logs/laravel.log", text)[0].cause == "database-access-denied"


def test_error_in_a_library_is_told_where_the_site_called_it() -> None:
    text = _FORMS["laravel"].replace("www/app/Price.php", "www/vendor/laravel/framework/src/A.php")
    first = found("www/storage/logs/laravel.log", text)[0]
    assert (first.path, first.line) == ("www/index.php", 6)


def test_quiet_entries_and_old_ones_are_no_cause() -> None:
    old = _FORMS["laravel"].replace(_AT, "2026-11-20 03:12:04")
    text = old + f"[{_AT}] production.WARNING: Exception was handled in /home/demo/www/a.php:3\n[{_AT}] production.INFO: fine\n"
    assert [finding for finding in found("www/storage/logs/laravel.log", text) if finding.check == "application-log"] == []


def test_own_log_is_not_read_where_the_servers_log_explains() -> None:
    server_log = apache_line(
        "AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function gone() in /home/demo/www/index.php:2'"
    )
    assert {finding.check for finding in found("www/storage/logs/laravel.log", _FORMS["laravel"], server_log)} == {"php-errors"}


def test_report_that_magento_numbers_on_its_page_is_read() -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {
        "www/app/etc/env.php": b"<?php return [];\n", "www/bin/magento": b"", "www/pub/index.php": b"<?php\n", "www/index.php": b"<?php\n",
        "www/var/report/ab/cd/abcdef0123456789": b'{"0":"Call to undefined function imagick_open() in /home/demo/www/app/code/A.php:7","1":"#1 x"}',
    }  # fmt: skip
    seen = evidence(files, "")
    page = replace(seen.site.pages[0], body=b"<p>There has been an error. Error log record number: <strong>abcdef0123456789</strong></p>")
    host = FakeHost({f"/home/demo/{name}": content for name, content in files.items()})
    again = gather(host, replace(seen.site, pages=(page,)), SitePaths("/home/demo/www"), "apache-755", AT)
    assert [line.paired for line in again.application_log] == [True]


def test_what_is_no_error_is_not_read_as_one() -> None:
    assert read("[2026-11-22 03:12:04] production.INFO: fine [] []") is None
    assert read("{broken json") is None and read('{"message": 3}') is None and read("") is None


@pytest.mark.parametrize("between", ["\n", "\n\n", "\nStack trace:\n", "\n#0 {main}\n"])
def test_message_stands_above_a_trace_that_holds_the_only_place(between: str) -> None:
    found = read(f"Failed opening required '/srv/x/app/etc/env.php' (include_path='.'){between}#1 /srv/x/www/index.php(4): run()")
    assert found is not None and (found.said.partition("'")[0], found.path, found.line) == (
        "Failed opening required ",
        "/srv/x/www/index.php",
        4,
    )


@pytest.mark.parametrize(
    "said", ["Unclosed '['", "Unmatched '}'", "Unclosed '{' on line 3 does not match ')'", "syntax error, unexpected end of file"]
)
def test_file_that_php_cannot_read_is_told_as_such_though_a_program_caught_it(said: str) -> None:
    log = f"ERROR - {_AT} --> Severity: error --> Exception: {said} /home/demo/www/app/Price.php 12\n"
    found = read_php_message(read(log).text)  # type: ignore[union-attr]
    assert found is not None and found.cause in ("php-parse-error", "php-truncated-file") and found.line == 12
    assert (found.cause == "php-parse-error") == ("match" in said)
