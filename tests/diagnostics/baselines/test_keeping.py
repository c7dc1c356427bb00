"""Program files are read a few at a time, once each, as many as there is room and time for; the rest at the next baseline."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.baselines import keeping, storing, taking
from diagnostics.models import BaselineContent, HostAction, KeptFile
from sites.models import Site
from tests.servers import SshServer

pytestmark = pytest.mark.django_db


def fill(server: SshServer, docroot: Path, count: int) -> None:
    (docroot / "lib").mkdir()
    for number in range(count):
        (docroot / "lib" / f"part{number}.php").write_text(f"<?php\n// {number}\n")
    for path in (docroot / "lib", *(docroot / "lib").iterdir()):
        server.own(path)


def paths_of_all() -> set[str]:
    return set(KeptFile.objects.values_list("path", flat=True))


def paths() -> set[str]:
    return {path for path in KeptFile.objects.values_list("path", flat=True) if path.startswith("lib/")}


def test_many_files_are_read_without_a_command_each(server: SshServer, docroot: Path, site: Site) -> None:
    taking.take(site)
    before = HostAction.objects.filter(verb="command").count()
    fill(server, docroot, 60)
    taking.take(site)
    assert len(paths()) == 60
    assert HostAction.objects.filter(verb="command").count() - before <= before, "no more than a baseline runs anyway"


def test_rest_follows_at_the_next_baseline(server: SshServer, docroot: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_READ", 20)
    fill(server, docroot, 30)
    taking.take(site)
    first = paths()
    assert 0 < len(first) < 30
    taking.take(site)
    assert first < paths() and len(paths()) == 30


def test_switched_off_while_a_baseline_reads_nothing_is_kept(
    server: SshServer, docroot: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = keeping.read

    def switched_off(*args: object) -> keeping.Kept:
        kept = read(*args)  # type: ignore[arg-type]
        assert kept.contents
        keeping.switch(site, on=False)
        return kept

    monkeypatch.setattr(keeping, "read", switched_off)
    taken = taking.take(site)
    held = {record.digest for record in storing.records(taken) if record.digest}
    assert not KeptFile.objects.exists()
    assert set(BaselineContent.objects.values_list("sha256", flat=True)) <= held, "configuration files alone, which baselines compare"


def test_name_that_no_index_can_hold_is_passed_over(server: SshServer, docroot: Path, site: Site) -> None:
    folder = docroot.joinpath(*["名" * 80] * 5)
    folder.mkdir(parents=True)
    for name in ("a.php", "b.php"):
        (folder / name).write_text("<?php\n")
    for path in (docroot / ("名" * 80)).rglob("*"):
        server.own(path)
    server.own(docroot / ("名" * 80))
    taking.take(site)
    assert paths_of_all() and all(len(path.encode()) <= 1000 for path in paths_of_all())


def test_file_that_did_not_change_is_not_read_again(server: SshServer, docroot: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    taking.take(site)
    monkeypatch.setattr(keeping, "MOST_READ", 0)
    seen = dict(KeptFile.objects.values_list("path", "last_seen_at"))
    taking.take(site)
    assert all(at > seen[path] for path, at in KeptFile.objects.values_list("path", "last_seen_at"))
    assert set(KeptFile.objects.values_list("path", flat=True)) == set(seen)
