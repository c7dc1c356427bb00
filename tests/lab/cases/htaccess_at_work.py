# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Lines of a `.htaccess` that Apache reads without a word and that only a request meets, and files that were spoilt on their way."""

from __future__ import annotations

import gzip
import html
import os

from tests.lab import words
from tests.lab.cases.base import APACHE, Truth, case
from tests.lab.cases.htaccess import plant
from tests.lab.cases.permissions import script
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text


def _any_of(path: str, line: int, lines: tuple[str, ...], cause: str, page: str, *also: str, statuses: tuple[int, ...] = (500,)) -> Truth:
    return Truth(cause, path, tuple(range(line, line + len(lines))), also, page, statuses)


@case(APACHE, "static", "php")
def password_half_set_up(s: Scene) -> Truth:
    """One of the lines that belong together is missing, or the kind of password is one that the server does not know."""
    users = f'AuthUserFile "{s.path(".htpasswd")}"'
    s.keep(".htpasswd", "anna:{SHA}b/KR2BdbHWJIks1FlEQQT7186H8=\n", 0o644)
    lines = s.rng.choice((
        (users, 'AuthName "Members"', "Require valid-user"), ("AuthType Digest", 'AuthName "Members"', users, "Require valid-user"),
        ("AuthType Basic", users, "Require valid-user"), ("Require user anna bert",), ('AuthName "Intern"', "Require group staff"),
    ))  # fmt: skip
    path, line, page = plant(s, lines, without="Require")
    return _any_of(path, line, lines, "htaccess-bad-argument", page, "htaccess-module-not-loaded", "htaccess-auth-file-missing")


@case(APACHE, "static", "php")
def provider_that_is_not_there(s: Scene) -> Truth:
    lines, bad = s.rng.choice((
        (("AuthType Basic", "AuthName Members", "AuthBasicProvider ldap", "Require valid-user"), 2), (("AddOutputFilterByType SUBSTITUTE text/html",), 0),
        (("AuthType Basic", "AuthName Members", "AuthBasicProvider dbd file", "Require valid-user"), 2), (("AddOutputFilterByType BROTLI_COMPRESS text/html text/css",), 0),
    ))  # fmt: skip
    path, line, page = plant(s, lines, without="Require")
    return Truth("htaccess-module-not-loaded", path, (line + bad,), ("htaccess-bad-argument",), page)


@case(APACHE, "static", "php")
def redirect_of_everything_to_a_pattern(s: Scene) -> Truth:
    """A word was left out, so that the pattern stands where the address belongs."""
    line = s.rng.choice(("RedirectMatch 301 ^/(.*)$", "RedirectMatch permanent ^/(.*)\\.php$", "RedirectMatch 302 /(.*)"))
    page = "/old.php" if "php" in line else "/"
    if page != "/":
        s.keep(s.at("old.php"), words.html(s.rng, "Old"))
    path, number, at = plant(s, (line,), where="root")
    s.pages = ["/", page] if page != at else s.pages
    return Truth("htaccess-bad-argument", path, (number,), ("htaccess-bad-regex",), page, statuses=(500,))


@case(APACHE, "static", "php")
def header_whose_name_is_two_words(s: Scene) -> Truth:
    line = s.rng.choice(
        (
            'Header set "X Frame Options" DENY',
            'Header always set "Cache-Control max-age" 3600',
            "Header set X-Robots-Tag=noindex all",
            'Header set "Content-Type; charset" utf-8',
        )
    )
    path, number, page = plant(s, (line,))
    return Truth("htaccess-bad-argument", path, (number,), (), page)


@case(("plain", "ovh"), "static", "php")
def rewriting_where_links_are_not_followed(s: Scene) -> Truth:
    """mod_rewrite asks for leave to follow links, which a line takes back."""
    first = s.rng.choice(("Options -FollowSymLinks", "Options None", "Options Indexes", "Options -Indexes -FollowSymLinks"))
    lines = (first, "RewriteEngine On", f"RewriteRule ^{s.rng.choice(words.PAGES)}-old$ /index.html [L]")
    path, line, page = plant(s, lines, where=s.rng.choice(("root", "sub")), without="Rewrite")
    return _any_of(path, line, lines, "htaccess-directive-not-allowed", page, "htaccess-bad-argument", statuses=(403,))


@case(("plain", "ovh"), "static")
def start_page_is_a_link_that_is_not_followed(s: Scene) -> Truth:
    s.keep(s.at("pages/start.html"), s.read(s.at("index.html")))
    s.remove(s.at("index.html"))
    os.symlink("pages/start.html", s.path(s.at("index.html")))
    os.lchown(s.path(s.at("index.html")), s.place.account.uid, s.place.account.gid)
    path, line, _page = plant(
        s, (s.rng.choice(("Options -FollowSymLinks", "Options None", "Options -Indexes -FollowSymLinks")),), where="root", without="Rewrite"
    )
    also = ("htaccess-bad-argument", "file-unreadable")
    return Truth("htaccess-directive-not-allowed", path, (line,), also, statuses=(403,), paths=(s.at("index.html"),))


@case(APACHE, "static", "php")
def otherwise_without_a_condition(s: Scene) -> Truth:
    lines = s.rng.choice((
        ("<Else>", 'Header set X-Kept "no"', "</Else>"), ("<ElseIf true>", "Options -Indexes", "</ElseIf>"),
        ("<IfModule mod_headers.c>", 'Header set X-Kept "no"', "</IfModule>", "<Else>", "Options -Indexes", "</Else>"),
    ))  # fmt: skip
    path, line, page = plant(s, lines)
    return _any_of(path, line, lines, "htaccess-unclosed-section", page, "htaccess-bad-argument", "htaccess-invalid-directive")


@case(APACHE, "static", "php")
def rules_above_the_docroot(s: Scene) -> Truth:
    """Of an account that held several sites in folders; the docroot's own file does not rewrite."""
    rule = s.rng.choice(("RewriteRule ^(.*)$ /{0}/$1 [L]", "RewriteRule (.*) {0}/$1", "RewriteRule ^(.*)$ /sites/{0}/$1 [L]")).format(
        s.rng.choice(words.FOLDERS)
    )
    s.write(s.at(".htaccess"), "Options -Indexes\nDirectoryIndex index.php index.html\n")
    path, line, page = plant(s, ("RewriteEngine On", rule), where="above", without="Rewrite")
    return Truth("htaccess-rewrite-loop", path, (line + 1,), page=page)


@case(APACHE, "static", "php")
def redirects_that_undo_each_other(s: Scene) -> Truth:
    page = s.rng.choice(words.PAGES)
    start = "index.php" if s.path(s.at("index.php")).exists() else "index.html"
    lines = s.rng.choice((
        ("RewriteRule ^([^/.]+)$ /$1/ [R=301,L]", "RewriteRule ^([^/.]+)/$ /$1 [R=301,L]"), (f"RewriteRule ^{page}$ /{page}.html [R=301,L]", f"RewriteRule ^{page}\\.html$ /{page} [R=301,L]"),
        (f"RewriteRule ^{page}$ /{page.upper()} [R=302,L]", f"RewriteRule ^{page.upper()}$ /{page} [R=302,L]"), (f"RewriteRule ^$ /{start} [R=301,L]", f"RewriteRule ^{start.replace('.', chr(92) + '.')}$ / [R=301,L]"),
    ))  # fmt: skip
    at = "/" if "^$" in lines[0] else f"/{page}"
    if at != "/":  # there is such a page, by both of its names
        s.pages = ["/", at]
        for name in (page, f"{page}.html"):
            s.keep(s.at(name), words.html(s.rng, page))
    path, line, _page = plant(s, lines, where="root", rewriting=True, without="Rewrite" if at == "/" else "\0")
    return _any_of(path, line, lines, "redirect-loop", at, statuses=(301, 302))


@case(APACHE, "static", "php")
def error_page_that_is_missing_itself(s: Scene) -> Truth:
    """The address of the error page leads to the error page."""
    code, lines = s.rng.choice(((404, ()), (403, ("Require ip 192.0.2.10",))))
    lines = (f"ErrorDocument {code} {s.place.url}/{s.rng.choice(('errors/', ''))}{code}-page.html", *lines)
    path, line, _page = plant(s, lines, where="root", without="ErrorDocument" if code == 404 else "Require")
    page = f"/{s.rng.choice(words.PAGES)}-2019.html" if code == 404 else "/"
    s.pages = ["/", page] if page != "/" else s.pages
    return _any_of(path, line, lines, "redirect-loop", page, statuses=(302,))


@case(APACHE, "static", "php")
def remark_that_swallows_a_line(s: Scene) -> Truth:
    r"""A remark ends with a backslash, as a path of Windows does: the next line belongs to it."""
    remark = s.rng.choice((r"# from C:\web\site" + "\\", "# kept for later \\", "# ---- caching ----\\"))
    lines = (
        remark,
        *s.rng.choice(
            (
                ("<IfModule mod_headers.c>", "Header set X-B c", "</IfModule>"),
                ('<FilesMatch "\\.(bak|sql)$">', "Require all denied", "</FilesMatch>"),
            )
        ),
    )
    path, line, page = plant(s, lines)
    return _any_of(path, line, lines, "htaccess-unclosed-section", page)


@case(APACHE, "static", "php")
def spoilt_by_a_program(s: Scene) -> Truth:
    """Compressed on its way, or passed through a form that escapes it."""
    whole = text([("<IfModule mod_rewrite.c>", "RewriteEngine On", "</IfModule>"), *blocks(s.rng)])
    content = s.rng.choice(
        (
            gzip.compress(whole.encode()),
            html.escape(whole).encode(),
            whole.replace("\n", "<br>\n").encode(),
            f"<pre>\n{whole}</pre>\n".encode(),
        )
    )
    s.write(s.at(".htaccess"), content)
    also = ("htaccess-byte-order-mark", "htaccess-unclosed-section", "htaccess-bad-argument")
    return Truth("htaccess-invalid-directive", s.at(".htaccess"), (1, 2, 3), also)


@case(APACHE, "static", "php")
def lines_that_end_as_on_old_macs(s: Scene) -> Truth:
    """Apache sees one line; what only switches something on (RewriteEngine) minds no further words, so such a line is not the first."""
    first = s.rng.choice(("Options -Indexes", "FileETag None", "AddDefaultCharset utf-8"))
    s.write(s.at(".htaccess"), text([(first,), *blocks(s.rng, 2, 3)]).replace("\n", "\r"))
    return Truth("htaccess-bad-argument", s.at(".htaccess"), (1,), ("htaccess-invalid-directive",))


@case(APACHE, "static", "php")
def upload_that_broke_off(s: Scene) -> Truth:
    """The file ends in the middle of a line, inside a section, of which Apache does not mind the missing end where its module is there."""
    kept = s.rng.choice(
        (
            "RewriteRule ^index\\.php$ - [L",
            "RewriteCond %{REQUEST_FILENA",
            "RewriteRule . /index.",
            "RewriteRu",
            "RewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule .",
        )
    )
    before = text([*blocks(s.rng, 1, 3), ("# BEGIN Routes", "<IfModule mod_rewrite.c>", "RewriteEngine On", "RewriteBase /")])
    s.write(s.at(".htaccess"), before + kept)
    count = before.count("\n")
    also = (
        "htaccess-bad-rewrite-flag",
        "htaccess-bad-argument",
        "htaccess-invalid-directive",
        "htaccess-wordpress-block",
        "htaccess-rewrite-loop",
    )
    return Truth("htaccess-unclosed-section", s.at(".htaccess"), tuple(range(count - 2, count + 3)), also)


@case(("plain", "shared", "ovh"), "static", "php")
def scripts_forbidden_by_a_line(s: Scene) -> Truth:
    page_script = script(s)
    folder = page_script.rpartition("/")[0]
    where = s.rng.choice((s.at(".htaccess"), f"{folder}/.htaccess"))
    old = s.read(where).decode() if s.path(where).exists() else ""
    line = s.rng.choice(("Options -ExecCGI", "Options -Indexes -ExecCGI"))
    s.write(where, f"{old}{line}\n")
    also = ("htaccess-directive-not-allowed", "htaccess-bad-argument")
    return Truth("cgi-not-executable", where, (old.count("\n") + 1,), also, s.pages[-1], (403,), paths=(page_script,))


@case(APACHE, "php")
def php_handed_to_a_wrapper_that_is_gone(s: Scene) -> Truth:
    """As hosts had it when PHP was a CGI program in the account's own folder."""
    handler = s.rng.choice(("application/x-httpd-php5", "php-cgi", "x-httpd-php-own"))
    lines = (f"AddHandler {handler} .php", f"Action {handler} /cgi-bin/{s.rng.choice(('php.cgi', 'php5', 'php-wrapper'))}")
    if s.rng.random() < 0.5:
        lines = ('<FilesMatch "\\.php$">', f"SetHandler {handler}", "</FilesMatch>", lines[1])
    else:
        lines = (
            ('<FilesMatch "\\.php$">', "SetHandler None", "</FilesMatch>", *lines)
            if s.rng.random() < 0.3
            else ("RemoveHandler .php", '<Files "*.php">', f"ForceType {handler}", f"SetHandler {handler}", "</Files>", lines[1])
        )
    path, line, _page = plant(s, lines, where="root")
    return _any_of(path, line, lines, "htaccess-php-handler-override", "/", statuses=(404, 500, 403))


@case(APACHE, "static")
def no_start_page_wanted(s: Scene) -> Truth:
    line = s.rng.choice(
        ("DirectoryIndex disabled", "DirectoryIndex index.htm default.htm", "DirectoryIndex index,html", "DirectoryIndex /home/index.html")
    )
    path, number, _page = plant(s, (line,), where="root", without="DirectoryIndex")
    return Truth("index-file-missing", path, (number,), statuses=(403, 404), paths=(s.www,))
