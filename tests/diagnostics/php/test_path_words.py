"""Paths that PHP code puts together, told without running it."""

from __future__ import annotations

import time

import pytest

from diagnostics.facts.cgi_uses import opened, started
from diagnostics.php.failed_calls import failed_call
from diagnostics.php.path_words import Code, Where, way_of

WHERE = Where("/srv/www")


@pytest.mark.parametrize(
    ("words", "path", "is_whole"),
    [
        ("__DIR__ . '/a.txt'", "/srv/www/lib/a.txt", True),
        ("dirname(__DIR__) . '/data/' . $name . '.csv'", "/srv/www/data/", False),
        ("dirname(__FILE__, 2) . DIRECTORY_SEPARATOR . \"a\"", "/srv/www/a", True),
        ("$_SERVER['DOCUMENT_ROOT'] . '/a'", "/srv/www/a", True),
        ("rtrim(BASE, '/') . '/a'", "/srv/www/a", True),
        ("\"$base/{$sub}/a.txt\"", "/srv/www//cache/a.txt", True),
        ("$name . '.txt'", "", False),
        ("strtolower('A')", "", False),
    ],
)  # fmt: skip
def test_the_path_is_told_as_far_as_it_is_known(words: str, path: str, is_whole: bool) -> None:
    code = "<?php\ndefine('BASE', dirname(__DIR__) . '/');\n$base = BASE;\n$sub = 'cache';\n$name = $_GET['n'];\n"
    found = way_of(words, len(code), [Code("/srv/www/lib/a.php", code)], WHERE)
    assert (found.path, found.is_whole) == (path, is_whole) if path else found is None


def test_code_that_goes_round_or_on_without_end_is_given_up_in_time() -> None:
    began = time.monotonic()
    for text in ("$a = $b; $b = $a;", "const A = " * 6000, "$a = $a . $a;" * 4000, "define('A', A);" * 4000, "(" * 60_000, "'" * 60_000):
        way_of("A . $a . '/x'", len(text), [Code("/srv/www/a.php", text)], WHERE)
        failed_call("TypeError: flock(): Argument #1 ($stream) must be of type resource, bool given", f"{text}\nflock($a, 2);".encode(), 2)
    for code in (b" " * 60_000, b'open(MAIL, "|' * 4000, b"$m = '/a/b'\n" * 5000, b"open('a.txt', " * 4000):
        started(b"#!/usr/bin/perl\n" + code)
        opened(b"#!/usr/bin/python3\n" + code)
    assert time.monotonic() - began < 8
