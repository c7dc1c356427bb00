# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Settings of the web server that people copied, moved along or wrote themselves."""

from __future__ import annotations

import base64

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import with_lines

_MEMBERS = ("Mitgliederbereich", "Espace adhérents", "Área de socios", "Committee only", "Solo soci")


def _members(s: Scene) -> str:
    """A folder for members, with its start page."""
    folder = s.rng.choice(("mitglieder", "adherents", "socios", "committee", "vorstand", "interne"))
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, s.rng.choice(_MEMBERS)))
    s.pages = ["/"]
    return folder


@case((*LOGGED, "ovh"), "static", "php")
def members_after_the_move(s: Scene) -> Truth:
    """The site was moved to another host; the password file came along, its path in .htaccess is still the old host's."""
    folder = _members(s)
    old = s.rng.choice(
        ("/home/www/w0098123/.htpasswd", "/homepages/12/d4711/htdocs/.htpasswd", "/var/www/vhosts/old.example/private/.htpasswd")
    )
    quote = s.rng.choice(("", '"'))
    lines = ["AuthType Basic", f'AuthName "{s.rng.choice(_MEMBERS)}"', f"AuthUserFile {quote}{old}{quote}", "Require valid-user"]
    s.keep(".htpasswd", "anna:$apr1$Kd81xQ2p$/mAdWnrVXjXGrFbre2r7/.\n")
    s.write(s.at(f"{folder}/.htaccess"), "\n".join(lines) + "\n")
    login = {"Authorization": "Basic " + base64.b64encode(b"anna:vorschau").decode()}
    return Truth("htaccess-auth-file-missing", s.at(f"{folder}/.htaccess"), (3,), page=f"/{folder}/", headers=login)


@case(APACHE, "php")
def handler_of_the_old_host(s: Scene) -> Truth:
    """After the move visitors see the program's source or are offered it as a download."""
    block = s.rng.choice((
        ("# PHP 8.1", '<FilesMatch "\\.(php4|php5|php3|php2|php|phtml)$">', "  SetHandler application/x-lsphp81", "</FilesMatch>"),
        ("# Use PHP74 as default", '<FilesMatch "\\.php$">', "    SetHandler application/x-httpd-php74", "</FilesMatch>"),
        ("# php -- BEGIN handler", '<FilesMatch "\\.ph(p[3-8]?|tml)$">', "\tSetHandler application/x-httpd-alt-php80", "</FilesMatch>", "# php -- END handler"),
    ))  # fmt: skip
    first = with_lines(s, s.at(".htaccess"), block, without="RewriteEngine")
    return Truth("htaccess-php-handler-override", s.at(".htaccess"), (first + 1, first + 2, first + 3), statuses=(200,), body=b"<?php")


@case((*LOGGED, "ovh"), "static", "php")
def quotes_of_a_word_processor(s: Scene) -> Truth:
    """The lines were written down in a word processor first, which made its own quotation marks of them."""
    if s.rng.random() < 0.5:
        folder = _members(s)
        path, page = s.at(f"{folder}/.htaccess"), f"/{folder}/"
        s.keep(".htpasswd", "anna:$apr1$Kd81xQ2p$/mAdWnrVXjXGrFbre2r7/.\n")
        name = s.rng.choice(("„Nur für Mitglieder“", "« Réservé aux adhérents »", "“Members only please”"))
        s.write(path, f"AuthType Basic\nAuthName {name}\nAuthUserFile {s.path('.htpasswd')}\nRequire valid-user\n")
        return Truth("htaccess-bad-argument", path, (2,), page=page)
    line = s.rng.choice(
        (
            "Redirect 301 “/alte seite.html” /",
            "Redirect permanent «/ancienne page.html» /contact.html",
            "Redirect 301 „/über uns.html“ /about.html",
        )
    )
    first = with_lines(s, s.at(".htaccess"), (line,))
    return Truth("htaccess-bad-argument", s.at(".htaccess"), (first,))


@case((*LOGGED, "ovh"), "static")
def address_within_itself(s: Scene) -> Truth:
    """The pages of a folder moved one deeper; the redirect catches its own target. The browser says: too many redirects."""
    folder = s.rng.choice(("kurse", "cours", "cursos", "courses", "corsi"))
    below = s.rng.choice(("aktuell", "2026", "overview", "nuevo"))
    s.keep(s.at(f"{folder}/{below}/index.html"), words.html(s.rng, folder.capitalize()))
    line = s.rng.choice(
        (
            f"Redirect 301 /{folder} /{folder}/{below}",
            f"Redirect /{folder}/ /{folder}/{below}/",
            f"RedirectMatch 301 ^/{folder}/(.*)$ /{folder}/{below}/$1",
        )
    )
    first = with_lines(s, s.at(".htaccess"), (line,))
    s.pages = ["/"]
    return Truth("redirect-loop", s.at(".htaccess"), (first,), page=f"/{folder}/", statuses=(301, 302))


@case(APACHE, "codeigniter3", "php")
def short_addresses_for_everything(s: Scene) -> Truth:
    """Addresses without index.php: the conditions that spare what exists were commented out while trying."""
    rule = s.rng.choice(
        ("RewriteRule ^(.*)$ index.php/$1 [L]", "RewriteRule ^(.*)$ /index.php/$1 [L,QSA]", "RewriteRule (.*) index.php/$1")
    )
    conditions = ("#RewriteCond %{REQUEST_FILENAME} !-f", "#RewriteCond %{REQUEST_FILENAME} !-d")
    lines = ["Options -Indexes", "RewriteEngine On", *s.rng.choice(((), ("RewriteBase /",))), *s.rng.choice((conditions, ())), rule, ""]
    s.write(s.at(".htaccess"), "\n".join(lines))
    return Truth("htaccess-rewrite-loop", s.at(".htaccess"), (s.line_of(s.at(".htaccess"), rule),))


@case(("shared",), "laravel", "static", "php")
def options_that_the_host_refuses(s: Scene) -> Truth:
    """The program's own .htaccess asks for an option that this host lets nobody set."""
    option = s.rng.choice(
        ("Options +FollowSymLinks", "Options -MultiViews +FollowSymLinks", "Options FollowSymLinks", "Options +FollowSymLinks -Indexes")
    )
    lines = [
        "<IfModule mod_rewrite.c>", f"    {option}", "    RewriteEngine On", "", "    # Redirect trailing slashes", "    RewriteCond %{REQUEST_FILENAME} !-d",
        "    RewriteCond %{REQUEST_URI} (.+)/$", "    RewriteRule ^ %1 [L,R=301]", "</IfModule>", "",
    ]  # fmt: skip
    s.write(s.at(".htaccess"), "\n".join(lines))
    return Truth("htaccess-directive-not-allowed", s.at(".htaccess"), (2,))
