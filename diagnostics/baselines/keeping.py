"""Contents of small program files, kept at each baseline so that a repair can put one back: bounded, sealed, off where a person says so.

The bytes lie beside those of configuration files (`BaselineContent`: by SHA-256, compressed, sealed). What an undo needs is in the
journal and never goes for want of room here.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Sum
from django.db.models.functions import Length
from django.utils import timezone

from diagnostics.changes.journal import escape_path
from diagnostics.facts.small_files import SmallFiles
from diagnostics.manifests import places, rules, worth
from diagnostics.manifests.format import Record
from diagnostics.models import Baseline, BaselineContent, BaselineWork, KeptFile
from diagnostics.transports.base import Capability, Reader
from sites.models import Site

from . import storing

TIME_LIMIT_S = 60.0
MOST_READ, MOST_READ_SLOWLY = 800, 80  # new contents at one baseline; the latter where each file is a journey of its own
OLD_ONES_FOR = timedelta(days=90)  # that a file no longer has
_AT_ONCE, _BYTES_AT_ONCE = 16, 2 * 1024 * 1024  # as many as SFTP gives together: no command is run for them
_ROWS_AT_ONCE = 500
_LONGEST_PATH = 1000  # bytes: PostgreSQL's indexes take no more than 2,700 in a row
_PACKED = 4  # program text takes about a quarter of its size once it is compressed and sealed


@dataclass(slots=True)
class Kept:
    """What one baseline found: the files as they are, with their digests, and the contents that are new."""

    files: list[Record] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Amount:
    """What is kept of one site."""

    files: int
    contents: int
    size: int  # bytes as stored
    since: datetime | None
    limit: int
    is_on: bool


# --- by choice ------------------------------------------------------------------------------------
def is_on(site: Site) -> bool:
    """Whether program files of this site are kept: they are, unless a person said otherwise."""
    return not BaselineWork.objects.filter(site=site, keeps_files=False).exists()


def switch(site: Site, *, on: bool) -> None:
    """On or off. Off lets go at once of all that is kept but the configuration files, which baselines compare."""
    with transaction.atomic():
        BaselineWork.objects.update_or_create(site=site, defaults={"keeps_files": on}, create_defaults=_new_work(on))
        if not on:
            KeptFile.objects.filter(site=site).delete()
            storing.forget_contents(site.pk)


def _new_work(on: bool) -> dict[str, object]:
    return {"keeps_files": on, "due_at": timezone.now()}


def still_wanted(site: Site, kept: Kept) -> Kept:
    """The same, unless somebody switched it off meanwhile; to be asked inside the transaction that stores it."""
    wanted = not BaselineWork.objects.select_for_update().filter(site=site, keeps_files=False).exists()
    return kept if wanted else Kept()


def limit() -> int:
    """Bytes that may be stored of one site."""
    return int(settings.SITEMEND_KEPT_MB_PER_SITE) * 1024 * 1024


def amount(site: Site) -> Amount:
    """For pages."""
    rows = KeptFile.objects.filter(site=site)
    return Amount(
        rows.values("path").distinct().count(), rows.count(), _size(site.pk), rows.aggregate(at=Max("last_seen_at"))["at"], limit(),
        is_on(site),
    )  # fmt: skip


def _size(site_id: int) -> int:
    return BaselineContent.objects.filter(site_id=site_id).aggregate(total=Sum(Length("sealed")))["total"] or 0


# --- reading, while a baseline is taken -------------------------------------------------------------
def read(reader: Reader, site: Site, docroot: str, records: Iterable[Record], note: Callable[[], None]) -> Kept:
    """The files that are kept, each read only where it is not known as it is. `note` may raise to stop. Raises TransportError."""
    if not is_on(site):
        return Kept()
    known = {
        (path, size, mtime): digest for path, size, mtime, digest in
        KeptFile.objects.filter(site=site).order_by("last_seen_at").values_list("path", "size", "mtime", "sha256")
    }  # fmt: skip
    kept, unknown = Kept(), []
    for record in worth.chosen(records):
        path = escape_path(_text(record.path))
        digest = record.digest or known.get((path, record.size, record.mtime), "")
        if len(path.encode()) > _LONGEST_PATH or (rules.is_configuration(record.path) and not record.digest):
            continue  # too long a name, or too large for its content to be kept
        if digest:
            kept.files.append(record._replace(digest=digest))
        else:
            unknown.append(record)
    _read_new(reader, docroot, unknown[: _most(reader)], kept, max(0, limit() - _size(site.pk)) * _PACKED, note)
    return kept


def _most(reader: Reader) -> int:
    quick = reader.protocol == "local" or Capability.RUN_COMMANDS in reader.capabilities or hasattr(reader, "read_many")
    return MOST_READ if quick else MOST_READ_SLOWLY


def _read_new(reader: Reader, docroot: str, records: list[Record], kept: Kept, room: int, note: Callable[[], None]) -> None:
    until = time.monotonic() + TIME_LIMIT_S
    for group in _groups(records):
        if time.monotonic() > until or room <= 0:
            return  # the rest at the next baseline
        note()
        names = {places.absolute(docroot.rstrip("/"), _text(record.path)): record for record in group}
        files = SmallFiles(reader)
        files.fetch(names)
        for name, record in names.items():
            content = files.content(name)
            if content is None or len(content) != record.size:  # refused, or changed meanwhile
                continue
            digest = hashlib.sha256(content).hexdigest()
            kept.contents[digest] = content
            kept.files.append(record._replace(digest=digest))
            room -= len(content)


def _groups(records: list[Record]) -> Iterator[list[Record]]:
    group: list[Record] = []
    for record in records:
        if group and (len(group) >= _AT_ONCE or sum(each.size for each in group) + record.size > _BYTES_AT_ONCE):
            yield group
            group = []
        group.append(record)
    if group:
        yield group


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


# --- storing --------------------------------------------------------------------------------------
def note(site: Site, kept: Kept, at: datetime) -> None:
    """Notes which contents the files had at this moment. Their bytes are stored already."""
    for start in range(0, len(kept.files), _ROWS_AT_ONCE):
        rows = [
            KeptFile(
                site=site, path=escape_path(_text(record.path)), sha256=record.digest, size=record.size, mode=record.mode,
                mtime=record.mtime, first_seen_at=at, last_seen_at=at,
            )
            for record in kept.files[start : start + _ROWS_AT_ONCE]
        ]  # fmt: skip
        KeptFile.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["site", "path", "sha256"], update_fields=["size", "mode", "mtime", "last_seen_at"]
        )


def forget_elsewhere(site: Site, host_id: int | None, docroot: str) -> None:
    """What was kept of another folder or account is no earlier state of these files."""
    latest = Baseline.objects.filter(site=site).order_by("-pk").values_list("host_id", "docroot").first()
    if latest is not None and latest != (host_id, docroot):
        KeptFile.objects.filter(site=site).delete()


def make_room(site_id: int, now: datetime | None = None) -> int:
    """Lets go of what files have not been for long, and of the oldest where it is too much. Returns how many contents."""
    now = now or timezone.now()
    newest = KeptFile.objects.filter(site_id=site_id).aggregate(at=Max("last_seen_at"))["at"]
    if newest is None:
        return 0
    gone, _each = KeptFile.objects.filter(site_id=site_id, last_seen_at__lt=now - OLD_ONES_FOR).exclude(last_seen_at=newest).delete()
    if gone:
        storing.forget_contents(site_id)
    while (over := _size(site_id) - limit()) > 0 and (let_go := _let_go(site_id, over)):
        gone += let_go
    return gone


def _let_go(site_id: int, over: int) -> int:
    """The oldest first; among those that were last seen at the same moment the largest, and configuration never for programs."""
    doomed, freed = [], 0
    stored = dict(BaselineContent.objects.filter(site_id=site_id).values_list("sha256", Length("sealed")))
    rows = KeptFile.objects.filter(site_id=site_id).order_by("last_seen_at", "-size").values_list("pk", "path", "sha256")
    for pk, path, digest in rows.iterator(chunk_size=_ROWS_AT_ONCE):
        if freed >= over:
            break
        if not rules.is_configuration(path.encode()):
            doomed.append(pk)
            freed += stored.pop(digest, 0)
    for start in range(0, len(doomed), _ROWS_AT_ONCE):
        KeptFile.objects.filter(pk__in=doomed[start : start + _ROWS_AT_ONCE]).delete()
    if doomed:
        storing.forget_contents(site_id)
    return len(doomed)
