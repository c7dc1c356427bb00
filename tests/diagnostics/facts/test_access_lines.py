"""Lines of access logs as servers write them."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import pytest

from diagnostics.facts.access_lines import is_access_log, line_time, parse, parse_line, tells_sites_apart

AT = datetime(2026, 11, 22, 2, 12, 4, tzinfo=UTC)
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
COMBINED = f'192.0.2.7 - - [22/Nov/2026:03:12:04 +0100] "GET /checkout?a=1 HTTP/1.1" 500 123 "https://x/" "{AGENT}"'


@pytest.mark.parametrize(
    ("line", "host", "address", "request_id"),
    [
        (COMBINED, "", "192.0.2.7", ""),
        ('192.0.2.7 - joe smith [22/Nov/2026:03:12:04 +0100] "GET /checkout?a=1 HTTP/1.1" 500 -', "", "192.0.2.7", ""),
        (f"shop.example:443 {COMBINED}", "shop.example:443", "192.0.2.7", ""),
        (f"shop.example {COMBINED}", "shop.example", "192.0.2.7", ""),
        (COMBINED.replace(" - - ", " www.shop.example - "), "www.shop.example", "192.0.2.7", ""),
        (COMBINED.replace("192.0.2.7", "2001:db8::1"), "", "2001:db8::1", ""),
        (COMBINED.replace("192.0.2.7", "dsl-1.provider.example"), "", "dsl-1.provider.example", ""),
        (COMBINED + ' "203.0.113.9" rt=0.123 5f0c6f2b9f7f4c0e8b1c2d3e4f5a6b7c', "", "192.0.2.7", "5f0c6f2b9f7f4c0e8b1c2d3e4f5a6b7c"),
        (COMBINED + " request_id=abc-123", "", "192.0.2.7", "abc-123"),
        (COMBINED + " aSX8XH8AAQEAAEJ3AAAAAA4E", "", "192.0.2.7", "aSX8XH8AAQEAAEJ3AAAAAA4E"),
        (COMBINED.replace(" +0100]", ".123 +0100]"), "", "192.0.2.7", ""),
        (
            '{"time_iso8601":"2026-11-22T03:12:04+01:00","remote_addr":"192.0.2.7","request":"GET /checkout?a=1 HTTP/1.1","status":"500",'
            '"request_id":"abc-123","server_name":"shop.example"}', "shop.example", "192.0.2.7", "abc-123",
        ),
        (
            '{"level":"error","ts":1795313524.5,"request":{"remote_ip":"192.0.2.7","method":"GET","host":"shop.example","uri":"/checkout?a=1",'
            '"headers":{"User-Agent":["curl"]}},"status":500}', "shop.example", "192.0.2.7", "",
        ),
    ],
)  # fmt: skip
def test_format(line: str, host: str, address: str, request_id: str) -> None:
    read = parse(line.encode() + b"\n")
    (error,) = read.errors
    assert (error.status, error.method, error.target, error.host, error.address) == (500, "GET", "/checkout?a=1", host, address)
    assert abs((error.at - AT).total_seconds()) < 1 and error.request_id == request_id
    assert (read.lines, read.bad) == (1, 0)


def test_agent_with_quotes_and_a_status_in_it() -> None:
    line = COMBINED.replace(AGENT, r"a \" 502 b").replace(" 500 123", " 200 123")
    assert parse(line.encode()).errors == []


def test_request_that_is_none() -> None:
    found = parse_line(rb'192.0.2.7 - - [22/Nov/2026:03:12:04 +0100] "\x16\x03\x01" 500 12')
    assert found is not None and (found.method, found.target) == ("", r"\x16\x03\x01")


def test_what_cannot_be_understood_is_counted_and_binary_survives() -> None:
    data = b'rubbish" 500 x\n' + os.urandom(2000).replace(b"\n", b"") + b"\n" + COMBINED.encode() + b'\n[99/Foo/2026:99] "GET / x" 500 1\n'
    read = parse(data)
    assert (read.lines, read.bad, len(read.errors)) == (4, 2, 1)


def test_very_long_line_is_looked_at_as_far_as_it_counts() -> None:
    line = COMBINED.replace("/checkout", "/" + "x" * 9000).encode() + b"y" * 500_000 + b"\n"
    started = time.process_time()
    assert len(parse(line * 20).errors) == 20
    assert time.process_time() - started < 2


def test_hostile_line_takes_no_time() -> None:
    started = time.process_time()
    for piece in (b"a ", b'"\\"', b"[", b'" 500 ', b'\\\\" ', b"1.1.1.1 - "):
        parse(piece * 20_000 + b'" 500 1 \n' + COMBINED.encode())
    assert time.process_time() - started < 3


def test_kind_of_file_is_known_by_its_lines() -> None:
    error_log = b"[Sun Nov 22 03:12:04.1 2026] [core:error] [pid 1] [client 192.0.2.1:5] AH00124: Request exceeded the limit\n" * 5
    assert is_access_log(COMBINED.encode() + b"\n") and is_access_log(b"") and not is_access_log(error_log)
    assert tells_sites_apart(b"shop.example:443 " + COMBINED.encode()) and not tells_sites_apart(COMBINED.encode())
    assert line_time(b"rubbish\n" + COMBINED.encode()) == AT


def test_a_hundred_thousand_lines_a_second() -> None:
    good = COMBINED.replace(" 500 ", " 200 ").encode() + b"\n"
    data = (good * 99 + COMBINED.encode() + b"\n") * 2000
    started = time.process_time()
    read = parse(data)
    assert len(read.errors) == 2000 and read.lines / (time.process_time() - started) > 100_000


def test_halves_of_characters_in_json_become_question_marks() -> None:
    row = (
        r'{"time": "2026-11-22T03:12:04Z", "status": 500, "request": "GET /a\ud800 HTTP/1.1", "host": "a\udc00", '
        r'"user_agent": "b\ud800", "request_id": "c\ud800"}'
    )
    line = parse_line(row.encode())
    assert line is not None and (line.host, line.agent, line.request_id) == ("a?", "b?", "c?")
    assert "\ud800" not in line.target
