"""The entries of an error log, whoever wrote it: Apache 2.2 and 2.4, nginx, LiteSpeed, lighttpd, PHP-FPM, PHP itself, applications.

What was written in several lines or cut into pieces is put together again. Seen on Apache 2.4 (mod_php, mod_proxy_fcgi, mod_fcgid,
mod_cgid), nginx 1.22 and PHP-FPM 8.2: Apache cuts at 8,190 bytes, nginx at 2,047, PHP-FPM at its `log_limit` (1,024).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from ipaddress import ip_address

from diagnostics.facts.log_messages import FATAL_WORDS, GAP
from diagnostics.facts.log_times import stamp

LONGEST_LINE = 32 * 1024  # of a line that is longer its beginning and its end are kept
LONGEST_ENTRY = 96 * 1024
_MOST_LINES = 400  # of one entry
_CLIENT = re.compile(r"\[(?:client|remote) ([0-9a-fA-F.:]{2,60})\]")
_WITH_PORTS = re.compile(r"\[pid \d")  # Apache 2.4 names the port behind every address, 2.2 behind none
_LITESPEED_CLIENT = re.compile(r"\] \[([0-9a-fA-F.:]+):(\d+)(?:[:#-][^\]]*)?\]")
_NGINX_CLIENT = re.compile(r", client: ([0-9a-fA-F.:]{2,60})(?=,|\s*$)")
_UNDATED = re.compile(rf"(?:PHP )?{FATAL_WORDS} error: |PHP (?:Warning|Notice|Deprecated|Strict Standards): ")
_APACHE_STREAM = re.compile(r"(?:\[pid [^\]]{1,60}\].{0,80}?)?\[client [^\]]{1,80}\]")  # 2.2 names no process
_NGINX_STREAM = re.compile(r"\d+#\d+: \*\d+")
_FPM_STREAM = re.compile(r"\[pool [^\]]{1,80}\] child \d+")
_NEW_MESSAGE = re.compile(
    r"\s{0,4}(?:NOTICE: )?(?:PHP message: )?(?:(?:PHP )?[A-Z][A-Za-z ]{2,24}: |Uncaught [A-Z]|[A-Z]\w{0,60}(?:Exception|Error): )"
)
# A part of a message that names each of its parts in a line of its own (Slim ErrorHandler, Symfony's and people's own).
_PART = re.compile(
    r"\s{0,4}(?:Type|Code|Message|File|Line|Trace|Stack ?trace|Previous|Class|Method|Route|Request|URL|Query|Details?|Reason): "
)
_WHOLE = re.compile(r"PHP (?:Warning|Notice|Deprecated|Strict Standards): [^\n]{1,4000} on line \d+\Z")
_AT_ONCE = timedelta(seconds=2)  # in which the lines of one message are written


@dataclass(frozen=True, slots=True)
class _Wrap:
    """How one writer hands on what a program said: where its words begin, and which lines belong together.

    `cut_at`: an entry of at least so many characters goes on in the next one; 0: each line of the message is an entry, and `ends`
    is what stands behind each line. `loses_at`: an entry that is as long lost its end, and a gap comes before the next one.
    """

    begins: re.Pattern[str]
    stream: re.Pattern[str]
    cut_at: int = 0
    ends: re.Pattern[str] | None = None
    loses_at: int = 0

    def glue(self, length_before: int) -> str:
        """What stands between two pieces of one message."""
        if not self.cut_at:
            return "\n"
        return GAP if self.loses_at and length_before >= self.loses_at else ""

    def bare(self, words: str) -> str:
        return self.ends.sub("", words) if self.ends else words


_WRAPS = (
    _Wrap(re.compile(r"AH01071: Got error '"), _APACHE_STREAM, 8100),
    _Wrap(re.compile(r'FastCGI sent in stderr: "'), _NGINX_STREAM, 2000, loses_at=2040),  # of each packet what is beyond is not written
    _Wrap(re.compile(r"mod_fcgid: stderr: "), _APACHE_STREAM),
    _Wrap(re.compile(r"AH01215: stderr from [^:\n]{1,400}: "), _APACHE_STREAM),
    _Wrap(re.compile(r"AH01215: "), _APACHE_STREAM, ends=re.compile(r": /[^\s:]{1,400}$")),
    _Wrap(re.compile(r'said into stderr: "(?:NOTICE: )?'), _FPM_STREAM, ends=re.compile(r'"(?:, pipe is closed)?$')),
)


@dataclass(frozen=True, slots=True)
class RawEntry:
    """`local` is the time as written, without a zone; `zone` where the line names one."""

    text: str
    local: datetime | None
    zone: tzinfo | None = None
    client: str = ""
    port: str = ""


def split_entries(tail: bytes, *, cut: bool, until: datetime | None = None) -> list[RawEntry]:
    """The entries of a log's tail: a line that does not begin like an entry belongs to the one before it.

    `until`: when the log was written last, now where that is not told.
    """
    until = until or datetime.now(UTC)
    lines = tail.decode("utf-8", "replace").split("\n")
    if cut and len(lines) > 1:
        lines = lines[1:]  # its beginning was cut off
    entries: list[RawEntry] = []
    open_one: list[str] = []
    for line in map(_bounded, lines):
        if not line:
            continue
        begun = stamp(line, until)
        if begun is None and entries and not _UNDATED.match(line):
            if len(open_one) < _MOST_LINES:
                open_one.append(line)
            continue
        _close(entries, open_one)
        open_one = [line]
        entries.append(RawEntry(line, begun.local if begun else None, begun.zone if begun else None))
    _close(entries, open_one)
    return _joined(entries)


def _bounded(line: str) -> str:
    """Without what a log that was emptied while it was written holds at its beginning, and of bearable length."""
    line = line.strip("\x00").rstrip("\r\x00")
    if len(line) > LONGEST_LINE:
        line = f"{line[: LONGEST_LINE // 2]} … {line[-LONGEST_LINE // 2 :]}"
    return line.replace("\x00", "\ufffd") if line.strip() else ""


def _close(entries: list[RawEntry], lines: list[str]) -> None:
    if entries:
        text = "\n".join(lines)[:LONGEST_ENTRY]
        entries[-1] = replace(entries[-1], text=text)


def _joined(entries: list[RawEntry]) -> list[RawEntry]:
    """Messages in one piece again, each where its first piece stood."""
    kept: list[RawEntry] = []
    going_on: dict[str, tuple[int, int]] = {}  # stream: which entry, and how long its last piece was
    latest: dict[str, datetime | None] = {}
    for entry in entries:
        wrap, stream, words = _wrapped(entry.text)
        before = going_on.get(stream) if wrap else None
        last, latest[stream] = latest.get(stream), entry.local
        is_at_once = not last or not entry.local or entry.local - last <= _AT_ONCE
        if wrap and before and is_at_once and _continues(wrap, before[1], words, kept[before[0]].text):
            index = before[0]
            kept[index] = replace(kept[index], text=(kept[index].text + wrap.glue(before[1]) + words)[:LONGEST_ENTRY])
            going_on[stream] = (index, len(entry.text))
            continue
        if wrap:
            going_on[stream] = (len(kept), len(entry.text))
            entry = replace(entry, text=wrap.bare(entry.text))
        kept.append(entry)
    return [_with_client(entry) for entry in kept]


def _wrapped(text: str) -> tuple[_Wrap | None, str, str]:
    """Who handed it on, for which request or process, and the words themselves."""
    head = text[:700]
    for wrap in _WRAPS:
        if match := wrap.begins.search(head):
            stream = wrap.stream.search(head)
            return wrap, f"{wrap.begins.pattern} {stream.group() if stream else ''}", wrap.bare(text[match.end() :])
    return None, "", text


def _continues(wrap: _Wrap, length_before: int, words: str, before: str) -> bool:
    """Whether these words go on with what the same writer said before."""
    if wrap.cut_at:
        return length_before >= wrap.cut_at
    if _PART.match(words):
        return True
    return not _NEW_MESSAGE.match(words) and not _WHOLE.search(before)


def _with_client(entry: RawEntry) -> RawEntry:
    head = entry.text[:600]
    if client := _CLIENT.search(head):
        address, port = client[1], ""
        if address.count(":") == 1 or _WITH_PORTS.search(head):
            address, _colon, port = address.rpartition(":")
        return replace(entry, client=plain_address(address), port=port)
    if client := _LITESPEED_CLIENT.search(head):
        return replace(entry, client=plain_address(client[1]), port=client[2])
    found = _NGINX_CLIENT.search(entry.text)
    return replace(entry, client=plain_address(found[1])) if found else entry


@lru_cache(maxsize=1024)
def plain_address(written: str) -> str:
    """An address as all write it: IPv6 may be written in several ways, and an IPv4 address as one of IPv6 (RFC 4291, 2.5.5.2)."""
    try:
        address = ip_address(written)
    except ValueError:
        return written
    return str(getattr(address, "ipv4_mapped", None) or address)


def in_utc(entry: RawEntry, offset: timedelta) -> datetime | None:
    """`offset` is how far the log's own clock is ahead of UTC, where the entry names no zone."""
    if entry.local is None:
        return None
    try:
        if entry.zone is not None:
            return entry.local.replace(tzinfo=entry.zone).astimezone(UTC)
        return (entry.local - offset).replace(tzinfo=UTC)
    except OverflowError:
        return None
