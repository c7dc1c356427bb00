"""Findings beside what changed: one of a file that changed just before the failure is surer, one of a file that lay there for days less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from diagnostics.evidence import Evidence
from diagnostics.facts.changes import failing_since, is_just_before, told
from diagnostics.findings import Finding, Proof
from diagnostics.installed import Change

_DAY_S = 86400.0


def with_changes(findings: Iterable[Finding], evidence: Evidence) -> list[Finding]:
    """Findings of files that changed just before are surer and say so; of files that lay there for days while all was well, less."""
    began = failing_since(evidence)
    if began is None:
        return list(findings)
    times = {entry.path: entry.mtime for entry in evidence.tree if entry.kind == "file"} if isinstance(evidence.tree, tuple) else {}
    return [_weighed(finding, evidence.changes, began, times) for finding in findings]


def _weighed(finding: Finding, changes: tuple[Change, ...], began: datetime, times: dict[str, float]) -> Finding:
    if not finding.path or finding.check == "recent-changes":
        return finding
    change = next((each for each in changes if _concerns(each, finding) and (is_just_before(each, began) or not each.last)), None)
    if change is not None:
        surer = finding.confidence + (1 - finding.confidence) * 0.3
        confidence = surer if finding.confidence >= 0.95 else min(surer, 0.94)
        return replace(finding, confidence=confidence, evidence=(*finding.evidence, Proof("change", told(change, began))))
    by_file_alone = all(proof.source == "file" for proof in finding.evidence)
    if (
        by_file_alone
        and finding.cause.startswith(("php-", "wordpress-"))
        and times.get(finding.path, began.timestamp()) < began.timestamp() - _DAY_S
    ):
        return replace(finding, confidence=finding.confidence * 0.85)
    return finding


def _concerns(change: Change, finding: Finding) -> bool:
    """Whether the file is among those that changed, or lies in the plugin or theme that did."""
    if finding.path in change.paths:
        return True
    if change.what == finding.datum("kind") and change.name in (finding.datum("slug"), finding.datum("name")):
        return True
    part = finding.datum("component")
    return bool(part) and any(path.startswith(f"{part}/") or path == part for path in change.paths)
