"""`manage.py list_repairs`: what can be repaired here."""

from __future__ import annotations

from typing import Any

from diagnostics.repairs.registry import all_repairs
from sites import cli


class Command(cli.JsonCommand):
    help = "Lists the repairs, each with the causes it is for."

    def answer(self, **options: Any) -> tuple[Any, int]:
        return [{"id": repair.id, "title": repair.title, "causes": list(repair.causes)} for repair in all_repairs()], cli.WELL

    def say(self, document: Any) -> str:
        return "\n".join(f"{row['id']}: {row['title']}" for row in document)
