"""A site that was uploaded with a folder around it: moved up on a real host, or left with words where it may belong there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering, repairing
from diagnostics.changes import undoing
from diagnostics.evidence import TextFile
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.move_site_up import ID
from diagnostics.repairs.plan import Plan, RenameFile, RenameFolder
from sites.models import Site
from tests.diagnostics.repairs.real_folder import fill, finding, planned, read, steady
from tests.diagnostics.trying.places import place

pytestmark = pytest.mark.django_db(transaction=True)
FOUND = finding("index-file-missing", "www", ID)
SITE = {
    "website/index.html": b"<h1>Ours</h1>",
    "website/.htaccess": b"Options -Indexes\n",
    "website/css/a.css": b"",
    "website/about.html": b"<p>",
}
BELONGS, TAKEN, BIG = "meant to be there", "names are taken", "file manager"


@pytest.fixture
def empty(docroot: Path) -> Path:
    (docroot / "index.php").unlink()
    return docroot


def said(docroot: Path) -> Plan | str | None:
    made = try_plan(ID, read(docroot, FOUND), FOUND)
    return made.why if isinstance(made, CannotPlan) else made


@pytest.mark.parametrize("transport", ["ssh", "sftp", "ftp"])
def test_site_is_moved_up_on_a_real_host_and_back(tmp_path: Path, transport: str) -> None:
    with place(transport, tmp_path) as there:
        for name, content in SITE.items():
            there.put(name, content)
        there.put("robots.txt", b"User-agent: *\n")
        before, case = there.tree(), there.case()
        (offer,) = [each for each in repairing.offers(case) if each.repair_id == ID]
        assert offer.guide_step == "restore" and offer.caution
        assert "one folder too deep" in case.diagnosis.findings.get(cause="index-file-missing").hint
        values = {"repair_id": ID, "cause": offer.cause, "answers": offer.answers, "digest": offer.digest}
        step = repairing.run_step(repairing.start(case, guide_step="restore", action="repair", **values).pk)
        assert step.state == "done-verified", step.message
        assert {path.name for path in there.docroot.iterdir()} == {"website", "robots.txt", "index.html", ".htaccess", "css", "about.html"}
        assert not list((there.docroot / "website").iterdir())
        undoing.undo(step)
        assert there.tree() == before


def test_rules_come_first_and_the_start_page_last(empty: Path, settings: object) -> None:
    fill(empty, SITE | {"website/.user.ini": b"", "website/default.html": b"x", ".well-known/x": b"", "site.zip": b"", "cgi-bin/a": b""})
    plan = planned(empty, FOUND)
    order = [change.shown.rpartition("/")[2] for change in plan.changes]
    assert order == [".htaccess", ".user.ini", "about.html", "css", "default.html", "index.html"]
    assert [type(change) for change in plan.changes[2:4]] == [RenameFile, RenameFolder]
    assert plan.needs_person and kind_of(ID) == "" and offering.guide_step(plan) == "restore"
    steady(empty, settings, plan)


@pytest.mark.parametrize(
    "files",
    [
        {},  # nothing at all
        {"about/index.html": b"", "about/a": b"", "shop/index.php": b"", "shop/a": b""},  # two
        {"public/index.php": b"", "public/a.css": b"", "artisan": b"", "vendor/a": b""},  # a framework: the docroot is wrong
        {"images/index.html": b"", "images/a.png": b""},  # parts of a site that is gone
        {"wp-admin/index.php": b"", "wp-admin/a.php": b"", "wp-content/a": b""},
        {"website/index.html": b""},  # a page, no site
        {"website/a.html": b"", "website/b/index.html": b""},  # no start page right in it
    ],
)
def test_what_is_no_site_in_a_folder_is_left(empty: Path, files: dict[str, bytes]) -> None:
    fill(empty, files)
    assert said(empty) is None


def test_site_with_a_start_page_is_left(docroot: Path) -> None:
    fill(docroot, SITE)
    assert said(docroot) is None
    assert try_plan(ID, read(docroot), replace(FOUND, path="www/website")) is None


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({".htaccess": b"Options -Indexes\n"}, TAKEN),
        ({"CSS/b.css": b""}, TAKEN),  # one name to some servers
        ({"website/website": b""}, TAKEN),
        ({".htaccess": b"RewriteEngine On\nRewriteRule ^(.*)$ website/$1 [L]\n"}, BELONGS),
        ({"website/.htaccess": b"RewriteEngine On\nRewriteBase /website/\n"}, BELONGS),
        ({"website/.htaccess": b"ErrorDocument 404 /website\n"}, BELONGS),
        ({"website/index.php": b"<?php require __DIR__ . '/../vendor/autoload.php';"}, "above its own folder"),
        ({"website/index.php": b"<?php require dirname(__DIR__).'/app.php';"}, "above its own folder"),
        ({"website/film.mp4": b"0" * (1024 * 1024 + 1)}, BIG),
        ({f"website/{n}.html": b"" for n in range(60)}, BIG),
    ],
)
def test_what_may_belong_there_or_cannot_be_moved_is_said(empty: Path, files: dict[str, bytes], why: str) -> None:
    fill(empty, SITE | files)
    told = said(empty)
    assert isinstance(told, str) and why in told


def test_words_that_are_no_place_do_not_hold_it(empty: Path) -> None:
    rules = b"# our website\nAuthName website\nRewriteCond %{HTTP_HOST} ^website\\.example\nHeader set X https://website.example/\n"
    fill(empty, SITE | {"website/.htaccess": rules})
    assert isinstance(said(empty), Plan)


def test_links_are_not_moved(empty: Path) -> None:
    fill(empty, SITE)
    (empty / "website/shared").symlink_to("../../shared")
    assert "is a link" in str(said(empty))


def test_hidden_rules_that_are_not_listed_are_not_left_behind(empty: Path) -> None:
    fill(empty, SITE)
    evidence = read(empty, FOUND)
    assert isinstance(evidence.tree, tuple)
    without = tuple(entry for entry in evidence.tree if not entry.path.endswith(".htaccess"))
    hidden = (TextFile("www/website/.htaccess", f"{empty}/website/.htaccess", b"", 0o644, 0.0),)
    made = try_plan(ID, replace(evidence, tree=without, htaccess=hidden), FOUND)
    assert isinstance(made, CannotPlan) and "hidden" in made.why


def test_folder_of_another_site_or_of_a_watched_page_stays(tmp_path: Path) -> None:
    with place("sftp", tmp_path, pages=("/", "/website/about.html")) as there:
        for name, content in SITE.items():
            there.put(name, content)
        assert ID not in {offer.repair_id for offer in repairing.offers(there.case())}
        there.site.pages.exclude(path="/").delete()
        below = f"{there.site.docroot}/website"
        other = Site.objects.create(team=there.site.team, name="o", url="http://o.example/", host=there.site.host, docroot=below)
        case = there.case()
        assert ID not in {offer.repair_id for offer in repairing.offers(case)}
        other.delete()
        assert ID in {offer.repair_id for offer in repairing.offers(there.case())}


def test_what_cannot_be_listed_as_a_whole_is_left(empty: Path) -> None:
    fill(empty, SITE)
    evidence = read(empty, FOUND)
    assert try_plan(ID, replace(evidence, tree_truncated=True), FOUND) is None
    unread = replace(evidence, at_hand=evidence.at_hand[1:])
    assert isinstance(try_plan(ID, unread, FOUND), CannotPlan)
