"""The lines of the error log that were written about the time of the failure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from diagnostics.evidence import LogLine, PageSeen, SiteSeen
from diagnostics.facts.access_log import Request
from diagnostics.facts.log_formats import RawEntry, in_utc, split_entries, unwrap, zone_offset
from diagnostics.transports.base import Reader

LIMIT = 512 * 1024
MOST_LINES = 200
BEFORE = timedelta(seconds=90)
AROUND_PROBE = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class RawLog:
    path: str
    tail: bytes
    cut: bool
    mtime: float


def read(reader: Reader, path: str, limit: int = LIMIT) -> RawLog:
    """The end of the log. Raises TransportError."""
    stat = reader.stat(path)
    tail = reader.read_tail(path, limit)
    return RawLog(path, tail, len(tail) >= limit and stat.size > limit, stat.mtime)


def parse(raw: RawLog, site: SiteSeen, requests: tuple[Request, ...] = (), offset: timedelta | None = None) -> tuple[LogLine, ...]:
    """The lines of the failing time, the last 200 of them; `paired` where one of our own requests wrote them."""
    entries = split_entries(raw.tail, cut=raw.cut)
    if offset is None:
        last = next((entry.local for entry in reversed(entries) if entry.local and entry.zone is None), None)
        offset = zone_offset(last, raw.mtime)
    since = beginning(site)
    lines = []
    for entry in entries:
        at = in_utc(entry, offset) or _undated(entries, raw)
        if since is not None and at is not None and at < since:
            continue
        paired = _is_ours(entry, at, site.pages, requests)
        lines.append(LogLine("error-log", raw.path, at, unwrap(entry.text), paired))
    return tuple(lines[-MOST_LINES:])


def beginning(site: SiteSeen) -> datetime | None:
    """From when on a line can belong to the failure; None when nothing fails."""
    times = [page.at for page in site.pages if page.at is not None]
    if site.failing_since is not None:
        times.append(site.failing_since)
    return min(times) - BEFORE if times else None


def _undated(entries: list[RawEntry], raw: RawLog) -> datetime | None:
    """A log without any times was last written at its modification time: good enough for a log that is one line long."""
    if any(entry.local for entry in entries) or len(entries) != 1 or raw.mtime <= 0:
        return None
    return datetime.fromtimestamp(raw.mtime, UTC)


def _is_ours(entry: RawEntry, at: datetime | None, pages: tuple[PageSeen, ...], requests: tuple[Request, ...]) -> bool:
    if any(page.token and page.token in entry.text for page in pages):
        return True
    if at is None or not entry.client:
        return False
    for request in requests:
        same_port = not (entry.port and request.port) or entry.port == request.port
        if request.client == entry.client and same_port and abs(at - request.at) <= AROUND_PROBE:
            return True
    return False
