"""A host's files over FTP, plain or under TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from diagnostics.transports.base import ConnectionDetails, Reader, Writer
from diagnostics.transports.company import Company
from diagnostics.transports.ftp import FtpReader
from diagnostics.transports.ftp_login import ftp_session
from diagnostics.transports.ftp_writer import FtpWriter
from diagnostics.transports.parallel_scan import Helpers
from sites.probing.guard import Guard


@contextmanager
def reader(details: ConnectionDetails, guard: Guard, company: Company) -> Iterator[Reader]:
    """A `Reader` on one connection, closed at the end. Raises TransportError."""
    with ftp_session(details, guard) as wire:
        yield FtpReader(wire, details.protocol, Helpers(partial(_helper, details, guard), company))


@contextmanager
def _helper(details: ConnectionDetails, guard: Guard) -> Iterator[Reader]:
    with ftp_session(details, guard) as wire:
        yield FtpReader(wire, details.protocol)


@contextmanager
def writer(details: ConnectionDetails, guard: Guard, company: Company) -> Iterator[Writer]:
    """As `reader`, but what it gives can write, and no other connection is made beside it."""
    with ftp_session(details, guard) as wire:
        yield FtpWriter(wire, details.protocol)
