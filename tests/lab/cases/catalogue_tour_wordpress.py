# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Once through the catalogue: settings, databases and addresses of WordPress, and blogs that are well."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case, well
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import option, plugin_head, prefix_of, some_plugin
from tests.lab.sites.edits import changed
from tests.lab.sites.php_site import php
from tests.lab.sites.wordpress_site import BLOCK, describe, plugin

_EVERYWHERE = (*PHP, "ovh")


def _setting(s: Scene, name: str, line: str) -> int:
    """Another line for a setting of wp-config.php; its number."""
    config = s.at("wp-config.php")
    number = s.line_of(config, f"'{name}'")
    lines = s.read(config).decode().split("\n")
    lines[number - 1] = line
    s.write(config, "\n".join(lines))
    return number


@case((*SHOWN, "ovh"), "wordpress")
def settings_edited_by_hand(s: Scene) -> Truth:
    """A line from a word processor, a lost semicolon, an apostrophe in the password; now and then the file lies above the docroot."""
    path = s.at("wp-config.php")
    kind = s.rng.randrange(3)
    if kind != 2 and s.rng.random() < 0.6:
        s.keep("wp-config.php", s.read(path))
        s.remove(path)
        path = "wp-config.php"
    if kind == 0:
        line = s.rng.choice(("define( ‘WP_MEMORY_LIMIT’, ‘256M’ );", "define(‘FS_METHOD’, ‘direct’);", "define( “WP_POST_REVISIONS”, 5 );"))
        changed(s, path, "/* That's all", f"{line}\n/* That's all")
        return Truth("wordpress-config-syntax", path, (s.line_of(path, line),), ("php-uncaught-exception", "php-parse-error"))
    if kind == 1:
        line = s.rng.choice(("define( 'WP_POST_REVISIONS', 5 )", "define( 'EMPTY_TRASH_DAYS', 7 )", "$debug_by = 'claire'"))
        changed(s, path, "define( 'WP_DEBUG', false );", f"{line}\ndefine( 'WP_DEBUG', false );")
        number = s.line_of(path, line)
        return Truth("wordpress-config-syntax", path, (number, number + 1), ("php-parse-error",))
    number = _setting(
        s,
        "DB_PASSWORD",
        s.rng.choice(
            ("define( 'DB_PASSWORD', 'L'ete-2026!' );", "define( 'DB_PASSWORD', 'jardin'84' );", "define( 'DB_PASSWORD', 'x9#'kP2' );")
        ),
    )
    return Truth("wordpress-config-syntax", path, (number, number + 1), ("php-parse-error",))


@case(_EVERYWHERE, "wordpress")
def database_of_the_old_host(s: Scene) -> Truth:
    """Settings of before the move, or a password changed in the host's panel only, or half an import."""
    assert s.database is not None
    config, kind = s.at("wp-config.php"), s.rng.randrange(4)
    if kind == 0:
        _setting(s, "DB_PASSWORD", f"define( 'DB_PASSWORD', '{s.rng.choice(words.NOUNS)}-{s.rng.randint(1980, 2026)}' );")
        return Truth("database-access-denied", config, (s.line_of(config, "'DB_PASSWORD'"), s.line_of(config, "'DB_USER'")))
    if kind == 1:
        number = _setting(s, "DB_NAME", f"define( 'DB_NAME', 'db{s.rng.randint(10**6, 10**7)}' );")
        return Truth("database-missing", config, (number,), ("database-access-denied",))
    if kind == 2:
        number = _setting(
            s,
            "DB_HOST",
            s.rng.choice(
                (
                    "define( 'DB_HOST', 'localhost:/tmp/mysql5.sock' );",
                    "define( 'DB_HOST', 'localhost:/var/run/mysql-old/mysqld.sock' );",
                    "define( 'DB_HOST', '127.0.0.1:3' );",
                )
            ),
        )
        return Truth("database-server-down", config, (number,))
    s.databases.run(f"DROP TABLE {s.database.prefix}options", s.database.name)
    return Truth("database-table-missing")


@case((*_EVERYWHERE, "shown"), "wordpress")
def maintenance_by_hand(s: Scene) -> Truth:
    """A recipe that holds WordPress in maintenance until somebody removes the file."""
    path = s.at(".maintenance")
    s.write(
        path,
        s.rng.choice(
            ("<?php $upgrading = time(); ?>", "<?php\n$upgrading = time();\n", "<?php\n// remove when done\n$upgrading = time() - 60;\n")
        ),
    )
    return Truth("wordpress-stuck-maintenance", path, (), ("application-stuck-maintenance",), statuses=(503,))


@case(("plain", "shared", "ovh", "fcgid"), "wordpress")
def permalinks_of_the_old_folder(s: Scene) -> Truth:
    """The start page answers, articles do not: the rules still send to the folder where WordPress was, or the last of them is gone."""
    assert s.database is not None
    name, folder = s.rng.choice(("about-us", "our-story", "delivery")), s.rng.choice(("blog", "wp", "new", "dev", "wordpress"))
    s.databases.run(f"UPDATE {s.database.prefix}posts SET post_name = '{name}' WHERE ID = 4", s.database.name)
    option(s, "permalink_structure", "/%postname%/")
    option(s, "rewrite_rules", "")
    status, _body = s.place.get(f"/{name}/")
    if status != 200:
        raise ValueError(f"/{name}/ answered {status} before its rules were broken")
    is_moved = s.rng.random() < 0.6
    if is_moved:
        lines = [
            line.replace("RewriteBase /", f"RewriteBase /{folder}/").replace(". /index.php", f". /{folder}/index.php") for line in BLOCK
        ]
    else:
        lines = [line for line in BLOCK if line != "RewriteRule . /index.php [L]"]
    path = s.at(".htaccess")
    s.write(path, "\n".join(["# Nobody needs to see lists of files", "Options -Indexes", "", *lines, ""]))
    right = [line for line in lines if f"/{folder}/" in line] if is_moved else lines
    numbers = tuple(s.line_of(path, line) for line in right)
    also = ("htaccess-rewrite-loop",) if is_moved else ()
    return Truth("htaccess-wordpress-block", path, numbers, also, f"/{name}/", (500,) if is_moved else (404,))


@case(("plain", "shared", "ovh"), "wordpress")
def moved_with_two_faults(s: Scene) -> Truth:
    """Copied from a host with PHP inside Apache: neither the rules nor the database's address fit here."""
    config, path = s.at("wp-config.php"), s.at(".htaccess")
    line = s.rng.choice(
        (
            "php_value memory_limit 256M",
            "php_flag display_errors Off",
            "php_value upload_max_filesize 64M",
            "php_value max_execution_time 120",
        )
    )
    number = _setting(s, "DB_HOST", "define( 'DB_HOST', 'localhost:/tmp/mysql5.sock' );")
    s.write(path, "\n".join(["# from the support", line, "", *BLOCK, ""]))
    return Truth("htaccess-php-directive-under-fpm", path, (s.line_of(path, line), number), ("database-server-down",), paths=(config,))


@case(("plain", "ovh", "engine", "own-log"), "wordpress")
def now_and_then_with_a_log_elsewhere(s: Scene) -> Truth:
    """A partner's service fails every third time, and WordPress writes its log beside the docroot."""
    folder, _main = some_plugin(s)
    slug = folder.rpartition("/")[2]
    place = s.rng.choice(("private", "wp-logs", "data/debug"))
    s.folder(place)
    log = s.path(f"{place}/{s.rng.choice(('wp-errors.log', 'debug.txt', 'wordpress.log'))}")
    changed(
        s,
        s.at("wp-config.php"),
        "define( 'WP_DEBUG', false );",
        f"define( 'WP_DEBUG', true );\ndefine( 'WP_DEBUG_DISPLAY', false );\ndefine( 'WP_DEBUG_LOG', '{log}' );",
    )
    mark = s.rng.choice(("array_sum( $rates )", "count( $rates )", "array_keys( $rates )"))
    path = f"{folder}/includes/start.php"
    s.write(path, plugin(s.rng, slug, body=["    $answer = mt_rand( 1, 3 ) === 1 ? '<html>502 Bad Gateway</html>' : '{\"rates\": [1, 2]}';", "    $data = json_decode( $answer, true );",
                                            "    $rates = $data['rates'] ?? null;", f"    $known = {mark};"])["includes/start.php"])  # fmt: skip
    return Truth("wordpress-plugin", path, (s.line_of(path, mark),), ("php-uncaught-exception", "wordpress-plugin-php-incompatible"), of=25)


# --- nothing wrong


@well((*PHP, "ovh"), "wordpress")
def loud_blog(s: Scene) -> Truth:
    """Warnings on every page, a log that is full of them and of a fatal of the year before, a `.maintenance` of last week."""
    theme = s.at(f"wp-content/themes/{describe(s).theme}/functions.php")
    s.write(theme, s.read(theme).decode() + "$options = array( 'logo' => 1 );\n$missing = $options['color'];\n$early = strlen( null );\n")
    changed(
        s,
        s.at("wp-config.php"),
        "define( 'WP_DEBUG', false );",
        "define( 'WP_DEBUG', true );\ndefine( 'WP_DEBUG_DISPLAY', false );\ndefine( 'WP_DEBUG_LOG', true );",
    )
    slug, root, lines = describe(s).plugins[0], s.path(s.www), []
    for days in sorted((s.rng.uniform(20, 300) for _ in range(s.rng.randint(3, 40))), reverse=True):
        stamp = time.strftime("%d-%b-%Y %H:%M:%S", time.gmtime(time.time() - days * 86_400))
        lines.append(
            f"[{stamp} UTC] PHP Deprecated:  Creation of dynamic property {prefix_of(slug)}::$cache is deprecated in {root}/wp-content/plugins/{slug}/{slug}.php on line {s.rng.randint(3, 80)}"
        )
        if days > 200:
            lines.append(
                f"[{stamp} UTC] PHP Fatal error:  Uncaught Error: Call to undefined function {prefix_of(slug)}_boot() in {root}/wp-content/plugins/{slug}/{slug}.php:{s.rng.randint(3, 80)}"
            )
    s.write(s.at("wp-content/debug.log"), "\n".join(lines) + "\n")
    s.write(s.at(".maintenance"), f"<?php $upgrading = {int(time.time()) - 7 * 86_400}; ?>", days=7)
    return Truth("none", statuses=(200,))


@well((*PHP, "ovh"), "wordpress")
def broken_parts_that_nobody_loads(s: Scene) -> Truth:
    """An inactive plugin, a theme that is not in use and copies of settings have faults; nothing of them runs."""
    idle = describe(s).idle
    s.write(s.at(f"wp-content/plugins/{idle}/{idle}.php"), php(plugin_head(idle, "0.1"), "function broken( {"))
    s.write(s.at("wp-content/themes/draft/functions.php"), php("add_action('init', function () {"))
    s.write(s.at("wp-content/themes/draft/style.css"), "/*\nTheme Name: Draft\nVersion: 0.1\n*/\n")
    s.write(s.at("wp-config-old.php"), php("define( 'DB_NAME', 'old'", "define( 'DB_HOST', 'gone' );"))
    off = s.at(f"wp-content/plugins/{words.slug(s.rng)}-2.off")
    s.write(f"{off}/main.php", php("require __DIR__ . '/missing.php';"))
    s.write(s.at("wp-content/object-cache.php.disabled"), php("new Redis();"))
    return Truth("none", statuses=(200,))


@well((*PHP, "ovh", "shown"), "wordpress")
def article_on_errors(s: Scene) -> Truth:
    """An article that quotes what broken sites say."""
    assert s.database is not None
    quoted = s.rng.choice((
        "<p>There has been a critical error on this website. Learn more about troubleshooting WordPress.</p><pre>PHP Fatal error:  Uncaught Error: Call to undefined function the_field() in /home/x/wp-content/themes/y/single.php:12</pre>",
        "<h1>Error establishing a database connection</h1><p>Check DB_HOST, DB_USER and DB_PASSWORD. MySQL says: Access denied for user (1045).</p>",
        "<p>Briefly unavailable for scheduled maintenance. Check back in a minute.</p><p><b>Parse error</b>: syntax error, unexpected end of file</p>",
    ))  # fmt: skip
    s.databases.run(
        f"UPDATE {s.database.prefix}posts SET post_title = 'How we repaired HTTP ERROR 500', post_content = '{quoted}<p>{'And so it went on. ' * 12}</p>' WHERE ID = 4",
        s.database.name,
    )
    return Truth("none", page="/?p=4", statuses=(200,))
