"""Writes over SFTP: beside the file first, then in its place. Nothing is ever written through a link."""

from __future__ import annotations

import stat as modes
import time
from contextlib import suppress

from diagnostics.transports import sftp_packets
from diagnostics.transports.base import FileKind, Stat, TransportError
from diagnostics.transports.failures import (
    already_exists,
    cannot_lead,
    explained,
    is_link,
    no_space,
    not_a_folder,
    not_a_link,
    not_empty,
    not_regular,
    owner_would_change,
    printable,
)
from diagnostics.transports.paths import beside, checked
from diagnostics.transports.sftp import SftpReader
from diagnostics.transports.sftp_answers import from_status, to_bytes
from diagnostics.transports.sftp_packets import Attrs, SftpStatus
from diagnostics.transports.writing import BesideWriter, not_taken_over
from sites.texts import mark as _

_PRIVATE = modes.S_IFREG | 0o600


class SftpWriter(BesideWriter, SftpReader):
    """Everything `Writer` asks for.

    Where the host lacks posix-rename (no ATOMIC_REPLACE), the old file is moved aside and the new one into its place: for
    an instant the name is missing, and a line that breaks just then leaves the old file under `.sitemend-….old` beside it.
    """

    def _plain(self, path: str) -> str:
        return checked(path)

    def _seen(self, path: str) -> Stat:
        return self.stat(path)

    def rename(self, path: str, target: str) -> None:
        self.stat(path)
        if self._what_is_there(target) is not None:
            raise already_exists(target)
        self._rename_to_free_name(checked(path), checked(target))

    def chmod(self, path: str, mode: int) -> None:
        if self.stat(path).kind is FileKind.LINK:
            raise is_link(path)
        self._set(path, Attrs(mode=mode))
        if self.stat(path).mode != mode:
            raise explained(TransportError, _("The host did not take over the mode of {path}."), path=printable(path))

    def set_mtime(self, path: str, mtime: float) -> None:
        now = self._lstat(path)
        if modes.S_ISLNK(now.mode or 0):
            raise is_link(path)
        self._set(path, Attrs(atime=now.atime if now.atime is not None else int(time.time()), mtime=int(mtime)))

    def remove(self, path: str) -> None:
        if self.stat(path).kind is not FileKind.FILE:
            raise not_regular(path)
        self._delete(checked(path), path)

    def empty(self, path: str) -> None:
        if self.stat(path).kind is not FileKind.FILE:
            raise not_regular(path)
        flags = sftp_packets.FLAG_WRITE | sftp_packets.FLAG_TRUNCATE
        handle = self._try(path, lambda: self._wire.open(to_bytes(checked(path)), flags))
        self._try(path, lambda: self._wire.close(handle))

    def make_folder(self, path: str, mode: int) -> None:
        if self._what_is_there(path) is not None:
            raise already_exists(path)
        raw = to_bytes(checked(path))
        try:
            self._wire.mkdir(raw, Attrs(mode=0o700))
        except SftpStatus as status:
            # A server says no more than "failure" of a name that is taken since we looked.
            raise (already_exists(path) if self._what_is_there(path) is not None else self._not_stored(status, path)) from status
        try:
            self.chmod(path, mode)
        except BaseException:
            with suppress(SftpStatus, TransportError):  # the first failure is the one to tell
                self._wire.rmdir(raw)
            raise

    def remove_folder(self, path: str) -> None:
        if self.stat(path).kind is not FileKind.FOLDER:
            raise not_a_folder(path)
        try:
            self._wire.rmdir(to_bytes(checked(path)))
        except SftpStatus as status:
            raise (not_empty(path) if status.code == sftp_packets.FAILURE else from_status(status, path)) from status

    def lead_link(self, path: str, target: str, mtime: float | None = None) -> None:
        """Only where the host has posix-rename: who has it also takes the arguments of SYMLINK in OpenSSH's order."""
        old = self.stat(path)
        if old.kind is not FileKind.LINK:
            raise not_a_link(path)
        if "posix-rename@openssh.com" not in self._wire.extensions:
            raise cannot_lead(path)
        temporary = beside(checked(path), "tmp")
        try:
            self._wire.symlink(to_bytes(temporary), to_bytes(target))
        except SftpStatus as status:
            raise self._not_stored(status, path) from status
        try:
            if self.link_target(temporary) != target:
                raise cannot_lead(path)
            self._keep_owner_of_link(path, temporary, old)
            if mtime is not None:
                self._set_on_link(temporary, Attrs(atime=int(time.time()), mtime=int(mtime)))
            self._put_in_place(temporary, checked(path), 0, replace=True)
        except BaseException:
            self._discard(temporary)
            raise

    def remove_link(self, path: str) -> None:
        if self.stat(path).kind is not FileKind.LINK:
            raise not_a_link(path)
        self._delete(checked(path), path)

    def _keep_owner_of_link(self, path: str, temporary: str, old: Stat) -> None:
        new = self.stat(temporary)
        if None in (old.uid, old.gid) or (new.uid, new.gid) == (old.uid, old.gid):
            return
        self._set_on_link(temporary, Attrs(uid=old.uid, gid=old.gid))
        new = self.stat(temporary)
        if (new.uid, new.gid) != (old.uid, old.gid):
            raise owner_would_change(path)

    def _set_on_link(self, path: str, attrs: Attrs) -> None:
        """Of the link itself, where the host can do it: nothing that it leads to is touched."""
        if "lsetstat@openssh.com" in self._wire.extensions:
            with suppress(SftpStatus):
                self._wire.lsetstat(to_bytes(path), attrs)

    def _begin(self, path: str, temporary: str) -> bytes:
        """The handle of a new file that nobody else may read."""
        flags = sftp_packets.FLAG_WRITE | sftp_packets.FLAG_CREATE | sftp_packets.FLAG_EXCLUSIVE
        try:
            return self._wire.open(to_bytes(temporary), flags, Attrs(mode=_PRIVATE))
        except SftpStatus as status:
            raise self._not_stored(status, path) from status

    def _fill(self, begun: bytes, path: str, temporary: str, content: bytes, mode: int, mtime: float | None, old: Stat | None) -> None:
        try:
            self._write_all(begun, path, temporary, content, old)
            self._finish(path, temporary, mode, mtime, len(content))
        except SftpStatus as status:
            raise from_status(status, path) from status

    def _write_all(self, handle: bytes, path: str, temporary: str, content: bytes, old: Stat | None) -> None:
        try:
            self._make_private(temporary, handle)
            self._keep_owner(path, temporary, handle, old)
            try:
                self._wire.write(handle, content)
                if "fsync@openssh.com" in self._wire.extensions:
                    self._wire.fsync(handle)
            except SftpStatus as status:
                # OpenSSH names no reason: a regular file that is open for writing refuses bytes for want of room.
                raise (no_space(path) if status.code == sftp_packets.FAILURE else from_status(status, path)) from status
            if self._wire.fstat(handle).size != len(content):
                raise no_space(path)
        except BaseException:
            self._wire.close_quietly(handle)
            raise
        try:
            self._wire.close(handle)
        except SftpStatus as status:
            raise no_space(path) from status  # quotas of network file systems speak up at the close

    def _make_private(self, temporary: str, handle: bytes) -> None:
        if modes.S_IMODE(self._wire.fstat(handle).mode or 0) & 0o077:
            self._set(temporary, Attrs(mode=0o600))

    def _keep_owner(self, path: str, temporary: str, handle: bytes, old: Stat | None) -> None:
        """Undo promises the same owners: a login that cannot keep them must not replace the file."""
        if old is None or old.uid is None or old.gid is None:
            return
        new = self._wire.fstat(handle)
        if (new.uid, new.gid) == (old.uid, old.gid):
            return
        try:
            self._wire.setstat(to_bytes(temporary), Attrs(uid=old.uid, gid=old.gid))
        except SftpStatus as status:
            raise owner_would_change(path) from status
        new = self._wire.fstat(handle)
        if (new.uid, new.gid) != (old.uid, old.gid):
            raise owner_would_change(path)

    def _finish(self, path: str, temporary: str, mode: int, mtime: float | None, size: int) -> None:
        self._set(temporary, Attrs(mode=mode))
        if mtime is not None:
            self._set(temporary, Attrs(atime=int(time.time()), mtime=int(mtime)))
        done = self.stat(temporary)
        if done.size != size:
            raise no_space(path)
        if done.mode != mode or (mtime is not None and int(done.mtime) != int(mtime)):
            raise not_taken_over(path)

    def _put_in_place(self, temporary: str, target: str, size: int, *, replace: bool) -> None:
        if "posix-rename@openssh.com" in self._wire.extensions:
            self._try(target, lambda: self._wire.posix_rename(to_bytes(temporary), to_bytes(target)))
        elif not replace:
            self._rename_to_free_name(temporary, target)
        else:
            self._swap(temporary, target)

    def _move(self, path: str, target: str) -> None:
        self._rename_to_free_name(path, target)

    def _delete(self, name: str, path: str) -> None:
        self._try(path, lambda: self._wire.remove(to_bytes(name)))

    def _rename_to_free_name(self, path: str, target: str) -> None:
        """OpenSSH renames files by link and unlink, which cannot overwrite."""
        try:
            self._wire.rename(to_bytes(path), to_bytes(target))
        except SftpStatus as status:
            if status.code in (sftp_packets.FAILURE, sftp_packets.PERMISSION_DENIED) and self._what_is_there(target) is not None:
                raise already_exists(target) from status
            if status.code == sftp_packets.FAILURE and "posix-rename@openssh.com" in self._wire.extensions and 0 in self._free(target):
                # Where no file entry is left, some file systems (tmpfs) have none for a link either. The name was free just now.
                self._try(path, lambda: self._wire.posix_rename(to_bytes(path), to_bytes(target)))
                return
            raise from_status(status, path) from status

    def _set(self, path: str, attrs: Attrs) -> None:
        """Changes attributes of the name itself; by lsetstat where the host has it, which cannot be led through a link."""
        raw = to_bytes(checked(path))
        if "lsetstat@openssh.com" in self._wire.extensions:
            try:
                self._wire.lsetstat(raw, attrs)
                return
            except SftpStatus as status:
                if status.code not in (sftp_packets.FAILURE, sftp_packets.OP_UNSUPPORTED):
                    raise from_status(status, path) from status
                # Some systems cannot change modes without following; the name was looked at just before.
        self._try(path, lambda: self._wire.setstat(raw, attrs))

    def _not_stored(self, status: SftpStatus, path: str) -> TransportError:
        if status.code == sftp_packets.FAILURE and 0 in self._free(path):
            return no_space(path)
        return from_status(status, path)

    def _free(self, path: str) -> tuple[int, ...]:
        if "statvfs@openssh.com" not in self._wire.extensions:
            return ()
        try:
            return self._wire.free_bytes(to_bytes(checked(path).rpartition("/")[0] or "/"))
        except SftpStatus:
            return ()
