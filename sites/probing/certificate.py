"""Reads the certificate that a name shows, by a TLS handshake and nothing more.

Whether it can be trusted is the probes' business, which refuse to go on without; here it is only read, so an untrusted or expired one is
told about too. The address is vetted as for a probe.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sites.probing.guard import Guard, connect_vetted

Place = tuple[str, int]  # name and port
AT_ONCE = 10


def read_certificate(host: str, port: int, guard: Guard, *, exempt: tuple[str, int] | None = None, time_limit_s: float = 10.0) -> bytes:
    """The server's certificate in DER. Raises OSError: AddressNotAllowed, ssl.SSLError, time-outs and the like."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        connect_vetted(host, port, guard, exempt, time_limit_s=time_limit_s) as raw,
        context.wrap_socket(raw, server_hostname=host) as connection,
    ):
        return connection.getpeercert(binary_form=True) or b""


def read_certificates(
    places: Iterable[Place], guard: Guard, *, exempt: tuple[str, int] | None = None, time_limit_s: float = 10.0
) -> dict[Place, bytes]:
    """The certificates of these places, some at a time; those that cannot be read are left out."""
    wanted = list(dict.fromkeys(places))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(partial(_or_nothing, guard=guard, exempt=exempt, time_limit_s=time_limit_s), wanted)
        return {place: der for place, der in zip(wanted, found, strict=True) if der}


def _or_nothing(place: Place, *, guard: Guard, exempt: tuple[str, int] | None, time_limit_s: float) -> bytes:
    try:
        return read_certificate(*place, guard, exempt=exempt, time_limit_s=time_limit_s)
    except (OSError, UnicodeError, ValueError):  # no answer, no TLS, a name that is none: the probes tell about that
        return b""
