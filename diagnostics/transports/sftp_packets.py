"""The packets of SFTP version 3 (draft-ietf-secsh-filexfer-02): numbers, attributes, and answers taken apart."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from diagnostics.transports.base import ConnectionLost
from diagnostics.transports.failures import explained
from diagnostics.transports.secrecy import Secrets
from sites.texts import mark as _

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT = 1, 2, 3, 4, 5, 6, 7, 8, 9
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = 101, 102, 103, 104, 105, 200, 201

FLAG_READ, FLAG_WRITE, FLAG_CREATE, FLAG_TRUNCATE, FLAG_EXCLUSIVE = 0x01, 0x02, 0x08, 0x10, 0x20

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE = 0, 1, 2, 3, 4, 5
NO_CONNECTION, CONNECTION_LOST, OP_UNSUPPORTED = 6, 7, 8
NO_SPACE_LEFT, QUOTA_EXCEEDED = 14, 15  # of later drafts; some servers send them all the same

NUMBER = struct.Struct(">I")
_ALL_ATTRS = struct.Struct(">QIIIII")


class SftpStatus(Exception):
    """The host answered a request with an error. `code` is the protocol's number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Attrs:
    """File attributes as sent; what the host left out is None. `mode` includes the file type."""

    size: int | None = None
    uid: int | None = None
    gid: int | None = None
    mode: int | None = None
    atime: int | None = None
    mtime: int | None = None

    def packed(self) -> bytes:
        flags, body = 0, b""
        if self.uid is not None and self.gid is not None:
            flags, body = flags | 2, body + struct.pack(">II", self.uid, self.gid)
        if self.mode is not None:
            flags, body = flags | 4, body + struct.pack(">I", self.mode)
        if self.atime is not None and self.mtime is not None:
            flags, body = flags | 8, body + struct.pack(">II", self.atime & 0xFFFFFFFF, self.mtime & 0xFFFFFFFF)
        return struct.pack(">I", flags) + body


class Body:
    """Takes an answer apart."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._at = at

    def take(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) != size:
            raise garbled()
        self._at += size
        return part

    def number(self) -> int:
        try:
            (found,) = NUMBER.unpack_from(self._data, self._at)
        except struct.error:
            raise garbled() from None
        self._at += 4
        return found

    def long(self) -> int:
        return int.from_bytes(self.take(8), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def attrs(self) -> Attrs:
        flags = self.number()
        if flags == 0x0F:  # as most hosts answer: at one go, since trees have many names
            return Attrs(*_ALL_ATTRS.unpack(self.take(_ALL_ATTRS.size)))
        size = self.long() if flags & 1 else None
        uid, gid = (self.number(), self.number()) if flags & 2 else (None, None)
        mode = self.number() if flags & 4 else None
        atime, mtime = (self.number(), self.number()) if flags & 8 else (None, None)
        for _pair in range(self.number() if flags & 0x80000000 else 0):
            self.string()
            self.string()
        return Attrs(size, uid, gid, mode, atime, mtime)

    def names(self) -> list[tuple[bytes, Attrs]]:
        """What READDIR brings; the line for people that comes with each name is passed over."""
        found = []
        for _entry in range(self.number()):
            name = self.string()
            self.string()
            found.append((name, self.attrs()))
        return found

    def rest_has(self) -> bool:
        return self._at < len(self._data)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host said to one request."""

    kind: int
    body: Body
    secrets: Secrets = field(default_factory=Secrets)

    def expect(self, kind: int) -> Body:
        """Raises SftpStatus when the host refused, ConnectionLost when it is something else altogether."""
        if self.kind == STATUS:
            code = self.body.number()
            text = self.secrets.shown(self.body.string().decode("utf-8", "replace")) if self.body.rest_has() else ""
            if code != OK:
                raise SftpStatus(code, text)
        if self.kind != kind:
            raise garbled()
        return self.body


def garbled() -> ConnectionLost:
    hint = _("A login script on the host may print text; then it must be silent for SFTP.")
    return explained(ConnectionLost, _("The host sent something that is not SFTP."), hint)


def string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
