"""Logins as hosts really ask for them: two proofs, second factors, few tries, few connections, old algorithms, and peers that stall."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from diagnostics.transports import open_reader
from diagnostics.transports.base import (
    Capability,
    ConnectionDetails,
    ConnectionLost,
    ConnectionTimedOut,
    LoginRefused,
    OldAlgorithms,
    SecondFactorWanted,
    TooManyConnections,
    TransportError,
)
from diagnostics.transports.listening import PACKET_LIMIT
from tests.diagnostics.transports.conftest import GUARD, details_for
from tests.servers import Listener, SshServer, cutting_proxy, listening, sshd


def connect(details: ConnectionDetails) -> str:
    with open_reader(details, guard=GUARD) as reader:
        return reader.home()


def refused(details: ConnectionDetails) -> TransportError:
    with pytest.raises(TransportError) as caught:
        connect(details)
    assert caught.value.hint
    return caught.value


def with_password(server: SshServer, **changes: object) -> ConnectionDetails:
    return details_for(server, **{"private_key": "", "password": server.password} | changes)


# --- proofs -------------------------------------------------------------------------------------
@pytest.mark.parametrize("order", ["publickey,password", "password,publickey"])
def test_key_and_password_are_both_given_where_both_are_wanted(tmp_path: Path, order: str) -> None:
    with sshd(tmp_path, password_user=True, extra=f"AuthenticationMethods {order}") as server:
        assert connect(details_for(server, password=server.password)) == server.remote_home
        error = refused(details_for(server) if order.startswith("publickey") else with_password(server))
        assert isinstance(error, SecondFactorWanted)
        assert "give both" in error.hint


def test_key_then_one_hidden_question(tmp_path: Path) -> None:
    with sshd(tmp_path, keyboard_interactive=True, extra="AuthenticationMethods publickey,keyboard-interactive") as server:
        assert connect(details_for(server, password=server.password)) == server.remote_home
        error = refused(details_for(server))
        assert (error.code, "second proof" in error.message) == ("second-factor", True)


def test_refused_key_is_not_followed_by_the_password(tmp_path: Path, sftp_server: SshServer) -> None:
    with sshd(tmp_path, password_user=True) as server:
        error = refused(details_for(server, private_key=sftp_server.private_key_text, password=server.password))
        assert isinstance(error, LoginRefused)
        time.sleep(0.2)
        log = server.log.read_text()
        assert ("Accepted" in log, log.count("Failed publickey"), log.count("Failed password")) == (False, 1, 0)


def test_second_question_after_the_password_is_told_and_not_answered(tmp_path: Path) -> None:
    with sshd(tmp_path, keyboard_interactive=True) as server:
        subprocess.run(["chage", "-d", "0", server.user], check=True)  # expired: PAM takes the password, then wants a new one
        error = refused(with_password(server))
    assert error.code == "second-factor"
    assert "Current password:”" in error.message
    assert "private key" in error.hint


class Asking(paramiko.ServerInterface):
    """Takes keyboard-interactive logins and asks what it is told to, round by round."""

    def __init__(self, *rounds: Sequence[tuple[str, bool]], banner: str = "") -> None:
        self.rounds = list(rounds)
        self.answers: list[str] = []
        self.banner = banner

    def get_banner(self) -> tuple[str, str]:
        return self.banner, "en"

    def get_allowed_auths(self, username: str) -> str:
        return "publickey,keyboard-interactive"

    def check_auth_interactive(self, username: str, submethods: str) -> paramiko.InteractiveQuery:
        return self._next()

    def check_auth_interactive_response(self, responses: list[str]) -> paramiko.InteractiveQuery | int:
        self.answers += responses
        return paramiko.AUTH_SUCCESSFUL if self.answers == ["the-password"] else self._next()

    def _next(self) -> paramiko.InteractiveQuery:
        return paramiko.InteractiveQuery("", "", *(self.rounds.pop(0) if self.rounds else ()))


@contextlib.contextmanager
def asking(server: Asking, kind: type[paramiko.Transport] = paramiko.Transport) -> Iterator[ConnectionDetails]:
    key = paramiko.ECDSAKey.generate()

    def serve(sock: socket.socket) -> None:
        transport = kind(sock)
        transport.add_server_key(key)
        transport.start_server(server=server)
        transport.join()

    with listening(serve) as place:
        yield peer(place, password="the-password", host_key=f"{key.get_name()} {key.get_base64()}")


def peer(place: Listener, **changes: object) -> ConnectionDetails:
    values = {"password": "x", "exempt": (place.address, place.port), "connect_timeout_s": 2.0, "operation_timeout_s": 2.0} | changes
    return ConnectionDetails("ssh", place.address, place.port, "demo", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "first", [[("Password: ", False), ("Code\x1b[31m: ", False)], [("Name: ", True)], [("a" * 100_000, True)]], ids=["two", "shown", "long"]
)
def test_other_questions_than_one_hidden_one_are_not_answered(first: list[tuple[str, bool]]) -> None:
    with asking(server := Asking(first)) as details:
        error = refused(details)
    assert (error.code, server.answers) == ("second-factor", [])
    assert len(error.message) < 400
    assert "\x1b" not in error.message


def test_rounds_that_ask_nothing_come_to_an_end() -> None:
    with asking(Asking()) as details:
        started = time.monotonic()
        error = refused(details)
    assert error.code == "second-factor"
    assert time.monotonic() - started < 5


# --- few tries, few connections -----------------------------------------------------------------
def test_host_that_allows_one_try_is_explained(tmp_path: Path) -> None:
    with sshd(tmp_path, password_user=True, extra="MaxAuthTries 1") as server:
        assert connect(with_password(server)) == server.remote_home
        assert connect(details_for(server)) == server.remote_home
        error = refused(with_password(server, password="wrong"))
        assert isinstance(error, LoginRefused)
        assert "Too many authentication failures" in error.message
        assert "once only" in error.hint


@contextlib.contextmanager
def held(server: SshServer) -> Iterator[None]:
    """The one connection that has not logged in yet."""
    for _try in range(50):
        with socket.create_connection((server.address, server.port)) as first:
            if first.recv(100).startswith(b"SSH-"):
                yield
                return
        time.sleep(0.1)
    raise RuntimeError("sshd takes no connection")


def test_host_that_takes_no_more_connections_says_so(tmp_path: Path) -> None:
    with sshd(tmp_path, extra="MaxStartups 1") as server, held(server):
        error = refused(details_for(server))
        assert isinstance(error, TooManyConnections)
        assert "MaxStartups" in error.message


def test_host_that_hangs_up_without_a_word() -> None:
    with listening(lambda sock: sock.close()) as place:
        error = refused(peer(place))
    assert isinstance(error, ConnectionLost)
    assert "before it said a word" in error.message


def test_host_that_opens_no_session_for_this_user(tmp_path: Path) -> None:
    with sshd(tmp_path, extra="MaxSessions 0") as server:
        error = refused(details_for(server))
        assert isinstance(error, TooManyConnections)
        assert "no further session" in error.message


def test_host_that_opens_one_session_only_gives_files_without_commands(tmp_path: Path) -> None:
    with sshd(tmp_path, extra="MaxSessions 1") as server, open_reader(details_for(server), guard=GUARD) as reader:
        assert Capability.RUN_COMMANDS not in reader.capabilities
        assert [entry.path for entry in reader.walk(reader.home(), 1)] == [reader.home()]


# --- much, little, nothing ----------------------------------------------------------------------
def test_login_banner_as_long_as_openssh_sends_them(tmp_path: Path) -> None:
    banner = tmp_path / "banner"
    banner.write_text("All of this is said before the login.\n" * 6_000)
    with sshd(tmp_path, extra=f"Banner {banner}") as server:
        assert connect(details_for(server)) == server.remote_home


def test_login_banner_of_a_megabyte() -> None:
    with asking(Asking([("Password: ", False)], banner="All of this is said before the login.\n" * 27_600)) as details:
        started = time.monotonic()
        error = refused(details)  # let in: only then are sessions asked for, and this server has none
        assert "The login worked" in error.message
        assert time.monotonic() - started < 5


def test_packet_without_end_is_not_collected() -> None:
    sent = 0

    def flood(sock: socket.socket) -> None:
        nonlocal sent
        sock.sendall(b"SSH-2.0-flood\r\n" + (0x7FFF_FFF4).to_bytes(4, "big"))
        while True:
            sent += sock.send(b"x" * 65_536)

    with listening(flood) as place:
        started = time.monotonic()
        refused(peer(place))
        assert time.monotonic() - started < 2
        assert sent < 20 * PACKET_LIMIT


def test_silence_at_any_point_is_given_up_in_time(ssh_server: SshServer) -> None:
    with cutting_proxy(ssh_server.address, ssh_server.port) as (proxy, cutter):
        through = details_for(ssh_server, port=proxy.port, exempt=("127.0.0.1", proxy.port), connect_timeout_s=1.0, operation_timeout_s=1.0)
        cutter.left = 1_000_000
        connect(through)
        whole = 1_000_000 - cutter.left
        seen: dict[int, float] = {}
        threads = [threading.Thread(target=stall, args=(ssh_server, whole * part // 10, seen)) for part in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(seen) == 10
    assert max(seen.values()) < 8


def stall(server: SshServer, after: int, seen: dict[int, float]) -> None:
    """Everything up to a byte is passed on, then nothing more."""
    with cutting_proxy(server.address, server.port) as (proxy, cutter):
        cutter.left, cutter.stall = after, True
        limits = {"connect_timeout_s": 1.0, "operation_timeout_s": 1.0}
        started = time.monotonic()
        try:
            connect(details_for(server, port=proxy.port, exempt=("127.0.0.1", proxy.port), **limits))
        except (ConnectionTimedOut, ConnectionLost, LoginRefused, TransportError):
            seen[after] = time.monotonic() - started


# --- old algorithms -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("option", "old"),
    [
        ("KexAlgorithms diffie-hellman-group14-sha1,diffie-hellman-group1-sha1", True),
        ("HostKeyAlgorithms ssh-rsa", True),
        ("Ciphers chacha20-poly1305@openssh.com", False),
        ("MACs umac-64@openssh.com", True),
    ],
)
def test_host_with_nothing_in_common_is_named_with_what_it_offers(tmp_path: Path, option: str, old: bool) -> None:
    extra = f"{option}\nCiphers aes128-ctr" if option.startswith("MACs") else option
    with sshd(tmp_path, extra=extra) as server:
        error = refused(details_for(server, host_key=server.host_key_of("rsa")))
    assert isinstance(error, OldAlgorithms)
    assert option.replace(",", ", ") in error.message
    assert ("no longer safe" in error.message, "FTPS" in error.hint) == (old, True)


def test_old_ciphers_that_are_still_spoken_do(tmp_path: Path) -> None:
    with sshd(tmp_path, extra="Ciphers aes128-cbc") as server:
        assert connect(details_for(server)) == server.remote_home


def test_several_old_kinds_are_all_named() -> None:
    def serve(sock: socket.socket) -> None:
        transport = Old(sock)
        transport.add_server_key(paramiko.ECDSAKey.generate())
        with contextlib.suppress(paramiko.SSHException):
            transport.start_server(server=paramiko.ServerInterface())
        transport.join()

    with listening(serve) as place:
        error = refused(peer(place))
    assert "KexAlgorithms diffie-hellman-group1-sha1; HostKeyAlgorithms ssh-dss; Ciphers arcfour, blowfish-cbc" in error.message


class Old(paramiko.Transport):
    """Offers what servers of 2005 offered; it need not speak it."""

    preferred_kex = ("diffie-hellman-group1-sha1",)
    preferred_keys = ("ssh-dss",)
    preferred_ciphers = ("arcfour", "blowfish-cbc")

    def _send_kex_init(self) -> None:
        self.server_key_dict = dict.fromkeys(self.preferred_keys)
        super()._send_kex_init()


def test_version_1_of_the_protocol_is_named() -> None:
    with listening(lambda sock: (sock.sendall(b"SSH-1.5-OldServer\r\n"), sock.recv(1000), time.sleep(1))[0]) as place:
        error = refused(peer(place))
    assert isinstance(error, OldAlgorithms)
    assert "version 1" in error.message


def test_rsa_key_where_only_sha1_signatures_are_taken(tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", tmp_path / "rsa"], check=True)
    with asking(Asking(), OldSignatures) as details:
        error = refused(replace(details, private_key=(tmp_path / "rsa").read_text()))
    assert isinstance(error, LoginRefused)
    assert "SHA-1" in error.message
    assert "Ed25519" in error.hint


class OldSignatures(paramiko.Transport):
    """Takes RSA keys as servers did before RFC 8332."""

    _preferred_pubkeys = ("ssh-rsa",)
