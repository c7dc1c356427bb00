"""Slower looks beside the routine probe: past the cache, and as a desktop browser, a phone and a search engine's bot.

A warm cache answers 200 in front of a dead PHP, and some failures show themselves to some browsers only. Each page has a row per kind
of look with a timetable of its own. Looks are confirmed as probes are (2 of 3 on fresh connections) and open incidents when the plain
probe is well; they count in no availability, no median and no chart. Good looks leave nothing but their row.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import incident_endings
from sites.bulk import insert_rows, update_rows
from sites.judging import Verdict
from sites.looks.samples import pages_of, store_summaries
from sites.models import Incident, Look, Page, Site
from sites.scheduling import LEASE_S, next_due

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

# A person who changes a site looks at it at once; what is left are caches that run out and updates at night. A quarter of an hour
# finds those before most visitors do, at four more requests per page; a site that asks for rarer probes gets rarer looks too.
LEAST_PACE_S = 900
PACE_INTERVALS = 10
MOST_PACE_S = 86_400
CLAIM_LIMIT = 2000
BATCH_SIZE = 100
FIRST_WITHIN_S = 60.0  # whoever registers a site has not left yet
FIRST_PER_S = 20.0  # looks at sites that come by the thousand
PREPARED_AT_ONCE = 1000  # pages: well below a second, in which nobody else can write to SQLite
_INSERTED = ("page", "what", "due_at", "anchor_at", "verdict", "state", "kind", "last_detail", "last_message")
_VALUES = ("page_id", *_INSERTED[1:])


def pace_s(interval_s: int) -> int:
    """Seconds between two looks of a kind: 15 minutes or 10 intervals, whichever is longer, but at least one a day or an interval."""
    return max(interval_s, min(max(LEAST_PACE_S, PACE_INTERVALS * interval_s), MOST_PACE_S))


def prepare(now: datetime | None = None) -> int:
    """Gives pages their looks: the first within a minute, then at phases of their own. Returns how many pages got some."""
    now = now or timezone.now()
    for site in Site.objects.filter(Exists(Look.objects.filter(page__site=OuterRef("pk"))), wants_looks=False):
        stop(site)
    missing = Page.objects.filter(~Exists(Look.objects.filter(page=OuterRef("pk"))), site__wants_looks=True)
    pages = list(missing.order_by("pk").values_list("pk", "site__interval_s")[:PREPARED_AT_ONCE])
    first_s = max(FIRST_WITHIN_S, len(pages) * len(Look.What) / FIRST_PER_S)
    looks = (look for page in pages for look in _looks_of(*page, now, first_s))
    # Of a pair that came in between, the newer due time counts: it is looked at a little earlier or later.
    insert_rows(Look, _INSERTED, [tuple(getattr(look, name) for name in _VALUES) for look in looks], unique=("page", "what"))
    _mend_clock(now)
    return len(pages)


def _looks_of(page_id: int, interval_s: int, now: datetime, first_s: float) -> list[Look]:
    """`first_s`: within so many seconds each is made for the first time."""
    pace = pace_s(interval_s)
    return [Look(page_id=page_id, what=what, due_at=_within(now, first_s), anchor_at=_within(now, pace)) for what in Look.What.values]


def _within(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=random.random() * seconds)


def of_well_pages(site: Site) -> list[Look]:
    """One look of each kind at each page that is up, with page and site; those that are not there yet are made. None where unwanted."""
    if not site.wants_looks:
        return []
    pages = list(site.pages.filter(verdict=Verdict.UP).values_list("pk", flat=True))
    now = timezone.now()
    Look.objects.bulk_create(
        (look for page_id in pages for look in _looks_of(page_id, site.interval_s, now, FIRST_WITHIN_S)), ignore_conflicts=True
    )
    return list(Look.objects.filter(page__in=pages).select_related("page__site"))


def _mend_clock(now: datetime) -> None:
    """After the clock was set back: what lies further ahead than the longest pace is due now."""
    far = now + timedelta(seconds=2 * MOST_PACE_S)
    Look.objects.filter(due_at__gt=far).update(due_at=now, anchor_at=now)
    Look.objects.filter(last_at__gt=now + timedelta(minutes=1)).update(last_at=now)


def stop(site: Site, user: AbstractBaseUser | None = None) -> None:
    """No looks at this site any more; what only they had seen is over."""
    with transaction.atomic():
        locked = Site.objects.select_for_update().get(pk=site.pk)
        Look.objects.filter(page__site=site).delete()
        for incident in Incident.objects.filter(site=site, resolved_at=None).exclude(looks=""):
            incident_endings.set_aside(incident, _("Looks as other visitors were switched off: only the plain probe counts."), user)
        if locked.looks:
            store_summaries({locked.pk: locked}, pages_of({locked.pk: locked}), timezone.now())


def make_due(site: Site, now: datetime | None = None) -> None:
    """Looks at this site as soon as a worker is free."""
    now = now or timezone.now()
    Look.objects.filter(page__site=site, due_at__gt=now).update(due_at=now)


@dataclass(frozen=True, slots=True)
class LookClaim:
    """One look taken. `was_due_at` and `next_due_at` let it be put back."""

    look_id: int
    site_id: int
    was_due_at: datetime
    next_due_at: datetime
    wanted: bool  # not while the site is paused, nor while the page fails for everybody


def claim_due(now: datetime | None = None, limit: int = CLAIM_LIMIT) -> list[LookClaim]:
    """Takes the looks that are due, the most overdue first; those of paused sites and failing pages wait for their next time."""
    now = now or timezone.now()
    with transaction.atomic():
        due = (
            Look.objects.filter(due_at__lte=now)
            .order_by("due_at", "id")
            .select_for_update(of=("self",), skip_locked=True)
            .values_list(
                "id", "page__site_id", "due_at", "anchor_at", "verdict", "page__verdict", "page__site__paused_at", "page__site__interval_s"
            )[:limit]
        )
        claims = [_claim(*row, now=now) for row in due]
        if claims:
            update_rows(Look, {c.look_id: (c.next_due_at, c.was_due_at) for c in claims}, ["due_at"], where="due_at")
    return [claim for claim in claims if claim.wanted]


def _claim(
    look_id: int,
    site_id: int,
    due_at: datetime,
    anchor_at: datetime,
    verdict: str,
    page_verdict: str,
    paused_at: datetime | None,
    interval_s: int,
    *,
    now: datetime,
) -> LookClaim:
    following = next_due(anchor_at, pace_s(interval_s), now)
    if verdict in (Verdict.SUSPECT, Verdict.DOWN):
        following = min(following, now + timedelta(seconds=LEASE_S))
    wanted = paused_at is None and page_verdict in (Verdict.UP, Verdict.SUSPECT)
    return LookClaim(look_id, site_id, due_at, following, wanted)


def put_back(claims: Iterable[LookClaim]) -> None:
    """Makes claimed looks due again, unless somebody changed their due time meanwhile."""
    rows = {claim.look_id: (claim.was_due_at, claim.next_due_at) for claim in claims}
    if rows:
        update_rows(Look, rows, ["due_at"], where="due_at")


def batches(claims: Sequence[LookClaim]) -> list[list[LookClaim]]:
    """Claims in tasks; looks at one site stay near each other, so that they are judged together."""
    ordered = sorted(claims, key=lambda claim: (claim.site_id, claim.look_id))
    return [ordered[start : start + BATCH_SIZE] for start in range(0, len(ordered), BATCH_SIZE)]
