"""What was changed on a host, short enough for somebody who reads no program: files with what was done to them, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from ..changes import journal
from ..connections.telling import clean
from ..models import JournalEntry

_MOST_FILES = 30
_MOST_EXCERPTS = 4
_MOST_LINES = 6  # before and after each
_LINE = 160


@dataclass(slots=True)
class Excerpt:
    """The first lines of a file that were changed. `more`: lines that are not shown."""

    path: str
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    more: int = 0


def files(entries: Sequence[JournalEntry]) -> list[str]:
    """Each file with what was done to it, in words; of many the first, and how many more."""
    told = [_words(entry) for entry in entries[:_MOST_FILES]]
    more = len(entries) - _MOST_FILES
    return [*told, _("and %(n)d more") % {"n": more}] if more > 0 else told


def _words(entry: JournalEntry) -> str:
    values = {"path": clean(entry.shown), "name": clean(entry.target.rpartition("/")[2])}
    if entry.change == "rename" and entry.path and entry.target.rpartition("/")[0] != entry.path.rpartition("/")[0]:
        values["to"] = clean(journal.shown_as(entry, journal.unescape_path(entry.target)))
        return _("%(path)s: moved, it is %(to)s now") % values
    if entry.change == "mode":
        values |= {"before": f"{entry.before_mode or 0:03o}", "after": f"{entry.after_mode or 0:03o}"}
        return _("%(path)s: who may read and change it (%(before)s before, %(after)s now)") % values
    words = {
        "write": _("%(path)s: some of its text"),
        "link": _("%(path)s: a link, it leads elsewhere now"),
        "rename": _("%(path)s: set aside, it is called %(name)s now"),
        "create": _("%(path)s: made"),
        "remove": _("%(path)s: removed"),
        "empty": _("%(path)s: emptied"),
        "make-folder": _("%(path)s: a folder that was missing, made"),
        "drop-folder": _("%(path)s: an empty folder, removed"),
    }
    return words.get(entry.change, "%(path)s") % values


def excerpts(diff: str) -> list[Excerpt]:
    """Before and after, from a difference in unified form whose secrets are masked already."""
    found: list[Excerpt] = []
    in_head = True
    for line in diff.splitlines():
        if line.startswith("--- ") and (in_head or not found):
            found.append(Excerpt(line[4:]))
        elif line.startswith("@@"):
            in_head = False
        elif line.startswith("+++ ") and in_head:
            continue
        elif found and line[:1] in "+-" and line:
            _add(found[-1], line)
        elif not line:
            in_head = True
    return [each for each in found if each.before or each.after][:_MOST_EXCERPTS]


def _add(excerpt: Excerpt, line: str) -> None:
    side = excerpt.before if line[0] == "-" else excerpt.after
    if len(side) < _MOST_LINES:
        side.append(Truncator(line[1:].strip()).chars(_LINE) or _("(an empty line)"))
    else:
        excerpt.more += 1
