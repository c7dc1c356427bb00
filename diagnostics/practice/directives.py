"""Which `.htaccess` directives the practice web server knows, and what it says of wrong arguments.

The messages are worded as Apache 2.4 words them (server/config.c, server/core.c, modules/mappers/mod_rewrite.c), for
people will search the web for exactly those words.
"""

from __future__ import annotations

import re
from collections.abc import Callable

LOADED_MODULES = frozenset(
    f"mod_{name}.c"
    for name in ("alias", "authz_core", "autoindex", "core", "deflate", "dir", "env", "expires", "headers", "mime", "rewrite", "setenvif")
)

_KNOWN = """
AcceptPathInfo AddCharset AddDefaultCharset AddEncoding AddLanguage AddOutputFilterByType AddType DefaultType DirectoryIndex DirectorySlash
ErrorDocument ExpiresActive ExpiresByType ExpiresDefault FileETag Header IndexIgnore LimitRequestBody Options Redirect RedirectMatch
RedirectPermanent RedirectTemp RequestHeader Require RewriteBase RewriteCond RewriteEngine RewriteOptions RewriteRule ServerSignature
SetEnv SetEnvIf SetEnvIfNoCase UnsetEnv
"""
KNOWN = frozenset(_KNOWN.lower().split())
SECTIONS = frozenset({"files", "filesmatch", "ifmodule", "requireall", "requireany", "requirenone", "limit", "limitexcept"})

_NOT_ALLOWED = frozenset({"documentroot", "servername", "serveralias", "listen", "loadmodule", "customlog", "errorlog", "allowoverride"})
_NOT_ALLOWED_SECTIONS = frozenset({"directory", "directorymatch", "location", "locationmatch", "virtualhost"})
_OPTIONS = frozenset({"all", "none", "indexes", "followsymlinks", "symlinksifownermatch", "execcgi", "includes", "multiviews"})
_PROVIDERS = frozenset({"all", "ip", "host", "local", "env", "method", "expr", "not"})
_FLAG = re.compile(
    r"(?:r|redirect|l|last|f|forbidden|g|gone|nc|nocase|qsa|qsappend|qsd|qsdiscard|ne|noescape|pt|passthrough|end|"
    r"s|skip|e|env|co|cookie|dpi|b|n|next|c|chain|t|type|ns|nosubreq)(?:=.*)?",
    re.IGNORECASE | re.DOTALL,
)


def complaint(name: str, arguments: list[str]) -> str | None:
    """What Apache would say against this directive, None when it is in order. `name` as written in the file."""
    lower = name.lower()
    if lower in _NOT_ALLOWED:
        return f"{name} not allowed here"
    if lower not in KNOWN:
        return f"Invalid command '{name}', perhaps misspelled or defined by a module not included in the server configuration"
    look = _ARGUMENT_CHECKS.get(lower)
    return look(arguments) if look else None


def section_complaint(name: str) -> str | None:
    """The same for the opening of a section, `name` as written, without "<"."""
    if name.lower() in _NOT_ALLOWED_SECTIONS:
        return f"<{name} not allowed here"
    if name.lower() not in SECTIONS:
        return f"Invalid command '<{name}', perhaps misspelled or defined by a module not included in the server configuration"
    return None


def flags_of(text: str) -> list[str]:
    """The flags in "[L,R=301]", brackets removed."""
    return [flag.strip() for flag in text[1:-1].split(",") if flag.strip()]


def _rewrite_engine(arguments: list[str]) -> str | None:
    if len(arguments) != 1 or arguments[0].lower() not in ("on", "off"):
        return "RewriteEngine must be On or Off"
    return None


def _flags(directive: str, text: str, known: re.Pattern[str]) -> str | None:
    if not (text.startswith("[") and text.endswith("]")):
        return f"{directive}: bad flag delimiters"
    for flag in flags_of(text):
        if not known.fullmatch(flag):
            return f"{directive}: unknown flag '{flag.partition('=')[0]}'"
    return None


def _rewrite_rule(arguments: list[str]) -> str | None:
    if len(arguments) not in (2, 3):
        return f"RewriteRule: bad argument line '{' '.join(arguments)}'"
    if not _compiles(arguments[0].removeprefix("!")):
        return f"RewriteRule: cannot compile regular expression '{arguments[0].removeprefix('!')}'"
    return _flags("RewriteRule", arguments[2], _FLAG) if len(arguments) == 3 else None


def _rewrite_cond(arguments: list[str]) -> str | None:
    if len(arguments) not in (2, 3):
        return f"RewriteCond: bad argument line '{' '.join(arguments)}'"
    pattern = arguments[1].removeprefix("!")
    if not pattern.startswith(("-", "=", "<", ">")) and not _compiles(pattern):
        return f"RewriteCond: cannot compile regular expression '{pattern}'"
    known = re.compile(r"nc|nocase|or|ornext|nv|novary", re.IGNORECASE)
    return _flags("RewriteCond", arguments[2], known) if len(arguments) == 3 else None


def _error_document(arguments: list[str]) -> str | None:
    if len(arguments) < 2:
        return "ErrorDocument takes two arguments, Change responses for HTTP errors"
    if not arguments[0].isdecimal() or not 400 <= int(arguments[0]) <= 599:
        return f"Unsupported HTTP response code {arguments[0]}"
    return None


def _options(arguments: list[str]) -> str | None:
    signed = [argument[0] in "+-" for argument in arguments if argument]
    if any(signed) and not all(signed):
        return "Either all Options must start with + or -, or no Option may."
    for argument in arguments:
        if argument.lstrip("+-").lower() not in _OPTIONS:
            return f"Illegal option {argument.lstrip('+-')}"
    return None


def _require(arguments: list[str]) -> str | None:
    words = [argument.lower() for argument in arguments]
    if words and words[0] not in _PROVIDERS:
        return f"Unknown Authz provider: {arguments[0]}"
    if words[:1] == ["all"] and words[1:] not in (["granted"], ["denied"]):
        return "Argument for 'Require all' must be 'granted' or 'denied'"
    return None


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError):
        return False
    return True


_ARGUMENT_CHECKS: dict[str, Callable[[list[str]], str | None]] = {
    "rewriteengine": _rewrite_engine,
    "rewriterule": _rewrite_rule,
    "rewritecond": _rewrite_cond,
    "errordocument": _error_document,
    "options": _options,
    "require": _require,
}
