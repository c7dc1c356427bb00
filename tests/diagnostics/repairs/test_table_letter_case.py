"""Names of tables in the letters that the database has them in: certain where it told, by a person where it could not be asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.installed import DatabaseTrial
from diagnostics.offering import guide_step
from diagnostics.repairs import try_plan
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.table_letter_case import ID
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db
QUERY = b"<?php\n// NEWS of the day\n$rows = $db->query('SELECT id, title AS NEWS FROM jos_NEWS JOIN `jos_News` ORDER BY id');\n"


def planned(docroot: Path, source: bytes, lost: str, *tables: str, asked: bool = True) -> Plan | None:
    fill(docroot, {"news.php": source})
    found = finding("database-table-missing", "www/news.php", ID, 3, message=f"Uncaught Error: Table 'shop.{lost}' doesn't exist in x:3")
    evidence = read(docroot, found)
    if asked:
        trial = DatabaseTrial("php", "localhost", "shop", "jos_", "www/config.php", "well", tables=len(tables), names=tables)
        evidence = replace(evidence, database=trial)
    plan = try_plan(ID, evidence, found)
    return plan if isinstance(plan, Plan) else None


def after(plan: Plan | None) -> bytes:
    assert plan is not None and isinstance(plan.changes[0], WriteFile)
    return plan.changes[0].after


def test_the_table_that_is_there_is_named_as_it_is(docroot: Path, settings: object) -> None:
    plan = planned(docroot, QUERY, "jos_NEWS", "jos_news", "jos_users")
    assert after(plan) == QUERY.replace(b"FROM jos_NEWS", b"FROM jos_news")
    assert plan is not None and not plan.needs_person and guide_step(plan) == "database"
    steady(docroot, settings, plan)


@pytest.mark.parametrize("prefix", [b"#__", b"{$wpdb->prefix}", b"$prefix", b"' . $this->prefix . '"])
def test_prefix_that_the_program_puts_before_it_stays(docroot: Path, prefix: bytes) -> None:
    source = b'<?php\n$db->query("INSERT INTO %sOrderItems (id) VALUES (1)");\n' % prefix
    source = source.replace(b'"', b"'") if b"'" in prefix else source
    assert after(planned(docroot, source, "jos_OrderItems", "jos_orderitems")) == source.replace(b"OrderItems", b"orderitems")


def test_where_no_table_is_known_a_person_says_so(docroot: Path) -> None:
    plan = planned(docroot, QUERY, "jos_NEWS", asked=False)
    assert after(plan) == QUERY.replace(b"FROM jos_NEWS", b"FROM jos_news") and plan is not None and plan.needs_person
    assert planned(docroot, QUERY.lower(), "jos_news", asked=False) is None


def test_another_table_is_never_named(docroot: Path) -> None:
    assert planned(docroot, QUERY, "jos_NEWS", "jos_users", "jos_new") is None
    assert planned(docroot, QUERY, "jos_NEWS", "jos_news", "jos_News") is None  # two of them: whose is meant?
    assert planned(docroot, QUERY, "jos_NEWS", "jos_NEWS") is None  # it is there
    assert planned(docroot, b"<?php\n$NEWS = 'jos_NEWS';\n", "jos_NEWS", "jos_news") is None  # no query
