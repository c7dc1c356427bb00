"""The parts of other pages about baselines, so that those pages include them by one line."""

from __future__ import annotations

from typing import Any

from django import template

from diagnostics.baselines import showing
from diagnostics.models import Diagnosis
from sites.models import Incident, Site

register = template.Library()


@register.inclusion_tag("diagnostics/site_files.html")
def files_card(site: Site, may_write: bool = False) -> dict[str, Any]:
    """Which baseline there is, on a site's page."""
    return {"site": site, "standing": showing.standing(site) if site.host_id else None, "may_write": may_write}


@register.inclusion_tag("diagnostics/changes_since.html")
def changes_since(seen_by: Diagnosis | Incident) -> dict[str, Any]:
    """What changed since it last worked, on the page of a diagnosis or an incident."""
    is_incident = isinstance(seen_by, Incident)
    return {"since": showing.since_of_incident(seen_by) if is_incident else showing.since(seen_by), "site_id": seen_by.site_id}
