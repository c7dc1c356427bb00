"""A host of SFTP in memory that answers as no server at hand does: endless, out of order, or with names that lead elsewhere.

It stands in for the channel, so that a million names cost nothing but themselves.
"""

from __future__ import annotations

import itertools
import random
import struct
from collections.abc import Mapping, Sequence

from diagnostics.transports.sftp_packets import (
    CLOSE,
    EOF,
    HANDLE,
    INIT,
    LSTAT,
    NAME,
    OK,
    OPENDIR,
    READDIR,
    STATUS,
    VERSION,
    string,
)

ATTRS_ANSWER = 105
_FOLDER, _FILE = 0o40755, 0o100644
_PER_ANSWER = 100


class AnsweringHost:
    """The tree is /www with so many folders of so many files. `refuse`: paths whose OPENDIR is answered by that status."""

    def __init__(
        self,
        folders: int,
        files: int,
        *,
        refuse: Mapping[bytes, int] | None = None,
        more: Sequence[bytes] = (),
        shuffled: bool = False,
        bare: bool = False,
        bottomless: bool = False,
        endless: str = "",
    ) -> None:
        self._folders, self._files, self._more = folders, files, more
        self._refuse = refuse or {}
        self._shuffled, self._bare, self._bottomless, self._endless = shuffled, bare, bottomless, endless
        self._handles: dict[bytes, tuple[bytes, int]] = {}  # path, and how many of its names were told
        self._numbers = itertools.count()
        self._asked = bytearray()
        self._answers: list[bytes] = []
        self._ready = bytearray()
        self._random = random.Random(7)
        self.most_open = 0

    def settimeout(self, seconds: float) -> None:
        """It never waits."""

    def sendall(self, data: bytes) -> None:
        self._asked += data

    def recv_ready(self) -> bool:
        return bool(self._ready or self._answers)

    def recv(self, size: int) -> bytes:
        self._work()
        if not self._ready and self._answers:
            self._ready += self._answers.pop(self._random.randrange(len(self._answers)) if self._shuffled else 0)
        part = bytes(self._ready[:size])
        del self._ready[:size]
        return part

    def _work(self) -> None:
        while len(self._asked) >= 4:
            size = int.from_bytes(self._asked[:4], "big")
            packet = bytes(self._asked[4 : 4 + size])
            del self._asked[: 4 + size]
            if packet[0] == INIT:
                self._say(struct.pack(">BI", VERSION, 3))
            else:
                number, subject = packet[1:5], packet[9:]
                kind, body = self._answer(packet[0], subject)
                self._say(bytes([kind]) + number + body)

    def _say(self, packet: bytes) -> None:
        self._answers.append(struct.pack(">I", len(packet)) + packet)

    def _answer(self, kind: int, subject: bytes) -> tuple[int, bytes]:
        if kind == OPENDIR:
            return self._open(subject)
        if kind == READDIR:
            return self._read(subject)
        if kind == LSTAT:
            return ATTRS_ANSWER, self._attrs(_FILE if subject.rpartition(b"/")[2].startswith(b"f") else _FOLDER)
        assert kind == CLOSE
        del self._handles[subject]
        return _status(OK)

    def _open(self, path: bytes) -> tuple[int, bytes]:
        if path in self._refuse:
            return _status(self._refuse[path])
        handle = b"%d" % next(self._numbers)
        self._handles[handle] = (path, 0)
        self.most_open = max(self.most_open, len(self._handles))
        return HANDLE, string(handle)

    def _read(self, handle: bytes) -> tuple[int, bytes]:
        path, told = self._handles[handle]
        if self._endless:
            names = [b".", b".."] if self._endless == "dots" else []
            return NAME, struct.pack(">I", len(names)) + b"".join(map(self._name, names))
        names = self._names_in(path, told)
        if not names:
            return _status(EOF)
        self._handles[handle] = (path, told + _PER_ANSWER)
        return NAME, struct.pack(">I", len(names)) + b"".join(map(self._name, names))

    def _names_in(self, path: bytes, told: int) -> list[bytes]:
        if self._bottomless:
            return [] if told else [b"d" * 200]
        if path != b"/www":
            return [b"f%d" % number for number in range(told, min(self._files, told + _PER_ANSWER))]
        names = [b"d%d" % number for number in range(told, min(self._folders, told + _PER_ANSWER))]
        return names if told else [b".", b"..", *self._more, *names]

    def _name(self, name: bytes) -> bytes:
        mode = _FILE if name.startswith(b"f") else _FOLDER
        return string(name) + string(b"-rw-r--r--  1 demo demo " + name) + (struct.pack(">I", 0) if self._bare else self._attrs(mode))

    def _attrs(self, mode: int) -> bytes:
        return struct.pack(">IQIIIII", 0x0F, 5, 1000, 1000, mode, 1_600_000_000, 1_600_000_000)


def _status(code: int) -> tuple[int, bytes]:
    return STATUS, struct.pack(">I", code) + string(b"said so") + string(b"")
