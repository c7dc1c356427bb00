"""One batch of pages probed, and stored as the results come in: a site that hangs keeps no other's failure waiting."""

from __future__ import annotations

import logging
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
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # between tries to store, while the database is away


def probe_and_record(pages: Sequence[Page], purpose: Purpose) -> int:
    """Probes these pages (with their sites loaded) and stores what was seen; returns how many results were new."""
    site_of = {page.pk: page.site_id for page in pages}
    requests = recording.requests_for(pages, purpose)
    parts = probe_in_parts(
        requests,
        after_s=STORE_EVERY_S,
        guard=recording.guard_from_settings(),
        per_address=settings.SITEMEND_PROBES_PER_ADDRESS,
        contact_url=settings.SITEMEND_BASE_URL,
    )
    new = sum(_store(part) for part in _whole_sites(parts, site_of, Counter(site_of[request.key] for request in requests)))
    scheduling.settle(page.pk for page in pages if page.site.interval_s > scheduling.ROUTINE_LEASE_S)
    return new


def _whole_sites(parts: Iterable[list[Outcome]], site_of: dict[int, int], left: Counter[int]) -> Iterator[list[Outcome]]:
    """The outcomes in parts that hold all pages of a site that are in the batch, so that they are judged together."""
    waiting: list[Outcome] = []
    for part in parts:
        left.subtract(site_of[outcome.key] for outcome in part)
        waiting += part
        ready = [outcome for outcome in waiting if not left[site_of[outcome.key]]]
        waiting = [outcome for outcome in waiting if left[site_of[outcome.key]]]
        if ready:
            yield ready


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
