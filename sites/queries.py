"""What the pages show, with a number of queries that does not grow with the number of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.paginator import Page as ListPage
from django.core.paginator import Paginator
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import rollups, scheduling, wording
from .drawing import Bar, Curve, Point, curve
from .models import DayRollup, Incident, Notification, Page, ProbeResult, Site
from .selecting import FILTERS, Wanted, matching, own_sites

PER_PAGE = 50
BAR_DAYS = 30
LATE_S = 30.0  # beyond this the frame says that probing is behind
SILENT_S = 600.0  # no result for so long, with sites that should be probed: nothing is probing

_FAILING_FIRST = Case(
    When(paused_at__isnull=False, then=Value(5)),
    When(verdict="down", then=Value(0)),
    When(verdict="suspect", then=Value(1)),
    When(verdict="unknown", kind="blocked", then=Value(2)),
    When(verdict="unknown", then=Value(3)),
    default=Value(4),
    output_field=IntegerField(),
)
def own_incidents(user: AbstractBaseUser) -> QuerySet[Incident]:
    """The incidents of a person's teams' sites."""
    return Incident.objects.filter(site__team__memberships__user=user, site__deleted_at=None)


def frame(user: AbstractBaseUser) -> dict[str, Any]:
    """For the frame of every page: open incidents, and whether probing keeps its time."""
    watched = own_sites(user).filter(paused_at=None).count()
    newest = scheduling.last_result_at() if watched else None
    lag = scheduling.lag_s() if watched else 0.0
    silent = newest is None or (timezone.now() - newest).total_seconds() > SILENT_S
    return {
        "open_incidents": own_incidents(user).filter(resolved_at=None).count(),
        "sites": watched,
        "last_probe_at": newest,
        "late": bool(newest) and (silent or lag > LATE_S),
        "pulse": _pulse(newest, silent, lag),
        "lag": _("%(n).1f s") % {"n": lag} if lag < 60 else wording.duration_words(lag),
    }


def _pulse(newest: datetime | None, silent: bool, lag: float) -> str:
    if newest is None:
        return _("No probe yet")
    if silent:
        return _("Nothing is probing")
    return _("Probing is behind") if lag > LATE_S else _("Probing on time")


@dataclass(slots=True)
class SiteRow:
    """One line of the dashboard."""

    site: Site
    bars: list[Bar]
    median_ms: float | None


def site_rows(user: AbstractBaseUser, wanted: Wanted, number: object = 1) -> tuple[ListPage[Site], list[SiteRow]]:
    """One page of the sites, failing ones first, with their bars and answer time."""
    sites = matching(own_sites(user), wanted).select_related("host").annotate(rank=_FAILING_FIRST).order_by("rank", "name")
    page = Paginator(sites, PER_PAGE).get_page(number)
    today = timezone.now().date()
    days = _days_of([site.pk for site in page.object_list], today)
    recent = _recent_buckets([site.pk for site in page.object_list], today)
    rows = [SiteRow(site, bars_of(days[site.pk], today), rollups.percentile(recent[site.pk], 0.5)) for site in page.object_list]
    return page, rows


def counts(user: AbstractBaseUser) -> dict[str, int]:
    """How many sites there are in all and per filter, in one query. Keys as in FILTERS, with underscores, and `all`.

    `unmailed`: sites whose incidents nobody is told by mail, because no mail server is set. Practice sites do not count.
    """
    columns = {name.replace("-", "_"): Count("pk", filter=condition) for name, condition in FILTERS.items()}
    found = own_sites(user).aggregate(all=Count("pk"), unmailed=Count("pk", filter=Q(practice=False)), **columns)
    return found | ({"unmailed": 0} if settings.SITEMEND_MAIL_BY_SMTP else {})


def tags(user: AbstractBaseUser) -> list[str]:
    """The tags in use, by name."""
    used = own_sites(user).exclude(tags="").values_list("tags", flat=True).distinct()
    return sorted({word for words in used for word in words.split()}, key=str.casefold)


def _days_of(site_ids: Iterable[int], today: date) -> dict[int, dict[date, tuple[int, int, int]]]:
    found: dict[int, dict[date, tuple[int, int, int]]] = defaultdict(dict)
    rows = DayRollup.objects.filter(site_id__in=list(site_ids), day__gt=today - timedelta(days=BAR_DAYS), day__lte=today)
    for site_id, day, good, suspect, failed in rows.values_list("site_id", "day", "good", "suspect", "failed"):
        found[site_id][day] = (good, suspect, failed)
    return found


def _recent_buckets(site_ids: Iterable[int], today: date) -> dict[int, dict[str, int]]:
    """Answer times of today and yesterday: the classes of a whole month would be megabytes of JSON."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rows = DayRollup.objects.filter(site_id__in=list(site_ids), day__gte=today - timedelta(days=1))
    for site_id, buckets in rows.values_list("site_id", "buckets"):
        found[site_id] = rollups.merge([found[site_id], buckets])
    return found


def bars_of(days: dict[date, tuple[int, int, int]], today: date) -> list[Bar]:
    """A bar for each of the last thirty days, oldest first."""
    return [_bar(today - timedelta(days=back), days.get(today - timedelta(days=back))) for back in range(BAR_DAYS - 1, -1, -1)]


def _bar(day: date, figures: tuple[int, int, int] | None) -> Bar:
    name = date_format(day, "j M")
    good, suspect, failed = figures or (0, 0, 0)
    if not good + suspect + failed:
        return Bar("none", _("%(day)s: not probed") % {"day": name})
    if failed:
        return Bar("bad", _("%(day)s: %(share)s of probes failed") % {"day": name, "share": percent(failed / (good + suspect + failed))})
    if suspect:
        words = ngettext("%(day)s: %(n)d single failure", "%(day)s: %(n)d single failures", suspect)
        return Bar("warn", words % {"day": name, "n": suspect})
    return Bar("ok", _("%(day)s: well") % {"day": name})


def percent(share: float | None) -> str:
    """A share as people read availability: 100 %, 99.94 %, 97.3 %; never rounded up to 100 when it is less."""
    if share is None:
        return "–"
    if share >= 1:
        return "100 %"
    value = share * 100
    return f"{min(value, 99.99):.2f} %" if value >= 99 else f"{value:.1f} %"


def needing(user: AbstractBaseUser, most: int = 5) -> tuple[list[Incident], list[Site]]:
    """What needs a person: open incidents, the newest first, and sites that are suspect without an incident."""
    incidents = list(own_incidents(user).filter(resolved_at=None).select_related("site", "acknowledged_by").order_by("-opened_at")[:most])
    has_incident = Exists(Incident.objects.filter(site=OuterRef("pk"), resolved_at=None))
    suspects = own_sites(user).filter(FILTERS["suspect"]).exclude(has_incident).order_by("name")
    return incidents, list(suspects.prefetch_related("pages")[:most])


@dataclass(slots=True)
class SiteFacts:
    """What a site's page shows besides the row itself."""

    pages: list[Page]
    bars: list[Bar]
    available: str
    curve: Curve | None
    median_ms: float | None
    p95_ms: float | None
    probes: list[ProbeResult]
    open_incidents: list[Incident]
    incidents: list[Incident]


def site_facts(site: Site) -> SiteFacts:
    """Everything a site's page shows."""
    now = timezone.now()
    pages = list(site.pages.all())
    days = _days_of([site.pk], now.date())[site.pk]
    good, failed = sum(row[0] for row in days.values()), sum(row[2] for row in days.values())
    drawn, values = _response_curve(pages, now)
    recent = list(site.incidents.order_by("-opened_at")[:8])
    return SiteFacts(
        pages=pages,
        bars=bars_of(days, now.date()),
        available=percent(rollups.availability(good, failed)),
        curve=drawn,
        median_ms=median(values) if values else None,
        p95_ms=sorted(values)[max(0, round(len(values) * 0.95) - 1)] if values else None,
        probes=list(ProbeResult.objects.filter(page__in=pages).select_related("page", "evidence").order_by("-at")[:12]),
        open_incidents=[incident for incident in recent if incident.is_open],
        incidents=[incident for incident in recent if not incident.is_open],
    )


CHART_SLOTS = 144  # ten minutes each: as fine as 700 pixels can show


def _response_curve(pages: list[Page], now: datetime) -> tuple[Curve | None, list[float]]:
    """The first page's answer times of the last day: the median of each slot, so that one slow answer is no mountain."""
    if not pages:
        return None, []
    start = now - timedelta(days=1)
    slots: dict[int, list[float]] = defaultdict(list)
    failing: set[int] = set()
    values: list[float] = []
    rows = ProbeResult.objects.filter(page=pages[0], at__gte=start, at__lte=now, purpose="routine").order_by("at")
    for at, ms, kind in rows.values_list("at", "ms", "kind"):
        slot = min(CHART_SLOTS - 1, int((at - start).total_seconds() / 86400 * CHART_SLOTS))
        if kind not in ("ok", "maintenance"):
            failing.add(slot)
        if ms is not None:
            slots[slot].append(ms)
            values.append(ms)
    if not slots and not failing:
        return None, []
    points = [Point((slot + 0.5) / CHART_SLOTS, median(slots[slot]) if slot in slots else None) for slot in range(CHART_SLOTS)]
    return curve(_joined(points), _spans(failing)), values


def _joined(points: list[Point]) -> list[Point]:
    """Leaves out slots without a probe when their neighbours are near: a site probed every 30 minutes still has one line."""
    measured = [point for point in points if point.value is not None]
    joined: list[Point] = []
    for point in measured:
        if joined and point.x - joined[-1].x > 6 / CHART_SLOTS:
            joined.append(Point((point.x + joined[-1].x) / 2, None))
        joined.append(point)
    return joined


def _spans(slots: set[int]) -> list[tuple[float, float]]:
    spans: list[tuple[int, int]] = []
    for slot in sorted(slots):
        if spans and spans[-1][1] == slot:
            spans[-1] = (spans[-1][0], slot + 1)
        else:
            spans.append((slot, slot + 1))
    return [(first / CHART_SLOTS, last / CHART_SLOTS) for first, last in spans]


def incident_list(user: AbstractBaseUser, state: str, number: object) -> ListPage[Incident]:
    """Incidents, open ones first, then the newest. `state`: "open", "resolved" or empty."""
    rows = own_incidents(user).select_related("site", "acknowledged_by")
    if state in ("open", "resolved"):
        rows = rows.filter(resolved_at__isnull=state == "open")
    still_open = Case(When(resolved_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())
    return Paginator(rows.annotate(over=still_open).order_by("over", "-opened_at", "-pk"), PER_PAGE).get_page(number)


def mail_list(rows: QuerySet[Notification], state: str, number: object) -> ListPage[Notification]:
    """Mails, the newest first. `state`: "waiting", "sent", "failed" or empty."""
    states = {
        "waiting": [Notification.State.QUEUED, Notification.State.SENDING],
        "sent": [Notification.State.SENT, Notification.State.JOINED],
        "failed": [Notification.State.FAILED, Notification.State.GIVEN_UP],
    }
    if state in states:
        rows = rows.filter(state__in=states[state])
    rows = rows.select_related("site", "incident").order_by("-created_at", "-id")
    # Bodies are long and not shown in the list.
    return Paginator(rows.defer("body_text", "body_html"), PER_PAGE).get_page(number)
