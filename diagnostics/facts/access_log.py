"""Our own requests in the access log, found by the token they carried: they tell whose address and which second to look for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from diagnostics.evidence import PageSeen
from diagnostics.transports.base import Reader

LIMIT = 512 * 1024
_TIME = re.compile(r"\[(\d{1,2})/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\]")
_ADDRESS = re.compile(r"(?:^| )((?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F:]*:[0-9a-fA-F:]+)(?::(\d+))?(?= )")
_STATUS = re.compile(r'" (\d{3}) ')
_MONTHS = {
    name: number for number, name in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)
}


@dataclass(frozen=True, slots=True)
class Request:
    """One of our own requests as the server logged it."""

    at: datetime
    client: str
    port: str
    status: int
    token: str
    offset: timedelta  # of the server's clock from UTC


def read(reader: Reader, path: str, limit: int = LIMIT) -> bytes:
    """The end of the log. Raises TransportError."""
    return reader.read_tail(path, limit)


def parse(tail: bytes, pages: tuple[PageSeen, ...]) -> tuple[Request, ...]:
    tokens = [page.token for page in pages if page.token]
    found = []
    for line in tail.decode("utf-8", "replace").splitlines() if tokens else ():
        token = next((token for token in tokens if token in line), "")
        if token and (request := _request(line, token)):
            found.append(request)
    return tuple(found)


def _request(line: str, token: str) -> Request | None:
    time, status = _TIME.search(line), _STATUS.search(line)
    address = _ADDRESS.search(line)
    if not (time and status and address):
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = time.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    try:
        local = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=timezone(offset))
    except (ValueError, KeyError):
        return None
    return Request(local.astimezone(UTC), address.group(1), address.group(2) or "", int(status.group(1)), token, offset)
