"""Where checks are registered, and how they are run: each is a pure function from evidence to findings."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from diagnostics.checks.common import is_failing
from diagnostics.checks.expressions_open import not_evaluated
from diagnostics.checks.judging import judged
from diagnostics.checks.layers import gaps_of, with_layers
from diagnostics.checks.other_names import with_other_names
from diagnostics.checks.unexplained import unexplained
from diagnostics.checks.weighing import with_changes
from diagnostics.evidence import Evidence, Unreadable
from diagnostics.findings import Finding, Inconclusive, Severity
from sites.texts import mark as _

PACKAGE = "diagnostics.checks"
OTHERS_MEET = "others-meet"
CheckFunction = Callable[[Evidence], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """`needs` names the fields of Evidence without which the check is inconclusive."""

    id: str
    title: str
    needs: tuple[str, ...]
    order: int
    function: CheckFunction


class CheckRun(NamedTuple):
    """Findings, the root cause first, and the checks that lacked evidence."""

    findings: tuple[Finding, ...]
    inconclusive: tuple[Inconclusive, ...]


_registered: dict[str, Check] = {}


def check(*, id: str, title: str, needs: tuple[str, ...] = (), order: int = 50) -> Callable[[CheckFunction], CheckFunction]:
    """Registers a check. Raises ValueError for an id that is taken."""

    def register(function: CheckFunction) -> CheckFunction:
        if id in _registered and _registered[id].function.__module__ != function.__module__:
            raise ValueError(f"two checks are named {id}")
        _registered[id] = Check(id, title, needs, order, function)
        return function

    return register


def all_checks() -> tuple[Check, ...]:
    """Every check of this package, in the order in which they run."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{PACKAGE}.{module.name}")
    return tuple(sorted(_registered.values(), key=lambda entry: (entry.order, entry.id)))


def run_checks(evidence: Evidence, only: tuple[str, ...] = ()) -> CheckRun:
    """Runs all checks, or those named in `only`. A site that is well gets notes; more only for what its visitors met again and again."""
    findings: list[Finding] = []
    inconclusive: list[Inconclusive] = []
    for entry in all_checks():
        if only and entry.id not in only:
            continue
        if missing := _missing(evidence, entry.needs):
            inconclusive.append(Inconclusive(entry.id, missing))
            continue
        findings.extend(entry.function(evidence))
    if not only and is_failing(evidence.site) and not any(finding.severity is Severity.CRITICAL for finding in findings):
        findings.extend(each for each in (unexplained(evidence),) if each)
    if evidence.tree_truncated:
        inconclusive.append(Inconclusive("tree", _cut_off(evidence)))
    inconclusive.extend(gaps_of(evidence))
    inconclusive.extend(not_evaluated(evidence))
    if not is_failing(evidence.site):
        findings = [finding if _stands(finding) else replace(finding, severity=Severity.NOTE) for finding in findings]
    return CheckRun(judged(with_layers(with_changes(with_other_names(findings, evidence), evidence), evidence)), tuple(inconclusive))


def _stands(finding: Finding) -> bool:
    """What is told of a site that answers us. A maintenance that nobody ends is announced as a planned one is: it is no failure."""
    is_stuck = finding.cause == "wordpress-stuck-maintenance" and finding.severity is Severity.CRITICAL
    return is_stuck or finding.check == OTHERS_MEET


def _cut_off(evidence: Evidence) -> str:
    seen = len(evidence.tree) if isinstance(evidence.tree, tuple) else 0
    return _("Only the first {count} files and folders were looked at: what lies beyond them may hold a cause as well.").format(count=seen)


def _missing(evidence: Evidence, needs: tuple[str, ...]) -> str:
    for need in needs:
        value = getattr(evidence, need)
        if isinstance(value, Unreadable):
            return f"{value.what} could not be read: {value.why}"
    return ""
