"""Repairs that a site's settings allow without a person, on pages and in mails of others."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.utils import timezone

from diagnostics.automatic import deciding, telling
from diagnostics.models import AutomaticRepair
from sites import access, read_only
from sites.automatic import policy as auto_policy
from sites.models import Incident, Site

register = template.Library()


@register.simple_tag
def automatic_in_mail(incident_id: int) -> telling.Told | None:
    """What a mail says of the repair that was made without a person."""
    return telling.in_mail(incident_id)


@register.simple_tag(takes_context=True)
def waits_for_yes(context: Context, incident: Incident) -> bool:
    """Whether a proposed repair waits for just this person: then their yes is what the page is about."""
    row = AutomaticRepair.objects.filter(incident=incident, state=AutomaticRepair.State.ASKED).first()
    return row is not None and not deciding.may_decide(row, context["request"].user)


@register.inclusion_tag("diagnostics/automatic_of_incident.html", takes_context=True)
def automatic_of_incident(context: Context, incident: Incident, may_write: bool = False) -> dict[str, Any]:
    """For the page of an incident: what is proposed or was repaired by itself, with yes, no and undo."""
    shown = telling.on_page(incident)
    if shown is None:
        return {}
    why_not = deciding.may_decide(shown.row, context["request"].user) if shown.is_asked else ""
    return {
        "shown": shown,
        "row": shown.row,
        "incident": incident,
        "may_write": may_write,
        "why_not": why_not,
        "read_only": read_only.words(incident.site),
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("diagnostics/automatic_of_site.html", takes_context=True)
def automatic_of_site(context: Context, site: Site, may_write: bool = False) -> dict[str, Any]:
    """For the page of a site: whether repairs are made by themselves, how, and what the last one did."""
    policy = auto_policy.of(site)
    rows = AutomaticRepair.objects.filter(incident__site=site).select_related("incident").order_by("-asked_at")
    last = rows.prefetch_related("steps").first()
    if not policy.is_on and last is None and not (may_write and site.host_id):
        return {}
    return {
        "site": site,
        "policy": policy,
        "words": auto_policy.words(policy),
        "stopped": deciding.stopped(site) if policy.is_on else "",
        "last": last,
        "last_words": telling.label(last, list(last.steps.all())) if last else "",
        "today": deciding.made_today(site, policy, timezone.now()) if policy.is_on else 0,
        "may_write": may_write,
        "is_owner": access.is_owner(context["request"], site.team_id),
        "csrf_token": context.get("csrf_token"),
    }
