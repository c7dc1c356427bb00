"""Probes made, and their outcomes stored with all that follows from them, in one transaction."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sites import credentials
from sites.credentials import SecretUnreadable
from sites.health import egress
from sites.judging import Policy
from sites.models import Page, Site
from sites.probing.engine import BROWSERS, probe_many
from sites.probing.guard import Guard, Network
from sites.probing.outcome import Expectation, Kind, Outcome, ProbeRequest, Purpose
from sites.storing.batch import Batch
from sites.storing.calm import lock_sites, store_calm

log = logging.getLogger(__name__)

PLAIN = "plain"  # as the routine probe asks, which a cache may answer
# Somebody with the cookie of a login, which is none: WordPress does not know it for its own and lets nobody in, nor counts it as an
# attempt; caches and plugins that only look whether there is one take its bearer for a member.
MEMBER = "member"
_MEMBER_COOKIE = "wordpress_logged_in_sitemend=probe"
_OWN_WORDS = frozenset({MEMBER, "bot"})  # words of the plain page need not stand on theirs


def guard_from_settings() -> Guard:
    """The rule which addresses this installation may contact."""
    return _guard(tuple(settings.SITEMEND_ALLOWED_NETWORKS))


@lru_cache(maxsize=8)
def _guard(networks: tuple[Network, ...]) -> Guard:
    return Guard(networks)  # it remembers what it was asked: kept from batch to batch


# What `requests_for` and `sites.storing.rounds` read of a page and its site: loading everything of them is dear.
_OF_SITE = ("url", "interval_s", "time_limit_s", "practice", "basic_user", "sealed_basic_password", "sealed_headers")
_OF_PAGE = ("path", "expected_statuses", "must_contain", "must_not_contain", "ending", "due_at", "anchor_at", "site_id")
NEEDED_TO_PROBE = (*_OF_PAGE, *(f"site__{name}" for name in _OF_SITE))


def requests_for(pages: Iterable[Page], purpose: Purpose, token: str = "", user_agent: str = "") -> list[ProbeRequest]:
    """The probes of these pages (with their site loaded). Each but a routine one carries a token of its own, unless one is given.

    A page whose stored secret does not open is left out: without it the site would answer something else than it does to people.
    """
    requests: list[ProbeRequest] = []
    for page in pages:
        try:
            requests.append(_request(page, purpose, token, user_agent))
        except SecretUnreadable as error:
            log.error("site %s is not probed: %s", page.site_id, error)
            Page.objects.filter(pk=page.pk).update(last_message=str(error)[:300])
    return requests


def _request(page: Page, purpose: Purpose, token: str, user_agent: str) -> ProbeRequest:
    site = page.site
    return ProbeRequest(
        key=page.pk,
        url=page.url,
        purpose=purpose,
        expectation=_expectation(page),
        headers=credentials.request_headers(site) if site.sealed_headers else (),
        username=site.basic_user,
        password=credentials.basic_password(site) if site.sealed_basic_password else "",
        user_agent=user_agent,
        token="" if purpose == Purpose.ROUTINE else token or secrets.token_hex(8),
        time_limit_s=float(site.time_limit_s),
        exempt=_exempt(site),
        authority=str(settings.SITEMEND_PRACTICE_AUTHORITY) if site.practice else "",
    )


def _expectation(page: Page) -> Expectation:
    if not (page.expected_statuses or page.must_contain or page.must_not_contain):
        return _WHOLE if page.ending == Page.Ending.WHOLE else _PLAIN
    return Expectation(
        frozenset(int(part) for part in page.expected_statuses.split()),
        tuple(line for line in page.must_contain.splitlines() if line.strip()),
        tuple(line for line in page.must_not_contain.splitlines() if line.strip()),
        ends=page.ending == Page.Ending.WHOLE,
    )


_PLAIN, _WHOLE = Expectation(), Expectation(ends=True)


def _exempt(site: Site) -> tuple[str, int] | None:
    """The practice site alone may lie on this machine: by its exact address and port."""
    if not site.practice:
        return None
    parts = urlsplit(site.url)
    return ("127.0.0.1", parts.port) if parts.hostname == "127.0.0.1" and parts.port else None


def probe_pages(pages: Sequence[Page], purpose: Purpose, user_agent: str = "") -> list[Outcome]:
    """Probes these pages now. Nothing is stored."""
    return _probe(requests_for(pages, purpose, user_agent=user_agent))


def _probe(requests: Sequence[ProbeRequest]) -> list[Outcome]:
    return probe_many(
        requests,
        guard=guard_from_settings(),
        per_address=settings.SITEMEND_PROBES_PER_ADDRESS,
        contact_url=settings.SITEMEND_BASE_URL,
    )


def record_batch(outcomes: Iterable[Outcome], now: datetime | None = None, policy: Policy | None = None) -> int:
    """Stores what was seen and all that follows from it, in one transaction. Harmless when run twice.

    `policy` replaces the thresholds of judging; returns how many outcomes were new.
    """
    kept = list(outcomes)
    if not kept:
        return 0
    now = now or timezone.now()
    unheard = egress.unheard(kept, now)  # asks on the wire at times: not in the transaction
    with transaction.atomic():
        to_judge = store_calm(kept, lock_sites(kept), now)
        new = len(kept) - len(to_judge)
        if to_judge:
            batch = Batch.load(to_judge, now, policy)
            batch.judge(unheard)
            batch.store()
            new += len(batch.taken)
    return new


def _asked_as(pages: Sequence[Page], visitor: str) -> list[Outcome]:
    """What they answer to this kind of visitor now. A refusal of a robot, or of a cookie, is about who asks: it is no failure."""
    requests = requests_for(pages, Purpose.ROUTINE if visitor == PLAIN else Purpose.CACHE_PROOF, user_agent=BROWSERS.get(visitor, ""))
    if visitor == MEMBER:
        agent = BROWSERS["desktop"]
        requests = [replace(request, headers=_with_cookie(request.headers), user_agent=agent) for request in requests]
    if visitor in _OWN_WORDS:
        requests = [replace(each, expectation=replace(each.expectation, must_contain=())) for each in requests]
    found = _probe(requests)
    return [_unless_refused(outcome) for outcome in found] if visitor in _OWN_WORDS else found


def _with_cookie(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    own = [value for name, value in headers if name.lower() == "cookie"]
    return (*(each for each in headers if each[0].lower() != "cookie"), ("Cookie", "; ".join([*own, _MEMBER_COOKIE])))


def _unless_refused(outcome: Outcome) -> Outcome:
    refused = outcome.kind == Kind.CLIENT_ERROR or outcome.status in (429, 503)
    return replace(outcome, kind=Kind.BLOCKED, detail="refused") if outcome.is_failure and refused else outcome


def retest(
    site: Site, browsers: Sequence[str] = ("desktop", "phone"), *, as_it_stays: bool = True, paths: Sequence[str] = (), times: int = 1
) -> list[Outcome]:
    """Probes all pages (or those of `paths`) as these kinds of visitor, past every cache. Verdict and availability do not move by it.

    A page that is not up is due at once afterwards, so that its regular probes confirm soon what is seen here; not where the site
    does not stay as it is now (`as_it_stays`): they would meet it put back, or worse, not yet. `times`: as often at each page.
    """
    pages = [page for page in site.pages.select_related("site") if not paths or page.path in paths]
    found: list[Outcome] = []
    for browser in browsers:
        found.extend(_asked_as(pages * times, browser))
    record_batch([outcome for outcome in found if outcome.purpose == Purpose.CACHE_PROOF])  # what looks like a routine probe is none
    if as_it_stays:
        site.pages.exclude(verdict="up").filter(due_at__gt=timezone.now()).update(due_at=timezone.now())
    return found
