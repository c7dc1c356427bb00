"""What comes back: one file, what is missing together, folders, plugins and themes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnostics.repairs import plan_repair
from diagnostics.repairs.plan import CreateFile, CreateFolder, WriteFile
from diagnostics.repairs.restore_file import ID
from sites.models import Site
from tests.diagnostics.changes_made import applied, tree
from tests.diagnostics.restoring.published import EVERYWHERE, FORMS, LOAD, PLUGIN, THEME, WORDPRESS, core
from tests.diagnostics.restoring.test_looking import plan, put, seen, undone
from tests.publisher import Publisher
from tests.servers import SshServer

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert made.title.endswith("(and 2 more that are missing)") and "on purpose" in made.needs_person
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
    assert [type(change) for change in made.changes] == [CreateFolder, CreateFolder, CreateFile, CreateFile]
    assert "on purpose" in made.needs_person
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


def test_what_people_shut_for_safety_stays_shut(server: SshServer, www: Path, site: Site, publisher: Publisher) -> None:
    """Not what fails, and gone before: it does not come back beside what fails."""
    publisher.publish(
        "core", "wordpress", "6.1.1", {**WORDPRESS, "xmlrpc.php": b"<?php\n// a door\n", "wp-includes/.htaccess": b"Deny all\n"}
    )
    (www / LOAD).unlink()
    found = core()
    made = plan(seen(site, found), found)
    assert [change.path for change in made.changes] == [f"{site.docroot}/{LOAD}"] and not made.needs_person
