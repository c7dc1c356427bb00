"""What is said where a page ends in a gateway's error, or empty, and no check knows why: who answered, and what would tell more."""

from __future__ import annotations

import re

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.findings import Finding, Proof, Severity
from sites.probing.outcome import Kind
from sites.texts import mark as _

_CAUSES = {502: "upstream-bad-gateway", 503: "upstream-bad-gateway", 504: "upstream-timeout"}
_PHP = re.compile(r"\bPHP/\d", re.IGNORECASE)
_SERVER = re.compile(r"(?:\A|\s)(?!PHP/)([A-Za-z][\w.-]{1,40})(?:/[\w.-]{1,40})?(?:\s|\Z)")
_CONFIDENCE = 0.5


def unexplained(evidence: Evidence) -> Finding | None:
    """None where no page ends like that. A page that PHP made is the program's own, whatever its number."""
    page = next((page for page in failing_pages(evidence.site) if page.status in _CAUSES), None)
    if page is None:
        white = next((page for page in failing_pages(evidence.site) if page.kind == Kind.WHITE_PAGE.value), None)
        return _empty(white) if white is not None else None
    by_program = _PHP.search(page.powered_by) is not None
    cause = CAUSES["application-answers-500" if by_program else _CAUSES[page.status or 0]]
    more = _("Nothing that can be read on the account explains it.")
    return Finding(
        "unexplained", cause.code, Severity.CRITICAL, _CONFIDENCE, _said(page, by_program=by_program), f"{cause.explanation} {more}",
        evidence=(Proof("probe", f"{page.path}: {page.status} {page.powered_by[:100]}".strip(), paired=True),), repairs=cause.repairs,
    )  # fmt: skip


def _empty(page: PageSeen) -> Finding:
    cause = CAUSES["php-fatal-hidden"]
    said = _("{path} is empty, and nothing tells why: mostly PHP stopped there with an error that it does not show.").format(path=page.path)
    hint = _("Switch on PHP's own log: error_log and log_errors in .user.ini, or in the host's settings. The next failure then says why.")
    proof = Proof("probe", f"{page.path}: {page.status}, {len(page.body)} bytes", paired=True)
    return Finding(
        "unexplained", cause.code, Severity.CRITICAL, _CONFIDENCE, said, hint, evidence=(proof,), repairs=cause.repairs
    )  # fmt: skip


def _said(page: PageSeen, *, by_program: bool) -> str:
    if by_program:
        return _("The site's own program answers {path} with {status}, and no log tells why.").format(path=page.path, status=page.status)
    server = _SERVER.search(page.powered_by)
    who = server[1] if server else _("the web server, or what stands before it")
    return _("{path} is answered with {status} in the site's place ({who}): what should make the page gave no answer.").format(
        path=page.path, status=page.status, who=who
    )
