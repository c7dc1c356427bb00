"""`manage.py rotate_keys`: seals every stored secret with the newest key, beside the running product."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from sites import cli, key_rotation
from sites.key_rotation import RotationRefused


class Command(cli.JsonCommand):
    help = "Seals every stored secret with the newest key. Can be run at any time, beside the running product, and again after a crash."

    def arguments(self, parser: CommandParser) -> None:
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--new-key", action="store_true", help="make a new key first; the old ones are kept")
        chosen.add_argument("--forget-old", action="store_true", help="drop the old keys, if nothing is sealed with them any more")

    def answer(self, **options: Any) -> tuple[Any, int]:
        try:
            if options["new_key"]:
                key_rotation.add_new_key()
            outcome = key_rotation.reseal_all()
            forgotten = key_rotation.forget_old_keys() if options["forget_old"] else 0
        except RotationRefused as refusal:
            raise cli.Refused(refusal.code, refusal.message, refusal.hint) from refusal
        document = asdict(outcome) | {"new_key": options["new_key"], "forgotten": forgotten}
        return document, cli.PROBLEM if outcome.unreadable_count else cli.WELL

    def say(self, document: Any) -> str:
        lines = [f"{document['resealed']} sealed with the newest key, {document['already']} were already."]
        if document["new_key"]:
            lines.insert(0, "A new key stands first in the key file; the old ones are kept until --forget-old.")
        if document["forgotten"]:
            lines.append(f"{document['forgotten']} old keys are forgotten.")
        if document["unreadable_count"]:
            lines.append(f"{document['unreadable_count']} could not be opened with any key and were left as they were:")
            lines += [f"  {each['table']}.{each['column']} of row {each['row']}" for each in document["unreadable"]]
        return "\n".join(lines)
