"""The installation itself as an app: its commands (`up`, `backup`, `restore`) and its system checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


def make_cache_table(using: str, verbosity: int = 0, **_: Any) -> None:
    """The cache lies in the database; its table is no model's, so it is made when migrations have run."""
    call_command("createcachetable", database=using, verbosity=max(0, verbosity - 1))


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
        post_migrate.connect(make_cache_table, sender=apps.get_app_config("auth"), dispatch_uid="config.make_cache_table")
