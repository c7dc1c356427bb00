"""Logs that a host shows by HTTP in folders with an index, a file per day, as OVHcloud's log server does.

OVHcloud's guide "Statistics and logs of a website": one folder per site, today's files below `osl/`, those of earlier days packed by
gzip below `logs/logs-MM-YYYY/`, each kind but the access log in a folder of its own. Where exactly differs from cluster to cluster:
the index tells, nothing is guessed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

from diagnostics.evidence import SiteSeen, Unreadable
from diagnostics.facts import access_log, error_log
from diagnostics.facts.server_logs import LogsRead
from sites.texts import mark as _

LIMIT = 512 * 1024  # bytes of a log that are read, from its end
MOST_PAGES = 10
MOST_PACKED = 8 * 1024 * 1024
MOST_UNPACKED = 256 * 1024 * 1024  # a log packs to a tenth or so; what unpacks to far more is a trap
_DAY = re.compile(r"(\d{2})-(\d{2})-(\d{4})\.log(?:\.gz)?$")
_FOLDERS = frozenset({"osl", "logs", "log", "error", "errors", "web"})
_MONTH = re.compile(r"logs-(\d{2})-(\d{4})$")
_OTHER_KINDS = frozenset({"ftp", "cgi", "out", "ssh", "cron", "stats"})
_HOUR = timedelta(hours=1)
_ZONES = (timedelta(0), 2 * _HOUR)  # a day of the server's begins up to so much before one of UTC


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read of one address: `cut` where there is more before it, `at` when it was last written (seconds), where that was told."""

    body: bytes
    cut: bool = False
    at: float | None = None


# Reads an address; with `tail`, the last bytes of it. Raises what the caller of `read` expects.
Fetch = Callable[[str, int, bool], Answer]


@dataclass(frozen=True, slots=True)
class DayLog:
    """One log of one day."""

    url: str
    day: date
    is_error: bool


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "a" and target:
            self.found.append(target)


def links(page: bytes, url: str, base: str) -> list[str]:
    """What an index names below `base`; nothing of other servers, nothing above."""
    parser = _Links()
    parser.feed(page.decode("utf-8", "replace"))
    whole = [urljoin(url, target.partition("#")[0].partition("?")[0]) for target in parser.found]
    return [each for each in dict.fromkeys(whole) if each.startswith(base) and each != base and "/../" not in unquote(each)]


def find(fetch: Fetch, base: str, days: set[date]) -> list[DayLog]:
    """The error logs and access logs of these days. Today's folders are looked at first."""
    waiting, seen, found = [base], {base}, []
    for _page in range(MOST_PAGES):
        if not waiting or _has_all(found, days):
            break
        url = waiting.pop(0)
        for link in links(fetch(url, LIMIT, False).body, url, base):
            if link.endswith("/"):
                if link not in seen and _is_wanted(link, base, days):
                    seen.add(link)
                    waiting.append(link)
            elif (log := _day_log(link, base)) and log.day in days:
                found.append(log)
        waiting.sort(key=lambda each: ("/osl/" not in each[len(base) - 1 :], each.count("/")))
    return found


def _has_all(found: list[DayLog], days: set[date]) -> bool:
    return len(days) == 1 and {log.is_error for log in found} == {True, False}


def _is_wanted(folder: str, base: str, days: set[date]) -> bool:
    name = unquote(folder[len(base) :].rstrip("/").rpartition("/")[2]).lower()
    month = _MONTH.match(name)
    return name in _FOLDERS if month is None else (int(month[2]), int(month[1])) in {(day.year, day.month) for day in days}


def _day_log(url: str, base: str) -> DayLog | None:
    path = unquote(url[len(base) :]).lower()
    match, parts = _DAY.search(path), set(re.split(r"[/]", path)[:-1])
    if match is None or parts & _OTHER_KINDS:
        return None
    try:
        day = date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return None
    name = path.rpartition("/")[2]
    return DayLog(url, day, bool(parts & {"error", "errors"}) or name.startswith("error") or ".error" in name)


def read(fetch: Fetch, base: str, site: SiteSeen, now: datetime) -> LogsRead:
    """The lines of the failing time of today's error log and, where the failure is older, of the day's before; our own requests."""
    since = error_log.beginning(site) or now
    days = {(moment + zone).date() for moment in (since, now) for zone in _ZONES}
    logs = sorted(find(fetch, base, days), key=lambda log: log.day)
    errors, accesses = [log for log in logs if log.is_error][-2:], [log for log in logs if not log.is_error][-1:]
    if not errors:
        return LogsRead(Unreadable("the error log", _("the log server shows none of today")))
    requests = tuple(
        request for log in accesses for request in access_log.parse(_tail(fetch, log.url).body, site.pages)
    )  # fmt: skip
    offset = requests[-1].offset if requests else None
    lines = []
    for log in errors:
        answer = _tail(fetch, log.url)
        raw = error_log.RawLog(log.url, answer.body, answer.cut, answer.at or now.timestamp())
        lines += error_log.parse(raw, site, requests, offset)
    return LogsRead(tuple(lines), requests)


def _tail(fetch: Fetch, url: str) -> Answer:
    if not urlsplit(url).path.endswith(".gz"):
        return fetch(url, LIMIT, True)
    answer = fetch(url, MOST_PACKED, False)
    unpacked, cut = unpack(answer.body)
    return Answer(unpacked, cut or answer.cut, answer.at)


def unpack(packed: bytes) -> tuple[bytes, bool]:
    """The end of what gzip packed, and whether there is more before it; of a damaged file, or a trap, as much as can be told."""
    tail, cut, unpacked = b"", False, 0
    machine = zlib.decompressobj(wbits=31)
    left = packed
    try:
        while left and not machine.eof and unpacked < MOST_UNPACKED:
            part = machine.decompress(left, LIMIT)
            tail, unpacked = tail + part, unpacked + len(part)
            cut, tail = cut or len(tail) > LIMIT, tail[-LIMIT:]
            left = machine.unconsumed_tail
    except zlib.error:
        cut = True
    return tail, cut
