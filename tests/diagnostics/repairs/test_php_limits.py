# ruff: noqa: E501 (a message stays on one line)
"""Limits of PHP that a site gives itself: raised where what failed names just that limit, and left alone everywhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import at_hand, offering
from diagnostics.facts import php_settings
from diagnostics.findings import Finding, Proof
from diagnostics.repairs import try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.php_limits import ID
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.transports.local import LocalReader
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db
TOO_LONG = "Maximum execution time of {} seconds exceeded in /x/www/index.php on line 4"


def said(cause: str, text: str) -> Finding:
    return replace(finding(cause, "www/index.php", ID, 4), evidence=(Proof("error-log", text),))


def planned(docroot: Path, found: Finding) -> object:
    seen = read(docroot)
    seen = replace(seen, php=replace(seen.php, settings=tuple(php_settings.parse((docroot / ".user.ini").read_bytes(), "www/.user.ini"))))
    return try_plan(ID, replace(seen, at_hand=at_hand.read(LocalReader((docroot.parent,)), seen, [found])), found)


@pytest.mark.parametrize(
    ("cause", "text", "line", "mended"),
    [
        ("php-max-execution-time", TOO_LONG.format(3), "max_execution_time = 3 ; of the old host", "max_execution_time = 60 ; of the old host"),
        ("php-max-execution-time", TOO_LONG.format("1+0"), 'Max_Execution_Time="1"', "Max_Execution_Time=60"),
        ("php-uncaught-exception", "Uncaught Nette\\RegexpException: Backtrack limit exhausted", "pcre.backtrack_limit=100", "pcre.backtrack_limit=1000000"),
        ("application-answers-500", "Illuminate\\Http\\Exceptions: POST Content-Length of 9 bytes exceeds the limit of 1024 bytes", "post_max_size = 1K", "post_max_size = 64M"),
        ("application-answers-500", "PHP setting max_input_vars must be at least 5000", "max_input_vars=10", "max_input_vars=5000"),
        ("application-answers-500", "max_input_vars must be at least 500000", "max_input_vars=10", "max_input_vars=3000"),
    ],
)  # fmt: skip
def test_limit_that_was_reached_is_raised(docroot: Path, settings: object, cause: str, text: str, line: str, mended: str) -> None:
    fill(docroot, {".user.ini": f"display_errors = Off\n{line}\n".encode()})
    plan = planned(docroot, said(cause, text))
    assert isinstance(plan, Plan), plan
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.after == f"display_errors = Off\n{mended}\n".encode()
    assert not plan.needs_person and offering.guide_step(plan) == "php"
    assert kind_of(ID) == "", "nobody who allowed another repair of settings has said yes to this one"
    steady(docroot, settings, plan)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (TOO_LONG.format(30), "max_execution_time = 3"),  # another limit than this one: the code's own, or the host's
        (TOO_LONG.format(120), "max_execution_time = 120"),  # not low
        (TOO_LONG.format(3), "; max_execution_time = 3"),
        (TOO_LONG.format(3), "max_input_vars = 3"),  # not the one that is named
        ("www/.user.ini:2: max_input_vars = 5", "max_input_vars = 5"),  # only shown
        ("Call to undefined function a()", "post_max_size = 1K"),
    ],
)
def test_limit_that_nothing_names_is_left(docroot: Path, text: str, line: str) -> None:
    fill(docroot, {".user.ini": f"display_errors = Off\n{line}\n".encode()})
    assert not isinstance(planned(docroot, said("php-max-execution-time", text)), Plan)
