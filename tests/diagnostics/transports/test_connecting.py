"""From address to login, against real OpenSSH servers and peers that misbehave."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from diagnostics.transports import open_reader
from diagnostics.transports.base import (
    KEY_WANTED,
    AddressRefused,
    Capability,
    ConnectionDetails,
    ConnectionRefused,
    ConnectionTimedOut,
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
    NameUnresolved,
    TransportError,
    Unsupported,
)
from tests.diagnostics.transports.conftest import GUARD, details_for
from tests.servers import SshServer, free_port, greeting_server, listening, silent_server, sshd


def connect(details: ConnectionDetails) -> str:
    with open_reader(details, guard=GUARD) as reader:
        return reader.home()


def peer(port: int, **changes: object) -> ConnectionDetails:
    values = {"password": "x", "exempt": ("127.0.0.1", port), "connect_timeout_s": 1.0, "operation_timeout_s": 1.0} | changes
    return ConnectionDetails("ssh", "127.0.0.1", port, "demo", **values)  # type: ignore[arg-type]


def log_of(server: SshServer, since: int) -> str:
    time.sleep(0.2)  # sshd writes its line after it has answered
    return server.log.read_text()[since:]


def test_key_login(ssh_server: SshServer) -> None:
    assert connect(details_for(ssh_server)) == ssh_server.remote_home


def test_home_under_a_chroot(sftp_server: SshServer) -> None:
    assert connect(details_for(sftp_server, "sftp")) == sftp_server.remote_home


def test_capabilities_tell_shell_and_extensions(ssh_server: SshServer, sftp_server: SshServer, bare_server: SshServer) -> None:
    with open_reader(details_for(ssh_server), guard=GUARD) as reader:
        assert Capability.RUN_COMMANDS in reader.capabilities
    with open_reader(details_for(sftp_server), guard=GUARD) as reader:  # "ssh" was asked for, the host gives SFTP alone
        assert Capability.RUN_COMMANDS not in reader.capabilities
        assert {Capability.ATOMIC_REPLACE, Capability.FREE_SPACE} <= reader.capabilities
        assert len(list(reader.walk(reader.home(), 1))) == 1
    with open_reader(details_for(bare_server, "sftp"), guard=GUARD) as reader:
        assert not {Capability.ATOMIC_REPLACE, Capability.FREE_SPACE} & reader.capabilities


def test_a_reader_cannot_write(ssh_server: SshServer) -> None:
    with open_reader(details_for(ssh_server), guard=GUARD) as reader:
        assert not [
            name for name in ("write_atomic", "create_exclusive", "rename", "chmod", "set_mtime", "remove") if hasattr(reader, name)
        ]


def test_unknown_host_key_is_shown_before_any_login(ssh_server: SshServer) -> None:
    since = len(ssh_server.log.read_text())
    with pytest.raises(HostKeyUnknown) as caught:
        connect(details_for(ssh_server, host_key=""))
    assert not isinstance(caught.value, HostKeyChanged)
    assert (caught.value.host_key, caught.value.fingerprint) == (ssh_server.host_key, ssh_server.fingerprint())
    assert "Accepted" not in log_of(ssh_server, since)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_pinned_key_is_asked_for_whatever_its_kind(ssh_server: SshServer, kind: str) -> None:
    assert connect(details_for(ssh_server, host_key=ssh_server.host_key_of(kind))) == ssh_server.remote_home


def test_changed_host_key_stops_before_the_secret(tmp_path: Path) -> None:
    with sshd(tmp_path, password_user=True) as server:
        details = details_for(server, private_key="", password=server.password)
        assert connect(details) == server.remote_home
        server.change_host_key()
        since = len(server.log.read_text())
        with pytest.raises(HostKeyChanged) as caught:
            connect(details)
        assert caught.value.host_key == server.host_key
        assert "password" not in log_of(server, since)
        assert connect(details_for(server, private_key="", password=server.password)) == server.remote_home


def test_wrong_password_is_tried_exactly_once(tmp_path: Path) -> None:
    with sshd(tmp_path, password_user=True) as server:
        with pytest.raises(LoginRefused) as caught:
            connect(details_for(server, private_key="", password="wrong-password"))
        assert "wrong-password" not in str(caught.value) + caught.value.hint
        assert log_of(server, 0).count("Failed password") == 1


def test_keyboard_interactive_login(tmp_path: Path) -> None:
    with sshd(tmp_path, keyboard_interactive=True) as server:
        assert connect(details_for(server, private_key="", password=server.password)) == server.remote_home
        with pytest.raises(LoginRefused):
            connect(details_for(server, private_key="", password="wrong"))
        assert log_of(server, 0).count("Failed keyboard-interactive/pam") == 1


def test_password_where_only_keys_are_taken(ssh_server: SshServer) -> None:
    since = len(ssh_server.log.read_text())
    with pytest.raises(LoginRefused) as caught:
        connect(details_for(ssh_server, private_key="", password="something"))
    assert caught.value.message == KEY_WANTED
    assert "Failed password" not in log_of(ssh_server, since)


def test_no_secret_at_all(ssh_server: SshServer) -> None:
    with pytest.raises(LoginRefused):
        connect(details_for(ssh_server, private_key=""))


def test_foreign_key_is_refused(ssh_server: SshServer, sftp_server: SshServer) -> None:
    with pytest.raises(LoginRefused):
        connect(details_for(ssh_server, private_key=sftp_server.private_key_text))


def test_second_factor_is_told(tmp_path: Path) -> None:
    with (
        sshd(tmp_path, password_user=True, extra="AuthenticationMethods publickey,password") as server,
        pytest.raises(LoginRefused) as caught,
    ):
        connect(details_for(server))
    assert "second proof" in caught.value.message


def test_host_without_sftp(tmp_path: Path) -> None:
    with sshd(tmp_path, extra="ForceCommand /bin/echo hello from a login script that talks too much") as server:
        with pytest.raises(TransportError) as caught:
            connect(details_for(server))
        assert "not SFTP" in caught.value.message


def test_login_scripts_that_print_do_not_disturb_walks(tmp_path: Path) -> None:
    files = 'test "$SSH_ORIGINAL_COMMAND" = internal-sftp && exec /usr/lib/openssh/sftp-server'
    chatty = f'ForceCommand {files}; echo "Welcome"; eval "$SSH_ORIGINAL_COMMAND"'
    if not Path("/usr/lib/openssh/sftp-server").exists():
        pytest.skip("needs Debian's sftp-server program")
    with sshd(tmp_path, extra=chatty) as server, open_reader(details_for(server), guard=GUARD) as reader:
        assert [entry.path for entry in reader.walk(server.remote_home, 10)] == [server.remote_home]
        assert Capability.RUN_COMMANDS in reader.capabilities


def test_free_space_by_the_shell_where_sftp_does_not_tell(tmp_path: Path) -> None:
    with sshd(tmp_path, sftp_options="-P statvfs") as server, open_reader(details_for(server), guard=GUARD) as reader:
        assert (reader.free_space(server.remote_home) or 0) > 0


def test_refused_port() -> None:
    port = free_port()
    with pytest.raises(ConnectionRefused) as caught:
        connect(peer(port))
    assert f"port {port}" in caught.value.message


def test_name_that_does_not_resolve() -> None:
    with pytest.raises(NameUnresolved) as caught:
        connect(ConnectionDetails("ssh", "shop.invalid", 22, "demo", password="x"))
    assert caught.value.message == "The name shop.invalid does not resolve."


def test_loopback_is_not_contacted_unless_exempt() -> None:
    with silent_server() as server:
        with pytest.raises(AddressRefused):
            connect(peer(server.port, exempt=None))
        with pytest.raises(AddressRefused):
            connect(peer(server.port, exempt=("127.0.0.1", server.port + 1)))
        assert server.connections == 0


def test_silent_server_is_given_up_in_time() -> None:
    with silent_server() as server:
        started = time.monotonic()
        with pytest.raises(ConnectionTimedOut):
            connect(peer(server.port))
        assert time.monotonic() - started < 3


def test_dripping_server_is_given_up_in_time() -> None:
    def drip(sock) -> None:  # noqa: ANN001
        while True:
            sock.sendall(b"x")
            time.sleep(0.1)

    with listening(drip) as server:
        started = time.monotonic()
        with pytest.raises(TransportError):
            connect(peer(server.port))
        assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "greeting", [b"x" * 1_048_576, b"x\n" * 524_288, b"SSH-2.0-" + b"x" * 1_048_576, b"HTTP/1.1 400 Bad Request\r\n\r\n"]
)
def test_strange_greetings_end_soon(greeting: bytes) -> None:
    with greeting_server(greeting) as server:
        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            connect(peer(server.port))
        assert time.monotonic() - started < 3
        assert "x" * 100 not in caught.value.message


def test_server_that_closes_at_once() -> None:
    with listening(lambda sock: sock.close()) as server, pytest.raises(TransportError):
        connect(peer(server.port))


def test_guard_is_needed_and_protocols_are_few() -> None:
    with pytest.raises(ValueError, match="guard"), open_reader(peer(22)):
        pass
    with pytest.raises(Unsupported), open_reader(ConnectionDetails("gopher", "host.example", 70, "demo"), guard=GUARD):
        pass


def test_details_do_not_show_secrets() -> None:
    shown = repr(peer(22, password="hidden-1", private_key="hidden-2", passphrase="hidden-3"))
    assert "hidden" not in shown
