"""How long a change can be undone: the contents that the journal keeps for it, and their limits. What is open is never touched."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce, Length
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.models import FoundFile, JournalEntry, Step

from . import undoing

BATCH = 100
_BUSY = (*steps.UNFINISHED, Step.State.PLANNED, Step.State.QUEUED, Step.State.NEEDS_ATTENTION)


def kept_for() -> timedelta:
    return timedelta(days=settings.SITEMEND_UNDO_DAYS)


def undo_until(step: Step) -> datetime | None:
    """Until when a step can be undone, as long as its site's journal stays small. None: as long as its repair is open."""
    closed = step.case.closed_at
    if closed is None or step.finished_at is None or step.state in _BUSY:
        return None
    return max(closed, step.finished_at) + kept_for()


def prune() -> int:
    """Lets go of contents whose time is over, and of a site's oldest where they are too many. Returns of how many steps."""
    before = timezone.now() - kept_for()
    over = _closed().filter(case__closed_at__lt=before, finished_at__lt=before).order_by("finished_at")[:BATCH]
    why = _("Its contents were kept for %(days)d days.") % {"days": settings.SITEMEND_UNDO_DAYS}
    let_go = sum(_let_go(step, why) for step in over)
    return let_go + sum(_make_room(site_id, total) for site_id, total in _too_large())


def _closed() -> QuerySet[Step]:
    """Steps of closed repairs that nobody waits for and whose contents are still there."""
    rows = Step.objects.filter(action__in=("repair", "trial"), case__closed_at__isnull=False, finished_at__isnull=False)
    rows = rows.exclude(state__in=_BUSY).exclude(result__has_key=undoing.ASKED).exclude(result__has_key=Step.UNDO_ENDED)
    return rows.select_related("case")


def _let_go(step: Step, why: str) -> bool:
    with transaction.atomic():
        now = Step.objects.select_for_update().filter(pk=step.pk, state=step.state).exclude(result__has_key=undoing.ASKED).first()
        if now is None:
            return False  # somebody has begun to undo it
        entries = JournalEntry.objects.filter(step=now)
        FoundFile.objects.filter(entry__in=entries).delete()
        entries.update(before_content=None, after_content=None)
        now.result = {**now.result, Step.UNDO_ENDED: why}
        now.save(update_fields=["result"])
    return True


def _size() -> Sum:
    return Sum(Coalesce(Length("before_content"), 0) + Coalesce(Length("after_content"), 0))


def _too_large() -> list[tuple[int, int]]:
    """Sites whose journal holds more than they may, each with its size in bytes as stored."""
    limit = settings.SITEMEND_JOURNAL_MB_PER_SITE * 1024 * 1024
    rows = JournalEntry.objects.order_by().values("step__case__site").annotate(total=_size()).filter(total__gt=limit)
    return [(row["step__case__site"], row["total"]) for row in rows]


def _make_room(site_id: int, total: int) -> int:
    limit = settings.SITEMEND_JOURNAL_MB_PER_SITE * 1024 * 1024
    why = _("The journal of its site held more than %(megabytes)d MB.") % {"megabytes": settings.SITEMEND_JOURNAL_MB_PER_SITE}
    let_go = 0
    oldest = _closed().filter(case__site=site_id, journal__before_content__isnull=False).annotate(size=_size_of_step())
    for step in oldest.order_by("finished_at")[:BATCH]:
        if total <= limit:
            break
        if _let_go(step, why):
            total -= step.size
            let_go += 1
    return let_go


def _size_of_step() -> Sum:
    return Sum(Coalesce(Length("journal__before_content"), 0) + Coalesce(Length("journal__after_content"), 0))
