"""Lines of another host that decide who runs PHP: its source is then sent as it is, or handed to a PHP that is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, htaccess_files, lines_of_failure, proof_of, repairs_for, server_of
from diagnostics.checks.registry import check
from diagnostics.checks.roads import is_on_the_road, place_of, visit_of
from diagnostics.evidence import Evidence, LogLine, PageSeen, TextFile
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.conditions import holds
from diagnostics.htaccess.parser import Line, LineKind, parse
from diagnostics.htaccess.reading import Node, read
from diagnostics.htaccess.rules import FolderRules, Section
from diagnostics.htaccess.simulating import follow
from sites.texts import mark as _

_HANDLERS = frozenset(
    {"sethandler", "addhandler", "addtype", "forcetype", "removehandler", "removetype", "action", "fcgidwrapper", "php_flag"}
)
_PHP = re.compile(r"php|lsapi|\.phtml", re.IGNORECASE)
_PROGRAMS = ("index.php", "x.php")
_ENDS = ("php", "php5", "php7", "php8", "phtml", "inc")
_NOT_REACHED = re.compile(r"AH02454|AH01079|AH00957|AH01114|AH02818|attempt to connect to")
_TARGET = re.compile(r"proxy:unix:([^|\"\s]+)|proxy:fcgi://([^/\"\s]+)")
_PROXYS = re.compile(rb"503 Service Unavailable|temporarily unable to service your\s+request|\A\s*\Z")
_SOURCE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?(?:php|=)")


@check(id="htaccess-handler", title=_("Whether .htaccess hands PHP to something that is not there"), needs=("htaccess",), order=14)
def php_handler(evidence: Evidence) -> Iterator[Finding]:
    shown = next((page for page in failing_pages(evidence.site) if _shows_source(page)), None)
    if shown is not None:
        found = _for_source_of(_name_of(shown, evidence), evidence)
        if found:
            proof = Proof("probe", f"{shown.path}: {shown.body[:80].decode('utf-8', 'replace').strip() or shown.detail}")
            yield _finding(*found, 0.95, (proof,), _("so that the text of the programs is sent instead of what they make"))
        return
    for entry in lines_of_failure(evidence):
        if not _NOT_REACHED.search(entry.text):
            continue
        found = _last_line(evidence, lambda line, entry=entry: _names_target(line, entry))
        if found:
            yield _finding(*found, 0.96, (proof_of(entry),), _("where nothing answers"))
            return
    yield from _without_log(evidence)


def _without_log(evidence: Evidence) -> Iterator[Finding]:
    """Programs answer 503, as a proxy does whose target is not there (mod_proxy), and no log says why: the line that names a target."""
    page = next((page for page in failing_pages(evidence.site) if page.status == 503 and _PROXYS.search(page.body[:2000])), None)
    if page is None or any(line.paired for line in lines_of_failure(evidence)):
        return
    found = _last_line(evidence, lambda line: _TARGET.search(line.args) is not None, _name_of(page, evidence))
    if found:
        yield _finding(*found, 0.82, (Proof("probe", f"{page.path}: {page.status}"),), _("where nothing seems to answer"))


def _for_source_of(name: str, evidence: Evidence) -> tuple[TextFile, Line] | None:
    """The line to blame for a file whose source is sent. One of another ending has PHP by a line that names it, or by a section."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""

    def names_it(line: Line) -> bool:
        by_ending = line.key in ("addtype", "addhandler")
        words = [word.lower().lstrip(".") for word in line.words[1:] if word]
        return bool(_PHP.search(line.args)) and (ending in words if by_ending else line.key in ("sethandler", "forcetype"))

    named = None if ending in _ENDS else _last_line(evidence, names_it, name)
    taken = named or _last_line(evidence, _takes_php_away, name)
    return taken or _last_line(evidence, lambda line: bool(_PHP.search(line.args)), name)


def _name_of(page: PageSeen, evidence: Evidence) -> str:
    """The name of the file that the page's address leads to."""
    place = place_of(evidence)
    ending = follow(place, visit_of(page)) if place else None
    path = ending.target if ending is not None and ending.kind == "file" else unquote(page.path.split("?")[0])
    return path.rpartition("/")[2] or "index.php"


def _shows_source(page: PageSeen) -> bool:
    return page.detail == "php-source" or (page.status == 200 and _SOURCE.match(page.body[:64]) is not None)


def _last_line(evidence: Evidence, fits: Callable[[Line], bool], *names: str) -> tuple[TextFile, Line] | None:
    """Of the lines that say who runs PHP the one that counts: the last one of the innermost file."""
    for file in reversed(htaccess_files(evidence)):
        if is_on_the_road(file, evidence) is not True:
            continue
        server = server_of(evidence)
        nodes = read(parse(file.content), lambda line, server=server: holds(line, server), True).nodes
        lines = _for_programs(nodes, names or _PROGRAMS)
        fitting = [line for line in lines if line.key in _HANDLERS and fits(line)]
        if fitting:
            return file, fitting[-1]
    return None


def _takes_php_away(line: Line) -> bool:
    """Whether this line leaves a program without PHP: mod_mime's and the core's words for "nobody", "as it is" or another type."""
    words = [word.lower() for word in line.words if word]
    if line.key == "php_flag":
        return words[:1] == ["engine"] and words[-1] in ("off", "0", "false", "no")
    if line.key in ("sethandler", "forcetype"):
        return not _PHP.search(line.args) or "x-httpd-php-source" in words
    if line.key in ("addhandler", "addtype") and not _PHP.search(words[0] if words else ""):
        return any(word.lstrip(".") in _ENDS for word in words[1:])
    return line.key in ("removehandler", "removetype") and any(word.lstrip(".") in _ENDS for word in words)


def _for_programs(nodes: list[Node], names: tuple[str, ...]) -> list[Line]:
    """The lines that count for a file of such a name; whether an `<If>` holds cannot be told, so what stands in it may count."""
    found: list[Line] = []
    for node in nodes:
        if node.line.kind is LineKind.DIRECTIVE:
            found.append(node.line)
        elif node.line.key not in ("files", "filesmatch") or any(_fits(node.line, name) for name in names):
            found += _for_programs(node.children, names)
    return found


def _fits(section: Line, name: str) -> bool:
    words = [word for word in section.words if word]
    pattern = words[-1] if words else ""
    is_expression = section.key == "filesmatch" or words[:1] == ["~"]
    return Section(section.number, FolderRules("", ""), pattern, is_expression).fits(name)


def _names_target(line: Line, entry: LogLine) -> bool:
    """Whether the log speaks of the very socket or address that this line hands PHP to."""
    target = _TARGET.search(line.args)
    return target is not None and (target.group(1) or target.group(2)) in entry.text


def _finding(file: TextFile, line: Line, confidence: float, proofs: tuple[Proof, ...], what: str) -> Finding:
    cause = "htaccess-php-handler-override"
    text = _("Line {line} of {path} hands PHP to “{target}”, {what}.")
    return Finding(
        check="htaccess-handler",
        cause=cause,
        severity=Severity.CRITICAL,
        confidence=confidence,
        summary=text.format(line=line.number, path=file.path, target=line.args[:100], what=what),
        hint=CAUSES[cause].explanation,
        path=file.path,
        line=line.number,
        evidence=(*proofs, Proof("file", f"{file.path}:{line.number}: {line.text.strip()}"[:2000])),
        repairs=repairs_for(cause),
        data=(("directive", line.name), ("argument", line.args)),
    )
