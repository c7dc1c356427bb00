"""Checks: pure functions from evidence to findings, one per file, found by importing this package."""

from __future__ import annotations

from diagnostics.checks.registry import Check, CheckRun, all_checks, check, run_checks

__all__ = ["Check", "CheckRun", "all_checks", "check", "run_checks"]
