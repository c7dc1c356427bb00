"""A stream sealed by a passphrase: scrypt makes the key, AES-256-GCM seals chunk by chunk, the last one is marked.

Each chunk's nonce holds its number and whether it is the last, so that chunks can be neither swapped nor left out (the
STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). Big files need no memory.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"SITEMEND-BACKUP-1\n"
CHUNK = 1024 * 1024
_TAG = 16
_HEADER = struct.Struct(">BBB16s")  # log2(n), r, p, salt
_LENGTH = struct.Struct(">?I")  # last chunk?, length of what follows
_COST = (16, 8, 1)


class SealBroken(Exception):
    """The file is none of ours, was damaged or cut off, or the passphrase is another one. The message is for people."""


def _key(passphrase: str, salt: bytes, log2_n: int, r: int, p: int) -> AESGCM:
    if not (10 <= log2_n <= 20 and 1 <= r <= 16 and 1 <= p <= 4):
        raise SealBroken("The file is damaged: its header makes no sense.")
    return AESGCM(Scrypt(salt=salt, length=32, n=2**log2_n, r=r, p=p).derive(passphrase.encode("utf-8")))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


class SealedWriter:
    """Write plain bytes, then `finish`; without it the file cannot be opened. For `tarfile`'s stream mode."""

    def __init__(self, target: BinaryIO, passphrase: str, cost: tuple[int, int, int] = _COST) -> None:
        salt = os.urandom(16)
        self._target = target
        self._header = MAGIC + _HEADER.pack(*cost, salt)
        self._cipher = _key(passphrase, salt, *cost)
        self._waiting = bytearray()
        self._number = 0
        target.write(self._header)

    def write(self, data: bytes) -> int:
        """Takes any number of bytes."""
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def finish(self) -> None:
        """Seals what is left, as the last chunk."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, plain: bytes, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last), plain, self._header)
        self._target.write(_LENGTH.pack(last, len(sealed)) + sealed)
        self._number += 1


class SealedReader:
    """Reads what `SealedWriter` wrote; raises `SealBroken` at the first byte that is not as it was."""

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        self._source = source
        if source.read(len(MAGIC)) != MAGIC:
            raise SealBroken("This is no backup file of Sitemend.")
        packed = self._exactly(_HEADER.size)
        log2_n, r, p, salt = _HEADER.unpack(packed)
        self._header = MAGIC + packed
        self._cipher = _key(passphrase, salt, log2_n, r, p)
        self._plain = b""
        self._number = 0
        self._last = False

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        parts: list[bytes] = []
        wanted = size if size >= 0 else 1 << 62
        while wanted:
            if not self._plain and not self._next():
                break
            piece, self._plain = self._plain[:wanted], self._plain[wanted:]
            parts.append(piece)
            wanted -= len(piece)
        return b"".join(parts)

    def finish(self) -> None:
        """Makes sure that the file ends where it should."""
        while self._next():
            pass
        if self._source.read(1):
            raise SealBroken("The file is damaged: something follows its end.")

    def _next(self) -> bool:
        if self._last:
            return False
        last, length = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if not _TAG <= length <= CHUNK + _TAG:
            raise SealBroken("The file is damaged.")
        try:
            self._plain = self._cipher.decrypt(_nonce(self._number, last), self._exactly(length), self._header)
        except InvalidTag:
            if self._number == 0:
                raise SealBroken("The passphrase is wrong, or the file is damaged.") from None
            raise SealBroken("The file is damaged.") from None
        self._number += 1
        self._last = last
        return True

    def _exactly(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) != size:
            raise SealBroken("The file is cut off.")
        return data
