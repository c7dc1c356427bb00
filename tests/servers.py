"""Real servers for tests, as ordinary processes and threads on loopback: OpenSSH, and peers that misbehave."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import prepared

KEY_KINDS = ("ed25519", "ecdsa", "rsa")
_given: deque[int] = deque(maxlen=1_000)


def free_port() -> int:
    """A port of loopback that nobody uses, for a server that is started a moment later.

    Not one that the system would give to a connection meanwhile (32768 and above), nor to another process of this run,
    nor one of the last that were given here: a server with twenty ports asks for all of them before it listens on any.
    """
    lowest = 10_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8 * 2_500
    while True:
        port = lowest + secrets.randbelow(2_500)
        if port in _given:
            continue
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            _given.append(port)
            return port


def sshd_binary() -> str:
    """Where Debian's sshd is; skips the test when it is not installed."""
    found = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("openssh-server is not installed")
    return found


@dataclass
class SshServer:
    """A running sshd and the one account that may log in.

    `home` is the account's folder on this machine, `remote_home` the same folder as the login sees it (they differ under a
    chroot). Everything the tests put there should be given to the account with `own()`.
    """

    address: str
    port: int
    user: str
    uid: int
    gid: int
    private_key_text: str
    password: str
    home: Path
    remote_home: str
    log: Path
    _folder: Path = field(repr=False)
    _config: str = field(repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def host_key(self) -> str:
        """The key to pin: type and base64."""
        return self.host_key_of("ed25519")

    def host_key_of(self, kind: str) -> str:
        return " ".join((self._folder / f"host_{kind}.pub").read_text().split()[:2])

    def fingerprint(self, kind: str = "ed25519") -> str:
        """As `ssh-keygen -l` prints it."""
        shown = subprocess.run(["ssh-keygen", "-lf", self._folder / f"host_{kind}.pub"], capture_output=True, text=True, check=True)
        return shown.stdout.split()[1]

    def own(self, path: Path) -> None:
        """Gives a file or folder (the link itself, not what it points at) to the account."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def start(self) -> None:
        config = self._folder / "sshd_config"
        config.write_text(self._config)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([sshd_binary(), "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((self.address, self.port), 1) as probe:
                if probe.recv(4) == b"SSH-":
                    return
            time.sleep(0.02)
        raise RuntimeError(f"sshd did not start: {self.log.read_text()[-2000:]}")

    def quiet_log(self) -> str:
        """What it has written, once every connection so far has ended: until then more may come."""
        assert self._process is not None
        sessions = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        deadline = time.monotonic() + 10
        while sessions.read_text().split():
            assert time.monotonic() < deadline, "a session of the host does not end"
            time.sleep(0.01)
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """Stops listening; sessions that are open live on in their own processes until they are closed."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def change_host_key(self) -> None:
        """New host keys of every kind, same port."""
        self.stop()
        make_host_keys(self._folder, all_new=True)
        self.start()

    def change_password(self) -> None:
        """Another password for the account, as a hoster's panel sets it (needs root)."""
        self.password = secrets.token_urlsafe(12)
        subprocess.run(["chpasswd"], input=f"{self.user}:{self.password}\n", text=True, check=True)


def make_host_keys(folder: Path, *, all_new: bool = False) -> None:
    """A key of every kind. The one that takes long to make is the same for all servers of a run, unless they must be `all_new`."""
    for kind in KEY_KINDS:
        for old in folder.glob(f"host_{kind}*"):
            old.unlink()
        if kind == "rsa" and not all_new:
            for path in prepared.once("rsa", _rsa_key).iterdir():
                shutil.copy(path, folder)
        else:
            _make_key(kind, folder / f"host_{kind}")


def _rsa_key(folder: Path) -> None:
    folder.mkdir()
    _make_key("rsa", folder / "host_rsa")


def _make_key(kind: str, path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *(["-b", "2048"] if kind == "rsa" else []), "-N", "", "-f", path], check=True)


@contextlib.contextmanager
def account(home: Path, home_in_passwd: str, password: str, name: str = "") -> Iterator[pwd.struct_passwd]:
    """A system user of its own while tests run as root (so that "permission denied" is real), else whoever runs them."""
    if os.geteuid() != 0:
        yield pwd.getpwuid(os.getuid())
        return
    name = name or f"sm-test-{secrets.token_hex(4)}"
    shell = "/bin/sh"
    command = ["useradd", "--no-create-home", "--no-log-init", "--user-group", "--shell", shell, "--home-dir", home_in_passwd, name]
    _patiently(command)
    try:
        subprocess.run(["chpasswd"], input=f"{name}:{password}\n", text=True, check=True)
        found = pwd.getpwnam(name)
        os.chown(home, found.pw_uid, found.pw_gid)
        yield found
    finally:
        _end_processes_of(name)
        _patiently(["userdel", name])


def _patiently(command: list[str]) -> None:
    """The password files are locked while another test run changes them."""
    for attempt in range(20):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode in (0, 6):
            return
        time.sleep(0.1 * (attempt + 1))
    raise RuntimeError(f"{command[0]}: {done.stderr}")


def _end_processes_of(name: str) -> None:
    uid = pwd.getpwnam(name).pw_uid
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                os.kill(int(entry.name), signal.SIGKILL)


@contextlib.contextmanager
def sshd(
    tmp_path: Path,
    *,
    sftp_only: bool = False,
    password_user: bool = False,
    keyboard_interactive: bool = False,
    sftp_options: str = "",
    extra: str = "",
) -> Iterator[SshServer]:
    """A real OpenSSH server for one account.

    `sftp_only`: internal-sftp forced, and chrooted when we are root. `password_user`: passwords are taken besides the key
    (needs root). `keyboard_interactive`: passwords by that method only, through PAM (needs root). `sftp_options`: of
    sftp-server, such as "-P posix-rename". `extra`: further lines of configuration.
    """
    binary = sshd_binary()
    root = os.geteuid() == 0
    if (password_user or keyboard_interactive) and not root:
        pytest.skip("password logins need an account of their own, which only root can make")
    if root:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where Debian's sshd separates its privileges
    # Not below tmp_path: pytest keeps that for root alone, and the account must get to its home.
    # And a chroot must not lie below a folder that all may write to, as /tmp is.
    base = Path(tempfile.mkdtemp(prefix="sitemend-sshd-", dir="/var/lib" if sftp_only and root else None))
    try:
        base.chmod(0o755)
        chrooted = sftp_only and root
        home = base / "jail" / "home" if chrooted else base / "home"
        home.mkdir(parents=True)
        password = secrets.token_urlsafe(12)
        with account(home, "/home" if chrooted else str(home), password) as who:
            make_host_keys(base)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", base / "login"], check=True)
            port = free_port()
            lines = sshd_lines(
                base, port, who.pw_name, sftp_only, chrooted, password_user, keyboard_interactive, sftp_options, extra, binary
            )
            server = SshServer(
                "127.0.0.1", port, who.pw_name, who.pw_uid, who.pw_gid, (base / "login").read_text(), password if root else "",
                home, "/home" if chrooted else str(home), tmp_path / f"sshd-{port}.log", base, lines,
            )  # fmt: skip
            server.start()
            try:
                yield server
            finally:
                server.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def sshd_lines(
    base: Path,
    port: int,
    user: str,
    sftp_only: bool,
    chrooted: bool,
    password: bool,
    interactive: bool,
    options: str,
    extra: str,
    binary: str,
) -> str:
    """What sshd is started with. `user`: a name or a pattern of names."""
    version = subprocess.run([binary, "-V"], capture_output=True, text=True, check=False).stderr
    number = version.partition("OpenSSH_")[2].partition("p")[0]
    penalties = tuple(int(part) for part in number.split(".") if part.isdigit()) >= (9, 8)
    yes_no = {True: "yes", False: "no"}
    passwords, pam = yes_no[password], yes_no[interactive]
    lines = [
        extra,
        f"Port {port}", "ListenAddress 127.0.0.1", "PidFile none", "StrictModes no", "UseDNS no", "LogLevel VERBOSE", f"AllowUsers {user}",
        *(f"HostKey {base}/host_{kind}" for kind in KEY_KINDS), f"AuthorizedKeysFile {base}/login.pub", "PrintMotd no",
        *(["MaxStartups 100"] if "MaxStartups" not in extra else []),
        f"PasswordAuthentication {passwords}", f"KbdInteractiveAuthentication {pam}", f"UsePAM {pam}",
        f"Subsystem sftp internal-sftp {options}", *(["PerSourcePenalties no"] if penalties else []),
    ]  # fmt: skip
    if sftp_only:
        lines.append(f"ForceCommand internal-sftp {options}")
    if chrooted:
        lines.append(f"ChrootDirectory {base}/jail")
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int = 64) -> Iterator[Path]:
    """A disk of its own at `folder` that is soon full; skips the test where mounting is not allowed."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=777", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("a full disk needs the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@dataclass
class Listener:
    """Something on loopback that accepts connections and hands each to a thread."""

    address: str
    port: int
    connections: int = 0


@contextlib.contextmanager
def listening(handle: Callable[[socket.socket], None]) -> Iterator[Listener]:
    """Runs `handle` on every connection until the end; its sockets are closed then."""
    opened: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        info = Listener("127.0.0.1", server.getsockname()[1])

        def accept() -> None:
            while True:
                try:
                    sock, _peer = server.accept()
                except OSError:
                    return
                info.connections += 1
                opened.append(sock)
                threading.Thread(target=run, args=(sock,), daemon=True).start()

        def run(sock: socket.socket) -> None:
            with contextlib.suppress(OSError):
                handle(sock)

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield info
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            for sock in opened:
                sock.close()


def silent_server() -> contextlib.AbstractContextManager[Listener]:
    """Accepts and never says a word."""
    return listening(lambda sock: threading.Event().wait(30) and None)


def greeting_server(greeting: bytes) -> contextlib.AbstractContextManager[Listener]:
    """Says one thing at once, then listens."""

    def greet(sock: socket.socket) -> None:
        sock.sendall(greeting)
        while sock.recv(65_536):
            pass

    return listening(greet)


@dataclass
class Cutter:
    """Decides when a `cutting_proxy` cuts: once `left` more bytes went to the server. None: not at all."""

    left: int | None = None
    stall: bool = False  # stop passing bytes instead of closing


@contextlib.contextmanager
def cutting_proxy(address: str, port: int) -> Iterator[tuple[Listener, Cutter]]:
    """Passes bytes to a server; set `Cutter.left` to cut the connection after that many more bytes towards it."""
    cutter = Cutter()

    def handle(client: socket.socket) -> None:
        with socket.create_connection((address, port)) as server:
            threading.Thread(target=_pass_on, args=(server, client, Cutter()), daemon=True).start()
            _pass_on(client, server, cutter)

    with listening(handle) as info:
        yield info, cutter


def _pass_on(source: socket.socket, sink: socket.socket, cutter: Cutter) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(16_384):
            if cutter.left is not None:
                data = data[: cutter.left]
                cutter.left -= len(data)
            sink.sendall(data)
            if cutter.left == 0:
                if cutter.stall:
                    threading.Event().wait(60)
                break
    for sock in (source, sink):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
