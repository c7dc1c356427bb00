#!/usr/bin/env python
"""Every command of the product: `python manage.py COMMAND`; start with `up`."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Runs one command. A refused setting is one line (and, with --json, one JSON document), never a traceback."""
    if sys.version_info < (3, 11):  # noqa: UP036 (said in one line instead of a SyntaxError somewhere below)
        sys.exit("sitemend: needs Python 3.11 or newer, this is " + sys.version.split()[0])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("sitemend: Django is not installed here; start with `make run`, or use .venv/bin/python")
    try:
        execute_from_command_line(sys.argv)
    except SystemExit as end:
        message = getattr(end, "message", None)
        if message and "--json" in sys.argv:
            error = {"code": "setting-refused", "message": message, "hint": "Correct it in the environment or in .env."}
            print(json.dumps({"error": error}))
        raise


if __name__ == "__main__":
    main()
