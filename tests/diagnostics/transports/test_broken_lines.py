"""Connections that break or stall, and files that are exchanged while they are read."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from diagnostics.transports import open_reader, open_writer
from diagnostics.transports.base import (
    AddressRefused,
    ConnectionDetails,
    ConnectionLost,
    ConnectionTimedOut,
    NotFound,
    TransportError,
    Unsupported,
)
from tests.diagnostics.transports.conftest import GUARD, Place, details_for, place_on
from tests.servers import SshServer, cutting_proxy

BIG = b"new" * 500_000


@pytest.mark.parametrize("protocol", ["ssh", "sftp"])
@pytest.mark.parametrize("after", [0, 50, 5_000, 300_000])
def test_line_cut_in_the_middle_of_a_write_leaves_the_old_file(ssh_server: SshServer, protocol: str, after: int) -> None:
    with place_on(ssh_server, protocol) as place, cutting_proxy(ssh_server.address, ssh_server.port) as (proxy, cutter):
        path = place.put("f", b"old", 0o604)
        through = details_for(ssh_server, protocol, port=proxy.port, exempt=("127.0.0.1", proxy.port))
        with open_writer(through, guard=GUARD) as writer:
            cutter.left = after
            with pytest.raises(ConnectionLost):
                writer.write_atomic(path, BIG, 0o644)
            with pytest.raises(ConnectionLost):
                writer.stat(path)
        assert (place.content("f"), place.writer.stat(path).mode) == (b"old", 0o604)
        assert [name for name in place.names() if name != "f" and not name.startswith(".sitemend-")] == []


def test_line_that_stalls_is_given_up_in_time(ssh_server: SshServer) -> None:
    with place_on(ssh_server, "sftp") as place, cutting_proxy(ssh_server.address, ssh_server.port) as (proxy, cutter):
        path = place.put("f", b"old")
        through = details_for(ssh_server, "sftp", port=proxy.port, exempt=("127.0.0.1", proxy.port), operation_timeout_s=1.0)
        started = time.monotonic()
        with open_writer(through, guard=GUARD) as writer:
            cutter.left, cutter.stall = 100_000, True
            with pytest.raises((ConnectionTimedOut, ConnectionLost)):
                writer.write_atomic(path, BIG * 10, 0o644)
        assert time.monotonic() - started < 8
        assert place.content("f") == b"old"


def test_server_that_goes_away_while_reading(tmp_path: Path, ssh_server: SshServer) -> None:
    with cutting_proxy(ssh_server.address, ssh_server.port) as (proxy, cutter):
        through = details_for(ssh_server, port=proxy.port, exempt=("127.0.0.1", proxy.port))
        with open_reader(through, guard=GUARD) as reader:
            home = reader.home()
            cutter.left = 0
            for use in (lambda: reader.list(home), lambda: list(reader.walk(home, 10)), lambda: reader.free_space(home)):
                with pytest.raises(ConnectionLost):
                    use()


def test_file_exchanged_for_a_link_while_reading_never_shows_its_target(ssh_server: SshServer) -> None:
    with place_on(ssh_server, "sftp") as place:
        place.put("secret", b"SECRET SECRET", 0o600, 1_500_000_000)
        path = place.put("f", b"mine")
        real, ended = place.real, threading.Event()

        def exchange() -> None:
            while not ended.is_set():
                os.replace(real / "f", real / "kept")
                os.symlink("secret", real / "f")
                time.sleep(0.0005)
                os.replace(real / "kept", real / "f")
                time.sleep(0.0005)

        thread = threading.Thread(target=exchange)
        thread.start()
        seen, refused = set(), 0
        try:
            for _try in range(300):
                try:
                    seen.add(place.writer.read(path, 100))
                except (Unsupported, NotFound):
                    refused += 1
        finally:
            ended.set()
            thread.join()
        assert seen <= {b"mine"}
        assert refused > 0


def test_log_that_grows_can_be_read(ssh_server: SshServer) -> None:
    with place_on(ssh_server, "sftp") as place:
        path, ended = place.put("log", b"start\n"), threading.Event()

        def grow() -> None:
            with (place.real / "log").open("ab", buffering=0) as log:
                while not ended.is_set():
                    log.write(b"line\n")
                    time.sleep(0.001)

        thread = threading.Thread(target=grow)
        thread.start()
        try:
            for _try in range(30):
                assert place.writer.read(path, 1_000_000).startswith(b"start\n")
        finally:
            ended.set()
            thread.join()


def test_new_file_in_place_is_taken_back_when_the_bare_swap_fails(bare_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with place_on(bare_server, "sftp") as place:
        path = place.put("f", b"old", 0o604, 1_500_000_000)
        before = place.writer.stat(path)
        real_rename, calls = place.writer._wire.rename, []

        def second_fails(source: bytes, target: bytes) -> None:
            calls.append(source)
            if len(calls) == 2:
                (place.real / os.fsdecode(source).rpartition("/")[2]).unlink()  # the real server will now refuse
            real_rename(source, target)

        monkeypatch.setattr(place.writer._wire, "rename", second_fails)
        with pytest.raises(TransportError):
            place.writer.write_atomic(path, b"new", 0o644)
        assert (place.content("f"), place.writer.stat(path), place.names()) == (b"old", before, ["f"])


def test_local_refuses_what_is_outside_of_its_roots(local_place: Place) -> None:
    place = local_place
    place.link("out", "/etc")
    for path in ("/etc/passwd", place.at("out/passwd"), place.path + "-other/f"):
        for use in (place.writer.stat, lambda path: place.writer.read(path, 10), place.writer.list, place.writer.remove):
            with pytest.raises(AddressRefused):
                use(path)
    with pytest.raises(AddressRefused):
        place.writer.real_path("/etc/passwd")
    with pytest.raises(AddressRefused):
        place.writer.read_tail(place.link("log", "/etc/passwd"), 10)


def test_local_without_roots_offers_nothing() -> None:
    with open_reader(ConnectionDetails("local", "", 0, "")) as reader:
        for use in (reader.home, lambda: reader.stat("/etc/passwd")):
            with pytest.raises(AddressRefused):
                use()
