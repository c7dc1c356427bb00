"""`manage.py import_sites FILE.csv`: registers many sites, all or nothing per row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from diagnostics.accounts import importing
from sites import cli
from sites.importing.sources import Parsed, Unreadable, parse_file

MOST_BYTES = 100 * 1024 * 1024


class Command(cli.JsonCommand):
    help = "Registers the sites of a CSV file, or of an export of Uptime Kuma, UptimeRobot or MainWP: all or nothing per row."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE.csv")
        parser.add_argument("--dry-run", action="store_true", help="say what would be made and refused; store nothing")

    def answer(self, **options: Any) -> tuple[Any, int]:
        path = Path(options["file"])
        parsed = _parsed(path)
        created, refused = importing.import_all(parsed, file_name=path.name, dry_run=options["dry_run"])
        for note in parsed.notes:
            self.stderr.write(note)
        document = {"created": created, "refused": refused, "dry_run": options["dry_run"], "source": parsed.source, "notes": parsed.notes}
        return document, cli.PROBLEM if refused else cli.WELL

    def say(self, document: Any) -> str:
        verb = "would be registered" if document["dry_run"] else "registered"
        lines = [f"Row {refusal['row']}: {refusal['why']}" for refusal in document["refused"]]
        lines.append(f"{document['created']} {verb}, {len(document['refused'])} refused.")
        return "\n".join(lines)


def _parsed(path: Path) -> Parsed:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise cli.Refused("file-too-large", f"The file {path} is larger than {MOST_BYTES // 1024 // 1024} MB.", "Split it.")
        return parse_file(path.read_bytes(), importing.MOST_FROM_COMMAND_LINE)
    except OSError as error:
        raise cli.Refused(
            "no-such-file", f"The file {path} cannot be read: {error.strerror or error}", "Nothing was registered."
        ) from error
    except Unreadable as error:
        hint = "Nothing was registered. The first row names the columns; name and url are needed."
        raise cli.Refused("file-unreadable", str(error), hint) from error
