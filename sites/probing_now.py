"""A site is probed because somebody asks, who waits for the answer: as often at once as it takes to be certain."""

from __future__ import annotations

import time

from sites import recording
from sites.judging import Policy, Verdict
from sites.looks import looking
from sites.models import Page, Site
from sites.probing.outcome import Purpose
from sites.reports import SiteReport, report

_PAUSE_S = 1.0  # between two probes


def probe_now(site: Site, *, until_certain: bool = True, limit_s: float = 15.0, with_looks: bool = False) -> SiteReport:
    """Probes all pages now, and again at once until up or down is certain, within `limit_s` seconds. Stored as scheduled probes are.

    `with_looks`: also past caches and as several browsers. What only such looks had seen is looked at again in any case.
    """
    ends = time.monotonic() + limit_s
    pages = list(site.pages.select_related("site"))
    found = recording.probe_pages(pages, Purpose.ROUTINE)
    recording.record_batch(found, policy=_at_once(site))
    while until_certain:
        undecided = _undecided(site)
        slowest = max((outcome.ms or 0.0 for outcome in found), default=0.0) / 1000
        if not undecided or time.monotonic() + _PAUSE_S + slowest > ends:
            break
        time.sleep(_PAUSE_S)
        again = recording.probe_pages(undecided, Purpose.CONFIRMATION)
        if not again:
            break
        recording.record_batch(again, policy=_at_once(site))
        found.extend(again)
    site.refresh_from_db()
    looked = []
    if until_certain and (site.looks or with_looks):
        looked = looking.look_now(site, limit_s=ends - time.monotonic())
    return report(site, found, looked)


def _at_once(site: Site) -> Policy:
    """For somebody who waits: a recovery is certain after three good probes in a row instead of two in 30 s."""
    return Policy(interval_s=float(site.interval_s), recovery_good=3, recovery_gap_s=1.5 * _PAUSE_S, restart_s=0.0)


def _undecided(site: Site) -> list[Page]:
    """Pages of which the next probe decides: suspect, or down but answering well."""
    pages = site.pages.select_related("site").filter(verdict__in=(Verdict.SUSPECT, Verdict.DOWN))
    return [page for page in pages if page.verdict == Verdict.SUSPECT or page.state.get("goods")]
