# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What a support desk sees of `.htaccess`, handlers and scripts: access rules, quotes, files of another kind, old ways of running PHP."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, Truth, case, well
from tests.lab.cases.htaccess import plant
from tests.lab.cases.permissions import script
from tests.lab.scene import Scene
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.php_site import describe

_LOGIN = {"Authorization": "Basic YW5uYTpicmVhZA=="}
_WELL = Truth("none", statuses=(200,))


# --- who may enter
@case(APACHE, "static", "php")
def password_without_a_file(s: Scene) -> Truth:
    """Asked for a password, but nothing says where the passwords are: a 401, and a 500 for whoever brings one."""
    lines = ("AuthType Basic", f'AuthName "{s.rng.choice(words.FOLDERS)}"', "Require valid-user")
    path, line, page = plant(s, lines, where=s.rng.choice(("root", "sub")), without="Require")
    return Truth("htaccess-auth-file-missing", path, (line, line + 1, line + 2), ("htaccess-bad-argument",), page, headers=_LOGIN)


@case(APACHE, "static", "php")
def password_in_the_digest_way(s: Scene) -> Truth:
    """AuthType is no directive of the module that is not there: Apache finds out only when somebody comes."""
    s.keep(".htdigest", f"anna:members:{s.rng.randrange(16**32):032x}\n", 0o644)
    lines = ("AuthType Digest", 'AuthName "members"', f'AuthUserFile "{s.path(".htdigest")}"', "Require valid-user")
    path, line, page = plant(s, lines, where=s.rng.choice(("root", "sub")), without="Require")
    return Truth("htaccess-module-not-loaded", path, (line,), ("htaccess-bad-argument",), page)


@case(APACHE, "static", "php")
def password_of_no_kind(s: Scene) -> Truth:
    """AuthType itself was lost: nobody is asked, everybody is refused with a 500."""
    s.keep(".htpasswd", "anna:{SHA}b/KR2BdbHWJIks1FlEQQT7186H8=\n", 0o644)
    lines = ('AuthName "Preview"', f'AuthUserFile "{s.path(".htpasswd")}"', s.rng.choice(("Require valid-user", "Require user anna")))
    path, line, page = plant(s, lines, where="root", without="Require")
    return Truth("htaccess-bad-argument", path, (line, line + 1, line + 2), ("htaccess-auth-file-missing",), page)


@case(APACHE, "static", "php", "wordpress")
def only_what_is_not_wanted(s: Scene) -> Truth:
    """Deny from, translated word by word: a refusal alone refuses nobody, and Apache will not have it."""
    address = f"203.0.113.{s.rng.randint(1, 250)}"
    lines, at = s.rng.choice((
        ((f"Require not ip {address}",), (0,)), ((f"Require not ip {address} 198.51.100.0/24", "Require not host spam.example"), (0, 1)),
        (("<RequireAny>", "Require all granted", f"Require not ip {address}", "</RequireAny>"), (0, 2, 3)),
    ))  # fmt: skip
    path, line, page = plant(s, lines, without="Require")
    return Truth("htaccess-bad-argument", path, tuple(line + n for n in at), (), page)


@case(APACHE, "static", "php")
def methods_that_limit_does_not_know(s: Scene) -> Truth:
    """Advice on hardening from the days of Apache 2.0."""
    lines = s.rng.choice((("<Limit TRACE TRACK>", "Require all denied", "</Limit>"), ("<Limit PUT DELETE TRACE>", "Require all denied", "</Limit>")))  # fmt: skip
    path, line, page = plant(s, lines, without="Require")
    return Truth("htaccess-bad-argument", path, (line,), ("htaccess-directive-not-allowed",), page)


# --- what is written
@case(APACHE, "static", "php", "wordpress")
def percent_in_a_header(s: Scene) -> Truth:
    line = s.rng.choice((
        'Header set X-Offer "20% off until Sunday"', 'Header always set Link "</fonts/my%20font.woff2>; rel=preload"', 'Header set X-Load "%CPU"',
        'Header add Set-Cookie "seen=50%; Path=/"',
    ))  # fmt: skip
    path, number, page = plant(s, (line,))
    return Truth("htaccess-bad-argument", path, (number,), (), page)


@case(APACHE, "static", "php")
def quotes_of_a_word_processor(s: Scene) -> Truth:
    line = s.rng.choice((
        "AuthName “Members only”", "ExpiresByType image/png “access plus 1 month”", "Options “-Indexes”", "Header set X-Powered-By “our own work”",
        "ErrorDocument “404” /404.html",
    ))  # fmt: skip
    path, number, page = plant(s, (line,))
    return Truth("htaccess-bad-argument", path, (number,), ("htaccess-bad-errordocument",) if line.startswith("Error") else (), page)


@case(APACHE, "static", "php")
def line_ends_of_an_old_mac(s: Scene) -> Truth:
    """Only carriage returns: one line to Apache."""
    first = s.rng.choice((("Options -Indexes",), ("FileETag None",), ("Options -Indexes -MultiViews",)))
    more = [block for block in blocks(s.rng, 3) if not any(line.endswith("\\") or " - " in line for line in block)]
    s.write(s.at(".htaccess"), text([first, *more], "\r"))
    return Truth("htaccess-bad-argument", s.at(".htaccess"), also=("htaccess-invalid-directive", "htaccess-directive-not-allowed"))


@case(APACHE, "static", "php", "wordpress")
def document_of_another_kind(s: Scene) -> Truth:
    """Saved by an editor in its own form, or a web page that was saved in place of the file it shows."""
    title = s.rng.choice(words.TITLES)
    content = s.rng.choice((
        f"<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>{title}: .htaccess</title></head>\n<body><pre># rules</pre></body>\n</html>\n",
        "{\\rtf1\\ansi\\ansicpg1252\\cocoartf2639\n{\\fonttbl\\f0\\fswiss Helvetica;}\n\\f0\\fs24 \\cf0 RewriteEngine On\\\nOptions -Indexes}\n",
        f"PK\x03\x04\x14 .htaccess {title}\n\x01\x02\x03\n",
    ))  # fmt: skip
    s.write(s.at(".htaccess"), content)
    lines = tuple(range(1, content.count("\n") + 1))  # none of them belongs there
    return Truth("htaccess-invalid-directive", s.at(".htaccess"), lines, ("htaccess-unclosed-section",))


@case(APACHE, "php", "wordpress")
def words_of_another_web_server(s: Scene) -> Truth:
    """A cache plugin wrote them where LiteSpeed ran; the guard around them was edited away in the move."""
    lines = ("# BEGIN LSCACHE", "<IfModule mod_rewrite.c>", "RewriteEngine on", s.rng.choice(("CacheLookup on", "CacheEnable public /")), "RewriteRule .* - [E=Cache-Control:no-autoflush]", "</IfModule>", "# END LSCACHE")  # fmt: skip
    path, line, page = plant(s, lines, where="root")
    return Truth("htaccess-module-not-loaded", path, (line + 3,), ("htaccess-invalid-directive", "htaccess-directive-not-allowed"), page)


# --- rewriting
@case(("plain", "ovh"), "static", "php")
def rewriting_without_links(s: Scene) -> Truth:
    """Whoever forbids links forbids rewriting with them: every page is a 403."""
    line = s.rng.choice(("Options -FollowSymLinks", "Options -FollowSymLinks -Indexes", "Options None"))
    path, number, page = plant(s, (line, f"RewriteRule ^{s.rng.choice(words.PAGES)}$ /index.html [L]"), where="root", rewriting=True, without="Options")  # fmt: skip
    lines = (number - 1, number, number + 1)
    return Truth("htaccess-directive-not-allowed", path, lines, ("htaccess-bad-argument",), page, (403,))


@case(APACHE, "static", "php")
def addresses_without_their_ending(s: Scene) -> Truth:
    """The usual three lines, and a link with a slash at its end: the file is found, again and again."""
    ending = s.rng.choice(("php", "html"))
    name = f"{s.rng.choice(words.PAGES)}-{s.rng.randint(10, 99)}"
    s.keep(s.at(f"{name}.{ending}"), words.html(s.rng, name))
    lines = ("RewriteCond %{REQUEST_FILENAME} !-d", f"RewriteCond %{{REQUEST_FILENAME}}\\.{ending} -f", f"RewriteRule ^(.*)$ $1.{ending} [NC,L]")  # fmt: skip
    path, line, _page = plant(s, lines, where="root", rewriting=True)
    page = f"/{name}{s.rng.choice(('/', '/print', '/2'))}"
    s.pages = [*s.pages[:2], page]
    return Truth("htaccess-rewrite-loop", path, (line, line + 1, line + 2), page=page)


@case(APACHE, "static", "php")
def slash_taken_and_given_back(s: Scene) -> Truth:
    """A rule takes the last slash off, Apache puts it back behind every folder."""
    folder = f"{s.rng.choice(words.FOLDERS)}-{s.rng.randint(10, 99)}"
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    rule = s.rng.choice(("RewriteRule ^(.+)/$ /$1 [R=301,L]", "RewriteRule ^(.*[^/])/+$ /$1 [R=302,L]"))
    path, line, _page = plant(s, (rule,), where="root", rewriting=True)
    s.pages = [*s.pages[:2], f"/{folder}/"]
    return Truth("redirect-loop", path, (line,), page=f"/{folder}/", statuses=(301, 302))


@case(LOGGED, "static", "php")
def proxy_for_a_protocol_that_is_not_there(s: Scene) -> Truth:
    """Lines for a Python or a Java server, whose part of the proxy this host has not."""
    folder, target = s.rng.choice((("live", "h2c://127.0.0.1:3000"), ("wsgi", "scgi://localhost:4000"), ("app", "ajp://127.0.0.1:8009")))
    path, line, _page = plant(s, (f"RewriteRule ^{folder}/(.*)$ {target}/$1 [P,L]",), where="root", rewriting=True)
    s.pages = [*s.pages[:2], f"/{folder}/"]
    return Truth("htaccess-module-not-loaded", path, (line,), ("htaccess-proxy-target-down",), f"/{folder}/")


# --- handlers and scripts
@case(APACHE, "php")
def wrapper_for_a_php_that_is_gone(s: Scene) -> Truth:
    """A start script of the account's own, for a version that the host has taken away since."""
    version, name = s.rng.choice(("5.6", "7.1", "7.4")), s.rng.choice(("php.cgi", "php-own.cgi"))
    wrapper = s.at(f"cgi-bin/{name}")
    s.keep(wrapper, f'#!/bin/sh\n# PHP of our own choice\nPHPRC="{s.path("etc")}"\nexport PHPRC\nexec /opt/php{version}/bin/php-cgi "$@"\n', s.place.setup.folder_mode)  # fmt: skip
    lines = ('<FilesMatch "\\.php$">', "  SetHandler php-own", "</FilesMatch>", f"Action php-own /cgi-bin/{name}")
    path, line, _page = plant(s, lines, where="root")
    also = ("cgi-interpreter-missing", "cgi-script-error", "cgi-no-output")
    return Truth("htaccess-php-handler-override", path, (line + 1, line + 3), also, paths=(wrapper,))


@case(APACHE, "static")
def pages_that_were_programs(s: Scene) -> Truth:
    """PHP in pages of another name, by a line that only the old host understood: visitors read the source."""
    name, line = s.rng.choice((
        ("preise.html", "AddType application/x-httpd-php .html .htm"), ("shop", "<Files shop>\nForceType application/x-httpd-php\n</Files>"),
        ("kontakt.htm", "AddHandler application/x-httpd-php5 .htm .html"), ("katalog.html", "AddHandler php74-script .php .html"),
    ))  # fmt: skip
    s.keep(s.at(name), words.html(s.rng, name, "<?php include 'numbers.inc'; echo date('Y'); ?>\n" + words.paragraphs(s.rng)))
    lines = tuple(line.split("\n"))
    path, number, _page = plant(s, lines, where="root", without="AddType")
    s.pages = [*s.pages[:2], f"/{name}"]
    return Truth("htaccess-php-handler-override", path, (number + len(lines) // 2,), page=f"/{name}", statuses=(200,), body=b"<?php")


@case(LOGGED, "static", "php")
def header_that_never_ends(s: Scene) -> Truth:
    """No empty line between the header and the page."""
    path = script(s)
    s.write(path, f"#!/bin/sh\n# {s.rng.choice(words.NOUNS)}\necho 'Content-Type: text/html'\necho '<html><body><h1>{s.rng.choice(words.TITLES)}</h1>'\necho '</body></html>'\n", s.place.setup.folder_mode)  # fmt: skip
    return Truth("cgi-malformed-header", path, page=s.pages[-1])


@case(LOGGED, "static", "php")
def library_beside_the_script(s: Scene) -> Truth:
    """Newer Perl does not look into the script's own folder."""
    path = script(s)
    library = s.rng.choice(("cgi-lib.pl", "form-lib.pl", "config.pl"))
    s.keep(f"{path.rpartition('/')[0]}/{library}", "sub greeting { return 'Welcome'; }\n1;\n", s.place.setup.folder_mode)
    s.keep(path, f'#!/usr/bin/perl\n# {s.rng.choice(words.SENTENCES[:5])}\nrequire "{library}";\nprint "Content-Type: text/html\\r\\n\\r\\n";\nprint "<h1>" . greeting() . "</h1>";\n', s.place.setup.folder_mode)  # fmt: skip
    return Truth("cgi-script-error", path, (3,), ("cgi-no-output",), s.pages[-1])


@case(LOGGED, "static")
def counter_that_cannot_count(s: Scene) -> Truth:
    """The file with the numbers came back from a backup, for reading only."""
    path = script(s)
    data = s.rng.choice(("count.txt", "entries.dat", "visits.log"))
    numbers = f"{path.rpartition('/')[0]}/{data}"
    s.write(numbers, "4711\n", 0o444)
    s.keep(path, f'#!/usr/bin/perl\nuse strict;\nopen(my $file, ">>", "{data}") or die "{data}: $!";\nprint $file "1\\n";\nclose($file);\nprint "Content-Type: text/html\\r\\n\\r\\n<p>Thank you</p>";\n', s.place.setup.folder_mode)  # fmt: skip
    also = ("folder-not-writable", "file-unreadable", "cgi-no-output")
    return Truth("cgi-script-error", path, (3,), also, s.pages[-1], paths=(numbers, numbers.rpartition("/")[0]))


# --- well, for all that
@well(APACHE, "php", "wordpress")
def handler_of_a_panel_that_is_not_here(s: Scene) -> Truth:
    """Apache takes the host's own handler first: PHP runs, and the lines of the old panel do nothing."""
    version = s.rng.choice(("ea-php81", "ea-php74", "alt-php80"))
    lines = (f"# php -- BEGIN cPanel-generated handler, do not edit\n# Set the “{version}” package as the default “PHP” programming language.", "<IfModule mime_module>",
             f"  AddHandler application/x-httpd-{version}{s.rng.choice(('', '___lsphp'))} .php .php8 .phtml", "</IfModule>", "# php -- END cPanel-generated handler, do not edit")  # fmt: skip
    plant(s, tuple("\n".join(lines).split("\n")), where="root")
    return _WELL


@well(APACHE, "php", "wordpress")
def block_for_another_web_server(s: Scene) -> Truth:
    lines = ("# BEGIN LSCACHE", "<IfModule LiteSpeed>", "RewriteEngine on", "CacheLookup on", "RewriteRule .* - [E=Cache-Control:no-autoflush]", "php_value memory_limit 256M",
             "</IfModule>", "<IfModule php8_module>", "php_flag display_errors Off", "php_value max_execution_time 30", "</IfModule>", "# END LSCACHE")  # fmt: skip
    plant(s, lines, where="root")
    return _WELL


@well(APACHE, "static", "php")
def refusals_as_they_should_be(s: Scene) -> Truth:
    lines = ("<RequireAll>", "Require all granted", "Require not ip 203.0.113.7", "</RequireAll>", "<LimitExcept GET POST HEAD>", "Require all denied", "</LimitExcept>",
             'Header set X-Offer "20%% off until Sunday"', 'Header set X-Took "%D"')  # fmt: skip
    plant(s, lines, where="root", without="Require")
    return _WELL


@well(APACHE, "static", "php")
def names_that_change_places(s: Scene) -> Truth:
    """Two rules that would go in circles, did not each of them end the rewriting."""
    one, other = (f"{word}-{s.rng.randint(10, 99)}" for word in s.rng.sample(words.FOLDERS, 2))
    for folder in (one, other):
        s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    plant(s, (f"RewriteRule ^{one}/(.*)$ /{other}/$1 [END]", f"RewriteRule ^{other}/(.*)$ /{one}/$1 [END]"), where="root", rewriting=True)
    s.pages = ["/", f"/{one}/"]
    return _WELL


@well((*APACHE,), "static", "php")
def sent_on_to_a_language(s: Scene) -> Truth:
    folder = s.rng.choice(("de", "fr", "en"))
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    lines = ("RewriteCond %{HTTP:Accept-Language} !^xx [NC]", f"RewriteRule ^$ /{folder}/ [R=302,L]")
    plant(s, lines, where="root", rewriting=True)
    page = f"/{describe(s).page}" if s.path(s.at("index.php")).exists() else s.pages[1]
    s.pages = ["/", page, f"/{folder}/"]
    return Truth("none", statuses=(200, 302))
