"""Good outcomes of sites that are well: nearly all there are. They change nothing but the time and figures of the last probe.

A site is calm when every page of it is up, at most failures of long ago are remembered of it, and every outcome of the batch is a
plain good one. Judging such an outcome leads to the same (`tests/sites/storing/test_calm.py`), at many times the cost: here it is
counted, and whoever judges the next one that is not plain takes the count in first (`samples.load_state`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from django.db import connection

from sites.bulk import any_of, insert_rows, keys, moment, update_rows
from sites.models import Page, ProbeResult, Site
from sites.probing.outcome import Kind, Outcome, Purpose

RESULT_COLUMNS = ("page", "at", "purpose", "kind", "status", "ms", "first_byte_ms", "detail", "counts")
WRITING = 0x51_7E_3E_4D  # the advisory lock that writers of results share: `sites.history.rolling` waits for them before it counts


def lock_sites(outcomes: list[Outcome]) -> dict[int, bool]:
    """Locks the sites of these outcomes, always in the same order, so that batches wait for each other instead of blocking.

    Returns their keys and whether their summary says that all is well.
    """
    well = "verdict = 'up' AND kind = 'ok' AND scope = 'none' AND pattern = 'none'"
    sql = f"SELECT id, {well} FROM sites_site WHERE id IN (SELECT site_id FROM sites_page WHERE id {any_of()}) ORDER BY id"  # noqa: S608
    with connection.cursor() as cursor:
        if connection.features.has_select_for_update:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [WRITING])
            sql += " FOR UPDATE"
        cursor.execute(sql, [keys({outcome.key for outcome in outcomes})])
        return {site_id: bool(is_well) for site_id, is_well in cursor.fetchall()}


def store_calm(outcomes: list[Outcome], sites: dict[int, bool], now: datetime) -> list[Outcome]:
    """Stores the outcomes of calm sites; returns the others, which must be judged. `sites` is what `lock_sites` returned."""
    plain = {outcome.key: outcome for outcome in outcomes if _is_plain(outcome)}
    if not plain:
        return outcomes
    odd = {outcome.key for outcome in outcomes if plain.get(outcome.key) is not outcome}
    pages: list[tuple[int, Outcome]] = []
    rows: dict[int, tuple[datetime, float | None]] = {}
    for site_id, ids in _calm_pages(plain, odd, sites, now):
        those = [plain[page_id] for page_id in ids if page_id in plain]
        pages.extend((outcome.key, outcome) for outcome in those)
        first = plain.get(ids[0])
        rows[site_id] = (max(outcome.at for outcome in those), first.ms if first else None)
    _store(pages, rows)
    taken = {key for key, _outcome in pages}
    return [outcome for outcome in outcomes if outcome.key not in taken]


def _is_plain(outcome: Outcome) -> bool:
    return (
        outcome.kind is Kind.OK
        and outcome.purpose is Purpose.ROUTINE
        and outcome.ms is not None
        and not (outcome.detail or outcome.message or outcome.token)
    )


def _calm_pages(plain: dict[int, Outcome], odd: set[int], sites: dict[int, bool], now: datetime) -> Iterator[tuple[int, list[int]]]:
    """Calm sites with the keys of all their pages, in their order.

    A page of the batch must have a result that is older than the whole batch, and a due time ahead: else judging has more to say.
    """
    rest = {"sqlite": "json_remove(state, '$.fails', '$.failed_at')", "postgresql": "state - 'fails' - 'failed_at'"}[connection.vendor]
    sql = f"""
        SELECT site_id, id, verdict = 'up' AND kind = 'ok' AND (state = '{{}}' OR {rest} = '{{}}'),
               last_at < %s AND (due_at IS NULL OR due_at > %s), ending = ''
        FROM sites_page WHERE site_id {any_of()} ORDER BY site_id, position, id"""  # noqa: S608 (no value is part of it)
    earliest = min(outcome.at for outcome in plain.values())
    well = [site_id for site_id, is_well in sites.items() if is_well]
    with connection.cursor() as cursor:
        cursor.execute(sql, [moment(earliest), moment(now), keys(well)])
        found = cursor.fetchall()
    for site_id, rows in groupby(found, key=itemgetter(0)):
        pages = list(rows)
        if all(
            is_well and page_id not in odd and _is_calm(plain.get(page_id), is_ready, is_new)
            for _, page_id, is_well, is_ready, is_new in pages
        ):
            yield site_id, [page_id for _site, page_id, *_flags in pages]


def _is_calm(outcome: Outcome | None, is_ready: bool, is_new: bool) -> bool:
    """`is_new`: how the page ends is not known yet, which is noted where outcomes are judged."""
    return outcome is None or (bool(is_ready) and not (is_new and outcome.ends))


def _store(pages: list[tuple[int, Outcome]], sites: dict[int, tuple[datetime, float | None]]) -> None:
    if not pages:
        return
    results = [
        (key, outcome.at, "routine", "ok", outcome.status, outcome.ms, outcome.timings.first_byte_ms, "", 1) for key, outcome in pages
    ]
    insert_rows(ProbeResult, RESULT_COLUMNS, results)
    seen = {key: (outcome.at, outcome.status, outcome.ms, "", "") for key, outcome in pages}
    update_rows(Page, seen, ("last_at", "last_status", "last_ms", "last_detail", "last_message"), counting="goods_since")
    with_first = {site_id: row for site_id, row in sites.items() if row[1] is not None}
    update_rows(Site, with_first, ("last_probe_at", "last_ms"))
    update_rows(Site, {site_id: row[:1] for site_id, row in sites.items() if row[1] is None}, ("last_probe_at",))
