"""A PostgreSQL server of its own for a test or a bench: in a temporary folder, on a socket and a port of loopback."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port


class NoPostgres(RuntimeError):
    """The server's programs are not on this machine."""


def programs() -> Path:
    """The folder of initdb and pg_ctl. Raises NoPostgres."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if folders:
        return folders[-1]
    if found := shutil.which("initdb"):
        return Path(found).parent
    raise NoPostgres("PostgreSQL is not installed: apt-get install postgresql")


@dataclass
class Postgres:
    """A server that can be stopped and started again."""

    folder: Path
    port: int
    user: str  # who runs it: it refuses to run as root

    @property
    def url(self) -> str:
        return f"postgresql://sitemend@127.0.0.1:{self.port}/sitemend"

    @property
    def pid(self) -> int:
        return int((self.folder / "data/postmaster.pid").read_text().split()[0])

    def start(self, options: str = "") -> None:
        given = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} {options}"
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", given, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", mode, "stop")

    def make_database(self) -> None:
        for statement in ("CREATE ROLE sitemend LOGIN CREATEDB", "CREATE DATABASE sitemend OWNER sitemend"):
            self._run("psql", "-q", "-h", str(self.folder), "-p", str(self.port), "-d", "postgres", "-c", statement)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(programs() / program), *arguments]
        as_user = ["runuser", "-u", self.user, "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_user, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextlib.contextmanager
def postgres(options: str = "-c fsync=off") -> Iterator[Postgres]:
    """A running server with an empty database. Raises NoPostgres."""
    programs()
    folder = Path(tempfile.mkdtemp(prefix="sitemend-pg-"))
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    server = Postgres(folder, free_port(), user)
    try:
        server._run("initdb", "-D", f"{folder}/data", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        server.start(options)
        server.make_database()
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
