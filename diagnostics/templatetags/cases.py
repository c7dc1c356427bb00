"""Who is on a repair, for its page and for the dashboard."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from ..cases import notes, people
from ..models import RepairCase

register = template.Library()
register.filter("person", people.name_of)
_SHOWN_NOTES = 2
_SHOWN_CASES = 5


@register.inclusion_tag("diagnostics/case_people.html", takes_context=True)
def case_people(context: Context, case: RepairCase) -> dict[str, Any]:
    """Who has it, and the newest notes."""
    standing = list(notes.of_case(case)[:200])
    return {
        "case": case,
        "holding": people.holding(case),
        "is_mine": case.holder_id == context["user"].pk,
        "notes": standing[:_SHOWN_NOTES],
        "more": len(standing) - _SHOWN_NOTES if len(standing) > _SHOWN_NOTES else 0,
        "may_write": context.get("may_write", False),
    }


@register.inclusion_tag("diagnostics/handed_to_you.html", takes_context=True)
def handed_to_you(context: Context) -> dict[str, Any]:
    """For the dashboard: the repairs that this person has."""
    found = list(people.held_by(context["user"])[: _SHOWN_CASES + 1])
    return {"cases": found[:_SHOWN_CASES], "more": len(found) > _SHOWN_CASES}
