# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Logs that are moved, shut, silent, in another time zone, or full of others; and two faults at once."""

from __future__ import annotations

import os
import time

from tests.lab import words
from tests.lab.cases.base import LOGGED, Truth, case
from tests.lab.cases.php import everywhere
from tests.lab.cases.php_settings import setting
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, php

_ERRORS = (
    ("throw new RuntimeException('No rates found');", "php-uncaught-exception"),
    ("$found = rates_of_today_all();", "php-undefined-function"),
    ("$all = str_repeat('x', 900000000);", "php-memory-limit"),
)


def some_error(s: Scene) -> Truth:
    line, cause = s.rng.choice(_ERRORS)
    return everywhere(s, [line], cause=cause)


@case(("plain", "shared", "engine"), "php", times=2)
def rotated_while_the_server_writes_on(s: Scene) -> Truth:
    """The log was renamed and nobody told the server: it writes into what is called the old one now."""
    name = s.place.setup.error_log
    s.path(name).rename(s.path(f"{name}.1"))
    s.path(name).touch()
    s.place.account.own(s.path(name))
    s.afterwards(os.rename, s.path(f"{name}.1"), s.path(name))
    return some_error(s)


@case(("plain", "shared", "fcgid"), "static", "php")
def log_that_only_root_reads(s: Scene) -> Truth:
    log = s.path(s.place.setup.error_log)
    before = log.stat()
    os.chown(log, 0, 0)
    log.chmod(0o600)
    s.afterwards(log.chmod, 0o644)
    s.afterwards(os.chown, log, before.st_uid, before.st_gid)
    s.write(s.at(".htaccess"), "Options -Indexes\nRewriteEngin On\nRewriteRule ^old$ /new [R=301,L]\n")
    return Truth("htaccess-invalid-directive", s.at(".htaccess"), (2,))


@case(("plain", "shared", "engine"), "php")
def silenced_log(s: Scene) -> Truth:
    """`log_errors` is off, and a file cannot be read."""
    setting(s, "log_errors = Off")
    site = describe(s)
    name = s.rng.choice((site.helpers, site.settings))
    s.write(s.at(name), s.read(s.at(name)).decode() + "$prices = [1, 2;\n")
    return Truth("php-parse-error", s.at(name), (s.line_of(s.at(name), "$prices = [1, 2;"),))


@case(("plain", "shared", "engine", "fcgid"), "php")
def log_in_a_private_folder(s: Scene) -> Truth:
    """PHP writes where the settings of the site say, in the time zone of somebody far away."""
    s.folder("private", 0o700)
    zone = s.rng.choice(("Asia/Tokyo", "America/Los_Angeles", "UTC", "Pacific/Auckland"))
    setting(s, f'error_log = "{s.path("private")}/php-errors.txt"', f"date.timezone = {zone}")
    return some_error(s)


@case(LOGGED, "php")
def others_fill_the_log(s: Scene) -> Truth:
    """A log of all sites of the machine, hundreds of errors a second, in these very minutes."""
    now = time.time()
    lines = []
    for number in range(120_000):
        stamp = time.strftime("%a %b %d %H:%M:%S.000000 %Y", time.gmtime(now - 240 + number * 0.002))
        other = f"/home/{words.FOLDERS[number % len(words.FOLDERS)]}/www"
        lines.append(
            f"[{stamp}] [proxy_fcgi:error] [pid 7:tid 7] [client 203.0.113.{number % 200}:{20_000 + number % 30_000}] AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function other() in {other}/index.php:3\\nStack trace:\\n#0 {{main}}\\n  thrown in {other}/index.php on line 3'"
        )
    s.old_lines(lines)
    return some_error(s)


@case(LOGGED, "php")
def settings_written_by_night_are_cut(s: Scene) -> Truth:
    """A timed job writes them anew, and had no room for all of it."""
    rows = "".join(f"  'key_{n}' => '{s.rng.choice(words.SENTENCES[:4])}',\n" for n in range(60))
    whole = f"<?php\nreturn array (\n{rows});\n"
    site = describe(s)
    s.write(s.at("cache/settings.php"), whole[: len(whole) * 2 // 3])
    s.write(s.at(site.settings), s.read(s.at(site.settings)).decode() + "$more = require __DIR__ . '/../cache/settings.php';\n", days=90)
    count = s.read(s.at("cache/settings.php")).count(b"\n") + 1
    return Truth("php-truncated-file", s.at("cache/settings.php"), tuple(range(1, count + 1)), ("php-parse-error",))


@case(LOGGED, "static")
def two_folders_two_faults(s: Scene) -> Truth:
    """One is shut, the other has a word in its .htaccess that nobody knows."""
    one, two = s.rng.sample(words.FOLDERS, 2)
    for folder in (one, two):
        s.keep(s.at(f"{folder}-a/index.html"), words.html(s.rng, folder))
    s.chmod(s.at(f"{one}-a"), 0o700)
    s.write(s.at(f"{two}-a/.htaccess"), "AddTypes text/plain .txt\n")
    s.pages = ["/", f"/{one}-a/index.html", f"/{two}-a/"]
    return Truth(
        "htaccess-invalid-directive",
        s.at(f"{two}-a/.htaccess"),
        also=("folder-not-traversable",),
        page=f"/{two}-a/",
        paths=(s.at(f"{one}-a"),),
    )


@case(("plain", "shared"), "php")
def database_is_down_beside_a_full_disk(s: Scene) -> Truth:
    """Two at once: what is full holds caches that the program can do without."""
    site = describe(s)
    s.folder(s.at("cache"))
    if s.small_disk(s.at("cache"), 64):
        (s.path(s.at("cache")) / "pages.bin").write_bytes(b"\0" * 65_536)
    start = s.read(s.at(site.start)).decode()
    s.write(s.at(site.start), start.replace("session_start();", "session_start();\n$db = new mysqli('127.0.0.1', 'a', 'b', 'c', 1);"))
    return Truth("database-server-down", s.at(site.start), (s.line_of(s.at(site.start), "new mysqli"),))


@case(("plain", "shared"), "php")
def phones_one_time_in_three(s: Scene) -> Truth:
    lines = [
        "$mark = (int) @file_get_contents(sys_get_temp_dir() . '/phones') + 1;",
        "if (preg_match('/Mobile/', $_SERVER['HTTP_USER_AGENT'] ?? '')) { file_put_contents(sys_get_temp_dir() . '/phones', $mark); }",
        "if (preg_match('/Mobile/', $_SERVER['HTTP_USER_AGENT'] ?? '') && $mark % 3 == 0) { small_layout_of_today(); }",
    ]
    phone = {
        "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
    }
    return everywhere(s, lines, 2, cause="php-undefined-function", of=7, headers=phone)


@case(("plain", "shared", "engine"), "php")
def only_in_this_hour(s: Scene) -> Truth:
    """An offer that ends at a certain time, and a class that is used only then."""
    path = "offers/night.php"
    s.keep(s.at(path), php("$offer = new NightOffer(date('G'));"))
    return everywhere(
        s,
        [f"if (in_array((int) date('G'), range(0, 23), true)) {{ require dirname($_SERVER['SCRIPT_FILENAME']) . '/{path}'; }}"],
        cause="php-class-not-found",
        paths=(s.at(path),),
    )
