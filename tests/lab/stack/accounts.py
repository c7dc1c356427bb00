"""The accounts of a hosting machine, and its doors: a shell, SFTP without one, and FTP, each shut into the account's own files."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ftp_servers import FtpServer
from tests.servers import SshServer, account, free_port, make_host_keys, sshd_binary, sshd_lines

TRANSPORTS = ("ssh", "sftp", "ftp")
PURE_FTPD = shutil.which("pure-ftpd", path="/usr/sbin:/usr/local/sbin:/opt/pure-ftpd/usr/sbin") or ""


@dataclass(frozen=True)
class Account:
    """One customer of the host. `home` is on this machine; SFTP and FTP show less of the way to it."""

    name: str
    uid: int
    gid: int
    home: Path

    def own(self, path: Path) -> None:
        """Gives a file or folder (the link itself, not what it points at) to the account."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


@dataclass(frozen=True)
class Doors:
    """The three servers, for all accounts: one key for SSH and SFTP, one password for FTP."""

    shell: SshServer
    files: SshServer
    ftp: FtpServer | None

    def connect_url(self, transport: str, user: str) -> str:
        """As `add_site --connect` takes it."""
        server = {"ssh": self.shell, "sftp": self.files, "ftp": self.ftp}[transport]
        assert server is not None
        return f"{transport}://{user}@{server.address}:{server.port}"

    @property
    def transports(self) -> tuple[str, ...]:
        return TRANSPORTS if self.ftp else TRANSPORTS[:2]


@contextlib.contextmanager
def accounts(base: Path, titles: Sequence[str]) -> Iterator[dict[str, Account]]:
    """System users with homes at `base`/jail/USER/home. Their password is in `base`/password, which root alone reads."""
    password = secrets.token_urlsafe(12)
    (base / "password").touch(mode=0o600)
    (base / "password").write_text(password)
    (base / "jail").mkdir(mode=0o755)
    with contextlib.ExitStack() as stack:
        made = {}
        for title in titles:
            made[title] = _account(stack, base / "jail", password)
        yield made


def _account(stack: contextlib.ExitStack, jail: Path, password: str) -> Account:
    """The folder that the jail is bears the user's name, which is known only once there is one."""
    unnamed = jail / secrets.token_hex(6)
    (unnamed / "home").mkdir(parents=True, mode=0o755)
    unnamed.chmod(0o755)
    who = stack.enter_context(account(unnamed / "home", str(unnamed / "home"), password))
    unnamed.rename(jail / who.pw_name)
    home = jail / who.pw_name / "home"
    subprocess.run(["usermod", "--home", str(home), who.pw_name], check=True, capture_output=True)
    return Account(who.pw_name, who.pw_uid, who.pw_gid, home)


@contextlib.contextmanager
def doors(base: Path) -> Iterator[Doors]:
    """Runs the servers until the block ends. FTP is left out where pure-ftpd is not installed."""
    make_host_keys(base)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", base / "login"], check=True)
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with contextlib.ExitStack() as stack:
        shell = _sshd(base, "shell", "")
        files = _sshd(base, "files", f"ForceCommand internal-sftp -d /home\nChrootDirectory {base}/jail/%u\n")
        ftp = _pure_ftpd(base) if PURE_FTPD else None
        for server in (shell, files, ftp):
            if server is not None:
                server.start()
                stack.callback(server.stop)
        yield Doors(shell, files, ftp)


def _sshd(base: Path, name: str, more: str) -> SshServer:
    folder = base / name
    folder.mkdir(mode=0o755)  # sshd reads the public key as the account
    for key in (*base.glob("host_*"), *base.glob("login*")):
        shutil.copy(key, folder)
    port = free_port()
    lines = sshd_lines(folder, port, "sm-test-*", False, False, False, False, "", "", sshd_binary()) + more
    key = (folder / "login").read_text()
    return SshServer("127.0.0.1", port, "", 0, 0, key, "", base / "jail", "", folder / "log", folder, lines)


def _pure_ftpd(base: Path) -> FtpServer:
    port = free_port()
    command = [
        PURE_FTPD, f"--bind=127.0.0.1,{port}", "--noanonymous", "--login=unix", "--minuid=1", f"--pidfile={base}/ftp.pid", "--dontresolve",
        "--syslogfacility=none", "--umask=022:022", "--tls=0", "--chrooteveryone",
    ]  # fmt: skip
    password = (base / "password").read_text()
    return FtpServer("pure-ftpd", "127.0.0.1", port, "", 0, 0, password, base / "jail", "/", base / "ftp.log", None, command)


def need_root() -> None:
    """Skips the test where no accounts can be made."""
    if os.geteuid() != 0:
        pytest.skip("the lab makes accounts of the system, which only root can do")
