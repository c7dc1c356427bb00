"""What the pages show, with a number of queries that does not grow with the number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.paginator import Page as ListPage
from django.core.paginator import Paginator
from django.db.models import Case, Count, Exists, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import scheduling, storms, wording
from sites.history import figures, rollups
from sites.many.selecting import FILTERS, Wanted, matching, own_sites
from sites.windows import queries as maintenance_queries

from .drawing import Bar
from .models import Incident, LineOutage, Notification, Page, ProbeResult, Site

PER_PAGE = 50
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
    open_ones = own_incidents(user).filter(resolved_at=None, held_at=None)
    found = own_sites(user).aggregate(watched=Count("pk", filter=Q(paused_at=None)), open=Max(_number_of(open_ones)))
    watched = found["watched"]
    newest = scheduling.last_result_at() if watched else None
    lag = scheduling.lag_s() if watched else 0.0
    silent = newest is None or (timezone.now() - newest).total_seconds() > SILENT_S
    cut_off = LineOutage.objects.filter(over=False).values_list("since", flat=True).first()
    return {
        "own_line": _("Our own connection seems to be down since %(time)s.") % {"time": wording.moment_words(cut_off)} if cut_off else "",
        "open_incidents": found["open"] or 0,
        "sites": watched,
        "last_probe_at": newest,
        "late": bool(newest) and (silent or lag > LATE_S),
        "pulse": _pulse(newest, silent, lag),
        "lag": _("%(n).1f s") % {"n": lag} if lag < 60 else wording.duration_words(lag),
    }


def _number_of(rows: QuerySet[Any]) -> Subquery:
    """How many rows, as a value within another query."""
    return Subquery(rows.order_by().annotate(all=Value(1)).values("all").annotate(n=Count("pk")).values("n"))


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
    mark: str = ""  # "Maintenance until 04:00", "paused for 12 days"


def site_rows(user: AbstractBaseUser, wanted: Wanted, number: object = 1) -> tuple[ListPage[Site], list[SiteRow]]:
    """One page of the sites, failing ones first, with their bars and answer time."""
    sites = matching(own_sites(user), wanted).select_related("host").annotate(rank=_FAILING_FIRST).order_by("rank", "name")
    page = Paginator(sites, PER_PAGE).get_page(number)
    today = timezone.now().date()
    shown = list(page.object_list)
    days = figures.days_of([site.pk for site in shown], today)
    bars = figures.bars_of_many([days[site.pk] for site in shown], today)
    medians = figures.medians([site.pk for site in shown], today)
    marks = maintenance_queries.marks(shown)
    return page, [SiteRow(site, bar, medians.get(site.pk), marks.get(site.pk, "")) for site, bar in zip(shown, bars, strict=True)]


def counts(user: AbstractBaseUser) -> dict[str, int]:
    """How many sites there are in all and per filter, in one query. Keys as in FILTERS, with underscores, and `all`.

    `unmailed`: sites whose incidents nobody is told by mail, because no mail server is set. Practice sites do not count.
    `unheard`: those of which the last probe says nothing, as while our own connection is down.
    `held`: those down in a maintenance window, which nobody needs to look at before its end.
    """
    columns = {name.replace("-", "_"): Count("pk", filter=condition) for name, condition in FILTERS.items()}
    columns["held"] = Count("pk", filter=FILTERS["down"] & Exists(_held_of(OuterRef("pk"))))
    columns["unheard"] = Count("pk", filter=_UNHEARD)
    found = own_sites(user).aggregate(all=Count("pk"), unmailed=Count("pk", filter=Q(practice=False)), **columns)
    return found | ({"unmailed": 0} if settings.SITEMEND_MAIL_BY_SMTP else {})


_UNHEARD = Q(verdict="unknown", paused_at=None, last_probe_at__isnull=False) & ~Q(kind="blocked")


def _held_of(site: OuterRef) -> QuerySet[Incident]:
    return Incident.objects.filter(site=site, resolved_at=None).exclude(held_at=None)


def tags(user: AbstractBaseUser) -> list[str]:
    """The tags in use, by name."""
    used = own_sites(user).exclude(tags="").values_list("tags", flat=True).distinct()
    return sorted({word for words in used for word in words.split()}, key=str.casefold)


def needing(user: AbstractBaseUser, most: int = 5) -> tuple[list[storms.Event], list[Site]]:
    """What needs a person: open incidents, the newest first and those of one event together; sites suspect without an incident."""
    told = own_incidents(user).filter(resolved_at=None, held_at=None)
    incidents = told.select_related("site__host", "acknowledged_by").order_by("-opened_at")[:_LOOKED_AT]
    found = storms.events(incidents)[:most]
    has_incident = Exists(Incident.objects.filter(site=OuterRef("pk"), resolved_at=None))
    suspects = own_sites(user).filter(FILTERS["suspect"]).exclude(has_incident).order_by("name")
    return found, list(suspects.prefetch_related("pages")[:most])


def sharing(user: AbstractBaseUser) -> list[storms.Event]:
    """Open incidents of several sites that share a cause."""
    rows = own_incidents(user).filter(resolved_at=None, held_at=None).exclude(shared="").select_related("site__host")
    return [event for event in storms.events(rows.order_by("-opened_at")[:_LOOKED_AT]) if event.about]


_LOOKED_AT = 100  # open incidents in which the events of the dashboard are looked for


@dataclass(slots=True)
class SiteFacts:
    """What a site's page shows besides the row itself."""

    pages: list[Page]
    bars: list[Bar]
    available: str
    chart: figures.Chart
    probes: list[ProbeResult]
    open_incidents: list[Incident]
    incidents: list[Incident]


def _last_probes(pages: list[Page]) -> list[ProbeResult]:
    """The last dozen; of what they answered only that it was kept."""
    rows = ProbeResult.objects.filter(page__in=pages).select_related("page", "evidence")
    return list(rows.defer("evidence__body", "evidence__headers").order_by("-at")[:12])


def site_facts(site: Site, span: str = "") -> SiteFacts:
    """Everything a site's page shows. `span`: the key of one of `figures.SPANS` for the chart; the last day if it is none."""
    now = timezone.now()
    pages = list(site.pages.all())
    days = figures.days_of([site.pk], now.date())[site.pk]
    good, failed = sum(row[0] for row in days.values()), sum(row[2] for row in days.values())
    recent = list(site.incidents.order_by("-opened_at")[:8])
    return SiteFacts(
        pages=pages,
        bars=figures.bars_of(days, now.date()),
        available=figures.percent(rollups.availability(good, failed)),
        chart=figures.chart(site.pk, figures.span_of(span), now),
        probes=_last_probes(pages),
        open_incidents=[incident for incident in recent if incident.is_open],
        incidents=[incident for incident in recent if not incident.is_open],
    )


def incident_list(user: AbstractBaseUser, state: str, number: object, event: str = "") -> ListPage[Incident]:
    """Incidents, open ones first, then the newest. `state`: "open", "resolved" or empty; `event`: only those of this one."""
    rows = own_incidents(user).select_related("site__host", "acknowledged_by")
    if event.isdecimal() and len(event) < 18:
        rows = rows.filter(storms.of(int(event)))
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
