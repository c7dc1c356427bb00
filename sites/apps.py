"""The app that watches."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from sites.probing import engine


class SitesConfig(AppConfig):
    name = "sites"
    label = "sites"
    verbose_name = _("Sites")

    def ready(self) -> None:
        from . import receivers  # noqa: F401 (connects them)

        engine.trust(settings.SITEMEND_CA_FILE)
