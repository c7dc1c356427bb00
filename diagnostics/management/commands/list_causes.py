"""`manage.py list_causes`: the catalogue of causes."""

from __future__ import annotations

from typing import Any

from diagnostics.causes import CAUSES, Cause
from diagnostics.causes.alike import alike
from diagnostics.causes.asking import asking_for
from diagnostics.causes.by_hand import BY_HAND
from diagnostics.causes.guides import guide_of
from sites import cli


class Command(cli.JsonCommand):
    help = "Lists the causes of a failure that are known, and who can repair each."

    def answer(self, **options: Any) -> tuple[Any, int]:
        return [_row(cause) for cause in CAUSES.values()], cli.WELL

    def say(self, document: Any) -> str:
        rows = [f"{row['code']}: {row['title']} (by {row['repairable_by']})\n    {row['explanation']}" for row in document]
        return "\n".join(rows)


def _row(cause: Cause) -> dict[str, Any]:
    guide, asking = guide_of(cause), asking_for(cause)
    return {
        "code": cause.code,
        "title": cause.title,
        "repairable_by": str(cause.repairable_by),
        "repairs": list(cause.repairs),
        "explanation": cause.explanation,
        "confused_with": [each.code for each in alike(cause)],
        "by_hand": list(BY_HAND.get(cause.code, ())),
        "ask": {"of": "host" if asking.of_host else "developer", "request": asking.request} if asking else None,
        "guide": {"section": guide.section, "url": guide.url} if guide else None,
    }
