"""The part of a page that shows read-only mode and leads to its switch."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse

from sites import access, read_only
from sites.models import Host, Site

register = template.Library()


@register.inclusion_tag("sites/read_only_part.html", takes_context=True)
def read_only_of_site(context: Context, site: Site) -> dict[str, Any]:
    """For a site's page."""
    by_host = site.host is not None and site.host.read_only_since is not None
    url = reverse("diagnostics:host-read-only", args=[site.host_id]) if by_host else reverse("sites:site-read-only", args=[site.pk])
    return _part(context, read_only.words(site), site.team_id, url, is_on=read_only.is_on(site))


@register.inclusion_tag("sites/read_only_part.html", takes_context=True)
def read_only_of_host(context: Context, host: Host, url: str) -> dict[str, Any]:
    """For the page of a hosting account; `url` is that of its switch."""
    return _part(context, read_only.host_words(host), host.team_id, url, is_on=host.read_only_since is not None)


def _part(context: Context, said: str, team_id: int, url: str, *, is_on: bool) -> dict[str, Any]:
    return {"words": said, "is_on": is_on, "url": url if access.is_owner(context["request"], team_id) else ""}
