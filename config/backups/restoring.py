"""Puts a backup in the place of what is there: the database in one transaction, folders by renaming, all or nothing."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from config.backups import archive, rows


class RestoreRefused(Exception):
    """Nothing was changed; the message says why and what to do."""


def restore(path: Path, passphrase: str, replace: bool) -> archive.Opened:
    """Restores `path`. Raises `RestoreRefused`, `SealBroken`, `OSError` or what the database refuses, with nothing changed."""
    if not replace and not rows.is_empty():
        raise RestoreRefused("This installation is in use: it has users or sites. With --replace all of it is replaced by the backup.")
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.SITEMEND_VAR_DIR) as staging:
        opened = archive.open_into(path, passphrase, Path(staging))
        _examine(opened)
        call_command("migrate", interactive=False, verbosity=0)
        with _folders_swapped(opened.folder), transaction.atomic():
            with opened.rows.open(encoding="utf-8") as lines:
                counts = rows.replace_rows(lines)
            if counts != opened.counts:
                raise RestoreRefused("The number of rows is not the one that the backup names.")
            # Both sets of keys until the database is certain: whichever state a power cut leaves can be read.
            _keep_keys((*opened.credentials_keys, *settings.SITEMEND_CREDENTIALS_KEYS))
        _keep_keys(opened.credentials_keys)
        _write_private(settings.SITEMEND_VAR_DIR / "django.key", opened.django_key)
        # What waited in the queues names rows of the former database.
        shutil.rmtree(settings.SITEMEND_VAR_DIR / "valkey", ignore_errors=True)
    return opened


def _examine(opened: archive.Opened) -> None:
    """Everything that can be known before anything is touched."""
    ours, theirs = set(rows.migrations_of_code()), set(opened.migrations)
    if ours != theirs:
        which = "a newer" if theirs - ours else "an older"
        advice = "Update this one first." if theirs - ours else "Restore it with that version, then update."
        raise RestoreRefused(f"The backup was made by {which} version of Sitemend, whose database looks different. {advice}")
    try:
        for key in opened.credentials_keys:
            Fernet(key)
    except ValueError:
        raise RestoreRefused("The backup's key is not usable.") from None
    if not _keys_are_kept_here() and set(opened.credentials_keys) - set(settings.SITEMEND_CREDENTIALS_KEYS):
        raise RestoreRefused(
            "SITEMEND_CREDENTIALS_KEY is set and is not the key of this backup: its stored secrets could not be opened. "
            "Unset it (the backup's key is then kept in the state folder) and restore again."
        )


def _keys_are_kept_here() -> bool:
    """Whether the key comes from the state folder, and not from the environment."""
    try:
        kept = settings.SITEMEND_CREDENTIALS_KEY_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return False
    return kept == ",".join(settings.SITEMEND_CREDENTIALS_KEYS)


def _keep_keys(keys: tuple[str, ...]) -> None:
    if _keys_are_kept_here() or set(keys) - set(settings.SITEMEND_CREDENTIALS_KEYS):
        _write_private(settings.SITEMEND_CREDENTIALS_KEY_FILE, ",".join(dict.fromkeys(keys)))


def _write_private(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def _folders_swapped(source: Path) -> Iterator[None]:
    """The folders of `source` stand in the state folder; if the block fails, the former ones are put back."""
    former = source / ".former"
    former.mkdir(mode=0o700)
    moved: list[str] = []
    try:
        for name in archive.FOLDERS:
            ours = settings.SITEMEND_VAR_DIR / name
            if ours.exists():
                ours.rename(former / name)
            moved.append(name)
            if (source / name).exists():
                (source / name).rename(ours)
        yield
    except BaseException:
        for name in moved:
            ours = settings.SITEMEND_VAR_DIR / name
            shutil.rmtree(ours, ignore_errors=True)
            if (former / name).exists():
                (former / name).rename(ours)
        raise
