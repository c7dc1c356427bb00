"""What pages show of windows, deployments and pauses, with a number of queries that does not grow with the rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from sites.models import MaintenanceWindow, Membership, Site
from sites.windows import maintenance
from sites.windows.occurrences import Timetable
from sites.wording import duration_words, moment_words

MOST_ROWS = 300
OVER_SHOWN_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One window in a list."""

    window: MaintenanceWindow
    is_on: bool
    is_over: bool
    covers: str  # "shop", "# wordpress", "all sites of My team"
    when: str  # "Every day at 02:00, for 2 h (Europe/Paris)"
    next_time: str
    may_write: bool


def window_rows(user: AbstractBaseUser) -> list[WindowRow]:
    """The windows of the person's teams: those that are on, then those to come, then those lately over. Deployments are not among them."""
    now = timezone.now()
    roles = {row.team_id: row.may_write for row in Membership.objects.filter(user=user)}
    lately = Q(opens_at=None, first_day__gte=now - OVER_SHOWN_FOR) | Q(opens_at=None, ended_at__gte=now - OVER_SHOWN_FOR)
    windows = MaintenanceWindow.objects.filter(Q(opens_at__isnull=False) | lately, team_id__in=roles, deployment=None)
    windows = windows.filter(site__deleted_at=None)
    windows = windows.select_related("site", "team").order_by(F("opens_at").asc(nulls_last=True), "-first_day", "pk")
    rows = [row_of(window, now, may_write=roles[window.team_id], several_teams=len(roles) > 1) for window in windows[:MOST_ROWS]]
    return sorted(rows, key=lambda row: row.is_over)


def row_of(window: MaintenanceWindow, now: datetime, *, may_write: bool = False, several_teams: bool = False) -> WindowRow:
    """One window in words."""
    occurrence = maintenance.occurrence_of(window, now)
    is_on = occurrence is not None and occurrence.covers(now)
    next_time = span_words(occurrence.starts_at, occurrence.ends_at) if occurrence else ""
    return WindowRow(window, is_on, occurrence is None, covers_words(window, several_teams), when_words(window), next_time, may_write)


def covers_words(window: MaintenanceWindow, several_teams: bool = False) -> str:
    """Which sites a window is for."""
    if window.site is not None:
        return window.site.name
    of_team = window.team.name
    if window.tag:
        return _("# %(tag)s in %(team)s") % {"tag": window.tag, "team": of_team} if several_teams else f"# {window.tag}"
    return _("all sites of %(team)s") % {"team": of_team}


def when_words(window: MaintenanceWindow) -> str:
    """When a window is on, as it was planned."""
    values = {
        "time": window.start_time.strftime("%H:%M"),
        "lasts": duration_words(window.duration_s),
        "day": date_format(window.first_day, "D j M Y"),
        "zone": window.time_zone.replace("_", " "),
    }
    if window.repeats == MaintenanceWindow.Repeats.ONCE:
        return _("%(day)s at %(time)s, for %(lasts)s (%(zone)s)") % values
    if window.repeats == MaintenanceWindow.Repeats.MONTHLY:
        values["often"] = _("every month on day %(n)d") % {"n": window.first_day.day}
    elif window.repeats == MaintenanceWindow.Repeats.WEEKLY:
        values["often"] = _("every %(days)s") % {"days": ", ".join(_weekday(int(day)) for day in window.weekdays.split())}
    else:
        values["often"] = _("every day")
    return _("%(often)s at %(time)s, for %(lasts)s (%(zone)s)") % values


def _weekday(number: int) -> str:
    return [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")][number]


def span_words(starts_at: datetime, ends_at: datetime) -> str:
    """From when to when, in the person's zone: "Sun 29 Nov 02:00 to 04:00"."""
    start, end = timezone.localtime(starts_at), timezone.localtime(ends_at)
    first = date_format(start, "D j M H:i")
    last = date_format(end, "H:i" if end.date() == start.date() else "D j M H:i")
    return _("%(from)s to %(to)s") % {"from": first, "to": last}


def next_words(timetable: Timetable, most: int = 3) -> list[str]:
    """The next times of a timetable, in its own zone."""
    with timezone.override(timetable.zone):
        return [span_words(item.starts_at, item.ends_at) for item in timetable.next_ones(timezone.now(), most)]


@dataclass(frozen=True, slots=True)
class Banner:
    """What a site's page says while a window is on."""

    title: str
    text: str
    window_id: int


def banner(site: Site, now: datetime | None = None) -> Banner | None:
    """The window that is on for this site, in words."""
    now = now or timezone.now()
    running = maintenance.running(site, now)
    if running is None:
        return None
    values = {"time": moment_words(running.ends_at, now), "left": duration_words((running.ends_at - now).total_seconds() + 59)}
    title = _("In maintenance until %(time)s, ends in %(left)s") % values
    text = _("Failures are noted, nobody is mailed. What still fails when it ends is told then.")
    return Banner(title, f"{running.title}. {text}" if running.title else text, running.window_id)


def marks(sites: Iterable[Site], now: datetime | None = None) -> dict[int, str]:
    """The words beside each site of a list that is in maintenance, paused or muted: one query."""
    now = now or timezone.now()
    sites = list(sites)
    found = {
        pk: _("Maintenance until %(time)s") % {"time": moment_words(item.ends_at, now)}
        for pk, item in maintenance.running_of(sites, now).items()
    }
    muted = {site.pk: mute_words(site, now) for site in sites if site.muted_until and site.muted_until > now}
    return muted | found | {site.pk: pause_words(site, now) for site in sites if site.paused_at}


def mute_words(site: Site, now: datetime | None = None) -> str:
    """Until when nothing is mailed about a muted site."""
    return _("muted until %(time)s") % {"time": moment_words(site.muted_until, now)} if site.muted_until else ""


def pause_words(site: Site, now: datetime | None = None) -> str:
    """How long a site has been paused, so that it is not forgotten: "Paused for 12 days", "Paused for 5 min, until 04:00"."""
    if site.paused_at is None:
        return ""
    now = now or timezone.now()
    lasted = duration_words((now - site.paused_at).total_seconds())
    if site.paused_until:
        return _("paused for %(time)s, until %(until)s") % {"time": lasted, "until": moment_words(site.paused_until, now)}
    return _("paused for %(time)s") % {"time": lasted}
