"""Reads one `.htaccess` as Apache does, and stops at the first thing that is wrong in it.

`ap_build_config` of server/config.c first reads the whole file into sections, only then are the directives carried out:
an unclosed section is therefore told before a misspelled directive above it. `<IfModule>` is decided while reading.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .directives import LOADED_MODULES, complaint, flags_of, section_complaint

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|(\S+)')
_CONTAINERS_OF_REQUIRE = frozenset({"requireall", "requireany", "requirenone"})


class ConfigError(Exception):
    """What Apache would write behind the file's name in its error log."""


@dataclass(frozen=True, slots=True)
class Condition:
    tested: str
    pattern: str
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class RewriteRule:
    pattern: str
    target: str
    flags: tuple[str, ...]
    conditions: tuple[Condition, ...]


@dataclass
class Rules:
    """What the `.htaccess` files down to one folder amount to for one file name."""

    directory_index: tuple[str, ...] = ("index.php", "index.html")
    error_documents: dict[int, str] = field(default_factory=dict)
    denied: bool = False
    rewriting: bool = False
    rewrite_rules: tuple[RewriteRule, ...] = ()
    rewrite_base: str = ""
    rewrite_folder: str = ""  # URL path of the folder whose rules count, ending in "/"


@dataclass(slots=True)
class _Line:
    name: str
    arguments: list[str]
    sections: tuple[tuple[str, str], ...]
    problem: str = ""  # of the opening of a section: told when its turn comes, not while reading


@dataclass(slots=True)
class _Open:
    name: str
    argument: str
    number: int


def read_into(rules: Rules, text: str, filename: str, folder_url: str, requested: str) -> None:
    """Adds one file to `rules`; `requested` is the name asked for in the last folder. Raises ConfigError."""
    pending: list[Condition] = []
    own_rules: list[RewriteRule] = []
    rewrites = False
    for line in _parse(text, filename):
        problem = line.problem or complaint(line.name, line.arguments)
        if problem:
            raise ConfigError(problem)
        if not all(_applies(section, argument, requested) for section, argument in line.sections):
            continue
        lower = line.name.lower()
        if lower == "rewritecond":
            pending.append(Condition(line.arguments[0], line.arguments[1], _flag_set(line.arguments)))
        elif lower == "rewriterule":
            flags = tuple(flags_of(line.arguments[2])) if len(line.arguments) == 3 else ()
            own_rules.append(RewriteRule(line.arguments[0], line.arguments[1], flags, tuple(pending)))
            pending = []
        else:
            _carry_out(rules, lower, line.arguments)
        rewrites = rewrites or lower in ("rewriteengine", "rewriterule")
    if rewrites:  # rules of an upper folder are not inherited
        rules.rewrite_rules, rules.rewrite_folder = tuple(own_rules), folder_url


def _carry_out(rules: Rules, name: str, arguments: list[str]) -> None:
    if name == "rewriteengine":
        rules.rewriting = arguments[0].lower() == "on"
    elif name == "rewritebase" and arguments:
        rules.rewrite_base = arguments[0]
    elif name == "directoryindex":
        rules.directory_index = tuple(arguments)
    elif name == "errordocument":
        rules.error_documents[int(arguments[0])] = " ".join(arguments[1:])
    elif name == "require" and arguments[:1] and arguments[0].lower() == "all":
        rules.denied = arguments[1].lower() == "denied"


def _flag_set(arguments: list[str]) -> frozenset[str]:
    return frozenset(flag.lower() for flag in flags_of(arguments[2])) if len(arguments) == 3 else frozenset()


def _applies(section: str, argument: str, requested: str) -> bool:
    words = [a or b or c for a, b, c in _WORD.findall(argument)]
    if section == "files" and words[:1] != ["~"]:
        return bool(words) and fnmatch.fnmatchcase(requested, words[0])
    if section in ("files", "filesmatch"):
        return bool(words) and re.search(words[-1], requested) is not None
    return section in _CONTAINERS_OF_REQUIRE or section == "limit"


def _parse(text: str, filename: str) -> list[_Line]:
    """The directives with the sections they stand in; sections of modules that are not loaded are passed over."""
    lines: list[_Line] = []
    opened: list[_Open] = []
    numbered = iter(_logical_lines(text))
    for number, content in numbered:
        if content.startswith("</"):
            _close(opened, content)
        elif content.startswith("<"):
            section = _open(content, number)
            if section.name.lower() != "ifmodule":
                opened.append(section)
                if problem := _section_problem(section, content):
                    lines.append(_Line(section.name, [], (), problem))
            elif _module_loaded(section.argument):
                opened.append(section)
            else:
                _pass_over(numbered)
        else:
            words = [a or b or c for a, b, c in _WORD.findall(content)]
            name = content.split(None, 1)[0]
            around = tuple((s.name.lower(), s.argument) for s in opened if s.name.lower() != "ifmodule")
            lines.append(_Line(name, words[1:], around))
    # a loaded <IfModule> that is left open does no harm, nor does what it holds: Apache reads it to the end of the file
    left = list(itertools.takewhile(lambda section: section.name.lower() != "ifmodule", opened))
    if left:
        raise ConfigError("\\n".join(f"{filename}:{section.number}: <{section.name}> was not closed." for section in reversed(left)))
    return lines


def _logical_lines(text: str) -> list[tuple[int, str]]:
    joined: list[tuple[int, str]] = []
    start, kept = 0, ""
    for number, raw in enumerate(text.split("\n"), 1):
        start = start or number
        if raw.rstrip("\r").endswith("\\"):
            kept += raw.rstrip("\r")[:-1]
            continue
        content = (kept + raw).strip()
        if content and not content.startswith("#"):
            joined.append((start, content))
        start, kept = 0, ""
    if kept.strip() and not kept.strip().startswith("#"):
        joined.append((start, kept.strip()))
    return joined


def _open(content: str, number: int) -> _Open:
    name, _, argument = content[1:].partition(" ")
    section = _Open(name.rstrip(">"), argument.strip().removesuffix(">"), number)
    if section.name.lower() == "ifmodule" and not content.endswith(">"):
        raise ConfigError("<IfModule> directive missing closing '>'")
    if section.name.lower() == "ifmodule" and not section.argument:
        raise ConfigError("<IfModule> directive requires additional arguments")
    return section


def _section_problem(section: _Open, content: str) -> str:
    problem = section_complaint(section.name)
    if problem:
        return problem
    if not content.endswith(">"):
        return f"<{section.name}> directive missing closing '>'"
    words = [a or b or c for a, b, c in _WORD.findall(section.argument)]
    if not words and section.name.lower() in ("files", "filesmatch"):
        return f"<{section.name}> directive requires additional arguments"
    is_regex = section.name.lower() == "filesmatch" or words[:1] == ["~"]
    return "Regex could not be compiled" if is_regex and words and not _compiles(words[-1]) else ""


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError):
        return False
    return True


def _close(opened: list[_Open], content: str) -> None:
    name = content[2:].rstrip(">").strip()
    around = opened[-1].name.lower() if opened else ""
    if around == name.lower():
        opened.pop()
    elif around in ("", "ifmodule"):  # <IfModule> is read as a file of its own
        raise ConfigError(f"</{name}> without matching <{name}> section")
    else:
        raise ConfigError(f"Expected </{opened[-1].name}> but saw </{name}>")


def _pass_over(numbered: Iterator[tuple[int, str]]) -> None:
    """Up to the end of a section whose module is not loaded, inner ones counted."""
    depth = 1
    for _, content in numbered:
        lower = content.lower()
        if lower.startswith("</ifmodule"):
            depth -= 1
        elif lower.startswith("<ifmodule"):
            depth += 1
        if depth == 0:
            return
    raise ConfigError("Expected </IfModule> before end of configuration")


def _module_loaded(argument: str) -> bool:
    wanted = argument.strip().strip("\"'")
    name = wanted.removeprefix("!").strip()
    known = name in LOADED_MODULES or (name.endswith("_module") and f"mod_{name.removesuffix('_module')}.c" in LOADED_MODULES)
    return known != wanted.startswith("!")
