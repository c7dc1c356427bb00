"""What PHP-FPM's own log and slow log tell: a script that takes too long, a process that crashes, too few processes.

Messages: php-src sapi/fpm/fpm/fpm_request.c, fpm_children.c, fpm_process_ctl.c; mod_fcgid fcgid_bridge.c; Apache mpm_common.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from diagnostics.causes import CAUSES
from diagnostics.checks.answering import explains_answer
from diagnostics.checks.common import failing_pages, fails_everywhere, is_failing, lines_of_failure, proof_of
from diagnostics.checks.failing_script import ended_while_waiting, line_of_waiting, script_of_failure
from diagnostics.checks.registry import check
from diagnostics.checks.wording import placed
from diagnostics.evidence import Evidence, LogLine
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.php_files import script_of
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php.seen import Setting
from sites.texts import mark as _

_ENDED = re.compile(r"script '([^']+)' \(request: \"[^\"]*\"\) execution timed out \(([\d.]+) sec\), terminating")
_SLOW = re.compile(r"script '([^']+)' \(request: \"[^\"]*\"\) executing too slow \(([\d.]+) sec\)")
_TRACED = re.compile(r"script_filename = (\S+)(?:\n\[0x[0-9a-f]+\] [^\n]{1,200}? (/[^\n:]+):(\d+))?")
_GAVE_UP = re.compile(
    r"mod_fcgid: read data timeout in \d+ seconds|\(70007\).{0,400}AH01075|AH01075.{0,400}\(70007\)|"
    r"upstream timed out .{0,400}while reading response|AH01102.{0,400}[Tt]imeout|Timeout waiting for output from CGI script"
)
_CRASHED = re.compile(
    r"AH01067: Failed to read FastCGI header|recv\(\) failed \(104: Connection reset by peer\) while reading|"
    r"mod_fcgid: error reading data from FastCGI server|exit\(communication error\), get unexpected signal|"
    r"child \d+ exited on signal (?:4|6|7|8|9|11)\b|AH0005[12]: child pid \d+ exit signal|exited with core dump"
)
_BRACKETS = re.compile(r"\A[\w.-]+\[[^\]]*\]?\Z")
_FULL = re.compile(r"server reached pm\.max_children setting|Reached max children process limit|AH00161|can't apply process slot")


@check(id="php-service", title=_("What PHP-FPM says of slow scripts, crashes and its limits"), needs=("error_log",), order=34)
def php_service(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site) or not _is_of_gateway(evidence):
        return
    seen: set[tuple[str, str]] = set()
    lines = lines_of_failure(evidence)
    places = _places(lines)
    for line in lines:
        found = _of_line(line, evidence, places)
        if found and (found.cause, found.path) not in seen:
            seen.add((found.cause, found.path))
            yield found


@check(id="some-pages", title=_("Pages that PHP leaves without an answer while it answers others"), needs=("tree",), order=37)
def some_pages(evidence: Evidence) -> Iterator[Finding]:
    """From outside alone: PHP runs, as other scripts answer, and one gets none."""
    pages = failing_pages(evidence.site)
    well = [page for page in evidence.site.pages if page not in pages and page.status == 200]
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    shown = {entry.absolute: entry.path for entry in tree if entry.kind == "file"}
    if not any(script_of(page, evidence.docroot, shown) for page in well):
        return
    for page in pages:
        script = script_of(page, evidence.docroot, shown)
        cause = {502: "php-process-crash", 503: "php-process-crash", 504: "script-too-slow"}.get(page.status or 0, "")
        if script and cause and page.kind != "maintenance":
            entry = CAUSES[cause]
            proof = Proof("probe", f"{page.path}: {page.status}; {well[0].path}: {well[0].status}")
            number = line_of_waiting(shown[script], evidence) if cause == "script-too-slow" else None
            if cause != "script-too-slow" and (waits := ended_while_waiting(shown[script], page, evidence)):
                entry, cause, number = CAUSES["script-too-slow"], "script-too-slow", waits
            yield Finding(
                "some-pages", cause, Severity.CRITICAL, 0.65, placed(entry.title, shown[script], number), entry.explanation, shown[script],
                number, evidence=(proof,), repairs=entry.repairs,
            )  # fmt: skip
            return


def _is_of_gateway(evidence: Evidence) -> bool:
    """A page that PHP ended itself is told by PHP's own message."""
    pages = failing_pages(evidence.site)
    return not pages or any(page.status is None or page.status >= 502 or page.status == 500 for page in pages)


def _places(lines: list[LogLine]) -> dict[str, tuple[str, int]]:
    """From the slow log: what each script was doing, innermost call first."""
    found: dict[str, tuple[str, int]] = {}
    for line in lines:
        if match := _TRACED.search(line.text):
            found.setdefault(match[1], (match[2], int(match[3])) if match[2] else (match[1], 0))
    return found


def _of_line(line: LogLine, evidence: Evidence, places: dict[str, tuple[str, int]]) -> Finding | None:
    waited = any(page.status in (None, 502, 503, 504) for page in failing_pages(evidence.site))
    if waited and (match := _ENDED.search(line.text) or _SLOW.search(line.text)):
        sure = 0.93 if "terminating" in line.text else 0.8
        path, number = places.get(match[1], (match[1], 0))
        return _finding("script-too-slow", line, 0.96 if line.paired else sure, shown_path(path, evidence), number or None)
    if waited and (match := _TRACED.search(line.text)):
        path, number = places[match[1]]
        return _finding("script-too-slow", line, 0.8, shown_path(path, evidence), number or None)
    answered_500 = "mod_fcgid" in line.text  # which says so instead of 504
    if (waited or answered_500) and _GAVE_UP.search(line.text) and not fails_everywhere(evidence.site):
        path = script_of_failure(evidence)
        return _finding("script-too-slow", line, 0.9 if line.paired else 0.85, path, line_of_waiting(path, evidence))
    if not explains_answer(line, evidence):
        return None
    if _CRASHED.search(line.text) and (own := _bracketed(evidence)):
        more = _("{name} is written with brackets, as in the settings of a PHP-FPM pool: in this file PHP falls down over them.")
        return _finding("php-service-crash", line, 0.93, own.path, own.line, more.format(name=own.name))
    if _CRASHED.search(line.text):
        alone = not fails_everywhere(evidence.site) or len(evidence.site.pages) == 1
        return _crashed(line, evidence) if alone else _finding("php-service-crash", line, 0.91)
    if _FULL.search(line.text) and any((page.status or 500) >= 502 for page in failing_pages(evidence.site)):
        return _finding("upstream-timeout", line, 0.7, more=_("All processes that PHP may have were busy."))
    return None


def _crashed(line: LogLine, evidence: Evidence) -> Finding:
    path = script_of_failure(evidence)
    slowest = max(failing_pages(evidence.site), key=lambda page: page.ms or 0, default=None)
    if number := ended_while_waiting(path, slowest, evidence):
        more = _("It waits there for something else, and the host ended it.")
        return replace(_finding("script-too-slow", line, 0.85, path, number, more), also=("php-process-crash",))
    return _finding("php-process-crash", line, 0.91, path)


def _bracketed(evidence: Evidence) -> Setting | None:
    """A list in a `.user.ini`: PHP takes each of its values for a text (main/php_ini.c, php_ini_activate_config)."""
    own = [each for each in evidence.php.settings if each.path.rpartition("/")[2] in (".user.ini", "php.ini")]
    return next((each for each in own if _BRACKETS.search(each.name)), None)


def _finding(cause: str, line: LogLine, confidence: float, path: str = "", number: int | None = None, more: str = "") -> Finding:
    entry = CAUSES[cause]
    return Finding(
        "php-service", cause, Severity.CRITICAL, confidence, f"{placed(entry.title, path, number)} {more}".strip(),
        entry.explanation, path, number, evidence=(proof_of(line),), repairs=entry.repairs,
    )  # fmt: skip
