"""A statement that PHP wants first: moved there where it is one plain line, left where it is more."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.findings import Finding, Proof
from diagnostics.repairs import try_plan
from diagnostics.repairs.first_statement import ID
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import WriteFile
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady
from tests.programs import binary

pytestmark = pytest.mark.django_db
STRICT = "strict_types declaration must be the very first statement in the script"
SPACE = "Namespace declaration statement has to be the very first statement or after any declare call in the script"


def said(text: str, line: int) -> Finding:
    return replace(finding("php-parse-error", "www/a.php", ID, line), evidence=(Proof("error-log", f"PHP Fatal error:  {text} in a.php"),))


@pytest.mark.parametrize(
    ("text", "line", "before", "after"),
    [
        (STRICT, 3, b"<?php\n$a = 1;\ndeclare(strict_types=1);\necho 1;\n", b"<?php\ndeclare(strict_types=1);\n$a = 1;\necho 1;\n"),
        (SPACE, 3, b"<?php\n$a = 1;\nnamespace A\\B; // x\necho 1;\n", b"<?php\nnamespace A\\B; // x\n$a = 1;\necho 1;\n"),
        (
            SPACE,
            4,
            b"<?php\ndeclare(strict_types=1);\n$a = 1;\nnamespace A;\n",
            b"<?php\ndeclare(strict_types=1);\nnamespace A;\n$a = 1;\n",
        ),
        (STRICT, 3, b"<?php\r\n$a = 1;\r\ndeclare(strict_types=1);\r\n", b"<?php\r\ndeclare(strict_types=1);\r\n$a = 1;\r\n"),
        (SPACE, 3, b"\n <?php\nnamespace A;\n", b"<?php\nnamespace A;\n"),
    ],
)
def test_statement_is_put_first_and_php_reads_the_file(
    docroot: Path, settings: object, text: str, line: int, before: bytes, after: bytes
) -> None:
    fill(docroot, {"a.php": before})
    plan = planned(docroot, said(text, line))
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.after == after
    php = binary("php")
    for content, status in ((before, 255), (after, 0)):
        assert subprocess.run([php, "-n", "-l"], input=content, capture_output=True, check=False).returncode == status
    assert plan.needs_person and kind_of(ID) == "" and offering.guide_step(plan) == "php"
    steady(docroot, settings, plan)


@pytest.mark.parametrize(
    ("text", "line", "content"),
    [
        ("syntax error, unexpected end of file", 3, b"<?php\n$a = 1;\ndeclare(strict_types=1);\n"),
        (SPACE, 3, b"<?php\n$a = 1;\nnamespace A { }\n"),
        (SPACE, 3, b"<p>hello</p>\n<?php\nnamespace A;\n"),  # what is shown before is not ours to take out
        (SPACE, 2, b"<?php $a = 1;\nnamespace A;\n"),
        (SPACE, 3, b"<?php\n$a = 1;\nnamespace A; $b = 2;\n"),
        (SPACE, 9, b"<?php\n$a = 1;\nnamespace A;\n"),
    ],
)
def test_what_is_no_plain_line_is_left(docroot: Path, text: str, line: int, content: bytes) -> None:
    fill(docroot, {"a.php": content})
    assert try_plan(ID, read(docroot, said(text, line)), said(text, line)) is None
