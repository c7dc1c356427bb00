"""What is special to FTP: certificates, one try with a password, data connections, lines that break at every step, odd servers."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diagnostics.transports import ftp_login, open_reader, open_writer
from diagnostics.transports.base import (
    AlreadyExists,
    Capability,
    ConnectionDetails,
    ConnectionLost,
    ConnectionTimedOut,
    FileKind,
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
    NotFound,
    TooManyConnections,
    TransportError,
    Unsupported,
)
from diagnostics.transports.host_keys import fingerprint
from tests.diagnostics.transports.conftest import FTP, GUARD, details_for, place_on
from tests.ftp_servers import FtpServer, cutting_ftp_proxy, pure_ftpd, pyftpdlib, vsftpd, write_certificate
from tests.servers import Listener, greeting_server, listening, silent_server

Servers = Callable[[str], FtpServer]
ENCRYPTED = ("vsftpd-reuse", "pure-ftpd-tls")


def to(server: FtpServer | Listener, **changes: object) -> ConnectionDetails:
    if isinstance(server, FtpServer):
        return details_for(server, server.protocol, **changes)
    values: dict[str, object] = {"protocol": "ftp", "password": "p", "connect_timeout_s": 0.5, "operation_timeout_s": 0.5, **changes}
    return ConnectionDetails(address=server.address, port=server.port, user="u", exempt=(server.address, server.port), **values)  # type: ignore[arg-type]


# --- certificates -------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ENCRYPTED)
def test_certificate_that_nobody_vouches_for_is_shown_and_pinned(ftp_servers: Servers, name: str) -> None:
    server = ftp_servers(name)
    with pytest.raises(HostKeyUnknown) as caught, open_reader(to(server, host_key=""), guard=GUARD):
        pass
    shown = caught.value
    assert not isinstance(shown, HostKeyChanged)
    assert shown.host_key == server.host_key and shown.fingerprint == fingerprint(server.host_key)
    command = ["openssl", "x509", "-in", str(server.certificate), "-noout", "-fingerprint", "-sha256"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.fingerprint.removeprefix("SHA256:") == printed.strip().partition("=")[2]
    with open_reader(to(server, host_key=shown.host_key), guard=GUARD) as reader:
        assert reader.stat(reader.home()).kind is FileKind.FOLDER


def test_password_is_not_sent_before_the_certificate_is_accepted(tmp_path: Path) -> None:
    with vsftpd(tmp_path, tls=True, extra=("log_ftp_protocol=YES", "xferlog_enable=YES")) as server:
        with pytest.raises(HostKeyUnknown), open_reader(to(server, host_key=""), guard=GUARD):
            pass
        assert "PASS" not in (server.home.parent / "vsftpd.log").read_text()


def test_changed_certificate_stops_everything(tmp_path: Path) -> None:
    with pure_ftpd(tmp_path, tls=True) as server:
        pinned = server.host_key
        server.change_certificate()
        with pytest.raises(HostKeyChanged) as caught, open_reader(to(server, host_key=pinned), guard=GUARD):
            pass
        assert caught.value.host_key == server.host_key != pinned


def test_certificate_of_a_known_authority_needs_nobody(ftp_servers: Servers, settings) -> None:
    server = ftp_servers("pure-ftpd-tls")
    settings.SITEMEND_CA_FILE = str(server.certificate)
    for pinned in ("", "x509 AAAA"):  # also when it took the place of one that was pinned
        with open_reader(to(server, host_key=pinned), guard=GUARD) as reader:
            assert reader.home() == server.remote_home


@pytest.mark.parametrize(("name", "days", "why"), [("127.0.0.1", -1, "expired"), ("other.example", 30, "another name")])
def test_why_a_certificate_is_not_trusted_is_said(tmp_path: Path, settings, name: str, days: int, why: str) -> None:
    with pure_ftpd(tmp_path, tls=True) as server:
        server.stop()
        write_certificate(server.certificate, name=name, days=days)
        server.start()
        settings.SITEMEND_CA_FILE = str(server.certificate)
        with pytest.raises(HostKeyUnknown, match=why), open_reader(to(server, host_key=""), guard=GUARD):
            pass


def test_encryption_from_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with vsftpd(tmp_path, tls=True, implicit=True) as server:
        monkeypatch.setattr(ftp_login, "IMPLICIT_PORTS", frozenset({server.port}))
        with open_writer(to(server), guard=GUARD) as writer:
            path = f"{writer.home()}/f"
            writer.create_exclusive(path, b"secret", 0o600)
            assert writer.read(path, 10) == b"secret"


def test_host_without_tls_is_told_and_gets_no_password(ftp_servers: Servers) -> None:
    server = ftp_servers("pyftpdlib")
    with pytest.raises(Unsupported, match="does not offer TLS"), open_reader(details_for(server, "ftps"), guard=GUARD):
        pass


def test_host_that_wants_tls_says_so_to_plain_ftp(ftp_servers: Servers) -> None:
    for name in ENCRYPTED:
        with pytest.raises(Unsupported, match="TLS only") as caught, open_reader(details_for(ftp_servers(name), "ftp"), guard=GUARD):
            pass
        assert "FTPS" in caught.value.hint


# --- the login ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["vsftpd", "vsftpd-reuse", "pure-ftpd-tls", "pyftpdlib"])
def test_refused_login_is_tried_once(ftp_servers: Servers, name: str) -> None:
    server = ftp_servers(name)
    with counting_proxy(server) as (proxy, seen):
        through = to(server, port=proxy.port, exempt=("127.0.0.1", proxy.port), password="wrong", operation_timeout_s=15.0)
        with pytest.raises(LoginRefused), open_reader(through, guard=GUARD):
            pass
        assert proxy.connections == 1
        assert seen.count(b"PASS") == (0 if server.certificate else 1)


@pytest.mark.parametrize(
    "limited", [lambda folder: vsftpd(folder, extra=("max_clients=1",)), lambda folder: pyftpdlib(folder, max_cons_per_ip=1)]
)
def test_too_many_connections_is_no_refused_login(
    tmp_path: Path, limited: Callable[[Path], contextlib.AbstractContextManager[FtpServer]]
) -> None:
    with limited(tmp_path) as server, contextlib.ExitStack() as stack:
        greeting = b""
        while not greeting.startswith(b"220"):  # it still counts the one that saw it start
            time.sleep(0.05)
            greeting = stack.enter_context(socket.create_connection((server.address, server.port))).recv(100)
        with pytest.raises(TooManyConnections), open_reader(to(server), guard=GUARD):
            pass


def answering(*answers: bytes) -> contextlib.AbstractContextManager[Listener]:
    """Says each of these, the first at once and each other one after a line from the client."""

    def speak(sock: socket.socket) -> None:
        with sock.makefile("rb") as lines:
            for answer in answers:
                sock.sendall(answer)
                if not lines.readline():
                    break
        sock.shutdown(socket.SHUT_RDWR)

    return listening(speak)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ((b"220 hi\r\n", b"331 go\r\n", b"530 Sorry, the maximum number of clients is reached.\r\n"), TooManyConnections),
        ((b"421 Too many connections (8) from this IP\r\n",), TooManyConnections),
        ((b"220 hi\r\n", b"331 go\r\n", b"530 Login incorrect, try again later.\r\n"), LoginRefused),
        ((b"220 hi\r\n", b"331 go\r\n", b"530 Too many failed logins.\r\n"), LoginRefused),
        ((b"220 hi\r\n", b"530 unknown user\r\n"), LoginRefused),
        ((b"220 hi\r\n", b"331 go\r\n"), LoginRefused),  # hangs up on the password
        ((b"220 hi\r\n", b"331 go\r\n", b"332 account?\r\n"), LoginRefused),
        ((b"554 no\r\n",), TransportError),
    ],
)  # fmt: skip
def test_how_a_host_turns_a_login_away(answers: tuple[bytes, ...], kind: type[TransportError]) -> None:
    with answering(*answers) as peer, pytest.raises(TransportError) as caught, open_reader(to(peer), guard=GUARD):
        pass
    assert type(caught.value) is kind


def test_user_with_a_line_break_never_reaches_the_host(ftp_servers: Servers) -> None:
    for changed in ({"user": "a\r\nDELE /x"}, {"password": "a\nb"}, {"password": ""}):
        with pytest.raises(LoginRefused), open_reader(to(ftp_servers("pyftpdlib"), **changed), guard=GUARD):
            pass


# --- peers that misbehave -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "greeting",
    [
        b"220-" + b"x" * 1_048_576,
        b"220-hello\r\n" + b"220-and more\r\n" * 80_000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 no\r\n\r\n",
        b"\0" * 100 + b"\n",
    ],
    ids=["long line", "many lines", "ssh", "http", "zeros"],
)  # fmt: skip
def test_what_is_no_ftp_is_refused_clearly(greeting: bytes) -> None:
    with greeting_server(greeting) as peer, pytest.raises(ConnectionLost, match="does not speak FTP"), open_reader(to(peer), guard=GUARD):
        pass


def test_silent_peer_is_given_up_in_time() -> None:
    started = time.monotonic()
    for protocol in ("ftp", "ftps"):
        with silent_server() as peer, pytest.raises(ConnectionTimedOut), open_reader(to(peer, protocol=protocol), guard=GUARD):
            pass
    assert time.monotonic() - started < 4


def test_trickling_peer_is_given_up_in_time() -> None:
    def trickle(sock: socket.socket) -> None:
        while True:
            sock.sendall(b"2")
            time.sleep(0.05)

    started = time.monotonic()
    with listening(trickle) as peer, pytest.raises(ConnectionTimedOut), open_reader(to(peer), guard=GUARD):
        pass
    assert time.monotonic() - started < 3


def test_peer_that_promises_to_be_ready_for_ever_is_given_up_in_time() -> None:
    def promise(sock: socket.socket) -> None:
        while True:
            sock.sendall(b"120 ready in a minute\r\n")
            time.sleep(0.05)

    started = time.monotonic()
    with listening(promise) as peer, pytest.raises(TransportError), open_reader(to(peer), guard=GUARD):
        pass
    assert time.monotonic() - started < 3


def test_words_put_in_before_encryption_begins_are_not_believed() -> None:
    with (
        answering(b"220 hi\r\n", b"234 go\r\n230 you are in\r\n") as peer,
        pytest.raises(ConnectionLost, match="before encryption"),
        open_reader(to(peer, protocol="ftps"), guard=GUARD),
    ):
        pass


def test_address_in_the_answer_to_pasv_is_not_used_nor_are_ports_of_other_services() -> None:
    asked: list[bytes] = []

    def speak(passive: bytes) -> Callable[[socket.socket], None]:
        answers = {
            b"USER": b"331 go",
            b"PASS": b"230 in",
            b"TYPE": b"200 ok",
            b"PWD": b'257 "/"',
            b"EPSV": b"500 no",
            b"CWD": b"250 ok",
            b"PASV": passive,
        }

        def serve(sock: socket.socket) -> None:
            sock.sendall(b"220 hi\r\n")
            with sock.makefile("rb") as lines:
                for line in lines:
                    asked.append(line.strip())
                    sock.sendall(answers.get(line.split()[0], b"502 no") + b"\r\n")

        return serve

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        other.settimeout(3)
        elsewhere = b"227 ok (192,0,2,1,%d,%d)" % divmod(port, 256)
        with listening(speak(elsewhere)) as peer, open_reader(to(peer), guard=GUARD) as reader:
            with pytest.raises(TransportError):
                reader.list("/")
            other.accept()[0].close()  # it came to the control connection's address
    for high in (0, 256):  # 256 * 256 + 25 is 25 to getaddrinfo(3)
        with listening(speak(b"227 ok (127,0,0,1,%d,25)" % high)) as peer, open_reader(to(peer), guard=GUARD) as reader:
            with pytest.raises(Unsupported, match="which is not used"):
                reader.list("/")
            assert asked[-1] == b"PASV"


# --- lines that break ---------------------------------------------------------------------------
@contextlib.contextmanager
def counting_proxy(server: FtpServer) -> Iterator[tuple[Listener, bytearray]]:
    """Passes the control connection on and keeps what the client said."""
    seen = bytearray()

    def handle(client: socket.socket) -> None:
        with socket.create_connection((server.address, server.port)) as upstream:

            def back() -> None:
                with contextlib.suppress(OSError):
                    while data := upstream.recv(65_536):
                        client.sendall(data)
                    client.shutdown(socket.SHUT_RDWR)

            threading.Thread(target=back, daemon=True).start()
            while data := client.recv(65_536):
                seen.extend(data)
                upstream.sendall(data)

    with listening(handle) as info:
        yield info, seen


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


# --- what FTP cannot do -------------------------------------------------------------------------
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


# --- a reading as a whole -----------------------------------------------------------------------
def dripping(sock: socket.socket) -> None:
    """Lists and sends files without an end, a little more than the progress that is asked for within each limit."""
    answers = {
        "USER": "331 go",
        "PASS": "230 in",
        "PWD": '257 "/"',
        "TYPE": "200 ok",
        "CWD": "250 ok",
        "SIZE": "213 9000000",
        "REST": "350 ok",
        "QUIT": "221 bye",
    }
    with socket.create_server(("127.0.0.1", 0)) as passive, sock.makefile("rb") as lines:
        sock.sendall(b"220 hi\r\n")
        for line in lines:
            command = line.decode().split()[0]
            if command == "EPSV":
                sock.sendall(b"229 ok (|||%d|)\r\n" % passive.getsockname()[1])
            elif command in ("LIST", "RETR"):
                sock.sendall(b"150 here it comes\r\n")
                with passive.accept()[0] as data, contextlib.suppress(OSError):
                    while True:
                        data.sendall((b"-rw-r--r-- 1 u g 5 Nov 22 2020 f\r\n" * 50)[:1500])
                        time.sleep(0.1)
            else:
                sock.sendall(f"{answers.get(command, '502 no')}\r\n".encode())


def test_reading_that_drips_is_given_up_as_a_whole() -> None:
    for work in (lambda reader: reader.list("/"), lambda reader: reader.read_tail("/log", 1_000_000)):
        with listening(dripping) as peer, open_reader(to(peer, reading_timeout_s=1.0), guard=GUARD) as reader:
            started = time.monotonic()
            with pytest.raises(ConnectionTimedOut, match="more than 1 s"):
                work(reader)
            assert time.monotonic() - started < 3
