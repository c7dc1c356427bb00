"""All cases, by the modules that make them."""

from __future__ import annotations

from tests.lab.cases import (
    blogs,
    frameworks,
    healthy,
    host,
    htaccess,
    htaccess_slips,
    logs_of_programs,
    lookalikes,
    loud_but_well,
    moving,
    permissions,
    php,
    php_settings,
    php_slips,
    rewriting,
    scripts_and_owners,
    wordpress,
)  # fmt: skip
from tests.lab.cases.base import CASES, Case, Truth

MODULES = (
    blogs, frameworks, healthy, host, htaccess, lookalikes, moving, permissions, php, php_settings, rewriting, wordpress,
    wordpress_own, wordpress_parts, wordpress_well,
)  # fmt: skip

__all__ = ["CASES", "MODULES", "Case", "Truth"]
