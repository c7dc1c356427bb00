"""Where a file of a published release comes from is said in plain words before somebody agrees to it."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from diagnostics import offering
from diagnostics.copies import RELEASE, Copy, Restorable
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Severity
from diagnostics.repairs import plan_repair
from diagnostics.repairs.restore_file import ID
from tests.diagnostics.evidences import evidence
from tests.diagnostics.views.cases import make_scene, primaries, words

pytestmark = pytest.mark.django_db
FOUND = Finding("t", "wordpress-core-file", Severity.CRITICAL, 0.9, "A file is cut off.", path="www/wp-includes/kses.php", repairs=(ID,))
WHOLE = b"<?php\nfunction wp_kses() {\n    return '';\n}\n"


def told(current: bytes | None, *more: Restorable, release: str = "WordPress 6.5.2", is_proven: bool = True) -> Evidence:
    copy = Copy(RELEASE, WHOLE, 0.0, mode=0o604, release=release, is_proven=is_proven)
    name = (FOUND.cause, FOUND.path, FOUND.line)
    file = Restorable("www/wp-includes/kses.php", "/home/demo/www/wp-includes/kses.php", current, 0o604, (copy,), (name,))
    return replace(evidence({"www/wp-includes/version.php": b"<?php\n"}), restorable=(file, *more))


def shown(seen: Evidence) -> tuple[str, list[str]]:
    plan = plan_repair(ID, seen, FOUND)
    assert plan is not None
    page = make_scene(offers=[asdict(offering.of_plan(plan, FOUND))]).page("restore")
    return words(page), primaries(page)


def test_proven_file_over_a_rest_of_it() -> None:
    text, buttons = shown(told(WHOLE[:20]))
    assert "Put kses.php back as it was published with WordPress 6.5.2" in text and len(buttons) == 1
    assert "The site runs WordPress 6.5.2. The file was fetched from where that is published" in text
    assert "its checksum is right. Now only 20 bytes of it are there." in text


def test_missing_file_is_not_there() -> None:
    assert "its checksum is right. The file is not there now." in shown(told(None))[0]


def test_one_that_somebody_changed_says_what_is_taken_out() -> None:
    text, _buttons = shown(told(WHOLE.replace(b"''", b"'our own'")))
    assert "somebody may have changed it on purpose" in text and "an undo brings it back" in text


def test_theme_says_that_nothing_proves_it() -> None:
    text, _buttons = shown(told(b"", release="Astra 4.6", is_proven=False))
    assert "No checksums are published of themes" in text and "Astra 4.6" in text and "checksum is right" not in text
