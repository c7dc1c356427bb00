"""All cases, by the modules of this folder that make them."""

from __future__ import annotations

import importlib
import pkgutil

from tests.lab.cases.base import CASES, Case, Truth

MODULES = tuple(importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__) if module.name != "base")

__all__ = ["CASES", "MODULES", "Case", "Truth"]
