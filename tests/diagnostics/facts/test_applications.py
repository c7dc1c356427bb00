"""What is installed, found in hosts in memory and in the real files of WordPress."""

from __future__ import annotations

import posixpath
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.evidence import Evidence, LogLine
from diagnostics.facts.applications import with_applications
from diagnostics.facts.small_files import SmallFiles
from diagnostics.facts.tree import parse
from diagnostics.facts.tree import read as read_tree
from diagnostics.installed import Application
from diagnostics.transports.base import FileKind, Reader
from diagnostics.transports.local import LocalReader
from tests.diagnostics.evidences import AT, site
from tests.fakes import FakeHost, Node

WP = Path("/usr/share/wordpress")
ROOT = "/home/demo/www"
CONFIG = (
    b"<?php define('DB_NAME', 'x'); define('DB_PASSWORD', 'hunter2'); define('WP_DEBUG', false); $table_prefix = 'wp_'; "
    b"require_once ABSPATH . 'wp-settings.php';"
)
CORE: dict[str, bytes] = {
    "index.php": b"<?php define('WP_USE_THEMES', true); require __DIR__ . '/wp-blog-header.php';", "wp-config.php": CONFIG,
    "wp-blog-header.php": b"<?php\nif ( ! isset( $x ) ) {\n\trequire_once __DIR__ . '/wp-load.php';\n}",
    "wp-load.php": b"<?php require_once ABSPATH . 'wp-config.php';", "wp-settings.php": b"<?php\nrequire ABSPATH . WPINC . '/load.php';\n",
    "wp-includes/version.php": b"<?php\n$wp_version = '6.4.2';\n", "wp-includes/load.php": b"<?php\n", "wp-admin/admin.php": b"<?php\n",
    "wp-content/plugins/index.php": b"<?php\n",
}  # fmt: skip
PLUGIN = b"<?php\n/**\n * Plugin Name: Price List\n * Version: 2.1 \n * Requires PHP: 8.1\n */\n"


def examined(
    reader: Reader, root: str = ROOT, *, pages: tuple[str, ...] = ("/",), status: int = 500, log: str = ""
) -> tuple[Application, ...]:
    seen = site(status)
    views = tuple(replace(seen.pages[0], path=path) for path in pages)
    tree, _cut = parse(read_tree(reader, root), root)
    lines = (LogLine("error-log", "/log", AT, log),) if log else ()
    evidence = Evidence(replace(seen, pages=views), "", "sftp", docroot=root, tree=tree, error_log=lines)
    found, _more = with_applications(SmallFiles(reader), evidence, time.monotonic() + 10)
    assert "hunter2" not in repr(found)
    return found.applications


def host(files: Mapping[str, bytes | Node], root: str = ROOT, **more: object) -> FakeHost:
    return FakeHost({f"{root}/{name}": content for name, content in files.items()}, **more)  # type: ignore[arg-type]


def only(found: tuple[Application, ...]) -> Application:
    assert len(found) == 1
    return found[0]


def test_wordpress_is_read_with_its_parts() -> None:
    parts: dict[str, bytes | Node] = {
        "wp-content/plugins/prices/prices.php": Node(content=PLUGIN, mtime=AT.timestamp() - 60),
        "wp-content/plugins/old/old.php": Node(content=b"<?php /* Plugin Name: Old */", mtime=1_600_000_000.0),
        "wp-content/plugins/hello.php": b"<?php /*\nPlugin Name: Hello\nVersion: 1\n*/",
        "wp-content/themes/plain/style.css": b"/*\nTheme Name: Plain\nVersion: 3\n*/", "wp-content/mu-plugins/always.php": b"<?php",
        "wp-content/mu-plugins/lib/inner.php": b"<?php", "wp-content/object-cache.php": b"<?php", "wp-content/other.php": b"<?php",
    }  # fmt: skip
    found = only(examined(host(CORE | parts)))
    assert (found.name, found.version, found.path, found.settings_path) == ("wordpress", "6.4.2", "www", "www/wp-config.php")
    assert found.setting("WP_DEBUG") == "false" and found.setting("table_prefix") == "wp_" and found.serves == ("/",)
    named = {(each.kind, each.slug) for each in found.components}
    assert named == {("plugin", "prices"), ("plugin", "old"), ("plugin", "hello.php"), ("theme", "plain"), ("mu-plugin", "always.php"),
                     ("mu-plugin", "lib"), ("drop-in", "object-cache.php")}  # fmt: skip
    prices = next(each for each in found.components if each.slug == "prices")
    assert (prices.named, prices.requires_php, prices.changed_at) == ("Price List 2.1", "8.1", AT.timestamp() - 60)  # it changed lately
    assert next(each for each in found.components if each.slug == "old").title == ""  # nobody asked
    assert not found.damaged and not found.trouble


def test_part_that_the_log_names_is_described() -> None:
    parts = {"wp-content/plugins/prices/main.php": Node(content=PLUGIN, mtime=1_600_000_000.0), "wp-content/plugins/prices/a.php": b"<?php"}
    log = "PHP Fatal error:  Uncaught Error in /srv/web/demo/www/wp-content/plugins/prices/main.php:3"
    assert [each.named for each in only(examined(host(CORE | parts), log=log)).components] == ["Price List 2.1"]
    assert [each.named for each in only(examined(host(CORE | parts))).components] == ["prices"]


def test_innermost_wordpress_serves_the_failing_page() -> None:
    files = CORE | {f"blog/{name}": content for name, content in CORE.items()}
    found = examined(host(files), pages=("/blog/2024/x?y=1",))
    assert only(found).path == "www/blog"
    both = examined(host(files), pages=("/", "/blog/"))
    assert [(each.path, each.serves) for each in both] == [("www", ("/",)), ("www/blog", ("/blog/",))]


def test_wordpress_in_a_folder_of_its_own_is_found_by_the_start_file() -> None:
    files: dict[str, bytes] = {f"wp/{name}": content for name, content in CORE.items() if name != "wp-config.php"}
    files |= {"index.php": b"<?php require __DIR__ . '/wp/wp-blog-header.php';", "wp-config.php": CONFIG}
    found = only(examined(host(files)))
    assert (found.path, found.core, found.settings_path, found.version) == ("www", f"{ROOT}/wp", "www/wp-config.php", "6.4.2")


def test_settings_above_the_docroot_are_read() -> None:
    files = {name: content for name, content in CORE.items() if name != "wp-config.php"}
    account = host(files)
    account.put("/home/demo/wp-config.php", CONFIG)
    assert only(examined(account)).settings_path == "wp-config.php"
    assert only(examined(host(files))).settings_path == ""


def test_moved_content_folder_is_followed() -> None:
    config = (
        b"<?php define('DB_NAME', 'x'); define('WP_CONTENT_DIR', dirname(__DIR__) . '/content'); define('WP_PLUGIN_DIR', __DIR__ . '/p');"
    )
    account = host(CORE | {"wp-config.php": config, "p/prices/prices.php": PLUGIN})
    account.put("/home/demo/content/themes/plain/style.css", b"/* Theme Name: Plain */")
    found = only(examined(account))
    assert {(each.kind, each.path) for each in found.components} == {("plugin", "www/p/prices"), ("theme", "content/themes/plain")}


def test_plugin_behind_a_link_is_known_by_where_it_leads() -> None:
    account = host(CORE)
    account.put("/home/demo/dev/prices/prices.php", PLUGIN)
    account.put(f"{ROOT}/wp-content/plugins/prices", Node(FileKind.LINK, mode=0o777, target="/home/demo/dev/prices"))
    found = only(examined(account, log="PHP Fatal error: x in /home/demo/dev/prices/prices.php on line 3"))
    part = found.component("/home/demo/dev/prices/prices.php")
    assert part is not None and (part.slug, part.named) == ("prices", "Price List 2.1")


def test_content_folder_behind_a_link_is_listed() -> None:
    account = host({name: content for name, content in CORE.items() if not name.startswith("wp-content")})
    account.put("/home/demo/shared/plugins/prices/prices.php", PLUGIN)
    account.put(f"{ROOT}/wp-content", Node(FileKind.LINK, mode=0o777, target="/home/demo/shared"))
    assert [each.slug for each in only(examined(account)).components] == ["prices"]


@pytest.mark.parametrize(
    ("content", "until"), [(b"<?php $upgrading = 1700000000; ?>", 1700000600.0), (b"<?php $upgrading = time(); ?>", None)]
)
def test_maintenance_file_is_read_with_its_end(content: bytes, until: float | None) -> None:
    found = only(examined(host(CORE | {".maintenance": Node(content=content, mtime=5.0)}))).maintenance
    assert found is not None and (found.until, found.written_at, found.path) == (until, 5.0, "www/.maintenance")


def test_file_that_the_program_loads_and_is_not_there_is_told() -> None:
    files = {name: content for name, content in CORE.items() if name != "wp-includes/load.php"}
    found = only(examined(host(files)))
    assert [(each.path, each.is_missing) for each in found.damaged] == [("www/wp-includes/load.php", True)]
    without = {name: content for name, content in CORE.items() if not name.startswith("wp-includes")}
    assert [each.path for each in only(examined(host(without))).damaged] == ["www/wp-includes"]
    assert not only(examined(host(files), status=200)).damaged  # of a site that is well nobody asks


def test_settings_that_load_what_is_not_there_are_told() -> None:
    found = only(examined(host(CORE | {"wp-config.php": CONFIG + b"\nrequire __DIR__ . '/secrets.php';"})))
    assert [(each.path, each.line) for each in found.trouble] == [("www/wp-config.php", 2)] and found.trouble[0].is_missing


@pytest.mark.parametrize(
    ("files", "name", "version"),
    [
        (
            {"../artisan": b"", "../.env": b"APP_KEY=\n", "index.php": b"",
             "../vendor/laravel/framework/src/Illuminate/Foundation/Application.php": b"<?php const VERSION = '11.2.0';"},
            "laravel", "11.2.0",
        ),
        (
            {"configuration.php": b"<?php class JConfig { public $db = 'x'; public $password = 'hunter2'; }",
             "administrator/manifests/files/joomla.xml": b"<version>5.1.2</version>"},
            "joomla", "5.1.2",
        ),
        (
            {"sites/default/settings.php": b"<?php", "core/lib/Drupal.php": b"<?php const VERSION = '10.3.1';", "index.php": b""},
            "drupal", "10.3.1",
        ),
        (
            {"classes/x": b"", "controllers/x": b"", "themes/x": b"", "modules/x": b"", "config/x": b"",
             "src/Core/Version.php": b"<?php const VERSION = '8.1.0';"},
            "prestashop", "8.1.0",
        ),
        (
            {"typo3/sysext/core/Classes/Information/Typo3Version.php": b"<?php const VERSION = '11.5.3';", "typo3conf/x": b"",
             "index.php": b""},
            "typo3", "11.5.3",
        ),
    ],
)  # fmt: skip
def test_other_programs_are_named_with_their_version(files: dict[str, bytes], name: str, version: str) -> None:
    root = "/home/demo/public" if name == "laravel" else ROOT
    account = FakeHost({posixpath.normpath(f"{root}/{key}"): value for key, value in files.items()})
    found = only(examined(account, root))
    assert (found.name, found.version) == (name, version)
    assert name != "laravel" or found.setting("APP_KEY") == "empty"


def test_plain_folder_holds_no_program() -> None:
    assert examined(host({"index.php": b"<?php echo 1;", "about.html": b""})) == ()


# --- the real thing -------------------------------------------------------------------------------------
@pytest.fixture
def blog(tmp_path: Path) -> Path:
    if not WP.exists():
        pytest.skip("WordPress is not installed")
    root = tmp_path / "www"
    shutil.copytree(WP, root, ignore=lambda at, _names: {"wp-config.php"} if at == str(WP) else set(), ignore_dangling_symlinks=True)
    (root / "wp-config.php").write_bytes(CONFIG)
    return root


def looked_at(root: Path) -> Application:
    return only(examined(LocalReader([str(root.parent)]), str(root)))


def test_whole_wordpress_has_no_damage(blog: Path) -> None:
    found = looked_at(blog)
    assert found.damaged == () and found.version and {each.slug for each in found.components} >= {"akismet"}


def test_cut_emptied_and_missing_files_of_a_real_wordpress_are_told(blog: Path) -> None:
    (blog / "wp-includes/formatting.php").write_bytes(b"")
    (blog / "wp-includes/functions.php").unlink()
    cut = blog / "wp-includes/post.php"
    cut.write_bytes(cut.read_bytes()[:20_000])
    found = {each.path: each for each in looked_at(blog).damaged}
    assert set(found) == {"www/wp-includes/formatting.php", "www/wp-includes/functions.php", "www/wp-includes/post.php"}
    assert found["www/wp-includes/functions.php"].is_missing and found["www/wp-includes/post.php"].line


GUARD = b"<?php\ndefined( 'ABSPATH' ) || exit;\n"
LOADS = b"require_once WP_CONTENT_DIR . '/plugins/swift/inc/cache.php';\n"


@pytest.mark.parametrize("name", ["object-cache.php", "db.php", "mu-plugins/swift.php", "advanced-cache.php"])
@pytest.mark.parametrize(
    ("source", "line"),
    [
        (GUARD + LOADS, 3),
        (b"<?php\nif ( ! defined( 'ABSPATH' ) ) {\n\theader( 'HTTP/1.0 403' );\n\texit;\n}\n" + LOADS, 6),
        (GUARD + b"function own( $a ) {\n\treturn $a;\n}\nclass Own {\n\tfunction it() { return 1; }\n}\n" + LOADS, 9),
        (GUARD + b"include ABSPATH . 'wp-content/plugins/swift/a.php';\nrequire ABSPATH . WPINC . '/swift.php';\n", 4),
    ],
)
def test_part_that_every_page_loads_and_that_needs_what_is_gone_is_told_with_its_line(name: str, source: bytes, line: int) -> None:
    settings = CONFIG.replace(b"<?php ", b"<?php define('WP_CACHE', true); ")
    found = only(examined(host(CORE | {f"wp-content/{name}": source, "wp-config.php": settings})))
    assert [(each.path, each.line) for each in found.lacking] == [(f"www/wp-content/{name}", line)]
    assert not only(examined(host(CORE | {f"wp-content/{name}": source, "wp-config.php": settings}), status=200)).lacking


@pytest.mark.parametrize(
    "source",
    [
        GUARD + b"if ( file_exists( WP_CONTENT_DIR . '/plugins/swift/inc/cache.php' ) ) {\n\t" + LOADS + b"}\n",
        GUARD + b"if ( ! file_exists( WP_CONTENT_DIR . '/plugins/swift/inc/cache.php' ) ) {\n\treturn;\n}\n" + LOADS,
        GUARD + b"if ( ! is_swift_on() ) return;\n" + LOADS,
        GUARD + b"if ( defined( 'WP_INSTALLING' ) ) { return; }\n" + LOADS,
        GUARD + b"if ( defined( 'SWIFT' ) ) {\n\t" + LOADS + b"}\n",
        GUARD + b"@include_once WP_CONTENT_DIR . '/plugins/swift/inc/cache.php';\n",
        GUARD + b"function later() {\n\t" + LOADS + b"}\n",
        GUARD + b"add_action( 'init', function () {\n\t" + LOADS + b"} );\n",
        GUARD + b"try {\n\t" + LOADS + b"} catch ( Error $e ) {\n}\n",
        GUARD + b"require '/home/other/www/wp-content/plugins/swift/inc/cache.php';\n",
        GUARD + b"require SWIFT_DIR . '/inc/cache.php';\n",
        GUARD + b"require ABSPATH . WPINC . '/load.php';\n",
        GUARD + b"file_exists( ABSPATH . 'swift.php' ) && require ABSPATH . 'swift.php';\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["object-cache.php", "mu-plugins/swift.php"])
def test_part_that_looks_first_or_may_not_come_so_far_is_not_blamed(name: str, source: bytes) -> None:
    assert not only(examined(host(CORE | {f"wp-content/{name}": source}))).lacking


def test_drop_in_that_the_settings_do_not_ask_for_is_not_loaded() -> None:
    assert not only(
        examined(host(CORE | {"wp-content/advanced-cache.php": GUARD + LOADS, "wp-content/maintenance.php": GUARD + LOADS}))
    ).lacking
