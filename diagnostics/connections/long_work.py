"""What reads a whole account or site and may take minutes: never so much at once that diagnoses, repairs and mail find no process free."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from diagnostics.models import AccountLook, BaselineWork, FileComparison

MOST_AT_ONCE = 2  # of all kinds together: the smallest installation has three processes for hosts and mail
_SILENT = timedelta(minutes=5)  # who says nothing for so long is gone: the sweepers end it


def going_on() -> int:
    """How much of it goes on now, the caller's own included."""
    alive = {"state": "running", "alive_at__gt": timezone.now() - _SILENT}
    return sum(rows.filter(**alive).count() for rows in (AccountLook.objects, BaselineWork.objects, FileComparison.objects))


def is_full() -> bool:
    """Whether nothing more may begin."""
    return going_on() >= MOST_AT_ONCE


def is_too_much() -> bool:
    """Asked after one's own beginning was stored: of several that began at the same moment, those that are too many stand back."""
    return going_on() > MOST_AT_ONCE


def is_compared(host_id: int, *, but_by: int | None = None) -> bool:
    """Whether the files on a host are being read for a comparison, other than the named one."""
    rows = FileComparison.objects.filter(site__host=host_id, newer=None, state=FileComparison.State.RUNNING)
    return rows.filter(alive_at__gt=timezone.now() - _SILENT).exclude(pk=but_by).exists()
