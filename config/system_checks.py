"""What `manage.py check` says about an installation beyond Django's own checks."""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from sites.probing.guard import Guard


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


_NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "glusterfs", "ceph"})


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path`, from the lines of /proc/mounts; "" when it is not known."""
    best, found = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = path == Path(point) or Path(point) in path.parents
        if inside and len(point) >= len(best):
            best, found = point, fields[2]
    return found


@register("sitemend")
def sqlite_is_on_a_disk_of_this_machine(**_: Any) -> list[CheckMessage]:
    """SQLite's write-ahead log needs shared memory, which no network file system offers (https://sqlite.org/wal.html)."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.sqlite3" or not os.path.exists("/proc/mounts"):
        return []
    kind = file_system_of(Path(database["NAME"]).resolve(), Path("/proc/mounts").read_text(encoding="utf-8", errors="replace"))
    if kind not in _NETWORK_FILE_SYSTEMS:
        return []
    hint = "Set SITEMEND_VAR_DIR to a local disk, or DATABASE_URL to PostgreSQL."
    return [Warning(f"The SQLite database lies on a network file system ({kind}).", hint=hint, id="sitemend.W003")]


@register("sitemend")
def deadman_url_can_be_called(**_: Any) -> list[CheckMessage]:
    """An outside service that lies on this machine or in a closed network is never called: the alarm would never end."""
    host = urlsplit(settings.SITEMEND_DEADMAN_URL).hostname or ""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return []  # a name: what it leads to is looked at with every call
    why = Guard(tuple(settings.SITEMEND_ALLOWED_NETWORKS)).why_refused(address)
    if not why:
        return []
    hint = "Use a service that is elsewhere, or allow its network in SITEMEND_ALLOWED_NETWORKS."
    return [Warning(f"SITEMEND_DEADMAN_URL names {host}, which is not contacted: {why}.", hint=hint, id="sitemend.W004")]
