"""One real OpenSSH server per kind of login and session; a `Place` is a folder on a host with both ends of it in hand."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnostics.transports import open_writer
from diagnostics.transports.base import ConnectionDetails, FileKind, Writer
from sites.probing.guard import Guard
from tests.fakes import FakeHost, Node
from tests.ftp_servers import FtpServer, pure_ftpd, pyftpdlib, vsftpd
from tests.servers import SshServer, account, sshd

GUARD = Guard()


def details_for(server: SshServer | FtpServer, protocol: str = "ssh", **changes: object) -> ConnectionDetails:
    values: dict[str, object] = {
        "protocol": protocol,
        "address": server.address,
        "port": server.port,
        "user": server.user,
        "password": server.password if isinstance(server, FtpServer) else "",
        "private_key": "" if isinstance(server, FtpServer) else server.private_key_text,
        "host_key": server.host_key,
        "exempt": (server.address, server.port),
        "connect_timeout_s": 5.0,
        "operation_timeout_s": 5.0,
    }
    values.update(changes)
    return ConnectionDetails(**values)  # type: ignore[arg-type]


@dataclass
class Place:
    """A folder as the transport names it (`path`), and what tests need to prepare and look at it from behind."""

    writer: Writer
    path: str
    real: Path | None
    server: SshServer | FtpServer | None = None
    uid: int = 0
    gid: int = 0

    def carries(self, name: str) -> bool:
        """Whether the transport can be told such a name at all."""
        return not isinstance(self.server, FtpServer) or self.server.carries(name)

    @property
    def kind(self) -> str:
        """The FTP server's name, empty for other transports."""
        return self.server.kind if isinstance(self.server, FtpServer) else ""

    def at(self, name: str) -> str:
        return f"{self.path}/{name}"

    def put(self, name: str, content: bytes = b"", mode: int = 0o644, mtime: int = 1_600_000_000) -> str:
        if self.real is None:
            assert isinstance(self.writer, FakeHost)
            self.writer.put(self.at(name), Node(content=content, mode=mode, mtime=float(mtime)))
            return self.at(name)
        file = self.real / name
        file.write_bytes(content)
        self._own(file)
        file.chmod(mode)
        os.utime(file, (mtime, mtime))
        return self.at(name)

    def folder(self, name: str, mode: int = 0o755) -> str:
        if self.real is None:
            assert isinstance(self.writer, FakeHost)
            self.writer.put(self.at(name), Node(FileKind.FOLDER, mode=mode))
            return self.at(name)
        (self.real / name).mkdir()
        self._own(self.real / name)
        (self.real / name).chmod(mode)
        return self.at(name)

    def link(self, name: str, target: str) -> str:
        if self.real is None:
            assert isinstance(self.writer, FakeHost)
            self.writer.put(self.at(name), Node(FileKind.LINK, mode=0o777, target=target))
            return self.at(name)
        (self.real / name).symlink_to(target)
        self._own(self.real / name)
        return self.at(name)

    def content(self, name: str) -> bytes:
        if self.real is None:
            assert isinstance(self.writer, FakeHost)
            return self.writer.nodes[self.at(name)].content
        with as_root():
            return (self.real / name).read_bytes()

    def names(self) -> list[str]:
        if self.real is None:
            return sorted(entry.path.rpartition("/")[2] for entry in self.writer.list(self.path))
        return sorted(os.listdir(self.real))

    def _own(self, path: Path) -> None:
        if os.getuid() == 0 and os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


@contextlib.contextmanager
def as_root() -> Iterator[None]:
    before = os.geteuid()
    if os.getuid() == 0:
        os.seteuid(0)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture(scope="session")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="session")
def sftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("sshd"), sftp_only=True) as server:
        yield server


@pytest.fixture(scope="session")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """An SFTP server without OpenSSH's extensions for renaming, syncing and free space."""
    denied = "-P posix-rename,statvfs,fsync,lsetstat"
    with sshd(tmp_path_factory.mktemp("sshd"), sftp_only=True, sftp_options=denied) as server:
        yield server


FTP_SERVERS = {
    "vsftpd": lambda folder: vsftpd(folder),
    "vsftpd-tls": lambda folder: vsftpd(folder, tls=True, extra=("require_ssl_reuse=NO",)),
    "vsftpd-reuse": lambda folder: vsftpd(folder, tls=True, extra=("require_ssl_reuse=YES",)),
    "pure-ftpd": lambda folder: pure_ftpd(folder),
    "pure-ftpd-tls": lambda folder: pure_ftpd(folder, tls=True),
    "pyftpdlib": lambda folder: pyftpdlib(folder),
    "pyftpdlib-bare": lambda folder: pyftpdlib(folder, without=("MLSD", "MLST")),
}
FTP = tuple(FTP_SERVERS)


@pytest.fixture(scope="session")
def ftp_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], FtpServer]]:
    """The FTP servers by name, each started when it is first asked for."""
    with contextlib.ExitStack() as stack:
        running: dict[str, FtpServer] = {}

        def get(name: str) -> FtpServer:
            if name not in running:
                running[name] = stack.enter_context(FTP_SERVERS[name](tmp_path_factory.mktemp("ftpd")))
            return running[name]

        yield get


@contextlib.contextmanager
def place_on(server: SshServer | FtpServer, protocol: str) -> Iterator[Place]:
    real = Path(tempfile.mkdtemp(dir=server.home))
    real.chmod(0o755)
    server.own(real)
    try:
        with open_writer(details_for(server, protocol), guard=GUARD) as writer:
            yield Place(writer, f"{server.remote_home}/{real.name}", real, server, server.uid, server.gid)
    finally:
        shutil.rmtree(real, ignore_errors=True)


@pytest.fixture(scope="session")
def local_account() -> Iterator[tuple[Path, pwd.struct_passwd]]:
    base = Path(tempfile.mkdtemp(prefix="sitemend-local-"))
    base.chmod(0o755)
    try:
        with account(base, str(base), "unused") as who:
            yield base, who
    finally:
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def local_place(local_account: tuple[Path, pwd.struct_passwd]) -> Iterator[Place]:
    """As an account that is not root, so that the system refuses what it would refuse there."""
    base, who = local_account
    real = Path(tempfile.mkdtemp(dir=base))
    real.chmod(0o755)
    if os.getuid() == 0:
        os.chown(real, who.pw_uid, who.pw_gid)
        os.setegid(who.pw_gid)
        os.seteuid(who.pw_uid)
    try:
        with open_writer(ConnectionDetails("local", "", 0, ""), local_roots=[str(real)]) as writer:
            yield Place(writer, str(real), real, None, who.pw_uid, who.pw_gid)
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
            os.setegid(0)
        shutil.rmtree(real, ignore_errors=True)


# Each kind of server in every run; the variants that differ in little else than encryption with the complete tests only.
_SELDOM = ("vsftpd-tls", "pure-ftpd", "pyftpdlib-bare")
REAL_PLACES = [
    *("ssh", "sftp", "bare", "local"),
    *(pytest.param(name, marks=pytest.mark.full) if name in _SELDOM else name for name in FTP_SERVERS),
]


@pytest.fixture(params=["fake", *REAL_PLACES])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "fake":
        yield Place(FakeHost(home="/home/demo"), "/home/demo", None)
    elif request.param == "local":
        yield request.getfixturevalue("local_place")
    elif request.param in FTP_SERVERS:
        server = request.getfixturevalue("ftp_servers")(request.param)
        with place_on(server, server.protocol) as found:
            yield found
    else:
        server = request.getfixturevalue(f"{request.param}_server")
        with place_on(server, "ssh" if request.param == "ssh" else "sftp") as found:
            yield found
