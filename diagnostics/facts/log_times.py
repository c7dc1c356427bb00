"""The time at the beginning of a line of a log, in every form that servers, PHP and applications write it.

Sources: Apache `server/log.c` (ErrorLogFormat %t, %{cu}t), nginx `ngx_times.c`, PHP `main/main.c` (`php_log_err`), PHP-FPM `zlog.c`,
LiteSpeed's and lighttpd's error logs, syslog (RFC 3164, RFC 5424), Monolog `LineFormatter` and `JsonFormatter`.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from diagnostics.evidence import moment_of

# The first three or four letters as English, French, German, Spanish, Italian, Portuguese and Dutch shorten them.
_NAMES = (
    "jan janv ene gen", "feb fév févr fev febr", "mar mars mär mrz märz mrt maa", "apr avr abr", "may mai mag mei", "jun juin giu juni",
    "jul juil lug juli", "aug aoû août ago", "sep sept set", "oct okt ott out", "nov", "dec déc dez dic",
)  # fmt: skip
_MONTHS = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()}
_CLOCK = r"(\d\d):(\d\d):(\d\d)(?:[.,]\d{1,9})?"
_ZONE = r"(?: ?(Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b|[A-Z][A-Za-z_]+/[A-Za-z_+\-/0-9]+|[A-Z]{3,5}(?=\])))?"
_LEVEL_FIRST = re.compile(r"(?:\*[A-Z]+\*[ \t]{1,4}(?:v[\w.]{1,12}[ \t]{1,4})?|[A-Z]{4,9} - )(?=\d{4}[-/])")  # PrestaShop, CodeIgniter
_JSON_TIME = re.compile(r'"(?:@?time(?:stamp)?|datetime|date|ts)"\s*:\s*(?:\{"date":\s*)?("[^"]{10,40}"|\d{10}(?:\.\d+)?)')


@dataclass(frozen=True, slots=True)
class Stamp:
    """The time as written, without a zone; `zone` where the line names one; `end`: how many characters it takes."""

    local: datetime
    zone: tzinfo | None
    end: int


def stamp(line: str, until: datetime) -> Stamp | None:
    """The time that the line begins with, None when it begins with no time. `until`: when its log was written last, for a line that
    names no year."""
    if line.startswith("{"):
        return _json(line, until)
    begin = level.end() if (level := _LEVEL_FIRST.match(line)) else 0
    for pattern, read in _FORMS:
        if match := pattern.match(line, begin):
            try:
                return read(match, until)
            except (ValueError, KeyError, OverflowError):
                continue  # it only looks like a time
    return None


def _apache(match: re.Match[str], until: datetime) -> Stamp:
    month, day, hour, minute, second, written = match.groups()
    return Stamp(datetime(int(written), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second)), None, match.end())


def _in_order(match: re.Match[str], until: datetime) -> Stamp:
    parts = [int(part) for part in match.groups()[:6]]
    zone = match.groups()[6] if len(match.groups()) > 6 else ""
    return Stamp(datetime(*parts), zone_of(zone or ""), match.end())  # type: ignore[arg-type]


def _day_first(match: re.Match[str], until: datetime) -> Stamp:
    day, month, written, hour, minute, second, zone = match.groups()
    number = int(month) if month.isdigit() else _MONTHS[month.lower()]
    return Stamp(datetime(int(written), number, int(day), int(hour), int(minute), int(second)), zone_of(zone or ""), match.end())


def _syslog(match: re.Match[str], until: datetime) -> Stamp:
    """The latest year in which it is not later than the log's end, whose own zone may be a day ahead."""
    month, day, hour, minute, second = match.groups()
    latest = until.replace(tzinfo=None) + timedelta(days=1)
    for year in (latest.year, latest.year - 1):
        with contextlib.suppress(ValueError):  # a 29th of February that the year has not
            at = datetime(year, _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second))
            if at <= latest:
                return Stamp(at, None, match.end())
    raise ValueError


def _epoch(match: re.Match[str], until: datetime) -> Stamp:
    return Stamp(datetime.fromtimestamp(int(match.group(1)), UTC).replace(tzinfo=None), UTC, match.end())


# The first that fits and is a time.
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Stamp]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"\[?[A-Z]\w\w (\w{{3}}) +(\d{{1,2}}) {_CLOCK} (\d{{4}})\]? ?", _apache),
        (rf"\[?(?:<\d{{1,3}}>1 )?(\d{{4}})-(\d\d)-(\d\d)[T ]{_CLOCK}{_ZONE}\]?:?\s?", _in_order),  # ISO 8601
        (rf"\[?(\d{{4}})/(\d\d)/(\d\d)(?: |-| - ){_CLOCK}\]? ?", _in_order),  # nginx
        (rf"\[(\d{{1,2}})-([^\W\d_]{{3,5}})\.?-(\d{{4}}) {_CLOCK}{_ZONE}\] {{0,2}}", _day_first),  # PHP
        (rf"\[(\d{{1,2}})/([A-Za-z]{{3}})/(\d{{4}}):{_CLOCK}{_ZONE}\] ?", _day_first),  # as access logs have it
        (rf"(?:<\d{{1,3}}>)?([A-Z][a-z]{{2}}) +(\d{{1,2}}) {_CLOCK} ", _syslog),
        (r"\[?(1\d{9})(?:\d{3}\b|\.\d{1,6})?\]?:? ", _epoch),
        (rf"\[?(\d\d)[./](\d\d)[./](\d{{4}}),? {_CLOCK}{_ZONE}\]? ?", _day_first),  # European
        (rf"[A-Z][a-z]{{2}}, (\d{{1,2}}) ([A-Z][a-z]{{2}}) (\d{{4}}) {_CLOCK}{_ZONE} ", _day_first),  # as mails have it
    )
)


def _json(line: str, until: datetime) -> Stamp | None:
    found = _JSON_TIME.search(line[:16_000])
    if found is None:
        return None
    value = json.loads(found.group(1)) if found.group(1).startswith('"') else f"{found.group(1)} "
    inner = stamp(value, until)
    return Stamp(inner.local, inner.zone, 0) if inner else None


def zone_of(name: str) -> tzinfo | None:
    """The zone of this name or offset; None for one that is not known."""
    if name in ("UTC", "GMT", "Z"):
        return UTC
    if match := re.fullmatch(r"([+-])(\d\d):?(\d\d)", name):
        offset = timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
        return timezone(-offset if match.group(1) == "-" else offset)
    try:
        return ZoneInfo(name) if "/" in name or name in ("CET", "MET", "EET", "WET", "EST", "MST", "HST") else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_offset(last_local: datetime | None, mtime: float) -> timedelta | None:
    """How far the log's own clock is ahead of UTC: its last line was written when the file was last changed.

    Offsets are whole quarters of an hour; None when the two do not fit together.
    """
    written = moment_of(mtime)
    if last_local is None or written is None:
        return None
    seconds = (last_local - written.replace(tzinfo=None)).total_seconds()
    quarters = round(seconds / 900)
    if abs(seconds - quarters * 900) > 180 or not -12 * 4 <= quarters <= 14 * 4:
        return None
    return timedelta(minutes=15 * quarters)
