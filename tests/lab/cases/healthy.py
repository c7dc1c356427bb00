# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sites that are well, also those that look as if they were not: nothing above a note may be said of them."""

from __future__ import annotations

import gzip
import time

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, Truth, well
from tests.lab.cases.htaccess import plant
from tests.lab.cases.permissions import script
from tests.lab.scene import Scene
from tests.lab.sites import noise
from tests.lab.sites.htaccess_lines import blocks, text
from tests.lab.sites.php_site import describe, filler, page_source, php
from tests.lab.sites.wordpress_site import describe as describe_wordpress
from tests.lab.sites.wordpress_site import plugin

WELL = Truth("none", statuses=(200,))


@well((*APACHE, "engine"), "static", "php", "wordpress", times=4)
def as_it_should_be(s: Scene) -> Truth:
    return WELL


def _stamp(ago_s: float, form: str = "%a %b %d %H:%M:%S.000000 %Y") -> str:
    return time.strftime(form, time.gmtime(time.time() - ago_s))


@well((*LOGGED, "engine"), "static", "php", "wordpress", times=2)
def old_errors(s: Scene) -> Truth:
    """What went wrong last week was repaired."""
    s.old_lines(noise.old(s, s.rng.randint(5, 200)))
    return WELL


@well((*LOGGED, "engine"), "php", "wordpress")
def old_errors_rotated(s: Scene) -> Truth:
    name = s.place.setup.error_log
    s.keep(f"{name}.1", "\n".join(noise.old(s, 20)) + "\n")
    s.keep(f"{name}.2.gz", gzip.compress(("\n".join(noise.old(s, 9)) + "\n").encode()))
    return WELL


@well(PHP, "php", times=2)
def warnings_only(s: Scene) -> Truth:
    """Warnings at every request, in the log and on no page."""
    site = describe(s)
    lines = s.rng.choice((
        ["echo $nothing ?? '', @$other;", "$sum = 1 + (int) 'a'; $list = []; echo $list['b'];"], ["echo $undefined;", "include 'there-is-none.php';"],
        ["trigger_error('This plugin is deprecated', E_USER_WARNING);", "foreach (null as $x) { }"],
        ["error_log('Fatal error: this is only what an author wrote');", "file_get_contents('/none');"],
    ))  # fmt: skip
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return WELL


@well((*APACHE, "engine"), "static", "wordpress", times=2)
def article_about_errors(s: Scene) -> Truth:
    body = ("<h2>500 Internal Server Error: what now?</h2><pre>Fatal error: Uncaught Error: Call to undefined function x() in /home/a/www/b.php on line 3</pre>"
            "<p>There has been a critical error on this website. Error establishing a database connection. Invalid command 'RewritEngine'.</p>")  # fmt: skip
    name = f"error-500-{s.rng.randint(1, 99)}.html"
    s.keep(s.at(name), words.html(s.rng, "Internal Server Error", body + words.paragraphs(s.rng, 9)))
    s.pages = [s.pages[0], f"/{name}"]
    return WELL


@well(APACHE, "static", "php", times=3)
def odd_but_sound_htaccess(s: Scene) -> Truth:
    lines = s.rng.choice((
        ("rEwRiTeEnGiNe oN", "RewriteRule ^x-(.*)$ - [S=1,E=A:1]", "RewriteRule ^ - [L]"),
        ("<IfModule no_such_module.c>", "TotallyUnknown on", "<Whatever>", "</Whatever>", "</IfModule>"),
        ("<IfDefine NEVER>", "Nonsense here", "</IfDefine>"),
        ("<IfVersion < 2.4>", "Order allow,deny", "Allow from all", "</IfVersion>"),
        ("   \t  ", "#Order deny,allow", "# RewritEngine On", "#</IfModule>"),
        ("RewriteEngine Off", "RewriteRule ^(.*)$ /loop/$1 [L]"),
        ("<RequireAny", "Require all granted", "</RequireAny>"),
        ("<If \"%{HTTP_HOST} == 'nowhere.example'\">", "Redirect 301 / http://example.com/", "</If>"),
        ('SetEnvIf Request_URI "^/a b$" odd=\\"1\\"', 'Header set X-Odd "a \\"b\\" %D" env=odd'),
        ("RewriteEngine On", "RewriteCond %{ENV:REDIRECT_STATUS} ^$", "RewriteRule ^old/(.*)$ old/$1 [L]"),
        ("DirectoryIndex index.php index.html default.asp", "DirectorySlash On"),
        ('ErrorDocument 500 "Sorry: Internal Server Error. Invalid command."',),
    ))  # fmt: skip
    plant(s, lines, where="root")
    return WELL


@well(APACHE, "static", "php")
def htaccess_with_windows_line_ends(s: Scene) -> Truth:
    s.keep(s.at(".htaccess"), text([block for block in blocks(s.rng) if not any(line.endswith("\\") for line in block)], "\r\n"))
    return WELL


@well(("plain", "shared"), "php")
def modes_that_are_odd(s: Scene) -> Truth:
    """Modes that PHP-FPM does not mind."""
    site = describe(s)
    for name in (site.helpers, site.settings, "index.php"):
        s.chmod(
            s.at(name), s.rng.choice((0o600, 0o640, 0o664, 0o400, 0o755)) if name != "index.php" else s.rng.choice((0o644, 0o604, 0o755))
        )
    return WELL


@well(("plain",), "static", "php")
def script_that_works(s: Scene) -> Truth:
    script(s)
    return WELL


@well(LOGGED, "static", "php", times=2)
def closed_on_purpose(s: Scene) -> Truth:
    """A folder that answers 401 or 403 because it should. It is not among the pages."""
    if s.rng.random() < 0.5:
        s.keep(s.at("intern/.htaccess"), "Require all denied\n")
    else:
        s.keep("passwords", "anna:$apr1$x$y\n")
        s.keep(
            s.at("intern/.htaccess"), f'AuthType Basic\nAuthName "Members only"\nAuthUserFile "{s.path("passwords")}"\nRequire valid-user\n'
        )
    s.keep(s.at("intern/index.html"), words.html(s.rng, "Members"))
    for _ in range(4):
        s.place.get("/intern/")
    return WELL


@well(PHP, "wordpress", times=2)
def broken_but_not_in_use(s: Scene) -> Truth:
    """An idle plugin and an old theme that would fail, and copies of broken files."""
    site = describe_wordpress(s)
    for name, content in plugin(s.rng, site.idle, body=["    $a = ;"]).items():
        s.write(s.at(f"wp-content/plugins/{site.idle}/{name}"), content)
    s.write(s.at("wp-content/themes/old-one/functions.php"), "<?php\nfunction broken( {\n")
    s.write(s.at("wp-config.php.bak"), "<?php\ndefine('DB_NAME' 'x');\n")
    s.write(s.at("wp-content/plugins/hello-old.php.off"), "<?php\n/* Plugin Name: Old */\nexit(1;\n")
    return WELL


@well(LOGGED, "static", "php")
def broken_copies_beside_it(s: Scene) -> Truth:
    s.write(s.at(".htaccess.old"), "RewritEngine On\n<IfModule\n")
    s.write(s.at("htaccess.txt"), "Order allow,deny\nphp_value x y\n")
    s.write(s.at("index.php.save"), "<?php\n$a = ;\n")
    s.write(s.at(".htaccess~"), b"\xef\xbb\xbfRewriteEngine On\n")
    return WELL


@well(PHP, "wordpress")
def maintenance_long_ago(s: Scene) -> Truth:
    """WordPress itself ignores the mark after ten minutes."""
    s.write(s.at(".maintenance"), f"<?php $upgrading = {int(time.time()) - 90_000}; ?>", days=1.04)
    return WELL


@well(PHP, "wordpress")
def debug_log_full_of_the_past(s: Scene) -> Truth:
    stamp = _stamp(86_400 * s.rng.randint(2, 30), "%d-%b-%Y %H:%M:%S UTC")
    slug = describe_wordpress(s).plugins[0]
    path = s.path(s.at(f"wp-content/plugins/{slug}/{slug}.php"))
    lines = [f"[{stamp}] PHP Deprecated:  Creation of dynamic property is deprecated in {path} on line {n}" for n in range(2, 60)]
    lines += [
        f"[{stamp}] PHP Fatal error:  Uncaught Error: Call to a member function get() on null in {path}:12",
        "Stack trace:",
        "#0 {main}",
        f"  thrown in {path} on line 12",
    ]
    s.keep(s.at("wp-content/debug.log"), "\n".join(lines) + "\n")
    return WELL


@well(PHP, "php")
def slow_but_complete(s: Scene) -> Truth:
    site = describe(s)
    s.write(s.at(site.page), page_source(s, site, site.title, more=["usleep(1600000);"]))
    return WELL


@well(PHP, "php")
def settings_that_are_odd(s: Scene) -> Truth:
    s.write(s.at(".user.ini"), "; from the old host\nmemory_limit = 64\nupload_max_filesize = 2G\nsession.gc_maxlifetime = 99999\n\nopen_basedir =\n"
            if s.rng.random() < 0 else "; from the old host\n[PHP]\nmemory_limit = 200M\nupload_max_filesize = 2G\nauto_prepend_file =\n")  # fmt: skip
    return WELL


@well(LOGGED, "php")
def another_site_fails(s: Scene) -> Truth:
    """A page nobody asked to watch fails, as a stranger who tries addresses finds out."""
    s.keep(s.at("old-test.php"), php(filler(s.rng, 3), "nothing_of_that_name();"))
    for _ in range(3):
        s.place.get("/old-test.php?x=1")
    return WELL


@well(PHP, "php")
def file_with_a_mark_and_no_namespace(s: Scene) -> Truth:
    """Bytes before the first tag are sent, and do no harm."""
    name = f"{s.rng.choice(words.PAGES)}-plain.php"
    s.keep(s.at(name), "\ufeff" + php("?>" + words.html(s.rng, "With a mark")).replace("<?php\n?>", ""))
    s.pages = ["/", f"/{name}"]
    return WELL


@well(APACHE, "static")
def planned_maintenance(s: Scene) -> Truth:
    """With a page of its own and a time to come back."""
    s.keep(s.at("back-soon.html"), words.html(s.rng, "Maintenance", "<p>We are working on the site and will be back in an hour.</p>" * 3))
    s.keep(
        s.at(".htaccess"),
        "ErrorDocument 503 /back-soon.html\nHeader always set Retry-After 3600\nRewriteEngine On\nRewriteCond %{REQUEST_URI} !^/back-soon\\.html$\n"
        "RewriteRule ^ - [R=503,L]\n",
    )
    return Truth("none", statuses=(503,))


@well((*APACHE, "engine"), "php")
def redirects_that_end_well(s: Scene) -> Truth:
    site = describe(s)
    s.keep(s.at("start.php"), php(f"header('Location: /{site.page}');", "exit;"))
    s.pages = ["/start.php", f"/{site.page}"]
    return Truth("none", statuses=(200, 302))


@well((*PHP, "ovh"), "php")
def answers_in_json(s: Scene) -> Truth:
    """An interface whose answers speak of errors."""
    s.keep(s.at("api.php"), php("header('Content-Type: application/json');", "echo json_encode(['error' => null, 'errors' => [], 'database' => 'connected',",
           "    'last_fatal' => 'PHP Fatal error: none', 'status' => 500, 'items' => range(1, 60)]);"))  # fmt: skip
    s.pages = ["/", "/api.php"]
    return WELL
