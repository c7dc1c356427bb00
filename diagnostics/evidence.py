"""What facts bring back: frozen values, each with its source, its time and, where it could not be read, why.

Checks see nothing else of a host. A thing that could not be read is never taken for a thing that is well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from diagnostics.copies import Restorable, SinceWell
from diagnostics.installed import Application, Change, DatabaseTrial, Differing
from diagnostics.manifests.places import Scope
from diagnostics.panels.base import ServiceSeen
from diagnostics.php.seen import PhpSeen
from diagnostics.tried import Tried
from sites.recognition.intermediaries import Speaker

_LATEST = 253_370_764_800  # the year 9999, which is the last one that `datetime` knows, in every time zone
LOGS = ("error-log", "application-log")  # sources of proofs that a server or a program wrote by itself


def moment_of(mtime: float) -> datetime | None:
    """When a file was changed, as its host tells it; None for what no calendar holds: a host may claim any time."""
    return datetime.fromtimestamp(mtime, UTC) if 0 < mtime < _LATEST else None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why something could not be read, for a person."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class TextFile:
    """A small file of the host, whole. `path` is relative to the folder above the docroot ("www/.htaccess")."""

    path: str
    absolute: str  # as the transport names it
    content: bytes = field(repr=False)
    mode: int
    mtime: float


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry of an error log, wrapping removed. `at` is aware UTC, None where the line carries no time."""

    source: str  # "error-log", "application-log"
    log_path: str
    at: datetime | None
    text: str
    paired: bool = False  # belongs for certain to one of our own requests
    before: str = ""  # what the same request said before: warnings


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One name in the tree: never followed when it is a symbolic link."""

    path: str  # relative to the folder above the docroot; the docroot itself is its own name ("www")
    absolute: str
    kind: str  # "file", "folder", "link", "other"
    mode: int  # permission bits only
    size: int
    mtime: float
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link. `target` is absolute, links resolved, "" where nothing is there; `way` leads to it, itself included.

    `held`: what is written in it, "" where that is not known.
    """

    path: str  # as `TreeEntry.path`
    target: str
    uid: int | None = None
    way: tuple[TreeEntry, ...] = ()
    held: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where what a link led to may lie now. `target`: what the link would hold then. `how` it was found: see `facts/lost_links.py`.

    `is_proven`: what lay behind the link while the site was well lies there. `content`: of a small file, where it was read.
    """

    entry: TreeEntry
    target: str
    how: str
    is_proven: bool = False
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LostLink:
    """A symbolic link that leads to nothing, or in a circle. `held` is what it holds, "" where the host does not tell.

    `places`: the likeliest first. `is_of_site`: the docroot, or a folder above it, is reached through this link.
    """

    path: str  # as `TreeEntry.path`
    absolute: str
    held: str
    places: tuple[Place, ...] = ()
    is_of_site: bool = False


@dataclass(frozen=True, slots=True)
class WrittenPath:
    """A line of settings, or of a cache of settings, that holds `value`: a place of another machine, or a setting's name.

    `place`: the path that such a setting names, as it is written there.
    """

    path: str
    line: int
    value: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What holds a program in maintenance: a file, or a line of its settings. `written_at` in seconds. `by`: what asks for it, and how."""

    path: str
    line: int | None
    written_at: float
    by: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseWay:
    """How a program's settings name its database, without a secret: `lines` has each part ("host", "port", "password", …) and its line."""

    path: str  # relative to the folder above the docroot
    where: str  # server and port or socket
    port: int
    lines: tuple[tuple[str, int], ...]
    lacks: tuple[str, ...] = ()  # "user", "password": there, and empty
    is_socket_lost: bool = False
    prefix: str = ""  # of its tables, as these settings have it
    has_tables: bool | None = None  # whether the database has any with it; None where it was not asked


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """A file that a `.htaccess` names, as it is written there. `exists` is None where this login cannot tell.

    `found`: where it lies as this login sees it, absolute: under that name, or where the same name is found on the account.
    """

    named: str
    exists: bool | None
    mode: int | None
    found: str = ""


@dataclass(frozen=True, slots=True)
class SpaceLeft:
    """Bytes that are free and of how many, how many more files may be made, what the account uses and may use. None: not told."""

    free: int | None = None
    size: int | None = None
    files: int | None = None
    quota_used: int | None = None
    quota_allowed: int | None = None


@dataclass(frozen=True, slots=True)
class PageSeen:
    """What the probe saw of one page, as diagnostics needs it."""

    path: str
    url: str
    kind: str
    status: int | None
    at: datetime | None
    detail: str = ""
    body: bytes = field(default=b"", repr=False)
    request_id: str = ""
    token: str = ""
    powered_by: str = ""  # the headers X-Powered-By and Server
    front: Speaker | None = None  # who answered in the site's place
    ms: float | None = None  # from the request to the end of the answer

    @property
    def hides_an_error(self) -> bool:
        """Whether it shows what a program leaves that ended in an error, whatever its status."""
        return self.kind in ("white-page", "fatal-in-body", "truncated")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody else for one of the site's pages that was answered with a 500, as the access log has it."""

    at: datetime
    path: str
    client: str


@dataclass(frozen=True, slots=True)
class SiteSeen:
    """The site from outside: what the last probes amount to."""

    name: str
    url: str
    verdict: str
    kind: str
    pages: tuple[PageSeen, ...] = ()
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that one diagnosis has read. A field that is `Unreadable` makes its checks inconclusive."""

    site: SiteSeen
    profile: str
    connection: str  # "ssh", "sftp", "local", ... or "none"
    htaccess: tuple[TextFile, ...] | Unreadable = Unreadable("the .htaccess files", "there is no connection")
    error_log: tuple[LogLine, ...] | Unreadable = Unreadable("the error log", "there is no connection")
    visits: tuple[Visit, ...] = ()  # what others met lately, oldest first
    tree: tuple[TreeEntry, ...] | Unreadable = Unreadable("the files", "there is no connection")
    tree_truncated: bool = False
    modes: bool | Unreadable = True  # whether the permissions of the tree are those of the host, or why they are not known
    docroot: str = ""  # absolute, as the transport names it
    beside_missing_docroot: tuple[str, ...] | None = None  # names of the folders beside it, where it is not there itself
    is_broken_link: bool = False  # whether the docroot, or a folder above it, is a link to something that is not there
    sites_below: tuple[str, ...] = ()  # docroots of the team's other sites that lie inside of this one
    sites_above: tuple[str, ...] = ()  # docroots of the team's other sites that this one lies inside of
    sites_beside: tuple[str, ...] = ()  # docroots of the team's other sites on this machine that do not lie inside of this one
    root_mode: int | None = None  # mode of the folder above the docroot
    passwords: tuple[PasswordFile, ...] = ()
    space: SpaceLeft | None = None  # read where something fails
    room: tuple[TreeEntry, ...] = ()  # files of the account beside the docroot; listed where something says that there is no room left
    panel: ServiceSeen | None = None  # what the host's panel tells of the hosting; asked where something fails
    folders_above: tuple[TreeEntry, ...] = ()  # the account's folders above the docroot, as far as this login sees them, outermost first
    links: tuple[Link, ...] = ()  # some of the tree's links, and where they lead
    lost_links: tuple[LostLink, ...] = ()  # those that findings speak of and that lead to nothing
    cgi_scripts: tuple[TextFile, ...] = ()  # scripts in cgi-bin folders, at most the first 64 KB of each
    cgi_data: tuple[TextFile, ...] = ()  # files of data that these scripts read
    existing: tuple[tuple[str, bool], ...] = ()  # paths that files name (AuthUserFile, interpreters) and whether they are there
    modules: tuple[tuple[str, str, bool], ...] = ()  # language and name of modules that scripts ask for, and whether the host has them
    applications: tuple[Application, ...] = ()  # what is installed and answers the site's pages, those of failing pages first
    differing: tuple[Differing, ...] = ()  # files of programs and libraries that are not as their release has them; read where one fails
    database: DatabaseTrial | Unreadable = Unreadable("the database", "it was not asked")
    database_way: DatabaseWay | None = None  # where a log or page says that the database cannot be used
    changes: tuple[Change, ...] = ()  # what changed shortly before the failure, the latest first
    application_log: tuple[LogLine, ...] = ()  # what the application wrote into a log of its own; read where nothing else explains
    beside: tuple[TreeEntry, ...] = ()  # files and folders outside of the docroot that a program has or a message names
    program: tuple[TreeEntry, ...] = ()  # all that lies in `program_scope`: the program's own folders beside the docroot
    program_scope: Scope = ()  # those of them that could be listed as a whole
    written: tuple[WrittenPath, ...] = ()  # where settings name what a message complains of
    held: tuple[Held, ...] = ()  # what holds a program in maintenance
    php: PhpSeen = field(default_factory=PhpSeen)
    tried: tuple[Tried, ...] = ()  # trials of the failure at hand
    restorable: tuple[Restorable, ...] = ()  # files that findings speak of and that could be put back
    since_well: SinceWell | None = None  # what was changed since the site was well; where that is little, and all of it is known
    at_hand: tuple[TextFile, ...] = ()  # what repairs of the findings would change, whole
    read_at: datetime | None = None

    def file(self, path: str) -> TextFile | None:
        """One of the files at hand, by its path as people see it."""
        return next((each for each in self.at_hand if each.path == path), None)

    def exists(self, path: str) -> bool | None:
        """Whether a path that a file names is there; None where that was not looked up or cannot be told."""
        return dict(self.existing).get(path)
