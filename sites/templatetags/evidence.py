"""The answer that was kept of an incident, for its page."""

from __future__ import annotations

from typing import Any

from django import template

from sites.evidence import screenshots
from sites.evidence import showing as evidence
from sites.models import Incident

register = template.Library()


@register.simple_tag
def kept_answer(incident: Incident) -> dict[str, Any] | None:
    """Its key, and whether there is a picture of it; None when nothing was kept."""
    kept = evidence.of_incident(incident)
    return {"pk": kept.pk, "picture": screenshots.has_picture(kept)} if kept else None
