"""Scans over lines that break or stall, on hosts that offer less, and on hosts that answer what no server should."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from diagnostics.transports import find_scan, open_reader, scanning
from diagnostics.transports.base import ConnectionLost, ConnectionTimedOut, Entry, Reader, TransportError, Unsupported
from diagnostics.transports.sftp import SftpReader
from diagnostics.transports.sftp_packets import FAILURE, PERMISSION_DENIED
from diagnostics.transports.sftp_wire import SftpWire
from diagnostics.transports.ssh import SshReader
from tests.diagnostics.transports.answering import AnsweringHost
from tests.diagnostics.transports.conftest import GUARD, details_for, place_on
from tests.diagnostics.transports.test_scan import many, paths
from tests.servers import SshServer, cutting_proxy, sshd

TOP = "/www"


def scanned(reader: Reader, path: str = TOP, most: int = 1_000_000, **more: object) -> list[Entry]:
    return [entry for batch in reader.scan(path, max_entries=most, **more) for entry in batch]


@pytest.fixture(scope="module")
def own_find(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SshServer, Callable[[str], None]]]:
    """A server with a shell, and a way to say what its `find` does."""
    tools = Path(tempfile.mkdtemp(prefix="sitemend-tools-"))
    tools.chmod(0o755)

    def write(script: str) -> None:
        (tools / "find").write_text(f"#!/bin/sh\n{script}\n")
        (tools / "find").chmod(0o755)

    try:
        with sshd(tmp_path_factory.mktemp("sshd"), extra=f"SetEnv PATH={tools}:/usr/bin:/bin") as server:
            yield server, write
    finally:
        shutil.rmtree(tools)


OwnFind = tuple[SshServer, Callable[[str], None]]
RECORDS = r"printf 'd 755 0 1.0 0 0 \000f 644 5 1600000000.5 0 0 a b\n\000d 700 5 1600000000.5 0 0 d\000'"


def count_opened(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    opened: list[bytes] = []
    ask = reader._wire.ask_about  # type: ignore[attr-defined]
    monkeypatch.setattr(reader._wire, "ask_about", lambda kind, subject: opened.append(subject) or ask(kind, subject))  # type: ignore[attr-defined]
    return opened


def test_one_find_is_enough_where_there_is_a_shell(ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with place_on(ssh_server, "ssh") as place:
        expected, opened = many(place, 5, 5), count_opened(place.writer, monkeypatch)
        assert paths(scanned(place.writer, place.path)) == expected
        assert [entry.path for entry in place.writer.walk(place.path, 3)][0] == place.path
        assert opened == []


@pytest.mark.parametrize(
    "find",
    [
        "echo 'find: unrecognized: -printf' >&2; exit 1",  # as busybox does
        "exit 127",
        "echo nonsense; exit 0",
        "printf 'nonsense\\000'; exit 0",
        r"printf 'd 755 0 1.0 0 0 \000f 644 5 1.0 0 0 ../../etc/passwd\000'",
        r"printf 'd 755 0 1.0 0 0 /etc\000f 644 5 1.0 0 0 passwd\000'",
        r"printf 'd 755 0 1.0 0 0 \000f 644 5 1.0 0 0'",
    ],
)
def test_sftp_helps_out_where_find_cannot(own_find: OwnFind, find: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server, write = own_find
    write(find)
    with place_on(server, "ssh") as place:
        expected, opened = many(place, 3, 3), count_opened(place.writer, monkeypatch)
        assert paths(scanned(place.writer, place.path)) == expected
        assert opened


def test_more_to_skip_than_a_command_can_hold(ssh_server: SshServer) -> None:
    with place_on(ssh_server, "ssh") as place:
        expected = [path for path in many(place, 3, 3) if not path.startswith(place.at("d1/"))]
        assert paths(scanned(place.writer, place.path, skip=[f"name-{n:06}" for n in range(20_000)] + ["d1"])) == expected


def test_ssh_without_a_shell_loses_no_time(sftp_server: SshServer) -> None:
    with place_on(sftp_server, "ssh") as place:
        expected, began = many(place, 3, 3), time.monotonic()
        assert paths(scanned(place.writer, place.path)) == expected
        assert time.monotonic() - began < 3


def test_find_that_could_not_read_something_is_told(own_find: OwnFind) -> None:
    server, write = own_find
    write(RECORDS + "; exit 1")
    told: list[str] = []
    with open_reader(details_for(server), guard=GUARD) as reader:
        found = scanned(reader, unreadable=lambda path, error: told.append(path))
    assert (paths(found), told) == ([f"{TOP}/a b\n", f"{TOP}/d"], [TOP])


@pytest.mark.parametrize(
    ("ending", "error", "at_most_s"),
    [
        ("kill -9 $$", ConnectionLost, 2),  # as a host does that grants little time
        ("printf 'f 644 5'; exit 0", ConnectionLost, 2),
        ("printf 'nonsense\\000'; exit 0", ConnectionLost, 2),
        ("exec sleep 20", ConnectionTimedOut, 4),
        ("while sleep 0.3; do printf x; done", ConnectionTimedOut, 4),
    ],
)
def test_find_that_ends_badly_is_told_in_time_and_the_connection_goes_on(
    own_find: OwnFind, ending: str, error: type[TransportError], at_most_s: float
) -> None:
    server, write = own_find
    write(f"{RECORDS}; sleep 0.2; {ending}")
    with open_reader(details_for(server, operation_timeout_s=1.5), guard=GUARD) as reader:
        home, began = reader.home(), time.monotonic()
        batches = reader.scan(TOP, max_entries=100)
        assert [entry.path for entry in next(batches)] == [f"{TOP}/a b\n", f"{TOP}/d"]
        with pytest.raises(error):
            next(batches)
        assert time.monotonic() - began < at_most_s
        assert reader.list(home) is not None


@pytest.mark.parametrize("protocol", ["ssh", "sftp"])
def test_server_that_falls_silent_is_given_up_in_time(ssh_server: SshServer, protocol: str) -> None:
    with place_on(ssh_server, protocol) as place, cutting_proxy(ssh_server.address, ssh_server.port) as (proxy, cutter):
        many(place, 200, 2)
        through = details_for(ssh_server, protocol, port=proxy.port, exempt=("127.0.0.1", proxy.port), operation_timeout_s=1.0)
        with open_reader(through, guard=GUARD) as reader:
            cutter.left, cutter.stall = 3_000 if protocol == "sftp" else 100, True
            began = time.monotonic()
            with pytest.raises((ConnectionTimedOut, ConnectionLost)):
                scanned(reader, place.path)
            assert time.monotonic() - began < 5


@pytest.mark.parametrize("after", [0, 500, 5_000])
def test_line_cut_in_the_middle_ends_the_scan_at_once(ssh_server: SshServer, after: int) -> None:
    with place_on(ssh_server, "sftp") as place, cutting_proxy(ssh_server.address, ssh_server.port) as (proxy, cutter):
        many(place, 300, 2)
        through = details_for(ssh_server, "sftp", port=proxy.port, exempt=("127.0.0.1", proxy.port))
        with open_reader(through, guard=GUARD) as reader:
            cutter.left, began = after, time.monotonic()
            with pytest.raises(ConnectionLost):
                scanned(reader, place.path)
            with pytest.raises(ConnectionLost):
                reader.stat(place.path)
            assert time.monotonic() - began < 3


def test_host_with_few_handles_is_asked_for_fewer_folders_at_a_time(tmp_path: Path) -> None:
    program = Path("/usr/lib/openssh/sftp-server")
    if not program.exists():
        pytest.skip("needs Debian's sftp-server program")
    with sshd(tmp_path, extra=f"ForceCommand ulimit -n 16; exec {program}") as server, place_on(server, "sftp") as place:
        expected, told = many(place, 200, 2), []
        found = scanned(place.writer, place.path, unreadable=lambda path, error: told.append(path))
        assert (paths(found), told) == (expected, [])
        for _time in range(5):
            with closing(place.writer.scan(place.path, max_entries=10_000)) as batches:
                next(batches)
        assert paths(scanned(place.writer, place.path)) == expected


def reader_of(host: AnsweringHost) -> SftpReader:
    return SftpReader(SftpWire(host, 2.0))  # type: ignore[arg-type]


def test_host_that_refuses_a_folder_again_and_again_is_believed_at_last() -> None:
    host = AnsweringHost(folders=80, files=2, refuse={b"/www/d7": FAILURE, b"/www/d8": PERMISSION_DENIED})
    told: list[str] = []
    found = scanned(reader_of(host), unreadable=lambda path, error: told.append(path))
    assert (len(found), sorted(told)) == (80 + 78 * 2, ["/www/d7", "/www/d8"])
    assert host.most_open > 32  # one that fails for a reason of its own slows nothing down


def test_answers_may_overtake_each_other() -> None:
    host = AnsweringHost(folders=80, files=250, shuffled=True)
    assert len(scanned(reader_of(host))) == 80 + 80 * 250


def test_host_that_tells_no_modes_while_listing_is_asked_name_by_name() -> None:
    assert len(scanned(reader_of(AnsweringHost(folders=5, files=4, bare=True)))) == 25


def test_names_that_lead_elsewhere_are_not_taken() -> None:
    host = AnsweringHost(folders=1, files=1, more=[b"..", b".", b"", b"../x", b"/etc/passwd", b"a\0b"])
    assert paths(scanned(reader_of(host))) == ["/www/d0", "/www/d0/f0"]


@pytest.mark.parametrize("endless", ["dots", "nothing"])
def test_listing_without_end_is_given_up(endless: str) -> None:
    host = AnsweringHost(folders=1, files=1, endless=endless)
    with pytest.raises(ConnectionLost):
        scanned(reader_of(host))


def test_folders_in_folders_without_end_are_bounded() -> None:
    host = AnsweringHost(folders=1, files=0, bottomless=True)
    told: list[TransportError] = []
    found = scanned(reader_of(host), most=50_000, unreadable=lambda path, error: told.append(error))
    assert 50 < len(found) < 100
    assert {type(error) for error in told} == {Unsupported}


def most_memory(batches: Iterator[list[Entry]]) -> tuple[int, float]:
    """How many entries came, and the most megabytes they took."""
    tracemalloc.start()
    try:
        count = sum(len(batch) for batch in batches)
        return count, tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("entries", [40_000, pytest.param(1_000_000, marks=[pytest.mark.full, pytest.mark.timeout(1800)])])
def test_memory_is_flat_over_sftp(entries: int) -> None:
    host = AnsweringHost(folders=entries // 1_000, files=1_000)
    count, megabytes = most_memory(reader_of(host).scan(TOP, max_entries=10_000_000))
    assert count == entries + entries // 1_000
    assert megabytes < 4


@pytest.mark.parametrize("entries", [40_000, pytest.param(1_000_000, marks=[pytest.mark.full, pytest.mark.timeout(1800)])])
def test_memory_is_flat_with_find(entries: int) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"d 755 4096 1600000000.5 0 0 \0"
        for start in range(0, entries, 500):
            yield b"".join(b"f 644 5 1600000000.5 1000 1000 some/folder/f%d\0" % number for number in range(start, start + 500))

    count, megabytes = most_memory(find_scan.entries(blocks(), TOP, 10_000_000, None, 5.0))
    assert count == entries
    assert megabytes < 2


def test_host_that_prints_without_an_end_is_taken_for_one_without_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = itertools.count()

    def endless(_reader: SshReader, _command: list[str]) -> Iterator[bytes]:
        while next(printed) < 10_000:
            yield b"x" * 1000

    monkeypatch.setattr(SshReader, "_output_of", endless)
    reader = SshReader(None, None, 5.0)  # type: ignore[arg-type]
    assert not reader._has_shell()
    assert next(printed) < 100


# --- a reading as a whole -----------------------------------------------------------------------
class Slow(AnsweringHost):
    """Each answer comes within the limit of an answer, and brings little."""

    def recv(self, size: int) -> bytes:
        time.sleep(0.02)
        return super().recv(size)


def test_listing_and_file_that_drip_are_given_up_as_a_whole() -> None:
    reader = SftpReader(SftpWire(Slow(1, 100_000), 2.0, 0.5))  # type: ignore[arg-type]
    started = time.monotonic()
    with pytest.raises(ConnectionTimedOut, match=r"more than 0\.5 s"):
        reader.list(f"{TOP}/d0")
    assert time.monotonic() - started < 2
    with pytest.raises(ConnectionTimedOut):  # what comes after that could not be told from what was given up
        reader.stat(TOP)


def test_tree_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "GRACE_S", 0.3)
    reader = SftpReader(SftpWire(Slow(100_000, 1), 2.0))  # type: ignore[arg-type]
    monkeypatch.setattr(scanning, "SLOWEST", 100_000.0)
    with pytest.raises(ConnectionTimedOut, match="so slowly"):
        scanned(reader)

    def blocks() -> Iterator[bytes]:
        yield b"d 755 0 1.0 0 0 \0"
        while True:
            time.sleep(0.02)
            yield b"f 644 5 1600000000.5 0 0 a\0"

    with pytest.raises(ConnectionTimedOut, match="so slowly"):
        list(find_scan.entries(blocks(), TOP, 1_000_000, None, 2.0))
