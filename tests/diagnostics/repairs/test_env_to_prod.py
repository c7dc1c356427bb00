"""A program that runs as on its developer's computer without the parts for it: told to run as on a server, and back to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.repairs import try_plan
from diagnostics.repairs.env_to_prod import ID
from diagnostics.repairs.plan import WriteFile
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady

pytestmark = pytest.mark.django_db
BUNDLES = b"""<?php

return [
    Symfony\\Bundle\\FrameworkBundle\\FrameworkBundle::class => ['all' => true],
    Symfony\\Bundle\\WebProfilerBundle\\WebProfilerBundle::class => ['dev' => true, 'test' => true],
];
"""
WANTED = finding("php-class-not-found", "config/bundles.php", ID, 5)


@pytest.mark.parametrize(
    ("files", "name", "after"),
    [
        ({".env": b"APP_ENV=dev\nAPP_SECRET=x\n"}, ".env", b"APP_ENV=prod\nAPP_SECRET=x\n"),
        ({".env": b"APP_ENV=dev\n", ".env.local": b"A=1\r\nexport APP_ENV='test' # here\r\n"}, ".env.local",
         b"A=1\r\nexport APP_ENV='prod' # here\r\n"),
        ({".env": b"APP_ENV=\"dev\"\n", ".env.local": b"A=1\n"}, ".env", b"APP_ENV=\"prod\"\n"),
    ],
)  # fmt: skip
def test_environment_is_written_where_it_is_named(
    docroot: Path, settings: object, files: dict[str, bytes], name: str, after: bytes
) -> None:
    fill(docroot.parent, {"config/bundles.php": BUNDLES, **files})
    plan = planned(docroot, WANTED)
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and (change.shown, change.after) == (name, after)
    assert plan.needs_person and offering.guide_step(plan) == "php"
    steady(docroot, settings, plan)


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({".env": b"APP_ENV=dev\n"}, 4),  # the class is one for everybody
        ({".env": b"APP_ENV=prod\n"}, 5),
        ({".env": b"APP_ENV=dev\n", ".env.local": b"APP_ENV=prod\n"}, 5),
        ({".env": b"APP_ENV=staging\n"}, 5),
        ({".env": b"# APP_ENV=dev\n"}, 5),
        ({}, 5),
    ],
)
def test_nothing_is_written_where_another_thing_is_wrong(docroot: Path, files: dict[str, bytes], line: int) -> None:
    fill(docroot.parent, {"config/bundles.php": BUNDLES, **files})
    found = finding("php-class-not-found", "config/bundles.php", ID, line)
    assert try_plan(ID, read(docroot, found), found) is None
