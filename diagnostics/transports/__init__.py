"""Opens a host's files: `with open_reader(details, guard=guard) as reader`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import TYPE_CHECKING

from diagnostics.transports.base import ConnectionDetails, Reader, Unsupported, Writer
from diagnostics.transports.company import Company, Unasked
from diagnostics.transports.failures import explained
from diagnostics.transports.local import LocalReader
from diagnostics.transports.local_writer import LocalWriter
from sites.texts import mark as _

if TYPE_CHECKING:
    from sites.probing.guard import Guard


def open_reader(
    details: ConnectionDetails, *, guard: Guard | None = None, local_roots: Sequence[str] = (), company: Company | None = None
) -> AbstractContextManager[Reader]:
    """A `Reader` on one connection, closed at the end. Raises TransportError; a guard is needed for all but "local".

    `company` is asked before any other connection is made: to a jump host, or a further one to the same host.
    """
    if details.protocol == "local":
        return nullcontext(LocalReader(local_roots))
    return _over_network(details).reader(details, _needed(guard, details), company or Unasked())


def open_writer(
    details: ConnectionDetails, *, guard: Guard | None = None, local_roots: Sequence[str] = (), company: Company | None = None
) -> AbstractContextManager[Writer]:
    """As `open_reader`, but what it gives can write: for the executor alone."""
    if details.protocol == "local":
        return nullcontext(LocalWriter(local_roots))
    return _over_network(details).writer(details, _needed(guard, details), company or Unasked())


def _over_network(details: ConnectionDetails) -> ModuleType:
    """Imported here: what SSH needs takes 20 MB, and few processes ever reach a host."""
    if details.protocol in ("ssh", "sftp"):
        from diagnostics.transports import over_ssh

        return over_ssh
    if details.protocol in ("ftp", "ftps"):
        from diagnostics.transports import over_ftp

        return over_ftp
    raise explained(Unsupported, _("Connections of the kind {protocol} are not offered."), protocol=details.protocol)


def _needed(guard: Guard | None, details: ConnectionDetails) -> Guard:
    if guard is None:
        raise ValueError("a connection over the network needs a guard")
    return guard
