"""Whoever asks for a page writes into its logs, and an intruder writes into its files: none of it may keep a diagnosis busy."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.checks.php_messages import read_php_message
from diagnostics.evidence import TextFile
from diagnostics.facts import access_lines
from diagnostics.php import application_messages
from diagnostics.php.seen import PhpSeen, Script
from tests.diagnostics.evidences import AT, evidence

# Beginnings of what checks look for, which never come to their ends.
_REPEATED = (
    " in /a (1) : ", "] /", ": /x] /", "Expected </", "</x", "RewriteRule '' and URI '", "Invalid command '", "file_put_contents(",
    "(13)Permission denied: access to ", "require(", "fopen(", "mkdir(", "Directory ////", "AH00529: /x", "AH00035: access to ",
    "x not allowed ", "Accessing x", "Non-static method ", " at x/x/", "AH01102 (70007) ", "Error writing file ", "AH01215: ",
    "[object] (xx(code: ): at /", "\\\"", "thrown in /a ", "no connect ", "no database ", "missing extension gd ",
)  # fmt: skip
_LONG = 8000
_PATIENCE_S = 20.0  # of this process alone; without bounds one of these takes longer by far


@pytest.mark.parametrize("part", _REPEATED)
def test_lines_that_visitors_wrote_are_judged_in_time(part: str) -> None:
    line = f"[22-Nov-2026 03:12:04 UTC] PHP Fatal error:  Uncaught X: {part * (_LONG // len(part))}\n"
    seen = evidence({"www/.htaccess": b"Options -Indexes\n"}, line * 8)
    began = time.process_time()
    run_checks(seen)
    assert time.process_time() - began < _PATIENCE_S


def test_many_lines_that_visitors_had_a_program_write_are_judged_in_time() -> None:
    line = f"[22-Nov-2026 03:12:04 UTC] Said {'Error: a in /a.php ' * 420}\n"
    seen = evidence({}, line * 190)
    began = time.process_time()
    run_checks(seen)
    assert time.process_time() - began < _PATIENCE_S


@pytest.mark.parametrize("part", _REPEATED)
def test_log_of_an_application_is_judged_in_time(part: str) -> None:
    began = time.process_time()
    application_messages.read(f"ERROR {part * (_LONG // len(part))} /a.php is fine")
    assert time.process_time() - began < _PATIENCE_S


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf<?php " + b"/**/" * 4000, b"<?php require" + b" " * 200_000, b"<?php function" + b"\n" * 200_000,
        b"<?php " + b"dirname (" * 20_000, b"<?php " + b"'\\'" * 60_000, b"<?php " + b"<<<A\n" * 40_000,
    ],
)  # fmt: skip
def test_scripts_that_an_intruder_wrote_are_judged_in_time(content: bytes) -> None:
    script = Script("www/index.php", "/home/demo/www/index.php", content, AT.timestamp(), "entry", len(content))
    seen = replace(evidence({"www/index.php": content}, None), php=PhpSeen(scripts=(script,)))
    began = time.process_time()
    run_checks(seen)
    assert time.process_time() - began < _PATIENCE_S


@pytest.mark.parametrize("part", [b"{ exit;", b"#", b"//\n", b"}\n# x\nexit;'", b"\\'", b"'aaaaaaaa b'"])
@pytest.mark.parametrize(("kind", "status", "body"), [("white-page", 200, b""), ("server-error", 500, b"<p>This shop is closed.</p>")])
def test_scripts_around_a_page_are_judged_in_time(part: bytes, kind: str, status: int, body: bytes) -> None:
    content = b"<?php " + part * (250_000 // len(part))
    script = Script("www/part.php", "/home/demo/www/part.php", content, AT.timestamp(), "included", len(content))
    seen = evidence({"www/part.php": content}, None, status=status)
    pages = tuple(replace(page, kind=kind, status=status, body=body) for page in seen.site.pages)
    seen = replace(seen, site=replace(seen.site, pages=pages, verdict="down", kind=kind), php=PhpSeen(scripts=(script,)))
    began = time.process_time()
    run_checks(seen)
    assert time.process_time() - began < _PATIENCE_S


@pytest.mark.parametrize("content", [b"\n" * 30_000, b"require " * 30_000, b" \t" * 120_000, b"RewriteRule '" * 18_000])
def test_htaccess_that_an_intruder_wrote_is_judged_in_time(content: bytes) -> None:
    for status, path in ((403, "/shop/"), (500, "/")):
        seen = evidence({"www/shop/a.txt": b"", "www/.htaccess": b""}, None, status=status, path=path)
        file = TextFile("www/.htaccess", "/home/demo/www/.htaccess", content, 0o604, AT.timestamp())
        folder = replace(file, path="www/shop/.htaccess", absolute="/home/demo/www/shop/.htaccess")
        began = time.process_time()
        run_checks(replace(seen, htaccess=(file, folder)))
        assert time.process_time() - began < _PATIENCE_S


@pytest.mark.parametrize("part", [b"<script ", b"<style><", b"Fatal error: ", b"<br ", b"requires PHP ", b"&#", b"Table '"])
def test_page_that_an_intruder_wrote_is_judged_in_time(part: bytes) -> None:
    seen = evidence({}, None)
    pages = tuple(replace(page, body=part * (65_000 // len(part)), powered_by="PHP/8.2") for page in seen.site.pages)
    began = time.process_time()
    run_checks(replace(seen, site=replace(seen.site, pages=pages)))
    assert time.process_time() - began < _PATIENCE_S


def test_access_lines_that_visitors_wrote_are_read_in_time() -> None:
    agent = '\\"' * 8000  # as Apache writes a User-Agent of quotes: the line is longer than what is read of it
    line = f'192.0.2.7 - - [22/Nov/2026:03:12:04 +0000] "GET /?tok123 HTTP/1.1" 500 12 "-" "{agent}"\n'.encode()
    began = time.process_time()
    assert access_lines.parse(line * 30).lines == 30
    assert time.process_time() - began < _PATIENCE_S


@pytest.mark.parametrize(
    ("said", "path", "line"),
    [
        ("x in /home/demo/www/a.php:3", "/home/demo/www/a.php", 3),
        ("x in /home/demo/www/a b(1).php on line 3", "/home/demo/www/a b(1).php", 3),
        ("x in /home/demo/www/a.php(12) : eval()'d code on line 1", "/home/demo/www/a.php", 12),
        ("x in /home/demo/www/a.php(12) : eval()'d code(3) : runtime-created function on line 1", "/home/demo/www/a.php", 12),
        ("x in C:\\inetpub\\wwwroot\\a.php:3", "C:\\inetpub\\wwwroot\\a.php", 3),
        ("no such key in a: b in /home/demo/www/a.php:3", "/home/demo/www/a.php", 3),
        ("x in Unknown on line 0", "Unknown", 0),
    ],
)
def test_places_that_php_names_are_read(said: str, path: str, line: int) -> None:
    message = read_php_message(f"PHP Fatal error:  Uncaught Error: {said}\nStack trace:\n#0 {{main}}")
    assert message is not None and (message.path, message.line) == (path, line)
