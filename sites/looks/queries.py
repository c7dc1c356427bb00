"""What the pages show of looks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from sites import wording
from sites.judging import Verdict
from sites.looks.due import pace_s
from sites.models import Look, Page, Site

SHOWN = 4  # pages: of more, those that are well are left out
MOST_ROWS = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of look at one page: in words, with the tone of its tag."""

    name: str
    tone: str
    words: str
    at: datetime | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class LookRow:
    """One page, with a cell for the plain probe and one for each kind of look."""

    page: Page
    cells: list[Cell]

    @property
    def is_well(self) -> bool:
        return all(cell.tone in ("ok", "") for cell in self.cells)


@dataclass(frozen=True, slots=True)
class LookTable:
    """The looks of a site: a row of cells per page, what each kind is for, and how often."""

    heads: tuple[tuple[str, str], ...]  # name, what it is for
    rows: list[LookRow]
    left_out: int  # pages that are not shown
    rest_is_well: bool
    pace: str


def look_table(site: Site) -> LookTable:
    """The table of one site, in two queries. Of many pages those that are not well are shown, else the first few."""
    by_page: dict[int, dict[str, Look]] = defaultdict(dict)
    for look in Look.objects.filter(page__site=site):
        by_page[look.page_id][look.what] = look
    every = [LookRow(page, _cells(page, by_page[page.pk])) for page in site.pages.all()]
    shown = every if len(every) <= SHOWN else ([row for row in every if not row.is_well] or every[:SHOWN])[:MOST_ROWS]
    left = [row for row in every if row not in shown]
    return LookTable(_heads(), shown, len(left), all(row.is_well for row in left), wording.interval_words(pace_s(site.interval_s)))


def failing_sentence(site: Site) -> str:
    """For whom the site fails while its plain probes are well; empty when they fail too, or nothing does."""
    if not site.looks or site.pages.exclude(verdict=Verdict.UP).exists():
        return ""
    down = list(Look.objects.filter(page__site=site, verdict=Verdict.DOWN))
    if not down:
        return ""
    whats = {look.what for look in down}
    status = max((look.last_status or 0 for look in down if look.kind == site.kind), default=0)
    return wording.looks_sentence(site.kind, status or None, " ".join(what for what in Look.What.values if what in whats))


def _heads() -> tuple[tuple[str, str], ...]:
    return (
        (_("Plain"), _("The usual probe. Availability and response times come from it alone.")),
        (_("Past the cache"), _("A request that no cache can answer: a warm cache would go on showing pages of a site whose PHP is dead.")),
        (_("Desktop"), _("As a browser on a computer asks: some plug-ins and rules treat browsers in their own way.")),
        (_("Phone"), _("As a phone asks: themes for phones break on their own.")),
        (_("Bot"), _("As a search engine asks. Firewalls may refuse it; that is noted, never called down.")),
    )


def _cells(page: Page, looks: dict[str, Look]) -> list[Cell]:
    names = [name for name, _purpose in _heads()]
    plain = _in_words(names[0], page.verdict, page.kind, page.last_status, page.last_at, page.last_message)
    return [plain, *(_cell(name, looks.get(what)) for name, what in zip(names[1:], Look.What.values, strict=True))]


def _cell(name: str, look: Look | None) -> Cell:
    if look is None:
        return _in_words(name, Verdict.UNKNOWN, "", None, None, "")
    return _in_words(name, look.verdict, look.kind, look.last_status, look.last_at, look.last_message)


def _in_words(name: str, verdict: str, kind: str, status: int | None, at: datetime | None, message: str) -> Cell:
    if verdict == Verdict.UP:
        tone, words = ("odd", _("Maintenance")) if kind == "maintenance" else ("ok", _("Well"))
    elif verdict == Verdict.SUSPECT:
        tone, words = "warn", _("Being confirmed")
    elif verdict == Verdict.DOWN:
        tone, words = "bad", _("Fails: %(status)s") % {"status": status} if status and status >= 400 else _("Fails")
    elif kind == "blocked":
        tone, words = "odd", _("Refused")
    else:
        tone, words = "", _("Not yet")
    return Cell(name, tone, words, at, "" if tone in ("ok", "") else message)
