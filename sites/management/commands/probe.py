"""`manage.py probe NAME`: probes a site now. Exit status 0 when it is up, 1 when it is not, 2 when it could not be probed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from sites import cli
from sites.probing_now import probe_now


class Command(cli.JsonCommand):
    help = "Probes all pages of a site now, and again until up or down is certain."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def answer(self, **options: Any) -> tuple[Any, int]:
        found = probe_now(cli.site_named(options["name"]), with_looks=True)
        return found.as_json(), cli.WELL if found.verdict == "up" else cli.PROBLEM

    def say(self, document: Any) -> str:
        lines = [f"{document['site']}: {document['verdict']}"]
        for page in document["pages"]:
            ms = "" if page["ms"] is None else f"{page['ms']:.0f} ms"
            lines.append(f"  {page['path']}  {page['status'] or '–'}  {page['kind']}  {ms}  {page.get('message', '')}".rstrip())
        for look in (look for look in document["looks"] if look["kind"] != "ok"):
            seen = (look["path"], look["look"], str(look["status"] or "–"), look["kind"], look.get("message", ""))
            lines.append("  " + "  ".join(seen).rstrip())
        return "\n".join(lines)
