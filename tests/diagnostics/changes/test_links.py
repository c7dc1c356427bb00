"""A link that is led elsewhere or set aside: what it holds, and its time, come back; what it leads to is never touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnostics import tasks
from diagnostics.changes import settling, undoing, versions
from diagnostics.changes.executor import NotApplied, Stale
from diagnostics.models import JournalEntry
from diagnostics.repairing import RepairRefused
from diagnostics.repairs.plan import CreateFile, LeadLink, Plan, RenameLink
from sites.models import Site
from tests.diagnostics.changes_made import OLD, applied
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
ASIDE = "current.set-aside"


@pytest.fixture
def link(docroot: Path) -> Path:
    path = docroot / "current"
    path.symlink_to("releases/gone")
    os.utime(path, (OLD, OLD), follow_symlinks=False)
    return path


def lead(link: Path, after: str = "releases/new") -> LeadLink:
    return LeadLink(str(link), f"www/{link.name}", os.readlink(link), after)


def aside(link: Path) -> RenameLink:
    return RenameLink(str(link), f"www/{link.name}", str(link.with_name(ASIDE)), f"www/{ASIDE}", os.readlink(link))


def held(link: Path) -> tuple[str, float]:
    return os.readlink(link), link.lstat().st_mtime


def test_link_leads_elsewhere_and_back_with_its_time(site: Site, docroot: Path, link: Path) -> None:
    step = applied(site, lead(link))
    assert os.readlink(link) == "releases/new" and [each.name for each in docroot.iterdir() if "sitemend" in each.name] == []
    (entry,) = JournalEntry.objects.all()
    assert (entry.change, entry.shown, entry.before_kind) == ("link", "www/current", "link")
    assert undoing.undo(step).state == "undone" and held(link) == ("releases/gone", OLD)


def test_link_is_shown_by_what_it_held_and_will_hold(link: Path) -> None:
    shown = Plan("r", "c", "t", "w", (lead(link),)).diff()
    assert "-releases/gone\n" in shown and "+releases/new\n" in shown and "www/current (link)" in shown
    assert lead(link).inverse() == LeadLink(str(link), "www/current", "releases/new", "releases/gone")
    assert aside(link).inverse().inverse() == aside(link)


def test_link_that_leads_elsewhere_by_now_is_left_alone(site: Site, link: Path) -> None:
    change = lead(link)
    link.unlink()
    link.symlink_to("releases/by-hand")
    with pytest.raises(Stale):
        applied(site, change)
    assert os.readlink(link) == "releases/by-hand"
    link.unlink()
    link.write_bytes(b"a file now")
    with pytest.raises((Stale, NotApplied)):
        applied(site, change)
    assert link.read_bytes() == b"a file now"


def test_undo_leaves_a_link_that_somebody_led_elsewhere_since(site: Site, link: Path) -> None:
    step = applied(site, lead(link))
    link.unlink()
    link.symlink_to("releases/by-hand")
    with pytest.raises(RepairRefused, match="somebody changed it since"):
        undoing.undo(step)
    assert os.readlink(link) == "releases/by-hand"
    (found,) = versions.of_step(step)
    assert [(version.kind, version.content) for _words, version in found.columns] == [
        ("link", b"releases/gone"), ("link", b"releases/new"), ("link", b"releases/by-hand"),
    ]  # fmt: skip
    put_back = next(choice for choice in found.choices if choice.id == versions.PUT_BACK)
    made = settling.choose(step, found.entry.pk, put_back.id, put_back.digest, make_user())
    assert made is not None
    tasks.run_step(made.pk)
    assert os.readlink(link) == "releases/gone"


def test_link_set_aside_for_a_file_comes_back_when_both_are_undone(site: Site, docroot: Path, link: Path) -> None:
    step = applied(site, aside(link), CreateFile(str(link), "www/current", b"a copy", 0o644))
    assert link.read_bytes() == b"a copy" and not link.is_symlink() and os.readlink(docroot / ASIDE) == "releases/gone"
    assert undoing.undo(step).state == "undone"
    assert held(link) == ("releases/gone", OLD) and not os.path.lexists(docroot / ASIDE)


def test_link_in_its_place_again_stays_and_the_one_aside_too(site: Site, docroot: Path, link: Path) -> None:
    step = applied(site, aside(link))
    link.symlink_to("elsewhere")
    with pytest.raises(RepairRefused):
        undoing.undo(step)
    assert os.readlink(link) == "elsewhere" and os.readlink(docroot / ASIDE) == "releases/gone"


def test_nothing_is_done_through_a_folder_that_is_a_link(site: Site, docroot: Path, link: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "current").symlink_to("theirs")
    (docroot / "inner").symlink_to(other)
    inner = docroot / "inner/current"
    for change in (LeadLink(str(inner), "www/inner/current", "theirs", "ours"),
                   RenameLink(str(inner), "www/inner/current", str(docroot / "inner/x"), "www/inner/x", "theirs")):  # fmt: skip
        with pytest.raises(Stale, match="not followed"):
            applied(site, change)
    assert os.listdir(other) == ["current"] and os.readlink(other / "current") == "theirs"
