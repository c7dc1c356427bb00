"""The part of a site's page about what visitors met, so that the page includes it by one line."""

from __future__ import annotations

from typing import Any

from django import template

from sites.models import Site
from sites.visitors import pages as visitor_pages
from sites.visitors import queries as visitor_queries

register = template.Library()


@register.inclusion_tag("sites/site_visitors.html")
def visitors_card(site: Site, may_write: bool = False) -> dict[str, Any]:
    """The last day in short, or what is needed to know it."""
    return {"site": site, "met": visitor_queries.summary(site), "may_write": may_write}


@register.simple_tag
def pages_added_for_visitors(site: Site) -> set[int]:
    """The keys of the pages that are watched because visitors met errors there."""
    return {row.page_id for row in visitor_pages.added(site) if row.page_id is not None}
