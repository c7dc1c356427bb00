"""SFTP version 3 (draft-ietf-secsh-filexfer-02) over an SSH channel: names are bytes, and every answer has a time limit.

OpenSSH's extensions are used where the host announces them (openssh/PROTOCOL, section 4).
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Container, Iterable, Iterator

import paramiko

from diagnostics.transports.base import TransportError
from diagnostics.transports.failures import lost, too_long_a_reading, too_slow
from diagnostics.transports.secrecy import Secrets
from diagnostics.transports.sftp_packets import (
    ATTRS,
    CLOSE,
    DATA,
    EOF,
    EXTENDED,
    EXTENDED_REPLY,
    FSTAT,
    HANDLE,
    INIT,
    LSTAT,
    MKDIR,
    NAME,
    NUMBER,
    OPEN,
    OPENDIR,
    READ,
    READDIR,
    READLINK,
    REALPATH,
    REMOVE,
    RENAME,
    RMDIR,
    SETSTAT,
    STAT,
    STATUS,
    SYMLINK,
    VERSION,
    WRITE,
    Answer,
    Attrs,
    Body,
    SftpStatus,
    garbled,
    string,
)

CHUNK = 32_768
IN_FLIGHT = 16
_RECEIVE = 65_536
PACKET_LIMIT = 1_048_576
_SEND_AT = 65_536  # bytes of requests that are put together before they are sent


class SftpWire:
    """One SFTP conversation. Raises SftpStatus for what the host refuses, ConnectionLost and ConnectionTimedOut for the line."""

    def __init__(
        self, channel: paramiko.Channel, answer_limit_s: float, reading_limit_s: float = 120.0, secrets: Secrets | None = None
    ) -> None:
        self._channel = channel
        self._secrets = secrets or Secrets()
        self._answer_limit_s = answer_limit_s
        self._reading_limit_s = reading_limit_s
        self.waited_s = 0.0  # for answers, in sum
        self._next = 0
        self._asked: set[int] = set()
        self._abandoned: set[int] = set()
        self._early: dict[int, Answer] = {}
        self._inbox = bytearray()
        self._outbox = bytearray()
        self._broken: TransportError | None = None
        self._queue(struct.pack(">BI", INIT, 3))
        kind, body = self._packet()
        if kind != VERSION:
            raise garbled()
        body.number()
        self.extensions: dict[str, str] = {}
        while body.rest_has():
            name, value = body.string(), body.string()
            self.extensions[name.decode("ascii", "replace")] = value.decode("ascii", "replace")

    def stat(self, path: bytes) -> Attrs:
        return self._ask(STAT, string(path), ATTRS).attrs()

    def lstat(self, path: bytes) -> Attrs:
        return self._ask(LSTAT, string(path), ATTRS).attrs()

    def fstat(self, handle: bytes) -> Attrs:
        return self._ask(FSTAT, string(handle), ATTRS).attrs()

    def open(self, path: bytes, flags: int, attrs: Attrs | None = None) -> bytes:
        return self._ask(OPEN, string(path) + struct.pack(">I", flags) + (attrs or Attrs()).packed(), HANDLE).string()

    def close(self, handle: bytes) -> None:
        self._ask(CLOSE, string(handle), STATUS)

    def setstat(self, path: bytes, attrs: Attrs) -> None:
        self._ask(SETSTAT, string(path) + attrs.packed(), STATUS)

    def lsetstat(self, path: bytes, attrs: Attrs) -> None:
        self._ask(EXTENDED, string(b"lsetstat@openssh.com") + string(path) + attrs.packed(), STATUS)

    def remove(self, path: bytes) -> None:
        self._ask(REMOVE, string(path), STATUS)

    def mkdir(self, path: bytes, attrs: Attrs) -> None:
        self._ask(MKDIR, string(path) + attrs.packed(), STATUS)

    def rmdir(self, path: bytes) -> None:
        self._ask(RMDIR, string(path), STATUS)

    def rename(self, path: bytes, target: bytes) -> None:
        self._ask(RENAME, string(path) + string(target), STATUS)

    def posix_rename(self, path: bytes, target: bytes) -> None:
        self._ask(EXTENDED, string(b"posix-rename@openssh.com") + string(path) + string(target), STATUS)

    def symlink(self, path: bytes, target: bytes) -> None:
        """As OpenSSH and those that follow it have it: the target first, not as the draft says (openssh/PROTOCOL, section 4.1)."""
        self._ask(SYMLINK, string(target) + string(path), STATUS)

    def readlink(self, path: bytes) -> bytes:
        return self._one_name(READLINK, path)

    def fsync(self, handle: bytes) -> None:
        self._ask(EXTENDED, string(b"fsync@openssh.com") + string(handle), STATUS)

    def realpath(self, path: bytes) -> bytes:
        return self._one_name(REALPATH, path)

    def _one_name(self, kind: int, path: bytes) -> bytes:
        body = self._ask(kind, string(path), NAME)
        if body.number() != 1:
            raise garbled()
        return body.string()

    def free_bytes(self, path: bytes) -> tuple[int, int]:
        """Bytes and file entries that are free for this account (statvfs@openssh.com)."""
        body = self._ask(EXTENDED, string(b"statvfs@openssh.com") + string(path), EXTENDED_REPLY)
        values = [body.long() for _field in range(11)]
        return values[1] * values[4], values[7]

    def listing(self, path: bytes) -> Iterator[tuple[bytes, Attrs]]:
        handle, since = self._ask(OPENDIR, string(path), HANDLE).string(), self.waited_s
        try:
            while True:
                self.require_progress(since)
                try:
                    body = self._ask(READDIR, string(handle), NAME)
                except SftpStatus as status:
                    if status.code == EOF:
                        return
                    raise
                yield from body.names()
        finally:
            self.close_quietly(handle)

    def read(self, handle: bytes, offset: int, limit: int) -> bytes:
        """At most `limit` bytes from `offset`, several requests at a time; less only at the end of the file."""
        waiting: deque[tuple[int, int, int]] = deque()
        out, asked, ended, since = bytearray(), 0, False, self.waited_s
        while not ended:
            self.require_progress(since)
            while len(waiting) < IN_FLIGHT and asked < limit:
                size = min(CHUNK, limit - asked)
                waiting.append((self.post(READ, string(handle) + struct.pack(">QI", offset + asked, size)), asked, size))
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
            waiting.append(self.post(WRITE, string(handle) + struct.pack(">Q", start) + string(part)))
            if len(waiting) >= IN_FLIGHT:
                failure = self._settled(waiting.popleft())
        for number in waiting:
            failure = self._settled(number) or failure
        if failure is not None:
            raise failure

    def require_progress(self, since: float) -> None:
        """One file or listing, begun when `waited_s` was `since`, has its limit however steadily it comes. Raises ConnectionTimedOut."""
        if self.waited_s - since > self._reading_limit_s:
            raise self._break(too_long_a_reading(self._reading_limit_s))

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
        """Without waiting for the answer: what was read is read, and a line that broke shows at the next request."""
        self.release(handle)
        self.flush_quietly()

    def post(self, kind: int, payload: bytes) -> int:
        """Puts a request on its way, with the next ones; returns its number."""
        self._next = (self._next + 1) & 0xFFFFFFFF
        self._asked.add(self._next)
        self._queue(struct.pack(">BI", kind, self._next) + payload)
        return self._next

    def ask_about(self, kind: int, subject: bytes) -> int:
        """Posts a request whose only argument is a path or a handle."""
        return self.post(kind, string(subject))

    def release(self, handle: bytes) -> None:
        """Closes a handle with the next requests; nobody waits for the answer."""
        if self._broken is None:
            try:
                self.abandon([self.ask_about(CLOSE, handle)])
            except TransportError:
                pass  # the line broke, and every handle with it

    def abandon(self, numbers: Iterable[int]) -> None:
        """Nobody waits for these answers any more; handles that they still bring are closed."""
        for number in list(numbers):
            self._asked.discard(number)
            if (answer := self._early.pop(number, None)) is None:
                self._abandoned.add(number)
            elif answer.kind == HANDLE:
                self.release(answer.body.string())

    def next_of(self, numbers: Container[int]) -> tuple[int, Answer]:
        """The first answer to any of these requests; the protocol allows answers to overtake each other."""
        for number in self._early:
            if number in numbers:
                return number, self._early.pop(number)
        while True:
            number, answer = self._arrival()
            if number in numbers:
                return number, answer
            self._early[number] = answer

    def holds_answer(self) -> bool:
        """Whether something has arrived that was not looked at yet."""
        size = int.from_bytes(self._inbox[:4], "big")
        return len(self._inbox) >= 4 + size > 4 or self._channel.recv_ready()

    def flush(self) -> None:
        """Sends what was put together."""
        if self._broken is not None:
            raise self._broken
        if not self._outbox:
            return
        packets, self._outbox = self._outbox, bytearray()
        self._channel.settimeout(self._answer_limit_s)
        try:
            self._channel.sendall(packets)
        except TimeoutError as error:
            raise self._break(too_slow(self._answer_limit_s)) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._break(lost()) from error

    def flush_quietly(self) -> None:
        try:
            self.flush()
        except TransportError:
            pass  # a line that broke shows at the next request

    def _ask(self, kind: int, payload: bytes, expected: int) -> Body:
        return self._answer(self.post(kind, payload), expected)

    def _answer(self, number: int, expected: int) -> Body:
        return self.next_of((number,))[1].expect(expected)

    def _arrival(self) -> tuple[int, Answer]:
        """The next answer that anybody waits for."""
        while True:
            kind, body = self._packet()
            number = body.number()
            if number in self._asked:
                self._asked.discard(number)
                return number, Answer(kind, body, self._secrets)
            if number not in self._abandoned:
                raise self._break(garbled())
            self._abandoned.discard(number)
            if kind == HANDLE:
                self.release(body.string())

    def _break(self, error: TransportError) -> TransportError:
        """After this, requests and answers can no longer be told apart: everything further fails at once."""
        self._broken = error
        return error

    def _queue(self, packet: bytes) -> None:
        if self._broken is not None:
            raise self._broken
        self._outbox += NUMBER.pack(len(packet)) + packet
        if len(self._outbox) >= _SEND_AT:
            self.flush()

    def _packet(self) -> tuple[int, Body]:
        self.flush()
        began = time.monotonic()
        deadline = began + self._answer_limit_s
        self._fill(4, deadline)
        size = int.from_bytes(self._inbox[:4], "big")
        if not 1 <= size <= PACKET_LIMIT:
            raise self._break(garbled())
        self._fill(4 + size, deadline)
        self.waited_s += time.monotonic() - began
        data = bytes(self._inbox[4 : 4 + size])
        del self._inbox[: 4 + size]
        return data[0], Body(data, 1)

    def _fill(self, size: int, deadline: float) -> None:
        """Waits until so many bytes of answers are here."""
        while len(self._inbox) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._break(too_slow(self._answer_limit_s))
            self._channel.settimeout(left)
            try:
                part = self._channel.recv(_RECEIVE)
            except TimeoutError as error:
                raise self._break(too_slow(self._answer_limit_s)) from error
            except (paramiko.SSHException, EOFError, OSError) as error:
                raise self._break(lost()) from error
            if not part:
                raise self._break(lost())
            self._inbox += part
