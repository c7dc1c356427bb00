"""FTP (RFC 959, RFC 2428, RFC 4217): one control connection and the data connections it opens, one at a time.

Names are bytes (UTF-8 with surrogateescape). Every answer has a time limit and a size limit. The address in an answer to PASV is
not used: data goes to the address that was vetted and nowhere else.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from diagnostics.transports.base import TransportError, Unsupported
from diagnostics.transports.failures import explained, lost, too_long_a_reading, too_slow
from diagnostics.transports.ftp_replies import REPLY_LIMIT, FtpRefused, Reply, garbled, no_data_connection, positive, too_long
from diagnostics.transports.secrecy import Secrets
from sites.texts import mark as _

CHUNK = 65_536
PROGRESS = 1_024  # bytes that a data connection must bring within each time limit

# As the control connection's TLS session asks for it (RFC 4217 section 10): a data connection, wrapped.
Protection = Callable[[socket.socket], socket.socket]

# Known to read one command after the other, however many have come: by their greeting.
_TAKES_SEVERAL = ("vsftpd", "pure-ftpd", "pyftpdlib")
_STARTED = (125, 150)
_DONE = (226, 250)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_EXTENDED_PORT = re.compile(r"\((.)\1\1(\d{1,5})\1\)")
_PLAIN_PORT = re.compile(r"\d{1,3},\d{1,3},\d{1,3},\d{1,3},(\d{1,3}),(\d{1,3})")


@dataclass
class FtpWire:
    """One FTP conversation. Raises FtpRefused for what the host refuses, ConnectionLost and ConnectionTimedOut for the line."""

    sock: socket.socket
    answer_limit_s: float
    reading_limit_s: float = 120.0
    protection: Protection | None = None
    features: dict[str, str] = field(default_factory=dict)  # what FEAT told, by name in capitals
    home: str = "/"
    greeting: str = ""
    secure: bool = False
    is_in: bool = False  # the login is over: what a host says when it ends the conversation is no answer to anything any more
    secrets: Secrets = field(default_factory=Secrets)  # which this host has been told
    _buffer: bytes = field(default=b"", repr=False)
    _broken: TransportError | None = None
    _folder: str = ""
    _port: int = 0  # that the host has opened for the next transfer; 0: not asked for yet
    _extended: bool = True
    _until: float = math.inf  # when the reading that is under way must have ended

    @contextlib.contextmanager
    def one_reading(self) -> Iterator[None]:
        """Whatever is asked meanwhile must come within the limit of one reading, all together."""
        outermost = self._until == math.inf
        if outermost:
            self._until = time.monotonic() + self.reading_limit_s
        try:
            yield
        finally:
            if outermost:
                self._until = math.inf

    def _left(self, deadline: float, limit_s: float) -> float:
        """Seconds until one of the limits is reached. Raises ConnectionTimedOut when it is."""
        now = time.monotonic()
        if now >= self._until:
            raise self.break_off(too_long_a_reading(self.reading_limit_s))
        if now >= deadline:
            raise self.break_off(too_slow(limit_s))
        return min(deadline, self._until) - now

    # --- control connection ---------------------------------------------------------------------
    def ask(self, command: str, argument: str = "", *, limit_s: float = 0.0) -> Reply:
        """Sends one command and returns the answer, whatever it is."""
        line = f"{command} {argument}" if argument else command
        self._send(line.encode("utf-8", "surrogateescape"))
        return self.answer(limit_s)

    def need(self, command: str, argument: str = "") -> Reply:
        """As `ask`. Raises FtpRefused for anything but a positive answer."""
        return positive(self.ask(command, argument))

    def answer(self, limit_s: float = 0.0) -> Reply:
        """The next answer (RFC 959 section 4.2): one line, or all lines up to the one that ends it."""
        limit_s = limit_s or self.answer_limit_s
        deadline = time.monotonic() + limit_s
        first = self._line(deadline, limit_s, REPLY_LIMIT)
        if not re.match(r"[1-6]\d\d(?:[ -]|$)", first):
            raise self.break_off(garbled())
        lines, room = [first[4:]], REPLY_LIMIT - len(first)
        last, more = first[:3], first[3:4] == "-"
        while more:
            line = self._line(deadline, limit_s, room)
            room -= len(line) + 2
            more = not (line[:3] == last and line[3:4] in ("", " "))
            lines.append(line[4:] if line[:4] in (last + " ", last + "-") else line)
        reply = Reply(int(last), tuple(lines), self.secrets)
        if reply.is_last:
            gone = self.break_off(lost())
            if self.is_in:
                raise gone
        return reply

    def break_off(self, error: TransportError) -> TransportError:
        """After this, commands and answers can no longer be told apart: everything further fails at once."""
        self._broken = error
        return error

    def close(self) -> None:
        """Takes leave if that is still possible; never waits long."""
        if self._broken is None:
            with contextlib.suppress(TransportError):
                self.ask("QUIT", limit_s=min(2.0, self.answer_limit_s))
        self.sock.close()

    @property
    def has_more(self) -> bool:
        """Whether bytes came that nobody has read: none may be there when TLS begins."""
        return bool(self._buffer)

    def _send(self, *lines: bytes) -> None:
        if self._broken is not None:
            raise self._broken
        if any(byte in line for line in lines for byte in (b"\r", b"\n", b"\0")):
            raise ValueError("a command is one line")
        self._port = 0  # of all other commands nobody knows what becomes of a port that was asked for before them
        try:
            self.sock.settimeout(self.answer_limit_s)
            self.sock.sendall(b"".join(line + b"\r\n" for line in lines))
        except TimeoutError as error:
            raise self.break_off(too_slow(self.answer_limit_s)) from error
        except (OSError, ValueError) as error:
            raise self.break_off(lost()) from error

    def _line(self, deadline: float, limit_s: float, room: int) -> str:
        while b"\n" not in self._buffer:
            if len(self._buffer) > room:
                raise self.break_off(too_long())
            self._buffer += self._received(CHUNK, deadline, limit_s)
        line, _end, self._buffer = self._buffer.partition(b"\n")
        if len(line) > room:
            raise self.break_off(too_long())
        return line.removesuffix(b"\r").decode("utf-8", "surrogateescape")

    def _received(self, size: int, deadline: float, limit_s: float) -> bytes:
        left_s = self._left(deadline, limit_s)
        try:
            _answer_at_once(self.sock)
            self.sock.settimeout(left_s)
            data = self.sock.recv(size)
        except TimeoutError as error:
            self._left(deadline, limit_s)
            raise self.break_off(too_slow(limit_s)) from error
        except (OSError, ValueError) as error:
            raise self.break_off(lost()) from error
        if not data:
            raise self.break_off(lost())
        return data

    # --- folders --------------------------------------------------------------------------------
    def enter(self, folder: str, *, anew: bool = False) -> None:
        """Makes a folder the working one, unless it is already; `anew`: in any case."""
        if anew or folder != self._folder:
            self._folder = ""
            if self._extended and any(name in self.greeting.lower() for name in _TAKES_SEVERAL):
                self._enter_and_ask_for_port(folder)
            else:
                self.need("CWD", folder)
            self._folder = folder

    def _enter_and_ask_for_port(self, folder: str) -> None:
        """The port for the listing that follows is asked for in the same breath: a round trip less for each folder."""
        self._send(f"CWD {folder}".encode("utf-8", "surrogateescape"), b"EPSV")
        entered, port = self.answer(), self.answer()
        positive(entered)
        self._port = self._extended_port(port)

    @property
    def working_folder(self) -> str:
        return self._folder

    def where(self) -> str:
        """The working folder as the host names it."""
        found = _QUOTED.search(self.need("PWD").text)
        if found is None or not found[1].startswith("/"):
            raise explained(Unsupported, _("The host does not tell in which folder it is."))
        return found[1].replace('""', '"')

    # --- data connections -----------------------------------------------------------------------
    def retrieve(self, command: str, argument: str = "", *, offset: int = 0, limit: int) -> tuple[bytes, Reply | None]:
        """What a command sends, at most `limit` bytes, and the closing answer; None for it when there was more than that."""
        data, address, port = self._data_connection()
        try:
            if offset:
                self.need("REST", str(offset))
            # The command goes out before the data connection stands: the host waits for it (RFC 959 section 3.2).
            self._send((f"{command} {argument}" if argument else command).encode("utf-8", "surrogateescape"))
            self._connected(data, address, port)
            reply = self.answer()
            if reply.code in _DONE:
                return b"", reply
            if reply.code not in _STARTED:
                raise FtpRefused(reply)
            data = self._protected(data)
            content, whole, failed = self._receive_all(data, limit)
        finally:
            data.close()
        reply = self.answer()
        if not whole and not failed:
            return content, None  # we hung up first: however the host takes that, these bytes are what was asked for
        if failed or reply.code not in _DONE:
            raise FtpRefused(reply, in_transfer=True, line_failed=failed)
        return content, reply

    def store(self, path: str, content: bytes) -> None:
        """Writes a file with this content, over what is there under this name."""
        data, address, port = self._data_connection()
        try:
            self._connected(data, address, port)  # before the host empties the file: it may not be possible at all
            reply = self.ask("STOR", path)
            if reply.code not in _STARTED:
                raise FtpRefused(reply)
            data = self._protected(data)
            failed = self._send_all(data, content)
        finally:
            data.close()
        reply = self.answer()
        if failed or reply.code not in _DONE:
            raise FtpRefused(reply, in_transfer=True, line_failed=failed)

    def _receive_all(self, data: socket.socket, limit: int) -> tuple[bytes, bool, bool]:
        """What came, whether that was all, and whether the connection broke."""
        out = bytearray()
        deadline, seen = time.monotonic() + self.answer_limit_s, 0
        while len(out) < limit:
            left = self._left(deadline, self.answer_limit_s)
            try:
                _answer_at_once(data)
                data.settimeout(left)
                part = data.recv(min(CHUNK, limit - len(out)))
            except TimeoutError as error:
                self._left(deadline, self.answer_limit_s)
                raise self.break_off(too_slow(self.answer_limit_s)) from error
            except OSError:
                return bytes(out), False, True
            if not part:
                return bytes(out), True, False
            out += part
            if len(out) - seen >= PROGRESS:
                deadline, seen = time.monotonic() + self.answer_limit_s, len(out)
        return bytes(out), False, False

    def _send_all(self, data: socket.socket, content: bytes) -> bool:
        """Whether the connection broke before all was sent."""
        left = memoryview(content)
        try:
            data.settimeout(self.answer_limit_s)
            while left:
                left = left[data.send(left[:CHUNK]) :]
        except TimeoutError as error:
            raise self.break_off(too_slow(self.answer_limit_s)) from error
        except OSError:
            return True
        with contextlib.suppress(OSError):  # the answer and the size tell whether all arrived
            if hasattr(data, "unwrap"):
                data.unwrap()  # strict hosts take a file without the closing alert for cut off
            else:
                data.shutdown(socket.SHUT_WR)
        return False

    def _protected(self, data: socket.socket) -> socket.socket:
        if self.protection is None:
            return data
        try:
            _answer_at_once(data)
            data.settimeout(self.answer_limit_s)
            return self.protection(data)
        except OSError as error:
            data.close()
            with contextlib.suppress(TransportError):
                raise FtpRefused(self.answer(), in_transfer=True, line_failed=True) from error
            raise self.break_off(lost()) from error

    def _data_connection(self) -> tuple[socket.socket, str, int]:
        """One that is being made, to the address that was vetted."""
        if self._broken is not None:
            raise self._broken
        address, port = self.sock.getpeername()[0], self._port or self._passive_port()
        self._port = 0
        # No file server answers below 1024; something else may. What is beyond 65535 would be taken for what is left of it.
        if not 1024 <= port <= 65_535:
            raise explained(Unsupported, _("The host names port {port} for its data, which is not used."), port=port)
        data = socket.socket(self.sock.family, socket.SOCK_STREAM)
        data.setblocking(False)
        began = data.connect_ex((address, port))
        if began not in (0, errno.EINPROGRESS):
            data.close()
            raise self.break_off(no_data_connection(address, port, OSError(began, os.strerror(began)), self.answer_limit_s))
        return data, address, port

    def _connected(self, data: socket.socket, address: str, port: int) -> None:
        """Waits until the data connection stands. Raises ConnectionTimedOut, ConnectionLost."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(data, selectors.EVENT_WRITE)
            ready = waiting.select(self.answer_limit_s)
        failed = data.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if ready else errno.ETIMEDOUT
        if failed:
            error = TimeoutError() if failed == errno.ETIMEDOUT else OSError(failed, os.strerror(failed))
            raise self.break_off(no_data_connection(address, port, error, self.answer_limit_s))
        data.settimeout(self.answer_limit_s)
        data.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _passive_port(self) -> int:
        if self._extended:
            port = self._extended_port(self.ask("EPSV"))
            if port:
                return port
        reply = self.need("PASV")
        plain = _PLAIN_PORT.search(reply.text)
        if plain is None:
            raise FtpRefused(reply)
        return int(plain[1]) * 256 + int(plain[2])

    def _extended_port(self, reply: Reply) -> int:
        """0 where the host has no EPSV: it is not asked for it again."""
        found = _EXTENDED_PORT.search(reply.text) if reply.code == 229 else None
        self._extended = found is not None
        return int(found[2]) if found else 0


def _answer_at_once(sock: socket.socket) -> None:
    """What a host sends in two small parts waits for our word on the first one, which Linux holds back for 40 ms (tcp(7))."""
    if hasattr(socket, "TCP_QUICKACK"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
