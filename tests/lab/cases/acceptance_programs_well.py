# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: sites that are well and may look otherwise."""

from __future__ import annotations

import re

from tests.lab import words
from tests.lab.cases.acceptance_programs import kind_of
from tests.lab.cases.base import APACHE, PHP, Truth, well
from tests.lab.scene import Scene
from tests.lab.sites import noise
from tests.lab.sites.clubs_and_shops import club_page
from tests.lab.sites.edits import changed
from tests.lab.sites.htaccess_lines import REWRITING, blocks, text
from tests.lab.sites.php_site import php
from tests.lab.stack.front import Answer

_WELL = "none"


@well((*PHP, "ovh"), "joomla")
def taken_offline_by_its_owner(s: Scene) -> Truth:
    """The switch of the program itself, with a text of the owner's."""
    path = s.at("configuration.php")
    changed(s, path, "$offline = false;", "$offline = true;")
    until = s.rng.choice(("We move house. Back on Monday.", "Wir sind ab Montag wieder da.", "De retour lundi à 9 h."))
    changed(s, path, "This site is down for maintenance.", until)
    return Truth(_WELL, statuses=(503,))


@well(APACHE, "static", "php", "club")
def closed_for_some_hours_by_rules(s: Scene) -> Truth:
    """Everybody but the one who works on it gets a page with 503, and is told when to come again."""
    name = s.rng.choice(("maintenance", "wartung", "travaux", "back-soon"))
    s.write(
        s.at(f"{name}.html"),
        words.html(s.rng, "Back in a few hours", "<p>We renew this site today. Thank you for your patience.</p>\n" * 4),
    )
    around = [block for block in blocks(s.rng, 1, 4) if block not in REWRITING and not any("Require" in line for line in block)]
    rules = (
        "# while we work: our own address is let in", f"ErrorDocument 503 /{name}.html", f"Header always set Retry-After {s.rng.choice((3600, 7200, 14400))}", "RewriteEngine On",
        f"RewriteCond %{{REMOTE_ADDR}} !^192\\.0\\.2\\.{s.rng.randint(2, 250)}$", f"RewriteCond %{{REQUEST_URI}} !^/{name}\\.html$", "RewriteRule ^ - [R=503,L]",
    )  # fmt: skip
    s.write(s.at(".htaccess"), text([rules, *around]))
    return Truth(_WELL, statuses=(503,))


@well(("cdn", "fronted"), "static", "joomla", "opencart")
def visitors_are_looked_at_by_the_network_before_it(s: Scene) -> Truth:
    """Whoever runs no script in a browser is not let through."""
    mark = f"{s.rng.randrange(16**16):016x}"
    page = (
        '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title><meta name="robots" content="noindex,nofollow"></head><body><h1>One more step</h1>'
        f"<noscript>Enable JavaScript and cookies to continue</noscript><p>This site checks that you are a person.</p><p>Ray ID: {mark}</p></body></html>"
    )
    s.front(lambda _path, _headers: Answer(403, page, {"Server": "cloudflare", "CF-RAY": f"{mark}-AMS", "cf-mitigated": "challenge"}))
    return Truth(_WELL, statuses=(403,))


@well(APACHE, "static", "club", "drupal")
def folder_that_asks_for_a_password(s: Scene) -> Truth:
    """The file of passwords is where it is said to be."""
    folder = s.rng.choice(("intern", "vorstand", "comite", "archive-2019", "stats"))
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder.capitalize()))
    s.keep(".htpasswd", "anna:$apr1$k2f9a1xz$2bqZQy0ypS1mV5oV2oTt4.\nboard:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n")
    s.keep(s.at(f"{folder}/.htaccess"), text([
        ("AuthType Basic", 'AuthName "Members only"', "# AuthUserFile /home/oldlogin/.htpasswd", f"AuthUserFile {s.path('.htpasswd')}", "Require valid-user")]))  # fmt: skip
    s.pages.append(f"/{folder}/")
    return Truth(_WELL, statuses=(200, 401))


@well((*APACHE, "own-log"), "club", "joomla", "opencart")
def moved_in_with_the_remains_of_the_old_host(s: Scene) -> Truth:
    """Its logs, its php.ini, guarded settings for servers that are not here."""
    rng = s.rng
    s.keep(s.at("php.ini"), "; settings of the host before, read by nobody here\nregister_globals = Off\nmemory_limit = 64M\n")
    s.keep("old-host/error.log", "".join(f"{line}\n" for line in noise.old(s, rng.randint(20, 60))))
    s.keep("old-host/README", "Copied from the old server. Keep until spring.\n")
    s.keep(s.at(".user.ini"), f"; new host\nmemory_limit = {rng.choice((96, 128, 256))}M\nupload_max_filesize = 32M\n")
    guarded = [
        ("<IfModule mod_php5.c>", "  php_value memory_limit 256M", "  php_flag magic_quotes_gpc off", "</IfModule>"),
        ("<IfModule mod_suphp.c>", "  suPHP_ConfigPath /home/oldlogin/etc", "</IfModule>"),
        ("<IfModule !mod_authz_core.c>", "  Order allow,deny", "  Deny from 203.0.113.9", "</IfModule>"),
        ("# AddHandler application/x-httpd-php56 .php", "# php_value auto_prepend_file /home/oldlogin/guard.php"),
        ("<IfModule lsapi_module>", "  php_value session.save_path /home/oldlogin/tmp", "</IfModule>"),
    ]  # fmt: skip
    rng.shuffle(guarded)
    s.keep(s.at(".htaccess"), text([*guarded, ("DirectoryIndex index.php index.html",)]))
    return Truth(_WELL, statuses=(200,))


@well((*PHP, "ovh", "shown"), "board", "mediawiki", "drupal", "moodle")
def pages_about_errors_of_others(s: Scene) -> Truth:
    """Help for people whose sites are broken, word for word."""
    path = s.at("includes/MediaWiki.php" if kind_of(s) == "mediawiki" else "index.php")
    said = s.rng.choice((
        "My page says: Fatal error: Uncaught mysqli_sql_exception: Access denied for user root@localhost in /var/www/html/db.php on line 12. What now?",
        "SQL ERROR [ mysqli ] Table phpbb_config does not exist [1146]: this is what my board said after the move.",
        "500 Internal Server Error: the server encountered an internal error or misconfiguration. Look into your .htaccess first.",
        "502 Bad Gateway, 504 Gateway Time-out: how to ask your host in a way that helps.",
        "Parse error: syntax error, unexpected end of file in index.php on line 44. You forgot a brace.",
    ))  # fmt: skip
    source = s.read(path).decode()
    s.write(path, re.sub(r"\$text = '[^']*';", lambda _found: f"$text = '{said}';", source, count=1))
    return Truth(_WELL, statuses=(200,))


@well(PHP, "club")
def store_of_pages_is_away_and_not_missed(s: Scene) -> Truth:
    """The page asks a memory server, is told nothing, warns the log and goes on without it."""
    asked = s.rng.choice(("tcp://127.0.0.1:11211", "tcp://127.0.0.1:6379"))
    before = [
        "$rows = latest(2);",
        f"$store = stream_socket_client('{asked}', $number, $text, 0.2);",
        "if ($store === false) {",
        "    $store = null; // the page is made anew each time",
        "}",
    ]
    s.keep(s.at("index.php"), club_page(s, "Welcome", before))
    s.place.get("/")
    return Truth(_WELL, statuses=(200,))


@well(APACHE, "php", "club", "prestashop")
def old_copy_that_nobody_may_ask_for(s: Scene) -> Truth:
    """A shop of ten years ago: old code, an upload that broke off, a password that is no more. The folder is closed."""
    folder = s.rng.choice(("shop_2014", "_old", "backup_site", "ancien", "alt"))
    s.keep(
        s.at(f"{folder}/index.php"),
        php(
            "require 'inc/db.php';",
            "while (list($key, $value) = each($_GET)) {",
            "    $$key = mysql_escape_string($value);",
            "}",
            "echo $title;",
        ),
    )
    s.keep(
        s.at(f"{folder}/inc/db.php"),
        php("mysql_connect('mysql.old.example', 'web12', 'gone') or die('Error establishing a database connection');"),
    )
    s.keep(
        s.at(f"{folder}/inc/basket.php"),
        "<?php\nclass Basket {\n    var $rows = array();\n    function add($row) {\n        $this->rows[] = $ro",
    )
    s.keep(s.at(f"{folder}/.htaccess"), text([("# not for the public any more", "Require all denied")]))
    s.pages.append(f"/{folder}/")
    return Truth(_WELL, statuses=(200, 403))
