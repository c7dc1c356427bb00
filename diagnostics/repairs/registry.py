"""Where repairs are registered, and how a plan is made: computed from evidence, written by nobody here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan

PACKAGE = "diagnostics.repairs"


@dataclass(frozen=True, slots=True)
class CannotPlan:
    """Why this repair is not possible here, for a person."""

    why: str


Answers = dict[str, str]
PlanFunction = Callable[[Evidence, Finding, Answers], Plan | CannotPlan | None]
Variants = Callable[[Evidence, Finding], list[Answers]]


def _one_way(_evidence: Evidence, _finding: Finding) -> list[Answers]:
    return [{}]


@dataclass(frozen=True, slots=True)
class Repair:
    id: str
    title: str
    causes: tuple[str, ...]
    function: PlanFunction
    variants: Variants = _one_way  # the answers that a person may choose among, the best first


_registered: dict[str, Repair] = {}


def repair(*, id: str, title: str, causes: tuple[str, ...], variants: Variants = _one_way) -> Callable[[PlanFunction], PlanFunction]:
    """Registers a repair. Raises ValueError for an id that is taken."""

    def register(function: PlanFunction) -> PlanFunction:
        if id in _registered and _registered[id].function.__module__ != function.__module__:
            raise ValueError(f"two repairs are named {id}")
        _registered[id] = Repair(id, title, causes, function, variants)
        return function

    return register


def all_repairs() -> tuple[Repair, ...]:
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{PACKAGE}.{module.name}")
    return tuple(sorted(_registered.values(), key=lambda entry: entry.id))


def try_plan(repair_id: str, evidence: Evidence, finding: Finding, answers: Iterable[tuple[str, str]] = ()) -> Plan | CannotPlan | None:
    """A plan, why there is none, or None where there is nothing to do. Raises KeyError for an unknown repair."""
    all_repairs()
    entry = _registered[repair_id]
    if finding.cause not in entry.causes:
        return None
    given = tuple(answers)
    plan = entry.function(evidence, finding, dict(given))
    if isinstance(plan, Plan):
        return replace(plan, answers=given) if plan.changes else None
    return plan


def ways(repair_id: str, evidence: Evidence, finding: Finding) -> list[tuple[tuple[str, str], ...]]:
    """The answers among which a person may choose, the best first. Raises KeyError for an unknown repair."""
    all_repairs()
    return [tuple(answers.items()) for answers in _registered[repair_id].variants(evidence, finding)]


def plan_repair(repair_id: str, evidence: Evidence, finding: Finding, answers: Iterable[tuple[str, str]] = ()) -> Plan | None:
    """As `try_plan`, without the reason where there is no plan."""
    plan = try_plan(repair_id, evidence, finding, answers)
    return plan if isinstance(plan, Plan) else None
