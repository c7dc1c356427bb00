"""A line of `.htaccess` that has PHP files run as programs of their own, or by a program that is not there: the server fails on each."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, htaccess_files, lines_of_failure, proof_of, repairs_for, server_of
from diagnostics.checks.registry import check
from diagnostics.checks.roads import is_on_the_road, place_of, visit_of
from diagnostics.evidence import Evidence, LogLine, TextFile, TreeEntry
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.conditions import holds
from diagnostics.htaccess.parser import Line, LineKind, parse
from diagnostics.htaccess.reading import Node, read
from diagnostics.htaccess.rules import FolderRules, Section
from diagnostics.htaccess.simulating import follow
from sites.texts import mark as _

# Names under which servers run a file itself (mod_cgi, mod_cgid, mod_fcgid, mod_fastcgi, mod_suphp, mod_lsapi). A handler that a host
# declared for PHP bears PHP's name.
_RUNS_THE_FILE = frozenset({"cgi-script", "fcgid-script", "fastcgi-script", "application/x-httpd-cgi"})
_SAID = ("End of script output before headers", "Premature end of script headers", "AH01215", "exec of '", "ExecCGI is off", "AH01241",
         "not found or unable to stat", "Bad file descriptor", "Exec format error")  # fmt: skip
_MOST_PAGES = 5


@check(id="php-as-script", title=_("Whether .htaccess has PHP files run as programs of their own"), needs=("htaccess",), order=15)
def php_as_script(evidence: Evidence) -> Iterator[Finding]:
    pages = [page for page in failing_pages(evidence.site) if page.status in (403, 404, 500, 502, 503)]
    place = place_of(evidence)
    entries = {entry.absolute: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    for page in pages[:_MOST_PAGES] if place else ():
        target = entries.get(follow(place, visit_of(page)).target)  # type: ignore[arg-type]
        if target is None or not target.path.endswith((".php", ".phtml")):
            continue
        found = _handler_of(target, evidence)
        if found is None or ((handler := _handler_named(found[1].line)) not in _RUNS_THE_FILE and not _action(found, handler)):
            continue
        line = next((line for line in lines_of_failure(evidence) if any(said in line.text for said in _SAID)), None)
        is_runnable = bool(target.mode & 0o111)
        if line is None and is_runnable:
            continue  # a script of PHP may be run so where its first line says how
        yield _finding(*found, target, line, Proof("probe", f"{page.path}: {page.status}"))
        return


def _action(found: tuple[TextFile, Node], handler: str) -> bool:
    """Whether the file hands this handler to a program that lies in the site (mod_actions)."""
    return any(line.key == "action" and [word.lower() for word in line.words[:1]] == [handler] for line in parse(found[0].content).lines)


def _handler_of(target: TreeEntry, evidence: Evidence) -> tuple[TextFile, Node] | None:
    """The line that decides who runs this file: a section's goes before a plain one, the innermost file's before those above it."""
    name, server = target.path.rpartition("/")[2], server_of(evidence)
    found: tuple[TextFile, Node] | None = None
    in_section: tuple[TextFile, Node] | None = None
    for file in htaccess_files(evidence):
        folder = file.path.rpartition("/")[0]
        if not f"{target.path}/".startswith(f"{folder}/") and (folder or is_on_the_road(file, evidence) is not True):
            continue
        nodes = read(parse(file.content), lambda line, server=server: holds(line, server), True).nodes
        for node, is_inside in _lines_for(name, nodes):
            if _handler_named(node.line):
                found, in_section = (found, (file, node)) if is_inside else ((file, node), in_section)
    return in_section or found


def _lines_for(name: str, nodes: list[Node], is_inside: bool = False) -> Iterator[tuple[Node, bool]]:
    """The lines that count for a file of this name, and whether a section for files holds them."""
    for node in nodes:
        if node.line.kind is LineKind.DIRECTIVE:
            if node.line.key in ("sethandler", "forcetype") or any(
                word.lstrip(".").lower() == name.rpartition(".")[2] for word in node.line.words[1:]
            ):
                yield node, is_inside
        elif node.line.key not in ("files", "filesmatch", "if", "else", "elseif"):
            yield from _lines_for(name, node.children, is_inside)
        elif node.line.key in ("files", "filesmatch") and _fits(node.line, name):
            yield from _lines_for(name, node.children, True)


def _fits(section: Line, name: str) -> bool:
    words = [word for word in section.words if word]
    is_expression = section.key == "filesmatch" or words[:1] == ["~"]
    return Section(section.number, FolderRules("", ""), words[-1] if words else "", is_expression).fits(name)


def _handler_named(line: Line) -> str:
    return line.words[0].lower() if line.key in ("sethandler", "addhandler", "forcetype", "addtype") and line.words else ""


def _finding(file: TextFile, node: Node, target: TreeEntry, logged: LogLine | None, probe: Proof) -> Finding:
    cause, line = "htaccess-php-handler-override", node.line
    sure = 0.96 if logged and logged.paired else 0.94 if logged or node.certain else 0.65
    text = _("Line {line} of {path} has {target} run as a program of its own ({handler}), which PHP files are not.")
    return Finding(
        check="php-as-script",
        cause=cause,
        severity=Severity.CRITICAL,
        confidence=sure,
        summary=text.format(line=line.number, path=file.path, target=target.path, handler=line.args[:80]),
        hint=CAUSES[cause].explanation,
        path=file.path,
        line=line.number,
        evidence=(proof_of(logged) if logged else probe, Proof("file", f"{file.path}:{line.number}: {line.text.strip()}"[:2000])),
        repairs=repairs_for(cause),
        data=(("directive", line.name), ("argument", line.args)),
    )
