"""The line of a script that counts on what only some visitors bring: a sign-in, a cookie, the page they come from, a form.

What a server always gives a script is listed in RFC 3875, section 4.1; all else may be missing.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs

from diagnostics.checks.common import failing_pages
from diagnostics.evidence import Evidence, TextFile
from diagnostics.facts.cgi_modules import language
from diagnostics.facts.cgi_scripts import interpreter, of_env
from sites.texts import mark as _

_LONGEST = 64 * 1024
_MAY_LACK = re.compile(
    r"HTTP_(?!HOST\b|USER_AGENT\b|ACCEPT\b|ACCEPT_ENCODING\b|CONNECTION\b)\w+|PATH_INFO|PATH_TRANSLATED|REMOTE_(?:USER|IDENT|HOST)|AUTH_TYPE"
    r"|CONTENT_(?:LENGTH|TYPE)|REDIRECT_\w+|SSL_\w+|HTTPS"
)
_RUBY = re.compile(r"^[^#\n]*?\bENV\.fetch\(\s*[\"'](?P<name>\w+)[\"']\s*\)(?!\s*\{|\s*do\b)")
_SHELL_NEEDS = re.compile(r"^[^#\n]*?\$\{(?P<name>\w+):?\?")
_SHELL_STRICT = re.compile(r"^\s*set\s+(?:-\w*u|-o\s+nounset)", re.MULTILINE)
_SHELL_USES = re.compile(r"^[^#'\n]*?\$(?:(?P<name>\w+)|\{(?P<braced>\w+)\})")
_READERS = ("parse_qs", "FieldStorage", "parse")


def counts_on_visitor(evidence: Evidence, content: TextFile) -> tuple[int, str, float] | None:
    """The first such line, what to say of it, and how sure it is that the script fails there."""
    code = content.content
    if len(code) >= _LONGEST:
        return None
    program = (of_env(code) or interpreter(code)).rpartition("/")[2]
    text = code.decode("utf-8", "replace")
    if language(code) == "python":
        found = _first_of_python(code, _asked(evidence))
    elif program.startswith("ruby"):
        found = _by_rows(text, (_RUBY,))
    elif program.endswith("sh"):
        found = _by_rows(text, (_SHELL_NEEDS, _SHELL_USES) if _SHELL_STRICT.search(text) else (_SHELL_NEEDS,))
    else:
        return None
    if found is None:
        return None
    line, name = found
    return line, _("line {line} counts on {name}, which not every visitor brings").format(line=line, name=name), 0.82


def _asked(evidence: Evidence) -> frozenset[str]:
    """What the failing pages were asked with."""
    return frozenset(
        name for page in failing_pages(evidence.site) for name in parse_qs(page.path.partition("?")[2], keep_blank_values=True)
    )


def _by_rows(text: str, forms: Iterable[re.Pattern[str]]) -> tuple[int, str] | None:
    for number, row in enumerate(text.splitlines(), 1):
        for match in (match for form in forms if (match := form.search(row))):
            name = match["name"] or match.groupdict().get("braced") or ""
            if _MAY_LACK.fullmatch(name):
                return number, name
    return None


def _first_of_python(code: bytes, asked: frozenset[str]) -> tuple[int, str] | None:
    try:
        return min(_of_python(code, asked), default=None)
    except RecursionError:  # nothing that people write: it is not judged
        return None


def _of_python(code: bytes, asked: frozenset[str]) -> Iterator[tuple[int, str]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # another check tells of a script that cannot be read
        return
    given = {name for node in ast.walk(tree) if (name := _name_set(node))}
    forms = {target.id for node in ast.walk(tree) if isinstance(node, ast.Assign) and _reads_form(node.value) for target in node.targets
             if isinstance(target, ast.Name)}  # fmt: skip
    for node, named in _reached(tree, frozenset()):
        name = _needed(node)
        if name and _MAY_LACK.fullmatch(name) and name not in given | named:
            yield getattr(node, "lineno", 0), name
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in forms:
            field = _text(node.slice)
            if field and field not in asked | named and isinstance(node.ctx, ast.Load):
                yield node.lineno, field


def _reached(node: ast.AST, named: frozenset[str]) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    """What is met as the script runs, with the names that were asked for on the way; not what is tried, or done for a form only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Try):
            for part in (*child.orelse, *child.finalbody):
                yield from _reached(part, named)
            continue
        told = named
        if isinstance(child, ast.If | ast.IfExp | ast.BoolOp | ast.While):
            test = child if isinstance(child, ast.BoolOp) else child.test
            words = frozenset(text for each in ast.walk(test) if (text := _text(each)))
            if "REQUEST_METHOD" in words:
                continue
            told = named | _questioned(test)
        yield child, told
        yield from _reached(child, told)


def _questioned(test: ast.AST) -> frozenset[str]:
    """The names in a condition that are only looked for there."""
    needed = {id(node.slice) for node in ast.walk(test) if isinstance(node, ast.Subscript)}
    return frozenset(text for node in ast.walk(test) if id(node) not in needed and (text := _text(node)))


def _is_environ(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (isinstance(node, ast.Name) and node.id == "environ")


def _needed(node: ast.AST) -> str:
    """The name without whose value this ends the script: KeyError, or what `None` does not have."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _is_environ(node.value):
        return _text(node.slice)
    if isinstance(node, ast.Attribute | ast.Subscript):
        return _looked_up(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("int", "float", "len") and node.args:
        return _looked_up(node.args[0])
    return ""


def _looked_up(node: ast.AST) -> str:
    """The name that is asked for with nothing to take in its place."""
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return ""
    func = node.func
    is_get = isinstance(func, ast.Attribute) and (func.attr == "getenv" or (func.attr == "get" and _is_environ(func.value)))
    return _text(node.args[0]) if is_get or (isinstance(func, ast.Name) and func.id == "getenv") else ""


def _name_set(node: ast.AST) -> str:
    is_set = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_environ(node.value)
    is_default = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setdefault" and node.args
    if is_set and isinstance(node, ast.Subscript):
        return _text(node.slice)
    return _text(node.args[0]) if is_default and isinstance(node, ast.Call) else ""


def _reads_form(node: ast.AST) -> bool:
    func = node.func if isinstance(node, ast.Call) else None
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    return name in _READERS


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
