"""The journal: each change of a step, stored before it is made, with all that is needed to take it back.

Contents are sealed, because configuration files hold secrets. Paths are stored losslessly, also where they are not UTF-8.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from sites.credentials import seal_bytes, unseal_bytes

from .models import JournalEntry, Step
from .repairs.plan import Change, ChangeMode, RenameFile, WriteFile
from .transports.base import Stat

_ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2})")


def sha256(content: bytes) -> str:
    """Hex SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def escape_path(path: str) -> str:
    """A path as storable text: bytes that are not UTF-8 become `\\xNN`, a backslash is doubled. `unescape_path` is its inverse."""
    return printable(path.replace("\\", "\\\\"))


def unescape_path(text: str) -> str:
    """The path as the transports carry it."""
    raw = b""
    rest = 0
    for found in _ESCAPED.finditer(text):
        raw += text[rest : found.start()].encode()
        raw += b"\\" if found[1] == "\\" else bytes.fromhex(found[1][1:])
        rest = found.end()
    return (raw + text[rest:].encode()).decode("utf-8", "surrogateescape")


def printable(text: str) -> str:
    """Text that every database and page can hold: stray bytes as `\\xNN`. Not reversible."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def record(step: Step, position: int, change: Change, stat: Stat, content: bytes | None) -> JournalEntry:
    """Stores what a change will touch, in a transaction of its own that is finished when this returns. `content` is what is there now."""
    entry = JournalEntry(
        step=step, position=position, path=escape_path(change.path), shown=printable(change.shown), recorded_at=timezone.now()
    )
    entry.before_mode, entry.after_mode = stat.mode, stat.mode
    entry.before_mtime, entry.before_uid, entry.before_gid = stat.mtime, stat.uid, stat.gid
    if content is not None:
        entry.before_content, entry.before_sha256 = seal_bytes(content), sha256(content)
    if isinstance(change, WriteFile):
        entry.change = "write"
        entry.after_content, entry.after_sha256 = seal_bytes(change.after), sha256(change.after)
    elif isinstance(change, RenameFile):
        entry.change, entry.target, entry.after_sha256 = "rename", escape_path(change.target), entry.before_sha256
    elif isinstance(change, ChangeMode):
        entry.change, entry.after_mode = "mode", change.after
    with transaction.atomic(durable=True):
        entry.save(force_insert=True)
    return entry


def before_content(entry: JournalEntry) -> bytes:
    """The bytes as they were. Raises SecretUnreadable when the key of this installation is another one."""
    return unseal_bytes(entry.before_content)


def mark_applied(entry: JournalEntry) -> None:
    """The change is on the host."""
    entry.state, entry.applied_at = JournalEntry.State.APPLIED, timezone.now()
    entry.save(update_fields=["state", "applied_at"])


def mark_taken_back(entry: JournalEntry, note: str = "") -> None:
    """The host is as it was before this change."""
    entry.state, entry.taken_back_at, entry.note = JournalEntry.State.TAKEN_BACK, timezone.now(), note
    entry.save(update_fields=["state", "taken_back_at", "note"])


def mark_refused(entry: JournalEntry, why: str) -> None:
    """The change stays, because the host is no longer as this change left it."""
    entry.state, entry.note = JournalEntry.State.REFUSED, why
    entry.save(update_fields=["state", "note"])


def standing(step: Step) -> list[JournalEntry]:
    """Entries that are, or may be, on the host: newest first."""
    return list(step.journal.exclude(state=JournalEntry.State.TAKEN_BACK).order_by("-position"))


def changed_paths(step: Step) -> list[str]:
    """What a step touched, as shown to people."""
    return changed_paths_of([step])[step.pk]


def changed_paths_of(steps: Sequence[Step]) -> dict[int, list[str]]:
    """What each of these steps touched, by the step's key, in one query."""
    found: dict[int, list[str]] = {step.pk: [] for step in steps}
    rows = JournalEntry.objects.filter(step__in=found).order_by("step", "position")
    for step_id, shown in rows.values_list("step", "shown"):
        found[step_id].append(shown)
    return found


def _of_same_host(entry: JournalEntry) -> QuerySet[JournalEntry]:
    return JournalEntry.objects.filter(step__case__site__host_id=entry.step.case.site.host_id).exclude(pk=entry.pk)


def path_now(entry: JournalEntry) -> str:
    """Where the file of a change is now: a later step of ours may have renamed it."""
    later = _of_same_host(entry).filter(change="rename", path=entry.path, state=JournalEntry.State.APPLIED, pk__gt=entry.pk).first()
    return unescape_path(later.target if later else entry.path)


def known_hashes(entry: JournalEntry) -> set[str]:
    """Hashes of every content that we ourselves found or put at the names of a rename."""
    rows = _of_same_host(entry).filter(Q(path=entry.path) | Q(path=entry.target)).values_list("before_sha256", "after_sha256")
    return {digest for row in rows for digest in row if digest} | {entry.before_sha256}


def later_writer(entry: JournalEntry) -> JournalEntry | None:
    """The newest later change of ours to the same file that still stands."""
    later = _of_same_host(entry).filter(path=entry.path, change="write", state=JournalEntry.State.APPLIED, pk__gt=entry.pk)
    return later.order_by("-pk").first()
