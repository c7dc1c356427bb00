"""Seals everything that is stored sealed with the newest key, beside the running product: row by row, and again where it left off.

What is sealed is found by its own mark, not by a list that somebody could forget to extend: every binary column, and every text
column whose name says so. A row that somebody changes meanwhile is never overwritten; its new value is looked at instead.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models, transaction

from . import credentials
from .credentials import SecretUnreadable

BATCH = 50  # rows per transaction: others that write wait for one at most
TRIES = 5  # for one value that changes under our hands
SETTLE_S = 600.0  # how long work that began with the old keys may still seal with them
_NAMED = 100  # of those that could not be opened


class RotationRefused(Exception):
    """Nothing was changed. `code` is stable."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


@dataclass
class Outcome:
    """What one pass met. `unreadable` names those that no key here opens; they stand as they were."""

    resealed: int = 0
    already: int = 0
    unreadable_count: int = 0
    unreadable: list[dict[str, Any]] = field(default_factory=list)


def sealed_columns() -> list[tuple[type[models.Model], str]]:
    """Every column that may hold something sealed."""
    return [
        (model, column.name)
        for model in apps.get_models()
        if model._meta.app_label in ("sites", "diagnostics") and model._meta.managed
        for column in model._meta.local_concrete_fields
        if isinstance(column, models.BinaryField) or (isinstance(column, models.TextField) and column.name.startswith("sealed"))
    ]


def reseal_all() -> Outcome:
    """Seals with the newest key whatever is not yet. Harmless when run twice, or cut off and run again."""
    outcome = Outcome()
    for model, column in sealed_columns():
        for batch in _batches(model, column):
            with transaction.atomic():
                for pk in batch:
                    _reseal(model, column, pk, outcome)
    return outcome


def sealed_with_old() -> int:
    """How many values do not open with the newest key alone."""
    count = 0
    for model, column in sealed_columns():
        for batch in _batches(model, column):
            values = model._base_manager.filter(pk__in=batch).values_list(column, flat=True)
            count += sum(1 for value in values if credentials.is_sealed(value) and not credentials.opens_with_newest(value))
    return count


def _batches(model: type[models.Model], column: str) -> Iterator[list[Any]]:
    """The keys of rows that hold something, few at a time; rows that are added meanwhile come last."""
    rows = model._base_manager.exclude(**{column: None}).order_by("pk")
    rows = rows.exclude(**{column: b"" if isinstance(model._meta.get_field(column), models.BinaryField) else ""})
    last = None
    while batch := list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", flat=True)[:BATCH]):
        yield batch
        last = batch[-1]


def _reseal(model: type[models.Model], column: str, pk: Any, outcome: Outcome) -> None:
    rows = model._base_manager.filter(pk=pk)
    for _try in range(TRIES):
        value = rows.values_list(column, flat=True).first()
        value = bytes(value) if isinstance(value, memoryview) else value
        if not credentials.is_sealed(value):
            return
        try:
            renewed = credentials.resealed(value)
        except SecretUnreadable:
            outcome.unreadable_count += 1
            if len(outcome.unreadable) < _NAMED:
                outcome.unreadable.append({"table": model._meta.db_table, "column": column, "row": pk})
            return
        if renewed is None:
            outcome.already += 1
            return
        if rows.filter(**{column: value}).update(**{column: renewed}):
            outcome.resealed += 1
            return


# --- the key file -------------------------------------------------------------------------------
def add_new_key() -> None:
    """Puts a new key first in the key file; the old ones stay. Running processes see it at their next use. Raises RotationRefused."""
    path = _key_file("put the new key first in SITEMEND_CREDENTIALS_KEY, a comma and the old one behind it, restart, and run this again")
    with _alone(path):
        _write(path, (credentials.new_key(), *settings.SITEMEND_CREDENTIALS_KEYS))


def forget_old_keys() -> int:
    """Leaves only the newest key in the file. Returns how many were dropped. Raises RotationRefused while one is still needed."""
    path = _key_file("run this without --forget-old; when it re-seals nothing any more, take the old keys out of the variable")
    with _alone(path):
        return _forget_old_keys(path)


def _forget_old_keys(path: Path) -> int:
    keys = tuple(settings.SITEMEND_CREDENTIALS_KEYS)
    if len(keys) < 2:
        return 0
    if time.time() - path.stat().st_mtime < SETTLE_S:
        hint = f"Wait {SETTLE_S / 60:g} minutes after the new key was made, then run this again."
        raise RotationRefused("too-soon", "Work that began with the old key may still be going on.", hint)
    left = sealed_with_old()
    if left:
        hint = "Run without --forget-old; what cannot be opened has to be typed again or removed first."
        raise RotationRefused("still-needed", f"{left} stored values do not open with the newest key alone. No key was forgotten.", hint)
    _write(path, keys[:1])
    return len(keys) - 1


def _key_file(advice: str) -> Path:
    path = getattr(settings.SITEMEND_CREDENTIALS_KEYS, "path", None)
    if path is None:
        hint = advice[0].upper() + advice[1:] + "."
        raise RotationRefused("keys-from-environment", "The keys come from the environment, so this command cannot write them.", hint)
    return path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Of two that change the key file at a time the second waits: else a key that already sealed something could be overwritten."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
        os.fsync(folder)  # what is sealed with a new key from now on must not outlive it when the power fails
    finally:
        os.close(folder)


def _write(path: Path, keys: tuple[str, ...]) -> None:
    """In one step, mode 600: whoever reads the file finds the former keys or these, never half of them."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(",".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
