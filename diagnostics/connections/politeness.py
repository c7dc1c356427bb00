"""How politely hosts are used: few connections at a time over all processes, a person's before background work, patience after failures."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.models import ConnectionLease, ConnectionPause
from diagnostics.transports.base import (
    ConnectionLost,
    ConnectionRefused,
    ConnectionTimedOut,
    LoginCutOff,
    NameUnresolved,
    NotTried,
    OldAlgorithms,
    TooManyConnections,
    TransportError,
)
from sites.models import Host
from sites.wording import moment_words

from . import jump_hosts, purposes
from .purposes import Actor

_CLOCK_SET_BACK = timedelta(hours=2)  # what is said to last for longer was written before the clock was set back: it is over
LEASE_S = 120.0  # a process on another machine that died frees its turn by then; one on this machine at once
PAUSES_MIN = (1, 2, 5, 15, 60)  # after the first, second, … failure to connect in a row
WAIT_S, URGENT_WAIT_S = 20.0, 45.0  # the longest that anything else holds a connection by itself is 40 s
ASKED_EVERY_S = 1.0  # who reads for long asks so often whether somebody waits
_DIAGNOSIS_AFTER = timedelta(minutes=1)  # at most one try a minute, however many sites of one account fail
_POLL_S = 0.25
_RENEW_S = 20.0
_WAITING_S = 10.0  # who waits says so again within this time
# Also who has its hands full, and who shares no way of encrypting with us: asking at once again changes neither.
NOT_REACHED = (NameUnresolved, ConnectionRefused, ConnectionTimedOut, ConnectionLost, TooManyConnections, OldAlgorithms, LoginCutOff)
_URGENT = frozenset({"diagnosis", "repair", "trial", "policy-trial", "policy-repair", "undo", "recovery"})
_TRIED_ONCE_MORE = ("recovery", "diagnosis")  # at once: a moment's absence leaves nothing half done, and no failure without its cause

_held: ContextVar[frozenset[int]] = ContextVar("held", default=frozenset())


class NotYet(NotTried):
    """It is not tried now. Nothing was sent to the host. `until`: when background work may try again."""

    code = "not-yet"
    until: datetime


class ConnectionBusy(NotYet):
    code = "busy"


class ConnectionPaused(NotYet):
    code = "paused"


@dataclass(slots=True)
class Turn:
    """The right to one connection, for as long as it is used."""

    host: Host
    lease_id: int | None = None
    is_in: bool = False
    is_beside: bool = False  # a further one of who has a turn already
    _renewed: float = field(default_factory=time.monotonic)

    def let_in(self) -> None:
        """The host was reached and accepted the login: what was put off is put off no more."""
        self.is_in = True
        if ConnectionPause.objects.filter(host=self.host).exists():
            ConnectionPause.objects.filter(host=self.host).delete()

    def tick(self) -> None:
        """The connection is in use: the lease lasts on."""
        if self.lease_id is not None and time.monotonic() - self._renewed > _RENEW_S:
            self._renewed = time.monotonic()
            ConnectionLease.objects.filter(pk=self.lease_id).update(until=timezone.now() + timedelta(seconds=LEASE_S))

    def beside(self) -> Turn | None:
        """The right to one further connection of the same job, None when there is none.

        Where nobody said how many connections a host may be asked for, the few that a scan takes are part of its one turn.
        Where somebody did, they count: each takes a free place, for as long as nobody waits for it.
        """
        if settings.SITEMEND_CONNECTIONS_PER_HOST is None:
            return Turn(self.host, is_beside=True)
        lease = None if _someone_waits(self.host) else _try(self.host, urgent=False)
        return Turn(self.host, lease, is_beside=True) if lease is not None else None

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for the place that it takes."""
        return self.lease_id is not None and _someone_waits(self.host)

    def release(self) -> None:
        if self.lease_id is not None:
            ConnectionLease.objects.filter(pk=self.lease_id).delete()
            if not self.is_beside:
                _held.set(_held.get() - {self.host.pk})


@contextmanager
def turn(host: Host) -> Iterator[Turn]:
    """Waits for a turn on this host and gives it back. Raises ConnectionBusy, ConnectionPaused; notes a host that was not reached."""
    _require_patience(host)
    made = _taken(host)
    try:
        yield made
    except TransportError as error:
        if not made.is_in and isinstance(error, NOT_REACHED):
            _put_off(host, error)
        raise
    finally:
        made.release()


# --- turns --------------------------------------------------------------------------------------
def _taken(host: Host) -> Turn:
    if host.protocol == Host.Protocol.LOCAL or host.pk in _held.get():
        return Turn(host)  # who holds one already must not wait for it
    urgent = _is_urgent()
    lease = _try(host, urgent)
    if lease is None:
        lease = _waited(host, urgent)
    _held.set(_held.get() | {host.pk})
    return Turn(host, lease)


def _is_urgent() -> bool:
    now = purposes.now_doing()
    return now.actor != Actor.ITSELF or now.purpose in _URGENT


def _waited(host: Host, urgent: bool) -> int:
    """Waits, and says so, until a turn is free. Raises ConnectionBusy."""
    wait_s = URGENT_WAIT_S if urgent else WAIT_S
    deadline, said = time.monotonic() + wait_s, 0.0
    waiting = _row(host, None, urgent)
    waiting.save()
    try:
        while time.monotonic() < deadline:
            time.sleep(_POLL_S)
            if lease := _try(host, urgent):
                return lease
            if time.monotonic() - said > _WAITING_S / 3:
                said = time.monotonic()
                ConnectionLease.objects.filter(pk=waiting.pk).update(until=timezone.now() + timedelta(seconds=_WAITING_S))
    finally:
        waiting.delete()
    error = ConnectionBusy(
        _("%(busy)s Waited %(s)d s for it.") % {"busy": in_use_words(host), "s": wait_s}, _("Nothing was done. Try again in a minute.")
    )
    error.until = timezone.now() + timedelta(seconds=30)
    raise error


def is_waited_for(host: Host) -> bool:
    """Whether somebody urgent waits for a turn, also on the way there: who reads for long asks now and then, and gives way."""
    way = [host, *jump_hosts.chain_of(host)]
    return ConnectionLease.objects.filter(host__in=way, slot=None, urgent=True, until__gt=timezone.now()).exists()


def _someone_waits(host: Host) -> bool:
    return ConnectionLease.objects.filter(host=host, slot=None, until__gt=timezone.now()).exists()


class GivingWay:
    """For who reads for long: true when asked, at a point where it can stop, while somebody urgent waits."""

    def __init__(self, host: Host) -> None:
        self._host, self._asked = host, time.monotonic()

    def __call__(self) -> bool:
        now = time.monotonic()
        if now - self._asked < ASKED_EVERY_S:
            return False
        self._asked = now
        return is_waited_for(self._host)


def _try(host: Host, urgent: bool) -> int | None:
    """The key of a lease if a turn is free now. Background work leaves it to whoever waits and is more urgent."""
    rows = _living(host)
    if not urgent and any(row.slot is None and row.urgent for row in rows):
        return None
    taken = {row.slot for row in rows}
    free = next((slot for slot in range(settings.SITEMEND_CONNECTIONS_PER_HOST or 1) if slot not in taken), None)
    if free is None:
        return None
    wanted = _row(host, free, urgent)
    ConnectionLease.objects.bulk_create([wanted], ignore_conflicts=True)  # the database lets only one of two have a slot
    return ConnectionLease.objects.filter(host=host, slot=free, holder=wanted.holder).values_list("pk", flat=True).first()


def _row(host: Host, slot: int | None, urgent: bool) -> ConnectionLease:
    now = timezone.now()
    until = now + timedelta(seconds=LEASE_S if slot is not None else _WAITING_S)
    holder = f"{_machine()}:{os.getpid()}:{uuid.uuid4().hex}"
    return ConnectionLease(host=host, slot=slot, holder=holder, urgent=urgent, purpose=purposes.now_doing().purpose, since=now, until=until)


def _living(host: Host) -> list[ConnectionLease]:
    """Leases and waiters of this host; those that ran out, or whose process is dead, are taken away."""
    rows, now = list(ConnectionLease.objects.filter(host=host)), timezone.now()
    latest = now + _CLOCK_SET_BACK
    dead = [row.pk for row in rows if row.until <= now or row.until > latest or _is_dead(row.holder)]
    if dead:
        ConnectionLease.objects.filter(pk__in=dead).delete()
    return [row for row in rows if row.pk not in dead]


def _machine() -> str:
    return socket.gethostname()[:40].replace(":", "-")


def _is_dead(holder: str) -> bool:
    machine, pid, _unique = holder.split(":")
    if machine != _machine() or not Path("/proc/self").exists():
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"  # dead, and nobody has noticed yet
    except (FileNotFoundError, ProcessLookupError):
        return True


# --- patience -----------------------------------------------------------------------------------
def _require_patience(host: Host) -> None:
    """Raises ConnectionPaused for work that nobody asked for, while it is too early to try again."""
    now = purposes.now_doing()
    if now.actor != Actor.ITSELF:
        return
    pause = _pause_now(host)
    if pause is None or (now.purpose in _TRIED_ONCE_MORE and pause.failures <= 1):
        return
    if now.purpose == "diagnosis" and diagnosed_again_at(host) <= timezone.now():
        return
    error = ConnectionPaused(pause_words(pause), _("You can try it at any time: test the connection."))
    error.until = pause.until
    raise error


def is_first_failure(host: Host) -> bool:
    """Whether the last connection to this host, if there was one, let us in."""
    return not ConnectionPause.objects.filter(host=host).exists()


def diagnosed_again_at(host: Host) -> datetime:
    """When an account that is put off may be read for a diagnosis again: a new failure wants its cause, and the account may be back
    long before its pause is over."""
    pause = ConnectionPause.objects.filter(host=host).first()
    return _failed_at(pause) + _DIAGNOSIS_AFTER if pause else timezone.now()


def _pause_now(host: Host) -> ConnectionPause | None:
    now = timezone.now()
    return ConnectionPause.objects.filter(host=host, until__gt=now, until__lte=now + _CLOCK_SET_BACK).first()


def _pause_of(failures: int) -> timedelta:
    return timedelta(minutes=PAUSES_MIN[min(failures, len(PAUSES_MIN)) - 1])


def _failed_at(pause: ConnectionPause) -> datetime:
    """When it could not be reached the last time."""
    return pause.until - _pause_of(pause.failures)


def _put_off(host: Host, error: TransportError) -> None:
    pause, _made = ConnectionPause.objects.get_or_create(host=host, defaults={"until": timezone.now()})
    pause.failures, pause.last_error = pause.failures + 1, error.message[:500]
    pause.until = timezone.now() + _pause_of(pause.failures)
    pause.save()


def pause_words(pause: ConnectionPause) -> str:
    """Why nothing is tried by itself, and until when."""
    values = {"n": pause.failures, "time": moment_words(pause.until), "why": pause.last_error}
    if pause.failures == 1:
        return _("It could not be reached: %(why)s It is tried again by itself after %(time)s.") % values
    return _("It could not be reached %(n)d times in a row: %(why)s It is tried again by itself after %(time)s.") % values


# --- what pages tell ----------------------------------------------------------------------------
def in_use_words(host: Host) -> str:
    """What the account is used for now; empty when it is not."""
    row = next((row for row in _living(host) if row.slot is not None), None)
    if row is None:
        return ""
    values = {"what": purposes.words(row.purpose), "time": moment_words(row.since)}
    return _("Another connection to this account is in use (%(what)s, since %(time)s).") % values


def waiting_words(host: Host | None) -> str:
    """Said where somebody waits for their turn; empty when nobody does."""
    if host is None or not ConnectionLease.objects.filter(host=host, slot=None, until__gt=timezone.now()).exists():
        return ""
    return _("Waiting for another connection to this account. %(busy)s") % {"busy": in_use_words(host)}


def paused_words(host: Host) -> str:
    """Said where background work waits after failures; empty when it does not."""
    pause = _pause_now(host)
    return pause_words(pause) if pause else ""
