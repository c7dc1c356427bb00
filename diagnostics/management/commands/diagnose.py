"""`manage.py diagnose NAME`: why a site fails. It reads only. Exit status 1 when something above a note was found."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from diagnostics import diagnosing
from diagnostics.models import Diagnosis
from sites import cli


class Command(cli.JsonCommand):
    help = "Runs all facts and checks on a site, read-only, and tells what is the matter."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def answer(self, **options: Any) -> tuple[Any, int]:
        diagnosis = diagnosing.diagnose_now(cli.site_named(options["name"]))
        if diagnosis.state == Diagnosis.State.FAILED:
            raise cli.Refused("diagnosis-failed", diagnosis.error, "Nothing was changed. Try again.")
        document = diagnosing.as_json(diagnosis)
        found = any(finding["severity"] != "note" for finding in document["findings"])
        return document, cli.PROBLEM if found or document["verdict"] == "down" else cli.WELL

    def say(self, document: Any) -> str:
        lines = [f"{document['site']}: {document['verdict']}"]
        for finding in document["findings"]:
            place = f" ({finding['path']}{':' + str(finding['line']) if finding['line'] else ''})" if finding["path"] else ""
            lines.append(f"  {finding['severity']}: {finding['summary']}{place}")
            lines += [f"      {proof['text']}" for proof in finding["evidence"][:1]]
            lines += [f"      {finding['because']}"] if finding["because"] else []
            lines += [f"      {finding['next']}"] if finding["severity"] == "critical" else []
            if finding["repair"]:
                lines.append(f"      repair: {finding['repair']['id']}")
        lines += [f"  could not be looked at: {each['check']}: {each['missing']}" for each in document["inconclusive"]]
        return "\n".join(lines)
