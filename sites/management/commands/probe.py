"""`manage.py probe NAME`: probes a site now. Exit status 0 when it is up, 1 when it is not, 2 when it could not be probed."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from sites.models import Site
from sites.recording import probe_now
from sites.reports import SiteReport


class Command(BaseCommand):
    help = "Probes all pages of a site now, and again until up or down is certain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--json", action="store_true", help="write one JSON document to standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            site = Site.objects.filter(name=options["name"]).first()
            if site is None:
                self._refuse(
                    "no-such-site", f"There is no site named {options['name']}.", "manage.py status --json counts the sites.", options
                )
            found = probe_now(site)
        except DatabaseError as error:
            self._refuse("database", f"The database does not answer: {error}", "Nothing was stored. Try again.", options)
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), ensure_ascii=False))
        else:
            self._say(found)
        sys.exit(0 if found.verdict == "up" else 1)

    def _say(self, found: SiteReport) -> None:
        document = found.as_json()
        self.stdout.write(f"{document['site']}: {document['verdict']}")
        for page in document["pages"]:
            ms = "" if page["ms"] is None else f"{page['ms']:.0f} ms"
            self.stdout.write(f"  {page['path']}  {page['status'] or '–'}  {page['kind']}  {ms}  {page.get('message', '')}".rstrip())

    def _refuse(self, code: str, message: str, hint: str, options: dict[str, Any]) -> NoReturn:
        if options["json"]:
            self.stdout.write(json.dumps({"error": {"code": code, "message": message, "hint": hint}}, ensure_ascii=False))
        self.stderr.write(f"{message} {hint}")
        sys.exit(2)
