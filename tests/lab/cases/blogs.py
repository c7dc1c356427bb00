# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress that is not laid out as most are: moved contents, folders of its own, settings that read otherwise than they look."""

from __future__ import annotations

from tests.lab.cases.base import PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import config, describe, plugin

_OF_CODE = ("php-undefined-function", "php-uncaught-exception", "php-class-not-found")
_FATAL = ("no_such_thing();", "throw new DomainException('no key');", "(null)->show();", "new Missing_Part();")


def _broken_plugin(s: Scene, folder: str, slug: str) -> str:
    for name, content in plugin(s.rng, slug, body=[f"    {s.rng.choice(_FATAL)} /* here */"]).items():
        s.write(f"{folder}/{slug}/{name}", content)
    return f"{folder}/{slug}/includes/start.php"


@case(PHP, "wordpress")
def contents_moved(s: Scene) -> Truth:
    """`WP_CONTENT_DIR` names another folder, and a plugin in it fails."""
    folder = s.rng.choice(("content", "app", "assets"))
    s.path(s.at("wp-content")).rename(s.path(s.at(folder)))
    s.keep(
        s.at("wp-config.php"),
        config(s, more=[f"define( 'WP_CONTENT_DIR', __DIR__ . '/{folder}' );", f"define( 'WP_CONTENT_URL', '{s.place.url}/{folder}' );"]),
    )
    path = _broken_plugin(s, s.at(f"{folder}/plugins"), s.rng.choice(describe(s).plugins))
    return Truth("wordpress-plugin", path, (s.line_of(path, "/* here */"),), _OF_CODE)


@case(PHP, "wordpress")
def page_cache_left_behind(s: Scene) -> Truth:
    """By a plugin that was deleted by hand."""
    path = s.at("wp-content/advanced-cache.php")
    s.write(
        path, php("// Advanced cache", filler(s.rng, 3), "require WP_CONTENT_DIR . '/plugins/wp-rocket/inc/classes/cache.php'; /* here */")
    )
    s.keep(s.at("wp-config.php"), config(s, more=["define( 'WP_CACHE', true );"]))
    return Truth("wordpress-dropin", path, (s.line_of(path, "/* here */"),), ("php-missing-file",))


@case(PHP, "wordpress")
def must_use_plugin_in_a_folder(s: Scene) -> Truth:
    """One file loads what lies in folders."""
    path = s.at("wp-content/mu-plugins/tools/main.php")
    s.write(s.at("wp-content/mu-plugins/load.php"), php("/* Plugin Name: Loader */", "require __DIR__ . '/tools/main.php';"))
    s.write(path, php(filler(s.rng, 6), f"{s.rng.choice(_FATAL)} /* here */"))
    return Truth("wordpress-mu-plugin", path, (s.line_of(path, "/* here */"),), _OF_CODE)


@case(PHP, "wordpress", times=2)
def settings_cut_short(s: Scene) -> Truth:
    """Saved on a full disk: nothing, or all but the end of wp-config.php. PHP then misses a function of WordPress."""
    whole = s.read(s.at("wp-config.php")).decode()
    s.write(s.at("wp-config.php"), s.rng.choice(("", whole[: whole.index("/* That's all")], "<?php\n")))
    also = ("php-undefined-function", "php-truncated-file", "php-missing-file")
    return Truth("wordpress-config-syntax", s.at("wp-config.php"), (), also)


@case((*PHP, "ovh"), "wordpress")
def settings_gone(s: Scene) -> Truth:
    """WordPress offers to be installed."""
    s.remove(s.at("wp-config.php"))
    return Truth("php-missing-file", s.at("wp-config.php"), (), ("wordpress-config-syntax",), statuses=(200, 302, 500))


@case(PHP, "wordpress")
def password_with_a_dollar(s: Scene) -> Truth:
    """Between double quotes PHP reads a variable in it."""
    assert s.database is not None
    word = s.rng.choice(("pa$word9", "Geheim$tag1", "a1$b2c3"))
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"ALTER USER '{s.database.user}'@'{host}' IDENTIFIED BY '{word}'")
    text = config(s).replace(f"'{s.database.password}'", f'"{word}"')
    s.write(s.at("wp-config.php"), text)
    return Truth("database-access-denied", s.at("wp-config.php"), (s.line_of(s.at("wp-config.php"), "DB_PASSWORD"),))


@case(PHP, "wordpress")
def wrong_password_and_a_broken_plugin(s: Scene) -> Truth:
    """Two at once: the database comes first."""
    s.write(s.at("wp-config.php"), config(s, password="Herbst-2018"))
    _broken_plugin(s, s.at("wp-content/plugins"), describe(s).plugins[0])
    line = s.line_of(s.at("wp-config.php"), "DB_PASSWORD")
    return Truth("database-access-denied", s.at("wp-config.php"), tuple(range(line - 2, line + 2)))


@case(PHP, "static")
def blog_in_a_folder(s: Scene) -> Truth:
    """The main site is plain; only the blog below it fails."""
    folder = s.rng.choice(("blog", "news", "journal"))
    s.copy(s.databases.template, s.at(folder))
    theme, slug = describe(s).theme, describe(s).plugins[0]
    database = s.make_database(theme)
    for name, content in (
        ("style.css", "/*\nTheme Name: A\n*/\n"),
        ("index.php", "<?php get_header(); echo str_repeat('<p>text</p>', 40); ?>\n"),
        ("functions.php", php(filler(s.rng, 2))),
    ):
        s.keep(s.at(f"{folder}/wp-content/themes/{theme}/{name}"), content)
    path = _broken_plugin(s, s.at(f"{folder}/wp-content/plugins"), slug)
    listed = f'a:1:{{i:0;s:{2 * len(slug) + 5}:"{slug}/{slug}.php";}}'
    s.databases.run(f"UPDATE {database.prefix}options SET option_value = '{listed}' WHERE option_name = 'active_plugins'", database.name)
    address = f"{s.place.url}/{folder}"
    s.keep(s.at(f"{folder}/wp-config.php"), config(s, more=[f"define( 'WP_HOME', '{address}' );", f"define( 'WP_SITEURL', '{address}' );"]))
    s.pages = [*s.pages[:2], f"/{folder}/"]
    return Truth("wordpress-plugin", path, (s.line_of(path, "/* here */"),), _OF_CODE, page=f"/{folder}/")


@case(PHP, "wordpress")
def privileges_withdrawn(s: Scene) -> Truth:
    """The user may log in, and see no database."""
    assert s.database is not None
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"REVOKE ALL PRIVILEGES ON {s.database.name}.* FROM '{s.database.user}'@'{host}'")
    line = s.line_of(s.at("wp-config.php"), "DB_NAME")
    return Truth("database-access-denied", s.at("wp-config.php"), tuple(range(line, line + 4)), ("database-missing",))


@case(PHP, "wordpress")
def connections_used_up(s: Scene) -> Truth:
    """The host allows so many an hour."""
    assert s.database is not None
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"ALTER USER '{s.database.user}'@'{host}' WITH MAX_CONNECTIONS_PER_HOUR 1")
    s.place.get("/")
    return Truth("database-too-many-connections", paths=(s.at("wp-config.php"), ""))


@case(PHP, "wordpress")
def parent_theme_gone(s: Scene) -> Truth:
    """A child theme whose parent was deleted as "not in use"."""
    assert s.database is not None
    child = s.at(f"wp-content/themes/{describe(s).theme}")
    s.write(f"{child}/style.css", f"/*\nTheme Name: {describe(s).theme} child\nTemplate: lost-parent\n*/\n", days=90)
    s.remove(f"{child}/index.php")
    s.databases.run(f"UPDATE {s.database.prefix}options SET option_value = 'lost-parent' WHERE option_name = 'template'", s.database.name)
    return Truth(
        "wordpress-theme",
        s.at("wp-content/themes/lost-parent"),
        (),
        ("php-missing-file",),
        statuses=(200, 500),
        paths=(child, f"{child}/style.css", s.at("wp-content/themes")),
    )
