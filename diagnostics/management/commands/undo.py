"""`manage.py undo NAME`: takes repairs back, byte for byte. Needs the database and the host, not a working site."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from diagnostics import steps, undoing
from diagnostics.models import Step
from sites import cli


class Command(cli.JsonCommand):
    help = "Takes back the last applied step of a site, one step, or all of them, newest first."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--step", type=int, metavar="ID", help="this step")
        parser.add_argument("--all", action="store_true", help="every applied step that is not undone yet")

    def answer(self, **options: Any) -> tuple[Any, int]:
        if options["step"] is not None and options["all"]:
            raise cli.Refused("usage", "--step and --all exclude each other.", "Give one of them.")
        site = cli.site_named(options["name"])
        chosen = list(steps.applied(site.pk))
        if options["step"] is not None:
            step = Step.objects.filter(pk=options["step"], case__site=site, action="repair").first()
            if step is None:
                raise cli.Refused("no-such-step", f"{site.name} has no step {options['step']}.", "`repair --json` tells the ids of steps.")
            chosen = [step]
        elif not options["all"]:
            chosen = chosen[:1]
        report = undoing.undo_steps(chosen)
        return report.as_json(site), cli.PROBLEM if report.refused else cli.WELL

    def say(self, document: Any) -> str:
        lines = [f"{document['site']}: {len(document['undone'])} undone"]
        lines += [f"  step {each['step']} was not undone: {each['why']}" for each in document["refused"]]
        return "\n".join(lines)
