"""The part of a site's page about what visitors met, so that the page includes it by one line."""

from __future__ import annotations

from typing import Any

from django import template

from sites import visitor_queries
from sites.models import Site

register = template.Library()


@register.inclusion_tag("sites/site_visitors.html")
def visitors_card(site: Site, may_write: bool = False) -> dict[str, Any]:
    """The last day in short, or what is needed to know it."""
    return {"site": site, "met": visitor_queries.summary(site), "may_write": may_write}
