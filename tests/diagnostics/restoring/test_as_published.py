"""Files of WordPress, plugins and themes are put back as they were published: from a real HTTP server onto a real sshd and FTP server."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.changes.looking import Stale
from diagnostics.connections import connecting, purposes
from diagnostics.connections.telling import shown_diff
from diagnostics.copies import RELEASE, is_rest_of
from diagnostics.releases import fetching, waiting
from diagnostics.repairs import plan_repair
from diagnostics.repairs.plan import CreateFile, CreateFolder, Plan, WriteFile
from diagnostics.repairs.registry import CannotPlan, try_plan
from diagnostics.repairs.restore_file import ID
from diagnostics.restoring import as_published, looking
from sites import queueing
from sites.models import Host, Site
from tests.diagnostics.baselines.conftest import well
from tests.diagnostics.changes_made import applied, tree
from tests.diagnostics.restoring.conftest import named
from tests.diagnostics.restoring.test_looking import finding, plan, put, seen, undone
from tests.factories import make_host, make_incident, make_site, make_team
from tests.ftp_servers import FtpServer
from tests.http_server import Reply
from tests.publisher import Publisher
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db(transaction=True)
LOAD = "wp-includes/load.php"
WORDPRESS = {
    "index.php": b"<?php\nrequire __DIR__ . '/wp-blog-header.php';\n",
    "wp-blog-header.php": b"<?php\nrequire_once __DIR__ . '/wp-load.php';\n",
    "wp-load.php": b"<?php\nrequire_once __DIR__ . '/wp-config.php';\n",
    "wp-settings.php": b"<?php\ndefine( 'WPINC', 'wp-includes' );\nrequire ABSPATH . WPINC . '/load.php';\n",
    "wp-config-sample.php": b"<?php\n// a sample\n",
    "readme.html": b"<h1>WordPress</h1>",
    "wp-admin/install.php": b"<?php\n// installs\n",
    "wp-admin/admin.php": b"<?php\nrequire_once __DIR__ . '/includes/admin.php';\n",
    "wp-admin/includes/admin.php": b"<?php\n// all of the administration\n",
    "wp-includes/version.php": b"<?php\n$wp_version = '6.1.1';\n",
    LOAD: b"<?php\nfunction wp_load_it() {\n    return 'loaded';\n}\n\nfunction wp_more() {\n}\n",
    "wp-includes/plugin.php": b"<?php\nfunction add_filter( $name ) {\n    return $name;\n}\n",
    "wp-includes/post.php": b"<?php\n// posts\n" + b"// line of a long file\n" * 20_000,
    "wp-includes/rest-api/server.php": b"<?php\nclass WP_REST_Server {\n}\n",
    "wp-includes/rest-api/fields/meta.php": b"<?php\nclass WP_REST_Meta_Fields {\n}\n",
    "wp-includes/css/a.css": b"p { margin: 0 }\n",
    "wp-content/themes/index.php": b"<?php\n",
}
FORMS = {
    "forms.php": b"<?php\n/* Plugin Name: Forms\n * Version: 2.1 */\nrequire __DIR__ . '/inc/show.php';\n",
    "inc/show.php": b"<?php\nfunction forms_show() {\n    return 'form';\n}\n",
    "inc/send.php": b"<?php\nfunction forms_send() {\n}\n",
    "readme.txt": b"=== Forms ===\nStable tag: 2.1\n",
}
PLUGIN = "wp-content/plugins/forms"
THEME = {
    "style.css": b"/*\nTheme Name: Plain\nVersion: 1.3\n*/\n",
    "index.php": b"<?php\nget_header();\n",
    "functions.php": b"<?php\n// t\n",
}


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("ssh")) as started:
        yield started


@pytest.fixture
def server(request: pytest.FixtureRequest) -> SshServer | FtpServer:
    return named(request)


@pytest.fixture
def www(server: SshServer | FtpServer) -> Path:
    folder = server.home / f"t{time.monotonic_ns()}" / "www"
    for name, content in WORDPRESS.items():
        put(server, folder / name, content)
    put(server, folder / "wp-config.php", b"<?php\n$table_prefix = 'wp_';\nrequire_once ABSPATH . 'wp-settings.php';\n")
    for name, content in FORMS.items():
        put(server, folder / PLUGIN / name, content)
    return folder


@pytest.fixture
def site(server: SshServer | FtpServer, www: Path) -> Site:
    secret = {"protocol": "ssh", "private_key": server.private_key_text} if isinstance(server, SshServer) else {
        "protocol": server.protocol, "password": server.password,
    }  # fmt: skip
    host = make_host(
        make_team(), address=server.address, port=server.port, user=server.user, host_key=server.host_key, state=Host.State.WORKS,
        practice=True, **secret,
    )  # fmt: skip
    return well(make_site(host=host, name="shop", docroot=f"{server.remote_home}/{www.relative_to(server.home)}"))


@pytest.fixture(autouse=True)
def publisher() -> Iterator[Publisher]:
    with Publisher() as started, started.in_use():
        started.publish("core", "wordpress", "6.1.1", WORDPRESS)
        started.publish("plugin", "forms", "2.1", FORMS)
        started.publish("theme", "plain", "1.3", THEME)
        yield started


def core(path: str = LOAD, cause: str = "wordpress-core-file", said: str = ""):  # noqa: ANN201
    return finding(cause, f"www/{path}", said)


EVERYWHERE = pytest.mark.parametrize("server", ["ssh", "ftp"], indirect=True)


# --- one file
@EVERYWHERE
@pytest.mark.parametrize("left", [b"", WORDPRESS[LOAD][:40], b"\0" * 512, WORDPRESS[LOAD][6:]], ids=["empty", "cut", "zeros", "headless"])
def test_what_is_left_of_a_file_of_wordpress_becomes_whole_and_comes_back_by_an_undo(
    server: SshServer, www: Path, site: Site, left: bytes
) -> None:
    put(server, www / LOAD, left, 0o640)
    broken, found = tree(www), core()
    made = plan(seen(site, found), found)
    assert not made.needs_person and made.title == "Put load.php back as it was published with WordPress 6.1.1"
    assert "checksum is right" in made.why and [type(change) for change in made.changes] == [WriteFile]
    step = applied(site, *made.changes)
    assert (www / LOAD).read_bytes() == WORDPRESS[LOAD] and (www / LOAD).stat().st_mode & 0o777 == 0o640
    assert plan_repair(ID, seen(site, found), found) is None, "what is as it was published needs nothing"
    undone(step, site)
    assert tree(www) == broken


@EVERYWHERE
def test_what_is_missing_together_comes_back_together(server: SshServer, www: Path, site: Site) -> None:
    for name in (LOAD, "wp-includes/css/a.css", "wp-admin/install.php", "readme.html", "wp-content/themes/index.php"):
        (www / name).unlink()
    put(server, www / "wp-includes/plugin.php", b"")
    before, found = tree(www), core()
    made = plan(seen(site, found), found)
    assert {change.path.removeprefix(f"{site.docroot}/") for change in made.changes} == {
        LOAD, "wp-includes/css/a.css", "wp-includes/plugin.php",
    }, "what people put aside, and what WordPress does not keep up to date, is left as it is"  # fmt: skip
    assert made.title.endswith("(and 2 more that are missing)") and not made.needs_person
    step = applied(site, *made.changes)
    assert all((www / name).read_bytes() == WORDPRESS[name] for name in (LOAD, "wp-includes/css/a.css", "wp-includes/plugin.php"))
    assert (www / LOAD).stat().st_mode & 0o777 == 0o604, "as its neighbours"
    undone(step, site)
    assert tree(www) == before


@EVERYWHERE
def test_folder_that_is_missing_as_a_whole_is_made_again_and_undone(server: SshServer, www: Path, site: Site) -> None:
    for name in ("server.php", "fields/meta.php"):
        (www / "wp-includes/rest-api" / name).unlink()
    (www / "wp-includes/rest-api/fields").rmdir()
    (www / "wp-includes/rest-api").rmdir()
    said = f"PHP Fatal error:  Uncaught Error: Failed opening required '{site.docroot}/wp-includes/rest-api/server.php' (include_path='.')"
    before, found = tree(www), core("wp-settings.php", "php-missing-file", said)
    made = plan(seen(site, found), found)
    assert [type(change) for change in made.changes] == [CreateFolder, CreateFolder, CreateFile, CreateFile] and not made.needs_person
    step = applied(site, *made.changes)
    assert (www / "wp-includes/rest-api/fields/meta.php").read_bytes() == WORDPRESS["wp-includes/rest-api/fields/meta.php"]
    assert (www / "wp-includes/rest-api").stat().st_mode & 0o777 == (www / "wp-includes").stat().st_mode & 0o777
    undone(step, site)
    assert tree(www) == before and not (www / "wp-includes/rest-api").exists()


def test_large_file_that_was_cut_is_known_for_a_rest(server: SshServer, www: Path, site: Site) -> None:
    name = "wp-includes/post.php"
    put(server, www / name, WORDPRESS[name][:400_000])
    found = core(name, "php-truncated-file")
    made = plan(seen(site, found), found)
    assert not made.needs_person and isinstance(made.changes[0], WriteFile) and made.changes[0].after == WORDPRESS[name]


def test_file_that_lost_a_function_is_found_by_what_it_was_published_with(server: SshServer, www: Path, site: Site) -> None:
    put(server, www / "wp-includes/plugin.php", b"")
    os.utime(www / "wp-includes/plugin.php")
    said = f"PHP Fatal error:  Uncaught Error: Call to undefined function add_filter() in {site.docroot}/wp-settings.php:3"
    found = core("wp-settings.php", "php-undefined-function", said)
    assert [change.path for change in plan(seen(site, found), found).changes] == [f"{site.docroot}/wp-includes/plugin.php"]


# --- what is not written without a person
def test_file_that_was_changed_by_hand_is_a_persons(server: SshServer, www: Path, site: Site) -> None:
    put(server, www / LOAD, WORDPRESS[LOAD].replace(b"'loaded';", b"'loaded our way'"))
    found = core(cause="php-parse-error")
    made = plan(seen(site, found), found)
    assert "changed it on purpose" in made.needs_person and b"our way" in made.changes[0].before  # type: ignore[union-attr]


def test_line_that_keeps_somebody_out_is_not_lost_without_a_person(server: SshServer, www: Path, site: Site) -> None:
    put(server, www / "wp-load.php", b"<?php\nif ($_SERVER['REMOTE_ADDR'] !== '192.0.2.1') { die('no entry'); }\nrequire(")
    found = core("wp-load.php", "php-parse-error")
    assert plan(seen(site, found), found).needs_person


def test_files_of_two_releases_are_a_persons(server: SshServer, www: Path, site: Site) -> None:
    for name in ("wp-load.php", "wp-blog-header.php", "wp-includes/plugin.php"):
        put(server, www / name, WORDPRESS[name] + b"// of another release\n")
    (www / LOAD).unlink()
    found = core()
    assert "update that was not finished" in plan(seen(site, found), found).needs_person


def test_theme_is_a_persons_for_nothing_proves_it(server: SshServer, www: Path, site: Site) -> None:
    for name, content in THEME.items():
        put(server, www / f"wp-content/themes/plain/{name}", content)
    put(server, www / "wp-content/themes/plain/index.php", b"")
    found = core("wp-content/themes/plain/index.php", "wordpress-theme")
    made = plan(seen(site, found), found)
    assert "No checksums" in made.needs_person and made.changes[0].after == THEME["index.php"]  # type: ignore[union-attr]


# --- plugins
@EVERYWHERE
def test_plugin_of_the_directory_is_made_whole_again(server: SshServer, www: Path, site: Site) -> None:
    for name in ("inc/show.php", "inc/send.php"):
        (www / PLUGIN / name).unlink()
    (www / PLUGIN / "inc").rmdir()
    said = f"PHP Fatal error:  Uncaught Error: Failed opening required '{site.docroot}/{PLUGIN}/inc/show.php' (include_path='.')"
    put(server, www / PLUGIN / "more.php", b"<?php // of our own\n")
    found = core(f"{PLUGIN}/forms.php", "wordpress-plugin", said)
    made = plan(seen(site, found), found)
    assert [type(change) for change in made.changes] == [CreateFolder, CreateFile, CreateFile] and "Forms 2.1" in made.title
    applied(site, *made.changes)
    assert (www / PLUGIN / "inc/show.php").read_bytes() == FORMS["inc/show.php"]


def test_plugin_whose_main_file_is_lost_is_known_by_its_readme(server: SshServer, www: Path, site: Site) -> None:
    put(server, www / PLUGIN / "forms.php", b"")
    found = core(f"{PLUGIN}/forms.php", "wordpress-plugin")
    assert plan(seen(site, found), found).changes[0].after == FORMS["forms.php"]  # type: ignore[union-attr]


def test_plugin_that_only_bears_the_name_is_not_overwritten(server: SshServer, www: Path, site: Site, publisher: Publisher) -> None:
    for name in ("forms.php", "inc/send.php"):
        put(server, www / PLUGIN / name, FORMS[name] + b"// the agency's own forms\n")
    put(server, www / PLUGIN / "inc/show.php", b"")
    found = core(f"{PLUGIN}/inc/show.php", "wordpress-plugin")
    assert plan_repair(ID, seen(site, found), found) is None and publisher.packages()


def test_private_plugin_is_asked_for_once_and_nothing_is_offered(server: SshServer, www: Path, site: Site, publisher: Publisher) -> None:
    own = "wp-content/plugins/agency-shop"
    put(server, www / f"{own}/agency-shop.php", b"<?php\n/* Plugin Name: Shop\n * Version: 1.0 */\nfunction (")
    found = core(f"{own}/agency-shop.php", "wordpress-plugin")
    for _time in range(2):
        assert plan_repair(ID, seen(site, found), found) is None
    assert [request.path for request in publisher.requests] == ["/plugin-checksums/agency-shop/1.0.json"]


# --- what is asked for, and when
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
    assert waiting.fetch(values, site.pk) is None, "the site is well by now: nobody looks again"
    incident = make_incident(site)
    diagnosis = waiting.fetch(values, site.pk)
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
    assert len([change for change in made.changes if isinstance(change, CreateFile)]) == len(lost) and not made.needs_person
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
