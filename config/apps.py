"""The installation itself as an app: its commands (`up`, `backup`, `restore`) and its system checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def make_database_private(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Nobody else on this machine reads sessions and mails, also where the state folder stood before, open to all."""
    if connection.vendor != "sqlite":
        return
    for ending in ("", "-wal", "-shm"):
        file = Path(f"{connection.settings_dict['NAME']}{ending}")
        try:
            if file.is_file() and file.stat().st_mode & 0o007:
                file.chmod(file.stat().st_mode & 0o770)
        except OSError:
            pass  # gone meanwhile, or it belongs to somebody else, who decides about it


class ConfigurationConfig(AppConfig):
    name = "config"
    label = "config"

    def ready(self) -> None:
        from config import celery, system_checks  # noqa: F401 (tasks find their application; the checks are registered)

        connection_created.connect(make_database_private, dispatch_uid="config.make_database_private")
