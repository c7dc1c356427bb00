"""`.env` files as phpdotenv and Symfony's Dotenv read them: names, quoted or bare values, comments, and names put into other values."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAMES = (".env", ".env.local", ".env.prod", ".env.prod.local")  # in the order in which they are read
_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*=[ \t]*", re.MULTILINE)
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_BARE = re.compile(r"[^\r\n]*")
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9_.:/@%+,=-]+\Z")
_REFERENCE = re.compile(r"(?<!\\)\$(?:\{(\w+)(?::?-([^}\n]{0,1000}))?\}|(\w+))")
_LONGEST = 32 * 1024  # characters of a value: names put into one another could make it as long as the memory
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def env_lines(source: str) -> dict[str, int]:
    """The line that gives each name its value, the last one of each."""
    return {found[1]: source.count("\n", 0, found.start(1)) + 1 for found in _LINE.finditer(source)}


def env_line(source: str, name: str) -> int | None:
    """The line that gives this name its value, else the last one where that is a comment; None where neither is there."""
    if (line := env_lines(source).get(name)) is not None:
        return line
    commented = list(re.finditer(rf"^[ \t]*#[# \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*=", source, re.MULTILINE))
    return source.count("\n", 0, commented[-1].start()) + 1 if commented else None


def env_value_at(source: str, line: int) -> tuple[str, int, int] | None:
    """The name that is given its value on this line, and where that value stands, quotes included."""
    for found in _LINE.finditer(source):
        if source.count("\n", 0, found.start(1)) + 1 == line:
            at = found.end()
            quoted = _SINGLE.match(source, at) or _DOUBLE.match(source, at)
            bare = _BARE.match(source, at)
            value = quoted[0] if quoted else re.sub(r"(?:^|\s)#.*", "", bare[0] if bare else "").rstrip()
            return found[1], at, at + len(value)
    return None


def env_quoted(value: str) -> str:
    """A value as both programs read it back: bare where nothing in it means anything, else in quotes."""
    if _NEEDS_NO_QUOTES.match(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'


def env_with_spaces(source: str) -> tuple[str, int] | None:
    """The first name whose value has a space inside and no quotes, with its line: both programs refuse the whole file then."""
    for found in _LINE.finditer(source):
        bare = _BARE.match(source, found.end())
        text = re.sub(r"(?:^|\s)#.*", "", bare[0]).strip() if bare else ""
        if text[:1] not in ("", "'", '"', "$", "(") and re.search(r"\s", text):
            return found[1], source.count("\n", 0, found.start(1)) + 1
    return None


def read_env(source: str, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """All names with their values, those of `known` (an earlier file) included; later lines count."""
    found = dict(known or {})
    at = 0
    while name := _LINE.search(source, at):
        at = name.end()
        if single := _SINGLE.match(source, at):
            value, at = single[1], single.end()
        elif double := _DOUBLE.match(source, at):
            plain = re.sub(r"\\([nrt\"\\$])", lambda mark: _ESCAPES.get(mark[1], mark[1]), _filled(double[1], found))
            value, at = plain, double.end()
        else:
            bare = _BARE.match(source, at)
            text = bare[0] if bare else ""
            value, at = _filled(re.sub(r"(?:^|\s)#.*", "", text).strip(), found), bare.end() if bare else at
        found[name[1]] = value
    return found


def _filled(text: str, known: Mapping[str, str]) -> str:
    room = _LONGEST

    def value_of(found: re.Match[str]) -> str:
        nonlocal room
        value = known.get(found[1] or found[3], found[2] or "")[:room]
        room -= len(value)
        return value

    return _REFERENCE.sub(value_of, text)
