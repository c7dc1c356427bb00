"""`manage.py coverage`: what is still blind. Exit status 0 when nothing is, 1 when something is."""

from __future__ import annotations

from typing import Any

from diagnostics.coverage import queries
from diagnostics.coverage.problems import BY_CODE
from sites import cli


class Command(cli.JsonCommand):
    help = "Lists the sites whose connection, folder, logs or history cannot be seen, each with what is missing."

    def answer(self, **options: Any) -> tuple[Any, int]:
        counts, sites, blind = queries.summary(queries.all_sites())
        document = {"sites": sites, "blind": blind, "problems": counts, "rows": queries.all_rows() if blind else []}
        return document, cli.PROBLEM if blind else cli.WELL

    def say(self, document: Any) -> str:
        if not document["blind"]:
            return "Nothing is blind."
        lines = [f"{document['blind']} of {document['sites']} sites are blind in some way."]
        lines += [
            f"{row['site']} ({row['host'] or 'no host'}): {', '.join(_words(code) for code in row['problems'])}" for row in document["rows"]
        ]
        return "\n".join(lines)


def _words(code: str) -> str:
    return str(BY_CODE[code].words).lower()
