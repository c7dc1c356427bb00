"""Which lines of the `.htaccess` files count for one file of the site, in the order in which Apache merges them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from diagnostics.checks.common import htaccess_files, server_of
from diagnostics.evidence import Evidence, TextFile
from diagnostics.facts.paths import docroot_name
from diagnostics.htaccess.conditions import holds
from diagnostics.htaccess.parser import Line, LineKind, parse
from diagnostics.htaccess.reading import Node, read
from diagnostics.htaccess.rules import FolderRules, Section

_OF_FILES = ("files", "filesmatch")
_PASSED_OVER = ("if", "else", "elseif", "limit", "limitexcept")  # whether these hold for a visitor cannot be told, or is not the question


class Counted(NamedTuple):
    """`certain`: whether no condition of unknown outcome stands around it."""

    file: TextFile
    line: Line
    certain: bool


def lines_for(path: str, evidence: Evidence) -> list[Counted]:
    """Those for this file or folder (a path as `TreeEntry.path`): plain ones, the outermost file's first, then those of `<Files>`."""
    name, server = path.rpartition("/")[2], server_of(evidence)
    plain: list[Counted] = []
    in_sections: list[Counted] = []
    for file in htaccess_files(evidence):
        folder = file.path.rpartition("/")[0]
        if folder not in ("", ".", "..", docroot_name(evidence)) and not f"{path}/".startswith(f"{folder}/"):
            continue
        nodes = read(parse(file.content), lambda line, server=server: holds(line, server), True).nodes
        for node, is_inside in _nodes_for(name, nodes):
            (in_sections if is_inside else plain).append(Counted(file, node.line, node.certain))
    return plain + in_sections


def _nodes_for(name: str, nodes: list[Node], is_inside: bool = False) -> Iterator[tuple[Node, bool]]:
    for node in nodes:
        if node.line.kind is LineKind.DIRECTIVE:
            yield node, is_inside
        elif node.line.key in _OF_FILES:
            if _fits(node.line, name):
                yield from _nodes_for(name, node.children, True)
        elif node.line.key not in _PASSED_OVER:
            yield from _nodes_for(name, node.children, is_inside)


def _fits(section: Line, name: str) -> bool:
    words = [word for word in section.words if word]
    is_expression = section.key == "filesmatch" or words[:1] == ["~"]
    return Section(section.number, FolderRules("", ""), words[-1] if words else "", is_expression).fits(name)


def taken_away(option: str, lines: list[Counted]) -> Counted | None:
    """The line of Options that switches this option off; None where none does: what the server says counts then (core.c, set_options)."""
    by: Counted | None = None
    wanted = option.lower()
    for counted in lines:
        words = [word.lower() for word in counted.line.words if word] if counted.line.key == "options" else []
        if not words:
            continue
        if any(word[0] not in "+-" for word in words):
            is_on = wanted in words or ("all" in words and wanted != "multiviews")
            by = None if is_on else counted
        elif f"+{wanted}" in words or "+all" in words:
            by = None
        elif f"-{wanted}" in words or "-all" in words:
            by = counted
    return by


def links_refused(lines: list[Counted]) -> Counted | None:
    """The line after which the server follows no links here, so that mod_rewrite refuses as well."""
    by = taken_away("FollowSymLinks", lines)
    if by is None:
        return None
    later = lines[lines.index(by) :]
    allows = any(
        line.key == "options" and any(word.lower().lstrip("+") == "symlinksifownermatch" for word in line.words) for _f, line, _c in later
    )
    return None if allows else by
