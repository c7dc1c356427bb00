"""What the pages show of looks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from sites import wording
from sites.looks import pace_s
from sites.models import Look, Page, Site
from sites.models.site import Verdict

SHOWN = 8  # pages: of more, those that are well are left out


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of look at one page: in words, with the tone of its tag."""

    what: str
    tone: str
    words: str
    at: datetime | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class LookTable:
    """The looks of a site: a row of cells per page, what each kind is for, and how often."""

    heads: tuple[tuple[str, str], ...]  # name, what it is for
    rows: list[tuple[Page, list[Cell]]]
    left_out: int  # pages that are well and not shown
    pace: str


def look_table(site: Site) -> LookTable:
    """The table of one site, in two queries."""
    by_page: dict[int, dict[str, Look]] = defaultdict(dict)
    for look in Look.objects.filter(page__site=site):
        by_page[look.page_id][look.what] = look
    rows = [(page, [_plain(page), *(_cell(what, by_page[page.pk].get(what)) for what in Look.What)]) for page in site.pages.all()]
    left_out = 0
    if len(rows) > SHOWN:
        kept = [row for row in rows if any(cell.tone not in ("ok", "") for cell in row[1])] or rows[:SHOWN]
        left_out = len(rows) - len(kept)
        rows = kept
    return LookTable(_heads(), rows, left_out, wording.interval_words(pace_s(site.interval_s)))


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


def _plain(page: Page) -> Cell:
    return _in_words("plain", page.verdict, page.kind, page.last_status, page.last_at, page.last_message)


def _cell(what: str, look: Look | None) -> Cell:
    if look is None:
        return _in_words(what, Verdict.UNKNOWN, "", None, None, "")
    return _in_words(what, look.verdict, look.kind, look.last_status, look.last_at, look.last_message)


def _in_words(what: str, verdict: str, kind: str, status: int | None, at: datetime | None, message: str) -> Cell:
    if verdict == Verdict.UP:
        tone, words = ("odd", _("Maintenance")) if kind == "maintenance" else ("ok", _("Well"))
    elif verdict == Verdict.SUSPECT:
        tone, words = "warn", _("Being confirmed")
    elif verdict == Verdict.DOWN:
        tone, words = "bad", _("Fails: %(what)s") % {"what": wording.kind_words(kind, status)}
    elif kind == "blocked":
        tone, words = "odd", _("Refused")
    else:
        tone, words = "", _("Not yet")
    return Cell(what, tone, words, at, "" if tone in ("ok", "") else message)
