"""What is special to FTP: what it cannot do, what a host says it can, who only looks, and how little is asked."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from diagnostics.transports import open_reader
from diagnostics.transports.base import (
    AlreadyExists,
    Capability,
    FileKind,
    NotFound,
    PermissionRefused,
    TransportError,
    Unsupported,
)
from tests.diagnostics.transports.conftest import FTP, GUARD, place_on
from tests.diagnostics.transports.ftp_peers import Servers, counting_proxy, to
from tests.ftp_servers import FtpServer, pure_ftpd, pyftpdlib, vsftpd


@pytest.mark.parametrize("name", ["vsftpd", "pure-ftpd-tls", "pyftpdlib"])
def test_name_with_a_line_break_is_left_alone_and_breaks_no_listing(ftp_servers: Servers, name: str) -> None:
    server = ftp_servers(name)
    with place_on(server, server.protocol) as place:
        place.put("a", b"1")
        path = place.put("new\nline.txt", b"2")
        place.put("z", b"3")
        names = {entry.path.rpartition("/")[2] for entry in place.writer.list(place.path)}
        assert {"a", "z"} <= names and "new\nline.txt" not in names
        for use in (place.writer.stat, place.writer.remove, lambda path: place.writer.read(path, 10)):
            with pytest.raises(Unsupported, match="line break"):
                use(path)
        with pytest.raises(Unsupported):
            place.writer.write_atomic(path, b"x", 0o644)
        assert place.content("new\nline.txt") == b"2"


@pytest.mark.parametrize("name", FTP)
def test_capabilities_are_those_that_the_host_has(ftp_servers: Servers, name: str) -> None:
    server = ftp_servers(name)
    with open_reader(to(server), guard=GUARD) as reader:
        wanted = {"read", "write", "rename", "chmod", "set-mtime", "list-modes", "atomic-replace"}
        assert {str(each) for each in reader.capabilities} - {"list-times"} == wanted
        assert (Capability.LIST_TIMES in reader.capabilities) == (name.startswith(("pure", "pyftpdlib")) and name != "pyftpdlib-bare")


def test_host_without_chmod_refuses_where_the_mode_would_change(tmp_path: Path) -> None:
    with pyftpdlib(tmp_path, without=("SITE CHMOD", "MFMT")) as server, place_on(server, "ftp") as place:
        assert not {Capability.CHMOD, Capability.SET_MTIME} & place.writer.capabilities
        private, usual = place.put("private", b"old", 0o600), place.put("usual", b"old", 0o644)
        with pytest.raises(Unsupported, match="modes"):
            place.writer.write_atomic(private, b"new", 0o600)
        place.writer.write_atomic(usual, b"new", 0o644, 1_500_000_000)
        assert (place.content("private"), place.content("usual"), place.names()) == (b"old", b"new", ["private", "usual"])


@pytest.mark.parametrize(("name", "can"), [("vsftpd", True), ("pure-ftpd", False), ("pyftpdlib", True)])
def test_mode_of_what_nobody_may_read_is_set_or_refused_with_the_way_out(ftp_servers: Servers, name: str, can: bool) -> None:
    server = ftp_servers(name)
    with place_on(server, server.protocol) as place:
        shut, closed = place.put("shut", b"x", 0o000), place.folder("closed", 0o000)
        for path, mode in ((shut, 0o644), (closed, 0o755)):
            if can:
                place.writer.chmod(path, mode)
                assert place.writer.stat(path).mode == mode
                continue
            with pytest.raises(PermissionRefused, match="may not be read") as refused:
                place.writer.chmod(path, mode)
            assert "SFTP" in refused.value.hint and place.writer.stat(path).mode == 0


def test_host_that_does_not_rename_over_a_file_moves_the_old_one_aside(tmp_path: Path) -> None:
    with pyftpdlib(tmp_path, without=("overwriting",)) as server, place_on(server, "ftp") as place:
        path = place.put("f", b"old", 0o604)
        place.writer.write_atomic(path, b"new", 0o640, 1_500_000_000)
        found = place.writer.stat(path)
        assert (place.content("f"), found.mode, found.mtime, place.names()) == (b"new", 0o640, 1_500_000_000, ["f"])


def test_folder_that_may_be_passed_but_not_listed(ftp_servers: Servers) -> None:
    for name in ("vsftpd", "pure-ftpd-tls", "pyftpdlib"):
        server = ftp_servers(name)
        with place_on(server, server.protocol) as place:
            place.folder("inner")
            place.put("f", b"12345")
            os.chmod(place.real, 0o311)
            assert place.writer.stat(place.at("inner")).kind is FileKind.FOLDER
            assert (place.writer.stat(place.at("f")).kind, place.writer.stat(place.at("f")).size) == (FileKind.FILE, 5)
            with pytest.raises(TransportError):
                place.writer.stat(place.at("absent"))
            os.chmod(place.real, 0o755)


@pytest.mark.parametrize("name", ["vsftpd", "pure-ftpd-tls", "pyftpdlib"])
def test_links_in_a_loop_lead_nowhere(ftp_servers: Servers, name: str) -> None:
    server = ftp_servers(name)
    with place_on(server, server.protocol) as place:
        place.link("one", "two")
        place.link("two", "one")
        with pytest.raises(NotFound):
            place.writer.real_path(place.at("one"))
        for path in ("one", "two"):
            with pytest.raises(Unsupported):
                place.writer.read(place.at(path), 10)


@pytest.mark.parametrize("name", ["vsftpd-reuse", pytest.param("pyftpdlib", marks=pytest.mark.full)])
def test_folder_of_10000_files(ftp_servers: Servers, name: str) -> None:
    server = ftp_servers(name)
    with place_on(server, server.protocol) as place:
        for number in range(10_000):
            (place.real / f"file {number}").touch()
        started = time.monotonic()
        assert len(place.writer.list(place.path)) == 10_000
        assert place.writer.stat(place.at("file 9999")).kind is FileKind.FILE
        assert time.monotonic() - started < 10


def test_names_that_a_host_holds_back_are_not_taken_for_absent(tmp_path: Path) -> None:
    with pure_ftpd(tmp_path, options=("--limitrecursion=20:2",)) as server, place_on(server, "ftp") as place:
        for number in range(40):
            place.put(f"f{number}", b"12345")
        with pytest.raises(Unsupported, match="only the first"):
            place.writer.list(place.path)
        assert {place.writer.stat(place.at(f"f{number}")).size for number in range(40)} == {5}
        with pytest.raises(AlreadyExists):
            place.writer.rename(place.at("f1"), place.at("f39"))
        with pytest.raises(NotFound):
            place.writer.stat(place.at("absent"))


# --- who only looks tries no write --------------------------------------------------------------
def said_to(server: FtpServer) -> str:
    return (server.home.parent / "vsftpd.log").read_text()


def test_who_only_looks_does_not_try_whether_times_can_be_set(tmp_path: Path) -> None:
    with (
        vsftpd(tmp_path, extra=("log_ftp_protocol=YES", "xferlog_enable=YES")) as server,
        place_on(server, "ftp") as place,
        open_reader(to(server), guard=GUARD) as reader,
    ):
        place.put("f", b"x")
        assert Capability.SET_MTIME in reader.capabilities
        assert reader.stat(place.at("f")).mtime == 1_600_000_000
        assert len(reader.list(place.path)) == 1
        assert "MDTM 20" not in said_to(server)
        place.writer.write_atomic(place.at("f"), b"new", 0o644, 1_500_000_000)
        assert (place.real / "f").stat().st_mtime == 1_500_000_000
        assert said_to(server).count('FTP command: Client "127.0.0.1", "MDTM 20') == 1


def test_file_is_written_where_the_host_turns_out_not_to_set_times(tmp_path: Path) -> None:
    with vsftpd(tmp_path, extra=("mdtm_write=NO",)) as server, place_on(server, "ftp") as place:
        path = place.put("f", b"old", 0o604)
        place.writer.write_atomic(path, b"new", 0o604, 1_500_000_000)
        assert place.content("f") == b"new" and place.names() == ["f"]
        assert Capability.SET_MTIME not in place.writer.capabilities
        with pytest.raises(Unsupported, match="does not let times"):
            place.writer.set_mtime(path, 1_500_000_000)


# --- round trips --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("vsftpd", ["CWD", "EPSV", "LIST"]),
        ("pyftpdlib-bare", ["CWD", "EPSV", "LIST"]),
        ("pure-ftpd", ["CWD", "EPSV", "LIST", "EPSV", "MLSD"]),
        ("pyftpdlib", ["CWD", "EPSV", "LIST", "EPSV", "MLSD"]),
    ],
)
def test_folder_is_listed_with_few_commands_the_first_two_in_one_breath(ftp_servers: Servers, name: str, commands: list[str]) -> None:
    server = ftp_servers(name)
    with place_on(server, "ftp") as place, counting_proxy(server) as (proxy, seen):
        place.folder("d")
        through = to(server, port=proxy.port, exempt=("127.0.0.1", proxy.port))
        with open_reader(through, guard=GUARD) as reader:
            reader.list(place.path)
            seen.clear()
            reader.list(place.at("d"))
            assert [line.split()[0].decode() for line in bytes(seen).splitlines()] == commands


def test_folder_that_cannot_be_entered_leaves_the_conversation_in_step(ftp_servers: Servers) -> None:
    for name in ("vsftpd", "pure-ftpd", "pyftpdlib"):
        with place_on(ftp_servers(name), "ftp") as place:
            place.put("f", b"12345")
            place.folder("closed", 0o000)
            for _time in range(2):
                with pytest.raises(TransportError):
                    place.writer.list(place.at("absent"))
                with pytest.raises(TransportError):
                    place.writer.list(place.at("closed"))
                assert {entry.path for entry in place.writer.list(place.path)} == {place.at("f"), place.at("closed")}
                assert place.writer.read(place.at("f"), 10) == b"12345"
