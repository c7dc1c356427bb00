"""Reads and writes over SSH: files by SFTP, and where the host gives a shell, long walks by one `find`."""

from __future__ import annotations

import secrets
import shlex
import time
from collections.abc import Iterator

import paramiko

from diagnostics.transports.base import Capability, ConnectionTimedOut, Entry, FileKind, Stat
from diagnostics.transports.failures import lost, too_slow
from diagnostics.transports.paths import checked
from diagnostics.transports.session import open_channel
from diagnostics.transports.sftp import SftpReader, to_bytes, to_text
from diagnostics.transports.sftp_wire import SftpWire
from diagnostics.transports.sftp_writer import SftpWriter

_KINDS = {b"f": FileKind.FILE, b"d": FileKind.FOLDER, b"l": FileKind.LINK}
_FORMAT = r"%y\0%m\0%s\0%T@\0%U\0%G\0%p\0"
_FIELDS = 7
_GREETING_LIMIT = 65_536  # what login scripts may print before our own output begins
_FIELD_LIMIT = 1_048_576


class _ShellFailed(Exception):
    """The shell or the program could not do it; SFTP can, only slower."""


class SshReader(SftpReader):
    """An `SftpReader` that uses the host's shell to save time, never to change anything."""

    protocol = "ssh"

    def __init__(self, wire: SftpWire, transport: paramiko.Transport, answer_limit_s: float) -> None:
        super().__init__(wire)
        self._transport = transport
        self._answer_limit_s = answer_limit_s
        self._shell: bool | None = None

    @property
    def capabilities(self) -> frozenset[Capability]:
        found = super().capabilities
        return found | {Capability.RUN_COMMANDS, Capability.FREE_SPACE} if self._has_shell() else found

    def walk(self, path: str, max_entries: int) -> Iterator[Entry]:
        top = Entry(checked(path), self.stat(path))
        if max_entries <= 0:
            return
        if top.stat.kind is not FileKind.FOLDER:
            yield top
            return
        given = 0
        try:
            for entry in self._found(top.path):
                yield entry
                given += 1
                if given >= max_entries:
                    return
        except _ShellFailed:
            if given:
                raise lost() from None
            yield from self._walk_by_listing(top.path, max_entries)

    def free_space(self, path: str) -> int | None:
        known = super().free_space(path)
        if known is not None or not self._has_shell():
            return known
        try:
            output = b"".join(self._output_of(["df", "-Pk", "--", checked(path)]))
        except _ShellFailed:
            return None
        fields = output.decode("utf-8", "replace").splitlines()[-1].split() if output else []
        return int(fields[3]) * 1024 if len(fields) >= 6 and fields[3].isdigit() else None

    def _has_shell(self) -> bool:
        if self._shell is None:
            try:
                self._shell = b"".join(self._output_of(["printf", "%s", "ready"])) == b"ready"
            except (_ShellFailed, ConnectionTimedOut):
                self._shell = False
        return self._shell

    def _found(self, path: str) -> Iterator[Entry]:
        fields: list[bytes] = []
        rest = b""
        for block in self._output_of(["find", path, "-xdev", "-printf", _FORMAT], failure_is_partial=True):
            parts = (rest + block).split(b"\0")
            rest = parts.pop()
            if len(rest) > _FIELD_LIMIT:
                raise _ShellFailed
            fields.extend(parts)
            whole = len(fields) - len(fields) % _FIELDS
            for start in range(0, whole, _FIELDS):
                yield _entry(fields[start : start + _FIELDS])
            del fields[:whole]

    def _output_of(self, command: list[str], *, failure_is_partial: bool = False) -> Iterator[bytes]:
        """What the command prints, block by block, whatever the login scripts print before it."""
        marker = secrets.token_hex(16)
        # The marker is printed in two parts, so that a shell that echoes its commands does not print it too early.
        line = f"printf {marker[:16]}; printf {marker[16:]}; exec env LC_ALL=C {shlex.join(command)} 2>/dev/null </dev/null"
        channel = self._started(to_bytes(line))
        try:
            yield from self._after(marker.encode(), channel)
            code = self._exit_status(channel)
            # find answers 1 when one of the folders could not be read: the others are whole.
            if code != 0 and not (failure_is_partial and code == 1):
                raise _ShellFailed
        finally:
            channel.close()

    def _after(self, marker: bytes, channel: paramiko.Channel) -> Iterator[bytes]:
        seen: bytes | None = b""
        empty = True
        while block := self._receive(channel):
            if seen is not None:
                seen += block
                if marker not in seen:
                    if len(seen) > _GREETING_LIMIT:
                        raise _ShellFailed
                    continue
                block, seen = seen.partition(marker)[2], None
            empty = empty and not block
            if block:
                yield block
        if seen is not None or empty:
            raise _ShellFailed

    def _started(self, line: bytes) -> paramiko.Channel:
        try:
            return open_channel(self._transport, self._answer_limit_s, lambda new: new.exec_command(line))
        except (paramiko.SSHException, EOFError, OSError) as error:
            if self._transport.is_active():
                raise _ShellFailed from error
            raise lost() from error

    def _receive(self, channel: paramiko.Channel) -> bytes:
        try:
            return channel.recv(65_536)
        except TimeoutError as error:
            raise too_slow(self._answer_limit_s) from error

    def _exit_status(self, channel: paramiko.Channel) -> int:
        deadline = time.monotonic() + self._answer_limit_s
        if channel.status_event.wait(deadline - time.monotonic()) and channel.exit_status >= 0:
            return channel.exit_status
        if not self._transport.is_active():
            raise lost()
        raise _ShellFailed


class SshWriter(SshReader, SftpWriter):
    """Writes by SFTP alone; the shell only helps reading."""


def _entry(fields: list[bytes]) -> Entry:
    kind, mode, size, mtime, uid, gid, path = fields
    try:
        # To the second, as SFTP tells it: the same file must look the same whichever way it was asked for.
        found = Stat(_KINDS.get(kind, FileKind.OTHER), int(mode, 8), int(size), float(int(mtime.split(b".")[0])), int(uid), int(gid))
    except ValueError as error:
        raise _ShellFailed from error
    return Entry(to_text(path), found)
