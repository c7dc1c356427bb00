"""What changed: two baselines side by side, or one and the files as they are now. Made by a worker, read-only towards the host."""

from __future__ import annotations

import json
import posixpath
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.baselines import storing
from diagnostics.baselines.redacting import difference
from diagnostics.changes.journal import printable
from diagnostics.connections import connecting, long_work, politeness, purposes
from diagnostics.manifests import gathering, places
from diagnostics.manifests.comparing import Group, Named, Pair, Summary, differences, grouped
from diagnostics.manifests.format import ManifestUnreadable, Record
from diagnostics.manifests.gathering import Gathered, TookTooLong
from diagnostics.manifests.places import Scope
from diagnostics.models import Baseline, FileComparison
from diagnostics.redaction import redact
from diagnostics.transports.base import Capability, TransportError
from sites import queueing
from sites.credentials import SecretUnreadable, seal_bytes, unseal_bytes
from sites.models import Site

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

TASK = "diagnostics.tasks.compare_files"
KEPT_PER_SITE = 5
TIME_LIMIT_S = 600.0
_SIGN_EVERY_S = 1.0
_ABANDONED = timedelta(minutes=5)
_MOST_DIFFS = 100
_State = FileComparison.State
OPEN = (_State.QUEUED, _State.RUNNING)


class Cancelled(Exception):
    """A person ended it; the message is for a person."""


class GaveWay(Exception):
    """Something more urgent needs the connection."""


@dataclass(slots=True)
class Result:
    """What a comparison found. `diffs` holds the differences of configuration files by path, secrets removed.

    `top`: name of the docroot, where paths are to be shown relative to the folder above it, since some lie beside it.
    """

    summary: Summary
    diffs: dict[str, str]
    is_cut: bool = False  # one of the two is not whole: only names that both know are compared
    unread: int = 0
    read_s: float | None = None
    top: str = ""

    def shown(self, path: str) -> str:
        """A path as people see it."""
        return places.named(path, self.top)


# --- stored form ------------------------------------------------------------------------------------
def seal_result(result: Result) -> bytes:
    """A result as it is stored: it names files and quotes lines, so it is sealed."""
    values = {
        "summary": result.summary.as_json(), "diffs": result.diffs, "cut": result.is_cut, "unread": result.unread, "read_s": result.read_s,
        "top": result.top,
    }  # fmt: skip
    return seal_bytes(zlib.compress(json.dumps(values).encode(), 9))


def open_result(sealed: bytes) -> Result:
    """Raises SecretUnreadable when the key of this installation is another one."""
    values: dict[str, Any] = json.loads(zlib.decompress(unseal_bytes(sealed)))
    summary = values["summary"]
    groups = [Group(**(group | {"named": [Named(**named) for named in group["named"]]})) for group in summary.pop("groups")]
    return Result(Summary(groups, **summary), values["diffs"], values["cut"], values["unread"], values["read_s"], values.get("top", ""))


# --- asking -----------------------------------------------------------------------------------------
def request(site: Site, older: Baseline, newer: Baseline | None, user: AbstractBaseUser | None = None) -> FileComparison:
    """Asks for a comparison, which a worker makes. One of the same two that waits or runs serves both."""
    waiting = FileComparison.objects.filter(site=site, older=older, newer=newer, state__in=OPEN).first()
    if waiting:
        return waiting
    with transaction.atomic():
        done = FileComparison.objects.filter(site=site).exclude(state__in=OPEN).order_by("-pk")
        FileComparison.objects.filter(pk__in=list(done.values_list("pk", flat=True)[KEPT_PER_SITE - 1 :])).delete()
        made = FileComparison.objects.create(site=site, older=older, newer=newer, requested_by=user, requested_at=timezone.now())
        queueing.enqueue_on_commit(TASK, made.pk)
    return made


def cancel(comparison: FileComparison) -> None:
    """Ends it; what was read is forgotten."""
    FileComparison.objects.filter(pk=comparison.pk, state__in=OPEN).update(cancel=True)
    now = timezone.now()
    waiting = FileComparison.objects.filter(pk=comparison.pk, state=_State.QUEUED)
    waiting.update(state=_State.FAILED, error=_("It was cancelled."), finished_at=now)


def sweep() -> int:
    """Enqueues what a broker that was away forgot, and ends what a dead worker left. Returns how many were waiting."""
    now = timezone.now()
    stuck = FileComparison.objects.filter(state=_State.RUNNING, alive_at__lt=now - _ABANDONED)
    stuck.update(state=_State.FAILED, error=_("It was interrupted. Compare again."), finished_at=now)
    waiting = FileComparison.objects.filter(state=_State.QUEUED, requested_at__lt=now - timedelta(seconds=30)).values_list("pk", flat=True)
    ids = list(waiting[:20])
    for pk in ids:
        queueing.enqueue(TASK, pk, expires=60.0)
    return len(ids)


# --- making -----------------------------------------------------------------------------------------
def run(comparison_id: int) -> FileComparison | None:
    """Makes a comparison that waits; does nothing with one that another worker has, or while there is no room: the sweeper asks again."""
    queued = FileComparison.objects.filter(pk=comparison_id, state=_State.QUEUED)
    if not queued.update(state=_State.RUNNING, alive_at=timezone.now()):
        return None
    if _is_crowded(comparison_id):
        return _waits(comparison_id)
    row = FileComparison.objects.select_related("site__host", "older", "newer", "requested_by").get(pk=comparison_id)
    try:
        result = _compared(row)
    except (GaveWay, politeness.ConnectionBusy):
        return _waits(comparison_id)
    except Cancelled as error:
        return _failed(row, str(error))
    except TookTooLong:
        return _failed(row, _("The files could not be read within %(n)d minutes.") % {"n": TIME_LIMIT_S // 60})
    except ManifestUnreadable:
        return _failed(row, _("The stored baseline is damaged and cannot be read. Take a new one."))
    except (TransportError, SecretUnreadable) as error:
        return _failed(row, f"{getattr(error, 'message', error)} {getattr(error, 'hint', '')}".strip())
    row.sealed_result, row.state, row.finished_at = seal_result(result), _State.DONE, timezone.now()
    row.save(update_fields=["sealed_result", "state", "finished_at"])
    return row


def _is_crowded(comparison_id: int) -> bool:
    """Whether this one has to wait: two of one host would take the connection from each other and end neither."""
    host_id = FileComparison.objects.filter(pk=comparison_id, newer=None).values_list("site__host_id", flat=True).first()
    return bool(host_id and long_work.is_compared(host_id, but_by=comparison_id)) or long_work.is_too_much()


def _waits(comparison_id: int) -> None:
    """It is not its turn: the sweeper has it made again. One that was cancelled meanwhile has ended."""
    mine = FileComparison.objects.filter(pk=comparison_id, state=_State.RUNNING)
    mine.filter(cancel=True).update(state=_State.FAILED, error=_("It was cancelled."), finished_at=timezone.now())
    mine.update(state=_State.QUEUED, seen=0)


def _failed(row: FileComparison, why: str) -> FileComparison:
    row.state, row.error, row.finished_at = _State.FAILED, redact(printable(why))[:1000], timezone.now()
    row.save(update_fields=["state", "error", "finished_at"])
    return row


def _compared(row: FileComparison) -> Result:
    newer = row.newer
    if newer is not None:
        told = {"times": newer.has_times, "modes": newer.has_modes}
        scope = places.from_json(newer.beside)
        return compared(row.site, row.older, storing.records(newer), {}, scope, is_cut=newer.is_cut, **told)
    with _live(row) as (found, told, read_s):
        result = compared(row.site, row.older, found.sorter.sorted(), found.contents, found.scope, is_cut=found.cut, **told)
    result.unread, result.read_s = found.unread, read_s
    return result


@contextmanager
def _live(row: FileComparison) -> Iterator[tuple[Gathered, dict[str, bool], float]]:
    """The files as they are now, every folder listed."""
    site, started = row.site, time.monotonic()
    if site.host is None or not site.docroot:
        raise TransportError(_("The files of this site cannot be reached: it has no connection, or its folder is not known."))
    with purposes.doing("comparison", site=site, user=row.requested_by), connecting.reader_for(site.host) as reader:
        docroot = reader.real_path(site.docroot)
        told = {"times": Capability.LIST_TIMES in reader.capabilities, "modes": Capability.LIST_MODES in reader.capabilities}
        scope = places.from_json(row.older.beside) if printable(docroot)[:1000] == row.older.docroot else ()
        found = gathering.look(reader, docroot, whole=True, time_limit_s=TIME_LIMIT_S, note=_Sign(row), scope=scope)
    try:
        yield found, told, round(time.monotonic() - started, 1)
    finally:
        found.sorter.close()


class _Sign:
    """Told how many names were seen: shows it, and stops when a person says so."""

    def __init__(self, row: FileComparison) -> None:
        self._pk, self._host, self._shown = row.pk, row.site.host, 0.0

    def __call__(self, seen: int) -> None:
        if time.monotonic() - self._shown < _SIGN_EVERY_S:
            return
        self._shown = time.monotonic()
        running = FileComparison.objects.filter(pk=self._pk, state=_State.RUNNING, cancel=False)
        if not running.update(seen=seen, alive_at=timezone.now()):
            raise Cancelled(_("It was cancelled."))
        if self._host is not None and politeness.is_waited_for(self._host):
            raise GaveWay


def compared(
    site: Site, older: Baseline, newer: Iterable[Record], contents: dict[str, bytes], scope: Scope, *, is_cut: bool, times: bool,
    modes: bool,
) -> Result:  # fmt: skip
    """What `newer` differs in from a baseline. `contents`: small files of the newer side that are not stored.

    `scope`: the places beside the docroot that the newer side knows of; those that both know of are compared. `times` and `modes`:
    whether the newer side was told them exactly."""
    is_cut, both = is_cut or older.is_cut, places.common(places.from_json(older.beside), scope)
    records = places.known(storing.records(older), both), places.known(newer, both)
    found = differences(*records, times=times and older.has_times, modes=modes and older.has_modes)
    summary = grouped(_known_to_both(found) if is_cut else found)
    files = (named.path for group in summary.groups for named in group.named)
    is_beside = any(place.folders for place in both) or any(path.startswith(places.UP) for path in files)
    top = posixpath.basename(older.docroot.rstrip("/")) if is_beside else ""
    return Result(summary, _diffs(site, summary, contents), is_cut, top=top)


def _known_to_both(found: Iterable[Pair]) -> Iterator[Pair]:
    return ((old, new) for old, new in found if old is not None and new is not None)


def _diffs(site: Site, summary: Summary, contents: dict[str, bytes]) -> dict[str, str]:
    """Configuration files, line by line, where the content of both sides is kept."""
    changed = [named for group in summary.groups for named in group.named if named.how == "changed" and all(named.digests)][:_MOST_DIFFS]
    stored = storing.contents(site.pk, (digest for named in changed for digest in named.digests if digest not in contents))
    known = stored | contents
    return {
        named.path: difference(printable(places.named(named.path)), known[named.digests[0]], known[named.digests[1]])
        for named in changed
        if named.digests[0] in known and named.digests[1] in known
    }
