"""Reads over FTP.

FTP has no way to look at one name without following links: only a listing of its folder tells what it is, so that is what `stat`
reads. Times come from MLSD, MLST or MDTM where the host has them (UTC, to the second). A host that has only LIST names the day of
older files and the minute of newer ones, without a time zone: then LIST_TIMES is not among the capabilities.
"""

from __future__ import annotations

import posixpath
import time
from collections.abc import Collection, Generator, Iterator
from dataclasses import replace

from diagnostics.transports import ftp_lines
from diagnostics.transports.base import (
    Capability,
    Entry,
    FileKind,
    NotFound,
    PermissionRefused,
    Stat,
    TransportError,
    Unreadable,
    Unsupported,
)
from diagnostics.transports.failures import explained, lost, no_space, not_found, not_regular, permission_refused, printable, too_large
from diagnostics.transports.ftp_lines import Row
from diagnostics.transports.ftp_wire import FtpRefused, FtpWire, Reply
from diagnostics.transports.paths import LIST_LIMIT, checked, is_plain_name, joined, too_many
from diagnostics.transports.scanning import scan_by_listing, walk_by_scan
from sites.texts import mark as _

LISTING_LIMIT = 64 * 1024 * 1024  # bytes of one listing: some hundred for each of LIST_LIMIT names
_LOOKS = 3
_LINKS = 20  # of one path: more is a loop (Linux gives up at 40)
_ASKED_SINGLY = 40  # names of a listing that the facts leave out, as pure-ftpd does with dot files: asked for one by one

# Words of the servers' own, and of strerror(3) that they pass on.
_ABSENT = ("no such file", "not found", "does not exist", "doesn't exist", "cannot find")
_DENIED = ("permission", "denied", "not permitted", "prohibited", "not allowed", "forbidden")
_FULL = ("space", "quota", "disk full", "exceeded", "writing to local file", "write error")
_NOT_OPENED = ("failed to open directory",)  # vsftpd says so and calls the listing complete

# Their rename is rename(2): source/src of vsftpd's sysutil.c, pure-ftpd's ftpd.c, pyftpdlib's filesystems.py, proftpd's mod_core.c.
_REPLACING = ("vsftpd", "pure-ftpd", "pyftpdlib", "proftpd")


class FtpReader:
    """Everything `Reader` asks for, over one FTP connection."""

    def __init__(self, wire: FtpWire, protocol: str) -> None:
        self.protocol = protocol
        self._wire = wire
        self._list_command: tuple[str, ...] = ("LIST", "-a")
        self._lists_all = False  # the command has shown names at least once: an empty listing is an empty folder
        self._site: str | None = None
        self._modes_seen = True
        self._sets_by_mdtm: bool | None = None

    @property
    def capabilities(self) -> frozenset[Capability]:
        found = {Capability.READ, Capability.WRITE, Capability.RENAME}
        if self._modes_seen:
            found.add(Capability.LIST_MODES)
        if "MLST" in self._wire.features:
            found.add(Capability.LIST_TIMES)
        if "CHMOD" in self._site_commands():
            found.add(Capability.CHMOD)
        if self._time_command():
            found.add(Capability.SET_MTIME)
        if any(name in f"{self._wire.greeting} {self._site_commands()}".lower() for name in _REPLACING):
            found.add(Capability.ATOMIC_REPLACE)
        return frozenset(found)

    def stat(self, path: str) -> Stat:
        return _as_stat(self._row(path))

    def read(self, path: str, limit: int) -> bytes:
        for _look in range(_LOOKS):
            before = self._row(path)
            if before.kind is not FileKind.FILE:
                raise not_regular(path)
            if before.size > limit:
                raise too_large(path, limit)
            content = self._fetched(path, 0, limit + 1)
            if len(content) > limit:
                raise too_large(path, limit)
            if len(content) == before.size:
                return content
            after = self._row(path)  # it grew or was exchanged meanwhile, or the host broke off without a word
            if after.kind is FileKind.FILE and before.size <= len(content) <= after.size:
                return content
        raise explained(Unsupported, _("{path} changes all the time, or the host sends only a part of it."), path=printable(path))

    def read_tail(self, path: str, limit: int) -> bytes:
        size = self._log_size(path)
        return self._fetched(path, max(0, size - limit), limit)

    def read_part(self, path: str, offset: int, limit: int) -> bytes:
        size = self._log_size(path)
        return self._fetched(path, offset, limit) if offset < size else b""

    def list(self, path: str) -> list[Entry]:
        folder = carried(path)
        rows = self._listed(folder, path)
        facts = self._facts_in(folder)
        singly = [row for row in rows if row.name not in facts and row.kind in (FileKind.FILE, FileKind.FOLDER)]
        if facts and len(singly) <= _ASKED_SINGLY:
            facts |= {row.name: self._facts_of(joined(folder, row.name)) for row in singly}
        refined = (ftp_lines.refined(row, facts.get(row.name, {})) for row in rows)
        return [Entry(joined(folder, row.name), _as_stat(row)) for row in refined]

    def walk(self, path: str, max_entries: int) -> Iterator[Entry]:
        return walk_by_scan(self, path, max_entries)

    def scan(
        self, path: str, *, max_entries: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
    ) -> Generator[list[Entry], None, None]:
        return scan_by_listing(self, path, max_entries, skip, unreadable)

    def real_path(self, path: str) -> str:
        """Resolved name by name from the listings: not every host resolves the folder that it says it is in."""
        waiting, done, links = carried(path).split("/")[1:][::-1], "/", 0
        while waiting:
            name = waiting.pop()
            if name in ("", "."):
                continue
            if name == "..":
                done = posixpath.dirname(done)
                continue
            step = joined(done, name)
            row = self._row_or_alone(step)
            if row.kind is not FileKind.LINK:
                done = step
                continue
            links += 1
            if links > _LINKS or not row.target:
                raise not_found(path)
            done = "/" if row.target.startswith("/") else done
            waiting.extend(row.target.split("/")[::-1])
        return done

    def home(self) -> str:
        return self._wire.home

    def free_space(self, path: str) -> int | None:
        return None  # FTP has no word for it

    def close(self) -> None:
        self._wire.close()

    # --- what a name is -------------------------------------------------------------------------
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
            rows = self._listed(folder or "/", folder or "/")
        except PermissionRefused:
            return self._alone(path, shown or path)
        except NotFound:
            raise not_found(shown or path) from None
        found = next((row for row in rows if row.name == name), None)
        if found is None:
            raise not_found(shown or path)
        return found

    def _alone(self, path: str, shown: str) -> Row:
        """A name in a folder that may be passed but not listed. What is a link there cannot be told."""
        reply = self._wire.ask("SIZE", path)
        if reply.code == 213:
            facts = {"type": "file", **self._facts_of(path)}
            row = Row(posixpath.basename(path), FileKind.FILE, None, _number(reply), self._asked_time(path) or 0.0)
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
            rows, _unread = self._own_listing()
        except FtpRefused:
            return own
        return next((replace(row, name=own.name) for row in rows if row.name == "."), own)

    # --- listings -------------------------------------------------------------------------------
    def _listed(self, folder: str, shown: str) -> list[Row]:
        """The names in a folder, without "." and "..". Raises NotFound, PermissionRefused."""
        try:
            self._wire.enter(folder, anew=True)  # somebody else may have moved the one that we are in
            rows, unread = self._own_listing()
        except FtpRefused as refused:
            raise self._why(refused, folder, shown) from refused
        if unread and not rows:
            raise explained(Unsupported, _("The host lists {path} in a way that cannot be read."), path=printable(shown))
        plain = [row for row in rows if is_plain_name(row.name)]
        if len(plain) > LIST_LIMIT:
            raise too_many(shown)
        self._modes_seen = not plain or any(row.mode is not None for row in plain)
        return plain

    def _own_listing(self) -> tuple[list[Row], int]:
        """Of the working folder, hidden names included: `-a` is no part of FTP, so a host that does not know it is asked without."""
        try:
            rows, unread = self._printed(*self._list_command)
        except FtpRefused as refused:
            if len(self._list_command) == 1 or refused.reply.mentions(*_DENIED):
                raise
            rows, unread = self._printed("LIST")
            self._list_command = ("LIST",)
        if not rows and not self._lists_all and len(self._list_command) > 1:
            plain = self._printed("LIST")
            if plain[0]:
                self._list_command = ("LIST",)
                return plain
        self._lists_all = self._lists_all or bool(rows)
        return rows, unread

    def _printed(self, *command: str) -> tuple[list[Row], int]:
        content, reply = self._wire.retrieve(*command, limit=LISTING_LIMIT)
        if reply is None:
            raise too_many(self._wire.working_folder)
        if reply.mentions(*_NOT_OPENED):
            raise FtpRefused(reply)
        return ftp_lines.parse_listing(content.decode("utf-8", "surrogateescape"), time.time())

    def _facts_in(self, folder: str) -> dict[str, dict[str, str]]:
        """What MLSD tells of each name; nothing where the host has none."""
        if "MLST" not in self._wire.features:
            return {}
        try:
            self._wire.enter(folder)
            content, _reply = self._wire.retrieve("MLSD", limit=LISTING_LIMIT)
        except FtpRefused:
            return {}
        lines = content.decode("utf-8", "surrogateescape").split("\n")
        return {name: facts for facts, name in filter(None, map(ftp_lines.parse_facts, lines))}

    def _facts_of(self, path: str) -> dict[str, str]:
        if "MLST" not in self._wire.features:
            return {}
        reply = self._wire.ask("MLST", path)
        found = next(filter(None, map(ftp_lines.parse_facts, reply.lines[1:-1])), None) if reply.code == 250 else None
        return found[0] if found else {}

    def _asked_time(self, path: str) -> float | None:
        reply = self._wire.ask("MDTM", path)
        return ftp_lines.stamp(reply.text) if reply.code == 213 else None

    # --- contents -------------------------------------------------------------------------------
    def _log_size(self, path: str) -> int:
        """Bytes of a regular file, or of the one a link leads to: SIZE answers for nothing else."""
        plain = carried(path)
        reply = self._wire.ask("SIZE", plain)
        if reply.code == 213:
            return _number(reply)
        row = self._row(path)
        if row.kind is not FileKind.FILE:
            raise not_regular(path)
        return row.size

    def _fetched(self, path: str, offset: int, limit: int) -> bytes:
        if limit <= 0:
            return b""
        try:
            return self._wire.retrieve("RETR", carried(path), offset=offset, limit=limit)[0]
        except FtpRefused as refused:
            raise self._why(refused, carried(path), path) from refused

    # --- what the host can do -------------------------------------------------------------------
    def _site_commands(self) -> str:
        if self._site is None:
            reply = self._wire.ask("SITE", "HELP")
            self._site = reply.text.upper() if reply.code in (211, 214, 200) else ""
        return self._site

    def _time_command(self) -> str:
        """The way this host sets times: MFMT, or MDTM with a time before the name, as vsftpd has it; empty for none.

        Which of its two meanings MDTM has is asked with a name that does not exist: vsftpd says it could not set it.
        """
        if "MFMT" in self._wire.features:
            return "MFMT"
        if self._sets_by_mdtm is None:
            nothing = joined(self._wire.home, ".sitemend-no-such-file")
            reply = self._wire.ask("MDTM", f"20200101000000 {nothing}") if "MDTM" in self._wire.features else None
            self._sets_by_mdtm = reply is not None and reply.code == 550 and reply.mentions("could not set")
        return "MDTM" if self._sets_by_mdtm else ""

    # --- what went wrong ------------------------------------------------------------------------
    def _why(self, refused: FtpRefused, path: str, shown: str) -> TransportError:
        """A refusal in our words. Many hosts give one answer for what is absent and for what is closed: its folder tells which."""
        reply = refused.reply
        if reply.code == 421 or refused.line_failed:
            return lost()
        if reply.mentions(*_ABSENT):
            return not_found(shown)
        if reply.code in (452, 552) or (refused.in_transfer and reply.mentions(*_FULL)):
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


def _as_stat(row: Row) -> Stat:
    """Where the host tells no modes, those that most files have: LIST_MODES is not among the capabilities then."""
    mode = row.mode if row.mode is not None else 0o755 if row.kind is FileKind.FOLDER else 0o644
    return Stat(row.kind, mode, row.size, row.mtime, *row.numbered())


def _number(reply: Reply) -> int:
    digits = reply.text.strip()
    if not digits.isdecimal():
        raise explained(TransportError, _("The host answered “{said}” where a number belongs."), said=reply.said)
    return int(digits)
