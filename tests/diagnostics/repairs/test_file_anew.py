"""A file that an access list or a label shuts the web server out of gets a new one in its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.checks.denied import SHUT_OUT
from diagnostics.findings import Finding
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.file_anew import ID
from diagnostics.repairs.plan import CreateFile, RenameFile
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady

pytestmark = pytest.mark.django_db


def shut_out(path: str) -> Finding:
    return replace(finding("file-unreadable", path, ID), data=((SHUT_OUT, "yes"), ("paths", path)))


@pytest.mark.parametrize(
    ("name", "aside"), [("menu.html", "menu.html.set-aside-by-sitemend"), ("form.php", "form.set-aside-by-sitemend.php")]
)
def test_new_file_has_its_content_and_the_old_one_is_kept(docroot: Path, settings: object, name: str, aside: str) -> None:
    fill(docroot, {name: b"\x00 of any kind\n"}, {name: 0o644})
    old = docroot / name
    before = old.stat()
    plan = planned(docroot, shut_out(f"www/{name}"))
    renamed, made = plan.changes
    assert isinstance(renamed, RenameFile) and renamed.target_shown == f"www/{aside}"
    assert isinstance(made, CreateFile) and (made.content, made.mode, made.mtime) == (old.read_bytes(), 0o644, before.st_mtime)
    assert plan.needs_person and plan.takes_away_protection
    steady(docroot, settings, plan)


def test_file_that_is_not_at_hand_is_left(docroot: Path) -> None:
    fill(docroot, {"film.html": b"x" * (1024 * 1024 + 1)})
    found = shut_out("www/film.html")
    answer = try_plan(ID, read(docroot, found), found)
    assert isinstance(answer, CannotPlan) and "too large" in answer.why


def test_file_with_permissions_that_tell_it_is_not_written_anew(docroot: Path) -> None:
    fill(docroot, {"menu.html": b"x"}, {"menu.html": 0o600})
    found = finding("file-unreadable", "www/menu.html", ID)
    assert try_plan(ID, read(docroot, found), found) is None
