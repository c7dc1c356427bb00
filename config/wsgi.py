"""The web application, for gunicorn: `gunicorn config.wsgi`."""

from __future__ import annotations

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.env import SettingRefused

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_GUNICORN_APP_LOAD_ERROR = 4  # gunicorn's arbiter stops at this status; at any other it would start workers for ever

try:
    application = get_wsgi_application()
except SettingRefused:
    sys.exit(_GUNICORN_APP_LOAD_ERROR)

# gunicorn forks its worker after this (--preload). What is loaded by now is not looked at by the garbage collector again: its memory
# stays shared. So all pages are loaded here, and not by the first request.
get_resolver().url_patterns  # noqa: B018 (loads them)
gc.collect()
gc.freeze()
