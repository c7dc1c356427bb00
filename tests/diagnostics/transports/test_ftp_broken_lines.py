"""FTP lines that break or stall, the conversation or the data: a file is the old one or the new one, never a part."""

from __future__ import annotations

import os
import time

import pytest

from diagnostics.transports import open_reader, open_writer
from diagnostics.transports.base import (
    ConnectionLost,
    ConnectionTimedOut,
    TransportError,
)
from tests.diagnostics.transports.conftest import GUARD, place_on
from tests.diagnostics.transports.ftp_peers import Servers, to
from tests.ftp_servers import cutting_ftp_proxy


@pytest.mark.parametrize("name", ["vsftpd", *(pytest.param(name, marks=pytest.mark.full) for name in ("pure-ftpd", "pyftpdlib"))])
def test_line_cut_after_each_command_of_a_write_leaves_the_old_file_or_the_new_one(ftp_servers: Servers, name: str) -> None:
    server = ftp_servers(name)
    with place_on(server, "ftp") as place, cutting_ftp_proxy(server.address, server.port) as (proxy, scissors):
        through = to(server, port=proxy.port, exempt=("127.0.0.1", proxy.port))
        for commands in range(60):
            path = place.put("f", b"old", 0o604)
            with open_writer(through, guard=GUARD) as writer:
                scissors.commands = commands
                try:
                    writer.write_atomic(path, b"new content", 0o644, 1_500_000_000)
                except ConnectionLost:
                    done = False
                else:
                    done = True
                scissors.commands = None
            state = (place.content("f"), (place.real / "f").stat().st_mode & 0o7777)
            assert state in ((b"old", 0o604), (b"new content", 0o644)), commands
            for left in place.names():
                assert left == "f" or left.startswith(".sitemend-")
                if left != "f":
                    (place.real / left).unlink()
            if done:
                assert state == (b"new content", 0o644)
                break
        assert done and commands > 8


@pytest.mark.parametrize("after", [0, 1, 70_000])
def test_data_cut_in_the_middle_of_a_write_leaves_the_old_file(ftp_servers: Servers, after: int) -> None:
    server = ftp_servers("vsftpd")
    with place_on(server, "ftp") as place, cutting_ftp_proxy(server.address, server.port) as (proxy, scissors):
        path = place.put("f", b"old", 0o604)
        with open_writer(to(server, port=proxy.port, exempt=("127.0.0.1", proxy.port)), guard=GUARD) as writer:
            before = writer.stat(path)
            scissors.data = after
            with pytest.raises(TransportError):
                writer.write_atomic(path, os.urandom(300_000), 0o644)
            scissors.data = None
            assert writer.stat(path) == before  # the conversation goes on
        assert (place.content("f"), place.names()) == (b"old", ["f"])


def test_data_cut_in_the_middle_of_reading_is_never_taken_for_the_whole(ftp_servers: Servers) -> None:
    server = ftp_servers("pyftpdlib")
    with place_on(server, "ftp") as place, cutting_ftp_proxy(server.address, server.port) as (proxy, scissors):
        path = place.put("f", b"x" * 300_000)
        with open_reader(to(server, port=proxy.port, exempt=("127.0.0.1", proxy.port)), guard=GUARD) as reader:
            reader.stat(path)
            scissors.data = 2_000
            with pytest.raises(TransportError):
                reader.read(path, 400_000)


def test_line_that_stalls_is_given_up_in_time(ftp_servers: Servers) -> None:
    server = ftp_servers("vsftpd")
    with place_on(server, "ftp") as place, cutting_ftp_proxy(server.address, server.port) as (proxy, scissors):
        path = place.put("f", b"old")
        through = to(server, port=proxy.port, exempt=("127.0.0.1", proxy.port), operation_timeout_s=1.0)
        for stop in ("commands", "data"):
            started = time.monotonic()
            with open_writer(through, guard=GUARD) as writer:
                setattr(scissors, stop, 4 if stop == "commands" else 100_000)
                scissors.stall = True
                with pytest.raises((ConnectionTimedOut, ConnectionLost)):
                    writer.write_atomic(path, os.urandom(8_000_000), 0o644)
                scissors.commands = scissors.data = None
            assert time.monotonic() - started < 8
            assert place.content("f") == b"old"
