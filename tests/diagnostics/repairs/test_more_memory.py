"""More memory for PHP: into which line it is written, how much, and where it would not help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.findings import Finding, Proof
from diagnostics.installed import OWN_LIMIT, Application
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.more_memory import ID
from diagnostics.repairs.plan import CreateFile, Plan, WriteFile
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady

pytestmark = pytest.mark.django_db
MB = 1024 * 1024


def ran_out(megabytes: int, more: int = 20_480) -> Finding:
    text = f"Allowed memory size of {megabytes * MB} bytes exhausted (tried to allocate {more} bytes) in /x/list.php on line 7"
    return replace(finding("php-memory-limit", "www/list.php", ID, 7), evidence=(Proof("error-log", text),))


@pytest.mark.parametrize(("limit", "more", "wanted"), [(32, 8192, 128), (64, 8192, 128), (64, 40 * MB, 256), (128, 1, 256), (256, 1, 512)])
def test_limit_is_doubled_in_a_file_of_its_own(docroot: Path, settings: object, limit: int, more: int, wanted: int) -> None:
    plan = planned(docroot, ran_out(limit, more))
    (change,) = plan.changes
    assert isinstance(change, CreateFile) and change.shown == "www/.user.ini" and change.content == b"memory_limit = %dM\n" % wanted
    assert change.mode == 0o604 and "five minutes" in plan.why  # as index.php, which PHP reads
    assert plan.needs_person and kind_of(ID) == "" and offering.guide_step(plan) == "php"
    steady(docroot, settings, plan)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"display_errors = Off", b"display_errors = Off\nmemory_limit = 256M\n"),
        (b"; ours\nmemory_limit = 128M ; enough\nx = 1\n", b"; ours\nmemory_limit = 256M ; enough\nx = 1\n"),
    ],
)
def test_line_that_is_there_is_changed_and_other_lines_stay(docroot: Path, settings: object, before: bytes, after: bytes) -> None:
    fill(docroot, {".user.ini": before})
    plan = planned(docroot, ran_out(128))
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.after == after
    steady(docroot, settings, plan)


def test_limit_of_a_module_of_the_web_server_is_raised_where_it_stands(docroot: Path, settings: object) -> None:
    fill(docroot, {".htaccess": b"php_value memory_limit 64M\n"})
    plan = planned(docroot, ran_out(64))
    assert isinstance(plan.changes[0], WriteFile) and plan.changes[0].after == b"php_value memory_limit 128M\n"
    steady(docroot, settings, plan)


def test_what_more_memory_would_not_mend_is_said(docroot: Path) -> None:
    def said(found: Finding) -> str:
        made = try_plan(ID, read(docroot, found), found)
        assert isinstance(made, CannotPlan), made
        return made.why

    assert "512 MB already" in said(ran_out(512))
    assert "256 MB already" in said(ran_out(256, 200 * MB))
    fill(docroot, {".user.ini": b"memory_limit = 512M\n"})
    assert "only the host can give more" in said(ran_out(128))


def test_nothing_is_written_that_nobody_would_read(docroot: Path) -> None:
    assert try_plan(ID, read(docroot), finding("php-memory-limit", "www/list.php", ID, 7)) is None  # no limit is told
    evidence = read(docroot, ran_out(64))
    own = Application("x", "X", "www", str(docroot), settings=((OWN_LIMIT, "64M:3"),))
    assert try_plan(ID, replace(evidence, applications=(own,)), ran_out(64)) is None  # the program sets it itself
    fill(docroot, {".htaccess": b"php_flag display_errors off\n"})
    assert try_plan(ID, read(docroot, ran_out(64)), ran_out(64)) is None  # a module reads no .user.ini
    fill(docroot, {".htaccess": b"", ".user.ini": b"x = 1\n"})
    unread = replace(read(docroot, ran_out(64)), at_hand=())
    assert isinstance(try_plan(ID, unread, ran_out(64)), CannotPlan) and isinstance(try_plan(ID, evidence, ran_out(64)), Plan)
