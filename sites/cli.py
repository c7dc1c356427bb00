"""What all commands share: one JSON document on standard output with `--json`, words for people on standard error, status 0, 1 or 2."""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from .models import Site

WELL, PROBLEM, REFUSED = 0, 1, 2
by_shell: ContextVar[bool] = ContextVar("by_shell", default=False)  # whether a command is at work: what it does was asked for there


class Refused(Exception):
    """Wrong usage, or it could not run: exit status 2. `code` is stable."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def site_named(name: str) -> Site:
    """The site of this name. Raises Refused."""
    site = Site.objects.select_related("host", "team").filter(name=name).first()
    if site is None and Site.with_deleted.filter(name=name, deleted_at__isnull=False).exists():
        raise Refused("in-the-bin", f"{name} is in the bin.", "Take it back from the bin first; its repairs can be undone again then.")
    if site is None:
        raise Refused("no-such-site", f"There is no site named {name}.", "Names are exact, capitals included.")
    return site


class JsonCommand(BaseCommand):
    """A command that answers with a document. Subclasses define `arguments` and `answer`."""

    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Wrong usage, too, is told as one JSON document where that was asked for."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        told = parser.error

        def error(message: str) -> NoReturn:
            if "--json" in sys.argv:
                self.stdout.write(json.dumps({"error": {"code": "usage", "message": message, "hint": "See --help."}}))
            told(message)
            raise SystemExit(REFUSED)

        parser.error = error  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        self.arguments(parser)
        parser.add_argument("--json", action="store_true", help="write one JSON document to standard output")

    def arguments(self, parser: CommandParser) -> None:
        """What the command takes besides `--json`."""

    def answer(self, **options: Any) -> tuple[Any, int]:
        """The document and the exit status. May raise Refused."""
        raise CommandError("this command answers nothing")

    def say(self, document: Any) -> str:
        """The document in words."""
        return json.dumps(document, ensure_ascii=False, indent=1)

    def handle(self, *args: Any, **options: Any) -> None:
        asked = by_shell.set(True)
        try:
            document, status = self.answer(**options)
        except Refused as refusal:
            self._refuse(refusal, options)
        except DatabaseError as error:
            self._refuse(Refused("database", f"The database does not answer: {error}", "Has `manage.py migrate` run?"), options)
        finally:
            by_shell.reset(asked)
        self.stdout.write(json.dumps(document, ensure_ascii=False) if options["json"] else self.say(document))
        if status:
            sys.exit(status)

    def _refuse(self, refusal: Refused, options: dict[str, Any]) -> NoReturn:
        error = {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
        if options["json"]:
            self.stdout.write(json.dumps({"error": error}, ensure_ascii=False))
        self.stderr.write(f"{refusal.message} {refusal.hint}".strip())
        sys.exit(REFUSED)
