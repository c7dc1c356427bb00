# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Sites that are well, though a log, a line or a folder of theirs says otherwise."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, Truth, well
from tests.lab.cases.healthy import WELL
from tests.lab.cases.htaccess import plant
from tests.lab.cases.permissions import script
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, filler, page_source, php


@well((*PHP, "ovh"), "php")
def jobs_that_fail_in_the_background(s: Scene) -> Truth:
    """The program's own log is loud, of mails that were refused a moment ago; no page minds."""
    where = s.path(s.at("vendor/mailer/Transport.php"))
    s.keep(s.at("vendor/mailer/Transport.php"), php(filler(s.rng, 3)))
    stamps = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 60 * n)) for n in (90, 50, 20, 1)]
    text = '[{0}] production.ERROR: Connection could not be established with host smtp.example.com {{"exception":"[object] (TransportException(code: 0): Connection could not be established at {1}:12)\n[stacktrace]\n#0 {1}(2): run()\n#1 artisan(35): handle()\n#2 {{main}}\n"}}\n'
    s.write(s.at("storage/logs/laravel.log"), "".join(text.format(stamp, where) for stamp in stamps))
    return WELL


@well(APACHE, "static", "php")
def lines_that_are_out_of_date(s: Scene) -> Truth:
    """Apache says something of the first, ignores the others."""
    lines = s.rng.sample((
        "RewriteOptions MaxRedirects=20", "<Limit GET POST>\nRequire all granted\n</Limit>", "<IfModule mod_php5.c>\nphp_value memory_limit 64M\n</IfModule>",
        "<IfModule mod_access_compat.c>\nOrder allow,deny\nAllow from all\n</IfModule>", "ServerSignature Off", "<Files ~ \"^\\.ht\">\nRequire all denied\n</Files>",
        '<If "%{REQUEST_URI} =~ m#^/none/#">\nHeader set X-Kept "no"\n</If>',
    ), 4)  # fmt: skip
    plant(s, tuple("\n".join(lines).split("\n")), where="root")
    return WELL


@well(PHP, "php")
def error_caught_and_noted(s: Scene) -> Truth:
    """What fails is noted, whole, and something else is shown instead."""
    site = describe(s)
    lines = [
        "try {",
        f"    $rows = {words.identifier(s.rng)}_remote();",
        "} catch (Throwable $e) {",
        "    error_log('Uncaught ' . $e);",
        "    $rows = [];",
        "}",
    ]
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return WELL


@well(LOGGED, "static")
def script_that_grumbles(s: Scene) -> Truth:
    path = script(s)
    rest = s.read(path).partition(b"\n")[2]
    s.keep(
        path,
        s.read(path).partition(b"\n")[0]
        + b"\n"
        + (
            b"warn 'Use of uninitialized value $who';\n"
            if b"my $title" in rest
            else b"echo 'mail: cannot send message: process exited with 1' >&2\n"
        )
        + rest,
        s.place.setup.folder_mode,
    )
    return WELL


@well(LOGGED, "static", "php")
def folder_nobody_watches(s: Scene) -> Truth:
    """A copy of the site from long ago, refused by Apache whenever a crawler comes by."""
    folder = s.rng.choice(("old", "backup-2019", "_alt", "test"))
    s.keep(s.at(f"{folder}/index.html"), words.html(s.rng, folder))
    s.keep(
        s.at(f"{folder}/.htaccess"),
        s.rng.choice(("php_value memory_limit 64M\n", "Order allow,deny\nAllow from all\n", "RewritEngine On\n")),
    )
    for _ in range(3):
        s.place.get(f"/{folder}/?c=1")
    return WELL
