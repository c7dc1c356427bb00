"""No room left: old backups, logs, caches and sessions are taken away, each kept here as a whole first. Always a person chooses which."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.checks.space import size
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.logged_paths import shown_path
from diagnostics.findings import Finding
from diagnostics.php import said_of_files
from diagnostics.repairs.plan import Change, EmptyFile, Plan, TakeAway
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.spare_files import Spare, spare_files
from sites.texts import mark as _

ID = "make-room"
MOST_BYTES = 64 * 1024 * 1024  # of one step: it goes through memory, and into the journal
ENOUGH = 32 * 1024 * 1024  # for a site to go on for a while
MOST_FILES = 100  # of one step: each is a handful of requests to the host
_MOST_WAYS = 6
_LEAST = 48 * 1024  # less is not what fills an account
_MANY = 50  # files that are each next to nothing: hosts count them, too
_NEWEST_SESSIONS = 10  # one of so many stays: of visitors who are here now
_KEPT_OF_BACKUPS = 2  # the newest may be the one that found no room
_SLOW = 500 * 1024  # bytes a second, of a slow line

_TITLES = {
    Spare.BACKUP: _("Make room: take away old backups in {folder} ({files}, {size})"),
    Spare.LOG: _("Make room: empty the log {path} ({size})"),
    Spare.OLD_LOG: _("Make room: take away old logs in {folder} ({files}, {size})"),
    Spare.CACHE: _("Make room: take away what is in the cache {folder} ({files}, {size})"),
    Spare.SESSION: _("Make room: take away old sessions in {folder} ({files}, {size})"),
    Spare.LEFT_OVER: _("Make room: take away what was left over in {folder} ({files}, {size})"),
}
_WHY = {
    Spare.BACKUP: _("Backups pile up until nothing fits any more. The newest ones stay where there are several."),
    Spare.LOG: _("A log grows as long as nobody empties it. It stays where it is, so that the site goes on writing into it."),
    Spare.OLD_LOG: _("Nothing is written into these logs any more: newer ones took their place."),
    Spare.CACHE: _("The site makes these files itself, from what it has elsewhere, and makes them anew when it needs them."),
    Spare.SESSION: _("The site makes one such file for each visitor, and nobody took the old ones away. The newest stay."),
    Spare.LEFT_OVER: _("By their names nobody uses these files any more: an upload or program that broke off, or an old version."),
}
_AFFECTS = {
    Spare.BACKUP: _("No visitor. Whoever wants to go back to one of these backups needs an undo first."),
    Spare.LOG: _("No visitor. What stands in the log is kept here."),
    Spare.OLD_LOG: _("No visitor. What stands in the logs is kept here."),
    Spare.CACHE: _("The first visitors of each page wait a little longer, until the site has made the files anew."),
    Spare.SESSION: _("Visitors whose sessions these are: they have to log in again, and a basket they had filled may be empty."),
    Spare.LEFT_OVER: _("No visitor, unless a page uses one of these files after all."),
}
_PERSON = _("Only a person can say which files may go: what fills the account is listed, and each is kept here before it is taken away.")
_FIRST_KEPT = _(
    "Before anything goes, all of it is copied to this program and the copy is read back; what cannot be copied stays. Over a slow line "
    "that takes about {time}. Undo puts every file back, as long as there is room for it."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Files of one kind in one folder that can go together, with what they take."""

    kind: Spare
    folder: str
    files: tuple[TreeEntry, ...]
    is_near: bool

    @property
    def key(self) -> str:
        """Names it in the answers of a plan."""
        return f"{self.kind}:{self.files[0].path if self.kind is Spare.LOG else self.folder}"

    @property
    def bytes(self) -> int:
        return sum(entry.size for entry in self.files)


def choices(evidence: Evidence, finding: Finding) -> list[Choice]:
    """What can be taken away: where the site found no room first, then what takes most."""
    folders: dict[tuple[Spare, str], list[TreeEntry]] = defaultdict(list)
    for kind, entry in spare_files(evidence):
        folders[kind, entry.path if kind is Spare.LOG else posixpath.dirname(entry.path)].append(entry)
    near = _named(evidence, finding)
    found = []
    for (kind, place), entries in folders.items():
        folder = posixpath.dirname(place) if kind is Spare.LOG else place
        files = tuple(_bounded(_those_to_go(kind, entries)))
        choice = Choice(kind, folder, files, any(f"{folder}/".startswith(f"{each}/") for each in near))
        if files and _is_worth_it(choice, evidence):
            found.append(choice)
    few_files = evidence.space is not None and evidence.space.files == 0
    return sorted(found, key=lambda each: (not each.is_near, -len(each.files) if few_files else -each.bytes, each.key))


def _is_worth_it(choice: Choice, evidence: Evidence) -> bool:
    if choice.kind is Spare.LOG:
        return choice.bytes >= _LEAST
    return choice.bytes >= _LEAST or len(choice.files) >= _MANY or choice.is_near


def _those_to_go(kind: Spare, entries: list[TreeEntry]) -> list[TreeEntry]:
    """Of one kind in one folder, the first to go first."""
    oldest = sorted(entries, key=lambda entry: (int(entry.mtime), entry.path))
    if kind is Spare.SESSION:
        if any(entry.size for entry in oldest):
            oldest = [entry for entry in oldest if entry.size]
        return oldest[: max(1, len(oldest) - max(1, len(oldest) // _NEWEST_SESSIONS))]
    filled = [entry for entry in oldest if entry.size]
    if kind is Spare.BACKUP:
        return filled[: max(1, len(filled) - _KEPT_OF_BACKUPS)]
    return filled if kind is Spare.OLD_LOG else sorted(filled, key=lambda entry: (-entry.size, entry.path))


def _bounded(entries: Iterable[TreeEntry]) -> list[TreeEntry]:
    """As many as make room enough and can be kept here."""
    taken: list[TreeEntry] = []
    total = 0
    for entry in entries:
        if total >= ENOUGH or len(taken) == MOST_FILES:
            break
        if total + entry.size <= MOST_BYTES:
            taken.append(entry)
            total += entry.size
    return taken


def _named(evidence: Evidence, finding: Finding) -> set[str]:
    """The folders in which the site found no room, as people see them."""
    paths = [shown_path(path, evidence) for proof in finding.evidence for path in said_of_files.paths_in(proof.text[:4000])]
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    folders = {entry.path for entry in entries if entry.kind == "folder"} | {posixpath.dirname(entry.path) for entry in evidence.room}
    top = posixpath.basename(evidence.docroot.rstrip("/"))
    found = {path if path in folders else posixpath.dirname(path) for path in (finding.path, *paths)}
    return {folder for folder in found if folder not in ("", ".", "/", top)}


def variants(evidence: Evidence, finding: Finding) -> list[Answers]:
    """The choices among which a person may take one."""
    return [{"what": choice.key} for choice in choices(evidence, finding)[:_MOST_WAYS]] or [{}]


@repair(id=ID, title=_("Make room on the account"), causes=("disk-full",), variants=variants)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    possible = choices(evidence, finding)
    chosen = next((each for each in possible if each.key == answers.get("what", each.key)), None)
    if chosen is None:
        return CannotPlan(_nothing(evidence))
    changes: list[Change] = [_change(chosen.kind, entry) for entry in chosen.files]
    first = chosen.files[0]
    files = _("1 file") if len(changes) == 1 else _("{n} files").format(n=len(changes))
    title = _TITLES[chosen.kind].format(folder=chosen.folder or "/", path=first.path, files=files, size=size(chosen.bytes))
    why = f"{_WHY[chosen.kind]} {_FIRST_KEPT.format(time=_time(chosen))} {_larger(evidence)}".strip()
    return Plan(
        ID, finding.cause, title, why, tuple(changes), affects=_AFFECTS[chosen.kind], needs_person=_PERSON, removes=len(changes)
    )  # fmt: skip


def _change(kind: Spare, entry: TreeEntry) -> Change:
    if kind is Spare.LOG:
        return EmptyFile(entry.absolute, entry.path, entry.mode)
    return TakeAway(entry.absolute, entry.path, entry.size, float(int(entry.mtime)), entry.mode)


def _time(choice: Choice) -> str:
    seconds = choice.bytes // _SLOW + len(choice.files)
    return _("{n} minutes").format(n=seconds // 60 + 1) if seconds > 60 else _("a minute")


def _too_large(evidence: Evidence) -> list[TreeEntry]:
    found = [entry for _kind, entry in spare_files(evidence) if entry.size > MOST_BYTES]
    return sorted(found, key=lambda entry: -entry.size)[:3]


def _larger(evidence: Evidence) -> str:
    """What would make more room and is too large to be kept here."""
    large = _too_large(evidence)
    if not large:
        return ""
    listed = ", ".join(f"{entry.path} ({size(entry.size)})" for entry in large)
    return _("Too large to be kept here: {files}. Download such a file to your own computer, then delete it by hand.").format(files=listed)


def _nothing(evidence: Evidence) -> str:
    words = _("Nothing was found that could be taken away safely: no old backups, large logs, caches or sessions of this account.")
    return f"{words} {_larger(evidence)}".strip()
