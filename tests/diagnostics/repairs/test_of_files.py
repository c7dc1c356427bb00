"""Repairs of settings, scripts, start pages and rights: planned from a real folder, carried out by the executor, and undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics import offering, unattended
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import ways
from sites.models import Site
from tests.diagnostics.facts.test_applications import CORE
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady

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
    ("cgi-interpreter-missing", "cgi-first-line", "cgi-bin/a.cgi", 1, "\ufeff#!/bin/sh\r\necho é\r\n".encode("utf-16-be"),
     "#!/bin/sh\necho é\n".encode(), "permissions"),
    ("htaccess-rewrite-loop", "guard-rewrite-loop", ".htaccess", 3, LOOP,
     LOOP.replace(b"RewriteCond %{HTTP", b"RewriteCond %{ENV:REDIRECT_STATUS} ^$\nRewriteCond %{HTTP"), "htaccess"),
    ("htaccess-rewrite-loop", "comment-out-htaccess-line", ".htaccess", 3, LOOP,
     LOOP.replace(b"\nRewrite", b"\n# Rewrite"), "htaccess"),
    ("htaccess-invalid-directive", "take-out-conflict", ".htaccess", 1, MERGE,
     b"# <<<<<<< HEAD\nRedirect /a /b\n# =======\n# Redirect /a /c\n# >>>>>>> x\n", "htaccess"),
    ("index-file-missing", "comment-out-htaccess-line", ".htaccess", 1, b"DirectoryIndex start.asp\n", b"# DirectoryIndex start.asp\n",
     "htaccess"),
]  # fmt: skip


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


@pytest.mark.parametrize(("cause", "name", "chosen"), [("php-parse-error", "a.php", 0), ("wordpress-config-syntax", "wp-config.php", 1)])
def test_person_says_which_side_of_a_programs_merge_stays(docroot: Path, settings: object, cause: str, name: str, chosen: int) -> None:
    fill(docroot, {name: MERGED_PHP})
    found = finding(cause, f"www/{name}", "take-out-conflict", 2)
    evidence = read(docroot, found)
    plans = [try_plan("take-out-conflict", evidence, found, answers) for answers in ways("take-out-conflict", evidence, found)]
    made = [plan for plan in plans if isinstance(plan, Plan)]
    contents = [change.after for plan in made for change in plan.changes if isinstance(change, WriteFile)]
    assert contents == [b"<?php\na();\n// ====== =\n", b"<?php\nb();\n// ====== =\n"]
    assert all(plan.needs_person and not plan.takes_away_protection and offering.guide_step(plan) == "php" for plan in made)
    unasked = try_plan("take-out-conflict", evidence, found)
    assert isinstance(unasked, Plan) and unasked.needs_person
    steady(docroot, settings, made[chosen])


def test_side_that_is_no_php_is_offered_last(docroot: Path) -> None:
    fill(docroot, {"a.php": b"<?php\n<<<<<<< HEAD\na(;\n=======\nb();\n>>>>>>> x\n"})
    found = finding("php-parse-error", "www/a.php", "take-out-conflict", 2)
    assert ways("take-out-conflict", read(docroot, found), found) == [(("side", "other"),), (("side", "before"),)]


def test_check_on_either_side_of_a_merge_is_told(docroot: Path) -> None:
    fill(docroot, {"a.php": b"<?php\n<<<<<<< HEAD\nif (!is_user_logged_in()) { exit; }\n=======\n>>>>>>> x\nshow();\n"})
    found = finding("php-parse-error", "www/a.php", "take-out-conflict", 2)
    evidence = read(docroot, found)
    taken = {side: try_plan("take-out-conflict", evidence, found, (("side", side),)) for side in ("before", "other")}
    told = {side: plan.takes_away_protection for side, plan in taken.items() if isinstance(plan, Plan)}
    assert told == {"before": False, "other": True}


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


@pytest.mark.parametrize(
    ("name", "line", "before", "old", "new"),
    [
        ("configuration.php", 3, b"<?php\nclass JConfig {\n", b"\tpublic $offline = '1';", b"\tpublic $offline = '0';"),
        ("config/config.php", 2, b"<?php $CONFIG = [\n", b"  'maintenance' => true,", b"  'maintenance' => false,"),
        ("config/config.ini.php", 2, b"[General]\n", b"maintenance_mode = 1", b"maintenance_mode = 0"),
        ("sites/default/settings.php", 2, b"<?php\n", b"$settings['maintenance_mode'] = TRUE;", b"$settings['maintenance_mode'] = FALSE;"),
        ("inc/settings.php", 2, b"<?php\n", b"define('MAINTENANCE_MODE', true);", b"define('MAINTENANCE_MODE', false);"),
        ("inc/settings.php", 2, b"<?php\n", b"$site_offline = 1;", b"$site_offline = 0;"),
        ("user/config/plugins/maintenance.yaml", 1, b"", b"active: true", b"active: false"),
        (".env", 1, b"", b"APP_MAINTENANCE=on", b"APP_MAINTENANCE=off"),
        ("config/system/settings.php", 2, b"<?php return [\n", b" 'pageUnavailable_force' => '1',", b" 'pageUnavailable_force' => '0',"),
    ],
)  # fmt: skip
def test_setting_that_holds_a_program_is_switched_off_by_a_person_only(
    docroot: Path, settings: object, name: str, line: int, before: bytes, old: bytes, new: bytes
) -> None:
    fill(docroot, {name: before + old + b"\n];\n"})
    plan = planned(docroot, finding("application-stuck-maintenance", f"www/{name}", "end-program-maintenance", line))
    assert [change.after for change in plan.changes if isinstance(change, WriteFile)] == [before + new + b"\n];\n"]
    assert plan.needs_person and offering.guide_step(plan) == "parts"
    steady(docroot, settings, plan)


def test_file_that_holds_a_program_gets_another_name(docroot: Path, settings: object) -> None:
    fill(docroot, {"storage/framework/down": b"{}"})
    plan = planned(docroot, finding("application-stuck-maintenance", "www/storage/framework/down", "end-program-maintenance"))
    assert plan.changes[0].target == str(docroot / "storage/framework/down.set-aside-by-sitemend") and plan.needs_person
    steady(docroot, settings, plan)


def test_line_that_holds_nothing_is_left_with_words(docroot: Path) -> None:
    fill(docroot, {"configuration.php": b"<?php\n// nothing\n"})
    found = finding("application-stuck-maintenance", "www/configuration.php", "end-program-maintenance", 2)
    assert isinstance(try_plan("end-program-maintenance", read(docroot, found), found), CannotPlan)


@pytest.mark.parametrize(
    ("first", "body", "program"),
    [
        (b"#!/usr/local/bin/php4", b"use strict;\nmy $t = 'a';\nprint $t;\n", b"perl"),
        (b"#!/usr/bin/env ruby1.9", b"# a\nprintf 'Content-Type: text/html'\necho 'a'\n", b"sh"),
        (b"#!/usr/bin/python2.4", b"import os, sys\nprint('a')\n", b"python3"),
        (b"#!/opt/perl5", b"echo 'a'\n", b"sh"),
        (b"#!/usr/local/bin/perl5", b"print 1;\n", b"perl"),
        (b"#!/opt/bash4", b"echo 'a'\n", b"bash"),
        (b"#!/opt/python2.7", b"# nothing that tells\n", b"python3"),
        (b"#!/usr/bin/env perl -wT", b"printf 'Content-Type: text/html'\necho 'a'\n", b"sh"),
        (b"#!/usr/bin/env perl -wT", b"use strict;\nprint 1;\n", b"perl -wT"),
        (b"#!/opt/python2.7 -u", b"import os, sys\n", b"python3 -u"),
    ],
)
def test_script_is_run_by_what_it_is_written_for(docroot: Path, first: bytes, body: bytes, program: bytes) -> None:
    fill(docroot, {"cgi-bin/a.cgi": first + b"\n" + body})
    (change,) = planned(docroot, finding("cgi-interpreter-missing", "www/cgi-bin/a.cgi", "cgi-first-line", 1)).changes
    assert isinstance(change, WriteFile) and change.after.partition(b"\n")[0].endswith(b"/" + program)


@pytest.mark.parametrize(
    ("there", "cause", "said", "old", "new"),
    [
        ("lib/cart.php", "php-missing-file", "Failed opening required '/srv/x/www/lib/Cart.php'", "www/lib/cart.php", "Cart.php"),
        ("Lib/cart.php", "php-missing-file", "Failed opening required '/srv/x/www/lib/cart.php'", "www/Lib", "lib"),
        ("app/Shop/CART.php", "php-class-not-found", "Uncaught Error: Class \"Shop\\Cart\" not found", "www/app/Shop/CART.php", "Cart.php"),
        ("models/a.PHP", "php-missing-file", "require(models/a.php): Failed to open", "www/models/a.PHP", "a.php"),
    ],
)  # fmt: skip
def test_name_gets_the_letters_that_are_asked_for(
    docroot: Path, settings: object, there: str, cause: str, said: str, old: str, new: str
) -> None:
    fill(docroot, {there: b"<?php\n", "other/x.php": b"<?php\n"})
    plan = planned(docroot, finding(cause, "www/index.php", "rename-letter-case", 2, message=said))
    (change,) = plan.changes
    assert (change.shown, change.target_shown) == (old, f"{old.rpartition('/')[0]}/{new}")
    assert bool(plan.needs_person) is (old == "www/Lib") and offering.guide_step(plan) == "restore"
    steady(docroot, settings, plan)


@pytest.mark.parametrize("names", [("lib/Cart.php",), ("lib/CART.php", "lib/cart.php"), ("a/cart.php", "b/cart.php"), ("lib/other.php",)])
def test_name_that_is_there_or_not_clear_is_left(docroot: Path, names: tuple[str, ...]) -> None:
    fill(docroot, dict.fromkeys(names, b"<?php\n"))
    found = finding("php-missing-file", "www/index.php", "rename-letter-case", 2, message="Failed opening required '/x/Cart.php'")
    assert try_plan("rename-letter-case", read(docroot, found), found) is None


def test_file_gets_the_letters_of_the_model_that_is_asked_for(docroot: Path, settings: object) -> None:
    fill(docroot, {"models/prices_model.php": b"<?php\n"})
    said = "ERROR --> Unable to locate the model you have specified: Prices_model"
    plan = planned(docroot, finding("php-missing-file", "www/models/prices_model.php", "rename-letter-case", message=said))
    assert [getattr(change, "target_shown", "") for change in plan.changes] == ["www/models/Prices_model.php"]
    steady(docroot, settings, plan)


@pytest.mark.parametrize("name", [".user.ini", "php.ini"])
def test_file_that_fails_with_every_page_is_no_longer_loaded_by_a_person_only(docroot: Path, settings: object, name: str) -> None:
    fill(docroot, {name: f"; gate\nauto_prepend_file = '{docroot}/inc/gate.php'\n".encode(), "inc/gate.php": b"<?php\nrequire 'x.php';\n"})
    plan = planned(docroot, finding("php-missing-file", "www/inc/gate.php", "stop-loading-file", 2))
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.shown == f"www/{name}" and b"\n; auto_prepend_file" in change.after
    assert plan.takes_away_protection and "gate.php may be a firewall" in plan.needs_person and not kind_of("stop-loading-file")
    assert unattended._why_not_alone(plan, Site()) and offering.guide_step(plan) == "php"
    steady(docroot, settings, plan)
    found = finding("php-missing-file", "www/other.php", "stop-loading-file", 2)
    assert try_plan("stop-loading-file", read(docroot, found), found) is None
