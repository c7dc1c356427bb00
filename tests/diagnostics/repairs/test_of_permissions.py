"""Repairs of permissions: planned from a real folder, carried out by the executor, and undone."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.findings import Finding, Proof
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import ways
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady

pytestmark = pytest.mark.django_db


def test_owner_may_write_again_and_nobody_else(docroot: Path, settings: object) -> None:
    fill(docroot, {"cache/a": b""}, {"cache": 0o555})
    plan = planned(docroot, finding("folder-not-writable", "www/cache/not-made-yet.php", "give-owner-write"))
    assert [(change.shown, change.before, change.after) for change in plan.changes] == [("www/cache", 0o555, 0o755)]
    steady(docroot, settings, plan)
    (docroot / "cache").chmod(0o755)


def test_settings_that_were_shut_are_a_persons_business(docroot: Path) -> None:
    fill(docroot, {"wp-config.php": b"<?php\n"}, {"wp-config.php": 0o444})
    plan = planned(docroot, finding("folder-not-writable", "www/wp-config.php", "give-owner-write"))
    assert plan.takes_away_protection and plan.needs_person


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_somebody_else_is_left_with_words(docroot: Path) -> None:
    fill(docroot, {"cache/a": b"", "b.php": b"", "c.php": b""}, {"cache": 0o555})
    os.chown(docroot / "cache", 4711, 4711)
    found = finding("folder-not-writable", "www/cache", "give-owner-write")
    assert isinstance(try_plan("give-owner-write", read(docroot, found), found), CannotPlan)


@pytest.mark.parametrize(
    ("cause", "path", "mode", "person"),
    [
        ("file-unreadable", "lib", 0o000, True),
        ("file-unreadable", "lib", 0o200, True),
        ("file-unreadable", "lib", 0o600, True),
        ("file-unreadable", "lib", 0o044, False),
        ("htaccess-unreadable", "lib", 0o000, True),
    ],
)
def test_file_that_was_shut_is_opened_by_a_person_only(
    docroot: Path, settings: object, cause: str, path: str, mode: int, person: bool
) -> None:
    fill(docroot, {path: b"x\n"}, {path: mode})
    plan = planned(docroot, finding(cause, f"www/{path}", "set-permissions", paths=f"www/{path}"))
    assert bool(plan.needs_person) is person and plan.takes_away_protection is person
    assert ("harmful" in plan.needs_person) is (not mode & 0o444)
    steady(docroot, settings, plan)


@pytest.mark.parametrize(("shut", "at_once"), [(("a", "b", "c", "d"), 4), (("a", "b"), 1)])
def test_files_shut_at_one_stroke_are_opened_together(docroot: Path, settings: object, shut: tuple[str, ...], at_once: int) -> None:
    """Where a scanner shut a few, each is looked at alone."""
    fill(docroot, dict.fromkeys((*shut, "x", "y"), b"x\n"), dict.fromkeys(shut, 0o000))
    plan = planned(docroot, finding("file-unreadable", "www/a", "set-permissions", paths="www/a"))
    assert len(plan.changes) == at_once and plan.needs_person and plan.takes_away_protection
    steady(docroot, settings, plan)


@pytest.mark.parametrize(("mode", "person"), [(0o000, True), (0o700, True), (0o644, False), (0o444, False)])
def test_folder_that_was_shut_is_opened_by_a_person_only(docroot: Path, settings: object, mode: int, person: bool) -> None:
    fill(docroot, {"lib/a.php": b"<?php\n"})
    plan = planned_for(docroot, finding("folder-not-traversable", "www/lib", "set-permissions", paths="www/lib"), mode)
    assert bool(plan.needs_person) is person


def planned_for(docroot: Path, found: Finding, mode: int) -> Plan:
    (docroot / "lib").chmod(mode)
    plan = planned(docroot, found)
    (docroot / "lib").chmod(0o755)
    return plan


@pytest.mark.parametrize(
    ("confidence", "source", "text", "person"),
    [
        (0.97, "error-log", "file_put_contents(/home/demo/www/cache/a.txt): Failed to open stream: Permission denied", False),
        (0.97, "application-log", "The folder ./cache is not writable", False),
        (0.7, "error-log", "file_put_contents(/home/demo/www/cache/a.txt): Failed to open stream: Permission denied", True),
        (0.97, "error-log", "Permission denied", True),
        (0.97, "error-log", "/home/demo/www/cache-old/a.txt: Permission denied", True),
        (0.97, "modes", "www/cache 555", True),
    ],
)
def test_folder_is_opened_alone_only_where_the_failure_names_it(
    docroot: Path, confidence: float, source: str, text: str, person: bool
) -> None:
    fill(docroot, {"cache/a": b""}, {"cache": 0o555})
    found = replace(finding("folder-not-writable", "www/cache", "give-owner-write"), confidence=confidence, evidence=(Proof(source, text),))
    plan = planned(docroot, found)
    assert bool(plan.needs_person) is person and not plan.takes_away_protection
    (docroot / "cache").chmod(0o755)


def test_file_that_nobody_may_read_is_given_back_to_its_owner(docroot: Path, settings: object) -> None:
    fill(docroot, {"wp-config.php": b"<?php\n"}, {"wp-config.php": 0o000})
    plan = planned(docroot, finding("file-unreadable", "www/wp-config.php", "give-owner-read"))
    assert [(change.before, change.after) for change in plan.changes] == [(0, 0o600)]
    assert plan.needs_person and plan.takes_away_protection  # a host may have shut it: it may be infected
    steady(docroot, settings, plan)


def test_folders_that_are_shut_alike_are_opened_by_a_second_answer(docroot: Path, settings: object) -> None:
    shut = ("storage/logs", "storage/framework/views", "storage/framework/cache")
    fill(docroot, {f"{name}/a": b"" for name in (*shut, "other", "storage/open")}, dict.fromkeys((*shut, "other"), 0o555))
    line = Proof("error-log", "The stream /srv/www/storage/logs/a.log could not be opened: Permission denied")
    found = replace(finding("folder-not-writable", "www/storage/logs", "give-owner-write"), evidence=(line,))
    evidence = read(docroot, found)
    plans = [try_plan("give-owner-write", evidence, found, answers) for answers in ways("give-owner-write", evidence, found)]
    opened = [[change.shown for change in plan.changes] for plan in plans if isinstance(plan, Plan)]
    assert opened == [["www/storage/logs"], ["www/storage/logs", "www/storage/framework/cache", "www/storage/framework/views"]]
    assert [bool(plan.needs_person) for plan in plans if isinstance(plan, Plan)] == [False, True]
    second = plans[1]
    assert isinstance(second, Plan)
    steady(docroot, settings, second)
    for name in (*shut, "other"):
        (docroot / name).chmod(0o755)


def test_folder_that_the_message_names_is_opened_where_the_finding_stands_at_the_line_that_gave_up(docroot: Path, settings: object) -> None:
    fill(docroot, {"bootstrap/cache/a": b"", "bootstrap/other/a": b"", "vendor/Manifest.php": b"<?php\n"})
    for name in ("cache", "other"):
        (docroot / "bootstrap" / name).chmod(0o555)
    line = Proof("error-log", "Uncaught Exception: The /srv/x/www/bootstrap/cache directory must be present and writable.")
    found = replace(finding("folder-not-writable", "www/vendor/Manifest.php", "give-owner-write", 8), evidence=(line,))
    plan = planned(docroot, found)
    assert [change.shown for change in plan.changes] == ["www/bootstrap/cache"] and not plan.needs_person
    steady(docroot, settings, plan)
    for name in ("cache", "other"):
        (docroot / "bootstrap" / name).chmod(0o755)
