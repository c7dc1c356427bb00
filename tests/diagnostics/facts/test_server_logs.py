# ruff: noqa: E501 (a line of a log stays on one line)
"""Which logs are read, how far, and what belongs to whom."""

from __future__ import annotations

import gzip
import os
import threading
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from diagnostics.evidence import LogLine, Unreadable
from diagnostics.facts import error_log
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.facts.log_times import stamp
from diagnostics.transports.local import LocalReader
from sites.probing.engine import USER_AGENT
from tests.diagnostics.evidences import AT, PATHS, apache_line, site
from tests.fakes import FakeHost, Node

FATAL = "PHP Fatal error:  Uncaught Error: Call to undefined function {name}() in /home/demo/www/{name}.php:3"


def php_line(name: str, at: datetime = AT) -> str:
    return f"[{at:%d-%b-%Y %H:%M:%S} UTC] {FATAL.format(name=name)}\n"


def names(files: dict[str, Node | bytes], paths: SitePaths = PATHS, protocol: str = "sftp", **more: object) -> list[str]:
    """The functions that the log lines of the failing time speak of."""
    found = lines(files, paths, protocol, **more)
    return sorted({text.split("function ")[1].split("(")[0] for line in found if "function " in (text := line.text)})


def lines(files: dict[str, Node | bytes], paths: SitePaths = PATHS, protocol: str = "sftp", **more: object) -> tuple[LogLine, ...]:
    host = FakeHost({"/home/demo/www/index.php": b"<?php\n", **files}, protocol=protocol)  # type: ignore[dict-item]
    found = gather(host, replace(site(), **more), paths, "apache-755", AT).error_log
    assert isinstance(found, tuple), found
    return found


def log(text: str, at: datetime = AT) -> Node:
    return Node(content=text.encode(), mtime=at.timestamp())


def test_logs_that_php_drops_into_folders_are_read_beside_the_sites_own() -> None:
    files = {
        "/home/demo/logs/error.log": log(apache_line("something else")),
        "/home/demo/www/shop/error_log": log(php_line("shop")),
        "/home/demo/www/blog/error_log": log(php_line("old", AT - timedelta(days=9)), AT - timedelta(days=9)),
        "/home/demo/www/wp-content/debug.log": log(php_line("debug")),
    }
    assert names(files) == ["debug", "shop"]


@pytest.mark.parametrize(
    "place",
    [
        "/home/demo/logs/error_log", "/home/demo/www/error_log", "/home/demo/logs/shop.example.error.log", "/home/demo/.logs/error_log_shop",
        "/home/demo/logs/shop.example/https/error.log", "/home/demo/logs/nginx/shop_error.log", "/home/demo/ik-logs/error.log",
        "/home/demo/log/php-fpm.log", "/home/demo/php_errors.log",
    ],
)  # fmt: skip
def test_log_that_nobody_named_is_found(place: str) -> None:
    assert names({place: log(php_line("mug"))}, SitePaths("/home/demo/www")) == ["mug"]


def test_log_that_was_named_and_is_gone_is_looked_for() -> None:
    assert names({"/home/demo/logs/php-error.log": log(php_line("mug"))}) == ["mug"]


def test_of_the_whole_machines_log_only_what_is_ours_is_kept() -> None:
    text = (
        php_line("mug")
        + php_line("other").replace("/home/demo/", "/home/neighbour/")
        + f"[{AT:%d-%b-%Y %H:%M:%S}] WARNING: [pool www] child 7 exited on signal 11\n"
    )
    found = lines({"/var/log/php8.2-fpm.log": log(text)}, SitePaths("/home/demo/www"), "ssh")
    assert [("mug" in line.text, "signal 11" in line.text) for line in found] == [(True, False), (False, True)]


def test_logs_of_other_things_are_not_taken_for_it() -> None:
    files = {f"/home/demo/logs/{name}": log(php_line("x")) for name in ("mysql-error.log", "access.log", "error.log.2.gz", "ftp_error.log")}
    host = FakeHost({"/home/demo/www/a.php": b"", **files})  # type: ignore[dict-item]
    assert isinstance(gather(host, site(), SitePaths("/home/demo/www"), "apache-755", AT).error_log, Unreadable)


@pytest.mark.parametrize("newest", ["", apache_line("begun after the rotation", AT + timedelta(seconds=5))])
@pytest.mark.parametrize("packed", [False, True])
def test_rotated_log_is_read_when_the_newest_is_younger_than_the_failure(newest: str, packed: bool) -> None:
    older = "".join(apache_line(f"filler {number}", AT - timedelta(hours=1)) for number in range(9000)) + php_line("mug")
    name, content = ("error.log.1.gz", gzip.compress(older.encode())) if packed else ("error.log.1", older.encode())
    files = {
        "/home/demo/logs/error.log": log(newest, AT + timedelta(seconds=9)),
        f"/home/demo/logs/{name}": Node(content=content, mtime=AT.timestamp()),
    }
    assert names(files) == ["mug"]


def test_rotated_log_from_before_the_failure_is_left_alone() -> None:
    files = {"/home/demo/logs/error.log": log(""), "/home/demo/logs/error.log.1": log(php_line("mug"), AT - timedelta(hours=1))}
    assert names(files) == []


def test_busy_log_is_read_back_to_the_probe() -> None:
    busy = "".join(
        apache_line(f"PHP Warning:  filler {number:06} in /home/demo/www/a.php on line 3", level="php:warn") for number in range(9000)
    )
    text = apache_line("begin", AT - timedelta(minutes=9)) + php_line("mug") + busy
    assert len(busy) > 1_000_000 and names({"/home/demo/logs/error.log": log(text)}) == ["mug"]


@pytest.mark.parametrize("offset_h", [-8, 0, 2, 9])
def test_clock_without_a_zone_is_told_by_the_files_time(offset_h: int) -> None:
    text = f"[{AT + timedelta(hours=offset_h):%d-%b-%Y %H:%M:%S}] {FATAL.format(name='mug')}\n"
    (found,) = lines({"/home/demo/logs/error.log": log(text)})
    assert found.at == AT


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-22 03:12:04.123456 [NOTICE] [812] [T0] [192.0.2.7:4711:HTTP2-1#APVH_shop] [STDERR] ", "[2026-11-22T03:12:04.5+00:00] app.CRITICAL: ",
        "2026-11-22T04:12:04+01:00\tCRITICAL ", "2026/11/22 03:12:04 [error] 7#7: *1 ", "[22-nov.-2026 03:12:04] ", "[22/Nov/2026:03:12:04 +0000] ",
        f"{int(AT.timestamp())}.25 ", f"[{int(AT.timestamp())}] ", "Nov 22 03:12:04 web1 php: ", "<11>1 2026-11-22T03:12:04.003Z web1 php - - - ",
        "2026-11-22 03:12:04: (mod_fastcgi.c.421) FastCGI-stderr: ", "[Sun Nov 22 03:12:04 2026] [error] [client 192.0.2.7] ", "[22.11.2026 03:12:04] ",
    ],
)  # fmt: skip
def test_every_time_seen_in_the_wild_is_read(written: str) -> None:
    (found,) = lines({"/home/demo/logs/error.log": log(written + FATAL.format(name="mug") + "\n")})
    assert found.at == AT


@pytest.mark.parametrize(
    ("written", "until", "year"),
    [
        ("Dec 31 23:59:59 web1 php: x", datetime(2027, 1, 1, 0, 5, tzinfo=UTC), 2026),
        ("Jan  1 01:04:00 web1 php: x", datetime(2026, 12, 31, 23, 5, tzinfo=UTC), 2027),
        ("Feb 29 12:00:00 web1 php: x", datetime(2029, 1, 3, tzinfo=UTC), 2028),
        ("Nov 22 03:12:04 web1 php: x", AT, 2026),
    ],
)
def test_line_without_a_year_is_of_the_latest_one_that_its_log_allows(written: str, until: datetime, year: int) -> None:
    found = stamp(written, until)
    assert found is not None and found.local.year == year


def test_line_of_last_december_is_not_of_this_failure() -> None:
    begun = datetime(2027, 1, 1, 3, 12, 4, tzinfo=UTC)
    seen = replace(site(), pages=tuple(replace(page, at=begun) for page in site().pages), failing_since=begun)
    text = "Dec 30 11:00:00 web1 php: PHP Fatal error:  old in /a.php on line 1\nJan  1 03:12:04 web1 php: PHP Fatal error:  new in /a.php on line 2\n"
    raw = error_log.RawLog("/log", text.encode(), False, begun.timestamp())
    assert [line.text[-6:] for line in error_log.parse(raw, seen)] == ["line 2"]


def test_json_lines_are_read_with_their_time() -> None:
    assert stamp('{"message":"x","datetime":"2026-11-22T04:12:04.1+01:00"}', AT).local == datetime(2026, 11, 22, 4, 12, 4)  # type: ignore[union-attr]
    assert stamp('{"message":"x"}', AT) is None


def test_cgi_lines_without_time_are_of_the_lines_around_them() -> None:
    old, new = FATAL.format(name="old"), FATAL.format(name="new")
    text = apache_line("begin", AT - timedelta(hours=5)) + f"{old}\nStack trace:\n#0 {{main}}\n{new}\n"
    assert names({"/home/demo/logs/error.log": log(text)}) == ["new"]


def test_warnings_before_the_fatal_are_kept_beside_it() -> None:
    text = apache_line("AH01071: Got error 'PHP message: PHP Warning:  require(x.php): Failed to open stream: Permission denied in /home/demo/www/a.php on "
                       "line 2; PHP message: PHP Fatal error:  Uncaught Error: Failed opening required 'x.php' in /home/demo/www/a.php:2'")  # fmt: skip
    (found,) = lines({"/home/demo/logs/error.log": log(text)})
    assert found.text.startswith("PHP Fatal") and "Permission denied" in found.before


def test_number_of_the_request_pairs_its_line() -> None:
    text = apache_line("plain") + apache_line("with [a1b2c3d4e5f60718] in it")
    page = replace(site().pages[0], request_id="a1b2c3d4e5f60718")
    found = lines({"/home/demo/logs/error.log": log(text)}, pages=(page,))
    assert [line.paired for line in found] == [False, True]


def test_line_of_php_itself_is_paired_only_where_nobody_else_failed_then() -> None:
    ours = '192.0.2.7 - - [22/Nov/2026:03:12:04 +0000] "GET /?t=tok123 HTTP/1.1" 500 12 "-" "x"\n'
    theirs = '198.51.100.9 - - [22/Nov/2026:03:12:05 +0000] "GET /cart HTTP/1.1" 500 12 "-" "x"\n'
    for access, expected in ((ours, True), (ours + theirs, False)):
        found = lines({"/home/demo/logs/error.log": log(php_line("mug")), "/home/demo/logs/access.log": log(access)})
        assert [line.paired for line in found] == [expected]


def test_proxy_that_gives_all_visitors_its_own_address_makes_no_line_ours() -> None:
    ours = '192.0.2.7 - - [22/Nov/2026:03:12:04 +0000] "GET /?t=tok123 HTTP/1.1" 500 12 "-" "x"\n'
    theirs = '192.0.2.7 - - [22/Nov/2026:03:12:05 +0000] "GET /cart HTTP/1.1" 500 12 "-" "x"\n'
    text = apache_line("one", client="192.0.2.7:50001") + apache_line("two", client="192.0.2.7:50002")
    for access, expected in ((ours, True), (ours + theirs, False)):
        found = lines({"/home/demo/logs/error.log": log(text), "/home/demo/logs/access.log": log(access)})
        assert [line.paired for line in found] == [expected, expected]
    with_port = ours.replace("192.0.2.7 ", "192.0.2.7:50001 ") + theirs.replace("192.0.2.7 ", "192.0.2.7:50002 ")
    found = lines({"/home/demo/logs/error.log": log(text), "/home/demo/logs/access.log": log(with_port)})
    assert [(line.text[-3:], line.paired) for line in found] == [("one", True), ("two", False)]


@pytest.mark.parametrize(("target", "agent", "expected"), [("/", USER_AGENT, True), ("/cart", USER_AGENT, False), ("/", "x", False)])
def test_regular_probe_of_the_same_page_makes_no_line_somebody_elses(target: str, agent: str, expected: bool) -> None:
    ours = '192.0.2.7 - - [22/Nov/2026:03:12:04 +0000] "GET /?t=tok123 HTTP/1.1" 500 12 "-" "x"\n'
    other = f'192.0.2.7 - - [22/Nov/2026:03:12:05 +0000] "GET {target} HTTP/1.1" 500 12 "-" "{agent}"\n'
    for text in (apache_line("PHP Fatal error:  x", client="192.0.2.7:50001"), php_line("mug")):
        found = lines({"/home/demo/logs/error.log": log(text), "/home/demo/logs/access.log": log(ours + other)})
        assert [line.paired for line in found] == [expected]


@pytest.mark.parametrize(
    ("ours", "line"),
    [
        ("2001:db8::7", "[Sun Nov 22 03:12:04 2026] [error] [client 2001:db8::7] PHP Fatal error:  x\n"),
        ("::1", "[Sun Nov 22 03:12:04 2026] [error] [client ::1] PHP Fatal error:  x\n"),
        ("2001:db8::7", apache_line("PHP Fatal error:  x", client="2001:db8::7:4711")),
        ("2001:0DB8:0:0:0:0:0:7", apache_line("PHP Fatal error:  x", client="2001:db8::7:4711")),
        ("192.0.2.7", apache_line("PHP Fatal error:  x", client="::ffff:192.0.2.7:4711")),
        (
            "::ffff:192.0.2.7",
            '2026/11/22 03:12:04 [error] 7#7: *1 FastCGI sent in stderr: "x" while reading, client: 192.0.2.7, server: a\n',
        ),
    ],
)
def test_addresses_of_every_writing_pair(ours: str, line: str) -> None:
    access = f'{ours} - - [22/Nov/2026:03:12:04 +0000] "GET /?t=tok123 HTTP/1.1" 500 12 "-" "x"\n'
    found = lines({"/home/demo/logs/error.log": log(line), "/home/demo/logs/access.log": log(access)})
    assert [each.paired for each in found] == [True]


def test_words_of_a_program_are_no_address() -> None:
    text = "[22-Nov-2026 03:12:04 UTC] PHP Fatal error:  Uncaught X: Redis client: connection refused in /home/demo/www/a.php:3\n"
    access = '192.0.2.7 - - [22/Nov/2026:03:12:04 +0000] "GET /?t=tok123 HTTP/1.1" 500 12 "-" "x"\n'
    found = lines({"/home/demo/logs/error.log": log(text), "/home/demo/logs/access.log": log(access)})
    assert [each.paired for each in found] == [True]


def test_two_gigabytes_of_log_take_little_time_and_memory(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    big = tmp_path / "error.log"
    now = datetime.now(UTC).replace(microsecond=0)
    with big.open("wb") as file:
        file.truncate(2 * 1024**3)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + php_line("mug", now).encode() + b"\xff\x00" * 200_000 + b"\n" + php_line("tea", now).encode())
    page = replace(site().pages[0], at=now)
    tracemalloc.start()
    began = time.monotonic()
    found = gather(
        LocalReader([str(tmp_path)]), replace(site(), pages=(page,), failing_since=now), SitePaths(str(tmp_path / "www"), str(big)), "", now
    )
    assert time.monotonic() - began < 5 and tracemalloc.get_traced_memory()[1] < 60 * 1024**2
    tracemalloc.stop()
    assert isinstance(found.error_log, tuple) and "tea" in found.error_log[-1].text


def test_log_of_one_endless_line_is_borne(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "error.log").write_bytes(b"x" * 9_000_000)
    found = gather(LocalReader([str(tmp_path)]), site(), SitePaths(str(tmp_path / "www"), str(tmp_path / "error.log")), "", AT)
    assert isinstance(found.error_log, tuple) and all(len(line.text) <= 16_000 for line in found.error_log)


def test_log_that_grows_while_it_is_read_leaves_no_gap(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    path, stop = tmp_path / "error.log", threading.Event()
    begun = datetime.now(UTC).replace(microsecond=0)
    path.write_text(apache_line("begin", begun - timedelta(hours=1)) + php_line("mug", begun))

    def write() -> None:
        with path.open("a") as file:
            while not stop.is_set():
                file.write(apache_line("PHP Warning:  filler", datetime.now(UTC), level="php:warn") * 200)
                file.flush()
                time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while path.stat().st_size < 900_000:
            time.sleep(0.01)
        page = replace(site().pages[0], at=begun)
        seen = gather(
            LocalReader([str(tmp_path)]),
            replace(site(), pages=(page,), failing_since=begun),
            SitePaths(str(tmp_path / "www"), str(path)),
            "",
            begun,
        )
    finally:
        stop.set()
        writer.join()
    assert isinstance(seen.error_log, tuple) and any("mug" in line.text for line in seen.error_log)
