"""Reads what FTP hosts say about files: LIST as Unix and IIS print it, the facts of MLST and MLSD (RFC 3659), FEAT (RFC 2389)."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from diagnostics.transports.base import FileKind
from diagnostics.transports.paths import LIST_LIMIT

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_KINDS = {"-": FileKind.FILE, "d": FileKind.FOLDER, "l": FileKind.LINK}
_UNIX = re.compile(
    r"(?P<kind>[-dlbcpsD])(?P<mode>[-rwxsStTlL]{9})[.+@]? +\d+ +(?P<owners>\S+(?: +\S+){0,9}?) +(?:\d{1,9}, *)?(?P<size>\d{1,18}) +"
    r"(?:(?P<month>[A-Za-z]{3}) +(?P<day>\d{1,2}) +(?:(?P<year>\d{4})|(?P<hour>\d{1,2}):(?P<minute>\d\d))"
    r"|(?P<iso>\d{4}-\d\d-\d\d \d\d:\d\d)) (?P<name>.+)",
    re.ASCII | re.DOTALL,
)
_IIS = re.compile(
    r"(?P<month>\d\d)-(?P<day>\d\d)-(?P<year>\d{4}|\d\d) +(?P<hour>\d\d):(?P<minute>\d\d)(?P<half>[AP]M)? +"
    r"(?P<size><DIR>|<JUNCTION>|<SYMLINKD?>|\d{1,18}) +(?P<name>.+)",
    re.ASCII | re.DOTALL,
)
_STAMP = re.compile(r"(\d{14})(?:\.\d+)?", re.ASCII)
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Row:
    """One name as a host lists it. What it does not tell is None or empty."""

    name: str
    kind: FileKind
    mode: int | None
    size: int
    mtime: float
    owner: str = ""
    group: str = ""
    target: str = ""  # of a link
    uid: int | None = None  # where facts tell it
    gid: int | None = None

    def numbered(self) -> tuple[int | None, int | None]:
        """User and group where the host names them by number."""
        if self.uid is not None and self.gid is not None:
            return self.uid, self.gid
        return (int(self.owner), int(self.group)) if is_number(self.owner) and is_number(self.group) else (None, None)


def is_number(text: str) -> bool:
    """Whether these are digits of a number that every file system and database can hold."""
    return text.isdecimal() and len(text) <= 18


def parse_listing(text: str, now: float) -> tuple[list[Row], int]:
    """The rows of a listing, and how many of its lines say nothing that can be read.

    A line that is none is the rest of a name with a line break: FTP cannot carry those, so the row before it goes as well.
    """
    rows: list[Row] = []
    unread, fresh = 0, False
    for line in lines_of(text):
        if len(rows) > LIST_LIMIT + 2:  # more than is taken, with "." and "..": the rest would only fill our memory
            break
        line = line.removesuffix("\r")
        row = parse_line(line, now)
        if row is not None:
            rows.append(row)
        elif line and not line.lower().startswith("total "):
            unread += 1
            if fresh:
                rows.pop()
        fresh = row is not None
    return rows, unread


def lines_of(text: str) -> Iterator[str]:
    """One after the other: a listing of nothing but line ends would fill much memory as a list."""
    at = 0
    while (end := text.find("\n", at)) >= 0:
        yield text[at:end]
        at = end + 1
    yield text[at:]


def parse_line(line: str, now: float) -> Row | None:
    """One line of LIST; None for what is none."""
    unix = _UNIX.fullmatch(line)
    if unix is not None:
        return _unix(unix, now)
    iis = _IIS.fullmatch(line)
    return _iis(iis) if iis is not None else None


def _unix(found: re.Match[str], now: float) -> Row | None:
    owner, _space, group = found["owners"].partition(" ")
    size, kind = int(found["size"]), _KINDS.get(found["kind"], FileKind.OTHER)
    name, target = (found["name"], "") if kind is not FileKind.LINK else _link(found["name"], size)
    mtime = _unix_time(found, now)
    return None if mtime is None else Row(name, kind, _mode(found["mode"]), size, mtime, owner, group.strip(), target)


def _link(text: str, size: int) -> tuple[str, str]:
    """Name and target. The size of a link is the length of its target: that tells which arrow is the one between them."""
    at = text.find(" -> ")
    first = at
    while at >= 0:
        if len(text[at + 4 :].encode("utf-8", "surrogateescape")) == size:
            return text[:at], text[at + 4 :]
        at = text.find(" -> ", at + 1)
    return (text[:first], text[first + 4 :]) if first >= 0 else (text, "")


def _mode(letters: str) -> int:
    mode = 0
    for place, letter in enumerate(letters):
        if letter in "rwxst":
            mode |= 1 << (8 - place)
        if letter in "sStT":
            mode |= {2: 0o4000, 5: 0o2000, 8: 0o1000}[place] if place in (2, 5, 8) else 0
    return mode


def _unix_time(found: re.Match[str], now: float) -> float | None:
    """Hosts print the year only of what is older than about half a year."""
    if found["iso"]:
        return _moment(*(int(part) for part in re.split(r"[- :]", found["iso"])))
    if found["month"].lower() not in _MONTHS:
        return None
    month, day = _MONTHS.index(found["month"].lower()) + 1, int(found["day"])
    if found["year"]:
        return _moment(int(found["year"]), month, day)
    year, clock = datetime.fromtimestamp(now, UTC).year, (int(found["hour"]), int(found["minute"]))
    # A day of room: its clock may be that of another time zone.
    candidates = [moment for each in (year + 1, year, year - 1) if (moment := _moment(each, month, day, *clock)) is not None]
    return next((moment for moment in candidates if moment <= now + _DAY), None)


def _iis(found: re.Match[str]) -> Row | None:
    year, hour = int(found["year"]), int(found["hour"])
    if year < 100:
        year += 2000 if year < 70 else 1900
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] == "PM" else 0)
    mtime = _moment(year, int(found["month"]), int(found["day"]), hour, int(found["minute"]))
    if mtime is None:
        return None
    size = found["size"]
    kind = FileKind.FILE if size.isdecimal() else FileKind.FOLDER if size == "<DIR>" else FileKind.LINK
    name, target = (found["name"], "") if kind is not FileKind.LINK else _iis_link(found["name"])
    return Row(name, kind, None, int(size) if size.isdecimal() else 0, mtime, target=target)


def _iis_link(text: str) -> tuple[str, str]:
    name, _bracket, target = text.partition(" [")
    return name, target.removesuffix("]").replace("\\", "/")


def _moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> float | None:
    """Seconds since 1970, read as UTC; None for a date that does not exist."""
    try:
        return float(calendar.timegm(datetime(year, month, day, hour, minute, min(second, 59)).timetuple()))
    except (ValueError, OverflowError):
        return None


def stamp(text: str) -> float | None:
    """A time as RFC 3659 writes it: YYYYMMDDHHMMSS in UTC, to the second."""
    found = _STAMP.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[1]
    return _moment(int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2)))


def as_stamp(mtime: float) -> str:
    return datetime.fromtimestamp(int(mtime), UTC).strftime("%Y%m%d%H%M%S")


def parse_facts(line: str) -> tuple[dict[str, str], str] | None:
    """Facts by their names in small letters, and the name they are about; None for a line that holds none."""
    facts, space, name = line.removesuffix("\r").lstrip(" ").partition(" ")
    if not space or not facts.endswith(";"):
        return None
    pairs = (fact.partition("=") for fact in facts.split(";") if "=" in fact)
    return {key.lower(): value for key, _equals, value in pairs}, name


def refined(row: Row, facts: dict[str, str]) -> Row:
    """A row with what facts tell better: times to the second, modes and owners as numbers. What it is stays as listed, for facts of many
    hosts are of what a link leads to."""
    if row.kind not in (FileKind.FILE, FileKind.FOLDER) or ("dir" in facts.get("type", "").lower()) != (row.kind is FileKind.FOLDER):
        return row
    mtime, mode, size = stamp(facts.get("modify", "")), facts.get("unix.mode", ""), facts.get("size", "")
    owner, group = (facts.get(f"unix.{name}", "") for name in ("uid", "gid"))
    owned = is_number(owner) and is_number(group)
    return replace(
        row,
        mtime=row.mtime if mtime is None else mtime,
        mode=_told(mode) if row.mode is None else row.mode | (_told(mode) or 0),
        size=int(size) if row.kind is FileKind.FILE and is_number(size) else row.size,
        uid=int(owner) if owned else None,
        gid=int(group) if owned else None,
    )


def _told(mode: str) -> int | None:
    """A mode as facts tell it: pure-ftpd writes 0100644, pyftpdlib 0o644 and leaves out what goes beyond permissions."""
    return int(mode, 8) & 0o7777 if re.fullmatch(r"(0o)?[0-7]{1,7}", mode) else None


def parse_features(lines: tuple[str, ...]) -> dict[str, str]:
    """Features by name in capitals, with their parameters; the first and last line of the answer are none."""
    found = {}
    for line in lines[1:-1]:
        name, _space, parameters = line.strip().partition(" ")
        found[name.upper()] = parameters.strip()
    return found
