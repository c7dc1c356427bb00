"""The installation itself as an app: its commands (`up`, `backup`, `restore`) and its system checks."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.models.signals import post_migrate


def make_cache_table(using: str, verbosity: int = 0, **_: Any) -> None:
    """The cache lies in the database; its table is no model's, so it is made when migrations have run."""
    call_command("createcachetable", database=using, verbosity=max(0, verbosity - 1))


class ConfigurationConfig(AppConfig):
    name = "config"
    label = "config"

    def ready(self) -> None:
        from config import celery, system_checks  # noqa: F401 (tasks find their application; the checks are registered)

        post_migrate.connect(make_cache_table, sender=apps.get_app_config("auth"), dispatch_uid="config.make_cache_table")
