from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from diagnostics.evidence import LogLine, Unreadable
from diagnostics.facts.discover import discover
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.facts.log_formats import split_entries
from diagnostics.facts.log_messages import unwrap
from diagnostics.facts.log_times import zone_offset
from diagnostics.transports.base import TransportError
from tests.diagnostics.evidences import AT, PATHS, apache_line, evidence, site
from tests.fakes import FakeHost


def lines(log: str | bytes) -> tuple[LogLine, ...]:
    text = log if isinstance(log, str) else log.decode("utf-8", "surrogateescape")
    found = evidence({}, text).error_log
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (apache_line("AH1: x"), "AH1: x"),
        ("[Sun Nov 22 03:12:04 2026] [error] [client 192.0.2.7] File does not exist: /x\n", "File does not exist"),
        ("2026/11/22 03:12:04 [error] 12#12: *5 FastCGI sent in stderr: \"PHP message: PHP Fatal error:  Uncaught X in /a.php:3\" while reading "  # noqa: E501
         "response header from upstream, client: 192.0.2.7\n", "PHP Fatal error:  Uncaught X in /a.php:3"),
        ("[22-Nov-2026 03:12:04 UTC] PHP Fatal error:  x in /a.php on line 3\n", "PHP Fatal error"),
        ("[22-Nov-2026 04:12:04 Europe/Paris] PHP Fatal error:  x in /a.php on line 3\n", "PHP Fatal error"),
        (apache_line("AH01071: Got error 'PHP message: PHP Warning:  a in /w.php on line 1; PHP message: PHP Fatal error:  b in /f.php on line 2'"),  # noqa: E501
         "PHP Fatal error:  b in /f.php on line 2"),
    ],
)  # fmt: skip
def test_every_format_is_read_with_its_time(line: str, text: str) -> None:
    (found,) = lines(line)
    assert found.at == AT and text in found.text


def test_stack_trace_belongs_to_its_entry() -> None:
    found = lines(
        "[22-Nov-2026 03:12:04 UTC] PHP Fatal error:  Uncaught X in /a.php:3\nStack trace:\n#0 {main}\n[22-Nov-2026 03:12:05 UTC] b\n"
    )
    assert len(found) == 2 and found[0].text.endswith("#0 {main}")


def test_clock_of_the_log_is_told_by_its_last_change() -> None:
    local = datetime(2026, 11, 22, 5, 0, 1)
    assert zone_offset(local, datetime(2026, 11, 22, 4, 0, 2, tzinfo=UTC).timestamp()) == timedelta(hours=1)
    assert zone_offset(local, datetime(2026, 11, 21, 23, 30, 2, tzinfo=UTC).timestamp()) == timedelta(hours=5, minutes=30)
    assert zone_offset(local, datetime(2026, 11, 22, 4, 8, 0, tzinfo=UTC).timestamp()) is None
    assert zone_offset(None, 5.0) is None


def test_binary_and_huge_logs_do_no_harm() -> None:
    noise = os.urandom(700_000) + b"\n" + apache_line("here").encode()
    assert lines(noise)[-1].text.endswith("here")
    assert split_entries(b"", cut=True) == []
    assert unwrap("PHP message: ") == ("", "")


def test_lines_before_the_failure_are_left_out() -> None:
    assert [line.text[-3:] for line in lines(apache_line("old", AT - timedelta(minutes=9)) + apache_line("new"))] == ["new"]


def test_lost_connection_becomes_unreadable_evidence() -> None:
    class Gone(FakeHost):
        def stat(self, path: str):  # type: ignore[no-untyped-def]
            raise TransportError("the connection was lost")

        def walk(self, path: str, max_entries: int):  # type: ignore[no-untyped-def]
            raise TransportError("the connection was lost")

    seen = gather(Gone(), site(), PATHS, "ovh-mutualise", AT)
    assert isinstance(seen.error_log, Unreadable) and isinstance(seen.tree, Unreadable) and isinstance(seen.htaccess, Unreadable)
    assert seen.root_mode is None


def test_link_named_htaccess_is_not_followed() -> None:
    host = FakeHost({"/etc/secret": b"x", "/home/demo/www/a": b""}, links={"/home/demo/www/.htaccess": "/etc/secret"})
    assert gather(host, site(), SitePaths("/home/demo/www"), "apache-755", AT).htaccess == ()


def test_discover_finds_a_log_of_an_unusual_place() -> None:
    host = FakeHost({"/home/demo/www/index.php": b"", "/home/demo/logs/nginx/shop_error.log": b""})
    assert [proposal.path for proposal in discover(host).error_logs] == ["/home/demo/logs/nginx/shop_error.log"]


def test_discover_prefers_a_folder_with_an_index_and_finds_logs() -> None:
    host = FakeHost(
        {
            "/home/demo/www/a.txt": b"",
            "/home/demo/public_html/index.php": b"",
            "/home/demo/logs/error.log": b"",
            "/home/demo/logs/x-access.log": b"",
        }
    )
    found = discover(host)
    assert [proposal.path for proposal in found.docroots] == ["/home/demo/public_html", "/home/demo/www"]
    assert found.error_logs[0].path == "/home/demo/logs/error.log" and found.access_logs[0].path == "/home/demo/logs/x-access.log"
    assert all(proposal.why for proposal in (*found.docroots, *found.error_logs))
