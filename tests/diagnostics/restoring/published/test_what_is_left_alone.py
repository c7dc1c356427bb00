"""What is not fetched, not offered or not begun, and what a slow or wrong directory does."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import fetched_releases
from diagnostics.changes.looking import Stale
from diagnostics.connections import connecting, purposes
from diagnostics.connections.telling import shown_diff
from diagnostics.copies import RELEASE, is_rest_of
from diagnostics.releases import fetching
from diagnostics.repairs import plan_repair
from diagnostics.repairs.plan import CreateFile, Plan, WriteFile
from diagnostics.repairs.registry import CannotPlan, try_plan
from diagnostics.repairs.restore_file import ID
from diagnostics.restoring import as_published, looking
from sites import queueing
from sites.models import Site
from tests.diagnostics.changes_made import applied, tree
from tests.diagnostics.restoring.published import EVERYWHERE, LOAD, PLUGIN, WORDPRESS, core
from tests.diagnostics.restoring.test_looking import finding, plan, put, seen, undone
from tests.factories import make_incident
from tests.http_server import Reply
from tests.publisher import Publisher
from tests.servers import SshServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("path", "cause"), [
    ("wp-config.php", "wordpress-config-syntax"), (".htaccess", "htaccess-invalid-directive"), (LOAD, "php-memory-limit"),
    ("wp-content/uploads/a.php", "php-parse-error"),
    ("wp-content/mu-plugins/own.php", "wordpress-mu-plugin"), ("own.php", "php-parse-error"),
])  # fmt: skip
def test_nothing_is_fetched_for_what_no_release_brings(
    server: SshServer, www: Path, site: Site, publisher: Publisher, path: str, cause: str
) -> None:
    put(server, www / path, b"<?php\nfunction (")
    found = core(path, cause)
    assert plan_repair(ID, seen(site, found), found) is None and publisher.requests == []


def test_site_that_is_well_fetches_nothing(server: SshServer, www: Path, site: Site, publisher: Publisher) -> None:
    seen(site)
    assert publisher.requests == []


def test_many_sites_of_one_release_fetch_it_once(server: SshServer, www: Path, site: Site, publisher: Publisher) -> None:
    found = core()
    for _site in range(3):
        put(server, www / LOAD, b"")
        assert plan_repair(ID, seen(site, found), found) is not None
    assert len(publisher.packages()) == 1


def test_slow_directory_holds_up_no_diagnosis_and_a_worker_fetches_the_rest(
    server: SshServer, www: Path, site: Site, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(queueing, "enqueue_on_commit", lambda *values, **_more: asked.append(values))
    package = publisher.publish("core", "wordpress", "6.1.1", {**WORDPRESS, "wp-includes/large.bin": os.urandom(600_000)})
    publisher.route("/release/wordpress-6.1.1.zip", Reply(200, package, drip=(100_000, 1.5)))
    put(server, www / LOAD, b"")
    found, began = core(), time.monotonic()
    assert plan_repair(ID, seen(site, found), found) is None
    assert time.monotonic() - began < 7
    (task, values, site_id) = asked.pop()
    assert task == fetching.TASK and site_id == site.pk
    publisher.route("/release/wordpress-6.1.1.zip", Reply(200, package))
    assert fetched_releases.fetch(values, site.pk) is None, "the site is well by now: nobody looks again"
    incident = make_incident(site)
    diagnosis = fetched_releases.fetch(values, site.pk)
    assert diagnosis is not None and diagnosis.incident == incident
    assert plan_repair(ID, seen(site, found), found) is not None


def test_repair_waits_longer(monkeypatch: pytest.MonkeyPatch, server: SshServer, www: Path, site: Site, publisher: Publisher) -> None:
    given: list[float] = []
    monkeypatch.setattr(fetching, "opened", lambda _release, limit_s: given.append(limit_s))
    put(server, www / LOAD, b"")
    seen(site, core())
    with monkeypatch.context() as repairing:
        repairing.setattr(purposes, "now_doing", lambda: purposes.Doing("repair"))
        seen(site, core())
    assert given[0] <= 4 and given[1] > 20


def test_damaged_package_proves_nothing(server: SshServer, www: Path, site: Site, publisher: Publisher) -> None:
    publisher.publish("core", "wordpress", "6.1.1", WORDPRESS, wrong=LOAD)
    put(server, www / LOAD, b"")
    found = core()
    assert plan_repair(ID, seen(site, found), found) is None


# --- links, bounds
def test_link_on_the_way_is_not_written_through(server: SshServer, www: Path, site: Site) -> None:
    (www / "wp-includes/rest-api").rename(www.parent / "elsewhere")
    (www / "wp-includes/rest-api").symlink_to(www.parent / "elsewhere")
    (www / LOAD).unlink()
    (www.parent / "elsewhere/server.php").unlink()
    found = core()
    made = plan(seen(site, found), found)
    assert [change.path for change in made.changes] == [f"{site.docroot}/{LOAD}"]
    lost = core("wp-includes/rest-api/server.php", "php-missing-file")
    assert not isinstance(try_plan(ID, seen(site, lost), lost), Plan)


def test_folder_that_is_shut_takes_nothing_new(server: SshServer, www: Path, site: Site) -> None:
    for name in ("server.php", "fields/meta.php"):
        (www / "wp-includes/rest-api" / name).unlink()
    (www / "wp-includes/rest-api/fields").rmdir()
    (www / "wp-includes").chmod(0o555)
    (www / "wp-includes/rest-api").rmdir()
    found = core("wp-includes/rest-api/server.php", "php-missing-file")
    try:
        assert not isinstance(try_plan(ID, seen(site, found), found), Plan)
    finally:
        (www / "wp-includes").chmod(0o755)


@pytest.mark.parametrize(("bound", "value"), [("MOST_TOGETHER", 2), ("MOST_BYTES_TOGETHER", 100), ("_STEP_S", 0.01)])
def test_what_is_too_much_for_one_step_is_not_begun(
    server: SshServer, www: Path, site: Site, monkeypatch: pytest.MonkeyPatch, bound: str, value: float
) -> None:
    for name in (LOAD, "wp-includes/plugin.php", "wp-includes/css/a.css"):
        (www / name).unlink()
    found = core()
    assert isinstance(try_plan(ID, seen(site, found), found), Plan)
    monkeypatch.setattr(as_published, "_FEW", 0)
    monkeypatch.setattr(as_published, bound, value)
    told = try_plan(ID, seen(site, found), found)
    assert isinstance(told, CannotPlan) and told.why.startswith("3 files of WordPress 6.1.1 are missing")


def test_of_many_new_files_the_first_are_shown_whole(server: SshServer, www: Path, site: Site) -> None:
    content = b"<?php\n// text\n" + b"// line\n" * 4000
    changes = tuple(CreateFile(f"/w/{n}.php", f"w/{n}.php", content, 0o644) for n in range(60))
    shown = shown_diff(Plan(ID, "c", "t", "w", (*changes, WriteFile("/w/e.php", "w/e.php", b"", content), changes[0])))
    assert shown.count("// text") == 3 and f"new: w/59.php ({len(content)} bytes)" in shown and "new: w/e.php" in shown
    alone = shown_diff(Plan(ID, "c", "t", "w", (CreateFile("/w/a.php", "w/a.php", content * 9, 0o644),)))
    assert "// text" in alone


def test_file_that_came_meanwhile_is_not_overwritten(server: SshServer, www: Path, site: Site) -> None:
    (www / LOAD).unlink()
    found = core()
    made = plan(seen(site, found), found)
    put(server, www / LOAD, b"<?php // uploaded again\n")
    with pytest.raises(Stale), contextlib.ExitStack():
        applied(site, *made.changes)
    assert (www / LOAD).read_bytes() == b"<?php // uploaded again\n"


def test_source_of_a_published_file_stands_behind_what_was_kept(server: SshServer, www: Path, site: Site) -> None:
    put(server, www / LOAD, b"")
    (file,) = seen(site, core()).restorable
    assert [(copy.source, copy.release, copy.is_proven) for copy in file.copies] == [(RELEASE, "WordPress 6.1.1", True)]


@pytest.mark.parametrize(("content", "is_rest"), [
    (b"", True), (b" \n", True), (b"\0\0", True), (b"abc", True), (b"abc\0\0\0", True), (b"def", True), (b"abcdef", False), (b"abx", False),
    (b"bcd", False), (b"abcdefg", False),
])  # fmt: skip
def test_rest_of_a_file(content: bytes, is_rest: bool) -> None:
    assert is_rest_of(content, b"abcdef") is is_rest


# --- where less is known
def test_site_too_large_to_be_listed_gets_the_file_that_is_named(server: SshServer, www: Path, site: Site) -> None:
    said = f"PHP Fatal error:  Uncaught Error: Failed opening required '{site.docroot}/{LOAD}' (include_path='.')"
    (www / LOAD).unlink()
    found, folder = core("wp-settings.php", "php-missing-file", said), core("wp-includes/rest-api/server.php", "php-missing-file")
    shutil.rmtree(www / "wp-includes/rest-api")
    cut = replace(seen(site), tree_truncated=True)
    with purposes.doing("diagnosis", site=site), connecting.reader_for(site.host) as reader:
        evidence = looking.with_copies(site, reader, cut, [found, folder], ())
    made = plan(evidence, found)
    assert [change.path for change in made.changes] == [f"{site.docroot}/{LOAD}"]
    assert isinstance(try_plan(ID, evidence, folder), CannotPlan), "which folders there are is not known"
    applied(site, *made.changes)
    assert (www / LOAD).read_bytes() == WORDPRESS[LOAD]


@pytest.mark.parametrize("is_as_published", [True, False])
def test_release_is_told_by_its_news_where_all_of_wp_includes_is_gone(
    server: SshServer, www: Path, site: Site, publisher: Publisher, is_as_published: bool
) -> None:
    news = b"<?php\n// What is new\nprintf( __( 'Version %s' ), '6.1.1' );\nprintf( __( 'Version %s' ), '6.1' );\n"
    files = {**WORDPRESS, "wp-admin/about.php": news, **{f"wp-admin/part-{n}.php": b"<?php\n" for n in range(20)}}
    publisher.publish("core", "wordpress", "6.1.1", files)
    for name in ("wp-admin/about.php", *(f"wp-admin/part-{n}.php" for n in range(20))):
        put(server, www / name, files[name])
    if not is_as_published:
        put(server, www / "wp-admin/part-3.php", b"<?php\n// of the next release\n")
    shutil.rmtree(www / "wp-includes")
    before, found = tree(www), core("wp-includes")
    evidence = seen(site, found)
    if not is_as_published:
        assert plan_repair(ID, evidence, found) is None, "what was guessed is believed only where all else agrees"
        return
    made = plan(evidence, found)
    lost = [name for name in WORDPRESS if name.startswith("wp-includes/")]
    assert len([change for change in made.changes if isinstance(change, CreateFile)]) == len(lost) and made.needs_person
    step = applied(site, *made.changes)
    assert all((www / name).read_bytes() == WORDPRESS[name] for name in lost)
    undone(step, site)
    assert tree(www) == before and not (www / "wp-includes").exists()


def test_practice_asks_nobody(server: SshServer, www: Path, site: Site, publisher: Publisher) -> None:
    site.practice = True
    put(server, www / LOAD, b"")
    found = core()
    assert plan_repair(ID, seen(site, found), found) is None and publisher.requests == []


def test_file_of_a_newer_release_among_those_of_this_one_is_offered_as_it_was_published(server: SshServer, www: Path, site: Site) -> None:
    put(server, www / "wp-settings.php", WORDPRESS["wp-settings.php"] + b"require ABSPATH . WPINC . '/block-bindings.php';\n")
    said = f"PHP Fatal error:  Uncaught Error: Failed opening required '{site.docroot}/wp-includes/block-bindings.php' (include_path='.')"
    found = core("wp-settings.php", "wordpress-core-file", said)
    made = plan(seen(site, found), found)
    assert [change.path for change in made.changes] == [f"{site.docroot}/wp-settings.php"] and "on purpose" in made.needs_person


@EVERYWHERE
def test_what_lacks_is_a_persons_where_nothing_names_it(server: SshServer, www: Path, site: Site, publisher: Publisher) -> None:
    """No log, no message: a plugin was touched lately, and one of its files is not as published."""
    (www / PLUGIN / "inc/show.php").unlink()
    for name in ("one", "two"):
        put(server, www / f"wp-content/plugins/{name}/{name}.php", f"<?php\n/* Plugin Name: {name}\n * Version: 1.0 */\n".encode())
        os.utime(www / f"wp-content/plugins/{name}", (1_700_000_000, 1_700_000_000))
    found = finding("php-fatal-hidden", "www/index.php", confidence=0.5)
    made = plan(seen(site, found), found)
    assert [change.path for change in made.changes] == [f"{site.docroot}/{PLUGIN}/inc/show.php"]
    assert "not likely enough" in made.needs_person
    asked = {request.path for request in publisher.requests}
    assert not any("/one" in path or "/two" in path for path in asked), "what nobody touched is not asked for"
