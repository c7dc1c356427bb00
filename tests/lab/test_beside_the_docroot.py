"""Frameworks that were known while they were well lose or spoil a file beside the docroot: named, put back by the command alone, undone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.cases import CASES
from tests.lab.running import run_case
from tests.lab.selecting import prepared
from tests.lab.stack import Stack, started, why_missing

ROADS = {  # over which transport, and the file at fault
    "laravel-controller-cut-off": ("sftp", "app/Http/Controllers/HomeController.php"),
    "symfony-bundles-lost": ("ftp", "config/bundles.php"),
    "laravel-settings-file-lost": ("ssh", "config/"),
    "symfony-controller-edited": ("ftp", "src/Controller/HomeController.php"),
    "symfony-controller-lost": ("ssh", "src/Controller/HomeController.php"),
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    if why := why_missing():
        pytest.skip(why)
    with started() as made:
        yield made


@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [name if n < 2 else pytest.param(name, marks=pytest.mark.full) for n, name in enumerate(ROADS)])
def test_file_beside_the_docroot_is_named_put_back_and_undone(stack: Stack, name: str) -> None:
    case = next(case for case in CASES if case.name == f"frameworks_changed.{name}")
    road, broken = ROADS[name]
    with prepared():
        (run,) = run_case(stack, case, f"beside {name}", (road,), early=True, mend=True)
    assert not run.fault and run.early and run.mended is not None, run.fault
    first = run.answer["findings"][0]
    changes = [proof["text"] for proof in first["evidence"] if proof["source"] == "change"]
    assert run.score.cause and len(changes) == 1 and broken in changes[0], first
    assert first["repair"]["id"] == "restore-file" and broken in first["repair"]["diff"], first
    assert (run.mended.cured, run.mended.answers, run.mended.kept) == (True, 0, ("restore-file",)), run.mended
    assert not run.mended.after_undo and not run.mended.refused
