"""Repairs: each computes a plan from evidence, one per file, found by importing this package."""

from __future__ import annotations

from diagnostics.repairs.registry import CannotPlan, Repair, all_repairs, plan_repair, repair, try_plan

__all__ = ["CannotPlan", "Repair", "all_repairs", "plan_repair", "repair", "try_plan"]
