"""Parts of pages about windows, deployments and pauses, so that each page includes them by one line."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils import timezone

from sites.models import DeployHook, Site
from sites.windows import deploying, maintenance
from sites.windows import queries as maintenance_queries
from sites.windows.forms import DeploymentForm, PauseForm
from sites.wording import moment_words

register = template.Library()

register.filter("clock_words", moment_words)


@register.inclusion_tag("sites/site_banner.html", takes_context=True)
def maintenance_banner(context: Context, site: Site) -> dict[str, Any]:
    """What stands above a site's page while a window or a deployment is on."""
    return {
        "csrf_token": context.get("csrf_token"),
        "may_write": context.get("may_write"),
        "site": site,
        "deployment": deploying.running(site),
        "banner": maintenance_queries.banner(site),
        "now": timezone.now(),
    }


@register.inclusion_tag("sites/site_deploying.html", takes_context=True)
def deploying_card(context: Context, site: Site) -> dict[str, Any]:
    """Deployments of a site: the button, and the last ones with their results."""
    last = deploying.last_ones(site)
    return {
        "csrf_token": context.get("csrf_token"),
        "may_write": context.get("may_write"),
        "site": site,
        "running": bool(last) and last[0].concluded_at is None,
        "deployments": [row for row in last if row.concluded_at],
        "form": DeploymentForm(auto_id="id_deploy_%s"),
        "has_hook": DeployHook.objects.filter(site=site).exists(),
    }


@register.inclusion_tag("sites/site_windows.html", takes_context=True)
def windows_list(context: Context, site: Site) -> dict[str, Any]:
    """The windows that are planned for a site."""
    now = timezone.now()
    rows = [maintenance_queries.row_of(window, now) for window in maintenance.windows_of(site)]
    return {"site": site, "rows": rows[:5], "more": max(0, len(rows) - 5), "may_write": context.get("may_write")}


@register.inclusion_tag("sites/site_pause.html", takes_context=True)
def pause_part(context: Context, site: Site) -> dict[str, Any]:
    """Pausing, or how long it has been paused."""
    form = PauseForm(auto_id="id_pause_%s")
    return {"csrf_token": context.get("csrf_token"), "site": site, "form": form, "words": maintenance_queries.pause_words(site)}
