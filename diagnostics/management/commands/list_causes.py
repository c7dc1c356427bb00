"""`manage.py list_causes`: the catalogue of causes."""

from __future__ import annotations

from typing import Any

from diagnostics.causes import CAUSES
from sites import cli


class Command(cli.JsonCommand):
    help = "Lists the causes of a failure that are known, and who can repair each."

    def answer(self, **options: Any) -> tuple[Any, int]:
        rows = [
            {"code": cause.code, "title": cause.title, "repairable_by": str(cause.repairable_by), "repairs": list(cause.repairs)}
            for cause in CAUSES.values()
        ]
        return rows, cli.WELL

    def say(self, document: Any) -> str:
        return "\n".join(f"{row['code']}: {row['title']} (by {row['repairable_by']})" for row in document)
