"""Whether a site's folder and logs can be used, and which ones a host seems to hold. Reads only; nothing is written to find out."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from diagnostics.facts.discover import access_logs_of, discover
from diagnostics.profiles import get_profile
from diagnostics.transports.base import FileKind, Reader, Stat, TransportError


@dataclass(frozen=True, slots=True)
class Found:
    """What a host seems to hold. Empty: not found. `problem`: why nothing could be looked for."""

    docroot: str = ""
    error_log: str = ""
    access_log: str = ""
    docroots: tuple[str, ...] = ()
    problem: str = ""

    def as_json(self) -> dict[str, str]:
        return {"docroot": self.docroot, "error_log": self.error_log, "access_log": self.access_log}


@dataclass(frozen=True, slots=True)
class PlaceProblem:
    """Why a folder or log that was named cannot be used."""

    field: str
    code: str
    message: str


def look_around(reader: Reader, profile: str = "", *, docroot: str = "") -> Found:
    """Proposes docroot and logs; a docroot that is given stays. A log is proposed only if it can be read."""
    try:
        found = discover(reader, get_profile(profile), docroot)
    except TransportError as error:
        return Found(docroot, problem=f"{error.message} {error.hint}".strip())
    folders = tuple(proposal.path for proposal in found.docroots)
    logs = [next((log.path for log in logs if _readable(reader, log.path)), "") for logs in (found.error_logs, found.access_logs)]
    return Found(folders[0] if folders else "", logs[0], logs[1], folders)


def access_logs(reader: Reader, profile: str, *, docroot: str, domain: str) -> list[str]:
    """The access logs that may be of this site and can be read, best first."""
    try:
        found = access_logs_of(reader, get_profile(profile), docroot, domain)
    except TransportError:
        return []
    return [log.path for log in found if _readable(reader, log.path)][:8]


def _readable(reader: Reader, path: str) -> bool:
    try:
        reader.read_tail(path, 1)
    except TransportError:
        return False
    return True


def check_places(reader: Reader, *, docroot: str, error_log: str = "", access_log: str = "") -> PlaceProblem | None:
    """Whether folder and logs are there and readable; the first that is not."""
    stat = _stat(reader, docroot)
    if stat is None or stat.kind not in (FileKind.FOLDER, FileKind.LINK):
        return PlaceProblem("docroot", "docroot-missing", _("There is no folder %(path)s on this host.") % {"path": docroot})
    try:
        reader.list(docroot)
    except TransportError as error:
        message = _("The folder %(path)s cannot be read: %(why)s") % {"path": docroot, "why": error.message}
        return PlaceProblem("docroot", "docroot-unreadable", message)
    for field, path in (("error_log", error_log), ("access_log", access_log)):
        if path and not _readable(reader, path):
            return PlaceProblem(field, "log-unreadable", _("There is no log %(path)s that this login can read.") % {"path": path})
    return None


def why_read_only(reader: Reader, docroot: str) -> str:
    """A warning when modes and owners say that this login cannot write."""
    folder, home = _stat(reader, docroot), _stat(reader, reader.home())
    if folder is None:
        return ""
    if not folder.mode & 0o222:
        return _("Probably read-only: nobody may write in %(path)s. Causes can be found, repairs will be refused.") % {"path": docroot}
    foreign = home is not None and home.uid not in (None, 0) and folder.uid is not None and folder.uid != home.uid
    if foreign and not folder.mode & 0o022:
        return _("Probably read-only: %(path)s belongs to another user. Causes can be found, repairs will be refused.") % {"path": docroot}
    return ""


def _stat(reader: Reader, path: str) -> Stat | None:
    try:
        return reader.stat(path)
    except TransportError:
        return None
