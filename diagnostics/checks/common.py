"""What several checks share: whether the site fails, and which log lines belong to that failure."""

from __future__ import annotations

from datetime import datetime, timedelta

from diagnostics.causes import CAUSES
from diagnostics.checks.refusals import with_refusals
from diagnostics.evidence import Evidence, LogLine, PageSeen, SiteSeen, TextFile, TreeEntry, Unreadable
from diagnostics.facts.error_log import BEFORE
from diagnostics.findings import Proof
from diagnostics.htaccess.server import ServerKnowledge
from diagnostics.profiles import get_profile
from sites.probing.outcome import Kind

AROUND = timedelta(seconds=120)
_BEFORE_ANSWER, _UNTIL_ANSWERED = timedelta(seconds=2), timedelta(seconds=12)
_WELL = {Kind.OK.value, Kind.MAINTENANCE.value, Kind.BLOCKED.value, ""}


def is_failing(site: SiteSeen) -> bool:
    """Whether something is wrong from outside. A site whose verdict is up is well, whatever its files look like."""
    if site.verdict == "up":
        return False
    return site.verdict in ("down", "suspect") or bool(failing_pages(site))


def failing_pages(site: SiteSeen) -> tuple[PageSeen, ...]:
    return tuple(page for page in site.pages if page.kind not in _WELL)


def answers_500(site: SiteSeen) -> bool:
    """Whether a page fails in the way that a refused configuration or program makes it fail."""
    pages = failing_pages(site)
    if not pages:
        return is_failing(site) and site.kind == Kind.SERVER_ERROR.value
    return any(page.status == 500 or (page.status is None and page.kind == Kind.SERVER_ERROR.value) for page in pages)


def answers(site: SiteSeen, status: int) -> bool:
    return any(page.status == status for page in failing_pages(site))


def fails_everywhere(site: SiteSeen) -> bool:
    return bool(site.pages) and len(failing_pages(site)) == len(site.pages)


def lines_of_failure(evidence: Evidence) -> list[LogLine]:
    """The log lines that belong to the failure: those paired with our own requests, those of the same seconds, then the newest first."""
    if not isinstance(evidence.error_log, tuple) or not is_failing(evidence.site):
        return []
    fitting = [line for line in reversed(evidence.error_log) if line.paired or _in_failing_time(line, evidence.site)]
    return sorted(fitting, key=lambda line: (not line.paired, not is_near(line, evidence.site), -(line.at.timestamp() if line.at else 0.0)))


def is_near(line: LogLine, site: SiteSeen) -> bool:
    """Whether it was written while one of our own requests was answered, or just after."""
    times = [page.at for page in failing_pages(site) if page.at is not None]
    return line.at is not None and any(-_BEFORE_ANSWER <= line.at - at <= _UNTIL_ANSWERED for at in times)


def _in_failing_time(line: LogLine, site: SiteSeen) -> bool:
    if line.at is None:
        return False
    if site.failing_since is not None:
        return line.at >= site.failing_since - BEFORE
    times: list[datetime] = [page.at for page in failing_pages(site) if page.at is not None]
    return any(abs(line.at - at) <= AROUND for at in times)


def proof_of(line: LogLine) -> Proof:
    at = line.at.strftime("%Y-%m-%dT%H:%M:%SZ") if line.at else ""
    return Proof(line.source, line.text[:2000], at, line.paired)


def repairs_for(cause: str, *without: str) -> tuple[str, ...]:
    return tuple(repair for repair in CAUSES[cause].repairs if repair not in without)


def htaccess_files(evidence: Evidence) -> tuple[TextFile, ...]:
    return evidence.htaccess if isinstance(evidence.htaccess, tuple) else ()


def server_of(evidence: Evidence) -> ServerKnowledge:
    """The profile's server, and what its log tells of it."""
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    return with_refusals(get_profile(evidence.profile).server, lines, htaccess_files(evidence))


def shut_folders(evidence: Evidence, path: str) -> list[TreeEntry]:
    """The folders on the way to this path, it included, that others than the owner may not enter, outermost first."""
    if isinstance(evidence.modes, Unreadable) or not isinstance(evidence.tree, tuple):
        return []
    parts = path.split("/")
    names = {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
    shut = [entry for entry in evidence.tree if entry.kind == "folder" and not entry.mode & 0o001 and entry.path in names]
    return sorted(shut, key=lambda entry: entry.path.count("/"))


def usual_owner(evidence: Evidence) -> int | None:
    """Whose account it is: the owner of most of what lies there."""
    return _most_of([entry.uid for entry in (evidence.tree if isinstance(evidence.tree, tuple) else ())[:500] if entry.uid is not None])


def usual_group(evidence: Evidence) -> int | None:
    return _most_of([entry.gid for entry in (evidence.tree if isinstance(evidence.tree, tuple) else ())[:500] if entry.gid is not None])


def _most_of(numbers: list[int]) -> int | None:
    return max(set(numbers), key=numbers.count) if numbers else None
