"""Programs that keep each error in a file of its own, and show visitors its number only: the report is found by that number, by its
name or by its folder (Tracy's `exception--*.html`, folders of the name "reports", "incidents")."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from diagnostics.evidence import Evidence, LogLine, TreeEntry, moment_of
from diagnostics.facts import error_log
from diagnostics.php import application_messages
from diagnostics.transports.base import Reader, TransportError

MOST, LIMIT = 4, 64 * 1024
_SMALL = 512 * 1024
_WELL = frozenset({"ok", "maintenance", "blocked", ""})
_TAGS = re.compile(rb"<[^<>]{0,2000}>")
_NUMBER = re.compile(rb"(?<![\w/.-])(?=[\w.-]{0,60}\d)[A-Za-z0-9][\w.-]{5,60}(?![\w/])")
_NO_NUMBER = re.compile(rb"\d{1,3}(?:\.\d{1,3}){1,3}|20\d\d-\d\d-\d\d|PHP/.*|[\d.]+")
_NO_REPORT = re.compile(r"\.(?:php\d?|inc|phtml|js|css|jpe?g|png|gif|webp|svg|ico|woff2?|zip|gz|sql|lock)\Z", re.IGNORECASE)
_FOLDER = re.compile(r"(?:^|/)[\w.-]*(?:report|incident|exception|crash|bluescreen|failure|errors?|fault)[\w.-]*/[^/]+\Z", re.IGNORECASE)
_NAME = re.compile(r"(?:^|/)(?:exception|error|crash|incident|report)[-_]{1,2}[^/]*\d[^/]*\Z", re.IGNORECASE)


def read(reader: Reader, evidence: Evidence) -> tuple[LogLine, ...]:
    """The reports of the failing time, oldest first: one whose number a failing page shows is of our own request. Never raises."""
    since = error_log.beginning(evidence.site)
    if since is None or not isinstance(evidence.tree, tuple):
        return ()
    fresh = [each for each in evidence.tree if each.kind == "file" and 0 < each.size <= _SMALL and each.mtime >= since.timestamp() - 2]
    fresh = [each for each in fresh if not _NO_REPORT.search(each.path)]
    numbers = list(_numbers(evidence))
    ours = {each.path for each in fresh if any(number in posixpath.basename(each.path) for number in numbers)}
    others = [each for each in fresh if each.path not in ours and (_FOLDER.search(each.path) or _NAME.search(each.path))]
    chosen = [each for each in fresh if each.path in ours] or others
    newest = sorted(chosen, key=lambda each: -each.mtime)[:MOST]
    return tuple(line for each in reversed(newest) if (line := _line(reader, each, each.path in ours)) is not None)


def _numbers(evidence: Evidence) -> Iterator[str]:
    """What a failing page shows that may be the number of a report."""
    for page in evidence.site.pages:
        if page.kind in _WELL or len(page.body) > 20_000:
            continue
        for match in _NUMBER.finditer(_TAGS.sub(b" ", page.body)):
            number = match[0].strip(b".-_")
            if len(number) >= 6 and not _NO_NUMBER.fullmatch(number):
                yield number.decode("ascii", "replace")


def _line(reader: Reader, entry: TreeEntry, is_ours: bool) -> LogLine | None:
    try:
        text = reader.read_part(entry.absolute, 0, LIMIT).decode("utf-8", "replace")
    except TransportError:
        return None
    if entry.path.endswith((".html", ".htm")):
        text = _TAGS.sub(b" ", text.encode()).decode("utf-8", "replace")
    return (
        LogLine("application-log", entry.absolute, moment_of(entry.mtime), text[:16_000], is_ours)
        if application_messages.read(text)
        else None
    )
