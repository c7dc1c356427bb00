"""The mark by which Nextcloud knows its data folder: made again by a person, only where the folder itself is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.offering import guide_step
from diagnostics.repairs import try_plan
from diagnostics.repairs.nextcloud_mark import ID
from diagnostics.repairs.plan import CreateFile, Plan
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady

pytestmark = pytest.mark.django_db
CLOUD = {
    "index.php": b"<?php\nrequire_once __DIR__ . '/lib/base.php';\n",
    "version.php": b"<?php\n$OC_Version = array(29,0,5,1);\n$OC_VersionString = '29.0.5';\n",
    "occ": b"#!/usr/bin/env php\n",
    "lib/base.php": b"<?php\nclass OC {}\n",
    "config/config.php": b"<?php\n$CONFIG = array (\n  'instanceid' => 'oc8k1',\n  'version' => '29.0.5.1',\n  'installed' => true,\n);\n",
    "data/anna/files/letter.txt": b"Dear all,\n",
}


@pytest.mark.parametrize(("name", "content"), [(".ocdata", b""), (".ncdata", b"# Nextcloud data directory\n# Do not change this file")])
def test_the_mark_is_made_again_in_its_folder(docroot: Path, settings: object, name: str, content: bytes) -> None:
    fill(docroot, CLOUD)
    plan = planned(docroot, finding("php-missing-file", f"www/data/{name}", ID))
    assert isinstance(plan.changes[0], CreateFile) and plan.changes[0].content == content and not plan.changes[0].mode & 0o022
    assert "not mounted" in plan.needs_person and guide_step(plan) == "restore"
    steady(docroot, settings, plan)


@pytest.mark.parametrize("path", ["www/data/index.html", "www/files/.ocdata", "www/data/letters/.ocdata"])
def test_nothing_is_made_in_a_folder_that_is_not_there(docroot: Path, path: str) -> None:
    fill(docroot, CLOUD)
    found = finding("php-missing-file", path, ID)
    assert try_plan(ID, read(docroot, found), found) is None


def test_mark_that_is_there_stays(docroot: Path) -> None:
    fill(docroot, {**CLOUD, "data/.ocdata": b""})
    found = finding("php-missing-file", "www/data/.ocdata", ID)
    assert not isinstance(try_plan(ID, read(docroot, found), found), Plan)
