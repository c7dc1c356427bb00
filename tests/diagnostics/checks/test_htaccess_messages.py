"""What Apache complains of, and which file and line of those that the login sees it means."""

from __future__ import annotations

import pytest

from diagnostics.checks.htaccess_messages import complaint_in, file_of
from diagnostics.checks.registry import run_checks
from diagnostics.evidence import TextFile
from tests.diagnostics.evidences import apache_line, evidence

PAGE = b'<!DOCTYPE html>\n<html lang="en">\n<head><title>A</title></head>\n<body><pre># a</pre></body>\n</html>\n'


def file(path: str, content: bytes) -> TextFile:
    return TextFile(path, f"/{path}", content, 0o604, 0.0)


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ("TRACE cannot be controlled by <Limit>, see TraceEnable", b"<Limit TRACE>\nRequire all denied\n</Limit>\n"),
        ("Too many arguments to directive", "Options -Indexes\nExpiresByType image/png “access plus 1 month”\n".encode()),
        ("Unrecognized header format %C", b'Header set X-Load "%CPU"\n'),
    ],
)
def test_file_above_the_docroot_is_known_by_its_fault_where_the_login_sees_another_root(message: str, content: bytes) -> None:
    complaint = complaint_in(apache_line(f"/srv/customers/7/home/.htaccess: {message}"))
    inside = file("www/.htaccess", b"Options -Indexes\n")
    assert complaint is not None and file_of(complaint, (file(".htaccess", content), inside)) == file(".htaccess", content)
    assert file_of(complaint, (file(".htaccess", b"FileETag None\n"), inside)) is None


@pytest.mark.parametrize(
    "message",
    [
        "Invalid command '<!DOCTYPE', perhaps misspelled or defined by a module not included in the server configuration",
        "<!DOCTYPE> directive missing closing '>'",
        "<body><pre>#> directive missing closing '>'",
        "</html> without matching <html> section",
        "A message that nobody knows",
    ],
)
@pytest.mark.parametrize("client", ["192.0.2.7:4711", "198.51.100.9:1"])
def test_page_of_html_under_this_name_is_named_whatever_is_said_of_it(message: str, client: str) -> None:
    log = apache_line(f"/home/demo/www/.htaccess: {message}", client=client)
    first = run_checks(evidence({"www/.htaccess": PAGE}, log)).findings[0]
    assert first.path == "www/.htaccess" and first.cause in ("htaccess-invalid-directive", "htaccess-unclosed-section")
    assert first.severity.value == "critical" and first.line is not None
