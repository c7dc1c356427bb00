"""Opens a host's files: `with open_reader(details, guard=guard) as reader`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import paramiko

from diagnostics.transports.base import ConnectionDetails, Reader, TransportError, Unsupported, Writer
from diagnostics.transports.failures import explained, lost
from diagnostics.transports.local import LocalReader
from diagnostics.transports.local_writer import LocalWriter
from diagnostics.transports.session import open_channel, ssh_session
from diagnostics.transports.sftp import SftpReader
from diagnostics.transports.sftp_wire import SftpWire
from diagnostics.transports.sftp_writer import SftpWriter
from diagnostics.transports.ssh import SshReader, SshWriter
from sites.texts import mark as _

if TYPE_CHECKING:
    from sites.probing.guard import Guard


@contextmanager
def open_reader(details: ConnectionDetails, *, guard: Guard | None = None, local_roots: Sequence[str] = ()) -> Iterator[Reader]:
    """A `Reader` on one connection, closed at the end. Raises TransportError; a guard is needed for all but "local"."""
    if details.protocol == "local":
        yield LocalReader(local_roots)
        return
    with ssh_session(details, _needed(guard, details)) as transport:
        wire = _sftp(transport, details)
        ssh = details.protocol == "ssh"
        yield SshReader(wire, transport, details.operation_timeout_s) if ssh else SftpReader(wire)


@contextmanager
def open_writer(details: ConnectionDetails, *, guard: Guard | None = None, local_roots: Sequence[str] = ()) -> Iterator[Writer]:
    """As `open_reader`, but what it gives can write: for the executor alone."""
    if details.protocol == "local":
        yield LocalWriter(local_roots)
        return
    with ssh_session(details, _needed(guard, details)) as transport:
        wire = _sftp(transport, details)
        ssh = details.protocol == "ssh"
        yield SshWriter(wire, transport, details.operation_timeout_s) if ssh else SftpWriter(wire)


def _needed(guard: Guard | None, details: ConnectionDetails) -> Guard:
    if details.protocol not in ("ssh", "sftp"):
        raise explained(Unsupported, _("Connections of the kind {protocol} are not offered."), protocol=details.protocol)
    if guard is None:
        raise ValueError("a connection over the network needs a guard")
    return guard


def _sftp(transport: paramiko.Transport, details: ConnectionDetails) -> SftpWire:
    try:
        channel = open_channel(transport, details.operation_timeout_s, lambda new: new.invoke_subsystem("sftp"))
    except (paramiko.SSHException, EOFError, OSError) as error:
        if not transport.is_active():
            raise lost() from error
        hint = _("Ask the host to switch on SFTP for this user.")
        raise explained(TransportError, _("The login worked, but the host offers no SFTP."), hint) from error
    return SftpWire(channel, details.operation_timeout_s)
