"""The practice SFTP server: one user, one password, one folder, on 127.0.0.1.

Paths are those of a chroot: "/" is the practice home, and no symbolic link leads out of it. There is no shell. Names that
are not UTF-8 are left out of listings, for the library that speaks the protocol cannot carry them.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hmac
import io
import logging
import os
import posixpath
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED
from paramiko.message import Message
from paramiko.sftp import CMD_VERSION, SFTP_FAILURE, SFTP_OK, SFTP_OP_UNSUPPORTED, SFTP_PERMISSION_DENIED

from .content import FILE_MODE, FOLDER_MODE
from .web import LOOPBACK

LOGIN_TIME_S = 30.0
P = ParamSpec("P")
T = TypeVar("T")
_log = logging.getLogger("paramiko.practice")
_WIRE = "paramiko.practice.wire"  # where the library says, with a traceback, that a visitor hung up: it is no news
logging.getLogger(_WIRE).setLevel(logging.CRITICAL)
_renaming = threading.Lock()  # "is the new name free" and "rename" are one act for all sessions


def _told(method: Callable[P, T]) -> Callable[P, T | int]:
    """Turns the errors of the file system into the protocol's status codes."""

    @functools.wraps(method)
    def carried_out(*args: P.args, **kwargs: P.kwargs) -> T | int:
        try:
            return method(*args, **kwargs)
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or errno.EIO)
        except ValueError:  # a NUL in a name
            return SFTP_FAILURE

    return carried_out


class OpenFile(SFTPHandle):
    """One open file; reads and writes at offsets, so that requests in any order are right."""

    def __init__(self, descriptor: int, flags: int) -> None:
        super().__init__(flags)
        self.descriptor = descriptor
        self._appending = bool(flags & os.O_APPEND)

    @_told
    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self.descriptor, min(length, 256 * 1024), offset)

    @_told
    def write(self, offset: int, data: bytes) -> int:
        rest = memoryview(data)
        while rest:
            done = os.write(self.descriptor, rest) if self._appending else os.pwrite(self.descriptor, rest, offset)
            rest, offset = rest[done:], offset + done
        return SFTP_OK

    @_told
    def stat(self) -> SFTPAttributes:
        return SFTPAttributes.from_stat(os.fstat(self.descriptor))

    @_told
    def chattr(self, attr: SFTPAttributes) -> int:
        return _set_attributes(self.descriptor, attr)

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class PracticeFiles(SFTPServerInterface):
    """File operations of one session, confined to the practice home."""

    def __init__(self, server: paramiko.ServerInterface, home: Path) -> None:
        super().__init__(server)
        self.home = os.path.realpath(home)

    def canonicalize(self, path: str) -> str:
        try:
            real = self._followed(path)
        except OSError:
            return _lexical(path)
        return "/" + os.path.relpath(real, self.home) if real != self.home else "/"

    @_told
    def list_folder(self, path: str) -> list[SFTPAttributes]:
        real = self._followed(path)
        found = []
        for name in filter(_sendable, os.listdir(real)):
            with contextlib.suppress(FileNotFoundError):  # gone since the listing
                found.append(SFTPAttributes.from_stat(os.lstat(os.path.join(real, name)), name))
        return found

    @_told
    def stat(self, path: str) -> SFTPAttributes:
        return SFTPAttributes.from_stat(os.stat(self._followed(path)))

    @_told
    def lstat(self, path: str) -> SFTPAttributes:
        return SFTPAttributes.from_stat(os.lstat(self._named(path)))

    @_told
    def open(self, path: str, flags: int, attr: SFTPAttributes) -> OpenFile:
        exclusive = flags & os.O_EXCL
        real = self._named(path) if exclusive else self._followed(path)
        wanted = (attr.st_mode & 0o7777) if attr.st_mode is not None else FILE_MODE
        is_new = bool(flags & os.O_CREAT) and not os.path.lexists(real)
        descriptor = os.open(real, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, wanted)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file")
        if is_new:
            os.fchmod(descriptor, wanted)  # whatever this process masks
        return OpenFile(descriptor, flags)

    @_told
    def remove(self, path: str) -> int:
        os.unlink(self._named(path))
        return SFTP_OK

    @_told
    def rename(self, oldpath: str, newpath: str) -> int:
        old, new = self._named(oldpath), self._named(newpath)
        with _renaming:
            if os.path.lexists(new):
                return SFTP_FAILURE
            os.rename(old, new)
        return SFTP_OK

    @_told
    def posix_rename(self, oldpath: str, newpath: str) -> int:
        old, new = self._named(oldpath), self._named(newpath)
        with _renaming:
            os.rename(old, new)
        return SFTP_OK

    @_told
    def mkdir(self, path: str, attr: SFTPAttributes) -> int:
        real = self._named(path)
        os.mkdir(real)
        os.chmod(real, (attr.st_mode & 0o7777) if attr.st_mode is not None else FOLDER_MODE)
        return SFTP_OK

    @_told
    def rmdir(self, path: str) -> int:
        os.rmdir(self._named(path))
        return SFTP_OK

    @_told
    def chattr(self, path: str, attr: SFTPAttributes) -> int:
        return _set_attributes(self._followed(path), attr)

    @_told
    def readlink(self, path: str) -> str | int:
        target = os.readlink(self._named(path))
        return target if _sendable(target) else SFTP_FAILURE

    def symlink(self, target_path: str, path: str) -> int:
        return SFTP_OP_UNSUPPORTED

    def _named(self, path: str) -> str:
        """The name itself on this machine; the folders on the way are followed, and must stay inside."""
        lexical = _lexical(path)
        if lexical == "/":
            return self.home
        folder, name = posixpath.split(lexical)
        return os.path.join(self._followed(folder), name)

    def _followed(self, path: str) -> str:
        """What the path leads to, links followed. Raises PermissionError outside the practice home."""
        real = os.path.realpath(self.home + _lexical(path))
        if real != self.home and not real.startswith(self.home + os.sep):
            raise PermissionError(errno.EACCES, "outside the practice home")
        return real


def _lexical(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/")) if path else "/"


def _sendable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _set_attributes(where: str | int, attr: SFTPAttributes) -> int:
    """Size, mode and times; an owner can only be set to the one there is."""
    flags = attr._flags  # which of the fields the client sent
    if flags & attr.FLAG_UIDGID:
        now = os.stat(where)
        if (attr.st_uid, attr.st_gid) != (now.st_uid, now.st_gid):
            return SFTP_PERMISSION_DENIED
    if flags & attr.FLAG_SIZE:
        os.truncate(where, attr.st_size)
    if flags & attr.FLAG_PERMISSIONS:
        os.chmod(where, stat.S_IMODE(attr.st_mode))
    if flags & attr.FLAG_AMTIME:
        os.utime(where, (attr.st_atime, attr.st_mtime))
    return SFTP_OK


class _Session(SFTPServer):
    """Tells clients that it renames over an existing file in one act: the library can, and does not say so."""

    def _send_packet(self, t: int, packet: Message) -> None:
        if t == CMD_VERSION:
            packet.add_string("posix-rename@openssh.com")
            packet.add_string("1")
        super()._send_packet(t, packet)


class _Door(paramiko.ServerInterface):
    """Who may come in: one user with one password, for SFTP and nothing else."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user.encode()
        self._password = password.encode()

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        same_user = hmac.compare_digest(username.encode("utf-8", "replace"), self._user)
        same_password = hmac.compare_digest(password.encode("utf-8", "replace"), self._password)
        return AUTH_SUCCESSFUL if same_user and same_password else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED


class PracticeSftpServer:
    """Bound to 127.0.0.1 and to nothing else. Port 0: a free one."""

    def __init__(self, home: Path, port: int, *, user: str, password: str, private_host_key: str, address: str = LOOPBACK) -> None:
        if address != LOOPBACK:
            raise ValueError(f"The practice site listens on {LOOPBACK} only, not on {address}.")
        self._home = home
        self._door = (user, password)
        self._key = paramiko.Ed25519Key.from_private_key(io.StringIO(private_host_key))
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._transports: set[paramiko.Transport] = set()
        self._listener = socket.create_server((address, port))
        self._thread = threading.Thread(target=self._accept, name="practice-sftp", daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Serves in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            with contextlib.suppress(OSError):  # a last visitor wakes the thread that waits for one
                socket.create_connection((LOOPBACK, self.port), timeout=1.0).close()
            self._thread.join(5.0)
        self._listener.close()
        with self._lock:
            open_now, self._transports = self._transports, set()
        for transport in open_now:
            transport.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                _log.warning("practice SFTP: %s", error.strerror)
                self._stopping.wait(0.5)  # out of descriptors: wait for some to be given back
                continue
            if self._stopping.is_set():
                connection.close()
                return
            threading.Thread(target=self._greet, args=(connection,), name="practice-sftp-login", daemon=True).start()

    def _greet(self, connection: socket.socket) -> None:
        """One session from its first byte; a visitor who has not opened a channel in time is sent away."""
        connection.settimeout(LOGIN_TIME_S)
        try:
            transport = paramiko.Transport(connection)
        except (OSError, EOFError, paramiko.SSHException):
            connection.close()
            return
        transport.set_log_channel(_WIRE)
        transport.banner_timeout = transport.auth_timeout = LOGIN_TIME_S
        transport.add_server_key(self._key)
        transport.set_subsystem_handler("sftp", _Session, PracticeFiles, self._home)
        with self._lock:
            self._transports = {one for one in self._transports if one.is_active()} | {transport}
        try:
            transport.start_server(server=_Door(*self._door))
        except (OSError, EOFError, paramiko.SSHException):
            transport.close()
            return
        self._keep(transport)

    def _keep(self, transport: paramiko.Transport) -> None:
        """Holds the channels of one session: the library closes one that nobody refers to."""
        channel = transport.accept(LOGIN_TIME_S)
        if channel is None:
            transport.close()
        channels = [channel]
        while transport.is_active():
            channel = transport.accept(1.0)
            channels = [one for one in (*channels, channel) if one is not None and not one.closed]
