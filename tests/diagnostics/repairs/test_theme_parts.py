"""One file of a theme set aside, a plain one in the place of a lost one, a folder that gets its name back: carried out and undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import CreateFile, Plan, RenameFile, RenameFolder
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady

pytestmark = pytest.mark.django_db
THEME = "wp-content/themes/north"
FILES = {f"{THEME}/{name}": b"<?php\n" for name in ("single.php", "inc/setup.php", "index.php")} | {
    f"{THEME}/style.css": b"/* Theme Name: North */\n",
    f"{THEME}/functions.php": b"<?php\nrequire __DIR__ . '/inc/setup.php';\n",
}


@pytest.mark.parametrize(
    ("failing", "aside"), [("functions.php", "functions.php"), ("inc/setup.php", "functions.php"), ("single.php", "single.php")]
)
def test_file_of_a_theme_is_set_aside_by_a_person(docroot: Path, settings: object, failing: str, aside: str) -> None:
    fill(docroot, FILES)
    plan = planned(docroot, finding("wordpress-theme", f"www/{THEME}/{failing}", "set-aside-theme-file", 3))
    (change,) = plan.changes
    assert isinstance(change, RenameFile) and change.shown == f"www/{THEME}/{aside}" and not change.target.endswith(".php")
    assert plan.needs_person and plan.sets_aside and offering.guide_step(plan) == "parts"
    steady(docroot, settings, plan)


def test_file_that_asks_who_somebody_is_is_told(docroot: Path) -> None:
    fill(docroot, FILES | {f"{THEME}/functions.php": b"<?php if (!is_user_logged_in()) { auth_redirect(); }"})
    assert planned(docroot, finding("wordpress-theme", f"www/{THEME}/functions.php", "set-aside-theme-file")).takes_away_protection


def test_what_functions_php_does_not_speak_of_is_loaded_by_another_template(docroot: Path) -> None:
    fill(docroot, FILES | {f"{THEME}/functions.php": b"<?php add_theme_support('title-tag');\n"})
    found = finding("wordpress-theme", f"www/{THEME}/inc/setup.php", "set-aside-theme-file", 3)
    assert try_plan("set-aside-theme-file", read(docroot, found), found) is None


@pytest.mark.parametrize("name", ["index.php", "style.css"])
def test_file_that_a_theme_must_have_stays(docroot: Path, name: str) -> None:
    fill(docroot, FILES)
    found = finding("wordpress-theme", f"www/{THEME}/{name}", "set-aside-theme-file", 1)
    assert not isinstance(try_plan("set-aside-theme-file", read(docroot, found), found), Plan)


@pytest.mark.parametrize("named", [f"www/{THEME}", f"www/{THEME}/index.php"])
def test_lost_last_template_is_written_plainly(docroot: Path, settings: object, named: str) -> None:
    fill(docroot, FILES)
    (docroot / THEME / "index.php").unlink()
    plan = planned(docroot, finding("wordpress-theme", named, "write-plain-template"))
    (change,) = plan.changes
    assert isinstance(change, CreateFile) and change.mode == 0o604 and b"the_content()" in change.content and plan.needs_person
    steady(docroot, settings, plan)


def test_template_that_is_there_is_not_written(docroot: Path) -> None:
    fill(docroot, FILES)
    found = finding("wordpress-theme", f"www/{THEME}", "write-plain-template")
    assert try_plan("write-plain-template", read(docroot, found), found) is None


@pytest.mark.parametrize("name", ["north-old", "_north", "north.bak", "old north"])
def test_theme_gets_its_name_back(docroot: Path, settings: object, name: str) -> None:
    fill(docroot, {path.replace("themes/north/", f"themes/{name}/"): content for path, content in FILES.items()})
    fill(docroot, {"wp-content/themes/northern/style.css": b""})
    plan = planned(docroot, finding("wordpress-theme", f"www/{THEME}", "rename-theme-back"))
    (change,) = plan.changes
    assert isinstance(change, RenameFolder) and change.target_shown == f"www/{THEME}" and plan.needs_person
    steady(docroot, settings, plan)


def test_two_folders_that_may_be_the_theme_are_left_with_words(docroot: Path) -> None:
    fill(docroot, {f"wp-content/themes/{name}/style.css": b"" for name in ("north-old", "north-2")})
    found = finding("wordpress-theme", f"www/{THEME}", "rename-theme-back")
    assert isinstance(try_plan("rename-theme-back", read(docroot, found), found), CannotPlan)


def test_lost_theme_is_stood_in_for_by_a_plain_one_and_a_theme_that_is_there_is_not(docroot: Path, settings: object) -> None:
    fill(docroot, FILES)
    found = finding("wordpress-theme", f"www/{THEME}-parent", "write-plain-theme")
    plan = planned(docroot, found)
    assert [type(change).__name__ for change in plan.changes] == ["CreateFolder", "CreateFile", "CreateFile"]
    assert plan.needs_person and not kind_of("write-plain-theme") and offering.guide_step(plan) == "parts"
    steady(docroot, settings, plan)
    there = finding("wordpress-theme", f"www/{THEME}", "write-plain-theme")
    assert try_plan("write-plain-theme", read(docroot, there), there) is None
