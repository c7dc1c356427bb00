"""Regular expressions as Apache 2.4 compiles and runs them: by PCRE, without UTF, with duplicate names allowed (server/util_pcre.c)."""

from __future__ import annotations

import re
from functools import lru_cache

import pcre2

# A pattern that came from a host is run with little patience: what needs more steps is taken for no match.
_PATIENCE = b"(*LIMIT_MATCH=20000)(*LIMIT_DEPTH=2000)"
_LONGEST = 20_000
_PLACE = re.compile(r"compilation failed at position (\d+); ?")
# What the library at hand refuses and those of servers may have been built with.
_NOT_EVERYWHERE = ("\\C is disabled", "JIT", "\\K is not allowed")


def why_broken(pattern: str) -> str:
    """Why PCRE does not compile this, in its own words; "" when it does or when that depends on its build."""
    why = _compiled(pattern, False)[1]
    if why and "{," in pattern and _compiled(pattern.replace("{,", "\\{,"), False)[0] is not None:
        return ""  # newer libraries read {,3} as a number of times, older ones letter by letter
    return "" if any(words in why for words in _NOT_EVERYWHERE) else why


def is_newer(pattern: str) -> bool:
    """Whether older PCRE libraries, which many hosts have, may refuse what a new one takes: looking back over a varying length."""
    return bool(re.search(r"\(\?<[=!](?:[^()\\]|\\.)*[{?*+|]", pattern))


def search(pattern: str, subject: str, *, ignore_case: bool = False) -> tuple[str, ...] | None:
    """The whole match and its groups, unset ones empty; None for no match or a pattern that does not compile."""
    code = _compiled(pattern, ignore_case)[0]
    if code is None:
        return None
    try:
        match = code.search(subject.encode("utf-8", "surrogateescape"))
    except pcre2.LibraryError:
        return None
    if match is None:
        return None
    groups = (match.group(0), *match.groups())
    return tuple((group or b"").decode("utf-8", "surrogateescape") for group in groups)


@lru_cache(maxsize=2048)
def _compiled(pattern: str, ignore_case: bool) -> tuple[pcre2.Pattern | None, str]:
    raw = pattern.encode("utf-8", "surrogateescape")
    if len(raw) > _LONGEST:
        return None, ""
    options = b"(?iJ)" if ignore_case else b"(?J)"
    flags = pcre2.DOTALL
    head, body = _verbs(raw)
    try:
        return pcre2.compile(head + _PATIENCE + options + body, flags, jit=False), ""
    except pcre2.LibraryError as error:
        return None, _PLACE.sub("", str(error)).strip()


def _verbs(raw: bytes) -> tuple[bytes, bytes]:
    """Settings at the very beginning of a pattern have to stay there."""
    match = re.match(rb"(?:\(\*[A-Z_]+(?:=\d+)?\))+", raw)
    return (match.group(), raw[match.end() :]) if match else (b"", raw)
