"""A `.htaccess` that no Apache 2.4 accepts, or that this host cannot, whatever the log says or does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from diagnostics.checks.common import answers_500, htaccess_files, is_failing, lines_of_failure, server_of
from diagnostics.checks.htaccess_log import finding_of
from diagnostics.checks.htaccess_messages import complaint_in, file_of
from diagnostics.checks.htaccess_places import locate
from diagnostics.checks.registry import check
from diagnostics.checks.roads import is_on_the_road
from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding, Severity
from diagnostics.htaccess.lint import Fault, lint
from sites.texts import mark as _

CHECK = "htaccess-lint"
# The server stops at the first fault of a file. More are told as far as a person would read; a page of HTML saved under this name,
# or what an intruder left, has thousands, and a plan is made for each.
MOST_OF_FILE = 10
MOST = 40
# Causes that a line on its own makes probable where the log says nothing: they do not hang on a module that most hosts have.
_TELLING_WITHOUT_LOG = {"htaccess-php-directive-under-fpm": 0.7, "htaccess-apache22-syntax": 0.64}
_NOT_APACHE = re.compile(r"\b(?:LiteSpeed|Microsoft-IIS)\b", re.IGNORECASE)  # by the header Server
# Modules that some hosts have and some have not.
_OFTEN_THERE = {"mod_access_compat", "mod_ssl", "mod_include", "mod_actions", "mod_authz_groupfile", "mod_authz_owner", "mod_brotli"}


@check(id=CHECK, title=_("Whether .htaccess can be read by the web server"), needs=("htaccess",), order=20)
def htaccess_lint(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site) or not answers_500(evidence.site):
        return  # a site that is well, or fails in another way, disproves what the linter thinks
    yield from islice(_findings(evidence), MOST)


def _findings(evidence: Evidence) -> Iterator[Finding]:
    passed = _got_past_htaccess(evidence) or _is_of_another_server(evidence)
    for file in htaccess_files(evidence):
        reach = is_on_the_road(file, evidence)
        complained = _server_complains(file, evidence)
        for index, fault in enumerate(_faults(file, evidence)[:MOST_OF_FILE]):
            yield _weigh(fault, file, first=index == 0, complained=complained, passed=passed, reach=reach)


def _faults(file: TextFile, evidence: Evidence) -> list[Fault]:
    faults = lint(file.content, server_of(evidence))
    log_is_silent = not isinstance(evidence.error_log, tuple) or not evidence.error_log
    telling = [fault for fault in faults if fault.sure]
    if log_is_silent:
        telling += [fault for fault in faults if not fault.sure and _depends(fault)]
    return sorted(telling, key=lambda fault: fault.line)


def _depends(fault: Fault) -> float:
    """How probable a fault is that hangs on what the server has, where no log tells: what few hosts have is mostly not there."""
    if fault.cause in _TELLING_WITHOUT_LOG:
        return _TELLING_WITHOUT_LOG[fault.cause]
    if fault.cause == "htaccess-directive-not-allowed":
        return 0.62
    return 0.62 if fault.cause == "htaccess-module-not-loaded" and fault.module not in _OFTEN_THERE else 0.0


def _weigh(fault: Fault, file: TextFile, *, first: bool, complained: bool, passed: bool, reach: bool | None) -> Finding:
    confidence = (0.8 if first else 0.7) if fault.sure else _depends(fault)
    severity = Severity.CRITICAL
    if passed and not complained:
        confidence, severity = 0.3, Severity.NOTE  # the request came as far as a program: this file was accepted
    elif complained:
        severity = Severity.WARNING  # the server stops at another line of the file; this one comes next
    elif reach is None:
        confidence = min(confidence, 0.5)
        severity = Severity.WARNING
    return finding_of(fault, file, confidence=confidence, check_id=CHECK, severity=severity)


def _server_complains(file: TextFile, evidence: Evidence) -> bool:
    """Whether the log names another line of this file; a complaint that no line of it answers to disproves none."""
    for line in lines_of_failure(evidence):
        complaint = complaint_in(line.text)
        if complaint and file_of(complaint, htaccess_files(evidence)) == file:
            return line.paired or locate(complaint, file, server_of(evidence)) is not None
    return False


def _is_of_another_server(evidence: Evidence) -> bool:
    """Whether the site is answered by a server that passes over what it does not know in a `.htaccess`, or reads none."""
    return any(_NOT_APACHE.search(page.powered_by) for page in evidence.site.pages)


def _got_past_htaccess(evidence: Evidence) -> bool:
    """Whether a line of our own request shows that a program ran, which happens only after every `.htaccess` was read."""
    return any(
        line.paired and ("PHP Fatal" in line.text or "PHP Parse" in line.text or "End of script output" in line.text)
        for line in lines_of_failure(evidence)
    )
