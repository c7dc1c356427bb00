# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: databases of any program: where they are, what they are called, who may do what."""

from __future__ import annotations

from tests.lab.cases.acceptance_programs import kind_of
from tests.lab.cases.base import SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.clubs_and_shops import club, club_page
from tests.lab.sites.edits import changed
from tests.lab.sites.php_site import php


@case(SHOWN, "club", "board")
def server_of_the_database_is_named_as_elsewhere(s: Scene) -> Truth:
    """At the host before it was `localhost`, or the usual port; here it is neither."""
    is_club = kind_of(s) == "club"
    path = s.at(club(s).config if is_club else "config.php")
    if s.rng.random() < 0.6:
        old, new = (
            ("define('DB_HOST', '127.0.0.1');", "define('DB_HOST', 'localhost');")
            if is_club
            else ("$dbhost = '127.0.0.1';", "$dbhost = 'localhost';")
        )
    else:
        port = s.databases.port
        old, new = (f"define('DB_PORT', {port});", "define('DB_PORT', 3306);") if is_club else (f"$dbport = '{port}';", "$dbport = '3306';")
    changed(s, path, old, new)
    paths = (s.at(club(s).functions),) if is_club else ()
    return Truth("database-server-down", path, (s.line_of(path, new),), statuses=(500, 503), paths=paths)


@case(SHOWN, "board", "opencart")
def prefix_of_another_installation(s: Scene) -> Truth:
    """The settings of the test installation were put over those of the real one."""
    path = s.at("config.php")
    mark = "$table_prefix =" if kind_of(s) == "board" else "'DB_PREFIX'"
    line = s.read(path).decode().split("\n")[s.line_of(path, mark) - 1]
    prefix = s.rng.choice(("test_", "neu_", "dev2_", "copy_", "staging_"))
    changed(s, path, line, f"$table_prefix = '{prefix}';" if kind_of(s) == "board" else f"define('DB_PREFIX', '{prefix}');")
    return Truth("database-table-missing", path, (s.line_of(path, mark),), statuses=(500, 503))


@case(SHOWN, "club", "board", "prestashop")
def name_of_the_database_as_at_the_old_host(s: Scene) -> Truth:
    """The panel here puts the account's name before it; the settings do not."""
    assert s.database is not None
    kind = kind_of(s)
    path = s.at(club(s).config if kind == "club" else {"board": "config.php", "prestashop": "app/config/parameters.php"}[kind])
    other = s.rng.choice(
        (s.database.name.removeprefix("db_"), f"usr_web{s.rng.randint(10, 900)}_1", f"k{s.rng.randint(1000, 90000)}_shop", "website")
    )
    changed(s, path, f"'{s.database.name}'", f"'{other}'")
    paths = (
        (s.at(club(s).functions),) if kind == "club" else (s.at("classes/db/Db.php"),) if kind == "prestashop" else (s.at("common.php"),)
    )
    return Truth("database-missing", path, (s.line_of(path, f"'{other}'"),), ("database-access-denied",), statuses=(500, 503), paths=paths)


@case(SHOWN, "club")
def right_to_write_was_taken_away(s: Scene) -> Truth:
    """The database is larger than the plan allows: the host lets it be read only. The page that counts visits ends; the others answer."""
    assert s.database is not None
    made, table = s.database, s.rng.choice(("visits", "zaehler", "compteur", "hits"))
    s.databases.run(f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, page VARCHAR(90), seen DATETIME) ENGINE=InnoDB", made.name)
    count = s.rng.choice((
        f"db()->query(\"INSERT INTO {table} (page, seen) VALUES ('home', NOW())\");",
        f"$put = db()->prepare('INSERT INTO {table} (page, seen) VALUES (?, NOW())'); $put->execute([$_SERVER['SCRIPT_NAME']]);",
    ))  # fmt: skip
    s.keep(s.at("index.php"), club_page(s, "Welcome", ["$rows = latest(2);", count]))
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"REVOKE INSERT, UPDATE, CREATE ON {made.name}.* FROM '{made.user}'@'{host}'")
    return Truth("database-access-denied")


@case(SHOWN, "opencart")
def password_changed_in_one_of_two_files(s: Scene) -> Truth:
    """The shop's own settings were forgotten; its back office has the new password and answers."""
    assert s.database is not None
    made, new = s.database, f"{s.rng.randrange(16**10):010x}#N"
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"ALTER USER '{made.user}'@'{host}' IDENTIFIED BY '{new}'")
    s.keep(s.at("admin/index.php"), php(
        "// Version", "define('VERSION', '3.0.3.8');", "require_once('config.php');", "$db = new mysqli(DB_HOSTNAME, DB_USERNAME, DB_PASSWORD, DB_DATABASE, (int)DB_PORT);",
        "echo '<!doctype html><html><head><title>Administration</title></head><body><h1>Please enter your login details</h1><form method=\"post\"><input name=\"username\"><input name=\"password\" type=\"password\"></form></body></html>';"))  # fmt: skip
    changed(s, s.at("admin/config.php"), made.password, new)
    path = s.at("config.php")
    s.pages.append("/admin/index.php")
    return Truth("database-access-denied", path, (s.line_of(path, "'DB_PASSWORD'"),))
