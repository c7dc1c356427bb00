# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: blogs and shops that are well, and look as if they were not."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, well
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import plugin_file, renewed
from tests.lab.sites.edits import changed
from tests.lab.sites.php_site import filler, php
from tests.lab.sites.wordpress_site import describe

_HTACCESS = ("plain", "shared", "fcgid", "ovh")
_WELL = Truth("none", statuses=(200,))


@well((*SHOWN, "ovh"), "wordpress")
def article_that_quotes_error_messages(s: Scene) -> Truth:
    assert s.database is not None
    quoted = s.rng.choice((
        "There has been a critical error on this website. Please check your site admin email inbox for instructions.",
        "Parse error: syntax error, unexpected end of file in wp-content/themes/lumen/functions.php on line 212",
        "Error establishing a database connection", "Internal Server Error: the server encountered an internal error or misconfiguration",
        "Fatal error: Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes)",
    ))  # fmt: skip
    text = (
        f"<p>{s.rng.choice(words.SENTENCES[:6])}</p>".replace("'", "") * 4
        + f"<pre>{quoted}</pre><p>What to do when you read this: stay calm, look at the log.</p>"
    )
    s.databases.run(
        f"UPDATE {s.database.prefix}posts SET post_title = '{quoted[:60]}', post_content = '{text}' WHERE post_status = 'publish' AND post_type = 'post'",
        s.database.name,
    )
    return _WELL


@well((*SHOWN, "ovh"), "wordpress")
def note_of_an_update_long_ago(s: Scene) -> Truth:
    """WordPress does not heed it after ten minutes."""
    days = s.rng.uniform(1, 200)
    s.write(s.at(".maintenance"), f"<?php $upgrading = {int(time.time() - days * 86_400)}; ?>", days=days)
    s.write(s.at(f"wp-content/upgrade/{words.slug(s.rng)}/readme.txt"), "=== Left behind ===\n", days=days)
    return _WELL


@well((*SHOWN, "ovh"), "wordpress")
def broken_plugin_is_switched_off(s: Scene) -> Truth:
    """Its errors of last week are in a log of WordPress; a copy kept in the theme would not compile either."""
    idle = describe(s).idle
    renewed(s, idle, ["    $rows = [1, 2;", "    return $rows;"], is_old=True)
    s.keep(s.at(f"wp-content/themes/{describe(s).theme}/functions-old.php"), php(filler(s.rng, 9), "function half(", ""))
    day = time.strftime("%d-%b-%Y", time.gmtime(time.time() - 86_400 * s.rng.randint(3, 20)))
    where = s.path(plugin_file(s, idle, "includes/start.php"))
    s.write(
        s.at("wp-content/debug.log"),
        "".join(
            f'[{day} 0{n}:12:0{n} UTC] PHP Parse error:  syntax error, unexpected token ";", expecting "]" in {where} on line 9\n'
            for n in range(1, 6)
        ),
        days=3,
    )
    return _WELL


@well(_HTACCESS, "wordpress")
def long_htaccess_of_cache_and_security_plugins(s: Scene) -> Truth:
    """All of it guarded or allowed, and some of it odd."""
    blocks = [
        ["# BEGIN Page cache", "<IfModule mod_rewrite.c>", "RewriteEngine On", "RewriteCond %{REQUEST_METHOD} !POST", "RewriteCond %{QUERY_STRING} !.*=.*", "RewriteCond %{HTTP:Cookie} !^.*(comment_author_|wordpress_logged_in).*$",
         "RewriteCond %{DOCUMENT_ROOT}/wp-content/cache/pages/%{HTTP_HOST}/$1/index.html -f", "RewriteRule ^(.*) /wp-content/cache/pages/%{HTTP_HOST}/$1/index.html [L]", "</IfModule>", "# END Page cache"],
        ["# BEGIN LSCACHE", "<IfModule LiteSpeed>", "CacheLookup on", "RewriteRule .* - [E=Cache-Control:no-autoflush]", "</IfModule>", "# END LSCACHE"],
        ["<IfModule mod_php5.c>", "php_value memory_limit 256M", "</IfModule>", "<IfModule lsapi_module>", "php_flag engine on", "</IfModule>"],
        ["<IfModule !mod_authz_core.c>", "Order Allow,Deny", "Deny from all", "</IfModule>"],
        ["<Files xmlrpc.php>", "Require all denied", "</Files>", "<FilesMatch \"^(readme\\.html|license\\.txt|wp-config-sample\\.php)$\">", "Require all denied", "</FilesMatch>"],
        ["<IfModule mod_headers.c>", "Header always set Strict-Transport-Security \"max-age=31536000\" env=HTTPS", "Header unset ETag", "</IfModule>", "# FileETag None"],
        ["<IfModule mod_rewrite.c>", "RewriteCond %{QUERY_STRING} (<|%3C).*script.*(>|%3E) [NC,OR]", "RewriteCond %{QUERY_STRING} GLOBALS(=|\\[|%[0-9A-Z]{0,2})", "RewriteRule ^ - [F,L]", "</IfModule>"],
    ]  # fmt: skip
    chosen = s.rng.sample(blocks, s.rng.randint(4, 7))
    path = s.at(".htaccess")
    s.write(path, "\n".join(line for block in chosen for line in [*block, ""]) + s.read(path).decode())
    return _WELL


@well(_HTACCESS, "wordpress")
def login_behind_a_second_password(s: Scene) -> Truth:
    """On purpose, and its file is there; addresses that robots try are refused."""
    secret = s.rng.choice((".htpasswd", "private/.htpasswd", "private/users"))
    s.keep(secret, "editor:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n")
    path = s.at(".htaccess")
    lines = ["<Files wp-login.php>", "AuthType Basic", f'AuthName "{s.rng.choice(("Editors only", "Rédaction", "Nur intern"))}"', f"AuthUserFile {s.path(secret)}", "Require valid-user", "</Files>", "",
             "<Files xmlrpc.php>", "Require all denied", "</Files>", ""]  # fmt: skip
    s.write(path, "\n".join(lines) + s.read(path).decode())
    return Truth("none", page="/wp-login.php", statuses=(200, 401))


@well((*PHP, "ovh"), "wordpress")
def much_talk_in_the_debug_log(s: Scene) -> Truth:
    """Debugging is left on, into a file: warnings at every request, settings that are unusual and work."""
    changed(
        s,
        s.at("wp-config.php"),
        "define( 'WP_DEBUG', false );",
        "\n".join(
            (
                "define( 'WP_DEBUG', true );",
                "define( 'WP_DEBUG_LOG', true );",
                "define( 'WP_DEBUG_DISPLAY', false );",
                "define( 'WP_MEMORY_LIMIT', '96M' );",
                "define( 'DISALLOW_FILE_MODS', true );",
                "define( 'AUTOMATIC_UPDATER_DISABLED', true );",
            )
        ),
        fresh=False,
    )
    slug = s.rng.choice(describe(s).plugins)
    renewed(
        s,
        slug,
        [
            "    $seen = [];",
            f"    $n = @$_SERVER['X_{slug.upper()}'] . $seen['count'];",
            "    trigger_error('The feed answers slowly', E_USER_WARNING);",
        ],
        is_old=True,
    )
    s.keep(s.at(".user.ini"), "; of the agency\nupload_max_filesize = 48M\nsession.gc_maxlifetime = 7200\nmax_input_vars = 6000\n")
    time.sleep(1.1)
    return _WELL


@well((*PHP, "ovh", "shown"), "wordpress")
def relaunch_that_was_announced(s: Scene) -> Truth:
    """A plugin says that the site opens soon, with 503 and Retry-After, to everybody who is not logged in."""
    slug = s.rng.choice(describe(s).plugins)
    title = s.rng.choice(("Opening soon", "Bientôt de retour", "Wir bauen um", "New look on Monday"))
    renewed(s, slug, ["    add_action('template_redirect', function () {", "        if (is_user_logged_in()) {", "            return;", "        }", "        status_header(503);", f"        header('Retry-After: {s.rng.choice((3600, 86400))}');",
                      f"        echo '<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>We are working on our new pages and will be back shortly. Write to office@example.org until then.</p></body></html>';",
                      "        exit;", "    });"], is_old=True)  # fmt: skip
    return Truth("none", statuses=(503,))


@well(("plain", "shared", "fcgid", "ovh"), "prestashop", "opencart", "magento")
def shop_closed_for_the_stocktaking(s: Scene) -> Truth:
    """By the web server, but for the owner's own address."""
    page = s.rng.choice(("closed.html", "maintenance.html", "inventaire.html"))
    s.keep(s.at(page), words.html(s.rng, s.rng.choice(("Stocktaking", "We count our goods", "Inventaire annuel"))))
    s.write(s.at(".htaccess"), "\n".join((
        f"# stocktaking until the evening, {words.SENTENCES[1]}", f"ErrorDocument 503 /{page}", f"Header always set Retry-After {s.rng.choice((7200, 14400))}", "RewriteEngine On", f"RewriteCond %{{REMOTE_ADDR}} !^203\\.0\\.113\\.{s.rng.randint(2, 99)}$",
        f"RewriteCond %{{REQUEST_URI}} !^/{page.replace('.', chr(92) + '.')}$", "RewriteRule ^ - [R=503,L]")) + "\n")  # fmt: skip
    return Truth("none", statuses=(503,))


@well((*PHP, "ovh"), "opencart", "prestashop")
def shop_with_errors_of_last_month_in_its_log(s: Scene) -> Truth:
    """They were repaired; the log was never emptied."""
    then = time.time() - 86_400 * s.rng.randint(20, 50)
    number, clock = s.rng.randint(4, 12), lambda n, form: time.strftime(form, time.gmtime(then + 600 * n))
    if s.path(s.at("system/storage/logs")).is_dir():
        s.write(
            s.at("system/storage/logs/error.log"),
            "".join(
                f"{clock(n, '%Y-%m-%d %H:%M:%S')} - PHP Fatal error:  Uncaught Exception: Error: Table 'shop.oc_cart' doesn't exist<br />Error No: 1146 in {s.path(s.www)}/system/library/db/mysqli.php on line 12\n"
                for n in range(number)
            ),
            days=20,
        )
    else:
        name = f"var/logs/{clock(0, '%Y%m%d')}_exception.log"
        s.write(
            s.at(name),
            "".join(
                f"*ERROR* \tv8.1.6\t{clock(n, '%Y/%m/%d - %H:%M:%S')}: [PrestaShopDatabaseException] Link to database cannot be established: SQLSTATE[HY000] [1045] at line 14 in file classes/db/Db.php\r\n"
                for n in range(number)
            ),
            days=20,
        )
    return _WELL
