"""The part of mod_rewrite that a shop's permalinks need, in per-directory context (modules/mappers/mod_rewrite.c)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .htaccess import Condition, RewriteRule, Rules

_VARIABLE = re.compile(r"%\{([A-Za-z_:-]+)\}|\$(\d)|%(\d)")


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    query: str
    filename: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """The path to look at next (the same: nothing was rewritten), or a `status` that ends the request."""

    path: str
    query: str
    status: int = 0
    location: str = ""


def rewrite(rules: Rules, request: Request, *, is_file: Callable[[str], bool], is_folder: Callable[[str], bool]) -> Step:
    """Carries out the rules of one folder once."""
    path, query = request.path, request.query
    if not rules.rewriting or not path.startswith(rules.rewrite_folder):
        return Step(path, query)
    local = path.removeprefix(rules.rewrite_folder)
    for rule in rules.rewrite_rules:
        found = _matches(rule, local, request, is_file, is_folder)
        if found is None:
            continue
        flags = {flag.partition("=")[0].lower(): flag.partition("=")[2] for flag in rule.flags}
        target = _filled(rule.target, request, found[0], found[1])
        ending = _ending(flags, target, path, query)
        if ending:
            return ending
        if target != "-":
            target, _, own_query = target.partition("?")
            if "?" in rule.target:
                query = "&".join(part for part in (own_query, query if {"qsa", "qsappend"} & flags.keys() else "") if part)
            path = target if target.startswith("/") else (rules.rewrite_base or rules.rewrite_folder).rstrip("/") + "/" + target
            local = path.removeprefix(rules.rewrite_folder)
        if {"l", "last", "end"} & flags.keys():
            break
    return Step(path, query)


def _ending(flags: dict[str, str], target: str, path: str, query: str) -> Step | None:
    if {"f", "forbidden"} & flags.keys():
        return Step(path, query, 403)
    if {"g", "gone"} & flags.keys():
        return Step(path, query, 410)
    code = flags.get("r", flags.get("redirect"))
    outside = target.startswith(("http://", "https://"))
    if (code is not None or outside) and target != "-":
        status = int(code) if code and code.isdecimal() and 300 <= int(code) <= 399 else 302
        location = target if outside or target.startswith("/") else "/" + target
        return Step(path, query, status, location)
    return None


def _matches(
    rule: RewriteRule, local: str, request: Request, is_file: Callable[[str], bool], is_folder: Callable[[str], bool]
) -> tuple[re.Match[str] | None, re.Match[str] | None] | None:
    """The match of the rule and of its last condition; None when the rule does not apply."""
    ignore = re.IGNORECASE if {"nc", "nocase"} & {flag.lower() for flag in rule.flags} else 0
    found = re.search(rule.pattern.removeprefix("!"), local, ignore)
    if bool(found) == rule.pattern.startswith("!"):
        return None
    last: re.Match[str] | None = None
    held_by_or = False
    for condition in rule.conditions:
        either = bool({"or", "ornext"} & condition.flags)
        if held_by_or:
            held_by_or = either
            continue
        holds, match = _holds(condition, request, found, last, is_file, is_folder)
        last = match or last
        if holds:
            held_by_or = either
        elif not either:
            return None
    return found, last


def _holds(
    condition: Condition,
    request: Request,
    rule_match: re.Match[str] | None,
    last: re.Match[str] | None,
    is_file: Callable[[str], bool],
    is_folder: Callable[[str], bool],
) -> tuple[bool, re.Match[str] | None]:
    tested = _filled(condition.tested, request, rule_match, last)
    negated = condition.pattern.startswith("!")
    pattern = condition.pattern.removeprefix("!")
    match: re.Match[str] | None = None
    if pattern in ("-f", "-s"):
        holds = is_file(tested)
    elif pattern == "-d":
        holds = is_folder(tested)
    elif pattern.startswith("="):
        holds = tested == pattern[1:].strip('"')
    elif pattern.startswith(("-", "<", ">")):
        holds = False
    else:
        match = re.search(pattern, tested, re.IGNORECASE if {"nc", "nocase"} & condition.flags else 0)
        holds = match is not None
    return holds != negated, match


def _filled(text: str, request: Request, rule_match: re.Match[str] | None, last: re.Match[str] | None) -> str:
    def value(found: re.Match[str]) -> str:
        variable, of_rule, of_condition = found.groups()
        if variable:
            return _variable(variable.upper(), request)
        match, number = (rule_match, int(of_rule)) if of_rule else (last, int(of_condition))
        return (match.group(number) or "") if match and number <= match.re.groups else ""

    return _VARIABLE.sub(value, text)


def _variable(name: str, request: Request) -> str:
    known = {
        "REQUEST_URI": request.path,
        "REQUEST_FILENAME": request.filename,
        "SCRIPT_FILENAME": request.filename,
        "QUERY_STRING": request.query,
        "HTTP_HOST": request.headers.get("host") or "",
        "HTTP_USER_AGENT": request.headers.get("user-agent") or "",
        "HTTP_REFERER": request.headers.get("referer") or "",
        "HTTPS": "off",
        "REQUEST_SCHEME": "http",
        "REMOTE_ADDR": "127.0.0.1",
    }
    return known.get(name, "")
