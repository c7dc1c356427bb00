"""What the guided repair shows of a site's database, from stored rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diagnostics.facts.settings.writing import PARTS
from diagnostics.models import RepairCase, Step

from . import given

SETTINGS = "database"  # in the result of a look: what the settings say, without the password


def page(case: RepairCase, attempts: Sequence[Step]) -> dict[str, Any]:
    """For the step of the guide. What was read counts until the settings were changed from here."""
    newest = next((step for step in reversed(attempts) if step.guide_step == given.GUIDE_STEP and SETTINGS in step.result), None)
    changed = next((step for step in reversed(attempts) if step.repair_id == given.REPAIR and step.action == "repair"), None)
    is_old = newest is not None and changed is not None and changed.pk > newest.pk and changed.stands_applied
    found = None if newest is None or is_old else newest.result[SETTINGS]
    told = given.of(case) if case.closed_at is None else None
    typed = {"user_name": told.user_name, "server": told.server, "name": told.name} if told else {}
    return {"settings": _with_words(found) if found else None, "given": told, "typed": typed}


def _with_words(found: dict[str, Any]) -> dict[str, Any]:
    rows = [{**row, "words": PARTS.get(row["part"], row["part"])} for row in found["at"] if row["part"] in PARTS]
    return {**found, "at": rows}
