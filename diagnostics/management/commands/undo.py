"""`manage.py undo NAME`: takes repairs back, byte for byte. Needs the database and the host, not a working site."""

from __future__ import annotations

import shlex
from typing import Any

from django.core.management.base import CommandParser

from diagnostics import steps
from diagnostics.changes import settling, undoing, versions
from diagnostics.models import Step
from diagnostics.repairing import RepairRefused
from sites import cli


class Command(cli.JsonCommand):
    help = "Takes back the last applied step of a site, one step, or all of them, newest first."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--step", type=int, metavar="ID", help="this step")
        parser.add_argument(
            "--choose",
            choices=(versions.ONLY_OURS, versions.PUT_BACK, versions.KEEP),
            help="with --step, where the file has changed since: take out only our change, put back the old content, or keep what is there",
        )
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
        if options["choose"]:
            return self._choose(chosen, options)
        report = undoing.undo_steps(chosen)
        return report.as_json(site), cli.PROBLEM if report.refused else cli.WELL

    def _choose(self, chosen: list[Step], options: dict[str, Any]) -> tuple[Any, int]:
        if options["step"] is None:
            raise cli.Refused("usage", "--choose goes with --step.", "Undo the step first; it tells what can be chosen.")
        step = chosen[0]
        report = undoing.UndoReport()
        try:
            settling.choose_for_all(step, options["choose"])
        except RepairRefused as refusal:
            report.refused.append({"step": step.pk, "why": str(refusal)})
        step.refresh_from_db()
        if step.state == Step.State.UNDONE:
            report.undone.append(step.pk)
        document = report.as_json(step.case.site) | {"state": step.state, "identical": False}  # what somebody else changed may have stayed
        return document, cli.PROBLEM if report.refused else cli.WELL

    def say(self, document: Any) -> str:
        lines = [f"{document['site']}: {len(document['undone'])} undone"]
        if document.get("state") == Step.State.KEPT:
            lines.append("  what is there now is kept; the step is closed")
        for each in document["refused"]:
            lines.append(f"  step {each['step']} was not undone: {each['why']}")
            if "page" in each:
                lines += [f"    {path}: choose one of {', '.join(ids)}" for path, ids in each["choices"].items()]
                lines.append(f"    see the three versions at {each['page']}")
                lines.append(f"    or run: manage.py undo {shlex.quote(document['site'])} --step {each['step']} --choose CHOICE")
        return "\n".join(lines)
