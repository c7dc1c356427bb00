"""All error logs that may tell of one failure: the site's own, those beside it, and those that PHP drops into folders of the site."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from diagnostics.evidence import LogLine, SiteSeen, TreeEntry, Unreadable, Visit
from diagnostics.facts import access_log, error_log, error_log_places
from diagnostics.facts.access_log import Request
from diagnostics.profiles import get_profile
from diagnostics.transports.base import Reader, TransportError

_OF_POOL = re.compile(r"exited on signal|pm\.max_children|AH00052|AH00161")


@dataclass(frozen=True, slots=True)
class LogsRead:
    """`lines` of the failing time, of all logs in `paths`. `requests`: our own in the access log; `visits`: those of others that failed."""

    lines: tuple[LogLine, ...] | Unreadable
    requests: tuple[Request, ...] = ()
    paths: tuple[str, ...] = ()
    visits: tuple[Visit, ...] = ()

    @property
    def explains(self) -> bool:
        """Whether a line may say by itself why a page failed."""
        return isinstance(self.lines, tuple) and any(error_log.is_telling(line.text) for line in self.lines)


def read(reader: Reader, site: SiteSeen, docroot: str, named: str, access: str, profile: str) -> LogsRead:
    """The log that is known or, where none is, those that can be found. Never raises."""
    requests, visits = _accessed(reader, site, access)
    domain = (urlsplit(site.url).hostname or "").removeprefix("www.")
    paths = [named] if named else error_log_places.find(reader, docroot, domain, get_profile(profile).error_logs)
    nothing = LogsRead(Unreadable("the error log", "it is not known where it is"), requests, visits=visits)
    found = _with(reader, site, docroot, nothing, paths, is_named=bool(named))
    if named and isinstance(found.lines, Unreadable):
        others = [path for path in error_log_places.find(reader, docroot, domain, get_profile(profile).error_logs) if path != named]
        instead = _with(reader, site, docroot, found, others)
        return instead if isinstance(instead.lines, tuple) and instead.lines else found
    return found


def joined(found: LogsRead, shown: LogsRead) -> LogsRead:
    """With what the host shows elsewhere: its lines stand beside those of the account's own logs."""
    if not isinstance(shown.lines, tuple):
        return found if isinstance(found.lines, tuple) and found.paths else replace(found, lines=shown.lines)
    known = found.lines if isinstance(found.lines, tuple) else ()
    return replace(found, lines=known + shown.lines, requests=found.requests + shown.requests)


def read_more(reader: Reader, site: SiteSeen, docroot: str, logs: LogsRead, tree: Iterable[TreeEntry]) -> LogsRead:
    """With the logs that lie in the site's folders, and while nothing explains the failure, those beside the first log."""
    begun = error_log.beginning(site)
    if begun is None:
        return logs
    since = begun.timestamp() - 60
    found = read_named(reader, site, docroot, logs, error_log_places.in_folders(tree, since))
    if not found.explains and logs.paths:
        found = read_named(reader, site, docroot, found, error_log_places.beside(reader, logs.paths[0], since))
    return found


def read_named(reader: Reader, site: SiteSeen, docroot: str, logs: LogsRead, paths: Iterable[str]) -> LogsRead:
    """With these logs, where they are there. Never raises."""
    return _with(reader, site, docroot, logs, paths)


def _accessed(reader: Reader, site: SiteSeen, access: str) -> tuple[tuple[Request, ...], tuple[Visit, ...]]:
    if not access or not any(page.token for page in site.pages):
        return (), ()
    try:
        tail = access_log.read(reader, access)
    except TransportError:
        return (), ()
    return access_log.parse(tail, site.pages), access_log.visits(tail, site.pages)


def _with(reader: Reader, site: SiteSeen, docroot: str, before: LogsRead, paths: Iterable[str], *, is_named: bool = False) -> LogsRead:
    found = before
    for path in paths:
        if path in found.paths:
            continue
        try:
            lines = _lines(reader, site, path, before.requests)
            if not is_named and error_log_places.is_of_machine(path):
                lines = tuple(line for line in lines if line.paired or docroot in line.text or _OF_POOL.search(line.text))
        except TransportError as error:
            if isinstance(found.lines, Unreadable) and not found.paths:
                found = replace(found, lines=Unreadable("the error log", error.message))
            continue
        known = found.lines if isinstance(found.lines, tuple) else ()
        found = replace(found, lines=known + lines, paths=(*found.paths, path))
    return found


def _lines(reader: Reader, site: SiteSeen, path: str, requests: tuple[Request, ...]) -> tuple[LogLine, ...]:
    offset: timedelta | None = requests[-1].offset if requests else None
    return tuple(line for raw in error_log.read(reader, path, site) for line in error_log.parse(raw, site, requests, offset))
