"""Which folders are only counted, which files are kept, and what belongs together."""

from __future__ import annotations

import pytest

from diagnostics.manifests.rules import GROUP_WORDS, counted_above, group_of, is_configuration, may_hold_header


@pytest.mark.parametrize(
    ("path", "above"),
    [
        (b"wp-content/uploads/2024/05/a.jpg", b"wp-content/uploads"),
        (b"blog/wp-content/cache", b"blog/wp-content/cache"),
        (b"node_modules/x/.cache/y", b"node_modules"),
        (b"app/.git/config", b"app/.git"),
        (b"sites/default/files/a", b"sites/default/files"),
        (b"sites/default/settings.php", None),
        (b"cache/x", b"cache"),
        (b"application/logs/log-2026-11-23.php", b"application/logs"),
        (b"application/config/config.php", None),
        (b"wp-content/plugins/one/cache/class.php", None),
        (b"vendor/doctrine/cache/lib/Cache.php", None),
        (b"wp-content/uploads-old.php", None),
        (b"var/cache\n/x", None),
        (b"", None),
    ],
)
def test_folder_that_is_counted(path: bytes, above: bytes | None) -> None:
    assert counted_above(path) == above


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("wp-content/plugins/akismet/akismet.php", ("plugin", "akismet")),
        ("blog/wp-content/themes/two/style.css", ("theme", "two")),
        ("wp-content/mu-plugins/x.php", ("mu-plugin", "")),
        ("wp-content/object-cache.php", ("drop-in", "object-cache.php")),
        ("wp-includes/load.php", ("core", "")),
        ("wp-login.php", ("core", "")),
        ("wp-config.php", ("configuration", "wp-config.php")),
        ("a/b/.htaccess", ("configuration", "a/b/.htaccess")),
        ("vendor/symfony/console/x.php", ("library", "symfony/console")),
        ("index.php", ("top", "")),
        ("shop/a.php", ("folder", "shop")),
        ("../.env.local", ("configuration", "../.env.local")),
        ("../config/app.php", ("folder", "../config")),
        ("../project/app/Http/Kernel.php", ("folder", "../project/app")),
        ("../../vendor/symfony/console/x.php", ("library", "symfony/console")),
        ("../artisan", ("beside", "")),
    ],
)
def test_file_belongs_to(path: str, group: tuple[str, str]) -> None:
    assert group_of(path) == group and group[0] in GROUP_WORDS


def test_small_files_that_are_kept() -> None:
    assert all(map(is_configuration, (b".htaccess", b"a/.user.ini", b"wp-config.php", b"index.php", b"x/composer.json", b".ovhconfig")))
    assert all(map(is_configuration, (b".env", b"../.env", b"../shop/.env.prod.local")))
    assert not any(map(is_configuration, (b"a/index.php", b"htaccess", b"wp-config.php.bak", b".env\xff", b".env.example")))


def test_files_that_may_be_the_main_file_of_a_plugin_or_theme() -> None:
    assert may_hold_header(b"wp-content/plugins/a/a.php") and may_hold_header(b"x/wp-content/themes/t/style.css")
    assert may_hold_header(b"wp-content/plugins/hello.php")
    assert not may_hold_header(b"wp-content/plugins/a/inc/b.php") and not may_hold_header(b"wp-content/themes/t/css/style.css")
