"""WordPress, installed once with a real database; every site gets a copy and a database of its own."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.corpus.software.wordpress import install, lay_out
from tests.programs import binary, mariadb
from tests.servers import free_port

_PREFIXED = ("`wp_", "'wp_user_roles'", "'wp_capabilities'", "'wp_user_level'")
_URL = "http://template.invalid"
_POSTS = (
    ("Opening hours", "<p>Open from seven to six, closed on Mondays.</p>" * 4),
    ("Error establishing a database connection: what now?", "<p>Fatal error? 500 Internal Server Error? We explain what to do.</p>" * 6),
)


@dataclass(frozen=True)
class Database:
    """One database of its own user. `tables` begin with `prefix`."""

    name: str
    user: str
    password: str
    prefix: str


@dataclass
class Databases:
    """The database server, and WordPress as it was installed: files to copy and tables to load."""

    line: str  # its socket
    port: int
    data: Path
    template: Path
    dump: str

    def run(self, sql: str, database: str = "") -> str:
        """As the server's own administrator; what it answers."""
        command = [binary("mariadb"), "--no-defaults", "-u", "root", "-S", self.line, *([database] if database else [])]
        done = subprocess.run(command, input=sql.encode(), capture_output=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace")

    def is_there(self, wanted: Database) -> bool:
        """Whether the database itself is on the server."""
        return wanted.name in self.run("SHOW DATABASES").splitlines()

    def takes_writes(self) -> bool:
        """Whether the whole server takes what is written; only who runs it says so."""
        return "OFF" in self.run("SHOW GLOBAL VARIABLES LIKE 'read_only'")

    def has_all_rights(self, wanted: Database) -> bool:
        """Whether its user has every right on it, as it was given; one that is not there has none."""
        users = self.run("SELECT CONCAT(user, '@', host) FROM mysql.user").splitlines()
        if f"{wanted.user}@localhost" not in users:
            return False
        grants = self.run(f"SHOW GRANTS FOR '{wanted.user}'@'localhost'")
        return f"GRANT ALL PRIVILEGES ON `{wanted.name}`.*" in grants.replace("\\_", "_")

    def make(self, wanted: Database, url: str, theme: str) -> None:
        """A database with WordPress's tables, for a site at `url` with the theme of this slug."""
        text = self.dump.replace(_URL, url)
        for words in _PREFIXED:
            text = text.replace(words, words.replace("wp_", wanted.prefix))
        for host in ("localhost", "127.0.0.1"):
            user = f"'{wanted.user}'@'{host}'"
            grants = f"CREATE USER {user} IDENTIFIED BY '{wanted.password}'; GRANT ALL ON {wanted.name}.* TO {user};"
            text = grants + text
        change = f"UPDATE {wanted.prefix}options SET option_value = '{theme}' WHERE option_name IN ('template', 'stylesheet');"
        self.run(f"CREATE DATABASE {wanted.name}; USE {wanted.name}; {text}\n{change}")

    def refuses_password(self, wanted: Database) -> bool:
        """Whether this login is refused for its password (MariaDB's error 1045)."""
        return b"ERROR 1045" in self._refusal(wanted)

    def is_shut(self, wanted: Database) -> bool:
        """Whether its user is locked (MariaDB's error 4151), or the password has expired (1820 and 1862)."""
        return re.search(rb"ERROR (?:4151|1820|1862)\b", self._refusal(wanted)) is not None

    def _refusal(self, wanted: Database) -> bytes:
        login = (f"--user={wanted.user}", f"--password={wanted.password}", "-S", self.line)
        command = [binary("mariadb"), "--no-defaults", *login, "-e", "SELECT 1"]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).stderr

    def with_new_password(self, wanted: Database, password: str, *, unlock: bool = False) -> Database:
        """Sets another password, as the owner of a database does in the host's panel, and unlocks its user there."""
        for host in ("localhost", "127.0.0.1"):
            self.run(f"ALTER USER '{wanted.user}'@'{host}' IDENTIFIED BY '{password}'{' ACCOUNT UNLOCK' if unlock else ''}")
        return replace(wanted, password=password)

    def drop(self, wanted: Database) -> None:
        """Away with it; harmless when it is not there."""
        users = ", ".join(f"'{wanted.user}'@'{host}'" for host in ("localhost", "127.0.0.1"))
        self.run(f"DROP DATABASE IF EXISTS {wanted.name}; DROP USER IF EXISTS {users};")


@contextlib.contextmanager
def databases(base: Path) -> Iterator[Databases]:
    """Runs a server on loopback and on a socket that every account may use."""
    port, template = free_port(), base / "wordpress"
    options = ("--key-buffer-size=1M", "--innodb-buffer-pool-size=24M", "--myisam-recover-options=OFF")  # what is crashed stays so
    with mariadb(base / "db", f"--port={port}", "--bind-address=127.0.0.1", *options) as line:
        (base / "db").chmod(0o755)
        made = Databases(line, port, base / "db" / "data", template, "")
        made.run("CREATE DATABASE template")
        lay_out(template, "", f"localhost:{line}", "template")
        install(template, _URL, _POSTS)
        dump = [binary("mariadb-dump"), "--no-defaults", "-u", "root", "-S", line, "--skip-comments", "template"]
        made.dump = subprocess.run(dump, capture_output=True, check=True, timeout=60).stdout.decode("utf-8", "replace")
        shutil.rmtree(template / "wp-content")
        (template / "wp-config.php").unlink()
        yield made
