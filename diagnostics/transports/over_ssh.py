"""A host's files over SSH: with a shell, or SFTP alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import paramiko

from diagnostics.transports.base import ConnectionDetails, Reader, TooManyConnections, TransportError, Writer
from diagnostics.transports.company import Company
from diagnostics.transports.failures import explained, lost
from diagnostics.transports.listening import HeardTransport
from diagnostics.transports.session import open_channel, ssh_session
from diagnostics.transports.sftp import SftpReader
from diagnostics.transports.sftp_wire import SftpWire
from diagnostics.transports.sftp_writer import SftpWriter
from diagnostics.transports.ssh import SshReader, SshWriter
from sites.probing.guard import Guard
from sites.texts import mark as _


@contextmanager
def reader(details: ConnectionDetails, guard: Guard, company: Company) -> Iterator[Reader]:
    """A `Reader` on one connection, closed at the end. Raises TransportError."""
    with ssh_session(details, guard, company) as transport:
        wire = _sftp(transport, details)
        yield SshReader(wire, transport, details.operation_timeout_s) if details.protocol == "ssh" else SftpReader(wire)


@contextmanager
def writer(details: ConnectionDetails, guard: Guard, company: Company) -> Iterator[Writer]:
    """As `reader`, but what it gives can write."""
    with ssh_session(details, guard, company) as transport:
        wire = _sftp(transport, details)
        yield SshWriter(wire, transport, details.operation_timeout_s) if details.protocol == "ssh" else SftpWriter(wire)


def _sftp(transport: HeardTransport, details: ConnectionDetails) -> SftpWire:
    try:
        channel = open_channel(transport, details.operation_timeout_s, lambda new: new.invoke_subsystem("sftp"))
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _no_sftp(transport, error) from error
    return SftpWire(channel, details.operation_timeout_s, details.reading_timeout_s, transport.secrets)


def _no_sftp(transport: HeardTransport, error: Exception) -> TransportError:
    wait = _("Hosts limit how many sessions an account may have at once. Close others, wait a few minutes, then try again.")
    if isinstance(error, paramiko.ChannelException):
        return explained(TooManyConnections, _("The login worked, but the host opens no further session for this user."), wait)
    if transport.is_active():
        hint = _("Ask the host to switch on SFTP for this user.")
        return explained(TransportError, _("The login worked, but the host offers no SFTP."), hint)
    if transport.farewell:
        return explained(TooManyConnections, _("The login worked, but the host hung up: “{said}”."), wait, said=transport.farewell)
    return lost()
