"""An undo that met a file somebody changed since: three versions, a choice, and a way back from that too."""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from diagnostics import tasks
from diagnostics.changes import settling, undoing, versions
from diagnostics.models import FoundFile, JournalEntry, Step
from diagnostics.repairing import RepairRefused
from diagnostics.repairs.plan import ChangeMode, CreateFile, RemoveFile
from sites.models import Host, Site
from tests.diagnostics.changes_made import BEFORE, OLD, WROTE, applied, put, renaming, rewrite, tree
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
THEIRS = WROTE + b"theirs\n"


def refused(step: Step) -> versions.Versions:
    with pytest.raises(RepairRefused):
        undoing.undo(step)
    (found,) = versions.of_step(step)
    return found


def chosen(step: Step, found: versions.Versions, choice_id: str) -> Step | None:
    choice = next(each for each in found.choices if each.id == choice_id)
    made = settling.choose(step, found.entry.pk, choice_id, choice.digest, make_user("alice"))
    if made:
        tasks.run_step(made.pk)
        made.refresh_from_db()
        assert made.state == "done-as-asked", made.message
    step.refresh_from_db()
    return made


def ids(found: versions.Versions) -> list[str]:
    return [choice.id for choice in found.choices]


def test_three_versions_are_what_was_what_we_wrote_and_what_is_there(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    put(docroot / ".htaccess", THEIRS)
    found = refused(step)
    assert [version.content for _words, version in found.columns] == [BEFORE, WROTE, THEIRS]
    assert "+RewriteEngine On" in found.our_diff and "+theirs" in found.their_diff
    assert ids(found) == ["merge", "put-back", "keep"]
    assert all(THEIRS not in bytes(row.content) for row in FoundFile.objects.all()), "sealed at rest"
    assert (docroot / ".htaccess").read_bytes() == THEIRS


@pytest.mark.parametrize(("choice", "content"), [("merge", BEFORE + b"theirs\n"), ("put-back", BEFORE)])
def test_choice_is_written_and_can_itself_be_undone(site: Site, docroot: Path, choice: str, content: bytes) -> None:
    before = tree(docroot)
    step = applied(site, rewrite(docroot / ".htaccess"))
    put(docroot / ".htaccess", THEIRS)
    theirs = tree(docroot)
    made = chosen(step, refused(step), choice)
    assert (docroot / ".htaccess").read_bytes() == content
    assert (step.state, step.undone_by.username) == ("undone", "alice")
    assert (tree(docroot) == before) is (choice == "put-back")
    assert undoing.undo(made).state == "undone"
    assert tree(docroot) == theirs
    step.refresh_from_db()
    assert (step.state, step.undone_at) == ("done-verified", None), "what the choice had ended stands again"
    assert ids(refused(step)) == ["merge", "put-back", "keep"]


def test_keeping_writes_nothing_and_closes_with_who_and_when(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    put(docroot / ".htaccess", THEIRS)
    theirs = tree(docroot)
    assert chosen(step, refused(step), "keep") is None
    assert tree(docroot) == theirs
    entry = step.journal.get()
    assert (step.state, entry.state, versions.of_step(step)) == ("kept", "kept", [])
    assert "alice chose on 20" in entry.note and "alice" in step.message
    with pytest.raises(RepairRefused, match="leave the file as it is"):
        undoing.undo(step)


def test_change_in_the_same_line_is_not_merged(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    put(docroot / ".htaccess", WROTE.replace(b"RewriteEngine On", b"RewriteEngine Off"))
    assert ids(refused(step)) == ["put-back", "keep"]


def test_file_that_changed_again_since_it_was_shown_is_left_alone_and_shown_anew(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    put(docroot / ".htaccess", THEIRS)
    found = refused(step)
    made = settling.choose(step, found.entry.pk, "put-back", found.choices[1].digest, None)
    put(docroot / ".htaccess", b"and again\n")
    tasks.run_step(made.pk)
    made.refresh_from_db()
    assert made.state == "stale"
    assert (docroot / ".htaccess").read_bytes() == b"and again\n"
    assert versions.of_step(step)[0].now.content == b"and again\n"
    with pytest.raises(RepairRefused, match="not what this page showed"):
        settling.choose(step, found.entry.pk, "put-back", found.choices[1].digest, None)
    with pytest.raises(RepairRefused, match="not what this page showed"):
        settling.choose(step, found.entry.pk, "keep", found.choices[2].digest, None)


def test_file_that_was_deleted_since_is_made_again_as_it_was(site: Site, docroot: Path) -> None:
    before = tree(docroot)
    step = applied(site, rewrite(docroot / ".htaccess"))
    (docroot / ".htaccess").unlink()
    found = refused(step)
    assert (ids(found), found.now.kind) == (["put-back", "keep"], "")
    made = chosen(step, found, "put-back")
    assert tree(docroot) == before
    undoing.undo(made)
    assert tree(docroot) == {}


def test_mode_that_was_changed_since_is_set_back(site: Site, docroot: Path) -> None:
    before = tree(docroot)
    path = docroot / ".htaccess"
    step = applied(site, ChangeMode(str(path), path.name, "file", 0o604, 0o644))
    path.chmod(0o600)
    chosen(step, refused(step), "put-back")
    assert tree(docroot) == before


@pytest.mark.parametrize(("choice", "content"), [("merge", THEIRS), ("put-back", BEFORE)])
def test_renamed_file_that_was_edited_gets_its_name_back_with_or_without_the_edit(
    site: Site, docroot: Path, choice: str, content: bytes
) -> None:
    before = tree(docroot)
    path, target = docroot / ".htaccess", docroot / ".htaccess.old"
    step = applied(site, renaming(path, target))
    put(target, THEIRS)
    edited = tree(docroot)
    found = refused(step)
    assert ids(found) == ["merge", "put-back", "keep"]
    made = chosen(step, found, choice)
    assert list(tree(docroot)) == [".htaccess"] and path.read_bytes() == content
    assert (tree(docroot) == before) is (choice == "put-back")
    undoing.undo(made)
    assert tree(docroot) == edited


def test_renamed_file_whose_name_is_taken_comes_back_and_the_other_is_kept_beside_it(site: Site, docroot: Path) -> None:
    path, target = docroot / ".htaccess", docroot / ".htaccess.old"
    step = applied(site, renaming(path, target))
    put(path, b"made by the CMS\n")
    taken = tree(docroot)
    made = chosen(step, refused(step), "put-back")
    assert path.read_bytes() == BEFORE and len(tree(docroot)) == 2
    undoing.undo(made)
    assert tree(docroot) == taken


def test_file_of_ours_that_was_edited_is_removed_or_kept(site: Site, docroot: Path) -> None:
    before = tree(docroot)
    path = docroot / "new.txt"
    step = applied(site, CreateFile(str(path), "new.txt", b"ours\n", 0o644, OLD))
    put(path, b"theirs\n")
    made = chosen(step, refused(step), "put-back")
    assert tree(docroot) == before
    undoing.undo(made)
    assert path.read_bytes() == b"theirs\n"


def test_name_that_is_taken_again_after_a_removal(site: Site, docroot: Path) -> None:
    before = tree(docroot)
    path = docroot / ".htaccess"
    step = applied(site, RemoveFile(str(path), ".htaccess", BEFORE, 0o604))
    put(path, b"theirs\n")
    chosen(step, refused(step), "put-back")
    assert tree(docroot) == before


def test_link_in_place_of_the_file_can_only_be_kept(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    put(docroot / "other", WROTE)
    (docroot / ".htaccess").unlink()
    os.symlink("other", docroot / ".htaccess")
    found = refused(step)
    assert (ids(found), found.now.kind) == (["keep"], "link")


def test_binary_file_is_told_by_size_and_hash_and_secrets_are_not_shown(site: Site, docroot: Path) -> None:
    put(docroot / ".htaccess", b"password = 'hunter2hunter2'\n")
    step = applied(site, rewrite(docroot / ".htaccess", b"password = 'hunter3hunter3'\n"))
    put(docroot / ".htaccess", b"password = 'hunter4hunter4'\n")
    found = refused(step)
    assert "hunter" not in found.our_diff + found.their_diff + "".join(choice.diff for choice in found.choices)
    put(docroot / ".htaccess", b"\0binary")
    found = refused(step)
    assert found.their_diff == "" and (found.now.size, len(found.now.sha256)) == (7, 64)
    assert ids(found) == ["put-back", "keep"]


def test_one_file_of_two_changed_the_other_is_back_and_the_choice_ends_the_step(site: Site, docroot: Path) -> None:
    put(docroot / "page.php", b"<?php", 0o666)
    before = tree(docroot)
    path = docroot / "page.php"
    step = applied(site, rewrite(docroot / ".htaccess"), ChangeMode(str(path), path.name, "file", 0o666, 0o604))
    put(docroot / ".htaccess", THEIRS)
    found = refused(step)
    step.refresh_from_db()
    assert step.state == "needs-attention" and path.stat().st_mode & 0o777 == 0o666
    chosen(step, found, "put-back")
    assert step.state == "undone" and tree(docroot) == before


def test_choice_on_a_closed_repair_and_without_a_host(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    put(docroot / ".htaccess", THEIRS)
    found = refused(step)
    step.case.closed_at = step.created_at
    step.case.save()
    Host.objects.all().delete()
    with pytest.raises(RepairRefused, match="no connection"):
        settling.choose(step, found.entry.pk, "put-back", found.choices[1].digest, None)
    assert settling.choose(step, found.entry.pk, "keep", found.choices[2].digest, None) is None
    assert JournalEntry.objects.get().state == "kept"


def said(*arguments: str) -> tuple[int, dict[str, Any]]:
    out = StringIO()
    try:
        call_command("undo", "shop", *arguments, "--json", stdout=out)
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, json.loads(out.getvalue())


def test_command_line_says_what_can_be_chosen_and_does_it(site: Site, docroot: Path) -> None:
    step = applied(site, rewrite(docroot / ".htaccess"))
    put(docroot / ".htaccess", THEIRS)
    status, told = said("--step", str(step.pk))
    (refusal,) = told["refused"]
    assert (status, refusal["choices"]) == (1, {".htaccess": ["merge", "put-back", "keep"]})
    assert refusal["page"].endswith(f"/steps/{step.pk}/versions/")
    assert said("--choose", "merge")[1]["error"]["code"] == "usage"
    status, told = said("--step", str(step.pk), "--choose", "merge")
    assert (status, told["undone"], told["identical"]) == (0, [step.pk], False)
    assert (docroot / ".htaccess").read_bytes() == BEFORE + b"theirs\n"
    assert said("--step", str(step.pk), "--choose", "merge")[0] == 1, "there is nothing left to choose"
