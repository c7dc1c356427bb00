"""Callbacks of hooks that ask for the very hook they are called by, and so go round until PHP gives up, found in the code by a parser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from diagnostics.checks.php_callbacks import callbacks, functions, text_of, walk
from diagnostics.checks.php_parsing import parsed
from diagnostics.php import hooks

_CALLS = ("function_call_expression", "member_call_expression", "scoped_call_expression", "object_creation_expression")
_DEPTH = 3  # functions of the same file that a callback goes through
# With one of these a callback keeps itself from being called again.
_STOPS = ("remove_filter(", "remove_action(", "remove_all_filters(", "doing_filter(", "doing_action(", "did_action(", "did_filter(")


@dataclass(frozen=True, slots=True)
class Round:
    """`line` of the callback that the hook is given; `is_plain`: nothing in it looks like a way out."""

    hook: str
    line: int
    is_plain: bool


def rounds(content: bytes, others: tuple[bytes, ...] = ()) -> list[Round]:
    """Callbacks that lead to their own hook again; those of other files (`others`) at the line that tells of them."""
    if not hooks.may_go_round(content):
        return []
    found = []
    own: dict[str, tree_sitter.Node] | None = None
    for each in callbacks(content, others):
        own = own if own is not None else functions(parsed(content))
        text = text_of(each.body)
        if any(word in text for word in _STOPS) or not any(_asks(call, each.hook) for call in _reached(each.body, own)):
            continue
        found.append(Round(each.hook, each.line, not _may_end(each.body)))
    return found


def _reached(body: tree_sitter.Node, own: dict[str, tree_sitter.Node], depth: int = _DEPTH) -> Iterator[tree_sitter.Node]:
    """The calls in a function, and in those of the same file that it calls."""
    for node in walk(body):
        if node.type not in _CALLS:
            continue
        yield node
        inner = own.get(_called(node).lower())
        if inner is not None and depth and inner.id != body.id and not any(word in text_of(inner) for word in _STOPS):
            yield from _reached(inner, own, depth - 1)


def _called(call: tree_sitter.Node) -> str:
    if call.type == "object_creation_expression":
        return next((text_of(each).lstrip("\\") for each in call.named_children if each.type in ("name", "qualified_name")), "")
    named = call.child_by_field_name("function") or call.child_by_field_name("name")
    return text_of(named).lstrip("\\").rpartition("\\")[2] if named is not None else ""


def _asks(call: tree_sitter.Node, hook: str) -> bool:
    arguments = call.child_by_field_name("arguments")
    first = next((each for each in arguments.named_children if each.type == "argument"), None) if arguments else None
    given = text_of(first).strip()
    literal = given[1:-1] if given[:1] in ("'", '"') and given[-1:] == given[:1] else ""
    return call.type in ("function_call_expression", "object_creation_expression") and hooks.leads_to(_called(call), literal, hook)


def _may_end(body: tree_sitter.Node) -> bool:
    """Whether it keeps a note of having been called, or leaves on a condition."""
    nodes = list(walk(body))
    if any(node.type == "static_variable_declaration" or node.type == "function_static_declaration" for node in nodes):
        return True
    branches = [node for node in nodes if node.type in ("if_statement", "conditional_expression", "match_expression", "switch_statement")]
    return bool(branches)
