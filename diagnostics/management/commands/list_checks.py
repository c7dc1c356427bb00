"""`manage.py list_checks`: what is looked at in a diagnosis."""

from __future__ import annotations

from typing import Any

from diagnostics.checks.registry import all_checks
from sites import cli


class Command(cli.JsonCommand):
    help = "Lists the checks of a diagnosis."

    def answer(self, **options: Any) -> tuple[Any, int]:
        return [{"id": check.id, "title": check.title, "needs": list(check.needs)} for check in all_checks()], cli.WELL

    def say(self, document: Any) -> str:
        return "\n".join(f"{row['id']}: {row['title']}" for row in document)
