"""What a host is doing with a hosting: watched until nothing is left, as OVHcloud's guide says, then its sites are looked at again.

A panel that is empty once may only be between two tasks: nothing is left when it was empty twice, ten seconds apart.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.changes import changing
from diagnostics.connections import purposes
from diagnostics.connections.telling import clean
from diagnostics.models import HostPanel, PanelWatch, RepairCase, Step
from sites import queueing
from sites.models import Page, Site

from . import connecting
from .base import PanelError, PanelTask

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

TASK = "diagnostics.tasks.watch_panel"
GUIDE_STEP = "tasks"
APART = timedelta(seconds=10)
LONGEST = timedelta(hours=24)  # OVHcloud's guide: what takes longer is for its support
_HELD = timedelta(seconds=120)  # by one worker for one look; then another takes over
_PACES = ((timedelta(minutes=1), 5), (timedelta(minutes=10), 15), (LONGEST, 60))  # up to which age, seconds between two looks
_AWAY_S = 60
_MOST_ROWS = 30


def open_of(panel: HostPanel | None) -> PanelWatch | None:
    """The watch that goes on, if any."""
    return PanelWatch.objects.filter(panel=panel, ended_at=None).select_related("asked_by").first() if panel is not None else None


def last_of(panel: HostPanel, since: datetime) -> PanelWatch | None:
    """The newest that ended since then."""
    return PanelWatch.objects.filter(panel=panel, ended_at__gte=since).select_related("asked_by").first()


def begin(panel: HostPanel, case: RepairCase | None, user: AbstractBaseUser | None) -> PanelWatch:
    """Watches from now on; the watch that goes on already serves everybody."""
    now = timezone.now()
    try:
        with transaction.atomic():
            watch = PanelWatch.objects.create(panel=panel, case=case, asked_by=user, began_at=now, next_look_at=now)
    except IntegrityError:
        watch = PanelWatch.objects.get(panel=panel, ended_at=None)
    queueing.enqueue_on_commit(TASK, watch.pk)
    return watch


def stop(panel: HostPanel) -> bool:
    """Nobody waits any more. What the host does goes on. False when none was watched."""
    return bool(PanelWatch.objects.filter(panel=panel, ended_at=None).update(ended_at=timezone.now(), outcome="stopped"))


def dispatch() -> int:
    """Hands over the watches that are due. Returns how many."""
    due = list(PanelWatch.objects.filter(ended_at=None, next_look_at__lte=timezone.now()).values_list("pk", flat=True)[:100])
    for pk in due:
        queueing.enqueue(TASK, pk, expires=30.0)
    return len(due)


def look(watch_id: int) -> PanelWatch | None:
    """One look at what the host is doing; None where it is not due, or another worker is at it."""
    now = timezone.now()
    mine = PanelWatch.objects.filter(pk=watch_id, ended_at=None, next_look_at__lte=now).update(next_look_at=now + _HELD)
    if not mine:
        return None
    watch = PanelWatch.objects.select_related("panel__host", "case__site", "asked_by").get(pk=watch_id)
    try:
        with purposes.doing("tasks"), purposes.by(watch.asked_by), connecting.opened(watch.panel, what="tasks") as panel:
            found = panel.tasks()
    except PanelError as error:
        return _could_not(watch, error, now)
    watch.detail, watch.looked_at, watch.tasks = "", now, [as_json(task) for task in found][:_MOST_ROWS]
    if found:
        watch.empty_since = None
        return _too_long(watch) if now - watch.began_at > LONGEST else _again(watch, now + timedelta(seconds=_pace(now - watch.began_at)))
    watch.empty_since = watch.empty_since or now
    if now - watch.empty_since < APART:
        return _again(watch, watch.empty_since + APART)
    return _nothing_left(watch)


def _pace(age: timedelta) -> int:
    return next((seconds for until, seconds in _PACES if age <= until), _PACES[-1][1])


def _again(watch: PanelWatch, at: datetime) -> PanelWatch:
    watch.next_look_at = at
    open_ones = PanelWatch.objects.filter(pk=watch.pk, ended_at=None)  # somebody may have stopped it meanwhile
    names = ("detail", "looked_at", "tasks", "empty_since", "next_look_at")
    open_ones.update(**{name: getattr(watch, name) for name in names})
    return watch


def _could_not(watch: PanelWatch, error: PanelError, now: datetime) -> PanelWatch:
    connecting.noted(watch.panel, error)
    watch.detail = clean(str(error))[:500]
    if error.must_be_typed_anew or now - watch.began_at > LONGEST:
        return _ended(watch, "failed")
    return _again(watch, now + timedelta(seconds=_AWAY_S))


def _too_long(watch: PanelWatch) -> PanelWatch:
    watch.detail = _("The host has been at it for more than a day. Ask its support what is wrong with this task.")
    return _ended(watch, "too-long")


def _ended(watch: PanelWatch, outcome: str) -> PanelWatch:
    watch.ended_at, watch.outcome = timezone.now(), outcome
    watch.save(update_fields=["detail", "looked_at", "tasks", "empty_since", "ended_at", "outcome"])
    return watch


def _nothing_left(watch: PanelWatch) -> PanelWatch:
    """Every site of the account is probed soon, the one of the repair at once."""
    sites = Site.objects.filter(host=watch.panel.host_id, deleted_at=None)
    Page.objects.filter(site__in=sites, due_at__gt=timezone.now()).update(due_at=timezone.now())
    _ended(watch, "done")
    if watch.case is not None and watch.case.closed_at is None:
        note_looked(watch.case, watch.asked_by)
    return watch


def note_looked(case: RepairCase, user: AbstractBaseUser | None) -> Step:
    """The site of a repair is looked at now that its host has nothing left to do; it stands among the steps."""
    now = timezone.now()
    seen = changing.look(case.site)
    message = _("Nothing is left to do at the host, and every page answers as expected.") if seen.is_well else _(
        "Nothing is left to do at the host. The site is not well yet."
    )  # fmt: skip
    return Step.objects.create(
        case=case, guide_step=GUIDE_STEP, action="look", title=_("Watch what the host is doing"), state=Step.State.DONE, message=message,
        result={"pages_after": list(seen.pages)}, created_by=user, created_at=now, started_at=now, finished_at=timezone.now(),
    )  # fmt: skip


def as_json(task: PanelTask) -> dict[str, Any]:
    """As it is stored and shown."""
    at = task.started_at.isoformat() if task.started_at else ""
    return {"id": task.id, "function": task.function, "state": str(task.state), "about": task.about, "started_at": at}
