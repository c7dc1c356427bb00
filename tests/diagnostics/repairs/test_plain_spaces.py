"""Invisible characters in a `.htaccess`: the line is kept, with plain spaces in it."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.htaccess.invisible import has_invisible, made_plain
from diagnostics.repairs import plan_repair, try_plan
from diagnostics.repairs.plan import Plan
from tests.diagnostics.evidences import evidence
from tests.diagnostics.repairs.test_repairs import after, seen
from tests.diagnostics.repairs.test_repairs import finding as found

N, Z = "\u00a0".encode(), "\u200b".encode()


def first_plan(content: bytes) -> Plan:
    """What is offered first for a site with such a file."""
    made = evidence({"www/.htaccess": content})
    told = run_checks(made).findings[0]
    return next(plan for repair in told.repairs if (plan := plan_repair(repair, made, told)) is not None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"RewriteEngine" + N + b"On\n", b"RewriteEngine On\n"),
        (N + b"Options -Indexes\n", b"Options -Indexes\n"),
        (b"Rewrite" + Z + b"Engine On\r\n", b"RewriteEngine On\r\n"),
        (b"Options -Indexes\n" + N + b"\nFileETag None\n", b"Options -Indexes\n \nFileETag None\n"),
        (b"FileETag\xa0None\n", b"FileETag None\n"),
        (b"RewriteEngine On\nRewriteRule" + N + b"^a$ /b.html" + N + b"[L]\n", b"RewriteEngine On\nRewriteRule ^a$ /b.html [L]\n"),
        (b"<IfModule" + N + b"mod_rewrite.c>\nRewriteEngine On\n</IfModule>\n",
         b"<IfModule mod_rewrite.c>\nRewriteEngine On\n</IfModule>\n"),
        (b"Options" + N + b"-Indexes\nFileETag" + N + b"None\n# a" + N + b"b\n", b"Options -Indexes\nFileETag None\n# a" + N + b"b\n"),
    ],
)  # fmt: skip
def test_line_with_an_invisible_character_is_kept_with_a_plain_space(old: bytes, new: bytes) -> None:
    plan = first_plan(old)
    assert after(plan) is not None and after(plan).lstrip(b" ") == new.lstrip(b" ") and not plan.needs_person


def test_line_in_which_words_are_not_parted_is_told_with_what_stands_in_it() -> None:
    told = run_checks(evidence({"www/.htaccess": b"RewriteEngine" + N + b"On\n"})).findings[0]
    assert (told.cause, told.line) == (
        "htaccess-invalid-directive",
        1,
    ) and "invisible character stands beside RewriteEngine" in told.summary


@pytest.mark.parametrize("line", ['AuthName "Mein\u00a0Bereich"', "Options -Indexes", "Header set X-A 'a\u200bb' env=c"])
def test_line_without_an_invisible_character_of_its_own_is_left_alone(line: str) -> None:
    assert not has_invisible(line) and made_plain(line) == line
    assert try_plan("plain-htaccess-spaces", seen(line.encode() + b"\n"), found("htaccess-bad-argument", 1)) is None


def test_text_in_quotes_is_kept_where_a_line_is_made_plain() -> None:
    assert made_plain('AuthName\u00a0"Mein\u00a0Bereich"') == 'AuthName "Mein\u00a0Bereich"'
