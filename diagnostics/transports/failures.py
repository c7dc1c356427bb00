"""Puts the ways a host can fail into plain words."""

from __future__ import annotations

import errno
from typing import TypeVar

from diagnostics.transports.base import (
    AlreadyExists,
    ConnectionLost,
    ConnectionTimedOut,
    NoSpace,
    NotFound,
    PermissionRefused,
    TransportError,
    Unsupported,
)
from sites.texts import mark as _

Kind = TypeVar("Kind", bound=TransportError)

HINT_ANSWER_LOST = _("The last change may or may not have been carried out: look at the host again before going on.")


def printable(path: str) -> str:
    """A path for a message: bytes that are no text and control characters are shown escaped."""
    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in shown)


def explained(kind: type[Kind], text: str, hint: str = "", **params: object) -> Kind:
    """An error of `kind` whose message is `text` with `params` put in; both are kept for translation."""
    error = kind(text.format(**params), hint)
    error.text, error.params = text, params
    return error


def not_found(path: str) -> NotFound:
    return explained(NotFound, _("{path} does not exist on the host."), path=printable(path))


def already_exists(path: str) -> AlreadyExists:
    hint = _("Nothing was overwritten. Look at what is there and decide which of the two to keep.")
    return explained(AlreadyExists, _("{path} exists already."), hint, path=printable(path))


def permission_refused(path: str) -> PermissionRefused:
    hint = _("Check who owns it and its mode, or connect as the account that owns the site.")
    return explained(PermissionRefused, _("This connection may not use {path}: permission denied."), hint, path=printable(path))


def owner_would_change(path: str) -> PermissionRefused:
    hint = _("The file was left as it was. Connect as the account that owns it, or ask the host to do it.")
    text = _("{path} belongs to another user or group, and replacing it would change that.")
    return explained(PermissionRefused, text, hint, path=printable(path))


def not_regular(path: str) -> Unsupported:
    return explained(Unsupported, _("{path} is not a regular file; links are not followed."), path=printable(path))


def not_a_folder(path: str) -> Unsupported:
    return explained(Unsupported, _("{path} is not a folder; links are not followed."), path=printable(path))


def not_empty(path: str) -> Unsupported:
    hint = _("Nothing in it was deleted.")
    return explained(Unsupported, _("{path} is a folder that is not empty."), hint, path=printable(path))


def too_deep(path: str) -> Unsupported:
    return explained(Unsupported, _("{path}… lies too deep: the host may not show all that is in it."), path=printable(path[:200]))


def is_link(path: str) -> Unsupported:
    hint = _("Links are never changed through. Nothing was changed.")
    return explained(Unsupported, _("{path} is a symbolic link."), hint, path=printable(path))


def not_a_link(path: str) -> Unsupported:
    return explained(Unsupported, _("{path} is no symbolic link."), path=printable(path))


def cannot_lead(path: str) -> Unsupported:
    hint = _("Nothing was changed. Use SSH, or SFTP to a host that replaces a file in one move, or change the link in the host's panel.")
    return explained(Unsupported, _("Over this connection {path}, a symbolic link, cannot be changed."), hint, path=printable(path))


def too_large(path: str, limit: int) -> Unsupported:
    return explained(Unsupported, _("{path} is larger than {limit} bytes."), path=printable(path), limit=limit)


def replaced_meanwhile(path: str) -> Unsupported:
    hint = _("Something else is changing it right now. Try again when it has finished.")
    return explained(Unsupported, _("{path} was replaced while it was being read."), hint, path=printable(path))


def no_space(path: str) -> NoSpace:
    hint = _("The old file stands as it was. Free some space, for instance old backups or logs, and try again.")
    text = _("The host would not store all bytes of {path}: its disk or the account's quota is full.")
    return explained(NoSpace, text, hint, path=printable(path))


def lost() -> ConnectionLost:
    return explained(ConnectionLost, _("The connection to the host broke off."), HINT_ANSWER_LOST)


def too_slow(seconds: float) -> ConnectionTimedOut:
    return explained(ConnectionTimedOut, _("The host did not answer within {seconds:g} s."), HINT_ANSWER_LOST, seconds=seconds)


def too_long_a_reading(seconds: float) -> ConnectionTimedOut:
    """For what comes steadily, and so slowly that it would hold us for ever."""
    text = _("The host sends so slowly that one file or folder takes more than {seconds:g} s.")
    return explained(ConnectionTimedOut, text, _("It was given up. Try again when the host is less busy."), seconds=seconds)


def from_os_error(error: OSError, path: str) -> TransportError:
    """What the local file system said, in our words."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return not_found(path)
    if error.errno in (errno.EACCES, errno.EPERM):
        return permission_refused(path)
    if error.errno == errno.EEXIST:
        return already_exists(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return no_space(path)
    if error.errno == errno.ELOOP:
        return is_link(path)
    return explained(TransportError, _("{path}: {reason}."), path=printable(path), reason=error.strerror or str(error))
