# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""WordPress's own files, settings, database, drop-ins and network: after updates, moves and changes in the host's panel."""

from __future__ import annotations

import time

from tests.lab.cases.base import Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import option
from tests.lab.sites.blog_surroundings import make_network, network_settings
from tests.lab.sites.edits import changed, lines_at
from tests.lab.sites.htaccess_lines import text
from tests.lab.sites.php_site import php
from tests.lab.sites.wordpress_site import BLOCK, config

_LOGIN = ("'DB_NAME'", "'DB_USER'", "'DB_PASSWORD'", "'DB_HOST'")


def _config(s: Scene) -> str:
    return s.at("wp-config.php")


@case(("plain", "shared", "engine", "ovh"), "wordpress")
def update_of_the_core_in_part(s: Scene) -> Truth:
    """The automatic update to a newer release stopped half-way: wp-settings.php is the new one, files it asks for never came."""
    path = s.at("wp-settings.php")
    after = "require ABSPATH . WPINC . '/class-wp-http.php';"
    missing = s.rng.choice(
        (
            "html-api/class-wp-html-tag-processor.php",
            "fonts/class-wp-font-face.php",
            "class-wp-classic-to-block-menu-converter.php",
            "block-bindings.php",
        )
    )
    changed(s, path, after, f"{after}\nrequire ABSPATH . WPINC . '/{missing}';")
    s.write(s.at(".maintenance"), f"<?php $upgrading = {int(time.time()) - 2400}; ?>", days=2400 / 86_400)
    s.write(s.at("wp-content/upgrade/core/wordpress/readme.html"), "<!DOCTYPE html><title>WordPress &rsaquo; ReadMe</title>\n")
    gone = s.at(f"wp-includes/{missing}")
    folder = gone.rpartition("/")[0]
    others = (gone,) if s.path(folder).is_dir() else (gone, folder)
    return Truth("wordpress-core-file", path, (s.line_of(path, missing),), ("php-missing-file",), paths=others)


@case(("plain", "shared", "ovh", "fronted"), "wordpress")
def password_changed_in_the_panel(s: Scene) -> Truth:
    """The owner set a new password for the database in the host's panel; wp-config.php, which may lie above the docroot, has the old one."""
    assert s.database is not None
    path = _config(s)
    if s.rng.random() < 0.4:
        s.keep("wp-config.php", s.read(path), 0o600)
        s.remove(path)
        path = "wp-config.php"
    s.database = s.databases.with_new_password(s.database, f"Neu-{s.rng.randrange(16**10):010x}")
    return Truth("database-access-denied", path, lines_at(s, path, *_LOGIN))


@case(("fcgid", "engine", "own-log", "ovh"), "wordpress")
def server_of_the_old_host(s: Scene) -> Truth:
    """Moved with all its files: wp-config.php still says where the database was at the old host."""
    host = s.rng.choice(("localhost", "localhost:/tmp/mysql5.sock", "localhost:/run/mysqld/mysqld10.sock", "127.0.0.1:3307"))
    s.keep(_config(s), config(s, host=host))
    return Truth("database-server-down", _config(s), lines_at(s, _config(s), *_LOGIN))


@case(("plain", "fcgid", "own-log", "ovh", "shown"), "wordpress")
def quotation_mark_in_the_settings(s: Scene) -> Truth:
    """Somebody changed wp-config.php by hand: a password or key holds a quotation mark, or a line lost its end."""
    choice = s.rng.choice(("password", "key", "semicolon"))
    if choice == "password":
        s.write(_config(s), config(s, password=s.rng.choice(("O'Hara2024!", "l'ete-2025", "D'Angelo#88"))))
        line = s.line_of(_config(s), "DB_PASSWORD")
    elif choice == "key":
        s.write(_config(s), config(s, more=["define( 'NONCE_SALT', 'k8|^Zq'uP0;rT}w2 x)' );"]))
        line = s.line_of(_config(s), "NONCE_SALT")
    else:
        s.write(
            _config(s),
            config(
                s,
                more=[
                    s.rng.choice(
                        ("define( 'WP_POST_REVISIONS', 5 )", "define( 'DISALLOW_FILE_EDIT', true )", "define( 'EMPTY_TRASH_DAYS', 7 )")
                    ),
                    "define( 'AUTOSAVE_INTERVAL', 120 );",
                ],
            ),
        )
        line = s.line_of(_config(s), "AUTOSAVE_INTERVAL") - 1
    return Truth("wordpress-config-syntax", _config(s), (line, line + 1), ("php-parse-error",))


@case(("shared", "engine", "own-log", "ovh"), "wordpress")
def cache_with_the_old_path(s: Scene) -> Truth:
    """A caching plugin wrote the old host's path into its drop-in; the site was moved with it."""
    old = s.rng.choice(
        (
            "/homez.1024/fleurs/www",
            "/home/u48213/public_html",
            "/var/www/vhosts/verein.example/httpdocs",
            "/kunden/homepages/12/d345/htdocs/blog",
        )
    )
    slug = s.rng.choice(("turbo-cache", "speedy-pages", "cache-booster"))
    path = s.at("wp-content/advanced-cache.php")
    s.keep(path, php("/**", f" * Drop-in of {slug.replace('-', ' ').title()}. Do not edit: written by the plugin.", " */", "defined( 'ABSPATH' ) || exit;", "", f"define( 'TURBO_PATH', '{old}/wp-content/plugins/{slug}/' );",
                     f"define( 'TURBO_CACHE', '{old}/wp-content/cache/{slug}/' );", "", "require_once TURBO_PATH . 'inc/process.php';"))  # fmt: skip
    s.keep(_config(s), config(s, more=["define( 'WP_CACHE', true ); // Added by the cache"]))
    return Truth("wordpress-dropin", path, lines_at(s, path, "'TURBO_PATH',", "require_once TURBO_PATH"), ("php-missing-file",))


@case(("plain", "fcgid", "engine"), "wordpress")
def network_imported_in_part(s: Scene) -> Truth:
    """A network of blogs was moved; the import of its database left out the table of the blogs."""
    assert s.database is not None
    make_network(s, s.rng.choice(("jugend", "equipe", "blog-2")))
    s.keep(_config(s), config(s, more=network_settings(s)))
    s.databases.run(f"DROP TABLE {s.database.prefix}blogs", s.database.name)
    return Truth("database-table-missing", statuses=(500,), paths=(_config(s),))


@case(("shared", "fcgid", "ovh", "fronted"), "wordpress")
def firewall_with_the_old_path(s: Scene) -> Truth:
    """A security plugin's firewall is loaded before every page by .user.ini, with the path that it had before the move."""
    old = s.rng.choice(("/home/altkunde/public_html", "/homez.332/asso/www", "/var/www/web114/html", "/is/htdocs/wp1123/www"))
    waf = s.rng.choice(("wordfence-waf.php", "firewall-loader.php", "malcare-waf.php"))
    head = s.rng.choice((["; Wordfence WAF"], ["memory_limit = 128M", "upload_max_filesize = 32M", "", "; Wordfence WAF"]))
    s.keep(s.at(".user.ini"), "\n".join([*head, f"auto_prepend_file = '{old}/{waf}'", "; END Wordfence WAF", ""]))
    s.keep(s.at(waf), php("// Before removing this file, please verify the PHP ini setting `auto_prepend_file` does not point to this.", "if (file_exists(__DIR__ . '/wp-content/plugins/waf/bootstrap.php')) {", "\tinclude_once __DIR__ . '/wp-content/plugins/waf/bootstrap.php';", "}"))  # fmt: skip
    time.sleep(1.1)  # PHP remembers for a second that there was none
    return Truth("user-ini-bad-prepend", s.at(".user.ini"), (s.line_of(s.at(".user.ini"), "auto_prepend_file"),), ("php-missing-file",))


@case(("plain", "shared", "ovh", "fcgid"), "wordpress")
def slashes_for_ever(s: Scene) -> Truth:
    """For the search engines somebody takes the slash off every address in .htaccess; WordPress's permalinks put it on again."""
    option(s, "permalink_structure", "/%postname%/")
    rule = s.rng.choice((
        ("# SEO: no slash at the end", "RewriteEngine On", "RewriteCond %{REQUEST_FILENAME} !-d", "RewriteRule ^(.+)/$ /$1 [R=301,L]"),
        ("# Pas de barre oblique à la fin", "RewriteEngine On", "RewriteCond %{REQUEST_FILENAME} !-d", "RewriteCond %{REQUEST_URI} ^(.+)/$", "RewriteRule ^ %1 [L,R=301]"),
    ))  # fmt: skip
    path = s.at(".htaccess")
    s.write(path, text([("Options -Indexes",), rule, ("",), BLOCK]))
    s.pages = ["/", "/opening-hours/"]
    last = s.line_of(path, rule[-1])
    return Truth(
        "redirect-loop",
        path,
        tuple(range(last - len(rule) + 3, last + 1)),
        ("htaccess-rewrite-loop",),
        page="/opening-hours/",
        statuses=(301,),
    )
