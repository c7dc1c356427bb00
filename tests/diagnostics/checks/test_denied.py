"""What the web server was refused, where the permissions that a listing shows would allow it."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.findings import Finding, Severity
from tests.diagnostics.evidences import apache_line, evidence


def found(message: str, mode: int) -> list[Finding]:
    files = {"www/price.html": (b"<p>x</p>", mode)}
    log = apache_line(message, level="core:error")
    return [each for each in run_checks(evidence(files, log, status=403, path="/price.html")).findings if each.check == "denied"]


@pytest.mark.parametrize("mode", [0o604, 0o600])
@pytest.mark.parametrize(
    "message",
    [
        "(13)Permission denied: AH00132: file permissions deny server access: /home/demo/www/price.html",
        "(13)Permission denied: AH00035: access to /price.html denied (filesystem path '/home/demo/www/price.html') because "
        "search permissions are missing on a component of the path",
    ],
)
def test_file_that_the_server_was_refused_is_named_whatever_its_mode_says(message: str, mode: int) -> None:
    first = found(message, mode)[0]
    assert (first.cause, first.path, first.severity) == ("file-unreadable", "www/price.html", Severity.CRITICAL)
    assert ("would allow" in first.summary) == (mode == 0o604)
    assert bool(first.repairs) == (mode == 0o600)  # another mode would change nothing


def test_file_that_only_the_line_knows_is_not_blamed() -> None:
    assert not found("(13)Permission denied: AH00132: file permissions deny server access: /home/demo/www/other.html", 0o604)
