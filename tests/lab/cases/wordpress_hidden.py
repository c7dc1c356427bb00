# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress whose fault shows in the middle of a page, in no log, or far from where it was made."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case, well
from tests.lab.cases.healthy import WELL
from tests.lab.cases.wordpress_parts import at_mark, update
from tests.lab.scene import Scene
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import config, describe, plugin

_OF_CODE = ("php-undefined-function", "php-uncaught-exception", "php-class-not-found")
_FATAL = ("render_of_no_one();", "throw new LogicException('not ready');", "(null)->boot();", "Lost_Helper::run();")


# --- how it shows
@case(PHP, "wordpress")
def page_breaks_off_in_the_middle(s: Scene) -> Truth:
    """What was sent already was a 200, and WordPress says nothing more into a page that has begun."""
    path = s.at(f"wp-content/themes/{describe(s).theme}/index.php")
    s.write(path, s.read(path).decode().replace("wp_footer(); ?>", f"{s.rng.choice(_FATAL)} /* here */ wp_footer(); ?>", 1))
    return Truth("wordpress-theme", path, at_mark(s, path), _OF_CODE, statuses=(200,), body=b"<h1>")


@case(("plain", "own-log", "engine"), "wordpress")
def plugin_that_forbids_the_log(s: Scene) -> Truth:
    """It tells PHP to keep silent, and then fails."""
    body = ["    error_reporting(0);", "    ini_set('log_errors', '0');", f"    {s.rng.choice(_FATAL)} /* here */"]
    path = update(s, s.rng.choice(describe(s).plugins), body)
    return Truth(
        "wordpress-plugin",
        path,
        (),
        ("php-fatal-hidden", *_OF_CODE),
        paths=(path.replace("includes/start.php", path.split("/")[-3] + ".php"),),
    )


@case(("ovh",), "wordpress")
def plugin_with_a_typing_error_and_no_log(s: Scene) -> Truth:
    """Where the account sees no log of the last minutes."""
    path = update(s, s.rng.choice(describe(s).plugins), [f"    {s.rng.choice(('$a = [1, 2;', 'if ($x {', 'echo 1 2;'))} /* here */"])
    return Truth("wordpress-plugin", path, at_mark(s, path), ("php-parse-error",))


@case(PHP, "wordpress")
def words_of_an_old_plugin(s: Scene) -> Truth:
    """No file was changed: it counts the days, and stops the site when they are over."""
    slug = s.rng.choice(describe(s).plugins)
    text = s.rng.choice(
        (
            "Ihre Testphase ist abgelaufen. Bitte erwerben Sie eine Lizenz.",
            "Votre abonnement a pris fin le mois dernier.",
            "Su licencia no se pudo verificar con el servidor.",
        )
    )
    for name, content in plugin(s.rng, slug, body=[f"    wp_die('<h1>{slug}</h1><p>{text}</p>', 'Info', 500); /* here */"]).items():
        s.keep(s.at(f"wp-content/plugins/{slug}/{name}"), content)
    path = s.at(f"wp-content/plugins/{slug}/includes/start.php")
    return Truth("application-answers-500", path, at_mark(s, path), ("wordpress-plugin",))


@case(PHP, "wordpress")
def filter_that_calls_itself(s: Scene) -> Truth:
    hook = s.rng.choice(("template_include", "query_vars", "request"))
    path = update(
        s,
        s.rng.choice(describe(s).plugins),
        [f"    add_filter('{hook}', function ($v) {{ return apply_filters('{hook}', $v); }}); /* here */"],
    )
    also = ("wordpress-plugin", "php-memory-limit", "php-process-crash", "php-service-crash")
    return Truth("wordpress-plugin-memory", path, at_mark(s, path), also, statuses=(500, 502, 503))


@case(PHP, "wordpress")
def plugin_that_takes_too_long(s: Scene) -> Truth:
    path = update(
        s, s.rng.choice(describe(s).plugins), ["    set_time_limit(1);", "    for ($n = 0; ; $n++) { $sum = md5((string) $n); } /* here */"]
    )
    return Truth("wordpress-plugin", path, at_mark(s, path), ("php-max-execution-time", "script-too-slow"))


@case(PHP, "wordpress")
def warnings_made_errors(s: Scene) -> Truth:
    """A plugin for developers makes an exception of everything that PHP says; another one is careless."""
    strict, careless = sorted(describe(s).plugins)[:2]
    main = s.at(f"wp-content/plugins/{strict}/{strict}.php")
    s.write(
        main,
        s.read(main).decode()
        + "set_error_handler(function ($no, $text, $file, $line) { throw new ErrorException($text, 0, $no, $file, $line); });\n",
    )
    line = s.rng.choice(("$list = []; $one = $list['first'];", "$sum = $nothing + 1;", "trigger_error('old call', E_USER_DEPRECATED);"))
    path = s.at(f"wp-content/plugins/{careless}/includes/start.php")
    for name, content in plugin(s.rng, careless, body=[f"    {line} /* here */"]).items():
        s.keep(s.at(f"wp-content/plugins/{careless}/{name}"), content)
    return Truth("wordpress-plugin", path, at_mark(s, path), ("php-uncaught-exception",), paths=(main,))


# --- parts
@case(PHP, "wordpress")
def theme_is_a_link_to_nothing(s: Scene) -> Truth:
    theme = s.path(s.at(f"wp-content/themes/{describe(s).theme}"))
    theme.rename(theme.with_name(f".{theme.name}-moved"))
    s.remove(s.at(f"wp-content/themes/.{theme.name}-moved"))
    theme.symlink_to(f"/srv/releases/41/{theme.name}")
    return Truth("wordpress-theme", s.at(f"wp-content/themes/{theme.name}"), (), ("php-missing-file",), statuses=(200,), is_empty=True)


@case(PHP, "wordpress")
def theme_for_an_older_php(s: Scene) -> Truth:
    line = s.rng.choice(
        (
            "$f = create_function('', 'return 1;');",
            "$c = $name{0};",
            "while (list($k, $v) = each($GLOBALS)) { break; }",
            "$q = mysql_connect('a');",
        )
    )
    path = s.at(f"wp-content/themes/{describe(s).theme}/functions.php")
    s.keep(path, s.read(path).decode() + f"\n$name = 'abc';\n{line} /* here */\n")
    also = ("php-removed-function", "php-version-incompatible-code", "php-parse-error", "php-undefined-function")
    return Truth("wordpress-theme", path, at_mark(s, path), also)


@case(SHOWN, "wordpress")
def theme_part_in_other_letters(s: Scene) -> Truth:
    """Made where capitals make no difference."""
    theme, part = s.at(f"wp-content/themes/{describe(s).theme}"), s.rng.choice(("setup", "widgets", "customizer"))
    s.keep(f"{theme}/inc/{part}.php", php(filler(s.rng, 5)))
    s.write(
        f"{theme}/functions.php",
        php(
            filler(s.rng, 4),
            f"require get_template_directory() . '/{s.rng.choice(('Inc/' + part, 'inc/' + part.title()))}.php'; /* here */",
        ),
    )
    return Truth(
        "wordpress-theme",
        f"{theme}/functions.php",
        at_mark(s, f"{theme}/functions.php"),
        ("php-missing-file",),
        paths=(f"{theme}/inc/{part}.php",),
    )


@case(PHP, "wordpress")
def object_cache_that_reaches_nobody(s: Scene) -> Truth:
    """The server that it keeps its values in is no longer there."""
    path, port = s.at("wp-content/object-cache.php"), s.rng.choice((6379, 11211))
    s.keep(path, php("/* Plugin Name: Object Cache Drop-In */", filler(s.rng, 4), "function wp_cache_init() {",
                     "    $line = @stream_socket_client('tcp://127.0.0.1:1', $no, $said, 1);", f"    if (!$line) {{ throw new RuntimeException(\"$said [tcp://127.0.0.1:{port}]\"); }} /* here */", "}"))  # fmt: skip
    return Truth("wordpress-dropin", path, at_mark(s, path), ("php-uncaught-exception",))


@case(PHP, "wordpress")
def start_file_of_a_network_fails(s: Scene) -> Truth:
    """`sunrise.php` decides which blog is meant, before anything else does."""
    path = s.at("wp-content/sunrise.php")
    s.keep(path, php("/* Domain mapping */", filler(s.rng, 4), f"{s.rng.choice(_FATAL)} /* here */"))
    s.write(s.at("wp-config.php"), config(s, more=["define( 'MULTISITE', true );", "define( 'SUNRISE', 'on' );"]))
    return Truth("wordpress-dropin", path, at_mark(s, path), _OF_CODE)


# --- settings
@case(PHP, "wordpress")
def settings_nobody_may_read(s: Scene) -> Truth:
    s.chmod(s.at("wp-config.php"), s.rng.choice((0o000, 0o200)))
    return Truth("file-unreadable", s.at("wp-config.php"), (), ("wordpress-config-syntax",))


@case(PHP, "wordpress")
def settings_saved_as_utf_16(s: Scene) -> Truth:
    path = s.at("wp-config.php")
    s.write(path, config(s).encode("utf-16"))
    return Truth("php-byte-order-mark", path, (), ("wordpress-config-syntax",), statuses=(200, 500))


@case(PHP, "wordpress")
def prefix_with_a_sign_that_is_not_allowed(s: Scene) -> Truth:
    assert s.database is not None
    path = s.at("wp-config.php")
    s.write(path, config(s).replace(f"'{s.database.prefix}'", f"'{s.rng.choice(('my-shop_', 'wp_2024.', 'new site_'))}'"))
    return Truth("wordpress-config-syntax", path, (s.line_of(path, "$table_prefix"),), ("database-table-missing",))


@case(PHP, "wordpress")
def settings_with_the_folder_of_the_old_host(s: Scene) -> Truth:
    path, old = (
        s.at("wp-config.php"),
        s.rng.choice(("/home/kunden/alt/www", "/homepages/12/d4711/htdocs", "/var/www/vhosts/old.example/httpdocs")),
    )
    s.write(path, config(s).replace("require_once ABSPATH . 'wp-settings.php';", f"require_once '{old}/wp-settings.php'; /* here */"))
    return Truth("php-missing-file", path, at_mark(s, path), ("wordpress-config-syntax", "open-basedir", "wordpress-core-file"))


@case(PHP, "wordpress")
def contents_at_the_folder_of_the_old_host(s: Scene) -> Truth:
    """Nothing complains: there is just no theme there."""
    path = s.at("wp-config.php")
    s.write(path, config(s, more=["define( 'WP_CONTENT_DIR', '/home/kunden/alt/www/wp-content' ); /* here */"]))
    return Truth(
        "wordpress-theme", path, at_mark(s, path), ("php-missing-file", "wordpress-config-syntax"), statuses=(200, 500), is_empty=True
    )


@case(PHP, "wordpress")
def table_of_a_shop_missing(s: Scene) -> Truth:
    """A plugin's own table was left out when the database was moved."""
    assert s.database is not None
    slug, table = (
        s.rng.choice(describe(s).plugins),
        f"{s.database.prefix}{s.rng.choice(('shop_orders', 'actionscheduler_actions', 'bookings'))}",
    )
    s.databases.run(f"CREATE TABLE {table} (id INT)", s.database.name)
    body = [
        f"    global $wpdb; $rows = $wpdb->get_results('SELECT id FROM {table}');",
        "    if ($wpdb->last_error) { throw new RuntimeException($wpdb->last_error); } /* here */",
    ]
    for name, content in plugin(s.rng, slug, body=body).items():
        s.keep(s.at(f"wp-content/plugins/{slug}/{name}"), content)
    s.databases.run(f"DROP TABLE {table}", s.database.name)
    return Truth("database-table-missing", "", (), ("wordpress-plugin",))


# --- well
@well(PHP, "wordpress")
def leftovers_in_odd_places(s: Scene) -> Truth:
    """Links to nothing, broken code in folders that are not loaded, a backup of the settings with another password."""
    s.path(s.at("wp-content/old-uploads")).symlink_to("/srv/gone/uploads")
    s.write(s.at("wp-content/mu-plugins/disabled/broken.php"), "<?php\n$a = ;\n")
    s.write(s.at("wp-content/themes/half-a-theme/functions.php"), "<?php\nexit;\n")
    s.write(s.at("wp-config.php.bak"), config(s, password="not-this-one"))
    return WELL


@well(PHP, "wordpress")
def database_complains_and_all_is_well(s: Scene) -> Truth:
    """A plugin asks for a table that is not there, and does without."""
    update(
        s,
        describe(s).plugins[0],
        [
            "    global $wpdb; $wpdb->query('SELECT id FROM gone_table');",
            "    error_log('WordPress database error Table gone_table does not exist for query SELECT id');",
        ],
    )
    return WELL


@well(PHP, "wordpress")
def settings_of_an_odd_shape(s: Scene) -> Truth:
    """Old logins in comments, memory by a call, a value from the environment, an `exit` that is never met."""
    more = ["// define( 'DB_PASSWORD', 'the-old-one' );", "/* define( 'DB_HOST', 'old-host.invalid' ); */", "@ini_set( 'memory_limit', '512M' );",
            "define( 'WP_ENV', getenv( 'WP_ENV' ) ?: 'live' );", f"if ( PHP_SAPI === '{words.slug(s.rng)}' ) exit;"]  # fmt: skip
    s.write(s.at("wp-config.php"), config(s, more=more))
    return WELL
