"""Our own way out: before a storm of alarms, anchors are asked whether it is us who are cut off.

While it is, nothing is concluded from probes that nothing answered: no incidents, no mails; what was not certain is unknown. What
was opened in the seconds before is withdrawn. One mail tells when it is over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import certifi
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import incident_endings, notifications
from sites.health import own_line
from sites.judging import Verdict
from sites.models import Incident, LineOutage, Page, Site
from sites.probing.engine import probe_many
from sites.probing.guard import Guard
from sites.probing.outcome import Kind, Outcome, ProbeRequest, Purpose

log = logging.getLogger(__name__)

ASK_LIMIT_S = 3.0  # an alarm waits for the anchors no longer than this
ASK_AGAIN_S = 10.0
_LATELY = timedelta(minutes=5)  # a site out of reach for longer has trouble of its own
_asked_well_at = float("-inf")  # by this process's clock


def down_since() -> datetime | None:
    """Since when our own connection seems to be down; None while it is well."""
    return LineOutage.objects.filter(over=False).values_list("since", flat=True).first()


def unheard(outcomes: Sequence[Outcome], now: datetime) -> frozenset[int]:
    """The pages of which this batch says nothing, since our own line is down. No query while sites answer."""
    silent = [
        outcome for outcome in outcomes if own_line.is_silent(outcome.kind, outcome.detail) and outcome.purpose != Purpose.CACHE_PROOF
    ]
    if not silent or not settings.SITEMEND_ANCHORS:
        return frozenset()
    outage = LineOutage.objects.filter(over=False).first()
    if outage is None:
        if not _is_storm(outcomes, silent, now) or not _anchors_are_silent():
            return frozenset()
        outage = _declare(silent, now)
    elif now - outage.asked_at >= timedelta(seconds=ASK_AGAIN_S) and not recheck(now):
        return frozenset()
    # Seen before it began: an old failure is one of the site.
    return frozenset(outcome.key for outcome in silent if outcome.at >= outage.since)


def recheck(now: datetime | None = None) -> bool:
    """While our line is down: looks whether it still is, and ends the outage when it is not. True while it is down."""
    now = now or timezone.now()
    outage = LineOutage.objects.filter(over=False).first()
    if outage is None:
        return False
    LineOutage.objects.filter(pk=outage.pk).update(asked_at=now)
    if not _sites_answer(outage.since, now) and _ask_anchors():
        return True
    with transaction.atomic():
        if LineOutage.objects.filter(pk=outage.pk, over=False).update(over=True, until=now):
            outage.until = now
            soon = now + timedelta(seconds=60)  # what would be probed by then keeps its time
            Page.objects.filter(verdict=Verdict.UNKNOWN, kind="", due_at__gt=soon).update(due_at=now)
            notifications.own_line_is_back(outage, now)
            log.warning("our own connection is back after %s", now - outage.since)
    return False


def _sites_answer(since: datetime, now: datetime) -> bool:
    """Whether most sites that were probed since then answer. A page that was down for certain says nothing: its row is kept as it was."""
    probed = Page.objects.filter(last_at__gte=max(since, now - _LATELY), site__paused_at=None).exclude(verdict=Verdict.DOWN)
    passed_over = Q(verdict=Verdict.UNKNOWN, kind="") | Q(kind=Kind.UNREACHABLE)
    answering = set(probed.exclude(passed_over).order_by().values_list("site_id", flat=True).distinct())
    silent = set(probed.filter(passed_over).order_by().values_list("site_id", flat=True).distinct()) - answering
    return own_line.is_calm_again(len(silent), len(answering))


def _is_storm(outcomes: Sequence[Outcome], silent: Sequence[Outcome], now: datetime) -> bool:
    keys = {outcome.key: outcome for outcome in silent}
    rows = list(
        Page.objects.filter(pk__in={outcome.key for outcome in outcomes}).values_list("pk", "site_id", "site__host_id", "site__url")
    )
    mine = {site_id for pk, site_id, _host, _url in rows if pk in keys}
    if len(mine) <= own_line.SHARE * len({site_id for _pk, site_id, _host, _url in rows}):
        return False
    places = {_place(host, keys[pk].address, url) for pk, _site, host, url in rows if pk in keys}
    lately = Page.objects.filter(last_at__gt=now - timedelta(seconds=own_line.WITHIN_S)).exclude(site__in={row[1] for row in rows})
    seen = len({row[1] for row in rows}) + lately.order_by().values("site_id").distinct().count()
    failing = Q(kind=Kind.UNREACHABLE, failing_since__gt=now - _LATELY, verdict__in=(Verdict.SUSPECT, Verdict.DOWN))
    cut_off = {site_id for pk, site_id, _host, _url in rows if pk in keys and own_line.looks_cut_off(keys[pk].detail)}
    others = lately.filter(failing, last_status=None).values_list("site_id", "site__host_id", "site__url", "last_detail")[:1000]
    for site_id, host, url, detail in others:
        mine.add(site_id)
        places.add(_place(host, "", url))
        cut_off |= {site_id} if own_line.looks_cut_off(detail) else set()
    return own_line.is_storm(len(mine), seen, len(places)) or own_line.are_all_cut_off(len(cut_off), seen)


def _place(host_id: int | None, address: str, url: str) -> str:
    return f"host {host_id}" if host_id else address or url.split("/")[2]


def _anchors_are_silent() -> bool:
    """As `_ask_anchors`; anchors that answered a moment ago are not asked for each batch of a real storm."""
    global _asked_well_at
    if time.monotonic() - _asked_well_at < ASK_AGAIN_S:
        return False
    if _ask_anchors():
        return True
    _asked_well_at = time.monotonic()
    return False


def _ask_anchors() -> bool:
    """Whether most anchors do not answer. Any answer counts, also an error. They are public pages: the usual authorities are asked."""
    anchors = settings.SITEMEND_ANCHORS
    found = probe_many(
        [ProbeRequest(key, url, time_limit_s=ASK_LIMIT_S) for key, url in enumerate(anchors)],
        guard=Guard(tuple(settings.SITEMEND_ALLOWED_NETWORKS)),
        contact_url=settings.SITEMEND_BASE_URL,
        ca_file=certifi.where(),
    )
    answered = sum(1 for outcome in found if outcome.kind != Kind.UNREACHABLE)
    return own_line.line_is_down(answered, len(anchors))


def _declare(silent: Sequence[Outcome], now: datetime) -> LineOutage:
    keys = [outcome.key for outcome in silent]
    failing = Q(kind=Kind.UNREACHABLE, failing_since__gt=now - _LATELY, verdict__in=(Verdict.SUSPECT, Verdict.DOWN))
    begun = Page.objects.filter(failing).order_by("failing_since").values_list("failing_since", flat=True).first()
    since = min([outcome.at for outcome in silent] + ([begun] if begun else []))
    count = Page.objects.filter(failing | Q(pk__in=keys)).order_by().values("site_id").distinct().count()
    try:
        with transaction.atomic():
            outage = LineOutage.objects.create(since=since, asked_at=now, sites=count)
    except IntegrityError:  # another worker was first
        return LineOutage.objects.filter(over=False).first() or LineOutage(since=since, asked_at=now)
    log.error("our own connection seems to be down since %s: %d sites and the anchors are out of reach", since, count)
    _withdraw(Incident.objects.filter(resolved_at=None, kind=Kind.UNREACHABLE, first_failure_at__gte=since), now)
    return outage


def _withdraw(found: Iterable[Incident], now: datetime) -> None:
    """Incidents opened before it was known that it is us: closed, with what was not mailed yet. Their pages are unknown."""
    text = _("Our own connection was down: this says nothing about the site.")
    for incident in found:
        with transaction.atomic():
            incident_endings.withdraw(incident, text, now)
            pages = Page.objects.filter(site=incident.site_id, path__in=incident.paths, verdict=Verdict.DOWN)
            pages.update(verdict=Verdict.UNKNOWN, kind="", since=now, failing_since=None, state={}, due_at=now)
            values = {"verdict": Verdict.UNKNOWN, "verdict_since": now, "kind": "", "scope": "none", "pattern": "none"}
            Site.objects.filter(pk=incident.site_id, verdict=Verdict.DOWN, kind=Kind.UNREACHABLE).update(**values)
