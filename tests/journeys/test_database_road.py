"""A database is backed up while the site is well, loses a table, is put back, undone, and handed over at last: by pages alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.config.running import wait_for
from tests.journeys import repairing
from tests.journeys.browsing import Visitor
from tests.journeys.conftest import Product
from tests.journeys.installing import installation, log_in
from tests.lab.cases import Case, Truth
from tests.lab.hosting import Shell
from tests.lab.planting import Planted, planted
from tests.lab.scene import Scene
from tests.lab.stack import Stack, started, why_missing
from tests.lab.test_mails import Clocked, add, inbox  # noqa: F401 - inbox is a fixture

pytestmark = [pytest.mark.slow, pytest.mark.full, pytest.mark.timeout(600)]
NAME = "bakery"
MISSING = "A part of the database"
STEP = "Look into the database"


def lose_a_table(scene: Scene) -> Truth:
    """By a plugin that "cleans" databases."""
    assert scene.database is not None
    scene.databases.run(f"DROP TABLE {scene.database.prefix}options", scene.database.name)
    return Truth("database-table-missing")


CASE = Case("wordpress.table-lost", lose_a_table, ("engine",), ("wordpress",))


def register(shell: Shell, lab: Stack, scene: Scene, key: Path) -> None:
    key.touch(0o600)
    key.write_text(lab.doors.shell.private_key_text)
    add(shell, lab, Planted(CASE, scene, Truth(""), "wordpress"), NAME, "ssh", key)
    wait_for(lambda: shell.run("status", "--json").json["sites"]["up"] == 1, 60, "the bakery is up")


def back_up(visitor: Visitor) -> str:
    """Before somebody works on it. Answers the repair's address."""
    visitor.go("/")
    visitor.press(NAME)
    visitor.go(visitor.page.url.split("?")[0] + "repair/")
    visitor.press("Start the guided repair")
    repair = visitor.page.url.split("?")[0]
    repairing.choose(visitor, STEP)
    repairing.look_again(visitor, "Read the settings")
    visitor.page.locator("#dumps > summary").click()
    visitor.pictures("1-before-the-dump")
    visitor.page.locator("#make-dump").click()
    visitor.until(lambda: visitor.page.locator("#dumps table tbody tr").count() == 1, 60, "the dump is kept")
    repairing.settle(visitor)
    visitor.pictures("2-dump")
    return repair


def put_back(visitor: Visitor, repair: str) -> None:
    visitor.until(lambda: MISSING in visitor.go("/").inner_text("main"), 120, "its failure is noticed and its cause found")
    visitor.go(repair)
    assert "Look into the database" in visitor.page.locator("#panel-title").inner_text(), "it is recommended"
    visitor.pictures("3-broken")
    visitor.page.locator("#dump-first").click()
    visitor.page.wait_for_load_state()
    visitor.pictures("4-plan")
    visitor.press("Make a dump now, then put this one back")
    repairing.settle(visitor, 120)
    assert "The site works again" in visitor.words, visitor.words
    visitor.pictures("5-put-back")


def give_up(visitor: Visitor, repair: str) -> None:
    """Handed over to those who can do more, with a report for them and one for the customer."""
    visitor.until(lambda: MISSING in visitor.go("/").inner_text("main"), 120, "it is noticed again")
    visitor.go(repair)
    repairing.choose(visitor, "Hand over to a specialist")
    visitor.pictures("6-hand-over")
    visitor.press("Close: it is handed over")
    assert "This repair is closed" in visitor.words
    visitor.press("Report for the customer")
    assert "handed over to those who can mend it" in visitor.page.locator("body").inner_text()
    assert "has been disturbed since" in visitor.page.locator("body").inner_text() and MISSING in visitor.words
    visitor.pictures("7-customer")


def test_database_is_backed_up_put_back_and_undone(
    start: Callable[..., Product],
    visit: Callable[..., Visitor],
    inbox: Clocked,  # noqa: F811
    tmp_path: Path,
) -> None:
    if why := why_missing():
        pytest.skip(why)
    with started() as lab:
        product, shell = installation(start, inbox, {NAME: {NAME: "owner"}})
        visitor = visit(product)
        kept: list[str] = []

        def while_well(scene: Scene) -> None:
            register(shell, lab, scene, tmp_path / "key")
            log_in(visitor, NAME)
            kept.append(back_up(visitor))

        with planted(lab, CASE, "database road", while_well=while_well) as site:
            put_back(visitor, kept[0])
            assert site.truth.why_not_shown(site.scene.place), "the page says that the site works, and it does not"
            repairing.undo_newest(visitor)
            assert not site.truth.why_not_shown(site.scene.place), "undone, it is as broken as it was"
            visitor.look("undone")
            give_up(visitor, kept[0])
