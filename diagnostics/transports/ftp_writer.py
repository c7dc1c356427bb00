"""Writes over FTP: beside the file first, then in its place. Nothing is ever written through a link.

What FTP cannot promise: that a name is still free when RNTO takes it (most hosts overwrite what is there). It is looked at just before.
"""

from __future__ import annotations

import posixpath

from diagnostics.transports import ftp_lines
from diagnostics.transports.base import Capability, FileKind, NotFound, PermissionRefused, TransportError, Unsupported
from diagnostics.transports.failures import (
    already_exists,
    cannot_lead,
    explained,
    is_link,
    no_space,
    not_a_folder,
    not_a_link,
    not_empty,
    not_found,
    not_regular,
    owner_would_change,
    permission_refused,
    printable,
)
from diagnostics.transports.ftp import FtpReader
from diagnostics.transports.ftp_lines import Row
from diagnostics.transports.ftp_names import FULL, carried
from diagnostics.transports.ftp_replies import FtpRefused
from diagnostics.transports.paths import is_ours
from diagnostics.transports.writing import BesideWriter, not_taken_over
from sites.texts import mark as _

_NO_ENTRY = ("no space left", "quota exceeded", "disk full")  # said before any bytes were taken: there is none for one more file


class FtpWriter(BesideWriter, FtpReader):
    """Everything `Writer` asks for.

    Hosts that rename by rename(2) replace a file in one move. Where a host refuses to rename over a file, the old one is moved
    aside and the new one into its place: for an instant the name is missing, and a line that breaks just then leaves the old file
    under `.sitemend-….old` beside it.
    """

    _refuses_mdtm = False

    def _plain(self, path: str) -> str:
        return carried(path)

    def _seen(self, path: str) -> Row:
        return self._row(path)

    def remember(self, seconds: float) -> None:
        """Who writes looks at each name anew."""

    def rename(self, path: str, target: str) -> None:
        row = self._row_or_alone(carried(path), path)
        try:
            self._rename_to_free_name(carried(path), carried(target))
        except PermissionRefused as refused:
            if row.kind is FileKind.LINK:  # some hosts look through a link, and rename none that leads to nothing (vsftpd)
                raise cannot_lead(path) from refused
            raise

    def chmod(self, path: str, mode: int) -> None:
        row = self._row(path)
        if row.kind is FileKind.LINK:
            raise is_link(path)
        try:
            self._set_mode(path, mode)
        except PermissionRefused as refused:
            if row.mode is not None and not row.mode & 0o400:  # Pure-FTPd opens what it changes (src/ftpd.c, dochmod)
                hint = _("Nothing was changed. Connect by SFTP or SSH, or set the mode in the host's file manager.")
                raise explained(
                    PermissionRefused, _("This FTP server sets no mode of what may not be read: {path}."), hint, path=printable(path)
                ) from refused
            raise
        if self._row(path).mode != mode:
            raise explained(TransportError, _("The host did not take over the mode of {path}."), path=printable(path))

    def set_mtime(self, path: str, mtime: float) -> None:
        if self._row(path).kind is FileKind.LINK:
            raise is_link(path)
        if not self._set_time(path, carried(path), mtime):
            raise explained(Unsupported, _("The host does not let times be set over FTP."))

    def remove(self, path: str) -> None:
        if self._row_or_alone(carried(path), path).kind is not FileKind.FILE:
            raise not_regular(path)
        self._delete(carried(path), path)

    def empty(self, path: str) -> None:
        if self._row(path).kind is not FileKind.FILE:
            raise not_regular(path)
        try:
            self._wire.store(carried(path), b"")
        except FtpRefused as refused:
            raise self._not_stored(refused, path) from refused

    def make_folder(self, path: str, mode: int) -> None:
        if self._what_is_there(path) is not None:
            raise already_exists(path)
        try:
            self._wire.need("MKD", carried(path))
        except FtpRefused as refused:
            if self._what_is_there(path) is not None:  # since we looked
                raise already_exists(path) from refused
            full = refused.reply.code in (452, 552)
            raise no_space(path) if full else self._not_moved(refused, carried(path), carried(path)) from refused
        try:
            if self._row(path).mode not in (None, mode):
                self.chmod(path, mode)
        except BaseException:
            self._discard(path, "RMD")
            raise

    def remove_folder(self, path: str) -> None:
        """Some hosts take away with a folder what is in it: that nothing is, is seen just before."""
        if self._row(path).kind is not FileKind.FOLDER:
            raise not_a_folder(path)
        if self.list(path):
            raise not_empty(path)
        self._do(path, "RMD", carried(path))

    def lead_link(self, path: str, target: str, mtime: float | None = None) -> None:
        """FTP has no word for it."""
        raise cannot_lead(path)

    def remove_link(self, path: str) -> None:
        if self._row_or_alone(carried(path), path).kind is not FileKind.LINK:
            raise not_a_link(path)
        self._delete(carried(path), path)

    def _fill(self, begun: None, path: str, temporary: str, content: bytes, mode: int, mtime: float | None, old: Row | None) -> None:
        try:
            if not mode & 0o077 and Capability.CHMOD in self.capabilities:
                self._wire.store(temporary, b"")  # nobody else may read it while it is filled
                self._wire.need("SITE", f"CHMOD 0600 {temporary}")
            self._wire.store(temporary, content)
            self._finish(path, temporary, content, mode, mtime, old)
        except FtpRefused as refused:
            raise self._not_stored(refused, path) from refused

    def _finish(self, path: str, temporary: str, content: bytes, mode: int, mtime: float | None, old: Row | None) -> None:
        """Mode and time as they shall be; then everything is looked at as the host lists it."""
        stored = self._row(temporary)
        if stored.size != len(content):
            raise no_space(path)
        if old is not None and (stored.owner, stored.group) != (old.owner, old.group):
            raise owner_would_change(path)
        if stored.mode is not None and stored.mode != mode:
            self._set_mode(temporary, mode)
        kept = mtime is not None and self._set_time(path, temporary, mtime)
        done = self._row(temporary)
        timed = mtime is None or not kept or int(done.mtime) == int(mtime)
        if done.mode not in (None, mode) or not timed:
            raise not_taken_over(path)

    def _set_time(self, path: str, name: str, mtime: float) -> bool:
        """False where the host has no way to do it. Where only trying tells whether MDTM sets times, this is where it is tried."""
        stamp = f"{ftp_lines.as_stamp(mtime)} {name}"
        if self._time_command() == "MFMT":
            self._do(path, "MFMT", stamp)
            return True
        if "MDTM" not in self._wire.features or self._refuses_mdtm:
            return False
        reply = self._wire.ask("MDTM", stamp)
        self._sets_by_mdtm = 200 <= reply.code < 300 and int(self._row(name).mtime) == int(mtime)
        self._refuses_mdtm = not self._sets_by_mdtm
        return self._sets_by_mdtm

    def _put_in_place(self, temporary: str, target: str, size: int, *, replace: bool) -> None:
        if not replace:
            self._rename_to_free_name(temporary, target)
            return
        try:
            self._renamed(temporary, target)
        except FtpRefused as refused:
            if refused.reply.code == 421 or self._what_is_there(temporary) is None:
                raise self._why(refused, target, target) from refused
            self._swap(temporary, target)
            return
        if self._row(target).size != size:
            raise explained(TransportError, _("The host did not keep the change to {path}."), path=printable(target))

    def _move(self, path: str, target: str) -> None:
        shown = target if is_ours(path) else path  # our own hidden names say nothing to a person
        try:
            self._renamed(path, target)
        except FtpRefused as refused:
            raise self._why(refused, shown, shown) from refused

    def _delete(self, name: str, path: str) -> None:
        self._do(path, "DELE", name)

    def _discard(self, temporary: str, command: str = "DELE") -> None:
        try:
            self._wire.ask(command, temporary)  # why it was refused is nobody's concern
        except TransportError:
            pass

    def _rename_to_free_name(self, path: str, target: str) -> None:
        if self._what_is_there(target) is not None:
            raise already_exists(target)
        try:
            self._renamed(path, target)
        except FtpRefused as refused:
            raise self._not_moved(refused, path, target) from refused

    def _renamed(self, path: str, target: str) -> None:
        reply = self._wire.need("RNFR", path)
        if reply.code != 350:
            raise FtpRefused(reply)
        self._wire.need("RNTO", target)

    def _not_moved(self, refused: FtpRefused, path: str, target: str) -> TransportError:
        """The name is free and what is to be moved (or made) is there: what a host refuses then without a word is the right to do it."""
        try:
            self._row_or_alone(posixpath.dirname(target))
        except NotFound:
            return not_found(posixpath.dirname(target))
        error = self._why(refused, path, path)
        return permission_refused(target) if isinstance(error, NotFound) else error

    def _set_mode(self, path: str, mode: int) -> None:
        reply = self._wire.ask("SITE", f"CHMOD {mode:04o} {carried(path)}")
        if reply.code in (202, 500, 501, 502, 504):
            hint = _("Nothing was changed. Use SFTP, or set it in the host's file manager.")
            raise explained(Unsupported, _("The host does not let modes be set over FTP."), hint)
        if not 200 <= reply.code < 300:
            raise self._why(FtpRefused(reply), carried(path), path)

    def _do(self, path: str, command: str, argument: str) -> None:
        try:
            self._wire.need(command, argument)
        except FtpRefused as refused:
            raise self._why(refused, carried(path), path) from refused

    def _not_stored(self, refused: FtpRefused, path: str) -> TransportError:
        reply = refused.reply
        # A host that has begun to take bytes and stops has no room for them, unless it is the line that broke.
        began_full = refused.in_transfer and (not refused.line_failed or reply.mentions(*FULL))
        full = began_full or reply.mentions(*_NO_ENTRY)
        if reply.code != 421 and (full or reply.code in (452, 552)):
            return no_space(path)
        return self._why(refused, posixpath.dirname(carried(path)), path)
