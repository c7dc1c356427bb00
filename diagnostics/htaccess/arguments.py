"""Lints the arguments of single directives: their number, and the values that Apache 2.4 refuses outright."""

from __future__ import annotations

import re
from collections.abc import Callable

from diagnostics.htaccess.directives import Directive
from diagnostics.htaccess.parser import Line
from diagnostics.htaccess.regexes import surely_broken
from diagnostics.htaccess.rewriting import Complaint, lint_condition, lint_rule

_BAD = "htaccess-bad-argument"
_OPTIONS = frozenset(
    {"indexes", "includes", "includesnoexec", "followsymlinks", "symlinksifownermatch", "execcgi", "multiviews", "all", "none"}
)
_STATUSES = frozenset(
    [100, 101, 102, 103, *range(200, 209), 226, *range(300, 309), *range(400, 419), *range(421, 427), 428, 429, 431, 451,
     *range(500, 509), 510, 511]
)  # fmt: skip
_PROVIDERS = frozenset(
    {"all", "env", "method", "expr", "user", "valid-user", "group", "ip", "host", "forward-dns", "local", "file-owner", "file-group"}
)
_PROVIDER_PREFIXES = ("ldap-", "dbm-", "dbd-", "shib", "saml", "claim", "oauth", "unix-", "cas-")
_HEADER_ACTIONS = frozenset({"add", "set", "setifempty", "append", "merge", "unset", "echo", "note", "edit", "edit*"})
_REDIRECT_STATUS = frozenset({"permanent", "temp", "seeother", "gone"})
_METHODS = frozenset(
    [
        "get",
        "put",
        "post",
        "delete",
        "connect",
        "options",
        "trace",
        "patch",
        "propfind",
        "proppatch",
        "mkcol",
        "copy",
        "move",
        "lock",
        "unlock",
        "version-control",
        "checkout",
        "uncheckout",
        "checkin",
        "update",
        "label",
        "report",
        "mkworkspace",
        "mkactivity",
        "baseline-control",
        "merge",
        "head",
    ]
)
_UNITS = re.compile(r"(years?|months?|weeks?|days?|hours?|minutes?|seconds?)$", re.IGNORECASE)
_ADDRESS = re.compile(r"[0-9A-Fa-f.:/]+$")


def lint_arguments(line: Line, directive: Directive) -> Complaint | None:
    """What Apache will refuse about this line's arguments, None when nothing surely is."""
    key = line.key
    if key == "rewriterule":
        return lint_rule(line.args)
    if key == "rewritecond":
        return lint_condition(line.args)
    if complaint := _count(line, directive):
        return complaint
    special = _SPECIAL.get(key)
    return special(line) if special else None


def _bad(text: str, argument: str = "") -> Complaint:
    return _BAD, text, argument


def _count(line: Line, directive: Directive) -> Complaint | None:
    words, rule = line.words, directive.arguments
    if rule == "raw":
        return None
    if rule == "flag":
        good = bool(words) and words[0].lower() in ("on", "off")  # what follows is ignored
        return None if good else _bad(f"{directive.name} must be On or Off", " ".join(words))
    low, high = _bounds(rule)
    if low <= len(words) <= high:
        return None
    return _bad(f"{directive.name} takes {_in_words(low, high)}, here are {len(words)}", line.args)


def _bounds(rule: str) -> tuple[int, int]:
    if rule.endswith("+"):
        return int(rule[:-1]), 10_000
    low, _, high = rule.partition("-")
    return int(low), int(high or low)


def _in_words(low: int, high: int) -> str:
    if high >= 10_000:
        return f"at least {low} argument{'s' if low > 1 else ''}"
    if low == high:
        return "one argument" if low == 1 else f"{low} arguments"
    return f"{low} to {high} arguments"


def _options(line: Line) -> Complaint | None:
    signed = [word[0] in "+-" for word in line.words if word]
    for word in line.words:
        bare = word.lstrip("+-") if word[:1] in "+-" else word
        if bare.lower() not in _OPTIONS:
            return _bad(f"{word} is not an option", word)
    if any(signed) and not all(signed):
        return _bad("either all options start with + or -, or none does", line.args)
    return None


def _error_document(line: Line) -> Complaint | None:
    code = line.words[0]
    if code.isdigit() and int(code) in _STATUSES:
        return None
    return "htaccess-bad-errordocument", f"{code} is not an HTTP error status", code


def _require(line: Line) -> Complaint | None:
    words = line.words[1:] if line.words[:1] and line.words[0].lower() == "not" else line.words
    if not words:
        return _bad("Require does not say whom it lets in", "")
    provider = words[0].lower()
    if provider not in _PROVIDERS and not provider.startswith(_PROVIDER_PREFIXES):
        return _bad(f"Require knows no {words[0]}", words[0])
    if provider == "all" and [word.lower() for word in words[1:]] not in (["granted"], ["denied"]):
        return _bad("Require all must be granted or denied", " ".join(words[1:]))
    if provider == "ip":
        wrong = next((word for word in words[1:] if not _ADDRESS.match(word) and "%{" not in word), "")
        return _bad(f"{wrong} is not an IP address", wrong) if wrong else None
    return None


def _header(line: Line) -> Complaint | None:
    words = list(line.words)
    if words and words[0].lower() in ("always", "onsuccess", "early"):
        words.pop(0)
    if not words or words[0].lower() not in _HEADER_ACTIONS:
        return _bad(
            f"{line.name} cannot {words[0] if words else 'do nothing'}: it knows set, append, add, unset, …", words[0] if words else ""
        )
    if len(words) < 2:
        return _bad(f"{line.name} {words[0]} names no header", "")
    if words[0].lower() in ("set", "add", "append", "merge", "setifempty") and len(words) < 3:
        return _bad(f"{line.name} {words[0]} {words[1]} gives no value", "")
    return None


def _redirect(line: Line) -> Complaint | None:
    words = line.words
    status = words[0].lower()
    if status in _REDIRECT_STATUS or status.isdigit():
        return None
    if len(words) == 3:
        return _bad(f"{words[0]} is not a status of Redirect", words[0])
    return None


def _redirect_match(line: Line) -> Complaint | None:
    words = line.words
    status = words[0].lower()
    pattern = words[1] if len(words) > 1 and (status in _REDIRECT_STATUS or status.isdigit()) else words[0]
    return _regex(pattern, line.name)


def _regex(pattern: str, name: str) -> Complaint | None:
    why = surely_broken(pattern)
    return ("htaccess-bad-regex", f"the pattern of {name} does not compile: {why}", pattern) if why else None


def _set_env_if(line: Line) -> Complaint | None:
    least = 2 if line.key.startswith("browsermatch") else 3
    if len(line.words) < least:
        return _bad(f"{line.name} needs a pattern and a variable", line.args)
    return _regex(line.words[least - 2], line.name)


def _one_of(*allowed: str) -> Callable[[Line], Complaint | None]:
    def check(line: Line) -> Complaint | None:
        word = line.words[0]
        return None if word.lower() in allowed else _bad(f"{line.name} must be one of {', '.join(allowed)}", word)

    return check


def _allow_deny(line: Line) -> Complaint | None:
    return None if line.words[0].lower() == "from" else _bad(f"{line.name} must be followed by from", line.words[0])


def _expires(line: Line) -> Complaint | None:
    code = line.words[-1]
    if re.fullmatch(r"[AaMm]\d+", code):
        return None
    words = code.split()
    if not words or words[0].lower() not in ("access", "now", "modification"):
        return _bad(f"“{code}” is not a time of expiry", code)
    rest = [word for word in words[1:] if word.lower() != "plus"]
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    if len(rest) % 2 or any(not number.isdigit() or not _UNITS.match(unit) for number, unit in pairs):
        return _bad(f"“{code}” is not a time of expiry", code)
    return None


def _digits(line: Line) -> Complaint | None:
    return None if re.match(r"\d+$", line.words[0]) else _bad(f"{line.name} takes a number of bytes", line.words[0])


_SPECIAL: dict[str, Callable[[Line], Complaint | None]] = {
    "options": _options,
    "errordocument": _error_document,
    "require": _require,
    "header": _header,
    "requestheader": _header,
    "redirect": _redirect,
    "redirectmatch": _redirect_match,
    "setenvif": _set_env_if,
    "setenvifnocase": _set_env_if,
    "browsermatch": _set_env_if,
    "browsermatchnocase": _set_env_if,
    "order": _one_of("allow,deny", "deny,allow", "mutual-failure"),
    "satisfy": _one_of("all", "any"),
    "allow": _allow_deny,
    "deny": _allow_deny,
    "serversignature": _one_of("on", "off", "email"),
    "acceptpathinfo": _one_of("on", "off", "default"),
    "enablesendfile": _one_of("on", "off"),
    "enablemmap": _one_of("on", "off"),
    "expiresdefault": _expires,
    "expiresbytype": _expires,
    "limitrequestbody": _digits,
}


def lint_section(line: Line) -> Complaint | None:
    """What Apache will refuse about the head of a container."""
    key = line.key
    if key == "filesmatch" and line.words:
        return _regex(line.words[0], "FilesMatch")
    if key == "files" and len(line.words) > 1 and line.words[0] == "~":
        return _regex(line.words[1], "Files")
    if key in ("limit", "limitexcept"):
        wrong = next((word for word in line.words if word.lower() not in _METHODS and word != word.upper()), "")
        return _bad(f"{wrong} is not a method of HTTP", wrong) if wrong else None
    if key in ("ifmodule", "ifdefine", "files", "filesmatch", "if", "elseif", "limit", "limitexcept") and not line.words:
        return _bad(f"<{line.name}> needs an argument", "")
    return None
