"""The lines of an access log that tell of a server error, whoever wrote it: Apache, nginx, OVHcloud, or JSON lines.

All bytes are looked at once for what only such a line holds; the few that are left are taken apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

LONGEST = 16_384  # of one line: what comes later in it is not looked at

# The status stands behind the quoted request (Apache's common and combined formats, nginx's default), in JSON behind its name.
_LIKELY = re.compile(rb'" 5\d\d ')
_LIKELY_JSON = re.compile(rb'(?:status|code|response)\w{0,12}" ?: ?"?5\d\d\b', re.IGNORECASE)
_LINE = re.compile(
    r"^(?P<lead>[^\[\n]{1,700})\[(?P<time>[^\]\n]{10,40})\] "
    r'"(?P<request>[^"\\]*(?:\\.[^"\\]*)*)" (?P<status>\d{3}) (?:\d+|-)(?P<rest>.*)',
    re.DOTALL,
)
_QUOTED = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)(?:"|\\?\Z)')  # one that is never closed ends with the line
_REFERER_AND_AGENT = re.compile(r' "[^"\\]*(?:\\.[^"\\]*)*" "(?P<agent>[^"\\]*(?:\\.[^"\\]*)*)"')
_COMMON_TIME = re.compile(r"(\d{1,2})/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.\d+)? ?([+-]\d{4})?")
_MONTHS = {name: n for n, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|\[?[0-9a-fA-F]*:[0-9a-fA-F:.]+\]?")
_HOST = re.compile(r"(?=[^:]*[a-zA-Z])[\w.-]+(?::\d{1,5})?")
_NAMED_ID = re.compile(r"\b(?:request|req|correlation|trace|unique|x)[_-]?id[=:]\s*\"?([\w@.:-]{6,128})", re.IGNORECASE)
# nginx $request_id, a UUID, Apache mod_unique_id (24 to 27 characters of its own alphabet)
_BARE_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[\w@-]*\d)(?=[\w@-]*[A-Z])[\w@-]{24,27}")


@dataclass(frozen=True, slots=True)
class Line:
    """One logged request. `host` is the website it was for, where the log says that."""

    at: datetime
    status: int
    method: str
    target: str
    host: str = ""
    address: str = ""
    agent: str = ""
    request_id: str = ""


@dataclass(slots=True)
class Read:
    """What some bytes of a log held. `bad`: looked like a server error and could not be understood."""

    lines: int = 0
    bad: int = 0
    errors: list[Line] = field(default_factory=list)


def parse(data: bytes) -> Read:
    """The server errors in whole lines of a log."""
    read = Read(lines=data.count(b"\n") + (0 if data.endswith(b"\n") or not data else 1))
    for raw in _likely(data):
        line = parse_line(raw)
        if line is None:
            read.bad += 1
        elif 500 <= line.status <= 599:
            read.errors.append(line)
    return read


def _likely(data: bytes) -> Iterator[bytes]:
    """The lines that may tell of a server error, each once."""
    rule = _LIKELY_JSON if data.lstrip()[:1] == b"{" else _LIKELY
    done = 0
    for match in rule.finditer(data):
        if match.start() < done:
            continue
        start = data.rfind(b"\n", 0, match.start()) + 1
        end = data.find(b"\n", match.end())
        done = len(data) if end < 0 else end + 1
        yield data[start : min(done, start + LONGEST)]


def parse_line(raw: bytes) -> Line | None:
    """One line taken apart; None when it is no line of an access log that we know."""
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    if text.startswith("{"):
        return _json_line(text)
    match = _LINE.match(text)
    at = _time(match["time"]) if match else None
    if match is None or at is None:
        return None
    host, address = _who(match["lead"].split())
    method, target = _request(match["request"])
    rest = match["rest"]
    known = _REFERER_AND_AGENT.match(rest)
    agent, more = (known["agent"], rest[known.end() :]) if known else ("", rest)
    return Line(at, int(match["status"]), method, target, host, address, agent[:1000], _request_id(more) if more else "")


def is_access_log(data: bytes) -> bool:
    """Whether most of the first lines can be taken apart. An empty log may be one."""
    lines = [line for line in data.split(b"\n")[:40] if line.strip()][:20]
    return not lines or sum(parse_line(line[:LONGEST]) is not None for line in lines) * 2 > len(lines)


def tells_sites_apart(data: bytes) -> bool:
    """Whether the lines say which website each request was for."""
    found = [line for raw in data.split(b"\n")[:40] if raw.strip() and (line := parse_line(raw[:LONGEST]))]
    return bool(found) and sum(bool(line.host) for line in found) * 2 > len(found)


def line_time(data: bytes) -> datetime | None:
    """When the first line that can be understood was written."""
    found = (parse_line(raw[:LONGEST]) for raw in data.split(b"\n")[:20])
    return next((line.at for line in found if line), None)


def _who(lead: list[str]) -> tuple[str, str]:
    """Website and address. Combined: "address ident user"; with "vhost:port" before it; OVHcloud's: "address vhost user"."""
    first, second = lead[0], lead[1] if len(lead) > 1 else ""
    if len(lead) >= 4 and _HOST.fullmatch(first) and not _ADDRESS.fullmatch(first):
        return first, second
    if second != "-" and "." in second and _HOST.fullmatch(second) and not _ADDRESS.fullmatch(second):
        return second, first
    return "", first


def _request(request: str) -> tuple[str, str]:
    method, _space, rest = request.partition(" ")
    if not method.isalpha() or not rest:
        return "", rest or request
    target, _space, protocol = rest.rpartition(" ")
    return method.upper()[:10], target if protocol.startswith("HTTP/") else rest


def _request_id(more: str) -> str:
    """Of what a server was told to add to its lines: a number by its name, else one that looks like none but a request's."""
    if named := _NAMED_ID.search(more):
        return named.group(1)
    parts = (*_QUOTED.findall(more)[:8], *_QUOTED.sub(" ", more).split()[:12])
    return next((part for part in parts if _BARE_ID.fullmatch(part)), "")


@lru_cache(maxsize=1024)
def _time(text: str) -> datetime | None:
    match = _COMMON_TIME.fullmatch(text)
    try:
        if match is None:
            return _iso(text)
        day, month, year, hour, minute, second, zone = match.groups()
        where = timezone(_offset(zone)) if zone else UTC
        at = datetime(int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), min(59, int(second)), tzinfo=where)
        return at.astimezone(UTC)
    except (ValueError, KeyError, OverflowError):
        return None


def _offset(zone: str) -> timedelta:
    return timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[0] == "-" else 1)


def _iso(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


# --- JSON lines: the names that nginx, Apache, Caddy and Traefik configurations use --------------------
_STATUS = ("status", "status_code", "response_status", "response", "code", "DownstreamStatus")
_TIME = ("time", "@timestamp", "timestamp", "time_iso8601", "time_local", "ts", "msec", "StartUTC", "date")
_TARGET = ("request_uri", "uri", "url", "path", "RequestPath", "uri_path")
_METHOD = ("method", "request_method", "http_method", "RequestMethod")
_REMOTE = ("remote_addr", "remote_ip", "client_ip", "client", "remote", "ClientHost", "ip", "clientip", "remoteIP")
_NAME = ("host", "server_name", "vhost", "http_host", "RequestHost", "virtual_host")
_AGENT = ("http_user_agent", "user_agent", "agent", "userAgent", "request_User-Agent", "useragent")
_ID = ("request_id", "req_id", "requestID", "unique_id", "trace_id", "x_request_id")


def _json_line(text: str) -> Line | None:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    inner = row.get("request")
    if isinstance(inner, dict):  # Caddy
        agents = (inner.get("headers") or {}).get("User-Agent") if isinstance(inner.get("headers"), dict) else None
        row = {**row, **{name: value for name, value in inner.items() if isinstance(value, str)}}
        row["user_agent"] = agents[0] if isinstance(agents, list) and agents else row.get("user_agent", "")
    status, at = _first(row, _STATUS), _json_time(_first(row, _TIME))
    if at is None or not status.isdecimal() or len(status) != 3:
        return None
    method, target = _request(_whole(inner)) if isinstance(inner, str) else (_first(row, _METHOD).upper()[:10], _first(row, _TARGET))
    host, address, agent = _first(row, _NAME), _first(row, _REMOTE), _first(row, _AGENT)
    return Line(at, int(status), method, target, host, address, agent[:1000], _first(row, _ID)[:128])


def _first(row: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((_whole(str(row[name])) for name in names if isinstance(row.get(name), str | int | float) and row[name] != ""), "")


def _whole(text: str) -> str:
    """JSON can name halves of characters (RFC 8259, section 8.2), which nothing can store: "?" instead."""
    return text.encode("utf-8", "replace").decode()


def _json_time(text: str) -> datetime | None:
    try:
        seconds = float(text)
    except ValueError:
        return _time(text.strip("[]"))
    try:
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
