"""Connects to an address the guard let through, and keeps limits on the raw bytes of an SSH connection."""

from __future__ import annotations

import queue
import socket
import threading
import time
from typing import TYPE_CHECKING

from diagnostics.transports.base import AddressRefused, ConnectionDetails, ConnectionRefused, ConnectionTimedOut, NameUnresolved
from diagnostics.transports.failures import explained
from sites.texts import mark as _

if TYPE_CHECKING:
    from sites.probing.guard import Guard

Addresses = list[tuple]  # as connect() takes them

# RFC 4253 section 4.2 lets a server send other lines before its version; real ones send a few hundred bytes.
GREETING_LIMIT = 16_384
FIRST_WORDS = 256  # bytes kept of it, to tell why a server hung up


def connect(details: ConnectionDetails, guard: Guard) -> socket.socket:
    """A connected socket. Raises NameUnresolved, AddressRefused, ConnectionRefused, ConnectionTimedOut."""
    deadline = time.monotonic() + details.connect_timeout_s
    failure: OSError | None = None
    for sockaddr in _resolve(details, guard, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        sock = socket.socket(socket.AF_INET6 if len(sockaddr) == 4 else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.settimeout(left)
            sock.connect(sockaddr)
        except OSError as error:
            sock.close()
            failure = error
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    raise _unreachable(details, failure) from failure


def _unreachable(details: ConnectionDetails, failure: OSError | None) -> ConnectionRefused | ConnectionTimedOut:
    where = {"address": details.address, "port": details.port}
    if failure is None or isinstance(failure, TimeoutError):
        hint = _("Check address and port. A firewall may drop connections from here.")
        text = _("{address} did not answer on port {port} within {seconds:g} s.")
        return explained(ConnectionTimedOut, text, hint, seconds=details.connect_timeout_s, **where)
    if isinstance(failure, ConnectionRefusedError):
        hint = _("Check the port, and whether this kind of access is switched on at the host.")
        return explained(ConnectionRefused, _("{address} refused the connection on port {port}: nothing listens there."), hint, **where)
    text = _("{address} cannot be reached on port {port}: {reason}.")
    hint = _("Check the address and this machine's network.")
    return explained(ConnectionRefused, text, hint, reason=failure.strerror or failure, **where)


def _resolve(details: ConnectionDetails, guard: Guard, deadline: float) -> Addresses:
    from sites.probing.guard import AddressNotAllowed, resolve_vetted

    answers: queue.SimpleQueue[Addresses | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve_vetted(details.address, details.port, guard, details.exempt))
        except Exception as error:  # noqa: BLE001 - carried over to the asking thread and raised there
            answers.put(error)

    # The system's resolver takes no time limit, so a thread waits for it and is left behind if it does not come back.
    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        raise explained(NameUnresolved, _("No name server answered for {name} in time."), name=details.address) from None
    if isinstance(answer, AddressNotAllowed):
        hint = _("Addresses inside a network are refused unless the administrator allows that network in SITEMEND_ALLOWED_NETWORKS.")
        raise explained(AddressRefused, _("{name} leads to an address that may not be contacted."), hint, name=details.address) from answer
    if isinstance(answer, OSError | UnicodeError):
        hint = _("Check the spelling, or ask the host for the right name.")
        raise explained(NameUnresolved, _("The name {name} does not resolve."), hint, name=details.address) from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


class LimitedSocket:
    """The socket as paramiko sees it: bounds what comes before the version line, and gives up on sends that stand still."""

    def __init__(self, sock: socket.socket, stall_limit_s: float) -> None:
        self._sock = sock
        self._stall_limit_s = stall_limit_s
        self._stalled_since: float | None = None
        self._greeting: bytes | None = b""
        self.first_words = b""  # what came before the version, or instead of it

    def recv(self, size: int) -> bytes:
        data = self._sock.recv(size)
        if self._greeting is not None:
            self.first_words = (self.first_words + data)[:FIRST_WORDS]
            self._greeting += data
            if self._greeting.startswith(b"SSH-") or b"\nSSH-" in self._greeting:
                # From the version on, packets have their own limits; only this one line is still open-ended.
                self._greeting = None if b"\n" in self._greeting.rpartition(b"SSH-")[2] else self._greeting
            if self._greeting is not None and len(self._greeting) > GREETING_LIMIT:
                raise ConnectionAbortedError("greeting too long")
        return data

    def send(self, data: bytes) -> int:
        try:
            sent = self._sock.send(data)
        except TimeoutError:
            # paramiko tries again for ever; a peer that takes nothing for this long is gone.
            now = time.monotonic()
            self._stalled_since = self._stalled_since or now
            if now - self._stalled_since > self._stall_limit_s:
                raise ConnectionAbortedError("peer takes no bytes") from None
            raise
        self._stalled_since = None
        return sent

    @property
    def _closed(self) -> bool:
        """paramiko looks at this while it waits for its thread to end."""
        closed = getattr(self._sock, "closed", None)  # a channel's; to ask a channel for its number would open a pipe
        return self._sock.fileno() == -1 if closed is None else bool(closed)

    def close(self) -> None:
        self._sock.close()

    def settimeout(self, seconds: float | None) -> None:
        self._sock.settimeout(seconds)

    def getpeername(self) -> tuple:
        return self._sock.getpeername()
