"""Callbacks of filters that give nothing back on some way through them, found in the code by a parser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from diagnostics.checks.php_parsing import MOST, parsed

_TELLS = (b"add_filter", b"add_action")
_FUNCTIONS = frozenset({"anonymous_function", "anonymous_function_creation_expression", "arrow_function", "function_definition",
                        "method_declaration", "class_declaration", "function_static_declaration"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Silent:
    """`line` of the callback that the filter `hook` is given; `is_always`: it never gives anything back."""

    hook: str
    line: int
    is_always: bool


def silent_filters(content: bytes, others: tuple[bytes, ...] = ()) -> list[Silent]:
    """Callbacks with a way through them that ends without a value; those of other files (`others`) at the line that tells of them."""
    if len(content) > MOST or not any(word in content for word in _TELLS):
        return []
    root = parsed(content)
    own = _functions(root)
    far: dict[str, tree_sitter.Node] | None = None
    found = []
    for call in _calls(root):
        hook, callback = _given(call)
        if not hook or callback is None:
            continue
        name = _name(callback)
        body, is_own = (callback if callback.type in _FUNCTIONS else own.get(name)), True
        if body is None and name:
            far = far if far is not None else _functions_of(others)
            body, is_own = far.get(name), False
        if body is not None and (ways := _ways(body)):
            found.append(Silent(hook, (body if is_own else call).start_point.row + 1, ways == "all"))
    return found


def _walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(here.children))


def _text(node: tree_sitter.Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


def _functions(root: tree_sitter.Node) -> dict[str, tree_sitter.Node]:
    """Functions and methods by their names; a name that two classes have is nobody's."""
    found: dict[str, tree_sitter.Node] = {}
    twice: set[str] = set()
    for node in _walk(root):
        if node.type in ("function_definition", "method_declaration"):
            name = _text(node.child_by_field_name("name")).lower()
            twice |= {name} & found.keys()
            found[name] = node
    return {name: node for name, node in found.items() if name not in twice}


def _functions_of(contents: tuple[bytes, ...]) -> dict[str, tree_sitter.Node]:
    return {name: node for content in contents if len(content) <= MOST for name, node in _functions(parsed(content)).items()}


def _calls(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    names = {word.decode() for word in _TELLS}
    for node in _walk(root):
        if node.type == "function_call_expression" and _text(node.child_by_field_name("function")).lstrip("\\").lower() in names:
            yield node


def _given(call: tree_sitter.Node) -> tuple[str, tree_sitter.Node | None]:
    """The hook's name and what stands for the callback."""
    arguments = call.child_by_field_name("arguments")
    given = (
        [each.named_children[-1] for each in arguments.named_children if each.type == "argument" and each.named_children]
        if arguments
        else []
    )
    if len(given) < 2 or given[0].type not in ("string", "encapsed_string"):
        return "", None
    return _text(given[0])[1:-1], given[1]


def _name(callback: tree_sitter.Node) -> str:
    """The function or method that a callback names, in small letters; "" for one that tells no name."""
    if callback.type in ("string", "encapsed_string"):
        return _text(callback)[1:-1].replace("\\\\", "\\").rpartition("::")[2].rpartition("\\")[2].lower()
    if callback.type == "array_creation_expression" and len(callback.named_children) == 2:
        inner = callback.named_children[1].named_children
        return _name(inner[0]) if inner and inner[0].type in ("string", "encapsed_string") else ""
    named = callback.child_by_field_name("name") or callback.child_by_field_name("function")
    is_first_class = any(each.type == "variadic_placeholder" for each in _walk(callback))
    return _text(named).lstrip("\\").rpartition("\\")[2].lower() if named is not None and is_first_class else ""


def _ways(function: tree_sitter.Node) -> str:
    """ "" where every way through ends with a value or not at all, "all" where none does, else "some"."""
    body = function.child_by_field_name("body")
    if function.type == "arrow_function" or body is None or body.type != "compound_statement":
        return ""
    inner = list(_inside(body))
    if any(node.type == "yield_expression" for node in inner):
        return ""
    returns = [node for node in inner if node.type == "return_statement"]
    with_value = [node for node in returns if node.named_children]
    if len(with_value) == len(returns) and _ends(body):
        return ""
    return "some" if with_value else "all"


def _inside(body: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """What belongs to this function itself."""
    waiting = [*body.children]
    while waiting:
        here = waiting.pop()
        yield here
        if here.type not in _FUNCTIONS:
            waiting.extend(here.children)


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
    return kind in ("while_statement", "do_statement") and "true" in _text(node.child_by_field_name("condition")).lower()


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
    if any(each.type == "break_statement" for branch in branches for each in _inside(branch)):
        return False
    return any(_ends(each) for each in branches[-1].named_children)


def _dies(node: tree_sitter.Node) -> bool:
    return _text(node).lstrip("\\").startswith(("wp_die(", "wp_send_json", "exit", "die"))
