"""Caches that programs make themselves: which are set aside, under which name, and which are left."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.changes import versions
from diagnostics.evidence import Evidence
from diagnostics.repairing import RepairRefused
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.cache_aside import ID
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import Plan, RenameFile
from tests.diagnostics.changes_made import site_in
from tests.diagnostics.repairs.real_folder import carried_out, fill, finding, planned, read, steady, tree, undone

pytestmark = pytest.mark.django_db
OLD = b"<?php require '/var/www/shop/releases/417/vendor/a.php';\n"


@pytest.mark.parametrize(
    ("cause", "path"),
    [
        ("php-missing-file", "app/var/cache/prod/App_KernelProdContainer.php"),
        ("php-class-not-found", "www/var/cache/prod/url_matching_routes.php"),
        ("application-answers-500", "www/app/cache/prod/appProdProjectContainer.php"),
        ("php-class-not-found", "www/bootstrap/cache/services.php"),
        ("php-uncaught-exception", "bootstrap/cache/packages.php"),
        ("php-parse-error", "www/storage/framework/views/0a1b.php"),
        ("php-truncated-file", "www/sites/default/files/php/twig/66_page/x.php"),
        ("php-undefined-function", "www/templates_c/1f.file.index.tpl.php"),
        ("php-missing-file", "www/cache/class_index.php"),
    ],
)
def test_cache_gets_a_name_that_nobody_guesses_and_stays_php(docroot: Path, settings: object, cause: str, path: str) -> None:
    fill(docroot.parent, {path: OLD})
    plan = planned(docroot, finding(cause, path, ID, 1))
    (change,) = plan.changes
    assert isinstance(change, RenameFile) and change.shown == path
    stem = path.rpartition("/")[2].removesuffix(".php")
    assert re.fullmatch(rf"{re.escape(stem)}\.set-aside-by-sitemend-[0-9a-f]{{16}}\.php", change.target_shown.rpartition("/")[2])
    assert plan.needs_person and kind_of(ID) == "" and offering.guide_step(plan) == "php"
    steady(docroot, settings, plan)


@pytest.mark.parametrize(
    ("cause", "path"),
    [
        ("php-missing-file", "www/index.php"),
        ("php-missing-file", "www/cache/hand_written.php"),
        ("php-missing-file", "www/var/cached/prod/a.php"),
        ("php-class-not-found", "www/generated/code/Magento/Store/Model/Proxy.php"),  # made by a command alone
        ("php-class-not-found", "www/bootstrap/cache/.gitignore"),
        ("php-class-not-found", "www/bootstrap/cache/own.php"),
        ("php-uncaught-exception", "www/storage/framework/views/0a1b.php"),  # what its template says comes back
        ("php-uncaught-exception", "www/var/cache/prod/twig/0a/0a1b.php"),
        ("php-memory-limit", "www/var/cache/prod/App_KernelProdContainer.php"),
    ],
)
def test_what_is_no_such_cache_is_left(docroot: Path, cause: str, path: str) -> None:
    fill(docroot.parent, {path: OLD})
    found = finding(cause, path, ID, 1)
    assert try_plan(ID, read(docroot, found), found) is None


def test_part_of_a_container_goes_with_its_first_file(docroot: Path, settings: object) -> None:
    folder = "www/var/cache/prod"
    fill(docroot.parent, {f"{folder}/App_KernelProdContainer.php": OLD, f"{folder}/ContainerQx1/getMailerService.php": OLD})
    plan = planned(docroot, finding("php-class-not-found", f"{folder}/ContainerQx1/getMailerService.php", ID, 3))
    assert [change.shown for change in plan.changes] == [f"{folder}/App_KernelProdContainer.php"]
    steady(docroot, settings, plan)
    (docroot / "var/cache/prod/App_KernelProdContainer.php").unlink()
    gone = finding("php-class-not-found", f"{folder}/ContainerQx1/getMailerService.php", ID, 3)
    assert try_plan(ID, read(docroot, gone), gone) is None


def test_settings_of_laravel_are_set_aside_only_where_they_can_be_made_anew(docroot: Path, settings: object) -> None:
    fill(docroot, {"bootstrap/cache/config.php": b"<?php return [];"})
    found = finding("application-answers-500", "www/bootstrap/cache/config.php", ID, 1)
    refused = try_plan(ID, read(docroot, found), found)
    assert isinstance(refused, CannotPlan) and ".env" in refused.why
    beside: Evidence = replace(read(docroot, found), existing=(("www/.env", True),))
    assert isinstance(try_plan(ID, beside, found), Plan)
    fill(docroot, {".env": b"APP_KEY=x\n"})
    steady(docroot, settings, planned(docroot, found))


def test_what_the_program_made_anew_is_never_overwritten_by_an_undo(docroot: Path, settings: object) -> None:
    path = "www/bootstrap/cache/services.php"
    fill(docroot.parent, {path: OLD})
    plan = planned(docroot, finding("php-class-not-found", path, ID, 1))
    before, site = tree(docroot.parent), site_in(docroot, settings)
    settings.SITEMEND_LOCAL_ROOTS = (docroot.parent,)  # type: ignore[attr-defined]
    step = carried_out(site, plan)
    made = docroot.parent / path
    made.write_bytes(b"<?php // anew\n")
    with pytest.raises(RepairRefused, match="under the old name again"):
        undone(step)
    assert made.read_bytes() == b"<?php // anew\n"
    (found,) = versions.of_step(step)
    back = next(choice for choice in found.choices if choice.id == versions.PUT_BACK)
    assert re.fullmatch(r"services\.replaced-\d+\.php", back.plan.changes[0].target.rpartition("/")[2])  # never shown as text
    made.unlink()
    undone(step)
    assert tree(docroot.parent) == before
