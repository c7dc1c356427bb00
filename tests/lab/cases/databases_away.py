# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""The database is there and does not serve: locked, expired, limited, read-only, its files lost, its address wrong."""

from __future__ import annotations

import contextlib
import threading

from tests.lab.cases.base import PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, page_source
from tests.lab.stack.blog import Database

OWN = ("plain", "shared", "engine")


def _database(s: Scene) -> Database:
    """With one table of the program's own."""
    made = s.make_database("none")
    s.databases.run(
        "CREATE TABLE visits (id INT AUTO_INCREMENT PRIMARY KEY, page VARCHAR(99)) ENGINE=InnoDB; INSERT INTO visits (page) VALUES ('a');",
        made.name,
    )
    return made


def _every_user(s: Scene, made: Database, change: str) -> None:
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"ALTER USER '{made.user}'@'{host}' {change}")


def _program(s: Scene, made: Database, *more: str, host: str = "") -> Truth:
    """A page that asks it, with the login in the settings; the cause is for whoever calls this to say."""
    site = describe(s)
    where = host or f"127.0.0.1;port={s.databases.port}"
    login = f"$db = new PDO('mysql:host={where};dbname={made.name}', '{made.user}', '{made.password}'); /* login */"
    query = "$rows = $db->query('SELECT COUNT(*) FROM visits')->fetchAll(); /* query */"
    s.write(s.at("index.php"), page_source(s, site, site.title, more=[login, query, *more]))
    return Truth("", s.at("index.php"))


def _at(s: Scene, words: str, cause: str, *also: str) -> Truth:
    path = s.at("index.php")
    return Truth(cause, path, tuple({s.line_of(path, words), s.line_of(path, "/* query */")}), also)


@case(OWN, "php")
def user_is_locked(s: Scene) -> Truth:
    """By the host, after a bill that nobody paid."""
    made = _database(s)
    _every_user(s, made, "ACCOUNT LOCK")
    _program(s, made)
    return _at(s, "/* login */", "database-access-denied")


@case(OWN, "php")
def password_has_expired(s: Scene) -> Truth:
    made = _database(s)
    _every_user(s, made, "PASSWORD EXPIRE")
    _program(s, made)
    return _at(s, "/* login */", "database-access-denied")


@case(PHP, "wordpress")
def user_of_the_blog_is_locked(s: Scene) -> Truth:
    assert s.database is not None
    _every_user(s, s.database, "ACCOUNT LOCK")
    line = s.line_of(s.at("wp-config.php"), "DB_USER")
    return Truth("database-access-denied", s.at("wp-config.php"), tuple(range(line - 1, line + 3)))


@case(OWN, "php")
def server_is_read_only(s: Scene) -> Truth:
    """While the host moves it: the program cannot store what it must."""
    made = _database(s)
    _program(s, made, "$db->exec(\"INSERT INTO visits (page) VALUES ('/')\"); /* store */")
    s.databases.run("SET GLOBAL read_only = ON")
    s.afterwards(s.databases.run, "SET GLOBAL read_only = OFF")
    return _at(s, "/* store */", "database-access-denied", "php-uncaught-exception", "database-server-down")


@case(OWN, "php")
def connections_of_the_user_are_used_up(s: Scene) -> Truth:
    made = _database(s)
    _every_user(s, made, s.rng.choice(("WITH MAX_QUERIES_PER_HOUR 1", "WITH MAX_CONNECTIONS_PER_HOUR 1")))
    _program(s, made)
    with contextlib.suppress(OSError):
        for _ in range(3):
            s.place.get("/")
    return _at(s, "/* login */", "database-too-many-connections")


@case(OWN, "php")
def address_of_the_old_host(s: Scene) -> Truth:
    """A name that nobody knows any more, or a socket that is not here."""
    made = _database(s)
    host = s.rng.choice(("db5.old-host.invalid", "localhost;unix_socket=/var/lib/mysql-5/mysqld.sock", "127.0.0.1;port=3399"))
    _program(s, made, host=host)
    return _at(s, "/* login */", "database-server-down")


@case(OWN, "php")
def files_of_a_table_are_lost(s: Scene) -> Truth:
    """Restored without the part that the engine keeps by itself."""
    made = _database(s)
    _program(s, made)
    s.databases.run("ALTER TABLE visits DISCARD TABLESPACE", made.name)
    return _at(s, "/* query */", "database-table-crashed", "database-table-missing")


@case(OWN, "php")
def rows_are_locked(s: Scene) -> Truth:
    """By something that began a change and never ended it."""
    made = _database(s)
    more = "$db->exec('SET innodb_lock_wait_timeout = 1'); $db->exec(\"UPDATE visits SET page = 'b'\"); /* store */"
    _program(s, made, more)
    hold = f"USE {made.name}; START TRANSACTION; SELECT * FROM visits FOR UPDATE; SELECT SLEEP(25);"
    worker = threading.Thread(target=s.databases.run, args=(hold,), daemon=True)
    worker.start()
    s.afterwards(worker.join)
    threading.Event().wait(0.7)
    return _at(s, "/* store */", "php-uncaught-exception")
