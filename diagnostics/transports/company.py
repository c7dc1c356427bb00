"""Connections that are made besides the one that was asked for: jump hosts on the way, and helpers of a scan.

Who is asked before each of them lives outside of the transports: whose turn it is, and what is noted, is not theirs to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from diagnostics.transports.base import ConnectionDetails, TransportError


class Further(Protocol):
    """One more connection to the same host, which was granted. Its methods are called by the thread that was granted it."""

    def let_in(self) -> None:
        """The host accepted its login."""

    def refused(self, error: TransportError) -> None:
        """It could not be made."""

    def close(self) -> None:
        """It has ended."""


class Company(Protocol):
    """Who is asked. What it raises says that nothing was sent."""

    def through(self, jump: ConnectionDetails) -> AbstractContextManager[ConnectionDetails]:
        """Around the login of a jump host; gives its details as they stand when its turn has come. Raises NotTried."""

    def further(self) -> Further | None:
        """One more connection to the same host; None when there shall be none."""

    def may_go_on(self) -> bool:
        """Asked now and then: whether what was granted may still be used."""


class _Granted:
    """Of nobody's concern."""

    def let_in(self) -> None:
        """Nobody is told."""

    def refused(self, error: TransportError) -> None:
        """Nobody is told."""

    def close(self) -> None:
        """Nobody is told."""


class Unasked:
    """For connections that no stored host stands behind: everything is granted, nobody is told."""

    @contextmanager
    def through(self, jump: ConnectionDetails) -> Iterator[ConnectionDetails]:
        yield jump

    def further(self) -> Further | None:
        return _Granted()

    def may_go_on(self) -> bool:
        return True
