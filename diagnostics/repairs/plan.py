"""A plan: ordered changes, computed without writing, each with its diff and its inverse.

The digest of a plan is what the person saw and what is applied: a plan made again from fresh evidence with another digest is stale.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.repairs.comparing_lines import ends, takes_long


@dataclass(frozen=True, slots=True)
class WriteFile:
    """New bytes for an existing file; mode kept unless given."""

    path: str  # absolute on the host
    shown: str  # relative to the folder above the docroot
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    mode: int = 0o644
    mtime: float | None = None  # of the new content; None: the moment of writing

    def inverse(self) -> WriteFile:
        return replace(self, before=self.after, after=self.before, mtime=None)

    def diff(self) -> str:
        return content_diff(self.shown, self.before, self.after)


@dataclass(frozen=True, slots=True)
class RenameFile:
    """Another name in the same folder; refused when the target exists."""

    path: str
    shown: str
    target: str
    target_shown: str
    sha256: str  # of the content at planning time

    def inverse(self) -> RenameFile:
        return replace(self, path=self.target, shown=self.target_shown, target=self.path, target_shown=self.shown)

    def diff(self) -> str:
        return f"rename {self.shown}\n    to {self.target_shown}\n"


@dataclass(frozen=True, slots=True)
class RenameFolder:
    """Another name for a folder, in the same folder; refused when the target exists. What is in it is not looked at."""

    path: str
    shown: str
    target: str
    target_shown: str

    def inverse(self) -> RenameFolder:
        return RenameFolder(self.target, self.target_shown, self.path, self.shown)

    def diff(self) -> str:
        return f"rename {self.shown}/\n    to {self.target_shown}/\n"


@dataclass(frozen=True, slots=True)
class ChangeMode:
    """Other permission bits for one file or folder."""

    path: str
    shown: str
    kind: str  # "file" or "folder"
    before: int
    after: int

    def inverse(self) -> ChangeMode:
        return replace(self, before=self.after, after=self.before)

    def diff(self) -> str:
        return f"{self.shown}: {self.before:03o} -> {self.after:03o}\n"


@dataclass(frozen=True, slots=True)
class CreateFile:
    """A file where none is now; refused when the name is taken."""

    path: str
    shown: str
    content: bytes = field(repr=False)
    mode: int
    mtime: float | None = None

    def inverse(self) -> RemoveFile:
        return RemoveFile(self.path, self.shown, self.content, self.mode, self.mtime)

    def diff(self) -> str:
        return content_diff(self.shown, b"", self.content)


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """A regular file taken away, refused unless it holds just this: for files that we made ourselves."""

    path: str
    shown: str
    content: bytes = field(repr=False)
    mode: int
    mtime: float | None = None

    def inverse(self) -> CreateFile:
        return CreateFile(self.path, self.shown, self.content, self.mode, self.mtime)

    def diff(self) -> str:
        return content_diff(self.shown, self.content, b"")


@dataclass(frozen=True, slots=True)
class TakeAway:
    """A file that takes room, taken away: refused unless it is as it was listed. All of it is in the journal before it goes.

    What it holds is not read for a plan: that may be much. So its inverse is what the journal keeps, and nothing else.
    """

    path: str
    shown: str
    size: int
    mtime: float
    mode: int

    def diff(self) -> str:
        return f"remove {self.shown} ({self.size} bytes)\n"


@dataclass(frozen=True, slots=True)
class EmptyFile:
    """A log emptied where it stands: whoever holds it open goes on writing into it, which would keep the room of one that is removed.

    It may grow until then: all that it holds at that moment is in the journal before, and that is its inverse.
    """

    path: str
    shown: str
    mode: int

    def diff(self) -> str:
        return f"empty {self.shown}\n"


@dataclass(frozen=True, slots=True)
class CreateFolder:
    """An empty folder where nothing is now, in one that is there; refused when the name is taken."""

    path: str
    shown: str
    mode: int

    def inverse(self) -> RemoveFolder:
        return RemoveFolder(self.path, self.shown, self.mode)

    def diff(self) -> str:
        return f"new folder {self.shown}/ ({self.mode:03o})\n"


@dataclass(frozen=True, slots=True)
class RemoveFolder:
    """A folder taken away, refused unless it is empty: what is in it was put there by somebody else."""

    path: str
    shown: str
    mode: int

    def inverse(self) -> CreateFolder:
        return CreateFolder(self.path, self.shown, self.mode)

    def diff(self) -> str:
        return f"remove the empty folder {self.shown}/\n"


@dataclass(frozen=True, slots=True)
class LeadLink:
    """Another place that a symbolic link leads to; `before` and `after` as they are written in it."""

    path: str
    shown: str
    before: str
    after: str

    def inverse(self) -> LeadLink:
        return replace(self, before=self.after, after=self.before)

    def diff(self) -> str:
        old, new = (_line(each) for each in (self.before, self.after))
        return content_diff(f"{self.shown} (link)", old, new)


@dataclass(frozen=True, slots=True)
class RenameLink:
    """Another name for a symbolic link, in the same folder; refused when the target exists. `leads_to`: "" where no host tells."""

    path: str
    shown: str
    target: str
    target_shown: str
    leads_to: str

    def inverse(self) -> RenameLink:
        return RenameLink(self.target, self.target_shown, self.path, self.shown, self.leads_to)

    def diff(self) -> str:
        return f"rename {self.shown} (link)\n    to {self.target_shown}\n"


Renaming = RenameFile | RenameFolder | RenameLink
Change = (
    WriteFile | RenameFile | RenameFolder | ChangeMode | CreateFile | RemoveFile | TakeAway | EmptyFile | CreateFolder | RemoveFolder
    | LeadLink | RenameLink
)  # fmt: skip


def _line(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") + b"\n"


def content_diff(shown: str, before: bytes, after: bytes) -> str:
    """What changes between two contents, line by line, in unified form."""
    old = before.decode("utf-8", "backslashreplace").splitlines(keepends=True)
    new = after.decode("utf-8", "backslashreplace").splitlines(keepends=True)
    lines = _exchanged(shown, old, new) if takes_long(old, new) else difflib.unified_diff(old, new, shown, shown, n=2)
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _exchanged(shown: str, old: list[str], new: list[str]) -> Iterator[str]:
    """The same form, where all between the first and the last line that differ counts as changed."""
    head, tail = ends(old, new)
    gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
    yield from (f"--- {shown}\n", f"+++ {shown}\n", f"@@ -{head + 1},{len(gone)} +{head + 1},{len(come)} @@\n")
    yield from (f"-{line}" for line in gone)
    yield from (f"+{line}" for line in come)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one step will do. `repair_id` and `answers` let it be computed again from fresh evidence."""

    repair_id: str
    cause: str
    title: str  # "Correct line 12 of .htaccess"
    why: str
    changes: tuple[Change, ...]
    answers: tuple[tuple[str, str], ...] = ()
    affects: str = ""
    takes_away_protection: bool = False
    needs_person: str = ""  # why an unattended run must not apply it; empty: it may
    sets_aside: bool = False  # a part of the site that visitors will miss: unattended only where the site's settings say so
    removes: int = 0  # how much is taken out; the repair that removes least is preferred
    asks: str = ""  # an address of the site that is asked for while the changes stand: they are taken back right after it
    lasting: str = ""  # what the site itself does then, which cannot be undone
    confirm: str = ""  # what a person types to show that this is known

    @property
    def reversible(self) -> bool:
        return not self.lasting  # every change above has an inverse

    def diff(self) -> str:
        return "\n".join(change.diff() for change in self.changes)

    def digest(self) -> str:
        """Hex SHA-256 over everything that will happen on the host."""
        asked = [self.asks] if self.asks else []
        return hashlib.sha256(json.dumps([*(change_to_json(c) for c in self.changes), *asked], sort_keys=True).encode()).hexdigest()


def change_to_json(change: Change) -> dict[str, Any]:
    """A change as plain JSON values, contents by hash: for digests and for pages, not for undoing."""
    values: dict[str, Any] = {"type": type(change).__name__}
    for name in change.__dataclass_fields__:
        value = getattr(change, name)
        if value is None:
            continue  # so that a plan that says nothing of it keeps its digest
        values[name] = hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
    return values
