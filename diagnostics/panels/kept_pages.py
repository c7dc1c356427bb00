"""What the guided repair shows of what a host keeps: copies of databases, snapshots. From stored rows; nobody waits for the host."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from diagnostics.models import RepairCase, Step
from diagnostics.restoring import from_snapshots
from sites.wording import moment_words

from . import connecting, databases, storage
from .base import Ability
from .steps import Watched


def page(case: RepairCase, watched: Watched, guide_step: str) -> dict[str, Any]:
    """For the steps that put something back; empty for every other."""
    if guide_step == databases.GUIDE_STEP and watched.panel is not None:
        return {"may_restore": _may_restore(watched), "databases": _databases(case)}
    if guide_step == storage.GUIDE_STEP:
        return {"may_restore": _may_restore(watched), **_snapshots(case), **_storage(case, watched)}
    return {}


def _may_restore(watched: Watched) -> bool:
    return Ability.RESTORE in connecting.abilities(watched.panel)


def _databases(case: RepairCase) -> list[dict[str, Any]] | None:
    stored = databases.told(case)
    return None if stored is None else [{**row, "dumps": [_dump(dump) for dump in row["dumps"]]} for row in stored]


def _dump(stored: dict[str, Any]) -> dict[str, Any]:
    gone = datetime.fromisoformat(stored["gone"]) if stored["gone"] else None
    words = databases.MADE_OF.get(stored["kind"], stored["kind"])
    return {**stored, "at": databases.moment_of(stored), "gone": gone, "words": words}


def _snapshots(case: RepairCase) -> dict[str, Any]:
    host = case.site.host
    if host is None or host.practice or host.profile != "ovh-mutualise":
        return {"snapshots": False}
    last = case.steps.filter(repair_id=from_snapshots.READ).order_by("-pk").first()
    refused = last is not None and last.state == Step.State.FAILED and from_snapshots.needs_consent(host)
    return {"snapshots": True, "no_snapshots": from_snapshots.why_not(host), "snapshots_refused": refused}


def _storage(case: RepairCase, watched: Watched) -> dict[str, Any]:
    stored = storage.told(case) if watched.panel is not None else None
    return {"storage": stored, "days": [(value, moment_words(at)) for value, at in storage.choices(stored)] if stored else []}
