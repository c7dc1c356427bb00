"""Files that a script wants from its own folder and does not get: gone, shut, or where its program does not look for them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from diagnostics.evidence import Evidence, TextFile, TreeEntry
from diagnostics.facts.cgi_scripts import interpreter, of_env
from diagnostics.facts.logged_paths import shown_path
from sites.texts import mark as _

_NAME = rb"(?P<name>[\w./-]{1,200})"
# Files that a script reads from the folder it lies in; a name that is made up as it runs is not one.
_BESIDE = re.compile(
    rb"^[^#\n]*?(?:(?:^|[\s;&|])\.\s+|\b(?:source|require|do|cat|open|from)\b[^\n'\"./>]{0,40}['\"]?)(?P<name>\./[\w-][\w./-]{0,200})",
    re.MULTILINE,
)
_REQUIRE = re.compile(rb"^[ \t]*(?:require|do)[ \t(]+[\"'](?P<name>[\w-][\w.-]{0,100}\.\w{1,6})[\"']", re.MULTILINE)
_USE = re.compile(rb"^[ \t]*(?:use|require)[ \t]+(?P<name>[A-Z]\w{0,60}(?:::\w{1,60}){0,6})\b", re.MULTILINE)
# What lets Perl look into the script's own folder as well (perlvar: @INC; perl5260delta: "." is no longer in it).
_LOOKS_THERE = re.compile(rb"@INC\b|^[ \t]*use[ \t]+lib\b|\A#![^\n]{0,200}[ \t]-\w*I|PERL_USE_UNSAFE_INC", re.MULTILINE)
_PERL_OPEN = re.compile(
    rb"^[^#\n]*?\bopen\s*\(?\s*(?:my\s+)?[$\w]{1,60}\s*,\s*[\"']\s*(?P<mode>\+?[<>]{0,2})(?::[^\"'\n]{0,60})?\s*(?:[\"']\s*,\s*[\"'])?"
    + _NAME + rb"[\"'][^;\n]{0,40}(?:\bor\b|\|\|)\s*(?:die|croak|exit)", re.MULTILINE)  # fmt: skip
_PYTHON_OPEN = re.compile(
    rb"^[^#\n]*?\bopen\(\s*[\"']" + _NAME + rb"[\"']\s*(?:,\s*(?:mode\s*=\s*)?[\"'](?P<mode>[rwaxbt+]{1,4})[\"'])?", re.MULTILINE
)
_SHELL_WRITE = re.compile(rb"^[^#\n]*?(?<![\d&])(?P<mode>>{1,2})[ \t]*[\"']?" + _NAME, re.MULTILINE)
_STOPS_AT_ERRORS = re.compile(rb"^[ \t]*set[ \t]+-\w*e|\A#![^\n]{0,100}sh[ \t]+-\w*e", re.MULTILINE)
_WRITES = re.compile(rb"[>wax+]")


class Wanted(NamedTuple):
    """`said` tells a person what is wrong; `also` is what else it may be called; `entry` is the file or folder that shuts it out."""

    line: int
    said: str
    also: str = ""
    entry: TreeEntry | None = None


def lost_by(evidence: Evidence, content: TextFile) -> Wanted | None:
    """The first file that this script asks for by name and that it does not get."""
    if not isinstance(evidence.tree, tuple) or evidence.tree_truncated:
        return None
    entries = {entry.path: entry for entry in evidence.tree}
    program = (of_env(content.content) or interpreter(content.content)).rpartition("/")[2]
    found = [*_not_there(content, entries), *_of_perl(program, content, entries), *_opened(program, content, entries, evidence)]
    return min(found, key=lambda wanted: wanted.line, default=None)


def _not_there(content: TextFile, entries: dict[str, TreeEntry]) -> Iterator[Wanted]:
    for match in _BESIDE.finditer(content.content):
        if _place(match, content) not in entries:
            yield Wanted(_line(match, content), _gone(_named(match)))


def _of_perl(program: str, content: TextFile, entries: dict[str, TreeEntry]) -> Iterator[Wanted]:
    """A library in the script's folder, by its bare name: since Perl 5.26 it is looked for among Perl's own only."""
    if not program.startswith("perl") or _LOOKS_THERE.search(content.content):
        return
    said = _("{name} lies beside it, where Perl does not look unless it is told to (./{name})")
    for match in _REQUIRE.finditer(content.content):
        if _place(match, content) in entries:
            yield Wanted(_line(match, content), said.format(name=_named(match)))
        elif _named(match).endswith(".pl"):  # Perl itself has none since 5.16
            yield Wanted(_line(match, content), _gone(_named(match)))
    folder = content.path.rpartition("/")[0]
    for match in _USE.finditer(content.content):
        name = _named(match).replace("::", "/") + ".pm"
        if f"{folder}/{name}" in entries:
            yield Wanted(_line(match, content), said.format(name=name))


def _opened(program: str, content: TextFile, entries: dict[str, TreeEntry], evidence: Evidence) -> Iterator[Wanted]:
    """What it opens, where it gives up when that fails."""
    for match in _opens(program)(content.content):
        name, mode = _named(match), match["mode"] or b""
        path = shown_path(name, evidence) if name.startswith("/") else _place(match, content)
        folder = entries.get(path.rpartition("/")[0])
        entry = entries.get(path)
        if folder is None or name.endswith("/"):
            continue  # elsewhere on the host
        if _WRITES.search(mode):
            shut = entry or folder
            if not shut.mode & 0o222:
                said = (
                    _("{name}, which it writes into, may not be written ({mode:03o})")
                    if entry
                    else _("{name} cannot be made: its folder may not be written ({mode:03o})")
                )
                yield Wanted(_line(match, content), said.format(name=name, mode=shut.mode), "folder-not-writable", shut)
        elif entry is None:
            yield Wanted(_line(match, content), _gone(name))
        elif not entry.mode & 0o444:
            said = _("{name}, which it reads, may not be read ({mode:03o})")
            yield Wanted(_line(match, content), said.format(name=name, mode=entry.mode), "file-unreadable", entry)


def _opens(program: str) -> Callable[[bytes], Iterator[re.Match[bytes]]]:
    if program.startswith("perl"):
        return _PERL_OPEN.finditer
    if program.startswith("python"):
        return _PYTHON_OPEN.finditer
    return lambda code: _SHELL_WRITE.finditer(code) if program.endswith("sh") and _STOPS_AT_ERRORS.search(code) else iter(())


def _gone(name: str) -> str:
    return _("{name}, which it reads, is not there").format(name=name)


def _named(match: re.Match[bytes]) -> str:
    return match["name"].decode("utf-8", "replace")


def _place(match: re.Match[bytes], content: TextFile) -> str:
    return posixpath.normpath(f"{content.path.rpartition('/')[0]}/{_named(match)}")


def _line(match: re.Match[bytes], content: TextFile) -> int:
    return content.content.count(b"\n", 0, match.start("name")) + 1
