"""What changed, in words and rows for pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from diagnostics.changes.journal import printable
from diagnostics.evidence import moment_of
from diagnostics.manifests.comparing import Group, Named, Summary
from diagnostics.manifests.rules import GROUP_WORDS
from sites.wording import capitalised

from .comparing import Result

_PLACES = frozenset({"configuration", "folder", "counted"})  # groups that are named by a path


@dataclass(frozen=True, slots=True)
class NamedRow:
    """One file in a list."""

    path: str
    how: str
    tone: str
    detail: str
    at: datetime | None
    diff: str = ""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """What belongs together: "plugin Akismet: 12 files changed (5.2 → 5.3)"."""

    title: str
    counts: str
    versions: str
    first: datetime | None
    last: datetime | None
    files: list[NamedRow]
    more: int
    is_open: bool

    @property
    def spans(self) -> bool:
        """Whether the changes lie more than a minute apart."""
        return bool(self.first and self.last and (self.last - self.first).total_seconds() >= 60)


def rows(result: Result) -> list[GroupRow]:
    """The groups of a comparison as a page shows them."""
    return [_row(group, result) for group in result.summary.groups]


def _row(group: Group, result: Result) -> GroupRow:
    files = [_named(named, result, is_shown=group.what == "php") for named in group.named]
    is_open = group.what == "configuration"
    return GroupRow(
        _title(group, result), counts(group), _versions(group), at(group.first), at(group.last), files, group.total - len(files), is_open
    )


def _title(group: Group, result: Result) -> str:
    what = _(GROUP_WORDS[group.what])
    name = (group.after or group.before).partition("\t")[0] or (result.shown(group.name) if group.what in _PLACES else group.name)
    return capitalised(f"{what} {printable(name)}".strip())


def _versions(group: Group) -> str:
    """Only the main file of a plugin tells its version, so nothing is known where that is as it was."""
    before, after = (label.partition("\t")[2] for label in (group.before, group.after))
    if before and after:
        return f"{before} → {after}" if before != after else after
    is_one_sided = not group.changed and not (group.added and group.removed)
    return (before or after) if is_one_sided else ""


def counts(group: Group | Summary) -> str:
    """How many of each, in words; empty when nothing changed."""
    parts = (
        (group.changed, ngettext("%(n)d changed", "%(n)d changed", group.changed)),
        (group.added, ngettext("%(n)d added", "%(n)d added", group.added)),
        (group.removed, ngettext("%(n)d removed", "%(n)d removed", group.removed)),
    )
    return ", ".join(words % {"n": n} for n, words in parts if n)


def at(seconds: int | None) -> datetime | None:
    """A file's time as a moment; None for one that no calendar holds."""
    return moment_of(seconds) if seconds is not None else None


def _named(named: Named, result: Result, *, is_shown: bool = False) -> NamedRow:
    """`is_shown`: its path is relative to the folder above the docroot already."""
    words = {"added": _("added"), "removed": _("removed"), "changed": _("changed")}[named.how]
    tone = {"added": "info", "removed": "warn", "changed": "odd"}[named.how]
    return NamedRow(
        printable(named.path if is_shown else result.shown(named.path)),
        words,
        tone,
        ", ".join(_details(named, result)),
        at(named.times[1] or named.times[0]),
        result.diffs.get(named.path, ""),
    )


def _details(named: Named, result: Result) -> Iterable[str]:
    old, new = named.counts
    if old is not None and new is not None and old != new:
        yield ngettext("%(old)d → %(new)d file", "%(old)d → %(new)d files", new) % {"old": old, "new": new}
    old, new = named.sizes
    if old is not None and new is not None and old != new:
        yield f"{filesizeformat(old)} → {filesizeformat(new)}"
    elif named.how != "changed":
        yield filesizeformat(new if old is None else old)
    old, new = named.modes
    if old is not None and new is not None and old != new:
        yield _("permissions %(old)s → %(new)s") % {"old": f"{old:03o}", "new": f"{new:03o}"}
    if named.how == "changed" and all(named.digests) and named.digests[0] != named.digests[1] and not result.diffs.get(named.path):
        yield _("its content changed")


def headline(result: Result) -> str:
    """The comparison in one sentence."""
    summary = result.summary
    if not summary.total:
        return _("No file differs, but PHP does.") if summary.groups else _("Nothing changed.")
    return ngettext("%(n)d file differs: %(counts)s.", "%(n)d files differ: %(counts)s.", summary.total) % {
        "n": summary.total,
        "counts": counts(summary),
    }
