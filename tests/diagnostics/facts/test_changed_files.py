"""Files that changed since the site was well are read wherever they lie, where no log tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts import changed_files
from diagnostics.facts.gather import gather
from diagnostics.installed import Change
from tests.diagnostics.evidences import AT, PATHS, apache_line, site
from tests.fakes import FakeHost, Node

PATH = "controllers/SiteController.php"
WELL = b"<?php\nnamespace app\\controllers;\nclass SiteController {\n    public function show() {\n        return 1;\n    }\n}\n"
FATAL = "PHP Fatal error:  Uncaught Error: Call to undefined function a() in /home/demo/www/index.php:3"


def seen(content: bytes, *, how: str = "changed", source: str = "baseline", log: str = "") -> Evidence:
    host = FakeHost({
        "/home/demo/www/index.php": b"<?php\nrequire __DIR__ . '/../vendor/autoload.php';\n", f"/home/demo/{PATH}": content,
        "/home/demo/logs/error.log": Node(content=log.encode(), mtime=AT.timestamp()),
    })  # fmt: skip
    made = gather(host, site(), PATHS, "", AT)
    entry = TreeEntry(PATH, f"/home/demo/{PATH}", "file", 0o644, len(content), AT.timestamp())
    change = Change("folder", "controllers", AT.timestamp(), AT.timestamp(), 1, (PATH,), how, source)
    return changed_files.read(host, replace(made, program=(entry,), changes=(change,)))


@pytest.mark.parametrize(
    ("content", "cause", "line"),
    [
        (b"\xef\xbb\xbf" + WELL, "php-byte-order-mark", 1),
        (WELL[:70], "php-truncated-file", 4),
        (WELL.replace(b"return 1;", b"return 1 2;"), "php-parse-error", 5),
        (b"", "php-truncated-file", None),
        (b"\0" * 200, "php-truncated-file", None),
    ],
)
def test_fault_of_a_changed_file_beside_the_docroot_is_named(content: bytes, cause: str, line: int | None) -> None:
    found = run_checks(seen(content)).findings[0]
    assert (found.cause, found.path, found.line, found.severity.value) == (cause, PATH, line, "critical")


def test_changed_file_that_reads_well_stays_a_suspicion() -> None:
    assert [each.cause for each in run_checks(seen(WELL)).findings][:1] == ["recent-change"]


@pytest.mark.parametrize(("how", "source"), [("added", "baseline"), ("changed", "times")])
def test_empty_file_is_not_blamed_where_it_may_always_have_been_so(how: str, source: str) -> None:
    assert "php-truncated-file" not in [each.cause for each in run_checks(seen(b"", how=how, source=source)).findings]


def test_nothing_more_is_read_where_the_log_tells() -> None:
    assert PATH not in [script.path for script in seen(b"", log=apache_line(FATAL, level="proxy_fcgi:error")).php.scripts]
