"""A line of `.htaccess` that has PHP files or pages run as programs of their own, or by one that is not there: the server fails on each."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, lines_of_failure, proof_of, repairs_for
from diagnostics.checks.effective import Counted, lines_for
from diagnostics.checks.registry import check
from diagnostics.checks.roads import place_of, visit_of
from diagnostics.evidence import Evidence, LogLine, TreeEntry
from diagnostics.facts.cgi_scripts import is_cgi
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.parser import Line, parse
from diagnostics.htaccess.simulating import follow
from sites.texts import mark as _

# Names under which servers run a file itself (mod_cgi, mod_cgid, mod_fcgid, mod_fastcgi, mod_suphp, mod_lsapi). A handler that a host
# declared for PHP bears PHP's name.
_RUNS_THE_FILE = frozenset({"cgi-script", "fcgid-script", "fastcgi-script", "application/x-httpd-cgi", "type-map"})
_SAID = ("End of script output before headers", "Premature end of script headers", "AH01215", "exec of '", "ExecCGI is off", "AH01241",
         "not found or unable to stat", "Bad file descriptor", "Exec format error", "AH00681")  # fmt: skip
_PHP = (".php", ".phtml", ".php5", ".php7")
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
        found = _handler_of(target, evidence)
        if found is None or ((handler := _handler_named(found.line)) not in _RUNS_THE_FILE and not _action(found, handler)):
            continue
        line = next((line for line in lines_of_failure(evidence) if any(said in line.text for said in _SAID)), None)
        is_runnable = bool(target.mode & 0o111)
        if is_runnable and (line is None or not target.path.endswith(_PHP)):
            continue  # it may be a script indeed, one of PHP too where its first line says how
        yield _finding(found, target, line, Proof("probe", f"{page.path}: {page.status}"))
        return


def _action(found: Counted, handler: str) -> bool:
    """Whether the file hands this handler to a program that lies in the site (mod_actions)."""
    return any(line.key == "action" and [word.lower() for word in line.words[:1]] == [handler] for line in parse(found.file.content).lines)


def _handler_of(target: TreeEntry, evidence: Evidence) -> Counted | None:
    """The line that decides who runs this file."""
    ending = target.path.rpartition(".")[2].lower()
    named = [counted for counted in lines_for(target.path, evidence) if _handler_named(counted.line)]
    deciding = (
        counted
        for counted in reversed(named)
        if counted.line.key in ("sethandler", "forcetype") or any(word.lstrip(".").lower() == ending for word in counted.line.words[1:])
    )
    return next(deciding, None)


def _handler_named(line: Line) -> str:
    return line.words[0].lower() if line.key in ("sethandler", "addhandler", "forcetype", "addtype") and line.words else ""


def _finding(by: Counted, target: TreeEntry, logged: LogLine | None, probe: Proof) -> Finding:
    is_php = target.path.endswith(_PHP)
    cause, (file, line, is_certain) = "htaccess-php-handler-override" if is_php else "cgi-not-executable", by
    sure = 0.98 if logged else 0.94 if is_certain else 0.65  # surer than what is said of the file that was run so
    text = _("Line {line} of {path} has {target} run as a program of its own ({handler}), which it is not.")
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
        also=("htaccess-php-handler-override",) if not is_php else (),
        repairs=repairs_for("htaccess-php-handler-override"),
        data=(("directive", line.name), ("argument", line.args)),
    )
