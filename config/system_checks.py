"""What `manage.py check` says about an installation beyond Django's own checks."""

from __future__ import annotations

import stat
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


@register("sitemend")
def key_files_are_private(**_: Any) -> list[CheckMessage]:
    """The keys open every stored secret: nobody but the owner may read them."""
    found: list[CheckMessage] = []
    for path in (settings.SITEMEND_CREDENTIALS_KEY_FILE, settings.SITEMEND_VAR_DIR / "django.key"):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue  # the key comes from the environment
        if mode & 0o077:
            found.append(Warning(f"{path} can be read by others (mode {mode:o}).", hint=f"chmod 600 {path}", id="sitemend.W001"))
    return found


@register("sitemend")
def debug_stays_at_home(**_: Any) -> list[CheckMessage]:
    """DEBUG shows settings and code to whoever meets an error."""
    host = urlsplit(settings.SITEMEND_BASE_URL).hostname or ""
    if not settings.DEBUG or host == "localhost" or host.startswith("127.") or host == "::1":
        return []
    return [Warning("SITEMEND_DEBUG is on for an address that others reach.", hint="Unset SITEMEND_DEBUG.", id="sitemend.W002")]
