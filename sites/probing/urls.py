"""Addresses of pages as they go onto the wire: checked, in ASCII, with the token of a probe, and resolved against a redirect."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

TOKEN_PARAMETER = "sitemend"  # noqa: S105 the name of a query parameter, no secret
_MAX_LENGTH = 8000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")
_AS_IS = "!#$%&'()*+,/:;=?@[]~-._"
# What nearly all addresses look like: nothing in them needs another form on the wire.
_PLAIN = re.compile(r"(https?)://([a-z0-9][a-z0-9.-]{0,252})(?::([1-9]\d{0,3}|[1-5]\d{4}))?/[A-Za-z0-9!$&'()*+,/:;=@~._-]*")


class BadUrl(ValueError):
    """Not an http or https address that can be asked for."""


Origin = tuple[str, str, int]


def wire_url(url: str) -> str:
    """The URL in the form that goes onto the wire: ASCII, without fragment. Raises BadUrl."""
    if len(url) <= _MAX_LENGTH and _PLAIN.fullmatch(url):
        return url
    if len(url) > _MAX_LENGTH or _FORBIDDEN.search(url):
        raise BadUrl("The address is too long or holds characters that no address may hold.")
    try:
        parts = urlsplit(url)
        scheme, port = parts.scheme.lower(), parts.port
        host = _wire_host(parts.hostname or "")
    except (ValueError, UnicodeError) as error:
        raise BadUrl("The address cannot be read.") from error
    if scheme not in _DEFAULT_PORTS:
        raise BadUrl("Only http:// and https:// addresses are probed.")
    if port == 0:
        raise BadUrl("The address names no port that can be asked.")
    user = parts.netloc.rpartition("@")[0]
    netloc = (quote(user, safe=_AS_IS) + "@" if user else "") + host + (f":{port}" if port is not None else "")
    path = quote(parts.path or "/", safe=_AS_IS)
    return urlunsplit((scheme, netloc, path, quote(parts.query, safe=_AS_IS), ""))


def _wire_host(host: str) -> str:
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host.partition('%')[0])}]"
    ascii_host = host.encode("idna").decode("ascii") if not host.isascii() else host
    if not _HOST.fullmatch(ascii_host) or ascii_host.startswith("."):
        raise ValueError(f"{host!r} is no host name")
    return ascii_host.lower()


def with_token(url: str, token: str) -> str:
    """The URL with the token as one more query parameter; what was there stays as it was."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, f"{TOKEN_PARAMETER}={quote(token, safe='')}") if part)
    return urlunsplit(parts._replace(query=query, fragment=""))


def redirect_target(url: str, location: str) -> str:
    """Where a redirect leads, ready for the wire. Raises BadUrl, also for any scheme but http and https."""
    try:
        target = urljoin(url, quote(location.strip(), safe=_AS_IS))
    except ValueError as error:
        raise BadUrl("The redirect cannot be read.") from error
    return wire_url(target)


def origin(url: str) -> Origin:
    """Scheme, host and port of a wire URL: secrets of one never go to another."""
    if plain := _PLAIN.fullmatch(url):
        scheme, host, port = plain.groups()
        return scheme, host, int(port) if port else _DEFAULT_PORTS[scheme]
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS[parts.scheme]
