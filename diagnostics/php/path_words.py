"""Paths as PHP code puts them together, as far as that can be told without running it. PURE.

`__DIR__`, `dirname()`, constants, variables and texts joined by dots; WordPress's own names as wp-includes/default-constants.php has them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

MOST = 256 * 1024  # bytes of one script that are looked through
_DEEPEST = 8
_LONGEST = 2000
_MOST_GIVEN = 2  # values of one constant that are followed: one for each way that the code may take
_TEXT = re.compile(r"'(?P<single>(?:[^'\\]|\\.)*+)'|\"(?P<double>(?:[^\"\\]|\\.)*+)\"", re.DOTALL)
_CALL = re.compile(r"\\?(?P<name>[A-Za-z_]\w*)\s*\((?P<inside>.*)\)(?P<key>\s*\[\s*['\"]basedir['\"]\s*\])?\Z", re.DOTALL)
_VARIABLE = re.compile(r"(?:\$this->|self::\$?|static::\$?|\$)(?P<name>\w{1,80})(?P<key>\[['\"]basedir['\"]\])?\Z")
_CONSTANT = re.compile(r"\\?(?P<name>[A-Za-z_]\w{0,80})\Z")
_INSIDE_TEXT = re.compile(r"\{\$(?P<braced>(?:this->)?\w{1,80})\}|\$(?P<bare>\w{1,80})|\{\$|\$\{")
_OPENS, _CLOSES = "([{", ")]}"
_SAME = frozenset({"rtrim", "trim", "realpath", "trailingslashit", "untrailingslashit", "wp_normalize_path", "strval"})
_UPLOADS = frozenset({"wp_upload_dir", "wp_get_upload_dir"})


@dataclass(frozen=True, slots=True)
class Code:
    """A script by the server's name for it, and its text."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Where:
    """What a script finds when it runs: the docroot and the folder of temporary files, by the server's names."""

    docroot: str
    temporary: str = "/tmp"  # noqa: S108 (a name to compare with, nothing is written there)


@dataclass(frozen=True, slots=True)
class Way:
    """A path by the server's name; where it is not whole, what follows is made up as the script runs."""

    path: str
    is_whole: bool


def way_of(words: str, at: int, codes: Sequence[Code], where: Where, depth: int = 0) -> Way | None:
    """The path that these words make at this offset of the first of `codes`; the others may hold constants. None: cannot be told."""
    if depth > _DEEPEST or len(words) > _LONGEST:
        return None
    path = ""
    for number, part in enumerate(parts_of(words, ".")):
        found = _part(part.strip(), at, codes, where, depth)
        if found is None:
            return Way(path, is_whole=False) if number and path else None
        path += found.path
        if not found.is_whole:
            return Way(path, is_whole=False) if path else None
    return Way(path, is_whole=True) if path else None


def parts_of(words: str, sign: str) -> list[str]:
    """The words between these signs, where they stand in no text and no brackets."""
    found, depth, begun, at = [], 0, 0, 0
    while at < len(words):
        if text := _TEXT.match(words, at) if words[at] in "'\"" else None:
            at = text.end()
            continue
        depth += (words[at] in _OPENS) - (words[at] in _CLOSES)
        if words[at] == sign and depth == 0 and not (sign == "." and words[at - 1 : at].isdigit()):
            found.append(words[begun:at])
            begun = at + 1
        at += 1
    return [*found, words[begun:]]


def inside_brackets(text: str, at: int) -> str | None:
    """What stands between the bracket at this offset and the one that closes it."""
    depth, begun = 0, at
    while at < min(len(text), begun + _LONGEST):
        if found := _TEXT.match(text, at) if text[at] in "'\"" else None:
            at = found.end()
            continue
        depth += (text[at] in _OPENS) - (text[at] in _CLOSES)
        at += 1
        if depth == 0:
            return text[begun + 1 : at - 1]
    return None


def _part(part: str, at: int, codes: Sequence[Code], where: Where, depth: int) -> Way | None:
    if text := _TEXT.fullmatch(part):
        return _text(text, at, codes, where, depth)
    if part.startswith("(") and part.endswith(")"):
        return way_of(part[1:-1], at, codes, where, depth + 1)
    if re.fullmatch(r"\$_SERVER\s*\[\s*['\"]DOCUMENT_ROOT['\"]\s*\]", part):
        return Way(where.docroot, is_whole=True)
    if call := _CALL.fullmatch(part):
        return _called(call, at, codes, where, depth)
    if variable := _VARIABLE.fullmatch(part):
        return _variable(variable, at, codes, where, depth)
    if name := _CONSTANT.fullmatch(part):
        return _constant(name["name"], codes, where, depth)
    return None


def _text(match: re.Match[str], at: int, codes: Sequence[Code], where: Where, depth: int) -> Way | None:
    if match["double"] is None:
        return Way(re.sub(r"\\(['\\])", r"\1", match["single"]), is_whole=True)
    text, path, begun = match["double"], "", 0
    for inner in _INSIDE_TEXT.finditer(text):
        path += text[begun : inner.start()]
        named = inner["braced"] or inner["bare"]
        found = way_of(f"${named}", at, codes, where, depth + 1) if named else None
        if found is None or not found.is_whole:
            return Way(path + (found.path if found else ""), is_whole=False)
        path, begun = path + found.path, inner.end()
    return Way(path + text[begun:], is_whole=True)


def _called(call: re.Match[str], at: int, codes: Sequence[Code], where: Where, depth: int) -> Way | None:
    name, given = call["name"].lower(), [each.strip() for each in parts_of(call["inside"], ",")]
    if call["key"]:
        return Way(f"{_content(codes[0], where)}/uploads", is_whole=True) if name in _UPLOADS else None
    if name == "sys_get_temp_dir":
        return Way(where.temporary, is_whole=True)
    found = way_of(given[0], at, codes, where, depth + 1) if given[0] else None
    if found is None:
        return None
    if name in _SAME:
        slash = "/" if name == "trailingslashit" else ""
        return Way(found.path.rstrip("/") + slash, found.is_whole) if found.is_whole else found
    if name == "plugin_dir_path":
        return Way(posixpath.dirname(found.path) + "/", is_whole=True)
    if name == "dirname" and found.is_whole:
        path = found.path.rstrip("/")
        for _level in range(min(9, int(given[1])) if len(given) > 1 and given[1].isdigit() else 1):
            path = posixpath.dirname(path)
        return Way(path, is_whole=True)
    return None


def _variable(match: re.Match[str], at: int, codes: Sequence[Code], where: Where, depth: int) -> Way | None:
    given = next(_given(match["name"], codes[0].text, at), None)
    if given is None:
        return None
    words, begun = given
    if match["key"]:
        return Way(f"{_content(codes[0], where)}/uploads", is_whole=True) if any(name in words for name in _UPLOADS) else None
    return way_of(words, begun, codes, where, depth + 1)


def _given(name: str, text: str, before: int) -> Iterator[tuple[str, int]]:
    """What is given to a variable or property of this name, and where: the last before this offset first, else a property's own value."""
    form = re.compile(rf"(?:\$this->|self::\$?|static::\$?|\$){re.escape(name)}\s*=(?![=>])\s*")
    found = list(form.finditer(text[:MOST]))
    for match in (*reversed([each for each in found if each.start() < before]), *(each for each in found if each.start() >= before)):
        yield statement(text, match.end()), match.start()


def statement(text: str, at: int) -> str:
    """The words from here up to the end of the statement."""
    return parts_of(text[at : at + _LONGEST], ";")[0].strip()


def _constant(name: str, codes: Sequence[Code], where: Where, depth: int) -> Way | None:
    own = codes[0]
    known = {
        "__FILE__": own.path, "__DIR__": posixpath.dirname(own.path), "DIRECTORY_SEPARATOR": "/", "ABSPATH": f"{_wordpress(own, where)}/",
        "WP_CONTENT_DIR": _content(own, where), "WP_PLUGIN_DIR": f"{_content(own, where)}/plugins",
    }  # fmt: skip
    form = re.compile(rf"\bconst\s+(?:\w+\s+)?{name}\s*=\s*(?P<const>)|\bdefine\s*\(\s*['\"]{name}['\"]\s*,\s*")
    for code in codes if name not in ("__FILE__", "__DIR__") else ():
        for match in islice(form.finditer(code.text[:MOST]), _MOST_GIVEN):
            rest = code.text[match.end() : match.end() + _LONGEST]
            words = statement(rest, 0) if match["const"] is not None else (inside_brackets(f"({rest}", 0) or "")
            others = [each for each in codes if each is not code]
            if words and (found := way_of(parts_of(words, ",")[0], match.start(), [code, *others], where, depth + 1)):
                return found
    return Way(known[name], is_whole=True) if name in known else None


def _wordpress(code: Code, where: Where) -> str:
    """The folder that WordPress lies in: of a script in one of its own folders the one above."""
    match = re.search(r"/wp-(?:content|includes|admin)/", code.path)
    return code.path[: match.start()] if match else where.docroot


def _content(code: Code, where: Where) -> str:
    return f"{_wordpress(code, where)}/wp-content"
