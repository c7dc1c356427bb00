# ruff: noqa: E501 (a pattern stays in one piece)
"""What scripts in Perl and Python use besides modules: programs that they start by their path, and files of data that they read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from diagnostics.evidence import Evidence, TextFile
from diagnostics.facts.cgi_modules import language
from diagnostics.transports.base import Reader, TransportError

MOST_FILES, LIMIT = 6, 256 * 1024
_NAMED = rb"(?P<path>/[\w./+-]{3,200})"
_PERL_VARIABLE = re.compile(
    rb"^[ \t]*+(?:(?:my|our|local)[ \t]++)?\$(?P<name>\w{1,60})[ \t]*+=[ \t]*+[\"']\|?[ \t]*+" + _NAMED, re.MULTILINE
)
_PERL_GIVES_UP = rb"[^;\n]{0,200}?(?:\|\||\bor\b)[^;\n]{0,40}?(?:\bdie\b|\bcroak\b|\bexit\b|\berror\w*|&\w+)"
_OR_HELD = rb"(?:" + _NAMED + rb"|\$\{?(?P<held>\w{1,60})\}?)"
_PERL_STARTS = (
    re.compile(rb"\bopen\b[ \t(]*(?:my[ \t]+)?[$*]?\w{1,60}[ \t]*+,[ \t]*+[\"']?[ \t]*+\|-?[ \t]*+(?:[\"'][ \t]*+,[ \t]*+)?[\"']?" + _OR_HELD + _PERL_GIVES_UP),
    re.compile(rb"(?<![\w$])-[xef][ \t]+[\"']?" + _OR_HELD + _PERL_GIVES_UP),
    re.compile(rb"\b(?:unless|if[ \t]*\([ \t]*(?:!|not\b))[ \t(]*-[xef][ \t]+[\"']?" + _OR_HELD + rb"[^;\n]{0,60}\{[^;}]{0,40}\b(?:die|croak|exit)\b"),
    re.compile(rb"\b(?:die|croak)\b[^;\n]{0,200}?\b(?:unless|if[ \t]+!)[ \t(]*-[xef][ \t]+[\"']?" + _OR_HELD),
)  # fmt: skip
_PYTHON_VARIABLE = re.compile(rb"^[ \t]*+(?P<name>\w{1,60})[ \t]*+=[ \t]*+\[?[ \t]*+[\"']" + _NAMED, re.MULTILINE)
_PYTHON_STARTS = (
    re.compile(rb"\bsubprocess\.(?:run|Popen|call|check_call|check_output)\([ \t\r\n]*\[?[ \t\r\n]*(?:[\"']" + _NAMED + rb"|(?P<held>\w{1,60})\b)"),
    re.compile(rb"\bos\.(?:exec[lv]p?e?|spawn[lv]p?e?)\([^\"'\n]{0,30}(?:[\"']" + _NAMED + rb"|(?P<held>\w{1,60})\b)"),
)  # fmt: skip
_COMMENT = re.compile(rb"[ \t]*#")
# A file that Python reads as text, by the last part of its name: the decoding fails where it is read, not where it is opened.
_OPENS = re.compile(
    rb"^(?P<before>[^#\n]*?)\b(?:open|codecs\.open|io\.open)\((?P<words>[^\n]{0,300}?[\"'](?P<name>[\w./-]{1,120}\.\w{1,6})[\"'][^\n]{0,200})$"
    rb"|^(?P<lead>[^#\n]*?[\"'](?P<named>[\w./-]{1,120}\.\w{1,6})[\"'][^\n]{0,80}\.read_text\([^\n]{0,120})$",
    re.MULTILINE,
)
_BINARY = re.compile(rb"[\"'][rwax+]{0,2}b[rwax+]{0,2}[\"']|[\"'][wax]\+?t?[\"']")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"'](?P<name>[\w-]{2,20})[\"']")
_CARELESS = re.compile(rb"errors\s*=\s*[\"'](?!strict)")
_READS = re.compile(rb"\.read|json\.load|csv\.reader|\blist\(|\bfor\b[^\n]+\bin\b")


class Started(NamedTuple):
    """A program that a script cannot do without, and the line that starts it or looks for it."""

    path: str
    line: int


class Opened(NamedTuple):
    """A file that a script reads as text: its name as it stands there, the line that reads it, the encoding, whether it is JSON."""

    name: str
    line: int
    encoding: str
    is_json: bool


def started(content: bytes) -> list[Started]:
    """In the order of the lines."""
    spoken = language(content)
    forms = {"perl": _PERL_STARTS, "python": _PYTHON_STARTS}.get(spoken, ())
    form = _PYTHON_VARIABLE if spoken == "python" else _PERL_VARIABLE
    held = {match["name"]: match["path"] for match in form.finditer(content)}
    found = set()
    for pattern in forms:
        for match in pattern.finditer(content):
            path = match["path"] or held.get(match["held"] or b"", b"")
            begun = content.rfind(b"\n", 0, match.start()) + 1
            if path and not _COMMENT.match(content, begun):
                found.add(Started(path.decode("ascii", "replace"), content.count(b"\n", 0, match.start()) + 1))
    return sorted(found, key=lambda each: each.line)


def opened(content: bytes) -> list[Opened]:
    """Of Python: the texts that it reads."""
    if language(content) != "python":
        return []
    found = []
    for match in _OPENS.finditer(content):
        words = match["words"] if match["name"] else match["lead"]
        if _BINARY.search(words) or _CARELESS.search(words):
            continue
        name = (match["name"] or match["named"]).decode("ascii", "replace")
        encoding = _ENCODING.search(words)
        line = content.count(b"\n", 0, match.start()) + 1
        rest = content[match.start() : match.start() + 1500].split(b"\n")
        reads = next((n for n, row in enumerate(rest[:12]) if _READS.search(row.rpartition(b"open(")[2] if n == 0 else row)), 0)
        whole = _READS.search(match["before"] or b"") or match["named"]
        is_json = name.endswith(".json") and b"json.load" in match.group() + b"\n".join(rest[: reads + 1])
        found.append(Opened(name, line if whole else line + reads, encoding["name"].decode() if encoding else "utf-8", is_json))
    return found


def read_data(reader: Reader, evidence: Evidence) -> tuple[TextFile, ...]:
    """The files of data that the failing scripts read and that lie in their folder or below it. What cannot be read is passed over."""
    entries = {entry.path: entry for entry in evidence.tree if entry.kind == "file"} if isinstance(evidence.tree, tuple) else {}
    found: dict[str, TextFile] = {}
    for path in _beside(evidence.cgi_scripts):
        entry = entries.get(path)
        if entry is None or path in found or entry.size > LIMIT or len(found) >= MOST_FILES:
            continue
        try:
            found[path] = TextFile(entry.path, entry.absolute, reader.read(entry.absolute, LIMIT), entry.mode, entry.mtime)
        except TransportError:
            continue
    return tuple(found.values())


def _beside(scripts: Iterable[TextFile]) -> Iterator[str]:
    for script in scripts:
        for each in opened(script.content):
            yield place_of(each.name, script)


def place_of(name: str, script: TextFile) -> str:
    """Where a name that begins with no stroke lies: servers start a script in its own folder."""
    return f"{script.path.rpartition('/')[0]}/{name.removeprefix('./')}"
