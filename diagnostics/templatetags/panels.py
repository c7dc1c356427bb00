"""The panel of a hosting account on other pages."""

from __future__ import annotations

from typing import Any

from django import template

from diagnostics.panels import showing
from sites.models import Host

register = template.Library()


@register.inclusion_tag("diagnostics/host_panel_card.html")
def panel_of_host(host: Host, may_write: bool) -> dict[str, Any]:
    """Whether its panel is connected, and what keeps the hosting from working."""
    return {**showing.of_host(host), "may_write": may_write}
