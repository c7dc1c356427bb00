"""The list of what is blind: counted, narrowed, sorted and cut into pages in a number of queries that does not grow with the sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.paginator import Page as ListPage
from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.coverage.problems import BY_CODE, PROBLEMS, Problem, cut_off, looked_through, suffering, within
from diagnostics.models import Baseline, BaselineWork, Diagnosis, SiteSight
from sites.many import selecting
from sites.models import Host, Site

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

PER_PAGE = 50
MOST_WORDS = 8
_OPEN = (Diagnosis.State.QUEUED, Diagnosis.State.RUNNING)
_PATIENCE = timedelta(hours=1)  # a site that fails meanwhile has its baseline taken when it is well: the page does not look for so long
SORTS: dict[str, tuple[Any, ...]] = {
    "problems": (F("blind").desc(), "name"),
    "site": ("name",),
    "account": (F("host__name").asc(nulls_last=True), "name"),
    "tested": (F("host__tested_at").asc(nulls_first=True), "name"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked to see of the list. `down`: sorted the other way round."""

    only: str = ""  # a code of a problem
    search: str = ""
    sort: str = "problems"
    down: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wanted:
        """From the address of a page; what makes no sense is left out."""
        only, sort = query.get("only", ""), query.get("sort", "")
        search = "".join(each for each in query.get("q", "") if each.isprintable()).strip()[:100]
        return cls(only if only in BY_CODE else "", search, sort if sort in SORTS else "problems", query.get("dir") == "down")

    @property
    def query(self) -> str:
        """The same as the query part of an address."""
        named = {"only": self.only, "q": self.search, "sort": self.sort, "dir": "down" if self.down else ""}
        return urlencode({name: value for name, value in named.items() if value and (name, value) != ("sort", "problems")})


@dataclass(slots=True)
class Row:
    """One site that is blind in some way. `working`: something is being done about it just now; `doing`: that in words."""

    site: Site
    problems: list[Problem]
    sight: SiteSight | None = None
    working: bool = False
    doing: list[str] = field(default_factory=list)
    no_baseline_because: str = ""


@dataclass(slots=True)
class Listing:
    """One page of the list, and how many sites have which problem in all."""

    rows: list[Row]
    page: ListPage[Site]
    counts: dict[str, int] = field(default_factory=dict)
    sites: int = 0
    blind: int = 0

    @property
    def working(self) -> bool:
        """Whether something is being done about a row of this page: the page then looks again by itself."""
        return any(row.working for row in self.rows)


def listing(user: AbstractBaseUser, wanted: Wanted, number: object = 1) -> Listing:
    """One page: a query for the figures, one for its rows, one for which of them are being diagnosed."""
    sites = looked_through(selecting.own_sites(user))
    counts, total, blind = _figures(sites)
    # Where the worst come first, those without a problem come last: they need not be sorted out, only be left off at the end.
    found = sites if wanted == Wanted() else matching(sites, wanted)
    paginator = Paginator(_sorted(found, wanted).select_related("host", "sight", "baseline_work", "log_server"), PER_PAGE)
    if not wanted.search:  # known already: the same question is not asked twice
        paginator.count = counts[wanted.only] if wanted.only else blind
    page = paginator.get_page(number)
    there = list(page.object_list)
    diagnosed = dict(Diagnosis.objects.filter(site__in=there, state__in=_OPEN).order_by("pk").values_list("site", "state"))
    return Listing([_row(site, diagnosed.get(site.pk, "")) for site in there], page, counts, total, blind)


def summary(sites: QuerySet[Site]) -> tuple[dict[str, int], int, int]:
    """How many of the sites have which problem, how many there are, and how many are blind in some way."""
    return _figures(looked_through(sites))


def all_sites() -> QuerySet[Site]:
    """Every site of the installation but those in the bin: for the command line."""
    return Site.objects.all()


def all_rows() -> list[dict[str, Any]]:
    """Every blind site with the codes of its problems, the worst first."""
    found = suffering(looked_through(all_sites())).order_by(*SORTS["problems"], "pk")
    rows = found.values_list("name", "host__name", "blind").iterator(chunk_size=5000)
    return [{"site": name, "host": host, "problems": [each.code for each in within(blind)]} for name, host, blind in rows]


def chosen(user: AbstractBaseUser, wanted: Wanted) -> list[int]:
    """Keys of all sites that match and that the person may change."""
    sites = Site.objects.filter(team__in=selecting.writable_teams(user))
    return list(matching(looked_through(sites), wanted).order_by("pk").values_list("pk", flat=True))


def matching(sites: QuerySet[Site], wanted: Wanted) -> QuerySet[Site]:
    """Of sites that were looked through, those that the person asked for: blind ones only."""
    for word in wanted.search.split()[:MOST_WORDS]:
        sites = sites.filter(Q(name__icontains=word) | Q(url__icontains=word) | Q(host__name__icontains=word))
    return suffering(sites, wanted.only)


def any_cut_off(user: AbstractBaseUser) -> bool:
    """Whether there is a site whose hosting account was of use and is not now: what is worth a word where people look each day."""
    return cut_off(selecting.own_sites(user)).exists()


def _figures(sites: QuerySet[Site]) -> tuple[dict[str, int], int, int]:
    by_mask = Counter(dict(sites.order_by().values_list("blind").annotate(number=Count("pk"))))
    counts = {each.code: 0 for each in PROBLEMS}
    for mask, number in by_mask.items():
        for problem in within(mask):
            counts[problem.code] += number
    return counts, by_mask.total(), by_mask.total() - by_mask[0]


def _sorted(sites: QuerySet[Site], wanted: Wanted) -> QuerySet[Site]:
    rows = sites.order_by(*SORTS[wanted.sort], "pk")
    return rows.reverse() if wanted.down else rows


def _row(site: Site, diagnosis: str) -> Row:
    sight, work = getattr(site, "sight", None), getattr(site, "baseline_work", None)
    row = Row(site, list(within(site.blind)), sight)
    row.working = bool(sight and sight.search in (SiteSight.Search.QUEUED, SiteSight.Search.RUNNING)) or _is_being_tested(site.host)
    if work is not None and (work.state != BaselineWork.State.IDLE or work.reason == Baseline.Reason.ASKED):
        is_read = work.state == BaselineWork.State.RUNNING
        row.doing.append(_("Its baseline is being taken…") if is_read else _("Its baseline is waited for…"))
        row.working |= work.due_at > timezone.now() - _PATIENCE or is_read
    elif work is not None and work.last_error and any(each.code == "no-baseline" for each in row.problems):
        row.no_baseline_because = work.last_error
    if diagnosis:
        row.doing.append(_("It is being diagnosed…") if diagnosis == Diagnosis.State.RUNNING else _("It is going to be diagnosed…"))
        row.working = True
    return row


def _is_being_tested(host: Host | None) -> bool:
    return host is not None and bool(host.testing_since or host.test_due_at)
