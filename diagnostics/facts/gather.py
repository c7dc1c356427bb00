"""Reads everything one diagnosis needs, through one Reader, within bounded time. Trouble of the host becomes evidence, never an error."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from diagnostics.evidence import Evidence, SiteSeen, SpaceLeft, Unreadable
from diagnostics.facts import (
    cgi_modules,
    cgi_scripts,
    cgi_uses,
    htaccess_files,
    links,
    maintenance,
    password_files,
    php_site,
    program_files,
    program_login,
    program_tree,
    renamed_beside,
    room,
    server_logs,
    shut_files,
    space,
    tree,
)
from diagnostics.facts.applications import with_applications
from diagnostics.facts.database import Asker, with_database
from diagnostics.facts.paths import above
from diagnostics.facts.server_logs import LogsRead
from diagnostics.facts.small_files import SmallFiles
from diagnostics.manifests.places import Scope
from diagnostics.transports.base import (
    Capability,
    ConnectionLost,
    ConnectionTimedOut,
    FileKind,
    PermissionRefused,
    Reader,
    TransportError,
)

TIME_LIMIT_S = 18.0
# Listing a large tree over FTP on a long line takes minutes: what it leaves of the time belongs to what tells more.
TREE_S, TREE_S_EXPLAINED = 9.0, 5.0
LISTINGS_COUNT_S = 5.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SitePaths:
    """Where the site lies on its host, absolute; empty where it is not known."""

    docroot: str
    error_log: str = ""
    access_log: str = ""
    neighbours: tuple[str, ...] = ()  # docroots of other sites on the same account
    beside: Scope = ()  # where the program lay beside the docroot while the site was well


def gather(
    reader: Reader,
    site_seen: SiteSeen,
    paths: SitePaths,
    profile: str,
    now: datetime,
    time_limit_s: float = TIME_LIMIT_S,
    ask_database: Asker | None = None,
    shown: LogsRead | None = None,
) -> Evidence:
    """All facts, most telling first: when the time is up, what is left is told as not read.

    `ask_database` asks a database from here, where that is allowed and the host runs no commands. `shown`: what the host's log
    server told already.
    """
    evidence = Evidence(site_seen, profile, reader.protocol, docroot=paths.docroot, read_at=now)
    for found in stages(reader, evidence, paths, time.monotonic() + time_limit_s, ask_database, shown):
        evidence = found
    return evidence


def stages(
    reader: Reader,
    evidence: Evidence,
    paths: SitePaths,
    deadline: float,
    ask_database: Asker | None = None,
    shown: LogsRead | None = None,
) -> Iterator[Evidence]:
    """The evidence as it grows, cheap and telling facts first. `deadline` in monotonic seconds."""
    site_seen = evidence.site
    if (remember := getattr(reader, "remember", None)) is not None:
        remember(LISTINGS_COUNT_S)
    logs = server_logs.read(reader, site_seen, paths.docroot, paths.error_log, paths.access_log, evidence.profile)
    logs = server_logs.joined(logs, shown) if shown is not None else logs
    evidence = replace(evidence, error_log=logs.lines, visits=logs.visits)
    files = SmallFiles(reader)
    chain = _quietly(lambda: htaccess_files.read_chain(files, paths.docroot), ())
    evidence = _with_folders_above(files, replace(evidence, htaccess=chain), paths)
    yield evidence
    until = min(deadline, time.monotonic() + (TREE_S_EXPLAINED if logs.explains else TREE_S))
    evidence = _with_modes(reader, _with_tree(reader, evidence, paths, until))
    if isinstance(evidence.tree, Unreadable) and not chain:  # whether there are any is not known: no file seen is no file absent
        evidence = replace(evidence, htaccess=Unreadable("the .htaccess files", evidence.tree.why))
    yield evidence
    if not isinstance(evidence.tree, Unreadable) and time.monotonic() < deadline:
        logs = server_logs.read_more(reader, site_seen, paths.docroot, logs, evidence.tree)
        evidence = replace(evidence, error_log=logs.lines)
        inside = htaccess_files.read_inside(files, evidence.tree, site_seen.pages, chain, paths.docroot)
        evidence = replace(evidence, htaccess=inside)
        lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
        scripts = cgi_scripts.wanted(evidence.tree, evidence.site, lines)
        evidence = replace(evidence, cgi_scripts=_quietly(lambda: cgi_scripts.read(reader, scripts), ()))
        if any(page.status != 200 for page in site_seen.pages):
            evidence = replace(evidence, links=links.read(reader, evidence))
        yield evidence
    evidence, applications = with_applications(files, evidence, deadline)
    evidence = replace(evidence, held=maintenance.read(files, evidence) or shut_files.read(files, evidence, deadline))
    yield evidence
    if applications and time.monotonic() < deadline:
        evidence = with_database(reader, evidence, applications.logins, ask_database)
    evidence = php_site.read(files, evidence, logs, deadline)
    if time.monotonic() < deadline:
        evidence = program_login.read(files, evidence, applications.logins if applications else {}, ask_database, deadline)
    evidence = replace(evidence, differing=program_files.read(files, evidence, paths.neighbours, deadline))
    if isinstance(evidence.htaccess, tuple):
        htaccess = evidence.htaccess
        evidence = replace(evidence, passwords=_quietly(lambda: password_files.read(reader, htaccess, paths.docroot), ()))
    evidence = replace(evidence, space=_quietly(lambda: _space(reader, evidence), None))
    evidence = replace(evidence, room=_quietly(lambda: room.read(reader, evidence, paths.neighbours, deadline), ()))
    evidence = replace(evidence, modules=_quietly(lambda: cgi_modules.read(reader, evidence.cgi_scripts), ()))
    evidence = replace(evidence, cgi_data=cgi_uses.read_data(reader, evidence))
    if paths.beside and time.monotonic() < deadline:
        evidence = program_tree.read(reader, evidence, paths.beside, deadline)
    yield replace(evidence, existing=evidence.existing + _quietly(lambda: cgi_scripts.look_up(reader, _named_paths(evidence)), ()))


def _space(reader: Reader, evidence: Evidence) -> SpaceLeft | None:
    """Only where something fails in a way that a full disk makes it fail."""
    failing = any(page.status is None or page.status >= 500 or page.hides_an_error for page in evidence.site.pages)
    return space.parse(space.read(reader, evidence.docroot)) if failing else None


def _quietly(read: Callable[[], T], otherwise: T) -> T:
    try:
        return read()
    except TransportError:
        return otherwise


def _with_folders_above(files: SmallFiles, evidence: Evidence, paths: SitePaths) -> Evidence:
    """The modes of the account's folders on the way to the docroot. What lies above them is the host's."""
    found = _quietly(lambda: tree.above(files, htaccess_files.chain(paths.docroot, files.reader.home())[:-1], paths.docroot), ())
    direct = next((entry.mode for entry in found if entry.absolute == above(paths.docroot)), None)
    return replace(evidence, root_mode=direct, folders_above=found)


def _with_tree(reader: Reader, evidence: Evidence, paths: SitePaths, deadline: float) -> Evidence:
    try:
        entries = tree.read(reader, paths.docroot, deadline=deadline)
    except TransportError as error:
        return _without_tree(reader, evidence, paths, error.message)
    if not entries or entries[0].stat.kind is FileKind.LINK:
        return _without_tree(reader, evidence, paths, "the folder of the site cannot be listed")
    kept, cut = tree.parse(entries, paths.docroot)
    return replace(evidence, tree=kept, tree_truncated=cut or time.monotonic() > deadline)


def _without_tree(reader: Reader, evidence: Evidence, paths: SitePaths, why: str) -> Evidence:
    """Nothing of the site was listed: whether its folder is there at all is looked up, and what lies in its place."""
    evidence = replace(evidence, tree=Unreadable("the files", why))
    is_link = False
    try:
        is_link = _is_behind_a_link(reader, paths.docroot)
        reader.real_path(paths.docroot)
    except TransportError as error:
        if (is_link or error.code == "not-found") and paths.docroot.strip("/"):
            found = _quietly(lambda: reader.list(above(paths.docroot)), [])
            names = tuple(posixpath.basename(entry.path) for entry in found if entry.stat.kind is FileKind.FOLDER)
            alike = () if is_link else tuple(renamed_beside.docroots(reader, found, paths.docroot))
            return replace(evidence, beside_missing_docroot=names, is_broken_link=is_link, beside=alike)
    return evidence


def _is_behind_a_link(reader: Reader, docroot: str) -> bool:
    """Whether the docroot, or the first folder above it that is there, is a link to nothing: `current`, of a site in `current/public`."""
    path = docroot
    while path.strip("/"):
        if (stat := _quietly(lambda at=path: reader.stat(at), None)) is None:
            path = above(path)
            continue
        return stat.kind is FileKind.LINK and not _leads_somewhere(reader, path)
    return False


def _leads_somewhere(reader: Reader, path: str) -> bool:
    try:
        return bool(reader.real_path(path))
    except (ConnectionLost, ConnectionTimedOut, PermissionRefused):
        return True  # it is not known that it does not
    except TransportError:  # nothing is there, or links that lead round
        return False


def _with_modes(reader: Reader, evidence: Evidence) -> Evidence:
    """A host that shows no permissions is not judged by those that most files have."""
    if Capability.LIST_MODES in reader.capabilities:
        return evidence
    return replace(evidence, root_mode=None, folders_above=(), modes=Unreadable("the permissions", "this connection does not show them"))


def _named_paths(evidence: Evidence) -> list[str]:
    own = [path for script in evidence.cgi_scripts for path in cgi_scripts.programs(script.content) if path.startswith("/")]
    return own + [each.path for script in evidence.cgi_scripts for each in cgi_uses.started(script.content)][:8]
