"""Parts of WordPress under another name: in real folders, by the executor, and back to the byte."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.findings import Severity
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import RenameFile
from sites.models import Site
from tests.diagnostics.changes_made import site_in
from tests.diagnostics.facts.test_applications import CORE, PLUGIN
from tests.diagnostics.repairs.real_folder import carried_out, fill, finding, planned, read, tree, undone
from tests.programs import binary

pytestmark = pytest.mark.django_db
STYLE = b"/*\nTheme Name: X\n*/\n"
PARTS = {
    "plugins/price-list/price-list.php": PLUGIN, "plugins/hello.php": PLUGIN, "plugins/wordfence/wordfence.php": PLUGIN,
    "mu-plugins/loader.php": b"<?php require __DIR__ . '/kit/kit.php';\n", "mu-plugins/other.php": b"<?php\n",
    "mu-plugins/kit/kit.php": b"<?php\n", "object-cache.php": b"<?php\n",
    "themes/linen/style.css": STYLE, "themes/linen/functions.php": b"<?php\n", "themes/twentytwentythree/style.css": STYLE,
    "themes/twentytwentythree/index.php": b"<?php\n",
}  # fmt: skip
CONTENT = "www/wp-content"


@pytest.fixture
def blog(tmp_path: Path, settings: object) -> Site:
    fill(tmp_path / "www", {**CORE, **{f"wp-content/{name}": content for name, content in PARTS.items()}})
    made = site_in(tmp_path / "www", settings)
    settings.SITEMEND_LOCAL_ROOTS = (tmp_path,)  # type: ignore[attr-defined]
    return made


def of(cause: str, path: str, kind: str, repair: str = "set-aside-part") -> object:
    return finding(cause, f"{CONTENT}/{path}", repair, kind=kind)


@pytest.mark.parametrize(
    ("cause", "kind", "named", "old", "new"),
    [
        ("wordpress-plugin", "plugin", "plugins/price-list/price-list.php", "plugins/price-list",
         "plugins/price-list.set-aside-by-sitemend"),
        ("wordpress-plugin-memory", "plugin", "plugins/hello.php", "plugins/hello.php", "plugins/hello.set-aside-by-sitemend.php"),
        ("wordpress-plugin-php-incompatible", "plugin", "plugins/price-list", "plugins/price-list",
         "plugins/price-list.set-aside-by-sitemend"),
        ("wordpress-dropin", "drop-in", "object-cache.php", "object-cache.php", "object-cache.set-aside-by-sitemend.php"),
    ],
)  # fmt: skip
def test_part_gets_a_name_that_wordpress_does_not_load_and_its_own_back(
    blog: Site, tmp_path: Path, cause: str, kind: str, named: str, old: str, new: str
) -> None:
    before = tree(tmp_path)
    plan = planned(tmp_path / "www", of(cause, named, kind))
    assert plan.sets_aside and not plan.needs_person and offering.guide_step(plan) == "parts"
    step = carried_out(blog, plan)
    content = tmp_path / CONTENT
    assert (content / new).exists() and not (content / old).exists()
    undone(step)
    assert tree(tmp_path) == before


def test_must_use_plugin_ends_in_no_php_and_cannot_be_guessed(blog: Site, tmp_path: Path) -> None:
    before = tree(tmp_path)
    plan = planned(tmp_path / "www", of("wordpress-mu-plugin", "mu-plugins/other.php", "mu-plugin"))
    (change,) = plan.changes
    assert isinstance(change, RenameFile) and not change.target.endswith(".php")
    assert len(change.target.rpartition("-")[2]) == 16
    step = carried_out(blog, plan)
    assert sorted(path.name for path in (tmp_path / CONTENT / "mu-plugins").glob("*.php")) == ["loader.php"]
    undone(step)
    assert tree(tmp_path) == before


def test_file_that_loads_a_folder_of_must_use_plugins_goes_not_the_folder(blog: Site, tmp_path: Path) -> None:
    plan = planned(tmp_path / "www", of("wordpress-mu-plugin", "mu-plugins/kit/kit.php", "mu-plugin"))
    assert [change.shown for change in plan.changes] == [f"{CONTENT}/mu-plugins/loader.php"]


def test_name_that_is_taken_gets_a_number(blog: Site, tmp_path: Path) -> None:
    (tmp_path / CONTENT / "plugins/price-list.set-aside-by-sitemend").mkdir()
    plan = planned(tmp_path / "www", of("wordpress-plugin", "plugins/price-list", "plugin"))
    assert plan.changes[0].target.endswith("price-list.set-aside-by-sitemend-2")


def test_plugin_that_keeps_visitors_out_needs_a_person(blog: Site, tmp_path: Path) -> None:
    plan = planned(tmp_path / "www", of("wordpress-plugin", "plugins/wordfence", "plugin"))
    assert plan.takes_away_protection and plan.needs_person


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("loader.php", b"<?php require __DIR__ . '/kit/kit.php';\nrequire WPMU_PLUGIN_DIR . '/two-factor/main.php';\n"),
        ("members-only.php", b"<?php require __DIR__ . '/kit/kit.php';\n"),
    ],
)
def test_file_that_loads_a_guard_as_well_needs_a_person(blog: Site, tmp_path: Path, name: str, content: bytes) -> None:
    folder = tmp_path / CONTENT / "mu-plugins"
    (folder / "loader.php").unlink()
    fill(folder, {name: content, "two-factor/main.php": b"<?php\n"})
    plan = planned(tmp_path / "www", of("wordpress-mu-plugin", "mu-plugins/kit/kit.php", "mu-plugin"))
    assert [change.shown for change in plan.changes] == [f"{CONTENT}/mu-plugins/{name}"]
    assert plan.takes_away_protection and plan.needs_person


def test_link_is_not_renamed(blog: Site, tmp_path: Path) -> None:
    elsewhere = tmp_path / "shared"
    fill(elsewhere, {"linked.php": PLUGIN})
    (tmp_path / CONTENT / "plugins/linked").symlink_to(elsewhere)
    found = of("wordpress-plugin", "plugins/linked", "plugin")
    assert isinstance(try_plan("set-aside-part", read(tmp_path / "www", found), found), CannotPlan)


def test_theme_of_wordpress_stands_in_and_both_get_their_names_back(blog: Site, tmp_path: Path) -> None:
    before = tree(tmp_path)
    plan = planned(tmp_path / "www", of("wordpress-theme", "themes/linen/functions.php", "theme", "set-aside-theme"))
    assert plan.needs_person and offering.guide_step(plan) == "parts"
    step = carried_out(blog, plan)
    themes = tmp_path / CONTENT / "themes"
    assert sorted(path.name for path in themes.iterdir()) == ["linen", "linen.set-aside-by-sitemend"]
    assert (themes / "linen/index.php").exists()
    undone(step)
    assert tree(tmp_path) == before


def test_plain_theme_stands_in_where_no_other_is_installed_and_goes_again(blog: Site, tmp_path: Path) -> None:
    (tmp_path / CONTENT / "themes/twentytwentythree").rename(tmp_path / "gone")
    before = tree(tmp_path)
    plan = planned(tmp_path / "www", of("wordpress-theme", "themes/linen/functions.php", "theme", "set-aside-theme"))
    assert plan.needs_person and plan.sets_aside and "plain theme" in plan.title
    step = carried_out(blog, plan)
    themes = tmp_path / CONTENT / "themes"
    assert sorted(path.name for path in (themes / "linen").iterdir()) == ["index.php", "style.css"]
    assert (themes / "linen.set-aside-by-sitemend/functions.php").exists()
    assert subprocess.run([binary("php"), "-n", "-l", themes / "linen/index.php"], capture_output=True, check=False).returncode == 0
    undone(step)
    assert tree(tmp_path) == before


def test_maintenance_ends_only_where_it_is_stuck(blog: Site, tmp_path: Path) -> None:
    fill(tmp_path / "www", {".maintenance": f"<?php $upgrading = {int(time.time())};\n".encode()})
    before = tree(tmp_path)
    found = finding("wordpress-stuck-maintenance", "www/.maintenance", "end-maintenance")
    plan = planned(tmp_path / "www", found)
    step = carried_out(blog, plan)
    assert not (tmp_path / "www/.maintenance").exists() and offering.guide_step(plan) == "parts"
    undone(step)
    assert tree(tmp_path) == before
    object.__setattr__(found, "severity", Severity.WARNING)
    assert isinstance(try_plan("end-maintenance", read(tmp_path / "www", found), found), CannotPlan)


def test_maintenance_that_names_no_end_is_ended_early_by_a_person_only(blog: Site, tmp_path: Path) -> None:
    fill(tmp_path / "www", {".maintenance": b"<?php $upgrading = time();\n"})
    found = replace(finding("wordpress-stuck-maintenance", "www/.maintenance", "end-maintenance"), severity=Severity.NOTE)
    assert planned(tmp_path / "www", found).needs_person
    assert not planned(tmp_path / "www", replace(found, severity=Severity.CRITICAL)).needs_person


def test_drop_in_that_wants_an_extension_is_set_aside_and_other_code_is_not(blog: Site, tmp_path: Path) -> None:
    plan = planned(tmp_path / "www", of("php-missing-extension", "object-cache.php", "drop-in"))
    assert [change.shown for change in plan.changes] == [f"{CONTENT}/object-cache.php"]
    fill(tmp_path / "www", {"tool.php": b"<?php\n"})
    found = finding("php-missing-extension", "www/tool.php", "set-aside-part")
    assert try_plan("set-aside-part", read(tmp_path / "www", found), found) is None


@pytest.mark.parametrize("cause", ["php-truncated-file", "php-parse-error"])
@pytest.mark.parametrize("folder", ["plugins/", "themes/", ""])
def test_translation_that_cannot_be_read_gets_a_name_that_wordpress_does_not_look_for(
    blog: Site, tmp_path: Path, cause: str, folder: str
) -> None:
    name = f"languages/{folder}shop-de_DE.l10n.php"
    fill(tmp_path / CONTENT, {name: b"<?php\nreturn ['messages' => ['a'"})
    before = tree(tmp_path)
    plan = planned(tmp_path / "www", of(cause, name, "", "set-translation-aside"))
    assert plan.sets_aside and offering.guide_step(plan) == "parts" and not kind_of("set-translation-aside")
    step = carried_out(blog, plan)
    assert (tmp_path / CONTENT / f"languages/{folder}shop-de_DE.l10n.set-aside-by-sitemend.php").exists()
    assert not (tmp_path / CONTENT / name).exists()
    undone(step)
    assert tree(tmp_path) == before


def test_only_wordpress_does_without_a_translation(blog: Site, tmp_path: Path) -> None:
    fill(tmp_path / "www", {"lang/de.php": b"<?php\nreturn ["})
    found = finding("php-parse-error", "www/lang/de.php", "set-translation-aside")
    assert try_plan("set-translation-aside", read(tmp_path / "www", found), found) is None


AUTOLOADER = b"<?php\nforeach (glob(__DIR__ . '/*/*.php') as $file) { require_once $file; }\n"


@pytest.mark.parametrize("failing", ["kit.php", "inc/deep.php"])
def test_folder_that_no_file_names_loses_the_one_file_that_an_autoloader_finds(blog: Site, tmp_path: Path, failing: str) -> None:
    content = tmp_path / CONTENT / "mu-plugins"
    fill(content, {"loader.php": AUTOLOADER, "kit/inc/deep.php": b"<?php\n"})
    before = tree(tmp_path)
    plan = planned(tmp_path / "www", of("wordpress-mu-plugin", f"mu-plugins/kit/{failing}", "mu-plugin"))
    (change,) = plan.changes
    assert isinstance(change, RenameFile) and change.shown.endswith("mu-plugins/kit/kit.php") and not change.target.endswith(".php")
    step = carried_out(blog, plan)
    assert not list(content.glob("*/*.php")) and (content / "loader.php").exists()
    undone(step)
    assert tree(tmp_path) == before


def test_folder_that_nothing_is_known_to_load_is_left(blog: Site, tmp_path: Path) -> None:
    fill(tmp_path / CONTENT / "mu-plugins", {"loader.php": b"<?php\n"})
    found = of("wordpress-mu-plugin", "mu-plugins/kit/kit.php", "mu-plugin")
    plan = try_plan("set-aside-part", read(tmp_path / "www", found), found)
    assert isinstance(plan, CannotPlan)
