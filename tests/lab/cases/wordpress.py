# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress: plugins, themes, drop-ins, core files, settings and its database."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import config, describe, plugin
from tests.servers import free_port

_FATAL = ("nothing_of_that_name();", "throw new RuntimeException('no licence');", "(null)->render();", "new Missing_Helper();")


def _plugin(s: Scene, body: list[str], cause: str, also: tuple[str, ...], mark: str = "/* here */", **more: object) -> Truth:
    """A plugin that was updated a moment ago, to something that fails."""
    slug = s.rng.choice(describe(s).plugins)
    for name, content in plugin(s.rng, slug, body=body).items():
        s.write(s.at(f"wp-content/plugins/{slug}/{name}"), content)
    path = s.at(f"wp-content/plugins/{slug}/includes/start.php")
    return Truth(cause, path, (s.line_of(path, mark),), also, **more)  # type: ignore[arg-type]


@case(PHP, "wordpress", times=2)
def plugin_fails(s: Scene) -> Truth:
    also = ("php-undefined-function", "php-uncaught-exception", "php-class-not-found")
    return _plugin(s, [f"    {s.rng.choice(_FATAL)} /* here */"], "wordpress-plugin", also)


@case(PHP, "wordpress")
def plugin_with_a_typing_error(s: Scene) -> Truth:
    return _plugin(
        s,
        [f"    {s.rng.choice(('$a = ;', '$list = [1, 2;', 'if ($x {', 'echo x y;'))} /* here */"],
        "wordpress-plugin",
        ("php-parse-error",),
    )


@case(PHP, "wordpress")
def plugin_too_old(s: Scene) -> Truth:
    line = s.rng.choice(("$f = create_function('$a', 'return $a;');", "$m = get_magic_quotes_gpc();", "$k = each($GLOBALS['x']);"))
    return _plugin(s, [f"    {line} /* here */"], "wordpress-plugin-php-incompatible", ("php-removed-function", "wordpress-plugin"))


@case(PHP, "wordpress")
def plugin_eats_memory(s: Scene) -> Truth:
    return _plugin(
        s, ["    $all = str_repeat('x', 990000000); /* here */"], "wordpress-plugin-memory", ("php-memory-limit", "wordpress-plugin")
    )


@case(PHP, "wordpress")
def plugin_fails_on_one_page(s: Scene) -> Truth:
    body = ["    if (isset($_GET['p']) && $_GET['p'] === '4') {", f"        {s.rng.choice(_FATAL)} /* here */", "    }"]
    return _plugin(s, body, "wordpress-plugin", ("php-uncaught-exception", "php-undefined-function", "php-class-not-found"), page="/?p=4")


@case(PHP, "wordpress")
def plugin_fails_now_and_then(s: Scene) -> Truth:
    body = ["    $file = sys_get_temp_dir() . '/turns';", "    $turn = (int) @file_get_contents($file) + 1;", "    file_put_contents($file, $turn);",
            "    if ($turn % 2 === 0) {", f"        {s.rng.choice(_FATAL)} /* here */", "    }"]  # fmt: skip
    return _plugin(s, body, "wordpress-plugin", ("php-uncaught-exception", "php-undefined-function", "php-class-not-found"), of=4)


@case(PHP, "wordpress")
def plugin_uploaded_in_part(s: Scene) -> Truth:
    """The main file is new, one that it needs has not arrived."""
    slug = s.rng.choice(describe(s).plugins)
    folder = s.at(f"wp-content/plugins/{slug}")
    for name, content in plugin(s.rng, slug).items():
        s.write(f"{folder}/{name}", content)
    s.remove(f"{folder}/includes/start.php")
    line = s.line_of(f"{folder}/{slug}.php", "includes/start.php")
    return Truth("wordpress-plugin", f"{folder}/{slug}.php", (line,), ("php-missing-file",), paths=(f"{folder}/includes/start.php",))


@case(PHP, "wordpress")
def two_plugins_with_the_same_function(s: Scene) -> Truth:
    first, second = describe(s).plugins[:2]
    paths = [s.at(f"wp-content/plugins/{slug}/{slug}.php") for slug in (first, second)]
    for path in paths:
        s.write(path, s.read(path) + b"function render_the_price($x) { return $x; } /* here */\n")
    return Truth(
        "wordpress-plugin", paths[1], (s.line_of(paths[1], "/* here */"),), ("php-uncaught-exception", "php-parse-error"), paths=(paths[0],)
    )


@case((*PHP, "ovh", "shown"), "wordpress", times=2)
def plugin_fails_into_a_log_of_its_own(s: Scene) -> Truth:
    """WP_DEBUG_LOG: what PHP says stands in wp-content/debug.log and nowhere else."""
    text = s.read(s.at("wp-config.php")).decode()
    debug = "define( 'WP_DEBUG', true );\ndefine( 'WP_DEBUG_LOG', true );\ndefine( 'WP_DEBUG_DISPLAY', false );"
    s.keep(s.at("wp-config.php"), text.replace("define( 'WP_DEBUG', false );", debug))
    also = ("php-undefined-function", "php-uncaught-exception", "php-class-not-found")
    return _plugin(s, [f"    {s.rng.choice(_FATAL)} /* here */"], "wordpress-plugin", also)


@case(PHP, "wordpress")
def plugin_fails_and_theme_would(s: Scene) -> Truth:
    """Two at once: WordPress loads plugins first."""
    theme = s.at(f"wp-content/themes/{describe(s).theme}/functions.php")
    s.write(theme, php(filler(s.rng, 3), "nothing_either();"))
    slug = describe(s).plugins[0]
    path = s.at(f"wp-content/plugins/{slug}/{slug}.php")
    s.write(path, s.read(path) + f"{s.rng.choice(_FATAL)} /* here */\n".encode())
    also = ("php-undefined-function", "php-uncaught-exception", "php-class-not-found")
    return Truth("wordpress-plugin", path, (s.line_of(path, "/* here */"),), also)


@case(PHP, "wordpress")
def theme_gone(s: Scene) -> Truth:
    """WordPress then answers 200 with nothing."""
    folder = s.at(f"wp-content/themes/{describe(s).theme}")
    s.path(folder).rename(s.path(folder + "-old"))
    return Truth("wordpress-theme", folder, statuses=(200, 500), is_empty=True, paths=(folder + "-old",))


@case(("plain", "shared", "fcgid"), "wordpress")
def permalinks_lost(s: Scene) -> Truth:
    """The start page is well, every other is a 404."""
    assert s.database is not None
    s.databases.run(
        f"UPDATE {s.database.prefix}options SET option_value = '/%postname%/' WHERE option_name = 'permalink_structure'", s.database.name
    )
    kept = [
        line for line in s.read(s.at(".htaccess")).decode().split("\n") if line not in ("RewriteEngine On", "RewriteRule . /index.php [L]")
    ]
    s.write(s.at(".htaccess"), "\n".join(kept))
    s.pages = ["/", "/opening-hours/"]
    return Truth("htaccess-wordpress-block", s.at(".htaccess"), page="/opening-hours/", statuses=(404,))  # what is missing has no line


@case(PHP, "wordpress")
def theme_fails(s: Scene) -> Truth:
    path = s.at(f"wp-content/themes/{describe(s).theme}/functions.php")
    line = s.rng.choice((*_FATAL, "$x = [1, 2;"))
    s.write(path, php(filler(s.rng, 8), f"{line} /* here */", filler(s.rng, 3)))
    return Truth(
        "wordpress-theme",
        path,
        (s.line_of(path, "/* here */"),),
        ("php-undefined-function", "php-uncaught-exception", "php-class-not-found", "php-parse-error"),
    )


@case(PHP, "wordpress")
def must_use_plugin_fails(s: Scene) -> Truth:
    path = s.at(f"wp-content/mu-plugins/{words.slug(s.rng)}.php")
    s.write(path, php("/* Plugin Name: Host */", filler(s.rng, 4), f"{s.rng.choice(_FATAL)} /* here */"))
    return Truth(
        "wordpress-mu-plugin",
        path,
        (s.line_of(path, "/* here */"),),
        ("php-undefined-function", "php-uncaught-exception", "php-class-not-found"),
    )


@case(PHP, "wordpress")
def drop_in_left_behind(s: Scene) -> Truth:
    """By a plugin that is no longer there."""
    name, line = s.rng.choice((
        ("object-cache.php", "require WP_CONTENT_DIR . '/plugins/redis-cache/includes/object-cache.php'; /* here */"),
        ("db.php", "require_once WP_CONTENT_DIR . '/plugins/query-monitor/wp-content/db.php'; /* here */"),
        ("object-cache.php", "$wp_object_cache = new Memcached(); /* here */"),
    ))  # fmt: skip
    path = s.at(f"wp-content/{name}")
    s.write(path, php("/* Drop-in */", filler(s.rng, 5), line))
    return Truth(
        "wordpress-dropin", path, (s.line_of(path, "/* here */"),), ("php-missing-file", "php-missing-extension", "php-class-not-found")
    )


@case(PHP, "wordpress", times=2)
def core_file_damaged(s: Scene) -> Truth:
    name = s.rng.choice(("formatting.php", "post.php", "class-wp-query.php", "link-template.php", "user.php", "capabilities.php"))
    path = s.at(f"wp-includes/{name}")
    whole = s.read(path)
    if s.rng.random() < 0.5:
        s.remove(path)
        return Truth("wordpress-core-file", path, (), ("php-missing-file",), paths=(s.at("wp-settings.php"),))
    half = whole[: whole.rindex(b"{", 0, len(whole) // 2) + 1]
    s.write(path, half)
    return Truth("wordpress-core-file", path, tuple(range(1, half.count(b"\n") + 2)), ("php-truncated-file", "php-parse-error"))


@case((*PHP, "ovh"), "wordpress")
def release_for_a_newer_php(s: Scene) -> Truth:
    """WordPress was updated to a release that asks for more than this PHP. It says so on its page, and in no log."""
    path = s.at("wp-includes/version.php")
    text = s.read(path).decode()
    line = next(line for line in text.split("\n") if line.startswith("$required_php_version"))
    s.write(path, text.replace(line, "$required_php_version = '8.4.0';"))
    return Truth("php-version-incompatible-code", statuses=(500,))


@case(PHP, "wordpress")
def settings_with_a_typing_error(s: Scene) -> Truth:
    bad = s.rng.choice(
        (
            "define( 'WP_MEMORY_LIMIT', '128M' /* here */",
            "define( 'FORCE_SSL_ADMIN', true )) ; /* here */",
            "define( 'WP_HOME, 'http://a' ); /* here */",
        )
    )
    s.write(s.at("wp-config.php"), config(s, more=[bad]))
    line = s.line_of(s.at("wp-config.php"), "/* here */")
    return Truth("wordpress-config-syntax", s.at("wp-config.php"), (line, line + 1), ("php-parse-error",))


@case(PHP, "wordpress")
def maintenance_that_never_ended(s: Scene) -> Truth:
    s.write(
        s.at(".maintenance"), s.rng.choice(("<?php $upgrading = time();", "<?php $upgrading = 4102444800; ?>")), days=s.rng.uniform(0.1, 3)
    )
    return Truth("wordpress-stuck-maintenance", s.at(".maintenance"), statuses=(503,))


@case(PHP, "wordpress")
def wrong_password(s: Scene) -> Truth:
    what = s.rng.choice(({"password": "Sommer2019"}, {"user": "root_old"}))
    s.write(s.at("wp-config.php"), config(s, **what))
    return Truth("database-access-denied", s.at("wp-config.php"), _settings_lines(s))


@case(PHP, "wordpress")
def wrong_database(s: Scene) -> Truth:
    s.write(s.at("wp-config.php"), config(s, name=f"{s.database.name}_new" if s.database else ""))
    return Truth("database-missing", s.at("wp-config.php"), _settings_lines(s), ("database-access-denied",))


@case(PHP, "wordpress")
def server_that_does_not_answer(s: Scene) -> Truth:
    host = s.rng.choice((f"127.0.0.1:{free_port()}", "localhost:/var/run/none/mysqld.sock", "127.0.0.1:1"))
    s.write(s.at("wp-config.php"), config(s, host=host))
    return Truth("database-server-down", s.at("wp-config.php"), _settings_lines(s))


def _settings_lines(s: Scene) -> tuple[int, ...]:
    return tuple(s.line_of(s.at("wp-config.php"), f"'{name}'") for name in ("DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST"))


@case(PHP, "wordpress")
def tables_missing(s: Scene) -> Truth:
    """Another prefix, or a table that was dropped."""
    assert s.database is not None
    if s.rng.random() < 0.5:
        s.databases.run(f"DROP TABLE {s.database.prefix}options", s.database.name)
        return Truth("database-table-missing", statuses=(500, 302), paths=(s.at("wp-config.php"),))
    text = s.read(s.at("wp-config.php")).decode()
    s.write(s.at("wp-config.php"), text.replace(f"$table_prefix = '{s.database.prefix}'", "$table_prefix = 'neu_'"))
    line = s.line_of(s.at("wp-config.php"), "$table_prefix")
    return Truth("database-table-missing", s.at("wp-config.php"), (line,), statuses=(500, 302))


@case(PHP, "wordpress")
def table_crashed(s: Scene) -> Truth:
    """A table of the old kind that is marked as crashed (storage/myisam: byte 26 of its index file holds the state)."""
    assert s.database is not None
    table = f"{s.database.prefix}options"
    s.databases.run(f"ALTER TABLE {table} ENGINE=MyISAM; FLUSH TABLES {table}", s.database.name)
    index = s.databases.data / s.database.name / f"{table}.MYI"
    content = bytearray(index.read_bytes())
    content[26] |= 2
    index.write_bytes(content)
    s.databases.run(f"FLUSH TABLES {table}", s.database.name)
    return Truth("database-table-crashed", statuses=(500, 302), paths=(s.at("wp-config.php"),))
