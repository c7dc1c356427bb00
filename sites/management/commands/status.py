"""`manage.py status`: the installation in a few figures. Exit status 0 when all is well, 1 when a site is down or an incident open."""

from __future__ import annotations

from typing import Any

from sites import cli
from sites.fleet import status


class Command(cli.JsonCommand):
    help = "Counts sites by verdict, open incidents, how late probing is, and what waits in the queues."

    def answer(self, **options: Any) -> tuple[Any, int]:
        found = status()
        return found, cli.PROBLEM if found["sites"]["down"] or found["open_incidents"] else cli.WELL

    def say(self, document: Any) -> str:
        queues = document["queues"]
        waiting = "the broker cannot be reached" if None in queues.values() else "  ".join(f"{name}: {n}" for name, n in queues.items())
        lines = [
            "  ".join(f"{verdict}: {number}" for verdict, number in document["sites"].items()),
            f"open incidents: {document['open_incidents']}",
            f"probes in the last minute: {document['probes_last_minute']}, the most overdue page is {document['lag_s']:.0f} s late",
            f"queues: {waiting}",
        ]
        if document["own_line_down_since"]:
            lines.append(f"our own connection seems to be down since {document['own_line_down_since']}")
        failure = document["last_mail_failure"]
        if failure:
            lines.append(f"last mail failure: {failure['at']} to {failure['recipient']}: {failure['error']}")
        return "\n".join(lines)
