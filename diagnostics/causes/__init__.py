"""The catalogue of causes, as data. Codes are stable."""

from __future__ import annotations

from diagnostics.causes import hosting, htaccess, permissions, php, wordpress
from diagnostics.causes.base import Cause, RepairableBy

CAUSES: dict[str, Cause] = {cause.code: cause for module in (htaccess, permissions, php, wordpress, hosting) for cause in module.CAUSES}

__all__ = ["CAUSES", "Cause", "RepairableBy"]
