"""What a host said, as it may be stored and shown: secrets removed, stray bytes made visible."""

from __future__ import annotations

from typing import Any

from diagnostics.changes.journal import printable
from diagnostics.findings import Finding, Proof
from diagnostics.redaction import redact


def clean(text: str) -> str:
    """Text of a host as it may be stored and shown: secrets removed, stray bytes made visible."""
    return redact(printable(text))


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
