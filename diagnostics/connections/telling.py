"""What a host said, as it may be stored and shown: secrets removed, stray bytes made visible."""

from __future__ import annotations

from typing import Any

from diagnostics.baselines import redacting
from diagnostics.changes.journal import printable
from diagnostics.findings import Finding, Proof
from diagnostics.redaction import redact
from diagnostics.repairs.plan import Change, CreateFile, Plan, RemoveFile, WriteFile, content_diff

_MOST_SHOWN = 120_000  # bytes of new files: taking out what may be a secret takes a second for some hundred thousand


def clean(text: str) -> str:
    """Text of a host as it may be stored and shown: secrets removed, stray bytes made visible."""
    return redact(printable(text))


def shown_diff(plan: Plan) -> str:
    """What a plan changes, as it may be stored and shown. In programs and their settings every value that may be a secret is masked.

    Of many files that are new, or were empty, only the first are shown whole: nobody reads a thousand, and each is in the journal.
    """
    shown, room = [], _MOST_SHOWN
    for change in plan.changes:
        new = _new_content(change)
        room -= len(new or b"")
        shown.append(_shown(change) if new is None or room >= 0 or not shown else clean(f"new: {change.shown} ({len(new)} bytes)\n"))
    return "\n".join(shown)


def _new_content(change: Change) -> bytes | None:
    """What is written where nothing was."""
    if isinstance(change, CreateFile):
        return change.content
    return change.after if isinstance(change, WriteFile) and not change.before.strip() else None


def _shown(change: Change) -> str:
    if not isinstance(change, WriteFile | CreateFile | RemoveFile) or change.path.rpartition("/")[2] == ".htaccess":
        return clean(change.diff())
    if isinstance(change, WriteFile):
        return redacting.difference(printable(change.shown), change.before, change.after) + "\n"
    text = redacting.redacted(change.content, change.shown).encode()
    old, new = (b"", text) if isinstance(change, CreateFile) else (text, b"")
    return clean(content_diff(change.shown, old, new))


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as it is kept with a step, so that it outlives its diagnosis."""
    return {
        "check": finding.check,
        "cause": finding.cause,
        "severity": str(finding.severity),
        "confidence": finding.confidence,
        "summary": clean(finding.summary),
        "path": printable(finding.path),
        "line": finding.line,
        "evidence": [proof_json(proof) for proof in finding.evidence],
    }


def proof_json(proof: Proof) -> dict[str, Any]:
    return {"source": proof.source, "at": proof.at, "text": clean(proof.text), "paired": proof.paired}
