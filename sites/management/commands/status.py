"""`manage.py status`: the installation in a few figures. Exit status 0 when no site is down, 1 when one is, 2 when it could not look."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from sites.fleet import status


class Command(BaseCommand):
    help = "Counts sites by verdict, open incidents, how late probing is, and what waits in the queues."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="write one JSON document to standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = status()
        except DatabaseError as error:
            message, hint = f"The database does not answer: {error}", "Has `manage.py migrate` run?"
            if options["json"]:
                self.stdout.write(json.dumps({"error": {"code": "database", "message": message, "hint": hint}}))
            self.stderr.write(f"{message} {hint}")
            sys.exit(2)
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            self._say(found)
        sys.exit(1 if found["sites"]["down"] or found["open_incidents"] else 0)

    def _say(self, found: dict[str, Any]) -> None:
        self.stdout.write("  ".join(f"{verdict}: {number}" for verdict, number in found["sites"].items()))
        self.stdout.write(f"open incidents: {found['open_incidents']}")
        self.stdout.write(f"probes in the last minute: {found['probes_last_minute']}, the most overdue page is {found['lag_s']:.0f} s late")
        queues = found["queues"]
        waiting = "the broker cannot be reached" if None in queues.values() else "  ".join(f"{name}: {n}" for name, n in queues.items())
        self.stdout.write(f"queues: {waiting}")
        failure = found["last_mail_failure"]
        if failure:
            self.stdout.write(f"last mail failure: {failure['at']} to {failure['recipient']}: {failure['error']}")
