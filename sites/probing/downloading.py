"""Fetches one published file whole, within bounds of time and size. What came of it stays, and the next attempt goes on from there.

Addresses are vetted as those of probes are: at the moment of the connect, on every redirect, and without a proxy.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, BinaryIO

import pycurl

from sites.probing import engine, names, wire
from sites.probing.failures import detail_of_error
from sites.probing.guard import Guard
from sites.probing.urls import BadUrl, origin, redirect_target, wire_url

MAX_REDIRECTS = 5
CONNECT_LIMIT_S = 3.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOOK_S = 0.01
_WHOLE, _PART, _NO_SUCH_PART = 200, 206, 416


class NotDownloaded(Exception):
    """`code`: as of a probe ("dns", "timeout", ...), "status" (then `status` tells which), "too-large", "redirect-refused"."""

    def __init__(self, code: str, status: int = 0) -> None:
        super().__init__(f"{code} {status or ''}".strip())
        self.code, self.status = code, status

    @property
    def is_absent(self) -> bool:
        """Whether the server is there and says that it has no such file."""
        return self.status in (404, 410)


@dataclass(slots=True)
class _Hop:
    """One request on the way to the file."""

    url: str
    file: BinaryIO
    room: int  # bytes that may still come
    offset: int = 0
    status: int = 0
    location: str = ""
    is_too_large: bool = False
    is_refused: bool = False


def download(
    url: str,
    file: BinaryIO,
    *,
    guard: Guard,
    most_bytes: int,
    time_limit_s: float,
    contact_url: str = engine.CONTACT_URL,
    goes_on: bool = False,
) -> None:
    """Writes what lies there into `file`. Raises NotDownloaded.

    `goes_on`: what the file holds already is the beginning, and only the rest is asked for. Where the server knows no parts, or has
    less than that by now, it is fetched anew.
    """
    until = time.monotonic() + time_limit_s
    offset = file.seek(0, 2) if goes_on else 0
    if not goes_on:
        _empty(file)
    try:
        hop = _Hop(wire_url(url), file, most_bytes, offset)
        for _turn in range(MAX_REDIRECTS + 1):
            status = _ask(hop, guard, until, contact_url)
            if status == _NO_SUCH_PART and hop.offset:
                _empty(file)
                hop = _Hop(hop.url, file, most_bytes)
            elif status in _REDIRECTS and hop.location:
                hop = _Hop(_led_to(hop), file, most_bytes, hop.offset)
            elif status in (_WHOLE, _PART):
                return
            else:
                raise NotDownloaded("status", status)
    except BadUrl as error:
        raise NotDownloaded("bad-url") from error
    raise NotDownloaded("too-many-redirects")


def _empty(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate(0)


def _led_to(hop: _Hop) -> str:
    """Never from a secure line to one that is not. Raises NotDownloaded, BadUrl."""
    target = redirect_target(hop.url, hop.location)
    if origin(hop.url)[0] == "https" and origin(target)[0] != "https":
        raise NotDownloaded("redirect-refused")
    return target


def _ask(hop: _Hop, guard: Guard, until: float, contact_url: str) -> int:
    """One request. The status; the body is in the file. Raises NotDownloaded."""
    addresses = _addresses(hop.url, until)
    shared = wire.borrow(wire.trusted[0])
    curl = shared.stranger()  # one that probed would send its site's password and headers along
    try:
        _prepare(curl, hop, addresses, guard, until, contact_url)
        curl.perform()
        return int(curl.getinfo(pycurl.RESPONSE_CODE))
    except pycurl.error as error:
        if hop.is_too_large:
            raise NotDownloaded("too-large") from error
        if hop.is_refused:
            raise NotDownloaded("address-refused") from error
        number, text = error.args[0], str(error.args[1])
        seen = {"verify_result": curl.getinfo(pycurl.SSL_VERIFYRESULT), "connected": curl.getinfo(pycurl.CONNECT_TIME) > 0}
        raise NotDownloaded(detail_of_error(number, text, **seen)) from error
    finally:
        curl.close()  # it carries callbacks of this download alone
        wire.give_back(shared)


def _addresses(url: str, until: float) -> tuple[str, ...]:
    """Those of the name, looked up beside this thread: a silent name server holds it up no longer than it may wait."""
    host = origin(url)[1]
    if address := names.literal(host):
        return (address,)
    answers: deque[names.Lookup] = deque()
    names.ask(host, answers)
    patience = min(until, time.monotonic() + CONNECT_LIMIT_S)
    while not answers and time.monotonic() < patience:
        time.sleep(_LOOK_S)
    found = answers.popleft().addresses if answers else ()
    if not found:
        raise NotDownloaded("dns")
    return found


def _prepare(curl: wire.Handle, hop: _Hop, addresses: tuple[str, ...], guard: Guard, until: float, contact_url: str) -> None:
    left_ms = int((until - time.monotonic()) * 1000)
    if left_ms <= 0:
        raise NotDownloaded("timeout")
    _scheme, host, port = origin(hop.url)
    if names.literal(host) == "":
        listed = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        curl.setopt(pycurl.RESOLVE, [f"+{host}:{port}:{listed}"])
    curl.setopt(pycurl.URL, hop.url)
    curl.setopt(pycurl.TIMEOUT_MS, left_ms)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, min(left_ms, int(CONNECT_LIMIT_S * 1000)))
    curl.setopt(pycurl.USERAGENT, engine.USER_AGENT.replace(engine.CONTACT_URL, contact_url))
    curl.setopt(pycurl.ACCEPT_ENCODING, "identity")  # the bytes as they lie there: parts of them are put together
    if hop.offset:
        curl.setopt(pycurl.HTTPHEADER, [f"Range: bytes={hop.offset}-"])
    curl.setopt(pycurl.HEADERFUNCTION, lambda line: _on_header(hop, line))
    curl.setopt(pycurl.WRITEFUNCTION, lambda chunk: _on_body(hop, chunk))
    curl.setopt(pycurl.OPENSOCKETFUNCTION, lambda _purpose, target: _opened(hop, guard, target))


def _on_header(hop: _Hop, line: bytes) -> None:
    if line.startswith(b"HTTP/"):
        said = line.split(None, 2)[1:2]
        hop.status, hop.location = int(said[0]) if said and said[0].isdigit() else 0, ""
    elif line.lower().startswith(b"location:"):
        hop.location = line.partition(b":")[2].strip().decode("latin-1")


def _on_body(hop: _Hop, chunk: bytes) -> int | None:
    """libcurl's callback; -1 stops the transfer. The words of a refusal are not kept."""
    if hop.status not in (_WHOLE, _PART):
        return None
    if hop.status == _WHOLE and hop.offset:  # the server knows no parts
        _empty(hop.file)
        hop.offset = 0
    if hop.file.tell() + len(chunk) > hop.room:
        hop.is_too_large = True
        return -1
    hop.file.write(chunk)
    return None


def _opened(hop: _Hop, guard: Guard, target: Any) -> Any:
    """libcurl's callback before each connect: it sees the very address, and makes the socket or not."""
    is_internet = target.family in (socket.AF_INET, socket.AF_INET6)
    if not is_internet or not guard.allows(str(target.addr[0]), int(target.addr[1])):
        hop.is_refused = True
        return pycurl.SOCKET_BAD
    return socket.socket(target.family, target.socktype, target.protocol)
