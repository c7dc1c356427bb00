"""`manage.py repair NAME`: plans, and with `--yes` applies, one repair after another. Exit status 0 when the site is well."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from diagnostics import unattended
from sites import cli


class Command(cli.JsonCommand):
    help = "Repairs a site without asking, keeping only what helps. Without --yes it only tells what it would do."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
        parser.add_argument("--yes", action="store_true", help="apply it")

    def answer(self, **options: Any) -> tuple[Any, int]:
        if options["dry_run"] and options["yes"]:
            raise cli.Refused("usage", "--dry-run and --yes exclude each other.", "Give one of them.")
        site = cli.site_named(options["name"])
        try:
            document = unattended.repair_site(site, apply=options["yes"])
        except unattended.CannotRepair as error:
            raise cli.Refused(error.code, error.message, error.hint) from error
        is_left = document["left"] and not document["cured"]
        return document, cli.WELL if document["after"] == "up" and not is_left else cli.PROBLEM

    def say(self, document: Any) -> str:
        lines = [f"{document['site']}: {document['before']} before, {document['after']} now"]
        lines += [f"  {step['repair']}: {step['state']} ({', '.join(step['changed'])})" for step in document["steps"]]
        lines += [f"  left: {each['cause']}: {each['why']}" for each in document["left"]]
        return "\n".join(lines)
