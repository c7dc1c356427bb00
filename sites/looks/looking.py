"""Looks made: the requests of each kind, by a worker at their time or at once for somebody who waits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.conf import settings

from sites import recording
from sites.judging import Policy, Verdict
from sites.looks import recording as look_recording
from sites.looks.due import of_well_pages
from sites.models import Look, Site
from sites.probing.engine import BROWSERS, CONTACT_URL, probe_many
from sites.probing.outcome import Outcome, ProbeRequest, Purpose

_PAUSE_S = 1.0
_OWN_WORDS = frozenset({Look.What.PHONE, Look.What.BOT})  # these may be given another theme: words of the plain page need not be there


def requests_for(looks: Iterable[Look]) -> list[ProbeRequest]:
    """The requests of these looks (with page and site loaded); keys are those of the looks."""
    requests: list[ProbeRequest] = []
    for look in looks:
        purpose = Purpose(look.what)
        agent = BROWSERS.get(look.what, "").replace(CONTACT_URL, settings.SITEMEND_BASE_URL)
        for request in recording.requests_for([look.page], purpose, user_agent=agent):
            token = request.token if purpose == Purpose.CACHE_PROOF else ""  # a browser's request is plain, as a visitor's
            expected = replace(request.expectation, must_contain=()) if look.what in _OWN_WORDS else request.expectation
            requests.append(replace(request, key=look.pk, token=token, expectation=expected))
    return requests


def look_at(looks: Sequence[Look]) -> list[Outcome]:
    """Makes these looks now. Nothing is stored."""
    return probe_many(
        requests_for(looks),
        guard=recording.guard_from_settings(),
        per_address=settings.SITEMEND_PROBES_PER_ADDRESS,
        contact_url=settings.SITEMEND_BASE_URL,
    )


def look_now(site: Site, *, limit_s: float = 10.0) -> list[Look]:
    """Looks at all pages that the plain probe found well, and again until what fails is certain, within `limit_s`. Stored as others are.

    Returns the looks with what they saw.
    """
    ends = time.monotonic() + limit_s
    policy = Policy(interval_s=float(site.interval_s), recovery_good=3, recovery_gap_s=1.5 * _PAUSE_S)
    made = looks = of_well_pages(site)
    while looks:
        began = time.monotonic()
        look_recording.record(look_at(looks), policy=policy)
        looks = _undecided(site)
        if not looks or time.monotonic() + _PAUSE_S + 2 * (time.monotonic() - began) > ends:
            break
        time.sleep(_PAUSE_S)
        plain = list({look.page_id: look.page for look in looks}.values())
        recording.record_batch(recording.probe_pages(plain, Purpose.ROUTINE))
    order = ("page__position", "page_id", "pk")
    return list(Look.objects.filter(pk__in=[look.pk for look in made]).select_related("page").order_by(*order))


def _undecided(site: Site) -> list[Look]:
    rows = Look.objects.filter(page__site=site, page__verdict=Verdict.UP, verdict__in=(Verdict.SUSPECT, Verdict.DOWN))
    return [look for look in rows.select_related("page__site") if look.verdict == Verdict.SUSPECT or look.state.get("goods")]
