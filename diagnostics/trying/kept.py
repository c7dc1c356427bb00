"""What trials of a site have shown, kept with their steps: it counts as long as the failure lasts that they were made for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from diagnostics.checks.common import is_failing
from diagnostics.evidence import Evidence
from diagnostics.models import Step
from diagnostics.tried import Tried, TriedLayer, TriedLines, TriedPart
from sites.models import Site

LASTS = timedelta(days=3)
_MOST = 6


def of_site(site: Site, evidence: Evidence) -> tuple[Tried, ...]:
    """The trials of the failure at hand, the latest of each kind."""
    if not is_failing(evidence.site):
        return ()
    began = evidence.site.failing_since
    rows = Step.objects.filter(case__site=site, action="trial", result__has_key="tried")
    rows = rows.filter(created_at__gte=max(filter(None, (began, timezone.now() - LASTS)))).order_by("-pk")
    latest: dict[str, Tried] = {}
    for step in rows[:_MOST]:
        latest.setdefault(step.repair_id, _tried(step, step.result["tried"]))
    return tuple(latest.values())


def _tried(step: Step, stored: dict[str, Any]) -> Tried:
    lines = [TriedLines(row["path"], row["sha256"], tuple(row["lines"]), row["parts"]) for row in stored.get("lines", [])]
    parts = [TriedPart(row["kind"], row["slug"], row["path"], row["named"]) for row in stored.get("parts", [])]
    layers = [TriedLayer(row["layer"], row["answer"], row["status"], row["code"]) for row in stored.get("layers", [])]
    known = (stored.get("looks", 0), stored.get("cause", ""), stored.get("is_least", True))
    return Tried(step.repair_id, step.created_at, *known, tuple(lines), tuple(parts), tuple(layers))
