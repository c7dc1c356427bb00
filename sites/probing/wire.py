"""libcurl's handles, kept from one batch to the next: what they have in common is set once, and the authorities are read once.

Nothing of one probe reaches another: connections, TLS sessions and cookies are new each time.
"""

from __future__ import annotations

import os
import threading

import certifi
import pycurl

_HTTP_ONLY = 0b11  # CURLPROTO_HTTP | CURLPROTO_HTTPS
_KEPT_HANDLES = 200  # of each multi handle: about 10 KB each
_KEPT_WIRES = 8
_CA_CACHE_TIMEOUT = 321  # CURLOPT_CA_CACHE_TIMEOUT, which pycurl does not name
_AUTHORITIES_KEPT_S = 3600  # after which libcurl reads a file of authorities again

trusted = [certifi.where()]  # the file of the authorities of this process


class Handle(pycurl.Curl):
    """An easy handle that knows whose identity it carries."""

    identity: str  # never set on the class: pycurl finds what stands there before what an object holds
    is_kept: bool  # set on each: pycurl looks at the class before the handle

    def believe(self, ca_file: str) -> None:
        """Other authorities than its wire's, for the probe at hand alone."""
        self.setopt(pycurl.CAINFO, ca_file)
        self.setopt(_CA_CACHE_TIMEOUT, 0)  # what the wire has read of the usual ones stays
        self.is_kept = False


class Wire:
    """A multi handle with its idle easy handles; used by one thread at a time."""

    def __init__(self, ca_file: str) -> None:
        self.ca_file = ca_file
        self.multi = pycurl.CurlMulti()
        self._idle: list[Handle] = []

    def handle(self) -> Handle:
        """A handle on which only what belongs to one probe is still to be set."""
        return self._idle.pop() if self._idle else _new_handle(self.ca_file)

    def stranger(self) -> Handle:
        """A handle that has carried nobody's headers or passwords, for what is asked of others than sites. To be closed, not put back."""
        return _new_handle(self.ca_file)

    def put_back(self, handle: Handle) -> None:
        if handle.is_kept and len(self._idle) < _KEPT_HANDLES:
            handle.setopt(pycurl.COOKIELIST, "ALL")
            self._idle.append(handle)
        else:
            handle.close()

    def close(self) -> None:
        for handle in self._idle:
            handle.close()
        self.multi.close()


class _Kept:
    """Wires that wait for the next batch."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wires: list[Wire] = []


_kept = _Kept()


def _forget() -> None:
    global _kept  # a forked process must not share sockets with its parent
    _kept = _Kept()


os.register_at_fork(after_in_child=_forget)


def borrow(ca_file: str) -> Wire:
    """A wire that trusts these authorities, for this thread alone until `give_back`."""
    with _kept.lock:
        for wire in reversed(_kept.wires):
            if wire.ca_file == ca_file:
                _kept.wires.remove(wire)
                return wire
    return Wire(ca_file)


def give_back(wire: Wire) -> None:
    """Only with no handle left in it."""
    with _kept.lock:
        if len(_kept.wires) < _KEPT_WIRES:
            _kept.wires.append(wire)
            return
    wire.close()


def _new_handle(ca_file: str) -> Handle:
    curl = Handle()
    curl.identity = ""
    curl.is_kept = True
    for option, value in (
        (pycurl.NOSIGNAL, 1),
        (pycurl.FRESH_CONNECT, 1),
        (pycurl.FORBID_REUSE, 1),
        (pycurl.SSL_SESSIONID_CACHE, 0),
        (pycurl.PROXY, ""),
        (pycurl.PROTOCOLS, _HTTP_ONLY),
        (pycurl.REDIR_PROTOCOLS, _HTTP_ONLY),
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.CAINFO, ca_file),
        (_CA_CACHE_TIMEOUT, _AUTHORITIES_KEPT_S),
        (pycurl.ACCEPT_ENCODING, ""),
        (pycurl.COOKIEFILE, ""),  # cookies in memory
        (pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC),
        (pycurl.HTTP09_ALLOWED, 0),
        (pycurl.NETRC, pycurl.NETRC_IGNORED),
        (pycurl.DNS_CACHE_TIMEOUT, 60),  # names are looked up by `names`; libcurl is told their addresses each time
    ):
        curl.setopt(option, value)
    return curl
