"""Reads over FTP.

Times come from MLSD, MLST or MDTM where the host has them (UTC, to the second). A host that has only LIST names the day of older
files and the minute of newer ones, without a time zone: then LIST_TIMES is not among the capabilities. FTP cannot open a file without
following links: what a name is, is looked at just before.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Generator, Iterator
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from diagnostics.transports import ftp_lines
from diagnostics.transports.base import Capability, Entry, FileKind, Stat, Unreadable, Unsupported
from diagnostics.transports.failures import explained, not_a_link, not_found, not_regular, printable, too_large
from diagnostics.transports.ftp_names import FtpNames, as_stat, carried, number_in
from diagnostics.transports.ftp_replies import FtpRefused
from diagnostics.transports.ftp_wire import FtpWire
from diagnostics.transports.parallel_scan import Helpers, ParallelScan
from diagnostics.transports.paths import beside, joined
from diagnostics.transports.scanning import scan_by_listing, walk_by_scan
from sites.texts import mark as _

_LOOKS = 3
_LINKS = 20  # of one path: more is a loop (Linux gives up at 40)
_ASKED_SINGLY = 40  # names of a listing that the facts leave out, as pure-ftpd does with dot files: asked for one by one

# Their rename is rename(2): source of vsftpd's sysutil.c, pure-ftpd's ftpd.c, pyftpdlib's filesystems.py, proftpd's mod_core.c.
_REPLACING = ("vsftpd", "pure-ftpd", "pyftpdlib", "proftpd")


P, T = ParamSpec("P"), TypeVar("T")


def _one_reading(method: Callable[Concatenate[FtpReader, P], T]) -> Callable[Concatenate[FtpReader, P], T]:
    """However steadily a host sends, one file or one listing has its limit as a whole."""

    @wraps(method)
    def limited(self: FtpReader, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._wire.one_reading():
            return method(self, *args, **kwargs)

    return limited


class FtpReader(FtpNames):
    """Everything `Reader` asks for, over one FTP connection; scans are helped by others like it that `helpers` opens."""

    def __init__(self, wire: FtpWire, protocol: str, helpers: Helpers | None = None) -> None:
        super().__init__(wire)
        self.protocol = protocol
        self._helpers = helpers
        self._site: str | None = None
        # vsftpd has a second meaning of MDTM, which sets times. Whether it lets us is known once it was asked, or a time was set.
        self._sets_by_mdtm = "vsftpd" in wire.greeting.lower()

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

    @_one_reading
    def stat(self, path: str) -> Stat:
        return as_stat(self._row(path))

    @_one_reading
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
            self._forget()
            after = self._row(path)  # it grew or was exchanged meanwhile, or the host broke off without a word
            if after.kind is FileKind.FILE and before.size <= len(content) <= after.size:
                return content
        raise explained(Unsupported, _("{path} changes all the time, or the host sends only a part of it."), path=printable(path))

    @_one_reading
    def read_tail(self, path: str, limit: int) -> bytes:
        size = self._log_size(path)
        return self._fetched(path, max(0, size - limit), limit)

    @_one_reading
    def read_part(self, path: str, offset: int, limit: int) -> bytes:
        size = self._log_size(path)
        return self._fetched(path, offset, limit) if offset < size else b""

    @_one_reading
    def list(self, path: str) -> list[Entry]:
        folder = carried(path)
        rows = self._listed(folder, path)
        facts = self._facts_in(folder)
        singly = [row for row in rows if row.name not in facts and row.kind in (FileKind.FILE, FileKind.FOLDER)]
        if facts and len(singly) <= _ASKED_SINGLY:
            facts |= {row.name: self._facts_of(joined(folder, row.name)) for row in singly}
        refined = (ftp_lines.refined(row, facts.get(row.name, {})) for row in rows)
        return [Entry(joined(folder, row.name), as_stat(row)) for row in refined]

    def walk(self, path: str, max_entries: int) -> Iterator[Entry]:
        return walk_by_scan(self, path, max_entries)

    def scan(
        self, path: str, *, max_entries: int, skip: Collection[str] = (), unreadable: Unreadable | None = None
    ) -> Generator[list[Entry], None, None]:
        if self._helpers is None:
            return scan_by_listing(self, path, max_entries, skip, unreadable)
        return ParallelScan(self, self._helpers, path, max_entries, skip, unreadable).batches()

    @_one_reading
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

    def link_target(self, path: str) -> str:
        row = self._row_or_alone(carried(path), path)
        if row.kind is not FileKind.LINK:
            raise not_a_link(path)
        return row.target

    def home(self) -> str:
        return self._wire.home

    def remember(self, seconds: float) -> None:
        """From now on a listing counts for so long for all names in it: to look at one name, a host must list its whole folder."""
        self._kept_for_s = seconds

    def free_space(self, path: str) -> int | None:
        return None  # FTP has no word for it

    def find_out(self) -> None:
        """Asks for what `capabilities` only guess: which of its two meanings MDTM has here. For the test of a connection alone.

        `MDTM <time> <name>` is a write where the name is one (postlogin.c of vsftpd), so it is asked with a name that nothing can
        have, and nobody who merely reads asks. With `mdtm_write` vsftpd says that it could not set the time; every other host
        takes all of it for a name and says that there is none.
        """
        if "MDTM" not in self._wire.features or "MFMT" in self._wire.features:
            return
        nothing = beside(joined(self._wire.home, "times"), "none")
        reply = self._wire.ask("MDTM", f"20200101000000 {nothing}")
        self._sets_by_mdtm = reply.code == 550 and reply.mentions("could not set")

    def close(self) -> None:
        self._wire.close()

    # --- contents -------------------------------------------------------------------------------
    def _log_size(self, path: str) -> int:
        """Bytes of a regular file, or of the one a link leads to: SIZE answers for nothing else."""
        plain = carried(path)
        reply = self._wire.ask("SIZE", plain)
        if reply.code == 213:
            return number_in(reply)
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
        """The way this host sets times: MFMT, or MDTM with a time before the name, as vsftpd has it; empty for none."""
        if "MFMT" in self._wire.features:
            return "MFMT"
        return "MDTM" if self._sets_by_mdtm and "MDTM" in self._wire.features else ""
