"""What an FTP host says about names: which there are, what each is, and why it refuses one.

FTP has no way to look at one name without following links: only a listing of its folder tells what it is.
"""

from __future__ import annotations

import posixpath
import time
from dataclasses import dataclass, replace
from itertools import islice

from diagnostics.transports import ftp_lines
from diagnostics.transports.base import FileKind, NotFound, PermissionRefused, Stat, TransportError, Unsupported
from diagnostics.transports.failures import explained, lost, no_space, not_found, permission_refused, printable
from diagnostics.transports.ftp_lines import Row
from diagnostics.transports.ftp_replies import FtpRefused, Reply
from diagnostics.transports.ftp_wire import FtpWire
from diagnostics.transports.paths import LIST_LIMIT, checked, is_plain_name, too_many
from sites.texts import mark as _

LISTING_LIMIT = 64 * 1024 * 1024  # bytes of one listing: some hundred for each of LIST_LIMIT names

_FOLDERS_KEPT, _MOST_KEPT = 12, 2_000  # listings that count for a while, and names in one
_NEVER = float("-inf")

# Words of the servers' own, and of strerror(3) that they pass on.
_ABSENT = ("no such file", "not found", "does not exist", "doesn't exist", "cannot find")
_DENIED = ("permission", "denied", "not permitted", "prohibited", "not allowed", "forbidden")
FULL = ("space", "quota", "disk full", "exceeded", "writing to local file", "write to file", "write error")
_NOT_OPENED = ("failed to open directory", "unable to read")  # vsftpd and pure-ftpd say so and call the listing complete
_CUT = ("truncated",)  # pure-ftpd lists 10,000 names unless it is told otherwise


class _ListedInPart(Unsupported):
    """The host holds back some of the names."""

    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a host printed of one folder: `unread` lines said nothing, `cut` when it says that there is more."""

    rows: list[Row]
    unread: int
    cut: bool


class FtpNames:
    """Looks names up over one FTP connection."""

    def __init__(self, wire: FtpWire) -> None:
        self._wire = wire
        self._knows_all = True  # what `-a` asks for
        self._lists_all = False  # it has shown names at least once: an empty listing is an empty folder
        self._modes_seen = True
        self._kept_for_s = 0.0  # how long a listing counts for the names in it
        self._kept: dict[str, tuple[float, list[Row]]] = {}
        self._lost: dict[str, float] = {}  # folders that are not there, and when the host said so

    def _row(self, path: str) -> Row:
        """One name as its folder lists it, with the time to the second where the host tells it. Raises NotFound."""
        row = self._row_or_alone(carried(path), path)
        if row.kind in (FileKind.FILE, FileKind.FOLDER) and "MLST" in self._wire.features:
            return ftp_lines.refined(row, self._facts_of(carried(path)))
        if row.kind is FileKind.FILE and "MDTM" in self._wire.features:
            mtime = self._asked_time(carried(path))
            return row if mtime is None else replace(row, mtime=mtime)
        return row

    def _row_or_alone(self, path: str, shown: str = "") -> Row:
        if path == "/":
            try:
                return self._folder_alone(path)
            except FtpRefused as refused:
                raise permission_refused(path) from refused
        folder, _slash, name = path.rpartition("/")
        try:
            rows = self._kept_rows(folder or "/")
        except PermissionRefused:
            return self._alone(path, shown or path)
        except NotFound:
            raise not_found(shown or path) from None
        except _ListedInPart as part:
            found = next((row for row in part.rows if row.name == name), None)
            return found or self._alone(path, shown or path)
        found = next((row for row in rows if row.name == name), None)
        if found is None:
            raise not_found(shown or path)
        return found

    def _alone(self, path: str, shown: str) -> Row:
        """A name in a folder that may be passed but not listed. What is a link there cannot be told."""
        reply = self._wire.ask("SIZE", path)
        if reply.code == 213:
            facts = {"type": "file", **self._facts_of(path)}
            row = Row(posixpath.basename(path), FileKind.FILE, None, number_in(reply), self._asked_time(path) or 0.0)
            return ftp_lines.refined(row, facts)
        try:
            return self._folder_alone(path)
        except FtpRefused as refused:
            raise (not_found(shown) if refused.reply.mentions(*_ABSENT) else permission_refused(shown)) from refused

    def _folder_alone(self, path: str) -> Row:
        """A folder from within: what it lists as ".", if it lists that."""
        self._wire.enter(path)
        own = Row(posixpath.basename(path) or "/", FileKind.FOLDER, None, 0, 0.0)
        try:
            rows = self._own_listing().rows
        except FtpRefused:
            return own
        return next((replace(row, name=own.name) for row in rows if row.name == "."), own)

    def _kept_rows(self, folder: str) -> list[Row]:
        at, rows = self._kept.get(folder, (_NEVER, []))
        return rows if self._counts(at) else self._listed(folder, folder)

    def _forget(self) -> None:
        """What was listed no longer counts."""
        self._kept.clear()
        self._lost.clear()

    def _is_lost(self, folder: str) -> bool:
        """Whether what was listed lately shows that there is no such folder.

        A folder that is asked for in vain costs time: pure-ftpd waits a tenth of a second longer with each of them, and hangs up in the
        end (`docwd` of its ftpd.c).
        """
        while folder not in ("", "/"):
            if self._counts(self._lost.get(folder, _NEVER)):
                return True
            above, _slash, name = folder.rpartition("/")
            at, rows = self._kept.get(above or "/", (_NEVER, []))
            if self._counts(at) and (self._knows_all or not name.startswith(".")):
                kinds = {row.kind for row in rows if row.name.lower() == name.lower()}
                return kinds <= {FileKind.FILE}
            folder = above
        return False

    def _counts(self, at: float) -> bool:
        return time.monotonic() - at < self._kept_for_s

    # --- listings -------------------------------------------------------------------------------
    def _listed(self, folder: str, shown: str) -> list[Row]:
        """The names in a folder, without "." and "..". Raises NotFound, PermissionRefused, Unsupported where the host lists only a part."""
        if self._kept_for_s and self._is_lost(folder):
            raise not_found(shown)
        try:
            self._wire.enter(folder, anew=True)  # somebody else may have moved the one that we are in
            found = self._own_listing()
        except FtpRefused as refused:
            why = self._why(refused, folder, shown)
            if isinstance(why, NotFound) and self._kept_for_s:
                self._lost[folder] = time.monotonic()
            raise why from refused
        if found.unread and not found.rows:
            raise explained(Unsupported, _("The host lists {path} in a way that cannot be read."), path=printable(shown))
        plain = [row for row in found.rows if is_plain_name(row.name)]
        if found.cut:
            part = explained(_ListedInPart, _("The host lists only the first {n} names of {path}."), n=len(plain), path=printable(shown))
            part.rows = plain
            raise part
        if len(plain) > LIST_LIMIT:
            raise too_many(shown)
        self._modes_seen = not plain or any(row.mode is not None for row in plain)
        if self._kept_for_s and len(plain) <= _MOST_KEPT:
            others = [item for item in self._kept.items() if item[0] != folder]
            self._kept = dict([(folder, (time.monotonic(), plain)), *others[: _FOLDERS_KEPT - 1]])
        return plain

    def _own_listing(self) -> Listing:
        """Of the working folder, hidden names included: `-a` is no part of FTP, so a host that does not know it is asked without."""
        if not self._knows_all:
            return self._printed("LIST")
        try:
            found = self._printed("LIST", "-a")
        except FtpRefused as refused:
            if refused.reply.mentions(*_DENIED):
                raise
            found = self._printed("LIST")
            self._knows_all = False
            return found
        if not found.rows and not self._lists_all:
            plain = self._printed("LIST")
            self._knows_all = not plain.rows
            return plain
        self._lists_all = self._lists_all or bool(found.rows)
        return found

    def _printed(self, *command: str) -> Listing:
        content, reply = self._wire.retrieve(*command, limit=LISTING_LIMIT)
        if reply is None:
            raise too_many(self._wire.working_folder)
        if reply.mentions(*_NOT_OPENED):
            raise FtpRefused(reply)
        rows, unread = ftp_lines.parse_listing(content.decode("utf-8", "surrogateescape"), time.time())
        return Listing(rows, unread, reply.mentions(*_CUT))

    def _facts_in(self, folder: str) -> dict[str, dict[str, str]]:
        """What MLSD tells of each name; nothing where the host has none."""
        if "MLST" not in self._wire.features:
            return {}
        try:
            self._wire.enter(folder)
            content, _reply = self._wire.retrieve("MLSD", limit=LISTING_LIMIT)
        except FtpRefused:
            return {}
        lines = ftp_lines.lines_of(content.decode("utf-8", "surrogateescape"))
        told = islice(filter(None, map(ftp_lines.parse_facts, lines)), LIST_LIMIT + 2)
        return {name: facts for facts, name in told}

    def _facts_of(self, path: str) -> dict[str, str]:
        if "MLST" not in self._wire.features:
            return {}
        reply = self._wire.ask("MLST", path)
        found = next(filter(None, map(ftp_lines.parse_facts, reply.lines[1:-1])), None) if reply.code == 250 else None
        return found[0] if found else {}

    def _asked_time(self, path: str) -> float | None:
        reply = self._wire.ask("MDTM", path)
        return ftp_lines.stamp(reply.text) if reply.code == 213 else None

    # --- what went wrong ------------------------------------------------------------------------
    def _why(self, refused: FtpRefused, path: str, shown: str) -> TransportError:
        """A refusal in our words. Many hosts give one answer for what is absent and for what is closed: its folder tells which."""
        reply = refused.reply
        if reply.code == 421 or refused.line_failed:
            return lost()
        if reply.mentions(*_ABSENT):
            return not_found(shown)
        if reply.code in (452, 552) or (refused.in_transfer and reply.mentions(*FULL)):
            return no_space(shown)
        if reply.mentions(*_DENIED):
            return permission_refused(shown)
        if reply.code in (500, 501, 502, 504):
            return explained(
                Unsupported, _("The host does not offer this over FTP ({path}): “{said}”."), path=printable(shown), said=reply.said
            )
        try:
            found = self._row_or_alone(path) if path != "/" else None
        except TransportError as error:
            return not_found(shown) if isinstance(error, NotFound) else error
        if reply.code in (550, 553, 450, 226) and (found is None or found.kind is not FileKind.LINK):
            return permission_refused(shown)
        if reply.code == 550:  # a link that leads nowhere
            return not_found(shown)
        return explained(TransportError, _("The host refused this for {path}: {reason}."), path=printable(shown), reason=reply.said)


def carried(path: str) -> str:
    """A path as FTP can name it. Raises Unsupported."""
    plain = checked(path)
    if "\n" in plain or "\r" in plain:
        hint = _("It was left alone. Use SFTP to reach it.")
        raise explained(Unsupported, _("{path} holds a line break, which FTP cannot carry."), hint, path=printable(plain))
    return plain


def as_stat(row: Row) -> Stat:
    """Where the host tells no modes, those that most files have: LIST_MODES is not among the capabilities then."""
    mode = row.mode if row.mode is not None else 0o755 if row.kind is FileKind.FOLDER else 0o644
    return Stat(row.kind, mode, row.size, row.mtime, *row.numbered())


def number_in(reply: Reply) -> int:
    digits = reply.text.strip()
    if not ftp_lines.is_number(digits):
        raise explained(TransportError, _("The host answered “{said}” where a number belongs."), said=reply.said)
    return int(digits)
