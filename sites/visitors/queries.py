"""What pages and files show of what visitors met. Reads only."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.many.exporting import Echo, guarded
from sites.models import Host, Page, Site, VisitorFailure, VisitorIncident, VisitorPage, VisitorWatch
from sites.visitors.counting import MOST_ADDRESSES, OTHERS, path_of
from sites.visitors.visits import UNNAMED
from sites.wording import ago_words, duration_words

MOST_SHOWN = 200
_MOST_ROWS = 5000


@dataclass(slots=True)
class FailingPage:
    """One page with all that visitors met on it."""

    key: str
    path: str
    first_at: datetime
    last_at: datetime
    count: int = 0
    request_id: str = ""
    who: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    agents: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    page: Page | None = None
    was_added: bool = False
    incident_id: int | None = None

    @property
    def addresses(self) -> str:
        """From how many networks; that there may be more where no more were told apart."""
        return f"{MOST_ADDRESSES}+" if len(self.who) >= MOST_ADDRESSES else str(len(self.who)) if self.who else "–"

    @property
    def answers(self) -> list[tuple[int, int]]:
        """Statuses and how many of each, the most frequent first."""
        return self.statuses.most_common()

    @property
    def agent_words(self) -> str:
        """The three that asked most."""
        names = [f"{agent_name(name)} {n}" for name, n in self.agents.most_common(3)]
        return ", ".join(names) + (" …" if len(self.agents) > 3 else "")

    @property
    def is_several(self) -> bool:
        """Whether pages that differ by an id only are one here."""
        return "{" in self.key


def agent_name(family: str) -> str:
    """A family of browsers in words."""
    return {UNNAMED: _("not told"), "Robot": _("Robot"), "Tool": _("Program"), "Other": _("Other")}.get(family, family)


def failing_pages(site: Site, since: datetime) -> list[FailingPage]:
    """The pages that failed for visitors since then, the one that failed last first."""
    rows = VisitorFailure.objects.filter(site=site, hour__gte=since.replace(minute=0, second=0, microsecond=0), last_at__gte=since)
    found: dict[str, FailingPage] = {}
    for row in rows.order_by("-last_at", "-pk")[:_MOST_ROWS]:
        item = found.get(row.key)
        if item is None:
            item = found[row.key] = FailingPage(row.key, row.path, row.first_at, row.last_at)
        item.first_at, item.count = min(item.first_at, row.first_at), item.count + row.count
        item.who |= set(row.addresses)
        item.statuses[row.status] += row.count
        item.agents.update(row.agents)
        item.methods.update(row.methods)
        item.request_id = item.request_id or row.request_id
    shown = list(found.values())[:MOST_SHOWN]
    _add_what_follows(site, shown)
    return shown


def _add_what_follows(site: Site, items: list[FailingPage]) -> None:
    """Which of them are watched, and which have an incident."""
    pages = {page.path: page for page in site.pages.all()}
    added = {row.key: row.page for row in VisitorPage.objects.filter(site=site).exclude(page=None).select_related("page")}
    open_ones = VisitorIncident.objects.filter(incident__site=site, incident__resolved_at=None)
    incidents = {key: pk for pk, keys in open_ones.values_list("incident_id", "keys") for key in keys}
    for item in items:
        item.was_added = item.key in added
        item.page = added.get(item.key) or pages.get(path_of(site, item.path) or "")
        item.incident_id = incidents.get(item.key)


@dataclass(frozen=True, slots=True)
class Summary:
    """The last day in short."""

    pages: list[FailingPage]
    count: int
    watching: Watching

    @property
    def more(self) -> int:
        return max(0, len(self.pages) - 3)


@dataclass(frozen=True, slots=True)
class Watching:
    """How the visitors of a site are watched. `needs`: what a person can do about it ("connect", "places", "host", or nothing)."""

    text: str
    detail: str = ""
    needs: str = ""
    tone: str = ""
    by_log: bool = False
    by_report: bool = False
    lag: str = ""

    @property
    def is_on(self) -> bool:
        return self.by_log or self.by_report


def summary(site: Site) -> Summary:
    """What the site's page shows."""
    pages = failing_pages(site, timezone.now() - timedelta(days=1))
    return Summary(pages, sum(page.count for page in pages), watching(site))


def watching(site: Site) -> Watching:
    """Whether, and by what, it is known what visitors meet; if not, why and what would change that."""
    watch = VisitorWatch.objects.filter(site=site).first()
    by_report = bool(watch and watch.report_token)
    reported = _reported(watch) if watch and by_report else ""
    found = _by_log(site, watch)
    if found.by_log or not by_report:
        return found if not by_report else Watching(found.text, f"{found.detail} {reported}".strip(), "", "", True, True, found.lag)
    return Watching(reported, by_report=True)


def _reported(watch: VisitorWatch) -> str:
    if watch.report_used_at is None:
        return _("The server may report its own errors; it has not done so yet.")
    return _("The server reports its own errors, the last time %(ago)s.") % {"ago": ago_words(watch.report_used_at)}


_STOPPED = (Host.State.REFUSED, Host.State.KEY_CHANGED)


def _by_log(site: Site, watch: VisitorWatch | None) -> Watching:
    if site.host is None:
        text = _("Unknown: without its hosting account the access log of this site cannot be read.")
        return Watching(text, needs="connect")
    if site.host.state in _STOPPED:
        return Watching(_("The access log is not read any more: %(why)s.") % {"why": site.host.state_words}, needs="host", tone="warn")
    if not site.docroot and not site.access_log:
        return Watching(_("Unknown: nobody has said yet where on the hosting account this site lies."), needs="places")
    if watch is None or watch.log_tried_at is None:
        return Watching(_("The access log is read for the first time within a few minutes."), by_log=bool(site.access_log))
    if watch.log == VisitorWatch.Log.READ:
        return _read(watch)
    text = {
        VisitorWatch.Log.NOT_FOUND: _("No access log was found on the hosting account."),
        VisitorWatch.Log.UNCLEAR: _("It is not clear which access log, or which of its lines, is of this site."),
        VisitorWatch.Log.FOREIGN: _("The file named as the access log is none."),
        VisitorWatch.Log.UNREADABLE: _("The access log could not be read."),
    }.get(VisitorWatch.Log(watch.log), _("The access log is read for the first time within a few minutes."))
    return Watching(text, watch.log_detail, "places", "warn")


def _read(watch: VisitorWatch) -> Watching:
    lag = ""
    if watch.log_lag_s:
        words = {"time": duration_words(watch.log_lag_s)}
        lag = _("This host writes its log about %(time)s late: what visitors met just now is not known yet.") % words
    lines = ngettext("%(n)s line", "%(n)s lines", watch.log_lines) % {"n": f"{watch.log_lines:,}"}
    text = _("The access log is read every few minutes, %(lines)s so far.") % {"lines": lines}
    if watch.log_read_at is None:
        text = _("The access log is being read for the first time, %(lines)s so far.") % {"lines": lines}
    bad = ngettext("%(n)d line could not be understood.", "%(n)d lines could not be understood.", watch.log_bad_lines)
    detail = " ".join(part for part in (watch.log_detail, bad % {"n": watch.log_bad_lines} if watch.log_bad_lines else "") if part)
    return Watching(text, detail, by_log=True, lag=lag)


# --- as a file --------------------------------------------------------------------------------------
COLUMNS = ("hour", "status", "page", "example", "requests", "addresses", "first", "last", "agents", "methods", "request_id", "told_by")


def csv_lines(site: Site) -> Iterator[str]:
    """Everything that is kept, a line per page, status and hour, the newest first, as a spreadsheet opens it."""
    table = csv.writer(Echo())
    yield "\ufeff" + table.writerow(COLUMNS)
    for row in VisitorFailure.objects.filter(site=site).order_by("-hour", "-count", "pk").iterator(chunk_size=500):
        agents = ", ".join(f"{name} {n}" for name, n in Counter(row.agents).most_common())
        key = row.key if row.key != OTHERS else _("(other pages)")
        values = [row.hour.isoformat(), str(row.status), key, row.path, str(row.count), str(len(row.addresses))]
        values += [row.first_at.isoformat(), row.last_at.isoformat(), agents, " ".join(row.methods), row.request_id, " ".join(row.sources)]
        yield table.writerow([guarded(value) for value in values])
