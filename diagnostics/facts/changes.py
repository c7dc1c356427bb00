"""What changed shortly before a failure, by the times of files alone: grouped as people think of it, what runs by itself left out.

A time says when a file was written on this host, or, for one that an archive or an upload brought with its own time, nothing at all:
what is concluded from it is never certain.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from datetime import datetime

from diagnostics.evidence import Evidence, SiteSeen, TreeEntry, moment_of
from diagnostics.installed import Change
from diagnostics.manifests.rules import counted_above, group_of, is_configuration
from sites.texts import mark as _

LATELY_S = 2 * 86400.0
AFTER_S = 60.0  # the first failing probe comes up to a minute after the first failing page
JUST_BEFORE_S = 30 * 60.0
_MOST_GROUPS = 8
_MOST_PATHS = 6
_GAP_S = 90.0
_CODE = (
    ".php", ".phtml", ".inc", ".module", ".install", ".ini", ".env", ".json", ".lock", ".yml", ".yaml", ".xml", ".twig", ".tpl", ".neon",
    ".cgi", ".pl", ".py", ".sh", ".phar",
)  # fmt: skip
_CODE_NAMES = frozenset({".htaccess", ".user.ini", ".ovhconfig", ".env", ".maintenance", "artisan"})


def by_times(evidence: Evidence) -> tuple[Change, ...]:
    """Groups of files that were written in the two days before the failure, the latest first."""
    began = failing_since(evidence)
    if began is None or not isinstance(evidence.tree, tuple):
        return ()
    since, until = began.timestamp() - LATELY_S, began.timestamp() + AFTER_S
    files = [entry for entry in evidence.tree if entry.kind == "file" and _is_code(entry)]
    late = [entry for entry in files if since < entry.mtime <= until]
    if len(late) * 2 > len(files):
        late = _newest_apart(late)  # all of it was put there lately: what came after that counts
    return tuple(sorted((*_of_account(evidence, since, until), *grouped(late, evidence)), key=lambda change: -change.last))


def _of_account(evidence: Evidence, since: float, until: float) -> list[Change]:
    """The file above the docroot that chooses PHP's version: which one it named before is not known."""
    known = {entry.path for entry in evidence.tree} if isinstance(evidence.tree, tuple) else set()
    told = [each for each in evidence.php.told if each.path and each.path not in known and since < each.changed_at <= until]
    return [Change("configuration", each.path, each.changed_at, each.changed_at, 1, (each.path,)) for each in told]


def failing_since(evidence: Evidence) -> datetime | None:
    """When the failure was first seen; None for a site that is well."""
    return seen_failing_since(evidence.site)


def seen_failing_since(site: SiteSeen) -> datetime | None:
    """The same, of what the last probes saw."""
    if site.verdict == "up":
        return None
    return site.failing_since or min((page.at for page in site.pages if page.at), default=None)


def _is_code(entry: TreeEntry) -> bool:
    name = posixpath.basename(entry.path)
    return name in _CODE_NAMES or name.endswith(_CODE) or ".env." in name


def _newest_apart(late: list[TreeEntry]) -> list[TreeEntry]:
    """The newest files, if less than a quarter, and a gap in time lies between them and the others."""
    newest = sorted(late, key=lambda entry: -entry.mtime)
    ends = [n for n in range(1, len(newest) // 4 + 1) if newest[n - 1].mtime - newest[n].mtime > _GAP_S]
    return newest[: ends[-1]] if ends else []


def grouped(files: Iterable[TreeEntry], evidence: Evidence) -> tuple[Change, ...]:
    """Files by plugin, theme, configuration and so on, those that changed last first."""
    docroot = evidence.docroot.rstrip("/")
    groups: dict[tuple[str, str], list[TreeEntry]] = {}
    for entry in files:
        inside = entry.absolute[len(docroot) + 1 :]
        raw = inside.encode("utf-8", "surrogateescape")
        if counted_above(posixpath.dirname(raw)) and not is_configuration(raw):
            continue
        groups.setdefault(group_of(inside), []).append(entry)
    changes = [_change(key, entries, evidence) for key, entries in groups.items()]
    return tuple(sorted(changes, key=lambda change: -change.last)[:_MOST_GROUPS])


def _change(key: tuple[str, str], entries: list[TreeEntry], evidence: Evidence) -> Change:
    times = [entry.mtime for entry in entries]
    newest = sorted(entries, key=lambda entry: -entry.mtime)
    what, name = key
    return Change(
        what, titled(what, name, newest[0].absolute, evidence), min(times), max(times), len(entries),
        tuple(entry.path for entry in newest[:_MOST_PATHS]),
    )  # fmt: skip


def titled(what: str, name: str, absolute: str, evidence: Evidence) -> str:
    """A plugin or theme by its own name and version, where its header was read."""
    if what in ("plugin", "theme"):
        for application in evidence.applications:
            if (part := application.component(absolute)) and part.title:
                return part.named
    return name


def is_just_before(change: Change, began: datetime) -> bool:
    return began.timestamp() - JUST_BEFORE_S <= change.last <= began.timestamp() + AFTER_S


def how_long_before(change: Change, began: datetime) -> str:
    """ "2 minutes before the first failure", for a sentence."""
    seconds = began.timestamp() - change.last
    if seconds < 60:
        return _("in the minute of the first failure")
    if seconds < 2 * 3600:
        return _("{n} minutes before the first failure").format(n=int(seconds // 60))
    if seconds < 2 * 86400:
        return _("{n} hours before the first failure").format(n=int(seconds // 3600))
    return _("{n} days before the first failure").format(n=int(seconds // 86400))


def told(change: Change, began: datetime) -> str:
    """One group in a sentence: "3 files of the plugin Prices 2.1 were changed at 2026-11-22 03:10 UTC, 2 minutes before …"."""
    if change.what == "php":
        return _("The PHP version is another one ({versions})").format(versions=change.versions) + _when(change, began)
    one, several = _HAPPENED[change.how]
    how = one if change.count == 1 else several
    is_named = change.count == 1 and change.what in _NAMED_BY_PATH and bool(change.paths)
    text = how.format(what=change.paths[0] if is_named else _files(change))
    if change.versions:
        text += f" ({change.versions})"
    return text + _when(change, began, is_named=is_named)


def part_of(change: Change) -> str:
    """What was changed, as the subject of a sentence: "The plugin Prices 2.1"."""
    if change.what == "configuration" and change.name:
        return change.name
    name = change.versions if change.what == "php" else change.name
    return _SUBJECTS.get(change.what, "{name}").format(name=name).strip()


def _files(change: Change) -> str:
    count = _("1 file") if change.count == 1 else _("{n} files").format(n=change.count)
    return f"{count} {_OF[change.what].format(name=change.name)}".strip()


_NAMED_BY_PATH = frozenset({"configuration", "top", "beside", "drop-in", "mu-plugin"})
_HAPPENED = {
    "changed": (_("{what} was changed"), _("{what} were changed")),
    "added": (_("{what} was added"), _("{what} were added")),
    "removed": (_("{what} was removed"), _("{what} were removed")),
    "permissions": (_("{what} was given other permissions"), _("{what} were given other permissions")),
}
_OF = {
    "configuration": _("of settings ({name})"),
    "plugin": _("of the plugin {name}"),
    "theme": _("of the theme {name}"),
    "mu-plugin": _("of the must-use plugins"),
    "drop-in": _("of WordPress's drop-ins"),
    "language": _("of translations"),
    "core": _("of the CMS itself"),
    "extension": _("of the extension {name}"),
    "library": _("of the library {name}"),
    "counted": _("in the folder {name}"),
    "folder": _("in the folder {name}"),
    "top": _("in the main folder"),
    "beside": _("in the folder of the program"),
}
_SUBJECTS = {
    "configuration": _("A file of settings"),
    "plugin": _("The plugin {name}"),
    "theme": _("The theme {name}"),
    "mu-plugin": _("A must-use plugin"),
    "drop-in": _("A drop-in of WordPress ({name})"),
    "language": _("A translation"),
    "core": _("The CMS itself"),
    "extension": _("The extension {name}"),
    "library": _("The library {name}"),
    "counted": _("Something in the folder {name}"),
    "folder": _("Something in the folder {name}"),
    "top": _("A file in the main folder"),
    "beside": _("A file in the folder of the program"),
    "php": _("The PHP version ({name})"),
}


def _when(change: Change, began: datetime, *, is_named: bool = False) -> str:
    """ " at 2026-11-22 03:10 UTC, 2 minutes before the first failure: www/a.php", as far as it is known."""
    at = moment_of(change.last or 0)
    if at is None:
        is_state = change.what == "php"  # which lasts, where everything else happened
        always = _("since the site was last read while it was well")
        when = always if is_state else _("at some time since the site was last read while it was well")
    else:
        word = _("since {time}") if change.what == "php" else _("at {time}")
        when = word.format(time=f"{at:%Y-%m-%d %H:%M} UTC") + ", " + how_long_before(change, began)
    return f" {when}" + (f": {', '.join(change.paths[:3])}" if change.paths and not is_named else "")
