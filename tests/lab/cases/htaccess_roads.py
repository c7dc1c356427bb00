# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Rules that lead to what fails, sections and lines that were changed in passing, and files that count only for some pages."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import APACHE, Truth, case
from tests.lab.cases.htaccess import plant
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import with_lines
from tests.servers import free_port

_SLIPS = ("Headr set X-A b", "RewriteEngin On", "Require al granted", "Order allow,deny", "php_flag display_errors on")


def _whole(path: str, line: int, lines: tuple[str, ...], cause: str, page: str, *also: str, statuses: tuple[int, ...] = (500,)) -> Truth:
    return Truth(cause, path, tuple(range(line, line + len(lines))), also, page, statuses)


@case(APACHE, "static")
def front_script_that_is_gone(s: Scene) -> Truth:
    """Every address goes to a script that was not uploaded, and so does that of the script."""
    name = s.rng.choice(("app.php", "front.php", "index.php", "router.php"))
    lines = ("RewriteCond %{REQUEST_FILENAME} !-f", f"RewriteRule ^(.*)$ {s.rng.choice((name, '/' + name))}/$1 [QSA,L]")
    path, line, page = plant(s, lines, where="root", rewriting=True)
    return _whole(path, line, lines, "htaccess-rewrite-loop", page, "php-missing-file", "index-file-missing")


@case(APACHE, "static", "php")
def two_files_that_send_to_each_other(s: Scene) -> Truth:
    folder = s.rng.choice(("app", "site", "current", "live"))
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    s.write(s.at(f"{folder}/.htaccess"), "RewriteEngine On\nRewriteRule ^(.*)$ /$1 [L]\n")
    path, line, page = plant(s, (f"RewriteRule ^(?!{folder}/)(.*)$ /{folder}/$1 [L]",), where="root", rewriting=True, without="Rewrite")
    return Truth("htaccess-rewrite-loop", path, (line, 2), page=page, paths=(s.at(f"{folder}/.htaccess"),))


@case(APACHE, "static", "php")
def section_spelt_in_another_way(s: Scene) -> Truth:
    opened, ended = s.rng.choice((
        ("<IfModul mod_rewrite.c>", "</IfModul>"), ('<FileMatch "\\.bak$">', "</FileMatch>"), ("<If module mod_rewrite.c>", "</If>"), ("<IfModule mod_headers.c/>", "Options -Indexes"),
        ("<IfModule mod_headers.c>", "<IfModule>"), ("<IfModule mod_headers.c>", "<\\IfModule>"), ("(IfModule mod_rewrite.c)", "(/IfModule)"), ("<Ifmodule>mod_rewrite.c", "</Ifmodule>"),
        ("<IfModule mod_headers.c>", "</IfModule mod_headers.c>> "), ("<Diretory />", "</Diretory>"), ("<IfDefined X>", "</IfDefined>"),
    ))  # fmt: skip
    lines = (opened, 'Header set X-Kept "no"', ended)
    path, line, page = plant(s, lines)
    also = ("htaccess-unclosed-section", "htaccess-bad-argument", "htaccess-directive-not-allowed")
    return _whole(path, line, lines, "htaccess-invalid-directive", page, *also)


@case(APACHE, "static", "php")
def remark_behind_the_line(s: Scene) -> Truth:
    lines = s.rng.choice((
        ("Options -Indexes # no lists of files",), ("Require all granted # everybody",), ("ErrorDocument 404 /404.html # our own",), ("FileETag None # for caches",),
        ("<IfModule mod_headers.c>", "Header unset ETag", "</IfModule> # headers"), ("RewriteEngine On", "RewriteCond %{HTTPS} off # not yet", "RewriteRule ^secret - [F]"),
        ("RewriteEngine On", "RewriteRule ^secret - [F] # nobody"), ("AddDefaultCharset utf-8 // all pages",), ("SetEnv A b # c d",), ("Header set X-A b # c d e",),
    ))  # fmt: skip
    while lines[0].startswith("SetEnv "):  # which takes any number of words
        lines = ("AddDefaultCharset utf-8 # pages",)
    path, line, page = plant(s, lines, without="Rewrite" if len(lines) > 1 else "\0")
    return _whole(path, line, lines, "htaccess-bad-argument", page, "htaccess-bad-rewrite-flag", "htaccess-unclosed-section")


@case(APACHE, "static", "php")
def two_lines_in_one(s: Scene) -> Truth:
    line = s.rng.choice((
        "Options -Indexes DirectoryIndex index.php", "ErrorDocument 404 /404.html ErrorDocument 403 /403.html", "Header set X-A b Header set X-B c", "AddDefaultCharset utf-8 AddType text/css .css",
        "FileETag None ServerSignature Off", "Redirect 301 /a /b Redirect 301 /c /d", "Require all granted Options -Indexes",
    ))  # fmt: skip
    path, number, page = plant(s, (line,))
    return Truth("htaccess-bad-argument", path, (number,), ("htaccess-invalid-directive",), page)


@case(APACHE, "static", "php")
def wrapped_by_an_editor(s: Scene) -> Truth:
    lines = s.rng.choice((
        ("RewriteEngine On", "RewriteCond %{HTTP_USER_AGENT} (bot|crawler|", "spider|slurp) [NC]", "RewriteRule ^ - [F]"), ("AddOutputFilterByType DEFLATE text/html text/css", "text/xml application/json"),
        ('Header set Content-Security-Policy "default-src \'self\';', 'img-src * data:"'), ("AddType image/webp", ".webp"), ('<FilesMatch "\\.(ico|jpe?g|', 'png|gif)$">', "Header unset ETag", "</FilesMatch>"),
        ("RewriteEngine On", "RewriteRule ^products/([0-9]+)/([a-z-]+)/?$", "/index.php?id=$1&name=$2 [L,QSA]"), ("Redirect 301 /summer-offers-2019", "/offers"),
    ))  # fmt: skip
    path, line, page = plant(s, lines, without="Rewrite" if "Rewrite" in lines[0] else "\0")
    also = ("htaccess-bad-argument", "htaccess-bad-regex", "htaccess-unclosed-section", "htaccess-bad-rewrite-flag")
    return _whole(path, line, lines, "htaccess-invalid-directive", page, *also)


@case(APACHE, "static", "php")
def line_that_is_too_long(s: Scene) -> Truth:
    """Addresses that were shut out, year after year, in one line."""
    many = [f"192\\.0\\.{n // 250}\\.{n % 250}" for n in range(900)]
    lines = s.rng.choice(
        (
            ("RewriteEngine On", f"RewriteCond %{{REMOTE_ADDR}} ^({'|'.join(many)})$", "RewriteRule ^ - [F]"),
            (f"SetEnvIf Remote_Addr ^({'|'.join(many)})$ unwanted",),
            ("# " + "=" * 9000,),
        )
    )
    path, line, page = plant(s, lines, without="Rewrite")
    return _whole(path, line, lines, "htaccess-bad-argument", page, "htaccess-invalid-directive", "htaccess-unclosed-section")


@case(APACHE, "static")
def pages_of_html_taken_for_scripts(s: Scene) -> Truth:
    line = s.rng.choice(
        ("AddHandler cgi-script .html .htm", "SetHandler cgi-script", "AddHandler type-map .html", "AddHandler fcgid-script .html")
    )
    path, number, _page = plant(s, (line,), where="root")
    also = ("htaccess-php-handler-override", "htaccess-bad-argument", "cgi-script-error", "cgi-interpreter-missing")
    return Truth("cgi-not-executable", path, (number,), also, statuses=(500, 403), paths=(s.at("index.html"),))


@case(APACHE, "static", "php")
def proxy_of_a_kind_that_is_not_there(s: Scene) -> Truth:
    """The whole site behind a program of another machine."""
    where = s.rng.choice(
        (
            "https://backend.invalid/$1",
            "ajp://127.0.0.1:8009/$1",
            f"http://backend.invalid:{s.rng.choice((3000, 8080))}/$1",
            f"fcgi://127.0.0.1:{free_port()}/$1",
            f"http://127.0.0.1:{free_port()}/$1",
            f"ws://localhost:{free_port()}/$1",
        )
    )
    path, line, _page = plant(s, (f"RewriteRule ^(.*)$ {where} [P,L]",), where="root", rewriting=True, without="Rewrite")
    return Truth("htaccess-proxy-target-down", path, (line,), ("upstream-bad-gateway",), statuses=(500, 502, 503))


@case(APACHE, "static", "php")
def unreadable_above_the_docroot(s: Scene) -> Truth:
    s.write(".htaccess", "Options -Indexes\n", s.rng.choice((0o600, 0o000, 0o700)))
    return Truth("htaccess-unreadable", ".htaccess", statuses=(403,))


@case(APACHE, "static", "php")
def broken_where_rules_lead(s: Scene) -> Truth:
    """The address names no folder; a rule leads into one whose file is refused."""
    folder = s.rng.choice(("app", "site", "current"))
    s.keep(s.at(f"{folder}/start.html"), words.html(s.rng, folder))
    s.keep(s.at(".htaccess"), f"RewriteEngine On\nRewriteRule ^$ /{folder}/start.html [L]\n")
    line = with_lines(s, s.at(f"{folder}/.htaccess"), (s.rng.choice(_SLIPS),))
    also = ("htaccess-bad-argument", "htaccess-apache22-syntax", "htaccess-php-directive-under-fpm")
    return Truth("htaccess-invalid-directive", s.at(f"{folder}/.htaccess"), (line,), also)


@case(APACHE, "static", "php")
def broken_half_way_to_the_page(s: Scene) -> Truth:
    """Only what lies below one folder fails, and the start page is well."""
    one, two = s.rng.sample(words.FOLDERS, 2)
    s.keep(s.at(f"{one}/{two}/index.html"), words.html(s.rng, two))
    s.pages = ["/", f"/{one}/{two}/"]
    line = with_lines(s, s.at(f"{one}/.htaccess"), (s.rng.choice(_SLIPS),))
    also = ("htaccess-bad-argument", "htaccess-apache22-syntax", "htaccess-php-directive-under-fpm")
    return Truth("htaccess-invalid-directive", s.at(f"{one}/.htaccess"), (line,), also, f"/{one}/{two}/")


@case(APACHE, "static", "php")
def fault_for_one_file_only(s: Scene) -> Truth:
    start = "index.php" if s.path(s.at("index.php")).exists() else "index.html"
    opened, ended = s.rng.choice(
        ((f'<Files "{start}">', "</Files>"), ('<FilesMatch "^index\\.(php|html)$">', "</FilesMatch>"), ('<Files ~ "^ind.x">', "</Files>"))
    )
    inner = s.rng.choice(('Header set "X Frame Options" DENY', "Require valid-user", "RedirectMatch 301 ^/(.*)$", "Require user anna"))
    lines = (opened, inner, ended)
    path, line, page = plant(s, lines, where="root")
    return _whole(path, line, lines, "htaccess-bad-argument", page)
