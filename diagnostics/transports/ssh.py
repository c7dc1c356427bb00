"""Reads and writes over SSH: files by SFTP, and where the host gives a shell, long walks by one `find`."""

from __future__ import annotations

import secrets
import shlex
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext

import paramiko

from diagnostics.transports import find_scan
from diagnostics.transports.base import Capability, ConnectionLost, ConnectionTimedOut, Entry, Unreadable, Unsupported
from diagnostics.transports.commands import Command, Ending, Ran
from diagnostics.transports.failures import explained, lost, printable, too_slow
from diagnostics.transports.paths import checked
from diagnostics.transports.session import open_channel
from diagnostics.transports.sftp import SftpReader
from diagnostics.transports.sftp_answers import to_bytes
from diagnostics.transports.sftp_wire import SftpWire
from diagnostics.transports.sftp_writer import SftpWriter
from sites.texts import mark as _

_ERRORS_LIMIT = 16_384
_MAY_BE_SILENT_S = 60.0  # a program that goes through large tables
_GREETING_LIMIT = 65_536  # what login scripts may print before our own output begins


class _ShellFailed(Exception):
    """The shell or the program could not do it; SFTP can, only slower."""


class SshReader(SftpReader):
    """An `SftpReader` that uses the host's shell to save time, never to change anything."""

    protocol = "ssh"
    # Told of each command before it is run; what it raises stops the command. The context ends with the command.
    on_command: Callable[[Sequence[str]], AbstractContextManager[None]] = nullcontext

    def __init__(self, wire: SftpWire, transport: paramiko.Transport, answer_limit_s: float) -> None:
        super().__init__(wire)
        self._transport = transport
        self._answer_limit_s = answer_limit_s
        self._shell: bool | None = None

    @property
    def capabilities(self) -> frozenset[Capability]:
        found = super().capabilities
        return found | {Capability.RUN_COMMANDS, Capability.FREE_SPACE} if self._has_shell() else found

    def scan(
        self, path: str, *, max_entries: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
    ) -> Generator[list[Entry], None, None]:
        top, given = checked(path), False
        try:
            for batch in self._found(top, max_entries, skip, unreadable):
                yield batch
                given = True
        except _ShellFailed as error:
            if given:
                hint = _("Try again. If it happens again, give SFTP as the kind of connection: it needs no commands on the host.")
                raise explained(ConnectionLost, _("The host broke off listing {path}."), hint, path=printable(top)) from error
            yield from super().scan(path, max_entries=max_entries, skip=skip, unreadable=unreadable)

    def free_space(self, path: str) -> int | None:
        known = super().free_space(path)
        if known is not None or not self._has_shell():
            return known
        try:
            output = self._short_output_of(["df", "-Pk", "--", checked(path)])
        except _ShellFailed:
            return None
        fields = output.decode("utf-8", "replace").splitlines()[-1].split() if output else []
        return int(fields[3]) * 1024 if len(fields) >= 6 and fields[3].isdigit() else None

    def run(self, command: Command, given: bytes = b"") -> Ran:
        """Runs a command of the fixed list; `given` is its standard input, and what it was told there is noted nowhere.

        Raises Unsupported where the shell does not run it, ConnectionTimedOut and ConnectionLost.
        """
        with self.on_command(command.words):
            try:
                return self._ran(command, given)
            except _ShellFailed as error:
                raise explained(Unsupported, _("The host did not run the command.")) from error

    def _ran(self, command: Command, given: bytes) -> Ran:
        marker, deadline = secrets.token_hex(16), time.monotonic() + command.seconds
        streams = ("2>&1" if command.with_errors else "2>/dev/null") + ("" if given else " </dev/null")
        line = f"printf {marker[:16]}; printf {marker[16:]}; exec env LC_ALL=C {shlex.join(command.words)} {streams}"
        channel = self._started(to_bytes(line), given)
        channel.settimeout(min(command.seconds, self._answer_limit_s))
        output = b""
        try:
            for block in self._begun(marker.encode(), channel):
                output += block
                if len(output) > command.limit:
                    return Ran(None, output[: command.limit], True)
                if time.monotonic() > deadline:
                    raise too_slow(command.seconds)
            return Ran(self._exit_status(channel), output)
        finally:
            channel.close()

    def pull(self, command: Command, given: bytes, ending: Ending) -> Generator[bytes, None, None]:
        """As `run`, for output of any length: block by block. Raises as that does."""
        marker, deadline = secrets.token_hex(16), time.monotonic() + command.seconds
        with self.on_command(command.words):
            try:
                channel = self._started(_line_of(marker, command), given)
                try:
                    for block in self._begun(marker.encode(), channel):
                        channel.settimeout(_MAY_BE_SILENT_S)
                        yield block
                        if time.monotonic() > deadline:
                            raise too_slow(command.seconds)
                    ending.status, ending.errors = self._exit_status(channel), _errors_of(channel)
                finally:
                    channel.close()
            except _ShellFailed as error:
                raise explained(Unsupported, _("The host did not run the command.")) from error

    def _has_shell(self) -> bool:
        if self._shell is None:
            try:
                self._shell = self._short_output_of(["printf", "%s", "ready"]) == b"ready"
            except (_ShellFailed, ConnectionTimedOut):
                self._shell = False
        return self._shell

    def _found(self, top: str, room: int, skip: Collection[str], unreadable: Unreadable | None) -> Iterator[list[Entry]]:
        command = find_scan.command(top, skip)
        if command is None or self._shell is False:
            raise _ShellFailed
        partial: list[int] = []
        try:
            with closing(self._output_of(command, partial)) as output:
                yield from find_scan.entries(output, top, room, unreadable, self._answer_limit_s)
        except find_scan.NotUnderstood as error:
            raise _ShellFailed from error
        if partial and unreadable is not None:
            unreadable(top, find_scan.something_missing(top))

    def _short_output_of(self, command: list[str]) -> bytes:
        """All that it prints. Raises _ShellFailed for more than a few lines: a host could print without an end."""
        found = b""
        with closing(self._output_of(command)) as output:
            for block in output:
                found += block
                if len(found) > _GREETING_LIMIT:
                    raise _ShellFailed
        return found

    def _output_of(self, command: list[str], partial: list[int] | None = None) -> Generator[bytes, None, None]:
        """What the command prints, block by block, whatever the login scripts print before it.

        With `partial`, an exit status of 1 is put there instead of being a failure.
        """
        with self.on_command(command):
            yield from self._printed_by(command, partial)

    def _printed_by(self, command: list[str], partial: list[int] | None) -> Iterator[bytes]:
        marker = secrets.token_hex(16)
        # The marker is printed in two parts, so that a shell that echoes its commands does not print it too early.
        line = f"printf {marker[:16]}; printf {marker[16:]}; exec env LC_ALL=C {shlex.join(command)} 2>/dev/null </dev/null"
        channel = self._started(to_bytes(line))
        try:
            yield from self._after(marker.encode(), channel)
            code = self._exit_status(channel)
            # find answers 1 when something could not be read: the rest is whole.
            if code == 1 and partial is not None:
                partial.append(code)
            elif code != 0:
                raise _ShellFailed
        finally:
            channel.close()

    def _after(self, marker: bytes, channel: paramiko.Channel) -> Iterator[bytes]:
        empty = True
        for block in self._begun(marker, channel):
            empty = empty and not block
            if block:
                yield block
        if empty:
            raise _ShellFailed

    def _begun(self, marker: bytes, channel: paramiko.Channel) -> Iterator[bytes]:
        """The blocks from the marker on, the first one cut there."""
        seen, deadline = b"", time.monotonic() + self._answer_limit_s
        while marker not in seen:
            try:
                block = self._receive(channel)
            except ConnectionTimedOut as error:
                raise _ShellFailed from error  # nothing here understands commands; if the line is dead, SFTP will notice
            seen += block
            if not block or len(seen) > _GREETING_LIMIT or time.monotonic() > deadline:
                raise _ShellFailed
        yield seen.partition(marker)[2]
        while block := self._receive(channel):
            yield block

    def _started(self, line: bytes, given: bytes | None = b"") -> paramiko.Channel:
        """A command at work. `given` is all its input; None: more is sent to it by who asks."""
        try:
            channel = open_channel(self._transport, self._answer_limit_s, lambda new: new.exec_command(line))
            if given is not None:
                _hand_over(channel, given)
        except (paramiko.SSHException, EOFError, OSError) as error:
            if self._transport.is_active():
                raise _ShellFailed from error
            raise lost() from error
        if channel.closed and not self._transport.is_active():
            raise lost()
        return channel

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


def _line_of(marker: str, command: Command) -> bytes:
    return to_bytes(f"printf {marker[:16]}; printf {marker[16:]}; exec env LC_ALL=C {shlex.join(command.words)}")


def _errors_of(channel: paramiko.Channel) -> bytes:
    return channel.recv_stderr(_ERRORS_LIMIT) if channel.recv_stderr_ready() else b""


def _hand_over(channel: paramiko.Channel, given: bytes) -> None:
    """A command may be over before it has read its input: then what it printed and its exit status tell how it went."""
    try:
        channel.sendall(given)
        channel.shutdown_write()  # what takes no commands but waits for input ends at once
    except OSError as error:
        if isinstance(error, TimeoutError) or not channel.closed:
            raise


class SshWriter(SshReader, SftpWriter):
    """Writes files by SFTP alone; the shell only helps reading, and takes statements for a database."""

    def pour(self, command: Command, blocks: Iterable[bytes], what: str) -> Ran:
        """Runs a command whose input is of any length. What it prints is taken at the end; `what` names what it changes.

        Raises Unsupported where the shell does not run it, ConnectionTimedOut and ConnectionLost.
        """
        marker = secrets.token_hex(16)
        with self.on_command(command.words):
            try:
                channel = self._started(_line_of(marker, command), None)
                try:
                    return self._poured(channel, marker.encode(), command, blocks)
                finally:
                    channel.close()
            except _ShellFailed as error:
                raise explained(Unsupported, _("The host did not run the command.")) from error

    def _poured(self, channel: paramiko.Channel, marker: bytes, command: Command, blocks: Iterable[bytes]) -> Ran:
        deadline = time.monotonic() + command.seconds
        printed = self._begun(marker, channel)
        output = next(printed)
        try:
            for block in blocks:
                channel.sendall(block)
                if time.monotonic() > deadline:
                    raise too_slow(command.seconds)
            channel.shutdown_write()
        except OSError as error:  # it ended before it had read everything: what it printed says why
            if isinstance(error, TimeoutError):
                raise too_slow(self._answer_limit_s) from error
            if not self._transport.is_active():
                raise lost() from error
        channel.settimeout(max(1.0, deadline - time.monotonic()))  # the last statements may take their time
        for block in printed:
            output = (output + block)[-command.limit :]
        return Ran(self._exit_status(channel), output)
