# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress with a theme and some plugins of nobody's making."""

from __future__ import annotations

from random import Random

from tests.lab import words
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.php_site import filler, php

BLOCK = (
    "# BEGIN WordPress", "<IfModule mod_rewrite.c>", "RewriteEngine On", "RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]",
    "RewriteBase /", "RewriteRule ^index\\.php$ - [L]", "RewriteCond %{REQUEST_FILENAME} !-f", "RewriteCond %{REQUEST_FILENAME} !-d",
    "RewriteRule . /index.php [L]", "</IfModule>", "# END WordPress",
)  # fmt: skip
_THEME_INDEX = (
    "<!doctype html>\n<html <?php language_attributes(); ?>>\n<head><meta charset=\"utf-8\"><title><?php bloginfo('name'); ?></title>\n"
    "<?php wp_head(); ?></head>\n<body <?php body_class(); ?>>\n<h1><?php bloginfo('name'); ?></h1>\n"
    "<?php while (have_posts()) { the_post(); ?>\n<article><h2><?php the_title(); ?></h2>\n<?php the_content(); ?></article>\n<?php }\n"
    "wp_footer(); ?>\n</body></html>\n"
)  # fmt: skip


class WordPressSite:
    """What lies where, for whoever breaks it."""

    def __init__(self, rng: Random) -> None:
        self.theme = words.slug(rng, words=words.THEME_WORDS, count=1)
        self.plugins = sorted({words.slug(rng) for _ in range(rng.randint(2, 4))})
        self.idle = words.slug(rng, count=3)  # installed, not active


def describe(scene: Scene) -> WordPressSite:
    """The names of this scene's installation: the same for the same scene."""
    made = getattr(scene, "wordpress_site", None)
    if made is None:
        made = WordPressSite(scene.rng)
        scene.wordpress_site = made  # type: ignore[attr-defined]
    return made


def fill(scene: Scene) -> None:
    """A blog that answers, with its own database."""
    rng, site = scene.rng, describe(scene)
    scene.copy(scene.databases.template, scene.www)
    database = scene.make_database(site.theme)
    theme = scene.at(f"wp-content/themes/{site.theme}")
    scene.keep(f"{theme}/style.css", f"/*\nTheme Name: {site.theme.title()}\nVersion: 1.{rng.randint(0, 9)}\n*/\nbody {{ margin: 1em }}\n")
    scene.keep(f"{theme}/index.php", _THEME_INDEX)
    scene.keep(
        f"{theme}/functions.php",
        php(filler(rng, rng.randint(4, 30)), "add_action('after_setup_theme', fn () => add_theme_support('title-tag'));"),
    )
    for slug in (*site.plugins, site.idle):
        for name, content in plugin(rng, slug).items():
            scene.keep(scene.at(f"wp-content/plugins/{slug}/{name}"), content)
    names = [f"{slug}/{slug}.php" for slug in site.plugins]
    listed = f"a:{len(names)}:{{" + "".join(f'i:{n};s:{len(name)}:"{name}";' for n, name in enumerate(names)) + "}"
    scene.databases.run(
        f"UPDATE {database.prefix}options SET option_value = '{listed}' WHERE option_name = 'active_plugins'", database.name
    )
    scene.keep(scene.at("wp-config.php"), config(scene))
    scene.folder(scene.at("wp-content/uploads"))
    if scene.place.setup.server == "apache":
        around = blocks(rng, 0, 3)
        around.insert(rng.randint(0, len(around)), BLOCK)
        scene.keep(scene.at(".htaccess"), text(around))
    scene.pages = ["/", "/?p=4"]


def plugin(rng: Random, slug: str, *, body: list[str] | None = None, version: str = "") -> dict[str, str]:
    """The files of a plugin. `body`: lines that run when WordPress has loaded, in a file that the main one loads."""
    name = slug.replace("-", " ").title()
    head = ["/**", f" * Plugin Name: {name}", f" * Description: {rng.choice(words.SENTENCES)}",
            f" * Version: {version or f'{rng.randint(1, 6)}.{rng.randint(0, 20)}.{rng.randint(0, 9)}'}", f" * Author: {rng.choice(words.TITLES)}", " */",
            "if (!defined('ABSPATH')) { exit; }"]  # fmt: skip
    function = f"{slug.replace('-', '_')}_start"
    inner = php(filler(rng, rng.randint(2, 30)), f"function {function}() {{", *([body] if body else []), "    return true;", "}")
    main = php(head, filler(rng, rng.randint(0, 10)), "require_once __DIR__ . '/includes/start.php';", f"add_action('init', '{function}');")
    return {f"{slug}.php": main, "includes/start.php": inner, "readme.txt": f"=== {name} ===\nStable tag: 1.0\n"}


def config(scene: Scene, *, host: str = "", name: str = "", user: str = "", password: str = "", more: list[str] | None = None) -> str:
    """A wp-config.php for this scene's database, or with something else in place of what is right. `more`: further lines."""
    rng, database, server = scene.rng, scene.database, scene.databases
    assert database is not None
    right = rng.choice((f"127.0.0.1:{server.port}", f"localhost:{server.line}"))
    keys = [f"define('{name}_KEY', '{rng.randrange(16**24):024x}');" for name in ("AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE")]
    return php(
        "/* The base configuration for WordPress */", filler(rng, 0),
        f"define( 'DB_NAME', '{name or database.name}' );", f"define( 'DB_USER', '{user or database.user}' );",
        f"define( 'DB_PASSWORD', '{password or database.password}' );", f"define( 'DB_HOST', '{host or right}' );",
        "define( 'DB_CHARSET', 'utf8mb4' );", "define( 'DB_COLLATE', '' );", keys, f"$table_prefix = '{database.prefix}';",
        "define( 'WP_DEBUG', false );", "define( 'DISABLE_WP_CRON', true );", "define( 'WP_HTTP_BLOCK_EXTERNAL', true );", more or [],
        "/* That's all, stop editing! */", "if ( ! defined( 'ABSPATH' ) ) {", "\tdefine( 'ABSPATH', __DIR__ . '/' );", "}",
        "require_once ABSPATH . 'wp-settings.php';",
    )  # fmt: skip
