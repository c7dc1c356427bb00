"""The parts of a site's page about looks as other visitors and about certificates, so that the page includes each by one line."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils.translation import gettext as _

from sites import wording
from sites.looks import certificate_queries
from sites.looks import queries as look_queries
from sites.models import Incident, Site

register = template.Library()


@register.inclusion_tag("sites/site_looks.html")
def looks_card(site: Site) -> dict[str, Any]:
    """The table of looks, per page and kind."""
    return {"site": site, "table": look_queries.look_table(site) if site.wants_looks else None}


@register.inclusion_tag("sites/site_certificates.html")
def certificates_card(site: Site) -> dict[str, Any]:
    """Until when the site's certificates are valid."""
    awaited = site.url.startswith("https:") and not site.practice
    return {"certificates": certificate_queries.certificate_words(site), "awaited": awaited, "may_be_read": site.paused_at is None}


@register.inclusion_tag("sites/site_blocked.html", takes_context=True)
def blocked_notice(context: Context, site: Site) -> dict[str, Any]:
    """What stands on the page of a site that refuses our probes."""
    return {"site": site, "blocked": site.kind == "blocked" and site.verdict == "unknown", "may_write": context.get("may_write")}


@register.inclusion_tag("sites/incident_looks.html")
def looks_notice(incident: Incident) -> dict[str, Any]:
    """On the page of an incident that the plain probe does not see: for whom it fails."""
    text = wording.looks_sentence(incident.kind, incident.status, incident.looks) if incident.looks and incident.is_open else ""
    return {"incident": incident, "text": text}


@register.filter
def purpose_words(purpose: str) -> str:
    """What kind of probe a result is of, when it is not a routine one."""
    return {
        "confirmation": _("to confirm"),
        "cache-proof": _("past the cache"),
        "desktop": _("as a desktop browser"),
        "phone": _("as a phone"),
        "bot": _("as a bot"),
    }.get(purpose, "")
