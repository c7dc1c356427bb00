"""A line of `.htaccess` that has PHP files or pages run as programs of their own, or by one that is not there: the server fails on each."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, lines_of_failure, proof_of, repairs_for
from diagnostics.checks.effective import Counted, lines_for
from diagnostics.checks.registry import check
from diagnostics.checks.roads import place_of, visit_of
from diagnostics.evidence import Evidence, LogLine, PageSeen, TreeEntry
from diagnostics.facts.cgi_scripts import is_cgi
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.parser import Line
from diagnostics.htaccess.simulating import Place, Visit, follow
from sites.texts import mark as _

# Names under which servers run a file itself (mod_cgi, mod_cgid, mod_fcgid, mod_fastcgi, mod_suphp, mod_lsapi). A handler that a host
# declared for PHP bears PHP's name.
_RUNS_THE_FILE = frozenset({"cgi-script", "fcgid-script", "fastcgi-script", "application/x-httpd-cgi", "type-map"})
_SAID = ("End of script output before headers", "Premature end of script headers", "AH01215", "exec of '", "ExecCGI is off", "AH01241",
         "not found or unable to stat", "Bad file descriptor", "Exec format error", "AH00681")  # fmt: skip
_PHP = (".php", ".phtml", ".php5", ".php7")
_REMOVING = ("removehandler", "removetype")
_MOST_PAGES = 5


@check(id="php-as-script", title=_("Whether .htaccess has PHP files run as programs of their own"), needs=("htaccess",), order=15)
def php_as_script(evidence: Evidence) -> Iterator[Finding]:
    pages = [page for page in failing_pages(evidence.site) if page.status in (403, 404, 500, 502, 503)]
    place = place_of(evidence)
    entries = {entry.absolute: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    for page in pages[:_MOST_PAGES] if place else ():
        target = entries.get(follow(place, visit_of(page)).target)  # type: ignore[arg-type]
        if target is None or is_cgi(target):
            continue
        lines = lines_for(target.path, evidence)
        found = _handler_of(target, lines)
        program = _action(lines, _handler_named(found.line)) if found else ""
        if found is None or (_handler_named(found.line) not in _RUNS_THE_FILE and not program):
            continue
        line = next((line for line in lines_of_failure(evidence) if any(said in line.text for said in _SAID)), None)
        if program and line is None and not _is_nothing_there(page, program, place):  # type: ignore[arg-type]
            continue
        is_runnable = bool(target.mode & 0o111)
        if not program and is_runnable and (line is None or not target.path.endswith(_PHP)):
            continue  # it may be a script indeed, one of PHP too where its first line says how
        yield _finding(found, target, line, Proof("probe", f"{page.path}: {page.status}"), program)
        return


def _action(lines: list[Counted], handler: str) -> str:
    """The address of the program that files of this handler or type are handed to (mod_actions), "" where no line says so."""
    actions = (line for _file, line, _certain in reversed(lines) if line.key == "action" and len(line.words) > 1)
    return next((line.words[1] for line in actions if line.words[0].lower() == handler), "")


def _is_nothing_there(page: PageSeen, program: str, place: Place) -> bool:
    """Whether the program's address leads to no file of the site. What PHP made itself shows that one of the host's runs it."""
    ending = follow(place, Visit(program, host=visit_of(page).host))
    is_absent = ending.kind in ("missing", "folder") or (ending.kind == "file" and not ending.target.endswith(program))
    return is_absent and "php" not in page.powered_by.lower()


def _handler_of(target: TreeEntry, lines: list[Counted]) -> Counted | None:
    """The line that decides who runs this file: `SetHandler None` takes other SetHandler lines back (core.c), Remove… those that add."""
    ending = target.path.rpartition(".")[2].lower()
    by_force: Counted | None = None
    by_ending: Counted | None = None
    for counted in lines:
        line = counted.line
        named, is_for_it = _handler_named(line), any(word.lstrip(".").lower() == ending for word in line.words[1:])
        if line.key in ("sethandler", "forcetype") and named:
            by_force = None if named == "none" else counted
        elif (line.key in ("addhandler", "addtype") and is_for_it) or (line.key in _REMOVING and _removes(line, ending)):
            by_ending = counted if line.key not in _REMOVING else None
    return by_force or by_ending


def _removes(line: Line, ending: str) -> bool:
    return any(word.lstrip(".").lower() == ending for word in line.words)


def _handler_named(line: Line) -> str:
    return line.words[0].lower() if line.key in ("sethandler", "addhandler", "forcetype", "addtype") and line.words else ""


def _finding(by: Counted, target: TreeEntry, logged: LogLine | None, probe: Proof, program: str) -> Finding:
    is_php = target.path.endswith(_PHP)
    cause, (file, line, is_certain) = "htaccess-php-handler-override" if is_php else "cgi-not-executable", by
    sure = 0.98 if logged else 0.94 if is_certain else 0.65  # surer than what is said of the file that was run so
    text = _("Line {line} of {path} has {target} run as a program of its own ({handler}), which it is not.")
    if program:
        text = _("Line {line} of {path} hands {target} to a program that is not there or does not run ({program}).")
    return Finding(
        check="php-as-script",
        cause=cause,
        severity=Severity.CRITICAL,
        confidence=sure,
        summary=text.format(line=line.number, path=file.path, target=target.path, handler=line.args[:80], program=program[:80]),
        hint=CAUSES[cause].explanation,
        path=file.path,
        line=line.number,
        evidence=(proof_of(logged) if logged else probe, Proof("file", f"{file.path}:{line.number}: {line.text.strip()}"[:2000])),
        also=("htaccess-php-handler-override",) if not is_php else (),
        repairs=repairs_for("htaccess-php-handler-override"),
        data=(("directive", line.name), ("argument", line.args)),
    )
