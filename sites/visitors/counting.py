"""Server errors that visitors met: counted by page and hour, and opened as an incident when they are more than a hiccup.

Access logs and servers that report by themselves go the same way. A page counts as failing when two networks met it, or three
requests did, within ten minutes: one reload of one visitor wakes nobody, two visitors with the same error do. A 503, which sites
answer while they are updated, counts when it goes on for five minutes. Whoever tries doors (xmlrpc.php, .env) is counted and shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from sites.bulk import update_rows
from sites.models import Incident, Page, Site, VisitorFailure, VisitorPage, VisitorReport, VisitorWatch
from sites.visitors import incidents as visitor_incidents
from sites.visitors import pages as visitor_pages
from sites.visitors.incidents import Burst, kind_of
from sites.visitors.visits import Moment, Threshold, Visit, below, crossed

THRESHOLD = Threshold()
BUSY = Threshold(lasting_s=300.0)  # 503
OLD = timedelta(hours=1)  # what ended longer ago than this is shown, and nobody is told by mail
KEPT_FOR = timedelta(days=90)
REPORTS_KEPT_FOR = timedelta(hours=25)  # longer than a report may be old
MOST_ROWS = 20_000  # of one site
MOST_KEYS = 100  # pages of one site in one hour that are told apart
OTHERS = "(other pages)"
MOST_ADDRESSES = 200  # of one page in one hour that are told apart
_AGENTS, _RECENT, _SLACK = 30, 60, timedelta(minutes=5)
Item = tuple[float, str, int, int]  # seconds since 1970, who, how many, status
_BEFORE, _AFTER = timedelta(minutes=15), timedelta(minutes=2)


def salt() -> str:
    """Of this installation: without it the hashes of addresses tell nothing."""
    return f"visitors:{settings.SECRET_KEY}"


def watch_of(site: Site) -> VisitorWatch:
    """How the site's visitors are watched, made on first use."""
    return VisitorWatch.objects.get_or_create(site=site)[0]


@transaction.atomic
def record(site: Site, visits: Iterable[Visit], *, by_log: bool, now: datetime | None = None) -> int:
    """Counts these failures of one site and opens or extends what follows. Returns how many requests they were."""
    now = now or timezone.now()
    site = Site.objects.select_for_update(of=("self",)).select_related("host").get(pk=site.pk)
    kept = [visit for visit in visits if now - KEPT_FOR < visit.at < now + _SLACK and 500 <= visit.status <= 599]
    kept = [visit for visit in kept if path_of(site, visit.path) is not None]
    if not kept:
        return 0
    _count(site, kept, "log" if by_log else "report")
    if site.paused_at is None:
        _alarm(site, kept, by_log, now)
    return sum(visit.count for visit in kept)


# --- counting ---------------------------------------------------------------------------------------
def _count(site: Site, visits: Sequence[Visit], source: str) -> None:
    hours = {_hour(visit.at) for visit in visits}
    rows = {(row.hour, row.status, row.key): row for row in VisitorFailure.objects.filter(site=site, hour__in=hours)}
    known: dict[datetime, set[str]] = defaultdict(set)
    for hour, _status, key in rows:
        known[hour].add(key)
    changed: dict[int, VisitorFailure] = {}
    for visit in visits:
        hour, key = _hour(visit.at), visit.key
        if key not in known[hour]:
            key = key if len(known[hour]) < MOST_KEYS else OTHERS
            known[hour].add(key)
        row = rows.get((hour, visit.status, key))
        if row is None:
            row = VisitorFailure(site=site, hour=hour, status=visit.status, key=key, path=visit.path, first_at=visit.at, last_at=visit.at)
            rows[hour, visit.status, key] = row
        _count_in(row, visit, source)
        changed[id(row)] = row
    fresh, known_rows = _split(changed.values())
    VisitorFailure.objects.bulk_create(fresh, batch_size=200)
    columns = ["count", "addresses", "agents", "methods", "sources", "path", "request_id", "first_at", "last_at"]
    update_rows(VisitorFailure, {row.pk: tuple(getattr(row, name) for name in columns) for row in known_rows}, columns)


def _split(rows: Iterable[VisitorFailure]) -> tuple[list[VisitorFailure], list[VisitorFailure]]:
    """Those that are not stored yet, and those that are."""
    both = list(rows)
    return [row for row in both if row.pk is None], [row for row in both if row.pk is not None]


def _count_in(row: VisitorFailure, visit: Visit, source: str) -> None:
    row.count += visit.count
    row.first_at, row.last_at = min(row.first_at, visit.at), max(row.last_at, visit.at)
    if visit.who and visit.who not in row.addresses and len(row.addresses) < MOST_ADDRESSES:
        row.addresses.append(visit.who)
    for counts, name in ((row.agents, visit.agent), (row.methods, visit.method), (row.sources, source)):
        if name and (name in counts or len(counts) < _AGENTS):
            counts[name] = counts.get(name, 0) + visit.count
    row.request_id = visit.request_id[:200] or row.request_id


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


# --- more than a hiccup -------------------------------------------------------------------------------
def _alarm(site: Site, visits: Sequence[Visit], by_log: bool, now: datetime) -> None:
    told = _Told(site, min(visit.at for visit in visits), now)
    by_key: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        if not visit.junk and not told.covers(visit):
            by_key[visit.key].append(visit)
    busiest = sorted(by_key, key=lambda key: -len(by_key[key]))[:MOST_KEYS]
    states = {row.key: row for row in VisitorPage.objects.filter(site=site, key__in=busiest)}
    going_on = visitor_incidents.open_keys(site)
    bursts: list[Burst] = []
    for key in busiest:
        state = states.get(key) or VisitorPage(site=site, key=key, last_at=by_key[key][-1].at)
        found = _bursts(site, state, by_key[key], going_on, by_log, now)
        if found:
            by_get = any(visit.method in ("GET", "HEAD") for visit in by_key[key])
            visitor_pages.watch(site, state, found[0].path, by_get=by_get, now=now)
        bursts += found
    visitor_incidents.follow(site, bursts, now)


class _Told:
    """What an incident tells already: while a site, or a page of it, is known to fail, its visitors meet that too."""

    def __init__(self, site: Site, since: datetime, now: datetime) -> None:
        rows = Incident.objects.filter(site=site, first_failure_at__lte=now).filter(
            Q(resolved_at=None) | Q(resolved_at__gte=since - _AFTER)
        )
        rows = rows.exclude(visitors__isnull=False, visitors__seen_by_probe_at=None).select_related("visitors")
        self._incidents = list(rows.order_by("-opened_at")[:50])
        self._site, self._pages = site, {page.path: page for page in site.pages.all()}

    def covers(self, visit: Visit) -> bool:
        if self._is_maintenance(visit):
            return True
        path = path_of(self._site, visit.path)
        return path is None or any(self._covers(incident, visit, path) for incident in self._incidents)

    def _is_maintenance(self, visit: Visit) -> bool:
        return visit.status == 503 and self._site.kind == "maintenance"

    def _covers(self, incident: Incident, visit: Visit, path: str) -> bool:
        until = incident.resolved_at + _AFTER if incident.resolved_at else None
        if visit.at < incident.first_failure_at - _BEFORE or (until is not None and visit.at > until):
            return False
        met = getattr(incident, "visitors", None)
        return incident.scope == "all-pages" or path in incident.paths or (met is not None and visit.key in met.keys)


def path_of(site: Site, path: str) -> str | None:
    """A path of the web server as a page of this site, which may lie in a folder; None where it belongs to another."""
    return below(path, urlsplit(site.url).path)


def _bursts(site: Site, state: VisitorPage, visits: list[Visit], going_on: set[str], by_log: bool, now: datetime) -> list[Burst]:
    """What of a page's new failures is told, by kind. Notes its last ten minutes."""
    visits.sort(key=lambda visit: visit.at)
    recent = [(float(at), str(who), int(n), int(status)) for at, who, n, status in state.recent]
    fresh = [_item(visit) for visit in visits]
    both = sorted([*recent, *fresh])
    state.last_at = max(state.last_at, visits[-1].at)
    state.recent = [list(item) for item in both if both[-1][0] - item[0] <= THRESHOLD.window_s][-_RECENT:]
    state.save()
    found = []
    for kind in {kind_of(visit.status) for visit in visits}:
        mine = [item for item in both if kind_of(item[3]) == kind]
        of_kind = [visit for visit in visits if kind_of(visit.status) == kind]
        if state.key in going_on:
            found.append(_burst(site, [_item(visit) for visit in of_kind], of_kind, by_log))
            continue
        told = next(
            (spell for spell in reversed(_spells(mine)) if spell[-1][0] > (now - OLD).timestamp() and _is_told(spell, fresh[0][0])), None
        )
        if told:
            found.append(_burst(site, told, of_kind, by_log))
    return found


def _item(visit: Visit) -> Item:
    return visit.at.timestamp(), visit.who, visit.count, visit.status


def _spells(items: list[Item]) -> list[list[Item]]:
    """What belongs together: with less than half an hour between one and the next."""
    spells: list[list[Item]] = []
    for item in items:
        if spells and item[0] - spells[-1][-1][0] <= visitor_incidents.QUIET.total_seconds():
            spells[-1].append(item)
        else:
            spells.append([item])
    return spells


def _is_told(items: list[Item], since: float) -> bool:
    busy: list[Moment] = [item[:3] for item in items if item[3] == 503]
    other: list[Moment] = [item[:3] for item in items if item[3] != 503]
    return crossed(other, THRESHOLD, since) is not None or crossed(busy, BUSY, since) is not None


def _burst(site: Site, items: list[Item], visits: list[Visit], by_log: bool) -> Burst:
    """`items`: of an incident that is open only what is new, of a new one all that led to it."""
    last = visits[-1]
    return Burst(
        key=last.key,
        path=_probed_path(site, visits),
        status=items[-1][3],
        first_at=datetime.fromtimestamp(items[0][0], UTC),
        last_at=datetime.fromtimestamp(items[-1][0], UTC),
        count=sum(item[2] for item in items),
        addresses=tuple(dict.fromkeys(item[1] for item in items if item[1])),
        request_id=next((visit.request_id[:200] for visit in reversed(visits) if visit.request_id), ""),
        by_log=by_log,
    )


def _probed_path(site: Site, visits: Sequence[Visit]) -> str:
    """Of the paths of one page the one that is probed already, else the last that was asked for."""
    paths = [path for visit in visits if (path := path_of(site, visit.path))]
    watched = Page.objects.filter(site=site, path__in=set(paths[:200])).values_list("path", flat=True).first()
    return watched or paths[-1]


# --- keeping ----------------------------------------------------------------------------------------
def prune(now: datetime | None = None) -> dict[str, int]:
    """Removes what has been kept long enough, and of a site with very many rows the oldest."""
    now = now or timezone.now()
    removed = VisitorFailure.objects.filter(hour__lt=now - KEPT_FOR).delete()[0]
    removed += sum(_prune_site(pk) for pk in _with_many_rows())
    pages = VisitorPage.objects.filter(last_at__lt=now - KEPT_FOR, page=None).delete()[0]
    reports = VisitorReport.objects.filter(at__lt=now - REPORTS_KEPT_FOR).delete()[0]
    return {"failures": removed, "pages": pages, "reports": reports}


def _with_many_rows() -> list[int]:
    rows: Any = VisitorFailure.objects.order_by().values("site").annotate(n=Count("pk")).filter(n__gt=MOST_ROWS)
    return [row["site"] for row in rows]


def _prune_site(site_id: int) -> int:
    rows = VisitorFailure.objects.filter(site=site_id).order_by("-hour", "-pk")
    oldest = rows.values_list("hour", flat=True)[MOST_ROWS]
    return rows.filter(hour__lte=oldest).order_by().delete()[0]
