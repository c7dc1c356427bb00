# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sites that are well, though they look as if they were not."""

from __future__ import annotations

import json
import time

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, SHOWN, Truth, well
from tests.lab.scene import Scene
from tests.lab.sites.clubs_and_shops import club, club_page
from tests.lab.sites.frameworks import base_of
from tests.lab.sites.htaccess_lines import text
from tests.lab.sites.noise import old
from tests.lab.sites.php_site import describe, page_source, php

_EVERY_APACHE = (*APACHE, "own-log", "fcgid")


@well((*SHOWN, "ovh"), "php", "static")
def glossary_of_error_messages(s: Scene) -> Truth:
    """A web agency explains to its customers what they may meet."""
    terms = (
        "500 Internal Server Error", "Fatal error: Uncaught Error: Call to undefined function get_header() in /home/www/index.php:12", "503 Service Unavailable",
        "Parse error: syntax error, unexpected end of file in index.php on line 40", "SQLSTATE[HY000] [1045] Access denied for user", "Error establishing a database connection",
        "Allowed memory size of 134217728 bytes exhausted", "Too many redirects", "No input file specified.", "Whoops, looks like something went wrong.",
    )  # fmt: skip
    rows = "".join(f"<dt><b>{term}</b></dt><dd><pre>{term}</pre>{s.rng.choice(words.SENTENCES)}</dd>" for term in s.rng.sample(terms, 6))
    page = f"{s.rng.choice(('errors', 'hilfe', 'aide', 'help', 'glossary'))}.html"
    s.keep(s.at(page), words.html(s.rng, "What is an error 500?", f"<dl>{rows}</dl>"))
    if s.path(s.at("index.html")).exists():
        s.keep(s.at("index.html"), words.html(s.rng, "Internal Server Error: we help", f"<p>Fatal error? HTTP 500?</p><dl>{rows}</dl>"))
    s.pages.append(f"/{page}")
    return Truth("none", page=f"/{page}", statuses=(200,))


@well(("plain", "shared", "fcgid", "engine"), "php", "static", "club")
def last_week_was_worse(s: Scene) -> Truth:
    """All was repaired days ago; the log still tells of it, and what was broken lies aside under other names."""
    if s.place.setup.server == "apache":
        s.write(s.at(".htaccess.old"), "RewriteEngin On\nphp_value memory_limit 1G\n<IfModule mod_rewrite.c>\n", days=6)
    s.write(s.at("index.php.broken"), "<?php\nfunction start( {\n", days=6)
    s.write(s.at(s.rng.choice(("config.php.bak", "settings_old.txt", "copy of config.php.orig"))), "<?php\n$x = ;\n", days=9)
    s.old_lines(old(s, s.rng.randint(30, 120)))
    return Truth("none", statuses=(200,))


@well(_EVERY_APACHE, "static", "php", "slim")
def old_but_guarded_htaccess(s: Scene) -> Truth:
    """Lines of many years and hosts, each of them harmless here; line ends of Windows."""
    parts = [
        ("<IfModule mod_php5.c>", "  php_value memory_limit 64M", "  php_flag short_open_tag on", "</IfModule>"), ("<IfModule mod_php.c>", "php_value max_execution_time 60", "</IfModule>"),
        ("<IfModule !mod_authz_core.c>", '<FilesMatch "\\.inc$">', "Order allow,deny", "Deny from all", "</FilesMatch>", "</IfModule>"),
        ("<ifmodule mod_rewrite.c>", "rewriteengine ON", "RewriteCond %{HTTP_USER_AGENT} (EvilBot|Harvest\\ er|^$) [NC,OR]", "RewriteCond %{QUERY_STRING} (<|%3C).*script [NC]", "RewriteRule .* - [F,L]",
         "RewriteRule ^produkt-([0-9]+)\\.html$ /index.php?id=$1&x=%1 [L,QSA,NE]", "</ifmodule>"),
        ("<IfVersion < 2.2>", "BrowserMatchEverything on", "</IfVersion>"), ("# RewriteEngin On", "#php_value upload_max_filesize 2M"), ("<IfModule mod_suphp.c>", "suPHP_ConfigPath /home/old", "</IfModule>"),
        ("Header set X-Info \\", '  "two lines"'), ('ErrorDocument 500 "We are working on it."',), ("<IfDefine OLDSERVER>", "LoadFile x.so", "</IfDefine>"),
    ]  # fmt: skip
    chosen = s.rng.sample(parts, s.rng.randint(5, len(parts)))
    s.write(s.at(".htaccess"), text(chosen, s.rng.choice(("\r\n", "\n"))))
    return Truth("none", statuses=(200,))


@well(_EVERY_APACHE, "static", "php")
def members_with_a_password(s: Scene) -> Truth:
    """401 without a password, as it is meant; the file of the passwords is there, above the docroot."""
    folder, where = (
        s.rng.choice(("intern", "members", "espace-client", "backup-admin")),
        s.rng.choice((".htpasswd", "secure/.htpasswd", "passwords.txt")),
    )
    s.keep(where, "anna:$apr1$Zl2hK1bq$6CDhDhYq9w9vY0kYQ1Xb3.\n", 0o644)
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, "Members"))
    s.keep(s.at(f"{folder}/.htaccess"), f'AuthType Basic\nAuthName "Members only"\nAuthUserFile {s.path(where)}\nRequire valid-user\n')
    s.pages.append(f"/{folder}/")
    return Truth("none", page=f"/{folder}/", statuses=(200, 401))


@well((*PHP, "ovh"), "nextcloud", "laravel")
def closed_for_an_update(s: Scene) -> Truth:
    """The owner has switched the maintenance on a moment ago, by the program's own command; it says when to come back."""
    if s.path(s.at("config/config.php")).exists():
        path = s.at("config/config.php")
        s.write(path, s.read(path).decode().replace("'maintenance' => false", "'maintenance' => true"))
    else:
        down = {
            "except": [],
            "redirect": None,
            "retry": s.rng.choice((60, 300, 600)),
            "refresh": None,
            "secret": None,
            "status": 503,
            "template": None,
        }
        s.write(f"{base_of(s)}storage/framework/down", json.dumps(down))
    return Truth("none", statuses=(503,))


@well((*PHP, "ovh"), "php", "club")
def warnings_at_every_visit(s: Scene) -> Truth:
    """The log grows, the pages are complete."""
    page = f"{s.rng.choice(('archive', 'statistik', 'liste', 'calendar'))}.php"
    noise = s.rng.sample([
        "$total = $undefined + 1;", "$first = [][0] ?? $nothing['x'];", "$old = @file_get_contents('/no/such/file'); $again = file_get_contents(__DIR__ . '/cache/no-such-file');",
        "trigger_error('The newsletter server did not answer, next try at night', E_USER_WARNING);", "$sum = '5 apples' + 3;", "error_log('Import: 41 rows, 2 errors, skipped');", "foreach (null ?? $missing as $row) {}",
    ], s.rng.randint(2, 5))  # fmt: skip
    if s.database:
        s.keep(s.at(page), club_page(s, "Archive", noise))
    else:
        s.keep(s.at(page), page_source(s, describe(s), "Archive", more=noise))
    s.pages.append(f"/{page}")
    return Truth("none", page=f"/{page}", statuses=(200,))


@well((*SHOWN, "ovh"), "php")
def unusual_settings_that_work(s: Scene) -> Truth:
    """Each line of the settings was thought about: a small limit that suffices, a file before each page, sessions of its own."""
    s.keep("guard/first.php", php("define('STARTED', microtime(true));"))
    s.folder("sessions", 0o700)
    lines = [
        "; settings of the site", f"memory_limit = {s.rng.choice((24, 32, 48))}M", f"auto_prepend_file = {s.path('guard/first.php')}", f'session.save_path = "{s.path("sessions")}"',
        f"max_execution_time = {s.rng.choice((5, 10, 300))}", "error_reporting = E_ALL & ~E_DEPRECATED", f"open_basedir = {s.place.home}/:/tmp/", "default_charset = ISO-8859-15", "precision = 17",
    ]  # fmt: skip
    s.keep(s.at(".user.ini"), "\n".join(s.rng.sample(lines, s.rng.randint(5, len(lines)))) + "\n")
    time.sleep(1.1)
    return Truth("none", statuses=(200,))


@well(_EVERY_APACHE, "static", "php")
def shop_that_was_given_up(s: Scene) -> Truth:
    """410 for what is gone for good, 403 for a folder of pictures without a list: both as it should be."""
    gone, folder = s.rng.choice(("shop", "boutique", "tienda")), s.rng.choice(("pictures", "bilder", "fotos"))
    s.keep(s.at(f"{folder}/one.jpg"), b"\xff\xd8\xff\xe0" + bytes(400))
    lines = s.rng.choice(((f"Redirect gone /{gone}",), (f"Redirect 410 /{gone}",), ("RewriteEngine On", f"RewriteRule ^{gone}(/|$) - [G]")))
    s.write(s.at(".htaccess"), text([("Options -Indexes",), lines, ('ErrorDocument 410 "This shop is closed. Thank you for 20 years."',)]))
    s.pages += [f"/{gone}/", f"/{folder}/"]
    return Truth("none", page=f"/{gone}/", statuses=(200, 403, 410))


@well(("plain", "ovh", "engine", "own-log", "shown"), "php", "club")
def modes_of_a_careful_owner(s: Scene) -> Truth:
    """What PHP alone reads is closed to everybody else, and something was left open that does no harm."""
    library = describe(s).library if not s.database else club(s).inc
    for name in s.path(s.at(library)).rglob("*.php"):
        name.chmod(s.rng.choice((0o600, 0o400, 0o440)))
    s.chmod(s.at(library), s.rng.choice((0o700, 0o500, 0o711)))
    s.keep(s.at("private/notes.txt"), "not for visitors\n", 0o600)
    s.chmod(s.at("private"), 0o700)
    s.chmod(s.at("cache"), 0o777)
    return Truth("none", statuses=(200,))
