"""What Apache complains of, and which file and line of those that the login sees it means."""

from __future__ import annotations

from dataclasses import replace

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


OF_APACHE = b"<h1>Forbidden</h1>\n<p>You don't have permission to access this resource.Server unable to read htaccess file, denying access to be safe</p>"  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("mode", [0o640, 0o600, 0o000])
def test_htaccess_that_the_servers_page_says_it_may_not_read_is_the_one_that_others_may_not(mode: int) -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {
        "www/.htaccess": (b"Options -Indexes\n", 0o640), "www/offers/.htaccess": (b"Options -Indexes\n", mode), "www/offers/a.html": b"a",
    }  # fmt: skip
    seen = evidence(files, None, status=403, path="/offers/")
    start = replace(seen.site.pages[0], path="/", kind="ok", status=200)
    pages = (start, *(replace(page, body=OF_APACHE) for page in seen.site.pages))
    first = run_checks(replace(seen, site=replace(seen.site, pages=pages))).findings[0]
    assert (first.cause, first.path, first.severity.value) == ("htaccess-unreadable", "www/offers/.htaccess", "critical")
    assert first.confidence > 0.9


@pytest.mark.parametrize(("body", "mode"), [(b"<h1>Forbidden</h1>", 0o640), (OF_APACHE, 0o644)])
def test_htaccess_is_not_blamed_without_the_page_or_against_its_mode(body: bytes, mode: int) -> None:
    seen = evidence({"www/offers/.htaccess": (b"Options -Indexes\n", mode), "www/offers/a.html": b"a"}, None, status=403, path="/offers/")
    pages = tuple(replace(page, body=body) for page in seen.site.pages)
    found = run_checks(replace(seen, site=replace(seen.site, pages=pages))).findings
    assert not [each for each in found if each.cause == "htaccess-unreadable" and each.severity.value == "critical"]
