"""A folder under another name for a moment, several times in one step: it comes back whatever happened inside, never over another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics import steps
from diagnostics.changes import recovering
from diagnostics.changes.executor import Executor
from diagnostics.connections import connecting
from diagnostics.connections.locking import held
from diagnostics.models import Step
from diagnostics.repairs.plan import Plan, RenameFolder
from sites.models import Site
from tests.diagnostics.changes_made import new_step, put, site_in, tree

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(tmp_path: Path, settings: object) -> Site:
    docroot = tmp_path / "www"
    for name in ("one", "two"):
        (docroot / "plugins" / name).mkdir(parents=True)
        put(docroot / "plugins" / name / "main.php", b"<?php\n")
    return site_in(docroot, settings)


def away(site: Site, *names: str) -> Plan:
    folder = f"{site.docroot}/plugins"
    return Plan(
        "x", "", "t", "w", tuple(RenameFolder(f"{folder}/{n}", f"plugins/{n}", f"{folder}/{n}.off", f"plugins/{n}.off") for n in names)
    )


def test_step_takes_folders_away_and_back_several_times(site: Site) -> None:
    docroot = Path(site.docroot)
    before, step = tree(docroot), new_step(site)
    with held(site.host) as lock, Executor(lambda: connecting.writer_for(site.host), lock) as executor:
        steps.claim(step)
        for names in (("one", "two"), ("one",), ("two",)):
            executor.apply(step, away(site, *names))
            assert all((docroot / "plugins" / f"{name}.off").is_dir() for name in names)
            assert executor.take_back(step).complete
            assert tree(docroot) == before
    assert [entry.position for entry in step.journal.all()] == [0, 1, 2, 3]


def test_folder_that_was_written_into_meanwhile_comes_back_with_what_is_in_it(site: Site) -> None:
    step = left_away(site)
    (Path(site.docroot) / "plugins/one.off/cache.txt").write_bytes(b"new")
    assert recovering.recover() == [step.pk]
    assert (Path(site.docroot) / "plugins/one/cache.txt").read_bytes() == b"new"


def test_folder_does_not_come_back_over_another_of_its_name(site: Site) -> None:
    step = left_away(site)
    (Path(site.docroot) / "plugins/one").mkdir()
    assert recovering.recover() == []
    step.refresh_from_db()
    assert step.state == Step.State.NEEDS_ATTENTION and "plugins/one" in step.message
    assert (Path(site.docroot) / "plugins/one.off/main.php").exists()


def left_away(site: Site) -> Step:
    """As a worker leaves it that dies."""
    step = new_step(site)
    with held(site.host) as lock, Executor(lambda: connecting.writer_for(site.host), lock) as executor:
        steps.claim(step)
        executor.apply(step, away(site, "one"))
    return step
