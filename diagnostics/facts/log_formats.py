"""One line of an error log, whoever wrote it: Apache 2.2 and 2.4, nginx, PHP itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {
    name: number for number, name in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)
}
_APACHE = re.compile(r"^\[(?:\w{3}) (\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\d{4})\] ?")
_NGINX = re.compile(r"^(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d) \[\w+\] ")
_PHP = re.compile(r"^\[(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d)(?: ([A-Za-z_+\-/0-9:]+))?\] ?")
_CLIENT = re.compile(r"\[client ([0-9a-fA-F.:]+?)(?::(\d+))?\]")
_NGINX_CLIENT = re.compile(r"\bclient: ([0-9a-fA-F.:]+)")


@dataclass(frozen=True, slots=True)
class RawEntry:
    """`local` is the time as written, without a zone; `zone` where the line names one."""

    text: str
    local: datetime | None
    zone: tzinfo | None = None
    client: str = ""
    port: str = ""


def split_entries(tail: bytes, *, cut: bool) -> list[RawEntry]:
    """The entries of a log's tail: a line that does not begin like an entry belongs to the one before it."""
    lines = tail.decode("utf-8", "replace").replace("\x00", "\ufffd").split("\n")
    if cut and lines:
        lines = lines[1:]  # its beginning was cut off
    entries: list[list[str]] = []
    for line in lines:
        line = line.rstrip("\r")
        if not line.strip():
            continue
        if _starts(line) or not entries or not _starts(entries[-1][0]):
            entries.append([line])
        elif len(entries[-1]) < 40:
            entries[-1].append(line)
    return [_entry("\n".join(lines)[:16_000]) for lines in entries]


def _starts(line: str) -> bool:
    return bool(_APACHE.match(line) or _NGINX.match(line) or _PHP.match(line))


def _entry(text: str) -> RawEntry:
    local, zone = _time(text)
    client = _CLIENT.search(text[:400])
    if client:
        address, port = client.group(1), client.group(2) or ""
        if not port and address.count(":") == 1:
            address, _, port = address.partition(":")
        return RawEntry(text, local, zone, address, port)
    found = _NGINX_CLIENT.search(text)
    return RawEntry(text, local, zone, found.group(1) if found else "")


def _time(text: str) -> tuple[datetime | None, tzinfo | None]:
    try:
        if match := _APACHE.match(text):
            month, day, hour, minute, second, year = match.groups()
            return datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second)), None
        if match := _NGINX.match(text):
            return datetime(*map(int, match.groups())), None  # type: ignore[arg-type]
        if match := _PHP.match(text):
            day, month, year, hour, minute, second, zone = match.groups()
            at = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second))
            return at, _zone(zone or "")
    except (ValueError, KeyError):
        pass  # a line that only looks like an entry: it carries no time
    return None, None


def _zone(name: str) -> tzinfo | None:
    if name in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_offset(last_local: datetime | None, mtime: float) -> timedelta:
    """How far the log's own clock is ahead of UTC: its last line was written when the file was last changed.

    Offsets are whole quarters of an hour; zero when the two do not fit together.
    """
    if last_local is None or mtime <= 0:
        return timedelta(0)
    written = datetime.fromtimestamp(mtime, UTC).replace(tzinfo=None)
    seconds = (last_local - written).total_seconds()
    quarters = round(seconds / 900)
    if abs(seconds - quarters * 900) > 180 or not -12 * 4 <= quarters <= 14 * 4:
        return timedelta(0)
    return timedelta(minutes=15 * quarters)


def in_utc(entry: RawEntry, offset: timedelta) -> datetime | None:
    if entry.local is None:
        return None
    if entry.zone is not None:
        return entry.local.replace(tzinfo=entry.zone).astimezone(UTC)
    return (entry.local - offset).replace(tzinfo=UTC)


def unwrap(text: str) -> str:
    """The message without what FPM and nginx wrap around it; of several of one request the one that ended it."""
    text = text.replace("\\n", "\n") if "PHP message" in text else text
    if "PHP message: " not in text:
        return text
    messages = re.split(r"(?:; )?PHP message: ", text)[1:]
    for message in messages:
        if re.match(r"\s*PHP (Fatal|Parse|Recoverable fatal) error", message):
            return _trim(message)
    return _trim(messages[0])


def _trim(message: str) -> str:
    """Without what follows the message: the closing quote and the request that nginx or Apache adds."""
    message = re.split(r"['\"]?,? (?:while reading (?:response header|upstream)|referer: )", message, maxsplit=1)[0]
    return re.sub(r"['\"];?\s*$", "", message).strip()
