"""What in WordPress's parts makes a page come out empty without a word in any log, found in the code by a parser.

wp-includes/template-loader.php asks the filter `template_include` for the file to load and loads nothing where it is given nothing;
the same where `wp_using_themes` is false. `ob_start` sends what its callback gives back. A callback of an early action may simply end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import tree_sitter

from diagnostics.checks.php_callbacks import callbacks, functions, inside, text_of, walk
from diagnostics.checks.php_filters import ways_without_value
from diagnostics.checks.php_parsing import MOST, parsed

_TEMPLATES = frozenset({"template_include", "index_template", "wp_using_themes"})
_BEFORE_OUTPUT = frozenset(
    {"plugins_loaded", "after_setup_theme", "setup_theme", "init", "wp_loaded", "parse_request", "send_headers", "wp", "template_redirect",
     "pre_get_posts", "parse_query", "posts_selection", "muplugins_loaded", "widgets_init", "request", "query_vars", "template_include"}
)  # fmt: skip
_GIVES_NOTHING = frozenset({"''", '""', "null", "false", "array()", "[]"})
_READY_MADE = re.compile(
    rb"\badd_filter\s*+\(\s*+(['\"])(template_include|index_template|wp_using_themes)\1\s*+,\s*+(['\"])__return_(?:false|null|empty_string|zero)\3"
)
_SWITCH = re.compile(rb"^[^\n#/*]*\bdefine\s*+\(\s*+(['\"])WP_USE_THEMES\1\s*+,\s*+(?:false|0|null)\b", re.IGNORECASE | re.MULTILINE)
_ENDS = re.compile(r"\A\\?(?:exit|die)\s*(?:\(\s*[01]?\s*\))?\s*;\Z", re.IGNORECASE)
_ANSWERS = re.compile(
    r"\b(?:echo|print\w*|v?printf|include\w*|require\w*|readfile|fpassthru|passthru|header|setcookie)\b|redirect|send|render|output|display|"
    r"json|load|serve|stream|->",
    re.IGNORECASE,
)
_FILE = re.compile(r"(['\"])/?([\w./-]{1,200}\.php)\1")
_NEEDLES = (b"template_include", b"index_template", b"wp_using_themes", b"WP_USE_THEMES", b"ob_start", b"exit", b"die", b"EXIT", b"DIE")


class Emptying(NamedTuple):
    """`what`: the hook, the function or the constant by which it is done; `kind`: "nothing-given", "switched-off", "ends" or "names".

    `files`: of what "names", the ends of the paths that it gives back: it leaves a page empty where one of them is not there.
    """

    line: int
    what: str
    kind: str
    is_always: bool
    files: tuple[str, ...] = ()


def emptying(content: bytes, others: tuple[bytes, ...] = ()) -> list[Emptying]:
    """What is in this file; callbacks that stand in one of `others` are told at the line that tells of them."""
    if len(content) > MOST or not any(word in content for word in _NEEDLES):
        return []
    found = [Emptying(_line(content, match.start()), match[2].decode(), "nothing-given", True) for match in _READY_MADE.finditer(content)]
    found += [Emptying(_line(content, match.end()), "WP_USE_THEMES", "switched-off", True) for match in _SWITCH.finditer(content)]
    for each in callbacks(content, others):
        if each.hook in _TEMPLATES and (ways := _gives_nothing(each.body)):
            found.append(Emptying(each.line, each.hook, "nothing-given", ways == "all"))
        elif each.hook in _TEMPLATES and (files := _named(each.body)):
            found.append(Emptying(each.line, each.hook, "names", False, files))
        elif each.hook in _BEFORE_OUTPUT and (ends := _bare_end(each.body)):
            found.append(Emptying(ends[0] if _is_here(each.body, content) else each.line, each.hook, "ends", ends[1]))
    return [*found, *_buffers(content)]


def _line(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1


def _is_here(body: tree_sitter.Node, content: bytes) -> bool:
    return body.text is not None and content[body.start_byte : body.end_byte] == body.text


def _gives_nothing(function: tree_sitter.Node) -> str:
    """ "all" where no way through gives a value that is one, "some" where one does not."""
    body = function.child_by_field_name("body")
    if body is None:
        return ""
    if function.type == "arrow_function":
        return "all" if _is_nothing(text_of(body)) else ""
    if ways := ways_without_value(function):
        return ways
    returns = [node for node in inside(body) if node.type == "return_statement" and node.named_children]
    empty = [node for node in returns if _is_nothing(text_of(node.named_children[0]))]
    return "" if not empty else "all" if len(empty) == len(returns) else "some"


def _named(function: tree_sitter.Node) -> tuple[str, ...]:
    """The files that it gives back by a name that is written out, with nothing to fall back on."""
    body = function.child_by_field_name("body")
    if body is None:
        return ()
    given = [body] if function.type == "arrow_function" else [node for node in inside(body) if node.type == "return_statement"]
    texts = [text_of(node) for node in given]
    return tuple(match[2] for text in texts if "?" not in text and "||" not in text and (match := _FILE.search(text)))


def _is_nothing(value: str) -> bool:
    return value.strip().lower() in _GIVES_NOTHING


def _bare_end(function: tree_sitter.Node) -> tuple[int, bool] | None:
    """The line at which it ends the page with nothing said before, and whether that is met on every way."""
    body = function.child_by_field_name("body")
    nodes = list(inside(body)) if body is not None else []
    may_leave = any(node.type == "return_statement" for node in nodes)
    for node in nodes:
        if not _ENDS.match(text_of(node)) or node.parent is None:
            continue
        before = [each for each in node.parent.named_children if each.end_byte <= node.start_byte and each.type != "comment"]
        if not any(_ANSWERS.search(text_of(each)) for each in before):
            return node.start_point.row + 1, not may_leave and node.parent == body
    return None


def _buffers(content: bytes) -> Iterator[Emptying]:
    """Callbacks of output buffers that give nothing back."""
    if b"ob_start" not in content:
        return
    root = parsed(content)
    own = functions(root)
    for node in walk(root):
        if node.type != "function_call_expression" or text_of(node.child_by_field_name("function")).lstrip("\\").lower() != "ob_start":
            continue
        arguments = node.child_by_field_name("arguments")
        given = next((each.named_children[-1] for each in arguments.named_children if each.named_children), None) if arguments else None
        if given is None:
            continue
        is_named = given.type in ("string", "encapsed_string")
        body = own.get(text_of(given)[1:-1].lower()) if is_named else given
        if body is not None and body.child_by_field_name("body") is not None and (ways := _gives_nothing(body)):
            yield Emptying(body.start_point.row + 1, "ob_start", "nothing-given", ways == "all")
