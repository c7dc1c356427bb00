"""The lines of one error log that were written about the time of the failure, from its end and, where it was rotated, its forerunner's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.evidence import LogLine, PageSeen, SiteSeen, moment_of
from diagnostics.facts import log_series
from diagnostics.facts.access_log import Request
from diagnostics.facts.log_formats import RawEntry, in_utc, split_entries
from diagnostics.facts.log_messages import FATAL, FATAL_WORDS, unwrap
from diagnostics.facts.log_times import zone_offset
from diagnostics.transports.base import FileKind, Reader, TransportError

LIMIT = 512 * 1024
FURTHEST = 4 * 1024 * 1024  # how far back from its end a busy log is read
MOST_LINES = 200
MOST_PACKED = 8 * 1024 * 1024  # bytes of a log that gzip packed, about a hundred megabytes unpacked: more takes too long over a slow line
BEFORE = timedelta(seconds=90)
AROUND_PROBE = timedelta(seconds=3)
_TELLING = re.compile(rf"PHP {FATAL_WORDS} error|\.htaccess: |\.htaccess:\d+: |Uncaught |\[core:alert\]")
_OF_REQUEST = re.compile(r', request: "[A-Z]+ ')
_OF_TRACE = re.compile(r"(?:\] |: |^)PHP(?: Stack trace:| {1,3}\d+\. )")


@dataclass(frozen=True, slots=True)
class RawLog:
    """`cut`: there is more before it."""

    path: str
    tail: bytes
    cut: bool
    mtime: float


def read(reader: Reader, path: str, site: SiteSeen | None = None, limit: int = LIMIT) -> list[RawLog]:
    """The log's end, after that of its rotated forerunner where the log is younger than the failure. Raises TransportError."""
    newest = _read_end(reader, path, site, limit)
    since = beginning(site) if site else None
    if since is None or newest.cut or _reaches(newest, since):
        return [newest]
    try:
        older = _forerunner(reader, path, since, limit)
    except TransportError:
        older = None
    return [older, newest] if older else [newest]


def _read_end(reader: Reader, path: str, site: SiteSeen | None, limit: int) -> RawLog:
    stat = reader.stat(path)
    if stat.kind is not FileKind.FILE or stat.size <= limit:
        tail = reader.read_tail(path, limit)
        return RawLog(path, tail, len(tail) >= limit, stat.mtime)
    # By place, not by `read_tail`: a log that grows meanwhile leaves no gap between two parts.
    start = stat.size - limit
    tail = reader.read_part(path, start, limit + 65_536)
    probed = min((page.at for page in site.pages if page.at), default=None) if site else None
    while probed and start > 0 and len(tail) < FURTHEST and not _reaches(RawLog(path, tail, True, stat.mtime), probed - AROUND_PROBE):
        step = min(start, 2 * limit)
        start -= step
        tail = reader.read_part(path, start, step) + tail
    return RawLog(path, tail, start > 0, stat.mtime)


def _reaches(raw: RawLog, since: datetime) -> bool:
    """Whether what was read goes back to that time."""
    until = moment_of(raw.mtime)
    entries = split_entries(raw.tail[:65_536], cut=raw.cut, until=until)
    first = next((entry for entry in entries if entry.local), None)
    latest = reversed(split_entries(raw.tail[-65_536:], cut=True, until=until))
    last = next((entry for entry in latest if entry.local and entry.zone is None), None)
    at = in_utc(first, zone_offset(last.local if last else None, raw.mtime) or timedelta(0)) if first else None
    return at is not None and at <= since


def _forerunner(reader: Reader, path: str, since: datetime, limit: int) -> RawLog | None:
    """The end of what the log was before it was rotated, if that was written to since then."""
    files = log_series.family(reader, path)[:-1]
    older = next((file for file in reversed(files) if file.mtime >= since.timestamp() and file.size), None)
    if older is None or (older.size > MOST_PACKED and older.is_gz):
        return None
    if not older.is_gz:
        tail = reader.read_tail(older.path, limit)
        return RawLog(older.path, tail, older.size > limit, older.mtime)
    tail, whole = b"", 0
    for part in log_series.unpacked(reader, older):
        whole += len(part)
        tail = (tail + part)[-limit:]
    return RawLog(older.path, tail, whole > limit, older.mtime)


def parse(raw: RawLog, site: SiteSeen, requests: tuple[Request, ...] = (), offset: timedelta | None = None) -> tuple[LogLine, ...]:
    """The lines of the failing time, at most 200, the telling ones before others; `paired` where one of our own requests wrote them.

    `offset`: how far the server's clock is ahead of UTC, where the access log told it.
    """
    entries = split_entries(raw.tail, cut=raw.cut, until=moment_of(raw.mtime))
    times = _times(entries, raw, offset)
    since, marks = beginning(site), marks_of(site.pages, requests)
    lines = []
    for entry, at in zip(entries, times, strict=True):
        text, before = unwrap(entry.text)
        if (since is not None and at is not None and at < since) or not text.strip() or _OF_TRACE.search(text[:300]):
            continue
        lines.append(LogLine("error-log", raw.path, at, text, _is_ours(entry, text, at, marks, requests), before))
    return _chosen(lines)


def _chosen(lines: list[LogLine]) -> tuple[LogLine, ...]:
    if len(lines) <= MOST_LINES:
        return tuple(lines)
    ranked = sorted(range(len(lines)), key=lambda n: (not lines[n].paired, not is_telling(lines[n].text), -n))
    return tuple(lines[n] for n in sorted(ranked[:MOST_LINES]))


def is_telling(text: str) -> bool:
    """Whether this line may say by itself why a page failed."""
    return bool(_TELLING.search(text[:2000]) or FATAL.match(text))


def _times(entries: list[RawEntry], raw: RawLog, offset: timedelta | None) -> list[datetime | None]:
    """When each was written. What PHP prints under CGI carries no time: it was written between its neighbours."""
    last = next((entry.local for entry in reversed(entries) if entry.local and entry.zone is None), None)
    by_change = zone_offset(last, raw.mtime) if entries and entries[-1].local else None
    own = by_change if by_change is not None else offset
    known = [in_utc(entry, own or timedelta(0)) for entry in entries]
    return [at or _between(number, entries, known, raw.mtime) for number, at in enumerate(known)]


def _between(number: int, entries: list[RawEntry], known: list[datetime | None], mtime: float) -> datetime | None:
    """The last of those without a time was written when the next line was, or when the file was changed; others may be much older."""
    before = next((at for at in reversed(known[:number]) if at), None)
    following = next((n for n in range(number + 1, len(known)) if known[n]), len(known))
    after = known[following] if following < len(known) else moment_of(mtime)
    if before and after and after - before <= BEFORE:
        return after
    telling = [n for n in range(number, following) if is_telling(entries[n].text)] or [following - 1]
    return after if telling[-1] == number else before


def beginning(site: SiteSeen) -> datetime | None:
    """From when on a line can belong to the failure; None when nothing fails."""
    times = [page.at for page in site.pages if page.at is not None]
    if site.failing_since is not None:
        times.append(site.failing_since)
    return min(times) - BEFORE if times else None


def _is_ours(entry: RawEntry, text: str, at: datetime | None, marks: set[str], requests: tuple[Request, ...]) -> bool:
    if any(mark in entry.text for mark in marks):
        return True
    if at is None or _OF_REQUEST.search(entry.text):  # nginx names the request, and it is another
        return False
    near = [request for request in requests if abs(at - request.at) <= AROUND_PROBE]
    if not entry.client:
        return any(request.is_alone for request in near) and is_telling(text)
    return any(request.client == entry.client and _is_same_line_of(entry, request) for request in near)


def _is_same_line_of(entry: RawEntry, request: Request) -> bool:
    """By the port; where the access log tells none, only if nobody else failed from that address: a proxy gives all visitors its own."""
    return entry.port == request.port if entry.port and request.port else not request.shares_address


def marks_of(pages: tuple[PageSeen, ...], requests: tuple[Request, ...] = ()) -> set[str]:
    """What only a line about our own requests holds: their tokens, and the numbers that the site or its server gave them."""
    numbers = {page.request_id for page in pages} | {request.request_id for request in requests}
    return {page.token for page in pages if page.token} | {number for number in numbers if len(number) >= 8}
