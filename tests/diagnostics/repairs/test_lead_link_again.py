"""A link to nothing is led to where its target lies now; where links cannot be made, that is put in its place; and rules that are lost
are set aside by a person alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.copies import KEPT, Copy, Restorable
from diagnostics.evidence import Evidence, Link, LostLink, Place, SiteSeen, TreeEntry
from diagnostics.facts.lost_links import CONTENT, COUNTED, MOVED, RELEASE
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.lead_link_again import ID
from diagnostics.repairs.link_aside import ID as ASIDE
from diagnostics.repairs.plan import CreateFile, LeadLink, Plan, RenameFolder, RenameLink
from diagnostics.repairs.registry import ways

HOME = "/home/me"
AS_CALLED = "set-aside-by-sitemend"


def entry(path: str, kind: str = "folder") -> TreeEntry:
    return TreeEntry(path, f"{HOME}/{path}", kind, 0o755 if kind == "folder" else 0o644, 10, 1.0, 1000, 1000)


def place(path: str, how: str, kind: str = "folder", **values: object) -> Place:
    return Place(entry(path, kind), f"../{path}", how, **values)  # type: ignore[arg-type]


def lost(path: str, *places: Place, held: str = "../gone", **values: object) -> LostLink:
    return LostLink(path, f"{HOME}/{path}", held, places, **values)  # type: ignore[arg-type]


def seen(*links: LostLink, connection: str = "ssh") -> Evidence:
    tree = (*(entry(link.path, "link") for link in links), entry("www/index.php", "file"))
    return Evidence(
        SiteSeen("s", "http://s/", "down", "server-error", ()), "", connection, tree=tree, docroot=f"{HOME}/www", lost_links=links
    )


def finding(path: str, cause: str = "php-missing-file", said: str = "", repair: str = ID) -> Finding:
    return Finding("t", cause, Severity.CRITICAL, 0.9, "s", path=path, evidence=(Proof("error-log", said),), repairs=(repair,))


def made(evidence: Evidence, found: Finding, **answers: str) -> Plan:
    plan = try_plan(found.repairs[0], evidence, found, tuple(answers.items()))
    assert isinstance(plan, Plan), plan
    return plan


@pytest.mark.parametrize(
    ("how", "is_proven", "alone"),
    [(MOVED, False, True), (COUNTED, False, True), (CONTENT, True, True), (CONTENT, False, False), (RELEASE, False, False)],
)
def test_link_is_led_to_the_only_place_by_itself_where_that_is_sure(how: str, is_proven: bool, alone: bool) -> None:
    plan = made(seen(lost("www/lib", place("shared/lib", how, is_proven=is_proven))), finding("www/lib"))
    assert plan.changes == (LeadLink(f"{HOME}/www/lib", "www/lib", "../gone", "../shared/lib"),)
    assert bool(plan.needs_person) is not alone and not plan.takes_away_protection
    assert "../gone" in plan.why and "shared/lib" in plan.title


def test_of_several_places_a_person_chooses() -> None:
    evidence = seen(lost("www/lib", place("releases/9/lib", RELEASE), place("releases/8/lib", RELEASE)))
    found = finding("www/lib")
    assert [dict(answers)["place"] for answers in ways(ID, evidence, found)] == ["releases/9/lib", "releases/8/lib"]
    assert [made(evidence, found, place=path).changes[0].after for path in ("releases/9/lib", "releases/8/lib")] == [  # type: ignore[union-attr]
        "../releases/9/lib", "../releases/8/lib",
    ]  # fmt: skip
    assert made(evidence, found).needs_person


def test_nothing_is_offered_without_a_place_or_for_another_finding() -> None:
    assert try_plan(ID, seen(lost("www/lib")), finding("www/lib")) is None
    there = seen(lost("www/lib", place("shared/lib", MOVED)))
    for path in ("www/library", "www/index.php", "lib"):
        assert try_plan(ID, there, finding(path)) is None
    assert made(there, finding("www/index.php", said=f"Failed opening '{HOME}/www/lib/start.php'")).changes


def test_link_to_the_site_itself_is_for_findings_of_a_missing_start_page() -> None:
    evidence = seen(lost("www", place("release-1", CONTENT), is_of_site=True))
    assert made(evidence, finding("www", "index-file-missing")).affects == "Every page of this site"
    assert try_plan(ID, evidence, finding("www/lib")) is None


def test_where_links_cannot_be_made_a_folder_gets_the_name_of_the_link() -> None:
    link = lost("www/lib", place("shared/lib", CONTENT, is_proven=True))
    plan = made(seen(link, connection="ftp"), finding("www/lib"))
    aside, renamed = plan.changes
    assert isinstance(aside, RenameLink) and (aside.path, aside.leads_to) == (f"{HOME}/www/lib", "../gone")
    assert aside.target == f"{HOME}/{aside.target_shown}" and aside.target_shown.startswith(f"www/lib.{AS_CALLED}-")
    assert renamed == RenameFolder(f"{HOME}/shared/lib", "shared/lib", f"{HOME}/www/lib", "www/lib")
    assert "something uses the name it has now" in plan.needs_person
    used = replace(seen(link, connection="ftp"), links=(Link("www/other", f"{HOME}/shared/lib/inner"),))
    why = try_plan(ID, used, finding("www/lib"))
    assert isinstance(why, CannotPlan) and "www/other leads to it" in why.why and "FTP cannot change links" in why.why


def test_where_links_cannot_be_made_a_small_file_is_copied() -> None:
    found = finding("www/index.php", "index-file-missing")
    link = lost("www/index.php", place("shared/start.php", MOVED, "file", content=b"<?php"))
    aside, copy = made(seen(link, connection="ftps"), found).changes
    assert isinstance(aside, RenameLink) and aside.target_shown.startswith(f"www/index.php.{AS_CALLED}-")
    assert isinstance(copy, CreateFile) and (copy.path, copy.content, copy.mode) == (f"{HOME}/www/index.php", b"<?php", 0o644)
    large = lost("www/index.php", place("shared/start.php", MOVED, "file"))
    why = try_plan(ID, seen(large, connection="ftps"), found)
    assert isinstance(why, CannotPlan) and "too large" in why.why


def test_rules_behind_a_link_that_leads_round_are_set_aside_by_a_person_alone() -> None:
    evidence = seen(lost("www/.htaccess", held=".htaccess"))
    plan = made(evidence, finding("www/.htaccess", "htaccess-unreadable", repair=ASIDE))
    (change,) = plan.changes
    assert isinstance(change, RenameLink) and change.target_shown.startswith(f"www/.htaccess.{AS_CALLED}-")
    assert plan.takes_away_protection and "kept visitors out" in plan.needs_person
    assert try_plan(ASIDE, seen(), finding("www/.htaccess", "htaccess-unreadable")) is None


@pytest.mark.parametrize("at", ["www/part.php", "www/inc"])
def test_what_was_kept_of_a_file_comes_back_in_the_place_of_a_link(at: str) -> None:
    link = lost(at)
    path = "www/part.php" if at == "www/part.php" else "www/inc/part.php"
    found = finding(path, repair="restore-file")
    copy = Copy(KEPT, b"<?php\n", 1.0, mode=0o604)
    is_there = at == path
    file = Restorable(path, f"{HOME}/{path}", None, 0o604, (copy,), ((found.cause, path, None),), is_folder_there=is_there, links=(link,))
    plan = made(replace(seen(link), restorable=(file,)), found)
    assert [type(change).__name__ for change in plan.changes] == ["RenameLink", *([] if is_there else ["CreateFolder"]), "CreateFile"]
    assert "a link that leads to nothing" in plan.why
    without = replace(file, links=())
    assert is_there or isinstance(try_plan("restore-file", replace(seen(link), restorable=(without,)), found), CannotPlan)
