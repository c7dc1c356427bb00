"""`restore FILE`: puts a backup in the place of what is there, or changes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.base import DeserializationError
from django.db import DatabaseError

from config.backups import passphrase
from config.backups.restoring import RestoreRefused, restore
from config.backups.sealing import SealBroken
from config.state_lock import AlreadyRunning, lock


class Command(BaseCommand):
    help = "Restores a file that `backup` made. Stop `up` first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--passphrase-env", metavar="VAR", help="environment variable with the passphrase (SITEMEND_SECRET_...)")
        parser.add_argument("--replace", action="store_true", help="replace an installation that is in use")

    def handle(self, *_args: Any, file: Path, passphrase_env: str | None, replace: bool, **_options: Any) -> None:
        words = passphrase.ask(passphrase_env, twice=False)
        try:
            held = lock(settings.SITEMEND_VAR_DIR)
        except AlreadyRunning as running:
            raise CommandError(f"{running} Stop it first. Nothing was changed.", returncode=2) from None
        try:
            opened = restore(file, words, replace)
        except (RestoreRefused, SealBroken) as refusal:
            raise CommandError(f"{refusal} Nothing was changed.", returncode=2) from None
        except (OSError, DatabaseError, DeserializationError) as error:
            raise CommandError(f"The backup could not be restored: {error}. Everything was left as it was.", returncode=2) from None
        finally:
            os.close(held)
        self.stdout.write(f"Restored {sum(opened.counts.values())} rows from the backup of {opened.made_at}. Start with `up`.")
