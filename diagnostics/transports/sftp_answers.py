"""What a host says over SFTP, in our words: names, attributes and refusals."""

from __future__ import annotations

import stat as modes

from diagnostics.transports import sftp_packets
from diagnostics.transports.base import Stat, TransportError, Unsupported
from diagnostics.transports.failures import explained, lost, no_space, not_found, permission_refused, printable
from diagnostics.transports.paths import kind_of
from diagnostics.transports.sftp_packets import Attrs, SftpStatus
from sites.texts import mark as _


def to_bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def to_text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def as_stat(attrs: Attrs, path: str) -> Stat:
    if attrs.mode is None:
        raise explained(Unsupported, _("The host does not tell what {path} is."), path=printable(path))
    return Stat(kind_of(attrs.mode), modes.S_IMODE(attrs.mode), attrs.size or 0, float(attrs.mtime or 0), attrs.uid, attrs.gid)


def from_status(status: SftpStatus, path: str) -> TransportError:
    """What the host answered, in our words."""
    if status.code == sftp_packets.NO_SUCH_FILE:
        return not_found(path)
    if status.code == sftp_packets.PERMISSION_DENIED:
        return permission_refused(path)
    if status.code in (sftp_packets.NO_CONNECTION, sftp_packets.CONNECTION_LOST):
        return lost()
    if status.code == sftp_packets.OP_UNSUPPORTED:
        return explained(Unsupported, _("The host does not offer this over SFTP ({path})."), path=printable(path))
    said = status.text.lower()
    full = "no space" in said or "quota" in said or "disk full" in said
    if full or status.code in (sftp_packets.NO_SPACE_LEFT, sftp_packets.QUOTA_EXCEEDED):
        return no_space(path)
    return explained(TransportError, _("The host refused this for {path}: {reason}."), path=printable(path), reason=printable(status.text))
