"""Real FTP servers for tests, as ordinary processes on loopback: vsftpd, pure-ftpd and pyftpdlib, plain and under TLS."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers import Listener, account, free_port, listening


@dataclass
class FtpServer:
    """A running server and the one account that may log in. Its names are those of `SshServer`, so that a place can lie on either."""

    kind: str  # "vsftpd", "pure-ftpd", "pyftpdlib"
    address: str
    port: int
    user: str
    uid: int
    gid: int
    password: str
    home: Path
    remote_home: str
    log: Path
    certificate: Path | None
    _command: list[str] = field(repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def protocol(self) -> str:
        return "ftps" if self.certificate else "ftp"

    @property
    def host_key(self) -> str:
        """The certificate to pin; empty without TLS."""
        if self.certificate is None:
            return ""
        shown = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        return "x509 " + b64encode(shown.public_bytes(serialization.Encoding.DER)).decode("ascii")

    def carries(self, name: str) -> bool:
        """Whether this server can be told such a name at all."""
        if any(char in name for char in "\r\n"):
            return False
        if self.kind == "pure-ftpd":  # refuses control characters, and what is special to other systems
            return "\\" not in name and (name.isprintable() or any(0xDC80 <= ord(char) <= 0xDCFF for char in name))
        return True

    def own(self, path: Path) -> None:
        """Gives a file or folder (the link itself, not what it points at) to the account."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )  # each connection is a process of its own: they are ended together
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((self.address, self.port), 1):
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.kind} did not start: {self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        self._process = None

    def change_certificate(self) -> None:
        """Another self-signed certificate, same port."""
        assert self.certificate is not None
        self.stop()
        write_certificate(self.certificate)
        self.start()


def write_certificate(path: Path, *, name: str = "127.0.0.1", days: int = 30) -> None:
    """A self-signed certificate with its key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.touch(mode=0o600)
    path.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))


def _binary(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/opt/pure-ftpd/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    if os.geteuid() != 0:
        pytest.skip(f"{name} logs in accounts of the system, which only root can make")
    return found


@contextlib.contextmanager
def _serving(
    kind: str, tmp_path: Path, *, tls: bool, command: Callable[[Path, int, str, str, str], list[str]], port: int = 0
) -> Iterator[FtpServer]:
    """An account with a home, and what `command(folder, port, user, password, home)` runs for it."""
    base = Path(tempfile.mkdtemp(prefix="sitemend-ftpd-"))
    password = secrets.token_urlsafe(12)
    try:
        base.chmod(0o755)
        home = base / "home"
        home.mkdir()
        certificate = base / "server.pem" if tls else None
        if certificate:
            write_certificate(certificate)
        with account(home, str(home), password) as who:
            port = port or free_port()
            server = FtpServer(
                kind, "127.0.0.1", port, who.pw_name, who.pw_uid, who.pw_gid, password, home, str(home),
                tmp_path / f"{kind}-{port}.log", certificate, command(base, port, who.pw_name, password, str(home)),
            )  # fmt: skip
            server.start()
            try:
                yield server
            finally:
                server.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)


@contextlib.contextmanager
def vsftpd(tmp_path: Path, *, tls: bool = False, implicit: bool = False, extra: tuple[str, ...] = ()) -> Iterator[FtpServer]:
    """Debian's vsftpd: no MLSD, times by MDTM, dot files shown to `LIST -a` only. `extra`: further lines of configuration."""
    binary = _binary("vsftpd")

    def command(base: Path, port: int, user: str, password: str, home: str) -> list[str]:
        empty = base / "empty"
        empty.mkdir()
        lines = [
            "listen=YES", "listen_address=127.0.0.1", f"listen_port={port}", "background=NO", "seccomp_sandbox=NO", "isolate=NO",
            "isolate_network=NO", "anonymous_enable=NO", "local_enable=YES", "write_enable=YES", "pam_service_name=vsftpd",
            f"secure_chroot_dir={empty}", "local_umask=022", "pasv_enable=YES", "chmod_enable=YES", "max_per_ip=50", "delay_failed_login=0",
            "xferlog_enable=NO", f"vsftpd_log_file={base}/vsftpd.log", "dual_log_enable=NO",
            *([f"rsa_cert_file={base}/server.pem", "ssl_enable=YES", "force_local_data_ssl=YES", "force_local_logins_ssl=YES",
               "ssl_ciphers=HIGH"] if tls else []),
            *(["implicit_ssl=YES"] if implicit else []), *extra,
        ]  # fmt: skip
        config = base / "vsftpd.conf"
        config.write_text("\n".join(lines) + "\n")
        return [binary, str(config)]

    with _serving("vsftpd", tmp_path, tls=tls, command=command) as server:
        yield server


@contextlib.contextmanager
def pure_ftpd(tmp_path: Path, *, tls: bool = False, options: tuple[str, ...] = ()) -> Iterator[FtpServer]:
    """Debian's pure-ftpd: MLSD without dot files, MFMT. `options`: further ones of its command line."""
    binary = _binary("pure-ftpd")

    def command(base: Path, port: int, user: str, password: str, home: str) -> list[str]:
        encryption = ["--tls=2", f"--certfile={base}/server.pem"] if tls else ["--tls=0"]
        return [
            binary, f"--bind=127.0.0.1,{port}", "--noanonymous", "--login=unix", "--minuid=1", f"--pidfile={base}/pid", "--dontresolve",
            "--syslogfacility=none", "--umask=022:022", *encryption, *options,
        ]  # fmt: skip

    with _serving("pure-ftpd", tmp_path, tls=tls, command=command) as server:
        yield server


@contextlib.contextmanager
def pyftpdlib(tmp_path: Path, *, without: tuple[str, ...] = (), **limits: int) -> Iterator[FtpServer]:
    """pyftpdlib as the account itself. `without`: commands it shall not know, and "overwriting" by a rename.

    `limits`: of its server, such as `max_cons_per_ip`.
    """

    def command(base: Path, port: int, user: str, password: str, home: str) -> list[str]:
        script = base / "serve.py"
        script.write_text(_PYFTPDLIB.format(user=user, password=password, home=home, port=port, without=without, limits=limits))
        return [sys.executable, str(script)]

    pytest.importorskip("pyftpdlib")
    with _serving("pyftpdlib", tmp_path, tls=False, command=command) as server:
        yield server


_PYFTPDLIB = """
import _strptime, encodings.idna, linecache, os, pwd, traceback
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

class Handler(FTPHandler):
    unicode_errors = "surrogateescape"
    auth_failed_timeout = 0
    use_sendfile = False

    def ftp_RNTO(self, path):
        if "overwriting" in {without!r} and os.path.lexists(path):
            self.respond("550 There is such a file already.")
            return None
        return super().ftp_RNTO(path)

    proto_cmds = {{name: value for name, value in FTPHandler.proto_cmds.items() if name not in {without!r}}}

authorizer = DummyAuthorizer()
authorizer.add_user({user!r}, {password!r}, "/", perm="elradfmwMT")
Handler.authorizer = authorizer
server = FTPServer(("127.0.0.1", {port}), Handler)
for name, value in {limits!r}.items():
    setattr(server, name, value)
os.umask(0o022)
if os.geteuid() == 0:  # last: Python itself may lie where the account cannot read
    who = pwd.getpwnam({user!r})
    os.setgroups([]), os.setgid(who.pw_gid), os.setuid(who.pw_uid)
server.serve_forever()
"""


@dataclass
class Scissors:
    """Decides when a `cutting_ftp_proxy` cuts: once so many more commands went to the server, or so many more bytes of data passed."""

    commands: int | None = None
    data: int | None = None
    stall: bool = False  # hold the line open and silent instead of closing it


@contextlib.contextmanager
def cutting_ftp_proxy(address: str, port: int) -> Iterator[tuple[Listener, Scissors]]:
    """Passes an unencrypted FTP conversation on, its data connections too, until it is told to cut."""
    scissors = Scissors()
    with contextlib.ExitStack() as stack:

        def data_through(target: int) -> int:
            return stack.enter_context(listening(lambda client: _pass_data(client, address, target, scissors))).port

        def handle(client: socket.socket) -> None:
            with socket.create_connection((address, port)) as server:
                threading.Thread(target=_pass_answers, args=(server, client, data_through), daemon=True).start()
                _pass_commands(client, server, scissors)

        yield stack.enter_context(listening(handle)), scissors


def _pass_commands(client: socket.socket, server: socket.socket, scissors: Scissors) -> None:
    with contextlib.suppress(OSError), client.makefile("rb") as lines:
        for line in lines:
            if scissors.commands is not None:
                scissors.commands -= 1
                if scissors.commands < 0:
                    if scissors.stall:
                        threading.Event().wait(20)
                    break
            server.sendall(line)
    _shut(client, server)


def _pass_answers(server: socket.socket, client: socket.socket, data_through: Callable[[int], int]) -> None:
    with contextlib.suppress(OSError), server.makefile("rb") as lines:
        for line in lines:
            if line.startswith(b"229 ") and b"|||" in line:
                target = int(line.partition(b"|||")[2].partition(b"|")[0])
                line = b"229 Entering Extended Passive Mode (|||%d|)\r\n" % data_through(target)
            client.sendall(line)
    _shut(client, server)


def _pass_data(client: socket.socket, address: str, port: int, scissors: Scissors) -> None:
    with socket.create_connection((address, port)) as server:
        threading.Thread(target=_pass_bytes, args=(server, client, scissors), daemon=True).start()
        _pass_bytes(client, server, scissors)


def _pass_bytes(source: socket.socket, sink: socket.socket, scissors: Scissors) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(16_384):
            if scissors.data is not None:
                data = data[: max(0, scissors.data)]
                scissors.data -= len(data)
            sink.sendall(data)
            if scissors.data is not None and scissors.data <= 0:
                if scissors.stall:
                    threading.Event().wait(20)
                _shut(source, sink)
                return
        sink.shutdown(socket.SHUT_WR)


def _shut(*sockets: socket.socket) -> None:
    for sock in sockets:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
