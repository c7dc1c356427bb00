"""PHP read by a parser of its own grammar, for hosts on which no PHP can be asked. What it finds is likely, never certain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import tree_sitter
import tree_sitter_php

MOST = 400 * 1024  # bytes; larger files are data


@lru_cache(maxsize=1)
def _language() -> tree_sitter.Language:
    return tree_sitter.Language(tree_sitter_php.language_php())


def parsed(content: bytes) -> tree_sitter.Node:
    """The root of what the parser reads, whatever it is."""
    return tree_sitter.Parser(_language()).parse(content).root_node


def calls(content: bytes) -> list[tuple[str, int]]:
    """The functions that the file calls by their plain names, each with its line; nothing for a file that is too large."""
    if len(content) > MOST:
        return []
    found: list[tuple[str, int]] = []
    waiting = [parsed(content)]
    while waiting:
        node = waiting.pop()
        called = node.child_by_field_name("function") if node.type == "function_call_expression" else None
        if called is not None and called.type == "name" and called.text:
            found.append((called.text.decode("utf-8", "replace"), called.start_point.row + 1))
        waiting.extend(reversed(node.children))
    return found


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of the file itself, outside every block, that only calls a function: rows from 0, columns in bytes."""

    called: str
    first_row: int
    first_column: int
    last_row: int
    last_column: int
    end: int  # where it ends, in bytes from the beginning


def plain_calls(content: bytes) -> list[Statement]:
    """Those statements, in their order; nothing for a file that is too large."""
    found = []
    for node in parsed(content).children if len(content) <= MOST else ():
        call = node.named_child(0) if node.type == "expression_statement" else None
        name = call.child_by_field_name("function") if call is not None and call.type == "function_call_expression" else None
        if name is not None and name.text:
            called = name.text.decode("utf-8", "replace").lstrip("\\")
            found.append(Statement(called, *node.start_point, *node.end_point, node.end_byte))
    return found


@lru_cache(maxsize=256)
def first_error(content: bytes) -> int | None:
    """The line of the first thing that is no PHP of any version; None for a file that reads well or is too large."""
    if len(content) > MOST:
        return None
    tree = tree_sitter.Parser(_language()).parse(content)
    if not tree.root_node.has_error:
        return None
    lines: list[int] = []
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            inner = next((child for child in node.children if child.is_error or child.has_error), None)
            if inner is not None and node.is_error:
                waiting.append(inner)
            else:
                lines.append(node.start_point.row + 1)
        elif node.has_error:
            waiting.extend(node.children)
    return min(lines, default=1)
