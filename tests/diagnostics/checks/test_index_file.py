"""A folder that is asked for and has no start page: a page that was lost, or files that nobody is to see a list of."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.findings import Severity
from tests.diagnostics.evidences import apache_line, evidence

_SAID = "AH01276: Cannot serve directory /home/demo/www/{folder}/: No matching DirectoryIndex (index.php,index.html) found, and server-generated directory index forbidden by Options directive"  # noqa: E501


@pytest.mark.parametrize(
    ("files", "severity"),
    [
        ({"www/x/one.jpg": b"\xff\xd8", "www/x/big/two.PNG": b"\x89P"}, Severity.NOTE),
        ({"www/x/one.jpg": b"\xff\xd8", "www/x/about.php": b"<?php\n"}, Severity.CRITICAL),
        ({"www/x/old/index.html": b"<p>", "www/x/one.jpg": b"\xff\xd8"}, Severity.CRITICAL),
    ],
)
def test_folder_of_pictures_is_no_page(files: dict[str, bytes | tuple[bytes, int]], severity: Severity) -> None:
    log = apache_line(_SAID.format(folder="x"), level="autoindex:error")
    found = next(each for each in run_checks(evidence(files, log, status=403, path="/x/")).findings if each.cause == "index-file-missing")
    assert (found.severity, found.path) == (severity, "www/x")
