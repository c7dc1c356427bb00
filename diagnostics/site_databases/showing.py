"""What the guided repair shows of a site's database, from stored rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diagnostics.facts.settings.writing import PARTS
from diagnostics.models import DatabaseDump, FindingRecord, GivenLogin, RepairCase, Step
from sites.models import Site

from . import checking, given, store
from .reaching import why_not_from_here

_COUNT = (Step.State.DONE, *Step.APPLIED, Step.State.NEEDS_ATTENTION, Step.State.UNDONE)
_MORE_THAN_THE_PASSWORD = {"database-missing", "database-server-down", "database-table-missing"}
_OF_LOSS = {"database-table-missing"}
_OF_TABLES = {"database-table-crashed"}
SETTINGS = "database"  # in the result of a look: what the settings say, without the password


def page(case: RepairCase, attempts: Sequence[Step], findings: Sequence[FindingRecord]) -> dict[str, Any]:
    """For the step of the guide. What was read counts until the settings were changed from here."""
    newest = next((step for step in reversed(attempts) if step.guide_step == given.GUIDE_STEP and SETTINGS in step.result), None)
    changed = next((step for step in reversed(attempts) if step.repair_id == given.REPAIR and step.action == "repair"), None)
    is_old = newest is not None and changed is not None and changed.pk > newest.pk and changed.stands_applied
    found = None if newest is None or is_old else newest.result[SETTINGS]
    told = GivenLogin.of(case) if case.closed_at is None else None
    typed = {"user_name": told.user_name, "server": told.server, "name": told.name} if told else {}
    shown = {"settings": _with_words(found) if found else None, "given": told, "typed": typed}
    checked = next((step for step in reversed(attempts) if step.repair_id == checking.ABOUT and step.state in _COUNT), None)
    damaged = checked.result.get(checking.DAMAGED) if checked is not None and checked.action == "look" else None
    causes = {finding.cause for finding in findings if finding.severity != "note"}
    shown |= {"opens_all": bool(typed) or bool(causes & _MORE_THAN_THE_PASSWORD), "tables_first": bool(damaged or causes & _OF_TABLES)}
    shown |= _dumps(case.site)
    shown["dump_first"] = _of_before(case.site, shown["dumps"]) if causes & _OF_LOSS else None
    return {**shown, "damaged": damaged, "can_repair": bool(damaged and checking.repairable(damaged))}


def _of_before(site: Site, dumps: Sequence[DatabaseDump]) -> DatabaseDump | None:
    """The newest dump from before the site began to fail: what was lost since then is in it."""
    began = min((page.failing_since for page in site.pages.all() if page.failing_since), default=None)
    return next((dump for dump in dumps if began and dump.began_at < began), None)


def _dumps(site: Site) -> dict[str, Any]:
    rows = store.of(site)
    needed = set(DatabaseDump.objects.filter(store.needed(), site=site).values_list("pk", flat=True))
    for row in rows:
        row.is_needed = row.pk in needed
    why = why_not_from_here(site.host) if site.host is not None else ""
    return {"dumps": rows, "used": store.size(site), "limit": store.limit(), "no_dump": why}


def _with_words(found: dict[str, Any]) -> dict[str, Any]:
    rows = [{**row, "words": PARTS.get(row["part"], row["part"])} for row in found["at"] if row["part"] in PARTS]
    return {**found, "at": rows}
