"""Our own requests in the access log, found by the token they carried: they tell whose address and which second to look for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from diagnostics.evidence import PageSeen, Visit
from diagnostics.facts import access_lines
from diagnostics.facts.log_formats import plain_address
from diagnostics.transports.base import Reader
from sites.probing.outcome import PRODUCT

LIMIT = 512 * 1024
AROUND = timedelta(seconds=3)
MOST_VISITS = 50
_ZONE = re.compile(r":\d\d ?([+-])(\d\d):?(\d\d)[\]\"]")
_PORT = re.compile(r"\[?([0-9a-fA-F.:]+?)\]?:(\d{2,5})")


@dataclass(frozen=True, slots=True)
class Request:
    """One of our own requests as the server logged it.

    `is_alone`: no other request failed within the same seconds; `shares_address`: one that failed then came from the same address.
    """

    at: datetime
    client: str
    port: str
    status: int
    token: str
    offset: timedelta  # of the server's clock from UTC
    request_id: str = ""
    is_alone: bool = False
    shares_address: bool = False


def read(reader: Reader, path: str, limit: int = LIMIT) -> bytes:
    """The end of the log. Raises TransportError."""
    return reader.read_tail(path, limit)


def parse(tail: bytes, pages: tuple[PageSeen, ...]) -> tuple[Request, ...]:
    """The requests whose lines hold one of the pages' tokens."""
    tokens = [page.token for page in pages if page.token]
    lines = [line for line in tail.split(b"\n") if any(token.encode() in line for token in tokens)] if tokens else []
    found = [request for line in lines if (request := _request(line[: access_lines.LONGEST], tokens))]
    if not found:
        return ()
    others = [line for line in access_lines.parse(tail).errors if not _is_our_own(line, tokens, pages)]
    return tuple(_beside(request, [line for line in others if abs(line.at - request.at) <= AROUND]) for request in found)


def visits(tail: bytes, pages: tuple[PageSeen, ...]) -> tuple[Visit, ...]:
    """The newest requests of others for these pages that were answered with a 500."""
    paths = {page.path.partition("?")[0] for page in pages}
    tokens = [page.token for page in pages if page.token]
    errors = [line for line in access_lines.parse(tail).errors if line.status == 500 and line.target.partition("?")[0] in paths]
    failed = [line for line in errors if PRODUCT not in line.agent and not _is_our_own(line, tokens, pages)]
    return tuple(Visit(line.at, line.target.partition("?")[0], _client_of(line)[0]) for line in failed[-MOST_VISITS:])


def _is_our_own(line: access_lines.Line, tokens: list[str], pages: tuple[PageSeen, ...]) -> bool:
    """With a token, or a regular probe of one of these pages: it carries none, and meets what the others meet."""
    if any(token in line.target + line.agent for token in tokens):
        return True
    return PRODUCT in line.agent and line.target.partition("?")[0] in {page.path.partition("?")[0] for page in pages}


def _beside(request: Request, others: list[access_lines.Line]) -> Request:
    """`others`: what failed within the same seconds."""
    shares = any(_client_of(line)[0] == request.client for line in others)
    return replace(request, is_alone=request.status >= 500 and not others, shares_address=shares)


def _client_of(line: access_lines.Line) -> tuple[str, str]:
    """Address and port, the latter empty where the log tells none."""
    with_port = _PORT.fullmatch(line.address) if line.address.count(":") == 1 or "]" in line.address else None
    address, port = with_port.groups() if with_port else (line.address.strip("[]"), "")
    return plain_address(address), port


def _request(raw: bytes, tokens: list[str]) -> Request | None:
    line = access_lines.parse_line(raw)
    if line is None:
        return None
    text = raw.decode("utf-8", "replace")
    zone = _ZONE.search(text)
    offset = timedelta(hours=int(zone.group(2)), minutes=int(zone.group(3))) * (-1 if zone.group(1) == "-" else 1) if zone else timedelta(0)
    client, port = _client_of(line)
    token = next(token for token in tokens if token in text)
    return Request(line.at, client, port, line.status, token, offset, line.request_id)
