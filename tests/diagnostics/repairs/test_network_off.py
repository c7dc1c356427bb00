"""A WordPress whose settings speak of a network that its database has no tables of: told that it is one blog, by a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import at_hand
from diagnostics.evidence import Evidence
from diagnostics.installed import DatabaseTrial
from diagnostics.offering import guide_step
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.network_off import ID
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.transports.local import LocalReader
from tests.diagnostics.facts.test_applications import CORE
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db
SETTINGS = (
    b"<?php\ndefine( 'DB_NAME', 'shop' );\ndefine( 'DB_USER', 'me' );\ndefine( 'DB_PASSWORD', 'x' );\ndefine( 'DB_HOST', 'localhost' );\n"
    b"define( 'MULTISITE', true ); // since 2019\ndefine( 'SUBDOMAIN_INSTALL', false );\n$table_prefix = 'wp_';\n"
    b"require_once __DIR__ . '/wp-settings.php';\n"
)
OWN = ("wp_blogs", "wp_site", "wp_sitemeta")
FOUND = finding("database-table-missing", "www/wp-config.php", ID, 6)


def seen(docroot: Path, *missing: str, tables: int = 12, content: bytes = SETTINGS) -> Evidence:
    fill(docroot, {**CORE, "wp-config.php": content})
    trial = DatabaseTrial("php", "localhost", "shop", "wp_", "www/wp-config.php", "well", tables=tables, missing=missing)
    evidence = replace(read(docroot, FOUND), database=trial)
    return replace(evidence, at_hand=at_hand.read(LocalReader((docroot.parent,)), evidence, [FOUND]))


def test_network_without_its_tables_becomes_one_blog(docroot: Path, settings: object) -> None:
    plan = try_plan(ID, seen(docroot, *OWN), FOUND)
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    assert plan.changes[0].after == SETTINGS.replace(b"'MULTISITE', true", b"'MULTISITE', false")
    assert plan.needs_person and guide_step(plan) == "database"
    steady(docroot, settings, plan)


def test_network_that_lacks_other_tables_stays_one(docroot: Path) -> None:
    assert try_plan(ID, seen(docroot, *OWN, "wp_options"), FOUND) is None
    assert try_plan(ID, seen(docroot, "wp_blogs"), FOUND) is None
    assert try_plan(ID, seen(docroot), FOUND) is None
    assert try_plan(ID, seen(docroot, *OWN, tables=0), FOUND) is None
    assert try_plan(ID, seen(docroot, *OWN, content=SETTINGS.replace(b"true", b"false")), FOUND) is None


def test_setting_that_is_made_up_is_left_to_a_person(docroot: Path) -> None:
    made = seen(docroot, *OWN, content=SETTINGS.replace(b"'MULTISITE', true", b"'MULTISITE', ! false"))
    assert try_plan(ID, made, FOUND) is None or isinstance(try_plan(ID, made, FOUND), CannotPlan)
