"""Connections that were stored untested are tested one after the other, politely. One login per host: a refused one is never repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from sites import registration
from sites.bulk import update_rows
from sites.models import Host, Site
from sites.queueing import enqueue

from . import connecting
from .connecting import ConnectionTest, accept_host_key, fingerprint_of

AT_ONCE = 10  # tests that wait in the queue: diagnoses and repairs wait there too
SAME_ADDRESS_S = 5.0  # between two logins at one machine: many at once look like an attack
AFTER_REFUSAL = timedelta(minutes=5)  # an address that has just refused a login is left alone: the next refusals could lock us out
LATER = timedelta(minutes=1)  # where another connection is in use
LEASE = timedelta(minutes=3)  # a test that was handed over and did not begin is handed over again after this


def want(hosts: Iterable[Host]) -> None:
    """Marks unsaved or loaded hosts to be tested, those of one address after each other. Saving them is the caller's."""
    now, before = timezone.now(), Counter[str]()
    for host in hosts:
        host.test_due_at = now + timedelta(seconds=SAME_ADDRESS_S * before[host.address])
        before[host.address] += 1


def want_untested(hosts: QuerySet[Host]) -> int:
    """Asks for a test of all that were never tested and wait for nobody's word on their key. Returns how many."""
    rows = list(untested(hosts).filter(test_due_at=None))
    want(rows)
    if rows:
        update_rows(Host, {host.pk: (host.test_due_at,) for host in rows}, ["test_due_at"])
    return len(rows)


def want_again(hosts: QuerySet[Host]) -> int:
    """Asks for a test because a person said so, also of hosts that refused: their one try is given back. Returns how many.

    Where a key waits for a person's word, a test would bring nothing new.
    """
    waiting = hosts.filter(practice=False, test_due_at=None, testing_since=None)
    rows = list(waiting.exclude(state=Host.State.KEY_CHANGED).exclude(pk__in=waiting_for_key(Host.objects.all())))
    want(rows)
    for host in rows:
        if host.state == Host.State.REFUSED:
            host.state, host.state_detail = Host.State.UNTESTED, ""
    if rows:
        values = {host.pk: (host.test_due_at, host.state, host.state_detail) for host in rows}
        update_rows(Host, values, ["test_due_at", "state", "state_detail"])
    return len(rows)


def untested(hosts: QuerySet[Host]) -> QuerySet[Host]:
    """Those that a test in the background can be asked for."""
    return hosts.filter(state=Host.State.UNTESTED, offered_host_key="", practice=False)


def waiting_for_key(hosts: QuerySet[Host]) -> QuerySet[Host]:
    """Those whose key a person has to accept first."""
    return hosts.exclude(offered_host_key="").filter(state=Host.State.UNTESTED)


def by_key(waiting: Iterable[Host]) -> list[list[Host]]:
    """Those that one machine answers for with one key, together: a person compares the fingerprint once."""
    groups: dict[tuple[str, int, str], list[Host]] = {}
    for host in waiting:
        groups.setdefault((host.address, host.port, host.offered_host_key), []).append(host)
    return list(groups.values())


def accept_key_for(hosts: QuerySet[Host], like: Host, user: Any) -> int:
    """What a person accepted for `like` holds for all of `hosts` that wait with this very key of this machine. Returns how many.

    They are tested in the background, one after the other.
    """
    rows = list(waiting_for_key(hosts).filter(address=like.address, port=like.port, offered_host_key=like.host_key))
    count = sum(accept_host_key(host, user, fingerprint_of(like.host_key)) for host in rows)
    want_untested(hosts.filter(pk__in=[host.pk for host in rows]))
    return count


def hand_over() -> int:
    """Gives the tests that are due to the queue: few at a time, one per address, none where a login was refused a moment ago."""
    now = timezone.now()
    Host.objects.filter(testing_since__lt=now - LEASE).update(testing_since=None)
    busy = set(Host.objects.filter(testing_since__isnull=False).values_list("address", flat=True))
    refusing = Host.objects.filter(state=Host.State.REFUSED, tested_at__gt=now - AFTER_REFUSAL).values("address")
    due = Host.objects.filter(test_due_at__lte=now).exclude(~Q(address="") & Q(address__in=refusing)).order_by("test_due_at", "pk")
    handed = 0
    for host_id, address in due.values_list("pk", "address")[: AT_ONCE * 20]:
        if len(busy) >= AT_ONCE:
            break
        if address in busy:
            continue
        taken = Host.objects.filter(pk=host_id, test_due_at__lte=now).update(test_due_at=now + LEASE)
        if taken and not enqueue("diagnostics.tasks.test_wanted_host", host_id, expires=LEASE.total_seconds()):
            Host.objects.filter(pk=host_id).update(test_due_at=now)  # the broker is away: the next round
            break
        busy.add(address)
        handed += taken
    return handed


def run(host_id: int) -> ConnectionTest | None:
    """Tests one host if that is still wanted. What was wanted is taken off first: a crash in mid-login leads to no second one."""
    now = timezone.now()
    if not Host.objects.filter(pk=host_id, test_due_at__isnull=False).update(test_due_at=None, testing_since=now):
        return None
    try:
        host = Host.objects.get(pk=host_id)
        if host.state in (Host.State.REFUSED, Host.State.KEY_CHANGED):  # known since it was wanted: not tried again by itself
            return None
        result = connecting.test_host(host)
    finally:
        Host.objects.filter(pk=host_id).update(testing_since=None)
    if result.not_yet:
        Host.objects.filter(pk=host_id, test_due_at=None).update(test_due_at=timezone.now() + LATER)
    if result.ok:
        _note_places(host, result)
    return result


def _note_places(host: Host, result: ConnectionTest) -> None:
    """Folder and logs that were found, for the one site of a host that has none yet. With several sites nobody can tell which is whose."""
    sites = list(Site.objects.filter(host=host)[:2])
    if len(sites) != 1 or result.found is None or len(result.found.docroots) != 1:
        return
    site, found = sites[0], result.found
    if site.docroot:
        return
    logs = {"error_log": site.error_log or found.error_log, "access_log": site.access_log or found.access_log}
    registration.update_site(site, docroot=found.docroot, **logs)
