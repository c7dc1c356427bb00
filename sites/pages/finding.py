"""Pages proposed for watching: from the sitemap, from what the front page shows, and from whoever else knows some.

Nothing is fetched before a person asks. Everything is fetched through the guard, a few requests at a time, within bounds.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from sites import recording
from sites.models import Page, Site
from sites.pages import hints as page_hints
from sites.pages.hints import Candidate
from sites.pages.sitemaps import NotASitemap, from_robots, parse_sitemap
from sites.probing.engine import probe_many
from sites.probing.outcome import Expectation, Outcome, ProbeRequest, Purpose
from sites.probing.urls import BadUrl, origin, wire_url
from sites.registration import MOST_PAGES

MOST_PROPOSED = 36
MOST_REQUESTS = 25
TIME_LIMIT_S = 25.0
_PER_FOLDER = 2  # pages of the sitemap from one folder: more of a kind tell nothing new
_AT_ONCE = 2  # requests to the site: it is a stranger's, and somebody waits
_USUAL = ("/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml")
_ANY_STATUS = Expectation(frozenset(range(200, 600)) - {301, 302, 303, 307, 308})
_NEWEST_POST = "/wp-json/wp/v2/posts?per_page=1&_fields=link"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A page that could be watched too, and why."""

    path: str
    reason: str
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought. `trouble` says why it brought little."""

    proposals: tuple[Proposal, ...]
    trouble: str = ""


Source = Callable[[Site], Iterable[Proposal]]
_sources: list[Source] = []


def add_source(source: Source) -> None:
    """Lets something else propose pages too, of sites that are registered: the access log, for instance."""
    if source not in _sources:
        _sources.append(source)


def propose(site: Site, known: Sequence[str] = ()) -> Found:
    """Pages of this site (which need not be stored yet) that are not watched. `known`: paths that are."""
    search = _Search(site)
    trouble = search.run()
    taken = {"/", *known}
    found: dict[str, Proposal] = {}
    more = [proposal for source in _sources if site.pk for proposal in source(site)]
    for proposal in [*search.proposals, *more]:
        if proposal.path not in taken and proposal.path not in found:
            found[proposal.path] = proposal
    room = min(MOST_PROPOSED, MOST_PAGES - len(taken))
    return Found(tuple(found.values())[: max(0, room)], trouble if not found else "")


class _Search:
    """One search: what was asked for, and what came of it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.proposals: list[Proposal] = []
        self.ends = time.monotonic() + TIME_LIMIT_S
        self.left = MOST_REQUESTS
        self.origins = {urlsplit(site.url).netloc.lower()}

    def run(self) -> str:
        """Fills `proposals`; returns what stood in the way."""
        (front,) = self._fetch([self.site.url], plain=True)
        if front is None or front.status is None or front.is_failure:
            why = front.message if front else _("The address cannot be asked for.")
            return _("The front page did not answer as it should, so no pages were looked for. %(why)s") % {"why": why}
        self.origins.add(urlsplit(front.final_url).netloc.lower())
        html = front.body.decode("utf-8", "replace")
        systems = page_hints.systems(html, front.headers)
        linked = [path for path in map(self._path, page_hints.links(html)) if path]
        self._add_there([*page_hints.by_role(linked), *page_hints.by_system(systems)])
        if "wordpress" in systems:
            self._add_newest_post()
        self._add_from_sitemaps()
        return _("Neither a sitemap nor a known system was found. Type the pages yourself, one path per line.")

    def _add_there(self, candidates: Sequence[Candidate]) -> None:
        """Of these pages, those that answer well."""
        paths = list(dict.fromkeys(candidate.path for candidate in candidates))[:10]
        answers = self._fetch([Page(site=self.site, path=path).url for path in paths], plain=True)
        well = {path for path, outcome in zip(paths, answers, strict=True) if outcome and outcome.kind == "ok"}
        self.proposals += [Proposal(c.path, _(c.reason), c.recommended) for c in candidates if c.path in well]

    def _add_newest_post(self) -> None:
        (answer,) = self._fetch([Page(site=self.site, path=_NEWEST_POST).url])
        try:
            link = json.loads(answer.body)[0]["link"] if answer and answer.status == 200 else ""
        except (ValueError, LookupError, TypeError):
            return
        if isinstance(link, str) and (path := self._path(link)):
            self.proposals.append(Proposal(path, _("The newest post: made by other code than the front page."), True))

    def _add_from_sitemaps(self) -> None:
        (robots,) = self._fetch([urljoin(self.site.url, "/robots.txt")])
        named = from_robots(robots.body) if robots and robots.status == 200 else []
        waiting = self._own(named) or [urljoin(self.site.url, path) for path in _USUAL]
        pages: list[str] = []
        for depth in range(3):
            sitemaps, waiting = waiting[:6], []
            for outcome in self._fetch(sitemaps):
                try:
                    found = parse_sitemap(outcome.body) if outcome and outcome.status == 200 else None
                except NotASitemap:
                    continue
                if found:
                    pages += [path for path in map(self._path, found.pages) if path]
                    waiting += self._own(found.sitemaps)
            if not waiting or depth == 2:
                break
        self.proposals += [Proposal(path, _("Named in the sitemap.")) for path in spread(pages)]

    def _own(self, addresses: Iterable[str]) -> list[str]:
        """Of these addresses, those of the site itself."""
        return [urljoin(self.site.url, address) for address in addresses if self._is_own(address)]

    def _is_own(self, address: str) -> bool:
        try:
            return urlsplit(urljoin(self.site.url, address)).netloc.lower() in self.origins
        except ValueError:
            return False

    def _path(self, address: str) -> str:
        """The path below the site's own address; empty for what lies elsewhere or is no page."""
        try:
            parts = urlsplit(urljoin(self.site.url, address.strip()))
        except ValueError:  # what stands there is no address
            return ""
        base = urlsplit(self.site.url).path.rstrip("/")
        if parts.scheme not in ("http", "https") or parts.netloc.lower() not in self.origins or not parts.path.startswith(base):
            return ""
        path = parts.path[len(base) :] + (f"?{parts.query}" if parts.query else "")
        path = path if path.startswith("/") else f"/{path}"
        plain = len(path) <= 300 and path.isprintable() and " " not in path and not path.startswith("//")
        return path if plain and path != "/" else ""

    def _fetch(self, urls: Sequence[str], *, plain: bool = False) -> list[Outcome | None]:
        """Answers to these addresses, None for what is not asked for any more. `plain`: judged as a page is."""
        asked = list(urls)[: max(0, self.left)] if time.monotonic() < self.ends else []
        self.left -= len(asked)
        left_s = max(1.0, min(float(self.site.time_limit_s), self.ends - time.monotonic()))
        usual = recording.requests_for([Page(site=self.site)], Purpose.ROUTINE)
        expected = Expectation() if plain else _ANY_STATUS
        answers = probe_many(
            [replace(self._fit_for(url, usual[0]), key=0, url=url, time_limit_s=left_s, expectation=expected) for url in asked if usual],
            guard=recording.guard_from_settings(),
            per_address=_AT_ONCE,
            contact_url=settings.SITEMEND_BASE_URL,
        )
        found: list[Outcome | None] = list(answers)
        return found + [None] * (len(urls) - len(found))

    def _fit_for(self, url: str, usual: ProbeRequest) -> ProbeRequest:
        """What a routine probe sends; without the site's secrets and exemptions where this is another scheme, host or port."""
        try:
            if origin(wire_url(url)) == origin(wire_url(self.site.url)):
                return usual
        except BadUrl:  # is not asked for; the probe says so
            pass
        return replace(usual, username="", password="", headers=(), exempt=None)


def spread(paths: Sequence[str]) -> list[str]:
    """A few paths of each folder, so that every kind of page is among them; folders in their order."""
    folders: dict[str, list[str]] = defaultdict(list)
    for path in dict.fromkeys(paths):
        folders[path.strip("/").partition("/")[0] if path.strip("/").count("/") else ""].append(path)
    top = folders.pop("", [])
    chosen = [path for of_folder in folders.values() for path in of_folder[:_PER_FOLDER]]
    return [*top[:12], *chosen][:MOST_PROPOSED]
