# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Modes, scripts and settings of PHP, as a support desk meets them."""

from __future__ import annotations

import os
import time

from tests.lab import words
from tests.lab.cases.base import APACHE, LOGGED, PHP, SHOWN, Truth, case
from tests.lab.cases.htaccess import plant
from tests.lab.cases.moving import ERRORS_END_IT
from tests.lab.cases.permissions import script
from tests.lab.cases.php_settings import setting
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, filler, page_source, php


def _program(s: Scene, *lines: str) -> str:
    """These lines in the start page of the program; its path."""
    site = describe(s)
    s.write(s.at("index.php"), page_source(s, site, site.title, more=list(lines)))
    return s.at("index.php")


def page_below(s: Scene, folder: str, *lines: str) -> str:
    """A page of its own in a folder, whose lines run before it answers; its address."""
    s.keep(s.at(f"{folder}/index.php"), php(filler(s.rng, 4), list(lines), f"echo {words.html(s.rng, folder)!r};"))
    s.pages = [*s.pages[:2], f"/{folder}/"]
    return f"/{folder}/"


def _python(s: Scene, *lines: str, first: str = "#!/usr/bin/env python3") -> tuple[str, str]:
    """A script of these lines in the place of one that works: its path and its address."""
    path = script(s).rpartition(".")[0] + ".cgi"
    head = [
        first,
        f'"""{s.rng.choice(words.NOUNS)} of the site."""',
        *(f"# {s.rng.choice(words.SENTENCES[:4])}" for _ in range(s.rng.randint(0, 4))),
    ]
    s.write(path, "\n".join([*head, *lines, ""]), s.place.setup.folder_mode)
    s.pages[-1] = f"/{path.partition('/')[2]}"
    return path, s.pages[-1]


# --- modes
@case(APACHE, "static", "php")
def pictures_kept_elsewhere(s: Scene) -> Truth:
    """The folder of pictures is a link to one beside the docroot, which was made private with all that lies there."""
    name, kept = s.rng.choice(("media", "bilder", "files", "photos")), s.rng.choice(("shared", "private", "storage"))
    picture = f"{s.rng.choice(words.NOUNS).lower()}-{s.rng.randint(1, 99)}.jpg"
    s.keep(f"{kept}/{name}/{picture}", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(s.rng.randrange(256) for _ in range(800)))
    s.path(s.at(name)).symlink_to(f"../{kept}/{name}")
    s.place.account.own(s.path(s.at(name)))
    s.chmod(kept, s.rng.choice((0o700, 0o750)))
    s.pages = [*s.pages[:2], f"/{name}/{picture}"]
    return Truth("folder-not-traversable", kept, (), (), s.pages[-1], (403,), paths=(s.at(name),))


@case(PHP, "php")
def settings_that_nobody_may_read(s: Scene) -> Truth:
    """The program reads a file of data and says only that it could not."""
    name = s.rng.choice(("config/site.json", "data/settings.json", "conf/shop.ini", ".env"))
    s.keep(s.at(name), '{"title": "a"}\n' if name.endswith("json") else "TITLE=a\n")
    if s.rng.random() < 0.5:
        os.chown(s.path(s.at(name)), 0, 0)
        s.chmod(s.at(name), 0o600)
    else:
        s.chmod(s.at(name), 0o000)
    start = _program(
        s,
        f"$raw = file_get_contents(__DIR__ . '/{name}');",
        "if ($raw === false) {",
        "    throw new RuntimeException('The settings could not be loaded.');",
        "}",
    )
    return Truth("file-unreadable", s.at(name), paths=(start,))


@case(SHOWN, "php")
def list_that_cannot_be_put_in_its_place(s: Scene) -> Truth:
    """Written aside and then given its name, as it should be; only the folder was taken for finished."""
    folder = s.rng.choice(("data", "export", "feeds", "var/lists"))
    s.keep(s.at(f"{folder}/prices.json"), "[]\n")
    s.chmod(s.at(folder), s.rng.choice((0o555, 0o505)))
    start = _program(
        s, "$aside = tempnam(sys_get_temp_dir(), 'list');", "file_put_contents($aside, json_encode([1, 2, 3]));",
        f"if (!rename($aside, __DIR__ . '/{folder}/prices.json')) {{", "    throw new RuntimeException('The list of prices could not be replaced');", "}",
    )  # fmt: skip
    return Truth("folder-not-writable", s.at(folder), paths=(start, s.at(f"{folder}/prices.json")))


# --- scripts
@case(APACHE, "static", "php")
def form_with_a_short_address(s: Scene) -> Truth:
    """Visitors know it by another name; the new upload took the right to run it."""
    path, short = script(s), s.rng.choice(("kontakt", "contact", "search", "order"))
    plant(s, (f"RewriteRule ^{short}/?$ /{path.partition('/')[2]} [L,QSA]",), where="root", rewriting=True)
    s.chmod(path, s.place.setup.file_mode)
    s.pages = ["/", f"/{short}"]
    return Truth("cgi-not-executable", path, page=f"/{short}", statuses=(500, 403))


@case(APACHE, "static", "php")
def program_that_env_cannot_spell(s: Scene) -> Truth:
    """Only the first line came from Windows, or all of them did; `env` looks for a program whose name ends with what nobody sees."""
    path, page = _python(
        s,
        "import os",
        "",
        'print("Content-Type: text/html; charset=utf-8")',
        "print()",
        'print("<h1>Form</h1><p>" + os.environ.get("QUERY_STRING", "") + "</p>")',
    )
    whole = s.read(path)
    s.write(path, whole.replace(b"\n", b"\r\n", 1 if s.rng.random() < 0.5 else -1), s.place.setup.folder_mode)
    return Truth("cgi-windows-line-endings", path, (1,), (), page)


@case(LOGGED, "static", "php")
def what_is_said_too_early(s: Scene) -> Truth:
    """Python keeps its own words back until the end; the command that it runs does not."""
    command = s.rng.choice(("date +%Y-%m-%d", "uname -sr", "id -un"))
    lines = [
        "import os",
        "",
        'print("Content-Type: text/html; charset=utf-8")',
        "print()",
        'print("<h1>State of the machine</h1><pre>")',
        f'os.system("{command}")',
        'print("</pre>")',
    ]
    path, page = _python(s, *lines)
    line = s.line_of(path, "os.system(")
    return Truth("cgi-malformed-header", path, (line, line - 3, line - 2), ("cgi-script-error",), page)


@case(LOGGED, "static", "php")
def visitor_who_comes_from_nowhere(s: Scene) -> Truth:
    """The script counts on what only some visitors bring."""
    name = s.rng.choice(("HTTP_REFERER", "HTTP_COOKIE", "PATH_INFO", "REMOTE_USER"))
    path, page = _python(
        s,
        "import os, html",
        "",
        f'source = html.escape(os.environ["{name}"])',
        "",
        'print("Content-Type: text/html")',
        "print()",
        'print("<p>You come from " + source + "</p>")',
    )
    return Truth("cgi-script-error", path, (s.line_of(path, "os.environ["),), ("cgi-no-output",), page)


# --- settings of PHP
@case(PHP, "php")
def guard_of_one_folder(s: Scene) -> Truth:
    """Settings in a folder of its own, for a file that is in no folder any more."""
    folder = s.rng.choice(("admin", "members", "intern", "tools"))
    page = page_below(s, folder)
    name = s.rng.choice(("guard.inc.php", "../lib/check-login.php", "session-guard.php"))
    lines = ["; for whoever is logged in", "display_errors = Off", f"auto_prepend_file = {name}", "upload_max_filesize = 16M"]
    s.rng.shuffle(lines)
    s.write(s.at(f"{folder}/.user.ini"), "\n".join(lines) + "\n")
    time.sleep(1.1)  # PHP looks for it once in a second at most
    return Truth("user-ini-bad-prepend", s.at(f"{folder}/.user.ini"), (s.line_of(s.at(f"{folder}/.user.ini"), "auto_prepend"),), (), page)


@case(SHOWN, "php")
def little_memory_for_the_import(s: Scene) -> Truth:
    """Set years ago for one folder, to keep a greedy script in bounds."""
    folder = s.rng.choice(("import", "export", "sync", "newsletter-admin"))
    page = page_below(s, folder, "$numbers = range(1, 1200000);", "$last = count($numbers);")
    lines = ["; no more than it needs", f"memory_limit = {s.rng.choice(('10M', '12M', '8192K', '12582912'))}", "max_input_vars = 2000"]
    s.rng.shuffle(lines)
    s.write(s.at(f"{folder}/.user.ini"), "\n".join(lines) + "\n")
    time.sleep(1.1)  # PHP looks for it once in a second at most
    line = s.line_of(s.at(f"{folder}/.user.ini"), "memory_limit")
    return Truth(
        "user-ini-memory-limit-too-low",
        s.at(f"{folder}/.user.ini"),
        (line,),
        ("php-memory-limit",),
        page,
        paths=(s.at(f"{folder}/index.php"),),
    )


@case(SHOWN, "php")
def program_that_looks_what_is_there(s: Scene) -> Truth:
    """It asks for a part of PHP before it begins, and says so in words of its own."""
    name, title = s.rng.choice((("gd", "GD"), ("intl", "Intl"), ("zip", "Zip"), ("curl", "cURL"), ("soap", "SOAP"), ("imagick", "Imagick")))
    said = s.rng.choice(
        (
            f"The PHP extension {name} is required",
            f"{title} extension is not loaded",
            f"Please install the {name} extension of PHP",
            f"Missing PHP extension: {name}",
        )
    )
    site = describe(s)
    s.write(
        s.at(site.helpers),
        s.read(s.at(site.helpers)).decode() + f"if (!extension_loaded('{name}')) {{\n    throw new RuntimeException('{said}');\n}}\n",
    )
    return Truth("php-missing-extension", s.at(site.helpers), (s.line_of(s.at(site.helpers), said),))


@case(SHOWN, "php")
def link_that_leads_out_of_bounds(s: Scene) -> Truth:
    """What it names lies in the docroot, where it leads does not: PHP looks at the end of the way."""
    name, kept = s.rng.choice((("common-files", "common-code"), ("core-files", "releases/current"), ("languages", "shared/languages")))
    s.keep(f"{kept}/rates.php", "<?php\nreturn [1, 2];\n")
    s.path(s.at(name)).symlink_to(f"../{kept}")
    s.place.account.own(s.path(s.at(name)))
    line = setting(s, f"open_basedir = {s.path(s.www)}:{s.path('tmp')}:/tmp")
    start = _program(s, f"$rates = require __DIR__ . '/{name}/rates.php';")
    return Truth("open-basedir", s.at(".user.ini"), (line,), paths=(start, s.at(name), kept, f"{kept}/rates.php"))


@case(PHP, "php")
def sessions_in_folders_that_nobody_made(s: Scene) -> Truth:
    """The number before the path asks for folders in the folder, one for each letter."""
    s.folder("sessions", 0o700)
    digits = "0123456789abc"[: s.rng.choice((0, 0, 10, 13))]  # some were made by hand: it fails now and then
    for digit in digits:
        s.folder(f"sessions/{digit}", 0o700)
    depth = "1" if digits else s.rng.choice(("1", "2", "2;0600"))
    line = setting(s, f'session.save_path = "{depth};{s.path("sessions")}"')
    start = s.at(describe(s).start)
    s.keep(start, s.read(start).decode().replace("session_start();", f"{ERRORS_END_IT}\nsession_start();"))
    return Truth("php-session-path-not-writable", s.at(".user.ini"), (line,), of=30 if digits else 1, paths=(start, "sessions"))


@case(PHP, "php")
def list_that_found_no_room(s: Scene) -> Truth:
    """Old backups fill what there is; the page writes its list and is told of it by number."""
    folder = s.rng.choice(("export", "feeds", "storage"))
    if s.small_disk(s.at(folder), 128):
        backup = s.path(s.at(folder)) / f"backup-{s.rng.randint(2019, 2024)}.zip"
        backup.write_bytes(b"PK" + b"\0" * 131_000)
        s.place.account.own(backup)
    else:  # the device that is always full
        (s.path(s.at(folder)) / "prices.csv").symlink_to("/dev/full")
    _program(
        s,
        ERRORS_END_IT,
        f"$list = fopen(__DIR__ . '/{folder}/prices.csv', 'w');",
        'fwrite($list, str_repeat("4711;Mug, blue;12.90\\n", 4000));',
        "fclose($list);",
    )
    return Truth("disk-full")
