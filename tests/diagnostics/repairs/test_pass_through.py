"""A folder above the site that the web server may not enter."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.pass_through import ID
from diagnostics.repairs.plan import Plan
from tests.diagnostics.changes_made import site_in
from tests.diagnostics.repairs.real_folder import carried_out, finding, read, undone

pytestmark = pytest.mark.django_db


def shut(docroot: Path, mode: int) -> tuple[Evidence, Finding]:
    docroot.parent.chmod(mode)
    evidence = read(docroot)
    (above,) = (each for each in evidence.folders_above if each.absolute == str(docroot.parent))
    return evidence, finding("folder-not-traversable", above.path, ID, paths=above.path)


@pytest.mark.parametrize(("mode", "after"), [(0o700, 0o701), (0o750, 0o751), (0o770, 0o771), (0o704, 0o705)])
def test_exactly_the_right_to_pass_is_given_and_taken_back(docroot: Path, settings: object, mode: int, after: int) -> None:
    plan = try_plan(ID, *shut(docroot, mode))
    assert isinstance(plan, Plan) and plan.diff() == f"{docroot.parent}: {mode:03o} -> {after:03o}\n"
    site = site_in(docroot, settings)
    settings.SITEMEND_LOCAL_ROOTS = (docroot.parent,)  # type: ignore[attr-defined]
    step = carried_out(site, plan)
    assert docroot.parent.stat().st_mode & 0o7777 == after
    undone(step)
    assert docroot.parent.stat().st_mode & 0o7777 == mode


def test_only_a_person_opens_it(docroot: Path) -> None:
    plan = try_plan(ID, *shut(docroot, 0o700))
    assert isinstance(plan, Plan) and plan.takes_away_protection and plan.needs_person and kind_of(ID) == ""
    assert offering.guide_step(plan) == "permissions"


@pytest.mark.parametrize("mode", [0o701, 0o711, 0o755])
def test_what_may_be_passed_is_left(docroot: Path, mode: int) -> None:
    assert try_plan(ID, *shut(docroot, mode)) is None


def test_another_folder_is_not_opened_for_it(docroot: Path) -> None:
    evidence, _found = shut(docroot, 0o700)
    assert try_plan(ID, evidence, finding("folder-not-traversable", "www/in", ID, paths="www/in")) is None


def test_what_the_host_shut_stays_shut(docroot: Path) -> None:
    evidence, found = shut(docroot, 0o700)
    assert isinstance(try_plan(ID, replace(evidence, profile="ovh-mutualise"), found), CannotPlan)
    above = tuple(replace(each, mode=0) for each in evidence.folders_above)
    assert isinstance(try_plan(ID, replace(evidence, folders_above=above), found), CannotPlan)


def test_what_belongs_to_somebody_else_is_left_to_the_host(docroot: Path) -> None:
    evidence, found = shut(docroot, 0o700)
    above = tuple(replace(each, uid=os.getuid() + 4711) for each in evidence.folders_above)
    assert isinstance(try_plan(ID, replace(evidence, folders_above=above), found), CannotPlan)
