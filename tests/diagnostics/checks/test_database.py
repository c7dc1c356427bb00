"""What the site's database says is told where a page fails in a way that a program makes it fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import PageSeen
from diagnostics.installed import DatabaseTrial
from tests.diagnostics.evidences import AT, evidence

_APACHE = b"<html><head>\n<title>%s</title>\n</head><body>\n<h1>%s</h1>\n<p>You don't have permission.</p>\n</body></html>"
_LACKS = DatabaseTrial("here", "localhost", "shop", "ps_", "www/config.php", "well", tables=3, missing=("ps_shop",))
_REFUSED = DatabaseTrial("here", "localhost", "shop", "ps_", "www/config.php", "connect", 1045, "Access denied for user")
_WELL = ("/", "ok", 200, b"<h1>Shop</h1>")


def causes(trial: DatabaseTrial, *pages: tuple[str, str, int, bytes]) -> set[str]:
    made = evidence({"www/config.php": b"<?php\n"})
    seen = tuple(PageSeen(path, f"https://shop.example{path}", kind, status, AT, body=body) for path, kind, status, body in pages)
    made = replace(made, site=replace(made.site, pages=seen), database=trial)
    return {found.cause for found in run_checks(made, ("database",)).findings}


@pytest.mark.parametrize("trial", [_LACKS, _REFUSED])
@pytest.mark.parametrize(
    "pages",
    [
        (_WELL, ("/old/", "client-error", 403, _APACHE % (b"403 Forbidden", b"Forbidden"))),
        (_WELL, ("/old/", "client-error", 403, b"<h1>Members only</h1>")),  # an ErrorDocument
        (_WELL, ("/old/", "client-error", 401, b"")),
        (
            _WELL,
            (
                "/gone.html",
                "client-error",
                404,
                b"<html><head><title>404 Not Found</title></head><body><center>nginx</center></body></html>",
            ),
        ),
        (("/", "client-error", 403, _APACHE % (b"403 Forbidden", b"Forbidden")),),
    ],
)
def test_page_that_the_web_server_refuses_is_no_matter_of_the_database(
    trial: DatabaseTrial, pages: tuple[tuple[str, str, int, bytes], ...]
) -> None:
    assert causes(trial, *pages) == set()


@pytest.mark.parametrize(
    "pages",
    [
        (_WELL, ("/cart", "server-error", 500, b"")),
        (("/", "server-error", 500, b""), ("/old/", "client-error", 403, b"")),
        (_WELL, ("/cart", "client-error", 404, b"<title>Shop</title><h1>This page is not there</h1>")),  # so answers a program
        (("/", "client-error", 403, b"<h1>The shop is closed</h1>"),),
    ],
)
def test_page_that_a_program_answered_is_one(pages: tuple[tuple[str, str, int, bytes], ...]) -> None:
    assert causes(_LACKS, *pages) == {"database-table-missing"}
    assert causes(_REFUSED, *pages) == {"database-access-denied"}


@pytest.mark.parametrize(
    ("code", "said", "hint"),
    [
        (4151, "Access denied, this account is locked", "unlock the user there, and set a new password"),
        (3118, "Access denied for user 'me'@'localhost'. Account is locked.", "unlock the user there, and set a new password"),
        (1820, "You must SET PASSWORD before executing this statement", "has expired. Set a new one in your host's panel"),
        (1862, "Your password has expired. To log in you must change it", "has expired. Set a new one in your host's panel"),
        (1045, "Access denied for user 'me'@'localhost' (using password: YES)", "is not the one the database knows"),
    ],
)
def test_user_that_the_host_has_shut_is_opened_in_its_panel(code: int, said: str, hint: str) -> None:
    """A settings file with another password alone would not help."""
    failing = PageSeen("/", "https://shop.example/", "server-error", 500, AT, body=f"<p>SQLSTATE[HY000] [{code}] {said}</p>".encode())
    made = evidence({"www/config.php": b"<?php\n"})
    made = replace(made, site=replace(made.site, pages=(failing,)))
    asked = replace(made, database=replace(_REFUSED, code=code, message=said))
    for each, check in ((asked, "database"), (made, "database-shown")):
        found = run_checks(each, (check,)).findings[0]
        assert found.cause == "database-access-denied" and hint in found.hint and "database-login" in found.repairs
