"""Which of several errors is told first, and where a path of a log lies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from diagnostics.checks import run_checks
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.php_files import PhpFiles
from diagnostics.facts.small_files import SmallFiles
from tests.diagnostics.evidences import AT, apache_line, evidence
from tests.fakes import FakeHost

FATAL = (
    "[{at:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  Uncaught Error: Call to undefined function {name}() in /home/demo/www/{name}.php:3\n"
)


def test_error_of_our_own_seconds_comes_before_later_ones_of_others() -> None:
    log = FATAL.format(at=AT, name="ours") + "".join(FATAL.format(at=AT + timedelta(seconds=30 + n), name="cron") for n in range(3))
    assert run_checks(evidence({}, log)).findings[0].path == "www/ours.php"


def test_script_is_found_where_a_folder_of_the_docroots_name_lies_further_up() -> None:
    seen = evidence({"www/lib/www/a.php": b"<?php\n"}, "")
    files = PhpFiles(SmallFiles(FakeHost()), seen, 0.0)
    assert files.here("/var/www/x/home/www/lib/www/a.php") == "/home/demo/www/lib/www/a.php" and files.here("/var/www/x/b.php") == ""


CATCHABLE = (
    "PHP Catchable fatal error:  Argument 1 passed to price() must be an instance of Mug, null given, "
    "called in /home/demo/www/x.php on line 3 and defined in /home/demo/www/y.php on line 7"
)


def test_catchable_error_of_php_before_7_4_ends_a_page_in_the_log_as_on_the_page() -> None:
    assert is_telling(CATCHABLE)
    warning = "PHP Warning:  a in /b.php on line 1"
    logged = run_checks(evidence({}, apache_line(f"AH01071: Got error 'PHP message: {warning}; PHP message: {CATCHABLE}'")))
    assert (logged.findings[0].cause, logged.findings[0].path) == ("php-uncaught-exception", "www/x.php")
    assert logged.findings[0].evidence[0].text.startswith("PHP Catchable")
    seen = evidence({}, None)
    body = CATCHABLE.replace("PHP Catchable fatal error", "<br /><b>Catchable fatal error</b>").encode()
    pages = tuple(replace(page, body=body) for page in seen.site.pages)
    shown = run_checks(replace(seen, site=replace(seen.site, pages=pages))).findings[0]
    assert (shown.check, shown.path, shown.line) == ("errors-shown", "www/x.php", 3)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("Unclosed '{' on line 3 does not match ')'", "php-parse-error"),
        ("Unclosed '{' on line 3", "php-truncated-file"),
        ('syntax error, unexpected token "}"', "php-parse-error"),
    ],
)
@pytest.mark.parametrize("form", ["<br />\n<b>Parse error</b>:  {said} in <b>{path}</b> on line <b>9</b><br />\n",
                                  "\nParse error: {said} in {path} on line 9\n"])  # fmt: skip
def test_place_of_an_error_that_a_page_shows_is_behind_the_place_where_a_bracket_was_opened(said: str, cause: str, form: str) -> None:
    body = form.format(said=said, path="/home/demo/www/wp-content/themes/t/functions.php").encode()
    seen = evidence({"www/wp-content/themes/t/functions.php": b"<?php\n"}, None)
    pages = tuple(replace(page, body=body) for page in seen.site.pages)
    found = run_checks(replace(seen, site=replace(seen.site, pages=pages))).findings[0]
    assert (found.path, found.line) == ("www/wp-content/themes/t/functions.php", 9)
    assert found.cause == "wordpress-theme" and cause in found.also
