"""What comes before anything is read over FTP: certificates, encryption, one try with a password."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.transports import ftp_login, open_reader, open_writer
from diagnostics.transports.base import (
    ConnectionLost,
    FileKind,
    HostKeyChanged,
    HostKeyUnknown,
    LoginCutOff,
    LoginRefused,
    TooManyConnections,
    TransportError,
    Unsupported,
)
from diagnostics.transports.host_keys import fingerprint
from tests.diagnostics.transports.conftest import GUARD, details_for
from tests.diagnostics.transports.ftp_peers import Servers, answering, counting_proxy, dying_at, to
from tests.ftp_servers import FtpServer, pure_ftpd, pyftpdlib, vsftpd, write_certificate
from tests.servers import listening

ENCRYPTED = ("vsftpd-reuse", "pure-ftpd-tls")


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


@pytest.mark.parametrize("which", ["listens to the account", "talks to us"])
def test_process_that_is_killed_during_the_login_is_no_refused_password(tmp_path: Path, which: str) -> None:
    """vsftpd has two for each connection, and the one that is left says that the other is gone."""
    with vsftpd(tmp_path) as server:

        def handle(client: socket.socket) -> None:
            with socket.create_connection((server.address, server.port)) as line:
                client.sendall(line.recv(1000))
                line.sendall(client.recv(1000))
                client.sendall(line.recv(1000))
                asked = client.recv(1000)
                parent = _children(server._process.pid)[-1]  # type: ignore[union-attr]
                os.kill(parent if which == "listens to the account" else _children(parent)[0], signal.SIGKILL)
                line.sendall(asked)
                while said := line.recv(1000):
                    client.sendall(said)

        with listening(handle) as through, pytest.raises(LoginCutOff) as caught, open_reader(
            to(server, port=through.port, exempt=("127.0.0.1", through.port)), guard=GUARD
        ):  # fmt: skip
            pass
    assert "OOPS" in caught.value.message and "password" not in caught.value.message


@pytest.mark.parametrize("last_words", [b"500 OOPS: priv_sock_get_cmd\r\n", b"421 Timeout.\r\n"])
@pytest.mark.parametrize("command", [b"MDTM", b"EPSV", b"SITE"])
def test_server_that_ends_amid_its_work_has_broken_the_line_whatever_it_says_last(
    tmp_path: Path, command: bytes, last_words: bytes
) -> None:
    """Its last words answer nothing: a file whose time they were asked for would else have another one."""
    with vsftpd(tmp_path) as server, dying_at(server, command, last_words) as through:
        (server.home / "page").write_bytes(b"as it was")
        server.own(server.home / "page")
        place = to(server, port=through.port, exempt=("127.0.0.1", through.port))
        with open_writer(place, guard=GUARD) as writer, pytest.raises(ConnectionLost):
            page = f"{server.remote_home}/page"
            writer.chmod(page, 0o600) if command == b"SITE" else writer.stat(page)


def _children(number: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


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


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ((b"220 hi\r\n", b"331 go\r\n", b"530 Sorry, the maximum number of clients is reached.\r\n"), TooManyConnections),
        ((b"421 Too many connections (8) from this IP\r\n",), TooManyConnections),
        ((b"220 hi\r\n", b"331 go\r\n", b"530 Login incorrect, try again later.\r\n"), LoginRefused),
        ((b"220 hi\r\n", b"331 go\r\n", b"530 Too many failed logins.\r\n"), LoginRefused),
        ((b"220 hi\r\n", b"530 unknown user\r\n"), LoginRefused),
        ((b"220 hi\r\n", b"331 go\r\n"), LoginCutOff),  # hangs up on the password
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
