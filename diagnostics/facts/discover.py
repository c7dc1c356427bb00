"""Where the site's files and logs probably are: proposals, each with why, best first."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from diagnostics.facts import error_log_places
from diagnostics.profiles import Profile, get_profile
from diagnostics.transports.base import Entry, FileKind, Reader, TransportError
from sites.texts import mark as _

# cPanel: ~/access-logs/<domain>-ssl_log; Plesk: ~/logs/<domain>/access_ssl_log; what comes over HTTPS first
_NAMED_LOGS = (
    "access-logs/{domain}-ssl_log", "access-logs/{domain}", "logs/{domain}-ssl_log", "logs/{domain}/access_ssl_log",
    "logs/{domain}/access_log", "logs/{domain}/access.log",
    "logs/{domain}-access.log", "logs/{domain}-access_log", "logs/{domain}.access.log", "logs/{domain}.log",
    "logs/access_ssl_log", "logs/access-{domain}.log",
)  # fmt: skip
_SYSTEM_LOGS = (
    "/var/log/apache2/{domain}-access.log", "/var/log/nginx/{domain}.access.log", "/var/log/nginx/{domain}-access.log",
    "/var/log/apache2/{domain}_access.log", "/var/log/apache2/other_vhosts_access.log", "/var/log/apache2/access.log",
    "/var/log/nginx/access.log", "/var/log/httpd/access_log",
)  # fmt: skip
_INDEX = ("index.php", "index.html", "index.htm", "wp-config.php", ".htaccess")


@dataclass(frozen=True, slots=True)
class Proposal:
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Discovery:
    docroots: tuple[Proposal, ...]
    error_logs: tuple[Proposal, ...]
    access_logs: tuple[Proposal, ...]


def discover(reader: Reader, profile: Profile | None = None, docroot: str = "") -> Discovery:
    """Looks at the login's home, or only for logs when `docroot` is given. Raises TransportError when the home cannot be listed."""
    profile = profile or get_profile("")
    home = reader.home().rstrip("/") or "/"
    names = {posixpath.basename(entry.path): entry for entry in reader.list(home)}
    docroots = (Proposal(docroot, _("as registered")),) if docroot else _docroots(reader, home, names, profile)
    base = posixpath.dirname(docroots[0].path.rstrip("/")) or "/" if docroots else home
    roots = tuple(dict.fromkeys([base, home]))
    first = docroots[0].path if docroots else home
    errors = _logs(reader, [posixpath.join(root, name) for root in roots for name in profile.error_logs])
    errors += _logs(reader, [posixpath.join(first, name) for name in ("error_log", "wp-content/debug.log")])
    errors += _others(reader, home, ("error",), {log.path for log in errors})
    if not errors:
        named = error_log_places.find(reader, first, "", profile.error_logs)
        errors = tuple(Proposal(path, _("a file named like an error log")) for path in named if not error_log_places.is_of_machine(path))
    return Discovery(docroots, errors, _access_logs(reader, profile, home, roots))


def access_logs_of(reader: Reader, profile: Profile, docroot: str, domain: str) -> tuple[Proposal, ...]:
    """Access logs that may be of the site of this name and docroot, those that bear its name first."""
    home = reader.home().rstrip("/") or "/"
    roots = tuple(dict.fromkeys([posixpath.dirname(docroot.rstrip("/")) or "/", home]))
    bare = domain.removeprefix("www.")
    names = [pattern.format(domain=bare) for pattern in _NAMED_LOGS] if bare else []
    named = _logs(reader, [posixpath.join(root, name) for root in roots for name in names])
    system = _logs(reader, [pattern.format(domain=bare) for pattern in _SYSTEM_LOGS])
    found = (*named, *_access_logs(reader, profile, home, roots), *system)
    return tuple({proposal.path: proposal for proposal in found}.values())


def _access_logs(reader: Reader, profile: Profile, home: str, roots: tuple[str, ...]) -> tuple[Proposal, ...]:
    access = _logs(reader, [posixpath.join(root, name) for root in roots for name in profile.access_logs])
    return access + _others(reader, home, ("access",), {log.path for log in access})


def _docroots(reader: Reader, home: str, names: dict[str, Entry], profile: Profile) -> tuple[Proposal, ...]:
    found: list[tuple[int, Proposal]] = []
    for rank, name in enumerate(profile.docroots):
        entry = names.get(name)
        if entry is None or entry.stat.kind is not FileKind.FOLDER:
            continue
        index = _index_in(reader, entry.path)
        why = _("a folder of the usual name that holds {file}").format(file=index) if index else _("a folder of the usual name")
        found.append((rank if index else 100 + rank, Proposal(entry.path, why)))
    index = next((name for name in _INDEX if name in names), "")
    if index and index != ".htaccess":
        found.append((50, Proposal(home, _("the login lands in a folder that holds {file}").format(file=index))))
    if not found:
        found.append((200, Proposal(home, _("the login lands here, and no folder of a usual name was found"))))
    return tuple(proposal for _rank, proposal in sorted(found, key=lambda pair: pair[0]))


def _index_in(reader: Reader, folder: str) -> str:
    try:
        names = {posixpath.basename(entry.path) for entry in reader.list(folder)}
    except TransportError:
        return ""
    return next((name for name in _INDEX if name in names), "")


def _logs(reader: Reader, paths: list[str]) -> tuple[Proposal, ...]:
    found = []
    for path in dict.fromkeys(paths):
        try:
            stat = reader.stat(path)
        except TransportError:
            continue
        if stat.kind in (FileKind.FILE, FileKind.LINK):
            found.append(Proposal(path, _("a file of the usual name")))
    return tuple(found)


def _others(reader: Reader, home: str, words: tuple[str, ...], known: set[str]) -> tuple[Proposal, ...]:
    """Other files in ~/logs whose name tells what they are: newest first."""
    try:
        entries = reader.list(posixpath.join(home, "logs"))
    except TransportError:
        return ()
    fitting = [
        entry
        for entry in entries
        if entry.path not in known
        and entry.stat.kind in (FileKind.FILE, FileKind.LINK)
        and any(word in posixpath.basename(entry.path).lower() for word in words)
        and not entry.path.endswith((".gz", ".bz2", ".xz", ".zst"))
    ]
    fitting.sort(key=lambda entry: -entry.stat.mtime)
    return tuple(Proposal(entry.path, _("a log in the logs folder")) for entry in fitting[:5])
