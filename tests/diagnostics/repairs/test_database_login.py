"""The login of a program that nobody knows: written into the file that a log or a page led to, and shown without its password."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import at_hand, offering
from diagnostics.connections.telling import shown_diff
from diagnostics.evidence import DatabaseWay, Evidence
from diagnostics.facts.settings.any_login import login_in
from diagnostics.findings import Finding
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.database_login import ID
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.transports.local import LocalReader
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db
SOURCE = "<?php\n$db = new PDO('mysql:host=db1;dbname=shop', 'me', 'old-hush');\nreturn $db;\n"
FOUND = finding("database-access-denied", "www/lib/db.php", ID, 2)


def seen(docroot: Path, found: Finding = FOUND) -> Evidence:
    """As a diagnosis has it that found the way into the database in this file."""
    fill(docroot, {"lib/db.php": SOURCE.encode()})
    login = login_in(SOURCE, "")
    assert login is not None
    lines = tuple((part, line) for part, (_path, line) in login.lines.items())
    evidence = replace(read(docroot, found), database_way=DatabaseWay("www/lib/db.php", "db1", 3306, lines))
    return replace(evidence, at_hand=at_hand.read(LocalReader((docroot.parent,)), evidence, [found]))


def test_only_what_a_person_gave_is_written_and_no_password_is_shown(docroot: Path, settings: object) -> None:
    plan = try_plan(ID, seen(docroot), FOUND, {"password": "new-hush", "name": "shop2"}.items())
    assert isinstance(plan, Plan) and offering.guide_step(plan) == "database"
    (change,) = plan.changes
    assert isinstance(change, WriteFile)
    assert change.after.decode() == SOURCE.replace("dbname=shop'", "dbname=shop2'").replace("'old-hush'", "'new-hush'")
    assert "hush" not in shown_diff(plan) and "www/lib/db.php" in plan.title
    steady(docroot, settings, plan)


def test_nothing_is_guessed_and_another_file_than_was_found_is_left(docroot: Path) -> None:
    evidence = seen(docroot)
    assert isinstance(try_plan(ID, evidence, FOUND), CannotPlan)
    moved = replace(evidence, database_way=DatabaseWay("www/lib/db.php", "db1", 3306, (("host", 3), ("user", 3))))
    assert isinstance(try_plan(ID, moved, FOUND, {"password": "x"}.items()), CannotPlan)
    assert isinstance(try_plan(ID, replace(evidence, database_way=None), FOUND, {"password": "x"}.items()), CannotPlan)
