"""One batch of pages probed, and stored as the results come in: a site that hangs keeps no other's failure waiting."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from sites import recording, scheduling
from sites.models import Page
from sites.probing.engine import probe_in_parts
from sites.probing.outcome import Outcome, Purpose

log = logging.getLogger(__name__)

STORE_EVERY_S = 1.5  # while a batch still waits for slow sites
BEGIN_WITHIN_S = 20.0  # after this a page of a batch is left to the next one: hundreds at an address that hangs must not hold the worker
HOLD_S = 4.0  # for so long a site's results wait for those of its other pages
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # between tries to store, while the database is away


def probe_and_record(pages: Sequence[Page], purpose: Purpose) -> int:
    """Probes these pages (with their sites loaded) and stores what was seen; returns how many results were new."""
    site_of = {page.pk: page.site_id for page in pages}
    requests = recording.requests_for(pages, purpose)
    random.shuffle(requests)  # whoever is left out this time is not the one of last time
    parts = probe_in_parts(
        requests,
        after_s=STORE_EVERY_S,
        begin_within_s=BEGIN_WITHIN_S,
        guard=recording.guard_from_settings(),
        per_address=settings.SITEMEND_PROBES_PER_ADDRESS,
        contact_url=settings.SITEMEND_BASE_URL,
    )
    new = 0
    probed: set[int] = set()
    for part in _whole_sites(parts, site_of, Counter(site_of[request.key] for request in requests)):
        new += _store(part)
        probed.update(outcome.key for outcome in part)
    scheduling.settle(page for page in pages if page.pk in probed)
    return new


def _whole_sites(parts: Iterable[list[Outcome]], site_of: dict[int, int], left: Counter[int]) -> Iterator[list[Outcome]]:
    """The outcomes in parts that hold all pages of a site that are in the batch, so that they are judged together.

    A site with a page that hangs is not waited for beyond `HOLD_S`: what its other pages answered may be the news.
    """
    waiting: dict[int, list[Outcome]] = {}
    since: dict[int, float] = {}
    for part in parts:
        now = time.monotonic()
        for outcome in part:
            site_id = site_of[outcome.key]
            left[site_id] -= 1
            waiting.setdefault(site_id, []).append(outcome)
            since.setdefault(site_id, now)
        ready = [site_id for site_id in waiting if not left[site_id] or now - since[site_id] >= HOLD_S]
        for site_id in ready:
            del since[site_id]
        if ready:
            yield [outcome for site_id in ready for outcome in waiting.pop(site_id)]
    if waiting:
        yield [outcome for outcomes in waiting.values() for outcome in outcomes]


def _store(outcomes: list[Outcome]) -> int:
    """Storing twice is harmless; while the database is being restarted it is tried again, so that no result is lost.

    Raises the database's own error when it stays away for half a minute: the pages are due again soon.
    """
    for pause_s in _PAUSES_S:
        try:
            return recording.record_batch(outcomes)
        except (OperationalError, InterfaceError) as error:
            log.warning("%d results wait for the database: %s", len(outcomes), str(error).strip().partition("\n")[0])
            connection.close()
            time.sleep(pause_s)
    return recording.record_batch(outcomes)
