# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Acceptance: two faults at once, moves from another host, and sites below a site."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import APACHE, PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.edits import lines_at
from tests.lab.sites.htaccess_lines import REWRITING, blocks, text
from tests.lab.sites.php_site import filler, php

_WORD = ("# from the old host",)


def _settings(s: Scene, path: str, lines: list[str]) -> None:
    """Writes a `.user.ini`; what PHP remembers of the one before is forgotten afterwards."""
    s.write(path, "\n".join(lines) + "\n")
    time.sleep(1.1)


def _subsite(s: Scene, folder: str, source: str = "") -> None:
    """A site of its own in a folder: a start page in PHP, a picture, a text."""
    s.keep(s.at(f"{folder}/index.php"), source or (php("header('X-Site: own');", "?>") + words.html(s.rng, folder.capitalize())))
    s.keep(s.at(f"{folder}/readme.txt"), f"{s.rng.choice(words.SENTENCES)}\n")


# --- one account, one site


@case((*APACHE, "fcgid"), "static", "club", "joomla")
def two_lines_that_the_new_host_does_not_know(s: Scene) -> Truth:
    """The log names the first alone; the page stays broken when that one is taken away."""
    rng = s.rng
    kinds = (
        ("htaccess-php-directive-under-fpm", rng.choice(("php_value upload_max_filesize 64M", "php_flag display_errors Off", "php_value max_execution_time 120"))),
        ("htaccess-apache22-syntax", rng.choice(("Order allow,deny", "Deny from 198.51.100.7", "Satisfy Any"))),
        ("htaccess-invalid-directive", rng.choice(("DirectoyIndex index.php index.html", "RewriteEngin On", "ErorDocument 404 /404.html", "AddTyp image/webp .webp"))),
        ("htaccess-module-not-loaded", rng.choice(("SecRuleEngine Off", "PassengerEnabled off", "ModPagespeed off", "SuPHP_ConfigPath /home/muster/etc"))),
    )  # fmt: skip
    one, other = rng.sample(kinds, 2)
    around = blocks(rng, 3)
    first = rng.randint(0, len(around) - 1)
    second = rng.randint(first + 1, len(around))
    path = s.at(".htaccess")
    s.write(path, text([*around[:first], (*_WORD, one[1]), *around[first:second], (other[1],), *around[second:]]))
    at = sum(len(block) for block in around[:first]) + 2
    later = sum(len(block) for block in around[:second]) + 3
    return Truth(one[0], path, (at, later), (other[0],))


@case(APACHE, "club", "joomla", "prestashop")
def handler_chosen_at_the_old_host(s: Scene) -> Truth:
    """The panel there wrote down which PHP runs; here nobody knows the word, and the source goes out."""
    word = s.rng.choice(("x-httpd-php74", "x-lsphp81", "x-httpd-ea-php80", "x-httpd-alt-php73", "x-httpd-phpcgi"))
    opened, closed = s.rng.choice(
        (('<FilesMatch "\\.(php|phtml)$">', "</FilesMatch>"), ("<Files *.php>", "</Files>"), ("<FilesMatch \\.php$>", "</FilesMatch>"))
    )
    handler = (
        s.rng.choice(("# php -- BEGIN generated handler, do not edit", "# version of PHP")),
        opened,
        f"  SetHandler application/{word}",
        closed,
    )
    around = blocks(s.rng, 1, 4)
    around.insert(s.rng.randint(0, len(around)), handler)
    path = s.at(".htaccess")
    s.write(path, text(around))
    return Truth("htaccess-php-handler-override", path, (s.line_of(path, word),), statuses=(200,), body=b"<?php")


@case((*PHP, "ovh"), "php", "club", "opencart")
def confined_to_the_home_of_the_old_host(s: Scene) -> Truth:
    """Not even the start page may be opened."""
    old = s.rng.choice(
        ("/home/muster/public_html/", "/var/www/vhosts/mugs.example/", "/homez.77/mugs/www", "/customers/1/8/mugs.example/httpd.www")
    )
    lines = [
        "upload_max_filesize = 32M",
        f"open_basedir = {old}:/tmp",
        "max_input_vars = 3000",
        "; from the panel",
        "date.timezone = Europe/Paris",
    ]
    s.rng.shuffle(lines)
    path = s.at(".user.ini")
    _settings(s, path, lines)
    return Truth("open-basedir", path, (s.line_of(path, "open_basedir"),), statuses=(403, 404, 500))


# --- a site below a site


@case((*APACHE, "fcgid"), "static", "php", "prestashop")
def subsite_forwards_into_its_folder_for_ever(s: Scene) -> Truth:
    """It had an address of its own before: the condition that ended the forwarding knows that address alone."""
    rng, folder, inner = (
        s.rng,
        s.rng.choice(words.FOLDERS) + s.rng.choice(("", "2", "-neu")),
        s.rng.choice(("public", "web", "htdocs", "site")),
    )
    _subsite(s, f"{folder}/{inner}")
    guard = rng.choice(((), (f"RewriteCond %{{REQUEST_URI}} !^/{inner}/",), ("RewriteCond %{HTTPS} !=on",)))
    rule = rng.choice((f"RewriteRule ^(.*)$ {inner}/$1 [L]", f"RewriteRule (.*) {inner}/$1 [L,QSA]"))
    path = s.at(f"{folder}/.htaccess")
    s.write(
        path, text([("Options -Indexes",), ("# everything is in there", "RewriteEngine On", *guard, rule), ("AddCharset UTF-8 .css .js",)])
    )
    return Truth("htaccess-rewrite-loop", path, lines_at(s, path, rule, *guard), page=f"/{folder}/")


@case((*PHP, "ovh"), "php", "club", "joomla")
def guard_of_the_main_site_reaches_the_subsite(s: Scene) -> Truth:
    """It is named without its folder, so that it is found by the scripts beside it and by no others."""
    folder, guard = (
        s.rng.choice(("shop2", "verein", "cours", "archiv", "gite")),
        s.rng.choice(("guard", "firewall", "before", "_ban", "stats_prepend")),
    )
    s.keep(
        s.at(f"{guard}.php"),
        php(filler(s.rng, s.rng.randint(0, 8)), "if (($_SERVER['HTTP_USER_AGENT'] ?? '') === 'BadBot') { http_response_code(403); exit; }"),
    )
    _subsite(s, folder)
    line = s.rng.choice((f"auto_prepend_file = {guard}.php", f'auto_prepend_file = "{guard}.php"', f"auto_prepend_file={guard}.php"))
    lines = ["; against robots", line, "post_max_size = 32M"]
    path = s.at(".user.ini")
    _settings(s, path, lines)
    return Truth("user-ini-bad-prepend", path, (2,), page=f"/{folder}/index.php")


@case((*APACHE, "fcgid"), "static", "php", "mediawiki")
def rules_of_a_retired_server_in_a_subsite(s: Scene) -> Truth:
    """The folder was copied from a machine of ten years ago; the site above it answers."""
    folder = s.rng.choice(words.FOLDERS) + s.rng.choice(("_2014", "_old", "1", ""))
    _subsite(s, folder)
    rules = s.rng.choice((
        ('<FilesMatch "\\.(inc|tpl|sql)$">', "  Order allow,deny", "  Deny from all", "</FilesMatch>"),
        ("Order deny,allow", "Deny from 198.51.100.0/24", "Deny from 203.0.113.9"),
        ("<Files config.php>", "order deny,allow", "deny from all", "</Files>"),
        ("<Limit GET POST>", "Order Allow,Deny", "Allow from all", "</Limit>"),
    ))  # fmt: skip
    around = [
        block for block in blocks(s.rng, 1, 4) if block not in REWRITING and not any("Order" in line or "Deny" in line for line in block)
    ]
    at = s.rng.randint(0, len(around))
    path = s.at(f"{folder}/.htaccess")
    s.keep(path, text([*around[:at], rules, *around[at:]]))
    start = sum(len(block) for block in around[:at]) + 1
    lines = tuple(start + number for number, line in enumerate(rules) if line.strip().lower().startswith(("order", "deny", "allow")))
    return Truth("htaccess-apache22-syntax", path, lines, page=f"/{folder}/")


@case((*SHOWN, "ovh"), "static", "club", "wordpress")
def subsite_whose_folder_may_not_be_entered(s: Scene) -> Truth:
    """All that lies in it was given the mode of a file, the folder itself too."""
    folder, library = s.rng.choice(("crm", "agenda", "planner", "stock", "formation")), s.rng.choice(words.LIBRARIES)
    s.keep(s.at(f"{folder}/{library}/start.php"), php(filler(s.rng, 4), "define('STARTED', true);"))
    s.keep(s.at(f"{folder}/{library}/texts.php"), php("return ['title' => 'Planner'];"))
    _subsite(
        s,
        folder,
        php(filler(s.rng, s.rng.randint(0, 6)), f"require __DIR__ . '/{library}/start.php';", "?>")
        + words.html(s.rng, folder.capitalize()),
    )
    path = s.at(f"{folder}/{library}")
    s.chmod(path, s.place.setup.file_mode)
    return Truth("folder-not-traversable", path, page=f"/{folder}/index.php")


@case((*APACHE, "fcgid"), "static", "php", "drupal")
def setting_of_php_above_the_docroot(s: Scene) -> Truth:
    """A file for all sites of the account, in the folder that holds them."""
    line = s.rng.choice(
        (
            "php_flag magic_quotes_gpc off",
            "php_value memory_limit 256M",
            "php_flag register_globals 0",
            "php_value session.gc_maxlifetime 14400",
            "php_admin_flag engine on",
        )
    )
    around = [("Options -Indexes",), ("AddCharset UTF-8 .css .js",), ('<Files ".htpasswd">', "Require all denied", "</Files>")]
    around.insert(s.rng.randint(0, 3), ("# for all sites", line))
    s.write(".htaccess", text(around))
    return Truth("htaccess-php-directive-under-fpm", ".htaccess", (s.line_of(".htaccess", line),))
