"""`backup FILE`: everything that the product itself keeps, sealed by a passphrase. May run while `up` runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from config.backups import archive, passphrase


class Command(BaseCommand):
    help = "Writes database, keys, mails and evidence into one file, sealed by a passphrase."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--passphrase-env", metavar="VAR", help="environment variable with the passphrase (SITEMEND_SECRET_...)")

    def handle(self, *_args: Any, file: Path, passphrase_env: str | None, **_options: Any) -> None:
        if file.exists():
            raise CommandError(f"{file} exists already; choose another name. Nothing was written.", returncode=2)
        words = passphrase.ask(passphrase_env, twice=True)
        try:
            counts = archive.write(file, words)
        except (OSError, DatabaseError) as error:
            raise CommandError(f"The backup could not be written: {error}. Nothing was left behind.", returncode=2) from None
        self.stdout.write(f"{file}: {sum(counts.values())} rows, {file.stat().st_size} bytes. Without its passphrase nobody can open it.")
