"""Repairs of settings, scripts, start pages and rights: planned from a real folder, carried out by the executor, and undone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.plan import Plan, WriteFile
from tests.diagnostics.changes_made import site_in
from tests.diagnostics.facts.test_applications import CORE
from tests.diagnostics.repairs.real_folder import carried_out, fill, finding, planned, read, tree, undone

pytestmark = pytest.mark.django_db
LOOP = b"RewriteEngine On\nRewriteCond %{HTTP_HOST} x\nRewriteRule ^(.*)$ /shop/$1 [L]\n"
OLD_HOST = b"; of the old host\nauto_prepend_file = /gone/count.php\nmemory_limit = 8M ; small\nopen_basedir = /other/www\n"
MERGE = b"<<<<<<< HEAD\nRedirect /a /b\n=======\nRedirect /a /c\n>>>>>>> x\n"
MERGED_PHP = b"<?php\n<<<<<<< HEAD\na();\n||||||| 1\no();\n=======\nb();\n>>>>>>> x\n// ====== =\n"
CASES = [
    ("user-ini-bad-prepend", "comment-out-php-setting", ".user.ini", 2, OLD_HOST, OLD_HOST.replace(b"\nauto", b"\n; auto"), "php"),
    ("user-ini-memory-limit-too-low", "raise-memory-limit", ".user.ini", 3, OLD_HOST, OLD_HOST.replace(b"8M", b"256M"), "php"),
    ("open-basedir", "comment-out-php-setting", ".user.ini", 4, OLD_HOST, OLD_HOST.replace(b"\nopen", b"\n; open"), "php"),
    ("php-session-path-not-writable", "comment-out-php-setting", ".user.ini", 1, b"session.save_path = /gone\n",
     b"; session.save_path = /gone\n", "php"),
    ("php-byte-order-mark", "remove-php-mark", "lib/a.php", None, b"\xef\xbb\xbf<?php\nnamespace A;\n", b"<?php\nnamespace A;\n", "php"),
    ("php-byte-order-mark", "remove-php-mark", "lib/a.php", None, b"\n\n<?php\nnamespace A;\n", b"<?php\nnamespace A;\n", "php"),
    ("php-byte-order-mark", "remove-php-mark", "lib/a.php", None, "\ufeff<?php\n$é;\n".encode("utf-16-le"), "<?php\n$é;\n".encode(), "php"),
    ("cgi-interpreter-missing", "cgi-first-line", "cgi-bin/a.pl", 1, b"#!/usr/local/bin/perl5 -w\r\nprint 1;\n",
     b"#!/usr/bin/perl -w\r\nprint 1;\n", "permissions"),
    ("cgi-interpreter-missing", "cgi-first-line", "cgi-bin/a.cgi", 1, b"\xef\xbb\xbf#!/bin/sh\n", b"#!/bin/sh\n", "permissions"),
    ("htaccess-rewrite-loop", "guard-rewrite-loop", ".htaccess", 3, LOOP,
     LOOP.replace(b"RewriteCond %{HTTP", b"RewriteCond %{ENV:REDIRECT_STATUS} ^$\nRewriteCond %{HTTP"), "htaccess"),
    ("htaccess-rewrite-loop", "comment-out-htaccess-line", ".htaccess", 3, LOOP,
     LOOP.replace(b"\nRewrite", b"\n# Rewrite"), "htaccess"),
    ("htaccess-invalid-directive", "take-out-conflict", ".htaccess", 1, MERGE,
     b"# <<<<<<< HEAD\nRedirect /a /b\n# =======\n# Redirect /a /c\n# >>>>>>> x\n", "htaccess"),
    ("php-parse-error", "take-out-conflict", "a.php", 2, MERGED_PHP,
     b"<?php\na();\n// ====== =\n", "php"),
    ("index-file-missing", "comment-out-htaccess-line", ".htaccess", 1, b"DirectoryIndex start.asp\n", b"# DirectoryIndex start.asp\n",
     "htaccess"),
]  # fmt: skip


@pytest.fixture
def docroot(tmp_path: Path, settings: object) -> Path:
    settings.SITEMEND_LOCAL_ROOTS = (tmp_path,)  # type: ignore[attr-defined]
    fill(tmp_path / "www", {"index.php": b"<?php echo 1;\n"})
    return tmp_path / "www"


def steady(docroot: Path, settings: object, plan: Plan) -> None:
    """Carried out, then undone: the folder is as it was."""
    before = tree(docroot.parent)
    site = site_in(docroot, settings)
    settings.SITEMEND_LOCAL_ROOTS = (docroot.parent,)  # type: ignore[attr-defined]
    step = carried_out(site, plan)
    assert tree(docroot.parent) != before
    undone(step)
    assert tree(docroot.parent) == before


@pytest.mark.parametrize(("cause", "repair", "name", "line", "old", "new", "guide_step"), CASES)
def test_file_is_mended_and_undone(
    docroot: Path, settings: object, cause: str, repair: str, name: str, line: int | None, old: bytes, new: bytes, guide_step: str
) -> None:
    fill(docroot, {name: old})
    plan = planned(docroot, finding(cause, f"www/{name}", repair, line))
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.after == new
    assert not plan.needs_person and offering.guide_step(plan) == guide_step
    steady(docroot, settings, plan)


def test_folders_that_confine_this_very_site_are_a_persons_business(docroot: Path) -> None:
    fill(docroot, {".user.ini": f"open_basedir = {docroot.parent}\n".encode()})
    plan = planned(docroot, finding("open-basedir", "www/.user.ini", "comment-out-php-setting", 1))
    assert plan.takes_away_protection and plan.needs_person


def test_setting_of_the_host_is_left_with_words(docroot: Path) -> None:
    found = finding("open-basedir", "www/index.php", "comment-out-php-setting", 1)
    assert isinstance(try_plan("comment-out-php-setting", read(docroot, found), found), CannotPlan)


def test_rule_that_starts_over_by_its_flag_gets_no_guard(docroot: Path) -> None:
    fill(docroot, {".htaccess": b"RewriteEngine On\nRewriteRule ^(.*)a$ $1aa [N]\n"})
    found = finding("htaccess-rewrite-loop", "www/.htaccess", "guard-rewrite-loop", 2)
    assert isinstance(try_plan("guard-rewrite-loop", read(docroot, found), found), CannotPlan)


@pytest.mark.parametrize(
    ("names", "target", "person"),
    [(("Index.PHP",), "index.php", False), (("index.html.bak",), "index.html", True), (("INDEX.HTM", "home.php"), "index.htm", False)],
)
def test_start_page_gets_its_usual_name(docroot: Path, settings: object, names: tuple[str, ...], target: str, person: bool) -> None:
    (docroot / "index.php").unlink()
    fill(docroot, dict.fromkeys(names, b"<html>"))
    found = finding("index-file-missing", "www", "rename-index", others="\n".join(f"www/{name}" for name in names))
    plan = planned(docroot, found)
    assert plan.changes[0].target == str(docroot / target) and bool(plan.needs_person) == person
    assert offering.guide_step(plan) == "restore"
    steady(docroot, settings, plan)


def test_two_files_that_look_like_the_start_page_are_left_with_words(docroot: Path) -> None:
    (docroot / "index.php").unlink()
    fill(docroot, {"index.php.bak": b"", "index.old.php": b""})
    found = finding("index-file-missing", "www", "rename-index", others="www/index.php.bak\nwww/index.old.php")
    assert isinstance(try_plan("rename-index", read(docroot, found), found), CannotPlan)


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


def test_wordpress_block_is_written_where_it_is_missing_for_the_folder_that_it_lies_in(docroot: Path, settings: object) -> None:
    fill(docroot / "blog", {**CORE, ".htaccess": b"Options -Indexes"})
    found = finding("htaccess-wordpress-block", "www/blog/.htaccess", "restore-wordpress-block")
    plan = planned(docroot, found, "/blog/")
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.after.startswith(b"Options -Indexes\n\n# BEGIN WordPress\n")
    assert b"RewriteBase /blog/\n" in change.after and b"RewriteRule . /blog/index.php [L]\n" in change.after
    steady(docroot, settings, plan)


def test_short_tag_is_written_out_where_the_text_was_sent(docroot: Path, settings: object) -> None:
    fill(docroot, {"lib.php": b"<?\nfunction a() {}\n?>\n<p><? a(); ?>\n"})
    found = finding("php-undefined-function", "www/lib.php", "write-php-tag", 1, check="php-as-text")
    plan = planned(docroot, found)
    assert isinstance(plan.changes[0], WriteFile) and plan.changes[0].after.startswith(b"<?php\nfunction")
    steady(docroot, settings, plan)


def test_marks_out_of_order_and_a_lost_lock_are_a_persons_business(docroot: Path) -> None:
    fill(docroot, {".htaccess": b"<<<<<<< HEAD\nRedirect /a /b\n>>>>>>> x\n"})
    found = finding("htaccess-invalid-directive", "www/.htaccess", "take-out-conflict", 1)
    assert isinstance(try_plan("take-out-conflict", read(docroot, found), found), CannotPlan)
    fill(docroot, {".htaccess": b"<<<<<<< HEAD\n=======\nRequire all denied\n>>>>>>> x\n"})
    assert planned(docroot, found).takes_away_protection
    check = b"<?php\n<<<<<<< HEAD\n=======\nif (!is_user_logged_in()) { exit; }\n>>>>>>> x\nshow();\n"
    fill(docroot, {"a.php": check})
    made = planned(docroot, finding("php-parse-error", "www/a.php", "take-out-conflict", 2))
    assert made.takes_away_protection and made.needs_person


def test_file_that_nobody_may_read_is_given_back_to_its_owner(docroot: Path, settings: object) -> None:
    fill(docroot, {"wp-config.php": b"<?php\n"}, {"wp-config.php": 0o000})
    plan = planned(docroot, finding("file-unreadable", "www/wp-config.php", "give-owner-read"))
    assert [(change.before, change.after) for change in plan.changes] == [(0, 0o600)]
    assert plan.needs_person and plan.takes_away_protection  # a host may have shut it: it may be infected
    steady(docroot, settings, plan)


def test_folder_in_the_place_of_htaccess_gets_another_name(docroot: Path, settings: object) -> None:
    (docroot / ".htaccess").mkdir()
    plan = planned(docroot, finding("htaccess-unreadable", "www/.htaccess", "rename-htaccess-folder"))
    assert plan.changes[0].target == str(docroot / "htaccess.set-aside-by-sitemend")
    steady(docroot, settings, plan)


def test_theme_whose_file_begins_with_an_empty_line_is_mended_and_another_theme_left(docroot: Path, settings: object) -> None:
    fill(docroot, {"functions.php": b"\n<?php\nnamespace A;\n"})
    said = "Namespace declaration statement has to be the very first statement or after any declare call"
    plan = planned(docroot, finding("wordpress-theme", "www/functions.php", "remove-php-mark", 2, message=said))
    assert isinstance(plan.changes[0], WriteFile) and plan.changes[0].after == b"<?php\nnamespace A;\n"
    steady(docroot, settings, plan)
    other = finding("wordpress-theme", "www/functions.php", "remove-php-mark", 2, message="Call to undefined function a()")
    assert try_plan("remove-php-mark", read(docroot, other), other) is None
