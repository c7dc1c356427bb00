"""Undo where something else stands in the place of the file by now: it is left alone, whatever it is, and a person may choose."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnostics.changes import settling, undoing, versions
from diagnostics.models import Step
from diagnostics.repairing import RepairRefused
from diagnostics.repairs.plan import Change, ChangeMode, CreateFile, RemoveFile
from sites.models import Site
from tests.diagnostics.changes_made import BEFORE, WROTE, applied, put, renaming, rewrite

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def docroot(tmp_path: Path) -> Path:
    folder = tmp_path / "www"
    folder.mkdir()
    put(folder / "file", BEFORE)
    return folder


def written(path: Path) -> tuple[Change, Path]:
    return rewrite(path), path


def moded(path: Path) -> tuple[Change, Path]:
    return ChangeMode(str(path), path.name, "file", 0o604, 0o640), path


def renamed(path: Path) -> tuple[Change, Path]:
    return renaming(path, path.with_name("file.old")), path.with_name("file.old")


def made(path: Path) -> tuple[Change, Path]:
    new = path.with_name("new")
    return CreateFile(str(new), new.name, WROTE, 0o604), new


def removed(path: Path) -> tuple[Change, Path]:
    return RemoveFile(str(path), path.name, BEFORE, 0o604), path


def folder(path: Path, _outside: Path) -> None:
    path.mkdir()
    put(path / "theirs", b"theirs")


def link_to_the_same_bytes(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def link_to_nothing(path: Path, _outside: Path) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path, _outside: Path) -> None:
    os.mkfifo(path)


def everything(top: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted(top.rglob("*")):
        stat = path.lstat()
        inside = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (stat.st_mode, stat.st_ino, inside, int(stat.st_mtime) if not path.is_dir() else 0)
    return found


@pytest.mark.parametrize("stands", [folder, link_to_the_same_bytes, link_to_nothing, pipe])
@pytest.mark.parametrize("changed", [written, moded, renamed, made, removed])
def test_what_stands_in_the_place_of_the_file_is_left_alone(
    site: Site, docroot: Path, tmp_path: Path, changed: Callable[[Path], tuple[Change, Path]], stands: Callable[[Path, Path], None]
) -> None:
    change, path = changed(docroot / "file")
    step = applied(site, change)
    path.unlink(missing_ok=True)
    outside = put(tmp_path / "outside", BEFORE if changed in (removed, renamed) else WROTE, 0o640)
    stands(path, outside)
    before = everything(tmp_path)
    with pytest.raises(RepairRefused):
        undoing.undo(step)
    assert everything(tmp_path) == before
    step = Step.objects.get(pk=step.pk)
    assert step.state == "done-verified" and step.message
    (shown,) = versions.of_step(step)
    assert [choice.id for choice in shown.choices] == ["keep"]
    assert settling.choose(step, shown.entry.pk, "keep", shown.choices[-1].digest, None) is None
    assert everything(tmp_path) == before and Step.objects.get(pk=step.pk).state == "kept"


def test_folder_of_the_file_that_is_gone_is_told_and_nothing_is_made(site: Site, docroot: Path) -> None:
    inner = docroot / "inner"
    inner.mkdir()
    step = applied(site, rewrite(put(inner / "file", BEFORE)))
    shutil.rmtree(inner)
    with pytest.raises(RepairRefused, match="no longer there"):
        undoing.undo(step)
    assert not inner.exists() and Step.objects.get(pk=step.pk).state == "done-verified"
