"""The hand that reaches the files: what every transport offers, and the ways it can fail.

Paths are absolute on the host, POSIX, and carried as `str` with surrogateescape, so that names that are not UTF-8 survive.
A `Reader` cannot write: it has no such method. Only the executor is handed a `Writer`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from sites.texts import mark as _

KEY_WANTED = _("This host wants a private key instead of a password.")


class Capability(enum.StrEnum):
    """What a transport can do; pages and checks adapt to it."""

    READ = "read"
    WRITE = "write"
    CHMOD = "chmod"
    SET_MTIME = "set-mtime"
    RENAME = "rename"  # without overwriting
    ATOMIC_REPLACE = "atomic-replace"
    LIST_MODES = "list-modes"
    LIST_TIMES = "list-times"  # to the second, and so that they do not look different when nothing has changed
    RUN_COMMANDS = "run-commands"
    FREE_SPACE = "free-space"
    LEAD_LINKS = "lead-links"  # elsewhere, in one move


class FileKind(enum.StrEnum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Stat:
    """What is known of one name, the link itself where it is one. `mode` holds permission bits only."""

    kind: FileKind
    mode: int
    size: int
    mtime: float
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a listing; `path` is absolute."""

    path: str
    stat: Stat


@dataclass(frozen=True)
class ConnectionDetails:
    """All that is needed to connect, secrets in the open: lives in memory only and never shows them."""

    protocol: str  # "ssh", "sftp", "ftp", "ftps", "local"
    address: str
    port: int
    user: str
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)  # PEM or OpenSSH text
    passphrase: str = field(default="", repr=False)
    host_key: str = ""  # pinned: "ssh-ed25519 AAAA…", "x509 MII…"; empty: none accepted yet
    exempt: tuple[str, int] | None = None  # exact (address, port) the guard lets through: the practice site
    connect_timeout_s: float = 10.0
    operation_timeout_s: float = 15.0
    reading_timeout_s: float = 120.0  # of one file or one listing as a whole, however steadily it comes
    via: ConnectionDetails | None = None  # the jump host that leads there, with its own secrets and host key
    key: int | None = None  # of the stored host whose details these are; nothing to the transports


class TransportError(Exception):
    """A host could not be reached or refused. `code` is stable; `hint` says what to do next.

    `text` and `params` are the message before its values were put in, for pages that translate it.
    """

    code = "transport"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.text = message
        self.params: dict[str, object] = {}


class NotTried(TransportError):
    """Nothing was sent to the host: our own rules are against it now."""


class NameUnresolved(TransportError):
    code = "name-unresolved"


class AddressRefused(TransportError):
    """The guard does not allow this address."""

    code = "address-refused"


class ConnectionRefused(TransportError):
    code = "refused"


class ConnectionTimedOut(TransportError):
    code = "timed-out"


class HostKeyUnknown(TransportError):
    """No host key is pinned yet; `host_key` and `fingerprint` are what the server showed."""

    code = "host-key-unknown"

    def __init__(self, message: str, *, host_key: str, fingerprint: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.host_key = host_key
        self.fingerprint = fingerprint


class HostKeyChanged(HostKeyUnknown):
    code = "host-key-changed"


class LoginRefused(TransportError):
    code = "login-refused"


class LoginCutOff(LoginRefused):
    """The line ended during the login, without a word. So do hosts that refuse a login, and those whose process ended just then."""


class SecondFactorWanted(LoginRefused):
    """The host accepted what was given, or would, but asks for more: something a person must type or confirm."""

    code = "second-factor"


class TooManyConnections(TransportError):
    """The host's own limit of connections or sessions is reached: it says nothing about the secret."""

    code = "too-many-connections"


class JumpHostFailed(TransportError):
    """The jump host could not be used: it says nothing about the host behind it. `hop` and `error` say which, and why."""

    code = "jump-host"
    hop: ConnectionDetails | None = None
    error: TransportError | None = None


class OldAlgorithms(TransportError):
    """No common way of encrypting: nothing secret was sent."""

    code = "old-algorithms"


class KeyUnusable(TransportError):
    """The private key cannot be read or its passphrase is wrong: nothing was sent to the host."""

    code = "key-unusable"


class ConnectionLost(TransportError):
    code = "connection-lost"


class NotFound(TransportError):
    code = "not-found"


class PermissionRefused(TransportError):
    code = "permission-refused"


class AlreadyExists(TransportError):
    """The target name exists: rename never overwrites."""

    code = "already-exists"


class NoSpace(TransportError):
    code = "no-space"


class Unsupported(TransportError):
    code = "unsupported"


Unreadable = Callable[[str, TransportError], None]  # is told a folder that could not be read, and why


class Reader(Protocol):
    """Reads, within bounds. Every method may raise `TransportError`."""

    protocol: str
    capabilities: frozenset[Capability]

    def stat(self, path: str) -> Stat:
        """Of the name itself; symbolic links are not followed. Raises NotFound."""

    def read(self, path: str, limit: int) -> bytes:
        """The whole file if it has at most `limit` bytes; links are not followed.

        Raises Unsupported when it is larger or not a regular file.
        """

    def read_tail(self, path: str, limit: int) -> bytes:
        """The last `limit` bytes of a regular file (or of the file a log's link points at)."""

    def read_part(self, path: str, offset: int, limit: int) -> bytes:
        """At most `limit` bytes from `offset` of a regular file (or of the file a log's link points at); less only at its end."""

    def list(self, path: str) -> list[Entry]:
        """The names in one folder, without "." and "..", in no set order."""

    def walk(self, path: str, max_entries: int) -> Iterator[Entry]:
        """Everything below `path`, `path` itself first; never through links; stops after `max_entries`.

        Folders that cannot be read are passed over (their own entry is given).
        """

    def scan(
        self, path: str, *, max_entries: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
    ) -> Generator[list[Entry], None, None]:
        """Everything below the folder `path`, without itself, as fast as the host gives it, in batches of some hundred names.

        A folder comes before what is in it; beyond that there is no order. Links are given and never followed. No more than
        `max_entries` are given: ask for one more to learn whether there are more. `skip` names folders that are given and not
        looked into: absolute paths, or bare names that count wherever they occur ("node_modules").

        Folders below that cannot be read are told to `unreadable` and passed over; `path` itself, when only something below it
        is known to be missing. What vanishes meanwhile is left out. Other methods may be used between two batches. Whoever
        stops early closes the generator (or drops it), and the connection is free for the next use.

        Raises NotFound, Unsupported (`path` is no folder, which a link to one is not either), PermissionRefused (`path` itself
        cannot be read), ConnectionLost and ConnectionTimedOut (also after some batches: what was given so far is true).
        """

    def real_path(self, path: str) -> str:
        """Absolute path with links resolved. Raises NotFound."""

    def link_target(self, path: str) -> str:
        """What a symbolic link holds, as it was written; empty where the host does not tell. Raises Unsupported where it is none."""

    def home(self) -> str:
        """Where the login lands, absolute."""

    def free_space(self, path: str) -> int | None:
        """Bytes free for this account, None when it cannot be told."""

    def close(self) -> None: ...


class Writer(Reader, Protocol):
    """Writes. Only the executor holds one."""

    def write_atomic(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        """Temporary file beside it, content checked by size, mode (and mtime) set, then renamed over `path`.

        On any failure the temporary file is removed (best effort) and the old file stands as it was.
        Raises NoSpace, PermissionRefused, ConnectionLost.
        """

    def create_exclusive(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        """As `write_atomic`, but raises AlreadyExists when `path` exists."""

    def rename(self, path: str, target: str) -> None:
        """Never overwrites: raises AlreadyExists."""

    def chmod(self, path: str, mode: int) -> None:
        """Never through a link: raises Unsupported for one."""

    def set_mtime(self, path: str, mtime: float) -> None: ...

    def remove(self, path: str) -> None:
        """One regular file (never a folder)."""

    def empty(self, path: str) -> None:
        """One regular file, emptied where it stands: it needs no room, and whoever holds it open goes on with it.

        Raises Unsupported for what is no file, PermissionRefused.
        """

    def make_folder(self, path: str, mode: int) -> None:
        """An empty folder in one that is there. On failure none is left. Raises AlreadyExists, NotFound, PermissionRefused, NoSpace."""

    def remove_folder(self, path: str) -> None:
        """One empty folder, never through a link: raises Unsupported for one that holds something."""

    def lead_link(self, path: str, target: str, mtime: float | None = None) -> None:
        """A link that is there leads to `target` instead, in one move; where the host can, it gets the time `mtime`.

        On any failure it leads where it led. Raises Unsupported for what is no link, and where the host cannot do it.
        """

    def remove_link(self, path: str) -> None:
        """One symbolic link, never what it leads to. Raises Unsupported for anything else."""
