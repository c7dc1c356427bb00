"""The app that watches."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SitesConfig(AppConfig):
    name = "sites"
    label = "sites"
    verbose_name = _("Sites")

    def ready(self) -> None:
        from . import receivers  # noqa: F401 (connects them)
