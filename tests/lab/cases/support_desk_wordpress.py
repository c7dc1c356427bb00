# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Settings, databases and addresses of WordPress, as a support desk meets them, what a move leaves behind, and blogs that are well."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, SHOWN, Truth, case, well
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import ended, option, plugin_file, renewed, theme_file
from tests.lab.sites.blog_surroundings import make_network, network_settings, occupy
from tests.lab.sites.edits import lines_at
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import config, describe

_WELL = Truth("none", statuses=(200,))


def _login(s: Scene, path: str, *names: str) -> tuple[int, ...]:
    return lines_at(s, path, *(f"'{name}'" for name in names or ("DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST")))


# --- settings
@case(SHOWN, "wordpress")
def hook_in_the_settings(s: Scene) -> Truth:
    """A snippet for functions.php was put into wp-config.php, where WordPress is not there yet."""
    line = s.rng.choice(("add_filter( 'xmlrpc_enabled', '__return_false' );", "add_action( 'init', 'disable_embeds', 9999 );", "remove_action( 'wp_head', 'wp_generator' );", "add_filter( 'auto_update_plugin', '__return_true' );"))  # fmt: skip
    path = s.at("wp-config.php")
    s.write(path, config(s, more=[f"// {words.SENTENCES[s.rng.randrange(5)]}", line]))
    return Truth("wordpress-config-syntax", path, lines_at(s, path, line), ("php-undefined-function", "php-uncaught-exception"))


@case(PHP, "wordpress")
def settings_of_the_workshop_uploaded_along(s: Scene) -> Truth:
    """The agency's own computer has a second file of settings, which goes before; the deployment took it with it."""
    assert s.database is not None
    name, path = s.rng.choice(("wp-config-local.php", "local-config.php", "wp-config.dev.php")), s.at("wp-config.php")
    whole = config(s)
    for key in ("DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST"):
        whole = whole.replace(f"define( '{key}',", f"defined( '{key}' ) || define( '{key}',")
    loads = f"if ( file_exists( __DIR__ . '/{name}' ) ) {{\n\trequire __DIR__ . '/{name}';\n}}\n"
    s.keep(path, whole.replace("<?php\n", f"<?php\n{loads}", 1))
    user, word = s.rng.choice((("root", "root"), ("wordpress", "wordpress"), ("vagrant", "vagrant")))
    s.write(s.at(name), php("// On this computer only", f"define( 'DB_NAME', '{s.database.name}' );", f"define( 'DB_USER', '{user}' );", f"define( 'DB_PASSWORD', '{word}' );", "define( 'WP_ENVIRONMENT_TYPE', 'local' );"))  # fmt: skip
    return Truth("database-access-denied", s.at(name), _login(s, s.at(name), "DB_USER", "DB_PASSWORD"), paths=(path,))


@case(PHP, "wordpress")
def maintenance_before_a_wrong_password(s: Scene) -> Truth:
    """Two at once, after a move: the copy was made during an update, and the new database has another password. WordPress looks at the update first."""
    s.write(s.at(".maintenance"), s.rng.choice(("<?php $upgrading = time(); ?>", "<?php\n// remote update\n$upgrading = time();\n")), days=s.rng.uniform(0.2, 6))  # fmt: skip
    s.write(s.at("wp-config.php"), config(s, password=s.rng.choice(("Umzug-2024", "staging", "new-Pa55"))))
    return Truth("wordpress-stuck-maintenance", s.at(".maintenance"), statuses=(503,))


# --- database
@case(PHP, "wordpress")
def database_deleted_as_not_in_use(s: Scene) -> Truth:
    """Login and password are right, and the login may still use what is no longer there."""
    assert s.database is not None
    s.databases.run(f"DROP DATABASE {s.database.name}")
    path = s.at("wp-config.php")
    return Truth("database-missing", path, _login(s, path))


@case(PHP, "wordpress")
def database_where_it_usually_is(s: Scene) -> Truth:
    """Written as every guide has it; this host's database is elsewhere."""
    host = s.rng.choice(("localhost", "127.0.0.1", "localhost:3306", f"[::1]:{s.databases.port}", "127.0.0.1:3306"))
    path = s.at("wp-config.php")
    s.write(path, config(s, host=host))
    return Truth("database-server-down", path, _login(s, path))


@case(PHP, "wordpress")
def blog_of_a_network_without_its_tables(s: Scene) -> Truth:
    """The first blog is well; those of the second were left out when the tables were moved."""
    assert s.database is not None
    second = s.rng.choice(words.FOLDERS)
    make_network(s, second)
    s.keep(s.at("wp-config.php"), config(s, more=network_settings(s)))
    names = [f"{s.database.prefix}2_{name}" for name in ("options", "posts", "postmeta", "terms", "termmeta", "term_taxonomy", "term_relationships", "comments", "commentmeta", "links")]  # fmt: skip
    s.databases.run(f"DROP TABLE {', '.join(names)}", s.database.name)
    return Truth("database-table-missing", also=("application-answers-500",), page=f"/{second}/", paths=(s.at("wp-config.php"), ""))


@case(PHP, "wordpress")
def baskets_of_the_shop_are_damaged(s: Scene) -> Truth:
    """A table of a plugin, of the old kind, after the server ended without warning."""
    assert s.database is not None
    slug = s.rng.choice(describe(s).plugins)
    table = f"{s.database.prefix}{s.rng.choice(('shop_sessions', 'shop_baskets', 'bookings', 'redirects'))}"
    s.databases.run(f"CREATE TABLE {table} (id INT PRIMARY KEY, kept TEXT) ENGINE=MyISAM; INSERT INTO {table} VALUES (1, 'a'), (2, 'b'); FLUSH TABLES {table}", s.database.name)  # fmt: skip
    body = ["    global $wpdb;", f"    $rows = $wpdb->get_results('SELECT id, kept FROM {table} WHERE id > 0');", "    if ($wpdb->last_error) { throw new RuntimeException('Not loaded: ' . $wpdb->last_error); }"]  # fmt: skip
    renewed(s, slug, body, is_old=True)
    index = s.databases.data / s.database.name / f"{table}.MYI"
    content = bytearray(index.read_bytes())
    content[26] |= 2
    index.write_bytes(content)
    s.databases.run(f"FLUSH TABLES {table}", s.database.name)
    return Truth("database-table-crashed", also=("wordpress-plugin",))


@case(PHP, "wordpress")
def database_held_by_a_long_import(s: Scene) -> Truth:
    """The plan allows few connections at once, and something else has them."""
    occupy(s)
    return Truth("database-too-many-connections", paths=(s.at("wp-config.php"), ""))


# --- addresses
@case(APACHE, "wordpress")
def block_written_for_addresses_with_index(s: Scene) -> Truth:
    """From an answer in a forum: every address below `index.php`, also those that are there already."""
    option(s, "permalink_structure", "/index.php/%postname%/")
    old, new = (
        "RewriteRule . /index.php [L]",
        s.rng.choice(("RewriteRule ^(.*)$ /index.php/$1 [L]", "RewriteRule ^(.+)$ /index.php/$1 [L,QSA]")),
    )
    kept = s.read(s.at(".htaccess")).decode()
    for line in ("RewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\n" + old, old):
        kept = kept.replace(line, new)
    s.write(s.at(".htaccess"), kept)
    s.pages = ["/", "/?p=4"]
    return Truth("htaccess-wordpress-block", s.at(".htaccess"), lines_at(s, s.at(".htaccess"), new), ("htaccess-rewrite-loop",), page="/opening-hours/")  # fmt: skip


# --- well, for all that
@well((*PHP, "ovh"), "wordpress")
def mark_of_maintenance_with_nothing_in_it(s: Scene) -> Truth:
    """Made a moment ago on a full disk: WordPress takes no notice of an empty one."""
    s.write(s.at(".maintenance"), "")
    s.write(s.at(f"wp-content/upgrade/{describe(s).plugins[0]}/readme.txt"), "=== New ===\n")
    return _WELL


@well(PHP, "wordpress")
def strangers_open_files_of_the_theme(s: Scene) -> Truth:
    """Every one of them is a real and fresh error of a file that nobody is meant to open by itself."""
    files = (theme_file(s, "inc/hooks.php"), plugin_file(s, describe(s).plugins[0], "includes/widget.php"))
    s.keep(files[0], php(filler(s.rng, 3), "add_action('wp_head', function () { echo '<!-- theme -->'; });"))
    s.keep(files[1], php("class Own_Widget extends WP_Widget { }"))
    ended(s, theme_file(s), "require_once __DIR__ . '/inc/hooks.php';", is_old=True)
    for _ in range(s.rng.randint(2, 5)):
        for path in files:
            s.place.get(path.removeprefix(s.www), {"User-Agent": "Mozilla/5.0 zgrab/0.x"})
    return _WELL


@well((*PHP, "ovh"), "wordpress")
def interface_for_those_who_are_known(s: Scene) -> Truth:
    """A plugin for security asks for a login before the interface says a word."""
    renewed(s, s.rng.choice(describe(s).plugins), ["    add_filter('rest_authentication_errors', function ($said) {", "        return is_user_logged_in() ? $said : new WP_Error('rest_login_required', 'REST API restricted to authenticated users.', ['status' => 401]);", "    });"])  # fmt: skip
    s.pages = ["/", "/?p=4", "/?rest_route=/wp/v2/users"]
    return Truth("none", statuses=(200, 401))


@well(PHP, "wordpress")
def errors_of_yesterday_in_many_places(s: Scene) -> Truth:
    """The shop keeps its own lists of what was fatal, and a cache that nobody asks any more keeps the page that was shown then."""
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400 * s.rng.randint(1, 4)))
    path = s.path(plugin_file(s, describe(s).plugins[0]))
    told = f'{day}T09:12:44+00:00 CRITICAL Uncaught Error: Call to undefined method Shop_Order::get_fees() in {path}:{s.rng.randint(20, 200)} CONTEXT: {{"error":{{"type":1}}}}\n'
    s.write(s.at(f"wp-content/uploads/shop-logs/fatal-errors-{day}-{s.rng.randrange(16**8):08x}.log"), told * 4, days=1)
    s.write(s.at("wp-content/cache/pages/index.html"), "<!DOCTYPE html><title>WordPress &rsaquo; Error</title><p>There has been a critical error on this website.</p>\n", days=1)  # fmt: skip
    s.write(
        s.at("wp-content/cache/pages/.htaccess"), '<IfModule mod_headers.c>\nHeader set Cache-Control "no-store"\n</IfModule>\n', days=1
    )
    return _WELL


@well(PHP, "wordpress")
def goods_that_are_gone_for_good(s: Scene) -> Truth:
    """What is sold out is answered with 410, what is for members with 403, both in the theme's own words."""
    code = s.rng.choice((410, 403, 404))
    renewed(s, s.rng.choice(describe(s).plugins), [f"    if (isset($_GET['goods'])) {{ wp_die('<h1>Sold out</h1><p>This one is gone; see what is new.</p>', 'Sold out', ['response' => {code}]); }}"])  # fmt: skip
    s.pages = ["/", "/?p=4", "/?goods=81"]
    return Truth("none", statuses=(200, code))


@well((*PHP, "ovh"), "wordpress")
def cleaned_and_patched(s: Scene) -> Truth:
    """After an infection: what was harmful lies in a folder that is shut, and the hoster wrote a line of its own into a file of WordPress."""
    s.write(s.at("wp-content/uploads/.quarantine/index.php.suspected"), "<?php eval(base64_decode('ZWNobyAx' ;\n")
    s.write(s.at("wp-content/uploads/.quarantine/.htaccess"), "Require all denied\n")
    path = s.at("wp-includes/functions.php")
    s.write(path, s.read(path).decode().replace("<?php\n", "<?php\n// patched by the hoster: see the knowledge base, article 4711\n", 1))
    return _WELL
