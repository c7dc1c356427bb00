"""What robots.txt and sitemaps name (RFC 9309 and sitemaps.org's protocol 0.9), read from bytes that a stranger wrote.

Bounded in size and number; a document with a DTD is refused, so that no entity is ever expanded or fetched.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

UNPACKED_LIMIT = 2 * 1024 * 1024
MOST_ADDRESSES = 2000
_LONGEST = 2000  # of an address
_CHUNK = 64 * 1024
_SITEMAP_LINE = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S{1,2000})", re.IGNORECASE | re.MULTILINE)


class NotASitemap(ValueError):
    """The document is no sitemap, or one that must not be read."""


@dataclass(slots=True)
class Sitemap:
    """Addresses of pages, and of further sitemaps, in their order."""

    pages: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)


def from_robots(body: bytes) -> list[str]:
    """The sitemaps that a robots.txt names."""
    return _SITEMAP_LINE.findall(body.decode("utf-8", "replace"))[:10]


def parse_sitemap(body: bytes) -> Sitemap:
    """The addresses in a sitemap or an index of sitemaps; of one that is cut off, those before the cut. Raises NotASitemap."""
    if body.startswith(b"\x1f\x8b"):
        body = _unpacked(body)
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"<"):
        return _plain_list(start)
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = reading.refuse
    parser.EntityDeclHandler = reading.refuse
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    try:
        for chunk in _chunks(start):
            parser.Parse(chunk, False)
            if reading.full:
                break
    except NotASitemap:
        raise
    except (expat.ExpatError, ValueError, LookupError):  # the latter two: an encoding that is unknown or of several bytes
        if not reading.root:
            raise NotASitemap("This is no XML.") from None
    if reading.root not in ("urlset", "sitemapindex"):
        raise NotASitemap("This is no sitemap.")
    return reading.found


def _chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, min(len(body), UNPACKED_LIMIT), _CHUNK):
        yield body[start : start + _CHUNK]


def _unpacked(body: bytes) -> bytes:
    """What a gzip file holds, up to the limit; of one that is cut off, what comes before the cut."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        return unpacker.decompress(body, UNPACKED_LIMIT)
    except zlib.error as error:
        raise NotASitemap("This is no gzip file.") from error


def _plain_list(body: bytes) -> Sitemap:
    """A sitemap may be a plain list: one address per line."""
    lines = [line.strip() for line in body[:UNPACKED_LIMIT].decode("utf-8", "replace").splitlines()[:MOST_ADDRESSES]]
    if not lines or not lines[0].startswith(("http://", "https://")):
        raise NotASitemap("This is no sitemap.")
    return Sitemap([line for line in lines if line.startswith(("http://", "https://")) and len(line) <= _LONGEST])


class _Reading:
    """What the parser has seen so far."""

    def __init__(self) -> None:
        self.found = Sitemap()
        self.root = ""
        self._path: list[str] = []
        self._words: list[str] | None = None

    @property
    def full(self) -> bool:
        return len(self.found.pages) + len(self.found.sitemaps) >= MOST_ADDRESSES

    def refuse(self, *_: object) -> None:
        raise NotASitemap("A sitemap with a DTD is not read.")

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        self.root = self.root or local
        self._path.append(local)
        if len(self._path) > 20:
            raise NotASitemap("This is nested too deeply for a sitemap.")
        self._words = [] if self._path[1:] in (["url", "loc"], ["sitemap", "loc"]) else None

    def text(self, data: str) -> None:
        if self._words is not None and sum(map(len, self._words)) <= _LONGEST:
            self._words.append(data)

    def end(self, _name: str) -> None:
        if self._words is not None:
            address = "".join(self._words).strip()
            if address and len(address) <= _LONGEST and not self.full:
                (self.found.pages if self.root == "urlset" else self.found.sitemaps).append(address)
        self._words = None
        self._path.pop()
