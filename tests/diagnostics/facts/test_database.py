"""The site's database asked with its own login: a real MariaDB, over a real OpenSSH, with PHP and with the client."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from diagnostics import databases
from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence, PageSeen, Unreadable
from diagnostics.facts import database
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.facts.settings.secret import Secret
from diagnostics.findings import Finding
from diagnostics.installed import Application, DatabaseTrial
from diagnostics.transports import open_reader
from sites.models import Host
from tests.diagnostics.evidences import AT, site
from tests.diagnostics.facts.test_applications import CORE
from tests.diagnostics.transports.conftest import GUARD, details_for
from tests.fakes import FakeHost
from tests.programs import binary, mariadb
from tests.servers import SshServer, free_port, sshd

SECRET = "p\"a's#\\s $(id)"  # what a generator of passwords may make
BLOG = Application("wordpress", "WordPress", "www", "/home/me/www", settings_path="www/wp-config.php")
TABLES = database.REQUIRED["wordpress"]


@dataclass
class Server:
    """A database server with one user; `run` as its administrator."""

    line: str
    port: int
    data: Path

    def run(self, sql: str) -> None:
        subprocess.run([binary("mariadb"), "--no-defaults", "-u", "root", "-S", self.line], input=sql.encode(), check=True, timeout=30)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if not (binary("mariadbd") and shutil.which("php")):
        pytest.skip("MariaDB and PHP are not installed")
    folder, port = Path(tempfile.mkdtemp(prefix="sitemend-db-")), free_port()
    folder.chmod(0o755)
    with mariadb(
        folder / "db", f"--port={port}", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=24M", "--key-buffer-size=1M"
    ) as line:
        (folder / "db").chmod(0o755)
        made = Server(line, port, folder / "db/data")
        secret = SECRET.replace("\\", "\\\\").replace("'", "\\'")
        engine = "ENGINE=MyISAM"
        tables = "".join(f"CREATE TABLE x_{name} (id INT, option_name VARCHAR(99), option_value TEXT) {engine}; INSERT INTO x_{name} "
                         f"VALUES (1, 'a', 'b');" for name in TABLES)  # fmt: skip
        made.run(f"CREATE USER me@localhost IDENTIFIED BY '{secret}'; CREATE USER me@'127.0.0.1' IDENTIFIED BY '{secret}';"
                 f"CREATE DATABASE shop; CREATE DATABASE other; "
                 f"GRANT ALL ON shop.* TO me@localhost; GRANT ALL ON shop.* TO me@'127.0.0.1';"
                 f"USE shop; {tables} CREATE TABLE x_prices (id INT) {engine}; INSERT INTO x_options VALUES "
                 "(2, 'stylesheet', 'plain'), (3, 'template', 'base'), (4, "
                 "'active_plugins', 'a:2:{i:0;s:17:\"prices/prices.php\";i:1;s:9:\"hello.php\";}');")  # fmt: skip
        yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("account")) as made:
        yield made


def login(server: Server, **changes: object) -> DatabaseLogin:
    given = DatabaseLogin("localhost", "me", Secret(SECRET), "shop", socket=server.line, prefix="x_", lines={
        "password": ("/w/wp-config.php", 4), "name": ("/w/wp-config.php", 2), "prefix": ("/w/wp-config.php", 9),
    })  # fmt: skip
    return replace(given, **changes)  # type: ignore[arg-type]


BY = pytest.mark.parametrize("by", ["php", "mysql"])


def tried(account: SshServer, by: str, given: DatabaseLogin) -> DatabaseTrial:
    with open_reader(details_for(account, operation_timeout_s=15.0), guard=GUARD) as reader:
        at = tuple((part, path.replace("/w/", "www/"), line) for part, (path, line) in given.lines.items())
        found = (database._by_php if by == "php" else database._by_client)(reader, replace(BLOG, login_at=at), given)
    assert isinstance(found, DatabaseTrial) and found.by == by
    assert SECRET not in repr(found)
    return found


@BY
def test_database_that_is_well_tells_its_tables_theme_and_plugins(server: Server, account: SshServer, by: str) -> None:
    found = tried(account, by, login(server))
    assert (found.stage, found.code, found.missing, found.theme, found.parent_theme) == ("well", 0, (), "plain", "base")
    assert found.plugins == ("prices/prices.php", "hello.php") and found.tables == len(TABLES) + 1


@BY
@pytest.mark.parametrize(
    ("changes", "stage", "codes"),
    [
        ({"password": Secret("wrong")}, "connect", {1045}), ({"user": "nobody"}, "connect", {1045, 1698}),
        ({"name": "gone"}, "select", {1044, 1049}), ({"name": "other"}, "select", {1044}), ({"socket": "/nowhere/s"}, "connect", {2002}),
        ({"socket": "", "host": "127.0.0.1", "port": 9}, "connect", {2002, 2003}),
        ({"socket": "", "host": "no-such-host.invalid"}, "connect", {2002, 2005}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_apart(
    server: Server, account: SshServer, by: str, changes: dict[str, object], stage: str, codes: set[int]
) -> None:
    found = tried(account, by, login(server, **changes))
    assert found.stage == stage and found.code in codes


@BY
def test_server_on_a_port_is_reached(server: Server, account: SshServer, by: str) -> None:
    assert tried(account, by, login(server, host="127.0.0.1", socket="", port=server.port)).stage == "well"


@BY
def test_missing_table_and_wrong_prefix_are_told(server: Server, account: SshServer, by: str) -> None:
    server.run("RENAME TABLE shop.x_terms TO shop.y_terms")
    try:
        found = tried(account, by, login(server))
        assert found.missing == ("x_terms",) or found.code == 1146
    finally:
        server.run("RENAME TABLE shop.y_terms TO shop.x_terms")
    wrong = tried(account, by, login(server, prefix="z_"))
    assert (wrong.tables, wrong.other_prefixes, wrong.line) == (0, ("x_",), 9)


@BY
def test_table_that_lost_all_its_rows_is_told(server: Server, account: SshServer, by: str) -> None:
    server.run(
        "CREATE TABLE shop.kept LIKE shop.x_options; INSERT INTO shop.kept SELECT * FROM shop.x_options; TRUNCATE TABLE shop.x_options"
    )
    try:
        found = tried(account, by, login(server))
        assert (found.stage, found.code, found.empty) == ("well", 0, ("x_options",))
        assert database_cause(found) == "database-table-missing"
    finally:
        server.run("INSERT INTO shop.x_options SELECT * FROM shop.kept; DROP TABLE shop.kept")
    assert tried(account, by, login(server)).empty == ()


@BY
def test_crashed_table_is_told(server: Server, account: SshServer, by: str) -> None:
    server.run("FLUSH TABLES")
    index = server.data / "shop/x_posts.MYI"
    whole = index.read_bytes()
    try:
        index.write_bytes(whole[:200])
        found = tried(account, by, login(server))
        assert found.stage == "read" and database_cause(found) == "database-table-crashed" and found.table == "x_posts"
    finally:
        index.write_bytes(whole)
        server.run("FLUSH TABLES")


def database_cause(trial: DatabaseTrial) -> str:
    return first(trial).cause


def first(trial: DatabaseTrial) -> Finding:
    page = PageSeen("/", "https://shop.example/", "database-error", 500, AT)
    seen = Evidence(replace(site(), pages=(page,)), "", "ssh", database=trial, applications=(BLOG,))
    return run_checks(seen).findings[0]


@pytest.mark.parametrize(
    ("changes", "cause", "line"),
    [({"password": Secret("x")}, "database-access-denied", 4), ({"name": "gone"}, "database-missing", 2),
     ({"socket": "/nowhere"}, "database-server-down", 4), ({"prefix": "z_"}, "database-table-missing", 9)],
)  # fmt: skip
def test_cause_is_certain_and_names_the_line_of_the_settings(server: Server, account: SshServer, changes: dict[str, object], cause: str,
                                                             line: int) -> None:  # fmt: skip
    found = first(tried(account, "php", login(server, **changes)))
    assert (found.cause, found.path, found.line, found.sureness) == (cause, "www/wp-config.php", line, "certain")


def test_file_that_the_settings_load_for_the_login_is_named(server: Server, account: SshServer) -> None:
    apart = {"host": ("/w/wp-config-db.php", 6), "name": ("/w/wp-config-db.php", 3), "prefix": ("/w/wp-config.php", 8)}
    found = first(tried(account, "php", login(server, socket="", host="db25.old-host.invalid", lines=apart)))
    assert (found.cause, found.path, found.line) == ("database-server-down", "www/wp-config-db.php", 6)
    found = first(tried(account, "php", login(server, prefix="z_", lines=apart)))
    assert (found.cause, found.path, found.line) == ("database-table-missing", "www/wp-config.php", 8)


def test_secret_is_in_no_process_list_and_no_words_of_a_command(server: Server, account: SshServer) -> None:
    told: list[str] = []
    with open_reader(details_for(account), guard=GUARD) as reader:
        inner, reader.on_command = reader.on_command, lambda words: told.append(repr(words)) or inner(words)  # type: ignore
        assert isinstance(database.read(reader, BLOG, login(server)), DatabaseTrial)
    assert told and not any("$(id)" in words for words in told)


def test_nothing_is_written_to_the_database(server: Server, account: SshServer) -> None:
    server.run("FLUSH TABLES")
    before = {path.name: path.read_bytes() for path in (server.data / "shop").iterdir()}
    for by in ("php", "mysql"):
        tried(account, by, login(server))
    server.run("FLUSH TABLES")
    assert {path.name: path.read_bytes() for path in (server.data / "shop").iterdir()} == before


def test_connection_without_commands_says_so() -> None:
    found = database.read(FakeHost(), BLOG, login(Server("", 0, Path())))
    assert isinstance(found, Unreadable) and "commands" in found.why
    unknown = database.read(FakeHost(), BLOG, login(Server("", 0, Path()), unknown=("the password comes from X",)))
    assert isinstance(unknown, Unreadable) and "X" in unknown.why


def test_host_without_php_and_client_says_so(account: SshServer, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_PHP", "_CLIENT"):
        monkeypatch.setattr(f"diagnostics.transports.commands.{name}", "exit 127")
    with open_reader(details_for(account), guard=GUARD) as reader:
        found = database.read(reader, BLOG, login(server))
    assert isinstance(found, Unreadable) and "mysqli" in found.why


def test_whole_diagnosis_names_the_refused_password(server: Server, account: SshServer) -> None:
    """From the files of the account to the finding: the settings are read, the login is tried, and no secret is in what is kept."""
    home = account.home
    for name, content in CORE.items():
        path = home / "www" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (home / "www/wp-config.php").write_text(
        f"<?php\ndefine('DB_NAME', 'shop');\ndefine('DB_USER', 'me');\ndefine('DB_PASSWORD', 'hunter2');\n"
        f"define('DB_HOST', 'localhost:{server.line}');\n$table_prefix = 'x_';\n"
    )
    subprocess.run(["chown", "-R", f"{account.uid}:{account.gid}", str(home / "www")], check=False, capture_output=True)
    page = PageSeen("/", "https://shop.example/", "database-error", 500, AT)
    started = time.monotonic()
    with open_reader(details_for(account), guard=GUARD) as reader:
        seen = gather(reader, replace(site(), pages=(page,)), SitePaths(f"{account.remote_home}/www"), "", AT)
    assert time.monotonic() - started < 10 and "hunter2" not in repr(seen)
    found = run_checks(seen).findings[0]
    assert (found.cause, found.path, found.line, found.sureness) == ("database-access-denied", "www/wp-config.php", 4, "certain")


def test_page_that_tells_the_reason_is_believed_without_a_connection() -> None:
    said = {
        b"SQLSTATE[HY000] [1045] Access denied for user 'x'@'localhost' (using password: YES)": "database-access-denied",
        b"SQLSTATE[HY000] [1044] Access denied for user 'x'@'localhost' to database 'y'": "database-missing",
        b"SQLSTATE[42000] [1049] Unknown database 'y'": "database-missing",
        b"mysqli::__construct(): (HY000/2002): Connection refused": "database-server-down",
        b"SQLSTATE[HY000] [1040] Too many connections": "database-too-many-connections",
        b"<h1>Cannot select database</h1>": "database-missing",
        b"SQLSTATE[HY000] [2002] Connection refused": "database-server-down",
        b"Table './x/wp_options' is marked as crashed and should be repaired": "database-table-crashed",
        b"One or more database tables are unavailable.": "database-table-missing",
        b"User x has already more than 'max_user_connections' active connections": "database-too-many-connections",
        b"<h1>Error establishing a database connection</h1>": "database-server-down",
    }  # fmt: skip
    for body, cause in said.items():
        page = PageSeen("/", "https://shop.example/", "database-error", 500, AT, body=body)
        found = run_checks(Evidence(replace(site(), pages=(page,)), "", "none")).findings[0]
        assert found.cause == cause
        assert found.sureness != "certain"


def test_database_is_asked_from_here_where_the_account_lies_on_this_machine(server: Server, settings: object) -> None:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)  # type: ignore[attr-defined]
    ask = databases.asker(Host(protocol="sftp", address="127.0.0.1"))
    well = database.read(FakeHost(), BLOG, login(server, host="127.0.0.1", socket="", port=server.port), ask)
    assert isinstance(well, DatabaseTrial) and (well.by, well.stage, well.theme, well.tables) == ("here", "well", "plain", len(TABLES) + 1)
    codes = {}
    for name, changes in {"password": {"password": Secret("x")}, "name": {"name": "other"}, "port": {"port": free_port()}}.items():
        found = database.read(FakeHost(), BLOG, login(server, **{"host": "localhost", "socket": "", "port": server.port, **changes}), ask)
        assert isinstance(found, DatabaseTrial)
        codes[name] = (found.stage, found.code)
    assert codes == {"password": ("connect", 1045), "name": ("select", 1044), "port": ("connect", 2002)}
    by_socket = database.read(FakeHost(), BLOG, login(server), ask)
    nowhere = database.read(FakeHost(), BLOG, login(server, socket="/nowhere/s"), ask)
    assert isinstance(by_socket, DatabaseTrial) and isinstance(nowhere, DatabaseTrial)
    assert (by_socket.stage, nowhere.stage, nowhere.code) == ("well", "connect", 2002)


def test_database_of_another_machine_is_not_looked_for_on_this_one(server: Server, settings: object) -> None:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)  # type: ignore[attr-defined]
    ask = databases.asker(Host(protocol="sftp", address="ftp.example.org"))
    for changes in ({"host": "localhost", "socket": ""}, {"host": "127.0.0.1", "socket": ""}, {}):
        found = database.read(FakeHost(), BLOG, login(server, port=server.port, **changes), ask)
        assert isinstance(found, Unreadable)


def test_address_that_nobody_allowed_is_not_contacted(server: Server) -> None:
    ask = databases.asker(Host(protocol="sftp", address="127.0.0.1"))
    for changes in ({"host": "127.0.0.1", "socket": "", "port": server.port}, {}):
        found = database.read(FakeHost(), BLOG, login(server, **changes), ask)
        assert isinstance(found, Unreadable) and "not contacted" in found.why


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-x\r\n", b"\x00" * 64, b"\x4a\x00\x00\x00\x0a5.5.5\x00" + b"\xff" * 67])
def test_what_speaks_no_mysql_says_nothing_of_the_site(greeting: bytes, settings: object) -> None:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)  # type: ignore[attr-defined]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: listening.accept()[0].sendall(greeting))
        thread.start()
        given = login(Server("", 0, Path()), host="127.0.0.1", socket="", port=listening.getsockname()[1])
        found = database.read(FakeHost(), BLOG, given, databases.asker(Host(protocol="sftp", address="127.0.0.1")))
        thread.join(5)
    assert isinstance(found, Unreadable) or found.code in (2003, 2013, 2006)


def test_password_is_never_sent_in_the_open(settings: object) -> None:
    """A server that asks for the password as it is gets none."""
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)  # type: ignore[attr-defined]
    heard: list[bytes] = []
    greeting = b"\x0a8.0.1\x00" + b"\x01\x00\x00\x00" + b"12345678\x00" + b"\xff\xf7\x21\x02\x00\xff\x81\x15" + b"\x00" * 10
    greeting += b"123456789012\x00" + b"mysql_clear_password\x00"

    def serve(listening: socket.socket) -> None:
        line = listening.accept()[0]
        line.settimeout(3)
        line.sendall(len(greeting).to_bytes(3, "little") + b"\x00" + greeting)
        with contextlib.suppress(OSError):
            while block := line.recv(4096):
                heard.append(block)
                line.sendall(b"\x16\x00\x00\x02\xfemysql_clear_password\x00")
        line.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        given = login(Server("", 0, Path()), host="127.0.0.1", socket="", port=listening.getsockname()[1])
        database.read(FakeHost(), BLOG, given, databases.asker(Host(protocol="sftp", address="127.0.0.1")))
        thread.join(8)
    assert SECRET.encode() not in b"".join(heard)
