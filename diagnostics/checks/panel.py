"""What the host's own panel tells of the hosting: blocked, out of service, full."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import answers_500, fails_everywhere, is_failing
from diagnostics.checks.registry import check
from diagnostics.checks.space import size
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.panels.base import ServiceSeen
from sites.texts import mark as _


@check(id="panel", title=_("What the host's panel tells of the hosting"), order=7)
def panel(evidence: Evidence) -> Iterator[Finding]:
    seen = evidence.panel
    if seen is None:
        return
    explains = is_failing(evidence.site) and fails_everywhere(evidence.site)
    if seen.state == "blocked":
        summary = _("The host's panel says that this hosting is blocked.")
        yield _finding("root-disabled-by-host", explains, 0.95, summary, f"{_('State')}: {seen.state}", seen)
    elif seen.state == "maintenance" or seen.paid in ("expired", "unpaid"):
        summary = _out_of_service(seen)
        yield _finding("hosting-out-of-service", explains, 0.9, summary, f"{_('State')}: {seen.state}, {seen.paid}", seen)
    if seen.is_full and seen.quota_used is not None and seen.quota_size is not None:
        told = _("{used} of {allowed} in use").format(used=size(seen.quota_used), allowed=size(seen.quota_size))
        fits = is_failing(evidence.site) and answers_500(evidence.site)
        yield _finding("disk-full", fits, 0.87, _("The host's panel says that the storage is full: {told}.").format(told=told), told, seen)


def _out_of_service(seen: ServiceSeen) -> str:
    if seen.paid == "expired":
        return _("The host's panel says that this hosting has expired.")
    if seen.paid == "unpaid":
        return _("The host's panel says that this hosting is not paid.")
    return _("The host's panel says that this hosting is in maintenance.")


def _finding(cause: str, explains: bool, confidence: float, summary: str, told: str, seen: ServiceSeen) -> Finding:
    entry = CAUSES[cause]
    at = seen.seen_at.isoformat().replace("+00:00", "Z") if seen.seen_at else ""
    severity = Severity.CRITICAL if explains else Severity.NOTE
    proof = Proof("panel", f"{seen.name}: {told}", at)
    sure = confidence if explains else 0.5
    return Finding("panel", cause, severity, sure, summary, entry.explanation, evidence=(proof,), repairs=entry.repairs)
