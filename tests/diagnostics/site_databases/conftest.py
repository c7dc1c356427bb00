"""A shop on a real hosting account: PHP answers its page from a real MariaDB, with the login of its own settings."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest

from diagnostics import repairing, tasks
from diagnostics.changes import changing
from diagnostics.models import RepairCase, Step
from sites.models import Site
from tests.diagnostics.facts.test_applications import CORE
from tests.diagnostics.hosts_made import OLD, host_on
from tests.factories import make_incident, make_site
from tests.programs import binary, mariadb, running
from tests.servers import SshServer, free_port, sshd

SECRET = "p\"a's#\\s $(id) ${x}"  # what a generator of passwords may make
OLD_SECRET = "old-Kx93-of-the-panel"
PAGE = (
    b"<?php\nerror_reporting(0); mysqli_report(MYSQLI_REPORT_OFF);\nrequire __DIR__ . '/wp-config.php';\n"
    b"$parts = explode(':', DB_HOST, 2);\n"
    b"$db = mysqli_init();\n"
    b"$in = @mysqli_real_connect($db, $parts[0], DB_USER, DB_PASSWORD, DB_NAME, null, $parts[1] ?? null);\n"
    b"$rows = $in ? mysqli_query($db, \"SELECT option_value FROM {$table_prefix}options WHERE option_name = 'blogname'\") : false;\n"
    b"$name = $rows ? mysqli_fetch_row($rows) : null;\n"
    b"if (!$name) { http_response_code(500); exit('<h1>Error establishing a database connection</h1>'); }\n"
    b"echo '<!doctype html><title>Shop</title><h1>', htmlspecialchars($name[0]), '</h1><p>All is well here.</p>';\n"
)
TABLES = ("posts", "postmeta", "terms", "term_taxonomy", "term_relationships", "termmeta", "comments", "commentmeta", "users", "usermeta")


@dataclass
class Base:
    """A database server. `run` as its administrator."""

    line: str
    data: Path

    def run(self, sql: str) -> str:
        command = [
            binary("mariadb"),
            "--no-defaults",
            "--batch",
            "--skip-column-names",
            "--default-character-set=utf8mb4",
            "-u",
            "root",
            "-S",
            self.line,
        ]
        done = subprocess.run(command, input=sql.encode(), capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "replace")

    def fill(self) -> None:
        """The shop's database as it is when all is well, and another one's tables beside them."""
        made = "".join(f"CREATE TABLE wp_{name} (id INT PRIMARY KEY AUTO_INCREMENT, t TEXT); INSERT INTO wp_{name} (t) VALUES ('x');"
                       for name in TABLES)  # fmt: skip
        self.run(
            "DROP DATABASE IF EXISTS shop; CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;"
            "CREATE TABLE wp_options (option_id INT PRIMARY KEY AUTO_INCREMENT, option_name VARCHAR(64) UNIQUE, option_value LONGTEXT);"
            "INSERT INTO wp_options (option_name, option_value) VALUES ('blogname', 'Shop of Zoë 🛒'), ('template', 'plain'),"
            f"('stylesheet', 'plain');{made}"
            "CREATE TABLE wp_pictures (id INT, b BLOB); INSERT INTO wp_pictures VALUES (1, UNHEX('00ff1a0d0a27225c')), (2, NULL);"
            "CREATE TABLE other_notes (id INT PRIMARY KEY, t TEXT); INSERT INTO other_notes VALUES (1, 'of somebody else');"
        )

    def password(self, secret: str, user: str = "me") -> None:
        written = secret.replace("\\", "\\\\").replace("'", "\\'")
        self.run(f"CREATE USER IF NOT EXISTS {user}@localhost; ALTER USER {user}@localhost IDENTIFIED BY '{written}';"
                 f"GRANT ALL ON shop.* TO {user}@localhost; FLUSH PRIVILEGES;")  # fmt: skip

    def rows(self) -> str:
        """Everything that the shop's tables hold, in a form that can be compared."""
        names = sorted(self.run("SHOW TABLES FROM shop").splitlines())
        quoted = {name: "`" + name.replace("`", "``") + "`" for name in names}
        return "\n".join(f"{name}:\n" + self.run(f"SELECT * FROM shop.{quoted[name]} ORDER BY 1") for name in names)


@dataclass
class Shop:
    """The shop's account, its web server and its database."""

    base: Base
    account: SshServer
    site: Site
    settings: Path

    def broken(self, **changes: str) -> None:
        """Its settings, with something in them that is not right."""
        self.write_settings(**{"DB_PASSWORD": OLD_SECRET, **changes})

    def write_settings(self, **changes: str) -> None:
        values = {"DB_NAME": "shop", "DB_USER": "me", "DB_PASSWORD": SECRET, "DB_HOST": f"localhost:{self.base.line}", **changes}
        quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in values.items()}
        lines = [f"define( '{name}', '{value}' ); // of the panel\r\n" for name, value in quoted.items()]
        lines.append("define( 'AUTH_KEY', 'geheim-bleibt-geheim' );\r\n")
        self.settings.write_bytes(("<?php\r\n" + "".join(lines) + "$table_prefix = 'wp_';\r\n").encode())
        self.settings.chmod(0o604)
        self.account.own(self.settings)
        os.utime(self.settings, (OLD, OLD))

    def case(self) -> RepairCase:
        Site.objects.filter(pk=self.site.pk).update(verdict="down", kind="database-error")
        self.site.refresh_from_db()
        return repairing.open_case(self.site, make_incident(self.site))

    @property
    def home(self) -> Path:
        return self.account.home


@pytest.fixture(scope="session")
def base() -> Iterator[Base]:
    if not (binary("mariadbd") and binary("php") and binary("mariadb-dump")):
        pytest.skip("MariaDB and PHP are not installed")
    folder = Path(tempfile.mkdtemp(prefix="sitemend-db-"))
    folder.chmod(0o755)
    options = ("--innodb-buffer-pool-size=24M", "--key-buffer-size=1M", "--myisam-recover-options=OFF", "--skip-networking")
    with mariadb(folder / "db", *options) as line:
        (folder / "db").chmod(0o755)
        yield Base(line, folder / "db/data")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("account")) as made:
        yield made


@pytest.fixture(scope="module")
def web(account: SshServer) -> Iterator[str]:
    www, port = account.home / "www", free_port()
    www.mkdir(exist_ok=True)
    account.own(www)
    command = ["php", "-n", "-d", "extension=mysqlnd", "-d", "extension=mysqli", "-S", f"127.0.0.1:{port}", "-t", str(www)]
    with running(command, port=port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def shop(base: Base, account: SshServer, web: str, settings: object, monkeypatch: pytest.MonkeyPatch) -> Shop:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)  # type: ignore[attr-defined]
    monkeypatch.setattr(changing, "SPACING_S", 0.0)
    base.fill()
    base.password(SECRET)
    www = account.home / "www"
    for name, content in {**CORE, "index.php": PAGE}.items():
        path = www / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in (www, *www.rglob("*")):
        account.own(path)
        os.utime(path, (OLD, OLD))
    host = host_on(account)
    site = make_site(host.team, name="shop", url=web, host=host, docroot=f"{account.remote_home}/www")
    made = Shop(base, account, site, www / "wp-config.php")
    made.write_settings()
    return made


def ran(step: Step) -> Step:
    """A step as a worker leaves it."""
    tasks.run_step(step.pk)
    step.refresh_from_db()
    return step
