"""Findings of something that is missing name what lies there under another name, so that nobody uploads what only has to be renamed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from diagnostics.evidence import Evidence
from diagnostics.facts.renamed import renamed
from diagnostics.findings import Finding
from sites.texts import mark as _

_REPAIR = "rename-back"
_MOST_TOLD = 3


def with_other_names(findings: Iterable[Finding], evidence: Evidence) -> list[Finding]:
    """Findings as they are, and what was found in the place of what they miss."""
    return [_told(finding, evidence) if _REPAIR in finding.repairs else finding for finding in findings]


def _told(finding: Finding, evidence: Evidence) -> Finding:
    other = renamed(finding, evidence)
    paths = sorted(entry.path for entry in other.found)[:_MOST_TOLD] if other is not None else []
    if other is None or all(path in finding.summary for path in paths):
        return finding
    said = _("There is {found}: it looks as if it were {path} under another name.") if len(paths) == 1 else _(
        "There are {found}: one of them may be {path} under another name."
    )  # fmt: skip
    return replace(finding, summary=f"{finding.summary} {said.format(found=', '.join(paths), path=other.lost)}")
