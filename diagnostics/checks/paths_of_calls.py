"""The path that a call in a script was given, from the root and by the server's name for it."""

from __future__ import annotations

import posixpath

from diagnostics.evidence import Evidence
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.paths import docroot_name
from diagnostics.php.failed_calls import Failed
from diagnostics.php.path_words import Code, Way, Where, way_of
from diagnostics.php.seen import Script


def way_of_call(failed: Failed, script: Script, logged: str, evidence: Evidence) -> Way | None:
    """`logged`: the script by the server's name. None where the path cannot be told without running the script."""
    here = Code(logged, script.content.decode("latin-1"))
    docroot = _servers_docroot(logged, script, evidence)
    others = [Code(f"{docroot}{each.path[len(docroot_name(evidence)) :]}", each.content.decode("latin-1"))
              for each in evidence.php.scripts if each is not script and docroot]  # fmt: skip
    way = way_of(failed.words, failed.at, [here, *others], Where(docroot))
    return Way(_whole(way.path, logged, docroot, evidence), way.is_whole) if way is not None else None


def known_part(way: Way) -> str:
    """The path by the server's name, or the folder of one whose name is made up as the script runs."""
    return way.path.rstrip("/") if way.is_whole or way.path.endswith("/") else posixpath.dirname(way.path)


def _servers_docroot(logged: str, script: Script, evidence: Evidence) -> str:
    """By the server's name, where its name for the script ends as ours does; "" for a script beside the docroot."""
    inside = script.path[len(docroot_name(evidence)) :]
    is_inside = script.path.startswith(f"{docroot_name(evidence)}/") or not docroot_name(evidence)
    return logged[: -len(inside)] if inside and is_inside and logged.endswith(inside) else evidence.docroot.rstrip("/")


def _whole(path: str, logged: str, docroot: str, evidence: Evidence) -> str:
    """From the root: what begins with no stroke is looked for beside the script that answers the page (include_path and chdir apart)."""
    path = path.encode("latin-1", "replace").decode("utf-8", "replace")
    if "://" in path:
        return path
    ends = "/" if path.endswith("/") else ""
    if not path.startswith("/"):
        near = posixpath.join(posixpath.dirname(logged), path)
        known = {entry.path for entry in evidence.tree} if isinstance(evidence.tree, tuple) else set()
        is_near = shown_path(posixpath.normpath(near), evidence) in known
        path = near if is_near or not docroot else f"{docroot}/{path}"
    return posixpath.normpath(path) + ends
