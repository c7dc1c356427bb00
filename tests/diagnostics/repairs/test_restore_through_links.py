"""A file is not put back through a link: that would reach other files than are shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.copies import KEPT, Copy, Restorable, SinceWell
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.restore_file import ALL, ID
from tests.diagnostics.repairs.real_folder import fill, finding, read

pytestmark = pytest.mark.django_db
FOUND = finding("php-missing-file", "www/theme/functions.php", ID)


@pytest.mark.parametrize("is_link", [False, True])
def test_file_below_a_link_is_not_offered(docroot: Path, is_link: bool) -> None:
    fill(docroot, {"real/functions.php": b"<?php\n"})
    (docroot / "theme").symlink_to("nowhere") if is_link else (docroot / "theme").mkdir()
    copy = Copy(source=KEPT, content=b"<?php\n", at=1.0)
    wanted = ((FOUND.cause, FOUND.path, None),)
    file = Restorable(FOUND.path, str(docroot / "theme/functions.php"), None, 0o644, (copy,), wanted)
    made = try_plan(ID, replace(read(docroot, FOUND), restorable=(file,)), FOUND)
    assert isinstance(made, CannotPlan if is_link else Plan)
    assert not is_link or "www/theme is a link" in made.why  # type: ignore[union-attr]
    everything = replace(read(docroot, FOUND), since_well=SinceWell(1.0, (file,), ()))
    assert isinstance(try_plan(ID, everything, FOUND, {ALL: "changed"}.items()), CannotPlan if is_link else Plan)
