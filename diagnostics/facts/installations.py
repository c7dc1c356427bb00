"""The sites that lie on a hosting account: looked for folder by folder from where the login lands, within bounds. Reads only."""

from __future__ import annotations

import heapq
import posixpath
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from diagnostics.facts import addresses
from diagnostics.facts.addresses import Candidate, words
from diagnostics.facts.software import PAGES, PHP, SOFTWARE, Software, version_in
from diagnostics.profiles import Profile
from diagnostics.transports.base import Entry, FileKind, NotFound, PermissionRefused, Reader, TransportError, Unsupported
from sites.texts import mark as _

MOST_READ = 256 * 1024  # bytes of one file
MOST_FOUND = 200
MOST_ADDRESSES = 6
DEEP_IN_SITE = 2  # folders below a docroot in which another site may lie
_INDEX = ("index.php", "index.html", "index.htm")
_ELSEWHERE = ("/var/www",)  # where machines without a panel keep sites; hosts with one do not let us see it
_PASSED_OVER = words(
    "node_modules vendor .git .svn .hg .ssh .cache .npm .composer .local .config .gnupg .trash .cpanel .softaculous softaculous_backups "
    "cache tmp temp logs log access-logs mail maildir etc ssl stats statistics webstat awstats backup backups cgi-bin .well-known "
    "__pycache__ venv .venv lost+found sessions"
)
_OF_THE_SYSTEM = words("bin boot dev etc lib lib32 lib64 libx32 media mnt opt proc root run sbin snap sys tmp usr")
_UNLISTABLE = (NotFound, PermissionRefused, Unsupported)
_DOMAIN_PLACES = ("access-logs", "logs", "etc", "mail")  # cPanel and DirectAdmin name what lies there after the account's domains


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a look goes: folders deep below the home, folders and names in all, seconds."""

    depth: int = 6
    folders: int = 3000
    names: int = 100_000
    seconds: float = 90.0


@dataclass(frozen=True, slots=True)
class Installation:
    """One site that lies there. `software` is a name of `facts.software`; `candidates` are the addresses it may have, best first."""

    docroot: str
    software: str
    version: str = ""
    candidates: tuple[Candidate, ...] = ()


@dataclass(slots=True)
class Search:
    """One look. `run` gives None after each folder, so that whoever looks can tell how far it is, or stop."""

    reader: Reader
    profile: Profile
    bounds: Bounds = Bounds()
    folder: str = ""  # where it looks just now
    folders: int = 0
    names: int = 0
    unreadable: int = 0
    cut_short: str = ""  # "", "time", "folders" or "found"
    ended: bool = False
    domains: list[str] = field(default_factory=list)  # that names of logs and mail folders bear
    _home: str = ""
    _waiting: list[tuple[int, int, int, str, int]] = field(default_factory=list)
    _links: list[str] = field(default_factory=list)
    _shown: dict[str, str] = field(default_factory=dict)  # where a link leads to: the link
    _seen: set[str] = field(default_factory=set)
    _found: dict[str, Installation] = field(default_factory=dict)

    def run(self) -> Iterator[Installation | None]:
        """Everything that is found, as it is found. Raises TransportError when the line breaks or the home cannot be listed."""
        ends = time.monotonic() + self.bounds.seconds
        self._home = self.reader.home().rstrip("/") or "/"
        self.reader.list(self._home)  # one that cannot be listed is said, not passed over
        for root in (self._home, *(each for each in _ELSEWHERE if not self._home.startswith(each))):
            self._add(root, 0, 0)
        self._read_domains()
        while self._waiting or self._follow_links():
            _rank, depth, _order, folder, in_site = heapq.heappop(self._waiting)
            self.cut_short = self._over(ends)
            if self.cut_short:
                break
            found = self._look_at(folder, depth, in_site)
            if found:
                yield found
            yield None
        self.ended = True

    def _over(self, ends: float) -> str:
        if time.monotonic() > ends:
            return "time"
        if len(self._found) >= MOST_FOUND:
            return "found"
        return "folders" if self.folders >= self.bounds.folders or self.names >= self.bounds.names else ""

    def _add(self, folder: str, depth: int, in_site: int) -> None:
        """To be looked at: what bears the name of a docroot or a domain before the rest, what lies high before what lies deep."""
        if folder in self._seen or len(folder) > 900 or not _storable(folder):
            return
        self._seen.add(folder)
        name = posixpath.basename(folder)
        likely = folder == self._home or name in self.profile.docroots or addresses.domain_of(name)
        heapq.heappush(self._waiting, (0 if likely else 1, depth, len(self._seen), folder, in_site))

    def _look_at(self, folder: str, depth: int, in_site: int) -> Installation | None:
        self.folder = folder
        try:
            entries = self.reader.list(folder)
        except _UNLISTABLE:
            self.unreadable += folder not in _ELSEWHERE
            return None
        self.folders, self.names = self.folders + 1, self.names + len(entries)
        names = {posixpath.basename(entry.path): entry for entry in entries}
        software = next((each for each in SOFTWARE if each.fits(names) and self._proven(each, folder)), None)
        if software:
            found, own = self._installed(software, folder, names)
        else:
            found, own = self._plain(folder, names), frozenset[str]()
        self._go_on(names, depth, in_site + 1 if found or in_site else 0, own)
        return found

    def _go_on(self, names: dict[str, Entry], depth: int, in_site: int, own: frozenset[str]) -> None:
        """Marks the folders below as to be looked at; inside of a site not its own ones, and not deep."""
        if depth >= self.bounds.depth or in_site > DEEP_IN_SITE + 1:
            return
        releases = "releases" in names and "current" in names  # what a deployment left behind is served through its link only
        for name, entry in names.items():
            if name in own or name.lower() in _PASSED_OVER or (releases and name == "releases"):
                continue
            if self._home == "/" and posixpath.dirname(entry.path) == "/" and name in _OF_THE_SYSTEM:
                continue
            if entry.stat.kind is FileKind.FOLDER:
                self._add(entry.path, depth + 1, in_site)
            elif entry.stat.kind is FileKind.LINK and (name == "current" or name in self.profile.docroots or addresses.domain_of(name)):
                self._links.append(entry.path)

    def _follow_links(self) -> bool:
        """Links of a docroot's name are followed last, where they lead to something of this account that was not seen yet."""
        while self._links and not self._waiting:
            link = self._links.pop(0)
            try:
                real = self.reader.real_path(link).rstrip("/") or "/"
            except TransportError:
                continue
            inside = real.startswith((self._home.rstrip("/") + "/", *(f"{each}/" for each in _ELSEWHERE)))
            if inside and real not in self._seen and not any(real.startswith(f"{each}/") for each in self._found):
                self._shown[real] = link
                self._add(real, link.count("/") - self._home.count("/"), 0)
        return bool(self._waiting)

    # --- one folder ---------------------------------------------------------------------------------
    def _proven(self, software: Software, folder: str) -> bool:
        return not software.proof or self._is_there(posixpath.join(folder, software.proof))

    def _installed(self, software: Software, folder: str, names: dict[str, Entry]) -> tuple[Installation | None, frozenset[str]]:
        docroot = next((posixpath.join(folder, each).rstrip("/") for each in software.docroots if not each or each in names), "")
        if not docroot:
            return None, frozenset()
        self._seen.add(docroot)
        version, own = "", software.own
        for path, pattern in software.versions:
            version = version_in(self._text(posixpath.join(folder, path)), pattern)
            if version:
                own |= {path.partition("/")[0]}
                break
        settings = [path for path in software.settings if not (path.startswith("../") and path[3:] in names)]
        told = [each for path in settings for each in self._settings(posixpath.normpath(posixpath.join(folder, path)))]
        if software.name == "drupal":
            told += self._sites_of_drupal(folder)
        return self._note(docroot, software.name, version, told), own

    def _plain(self, folder: str, names: dict[str, Entry]) -> Installation | None:
        """A folder of pages is a site where its own name, or that of the folder above, says so."""
        index = next((name for name in _INDEX if name in names), "")
        own, above = posixpath.basename(folder), posixpath.basename(posixpath.dirname(folder))
        expected = folder == self._home or own in self.profile.docroots or addresses.domain_of(own) or above == "subdomains"
        if not index or not expected or self._lies_in_found(folder, own):
            return None
        told = [] if index == "index.php" else list(addresses.in_page(self._text(posixpath.join(folder, index))))
        return self._note(folder, PHP if index == "index.php" else PAGES, "", told)

    def _lies_in_found(self, folder: str, own: str) -> bool:
        """A folder such as `web` inside of a site is part of it, unless it bears a domain of its own."""
        return not addresses.domain_of(own) and any(folder.startswith(f"{each}/") for each in self._found if each != self._home)

    def _note(self, docroot: str, software: str, version: str, told: list[Candidate]) -> Installation:
        told += addresses.in_rules(self._text(posixpath.join(docroot, ".htaccess")))
        told += addresses.in_robots(self._text(posixpath.join(docroot, "robots.txt")))
        parts = docroot.removeprefix(self._home).strip("/").split("/")
        told += addresses.in_path(parts, self.profile.docroots)
        told += self._below_another(docroot)
        if not told:
            told += [Candidate(f"https://{domain}/", _("a log or mail folder of this name")) for domain in self.domains]
        best: dict[str, Candidate] = {}
        for each in told:
            best.setdefault(each.url, each)
        found = Installation(self._lasting(docroot), software, version, tuple(best.values())[:MOST_ADDRESSES])
        self._found[docroot] = found
        return found

    def _lasting(self, docroot: str) -> str:
        """What a deployment put behind a link is named by the link, which stays, where folders can be read through it."""
        for real, link in self._shown.items():
            if docroot.startswith(f"{real}/"):
                lasting = link + docroot.removeprefix(real)
                return lasting if self._names_in(lasting) else docroot
        return docroot

    def _below_another(self, docroot: str) -> Iterator[Candidate]:
        """What lies below the docroot of a site is served below its address, or as a name of its own below its domain."""
        above = max((each for each in self._found if docroot.startswith(each.rstrip("/") + "/")), key=len, default="")
        if above and self._found[above].candidates:
            folders = docroot.removeprefix(above).strip("/").split("/")
            yield from addresses.below(self._found[above].candidates[0].url, folders, _("the site that it lies in"))

    def _settings(self, path: str) -> Iterator[Candidate]:
        if "/*/" in path:
            folder, _star, name = path.partition("/*/")
            for each in self._names_in(folder)[:5]:
                yield from self._settings(posixpath.join(folder, each, name))
            return
        kind = "env" if "/.env" in path else posixpath.splitext(path)[1].lstrip(".")
        yield from addresses.in_settings(self._text(path), kind)

    def _sites_of_drupal(self, folder: str) -> list[Candidate]:
        """Drupal names the folders of several sites after their domains."""
        named = [addresses.domain_of(name) for name in self._names_in(posixpath.join(folder, "sites"))]
        return [Candidate(f"https://{domain}/", _("a folder below sites")) for domain in named if domain]

    def _read_domains(self) -> None:
        found: dict[str, None] = {}
        for place in _DOMAIN_PLACES:
            for name in self._names_in(posixpath.join(self._home, place)):
                domain = addresses.in_log_name(name)
                if domain:
                    found[domain.removeprefix("www.")] = None
        self.domains = list(found)[:MOST_ADDRESSES]

    # --- reading ------------------------------------------------------------------------------------
    def _names_in(self, folder: str) -> list[str]:
        try:
            return sorted(posixpath.basename(entry.path) for entry in self.reader.list(folder) if _storable(entry.path))
        except _UNLISTABLE:
            return []

    def _text(self, path: str) -> str:
        """A small file, empty where there is none that can be read."""
        try:
            return self.reader.read(path, MOST_READ).decode("utf-8", "replace")
        except _UNLISTABLE:
            return ""

    def _is_there(self, path: str) -> bool:
        try:
            return self.reader.stat(path).kind is FileKind.FILE
        except _UNLISTABLE:
            return False


def _storable(path: str) -> bool:
    """Whether a path can be registered: one line of text that every database takes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return path.isprintable()
