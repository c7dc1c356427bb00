"""Hosts that are reached through others: two real sshds, each with its own key, and what the one in between can refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from diagnostics.transports import open_reader, open_writer
from diagnostics.transports.base import (
    AddressRefused,
    ConnectionDetails,
    ConnectionRefused,
    HostKeyChanged,
    HostKeyUnknown,
    JumpHostFailed,
    LoginRefused,
    TransportError,
)
from diagnostics.transports.jumping import refuse_obvious
from sites.probing.guard import Guard
from tests.diagnostics.transports.conftest import GUARD, details_for
from tests.servers import SshServer, free_port, sshd


@pytest.fixture(scope="module")
def jump_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("jump")) as server:
        yield server


@pytest.fixture
def through(ssh_server: SshServer, jump_server: SshServer) -> ConnectionDetails:
    return details_for(ssh_server, via=details_for(jump_server))


def test_files_are_read_and_written_through_a_jump_host(ssh_server: SshServer, jump_server: SshServer, through: ConnectionDetails) -> None:
    path = f"{ssh_server.remote_home}/through"
    with open_writer(through, guard=GUARD) as writer:
        writer.write_atomic(path, b"x" * 3_000_000, 0o644)
        assert writer.read(path, 4_000_000) == b"x" * 3_000_000
        writer.remove(path)
        assert next(iter(writer.walk(ssh_server.remote_home, 5))).path == ssh_server.remote_home
    assert "direct-tcpip" in jump_server.log.read_text() or "Accepted" in jump_server.log.read_text()


def test_two_hops(ssh_server: SshServer, jump_server: SshServer, sftp_server: SshServer) -> None:
    first = details_for(jump_server)
    second = details_for(ssh_server, via=first)
    with open_reader(details_for(sftp_server, "sftp", via=second), guard=GUARD) as reader:
        assert reader.home() == sftp_server.remote_home


def refused(details: ConnectionDetails, guard: Guard = GUARD) -> TransportError:
    with pytest.raises(TransportError) as caught, open_reader(details, guard=guard):
        pass
    return caught.value


def test_each_host_has_its_own_key(through: ConnectionDetails, ssh_server: SshServer, jump_server: SshServer) -> None:
    error = refused(replace(through, host_key=""))
    assert isinstance(error, HostKeyUnknown)
    assert error.host_key == ssh_server.host_key
    assert isinstance(refused(replace(through, host_key=jump_server.host_key)), HostKeyChanged)
    changed = refused(replace(through, via=details_for(jump_server, host_key=ssh_server.host_key)))
    assert isinstance(changed, JumpHostFailed)
    assert isinstance(changed.error, HostKeyChanged)
    assert (changed.hop.port, changed.error.host_key) == (jump_server.port, jump_server.host_key)


def test_trouble_of_the_jump_host_is_not_that_of_the_host(
    through: ConnectionDetails, ssh_server: SshServer, jump_server: SshServer
) -> None:
    since = len(ssh_server.log.read_text())
    error = refused(replace(through, via=details_for(jump_server, private_key=ssh_server.private_key_text)))
    assert isinstance(error, JumpHostFailed)
    assert not isinstance(error, LoginRefused)
    assert isinstance(error.error, LoginRefused)
    assert len(ssh_server.log.read_text()) == since


def test_address_of_the_jump_host_is_vetted(through: ConnectionDetails, jump_server: SshServer) -> None:
    error = refused(replace(through, via=details_for(jump_server, exempt=None)))
    assert isinstance(error, JumpHostFailed)
    assert isinstance(error.error, AddressRefused)


def test_port_where_nothing_listens_behind_the_jump_host(through: ConnectionDetails) -> None:
    port = free_port()
    error = refused(replace(through, port=port, exempt=("127.0.0.1", port)))
    assert isinstance(error, ConnectionRefused)
    assert "The jump host cannot reach" in error.message


def test_jump_host_that_passes_nothing_on(tmp_path: Path, ssh_server: SshServer) -> None:
    with sshd(tmp_path, extra="AllowTcpForwarding no") as closed:
        error = refused(details_for(ssh_server, via=details_for(closed)))
    assert isinstance(error, JumpHostFailed)
    assert "does not pass connections on" in error.message
    assert "AllowTcpForwarding" in error.hint


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "metadata.google.internal", "metadata", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost",
        "LOCALHOST.", "a.localhost", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1%eth0", "fd00:ec2::254", "0.0.0.0",
        "::", "224.0.0.1", "100.100.100.200", "64:ff9b::a9fe:a9fe",
    ],
)  # fmt: skip
def test_what_is_never_asked_of_a_jump_host(address: str, through: ConnectionDetails) -> None:
    with pytest.raises(AddressRefused):
        refuse_obvious(replace(through, address=address, exempt=None), GUARD)


def test_private_addresses_behind_a_jump_host_may_be_reached(through: ConnectionDetails) -> None:
    for address in ("10.0.0.5", "192.168.1.7", "fd12::5", "files.internal", "host.example", "8.8.8.8"):
        refuse_obvious(replace(through, address=address, exempt=None), GUARD)


def test_metadata_stays_refused_where_loopback_was_allowed(through: ConnectionDetails) -> None:
    guard = Guard((ip_network("127.0.0.0/8"), ip_network("169.254.0.0/16")))
    refuse_obvious(replace(through, exempt=None), guard)
    with pytest.raises(AddressRefused):
        refuse_obvious(replace(through, address="169.254.169.254", exempt=None), guard)
