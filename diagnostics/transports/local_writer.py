"""Writes files of this machine: beside the file first, then in its place. Nothing is ever written through a link."""

from __future__ import annotations

import errno
import os
import posixpath
import stat as modes
import time
from collections.abc import Iterator
from contextlib import contextmanager

from diagnostics.transports.base import FileKind
from diagnostics.transports.failures import already_exists, is_link, not_a_folder, not_a_link, not_empty, not_regular, owner_would_change
from diagnostics.transports.local import FOLDER, LocalReader
from diagnostics.transports.paths import beside, checked

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class LocalWriter(LocalReader):
    """Everything `Writer` asks for, on plain files."""

    def write_atomic(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        with self._at(path) as (folder, name):
            old = _status(name, folder)
            if old is not None and not modes.S_ISREG(old.st_mode):
                raise is_link(path) if modes.S_ISLNK(old.st_mode) else not_regular(path)
            with _stored_beside(path, folder, content, mode, mtime, old) as temporary:
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            _settle(folder)

    def create_exclusive(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        with self._at(path) as (folder, name):
            if _status(name, folder) is not None:
                raise already_exists(path)
            with _stored_beside(path, folder, content, mode, mtime, None) as temporary:
                os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
                os.unlink(temporary, dir_fd=folder)
            _settle(folder)

    def rename(self, path: str, target: str) -> None:
        kind = self.stat(path).kind
        with self._at(target) as (to_folder, to_name):
            if _status(to_name, to_folder) is not None:
                raise already_exists(target)
            with self._at(path) as (folder, name):
                try:
                    if kind is not FileKind.FOLDER:
                        # A link cannot overwrite, a rename would.
                        os.link(name, to_name, src_dir_fd=folder, dst_dir_fd=to_folder, follow_symlinks=False)
                        os.unlink(name, dir_fd=folder)
                    else:
                        os.rename(name, to_name, src_dir_fd=folder, dst_dir_fd=to_folder)
                except FileExistsError as error:
                    raise already_exists(target) from error

    def chmod(self, path: str, mode: int) -> None:
        with self._at(path) as (folder, name):
            if modes.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise is_link(path)
            _chmod(name, folder, mode)

    def set_mtime(self, path: str, mtime: float) -> None:
        with self._at(path) as (folder, name):
            now = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if modes.S_ISLNK(now.st_mode):
                raise is_link(path)
            os.utime(name, ns=(now.st_atime_ns, _nanoseconds(mtime)), dir_fd=folder, follow_symlinks=False)

    def remove(self, path: str) -> None:
        with self._at(path) as (folder, name):
            if not modes.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise not_regular(path)
            os.unlink(name, dir_fd=folder)

    def empty(self, path: str) -> None:
        with self._at(path) as (folder, name):
            if not modes.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise not_regular(path)
            os.close(os.open(name, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder))

    def make_folder(self, path: str, mode: int) -> None:
        with self._at(path) as (folder, name):
            if _status(name, folder) is not None:
                raise already_exists(path)
            os.mkdir(name, 0o700, dir_fd=folder)
            try:
                _chmod(name, folder, mode)
            except BaseException:
                os.rmdir(name, dir_fd=folder)
                raise
            _settle(folder)

    def remove_folder(self, path: str) -> None:
        with self._at(path) as (folder, name):
            if not modes.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise not_a_folder(path)
            try:
                os.rmdir(name, dir_fd=folder)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    raise not_empty(path) from error
                raise
            _settle(folder)

    def lead_link(self, path: str, target: str, mtime: float | None = None) -> None:
        with self._at(path) as (folder, name):
            old = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not modes.S_ISLNK(old.st_mode):
                raise not_a_link(path)
            temporary = posixpath.basename(beside(checked(path), "tmp"))
            os.symlink(target, temporary, dir_fd=folder)
            try:
                _keep_owner_of_link(path, temporary, folder, old)
                if mtime is not None:
                    os.utime(temporary, ns=(time.time_ns(), _nanoseconds(mtime)), dir_fd=folder, follow_symlinks=False)
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                os.unlink(temporary, dir_fd=folder)
                raise
            _settle(folder)

    def remove_link(self, path: str) -> None:
        with self._at(path) as (folder, name):
            if not modes.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise not_a_link(path)
            os.unlink(name, dir_fd=folder)


@contextmanager
def _stored_beside(path: str, folder: int, content: bytes, mode: int, mtime: float | None, old: os.stat_result | None) -> Iterator[str]:
    """The name, in the same folder, of a temporary file that is complete and on the disk; gone again after any failure."""
    temporary = posixpath.basename(beside(checked(path), "tmp"))
    descriptor = os.open(temporary, _NEW_FILE, 0o600, dir_fd=folder)
    try:
        try:
            _keep_owner(path, descriptor, old)
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fchmod(descriptor, mode)
            if mtime is not None:
                os.utime(descriptor, ns=(os.fstat(descriptor).st_atime_ns, _nanoseconds(mtime)))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        yield temporary
    except BaseException:
        try:
            os.unlink(temporary, dir_fd=folder)
        except OSError:
            pass  # the first failure is the one to tell
        raise


def _keep_owner(path: str, descriptor: int, old: os.stat_result | None) -> None:
    new = os.fstat(descriptor)
    if old is None or (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid):
        return
    try:
        os.fchown(descriptor, old.st_uid, old.st_gid)
    except OSError as error:
        raise owner_would_change(path) from error


def _keep_owner_of_link(path: str, name: str, folder: int, old: os.stat_result) -> None:
    new = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid):
        return
    try:
        os.chown(name, old.st_uid, old.st_gid, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        raise owner_would_change(path) from error


def _status(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _chmod(name: str, folder: int, mode: int) -> None:
    """By descriptor, which works on files we cannot read and cannot be led through a link; else by the name just looked at."""
    if not hasattr(os, "O_PATH"):
        os.chmod(name, mode, dir_fd=folder, follow_symlinks=False)
        return
    descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.chmod(f"/proc/self/fd/{descriptor}", mode)
    except (FileNotFoundError, PermissionError):
        os.chmod(name, mode, dir_fd=folder)  # /proc is hidden from this process
    finally:
        os.close(descriptor)


def _settle(folder: int) -> None:
    """The new name itself on the disk. The folder is opened anew: the one in hand cannot be synced."""
    try:
        descriptor = os.open(".", FOLDER, dir_fd=folder)
    except PermissionError:
        return  # a folder that may be written but not read
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
