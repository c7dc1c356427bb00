"""A `.htaccess` that a program made something else of: the text is back, and a real folder is as it was after the undo."""

from __future__ import annotations

import gzip
import html
import os
from pathlib import Path

import pytest

from diagnostics.checks import run_checks
from diagnostics.repairs import plan_repair, try_plan
from diagnostics.repairs.plain_htaccess import ID
from diagnostics.repairs.plan import Plan
from tests.diagnostics.evidences import evidence
from tests.diagnostics.repairs.real_folder import fill, planned, steady
from tests.diagnostics.repairs.real_folder import finding as named
from tests.diagnostics.repairs.test_repairs import after, seen
from tests.diagnostics.repairs.test_repairs import finding as found

pytestmark = pytest.mark.django_db
TEXT = """# Our rules
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteCond %{QUERY_STRING} "a&b"
RewriteRule ^old$ /new.php?a=1&section=$1&copy=2&region [L]
</IfModule>
<Files "secret.txt">
Require all denied
</Files>
"""


def first_plan(content: bytes) -> Plan:
    """What is offered first for a site with such a file."""
    made = evidence({"www/.htaccess": content})
    told = run_checks(made).findings[0]
    return next(plan for repair in told.repairs if (plan := plan_repair(repair, made, told)) is not None)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "spoilt",
    [
        lambda text: gzip.compress(text.encode(), mtime=0),
        lambda text: html.escape(text).encode(),
        lambda text: text.replace("<", "&lt;").replace(">", "&gt;").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
        lambda text: text.replace("\n", "<br>\n").replace("\r<br>", "<br>\r").encode(),
        lambda text: text.replace("\n", " <br />\n").encode(),
        lambda text: f"<pre>\n{text}</pre>\n".encode(),
        lambda text: f'<p class="code">\n<pre>\n{html.escape(text)}</pre>\n</p>\n'.encode(),
    ],
)
def test_text_is_back_as_it_was(spoilt: object, ends: str) -> None:
    text = TEXT.replace("\n", ends)
    plan = first_plan(spoilt(text))  # type: ignore[operator]
    assert plan.repair_id == ID and after(plan).replace(b"\r", b"") == TEXT.encode() and not plan.needs_person


def test_file_is_as_it_was_after_the_undo(docroot: Path, settings: object) -> None:
    fill(docroot, {".htaccess": gzip.compress(TEXT.encode(), mtime=0)})
    steady(docroot, settings, planned(docroot, named("htaccess-invalid-directive", "www/.htaccess", ID, 1)))


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        b'RewriteRule ^a$ "/b?c&lt;d" [L,NE]\n<IfModule x.c>\n</IfModule>\n',
        b'ErrorDocument 404 "<html><body>Gone</body></html>"\n',
        b"\x1f\x8b\x08" + b"no packed file",
        gzip.compress(bytes(2_000_000)),
        gzip.compress(os.urandom(2_000))[:900],
    ],
)
def test_what_is_plain_or_cannot_be_read_is_left(content: bytes) -> None:
    assert try_plan(ID, seen(content), found("htaccess-invalid-directive", 1)) is None
