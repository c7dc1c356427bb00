"""A wp-config.php that lost its end: PHP itself comes to WordPress again, and the file is as it was after the undo."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.complete_settings import ID
from diagnostics.repairs.plan import WriteFile
from tests.diagnostics.facts.test_applications import CORE
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady
from tests.programs import binary

pytestmark = pytest.mark.django_db
DEFINES = "".join(f"define( 'DB_{name}', 'x' );\n" for name in ("NAME", "USER", "PASSWORD", "HOST"))
WHOLE = f"<?php\n{DEFINES}$table_prefix = 'wp_';\ndefine( 'WP_DEBUG', false );\n"
WANTED = finding("wordpress-config-syntax", "www/wp-config.php", ID)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("text", [WHOLE, WHOLE.rstrip("\n"), WHOLE + "\n\n"])
def test_end_is_written_and_wordpress_is_loaded(docroot: Path, settings: object, text: str, ends: str) -> None:
    content = text.replace("\n", ends).encode()
    fill(docroot, {**CORE, "wp-config.php": content})
    plan = planned(docroot, WANTED)
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.after.startswith(content.rstrip()) and change.after.count(b"\n") > content.count(b"\n")
    assert (b"\r\n" in change.after) is (ends == "\r\n") and not plan.needs_person and offering.guide_step(plan) == "php"
    steady(docroot, settings, plan)
    fill(docroot, {"wp-config.php": change.after, "wp-settings.php": b"<?php echo ABSPATH . $table_prefix;\n"})
    told = subprocess.run([binary("php"), "-n", docroot / "wp-config.php"], capture_output=True, check=True)
    assert told.stdout.decode() == f"{docroot}/wp_"


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("", True),
        ("<?php\n", True),
        (WHOLE.replace("$table_prefix", "$prefix"), True),
        (WHOLE.replace("DB_HOST", "DB_CHARSET"), True),
        (WHOLE + "define( 'WP_HOME", True),
        (WHOLE + "?>\n", True),
        (WHOLE + "require_once ABSPATH . 'wp-settings.php';\n", False),
    ],
)
def test_file_that_lacks_more_or_nothing_is_left(docroot: Path, text: str, is_told: bool) -> None:
    fill(docroot, {**CORE, "wp-config.php": text.encode()})
    plan = try_plan(ID, read(docroot, WANTED), WANTED)
    assert isinstance(plan, CannotPlan) if is_told else plan is None
