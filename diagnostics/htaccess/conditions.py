"""Whether the conditions of a `.htaccess` hold that are decided while it is read: `<IfModule>`, `<IfDefine>`, `<IfVersion>` and others."""

from __future__ import annotations

import re
from functools import lru_cache

from diagnostics.htaccess.directives import directives, edit_distance
from diagnostics.htaccess.parser import Line, first_word, split_words
from diagnostics.htaccess.server import ServerKnowledge

_CORE = {"core.c": "core", "http_core.c": "http_core", "mod_so.c": "mod_so", "core_module": "core", "so_module": "mod_so"}
_PARTS = re.compile(r"\d+(?:\.\d+){0,2}$")


def holds(line: Line, server: ServerKnowledge) -> bool | None:
    """True, False, or None where that depends on what is not known of the server."""
    if not line.words:
        return True
    if line.key == "ifversion":
        return _version(line.words, server)
    word = line.words[0]
    negated = word.startswith("!")
    name = word.removeprefix("!")
    state = None
    if line.key == "ifmodule":
        state = has_module(name, server)
    elif line.key == "ifdefine":
        state = name in server.defines if server.defines is not None else None
    elif line.key == "ifdirective" and name.lower() in directives():
        state = server.has(directives()[name.lower()].module)
    return state if state is None else state != negated


def has_module(name: str, server: ServerKnowledge) -> bool | None:
    """Modules are found by the name of their source ("mod_rewrite.c") or their identifier ("rewrite_module"), letter by letter."""
    if name in _CORE:
        return True
    if name != name.lower():
        return False
    if name.endswith(".c"):
        known = server.has(name.removesuffix(".c"))
        return False if known is None and _is_misspelt(name.removesuffix(".c")) else known
    if name.endswith("_module"):
        return server.has("mod_" + name.removesuffix("_module"))
    return False


@lru_cache(maxsize=256)
def _is_misspelt(name: str) -> bool:
    """Whether it is no module, but nearly one of Apache's own: such a condition never holds, and nobody is told of it."""
    modules = {directive.module for directive in directives().values()}
    return name not in modules and any(edit_distance(name, each, 2) <= 2 for each in modules if len(each) > 8)


def wrong_version(line: Line) -> str:
    """What Apache finds wrong with the head of an `<IfVersion>`, whose bracket counts as part of its last word."""
    words = split_words(first_word(line.read)[1])
    if len(words) > 3:
        return "<IfVersion> takes an operator and a version, and nothing may follow"
    if not (words[-1] == ">" or words[1 if len(words) > 1 else 0].endswith(">")):
        return "<IfVersion> lacks its closing >"
    version = words[1 if len(words) > 1 and words[1] != ">" else 0].removesuffix(">")
    if version.startswith("/") or (len(words) > 1 and words[0].removeprefix("!").startswith("~")):
        return ""
    return "" if _PARTS.match(version) else f"{version} is not a version like 2.4.6"


def _version(words: tuple[str, ...], server: ServerKnowledge) -> bool | None:
    """Compared part by part; a part that is not known, or a pattern, leaves it open."""
    *operators, wanted = words if len(words) > 1 else ("=", words[0])
    operator = operators[0] if operators else "="
    negated, operator = operator.startswith("!"), operator.removeprefix("!") or "="
    if not _PARTS.match(wanted) or operator not in ("=", "==", ">", ">=", "<", "<="):
        return None
    parts = [int(part) for part in wanted.split(".")] + [0, 0]
    version = list(server.version) or [2, 4]
    if len(version) < 3 and parts[:2] == version[:2]:
        return (not negated) if operator == ">=" and parts[2] == 0 else None
    have, want = version[:3], parts[:3]
    result = {"=": have == want, "==": have == want, ">": have > want, ">=": have >= want, "<": have < want, "<=": have <= want}[operator]
    return result != negated
