from __future__ import annotations

import calendar
import time

import pytest

from diagnostics.transports.base import FileKind
from diagnostics.transports.ftp_lines import parse_facts, parse_features, parse_line, parse_listing, refined, stamp
from diagnostics.transports.paths import LIST_LIMIT

NOW = float(calendar.timegm((2026, 2, 3, 10, 0, 0)))


def at(*moment: int) -> float:
    return float(calendar.timegm((*moment, *(0,) * (6 - len(moment)))))


@pytest.mark.parametrize(
    ("line", "name", "kind", "mode", "size", "mtime"),
    [
        ("-rw-r--r--    1 1000     1000          5 Sep 13  2020 index.php", "index.php", FileKind.FILE, 0o644, 5, at(2020, 9, 13)),
        ("-rw-r--r-- 1 shop www-data 5 Feb  3 09:59 two words.txt", "two words.txt", FileKind.FILE, 0o644, 5, at(2026, 2, 3, 9, 59)),
        ("-rw-r--r-- 1 shop www 5 Dec 31 23:59 last year", "last year", FileKind.FILE, 0o644, 5, at(2025, 12, 31, 23, 59)),
        ("-rw-r--r-- 1 shop www 5 Feb  3 21:00 other zone", "other zone", FileKind.FILE, 0o644, 5, at(2026, 2, 3, 21)),
        ("-rw-r--r-- 1 0 0 0 Feb 29  2024  leading space", " leading space", FileKind.FILE, 0o644, 0, at(2024, 2, 29)),
        ("drwxrwsr-t+ 2 0 0 4096 Jan  1  2026 folder", "folder", FileKind.FOLDER, 0o3775, 4096, at(2026, 1, 1)),
        ("-rwSr-sr-T. 1 0 0 1 Jan  1  2026 odd", "odd", FileKind.FILE, 0o7654, 1, at(2026, 1, 1)),
        ("prw-r--r-- 1 0 0 0 Jan  1  2026 pipe", "pipe", FileKind.OTHER, 0o644, 0, at(2026, 1, 1)),
        ("brw-r----- 1 0 6 8, 1 Jan  1  2026 disk", "disk", FileKind.OTHER, 0o640, 1, at(2026, 1, 1)),
        ("-rw-r--r-- 1 shop 5 Jan  1  2026 no group", "no group", FileKind.FILE, 0o644, 5, at(2026, 1, 1)),
        ("-rw-r--r-- 1 shop domain users 5 2026-01-01 10:11 iso", "iso", FileKind.FILE, 0o644, 5, at(2026, 1, 1, 10, 11)),
        ("02-03-26  09:20AM       <DIR>          wwwroot", "wwwroot", FileKind.FOLDER, None, 0, at(2026, 2, 3, 9, 20)),
        ("12-31-2025  12:05AM                 42 web config.txt", "web config.txt", FileKind.FILE, None, 42, at(2025, 12, 31, 0, 5)),
        ("02-03-26  21:20                  7 log", "log", FileKind.FILE, None, 7, at(2026, 2, 3, 21, 20)),
        ("02-03-26  09:20PM   <JUNCTION>     old [C:\\sites\\old]", "old", FileKind.LINK, None, 0, at(2026, 2, 3, 21, 20)),
    ],
)  # fmt: skip
def test_line_is_read(line: str, name: str, kind: FileKind, mode: int | None, size: int, mtime: float) -> None:
    row = parse_line(line, NOW)
    assert row is not None
    assert (row.name, row.kind, row.mode, row.size, row.mtime) == (name, kind, mode, size, mtime)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "total 12",
        "drwxr-xr-x",
        "-rw-r--r-- 1 0 0 5 Foo  1  2026 month",
        "-rw-r--r-- 1 0 0 5 Feb 31  2026 day",
        "99-99-26 09:20AM 1 x",
        "x",
    ],
)
def test_line_that_is_none(line: str) -> None:
    assert parse_line(line, NOW) is None


def test_arrow_between_link_and_target_is_the_one_that_the_size_tells() -> None:
    row = parse_line("lrwxrwxrwx 1 0 0 6 Jan  1  2026 a -> b -> target", NOW)
    assert row is not None and (row.name, row.target) == ("a -> b", "target")
    row = parse_line("lrwxrwxrwx 1 0 0 9 Jan  1  2026 a -> b -> shown", NOW)
    assert row is not None and (row.name, row.target) == ("a -> b -> shown".partition(" -> ")[0], "b -> shown")


def test_name_with_a_line_break_is_left_out_and_breaks_nothing() -> None:
    text = (
        "total 8\r\n-rw-r--r-- 1 0 0 5 Jan  1  2026 a\r\n-rw-r--r-- 1 0 0 5 Jan  1  2026 new\nline\r\n-rw-r--r-- 1 0 0 5 Jan  1  2026 z\r\n"
    )
    rows, unread = parse_listing(text, NOW)
    assert [row.name for row in rows] == ["a", "z"] and unread == 1


def test_facts_refine_a_row_but_never_what_it_is() -> None:
    facts, name = parse_facts(" type=file;size=7;Modify=20260101101112.5;UNIX.mode=0104644;UNIX.uid=12;UNIX.gid=13; a b\r")  # type: ignore[misc]
    assert name == "a b"
    row = parse_line("-rw-r--r-- 1 shop www 5 Jan  1  2026 a b", NOW)
    link = parse_line("lrwxrwxrwx 1 shop www 1 Jan  1  2026 a b -> x", NOW)
    assert row is not None and link is not None
    better = refined(row, facts)
    assert (better.mode, better.size, better.mtime, better.numbered()) == (0o4644, 7, at(2026, 1, 1, 10, 11, 12), (12, 13))
    assert refined(link, facts) == link
    assert refined(row, facts | {"type": "dir"}) == row


def test_facts_of_a_line_without_any() -> None:
    assert parse_facts("line") is None and parse_facts("250 End") is None


def test_stamps() -> None:
    assert stamp("20260203101112") == at(2026, 2, 3, 10, 11, 12)
    assert stamp("20260203101160") == at(2026, 2, 3, 10, 11, 59)  # a leap second
    assert stamp("20261303101112") is stamp("yesterday") is stamp("2026") is None


def test_features() -> None:
    lines = ("Features:", " UTF8", " MLST type*;size*;UNIX.mode;", " REST STREAM", "End")
    assert parse_features(lines) == {"UTF8": "", "MLST": "type*;size*;UNIX.mode;", "REST": "STREAM"}
    assert parse_features(("no features",)) == {}


def test_line_of_spaces_takes_no_more_than_a_moment() -> None:
    started = time.process_time()
    assert parse_line("-rw-r--r-- 1 a" + " " * 200_000 + "x", NOW) is None
    assert parse_line("-rw-r--r-- 1 " + "a 1 " * 200_000, NOW) is None
    assert time.process_time() - started < 1


def test_numbers_that_nothing_can_hold_are_none() -> None:
    digits = "9" * 5000
    assert parse_line(f"-rw-r--r-- 1 a b {digits} Jan  1  2020 x", NOW) is None
    row = parse_line(f"-rw-r--r-- 1 {digits} {digits} 5 Jan  1  2020 x", NOW)
    assert row is not None
    assert refined(row, {"type": "file", "size": digits, "unix.uid": digits, "unix.gid": digits}).numbered() == (None, None)
    assert refined(row, {"type": "file", "size": digits}).size == 5


def test_listing_is_read_no_further_than_is_taken() -> None:
    rows, _unread = parse_listing("-rw-r--r-- 1 0 0 5 Jan  1  2020 x\n" * (LIST_LIMIT + 100), NOW)
    assert LIST_LIMIT < len(rows) < LIST_LIMIT + 10
