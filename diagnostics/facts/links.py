"""Where the links of a site lead: what lies behind them is not in the tree, and may be shut, gone, or another user's."""

from __future__ import annotations

import posixpath

from diagnostics.evidence import Evidence, Link, TreeEntry
from diagnostics.facts.paths import above, shown
from diagnostics.transports.base import ConnectionLost, ConnectionTimedOut, PermissionRefused, Reader, TransportError, Unsupported

_LOST = (ConnectionLost, ConnectionTimedOut, PermissionRefused, Unsupported)
SEES_ALL = ("ssh", "local")  # connections to which all of the host's files show
MOST_LINKS = 4
_MOST_STEPS = 6


def read(reader: Reader, evidence: Evidence) -> tuple[Link, ...]:
    """The links that a log of the failing time names first, then the outermost. A round trip for each, and for each step behind it."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    links = [entry for entry in entries if entry.kind == "link"]
    named = {entry.path for entry in links if any(f"/{entry.path}" in line.text for line in lines[-100:])}
    asked = tuple(page.path.split("?")[0] for page in evidence.site.pages if page.status != 200)
    links.sort(key=lambda entry: (entry.path not in named and not f"/{entry.path}".endswith(asked), entry.path.count("/")))
    found = []
    for entry in links[:MOST_LINKS]:
        try:
            target = reader.real_path(entry.absolute)
        except _LOST:
            continue
        except TransportError:  # nothing is there, or links that lead round; a login that is shut in would not see what is there
            found += [Link(entry.path, "", entry.uid)] if reader.protocol in SEES_ALL else []
            continue
        found.append(Link(entry.path, target, entry.uid, _way(reader, target, evidence.docroot), _held(reader, entry.absolute)))
    return tuple(found)


def _held(reader: Reader, path: str) -> str:
    try:
        return reader.link_target(path)
    except TransportError:
        return ""


def _way(reader: Reader, target: str, docroot: str) -> tuple[TreeEntry, ...]:
    """The target and the folders above it that are the account's, outermost first."""
    top = above(docroot).rstrip("/") + "/"
    steps: list[str] = []
    step = target
    while step.startswith(top) and len(steps) < _MOST_STEPS:
        steps.insert(0, step)
        step = posixpath.dirname(step)
    found = []
    for step in steps or [target]:
        try:
            stat = reader.stat(step)
        except TransportError:
            continue
        found.append(TreeEntry(shown(step, docroot), step, stat.kind.value, stat.mode, stat.size, stat.mtime, stat.uid, stat.gid))
    return tuple(found)
