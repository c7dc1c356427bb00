# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Slips of the hand in a `.htaccess`, and lines that another host wrote."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import APACHE, Truth, case
from tests.lab.cases.htaccess import plant
from tests.lab.cases.permissions import script
from tests.lab.scene import Scene
from tests.lab.sites.php_site import filler, php


@case(APACHE, "static", "php")
def conflict_of_a_merge(s: Scene) -> Truth:
    page, branch = s.rng.choice(words.PAGES), s.rng.choice(("main", "origin/live", "relaunch", "3f2a91c (new menu)"))
    lines = ("<<<<<<< HEAD", f"Redirect 301 /{page}-old /{page}", "=======", f"Redirect 302 /{page}-old /", f">>>>>>> {branch}")
    path, line, at = plant(s, lines)
    return Truth("htaccess-invalid-directive", path, (line, line + 2, line + 4), ("htaccess-unclosed-section",), at)


@case(APACHE, "static", "php")
def php_setting_without_its_space(s: Scene) -> Truth:
    line = s.rng.choice(
        ("php_valueupload_max_filesize 64M", "php_flagdisplay_errors off", "php_value=memory_limit 256M", "php_valuemax_execution_time 120")
    )
    path, number, at = plant(s, (line,))
    return Truth("htaccess-php-directive-under-fpm", path, (number,), ("htaccess-invalid-directive",), at)


@case(APACHE, "static", "php")
def space_after_the_backslash(s: Scene) -> Truth:
    """The line is not continued: what should be its rest is taken for a directive."""
    first, rest = s.rng.choice((
        ("AddOutputFilterByType DEFLATE text/html text/css", "application/javascript application/json"), ("AddType font/woff .woff", ".woff2 .otf"),
        ("SetEnvIfNoCase User-Agent bot unwanted", "greedy=1"), ("DirectoryIndex index.html index.php", "index.htm start.html"),
    ))  # fmt: skip
    path, line, at = plant(s, (f"{first} \\{s.rng.choice((' ', '  ', chr(9)))}", f"    {rest}"))
    return Truth("htaccess-invalid-directive", path, (line, line + 1), ("htaccess-bad-argument",), at)


@case(APACHE, "php")
def error_page_that_fails_as_well(s: Scene) -> Truth:
    """What is shown instead of the first error fails by itself, and is loud about it."""
    name = s.rng.choice(("sorry", "oops", "fehler", "erreur"))
    path = script(s)
    old = s.read(s.at(".htaccess")).decode() if s.path(s.at(".htaccess")).exists() else ""
    s.keep(s.at(".htaccess"), f"{old}ErrorDocument 500 /{name}.php\n")
    s.keep(s.at(f"{name}.php"), php(filler(s.rng, 5), "http_response_code(500);", f"echo {name}_template(500);"))
    s.write(path, s.read(path).replace(b"\n", b"\r\n"), s.place.setup.folder_mode)
    return Truth("cgi-windows-line-endings", path, (1,), page=s.pages[-1])


@case(APACHE, "static")
def public_folder_without_its_own(s: Scene) -> Truth:
    """The hidden file in `public`, which ended the rewriting, was not uploaded with the rest."""
    folder = s.rng.choice(("public", "web", "webroot"))
    for entry in list(s.path(s.www).glob("*.html")):
        s.keep(s.at(f"{folder}/{entry.name}"), entry.read_bytes())
        entry.unlink()
    lines = s.rng.choice(((f"RewriteRule ^(.*)$ {folder}/$1 [L]",), (f"RewriteRule ^$ {folder}/ [L]", f"RewriteRule (.*) {folder}/$1 [L]")))
    path, line, _page = plant(s, lines, where="root", rewriting=True, without="Redirect")
    return Truth("htaccess-rewrite-loop", path, tuple(range(line, line + len(lines))), page="/", paths=(s.at(f"{folder}/.htaccess"),))


@case(APACHE, "static", "php")
def condition_that_cannot_be_read(s: Scene) -> Truth:
    opened = s.rng.choice((
        "<If \"%{REQUEST_URI} = m#^/intern# && %{REMOTE_ADDR} == '192.0.2.1'\">", "<If \"%{HTTP_HOST} != 'www.example.com\">",
        '<If "%{HTTP_USER_AGENT} =~ /(bot/">', "<If \"%{HTTPS} equals 'off'\">", '<If "%{QUERY_STRING} -contains \'x\'">',
    ))  # fmt: skip
    path, line, at = plant(s, (opened, 'Header set X-Kept "no"', "</If>"))
    return Truth("htaccess-bad-argument", path, (line,), ("htaccess-bad-regex",), at)


@case(APACHE, "static", "php")
def value_without_quotes(s: Scene) -> Truth:
    line = s.rng.choice((
        "Header set Content-Security-Policy default-src 'self' https: data:", "Header always set Permissions-Policy geolocation=() camera=() microphone=()",
        'ExpiresByType image/png "access plus 1 moon"', "Header edit Set-Cookie ^(.*)$", "AuthName Members only", "ExpiresDefault access plus 1 month",
        "Header set Strict-Transport-Security max-age=31536000; includeSubDomains; preload",
    ))  # fmt: skip
    path, number, at = plant(s, (line,))
    return Truth("htaccess-bad-argument", path, (number,), (), at)


@case(APACHE, "static", "php")
def address_with_a_space(s: Scene) -> Truth:
    page = s.rng.choice(words.PAGES)
    lines = s.rng.choice((
        (f"RewriteRule ^{page} 2024$ /index.html [R=301,L]",), (f"RewriteRule ^{page}/alte seite\\.html$ /{page} [L]",),
        (f"RewriteCond %{{REQUEST_URI}} ^/{page} neu\\.html$", "RewriteRule ^ - [F]"),
    ))  # fmt: skip
    path, line, at = plant(s, lines, rewriting=True)
    return Truth("htaccess-bad-rewrite-flag", path, (line,), ("htaccess-bad-argument",), at)


@case(APACHE, "php")
def handler_with_a_socket_of_another_host(s: Scene) -> Truth:
    """PHP itself is well; only these lines ask for one that is not here."""
    version, quote = s.rng.choice(("7.4", "8.0", "8.1")), s.rng.choice(("\\.php$", "\\.(php|phtml)$"))
    socket = s.rng.choice((f"/run/php/php{version}-fpm-old.sock", f"/var/run/php-fpm/{s.place.account.name}-{version}.sock"))
    lines = (f'<FilesMatch "{quote}">', f'  SetHandler "proxy:unix:{socket}|fcgi://localhost"', "</FilesMatch>")
    path, line, _page = plant(s, lines, where="root")
    return Truth("htaccess-proxy-target-down", path, (line + 1,), ("htaccess-php-handler-override",), statuses=(503, 500))


@case(APACHE, "php")
def pages_taken_for_scripts(s: Scene) -> Truth:
    """A line of an old host, where PHP was run so."""
    handler = s.rng.choice(("SetHandler cgi-script", "SetHandler cgi-script\n  Options +ExecCGI"))
    path, line, _page = plant(s, ('<FilesMatch "\\.php$">', f"  {handler}", "</FilesMatch>"), where="root")
    return Truth("htaccess-php-handler-override", path, (line + 1,), statuses=(500, 403))
