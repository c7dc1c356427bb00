"""A folder or file that somebody gave another name gets its own back, by a person: planned from a real folder, carried out, undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics import at_hand, offering
from diagnostics.checks import run_checks
from diagnostics.copies import BESIDE, KEPT, Copy, Restorable
from diagnostics.evidence import Evidence
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding
from diagnostics.installed import DatabaseTrial
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import Plan, RenameFile, RenameFolder
from diagnostics.transports.local import LocalReader
from tests.diagnostics.evidences import site as seen_site
from tests.diagnostics.facts.test_applications import CORE
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady

pytestmark = pytest.mark.django_db
ID = "rename-back"
LOADER = b"<?php\nreturn 1;\n"


def lost(path: str, cause: str = "php-missing-file") -> Finding:
    """What is said where this file of the docroot cannot be opened."""
    return finding(cause, "www/index.php", ID, 2, message=f"Failed opening required '/srv/x/www/{path}'")


def tried(docroot: Path, found: Finding) -> Plan | CannotPlan | None:
    return try_plan(ID, read(docroot, found), found)


@pytest.mark.parametrize("name", ["vendor-old", "_vendor", "vendor_bak", "vendor.1", "vendor (1)", "Vendor"])
def test_folder_gets_its_name_back(docroot: Path, settings: object, name: str) -> None:
    fill(docroot, {f"{name}/autoload.php": LOADER, f"{name}/a/b.php": LOADER, "vendors/autoload.php": LOADER, "vendor-2/other.php": LOADER})
    plan = planned(docroot, lost("vendor/autoload.php"))
    (change,) = plan.changes
    assert isinstance(change, RenameFolder) and (change.shown, change.target_shown) == (f"www/{name}", "www/vendor")
    assert plan.needs_person and not kind_of(ID) and offering.guide_step(plan) == "restore"
    steady(docroot, settings, plan)


def test_folder_deep_inside_gets_its_name_back_where_the_program_names_the_way_in_a_circle(docroot: Path, settings: object) -> None:
    fill(docroot, {"app/Config/a.php": LOADER, "lib/Shop-old/Cart.php": LOADER})
    plan = planned(docroot, lost("app/Config/../../lib/Shop/Cart.php"))
    assert [change.target_shown for change in plan.changes if isinstance(change, RenameFolder)] == ["www/lib/Shop"]
    steady(docroot, settings, plan)


@pytest.mark.parametrize("name", ["config.php.bak", "config (1).php", "config_old.php", "_config.php", "Config.php", "config.php.txt"])
def test_file_gets_its_name_back(docroot: Path, settings: object, name: str) -> None:
    fill(docroot, {f"inc/{name}": LOADER, "inc/config.sample.php": LOADER, "inc/config.php.suspected": LOADER})
    plan = planned(docroot, lost("inc/config.php"))
    (change,) = plan.changes
    assert isinstance(change, RenameFile) and (change.shown, change.target_shown) == (f"www/inc/{name}", "www/inc/config.php")
    assert plan.needs_person
    steady(docroot, settings, plan)


@pytest.mark.parametrize(
    "files",
    [
        {"vendor-old/other.php": LOADER},  # not the folder that holds what is asked for
        {"vendor.suspected/autoload.php": LOADER},  # shut by the host's scanner
        {"vendor/readme.txt": b"x", "vendor-old/autoload.php": LOADER},  # the folder is there
        {"lib/vendor-old/autoload.php": LOADER},  # somewhere else
        {"vendor-old": LOADER},  # a file
    ],
)
def test_what_is_only_alike_is_left(docroot: Path, files: dict[str, bytes]) -> None:
    fill(docroot, files)
    assert tried(docroot, lost("vendor/autoload.php")) is None


def test_file_that_is_there_is_not_looked_for(docroot: Path) -> None:
    fill(docroot, {"inc/config.php": LOADER, "inc/config.php.bak": LOADER})
    assert tried(docroot, lost("inc/config.php")) is None


def test_link_is_neither_renamed_nor_followed(docroot: Path) -> None:
    fill(docroot, {"kept/autoload.php": LOADER})
    (docroot / "vendor-old").symlink_to("kept")
    (docroot / "lib").symlink_to("kept")
    assert tried(docroot, lost("vendor/autoload.php")) is None and tried(docroot, lost("lib/sub/autoload.php")) is None


def test_two_that_may_be_it_are_left_with_words(docroot: Path) -> None:
    fill(docroot, {f"{name}/autoload.php": LOADER for name in ("vendor-old", "vendor.bak")})
    plan = tried(docroot, lost("vendor/autoload.php"))
    assert isinstance(plan, CannotPlan) and "www/vendor-old" in plan.why and "www/vendor.bak" in plan.why


@pytest.mark.parametrize("content", [b"<?php\nreturn (;\n", b"just words\n", b""])
def test_file_that_would_not_run_stays(docroot: Path, content: bytes) -> None:
    fill(docroot, {"inc/config.php.bak": content})
    assert not isinstance(tried(docroot, lost("inc/config.php")), Plan)


def test_truncated_tree_tells_nothing_of_what_is_missing(docroot: Path) -> None:
    fill(docroot, {"vendor-old/autoload.php": LOADER})
    found = lost("vendor/autoload.php")
    assert try_plan(ID, replace(read(docroot, found), tree_truncated=True), found) is None


@pytest.mark.parametrize(
    ("below", "beside", "may"),
    [("vendor-old/public", "", False), ("vendor-old", "", False), ("", "..", True), ("shop", "", True), ("", "../other", True)],
)
def test_folder_of_another_site_is_left(docroot: Path, below: str, beside: str, may: bool) -> None:
    fill(docroot, {"vendor-old/autoload.php": LOADER})
    found = lost("vendor/autoload.php")
    evidence = replace(
        read(docroot, found),
        sites_below=(str(docroot / below),) if below else (),
        sites_beside=(str((docroot / beside).resolve()),) if beside else (),
    )
    plan = try_plan(ID, evidence, found)
    assert isinstance(plan, Plan) is may and isinstance(plan, CannotPlan) is not may


def test_file_that_is_known_from_when_the_site_was_well_comes_before_one_that_bears_its_name(docroot: Path) -> None:
    fill(docroot, {"inc/config.php.bak": LOADER})
    found = lost("inc/config.php")
    evidence = read(docroot, found)
    for source, may in ((KEPT, False), (BESIDE, True)):
        file = Restorable("www/inc/config.php", str(docroot / "inc/config.php"), None, 0o604, (Copy(source, b"<?php\n", 1.0),), ())
        assert isinstance(try_plan(ID, replace(evidence, restorable=(file,)), found), Plan) is may


# --- classes --------------------------------------------------------------------------------------
CART = b"<?php\nnamespace Shop\\Models;\n\nfinal class Cart {}\n"


@pytest.mark.parametrize(
    ("there", "old", "new"),
    [
        ("src/Models-old/Cart.php", "www/src/Models-old", "www/src/Models"),
        ("src/Models/Cart.php.bak", "www/src/Models/Cart.php.bak", "www/src/Models/Cart.php"),
        ("src_old/Models/Cart.php", "www/src_old", "www/src"),
        ("Src/Models/Cart.php", "www/Src", "www/src"),
        ("shop/Models (1)/Cart.php", "www/shop/Models (1)", "www/shop/Models"),
    ],
)
def test_folder_or_file_of_a_lost_class_gets_its_name_back(docroot: Path, settings: object, there: str, old: str, new: str) -> None:
    fill(docroot, {there: CART, "other/Cart_old.txt": b"x"})
    said = 'Uncaught Error: Class "Shop\\Models\\Cart" not found'
    plan = planned(docroot, finding("php-class-not-found", "www/index.php", ID, 2, message=said))
    (change,) = plan.changes
    assert isinstance(change, RenameFile | RenameFolder) and (change.shown, change.target_shown) == (old, new)
    steady(docroot, settings, plan)


@pytest.mark.parametrize(
    "files",
    [
        {"src_old/Models/Cart.php": CART.replace(b"Shop", b"Farm")},  # another class of that name
        {"src/Models/Cart.php": CART, "src_old/Models/Cart.php": CART},  # it is there
        {"src/Models-old/Cart.php": b"<?php\n"},  # nothing of it is in the file
        {"a/Models-old/Cart.php": CART, "b/Models-old/Cart.php": CART},  # two programs
    ],
)
def test_class_that_is_elsewhere_is_left(docroot: Path, files: dict[str, bytes]) -> None:
    fill(docroot, files)
    said = 'Uncaught Error: Class "Shop\\Models\\Cart" not found'
    assert not isinstance(tried(docroot, finding("php-class-not-found", "www/index.php", ID, 2, message=said)), Plan)


# --- beside the docroot ---------------------------------------------------------------------------
def logged(docroot: Path, said: str) -> Evidence:
    """What a diagnosis reads, with this line in the site's error log."""
    now = timezone.now()
    log = docroot.parent / "logs/error.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text(f"[{now:%d-%b-%Y %H:%M:%S} UTC] " + (said if "\n" in said else f"PHP Fatal error:  {said} in {docroot}/index.php:2\n"))
    seen = seen_site(500)
    seen = replace(seen, pages=tuple(replace(page, at=now) for page in seen.pages), failing_since=now)
    reader = LocalReader((docroot.parent,))
    evidence = gather(reader, seen, SitePaths(str(docroot), str(log)), "apache-755", now)
    return replace(evidence, at_hand=at_hand.read(reader, evidence, run_checks(evidence).findings))


@pytest.mark.parametrize("name", ["vendor-old", "Vendor", "vendor (1)"])
def test_folder_beside_the_docroot_is_named_and_gets_its_name_back(docroot: Path, settings: object, name: str) -> None:
    fill(docroot.parent, {f"{name}/autoload.php": LOADER, "config/a.php": LOADER, "www/index.php": b"<?php\nrequire '../x';\n"})
    evidence = logged(docroot, f"Uncaught Error: Failed opening required '{docroot.parent}/vendor/autoload.php' (include_path='.')")
    found = run_checks(evidence).findings[0]
    assert (found.cause, found.repairs[:2]) == ("php-missing-file", ("rename-letter-case", ID)) and f"There is {name}" in found.summary
    plan = try_plan(ID, evidence, found)
    assert isinstance(plan, Plan)
    assert [(change.shown, change.target_shown) for change in plan.changes if isinstance(change, RenameFolder)] == [(name, "vendor")]
    steady(docroot, settings, plan)


def test_folder_that_only_a_framework_speaks_of_in_its_own_words_gets_its_name_back(docroot: Path, settings: object) -> None:
    fill(docroot.parent, {"app_bak/settings.php": LOADER, "www/index.php": b"<?php\n"})
    said = f"Type: Error\nCode: 0\nMessage: Failed opening required '{docroot}/../app/settings.php' (include_path='.')"
    evidence = logged(docroot, f"500 Internal Server Error\n{said}\nFile: {docroot}/index.php\nLine: 2\nTrace: #0 {{main}}\n")
    found = next(each for each in run_checks(evidence).findings if each.cause == "php-missing-file")
    plan = try_plan(ID, evidence, found)
    assert isinstance(plan, Plan)
    assert [change.target_shown for change in plan.changes if isinstance(change, RenameFolder)] == ["app"]
    steady(docroot, settings, plan)


@pytest.mark.parametrize(("there", "name"), [("src_old/Models", "project/src"), ("src/Models.1", "project/src/Models")])
def test_folder_of_a_lost_class_beside_the_docroot_gets_its_name_back(docroot: Path, settings: object, there: str, name: str) -> None:
    fill(docroot.parent, {f"project/{there}/Cart.php": CART, "project/vendor/autoload.php": LOADER,
                          "www/index.php": b"<?php\nrequire __DIR__ . '/../project/vendor/autoload.php';\n"})  # fmt: skip
    evidence = logged(docroot, 'Uncaught Error: Class "Shop\\Models\\Cart" not found')
    found = run_checks(evidence).findings[0]
    plan = try_plan(ID, evidence, found)
    assert found.cause == "php-class-not-found" and isinstance(plan, Plan)
    assert [change.target_shown for change in plan.changes if isinstance(change, RenameFolder)] == [name]
    steady(docroot, settings, plan)


# --- the docroot itself ---------------------------------------------------------------------------
def without_docroot(docroot: Path, top: Path) -> Evidence:
    reader = LocalReader((docroot.parent,))
    return gather(reader, seen_site(404), SitePaths(str(top)), "ovh-mutualise", timezone.now())


@pytest.mark.parametrize("registered", ["early", "late"])
@pytest.mark.parametrize("name", ["WWW", "www.old", "_www", "www (1)"])
def test_docroot_gets_its_name_back(docroot: Path, settings: object, name: str, registered: str) -> None:
    docroot.rename(docroot.with_name(name))
    fill(docroot.parent, {"www-empty/readme.txt": b"x", "other/index.txt": b"x"})
    evidence = without_docroot(docroot, docroot if registered == "early" else docroot.parent)
    findings = run_checks(evidence).findings
    found = next(each for each in findings if each.check == "docroot")
    plan = try_plan(ID, evidence, found)
    assert isinstance(plan, Plan) and plan.needs_person and name in found.summary
    (change,) = plan.changes
    assert isinstance(change, RenameFolder) and (change.path, change.target) == (str(docroot.with_name(name)), str(docroot))
    assert not [each for each in findings if isinstance(try_plan("move-site-up", evidence, each), Plan)]
    steady(docroot, settings, plan)


def test_docroot_that_two_folders_may_be_or_that_another_site_uses_is_left_with_words(docroot: Path) -> None:
    docroot.rename(docroot.with_name("www.old"))
    evidence = without_docroot(docroot, docroot)
    (found,) = [each for each in run_checks(evidence).findings if each.check == "docroot"]
    used = try_plan(ID, replace(evidence, sites_beside=(str(docroot.with_name("www.old")),)), found)
    assert isinstance(used, CannotPlan) and "another site" in used.why
    fill(docroot.parent, {"www-2/index.html": b"x"})
    evidence = without_docroot(docroot, docroot)
    (found,) = [each for each in run_checks(evidence).findings if each.check == "docroot"]
    assert isinstance(try_plan(ID, evidence, found), CannotPlan)


# --- WordPress ------------------------------------------------------------------------------------
def test_theme_that_the_database_names_and_that_bears_another_name_gets_its_own_back(docroot: Path, settings: object) -> None:
    fill(docroot, CORE | {f"wp-content/themes/north-main/{name}": b"<?php\n" for name in ("index.php", "style.css", "functions.php")})
    trial = DatabaseTrial("php", "localhost", "shop", "wp_", "www/wp-config.php", "well", tables=12, theme="north")
    evidence = replace(read(docroot, lost("x.php")), database=trial)
    found = next(each for each in run_checks(evidence).findings if each.path == "www/wp-content/themes/north")
    assert "There is www/wp-content/themes/north-main" in found.summary
    plans = [try_plan(repair, evidence, found) for repair in found.repairs]
    first, second, last = (plan for plan in plans if isinstance(plan, Plan))
    assert first.digest() == second.digest() and last.repair_id == "write-plain-theme", "its own name comes before a theme in its place"
    steady(docroot, settings, first)


def test_folder_of_a_plugin_gets_its_name_back(docroot: Path, settings: object) -> None:
    fill(docroot, {"wp-content/plugins/shop/shop.php": LOADER, "wp-content/plugins/shop/inc_old/start.php": LOADER})
    found = lost("wp-content/plugins/shop/inc/start.php", "wordpress-plugin")
    plan = planned(docroot, found)
    assert [change.target_shown for change in plan.changes if isinstance(change, RenameFolder)] == ["www/wp-content/plugins/shop/inc"]
    steady(docroot, settings, plan)


@pytest.mark.parametrize("name", ["_index.html", "index.html.old", "Copy of index.php", "INDEX.PHP", "index (1).html"])
def test_start_page_that_was_set_aside_is_named_and_gets_its_name_back(docroot: Path, settings: object, name: str) -> None:
    (docroot / "index.php").unlink()
    fill(docroot, {name: b"<p>x</p>", "myindex.html": b"<p>x</p>", "_contact.html": b"<p>x</p>"})
    evidence = without_docroot(docroot, docroot)
    found = next(each for each in run_checks(evidence).findings if each.check == "index-file")
    assert found.datum("others") == f"www/{name}" and name in found.hint
    evidence = replace(evidence, at_hand=at_hand.read(LocalReader((docroot.parent,)), evidence, (found,)))
    plan = try_plan("rename-index", evidence, found)
    assert isinstance(plan, Plan) and bool(plan.needs_person) is (name != "INDEX.PHP")
    steady(docroot, settings, plan)
