# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What a support desk meets in `.htaccess` files of sites that are not blogs."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import APACHE, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text, with_lines
from tests.lab.sites.php_site import describe

_EVERY_APACHE = (*APACHE, "own-log", "fcgid")
_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
_PHONES = ("RewriteCond %{HTTP_USER_AGENT} (iphone|android.+mobile|blackberry) [NC]", "RewriteRule ^ /m/ [R=302,L]")  # and on /m/ again


@case(_EVERY_APACHE, "static", "php", "slim")
def typographic_quotes_from_a_blog(s: Scene) -> Truth:
    """Advice copied from a page whose software made its quotes pretty."""
    left, right = s.rng.choice((("“", "”"), ("„", "“"), ("« ", " »"), ("”", "”")))
    line = s.rng.choice((
        f"Header always set Strict-Transport-Security {left}max-age=31536000; includeSubDomains{right}",
        f"Header set Permissions-Policy {left}geolocation=(), camera=(){right}",
        f"ExpiresByType text/css {left}access plus 1 month{right}",
        f"ExpiresByType image/webp {left}access plus {s.rng.randint(2, 11)} months{right}",
    ))  # fmt: skip
    path = s.at(".htaccess")
    number = with_lines(s, path, ("# faster and safer", line, "AddCharset utf-8 .html"))
    return Truth("htaccess-bad-argument", path, (number + 1,))


@case((*APACHE, "own-log"), "php", "joomla", "laravel", "static")
def php_values_of_the_old_host(s: Scene) -> Truth:
    """They worked where PHP was a part of the web server."""
    lines = s.rng.sample([
        "php_value upload_max_filesize 64M", "php_value post_max_size 72M", "php_flag display_errors Off", "php_value memory_limit 256M", "php_flag register_globals off",
        "php_value date.timezone Europe/Madrid", "php_flag magic_quotes_gpc Off", "php_value max_input_vars 5000", "php_value session.gc_maxlifetime 14400",
    ], s.rng.randint(1, 4))  # fmt: skip
    path = s.at(".htaccess")
    number = with_lines(s, path, ("# PHP", *lines))
    return Truth("htaccess-php-directive-under-fpm", path, tuple(range(number + 1, number + 1 + len(lines))))


@case(_EVERY_APACHE, "static", "php", "symfony", "drupal")
def lines_for_the_server_itself(s: Scene) -> Truth:
    """A tutorial for people with a machine of their own."""
    folder = s.rng.choice(("/var/www/html", "/var/www/site/public", s.path(s.www)))
    planted = s.rng.choice((
        (f"<Directory {folder}>", "    AllowOverride All", "    Require all granted", "</Directory>"),
        ("ServerTokens Prod",), ("TraceEnable Off",), (f"LimitInternalRecursion {s.rng.choice((20, 30, 50))}",), ("KeepAlive On",), ("Timeout 300",),
        ('<Location "/admin">', "    Require ip 192.0.2.14", "</Location>"), ("ServerAlias www.example.net",),
    ))  # fmt: skip
    path = s.at(".htaccess")
    return Truth("htaccess-directive-not-allowed", path, (with_lines(s, path, planted),))


@case(_EVERY_APACHE, "static", "php")
def access_rules_of_2010_in_one_folder(s: Scene) -> Truth:
    """Everything else of the site answers."""
    folder = s.rng.choice(("stats", "preise", "private", "admin/logs", "old-site", "espace-pro"))
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder.rpartition("/")[2].capitalize()))
    ip = f"192.0.2.{s.rng.randint(1, 250)}"
    rules = s.rng.choice((
        ("Order Deny,Allow", "Deny from all", f"Allow from {ip}"), ("order allow,deny", "allow from all", f"deny from {ip}"),
        ("Satisfy Any", "Order deny,allow", "Deny from all", "Allow from 192.0.2 .example.net"),
    ))  # fmt: skip
    head = s.rng.choice((("# office only",), ("Options -Indexes", "DirectoryIndex index.html"), ()))
    path = s.at(f"{folder}/.htaccess")
    s.keep(path, text([head, rules]))
    return Truth("htaccess-apache22-syntax", path, tuple(range(len(head) + 1, len(head) + len(rules) + 1)), page=f"/{folder}/index.html")


@case(_EVERY_APACHE, "static", "php", "codeigniter4")
def slip_in_the_file_above_the_docroot(s: Scene) -> Truth:
    """The FTP client had opened the account's root, not the site's folder."""
    name, rest = s.rng.choice((
        ("RewriteEngine", "On"), ("ErrorDocument", "404 /404.html"), ("DirectoryIndex", "index.php index.html"), ("Options", "-Indexes"),
        ("AddDefaultCharset", "UTF-8"), ("SetEnvIf", "User-Agent SpamCrawler block"), ("Redirect", "301 /kontakt /contact"),
    ))  # fmt: skip
    wrong = words.misspelt(s.rng, name, frozenset({"redirecttemp", "setenvif", "option"}))
    around = blocks(s.rng, 1, 3)
    at = s.rng.randint(0, len(around))
    s.write(".htaccess", text([*around[:at], (f"{wrong} {rest}",), *around[at:]]))
    return Truth("htaccess-invalid-directive", ".htaccess", (sum(len(block) for block in around[:at]) + 1,))


@case(_EVERY_APACHE, "static")
def start_page_moved_into_a_folder(s: Scene) -> Truth:
    """The rule that leads into the folder is met again by what it leads to."""
    folder = s.rng.choice(("site", "en", "public", "web2026", "relaunch", "fr"))
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, s.rng.choice(words.TITLES)))
    conditions = s.rng.choice(((), ("RewriteCond %{HTTP_HOST} .",), ("RewriteCond %{REQUEST_METHOD} !POST",)))
    rule = s.rng.choice(
        (f"RewriteRule ^(.*)$ {folder}/$1 [L]", f"RewriteRule ^(.*)$ /{folder}/$1 [L,QSA]", f"RewriteRule (.*) {folder}/$1")
    )
    path = s.at(".htaccess")
    number = with_lines(s, path, (*conditions, rule), rewriting=True)
    return Truth("htaccess-rewrite-loop", path, tuple(range(number, number + len(conditions) + 1)))


@case(_EVERY_APACHE, "static", "php", "yii2")
def section_closed_wrongly(s: Scene) -> Truth:
    """Half of a block was deleted by hand."""
    planted, which = s.rng.choice((
        (('<FilesMatch "\\.(sql|bak|log)$">', "    Require all denied"), (0,)),
        (("<IfModule mod_expires.c>", "ExpiresActive On", "</IfModul>"), (0, 2)),
        (('ExpiresByType image/gif "access plus 2 weeks"', "</IfModule>"), (1,)),
        (('<Files "install.php">', "Require all denied", "</FilesMatch>"), (0, 2)),
        (("<IfModule mod_headers.c>", '<FilesMatch "\\.css$">', "Header set Cache-Control public", "</IfModule>", "</FilesMatch>"), (1, 3, 4)),
    ))  # fmt: skip
    before = blocks(s.rng, 1, 5)
    path = s.at(".htaccess")
    s.write(path, text([*before, planted]))
    first = sum(len(block) for block in before) + 1
    return Truth("htaccess-unclosed-section", path, tuple(first + each for each in which))


@case(_EVERY_APACHE, "php", "symfony", "static", "slim")
def redirections_of_the_relaunch_with_a_blank(s: Scene) -> Truth:
    """One of many rules has flags that are no flags; the others are sound."""
    pages = s.rng.sample(words.PAGES, 9)
    rules = [f"RewriteRule ^{page}\\.htm$ /{page} [R=301,L]" for page in pages]
    at = s.rng.randrange(len(rules))
    flags = s.rng.choice(("[R=301, L]", "[R=301 L]", "[L,R301]", "[R=301,L,QS]", "R=301,L", "[NC, R=301]", "[R=301,L"))
    rules[at] = f"RewriteRule ^{pages[at]}\\.htm$ /{pages[at]} {flags}"
    path = s.at(".htaccess")
    number = with_lines(s, path, tuple(rules), rewriting=True)
    return Truth("htaccess-bad-rewrite-flag", path, (number + at,))


@case(_EVERY_APACHE, "php", "joomla", "grav")
def handler_of_the_old_panel(s: Scene) -> Truth:
    """Visitors are handed the program itself."""
    version = s.rng.choice(("ea-php74", "ea-php81", "alt-php80", "php56", "php7-fastcgi"))
    opening = s.rng.choice(('<FilesMatch "\\.(php4|php5|php3|php2|php|phtml)$">', '<FilesMatch "\\.php$">', '<Files "*.php">'))
    planted = (f"# php -- handler of the panel ({version}), do not edit", opening, f"  SetHandler application/x-httpd-{version}", f"</{opening[1:].partition(' ')[0]}>")  # fmt: skip
    path = s.at(".htaccess")
    number = with_lines(s, path, planted)
    return Truth("htaccess-php-handler-override", path, (number + 1, number + 2), statuses=(200,), body=b"<?php")


@case(_EVERY_APACHE, "static", "php", "moodle")
def redirect_that_catches_its_own_target(s: Scene) -> Truth:
    """The browser gives up: too many redirections; those of phones only, in one form of it."""
    folder = s.rng.choice(("shop", "new", "neu", "2026", "home"))
    lines: tuple[str, ...] = s.rng.choice((
        (f"Redirect 301 / {s.place.url}/{folder}/",), (f"RedirectMatch 301 ^/(.*)$ /{folder}/$1",), (f"Redirect permanent / /{folder}/",),
        (f"RedirectMatch 302 ^/ {s.place.url}/{folder}/index.html",), _PHONES, _PHONES,
    ))  # fmt: skip
    s.keep(s.at(f"{'m' if lines is _PHONES else folder}/index.html"), words.html(s.rng, "Shop"))
    path = s.at(".htaccess")
    number = with_lines(s, path, lines, without="Redirect", rewriting=lines is _PHONES)
    agent = {"User-Agent": _PHONE} if lines is _PHONES else {}
    return Truth("redirect-loop", path, tuple(range(number, number + len(lines))), statuses=(301, 302), headers=agent)


@case((*APACHE, "own-log"), "php")
def two_hands_on_one_evening(s: Scene) -> Truth:
    """A wrong line in `.htaccess`, and behind it a script that does not parse either: both have to be mended."""
    site = describe(s)
    source = s.read(s.at(site.helpers)).decode().rstrip("\n") + "\n"
    broken = s.rng.choice(
        (
            "function opening_hours() {\n    return ['mon' => '9-18', 'tue' => '9-18'];\n",
            "$phone = '0123 / 456;\n",
            "$vat = 0.2\n$net = 100;\n",
        )
    )
    s.write(s.at(site.helpers), source + broken)
    name, rest = s.rng.choice(
        (("RewriteBase", "/"), ("AddType", "image/avif .avif"), ("ErrorDocument", "500 /oops.html"), ("FileETag", "None"))
    )
    path = s.at(".htaccess")
    number = with_lines(s, path, (f"{words.misspelt(s.rng, name, frozenset())} {rest}",))
    also = ("php-parse-error", "php-truncated-file")
    return Truth("htaccess-invalid-directive", path, (number,), also, paths=(s.at(site.helpers),))
