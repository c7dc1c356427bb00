"""What only the host can mend, and its firewall."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import answers, failing_pages, fails_everywhere, is_failing, lines_of_failure, proof_of
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof, Severity
from sites.texts import mark as _

_LINES = (
    (re.compile(r"AH02454|AH01079|connect\(\) (?:to \S+ )?failed .*(?:php|fastcgi|\.sock)"), "php-service-down", ""),
    (re.compile(r"AH01068|AH01067|AH01075.*\(104\)|recv\(\) failed \(104"), "php-service-crash", "php-process-crash"),
    (re.compile(r"AH01075.*\(70007\)|upstream timed out|AH01102.*timeout"), "upstream-timeout", "script-too-slow"),
    (re.compile(r"upstream prematurely closed|no live upstreams|AH01102"), "upstream-bad-gateway", "php-process-crash"),
    (re.compile(r"ModSecurity: Access denied with code"), "web-application-firewall", "web-application-firewall"),
    (re.compile(r"AH01276"), "index-file-missing", "index-file-missing"),
)


@check(id="host-side", title=_("What only the host can mend"), needs=("error_log",), order=35)
def host_side(evidence: Evidence) -> Iterator[Finding]:
    everywhere = fails_everywhere(evidence.site)
    seen: set[str] = set()
    for line in lines_of_failure(evidence):
        for pattern, for_all, for_some in _LINES:
            if not pattern.search(line.text):
                continue
            cause = for_all if everywhere or not for_some else for_some
            if cause not in seen:
                seen.add(cause)
                yield _finding(cause, 0.9 if line.paired else 0.8, (proof_of(line),))
            break


@check(id="gateway", title=_("What the answer itself says of the host's side"), order=36)
def gateway(evidence: Evidence) -> Iterator[Finding]:
    """From outside alone: less sure than a line of the log."""
    if not is_failing(evidence.site) or not fails_everywhere(evidence.site):
        return
    if answers(evidence.site, 504):
        yield _finding("upstream-timeout", 0.6, _seen(evidence))
    elif answers(evidence.site, 502):
        yield _finding("upstream-bad-gateway", 0.6, _seen(evidence))


def _seen(evidence: Evidence) -> tuple[Proof, ...]:
    return tuple(Proof("probe", f"{page.path}: {page.status or page.kind}") for page in failing_pages(evidence.site)[:5])


def _finding(cause: str, confidence: float, proofs: tuple[Proof, ...]) -> Finding:
    entry = CAUSES[cause]
    return Finding("host-side", cause, Severity.CRITICAL, confidence, f"{entry.title}.", entry.explanation, evidence=proofs)
