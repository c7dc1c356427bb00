# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sound lines of a `.htaccess` that lead nowhere: rewriting in circles, handlers and passwords of another host, pages that are not there."""

from __future__ import annotations

import base64

from tests.lab import words
from tests.lab.cases.acceptance_at_hand import HTACCESS_PLACES, numbers, own_folder, password_line, write_grown
from tests.lab.cases.base import PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.blog_parts import option
from tests.lab.sites.htaccess_lines import Block, blocks, text
from tests.lab.sites.php_site import describe, filler, php


@case(HTACCESS_PLACES, "static", "php", "club")
def slash_behind_a_page_without_its_ending(s: Scene) -> Truth:
    """`/page` is answered, `/page/` turns in circles: what lies before the slash is there, with its ending."""
    ending = "php" if s.path(s.at("index.php")).exists() else "html"
    page = s.rng.choice(("preise", "anfahrt", "tarifs", "about-us", "kontaktdaten", "horaires"))
    source = words.html(s.rng, page.capitalize())
    s.keep(s.at(f"{page}.{ending}"), source)
    block: Block = s.rng.choice((
        ("RewriteEngine On", "RewriteCond %{REQUEST_FILENAME} !-d", f"RewriteCond %{{REQUEST_FILENAME}}.{ending} -f", f"RewriteRule ^(.*)$ $1.{ending} [L]"),
        ("RewriteEngine on", "RewriteBase /", f"RewriteCond %{{REQUEST_FILENAME}}\\.{ending} -f", f"RewriteRule ^(.+)$ $1.{ending} [NC,L]"),
        ("Options -MultiViews", "RewriteEngine On", f"RewriteCond %{{REQUEST_FILENAME}}.{ending} -f", "RewriteCond %{REQUEST_FILENAME} !-f", f"RewriteRule (.*) /$1.{ending} [QSA,L]"),
    ))  # fmt: skip
    (start,) = write_grown(s, s.at(".htaccess"), block)
    s.pages.append(f"/{page}")
    lines = numbers(start, block, "RewriteRule", f".{ending} -f")
    return Truth("htaccess-rewrite-loop", s.at(".htaccess"), lines, page=f"/{page}/")


@case(HTACCESS_PLACES, "static", "php", "club")
def visitors_sent_into_a_folder_again_and_again(s: Scene) -> Truth:
    """All of them, or those with a telephone alone; the folder has another name than the one that is left out, or none is."""
    folder, old = s.rng.sample(("m", "mobil", "site", "website", "neu", "v2", "relaunch"), 2)
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, s.rng.choice(words.TITLES)))
    is_phone = s.rng.random() < 0.5
    block: Block = (
        "RewriteEngine On",
        *(("RewriteCond %{HTTP_USER_AGENT} (android|iphone|ipod|blackberry) [NC]",) if is_phone else ()),
        *s.rng.choice(((), (f"RewriteCond %{{REQUEST_URI}} !^/{old}/",))),
        s.rng.choice((f"RewriteRule ^(.*)$ /{folder}/$1 [L]", f"RewriteRule ^(.*)$ {folder}/$1 [L,QSA]", f"RewriteRule (.*) /{folder}/$1")),
    )
    (start,) = write_grown(s, s.at(".htaccess"), block)
    phone = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"}
    return Truth(
        "htaccess-rewrite-loop", s.at(".htaccess"), numbers(start, block, "RewriteRule", "REQUEST_URI"), headers=phone if is_phone else {}
    )


@case(HTACCESS_PLACES, "wordpress")
def blog_that_left_its_folder(s: Scene) -> Truth:
    """The start page is there, every other page asks for the start file where it was before."""
    option(s, "permalink_structure", "/%postname%/")
    option(s, "rewrite_rules", "")
    old = s.rng.choice(("blog", "wordpress", "wp", "neu", "test", "dev"))
    block: Block = (
        "# BEGIN WordPress", "<IfModule mod_rewrite.c>", "RewriteEngine On", "RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]", f"RewriteBase /{old}/",
        "RewriteRule ^index\\.php$ - [L]", "RewriteCond %{REQUEST_FILENAME} !-f", "RewriteCond %{REQUEST_FILENAME} !-d", f"RewriteRule . /{old}/index.php [L]", "</IfModule>", "# END WordPress",
    )  # fmt: skip
    around = [each for each in blocks(s.rng, 0, 2) if not any("RewriteEngine" in line or "ErrorDocument" in line for line in each)]
    s.write(s.at(".htaccess"), text([*around, block]))
    start = s.line_of(s.at(".htaccess"), "# BEGIN WordPress")
    lines = numbers(start, block, "RewriteBase", "RewriteRule . /")
    return Truth("htaccess-wordpress-block", s.at(".htaccess"), lines, ("htaccess-rewrite-loop",), page="/opening-hours/")


@case((*HTACCESS_PLACES, "shown"), "php", "wordpress", "club")
def handler_of_the_host_before(s: Scene) -> Truth:
    """Programs are sent as text, with all that stands in them."""
    name = s.rng.choice(
        (
            "application/x-httpd-ea-php74",
            "application/x-httpd-php81",
            "application/x-httpd-alt-php72",
            "x-httpd-php5",
            "application/x-lsphp80",
            "php-fastcgi",
        )
    )
    opening = s.rng.choice(('<FilesMatch "\\.(php4|php5|php3|php2|php|phtml)$">', "<FilesMatch \\.php$>", "<Files *.php>"))
    block: Block = (
        *s.rng.choice(((), ("# php -- BEGIN cPanel-generated handler, do not edit",), ("# PHP version of the package",))),
        opening, f"  SetHandler {name}", f"</{opening[1:].split()[0]}>",
    )  # fmt: skip
    (start,) = write_grown(s, s.at(".htaccess"), block)
    lines = numbers(start, block, "SetHandler", opening)
    return Truth("htaccess-php-handler-override", s.at(".htaccess"), lines, statuses=(200,), body=b"<?php")


@case(HTACCESS_PLACES, "static", "php", "wordpress", "club")
def password_file_that_cannot_be_opened(s: Scene) -> Truth:
    """Whoever gives a password gets a 500; without one the browser asks for it. The file is elsewhere, or for the owner alone."""
    folder = own_folder(s, "intern", "downloads-b2b", "statistik", "clients", "espace-prive", "vorstand")
    user, path = s.rng.choice(("anna", "admin", "presse")), s.at(f"{folder}/.htaccess")
    file = s.rng.choice((".htpasswd", ".htusers", f"{folder}.pwd"))
    is_shut = s.rng.random() < 0.3
    where = s.rng.choice((f"/home/web{s.rng.randint(10, 999)}/{file}", f"/var/www/vhosts/old.example/{file}", f"/{s.www}/{folder}/{file}", file,
                          f"/homez.{s.rng.randint(10, 999)}/oldlogin/{s.www}/{folder}/{file}", f"C:/xampp/htdocs/{folder}/{file}"))  # fmt: skip
    if is_shut:
        where = str(s.path(f"{s.www}/{folder}/{file}"))
        s.write(f"{s.www}/{folder}/{file}", password_line(s, user), 0o600)
    elif s.rng.random() < 0.7:
        s.keep(s.at(f"{folder}/{file}"), password_line(s, user))  # it is there, but not where it is looked for
    quote = s.rng.choice(("", '"'))
    lines = [
        "AuthType Basic",
        'AuthName "Please log in"',
        f"AuthUserFile {quote}{where}{quote}",
        s.rng.choice(("Require valid-user", f"Require user {user}")),
    ]
    lines.insert(s.rng.randint(0, 4), s.rng.choice(("Options -Indexes", "# protected", "DirectoryIndex index.html")))
    s.write(path, text([tuple(lines)]))
    headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:Regen{s.rng.randint(10, 99)}".encode()).decode()}
    if is_shut:
        return Truth(
            "file-unreadable", s.at(f"{folder}/{file}"), (), ("htaccess-auth-file-missing",), f"/{folder}/", headers=headers, paths=(path,)
        )
    return Truth("htaccess-auth-file-missing", path, (s.line_of(path, "AuthUserFile"),), page=f"/{folder}/", headers=headers)


@case((*HTACCESS_PLACES, "engine"), "static", "php", "wordpress")
def start_page_under_another_name(s: Scene) -> Truth:
    """Saved in capitals, kept as a copy, or another name is asked for than it has."""
    name = "index.php" if s.path(s.at("index.php")).exists() else "index.html"
    stem, ending = name.split(".")
    if s.place.setup.server == "apache" and s.rng.random() < 0.4:
        wanted = s.rng.choice(("start.php", "accueil.html", "home.html", "default.php", "index.asp", "Index.php"))
        block: Block = (*s.rng.choice(((), ("# start page",))), f"DirectoryIndex {wanted}")
        around = [each for each in blocks(s.rng, 1, 3) if not any("DirectoryIndex" in line or "RewriteEngine" in line for line in each)]
        s.write(s.at(".htaccess"), text([*around, block]))
        return Truth("index-file-missing", s.at(".htaccess"), (s.line_of(s.at(".htaccess"), f"DirectoryIndex {wanted}"),), statuses=(403,))
    other = s.rng.choice(
        (f"Index.{ending}", name.upper(), f"{name}.bak", f"{stem} (1).{ending}", f"{stem}_old.{ending}", f"_{name}", f"{name}.txt")
    )
    s.path(s.at(name)).rename(s.path(s.at(other)))
    return Truth("index-file-missing", statuses=(403,))


@case((*PHP, "ovh", "shown"), "php")
def link_into_a_release_that_was_cleared_away(s: Scene) -> Truth:
    """Old releases were taken away, and with them the one that a link still leads to."""
    site = describe(s)
    name = s.rng.choice((site.settings, site.helpers))
    release = f"releases/20{s.rng.randint(21, 25)}{s.rng.randint(1, 12):02d}{s.rng.randint(1, 28):02d}{s.rng.randint(100000, 235959)}"
    newer = "releases/20260301120000"
    s.keep(f"{newer}/README.txt", "The current release.\n")
    s.remove(s.at(name))
    target = s.rng.choice((f"../../{release}/{name}", f"../../shared-old/{name.rpartition('/')[2]}"))
    s.path(s.at(name)).symlink_to(target)
    s.place.account.own(s.path(s.at(name)))
    s.age(s.at(name), s.rng.uniform(30, 300))
    start = s.at(site.start)
    return Truth("php-missing-file", start, (s.line_of(start, f"'/{name.rpartition('/')[2]}'"),), paths=(s.at(name),))


@case(("plain", "shared", "fcgid", "own-log"), "php", "club", "static")
def page_for_wrong_addresses_that_fails_itself(s: Scene) -> Truth:
    """What is there is answered; what is not gives a 500, since a part of the error page was moved."""
    page = s.rng.choice(("404.php", "error.php", "errors/404.php", "fehler.php", "notfound.php"))
    up = "../" * page.count("/")
    part = s.rng.choice(("parts/header.php", "layout/top.php", "tpl/head.inc.php", "kopf.php"))
    inclusion = s.rng.choice(
        (f"require __DIR__ . '/{up}{part}';", f"require_once '{up}{part}';", f"require($_SERVER['DOCUMENT_ROOT'] . '/{part}');")
    )
    s.keep(
        s.at(page),
        php(filler(s.rng, s.rng.randint(0, 9)), inclusion, *s.rng.choice(([], ["http_response_code(404);"])), "?>")
        + words.html(s.rng, "Not found"),
    )
    stem = part.rpartition("/")[2]
    s.keep(s.at(f"templates-2025/{stem}"), php("// the head of every page", "$title = 'Site';"))
    block: Block = (f"ErrorDocument 404 /{page}",)
    around = [each for each in blocks(s.rng, 1, 3) if not any("ErrorDocument 404" in line or "RewriteEngine" in line for line in each)]
    s.write(s.at(".htaccess"), text([*around, block]))
    wrong = f"/{s.rng.choice(('angebot-2019', 'old-prices', 'produit-12', 'summer', 'wp-login'))}.html"
    return Truth("php-missing-file", s.at(page), (s.line_of(s.at(page), inclusion),), page=wrong)
