"""Where dumps are kept: compressed, sealed piece by piece beside the product's own data, within a quota per site."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.models import DatabaseChange, DatabaseDump, DumpPiece, Step
from sites.credentials import seal_bytes, unseal_bytes
from sites.models import Site

from .reading import Sections

PIECE = 1024 * 1024  # compressed bytes that are sealed together
KEPT_FOR = timedelta(days=30)
SILENT = timedelta(minutes=6)  # who has added nothing for so long is dead: longer than any command may run
_MOST_AT_ONCE = 4 * 1024 * 1024  # bytes that a small piece may become at once
State = DatabaseDump.State


class DumpBroken(Exception):
    """A dump is not, or no longer, whole. It is not put into a database."""


def limit() -> int:
    """Bytes that dumps of one site may take."""
    return int(settings.SITEMEND_DUMPS_MB_PER_SITE) * 1024 * 1024


def size(site: Site) -> int:
    return int(DatabaseDump.objects.filter(site=site).aggregate(total=Sum("stored"))["total"] or 0)


def of(site: Site) -> list[DatabaseDump]:
    """What is kept, the newest first."""
    return list(DatabaseDump.objects.filter(site=site, state=State.KEPT))


class Keeper:
    """Takes a dump in as it comes. `room`: bytes that it may take. Raises DumpBroken where that is not enough."""

    def __init__(self, dump: DatabaseDump, room: int) -> None:
        self._dump, self._room = dump, room
        self._packer = zlib.compressobj(6)
        self._waiting = bytearray()
        self._number = 0
        self._stored = 0
        self.sections = Sections()

    def take(self, block: bytes) -> None:
        self.sections.feed(block)
        self._waiting += self._packer.compress(block)
        self._store_full()

    def _store_full(self) -> None:
        while len(self._waiting) >= PIECE:
            self._store(bytes(self._waiting[:PIECE]))
            del self._waiting[:PIECE]

    def _store(self, packed: bytes) -> None:
        sealed = seal_bytes(packed)
        self._stored += len(sealed)
        if self._stored > self._room:
            words = {"mb": settings.SITEMEND_DUMPS_MB_PER_SITE}
            raise DumpBroken(_("It is larger than what is kept of one site: %(mb)d MB, compressed.") % words)
        DumpPiece.objects.create(dump=self._dump, number=self._number, sealed=sealed)
        self._number += 1
        DatabaseDump.objects.filter(pk=self._dump.pk).update(seen_at=timezone.now(), stored=self._stored, size=self.sections.size)

    def finish(self) -> DatabaseDump:
        """The last piece; from then on it is kept. Raises DumpBroken for a dump that did not come to its end."""
        if not self.sections.is_complete:
            raise DumpBroken(_("It broke off before its end."))
        self._waiting += self._packer.flush()
        self._store_full()
        self._store(bytes(self._waiting))
        dump, found = self._dump, self.sections
        dump.state, dump.finished_at, dump.stored = State.KEPT, timezone.now(), self._stored
        dump.size, dump.sha256, dump.tables = found.size, found.sha256, found.tables
        dump.save(update_fields=["state", "finished_at", "stored", "size", "sha256", "tables", "made_by"])
        return dump


def blocks(dump: DatabaseDump) -> Iterator[bytes]:
    """The dump itself, in blocks that need little memory. Raises DumpBroken, SecretUnreadable."""
    unpacker = zlib.decompressobj()
    for sealed in DumpPiece.objects.filter(dump=dump).order_by("number").values_list("sealed", flat=True).iterator(chunk_size=1):
        packed = unseal_bytes(sealed)
        while packed:
            try:
                block = unpacker.decompress(packed, _MOST_AT_ONCE)
            except zlib.error as error:
                raise DumpBroken(_("What is kept of it is damaged.")) from error
            packed = unpacker.unconsumed_tail
            if block:
                yield block


def verify(dump: DatabaseDump) -> None:
    """Reads it through. Raises DumpBroken where it is not what was taken in, SecretUnreadable."""
    found = Sections()
    if dump.state != State.KEPT:
        raise DumpBroken(_("It is not kept."))
    for block in blocks(dump):
        found.feed(block)
    if found.sha256 != dump.sha256 or not found.is_complete:
        raise DumpBroken(_("What is kept of it is damaged."))


# --- let go ---------------------------------------------------------------------------------------
def needed() -> Q:
    """Dumps that a step which stands, or is at work, is taken back with."""
    at_work = (*Step.APPLIED, Step.State.QUEUED, Step.State.APPLYING, Step.State.VERIFYING, Step.State.NEEDS_ATTENTION)
    long_closed = timezone.now() - timedelta(days=settings.SITEMEND_UNDO_DAYS)
    changes = DatabaseChange.objects.filter(step__state__in=at_work).exclude(step__result__has_key=Step.UNDO_ENDED)
    changes = changes.exclude(step__case__closed_at__lt=long_closed)
    return Q(pk__in=changes.exclude(before=None).values("before")) | Q(pk__in=changes.exclude(dump=None).values("dump"))


def room(site: Site) -> int:
    """Bytes that a new dump of this site may take: older ones give way, but those that are needed."""
    held = DatabaseDump.objects.filter(needed(), site=site).aggregate(total=Sum("stored"))["total"] or 0
    return max(0, limit() - int(held))


def make_room(site: Site, keep: DatabaseDump | None = None) -> int:
    """Lets go of the oldest where it is too much. Returns how many."""
    gone = 0
    rows = DatabaseDump.objects.filter(site=site, state=State.KEPT).exclude(needed()).exclude(pk=keep.pk if keep else None)
    for dump in rows.order_by("began_at", "pk"):
        if size(site) <= limit():
            break
        dump.delete()
        gone += 1
    return gone


def forget(dump: DatabaseDump) -> bool:
    """As a person asks. False where it is needed for an undo."""
    return bool(DatabaseDump.objects.filter(pk=dump.pk).exclude(needed()).exclude(state=State.MAKING).delete()[0])


def end_abandoned(now: datetime | None = None) -> int:
    """What a dead worker left half made: said so, its pieces gone. Returns how many."""
    now = now or timezone.now()
    dead = DatabaseDump.objects.filter(state=State.MAKING).filter(Q(seen_at__lt=now - SILENT) | Q(seen_at__gt=now + SILENT))
    return sum(fail(dump) for dump in dead)


def fail(dump: DatabaseDump) -> int:
    """It could not be made: nothing of it stays but that it was tried."""
    DumpPiece.objects.filter(dump=dump).delete()
    values = {"state": State.FAILED, "finished_at": timezone.now(), "stored": 0}
    return DatabaseDump.objects.filter(pk=dump.pk, state=State.MAKING).update(**values)


def prune(now: datetime | None = None) -> int:
    """Lets go of what is older than it is kept, and of the notes of those that failed. Returns how many."""
    end_abandoned(now)
    old = DatabaseDump.objects.filter(began_at__lt=(now or timezone.now()) - KEPT_FOR).exclude(needed()).exclude(state=State.MAKING)
    return old.delete()[0]
