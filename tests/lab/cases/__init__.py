"""All cases, by the module that makes them."""

from __future__ import annotations

from tests.lab.cases import healthy, host, htaccess, permissions, php, php_settings, rewriting, wordpress
from tests.lab.cases.base import CASES, Case, Truth

__all__ = ["CASES", "Case", "Truth", "healthy", "host", "htaccess", "permissions", "php", "php_settings", "rewriting", "wordpress"]
