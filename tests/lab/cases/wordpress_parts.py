# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Plugins, themes, must-use plugins and drop-ins of a WordPress: half updates, copies, add-ons without their base, leftovers."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import describe, plugin

_OF_CODE = ("php-undefined-function", "php-uncaught-exception", "php-class-not-found")
_FATAL = ("render_of_no_one();", "throw new LogicException('not ready');", "(null)->boot();", "Lost_Helper::run();")
_PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"}


def update(s: Scene, slug: str, body: list[str], header: str = "") -> str:
    """A plugin's new version; the path of the file that runs these lines."""
    for name, content in plugin(s.rng, slug, body=body).items():
        s.write(s.at(f"wp-content/plugins/{slug}/{name}"), content.replace(" * Author:", f"{header} * Author:") if header else content)
    return s.at(f"wp-content/plugins/{slug}/includes/start.php")


def activate(s: Scene, *names: str) -> None:
    assert s.database is not None
    listed = f"a:{len(names)}:{{" + "".join(f'i:{n};s:{len(name)}:"{name}";' for n, name in enumerate(names)) + "}"
    s.databases.run(
        f"UPDATE {s.database.prefix}options SET option_value = '{listed}' WHERE option_name = 'active_plugins'", s.database.name
    )


def at_mark(s: Scene, path: str, mark: str = "/* here */") -> tuple[int, ...]:
    return (s.line_of(path, mark),)


# --- plugins
@case(SHOWN, "wordpress")
def plugin_for_a_newer_php(s: Scene) -> Truth:
    """Syntax that this PHP does not know, and a header that says so."""
    slug = s.rng.choice(describe(s).plugins)
    path = update(s, slug, [], " * Requires PHP: 8.4\n")
    newer = s.rng.choice(("public const int LIMIT = 5;", "public string $name { get => 'a'; }", "public private(set) int $count = 0;"))
    s.write(path, s.read(path).decode() + f"\nclass {words.identifier(s.rng)}_{s.rng.randrange(99)} {{\n    {newer} /* here */\n}}\n")
    also = ("php-version-incompatible-code", "wordpress-plugin", "php-parse-error")
    return Truth("wordpress-plugin-php-incompatible", path, at_mark(s, path), also)


@case(SHOWN, "wordpress")
def plugin_for_a_newer_wordpress(s: Scene) -> Truth:
    newer = s.rng.choice(
        ("wp_get_admin_notice('a', []);", "wp_register_block_metadata_collection(__DIR__, '');", "$tags = new WP_HTML_Processor('<p>');")
    )
    path = update(s, s.rng.choice(describe(s).plugins), [f"    {newer} /* here */"], " * Requires at least: 6.7\n")
    return Truth("wordpress-plugin", path, at_mark(s, path), _OF_CODE)


@case(PHP, "wordpress")
def copy_of_a_plugin_switched_on(s: Scene) -> Truth:
    """A backup of the folder, with a space in its name, is a second plugin to WordPress."""
    slugs = describe(s).plugins
    slug = s.rng.choice(slugs)
    first, copy = s.at(f"wp-content/plugins/{slug}/includes/start.php"), s.rng.choice((f"{slug} copy", f"{slug} (2)", f"{slug} - Kopie"))
    for name in (f"{slug}.php", "includes/start.php", "readme.txt"):
        s.write(s.at(f"wp-content/plugins/{copy}/{name}"), s.read(s.at(f"wp-content/plugins/{slug}/{name}")))
    activate(s, *sorted((*(f"{each}/{each}.php" for each in slugs), f"{copy}/{slug}.php")))
    second = s.at(f"wp-content/plugins/{copy}/includes/start.php")
    mains = tuple(s.at(f"wp-content/plugins/{folder}/{slug}.php") for folder in (slug, copy))
    return Truth("wordpress-plugin", second, (), ("php-uncaught-exception", "php-parse-error"), paths=(first, *mains))


@case(SHOWN, "wordpress")
def add_on_whose_base_was_renamed(s: Scene) -> Truth:
    base, addon = describe(s).plugins[:2]
    path = s.at(f"wp-content/plugins/{addon}/{addon}.php")
    s.keep(path, s.read(path).decode() + f"require_once WP_PLUGIN_DIR . '/{base}/includes/start.php'; /* here */\n")
    folder = s.path(s.at(f"wp-content/plugins/{base}"))
    folder.rename(folder.with_name(f"{base}{s.rng.choice(('.off', '-disabled', '_old'))}"))
    return Truth(
        "wordpress-plugin", path, at_mark(s, path), ("php-missing-file",), paths=(s.at(f"wp-content/plugins/{base}/includes/start.php"),)
    )


@case(PHP, "wordpress")
def translation_asks_for_more_than_is_given(s: Scene) -> Truth:
    """A language file with one place-holder too many."""
    slug = s.rng.choice(describe(s).plugins)
    text = s.rng.choice(("%1$s von %2$s Plätzen frei", "%s places sur %s", "%d di %d posti"))
    table = s.at(f"wp-content/plugins/{slug}/languages/{s.rng.choice(('de_DE', 'fr_FR', 'it_IT'))}.php")
    path = update(
        s,
        slug,
        [
            f"    $texts = require dirname(__DIR__) . '/languages/{table.rpartition('/')[2]}';",
            "    $line = sprintf($texts['seats'], 3); /* here */",
        ],
    )
    s.write(table, php(f"return ['seats' => '{text}'];"))
    return Truth("wordpress-plugin", path, at_mark(s, path), ("php-uncaught-exception",), paths=(table,))


@case((*PHP, "ovh"), "wordpress")
def plugin_that_stops_the_site_in_words(s: Scene) -> Truth:
    """Nothing in any log: the plugin says goodbye itself, as WordPress lets it."""
    text = s.rng.choice(("Votre licence a expiré.", "Die Lizenz dieser Erweiterung ist abgelaufen.", "La clave no es válida."))
    path = update(s, s.rng.choice(describe(s).plugins), [f"    wp_die('{text}', 'Info', ['response' => 500]);"])
    return Truth("application-answers-500", path, (), ("wordpress-plugin",))


@case(PHP, "wordpress")
def plugin_with_a_fatal_page_of_its_own(s: Scene) -> Truth:
    """`php-error.php` answers in another language in place of WordPress's own words."""
    s.keep(
        s.at("wp-content/php-error.php"),
        php(
            "http_response_code(500);",
            "echo '<h1>Es ist ein Fehler aufgetreten</h1><p>Wir kümmern uns darum. Bitte später wiederkommen.</p>';",
        ),
    )
    path = update(s, s.rng.choice(describe(s).plugins), [f"    {s.rng.choice(_FATAL)} /* here */"])
    return Truth("wordpress-plugin", path, at_mark(s, path), _OF_CODE)


@case(PHP, "wordpress")
def plugin_fails_for_members(s: Scene) -> Truth:
    """Who is logged in brings a cookie and meets a 500, nobody else."""
    body = ["    if (preg_grep('/^wordpress_logged_in_/', array_keys($_COOKIE))) {", f"        {s.rng.choice(_FATAL)} /* here */", "    }"]
    path = update(s, s.rng.choice(describe(s).plugins), body)
    cookie = {"Cookie": f"wordpress_logged_in_{s.rng.randrange(16**8):08x}=anna%7C1"}
    return Truth("wordpress-plugin", path, at_mark(s, path), _OF_CODE, headers=cookie)


@case(PHP, "wordpress")
def folder_of_a_plugin_unpacked_without_x(s: Scene) -> Truth:
    """An unzip that gave folders the mode of files."""
    slug = s.rng.choice(describe(s).plugins)
    update(s, slug, [])
    folder = s.at(f"wp-content/plugins/{slug}/includes")
    s.chmod(folder, s.rng.choice((0o644, 0o600, 0o444)))
    paths = (s.at(f"wp-content/plugins/{slug}/{slug}.php"), f"{folder}/start.php")
    return Truth("folder-not-traversable", folder, (), ("file-unreadable",), paths=paths)


# --- themes
@case(PHP, "wordpress")
def child_theme_before_its_parent(s: Scene) -> Truth:
    """The parent's new version arrived without the folder that the child takes files from."""
    assert s.database is not None
    parent, child = describe(s).theme, f"{describe(s).theme}-child"
    part = f"inc/{s.rng.choice(('template-tags', 'setup', 'walker'))}.php"
    s.keep(s.at(f"wp-content/themes/{child}/style.css"), f"/*\nTheme Name: {child}\nTemplate: {parent}\n*/\n")
    path = s.at(f"wp-content/themes/{child}/functions.php")
    s.keep(path, php(filler(s.rng, 5), f"require get_template_directory() . '/{part}'; /* here */"))
    s.databases.run(f"UPDATE {s.database.prefix}options SET option_value = '{child}' WHERE option_name = 'stylesheet'", s.database.name)
    return Truth("wordpress-theme", path, at_mark(s, path), ("php-missing-file",), paths=(s.at(f"wp-content/themes/{parent}/{part}"),))


@case(PHP, "wordpress")
def text_before_the_theme_begins(s: Scene) -> Truth:
    """Something stands before `<?php` in a file that may not have it: a mark, a blank line, a word."""
    path = s.at(f"wp-content/themes/{describe(s).theme}/functions.php")
    before = s.rng.choice(("\ufeff", "\n", "vi\n", " "))
    s.write(path, before + php(s.rng.choice(("declare(strict_types=1);", "namespace Our\\Theme;")), filler(s.rng, 4)))
    also = (
        ("php-byte-order-mark", "php-uncaught-exception", "php-parse-error")
        if before == "\ufeff"
        else ("php-uncaught-exception", "php-parse-error")
    )
    return Truth("wordpress-theme", path, (1, 2, 3), also)


@case(PHP, "wordpress")
def class_of_a_plugin_in_the_theme_too(s: Scene) -> Truth:
    name = f"{s.rng.choice(words.NOUNS)}_Walker"
    theme, slug = s.at(f"wp-content/themes/{describe(s).theme}/functions.php"), s.rng.choice(describe(s).plugins)
    other = update(s, slug, [])
    s.write(other, s.read(other).decode() + f"class {name} {{ /* here */\n}}\n")
    s.write(theme, s.read(theme).decode() + f"\nclass {name} {{ /* here */\n    public $depth = 1;\n}}\n")
    return Truth(
        "wordpress-theme", theme, at_mark(s, theme), ("wordpress-plugin", "php-uncaught-exception", "php-parse-error"), paths=(other,)
    )


@case(PHP, "wordpress")
def theme_fails_on_phones(s: Scene) -> Truth:
    path = s.at(f"wp-content/themes/{describe(s).theme}/header-{s.rng.choice(('mobile', 'small', 'phone'))}.php")
    s.write(path, php(filler(s.rng, 3), f"{s.rng.choice(_FATAL)} /* here */"))
    start = s.at(f"wp-content/themes/{describe(s).theme}/index.php")
    s.write(start, f"<?php if (wp_is_mobile()) {{ require __DIR__ . '/{path.rpartition('/')[2]}'; }} ?>" + s.read(start).decode())
    return Truth("wordpress-theme", path, at_mark(s, path), _OF_CODE, headers=_PHONE)


# --- must-use plugins and drop-ins
@case(SHOWN, "wordpress")
def loader_of_a_removed_must_use_plugin(s: Scene) -> Truth:
    slug = words.slug(s.rng)
    path = s.at(f"wp-content/mu-plugins/{s.rng.choice(('loader', '0-load', 'mu-autoload'))}.php")
    s.keep(path, php("/* Plugin Name: Loader */", filler(s.rng, 3), f"require WPMU_PLUGIN_DIR . '/{slug}/{slug}.php'; /* here */"))
    return Truth(
        "wordpress-mu-plugin", path, at_mark(s, path), ("php-missing-file",), paths=(s.at(f"wp-content/mu-plugins/{slug}/{slug}.php"),)
    )


@case(PHP, "wordpress")
def object_cache_without_its_second_half(s: Scene) -> Truth:
    """What WordPress then misses, it misses in a file of its own."""
    path = s.at("wp-content/object-cache.php")
    s.write(path, php("/* Plugin Name: Object Cache Drop-In */", filler(s.rng, 4), "function wp_cache_init() { $GLOBALS['wp_object_cache'] = new ArrayObject(); }",
                      "function wp_cache_add_global_groups($groups) { }", "function wp_cache_add_non_persistent_groups($groups) { }"))  # fmt: skip
    return Truth("wordpress-dropin", path, (), ("php-undefined-function", "php-truncated-file"))


@case(PHP, "wordpress")
def firewall_without_its_plugin(s: Scene) -> Truth:
    """The file that is prepended is there; what it loads went with the plugin."""
    name = s.rng.choice(("wordfence-waf.php", "aios-bootstrap.php", "malcare-waf.php"))
    folder = {
        "wordfence-waf.php": "wordfence/waf",
        "aios-bootstrap.php": "all-in-one-wp-security/classes",
        "malcare-waf.php": "malcare-security/protect",
    }[name]
    s.keep(s.at(name), php("// Before removing this file, please verify the PHP ini setting `auto_prepend_file` does not point to this.",
                           f"require __DIR__ . '/wp-content/plugins/{folder}/bootstrap.php'; /* here */"))  # fmt: skip
    s.keep(s.at(".user.ini"), f"; firewall\nauto_prepend_file = '{s.path(s.at(name))}'\n")
    time.sleep(1.1)  # PHP looks for it once in a second at most
    return Truth(
        "php-missing-file", s.at(name), at_mark(s, s.at(name)), ("user-ini-bad-prepend", "wordpress-plugin"), paths=(s.at(".user.ini"),)
    )
