"""Settings and everything that starts the product. May import anything; nothing imports it."""

from __future__ import annotations

from config.celery import app as celery_app

__all__ = ["celery_app"]
