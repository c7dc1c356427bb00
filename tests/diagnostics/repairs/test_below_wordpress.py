"""Hooks in wp-config.php: moved below the line that loads WordPress, as PHP itself reads the file, and back to the byte."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.below_wordpress import ID
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import WriteFile
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady
from tests.programs import binary

pytestmark = pytest.mark.django_db
HEAD = "<?php\ndefine('ABSPATH', __DIR__ . '/');\n"
LOADS = "require_once ABSPATH . 'wp-settings.php';\n"
# What WordPress brings with it, and what shows that the hook was called.
SETTINGS = b"<?php\nfunction add_filter(...$a) { echo $a[0]; }\nfunction remove_action(...$a) { echo $a[0]; }\n"
BLOCK = "add_filter('b', function ($x) {\n    return $x;\n}); // ours\n"


@pytest.mark.parametrize(
    ("lines", "number", "kept", "moved", "says"),
    [
        ("add_filter( 'a', '__return_false' );\n", 3, "", "add_filter( 'a', '__return_false' );\n", "a"),
        ("$x = 1;\n" + BLOCK + "$y = 2;\n", 4, "$x = 1;\n$y = 2;\n", BLOCK, "b"),
        ("\\add_filter('a', 'b');\n$x = 1;\n\tremove_action('c', 'd');\n", 3, "$x = 1;\n",
         "\\add_filter('a', 'b');\n\tremove_action('c', 'd');\n", "ac"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_hooks_are_moved_below_what_loads_wordpress(
    docroot: Path, settings: object, lines: str, number: int, kept: str, moved: str, says: str, ends: str
) -> None:
    before, after = (text.replace("\n", ends).encode() for text in (HEAD + lines + LOADS, HEAD + kept + LOADS + moved))
    fill(docroot, {"wp-config.php": before, "wp-settings.php": SETTINGS})
    plan = planned(docroot, finding("php-undefined-function", "www/wp-config.php", ID, number))
    (change,) = plan.changes
    assert isinstance(change, WriteFile) and change.after == after
    assert plan.needs_person and kind_of(ID) == "" and offering.guide_step(plan) == "php"
    for content, status, said in ((before, 255, ""), (after, 0, says)):
        (docroot / "wp-config.php").write_bytes(content)
        told = subprocess.run([binary("php"), "-n", "-d", "display_errors=0", docroot / "wp-config.php"], capture_output=True, check=False)
        assert (told.returncode, told.stdout.decode()) == (status, said)
    fill(docroot, {"wp-config.php": before})
    steady(docroot, settings, plan)


@pytest.mark.parametrize(
    ("text", "number", "is_told"),
    [
        (HEAD + "$x = add_filter('a', 'b');\n" + LOADS, 3, False),  # its answer is used below
        (HEAD + "if (true) {\n    add_filter('a', 'b');\n}\n" + LOADS, 4, False),
        (HEAD + "shop_start();\n" + LOADS, 3, False),
        (HEAD + LOADS + "add_filter('a', 'b');\n", 4, False),
        (HEAD + "add_filter('a', 'b');\n", 3, False),  # nothing here loads WordPress
        (HEAD + "$x = 1; add_filter('a', 'b');\n" + LOADS, 3, True),
        (HEAD + "add_filter('a', 'b'); $x = 1;\n" + LOADS, 3, True),
        (HEAD + "add_filter('a', 'b'); ?>\n<?php\n" + LOADS, 3, True),
        (HEAD + "add_filter('a', 'b');\n" + LOADS.replace(";", "; ?>"), 3, True),
        (HEAD + "add_filter('a', 'b');\n" + LOADS.replace(";", "; exit;"), 3, True),
        (HEAD + "add_filter('a', 'b');\n" + LOADS.replace(";", "; // ?>"), 3, True),
    ],
)
def test_what_is_no_plain_hook_above_is_left(docroot: Path, text: str, number: int, is_told: bool) -> None:
    fill(docroot, {"wp-config.php": text.encode()})
    found = finding("php-undefined-function", "www/wp-config.php", ID, number)
    plan = try_plan(ID, read(docroot, found), found)
    assert isinstance(plan, CannotPlan) if is_told else plan is None


def test_other_files_are_none_of_its_business(docroot: Path) -> None:
    fill(docroot, {"config.php": (HEAD + "add_filter('a', 'b');\n" + LOADS).encode()})
    found = finding("php-undefined-function", "www/config.php", ID, 3)
    assert try_plan(ID, read(docroot, found), found) is None


def test_long_settings_take_no_more_than_a_moment(docroot: Path) -> None:
    began = time.monotonic()
    for filler in ("\n" * 100_000, "require a\n" * 20_000):
        fill(docroot, {"wp-config.php": (HEAD + "add_filter('a', 'b');\n/*" + filler + "*/\n" + LOADS).encode()})
        found = finding("php-undefined-function", "www/wp-config.php", ID, 3)
        assert not isinstance(try_plan(ID, read(docroot, found), found), CannotPlan)
    assert time.monotonic() - began < 20
