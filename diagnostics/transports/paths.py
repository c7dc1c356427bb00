"""Small rules about paths and names that all transports share."""

from __future__ import annotations

import posixpath
import secrets
import stat

from diagnostics.transports.base import FileKind, Unsupported
from diagnostics.transports.failures import explained, printable
from sites.texts import mark as _

LIST_LIMIT = 200_000


def checked(path: str) -> str:
    """The path itself if it is absolute and climbs nowhere. Raises Unsupported."""
    if not path.startswith("/") or "\0" in path or ".." in path.split("/"):
        raise explained(Unsupported, _("{path} is not an absolute path."), path=printable(path))
    return path.rstrip("/") or "/"


def joined(folder: str, name: str) -> str:
    return posixpath.join(folder, name)


def is_plain_name(name: str) -> bool:
    """False for what a host must not list: it would lead out of the folder."""
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def beside(path: str, ending: str) -> str:
    """A random, hidden name in the same folder as `path`."""
    return joined(posixpath.dirname(path), f".sitemend-{secrets.token_hex(8)}.{ending}")


def is_ours(path: str) -> bool:
    """Whether `beside` made this name."""
    return posixpath.basename(path).startswith(".sitemend-")


def kind_of(mode: int) -> FileKind:
    if stat.S_ISREG(mode):
        return FileKind.FILE
    if stat.S_ISDIR(mode):
        return FileKind.FOLDER
    return FileKind.LINK if stat.S_ISLNK(mode) else FileKind.OTHER


def too_many(path: str) -> Unsupported:
    return explained(Unsupported, _("{path} holds more than {limit} names."), path=printable(path), limit=LIST_LIMIT)
