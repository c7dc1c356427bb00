"""Maintenance windows: probing goes on while one is on, mailing does not. Which sites they cover, and what follows when they end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sites.models import Incident, IncidentEntry, MaintenanceWindow, Page, Site
from sites.windows.occurrences import Occurrence

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

OVER_KEPT_FOR = timedelta(days=90)  # a window that will not be on again is shown for so long, then removed
_FRESH = timedelta(seconds=15)  # a held page probed more lately than this is not probed again just because its window is over


@dataclass(frozen=True, slots=True)
class Running:
    """A window that is on for a site."""

    window_id: int
    title: str
    starts_at: datetime
    ends_at: datetime


class Windows:
    """The windows of many sites, learned by one query, and by none until the first question."""

    def __init__(self, sites: Iterable[Site], now: datetime) -> None:
        self._sites = sites
        self._now = now
        self._found: list[MaintenanceWindow] | None = None

    def over(self, site: Site, at: datetime | None = None) -> Running | None:
        """The window that is on for this site at this moment (default: now); of several the one that ends last."""
        at = at or self._now
        running = [
            Running(window.pk, window.title, occurrence.starts_at, occurrence.ends_at)
            for window in self._rows()
            if covers(window, site) and (occurrence := occurrence_of(window, at)) is not None and occurrence.covers(at)
        ]
        return max(running, key=lambda item: item.ends_at, default=None)

    def _rows(self) -> list[MaintenanceWindow]:
        if self._found is None:
            sites = list(self._sites)
            of_all = Q(site=None) | Q(site_id__in=[site.pk for site in sites])
            rows = MaintenanceWindow.objects.filter(of_all, team_id__in={site.team_id for site in sites}, opens_at__lte=self._now)
            self._found = list(rows)
        return self._found


def covers(window: MaintenanceWindow, site: Site) -> bool:
    """Whether a window is meant for this site."""
    if window.team_id != site.team_id:
        return False
    if window.site_id is not None:
        return window.site_id == site.pk
    return not window.tag or window.tag in site.tags.split()


def occurrence_of(window: MaintenanceWindow, at: datetime) -> Occurrence | None:
    """The occurrence that is on or comes next at this moment."""
    if window.opens_at is not None and window.closes_at is not None and window.opens_at <= at < window.closes_at:
        return Occurrence(window.opens_at, window.closes_at)
    return window.timetable.current_or_next(at, window.ended_at)


def attach(sites: Iterable[Site], now: datetime) -> None:
    """Lets these loaded sites learn their windows together: the first that is asked about brings those of all."""
    together = list(sites)
    windows = Windows(together, now)
    for site in together:
        site._windows = windows  # type: ignore[attr-defined]


def running(site: Site, at: datetime | None = None) -> Running | None:
    """The window that is on for one site at this moment (default: now)."""
    at = at or timezone.now()
    windows: Windows = getattr(site, "_windows", None) or Windows([site], at)
    return windows.over(site, at)


def running_of(sites: Iterable[Site], now: datetime | None = None) -> dict[int, Running]:
    """The windows that are on, by site, in one query."""
    sites = list(sites)
    windows = Windows(sites, now or timezone.now())
    found = {site.pk: windows.over(site) for site in sites}
    return {pk: item for pk, item in found.items() if item is not None}


def plan(window: MaintenanceWindow, now: datetime) -> None:
    """Writes into the unsaved row when it is on next, or that it never is again."""
    occurrence = window.timetable.current_or_next(now, window.ended_at)
    window.opens_at, window.closes_at = (occurrence.starts_at, occurrence.ends_at) if occurrence else (None, None)


@transaction.atomic
def save(window: MaintenanceWindow, now: datetime | None = None) -> MaintenanceWindow:
    """Stores a new or changed window; it counts at once."""
    now = now or timezone.now()
    plan(window, now)
    window.save()
    return window


@transaction.atomic
def end_now(window: MaintenanceWindow, now: datetime | None = None) -> None:
    """Ends the occurrence that is on; a recurring window comes again. What still fails is probed at once, and then told."""
    now = now or timezone.now()
    window.ended_at = now
    plan(window, now)
    window.save(update_fields=["ended_at", "opens_at", "closes_at"])
    _hold_until(window, now)
    probe_held(now)


@transaction.atomic
def delete(window: MaintenanceWindow, now: datetime | None = None) -> None:
    """Takes a window out; one that is on ends by it."""
    now = now or timezone.now()
    _hold_until(window, now)
    window.delete()
    probe_held(now)


def _hold_until(window: MaintenanceWindow, end: datetime) -> None:
    """What was noted in a window is told by failures that were seen after its end: a probe that is in work at the end says nothing yet."""
    held = Incident.objects.filter(resolved_at=None, held_at__lt=end, site__team=window.team_id).select_related("site")
    ids = [incident.pk for incident in held if covers(window, incident.site)]
    Incident.objects.filter(pk__in=ids, resolved_at=None, held_at__lt=end).update(held_at=end)


def create_once(
    site: Site, starts_at: datetime, duration: timedelta, *, title: str, user: AbstractBaseUser | None = None, **more: Any
) -> MaintenanceWindow:
    """A window for one site that is on from this moment on."""
    values = {"first_day": starts_at.date(), "start_time": starts_at.time(), "duration_s": round(duration.total_seconds())}
    window = MaintenanceWindow(team_id=site.team_id, site=site, title=title, time_zone="UTC", created_by=user, **(values | more))
    return save(window, starts_at)


def roll_on(now: datetime | None = None) -> int:
    """Plans the next occurrence of windows that are over, and has what still fails looked at. Returns how many were over."""
    now = now or timezone.now()
    rolled = 0
    for window in MaintenanceWindow.objects.filter(closes_at__lte=now):
        _hold_until(window, window.closes_at or now)
        plan(window, now)
        # Somebody may have changed the window meanwhile: then what they made of it stands.
        unchanged = MaintenanceWindow.objects.filter(pk=window.pk, closes_at__lte=now)
        rolled += unchanged.update(opens_at=window.opens_at, closes_at=window.closes_at)
    long_over = Q(repeats=MaintenanceWindow.Repeats.ONCE, first_day__lt=now - OVER_KEPT_FOR) | Q(last_day__lt=now - OVER_KEPT_FOR)
    MaintenanceWindow.objects.filter(long_over, opens_at=None).delete()
    probe_held(now)
    return rolled


def hold(incident: Incident, now: datetime, seen_at: datetime | None = None) -> bool:
    """Whether an incident that opens falls into a window: then it is noted in its timeline, and nobody is told before the window's end.

    `seen_at`: when the failure was seen, which may have been before the window's end though it is known only now.
    """
    window = running(incident.site, now) or (running(incident.site, seen_at) if seen_at else None)
    if window is None:
        return False
    Incident.objects.filter(pk=incident.pk).update(held_at=now)
    incident.held_at = now
    text = _("In the maintenance window until %(time)s: noted here, nobody is mailed unless it lasts longer.")
    IncidentEntry.objects.create(incident=incident, kind=IncidentEntry.Kind.HINT, text=text % {"time": _moment(window.ends_at)}, at=now)
    return True


def _moment(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M %Z")


def probe_held(now: datetime) -> int:
    """Makes the pages of failures that were noted in a window, which is over now, due at once: if they still fail, it is told."""
    held = list(Incident.objects.filter(resolved_at=None).exclude(held_at=None).select_related("site"))
    if not held:
        return 0
    windows = Windows([incident.site for incident in held], now)
    ids = {incident.site_id for incident in held if windows.over(incident.site) is None}
    return _not_fresh(Page.objects.filter(site_id__in=ids, verdict="down"), now).update(due_at=now)


def _not_fresh(pages: QuerySet[Page], now: datetime) -> QuerySet[Page]:
    return pages.filter(due_at__gt=now).filter(Q(last_at=None) | Q(last_at__lt=now - _FRESH))


def windows_of(site: Site) -> list[MaintenanceWindow]:
    """The windows of one site that are on or to come, those of its tags and of its team included; deployments are not among them."""
    rows = MaintenanceWindow.objects.filter(Q(site=None) | Q(site=site), team_id=site.team_id, deployment=None).exclude(opens_at=None)
    return [window for window in rows.order_by(F("opens_at").asc(), "pk") if covers(window, site)]
