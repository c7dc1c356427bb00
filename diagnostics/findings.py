"""What checks conclude: findings with their proofs, and what they could not look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    CRITICAL = "critical"  # explains the failure
    WARNING = "warning"  # will hurt
    NOTE = "note"


def sureness(confidence: float) -> str:
    """A confidence from 0 to 1 as it is told to people."""
    if confidence >= 0.95:
        return "certain"
    return "likely" if confidence >= 0.6 else "possible"


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence shown with a finding."""

    source: str  # "error-log", "file", "probe", "modes"
    text: str
    at: str = ""  # ISO 8601 UTC
    paired: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One conclusion of a check. `confidence` is 0 to 1; 0.95 and more is shown as certain."""

    check: str
    cause: str
    severity: Severity
    confidence: float
    summary: str
    hint: str = ""
    path: str = ""
    line: int | None = None
    also: tuple[str, ...] = ()
    evidence: tuple[Proof, ...] = ()
    repairs: tuple[str, ...] = ()  # ids, the one that removes least first
    data: tuple[tuple[str, str], ...] = field(default=())  # what the repair needs to know: ("directive", "RewritEngine"), ...

    @property
    def sureness(self) -> str:
        return sureness(self.confidence)

    def datum(self, name: str, default: str = "") -> str:
        return dict(self.data).get(name, default)


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """A check lacked evidence: which, and why. Never a pass."""

    check: str
    missing: str
