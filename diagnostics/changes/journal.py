"""The journal: each change of a step, stored before it is made, with all that is needed to take it back.

Contents are sealed, because configuration files hold secrets. Paths are stored losslessly, also where they are not UTF-8.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from diagnostics.models import JournalEntry, Step
from diagnostics.repairs.plan import (
    Change,
    ChangeMode,
    CreateFile,
    CreateFolder,
    EmptyFile,
    LeadLink,
    RemoveFile,
    RemoveFolder,
    Renaming,
    TakeAway,
    WriteFile,
)
from diagnostics.transports.base import FileKind, Stat
from sites.credentials import seal_bytes, unseal_bytes

# Which later changes of the same file stand on a change. A name does not depend on content and mode, nor they on it or on each other.
_MAKES, _TAKES = ("create", "make-folder"), ("remove", "drop-folder")
_BUILT_ON = {
    **{change: (change, *_MAKES, *_TAKES) for change in ("mode", "rename", "link")},
    **dict.fromkeys(("write", "empty"), ("write", "empty", *_MAKES, *_TAKES)),
    **dict.fromkeys((*_MAKES, *_TAKES), ("write", "empty", "mode", "rename", "link", *_MAKES, *_TAKES)),
}
# No new file can: the temporary one that holds it is removed first.
_CAN_COME_LATE = ("rename", "mode", "remove", "empty", "write", "make-folder", "drop-folder")
_LOOKS_AFTER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
_GONE = "\\gone"  # where a removed file is meanwhile: a name that no path has once it is escaped
_ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2})")


def sha256(content: bytes) -> str:
    """Hex SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def as_content(target: str) -> bytes:
    """What a link holds, as the bytes that are kept of it."""
    return target.encode("utf-8", "surrogateescape")


def as_target(content: bytes) -> str:
    """The inverse of `as_content`."""
    return content.decode("utf-8", "surrogateescape")


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


def shown_as(entry: JournalEntry, path: str) -> str:
    """Another path of the same account as people see it, told by how they see this entry's own."""
    own, other = printable(unescape_path(entry.path)), printable(path)
    start = own[: len(own) - len(entry.shown)] if own.endswith(entry.shown) else ""
    return other[len(start) :] if other.startswith(start) else other


def record(step: Step, position: int, change: Change, stat: Stat | None, content: bytes | None) -> JournalEntry:
    """Stores what a change will touch, in a transaction of its own that is finished and on the disk when this returns.

    `stat` and `content` are what is there now, of a link what it holds; None where there is nothing yet.
    """
    entry = JournalEntry(
        step=step, position=position, path=escape_path(change.path), shown=printable(change.shown), recorded_at=_moment_on(step)
    )
    if stat is not None:
        entry.before_kind, entry.before_mode, entry.after_mode = stat.kind, stat.mode, stat.mode
        entry.before_mtime, entry.before_uid, entry.before_gid = stat.mtime, stat.uid, stat.gid
    if content is not None:
        entry.before_content, entry.before_sha256 = seal_bytes(content), sha256(content)
    if isinstance(change, WriteFile):
        entry.change = "write"
        entry.after_content, entry.after_sha256 = seal_bytes(change.after), sha256(change.after)
    elif isinstance(change, LeadLink):
        entry.change, after = "link", as_content(change.after)
        entry.after_content, entry.after_sha256 = seal_bytes(after), sha256(after)
    elif isinstance(change, Renaming):
        entry.change, entry.target, entry.after_sha256 = "rename", escape_path(change.target), entry.before_sha256
    elif isinstance(change, CreateFile):
        entry.change, entry.after_mode = "create", change.mode
        entry.after_content, entry.after_sha256 = seal_bytes(change.content), sha256(change.content)
    elif isinstance(change, RemoveFile | TakeAway):
        entry.change = "remove"
    elif isinstance(change, EmptyFile):
        entry.change, entry.after_sha256 = "empty", sha256(b"")
    elif isinstance(change, CreateFolder):
        entry.change, entry.after_mode = "make-folder", change.mode
    elif isinstance(change, RemoveFolder):
        entry.change = "drop-folder"
    elif isinstance(change, ChangeMode):
        entry.change, entry.after_mode = "mode", change.after
    with _on_the_disk():
        entry.save(force_insert=True)
    return entry


@contextmanager
def _on_the_disk() -> Iterator[None]:
    """A transaction that outlives a power cut of this machine. SQLite's log is synced at each commit only if asked to.

    Rule: https://www.sqlite.org/pragma.html#pragma_synchronous (NORMAL in WAL mode may roll back after a loss of power).
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic(durable=True):
            yield
        return
    with connection.cursor() as cursor:
        usual = cursor.execute("PRAGMA synchronous").fetchone()[0]
        cursor.execute("PRAGMA synchronous=FULL")
        try:
            with transaction.atomic(durable=True):
                yield
        finally:
            cursor.execute(f"PRAGMA synchronous={usual}")


def _moment_on(step: Step) -> datetime:
    """Now, yet after all that was stored of this host before: a clock that was set back must not turn the order around."""
    rows = JournalEntry.objects.filter(step__case__site__host_id=step.case.site.host_id)
    stored = rows.aggregate(Max("recorded_at"), Max("applied_at"), Max("taken_back_at")).values()
    return max([timezone.now(), *(at + timedelta(microseconds=1) for at in stored if at)])


def is_kept(entry: JournalEntry) -> bool:
    """Whether what a change takes from the host can be read back from here, whole: looked at anew, as an undo would.

    Raises SecretUnreadable when the key of this installation is another one.
    """
    stored = JournalEntry.objects.get(pk=entry.pk)
    return stored.before_content is not None and sha256(before_content(stored)) == entry.before_sha256


def keep_since(entry: JournalEntry, content: bytes) -> None:
    """What was written into an emptied file since: it gives way when that is undone, and is kept with the change."""
    entry.after_content, entry.after_sha256 = seal_bytes(content), sha256(content)
    with _on_the_disk():
        entry.save(update_fields=["after_content", "after_sha256"])


def before_content(entry: JournalEntry) -> bytes:
    """The bytes as they were. Raises SecretUnreadable when the key of this installation is another one."""
    return unseal_bytes(entry.before_content)


def after_content(entry: JournalEntry) -> bytes:
    """The bytes that were written. Raises SecretUnreadable when the key of this installation is another one."""
    return unseal_bytes(entry.after_content)


def same_kind(entry: JournalEntry, kind: str) -> bool:
    """Whether what is there now is a file where one was changed, and a folder where a folder was."""
    return kind == entry.before_kind if entry.before_kind else kind in (FileKind.FILE, FileKind.FOLDER)


def next_position(step: Step) -> int:
    """Where the next change of a step stands: a trial makes and takes back several in a row."""
    last = step.journal.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def mark_applied(entry: JournalEntry) -> None:
    """The change is on the host."""
    entry.state, entry.applied_at, entry.taken_back_at = JournalEntry.State.APPLIED, _moment_on(entry.step), None
    entry.save(update_fields=["state", "applied_at", "taken_back_at"])


def mark_taken_back(entry: JournalEntry, note: str = "", *, may_come_late: bool = False) -> None:
    """The host is as it was before this change. `may_come_late`: nobody heard whether it, or what took it back, was carried out."""
    unheard = entry.state == JournalEntry.State.RECORDED or entry.change == "write"  # which moves a file also when it is taken back
    once = unheard and entry.taken_back_at is None and entry.change in _CAN_COME_LATE
    entry.state, entry.taken_back_at, entry.note = JournalEntry.State.TAKEN_BACK, _moment_on(entry.step), note
    entry.look_again_at = next_look(entry) if once and may_come_late else None
    entry.save(update_fields=["state", "taken_back_at", "note", "look_again_at"])


def next_look(entry: JournalEntry) -> datetime | None:
    """When it is looked at again what the host did since this change was taken for not made; None when that was often enough."""
    now = timezone.now()
    moments = (entry.taken_back_at + after for after in _LOOKS_AFTER) if entry.taken_back_at else ()
    return next((at for at in moments if at > now), None)


def mark_kept(entry: JournalEntry, note: str) -> None:
    """A person leaves the file as it is now: it is not taken back any more."""
    entry.state, entry.note = JournalEntry.State.KEPT, note
    entry.save(update_fields=["state", "note"])


def mark_refused(entry: JournalEntry, why: str) -> None:
    """The change stays, because the host is no longer as this change left it."""
    entry.state, entry.note = JournalEntry.State.REFUSED, why
    entry.save(update_fields=["state", "note"])


def standing(step: Step) -> list[JournalEntry]:
    """Entries that are, or may be, on the host: newest first."""
    return list(step.journal.exclude(state__in=JournalEntry.CLOSED).order_by("-position"))


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
    """Where the file of a change is now: since then steps of ours may have renamed it, or given it back the name it had before."""
    return _where(entry, entry.path, itself=entry.change not in _TAKES)  # who has the name of a removed one since is another file


def names_now(entry: JournalEntry) -> tuple[str, str]:
    """Old and new name of a rename, as they are called now: steps of ours may have renamed a folder above them since."""
    return _where(entry, entry.path, itself=False), _where(entry, entry.target, itself=False)


def _where(entry: JournalEntry, name: str, *, itself: bool) -> str:
    """What has become of a name since a change was noted, by renames of folders above it, and (`itself`) of the file that had it."""
    made = _of_same_host(entry).filter(change__in=("rename", *_TAKES), applied_at__isnull=False)
    events: list[tuple[datetime, int, bool]] = []  # when, of which change, and whether that was taken back
    names: dict[int, tuple[str, str, bool]] = {}  # its old and new name, and whether it is a folder that has them
    for number, path, target, kind, made_at, back_at in made.values_list(
        "pk", "path", "target", "before_kind", "applied_at", "taken_back_at"
    ):
        names[number] = (path, target or f"{_GONE}{number}", kind == FileKind.FOLDER)
        events += [(made_at, number, False), *([(back_at, number, True)] if back_at else [])]
    now, begun = name, set[int]()
    for at, number, is_back in sorted(events):
        begun.add(number)
        first, second, is_folder = names[number]
        old, new = (second, first) if is_back else (first, second)
        if at > entry.recorded_at:
            now = new if itself and now == old else _in_renamed(now, old, new, is_folder)
        for other in begun - {number} if is_folder else ():  # their names have moved, too
            names[other] = (*(_in_renamed(each, old, new, True) for each in names[other][:2]), names[other][2])
    return unescape_path(name if now.startswith(_GONE) else now)


def _in_renamed(name: str, old: str, new: str, is_folder: bool) -> str:
    return new + name[len(old) :] if is_folder and name.startswith(f"{old}/") else name


def names_of(entry: JournalEntry) -> set[str]:
    """Every name that the file of a change has had by steps of ours, escaped."""
    return _all_names(entry, {entry.path, entry.target} - {""}, itself=True)


def _all_names(entry: JournalEntry, names: set[str], *, itself: bool) -> set[str]:
    """These and what they were called before or since, by renames of folders above them, and (`itself`) of the file."""
    there = _of_same_host(entry).filter(change="rename").values_list("path", "target", "before_kind")
    pairs = [(*pair, kind == FileKind.FOLDER) for path, target, kind in there for pair in ((path, target), (target, path))]
    found = set(names)
    while (
        more := {
            new if itself and name == old else _in_renamed(name, old, new, is_folder) for old, new, is_folder in pairs for name in found
        }
        - found
    ):
        found |= more
    return found


def known_hashes(entry: JournalEntry) -> set[str]:
    """Hashes of every content that we ourselves found or put at the names of a rename."""
    names = names_of(entry)
    rows = _of_same_host(entry).filter(Q(path__in=names) | Q(target__in=names)).values_list("before_sha256", "after_sha256")
    return {digest for row in rows for digest in row if digest} | {entry.before_sha256}


def later_change(entry: JournalEntry) -> JournalEntry | None:
    """The newest later change of ours to the same file that must be taken back before this one can be."""
    names = names_of(entry)
    later = _of_same_host(entry).filter(change__in=_BUILT_ON[entry.change], pk__gt=entry.pk).exclude(state__in=JournalEntry.CLOSED)
    return later.filter(Q(path__in=names) | Q(target__in=names)).order_by("-pk").first()


def made_again(entry: JournalEntry) -> bool:
    """Whether the old name of a rename is that of a file we made since."""
    names = _all_names(entry, {entry.path}, itself=False)
    made = _of_same_host(entry).filter(change__in=_MAKES, path__in=names, pk__gt=entry.pk)
    return made.exclude(state__in=JournalEntry.CLOSED).exists()
