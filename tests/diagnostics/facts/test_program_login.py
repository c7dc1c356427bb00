"""The file that holds a program's way into its database: by its name, else by what loads it, and by the values that the refusal tells."""

from __future__ import annotations

import posixpath

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence
from diagnostics.facts.database import Asker
from diagnostics.facts.gather import gather
from diagnostics.installed import DatabaseTrial
from tests.diagnostics.evidences import AT, PATHS, site
from tests.fakes import FakeHost, Node

_REFUSED = "Access denied for user 'web9'@'localhost' to database 'usr_web9_1'"
_INDEX = b"<?php\n$title = 'Welcome';\nrequire_once 'includes/constants.php';\nrequire_once 'includes/func.php';\nlatest(2);\n"


def settings(name: str = "usr_web9_1", user: str = "web9") -> str:
    names = {"HOST": "localhost", "NAME": name, "USER": user, "PASS": "p"}
    return "<?php\n" + "".join(f"define('DB_{part}', '{value}');\n" for part, value in names.items())


def seen(files: dict[str, str], said: str = _REFUSED, late: str = "", ask: Asker | None = None) -> Evidence:
    root = "/home/demo/www"
    line = (
        f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  Uncaught mysqli_sql_exception: {said} in {root}/includes/func.php:3\n"
        "Stack trace:\n"
        f"#0 {root}/includes/func.php(3): mysqli->__construct('localhost', 'web9')\n#1 {root}/index.php(5): latest(2)\n#2 {{main}}\n"
        f"  thrown in {root}/includes/func.php on line 3\n"
    )
    nodes = {posixpath.normpath(f"{root}/{name}"): Node(content=text.encode(), mtime=1.0, mode=0o604) for name, text in files.items()}
    nodes |= {f"{root}/{late}": Node(content=files[late].encode(), mtime=AT.timestamp() - 90, mode=0o604)} if late else {}
    nodes[f"{root}/includes/func.php"] = Node(
        content=b"<?php\nfunction db() {\n    return new mysqli(DB_HOST, DB_USER, DB_PASS, DB_NAME);\n}\n", mtime=1.0, mode=0o604
    )
    nodes.setdefault(f"{root}/index.php", Node(content=_INDEX, mtime=1.0, mode=0o604))
    nodes["/home/demo/logs/error.log"] = Node(content=line.encode(), mtime=AT.timestamp(), mode=0o604)
    return gather(FakeHost(nodes), site(), PATHS, "apache-755", AT, ask_database=ask)


def place(made: Evidence) -> tuple[str, str, int | None]:
    found = run_checks(made).findings[0]
    return found.cause, found.path, found.line


@pytest.mark.parametrize(
    ("said", "cause", "line"),
    [
        (_REFUSED, "database-missing", 3),
        ("Unknown database 'usr_web9_1'", "database-missing", 3),
        ("Access denied for user 'web9'@'localhost' (using password: YES)", "database-access-denied", 5),
        ("Connection refused", "database-server-down", 2),
    ],
)
def test_settings_of_any_name_are_found_by_the_script_that_loads_them(said: str, cause: str, line: int) -> None:
    assert place(seen({"includes/constants.php": settings()}, said)) == (cause, "www/includes/constants.php", line)


@pytest.mark.parametrize(
    "way",
    [
        "$_SERVER['DOCUMENT_ROOT'] . '/env/site.php'", '$_SERVER["DOCUMENT_ROOT"]."/env/site.php"', "__DIR__ . '/env/site.php'",
        "dirname(__DIR__) . '/www/env/site.php'", "dirname(__FILE__) . '/env/site.php'", "'./env/site.php'", '("env/site.php")',
    ],
)  # fmt: skip
def test_settings_are_followed_in_each_way_of_writing_their_place(way: str) -> None:
    files = {"index.php": f"<?php\n\n\nrequire_once {way};\nlatest(2);\n", "env/site.php": settings()}
    assert place(seen(files)) == ("database-missing", "www/env/site.php", 3)


@pytest.mark.parametrize(
    ("words", "said", "line"),
    [
        (["error", "connect", "1045", "Access denied", ""], "Access denied for user 'web9'@'localhost' (using password: YES)", 5),
        (["error", "select", "1049", "Unknown database", ""], _REFUSED, 3),
        (["end"], "Table 'usr_web9_1.new_options' doesn't exist", 6),
    ],
)
def test_answer_of_the_database_is_told_with_the_line_that_it_is_about(words: list[str], said: str, line: int) -> None:
    files = {"includes/constants.php": settings() + "define('DB_PREFIX', 'new_');\n"}
    trial = seen(files, said, ask=lambda *_asked: [words]).database
    assert isinstance(trial, DatabaseTrial) and (trial.place, trial.line) == ("www/includes/constants.php", line)


def test_settings_that_are_loaded_by_a_computed_name_are_found_by_their_change() -> None:
    files = {"index.php": '<?php\n\n\nrequire "env/$host.php";\nlatest(2);\n', "env/shop.example.php": settings()}
    assert place(seen(files, late="env/shop.example.php")) == ("database-missing", "www/env/shop.example.php", 3)
    assert place(seen(files)) == ("database-missing", "www/includes/func.php", 3)


@pytest.mark.parametrize("other", [settings("forum", "web7"), settings("forum", "web9"), settings("usr_web9_1", "root")])
def test_settings_with_other_values_than_the_refused_ones_are_those_of_something_else(other: str) -> None:
    assert place(seen({"config.php": other, "includes/constants.php": settings()}))[1:] == ("www/includes/constants.php", 3)
    assert place(seen({"config.php": other, "includes/constants.php": "<?php\n"}))[1:] == ("www/includes/func.php", 3)


@pytest.mark.parametrize(
    "written",
    ["<?php\nreturn ['bdd' => [\n  'quoi' => 'usr_web9_1',\n]];\n", '<?php\n// usr_web9_1\n$a["b"]["base2"] = "usr_web9_1"; # new\n'],
)
def test_refused_name_is_looked_for_where_no_settings_are_read_otherwise(written: str) -> None:
    assert place(seen({"includes/constants.php": written})) == ("database-missing", "www/includes/constants.php", 3)


def test_name_that_stands_in_several_places_tells_none() -> None:
    written = "<?php\n$a = ['usr_web9_1'];\n$b = 'usr_web9_1';\n"
    assert place(seen({"includes/constants.php": written})) == ("database-missing", "www/includes/func.php", 3)


@pytest.mark.parametrize(
    ("tables", "others"),
    [(["forum_options", "forum_users"], ("forum_",)), (["a_users"], ()), (["new_users", "forum_options"], ()), (["options"], ("",))],
)
def test_prefix_of_a_program_that_nobody_knows_is_told_by_the_table_that_it_misses(tables: list[str], others: tuple[str, ...]) -> None:
    files = {"includes/constants.php": settings() + "define('DB_PREFIX', 'new_');\n"}
    answer = [*(["table", name] for name in tables), ["end"]]
    made = seen(files, "Table 'usr_web9_1.new_options' doesn't exist", ask=lambda *_asked: answer)
    found = made.database
    assert (found.other_prefixes if isinstance(found, DatabaseTrial) else ()) == others


def test_settings_beside_the_docroot_are_found_by_the_script_that_loads_them() -> None:
    said = "Access denied for user 'web9'@'localhost' (using password: YES)"
    index = "<?php\n$db = require dirname(__DIR__) . '/app/config/db.php';\nrequire_once 'includes/func.php';\nlatest(2);\n"
    made = seen({"index.php": index, "../app/config/db.php": settings()}, said)
    assert place(made) == ("database-access-denied", "app/config/db.php", 5)
    assert place(seen({"index.php": index}, said))[1] != "app/config/db.php"
