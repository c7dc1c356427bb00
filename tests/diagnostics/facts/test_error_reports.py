# ruff: noqa: E501 (a line of a report stays on one line)
"""Each error in a file of its own, and its number on the page."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence
from diagnostics.facts.gather import gather
from diagnostics.findings import Severity
from tests.diagnostics.evidences import AT, PATHS, site
from tests.fakes import FakeHost, Node

FILE, SAID = "/var/www/x/www/lib/Price.php", "No price for article 417"
TRACE = "#0 /var/www/x/www/index.php(7): Price->rows()\n#1 {main}"
FORMS = {
    "print_r": f"Array\n(\n    [id] => 20261122-031204-a1b2c3\n    [type] => DomainException\n    [message] => {SAID}\n    [file] => {FILE}\n    [line] => 20\n    [trace] => {TRACE}\n)\n",
    "var_export": f"array (\n  'id' => '20261122-031204-a1b2c3',\n  'message' => '{SAID}',\n  'file' => '{FILE}',\n  'line' => 20,\n  'trace' => '{TRACE}',\n)",
    "json": json.dumps({"id": "20261122-031204-a1b2c3", "message": SAID, "file": FILE, "line": 20, "trace": TRACE}, indent=2),
    "json in a line": json.dumps({"exception": {"class": "DomainException", "message": SAID, "file": FILE, "line": 20}}),
    "lines": f"Date: today\nMessage: {SAID}\nFile: {FILE}\nLine: 20\n\n{TRACE}\n",
    "as a string": f"DomainException: {SAID} in {FILE}:20\nStack trace:\n{TRACE}\n",
}


def made(
    path: str, report: str, page: bytes = b"<h1>Sorry</h1><p>Please tell us this number: <b>20261122-031204-a1b2c3</b></p>"
) -> Evidence:
    """`path` below the docroot."""
    seen = site()
    seen = replace(seen, pages=tuple(replace(each, body=page) for each in seen.pages))
    files: dict[str, bytes | tuple[bytes, int] | Node] = {
        "/home/demo/www/index.php": b"<?php\n",
        "/home/demo/www/lib/Price.php": b"<?php\n",
        f"/home/demo/www/{path}": Node(content=report.encode(), mode=0o604, mtime=AT.timestamp()),
        "/home/demo/www/reports/old-report-1.txt": Node(content=report.replace("Price", "Old").encode(), mtime=AT.timestamp() - 90_000),
    }
    return gather(FakeHost(files), seen, PATHS, "ovh-mutualise", AT)


@pytest.mark.parametrize("report", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    "path", ["var/reports/20261122-031204-a1b2c3.report", "tmp/incidents/error_20261122-031204-a1b2c3.txt", "data/20261122-031204-a1b2c3"]
)
def test_the_report_whose_number_the_page_shows_names_the_place(path: str, report: str) -> None:
    found = next(each for each in run_checks(made(path, report)).findings if each.severity is Severity.CRITICAL)
    assert (found.path, found.line) == ("www/lib/Price.php", 20) and "php-uncaught-exception" in (found.cause, *found.also)


@pytest.mark.parametrize(
    "path", ["reports/a.txt", "log/exception--2026-11-22--03-12--0123456789.html", "storage/crashes/1.json", "var/errors/1"]
)
def test_a_fresh_report_in_a_folder_or_by_a_name_of_such_is_read_without_a_number(path: str) -> None:
    found = next(
        each for each in run_checks(made(path, FORMS["as a string"], b"<h1>Sorry</h1>")).findings if each.severity is Severity.CRITICAL
    )
    assert (found.path, found.line) == ("www/lib/Price.php", 20)


@pytest.mark.parametrize("path", ["notes/a.txt", "reports/a.php", "reports/a.jpg"])
def test_other_files_are_no_reports(path: str) -> None:
    assert not made(path, FORMS["lines"], b"<h1>Sorry</h1>").application_log
