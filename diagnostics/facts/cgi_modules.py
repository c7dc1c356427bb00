"""The modules that scripts ask for by name, and whether the host has them.

Perl and Python look through folders of the host itself, which differ from one to the next: where commands can be run, they are asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from diagnostics.evidence import TextFile
from diagnostics.facts.cgi_scripts import interpreter, of_env
from diagnostics.transports.base import Reader, TransportError
from diagnostics.transports.commands import modules_of_perl, modules_of_python, run

_MOST = 40
# Without the texts that may stand in a Perl script (perlpod, perldata).
_NO_CODE = re.compile(rb"^=[a-zA-Z].*?(?:^=cut\b[^\n]*|\Z)|^__(?:END|DATA)__\b.*\Z", re.MULTILINE | re.DOTALL)
_USE = re.compile(
    rb"^[ \t]*use[ \t]+(?P<name>[A-Z]\w{0,60}(?:::\w{1,60}){0,6})[ \t]*(?:v?[\d._]{1,20}[ \t]*)?(?:;|(?:qw\b|[(\"'-]|=>)[^\n]{0,400}|\r?$)",
    re.MULTILINE,
)
_REQUIRE = re.compile(rb"^require[ \t]+(?P<name>[A-Z]\w{0,60}(?:::\w{1,60}){0,6})[ \t]*;", re.MULTILINE)
_IMPORT = re.compile(rb"^import[ \t]+(?P<names>[\w., \t]{1,400}?)[ \t]*(?:#|;|\r?$)", re.MULTILINE)
_FROM = re.compile(rb"^from[ \t]+(?P<name>[A-Za-z_]\w{0,60})(?:\.\w{1,60}){0,6}[ \t]+import\b", re.MULTILINE)


class Asked(NamedTuple):
    """A module that a script cannot do without: its name and the line that asks for it."""

    name: str
    line: int


def language(content: bytes) -> str:
    """What reads the script: "perl", "python", or "" for anything else."""
    program = (of_env(content) or interpreter(content)).rpartition("/")[2]
    return next((name for name in ("perl", "python") if program.startswith(name)), "")


def asked(content: bytes) -> list[Asked]:
    """In the order of the lines; of Python the outermost name. One that is asked for inside of a block may be done without."""
    code = _NO_CODE.sub(lambda match: b"\n" * match.group().count(b"\n"), content)
    found = {"perl": _of_perl, "python": _of_python}.get(language(content), lambda _code: iter(()))(code)
    first: dict[str, Asked] = {}
    for each in sorted(found, key=lambda one: one.line):
        first.setdefault(each.name, each)
    return list(first.values())[:_MOST]


def _of_perl(code: bytes) -> Iterator[Asked]:
    for match in (*_USE.finditer(code), *_REQUIRE.finditer(code)):
        yield Asked(match["name"].decode(), _line(code, match.start("name")))


def _of_python(code: bytes) -> Iterator[Asked]:
    for match in _FROM.finditer(code):
        yield Asked(match["name"].decode(), _line(code, match.start("name")))
    for match in _IMPORT.finditer(code):
        for name in match["names"].decode("ascii", "replace").split(","):
            if (own := name.split(" as ")[0].strip().partition(".")[0]).isidentifier():
                yield Asked(own, _line(code, match.start("names")))


def _line(code: bytes, at: int) -> int:
    return code.count(b"\n", 0, at) + 1


def read(reader: Reader, scripts: Iterable[TextFile]) -> tuple[tuple[str, str, bool], ...]:
    """Language, name, and whether the host has it. Nothing where the connection runs no commands. Raises TransportError."""
    if reader.protocol not in ("ssh", "local"):
        return ()
    wanted: dict[str, list[str]] = {}
    for script in scripts:
        wanted.setdefault(language(script.content), []).extend(each.name for each in asked(script.content))
    found: list[tuple[str, str, bool]] = []
    for spoken, names in wanted.items():
        if names:
            found += _answered(reader, spoken, list(dict.fromkeys(names))[:_MOST])
    return tuple(found)


def _answered(reader: Reader, spoken: str, names: Sequence[str]) -> list[tuple[str, str, bool]]:
    try:
        ran = run(reader, modules_of_perl(names) if spoken == "perl" else modules_of_python(names))
    except TransportError:
        return []
    rows = [line.partition(" ") for line in ran.output.decode("utf-8", "replace").splitlines()] if ran.status == 0 else []
    return [(spoken, name, sign == "+") for sign, _blank, name in rows if sign in ("+", "-") and name in names]
