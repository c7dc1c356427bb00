"""The links that findings speak of and that lead to nothing, and where what they led to may lie now."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from diagnostics.baselines import storing
from diagnostics.checks.docroot_gone import LINK
from diagnostics.evidence import Evidence, LostLink, TreeEntry
from diagnostics.facts.changes import failing_since
from diagnostics.facts.links import SEES_ALL
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.lost_links import Search, Wanted
from diagnostics.facts.other_names import START_PAGES
from diagnostics.facts.paths import shown as shown_as
from diagnostics.facts.small_files import SmallFiles
from diagnostics.findings import Finding, Severity
from diagnostics.manifests.format import FILE, ManifestUnreadable
from diagnostics.models import Baseline
from diagnostics.php import said_of_files
from diagnostics.transports.base import ConnectionLost, ConnectionTimedOut, FileKind, PermissionRefused, Reader, TransportError
from sites.models import Site

from . import wanted

REPAIR = "lead-link-again"
_MOST_LINKS, _MOST_ASKED, _MOST_UP, _MOST_KNOWN = 3, 6, 4, 400
_LINES = 60  # of the log
_UNKNOWN = (ConnectionLost, ConnectionTimedOut, PermissionRefused)
_FOLDERS = {"themes": ("style.css",)}  # what lies in each folder of a folder of this name
_WITH_ENDING = frozenset({".php", ".inc", ".html", ".htm", ".json", ".ini", ".yml", ".yaml", ".xml", ".cgi", ".pl", ".py", ".css", ".js"})


def with_places(site: Site, reader: Reader, evidence: Evidence, findings: Sequence[Finding], neighbours: Iterable[str]) -> Evidence:
    """The evidence with its lost links. What cannot be looked at now is left out."""
    telling = [each for each in findings if each.severity is not Severity.NOTE and REPAIR in each.repairs]
    if not telling or not evidence.docroot:
        return evidence
    try:
        return replace(evidence, lost_links=tuple(_found(site, reader, evidence, telling, [*neighbours, *evidence.sites_below])))
    except TransportError:
        return evidence


def _found(site: Site, reader: Reader, evidence: Evidence, findings: list[Finding], others: list[str]) -> Iterator[LostLink]:
    search: Search | None = None
    for entry in _links(reader, evidence, findings):
        held = _held(reader, entry.absolute)
        if held is None or not _leads_nowhere(reader, entry.absolute, held):
            continue
        search = search or Search(SmallFiles(reader), evidence.docroot, others)
        link = _wanted(site, evidence, findings, entry, held)
        is_of_site = f"{evidence.docroot.rstrip('/')}/".startswith(f"{entry.absolute}/")
        yield LostLink(entry.path, entry.absolute, held, search.places(link), is_of_site)


# --- which ------------------------------------------------------------------------------------------
def _links(reader: Reader, evidence: Evidence, findings: list[Finding]) -> list[TreeEntry]:
    """Links on the way of what the findings name, the site's own folder first."""
    if evidence.is_broken_link:
        return list(_way_to_docroot(reader, evidence.docroot))
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    links = {entry.path: entry for entry in (*tree, *evidence.beside, *evidence.program) if entry.kind == "link"}
    named = [path for finding in findings for path in _named(finding, evidence)] if links else []
    on_the_way = (links[up] for path in named for up in _upwards(path) if up in links)
    return list({entry.path: entry for entry in on_the_way}.values())[:_MOST_LINKS]


def _way_to_docroot(reader: Reader, docroot: str) -> Iterator[TreeEntry]:
    path = docroot.rstrip("/")
    for _step in range(_MOST_UP):
        try:
            stat = reader.stat(path)
        except _UNKNOWN:
            return
        except TransportError:
            path = posixpath.dirname(path)
            continue
        if stat.kind is FileKind.LINK:
            yield TreeEntry(shown_as(path, docroot), path, "link", stat.mode, stat.size, stat.mtime, stat.uid, stat.gid)
        return


def _named(finding: Finding, evidence: Evidence) -> list[str]:
    """Paths as people see them, those that the finding itself stands at first."""
    said = wanted.said(finding)
    own = [finding.datum(LINK), finding.path, finding.datum("component"), finding.datum("missing"), finding.datum("lost-folder")]
    top = posixpath.basename(evidence.docroot.rstrip("/"))
    below = [posixpath.join(top, path) for path in wanted.named(finding, evidence)]
    return [path for path in dict.fromkeys([*own, *below, *_paths_in(said, evidence)]) if path]


def _paths_in(text: str, evidence: Evidence) -> list[str]:
    return [shown_path(posixpath.normpath(path), evidence) for path in said_of_files.paths_in(text)]


def _upwards(path: str) -> Iterator[str]:
    while path not in ("", "/", ".", ".."):
        yield path
        path = posixpath.dirname(path)


def _held(reader: Reader, path: str) -> str | None:
    try:
        return reader.link_target(path)
    except _UNKNOWN:
        raise
    except TransportError:
        return None


def _leads_nowhere(reader: Reader, path: str, held: str) -> bool:
    """Whether nothing is there. A login that is shut in does not see what lies outside of it."""
    try:
        reader.real_path(path)
    except _UNKNOWN:
        return False
    except TransportError:
        steps = posixpath.normpath(posixpath.join(posixpath.dirname(path).lstrip("/"), held))
        return reader.protocol in SEES_ALL or held.startswith("/") or not steps.startswith("../")
    return False


# --- what is looked for -----------------------------------------------------------------------------
def _wanted(site: Site, evidence: Evidence, findings: list[Finding], entry: TreeEntry, held: str) -> Wanted:
    docroot = evidence.docroot.rstrip("/")
    if f"{docroot}/".startswith(f"{entry.absolute}/") or any(finding.datum(LINK) == entry.path for finding in findings):
        inside = docroot[len(entry.absolute) + 1 :]
        known = _known(site, evidence, "", inside) if docroot != posixpath.dirname(entry.absolute) else {}
        return Wanted(entry.absolute, held, entry.uid, (), tuple(posixpath.join(inside, name) for name in START_PAGES), known)
    asked = dict.fromkeys(
        path[len(entry.path) + 1 :]
        for path in (*(each for finding in findings for each in _named(finding, evidence)), *_logged(evidence))
        if path.startswith(f"{entry.path}/")
    )
    below = f"{entry.absolute}/"[len(docroot) + 1 :] if entry.absolute.startswith(f"{docroot}/") else ""
    known = _known(site, evidence, below) if below else {}
    name = posixpath.basename(entry.path)
    is_folder = bool(asked or known) or (posixpath.splitext(name)[1].lower() not in _WITH_ENDING and not name.startswith("."))
    kind = _FOLDERS.get(posixpath.basename(posixpath.dirname(entry.path)), ())
    return Wanted(entry.absolute, held, entry.uid, tuple(dict.fromkeys([*kind, *list(asked)[:_MOST_ASKED]])), (), known, is_folder)


def _logged(evidence: Evidence) -> list[str]:
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    return [path for line in lines[-_LINES:] for path in _paths_in(line.text, evidence)]


def _known(site: Site, evidence: Evidence, below: str, inside: str = "") -> dict[str, int]:
    """Files below a folder of the docroot, with their sizes, while the site was well; `inside` the target the docroot was this folder."""
    since = failing_since(evidence)
    if since is None:
        return {}
    baseline = Baseline.objects.filter(site=site, taken_at__lt=since).order_by("-pk").first()
    if baseline is None or baseline.host_id != site.host_id:
        return {}
    found: dict[str, int] = {}
    try:
        for record in storing.records(baseline):
            path = record.path.decode("utf-8", "surrogateescape")
            if record.kind == FILE and path.startswith(below) and not path.startswith("../") and len(found) < _MOST_KNOWN:
                found[posixpath.join(inside, path[len(below) :])] = record.size
    except ManifestUnreadable:
        return {}
    return found
