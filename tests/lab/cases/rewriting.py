# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Faults of a `.htaccess` that is read well and does harm: loops, proxies, passwords, handlers, modes."""

from __future__ import annotations

import dataclasses

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, Truth, case
from tests.lab.cases.htaccess import plant
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.wordpress_site import BLOCK
from tests.servers import free_port

PHONE = {
    "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
}


@case(APACHE, "static", "php", times=2)
def loop(s: Scene) -> Truth:
    """Every address is sent on to one that the same rule sends on."""
    rule = s.rng.choice((
        "RewriteRule ^(.*)$ /{0}/$1 [L]", "RewriteRule ^(.*)$ {0}/$1", "RewriteRule ^(.+)$ /$1.html [L]", "RewriteRule (.*) /index.html/$1 [L]",
    )).format(s.rng.choice(words.FOLDERS))  # fmt: skip
    path, line, page = plant(s, (rule,), where="root", rewriting=True)
    return Truth("htaccess-rewrite-loop", path, (line,), page=s.pages[1] if "(.+)" in rule else page)


@case(APACHE, "static", "php")
def loop_of_some_pages(s: Scene) -> Truth:
    folder = s.rng.choice(words.FOLDERS)
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    path, line, _page = plant(s, (f"RewriteRule ^{folder}/(.*)$ /{folder}/x/$1 [L]",), where="root", rewriting=True)
    s.pages = [*s.pages, f"/{folder}/"]
    return Truth("htaccess-rewrite-loop", path, (line,), page=f"/{folder}/")


@case(APACHE, "static", "php")
def loop_for_phones(s: Scene) -> Truth:
    lines = ('RewriteCond %{HTTP_USER_AGENT} "iphone|android|mobile" [NC]', "RewriteRule ^(.*)$ /m/$1 [L]")
    path, line, _page = plant(s, lines, where="root", rewriting=True)
    return Truth("htaccess-rewrite-loop", path, (line, line + 1), headers=PHONE)


@case(("plain",), "static")
def loop_that_starts_over(s: Scene) -> Truth:
    """The flag N without an end."""
    path, line, _page = plant(s, ("RewriteRule ^(.*)a(.*)$ $1aa$2 [N]",), where="root", rewriting=True)
    s.keep(s.at("a.html"), words.html(s.rng, "A"))
    s.pages = ["/", "/a.html"]
    return Truth("htaccess-rewrite-loop", path, (line,), page="/a.html")


@case(APACHE, "wordpress", times=2)
def wordpress_block_damaged(s: Scene) -> Truth:
    """Without its conditions the block sends everything to a file that is not there."""
    kept = [line for line in BLOCK if "RewriteCond" not in line and "^index" not in line]
    folder = s.rng.choice(words.FOLDERS)
    broken = [line.replace("/index.php [L]", f"/{folder}/index.php [L]") for line in kept]
    around = blocks(s.rng, 0, 3)
    s.write(s.at(".htaccess"), text([*around, tuple(broken)]))
    first = sum(len(block) for block in around) + 1
    return Truth("htaccess-wordpress-block", s.at(".htaccess"), tuple(range(first, first + len(broken))), ("htaccess-rewrite-loop",))


@case(APACHE, "static", "php")
def password_file_missing(s: Scene) -> Truth:
    """Who brings a password meets a 500; who brings none is only asked for one."""
    name = s.rng.choice((".htpasswd", "private/.users", "passwords.txt"))
    lines = ("AuthType Basic", 'AuthName "Members"', f'AuthUserFile "{s.path(name)}"', "Require valid-user")
    path, line, page = plant(s, lines, where=s.rng.choice(("root", "sub")), without="Require")
    return Truth("htaccess-auth-file-missing", path, (line + 2,), page=page, headers={"Authorization": "Basic YW5uYTpicmVhZA=="})


@case(APACHE, "static", "php")
def password_file_unreadable(s: Scene) -> Truth:
    name = s.rng.choice((".htpasswd", ".users"))
    s.write(name, "anna:{SHA}b/KR2BdbHWJIks1FlEQQT7186H8=\n", 0o600)
    lines = ("AuthType Basic", 'AuthName "Members"', f'AuthUserFile "{s.path(name)}"', "Require valid-user")
    path, line, page = plant(s, lines, where="root", without="Require")
    login = {"Authorization": "Basic YW5uYTpicmVhZA=="}
    return Truth("htaccess-auth-file-missing", path, (line + 2,), ("file-unreadable",), page, headers=login, paths=(name,))


@case(LOGGED, "static", "php")
def proxy_without_a_target(s: Scene) -> Truth:
    folder = s.rng.choice(("api", "app", "chat", "live"))
    path, line, _page = plant(s, (f"RewriteRule ^{folder}/(.*)$ http://127.0.0.1:{free_port()}/$1 [P,L]",), where="root", rewriting=True)
    s.pages = [*s.pages[:2], f"/{folder}/"]
    return Truth("htaccess-proxy-target-down", path, (line,), ("upstream-bad-gateway",), f"/{folder}/", (503, 502))


@case(APACHE, "php")
def handler_of_another_host(s: Scene) -> Truth:
    handler = s.rng.choice(("application/x-httpd-ea-php74", "application/x-httpd-php56", "x-httpd-php73", "application/x-lsphp80"))
    path, line, _page = plant(s, ('<FilesMatch "\\.(php|php7|phtml)$">', f"  SetHandler {handler}", "</FilesMatch>"), where="root")
    return Truth("htaccess-php-handler-override", path, (line + 1,), statuses=(200,), body=b"<?php")


@case(APACHE, "static", "php")
def unreadable(s: Scene) -> Truth:
    path, _line, page = plant(s, ("Options -Indexes",), where=s.rng.choice(("root", "sub")))
    s.chmod(path, s.rng.choice((0o600, 0o000, 0o700, 0o400)))
    return Truth("htaccess-unreadable", path, page=page, statuses=(403,))


@case(APACHE, "static", "php")
def folder_in_its_place(s: Scene) -> Truth:
    """A folder by the name of .htaccess, as an upload program makes it by a slip."""
    if s.path(s.at(".htaccess")).exists():
        s.remove(s.at(".htaccess"))
    s.folder(s.at(".htaccess"))
    return Truth("htaccess-unreadable", s.at(".htaccess"), statuses=(403, 500))


@case(LOGGED, "static", "php")
def redirected_for_ever(s: Scene) -> Truth:
    """An external redirect that meets itself again: the host's catalogue calls it by another name than a loop inside."""
    lines = s.rng.choice((
        ("RewriteRule ^(.*)$ /$1 [R=301,L]",), ("RewriteCond %{HTTPS} off", f"RewriteRule ^ {s.place.url}%{{REQUEST_URI}} [R=301,L]"),
        ("RewriteCond %{HTTP_HOST} !^www\\. [NC]", f"RewriteRule ^(.*)$ {s.place.url}/$1 [R=302,L]"),
    ))  # fmt: skip
    path, line, _page = plant(s, lines, where="root", rewriting=True)
    return Truth("redirect-loop", path, tuple(range(line, line + len(lines))), statuses=(301, 302))


@case(LOGGED, "php")
def fault_below_a_fault(s: Scene) -> Truth:
    """A program that fails behind a `.htaccess` that fails: the first is what visitors meet."""
    path, line, page = plant(s, (words.misspelt(s.rng, "RewriteEngine", frozenset()) + " On",), where="root")
    s.write(s.at("index.php"), s.read(s.at("index.php")) + b"\nnothing_of_that_name(;\n")
    return dataclasses.replace(Truth("htaccess-invalid-directive", path, (line,)), page=page)


@case(APACHE, "static", "php")
def redirect_that_meets_itself(s: Scene) -> Truth:
    """A prefix that fits its own target (mod_alias, which knows no conditions)."""
    path, line, _page = plant(s, (f"Redirect 301 / {s.place.url}/{s.rng.choice(words.FOLDERS)}-new/",), where="root")
    return Truth("redirect-loop", path, (line,), statuses=(301,))


@case(APACHE, "static", "php")
def start_page_of_another_name(s: Scene) -> Truth:
    """DirectoryIndex names a file that nobody uploaded."""
    name = s.rng.choice(("default.asp", "start.php", "home.html", "accueil.html"))
    path, line, _page = plant(s, (f"DirectoryIndex {name}",), where="root", without="DirectoryIndex")
    return Truth("index-file-missing", path, (line,), statuses=(403, 404), paths=(s.www, s.at(name)))


@case(("plain", "shared", "fcgid"), "wordpress")
def wordpress_block_of_another_folder(s: Scene) -> Truth:
    """The site was moved out of a folder; every address but the start page goes round in circles or is a 404."""
    assert s.database is not None
    s.databases.run(
        f"UPDATE {s.database.prefix}options SET option_value = '/%postname%/' WHERE option_name = 'permalink_structure'", s.database.name
    )
    folder = s.rng.choice(("old", "neu", "wp", "dev"))
    old = s.read(s.at(".htaccess")).decode()
    s.write(
        s.at(".htaccess"),
        old.replace("RewriteBase /\n", f"RewriteBase /{folder}/\n").replace(
            "RewriteRule . /index.php", f"RewriteRule . /{folder}/index.php"
        ),
    )
    s.pages = ["/", "/opening-hours/"]
    line = s.line_of(s.at(".htaccess"), f"/{folder}/index.php")
    return Truth(
        "htaccess-wordpress-block",
        s.at(".htaccess"),
        tuple(range(line - 7, line + 1)),
        ("htaccess-rewrite-loop",),
        "/opening-hours/",
        (404, 500),
    )


@case(("plain", "shared", "fcgid"), "wordpress")
def one_line_of_wordpresss_block(s: Scene) -> Truth:
    """One line is another than WordPress writes, so that only its start page is found."""
    assert s.database is not None
    s.databases.run(
        f"UPDATE {s.database.prefix}options SET option_value = '/%postname%/' WHERE option_name = 'permalink_structure'", s.database.name
    )
    right, wrong = s.rng.choice(
        (
            ("RewriteRule . /index.php [L]", "#RewriteRule . /index.php [L]"),
            ("RewriteCond %{REQUEST_FILENAME} !-f", "RewriteCond %{REQUEST_FILENAME} -f"),
            ("RewriteRule ^index\\.php$ - [L]", "RewriteRule ^ - [L]"),
            ("<IfModule mod_rewrite.c>", "<IfModule !mod_rewrite.c>"),
            ("# END WordPress", "# END WordPress\nRewriteEngine Off"),
        )
    )
    path = s.at(".htaccess")
    s.write(path, s.read(path).decode().replace(right, wrong, 1))
    s.pages = ["/", "/opening-hours/"]
    return Truth("htaccess-wordpress-block", path, (s.line_of(path, wrong.rpartition("\n")[2]),), (), "/opening-hours/", (404,))
