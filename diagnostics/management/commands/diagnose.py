"""`manage.py diagnose NAME`: why a site fails. It reads only, unless `--trials` says yes to trials.

Exit status 1 when something above a note was found.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from diagnostics import diagnosing, policy_trials, repairing
from diagnostics.models import Diagnosis
from sites import cli
from sites.models import Site


class Command(cli.JsonCommand):
    help = "Runs all facts and checks on a site, read-only, and tells what is the matter."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--trials",
            action="store_true",
            help="where no cause is certain, make trials: something is changed for a moment, the site is looked at, and it is put back",
        )

    def answer(self, **options: Any) -> tuple[Any, int]:
        site = cli.site_named(options["name"])
        diagnosis = diagnosing.diagnose_now(site)
        if diagnosis.state == Diagnosis.State.FAILED:
            raise cli.Refused("diagnosis-failed", diagnosis.error, "Nothing was changed. Try again.")
        made = _trials(site, diagnosis) if options["trials"] else []
        newest = site.diagnoses.filter(state=Diagnosis.State.DONE).order_by("-requested_at", "-pk").first() if made else None
        document = diagnosing.as_json(newest or diagnosis)
        if options["trials"]:
            document["trials"] = made
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
        lines += [f"  trial {each['trial']}: {each['message']}" for each in document.get("trials", [])]
        lines += [f"  could not be looked at: {each['check']}: {each['missing']}" for each in document["inconclusive"]]
        return "\n".join(lines)


def _trials(site: Site, diagnosis: Diagnosis) -> list[dict[str, Any]]:
    try:
        steps = policy_trials.agreed(site, diagnosis)
    except repairing.RepairRefused as error:
        raise cli.Refused("no-trial", str(error), "Nothing was changed.") from error
    return [{"id": step.pk, "trial": step.repair_id, "state": step.state, "message": step.message} for step in steps]
