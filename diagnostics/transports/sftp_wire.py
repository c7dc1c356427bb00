"""SFTP version 3 (draft-ietf-secsh-filexfer-02) over an SSH channel: names are bytes, and every answer has a time limit.

OpenSSH's extensions are used where the host announces them (openssh/PROTOCOL, section 4).
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import paramiko

from diagnostics.transports.base import ConnectionLost, TransportError
from diagnostics.transports.failures import explained, lost, too_slow
from sites.texts import mark as _

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT = 1, 2, 3, 4, 5, 6, 7, 8, 9
OPENDIR, READDIR, REMOVE, REALPATH, STAT, RENAME = 11, 12, 13, 16, 17, 18
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = 101, 102, 103, 104, 105, 200, 201

FLAG_READ, FLAG_WRITE, FLAG_CREATE, FLAG_EXCLUSIVE = 0x01, 0x02, 0x08, 0x20

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE = 0, 1, 2, 3, 4, 5
NO_CONNECTION, CONNECTION_LOST, OP_UNSUPPORTED = 6, 7, 8
NO_SPACE_LEFT, QUOTA_EXCEEDED = 14, 15  # of later drafts; some servers send them all the same

CHUNK = 32_768
IN_FLIGHT = 16
PACKET_LIMIT = 1_048_576


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


class _Body:
    """Takes an answer apart."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) != size:
            raise garbled()
        self._at += size
        return part

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def long(self) -> int:
        return int.from_bytes(self.take(8), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def attrs(self) -> Attrs:
        flags = self.number()
        size = self.long() if flags & 1 else None
        uid, gid = (self.number(), self.number()) if flags & 2 else (None, None)
        mode = self.number() if flags & 4 else None
        atime, mtime = (self.number(), self.number()) if flags & 8 else (None, None)
        for _pair in range(self.number() if flags & 0x80000000 else 0):
            self.string()
            self.string()
        return Attrs(size, uid, gid, mode, atime, mtime)

    def rest_has(self) -> bool:
        return self._at < len(self._data)


def garbled() -> ConnectionLost:
    hint = _("A login script on the host may print text; then it must be silent for SFTP.")
    return explained(ConnectionLost, _("The host sent something that is not SFTP."), hint)


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


class SftpWire:
    """One SFTP conversation. Raises SftpStatus for what the host refuses, ConnectionLost and ConnectionTimedOut for the line."""

    def __init__(self, channel: paramiko.Channel, answer_limit_s: float) -> None:
        self._channel = channel
        self._answer_limit_s = answer_limit_s
        self._next = 0
        self._early: dict[int, tuple[int, _Body]] = {}
        self._broken: TransportError | None = None
        self._send(struct.pack(">BI", INIT, 3))
        kind, body = self._packet()
        if kind != VERSION:
            raise garbled()
        body.number()
        self.extensions: dict[str, str] = {}
        while body.rest_has():
            name, value = body.string(), body.string()
            self.extensions[name.decode("ascii", "replace")] = value.decode("ascii", "replace")

    def stat(self, path: bytes) -> Attrs:
        return self._ask(STAT, _string(path), ATTRS).attrs()

    def lstat(self, path: bytes) -> Attrs:
        return self._ask(LSTAT, _string(path), ATTRS).attrs()

    def fstat(self, handle: bytes) -> Attrs:
        return self._ask(FSTAT, _string(handle), ATTRS).attrs()

    def open(self, path: bytes, flags: int, attrs: Attrs | None = None) -> bytes:
        return self._ask(OPEN, _string(path) + struct.pack(">I", flags) + (attrs or Attrs()).packed(), HANDLE).string()

    def close(self, handle: bytes) -> None:
        self._ask(CLOSE, _string(handle), STATUS)

    def setstat(self, path: bytes, attrs: Attrs) -> None:
        self._ask(SETSTAT, _string(path) + attrs.packed(), STATUS)

    def lsetstat(self, path: bytes, attrs: Attrs) -> None:
        self._ask(EXTENDED, _string(b"lsetstat@openssh.com") + _string(path) + attrs.packed(), STATUS)

    def remove(self, path: bytes) -> None:
        self._ask(REMOVE, _string(path), STATUS)

    def rename(self, path: bytes, target: bytes) -> None:
        self._ask(RENAME, _string(path) + _string(target), STATUS)

    def posix_rename(self, path: bytes, target: bytes) -> None:
        self._ask(EXTENDED, _string(b"posix-rename@openssh.com") + _string(path) + _string(target), STATUS)

    def fsync(self, handle: bytes) -> None:
        self._ask(EXTENDED, _string(b"fsync@openssh.com") + _string(handle), STATUS)

    def realpath(self, path: bytes) -> bytes:
        body = self._ask(REALPATH, _string(path), NAME)
        if body.number() != 1:
            raise garbled()
        return body.string()

    def free_bytes(self, path: bytes) -> tuple[int, int]:
        """Bytes and file entries that are free for this account (statvfs@openssh.com)."""
        body = self._ask(EXTENDED, _string(b"statvfs@openssh.com") + _string(path), EXTENDED_REPLY)
        values = [body.long() for _field in range(11)]
        return values[1] * values[4], values[7]

    def listing(self, path: bytes) -> Iterator[tuple[bytes, Attrs]]:
        handle = self._ask(OPENDIR, _string(path), HANDLE).string()
        try:
            while True:
                try:
                    body = self._ask(READDIR, _string(handle), NAME)
                except SftpStatus as status:
                    if status.code == EOF:
                        return
                    raise
                for _entry in range(body.number()):
                    name = body.string()
                    body.string()
                    yield name, body.attrs()
        finally:
            self.close_quietly(handle)

    def read(self, handle: bytes, offset: int, limit: int) -> bytes:
        """At most `limit` bytes from `offset`, several requests at a time; less only at the end of the file."""
        waiting: deque[tuple[int, int, int]] = deque()
        out, asked, ended = bytearray(), 0, False
        while not ended:
            while len(waiting) < IN_FLIGHT and asked < limit:
                size = min(CHUNK, limit - asked)
                waiting.append((self._post(READ, _string(handle) + struct.pack(">QI", offset + asked, size)), asked, size))
                asked += size
            if not waiting:
                break
            number, start, size = waiting.popleft()
            data = self._data(number)
            out += data
            if len(data) < size:
                # A short answer: what was asked for further on does not fit behind it.
                for later, _start, _size in waiting:
                    self._data(later)
                waiting.clear()
                asked, ended = start + len(data), not data
        return bytes(out)

    def write(self, handle: bytes, content: bytes) -> None:
        waiting: deque[int] = deque()
        failure: SftpStatus | None = None
        for start in range(0, len(content), CHUNK):
            if failure is not None:
                break
            part = content[start : start + CHUNK]
            waiting.append(self._post(WRITE, _string(handle) + struct.pack(">Q", start) + _string(part)))
            if len(waiting) >= IN_FLIGHT:
                failure = self._settled(waiting.popleft())
        for number in waiting:
            failure = self._settled(number) or failure
        if failure is not None:
            raise failure

    def _settled(self, number: int) -> SftpStatus | None:
        try:
            self._answer(number, STATUS)
        except SftpStatus as status:
            return status
        return None

    def _data(self, number: int) -> bytes:
        try:
            return self._answer(number, DATA).string()
        except SftpStatus as status:
            if status.code == EOF:
                return b""
            raise

    def close_quietly(self, handle: bytes) -> None:
        try:
            self.close(handle)
        except (SftpStatus, TransportError):
            pass  # what was read is read; a line that broke shows at the next request

    def _ask(self, kind: int, payload: bytes, expected: int) -> _Body:
        return self._answer(self._post(kind, payload), expected)

    def _post(self, kind: int, payload: bytes) -> int:
        self._next = (self._next + 1) & 0xFFFFFFFF
        self._send(struct.pack(">BI", kind, self._next) + payload)
        return self._next

    def _answer(self, number: int, expected: int) -> _Body:
        kind, body = self._early.pop(number, None) or self._awaited(number)
        if kind == STATUS:
            code = body.number()
            text = body.string().decode("utf-8", "replace") if body.rest_has() else ""
            if code != OK:
                raise SftpStatus(code, text)
        if kind != expected:
            raise garbled()
        return body

    def _awaited(self, number: int) -> tuple[int, _Body]:
        """The answer to one request; the protocol allows answers to overtake each other."""
        while True:
            kind, body = self._packet()
            answered = body.number()
            if answered == number:
                return kind, body
            if len(self._early) >= 2 * IN_FLIGHT:
                raise self._break(garbled())
            self._early[answered] = kind, body

    def _break(self, error: TransportError) -> TransportError:
        """After this, requests and answers can no longer be told apart: everything further fails at once."""
        self._broken = error
        return error

    def _send(self, packet: bytes) -> None:
        if self._broken is not None:
            raise self._broken
        self._channel.settimeout(self._answer_limit_s)
        try:
            self._channel.sendall(struct.pack(">I", len(packet)) + packet)
        except TimeoutError as error:
            raise self._break(too_slow(self._answer_limit_s)) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._break(lost()) from error

    def _packet(self) -> tuple[int, _Body]:
        deadline = time.monotonic() + self._answer_limit_s
        size = int.from_bytes(self._receive(4, deadline), "big")
        if not 1 <= size <= PACKET_LIMIT:
            raise self._break(garbled())
        data = self._receive(size, deadline)
        return data[0], _Body(data[1:])

    def _receive(self, size: int, deadline: float) -> bytes:
        out = bytearray()
        while len(out) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._break(too_slow(self._answer_limit_s))
            self._channel.settimeout(left)
            try:
                part = self._channel.recv(size - len(out))
            except TimeoutError as error:
                raise self._break(too_slow(self._answer_limit_s)) from error
            except (paramiko.SSHException, EOFError, OSError) as error:
                raise self._break(lost()) from error
            if not part:
                raise self._break(lost())
            out += part
        return bytes(out)
