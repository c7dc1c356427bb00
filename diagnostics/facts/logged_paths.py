"""Paths as the web server and programs write them, told as people see them: the server may see another root than the login does."""

from __future__ import annotations

import re

from diagnostics.evidence import Evidence, LogLine, TreeEntry, Unreadable
from diagnostics.facts.paths import docroot_name

_PATH = re.compile(r"/[^\s:'\"()<>|,;]{3,600}\.(?:php|inc|phtml|html?)")
_ALIAS = re.compile(r"/?(?:APPPATH|ROOTPATH|SYSTEMPATH|VENDORPATH|FCPATH|WRITEPATH|@app|APP)/(.{3,300})")
_MOST_ASKED = 200  # lines of the log in which the docroot's name is looked for
_last_roots: list[tuple[tuple[object, object, object], str]] = []  # the same for the docroot's name on the server
_last_paths: list[tuple[tuple[TreeEntry, ...], frozenset[str]]] = []  # the paths of the tree that was asked last: a trace asks often


def shown_path(logged: str, evidence: Evidence) -> str:
    """The path from the folder above the docroot, where the server's path leads through a docroot of that name."""
    name = docroot_name(evidence)
    if evidence.docroot and not name:  # the login sees nothing but the docroot
        return _tail_in_tree(logged, evidence)
    own = f"{evidence.docroot.rstrip('/')}/" if evidence.docroot else ""
    if own and logged.startswith(own) and (own.count("/") > 2 or _is_in_tree(f"{name}/{logged[len(own) :].partition('/')[0]}", evidence)):
        return f"{name}/{logged[len(own) :]}"
    above = evidence.docroot.rstrip("/").rpartition("/")[0]
    if above and logged.startswith(above + "/"):
        return logged[len(above) + 1 :]
    if root := servers_docroot(evidence):
        if logged.startswith(f"{root}/"):
            return f"{name}{logged[len(root) :]}"
        if (beside := f"{root.rpartition('/')[0]}/") != "/" and logged.startswith(beside):
            return logged[len(beside) :]
    tails = [logged[each.end() + 1 :] for each in re.finditer(f"(?<=[^/])/{re.escape(name)}(?=/)", logged)] if name else []
    found = (
        _below_docroot(logged, name, tails, evidence)
        or _behind_alias(logged, evidence)
        or _known_beside(logged, evidence)
        or _beside_docroot(logged, name, evidence)
    )
    if found or tails:
        return found or f"{name}/{tails[0]}"
    return f"{name}/{logged.lstrip('/')}" if _is_in_tree(f"{name}/{logged.lstrip('/')}", evidence) else logged


def _beside_docroot(logged: str, name: str, evidence: Evidence) -> str:
    """Where a program's own log lies in the folder beside the docroot that this path leads through."""
    above = evidence.docroot.rstrip("/").rpartition("/")[0] + "/"
    logs = [line.log_path.removeprefix(above) for line in evidence.application_log if line.log_path.startswith(above)]
    folders = dict.fromkeys(first for log in logs if (first := log.partition("/")[0]) not in (name, log))
    return next((logged[logged.index(f"/{first}/") + 1 :] for first in folders if f"/{first}/" in logged), "")


def servers_docroot(evidence: Evidence) -> str:
    """The docroot as the server names it, where its log names a file that is there; "" where it does not."""
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    key = (lines, evidence.application_log, evidence.tree)
    if not _last_roots or any(old is not new for old, new in zip(_last_roots[0][0], key, strict=True)):
        _last_roots[:] = [(key, _found_docroot(evidence, (*lines[-_MOST_ASKED:], *evidence.application_log)))]
    return _last_roots[0][1]


def _found_docroot(evidence: Evidence, lines: tuple[LogLine, ...]) -> str:
    name = docroot_name(evidence)
    for line in reversed(lines) if name else ():
        for path in _PATH.findall(line.text[:8000]):
            for each in re.finditer(f"/{re.escape(name)}(?=/)", path):
                if _is_in_tree(f"{name}{path[each.end() :]}", evidence):
                    return path[: each.end()]
    return ""


def _below_docroot(logged: str, name: str, tails: list[str], evidence: Evidence) -> str:
    """Where a folder of the docroot's name is on the way: the one below which the file is there, or at least the first folder.

    `tails`: the path behind each of these. The account itself may lie below one (/var/www/clients/...).
    """
    whole = f"{evidence.docroot.rstrip('/')}/"
    there = next((tail for tail in tails if _is_in_tree(f"{name}/{tail}", evidence)), None)
    if there is None and whole.count("/") > 2 and whole in logged:
        there = logged.rpartition(whole)[2]
    if there is None:
        there = next((tail for tail in tails if "/" not in tail or _is_in_tree(f"{name}/{tail.partition('/')[0]}", evidence)), None)
    return "" if there is None else f"{name}/{there}"


def _known_beside(logged: str, evidence: Evidence) -> str:
    """Where a file or folder outside of the docroot that was looked up is on the way: what leads furthest."""
    ways = (each.path for each in evidence.beside if each.path and f"/{each.path}/" in f"{logged}/")
    longest = max(ways, key=len, default="")
    return logged[f"{logged}/".rindex(f"/{longest}/") + 1 :] if longest else ""


def _behind_alias(logged: str, evidence: Evidence) -> str:
    """Programs name their folders by constants in their logs (CodeIgniter `clean_path`): the only file whose path ends so."""
    match = _ALIAS.match(logged)
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    found = [entry.path for entry in (*evidence.beside, *tree) if entry.path.endswith(f"/{match[1]}")] if match else []
    return found[0] if len(found) == 1 else ""


def _tail_in_tree(logged: str, evidence: Evidence) -> str:
    """The longest end of a server's path that is there; the path as it is where none is."""
    parts = logged.strip("/").split("/")
    tails = ("/".join(parts[at:]) for at in range(len(parts)))
    return next((tail for tail in tails if _is_in_tree(tail, evidence)), logged.lstrip("/"))


def _is_in_tree(path: str, evidence: Evidence) -> bool:
    if isinstance(evidence.tree, Unreadable):
        return False
    if not _last_paths or _last_paths[0][0] is not evidence.tree:
        _last_paths[:] = [(evidence.tree, frozenset(entry.path for entry in evidence.tree))]
    return path in _last_paths[0][1]
