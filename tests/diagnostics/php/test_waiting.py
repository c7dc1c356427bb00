"""The line at which a script waits."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import PageSeen
from diagnostics.php.waiting import line_that_waits
from tests.diagnostics.evidences import apache_line, evidence

START = b"<?php\nsession_start();\nrequire 'a.php';\n"


@pytest.mark.parametrize(
    "line",
    [
        b"sleep(14);",
        b"for ($try = 0; $try < 5; $try++) { usleep(300000); }",
        b"while (!is_file('x')) sleep(1);",
        b"$call = @stream_socket_accept($link, 14);",
        b"$part = @file_get_contents('http://' . $_SERVER['HTTP_HOST'] . '/a.php', false, stream_context_create($options));",
        b"$rates = file_get_contents('https://rates.example/today.json');",
        b"$answer = curl_exec($call);",
        b"$said = wp_remote_get($address);",
        b"$service = new \\SoapClient($wsdl);",
        b"$link = fsockopen('mail.example', 25, $number, $text, 60);",
    ],
)
def test_the_only_line_that_waits_is_told(line: bytes) -> None:
    assert line_that_waits(START + b"// sleep(20);\n/* curl_exec($a) */\n" + line + b"\n$a = filesize('x');\n") == 6
    assert line_that_waits(START + line + b"\n" + line + b"\n") is None


def test_a_lock_and_then_a_session_wait_where_nothing_else_does() -> None:
    assert line_that_waits(b"<?php\nsession_start();\n$file = fopen('a', 'c');\nflock($file, LOCK_EX);\nflock($file, LOCK_UN);\n") == 4
    assert line_that_waits(b"<?php\n\nsession_start();\nflock($file, LOCK_EX | LOCK_NB);\n") == 3
    assert line_that_waits(b"<?php\nsleep(1);\n$pdo->query('SELECT GET_LOCK(\"a\", 60)');\n") == 3
    assert line_that_waits(b"<?php\necho 'a';\nsleep(1);\n") is None


def test_a_large_script_is_looked_through_in_no_time() -> None:
    began = time.monotonic()
    for content in (b"for (" * 50_000, b"file_get_contents(" * 14_000, b"/*" + b"*" * 250_000, b"'//" * 25_000):
        line_that_waits(b"<?php\n" + content)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("AH01075: Error dispatching request to : (70007)The timeout specified has expired", 504),
        ("mod_fcgid: read data timeout in 8 seconds", 500),
    ],
)
def test_the_page_that_a_server_gave_up_waiting_for_names_the_line(said: str, status: int) -> None:
    log = apache_line(said, level="proxy_fcgi:error")
    made = evidence({"www/offers.php": b"<?php\n\nsleep(40);\necho 'offers';\n"}, log, status=status, path="/offers.php")
    pages = (*made.site.pages, PageSeen("/", "https://shop.example/", "ok", 200, made.site.pages[0].at))
    made = replace(made, site=replace(made.site, pages=pages))
    found = run_checks(made).findings[0]
    assert (found.cause, found.path, found.line) == ("script-too-slow", "www/offers.php", 3)
