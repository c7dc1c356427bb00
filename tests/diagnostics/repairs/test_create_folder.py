"""Folders that are missing: which are made, with which mode, and which are left to a person or left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.causes import CAUSES as CATALOGUE
from diagnostics.copies import Restorable, SinceWell
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof
from diagnostics.installed import Change
from diagnostics.php.seen import Script
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.create_folder import ID
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import CreateFolder, Plan
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db
NONE = "No such file or directory"


def said(cause: str, text: str, path: str = "www/index.php") -> Finding:
    return replace(finding(cause, path, ID, 8), evidence=(Proof("error-log", text),))


def made(docroot: Path, found: Finding) -> Plan | CannotPlan | None:
    return try_plan(ID, read(docroot, found), found)


def folders(plan: object) -> list[tuple[str, int]]:
    assert isinstance(plan, Plan), plan
    assert all(isinstance(change, CreateFolder) for change in plan.changes)
    return [(change.shown, change.mode) for change in plan.changes]  # type: ignore[union-attr]


def with_script(evidence: Evidence, content: bytes) -> Evidence:
    script = Script("www/log.php", f"{evidence.docroot}/log.php", content, 0.0, size=len(content))
    return replace(evidence, php=replace(evidence.php, scripts=(script,)))


LOST = f"Failed to open stream: {NONE}"
CAUGHT, TOLD, SESSION = "php-uncaught-exception", "application-answers-500", "php-session-path-not-writable"
LOGGED = f'The stream or file "{{www}}/storage/logs/a.log" could not be opened in append mode: {LOST}'


@pytest.mark.parametrize(
    ("cause", "text", "expected"),
    [
        (CAUGHT, f"file_put_contents({{www}}/cache/a.html): {LOST}", [("www/cache", 0o750)]),
        (CAUGHT, f"move_uploaded_file({{www}}/lib/in/a.jpg): {LOST}", [("www/lib/in", 0o755)]),
        (CAUGHT, f"fopen({{www}}/var/log/app.log): {LOST} in {{www}}/log.php on line 2", [("www/var", 0o750), ("www/var/log", 0o750)]),
        (TOLD, LOGGED, [("www/storage", 0o750), ("www/storage/logs", 0o750)]),
        (SESSION, f"session_start(): open({{home}}/tmp/sess_1, O_RDWR) failed: {NONE} (2)", [("tmp", 0o700)]),
    ],
)
def test_folder_that_a_message_names_is_made_like_its_neighbours(
    docroot: Path, settings: object, cause: str, text: str, expected: list[tuple[str, int]]
) -> None:
    fill(docroot, {"lib/a.php": b"", "lib/here/b.php": b"", "data/c": b""}, {"lib": 0o750, "data": 0o750, "lib/here": 0o755})
    found = said(cause, text.format(www=docroot, home=docroot.parent))
    evidence = replace(with_script(read(docroot, found), b"<?php\n$log = fopen($where, 'ab');\n"), existing=(("tmp", False),))
    plan = try_plan(ID, evidence, found)
    assert folders(plan) == expected and isinstance(plan, Plan)
    assert not plan.needs_person and offering.guide_step(plan) == "permissions" and kind_of(ID) == "folders"
    assert plan.diff().startswith(f"new folder {expected[0][0]}/ ({expected[0][1]:03o})\n")
    steady(docroot, settings, plan)


@pytest.mark.parametrize(
    "text",
    [
        "file_put_contents(/srv/other/cache/a.html): Failed to open stream: {none}",  # of another machine
        "file_put_contents({www}/lib/a.html): Failed to open stream: {none}",  # is there
        "file_put_contents({www}/lib/a.php/b): Failed to open stream: {none}",  # in what is no folder
        "file_put_contents({www}/link/new/a): Failed to open stream: {none}",  # links are not followed
        "require({www}/helpers/a.php): Failed to open stream: {none}",  # what is read is not made
        "fopen({www}/helpers/a.txt): Failed to open stream: {none}",
        "scandir({www}/members): Failed to open directory: {none}",
        "scandir({www}/app): Failed to open directory: {none}",  # as often code as data
        "scandir({www}/lib/views): Failed to open directory: {none}",
        "opendir({www}/framework): Failed to open directory: {none}",
        "dir({www}/images): Failed to open directory: {none}",
        "fopen({www}/files/a.txt): Failed to open stream: {none}",
        "file_put_contents({www}/shop/pages/a.html): Failed to open stream: {none}",  # two folders, and no name tells what they are for
        "file_put_contents({www}/cache/a.html): Failed to open stream: Permission denied",
    ],
)
def test_nothing_is_made_elsewhere_or_for_what_is_only_read(docroot: Path, text: str) -> None:
    fill(docroot, {"lib/a.php": b""})
    (docroot / "link").symlink_to(docroot.parent)
    assert not isinstance(made(docroot, said("php-uncaught-exception", text.format(www=docroot, none=NONE))), Plan)


@pytest.mark.parametrize(
    "text",
    [
        f"scandir({{www}}/uploads): Failed to open directory: {NONE}",
        f"DirectoryIterator::__construct({{www}}/uploads): Failed to open directory: {NONE}",
        f"fopen({{www}}/uploads/a.txt): {LOST}",  # nobody knows what for
        f"fopen({{www}}/uploads/a.txt): {LOST} in {{www}}/log.php on line 2",
        f"fopen({{www}}/uploads/a.txt): {LOST} in {{www}}/log.php:2",
    ],
)
def test_folder_that_is_only_read_is_a_persons_business(docroot: Path, text: str) -> None:
    fill(docroot, {"lib/a.php": b""})
    found = said(CAUGHT, text.format(www=docroot))
    plan = try_plan(ID, with_script(read(docroot, found), b"<?php\n$list = fopen($where, 'rb');\n"), found)
    assert [path for path, _mode in folders(plan)] == ["www/uploads"] and isinstance(plan, Plan) and "reads there" in plan.needs_person


def test_folder_that_a_check_saw_to_be_read_is_a_persons_business_or_no_data_at_all(docroot: Path) -> None:
    fill(docroot, {"lib/a.php": b""})
    for name, is_made in (("uploads", True), ("app", False), ("lib/views", False), ("modules", False)):
        found = finding("php-missing-file", f"www/{name}", ID, **{"lost-folder": f"www/{name}", "is-read": "yes"})
        plan = made(docroot, found)
        assert isinstance(plan, Plan) is is_made and (not isinstance(plan, Plan) or "reads there" in plan.needs_person)


def test_folder_that_held_files_is_a_persons_business_though_the_site_writes_there(docroot: Path) -> None:
    fill(docroot, {"lib/a.php": b""})
    found = said(CAUGHT, f"file_put_contents({docroot}/cache/a.html): {LOST}")
    evidence = read(docroot, found)
    gone = Change("folder", "www/cache", 0.0, 0.0, 1, ("www/cache/start.php",), "removed", "baseline")
    other = replace(gone, paths=("www/cache2/start.php", "www/lib/b.php"))
    file = Restorable("www/cache/start.php", f"{docroot}/cache/start.php", None, 0o604, (), (), is_folder_there=False)
    for held in ({"changes": (other, gone)}, {"restorable": (file,)}, {"since_well": SinceWell(1.0, (file,), ())}):
        plan = try_plan(ID, replace(evidence, **held), found)
        assert isinstance(plan, Plan) and "were removed" in plan.needs_person
    plan = try_plan(ID, replace(evidence, changes=(other,)), found)
    assert isinstance(plan, Plan) and not plan.needs_person


def test_what_was_there_is_put_back_before_an_empty_folder_is_made() -> None:
    for cause in CATALOGUE.values():
        if {ID, "restore-file"} <= set(cause.repairs):
            assert cause.repairs.index("restore-file") < cause.repairs.index(ID), cause.code


def test_what_a_check_names_is_made_with_what_lacks_beside_it(docroot: Path, settings: object) -> None:
    fill(docroot, {"storage/framework/.gitignore": b""})
    found = finding("folder-not-writable", "www/storage/framework/views", ID, **{"lost-folder": "www/storage/framework/views"})
    gone = tuple((f"www/storage/framework/{name}", False) for name in ("views", "sessions", "cache"))
    plan = try_plan(ID, replace(read(docroot, found), existing=gone), found)
    assert [path for path, _mode in folders(plan)] == [path for path, _there in gone]
    assert isinstance(plan, Plan) and "views" in plan.title
    steady(docroot, settings, plan)


def test_guess_and_neighbours_that_are_open_to_all_are_a_persons_business(docroot: Path) -> None:
    fill(docroot, {"lib/a.php": b""})
    text = f"file_put_contents({docroot}/cache/a.html): Failed to open stream: {NONE}"
    unsure = replace(said("php-uncaught-exception", text), confidence=0.6)
    plan = made(docroot, unsure)
    assert isinstance(plan, Plan) and plan.needs_person
    (docroot / "lib").chmod(0o777)
    plan = made(docroot, said("php-uncaught-exception", text))
    assert folders(plan) == [("www/cache", 0o777)] and isinstance(plan, Plan) and plan.needs_person


def test_shut_folder_above_is_told(docroot: Path) -> None:
    fill(docroot, {"data/a": b""}, {"data": 0o555})
    text = f"file_put_contents({docroot}/data/cache/a.html): Failed to open stream: {NONE}"
    assert isinstance(made(docroot, said("php-uncaught-exception", text)), CannotPlan)
    (docroot / "data").chmod(0o755)


def test_folders_of_laravel_are_made_with_the_one_above_them(docroot: Path) -> None:
    """No message names them, and git keeps none that is empty: not even the one in which they lie."""
    fill(docroot, {"storage/logs/laravel.log": b""})
    found = said("folder-not-writable", "Please provide a valid cache path.", "www/vendor/laravel/framework/src/View/Compiler.php")
    evidence = replace(read(docroot, found), existing=(("www/storage/framework", False),))
    made_now = [path for path, _mode in folders(try_plan(ID, evidence, found))]
    assert made_now[0] == "www/storage/framework"
    assert sorted(made_now[1:]) == [f"www/storage/framework/{name}" for name in ("cache", "sessions", "views")]
