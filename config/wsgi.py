"""The web application, for gunicorn: `gunicorn config.wsgi`."""

from __future__ import annotations

import os
import sys

from django.core.wsgi import get_wsgi_application

from config.env import SettingRefused

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_GUNICORN_APP_LOAD_ERROR = 4  # gunicorn's arbiter stops at this status; at any other it would start workers for ever

try:
    application = get_wsgi_application()
except SettingRefused:
    sys.exit(_GUNICORN_APP_LOAD_ERROR)
