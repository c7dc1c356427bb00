"""All cases, by the modules that make them."""

from __future__ import annotations

from tests.lab.cases import frameworks, healthy, host, htaccess, permissions, php, php_settings, rewriting, wordpress
from tests.lab.cases.base import CASES, Case, Truth

MODULES = (frameworks, healthy, host, htaccess, permissions, php, php_settings, rewriting, wordpress)

__all__ = ["CASES", "MODULES", "Case", "Truth"]
