"""What WordPress loads before any page, drop-ins and must-use plugins, where such a file cannot do without one that is not there.

A plugin for a cache that was deleted by hand leaves its drop-in behind. Read, not run: only a line that is reached for certain counts.
"""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Callable, Iterable, Iterator

from diagnostics.facts.paths import shown
from diagnostics.facts.settings.php_settings import read_php
from diagnostics.facts.settings.php_tokens import Token, lex
from diagnostics.facts.settings.php_values import Value
from diagnostics.facts.small_files import SmallFiles
from diagnostics.installed import Component, Damage
from sites.texts import mark as _

MOST = 8
_ALWAYS = frozenset({"db.php", "object-cache.php"})
_ASKED_FOR = {"advanced-cache.php": "WP_CACHE", "sunrise.php": "SUNRISE"}  # wp-settings.php loads these where a setting says so
_ENDS = frozenset({"return", "exit", "die", "throw", "goto"})
_GUARDS = frozenset({"ABSPATH", "WPINC", "WP_CONTENT_DIR", "DB_NAME"})  # a file asks for these to know that it was not called by itself


def lacking(
    files: SmallFiles, parts: Iterable[Component], constants: dict[str, Value], docroot: str, is_gone: Callable[[str], bool]
) -> Iterator[Damage]:
    """The line of each such part at which it needs what is not there. `is_gone` says so of an absolute path."""
    wanted = [part for part in parts if not part.is_folder and _is_loaded(part, constants)][:MOST]
    files.fetch(part.absolute for part in wanted)
    for part in wanted:
        source = files.text(part.absolute)
        for path, line in _needs(files, part.absolute, source, constants, is_gone) if source else ():
            why = _("it loads {path}, which is not there").format(path=shown(path, docroot))
            yield Damage(part.path, why, line, is_missing=True)
            break


def _is_loaded(part: Component, constants: dict[str, Value]) -> bool:
    if part.kind == "drop-in":
        return part.slug in _ALWAYS or constants.get(_ASKED_FOR.get(part.slug, "")) is True
    return part.kind == "mu-plugin" and part.slug.endswith(".php")


def _needs(
    files: SmallFiles, path: str, source: str, constants: dict[str, Value], is_gone: Callable[[str], bool]
) -> Iterator[tuple[str, int]]:
    read = read_php(path, source, exists=lambda each: False if is_gone(each) else files.exists(each), constants=constants)
    end = _first_end(lex(source).tokens) if read.missing else None
    yield from ((lost, line) for lost, line in read.missing if is_gone(lost) and (end is None or line < end))


def _first_end(tokens: list[Token]) -> int | None:
    """The line at which the file may end before its end, but for a guard against being called by itself. None: it does not."""
    depth = start = at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "name" and token.text.lower() in ("function", "class", "trait", "interface", "fn"):
            at = _behind_body(tokens, at)
            start = at if depth == 0 else start
            continue
        if token.kind == "name" and token.text.lower() in _ENDS and not _is_guard(tokens[start:at]):
            return token.line
        if token.kind == "mark":
            depth += (token.text in ("{", "(", "[")) - (token.text in ("}", ")", "]"))
            start = at + 1 if depth == 0 and token.text in (";", "}") else start
        at += 1
    return None


def _behind_body(tokens: list[Token], at: int) -> int:
    """Behind the next block in braces, or the end of a statement that has none."""
    depth = 0
    for number in range(at, len(tokens)):
        text = tokens[number].text if tokens[number].kind == "mark" else ""
        depth += (text == "{") - (text == "}")
        if depth <= 0 and text in ("}", ";"):
            return number + 1
    return len(tokens)


def _is_guard(before: list[Token]) -> bool:
    asked = {after.text for token, after in zip(before, before[2:], strict=False) if token.text.lower() == "defined"}
    calls = {token.text.lower() for token, after in itertools.pairwise(before) if token.kind == "name" and after.text == "("}
    return bool(asked) and asked <= _GUARDS and calls <= {"if", "defined", "exit", "die", "header", "http_response_code"}


def constants_of(core: str, content: str, of_settings: dict[str, Value]) -> dict[str, Value]:
    """What such a file can rely on, with the places as this login sees them."""
    places: dict[str, Value] = {
        "WPINC": "wp-includes",
        "WP_CONTENT_DIR": content,
        "WP_PLUGIN_DIR": posixpath.join(content, "plugins"),
        "WPMU_PLUGIN_DIR": posixpath.join(content, "mu-plugins"),
    }
    return {**places, **of_settings, "ABSPATH": f"{core}/"}
