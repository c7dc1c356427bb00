"""The snapshots that OVHcloud keeps of a hosting's files: of when they are, by which login they are read, and what was read of them.

Rule: https://docs.ovhcloud.com, "Restore the storage space of your web hosting": J-1 is of today 00:01, J-2 and J-3 of the days before; the
weekly ones are of Sundays 01:00. The primary login with -snap0 to -snap4 behind it reads them, with the same password, and writes nothing.
Which of the API's names belongs to which day is not told there: the order of both is taken to be the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from diagnostics.changes.journal import escape_path, unescape_path
from diagnostics.copies import SNAPSHOT, Copy
from diagnostics.models import SnapshotFile
from sites.credentials import SecretUnreadable, seal_bytes, unseal_bytes
from sites.models import Site

KEPT_FOR = timedelta(days=30)
_THERE = ZoneInfo("Europe/Paris")  # where they are made
_SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`login`: what its login ends with; `backup`: the API's word for it; `at`: of when its files are."""

    login: str
    backup: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """One file as a snapshot holds it. `path`: relative to the docroot."""

    path: str
    content: bytes
    mode: int


def kept_at(now: datetime) -> tuple[Snapshot, ...]:
    """Those that there should be, the latest first."""
    here = now.astimezone(_THERE)
    today = datetime.combine(here.date(), time(0, 1), _THERE)
    first = today if today <= here else today - timedelta(days=1)
    days = [Snapshot(f"-snap{n}", f"daily.{n + 1}", first - timedelta(days=n)) for n in range(3)]
    sunday = datetime.combine(here.date() - timedelta(days=(here.weekday() - _SUNDAY) % 7), time(1, 0), _THERE)
    sunday = sunday if sunday <= here else sunday - timedelta(weeks=1)
    weeks = [Snapshot(f"-snap{3 + n}", f"weekly.{n + 1}", sunday - timedelta(weeks=n)) for n in range(2)]
    return tuple(sorted([*days, *weeks], key=lambda each: each.at, reverse=True))


# --- what was read of them ------------------------------------------------------------------------
def keep(site: Site, snapshot: Snapshot, files: Iterable[Found]) -> None:
    """Keeps what was read of one snapshot, in place of what was read of it before."""
    now = timezone.now()
    rows = [
        SnapshotFile(
            site=site, path=escape_path(file.path), snapshot=snapshot.login, taken_at=snapshot.at, mode=file.mode, read_at=now,
            sealed=seal_bytes(zlib.compress(file.content, 9)),
        )
        for file in files
    ]  # fmt: skip
    with transaction.atomic():
        SnapshotFile.objects.filter(site=site, snapshot=snapshot.login).delete()
        SnapshotFile.objects.bulk_create(rows)


def forget_old() -> int:
    """Lets go of what was read long ago. Returns how many files."""
    return SnapshotFile.objects.filter(read_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def copies_before(site: Site, moment: datetime | None) -> dict[str, list[Copy]]:
    """What files held in snapshots of before a moment, the latest first, by path relative to the docroot."""
    rows = SnapshotFile.objects.filter(site=site).order_by("-taken_at")
    rows = rows.filter(taken_at__lt=moment) if moment is not None else rows
    found: dict[str, list[Copy]] = {}
    for row in rows:
        try:
            content = zlib.decompress(unseal_bytes(row.sealed))
        except SecretUnreadable:
            continue
        found.setdefault(unescape_path(row.path), []).append(Copy(SNAPSHOT, content, row.taken_at.timestamp(), mode=row.mode))
    return found
