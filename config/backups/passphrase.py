"""Where a backup's passphrase comes from: an environment variable that is named, or the keyboard. Never an argument."""

from __future__ import annotations

import getpass
import os
import sys

from django.core.management import CommandError

SHORTEST = 12
_PREFIX = "SITEMEND_SECRET_"


def ask(variable: str | None, *, twice: bool) -> str:
    """The passphrase; raises `CommandError` (exit status 2) that says what to do instead."""
    if variable:
        if not variable.startswith(_PREFIX):
            raise CommandError(f"The variable must begin with {_PREFIX}, for example {_PREFIX}BACKUP.", returncode=2)
        passphrase = os.environ.get(variable, "")
        if not passphrase:
            raise CommandError(f"The environment has no {variable}, or it is empty.", returncode=2)
    elif sys.stdin.isatty():
        passphrase = getpass.getpass("Passphrase: ")
        if twice and passphrase != getpass.getpass("Once more: "):
            raise CommandError("The two differ. Nothing was written.", returncode=2)
    else:
        raise CommandError(f"No keyboard to ask: name a variable with --passphrase-env {_PREFIX}BACKUP.", returncode=2)
    if twice and len(passphrase) < SHORTEST:
        raise CommandError(f"The passphrase is too short: at least {SHORTEST} characters. Nothing was written.", returncode=2)
    return passphrase
