"""What several checks share: whether the site fails, and which log lines belong to that failure."""

from __future__ import annotations

from datetime import datetime, timedelta

from diagnostics.causes import CAUSES
from diagnostics.evidence import Evidence, LogLine, PageSeen, SiteSeen, TextFile
from diagnostics.facts.error_log import BEFORE
from diagnostics.findings import Proof
from diagnostics.htaccess.server import ServerKnowledge
from diagnostics.profiles import get_profile
from sites.probing.outcome import Kind

AROUND = timedelta(seconds=120)
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
    """The log lines that belong to the failure, those paired with our own requests first, then the newest first."""
    if not isinstance(evidence.error_log, tuple) or not is_failing(evidence.site):
        return []
    fitting = [line for line in reversed(evidence.error_log) if line.paired or _in_failing_time(line, evidence.site)]
    return sorted(fitting, key=lambda line: (not line.paired, -(line.at.timestamp() if line.at else 0.0)))


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


def docroot_name(evidence: Evidence) -> str:
    return evidence.docroot.rstrip("/").rsplit("/", 1)[-1]


def touches_failure(file: TextFile, evidence: Evidence) -> bool | None:
    """Whether this `.htaccess` is read for a failing page: yes, or None where only an internal rewrite could lead there."""
    folder = file.path.rpartition("/")[0]
    name = docroot_name(evidence)
    if folder in ("", ".", "..", name) or not folder.startswith(name + "/"):
        return True
    prefix = folder[len(name) :] + "/"
    pages = failing_pages(evidence.site)
    if any((page.path.split("?")[0].rstrip("/") + "/").startswith(prefix) for page in pages):
        return True
    return None


def server_of(evidence: Evidence) -> ServerKnowledge:
    return get_profile(evidence.profile).server
