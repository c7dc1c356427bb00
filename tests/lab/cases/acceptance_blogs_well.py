# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: WordPress sites that are well, whatever they look like."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, Truth, well
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import ended, option, plugin_file, renewed, theme_file
from tests.lab.sites.blog_surroundings import make_network, network_settings
from tests.lab.sites.htaccess_lines import text
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import BLOCK, config, describe, plugin

_PLACES = (*PHP, "ovh")
_NONE = Truth("none", statuses=(200,))


@well(_PLACES, "wordpress")
def log_of_faults_mended_long_ago(s: Scene) -> Truth:
    """WordPress's own log was full of errors of last year, and nobody emptied it."""
    slug, rows = s.rng.choice(describe(s).plugins), []
    moment = time.time() - s.rng.randint(90, 500) * 86_400
    for _ in range(s.rng.randint(5, 60)):
        moment += s.rng.randint(10, 90_000)
        stamp = time.strftime("%d-%b-%Y %H:%M:%S UTC", time.gmtime(min(moment, time.time() - 20 * 86_400)))
        file, n = s.path(plugin_file(s, slug, "includes/start.php")), s.rng.randint(5, 80)
        rows += s.rng.choice((
            [f"[{stamp}] PHP Fatal error:  Uncaught Error: Call to undefined function {slug.replace('-', '_')}_render() in {file}:{n}", "Stack trace:", "#0 {main}", f"  thrown in {file} on line {n}"],
            [f"[{stamp}] PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 262144 bytes) in {s.path(theme_file(s))} on line {n}"],
            [f"[{stamp}] WordPress database error MySQL server has gone away for query SELECT option_value FROM wp_options WHERE option_name = 'cron'"],
            [f"[{stamp}] PHP Warning:  Undefined array key \"page\" in {file} on line {n}"],
        ))  # fmt: skip
    s.write(s.at("wp-content/debug.log"), "\n".join(rows) + "\n", days=s.rng.uniform(18, 20))
    s.keep(s.at("wp-config.php"), config(s, more=["// define( 'WP_DEBUG_LOG', true );"]))
    return _NONE


@well(_PLACES, "wordpress")
def closed_until_the_opening(s: Scene) -> Truth:
    """A plugin tells visitors when the new site opens: 503 on purpose, with the time to come back."""
    title, when = s.rng.choice(words.TITLES).replace("'", ""), s.rng.choice((3600, 7200, 86400))
    about = "<p>We are rebuilding our pages. The shop opens again on Monday; you reach us by telephone as always.</p>"
    renewed(s, s.rng.choice(describe(s).plugins), [
        "    add_action( 'template_redirect', function () {", "        if ( is_user_logged_in() ) { return; }", "        status_header( 503 );",
        f"        header( 'Retry-After: {when}' );", f"        echo '<!doctype html><html><head><title>{title}: coming soon</title></head><body><h1>{title}</h1>{about}</body></html>';",
        "        exit;", "    }, 0 );"])  # fmt: skip
    return Truth("none", statuses=(503,))


@well(_PLACES, "wordpress")
def remains_of_an_update(s: Scene) -> Truth:
    """The mark of an update that is hours old is looked at no more; half a plugin lies where updates are unpacked."""
    age = s.rng.randint(2, 400)
    s.write(s.at(".maintenance"), f"<?php $upgrading = {int(time.time()) - age * 3600}; ?>", days=age / 24)
    slug = words.slug(s.rng)
    for name, content in plugin(s.rng, slug).items():
        s.write(s.at(f"wp-content/upgrade/{slug}-{s.rng.randrange(16**6):06x}/{slug}/{name}"), content[: len(content) // 2], days=age / 24)
    return _NONE


@well((*APACHE, "fcgid", "own-log"), "wordpress")
def locked_down_with_sound_rules(s: Scene) -> Truth:
    """Everything that guides advise, wrapped as it should be; doors that are shut are shut on purpose."""
    guards = [
        ("<Files xmlrpc.php>", "    Require all denied", "</Files>"),
        ("<FilesMatch \"^(wp-config\\.php|readme\\.html|license\\.txt|\\.user\\.ini)$\">", "Require all denied", "</FilesMatch>"),
        ("<IfModule mod_rewrite.c>", "RewriteEngine On", "RewriteRule ^wp-admin/includes/ - [F,L]", "RewriteRule !^wp-includes/ - [S=2]",
         "RewriteRule ^wp-includes/[^/]+\\.php$ - [F,L]", "RewriteRule ^wp-includes/theme-compat/ - [F,L]", "</IfModule>"),
        ("<IfModule mod_rewrite.c>", "RewriteEngine On", "RewriteCond %{QUERY_STRING} (\\.\\./|base64_encode|<script|%3Cscript) [NC,OR]",
         "RewriteCond %{QUERY_STRING} (^|&)author=\\d+ [NC]", "RewriteRule .* - [F,L]", "</IfModule>"),
        ("<IfModule mod_php.c>", "php_value auto_prepend_file /home/old/waf.php", "php_flag display_errors off", "</IfModule>"),
        ("<IfModule LiteSpeed>", "CacheLookup public on", "CacheDisable public /cart", "</IfModule>"),
        ("<IfModule mod_access_compat.c>", "Order allow,deny", "Allow from all", "</IfModule>"),
        ("<IfModule mod_security2.c>", "SecRuleEngine Off", "</IfModule>"), ("# php_value memory_limit 256M",),
    ]  # fmt: skip
    chosen = [guards[0], *s.rng.sample(guards[1:], s.rng.randint(4, 8))]
    s.rng.shuffle(chosen)
    s.write(s.at(".htaccess"), text([*chosen, ("",), BLOCK]))
    s.keep(s.at("wp-content/uploads/.htaccess"), '<FilesMatch "\\.(?i:php|phar|phtml)$">\n    Require all denied\n</FilesMatch>\n')
    return Truth("none", page="/xmlrpc.php", statuses=(200, 403))


@well(_PLACES, "wordpress")
def address_of_the_settings_wins(s: Scene) -> Truth:
    """The database still holds the address of the copy; wp-config.php says the right one."""
    old = s.rng.choice(("https://staging.old-shop.example", "http://localhost:8888/shop", "https://www.old-name.example/blog"))
    option(s, "siteurl", old)
    option(s, "home", old)
    lines = [f"define( 'WP_HOME', '{s.place.url}' );", f"define( 'WP_SITEURL', '{s.place.url}' );", "define( 'WP_MEMORY_LIMIT', '96M' );"]
    s.rng.shuffle(lines)
    s.keep(s.at("wp-config.php"), config(s, more=lines))
    return _NONE


@well(_PLACES, "wordpress")
def broken_code_that_nobody_loads(s: Scene) -> Truth:
    """A plugin that is not active, an old theme, caches put aside, a copy of the settings: none of it runs."""
    site = describe(s)
    s.write(plugin_file(s, site.idle), php(filler(s.rng, 6), "$all = create_function('', 'return 1;';", "each($all);"))
    s.write(
        s.at(f"wp-content/themes/{s.rng.choice(words.THEME_WORDS)}-2014/functions.php"),
        php("function old_setup() {", "    mysql_connect('localhost');"),
    )
    s.write(
        s.at(f"wp-content/{s.rng.choice(('object-cache.php.off', 'object-cache.old', '_object-cache.php'))}"),
        php("$cache = new Memcached();"),
    )
    s.keep(s.at("wp-content/advanced-cache.php"), php("require_once '/home/gone/cache/serve.php';"))  # WP_CACHE is not set
    s.keep(s.at(f"wp-content/mu-plugins/{s.rng.choice(('host-suite', 'disabled'))}/loader.php"), php("hosting_agent_start(;"))
    s.write(
        s.at(s.rng.choice(("wp-config.bak.php", "wp-config-old.php", "wp-config.php.save"))),
        php("define( 'DB_NAME', 'old' ", "define( 'DB_PASSWORD', '' );"),
    )
    return _NONE


@well(_PLACES, "wordpress")
def plugin_that_always_grumbles(s: Scene) -> Truth:
    """Warnings, notices, an index that it wants to make once more: every page is whole."""
    slug, made = s.rng.choice(describe(s).plugins), s.database
    assert made is not None
    renewed(s, slug, [
        "    $given = array( 'a' => 1 );", "    $page = $given['page'];", "    $list = @file( '/home/gone/list.txt' );",
        f"    trigger_error( '{slug}: no licence key was entered, updates are off', E_USER_WARNING );",
        f"    $GLOBALS['wpdb']->query( 'ALTER TABLE {made.prefix}posts ADD INDEX post_name (post_name)' );",  # it has had it for long
        "    error_log( 'Fatal error? No: only a test of the alarm, please ignore' );"], is_old=True)  # fmt: skip
    ended(
        s,
        theme_file(s),
        "add_action( 'wp_footer', function () { echo '<!-- ' . round( memory_get_peak_usage() / 1e6 ) . ' MB -->'; } );",
        is_old=True,
    )
    return _NONE


@well(_PLACES, "wordpress")
def network_of_two_blogs(s: Scene) -> Truth:
    """A network in folders, with all that belongs to it."""
    second = s.rng.choice(words.FOLDERS)
    make_network(s, second)
    s.keep(s.at("wp-config.php"), config(s, more=network_settings(s)))
    if s.place.setup.server == "apache":
        s.keep(s.at(".htaccess"), text([(
            "RewriteEngine On", "RewriteBase /", "RewriteRule ^index\\.php$ - [L]", "RewriteRule ^([_0-9a-zA-Z-]+/)?wp-admin$ $1wp-admin/ [R=301,L]",
            "RewriteCond %{REQUEST_FILENAME} -f [OR]", "RewriteCond %{REQUEST_FILENAME} -d", "RewriteRule ^ - [L]",
            "RewriteRule ^([_0-9a-zA-Z-]+/)?(wp-(content|admin|includes).*) $2 [L]", "RewriteRule ^([_0-9a-zA-Z-]+/)?(.*\\.php)$ $2 [L]", "RewriteRule . index.php [L]")]))  # fmt: skip
    s.pages.append(f"/{second}/")
    return _NONE
