# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""PHP: what its settings and its surroundings make it stop over."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, page_source


def setting(s: Scene, *lines: str) -> int:
    """A `.user.ini` of sound lines with these among them; the number of the first of these."""
    around = s.rng.sample(
        ("; settings of the shop", "upload_max_filesize = 32M", "post_max_size = 34M", "display_errors = Off", "max_input_vars = 3000"), 3
    )
    at = s.rng.randint(0, 3)
    s.write(s.at(".user.ini"), "\n".join([*around[:at], *lines, *around[at:], ""]))
    time.sleep(1.1)  # PHP looks for it once in a second at most
    return at + 1


@case(PHP, "php", "wordpress", times=2)
def prepended_file_missing(s: Scene) -> Truth:
    """What a firewall plugin or an old host left behind."""
    name = s.rng.choice(("wordfence-waf.php", "prepend.php", "guard/start.php"))
    quote = s.rng.choice(('"', "'", ""))
    line = setting(s, f"auto_prepend_file = {quote}{s.path(s.at(name))}{quote}")
    return Truth("user-ini-bad-prepend", s.at(".user.ini"), (line,))


@case(PHP, "php")
def memory_limit_too_low(s: Scene) -> Truth:
    line = setting(s, f"memory_limit = {s.rng.choice(('4M', '5242880', '6M', '8M'))}")
    site = describe(s)
    s.write(s.at("index.php"), page_source(s, site, site.title, more=["$rows = str_repeat('row', 4000000);"]))
    return Truth("user-ini-memory-limit-too-low", s.at(".user.ini"), (line,), ("php-memory-limit",))


@case(PHP, "php")
def limits_of_a_test_machine(s: Scene) -> Truth:
    """Set so low that a developer should notice what is slow or large, and uploaded with all the rest."""
    site, name = describe(s), s.rng.choice(("max_execution_time", "pcre.backtrack_limit"))
    value = s.rng.choice(("1", '"1"')) if name == "max_execution_time" else s.rng.choice(("10", "100"))
    line = setting(s, f"{name} = {value}")
    if name == "max_execution_time":
        code, cause = (
            "for ($until = microtime(true) + 1.4; microtime(true) < $until;) { $sum = ($sum ?? 0) + 1; }",
            "php-max-execution-time",
        )
    else:
        code, cause = "if (preg_match('/^(?:a|aa)+$/', str_repeat('a', 400) . 'b') === false) { throw new RuntimeException(preg_last_error_msg()); }", "php-uncaught-exception"  # fmt: skip
    s.write(s.at("index.php"), page_source(s, site, site.title, more=[code]))
    number = s.line_of(s.at("index.php"), code)
    return Truth(cause, s.at("index.php"), (number, line), paths=(s.at(".user.ini"),))


@case(PHP, "php")
def session_folder_missing(s: Scene) -> Truth:
    """With a handler that takes every warning for the end."""
    line = setting(s, f'session.save_path = "{s.path("sessions-" + s.rng.choice(words.FOLDERS))}"')
    site = describe(s)
    start = s.read(s.at(site.start)).decode()
    handler = "set_error_handler(function ($no, $text, $file, $line) { throw new ErrorException($text, 0, $no, $file, $line); });\nsession_start();"
    s.keep(s.at(site.start), start.replace("session_start();", handler))
    return Truth("php-session-path-not-writable", s.at(".user.ini"), (line,), paths=(s.at(site.start),))


@case(PHP, "php")
def basedir_leaves_out_a_library(s: Scene) -> Truth:
    site = describe(s)
    line = setting(s, f"open_basedir = {s.path(s.www)}:/tmp")
    folder = s.rng.choice(("private", "shared-code", "vendor"))
    s.keep(f"{folder}/rates.php", "<?php\nreturn [1, 2];\n")
    s.write(s.at("index.php"), page_source(s, site, site.title, more=[f"require dirname(__DIR__) . '/{folder}/rates.php';"]))
    return Truth("open-basedir", s.at(".user.ini"), (line,), paths=(s.at("index.php"),))


@case(PHP, "php")
def basedir_of_another_host(s: Scene) -> Truth:
    line = setting(s, f"open_basedir = /homez.{s.rng.randint(100, 999)}/old/www:/tmp")
    return Truth("open-basedir", s.at(".user.ini"), (line,), statuses=(404, 500, 403))


@case(PHP, "php")
def disk_full(s: Scene) -> Truth:
    site, folder = describe(s), s.rng.choice(("cache", "data", "uploads"))
    if s.small_disk(s.at(folder), 64):
        old = s.path(s.at(folder)) / "old.bin"
        old.write_bytes(b"\0" * 61_440)
        s.place.account.own(old)
    else:  # the device that is always full
        (s.path(s.at(folder)) / "page.html").symlink_to("/dev/full")
    lines = [f"if (@file_put_contents(__DIR__ . '/{folder}/page.html', str_repeat('x', 90000)) !== 90000) {{",
             "    throw new RuntimeException(error_get_last()['message'] ?? 'not written');", "}"]  # fmt: skip
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return Truth("disk-full")


@case(("plain", "shared", "engine"), "php")
def database_refuses(s: Scene) -> Truth:
    """A program of the owner's own with the wrong password."""
    site, server = describe(s), s.databases
    database = s.make_database("none")
    lines = [f"$db = new mysqli('127.0.0.1', '{database.user}', 'old-password', '{database.name}', {server.port});"]
    s.write(s.at(site.page), page_source(s, site, site.title, more=lines))
    line = s.line_of(s.at(site.page), "new mysqli")
    return Truth("database-access-denied", s.at(site.page), (line,), page=f"/{site.page}")


@case(("plain", "shared", "engine"), "php")
def database_gone(s: Scene) -> Truth:
    site, server = describe(s), s.databases
    database = s.make_database("none")
    options = f"mysql:host=127.0.0.1;port={server.port};dbname={database.name}"
    lines, cause, also = s.rng.choice((
        ([f"$db = new PDO('{options}_old', '{database.user}', '{database.password}');"], "database-missing", ("database-access-denied",)),
        ([f"$db = new PDO('{options}', '{database.user}', '{database.password}');", "$rows = $db->query('SELECT * FROM prices_2019')->fetchAll();"],
         "database-table-missing", ()),
        ([f"$db = new PDO('mysql:host=127.0.0.1;port=1;dbname={database.name}', '{database.user}', 'x');"], "database-server-down", ()),
    ))  # fmt: skip
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return Truth(cause, s.at("index.php"), (s.line_of(s.at("index.php"), lines[-1]),), also)
