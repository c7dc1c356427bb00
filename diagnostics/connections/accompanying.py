"""Connections besides the one that is used, with their own turn and their own line in what was done: jump hosts, helpers of a scan."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from diagnostics.transports.base import ConnectionDetails, TransportError
from sites.models import Host

from . import auditing, jump_hosts, politeness
from .auditing import Trail
from .host_states import note_stop
from .politeness import Turn

_ASKED_EVERY_S = 1.0


class Helping:
    """One further connection to a host, noted like any other. A refusal stops the use of the host as any other does."""

    def __init__(self, turn: Turn, main: Trail, ended: Callable[[Helping], None]) -> None:
        self.turn = turn
        self._ended = ended
        self._trail = Trail(turn, beside=main)

    def let_in(self) -> None:
        """The host accepted its login."""
        self._trail.let_in()

    def refused(self, error: TransportError) -> None:
        """It could not be made."""
        self._trail.refused(error)
        note_stop(self.turn.host, error)

    def close(self) -> None:
        """It has ended."""
        self._trail.close()
        self.turn.release()
        self._ended(self)


class AskedCompany:
    """What the transports ask before they connect besides. `trail`: that of the connection itself; None where no stored host has one."""

    def __init__(self, trail: Trail | None, details_of: Callable[[Host], ConnectionDetails]) -> None:
        self._trail = trail
        self._details_of = details_of
        self._way = ExitStack()
        self._helping: list[Helping] = []
        self._asked = time.monotonic()
        self._may_go_on = True

    def close(self) -> None:
        """The turns of the way end with the connection."""
        for helping in list(self._helping):
            helping.close()
        self._way.close()

    @contextmanager
    def through(self, jump: ConnectionDetails) -> Iterator[ConnectionDetails]:
        """Waits for the jump host's turn, notes the login. What it refuses is stored before anybody else has that turn."""
        host = Host.objects.filter(pk=jump.key).first()
        if host is None:
            yield jump
            return
        with ExitStack() as login:
            turn = login.enter_context(politeness.turn(host))
            host.refresh_from_db()
            if host.state in jump_hosts.STOPPED:
                raise jump_hosts.stopped(host)
            trail = login.enter_context(auditing.trail(turn))
            try:
                yield self._details_of(host)
            except TransportError as error:
                note_stop(host, error)
                raise
            trail.let_in()
            self._way.push(login.pop_all())

    def further(self) -> Helping | None:
        """None where the setting leaves no room, and where the host has lately refused one."""
        if self._trail is None or auditing.bears_no_further(self._trail.host) or self._is_stopped(self._trail.host):
            return None
        turn = self._trail.turn.beside()
        if turn is None:
            return None
        try:
            helping = Helping(turn, self._trail, self._helping.remove)
        except TransportError:  # what cannot be noted is not done: the scan goes on by itself
            turn.release()
            return None
        self._helping.append(helping)
        return helping

    def may_go_on(self) -> bool:
        """False when somebody waits for a place that a helper takes."""
        if time.monotonic() - self._asked > _ASKED_EVERY_S:
            self._asked = time.monotonic()
            for helping in self._helping:
                helping.turn.tick()
            self._may_go_on = not any(helping.turn.is_wanted for helping in self._helping)
        return self._may_go_on

    @staticmethod
    def _is_stopped(host: Host) -> bool:
        return Host.objects.filter(pk=host.pk, state__in=jump_hosts.STOPPED).exists()


@contextmanager
def company_of(trail: Trail | None, details_of: Callable[[Host], ConnectionDetails]) -> Iterator[AskedCompany]:
    """For the length of one connection."""
    made = AskedCompany(trail, details_of)
    try:
        yield made
    finally:
        made.close()
