"""Access logs read on: one connection per host for all of its sites, bounded in bytes and time, put off while the host refuses."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import queueing
from sites.credentials import SecretUnreadable
from sites.models import Host, Site, VisitorWatch
from sites.visitors import counting as visitors
from sites.visitors.visits import UNNAMED, Visit, agent_family, clean_path, is_junk, is_ours, may_be_probed, same_host, who

from .accounts import finding_logs
from .connections import connecting, politeness, purposes
from .facts import access_lines, log_series
from .facts.access_lines import Line
from .facts.log_series import Budget
from .models import AccessLog, LogReading
from .profiles import get_profile
from .transports.base import NotFound, Reader, TransportError

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=3)
AFTER_GIVING_WAY = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=2)
MOST_BYTES = 64 * 1024 * 1024  # of one run
TIME_LIMIT_S = 40.0  # of one run, within the time limit of its task
MOST_PROPOSED = 200
SAMPLE = 65_536  # bytes of each piece of a log in which the visited pages are counted
HALVED_AT = 20_000
MOST_WAITING = 12  # readings in the queue: a diagnosis must not wait behind many of them
TASK = "diagnostics.tasks.read_access_logs"

# One that refused the login is left alone until somebody has looked, and a new one until its key was accepted.
# Over FTP there may be none: without TLS, or with a certificate that an authority vouches for.
_ACCEPTED = ~Q(host_key="") | Q(protocol__in=("local", "ftp", "ftps"), offered_host_key="")
_USABLE = Q(state__in=(Host.State.WORKS, Host.State.UNREACHABLE)) | Q(state=Host.State.UNTESTED) & _ACCEPTED
_Log = VisitorWatch.Log
_STATIC = re.compile(r"\.(?:css|js|mjs|map|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|eot|mp4|webm|pdf|zip|xml|txt|json)$", re.IGNORECASE)
_NOBODY = ("Robot", "Tool", UNNAMED, "Googlebot", "bingbot")


@dataclass(slots=True)
class Gathered:
    """What one run found in one log, by site."""

    visits: dict[int, dict[tuple[object, ...], Visit]] = field(default_factory=lambda: defaultdict(dict))
    lines: int = 0
    bad: int = 0
    begins: bytes = b""
    visited: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


# --- when -------------------------------------------------------------------------------------------
def dispatch(now: datetime | None = None) -> int:
    """Hands over the hosts that are due, few at a time. Returns how many."""
    now = now or timezone.now()
    if not Host.objects.filter(_USABLE).exists():  # asked every few seconds: without hosts it costs next to nothing
        return 0
    waiting = queueing.queue_sizes(("hosts",))["hosts"]
    room = MOST_WAITING - (waiting or 0)
    if waiting is None or room <= 0:
        return 0
    _register(now)
    due = LogReading.objects.filter(due_at__lte=now, host__in=_hosts()).order_by("due_at")
    handed = 0
    for host_id, due_at in due.values_list("host_id", "due_at")[:room]:
        # Claimed until it has had its time; what is lost on the way is due again then.
        if LogReading.objects.filter(host_id=host_id, due_at=due_at).update(due_at=now + EVERY):
            handed += queueing.enqueue(TASK, host_id, expires=EVERY.total_seconds())
    return handed


def _hosts() -> QuerySet[Host]:
    """Those that can be read and hold a site of which something is known to lie there."""
    sites = Site.objects.filter(paused_at=None).exclude(docroot="", access_log="")
    return Host.objects.filter(_USABLE, pk__in=sites.values("host_id"))


def _register(now: datetime) -> None:
    new = _hosts().filter(log_reading=None).order_by("pk").values_list("pk", flat=True)[:500]
    LogReading.objects.bulk_create([LogReading(host_id=pk, due_at=now) for pk in new], ignore_conflicts=True)


# --- one host ---------------------------------------------------------------------------------------
def read_host(host_id: int, now: datetime | None = None) -> int:
    """Reads what is new in the access logs of one host. Returns how many failed requests of visitors that brought."""
    host = Host.objects.filter(pk=host_id).first()
    if host is None:
        return 0
    now = now or timezone.now()
    reading, _made = LogReading.objects.get_or_create(host=host, defaults={"due_at": now})
    sites = list(host.sites.filter(paused_at=None).select_related("host", "visitor_watch").order_by("pk"))
    budget = Budget(MOST_BYTES, time.monotonic() + TIME_LIMIT_S, politeness.GivingWay(host))
    try:
        with purposes.doing("access-log"), connecting.reader_for(host) as reader:
            sites = finding_logs.find(reader, sites, now)
            found = sum(_read_log(reader, host, path, those, budget, now) for path, those in _by_log(host, sites))
    except politeness.NotYet as error:
        LogReading.objects.filter(pk=reading.pk).update(due_at=error.until)
        return 0
    except (TransportError, SecretUnreadable) as error:
        why = f"{getattr(error, 'message', error)} {getattr(error, 'hint', '')}".strip()
        _put_off(reading, why, now)
        for site in sites:
            _note(site, now, log=_Log.UNREADABLE, log_detail=why)
        return 0
    pause = AFTER_GIVING_WAY if budget.gave_way else EVERY
    LogReading.objects.filter(pk=host.pk).update(failures=0, last_error="", read_at=now, due_at=now + pause)
    return found


def _put_off(reading: LogReading, why: str, now: datetime) -> None:
    pause = min(EVERY * 2 ** min(reading.failures + 1, 10), LONGEST_PAUSE)
    LogReading.objects.filter(pk=reading.pk).update(failures=F("failures") + 1, last_error=why, due_at=now + pause)


def _by_log(host: Host, sites: Iterable[Site]) -> list[tuple[str, list[Site]]]:
    """The logs of a host, the one that waits longest first, each with the sites that it serves."""
    found: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        if site.access_log:
            found[site.access_log].append(site)
    read_at = dict(AccessLog.objects.filter(host=host).values_list("path", "read_at"))
    return sorted(found.items(), key=lambda item: (read_at.get(item[0]) is not None, read_at.get(item[0]), item[0]))


def _read_log(reader: Reader, host: Host, path: str, sites: list[Site], budget: Budget, now: datetime) -> int:
    """One log; what was read and how far that was go into the database together, so that nothing counts twice or is lost."""
    if budget.is_spent:
        return 0
    row, _made = AccessLog.objects.get_or_create(host=host, path=path)
    gathered = Gathered()
    visits = gathered.visits
    try:
        reading = log_series.read_new(reader, path, row.state, budget, lambda data: _take(data, sites, gathered))
    except NotFound as error:
        _note_all(sites, now, log=_Log.NOT_FOUND, log_detail=error.message)
        return 0
    except TransportError as error:
        if error.code in ("connection-lost", "timed-out"):
            raise
        _note_all(sites, now, log=_Log.UNREADABLE, log_detail=f"{error.message} {error.hint}".strip())
        return 0
    with transaction.atomic():
        current = AccessLog.objects.select_for_update().get(pk=row.pk)
        if current.state != row.state:
            return 0  # another worker has read the same meanwhile
        current.state = reading.place.stored()
        current.read_at = now if reading.complete else row.read_at
        current.visited = _most_visited(row.visited, gathered.visited)
        current.save(update_fields=["state", "read_at", "visited"])
        seen = sum(visitors.record(site, visits[site.pk].values(), by_log=True, now=now) for site in sites if site.pk in visits)
        for site in sites:
            _note_read(site, path, gathered, sites, now, complete=reading.complete, lost=reading.lost, too_long=reading.too_long)
    return seen


# --- lines ------------------------------------------------------------------------------------------
def _take(data: bytes, sites: list[Site], gathered: Gathered) -> None:
    if not gathered.begins:
        gathered.begins = data[:65_536]
    read = access_lines.parse(data)
    gathered.lines += read.lines
    gathered.bad += read.bad
    shared = len(sites) > 1
    _count_pages(data, sites, gathered)
    for line in read.errors:
        if is_ours(line.target, line.agent):
            continue
        visit = visit_of(line)
        for site in sites:
            if _is_for(line, visit, site, shared=shared):
                _add(gathered.visits[site.pk], visit)


def visit_of(line: Line) -> Visit:
    """A logged request without what could tell who made it."""
    path = clean_path(line.target)
    agent = agent_family(line.agent)
    junk = is_junk(line.target.partition("?")[0], line.agent)
    at = line.at.replace(second=0, microsecond=0) + timedelta(seconds=line.at.second)
    request_id = "".join(char for char in line.request_id if char.isprintable())
    method = line.method if line.method.isalpha() else "-"
    return Visit(at, line.status, path, method, agent, who(line.address, visitors.salt()), request_id, 1, junk)


def _is_for(line: Line, visit: Visit, site: Site, *, shared: bool) -> bool:
    """Whether the request was for this site: where the log names the website, that decides."""
    if line.host and not same_host(line.host, urlsplit(site.url).hostname or ""):
        return False
    return (bool(line.host) or not shared) and visitors.path_of(site, visit.path) is not None


def _add(visits: dict[tuple[object, ...], Visit], visit: Visit) -> None:
    """What is alike within a minute is one, so that a flood stays small."""
    minute = visit.at.replace(second=0)
    name = (minute, visit.status, visit.path, visit.method, visit.agent, visit.who)
    if len(visits) > 50_000 and name not in visits:
        name = (minute, visit.status, visit.key, visit.method)
    known = visits.get(name)
    visits[name] = replace(known, count=known.count + 1, request_id=visit.request_id or known.request_id) if known else visit


# --- the pages that people visit --------------------------------------------------------------------
def _count_pages(data: bytes, sites: list[Site], gathered: Gathered) -> None:
    """Counts the pages in a sample of the lines: enough to know which are visited most."""
    sample = data[-SAMPLE:]
    for raw in sample[sample.find(b"\n") + 1 if len(data) > SAMPLE else 0 :].split(b"\n"):
        line = access_lines.parse_line(raw[: access_lines.LONGEST]) if b'" 200 ' in raw else None
        if line is None or line.method != "GET" or is_ours(line.target, line.agent) or is_junk(line.target, line.agent):
            continue
        visit = visit_of(line)
        if visit.agent in _NOBODY or _STATIC.search(visit.path) or not may_be_probed(visit.path):
            continue
        for site in sites:
            if _is_for(line, visit, site, shared=len(sites) > 1):
                gathered.visited[site.pk][visitors.path_of(site, visit.path) or "/"] += 1


def _most_visited(known: dict[str, dict[str, int]], new: dict[int, Counter[str]]) -> dict[str, dict[str, int]]:
    """Both counts together. What is counted halves when it is much, so that pages which nobody visits any more sink."""
    both = {pk: Counter(counts) for pk, counts in known.items()}
    for pk, counts in new.items():
        total = both.setdefault(str(pk), Counter())
        total.update(counts)
        if total.total() > HALVED_AT:
            both[str(pk)] = Counter({path: n // 2 for path, n in total.items() if n > 1})
    return {pk: dict(counts.most_common(MOST_PROPOSED + 50)) for pk, counts in both.items()}


def proposed_pages(site: Site) -> list[tuple[str, str]]:
    """(path, reason) of the pages that are visited most and not watched yet, at most 200."""
    row = AccessLog.objects.filter(host=site.host_id, path=site.access_log).first() if site.host_id and site.access_log else None
    counts = Counter(row.visited.get(str(site.pk), {})) if row else Counter()
    watched = set(site.pages.values_list("path", flat=True))
    found = [(path, n) for path, n in counts.most_common() if path not in watched][:MOST_PROPOSED]
    share = counts.total()
    return [(path, _("%(share)s %% of the visits in the access log") % {"share": max(1, round(100 * n / share))}) for path, n in found]


# --- what is told of it -----------------------------------------------------------------------------
def _note(site: Site, now: datetime, **values: object) -> None:
    VisitorWatch.objects.update_or_create(site=site, defaults={"log_tried_at": now, **values})


def _note_all(sites: Iterable[Site], now: datetime, **values: object) -> None:
    for site in sites:
        _note(site, now, **values)


def _note_read(
    site: Site, path: str, gathered: Gathered, sites: list[Site], now: datetime, *, complete: bool, lost: bool, too_long: int
) -> None:
    watch = visitors.watch_of(site)
    if watch.log_path != path:
        watch.log_path, watch.log_lines, watch.log_bad_lines = path, 0, 0
    watch.log_tried_at, watch.log_lag_s = now, get_profile(site.profile_name).log_lag_s
    watch.log_lines += gathered.lines
    watch.log_bad_lines += gathered.bad + too_long
    if complete:
        watch.log_read_at = now
    if gathered.begins or watch.log not in (_Log.FOREIGN, _Log.UNCLEAR):
        watch.log, watch.log_detail = _what(gathered.begins, sites, lost)
    watch.save()


def _what(begins: bytes, sites: list[Site], lost: bool) -> tuple[str, str]:
    if not access_lines.is_access_log(begins):
        return _Log.FOREIGN, _("Its lines are not those of an access log. Name another one under “Folders and logs”.")
    if begins and len(sites) > 1 and not access_lines.tells_sites_apart(begins):
        names = ", ".join(site.name for site in sites)
        return _Log.UNCLEAR, _("It serves several sites (%(names)s) and does not say which request was for which.") % {"names": names}
    gone = _("It was replaced since the last reading, and what was written to the old one just before could not be found.")
    return _Log.READ, gone if lost else ""
