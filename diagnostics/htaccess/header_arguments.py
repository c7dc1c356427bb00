"""The arguments of mod_headers, mod_expires, mod_setenvif and mod_rewrite's smaller directives."""

from __future__ import annotations

import re
from collections.abc import Callable

from diagnostics.htaccess.complaints import Complaint, bad, bad_expression, bad_pattern
from diagnostics.htaccess.parser import Line, split_words
from diagnostics.htaccess.word_sets import word_set

_ACTIONS = word_set("add set setifempty append merge unset echo note edit edit*")
_FORMATS = "Dteslib%"
_FORMAT = re.compile(r"%(?:\{[^}]*(?:\}|$))?(.|$)", re.DOTALL)
_SPECIAL = re.compile(r"(?<!\\)[\^.$|()\[\]*+?{}]")
_REWRITE_OPTIONS = word_set(
    "inherit inheritbefore inheritdown inheritdownbefore ignoreinherit allownoslash allowanyuri mergebase ignorecontextinfo "
    "legacyprefixdocroot unsafeprefixstat"
)


def _header(line: Line) -> Complaint | None:
    words = list(line.words)
    if line.key == "header" and words and words[0].lower() in ("always", "onsuccess"):
        words.pop(0)
    action = words[0].lower() if words else ""
    if action not in _ACTIONS:
        shown = words[0] if words else "do nothing"
        return bad(f"{line.name} cannot {shown}: it knows set, append, add, unset, …", words[0] if words else "")
    if action == "echo" and line.key == "requestheader":
        return bad("RequestHeader cannot echo", words[0])
    if len(words) > 5 or (len(words) > 4 and not action.startswith("edit")):
        return bad(f"{line.name} has too many words: put the value in quotes", line.args)
    return _header_of(action, words, line)


def _header_of(action: str, words: list[str], line: Line) -> Complaint | None:
    if words[-1] == "":
        return bad(f"{line.name} ends with a quote that belongs to nothing", line.args) if _is_clause(action, len(words)) else None
    header, value, third, fourth = (*words[1:5], "", "", "", "")[:4]
    if action.startswith("edit"):
        if len(words) < 4:
            return bad(f"{line.name} {action} needs a pattern and what to put in its place", line.args)
        return bad_pattern(value, line.name) or _clause(fourth, line) or _format(third, line)
    if action in ("unset", "echo"):
        if len(words) > 3:
            return bad(f"{line.name} {action} takes the name of a header, no value", line.args)
        return _clause(value, line) or (bad_pattern(header, line.name) if action == "echo" else None)
    if len(words) < 3:
        return bad(f"{line.name} {action} {header} gives no value".replace("  ", " "), line.args)
    return _clause(third, line) or _format(value, line)


def _is_clause(action: str, count: int) -> bool:
    """Whether the last of so many words stands where a condition would."""
    return count == (5 if action.startswith("edit") else 3 if action in ("unset", "echo") else 4)


def _clause(clause: str, line: Line) -> Complaint | None:
    """The last word of a Header line: early, env=… or expr=…"""
    key = clause.lower()
    if not key or key == "early":
        return None
    if key.startswith("env="):
        return bad(f"{line.name} names no variable after env=", clause) if key in ("env=", "env=!") else None
    if key.startswith("expr="):
        return bad_expression(clause[5:], line.name)
    return bad(f"{line.name} does not understand “{clause}”: put a value with spaces in quotes", clause)


def _format(value: str, line: Line) -> Complaint | None:
    if value.startswith("expr="):
        return bad_expression(value[5:], line.name, is_string=True)
    for match in _FORMAT.finditer(value):
        if match.group(1) and match.group(1) not in _FORMATS:
            return bad(f"the value has a % that stands for nothing: write %% for a percent sign ({match.group()})", value)
        if not match.group(1) and match.group() != "%":
            return bad("the value ends in the middle of a %{…}", value)
    return None


def _expires_default(line: Line) -> Complaint | None:
    return _expiry(line.words[0], line)


def _expires_by_type(line: Line) -> Complaint | None:
    if "/" not in line.words[0]:
        return bad(f"{line.words[0]} is not a type: it has no slash", line.words[0])
    return _expiry(line.words[1], line)


def _expiry(code: str, line: Line) -> Complaint | None:
    """`check_code` of mod_expires: only the first letters of its words count."""
    if code[:1] in ("A", "M"):
        return None
    words = [word for word in split_words(code) if word]
    wrong = bad(f"“{code}” is not a time of expiry", code)
    if not words or words[0][:1].lower() not in ("n", "a", "m"):
        return wrong
    rest = words[2:] if len(words) > 1 and words[1][:1].lower() == "p" else words[1:]
    for index in range(0, len(rest), 2):
        unit = rest[index + 1].lower() if index + 1 < len(rest) else ""
        if not rest[index][:1].isdigit() or not (unit[:1] in tuple("ywdhs") or unit[:2] in ("mo", "mi")):
            return wrong
    return None


def _set_env_if(line: Line) -> Complaint | None:
    words = ("User-Agent", *line.words) if line.key.startswith("browsermatch") else line.words
    if len(words) < 2 or not all(words[:2]):
        return bad(f"{line.name} needs a pattern and a variable", line.args)
    name, pattern = words[:2]
    if (_SPECIAL.search(pattern) or "\\" in pattern) and (complaint := bad_pattern(pattern, line.name)):
        return complaint
    if re.search(r"[^-_A-Za-z0-9]", name) and (complaint := bad_pattern(name, line.name)):
        return complaint
    return None if len(words) > 2 and words[2] else bad(f"{line.name} names no variable", line.args)


def _set_env_if_expr(line: Line) -> Complaint | None:
    if len(line.words) < 1 or not line.words[0]:
        return bad("SetEnvIfExpr needs an expression and a variable", line.args)
    if complaint := bad_expression(line.words[0], "SetEnvIfExpr"):
        return complaint
    return None if len(line.words) > 1 else bad("SetEnvIfExpr needs an expression and a variable", line.args)


def _rewrite_base(line: Line) -> Complaint | None:
    return None if line.words[0].startswith("/") else bad("RewriteBase must begin with a slash", line.words[0])


def _rewrite_options(line: Line) -> Complaint | None:
    for word in (each for option in line.words for each in split_words(option)):
        if word.lower() not in _REWRITE_OPTIONS and not word.lower().startswith("maxredirects="):
            return bad(f"RewriteOptions knows no {word}", word)
    return None


RULES: dict[str, Callable[[Line], Complaint | None]] = {
    "header": _header,
    "requestheader": _header,
    "expiresdefault": _expires_default,
    "expiresbytype": _expires_by_type,
    "setenvif": _set_env_if,
    "setenvifnocase": _set_env_if,
    "browsermatch": _set_env_if,
    "browsermatchnocase": _set_env_if,
    "setenvifexpr": _set_env_if_expr,
    "rewritebase": _rewrite_base,
    "rewriteoptions": _rewrite_options,
}
