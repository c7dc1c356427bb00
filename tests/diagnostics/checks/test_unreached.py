# ruff: noqa: E501 (a message stays on one line)
"""Programs that say in words of their own that they cannot reach their database, and the settings that name it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.facts.changes import by_times
from diagnostics.facts.gather import gather
from diagnostics.facts.settings.any_login import login_in
from diagnostics.findings import Finding
from diagnostics.php.database_words import cannot_connect
from tests.diagnostics.evidences import AT, PATHS, evidence, site
from tests.fakes import FakeHost, Node


@pytest.mark.parametrize(
    "text",
    [
        "Error: Could not make a database link using shop@127.0.0.1!", "Database connection failed", "Connection to database failed: x",
        "Unable to connect to MySQL", "Cannot establish a connection to the MySQL server", "DB connect failed", "Error connecting to database",
        "Link to database cannot be established", "The database server is unavailable", "Sorry, we have problems connecting to our database",
        "Keine Verbindung zur Datenbank", "Datenbankverbindung fehlgeschlagen", "Die Datenbank ist nicht erreichbar",
        "Impossible de se connecter à la base de données", "Erreur de connexion à la base de données", "No se puede conectar a la base de datos",
        "Connection failed: Connection refused", "Uncaught Exception: Connect error: No such file or directory",
        "A Database Error Occurred\nUnable to connect to your database server using the provided settings.",
        "Error: Database connection failed. It is possible that the database is overloaded", "Impossibile connettersi al database", "Kan geen verbinding maken met de database",
    ],
)  # fmt: skip
def test_words_for_a_database_that_cannot_be_reached(text: str) -> None:
    assert cannot_connect(text)


@pytest.mark.parametrize(
    "text",
    [
        "Uncaught DB\\ConnectionException: Query failed: syntax", "Call to undefined method DB::connect() in /a/b.php:3", "No rows in the database",
        "Call to a member function query() on null in /srv/database/connect/failed.php:3", "Could not save the order in the database",
        "Failed to link the file to the product in the database", "No link found for id 7 in db", "Cannot connect to Redis",
        "Connection to payment server failed", "SQL error: unknown column link in database shop",
    ],
)  # fmt: skip
def test_words_for_something_else(text: str) -> None:
    assert cannot_connect(text) is None


@pytest.mark.parametrize(
    ("text", "where", "name"),
    [
        ("<?php\ndefine('DB_HOSTNAME', '127.0.0.1');\ndefine('DB_USERNAME', 'u');\ndefine('DB_PASSWORD', 'p');\ndefine('DB_DATABASE', 'shop');\ndefine('DB_PORT', '3307');\n", "127.0.0.1:3307", "shop"),
        ("<?php\n$wgDBserver = 'localhost';\n$wgDBname = 'wiki';\n$wgDBuser = 'w';\n$wgDBpassword = 'x';\n", "localhost", "wiki"),
        ("<?php\n$CFG->dbhost    = 'db:3307';\n$CFG->dbname='m';\n$CFG->dbuser='u';\n$CFG->dbpass='q';", "db:3307", "m"),
        ("<?php\nreturn ['db' => [\n 'host' => 'h',\n 'username' => 'u',\n 'password' => 'p',\n 'database' => 'd',\n 'port' => 3310,\n],\n'mail' => ['host' => 'smtp']];", "h:3310", "d"),
        ("<?php\n$host='localhost'; $user='a'; $pass='b'; $db='c';", "localhost", "c"),
        ("<?php\n$db = new mysqli('localhost', 'a', 'b', 'c', 3309);", "localhost:3309", "c"),
        ("<?php\n$p = new PDO('mysql:host=db.x;port=3308;dbname=s', 'u', 'p');", "db.x:3308", "s"),
        ("database.default.hostname = db\ndatabase.default.database = ci4\ndatabase.default.username = root\ndatabase.default.password = r\n", "db", "ci4"),
    ],
)  # fmt: skip
def test_login_of_any_settings_is_read_by_what_its_names_end_in(text: str, where: str, name: str) -> None:
    found = login_in(text, "config.php")
    assert found is not None and (found.where, found.name) == (where, name)


def test_other_ways_in_are_no_database() -> None:
    assert login_in("<?php $config['mail_host']='x'; $config['mail_user']='y'; $config['mail_password']='z';", "c.php") is None


_DRIVER = b"<?php\nthrow new Exception('x');\n"
_TEXT = "Uncaught Exception: Error: Could not make a database link using shop@127.0.0.1!"


def first(settings: str, said: str = _TEXT) -> Finding:
    line = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  {said} in /home/demo/www/db/driver.php:2\nStack trace:\n#0 {{main}}\n  thrown in /home/demo/www/db/driver.php on line 2\n"
    return run_checks(evidence({"www/db/driver.php": _DRIVER, "www/config.php": settings.encode()}, line)).findings[0]


def settings(host: str = "localhost", port: str = "3306", password: str = "p") -> str:
    return f"<?php\ndefine('DB_HOSTNAME', '{host}');\ndefine('DB_USERNAME', 'u');\ndefine('DB_PASSWORD', '{password}');\ndefine('DB_DATABASE', 'shop');\ndefine('DB_PORT', '{port}');\n"


@pytest.mark.parametrize(
    ("given", "cause", "line"),
    [
        (settings("127.0.0.1", "3307"), "database-server-down", 6),
        (settings("localhost", "3307"), "database-server-down", 2),  # a socket: MySQL's library asks no port of that name
        (settings("localhost:/run/gone/mysqld.sock"), "database-server-down", 2),
        (settings(password=""), "database-access-denied", 4),
        (settings(), "database-server-down", 2),
    ],
)
def test_settings_tell_which_part_of_the_way_is_wrong(given: str, cause: str, line: int) -> None:
    found = first(given)
    assert (found.cause, found.path, found.line) == (cause, "www/config.php", line)
    assert found.confidence < 0.95 and {"database-missing"} <= set(found.also)


@pytest.mark.parametrize(
    ("given", "cause", "line"),
    [
        (settings("localhost", "3307"), "database-server-down", 2),  # the port is left of a server that had one
        (settings("127.0.0.1", "3307"), "database-access-denied", 4),
        (settings(), "database-access-denied", 4),
    ],
)
def test_settings_that_were_changed_just_before_are_suspected_by_what_stands_in_them(given: str, cause: str, line: int) -> None:
    said = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  {_TEXT} in /home/demo/www/db/driver.php:2\nStack trace:\n#0 {{main}}\n  thrown in /home/demo/www/db/driver.php on line 2\n"
    nodes = {f"www/old-{number}.php": Node(content=b"<?php\n", mtime=1.0, mode=0o604) for number in range(9)}
    nodes |= {
        "www/db/driver.php": Node(content=_DRIVER, mtime=1.0, mode=0o604),
        "www/config.php": Node(content=given.encode(), mtime=AT.timestamp() - 120, mode=0o604),
    }
    made = evidence(nodes, said)  # type: ignore[arg-type]
    found = run_checks(replace(made, changes=by_times(made))).findings[0]
    assert (found.cause, found.path, found.line) == (cause, "www/config.php", line)


def test_words_of_the_driver_before_decide() -> None:
    said = f"Uncaught mysqli_sql_exception: Access denied for user 'u'@'localhost' (using password: YES) in /home/demo/www/db/driver.php:2\nStack trace:\n#0 {{main}}\n\nNext {_TEXT.removeprefix('Uncaught ')}"
    found = first(settings(port="3307"), said)
    assert (found.cause, found.path, found.line) == ("database-access-denied", "www/config.php", 4)


@pytest.mark.parametrize(
    ("said", "cause", "line"),
    [
        (b"<h1>Sorry</h1><p>Could not connect to the database.</p>", "database-server-down", 6),
        (b"Connection failed: Connection refused", "database-server-down", 6),
        (b"Connect Error (1045) Zugriff verweigert", "database-access-denied", 4),
        (b"Connect Error (1049) Unknown database", "database-missing", 5),
    ],
)
def test_page_that_says_so_without_a_log(said: bytes, cause: str, line: int) -> None:
    files = {"www/index.php": b"<?php require 'config.php';", "www/config.php": settings("127.0.0.1", "3307").encode()}
    host = FakeHost({f"/home/demo/{name}": Node(content=content, mode=0o604) for name, content in files.items()})
    shown = site()
    shown = replace(shown, pages=(replace(shown.pages[0], body=said),))
    found = run_checks(gather(host, shown, PATHS, "apache-755", AT)).findings[0]
    assert (found.cause, found.path, found.line) == (cause, "www/config.php", line)


@pytest.mark.parametrize(
    ("prefix", "minutes", "place"),
    [
        ("neu_", 5, ("www/config.php", 7)),  # the settings were put over those of another installation
        ("neu_", 60 * 20, ("www/config.php", 7)),  # and were seen to fail the next morning
        ("neu_", 60 * 24 * 30, ("www/db/driver.php", 2)),  # one table was lost
        ("shop_", 5, ("www/db/driver.php", 2)),
    ],
)
def test_table_that_is_missing_leads_to_the_prefix_that_was_changed(prefix: str, minutes: int, place: tuple[str, int]) -> None:
    said = "Uncaught mysqli_sql_exception: Table 'web1.neu_settings' doesn't exist"
    line = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  {said} in /home/demo/www/db/driver.php:2\nStack trace:\n#0 {{main}}\n  thrown in /home/demo/www/db/driver.php on line 2\n"
    content = f"{settings()}define('DB_PREFIX', '{prefix}');\n".encode()
    nodes = {
        "www/config.php": Node(content=content, mtime=AT.timestamp() - 60 * minutes, mode=0o604),
        "www/db/driver.php": Node(content=_DRIVER, mtime=1.0, mode=0o604),
    }
    nodes |= {f"www/old-{number}.php": Node(content=b"<?php\n", mtime=1.0, mode=0o604) for number in range(9)}
    made = evidence(nodes, line)  # type: ignore[arg-type]
    found = run_checks(replace(made, changes=by_times(made))).findings[0]
    assert (found.cause, found.path, found.line) == ("database-table-missing", *place)


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        (["shop_settings", "shop_orders"], ("www/config.php", 7)),  # all begin otherwise
        (["neu_orders", "shop_settings"], ("www/db/driver.php", 2)),  # one table was lost, whatever was changed
        ([], ("www/config.php", 7)),
    ],
)
@pytest.mark.parametrize("days", [0.01, 30])
def test_database_that_can_be_asked_tells_a_wrong_prefix_from_a_lost_table(tables: list[str], place: tuple[str, int], days: float) -> None:
    said = "Uncaught mysqli_sql_exception: Table 'web1.neu_settings' doesn't exist in /home/demo/www/db/driver.php:2"
    line = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  {said}\nStack trace:\n#0 {{main}}\n  thrown in /home/demo/www/db/driver.php on line 2\n"
    content = f"{settings()}define('DB_PREFIX', 'neu_');\n".encode()
    host = FakeHost({
        "/home/demo/www/index.php": Node(content=b"<?php\n", mtime=1.0, mode=0o604),
        "/home/demo/www/config.php": Node(content=content, mtime=AT.timestamp() - days * 86400, mode=0o604),
        "/home/demo/www/db/driver.php": Node(content=_DRIVER, mtime=1.0, mode=0o604),
        "/home/demo/logs/error.log": Node(content=line.encode(), mtime=AT.timestamp(), mode=0o604),
    })  # fmt: skip
    made = gather(host, site(), PATHS, "apache-755", AT, ask_database=lambda *_asked: [*(["table", name] for name in tables), ["end"]])
    found = run_checks(replace(made, changes=by_times(made))).findings
    assert {(each.cause, each.path, each.line) for each in found if each.cause == "database-table-missing"} == {
        ("database-table-missing", *place)
    }


def test_page_of_503_that_tells_the_driver_s_words() -> None:
    body = b"<h1>General Error</h1><p>SQL ERROR [ mysqli ]<br />No such file or directory [2002]<br />An sql error occurred.</p>"
    made = evidence({"www/config.php": settings().encode()}, "", status=503)
    pages = tuple(replace(page, body=body, kind="gateway-error") for page in made.site.pages)
    assert run_checks(replace(made, site=replace(made.site, pages=pages))).findings[0].cause == "database-server-down"
