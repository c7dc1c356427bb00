"""The lock on a host: one holder, and no clock can close a host for longer than anybody works on it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from diagnostics import repairing
from diagnostics.connections.locking import LEASE_S, LONGEST_S, LockLost, acquire, try_acquire
from diagnostics.models import HostLock, RepairCase, Step
from diagnostics.tasks import recover_journal
from sites.models import Host
from tests.factories import make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def host() -> Host:
    site = make_site()
    return Host.objects.create(team=site.team, name="h", protocol="local")


def test_one_holder_at_a_time_and_the_longest_wish_is_bounded(host: Host) -> None:
    lock = acquire(host)
    assert try_acquire(host) is None
    lock.check(10 * LONGEST_S)
    assert HostLock.objects.get().lease_until <= timezone.now() + timedelta(seconds=LONGEST_S)
    assert try_acquire(host) is None
    lock.release()
    assert try_acquire(host) is not None


def clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one by which leases are measured. That of PostgreSQL cannot be set here: what it said before lies ahead then."""
    real = timezone.now
    if connection.vendor == "postgresql":
        HostLock.objects.update(lease_until=F("lease_until") + timedelta(days=400))
    else:
        monkeypatch.setattr(timezone, "now", lambda: real() - timedelta(days=400))


def test_lease_of_a_clock_that_was_set_back_since_locks_nobody_out(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = acquire(host)  # whoever holds it dies; or lives and has not looked since
    clock_is_set_back(monkeypatch)
    other = try_acquire(host)
    assert other is not None and other.fence == lock.fence + 1
    with pytest.raises(LockLost):
        lock.check()
    other.check()


def test_holder_that_looked_after_the_clock_was_set_back_keeps_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = acquire(host)
    clock_is_set_back(monkeypatch)
    lock.check()
    assert try_acquire(host) is None


@pytest.mark.parametrize("minutes", [-10, 10])
def test_worker_whose_clock_differs_takes_nobodys_lock(host: Host, monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    apart = timedelta(minutes=minutes if connection.vendor == "postgresql" else 0)  # all that share an SQLite file are on one machine
    lock, real = acquire(host), timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + apart)  # as the other machine sees it
    assert try_acquire(host) is None
    lock.check()
    assert real() < HostLock.objects.get().lease_until <= real() + timedelta(seconds=LEASE_S + 1)
    lock.release()
    other = try_acquire(host)
    assert other is not None
    other.check(600)
    monkeypatch.setattr(timezone, "now", real)
    assert try_acquire(host) is None
    HostLock.objects.update(lease_until=real() - timedelta(seconds=1))  # dead for as long as a lease lasts
    assert try_acquire(host) is not None
    with pytest.raises(LockLost):
        other.check()


def test_look_that_began_before_the_clock_was_set_back_does_not_wait_until_then() -> None:
    now = timezone.now()
    case = RepairCase.objects.create(site=make_site(), opened_at=now)
    step = Step.objects.create(case=case, guide_step="confirm", action="look", title="x", state="applying", created_at=now)
    Step.objects.update(started_at=now + timedelta(days=400))
    recover_journal()
    step.refresh_from_db()
    assert step.state == "failed"
    assert repairing.look(case, "confirm", None).state == "queued"
