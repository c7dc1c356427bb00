"""Which of several errors is told first, and where a path of a log lies."""

from __future__ import annotations

from datetime import timedelta

from diagnostics.checks import run_checks
from diagnostics.facts.php_files import PhpFiles
from diagnostics.facts.small_files import SmallFiles
from tests.diagnostics.evidences import AT, evidence
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
