"""How baselines are kept: the newest whole, each older one as what makes it out of its newer neighbour, small files once and sealed."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from diagnostics.manifests.format import ManifestUnreadable, Record, backwards, decode, encode, overlaid
from diagnostics.models import Baseline, BaselineContent, KeptFile
from sites.credentials import SecretUnreadable, seal_bytes, unseal_bytes
from sites.models import Site

log = logging.getLogger(__name__)

ALL_FOR = timedelta(days=2)
MOST_LATELY = 20
DAILY_FOR = timedelta(days=30)
WEEKLY_FOR = timedelta(weeks=26)
MONTHLY_FOR = timedelta(days=731)
_REMOVED_AT_ONCE = 20
_CONTENTS_AT_ONCE = 500


class Overtaken(Exception):
    """Another baseline of the same site was stored meanwhile."""


# --- reading ------------------------------------------------------------------------------------
def newest(site_id: int) -> Baseline | None:
    """The baseline that is stored whole."""
    return Baseline.objects.filter(site_id=site_id).order_by("-pk").first()


def records(baseline: Baseline) -> Iterator[Record]:
    """All records of a baseline, by path. Raises ManifestUnreadable."""
    if baseline.is_full:
        return decode(baseline.manifest)
    layers = [bytes(baseline.manifest)]
    newer = Baseline.objects.filter(site_id=baseline.site_id, pk__gt=baseline.pk).order_by("pk")
    for is_full, manifest in newer.values_list("is_full", "manifest").iterator(chunk_size=10):
        layers.append(bytes(manifest))
        if is_full:
            return overlaid([decode(layer) for layer in reversed(layers)])
    raise ManifestUnreadable("the newer baseline that it stands on is missing")


def contents(site_id: int, digests: Iterable[str]) -> dict[str, bytes]:
    """Small files by their digest; those that are not kept any more, or do not open with this installation's key, are missing."""
    found: dict[str, bytes] = {}
    wanted = sorted(set(digests) - {""})
    for start in range(0, len(wanted), _CONTENTS_AT_ONCE):
        rows = BaselineContent.objects.filter(site_id=site_id, sha256__in=wanted[start : start + _CONTENTS_AT_ONCE])
        for digest, sealed in rows.values_list("sha256", "sealed"):
            try:
                found[digest] = zlib.decompress(unseal_bytes(sealed))
            except SecretUnreadable:
                continue
    return found


# --- writing ------------------------------------------------------------------------------------
def store(site: Site, manifest: bytes, small_files: dict[str, bytes], **values: Any) -> Baseline:
    """Keeps a manifest as the newest baseline, all in one transaction. Raises Overtaken."""
    latest = newest(site.pk)
    smaller = _backwards(latest, manifest) if latest else None
    sealed = _sealed_new_ones(site, small_files)
    with transaction.atomic():
        Site.objects.select_for_update().get(pk=site.pk)
        if newest_pk(site.pk) != (latest.pk if latest else None):
            raise Overtaken
        BaselineContent.objects.bulk_create(sealed, ignore_conflicts=True, batch_size=100)
        if latest and smaller is not None:
            Baseline.objects.filter(pk=latest.pk).update(manifest=smaller, is_full=False)
        return Baseline.objects.create(site=site, manifest=manifest, is_full=True, **values)


def newest_pk(site_id: int) -> int | None:
    """The key of the newest baseline, without loading it."""
    return Baseline.objects.filter(site_id=site_id).order_by("-pk").values_list("pk", flat=True).first()


def _backwards(latest: Baseline, manifest: bytes) -> bytes | None:
    """What makes the latest out of the new one; None where that would save nothing, or the latest cannot be read."""
    try:
        smaller = encode(backwards(decode(latest.manifest), decode(manifest)))
    except ManifestUnreadable:
        return None
    return smaller if len(smaller) < len(latest.manifest) else None


def _sealed_new_ones(site: Site, small_files: dict[str, bytes]) -> list[BaselineContent]:
    known = set(BaselineContent.objects.filter(site=site).values_list("sha256", flat=True))
    new = {digest: content for digest, content in small_files.items() if digest not in known}
    return [BaselineContent(site=site, sha256=digest, sealed=seal_bytes(zlib.compress(content, 9))) for digest, content in new.items()]


# --- how long -------------------------------------------------------------------------------------
def superfluous(moments: Sequence[datetime], now: datetime) -> list[int]:
    """Which of these moments, newest first, are not kept: by index. The newest always is."""
    held: set[object] = set()
    dropped = []
    for index, moment in enumerate(moments):
        mark = _mark(moment, now, index)
        if index and (mark is None or mark in held):
            dropped.append(index)
        held.add(mark)
    return dropped


def _mark(moment: datetime, now: datetime, index: int) -> object:
    """Of moments with the same mark the newest is kept; None: none is."""
    age = now - moment
    if age <= ALL_FOR and index < MOST_LATELY:
        return index
    if age <= DAILY_FOR:
        return moment.date()
    if age <= WEEKLY_FOR:
        return moment.isocalendar()[:2]
    return (moment.year, moment.month, "month") if age <= MONTHLY_FOR else None


def thin(site_id: int, now: datetime | None = None) -> int:
    """Removes what is not kept any more, a few at a time, each in a transaction of its own. Returns how many."""
    rows = list(Baseline.objects.filter(site_id=site_id).order_by("-pk").values_list("pk", "taken_at"))
    dropped = superfluous([moment for _pk, moment in rows], now or timezone.now())[-_REMOVED_AT_ONCE:]
    try:
        for index in reversed(dropped):
            _remove(rows[index][0])
        if dropped:
            forget_contents(site_id)
    except ManifestUnreadable:  # what is damaged is left as it is, rather than to take its neighbours along
        log.exception("baselines of site %s", site_id)
    return len(dropped)


@transaction.atomic
def _remove(pk: int) -> None:
    """Takes one baseline out of the row; its older neighbour stands on the newer one from then on."""
    site_id = Baseline.objects.values_list("site_id", flat=True).get(pk=pk)
    Site.with_deleted.select_for_update().get(pk=site_id)
    row = Baseline.objects.get(pk=pk)
    older = Baseline.objects.filter(site_id=site_id, pk__lt=pk).order_by("-pk").first()
    if older is not None and not older.is_full:
        layers = [decode(row.manifest), decode(older.manifest)]
        older.manifest, older.is_full = encode(overlaid(layers, keep_absent=not row.is_full)), row.is_full
        older.save(update_fields=["manifest", "is_full"])
    row.delete()


def forget_contents(site_id: int) -> None:
    """Removes small files that no baseline holds any more, and that are not kept for repairs either."""
    held = set(KeptFile.objects.filter(site_id=site_id).values_list("sha256", flat=True))
    for manifest in Baseline.objects.filter(site_id=site_id).values_list("manifest", flat=True).iterator(chunk_size=10):
        held.update(record.digest for record in decode(manifest) if record.digest)
    stored = BaselineContent.objects.filter(site_id=site_id)
    lost = [pk for pk, digest in stored.values_list("pk", "sha256") if digest not in held]
    for start in range(0, len(lost), _CONTENTS_AT_ONCE):
        BaselineContent.objects.filter(pk__in=lost[start : start + _CONTENTS_AT_ONCE]).delete()
