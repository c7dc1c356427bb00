"""One writer per host at a time: a database row with a lease and a fencing number, for workers and the command line alike.

Leases are measured by the database's clock: workers on several machines need not agree about the time (SQLite has but one machine).
The lease is renewed by every look at it, and every write is preceded by such a look: who lost the lock writes nothing more.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.models import HostLock
from sites.models import Host

# Longer than any single operation on a host (15 s) plus one round of probes (20 s), yet a dead worker is found in two minutes.
LEASE_S = 120.0
LONGEST_S = 1800.0  # nobody asks for more at once
WAIT_S = 30.0
_POLL_S = 0.2


def _now() -> Any:
    """The clock of the database, as a value or as an expression of it."""
    return Now() if connection.vendor == "postgresql" else timezone.now()


class HostBusy(Exception):
    """Somebody else works on this host. Nothing was done."""


class LockLost(Exception):
    """The lease ran out and another took over: whoever gets this must not write any more."""


@dataclass(slots=True)
class Lock:
    """A held lock. `fence` grows with every holder of the same host."""

    host_id: int
    holder: str
    fence: int
    lease_s: float = LEASE_S

    def check(self, for_s: float = 0.0) -> None:
        """Renews the lease, for at least `for_s` seconds (at most LONGEST_S). Raises LockLost when it ran out or another holds it."""
        now = _now()
        mine = HostLock.objects.filter(host_id=self.host_id, fence=self.fence, holder=self.holder, lease_until__gt=now)
        if mine.update(lease_until=now + timedelta(seconds=min(max(self.lease_s, for_s), LONGEST_S))) != 1:
            raise LockLost(_("The lock on this host was taken over because its time ran out. Nothing more was written."))

    def release(self) -> None:
        """Lets go at once; does nothing when another holds the lock by now."""
        HostLock.objects.filter(host_id=self.host_id, fence=self.fence, holder=self.holder).update(lease_until=None, holder="")


def try_acquire(host: Host, *, lease_s: float = LEASE_S) -> Lock | None:
    """The lock if it is free, else None at once."""
    HostLock.objects.get_or_create(host=host)
    now = _now()
    holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    over = Q(lease_until=None) | Q(lease_until__lte=now)
    # The clock was set back since: nobody would hold it for so long, and a repair cannot wait until then.
    over |= Q(lease_until__gt=now + timedelta(seconds=2 * LONGEST_S))
    free = HostLock.objects.filter(over, host=host)
    if free.update(holder=holder, fence=F("fence") + 1, lease_until=now + timedelta(seconds=lease_s)) != 1:
        return None
    row = HostLock.objects.filter(host=host, holder=holder).first()
    return Lock(host.pk, holder, row.fence, lease_s) if row else None


def acquire(host: Host, *, wait_s: float = WAIT_S, lease_s: float = LEASE_S) -> Lock:
    """The lock, waiting at most `wait_s` seconds for it. Raises HostBusy."""
    deadline = time.monotonic() + wait_s
    while True:
        lock = try_acquire(host, lease_s=lease_s)
        if lock is not None:
            return lock
        if time.monotonic() >= deadline:
            raise HostBusy(_("Another repair is being made on this host. Nothing was done. Try again in a minute."))
        time.sleep(_POLL_S)


@contextmanager
def held(host: Host, *, wait_s: float = WAIT_S, lease_s: float = LEASE_S) -> Iterator[Lock]:
    """Holds the lock for a `with` block. Raises HostBusy."""
    lock = acquire(host, wait_s=wait_s, lease_s=lease_s)
    try:
        yield lock
    finally:
        lock.release()
