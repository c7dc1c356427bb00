"""All cases, by the modules that make them."""

from __future__ import annotations

from tests.lab.cases import (
    blogs,
    frameworks,
    healthy,
    host,
    htaccess,
    lookalikes,
    moving,
    permissions,
    php,
    php_settings,
    rewriting,
    wordpress,
)  # fmt: skip
from tests.lab.cases.base import CASES, Case, Truth

MODULES = (blogs, frameworks, healthy, host, htaccess, lookalikes, moving, permissions, php, php_settings, rewriting, wordpress)

__all__ = ["CASES", "MODULES", "Case", "Truth"]
