"""Damaged tables of a real MariaDB: found by its check, repaired by its server, checked again; undone where a copy could be made."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from diagnostics import repairing
from diagnostics.changes import recovering, tables_repaired, undoing
from diagnostics.models import DatabaseChange, DatabaseDump, RepairCase, Step
from diagnostics.site_databases import checking
from diagnostics.site_databases.reading import Sections, only_parts
from tests.diagnostics.site_databases.conftest import SECRET, Shop, ran
from tests.factories import make_team, make_user
from tests.sites.views.pages import client_of

pytestmark = pytest.mark.django_db(transaction=True)


ITS_OWN = """<?php
ini_set('error_log', dirname(__DIR__) . '/logs/php_error.log'); ini_set('log_errors', '1');
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$db = new mysqli('localhost', 'me', '{secret}', 'shop', 0, '{line}');
$db->query('SELECT * FROM wp_options');
"""


@pytest.fixture
def owner(shop: Shop) -> Client:
    return client_of(make_user(team=shop.site.team))


def index_of(shop: Shop, table: str, engine: str = "MyISAM") -> Path:
    shop.base.run(f"ALTER TABLE shop.{table} ENGINE={engine}; FLUSH TABLES")
    return shop.base.data / f"shop/{table}.{'MYI' if engine == 'MyISAM' else 'MAI'}"


def checked(case: RepairCase) -> Step:
    return ran(repairing.look(case, "database", None, about=checking.ABOUT))


def test_table_whose_index_is_cut_off_is_repaired_after_a_typed_name(shop: Shop, owner: Client) -> None:
    well = shop.base.rows()
    index = index_of(shop, "wp_options")  # the server has no table open after it
    index.write_bytes(index.read_bytes()[:200])
    case = shop.case()
    look = checked(case)
    assert look.state == "done" and "wp_options" in look.message, look.message
    page = owner.get(f"/repairs/{case.pk}/", {"step": "database"}).content.decode()
    assert "Show how they would be repaired" in page
    path = f"/repairs/{case.pk}/database/tables/"
    assert "cannot be undone" in owner.get(path).content.decode()
    for wrong in ("", "blog"):
        assert "Type the name" in owner.post(path, {"name": wrong}).content.decode()
    assert not DatabaseChange.objects.exists()
    assert owner.post(path, {"name": "shop"}).status_code == 302
    step = ran(case.steps.latest("pk"))
    assert step.state == "done-verified", step.message
    assert shop.base.rows() == well and not step.may_be_undone
    with pytest.raises(repairing.RepairRefused, match="could not be read"):
        undoing.undo(step)


def test_table_that_is_whole_loses_its_mark_of_damage_by_the_check(shop: Shop) -> None:
    well = shop.base.rows()
    index = index_of(shop, "wp_options")
    content = bytearray(index.read_bytes())
    content[26] = 2  # the byte that says whether the table is sound
    index.write_bytes(content)
    look = checked(shop.case())
    assert look.state == "done" and "took the mark away: wp_options" in look.message, look.message
    assert not look.result[checking.DAMAGED] and shop.base.rows() == well
    pages = look.result["pages_after"]
    assert pages and all(row["kind"] == "ok" for row in pages), pages


def test_tables_of_a_program_that_nobody_knows_are_checked(shop: Shop) -> None:
    """Its login stands in the page that failed: a log led to it."""
    page = shop.home / "www/index.php"
    shop.settings.unlink()
    index = index_of(shop, "wp_options")
    quoted = SECRET.replace("\\", "\\\\").replace("'", "\\'")
    page.write_text(ITS_OWN.format(line=shop.base.line, secret=quoted))
    shop.account.own(page)
    index.write_bytes(index.read_bytes()[:200])
    look = checked(shop.case())
    assert look.state == "done" and "wp_options" in look.message, look.message


def test_table_whose_keys_are_wrong_is_copied_first_repaired_and_undone(shop: Shop, owner: Client) -> None:
    index = index_of(shop, "wp_options")
    well = shop.base.rows()
    content = bytearray(index.read_bytes())
    content[1024:] = bytes(byte ^ 0x5A for byte in content[1024:])
    index.write_bytes(content)
    case = shop.case()
    look = checked(case)
    assert "wp_options" in look.message and look.result[checking.DAMAGED]["is_copied"], look.message
    assert "One click" in owner.get(f"/repairs/{case.pk}/database/tables/").content.decode()
    owner.post(f"/repairs/{case.pk}/database/tables/", {})
    step = ran(case.steps.latest("pk"))
    assert step.state == "done-verified" and shop.base.rows() == well, step.message
    shop.base.run("DELETE FROM shop.wp_options WHERE option_name = 'template'; INSERT INTO shop.wp_users (t) VALUES ('new')")
    undoing.undo(step)
    assert shop.base.rows() != well and "template" in shop.base.rows() and "new" in shop.base.run("SELECT t FROM shop.wp_users")


def test_tables_that_are_well_are_left_alone(shop: Shop, owner: Client) -> None:
    case = shop.case()
    before = shop.base.rows()
    look = checked(case)
    assert look.message == "No table is damaged." and shop.base.rows() == before
    assert owner.get(f"/repairs/{case.pk}/database/tables/").status_code == 302
    with pytest.raises(repairing.RepairRefused):
        tables_repaired.start(case, "shop", None)


def test_other_tables_than_were_shown_are_not_repaired(shop: Shop) -> None:
    index = index_of(shop, "wp_options")
    index.write_bytes(index.read_bytes()[:200])
    case = shop.case()
    checked(case)
    step = tables_repaired.start(case, "shop", None)
    DatabaseChange.objects.update(tables=["wp_posts"])
    assert ran(step).state == "stale" and DatabaseChange.objects.get().phase == "not-made"


def test_repair_that_broke_off_says_so_where_nothing_was_kept(shop: Shop) -> None:
    index = index_of(shop, "wp_options")
    index.write_bytes(index.read_bytes()[:200])
    case = shop.case()
    checked(case)
    step = tables_repaired.start(case, "shop", None)
    DatabaseChange.objects.update(phase="recorded")
    Step.objects.filter(pk=step.pk).update(state="applying")
    recovering.recover()
    step.refresh_from_db()
    assert step.state == "needs-attention" and "Check the tables again" in step.message and not DatabaseDump.objects.filter(state="kept")


def test_output_of_the_server_is_judged() -> None:
    lines = [
        "shop.a\tcheck\tstatus\tOK", "shop.b\tcheck\twarning\tTable is marked as crashed", "shop.b\tcheck\terror\tSize of indexfile is: 9",
        "shop.b\tcheck\terror\tCorrupt", "shop.c\tcheck\tstatus\tOperation failed", "other.x\tcheck\terror\tCorrupt", "end", "shop.d\tx",
        "shop.e\trepair\tinfo\tFound row where time field is invalid", "shop.e\trepair\tstatus\tOK",
    ]  # fmt: skip
    assert checking.judged(lines, "shop") == {"a": "OK", "b": "Corrupt", "c": "Operation failed", "e": "OK"}


def test_parts_of_some_tables_are_taken_out_of_a_dump() -> None:
    text = (
        b"-- head\nSET NAMES utf8mb4;\n-- Table structure for table `a`\nA\n-- Dumping data for table `a`\na1\n"
        b"-- Table structure for table `b`\nB '-- Table structure for table `a`'\n-- Dump completed\n"
    )
    for size in (1, 5, 1000):
        blocks = [text[at : at + size] for at in range(0, len(text), size)]
        found = b"".join(only_parts(blocks, ["b"]))
        assert found.startswith(b"-- head\nSET NAMES utf8mb4;\n-- Table structure for table `b`\nB ") and b"a1" not in found
    whole = Sections()
    whole.feed(text)
    assert list(whole.tables) == ["a", "b"]


def test_reader_and_stranger_may_not(shop: Shop) -> None:
    case = shop.case()
    for who, status in ((make_user(team=shop.site.team, role="reader"), 403), (make_user(team=make_team()), 404)):
        for path in ("", "check/"):
            assert client_of(who).post(f"/repairs/{case.pk}/database/tables/{path}").status_code == status
