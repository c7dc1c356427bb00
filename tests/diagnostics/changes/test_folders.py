"""A folder that is made: with its mode, in its own site alone, and taken away again as long as nobody has put anything into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnostics.changes import journal, settling, undoing, versions
from diagnostics.changes.executor import NotApplied, Stale
from diagnostics.models import JournalEntry, Step
from diagnostics.repairing import RepairRefused
from diagnostics.repairs.plan import CreateFile, CreateFolder, RemoveFolder, RenameFolder
from diagnostics.transports.local_writer import LocalWriter
from sites.models import Site
from tests.diagnostics.changes_made import applied
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def folder(docroot: Path, name: str = "cache", mode: int = 0o750) -> CreateFolder:
    return CreateFolder(str(docroot / name), f"www/{name}", mode)


def names(docroot: Path) -> list[str]:
    return sorted(str(path.relative_to(docroot)) for path in docroot.rglob("*"))


def test_folder_in_a_folder_is_made_with_its_mode_and_undone(site: Site, docroot: Path) -> None:
    before = names(docroot)
    step = applied(site, folder(docroot), folder(docroot, "cache/pages", 0o705))
    assert [(docroot / name).stat().st_mode & 0o7777 for name in ("cache", "cache/pages")] == [0o750, 0o705]
    assert [(entry.change, entry.shown) for entry in JournalEntry.objects.order_by("position")] == [
        ("make-folder", "www/cache"),
        ("make-folder", "www/cache/pages"),
    ]
    assert undoing.undo(step).state == "undone" and names(docroot) == before


def test_undo_deletes_nothing_that_was_put_there_since_and_says_so(site: Site, docroot: Path) -> None:
    step = applied(site, folder(docroot))
    (docroot / "cache/page.html").write_bytes(b"theirs")
    with pytest.raises(RepairRefused, match=r"www/cache: it holds 1 name that was not there.*Nothing was deleted"):
        undoing.undo(step)
    assert (docroot / "cache/page.html").read_bytes() == b"theirs"
    step.refresh_from_db()
    assert step.stands_applied and step.may_be_undone
    (docroot / "cache/page.html").unlink()
    assert undoing.undo(step).state == "undone" and not (docroot / "cache").exists()


def test_folder_that_holds_something_can_only_be_kept(site: Site, docroot: Path) -> None:
    step = applied(site, folder(docroot))
    (docroot / "cache/page.html").write_bytes(b"theirs")
    with pytest.raises(RepairRefused):
        undoing.undo(step)
    (found,) = versions.of_step(step)
    assert [(words, version.kind) for words, version in found.columns][1:] == [("As we wrote it", "folder"), ("Now", "folder")]
    (keep,) = found.choices
    settling.choose(step, found.entry.pk, keep.id, keep.digest, make_user("alice"))
    assert JournalEntry.objects.get().state == "kept" and names(docroot / "cache") == ["page.html"]


def test_folder_whose_mode_was_changed_since_is_left(site: Site, docroot: Path) -> None:
    step = applied(site, folder(docroot))
    (docroot / "cache").chmod(0o700)
    with pytest.raises(RepairRefused, match="changed it since"):
        undoing.undo(step)
    assert (docroot / "cache").is_dir()


def test_what_a_later_step_put_there_is_undone_first(site: Site, docroot: Path) -> None:
    before = names(docroot)
    first = applied(site, folder(docroot))
    second = applied(site, CreateFile(str(docroot / "cache/a"), "www/cache/a", b"1", 0o604))
    third = applied(site, RenameFolder(str(docroot / "cache"), "www/cache", str(docroot / "c2"), "www/c2"))
    with pytest.raises(RepairRefused):
        undoing.undo(first)
    for step in (third, second, first):
        assert undoing.undo(step).state == "undone"
    assert names(docroot) == before


def test_name_that_is_taken_or_leads_elsewhere_is_stale(site: Site, docroot: Path, tmp_path: Path) -> None:
    (docroot / "taken").write_bytes(b"")
    (tmp_path / "elsewhere").mkdir()
    (docroot / "link").symlink_to(tmp_path / "elsewhere")
    for change in (folder(docroot, "taken"), folder(docroot, "link"), folder(docroot, "link/below"), folder(docroot, "gone/below")):
        with pytest.raises((Stale, NotApplied)):
            applied(site, change)
    assert names(tmp_path / "elsewhere") == [] and not JournalEntry.objects.exclude(state="taken-back").exists()


def test_folder_beside_the_docroot_is_not_made_through_a_link(site: Site, docroot: Path, settings: object, tmp_path: Path) -> None:
    settings.SITEMEND_LOCAL_ROOTS = (tmp_path,)  # type: ignore[attr-defined]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "app").symlink_to(tmp_path / "elsewhere")
    with pytest.raises((Stale, NotApplied)):
        applied(site, CreateFolder(str(tmp_path / "app/storage"), "app/storage", 0o755))
    assert names(tmp_path / "elsewhere") == []
    step = applied(site, CreateFolder(str(tmp_path / "sessions"), "sessions", 0o700))
    assert (tmp_path / "sessions").is_dir() and undoing.undo(step).state == "undone" and not (tmp_path / "sessions").exists()


def test_only_an_empty_folder_is_removed_and_comes_back_with_its_mode(site: Site, docroot: Path) -> None:
    (docroot / "old").mkdir()
    (docroot / "old").chmod(0o751)
    gone = RemoveFolder(str(docroot / "old"), "www/old", 0o751)
    assert gone.inverse().inverse() == gone
    (docroot / "old/a").write_bytes(b"")
    with pytest.raises(Stale):
        applied(site, gone)
    (docroot / "old/a").unlink()
    step = applied(site, gone)
    assert not (docroot / "old").exists()
    assert undoing.undo(step).state == "undone" and (docroot / "old").stat().st_mode & 0o7777 == 0o751


def test_crash_before_the_mode_was_set_leaves_a_folder_that_is_taken_away(site: Site, docroot: Path) -> None:
    step = applied(site, folder(docroot))
    (docroot / "cache").chmod(0o700)
    JournalEntry.objects.update(state="recorded")
    Step.objects.update(state="done-verified")
    assert undoing.undo(step).state == "undone" and not (docroot / "cache").exists()
    assert journal.standing(step) == []


def test_folder_that_the_site_made_at_that_moment_is_its_own(site: Site, docroot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = LocalWriter.make_folder

    def after_the_site(self: LocalWriter, path: str, mode: int) -> None:
        Path(path).mkdir(0o750)
        really(self, path, mode)

    monkeypatch.setattr(LocalWriter, "make_folder", after_the_site)
    with pytest.raises(NotApplied) as told:
        applied(site, folder(docroot))
    assert told.value.taken_back and (docroot / "cache").is_dir()
    entry = JournalEntry.objects.get()
    assert (entry.state, entry.look_again_at) == ("taken-back", None) and journal.standing(entry.step) == []
