"""Headers that a page of PHP sends and whose name is no name: the web server ends such a request (modules/http/http_filters.c)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure, proof_of
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, LogLine
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php import scanning
from diagnostics.php.seen import Script
from sites.texts import mark as _

_REFUSED = re.compile(r"AH024(?:29: Response header name|30: Response header) '(?P<name>[^'\n]{1,200})'")
_SENT = re.compile(rb"\bheader\s*+\(\s*+(?P<quote>['\"])(?P<name>[^'\":$\\\n]{1,120}):", re.IGNORECASE)
_COMMENT = re.compile(rb"\s*+(?://|#|\*|/\*)")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")  # RFC 9110, 5.1
_ROLES = ("entry", "included", "named")


@check(id="header-names", title=_("Headers that a page sends under no name"), order=17)
def header_names(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site) or not any(page.status == 500 for page in failing_pages(evidence.site)):
        return
    logged = [(line, match) for line in lines_of_failure(evidence) if (match := _REFUSED.search(line.text))]
    scripts = [script for script in evidence.php.scripts if script.role in _ROLES]
    for line, match in logged[:3]:
        place = next((found for script in scripts if (found := _named(script, match["name"]))), None)
        if place is not None:
            yield _finding(*place, match["name"], line)
            return
    for script in scripts if not logged else ():
        if found := _nameless(script):
            yield _finding(script, *found, None)
            return


def _named(script: Script, name: str) -> tuple[Script, int] | None:
    """Where the file holds the name that the log tells, in quotes or before its colon."""
    match = re.search(rb"['\"]%s\s*+['\":]" % re.escape(name.strip().encode("utf-8", "surrogateescape")), script.content)
    return (script, scanning.line_at(script.content, match.start())) if match else None


def _nameless(script: Script) -> tuple[int, str] | None:
    for match in _SENT.finditer(script.content):
        start = script.content.rfind(b"\n", 0, match.start()) + 1
        if not _TOKEN.match(match["name"]) and not _COMMENT.match(script.content, start) and not match["name"].startswith(b"HTTP/"):
            return scanning.line_at(script.content, match.start()), match["name"].decode("utf-8", "replace")
    return None


def _finding(script: Script, number: int, name: str, line: LogLine | None) -> Finding:
    cause = CAUSES["cgi-malformed-header"]
    said = _("{path}, line {line}, sends a header named “{name}”: the web server passes on no such answer.")
    said = said.format(path=script.path, line=number, name=name[:100])
    hint = _("The name before the colon has no spaces and no signs but a hyphen, as in “X-Frame-Options”. Correct it in this line.")
    proofs = (proof_of(line),) if line else (Proof("file", f"{script.path}:{number}: {name[:100]}"),)
    sure = 0.97 if line and line.paired else 0.93 if line else 0.8
    return Finding(
        "header-names", cause.code, Severity.CRITICAL, sure, said, hint, script.path, number, evidence=proofs,
        data=(("paths", script.path), ("message", name[:100])),
    )  # fmt: skip
