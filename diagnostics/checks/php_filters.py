"""Callbacks of filters that give nothing back on some way through them, found in the code by a parser."""

from __future__ import annotations

from dataclasses import dataclass

import tree_sitter

from diagnostics.checks.php_callbacks import callbacks, inside, text_of


@dataclass(frozen=True, slots=True)
class Silent:
    """`line` of the callback that the filter `hook` is given; `is_always`: it never gives anything back."""

    hook: str
    line: int
    is_always: bool


def silent_filters(content: bytes, others: tuple[bytes, ...] = ()) -> list[Silent]:
    """Callbacks with a way through them that ends without a value; those of other files (`others`) at the line that tells of them."""
    found = ((each, ways_without_value(each.body)) for each in callbacks(content, others))
    return [Silent(each.hook, each.line, ways == "all") for each, ways in found if ways]


def ways_without_value(function: tree_sitter.Node) -> str:
    """ "" where every way through ends with a value or not at all, "all" where none does, else "some"."""
    body = function.child_by_field_name("body")
    if function.type == "arrow_function" or body is None or body.type != "compound_statement":
        return ""
    inner = list(inside(body))
    if any(node.type == "yield_expression" for node in inner):
        return ""
    returns = [node for node in inner if node.type == "return_statement"]
    with_value = [node for node in returns if node.named_children]
    if len(with_value) == len(returns) and _ends(body):
        return ""
    return "some" if with_value else "all"


def _ends(node: tree_sitter.Node) -> bool:
    """Whether what follows a statement is never come to."""
    kind = node.type
    if kind in ("return_statement", "exit_statement", "throw_statement"):
        return True
    if kind == "expression_statement":
        return any(each.type in ("throw_expression", "exit_expression") for each in node.named_children) or _dies(node)
    if kind in ("compound_statement", "colon_block", "else_clause"):
        return any(_ends(each) for each in node.named_children)
    if kind == "if_statement":
        ways = [node.child_by_field_name("body"), *node.children_by_field_name("alternative")]
        has_else = any(each is not None and each.type == "else_clause" for each in ways)
        return has_else and all(each is not None and _branch_ends(each) for each in ways)
    if kind == "try_statement":
        last = next((each for each in node.named_children if each.type == "finally_clause"), None)
        ways = [each for each in node.named_children if each.type in ("compound_statement", "catch_clause")]
        return (last is not None and any(_ends(each) for each in last.named_children)) or all(_branch_ends(each) for each in ways)
    if kind == "switch_statement":
        return _switch_ends(node)
    return kind in ("while_statement", "do_statement") and "true" in text_of(node.child_by_field_name("condition")).lower()


def _branch_ends(node: tree_sitter.Node) -> bool:
    if node.type in ("else_clause", "else_if_clause", "catch_clause"):
        body = node.child_by_field_name("body")
        return _ends(body) if body is not None else any(_ends(each) for each in node.named_children)
    return _ends(node)


def _switch_ends(node: tree_sitter.Node) -> bool:
    """With a default, where no `break` leaves it and its last branch ends."""
    body = node.child_by_field_name("body")
    branches = [each for each in body.named_children if each.type in ("case_statement", "default_statement")] if body is not None else []
    if not branches or not any(each.type == "default_statement" for each in branches):
        return False
    if any(each.type == "break_statement" for branch in branches for each in inside(branch)):
        return False
    return any(_ends(each) for each in branches[-1].named_children)


def _dies(node: tree_sitter.Node) -> bool:
    return text_of(node).lstrip("\\").startswith(("wp_die(", "wp_send_json", "exit", "die"))
