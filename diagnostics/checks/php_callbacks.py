"""What a PHP file tells WordPress to call: its callbacks of filters and actions, found in the code by a parser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import tree_sitter

from diagnostics.checks.php_parsing import MOST, parsed

_TELLS = (b"add_filter", b"add_action")
FUNCTIONS = frozenset({"anonymous_function", "anonymous_function_creation_expression", "arrow_function", "function_definition",
                       "method_declaration", "class_declaration", "function_static_declaration"})  # fmt: skip


class Callback(NamedTuple):
    """What is called for a hook. `line` is that of its code or, where that is in another file, of the call that tells of it."""

    hook: str
    body: tree_sitter.Node
    line: int


def callbacks(content: bytes, others: tuple[bytes, ...] = ()) -> Iterator[Callback]:
    """Those whose code is in this file or in one of `others`."""
    if len(content) > MOST or not any(word in content for word in _TELLS):
        return
    root = parsed(content)
    own = functions(root)
    far: dict[str, tree_sitter.Node] | None = None
    for call in _calls(root):
        hook, callback = _given(call)
        if not hook or callback is None:
            continue
        name = _name(callback)
        body, is_own = (callback if callback.type in FUNCTIONS else own.get(name)), True
        if body is None and name:
            far = far if far is not None else _functions_of(others)
            body, is_own = far.get(name), False
        if body is not None:
            yield Callback(hook, body, (body if is_own else call).start_point.row + 1)


def walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """A node and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(here.children))


def text_of(node: tree_sitter.Node | None) -> str:
    """The code of a node."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


def functions(root: tree_sitter.Node) -> dict[str, tree_sitter.Node]:
    """Functions and methods by their names; a name that two classes have is nobody's."""
    found: dict[str, tree_sitter.Node] = {}
    twice: set[str] = set()
    for node in walk(root):
        if node.type in ("function_definition", "method_declaration"):
            name = text_of(node.child_by_field_name("name")).lower()
            twice |= {name} & found.keys()
            found[name] = node
    return {name: node for name, node in found.items() if name not in twice}


def _functions_of(contents: tuple[bytes, ...]) -> dict[str, tree_sitter.Node]:
    return {name: node for content in contents if len(content) <= MOST for name, node in functions(parsed(content)).items()}


def _calls(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    names = {word.decode() for word in _TELLS}
    for node in walk(root):
        if node.type == "function_call_expression" and text_of(node.child_by_field_name("function")).lstrip("\\").lower() in names:
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
    return text_of(given[0])[1:-1], given[1]


def _name(callback: tree_sitter.Node) -> str:
    """The function or method that a callback names, in small letters; "" for one that tells no name."""
    if callback.type in ("string", "encapsed_string"):
        return text_of(callback)[1:-1].replace("\\\\", "\\").rpartition("::")[2].rpartition("\\")[2].lower()
    if callback.type == "array_creation_expression" and len(callback.named_children) == 2:
        inner = callback.named_children[1].named_children
        return _name(inner[0]) if inner and inner[0].type in ("string", "encapsed_string") else ""
    named = callback.child_by_field_name("name") or callback.child_by_field_name("function")
    is_first_class = any(each.type == "variadic_placeholder" for each in walk(callback))
    return text_of(named).lstrip("\\").rpartition("\\")[2].lower() if named is not None and is_first_class else ""


def inside(body: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """What belongs to this function itself."""
    waiting = [*body.children]
    while waiting:
        here = waiting.pop()
        yield here
        if here.type not in FUNCTIONS:
            waiting.extend(here.children)
