"""The folders that are made before files are put into them: those on their way that are not there, outermost first."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable

from diagnostics.checks.common import usual_owner
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.paths import shown
from diagnostics.repairs.plan import CreateFolder

_USUAL = 0o755


def missing_folders(paths: Iterable[str], evidence: Evidence) -> tuple[CreateFolder, ...] | None:
    """For files by their absolute paths. None where one of them would be made in a folder that is shut or belongs to somebody else.

    Folders outside of the docroot are taken to be there: what lies in them was looked up one by one.
    """
    docroot = evidence.docroot.rstrip("/")
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    known = {entry.absolute: entry for entry in tree}
    wanted: dict[str, None] = {}
    for path in paths:
        way = []
        folder = posixpath.dirname(path)
        while folder.startswith(f"{docroot}/") and folder not in known and folder not in wanted:
            way.append(folder)
            folder = posixpath.dirname(folder)
        if way and folder in known and not _takes_new_ones(known[folder], evidence):
            return None
        wanted |= dict.fromkeys(reversed(way))
    mode = _mode(tree) if wanted else 0
    return tuple(CreateFolder(folder, shown(folder, docroot), mode) for folder in wanted)


def _takes_new_ones(above: TreeEntry, evidence: Evidence) -> bool:
    owner = usual_owner(evidence)
    is_own = above.uid is None or owner is None or above.uid == owner
    return above.kind == "folder" and bool(above.mode & 0o200) and is_own


def _mode(tree: Iterable[TreeEntry]) -> int:
    """That of most folders of the site; never one that lets everybody write."""
    modes = Counter(
        entry.mode & 0o777 for entry in tree if entry.kind == "folder" and entry.mode & 0o300 == 0o300 and not entry.mode & 0o002
    )
    return (modes.most_common(1)[0][0] if modes else _USUAL) | 0o700
