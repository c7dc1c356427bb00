# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""`.htaccess` as a support desk meets it: after moves, after intruders, after good advice."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, Truth, case
from tests.lab.cases.htaccess import plant
from tests.lab.cases.support_desk_php import page_below
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.wordpress_site import BLOCK
from tests.servers import free_port

_VISITOR = {"Authorization": "Basic YW5uYTpicmVhZA=="}
_BRANDS = ("Easy Gallery", "Speed Booster", "Site Guard", "Image Helper", "Redirect Manager")


@case(APACHE, "static", "php", "wordpress")
def remark_without_its_sign(s: Scene) -> Truth:
    """Somebody tidied up and took the first letter of a line along."""
    brand = s.rng.choice(_BRANDS)
    inner = ("<IfModule mod_headers.c>", "  Header unset ETag", "</IfModule>")
    lines, at = s.rng.choice((
        ((f"# BEGIN {brand}", *inner, f"END {brand}"), 4), ((f"BEGIN {brand}", *inner, f"# END {brand}"), 0),
        ((f"------ {brand} ------", *inner), 0), (("# Nobody needs the tag of a file,", "it only costs time.", *inner), 1),
    ))  # fmt: skip
    path, line, page = plant(s, lines)
    return Truth("htaccess-invalid-directive", path, (line + at,), (), page)


@case(APACHE, "static", "php")
def program_that_the_old_panel_ran(s: Scene) -> Truth:
    """The panel's block for a program in Node or Python came along with the files, the module did not."""
    folder, old = s.rng.choice(("app", "shop-api", "tickets", "board")), f"/home/{s.rng.choice(('kd4711', 'verein', 'shopone'))}"
    kind = s.rng.choice((
        (f'PassengerNodejs "{old}/nodevenv/{folder}/18/bin/node"', "PassengerAppType node", "PassengerStartupFile server.js"),
        (f'PassengerPython "{old}/virtualenv/{folder}/3.9/bin/python3.9"',),
    ))  # fmt: skip
    lines = (
        "# PASSENGER CONFIGURATION BEGIN, made by the panel",
        f'PassengerAppRoot "{old}/{folder}"',
        f'PassengerBaseURI "/{folder}"',
        *kind,
        "# PASSENGER CONFIGURATION END",
    )
    name = s.at(s.rng.choice((".htaccess", f"{folder}/.htaccess")))
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    before = text(blocks(s.rng, 0, 2)) if name == s.at(".htaccess") else ""
    s.write(name, before + "\n".join(lines) + "\n")
    s.pages = [*s.pages[:2], f"/{folder}/"]
    first = before.count("\n") + 2
    return Truth("htaccess-module-not-loaded", name, tuple(range(first, first + 2 + len(kind))), (), f"/{folder}/")


@case(APACHE, "php", "wordpress")
def firewall_of_a_plugin_that_moved(s: Scene) -> Truth:
    """Two at once: its file before every page is named in `.htaccess` for a PHP that was a part of Apache, and in `.user.ini` by the old path."""
    brand = s.rng.choice(_BRANDS)
    old = f"/home/{s.rng.choice(('kd4711', 'verein', 'shopone'))}/public_html/{s.rng.choice(('waf', 'firewall', 'guard'))}-start.php"
    module, hidden = s.rng.choice((("mod_php5.c", "mod_php7.c"), ("mod_php7.c", "lsapi_module")))
    lines = (
        f"# {brand} firewall", f"<IfModule {module}>", f"  php_value auto_prepend_file '{old}'", "</IfModule>", f"<IfModule {hidden}>", f"  php_value auto_prepend_file '{old}'", "</IfModule>",
        f"php_value auto_prepend_file '{old}'", '<Files ".user.ini">', "  Require all denied", "</Files>", f"# END {brand} firewall",
    )  # fmt: skip
    path, line, _page = plant(s, lines, where="root", without="php_")
    s.write(s.at(".user.ini"), f"; {brand} firewall\nauto_prepend_file = '{old}'\n; END {brand} firewall\n")
    return Truth("htaccess-php-directive-under-fpm", path, (line + 7,))


@case(APACHE, "php", "wordpress")
def left_by_intruders(s: Scene) -> Truth:
    """They let nobody run anything but their own files, in every folder, and write as for an older Apache."""
    names = "|".join((*s.rng.sample(words.PAGES, 3), "index", f"lock{s.rng.randint(100, 999)}", "wp-login", "admin"))
    lines = (
        f'<FilesMatch "\\.({s.rng.choice(("py|exe|phtml|php", "PhP|php5|suspected|php", "php|PHP|Php|phtml"))})$">', "Order allow,deny", "Deny from all", "</FilesMatch>",
        f'<FilesMatch "^({names})\\.php$">', "Order allow,deny", "Allow from all", "</FilesMatch>",
    )  # fmt: skip
    for folder in [entry for entry in s.path(s.www).iterdir() if entry.is_dir()][:4]:
        s.write(s.at(f"{folder.name}/.htaccess"), "\n".join(lines) + "\n", 0o444)
    old = s.read(s.at(".htaccess")).decode() if s.path(s.at(".htaccess")).exists() else ""
    s.write(s.at(".htaccess"), "\n".join(lines) + "\n" + old, s.place.setup.file_mode & 0o444)
    return Truth("htaccess-apache22-syntax", s.at(".htaccess"), (2, 3, 6, 7))


@case(APACHE, "static", "php")
def lines_for_the_servers_own_settings(s: Scene) -> Truth:
    """What a guide says is to be added to the configuration of Apache."""
    lines, at = s.rng.choice((
        (("# without this, rewriting does not work", "LoadModule rewrite_module modules/mod_rewrite.so"), 1), (("# redirects are kept in a file of their own", "Include conf/redirects.conf"), 1),
        (("<IfModule mod_proxy.c>", "  ProxyPreserveHost On", "</IfModule>"), 1), (("# the program behind", "ProxyPassReverse /api http://127.0.0.1:3000/api"), 1),
        (('LogFormat "%a %t %r %>s" short', "SetEnv SHORT 1"), 0), (("ServerAdmin webmaster@example.com", "ServerSignature Off"), 0), (("User www-data", "Options -Indexes"), 0),
    ))  # fmt: skip
    path, line, page = plant(s, lines)
    return Truth("htaccess-directive-not-allowed", path, (line + at,), (), page)


@case(APACHE, "static", "php")
def end_of_a_section_askew(s: Scene) -> Truth:
    """There is an end, but with the wrong stroke, a blank, or a bracket too few."""
    kind, what, inner = s.rng.choice(
        (
            ("FilesMatch", '"\\.(ini|log)$"', "Require all denied"),
            ("Files", '"config.inc"', "Require all denied"),
            ("IfModule", "mod_expires.c", "ExpiresActive On"),
        )
    )
    end = s.rng.choice((f"<\\{kind}>", f"< /{kind}>", f"</{kind}", f"<//{kind}>", f"/{kind}>"))
    path, line, page = plant(s, (f"<{kind} {what}>", f"  {inner}", end))
    return Truth("htaccess-unclosed-section", path, (line, line + 2), ("htaccess-invalid-directive",), page)


@case(APACHE, "static", "php", "wordpress")
def flags_as_they_are_not_written(s: Scene) -> Truth:
    page = s.rng.choice(words.PAGES)
    lines, at = s.rng.choice((
        ((f"RewriteRule ^{page}\\.htm$ /{page}/ R=301,L",), 0), ((f"RewriteRule ^{page}\\.htm$ /{page}/ (R=301,L)",), 0), ((f"RewriteRule ^{page}\\.htm$ /{page}/ [R:301,L]",), 0),
        ((f"RewriteCond %{{QUERY_STRING}} ^id={s.rng.randint(1, 99)}$ [L]", f"RewriteRule ^{page}\\.php$ /{page}/? [R=301]"), 0), ((f"RewriteRule ^{page}\\.htm$ /{page}/ [302,L]",), 0),
        (("RewriteCond %{HTTP_HOST} ^shop\\.example\\.com$ [NC,R=301]", "RewriteRule ^(.*)$ /shop/$1 [L]"), 0), ((f"RewriteRule ^{page}\\.htm$ /{page}/ {{R=301,L}}",), 0),
    ))  # fmt: skip
    path, line, at_page = plant(s, lines, rewriting=True)
    return Truth("htaccess-bad-rewrite-flag", path, (line + at,), ("htaccess-bad-argument",), at_page)


@case(APACHE, "static", "php", "wordpress")
def strokes_eaten_by_a_form(s: Scene) -> Truth:
    """A list against attacks, pasted into the form of a content system, which took every backslash away."""
    sound = [
        "RewriteCond %{QUERY_STRING} (<|%3C).*script.*(>|%3E) [NC,OR]", "RewriteCond %{QUERY_STRING} (.htaccess|.ini|.bak) [NC,OR]", "RewriteCond %{QUERY_STRING} proc/self/environ [NC,OR]",
        "RewriteCond %{REQUEST_URI} (~|`|<|>) [NC,OR]",
    ]  # fmt: skip
    bad = s.rng.choice(
        (
            "RewriteCond %{QUERY_STRING} (base64_encode|eval)(.*)( [NC,OR]",
            "RewriteCond %{QUERY_STRING} (;|'|/**|*/).*(union|insert) [NC,OR]",
            "RewriteCond %{QUERY_STRING} (concat|char)(.{1,8}() [NC,OR]",
            "RewriteCond %{REQUEST_URI} (*|+|=)$ [NC,OR]",
        )
    )
    chosen = s.rng.sample(sound, s.rng.randint(1, 4))
    at = s.rng.randint(0, len(chosen))
    lines = (*chosen[:at], bad, *chosen[at:], "RewriteCond %{QUERY_STRING} mosConfig [NC]", "RewriteRule .* - [F,L]")
    path, line, page = plant(s, lines, rewriting=True)
    return Truth("htaccess-bad-regex", path, (line + at,), (), page)


@case(APACHE, "static", "php")
def addresses_of_the_office(s: Scene) -> Truth:
    """A folder for a few addresses only, written as in the panel of the router."""
    folder = s.rng.choice(("admin", "intern", "stats", "preview"))
    bad = s.rng.choice(
        (
            "192.0.2.*",
            f"198.51.100.1-198.51.100.{s.rng.randint(20, 200)}",
            "203.0.113.7, 203.0.113.9",
            "198.51.100.0/33",
            "office.example.com",
            "203.0.113.x",
            "192.0.2.7;192.0.2.8",
        )
    )
    lines = [
        "# the office and Anna at home",
        "<RequireAny>",
        "  Require ip 198.51.100.23",
        f"  Require ip {bad}",
        "  Require ip 2001:db8::/32",
        "</RequireAny>",
    ]
    if s.rng.random() < 0.4:
        lines = ["Options -Indexes", f"Require ip {bad}"]
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    s.write(s.at(f"{folder}/.htaccess"), "\n".join(lines) + "\n")
    s.pages = [*s.pages[:2], f"/{folder}/"]
    line = s.line_of(s.at(f"{folder}/.htaccess"), f"Require ip {bad}")
    return Truth("htaccess-bad-argument", s.at(f"{folder}/.htaccess"), (line,), (), f"/{folder}/")


@case(APACHE, "static", "php")
def two_folders_that_send_on_to_each_other(s: Scene) -> Truth:
    """The shop was renamed, twice, and by two people: one rule in the docroot, the other in the folder itself."""
    old, new = s.rng.sample(words.FOLDERS, 2)
    old, new = f"{old}-alt", f"{new}-neu"
    s.keep(s.at(f"{new}/index.html"), words.html(s.rng, new))
    s.write(s.at(f"{new}/.htaccess"), f"Options -Indexes\nRewriteEngine On\nRewriteRule ^(.*)$ /{old}/$1 [L]\n")
    path, line, _page = plant(s, (f"RewriteRule ^{old}/(.*)$ /{new}/$1 [L]",), where="root", rewriting=True)
    s.pages = [*s.pages[:2], f"/{new}/"]
    return Truth("htaccess-rewrite-loop", path, (line,), page=f"/{new}/", paths=(s.at(f"{new}/.htaccess"),))


@case(LOGGED, "wordpress")
def permalinks_switched_off(s: Scene) -> Truth:
    """The start page is well, every other address is not found: the block is there and does nothing."""
    assert s.database is not None
    s.databases.run(
        f"UPDATE {s.database.prefix}options SET option_value = '/%postname%/' WHERE option_name = 'permalink_structure'", s.database.name
    )
    name, around = s.at(".htaccess"), [block for block in blocks(s.rng, 1, 4) if not any("Rewrite" in line for line in block)]
    right, wrong = s.rng.choice((
        ("<IfModule mod_rewrite.c>", "<IfModule mod_rewrit.c>"), ("<IfModule mod_rewrite.c>", "<IfModule mod-rewrite.c>"), ("RewriteEngine On", "RewriteEngine Off"),
    ))  # fmt: skip
    s.write(name, text([*around, tuple(wrong if line == right else line for line in BLOCK)]))
    s.pages = ["/", "/opening-hours/"]
    return Truth("htaccess-wordpress-block", name, (s.line_of(name, wrong),), (), "/opening-hours/", (404,))


@case(APACHE, "static", "php")
def mark_in_the_middle(s: Scene) -> Truth:
    """Two files were put together into one, and the second began with a mark that nobody sees."""
    above, below = (
        text(blocks(s.rng, 1, 3)),
        text(
            [
                s.rng.choice(
                    (
                        ("# redirects", "Redirect 301 /alt /neu"),
                        ("AddCharset UTF-8 .html",),
                        ("RewriteEngine On", "RewriteRule ^alt$ /neu [R=301,L]"),
                    )
                )
            ]
        ),
    )
    folder = s.rng.choice(("", "", f"{s.rng.choice(words.FOLDERS)}-b/"))
    if folder:
        s.keep(s.at(f"{folder}index.html"), words.html(s.rng, folder))
        s.pages = [*s.pages[:2], f"/{folder}"]
    s.write(s.at(f"{folder}.htaccess"), above.encode() + b"\xef\xbb\xbf" + below.encode())
    return Truth(
        "htaccess-byte-order-mark", s.at(f"{folder}.htaccess"), (above.count("\n") + 1,), ("htaccess-invalid-directive",), f"/{folder}"
    )


@case(APACHE, "wordpress")
def login_behind_a_password_of_the_old_host(s: Scene) -> Truth:
    """A second password before the login only; its file is named as it was called on the machine before."""
    old = s.rng.choice(
        (
            "/kunden/4711_80331/webseiten",
            "/var/www/vhosts/verein.example/httpdocs",
            "/homepages/12/d471108150/htdocs",
            "/usr/www/users/shopon",
        )
    )
    opened, closed = s.rng.choice((("<Files wp-login.php>", "</Files>"), ('<FilesMatch "^wp-login\\.php$">', "</FilesMatch>")))
    lines = (opened, "  AuthType Basic", '  AuthName "Second password"', f"  AuthUserFile {old}/.htpasswd", "  Require valid-user", closed)
    s.keep(s.at(".htpasswd"), "anna:{SHA}b/KR2BdbHWJIks1FlEQQT7186H8=\n")
    path, line, _page = plant(s, lines, where="root", without="Require")
    s.pages = ["/", "/wp-login.php"]
    return Truth("htaccess-auth-file-missing", path, (line + 3,), page="/wp-login.php", headers=_VISITOR)


@case(APACHE, "php")
def old_forum_with_a_php_of_its_own(s: Scene) -> Truth:
    """The forum needed an older PHP, which listened on a port of the machine before."""
    folder = s.rng.choice(("forum", "board", "wiki-alt", "guestbook"))
    page = page_below(s, folder)
    lines = ("# needs PHP 7.4", '<FilesMatch "\\.php$">', f'  SetHandler "proxy:fcgi://127.0.0.1:{free_port()}"', "</FilesMatch>")
    s.write(s.at(f"{folder}/.htaccess"), "\n".join(lines) + "\n")
    return Truth("htaccess-proxy-target-down", s.at(f"{folder}/.htaccess"), (3,), ("htaccess-php-handler-override",), page, (503, 502, 500))
