"""The prefix of the tables: written as the database has it, where a person says that those tables are this site's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import at_hand, offering
from diagnostics.evidence import DatabaseWay, Evidence
from diagnostics.findings import Finding
from diagnostics.installed import Application, DatabaseTrial
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import ways
from diagnostics.repairs.table_prefix import ID
from diagnostics.transports.local import LocalReader
from tests.diagnostics.facts.test_applications import CORE
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db
SETTINGS = (
    "<?php\ndefine( 'DB_NAME', 'shop' );\ndefine( 'DB_USER', 'me' );\ndefine( 'DB_PASSWORD', 'x' );\ndefine( 'DB_HOST', 'localhost' );\n"
    "$table_prefix = '{}'; // ours\nrequire_once __DIR__ . '/wp-settings.php';\n"
)
FOUND = replace(finding("database-table-missing", "www/wp-config.php", ID, 6), repairs=(ID, "database-login"))


def seen(docroot: Path, *others: str, tables: int = 0, found: Finding = FOUND) -> Evidence:
    """A WordPress whose database was asked, and has tables with these prefixes."""
    fill(docroot, {**CORE, "wp-config.php": SETTINGS.format("wp_").encode()})
    trial = DatabaseTrial("php", "localhost", "shop", "wp_", "www/wp-config.php", "tables", tables=tables, other_prefixes=others)
    evidence = replace(read(docroot, found), database=trial)
    return replace(evidence, at_hand=at_hand.read(LocalReader((docroot.parent,)), evidence, [found]))


def test_prefix_of_the_tables_is_written_by_a_person(docroot: Path, settings: object) -> None:
    evidence = seen(docroot, "w7_", "old_")
    assert [dict(way) for way in ways(ID, evidence, FOUND)] == [{"prefix": "w7_"}, {"prefix": "old_"}]
    plan = try_plan(ID, evidence, FOUND, {"prefix": "old_"}.items())
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    assert plan.changes[0].after.decode() == SETTINGS.format("old_")
    assert plan.needs_person and kind_of(ID) == "" and offering.guide_step(plan) == "database"
    steady(docroot, settings, plan)


def test_nothing_is_proposed_that_was_not_found(docroot: Path) -> None:
    assert try_plan(ID, seen(docroot), FOUND) is None
    assert try_plan(ID, seen(docroot, "w7_", tables=12), FOUND) is None
    assert try_plan(ID, seen(docroot, "w7_'; x"), FOUND) is None
    assert try_plan(ID, seen(docroot, "w7_"), FOUND, {"prefix": "other_"}.items()) is None


def test_prefix_that_settings_make_up_is_left(docroot: Path) -> None:
    evidence = seen(docroot, "w7_")
    file = docroot / "wp-config.php"
    file.write_bytes(SETTINGS.replace("'{}'", "getenv('PREFIX') ?: 'wp_'").encode())
    evidence = replace(evidence, at_hand=at_hand.read(LocalReader((docroot.parent,)), evidence, [FOUND]))
    assert isinstance(try_plan(ID, evidence, FOUND), CannotPlan | None)


BOARD = "<?php\n$dbhost = 'localhost';\n$dbname = 'forum';\n$dbuser = 'me';\n$dbpasswd = 'x';\n$table_prefix = 'dev_'; // ours\n"
LINES = (("host", 2), ("name", 3), ("user", 4), ("password", 5), ("prefix", 6))
OF_BOARD = replace(finding("database-table-missing", "www/config.php", ID, 6), repairs=(ID, "database-login"))


def of_a_board(docroot: Path, others: tuple[str, ...] = ("phpbb_",)) -> Evidence:
    """A program of which only the file with its login is known."""
    fill(docroot, {"config.php": BOARD.encode()})
    way = DatabaseWay("www/config.php", "localhost", 3306, LINES, prefix="dev_")
    trial = DatabaseTrial("here", "localhost", "forum", "dev_", "www/config.php", "well", other_prefixes=others)
    evidence = replace(read(docroot, OF_BOARD), database=trial, database_way=way)
    return replace(evidence, at_hand=at_hand.read(LocalReader((docroot.parent,)), evidence, [OF_BOARD]))


def test_prefix_of_a_program_that_nobody_knows_is_written_too(docroot: Path, settings: object) -> None:
    plan = try_plan(ID, of_a_board(docroot), OF_BOARD)
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile) and plan.needs_person
    assert plan.changes[0].after.decode() == BOARD.replace("'dev_'", "'phpbb_'")
    steady(docroot, settings, plan)
    assert try_plan(ID, of_a_board(docroot, ()), OF_BOARD) is None
    assert try_plan(ID, of_a_board(docroot, ("",)), OF_BOARD) is None


def test_login_beside_a_prefix_is_written_and_the_prefix_stays(docroot: Path, settings: object) -> None:
    plan = try_plan("database-login", of_a_board(docroot), OF_BOARD, {"name": "web7_forum"}.items())
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    assert plan.changes[0].after.decode() == BOARD.replace("'forum'", "'web7_forum'")
    steady(docroot, settings, plan)


def test_login_is_that_of_the_program_that_the_finding_names(docroot: Path) -> None:
    """A blog below has a login too, and nothing to do with it."""
    evidence = of_a_board(docroot)
    path = "www/blog/wp-config.php"
    blog = Application("wordpress", "WordPress", "www/blog", f"{docroot}/blog", settings_path=path, login_at=(("name", path, 2),))
    plan = try_plan("database-login", replace(evidence, applications=(blog,)), OF_BOARD, {"name": "web7_forum"}.items())
    assert isinstance(plan, Plan) and plan.changes[0].shown == "www/config.php"
