"""Where something is blind, other pages say so."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from ..coverage import queries

register = template.Library()


@register.inclusion_tag("diagnostics/coverage_hint.html", takes_context=True)
def coverage_hint(context: Context) -> dict[str, Any]:
    """A link to what is still blind, only if hosting accounts that worked do not any more."""
    return {"cut_off": queries.any_cut_off(context["request"].user)}
