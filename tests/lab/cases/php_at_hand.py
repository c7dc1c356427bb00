# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Programs in PHP that were moved, edited by hand or uploaded badly, and settings of their own."""

from __future__ import annotations

from tests.lab.cases.base import PHP, SHOWN, Truth, case, well
from tests.lab.cases.php_settings import setting
from tests.lab.scene import Scene
from tests.lab.sites.php_site import class_source, describe, filler, page_source, php

_WELL = Truth("none", statuses=(200,))
_HERE = "/* here */"


def _page(
    s: Scene, lines: list[str], cause: str, also: tuple[str, ...] = (), *, everywhere: bool = False, paths: tuple[str, ...] = ()
) -> Truth:
    """These lines in a page; the one with the mark is the bad one."""
    site = describe(s)
    name = "index.php" if everywhere else s.rng.choice(("index.php", site.page))
    s.write(s.at(name), page_source(s, site, site.title, more=lines))
    return Truth(cause, s.at(name), (s.line_of(s.at(name), _HERE),), also, "/" if name == "index.php" else f"/{name}", paths=paths)


@case(PHP, "php")
def memory_of_a_small_machine(s: Scene) -> Truth:
    """The program sets its own limit, from the days when that was plenty."""
    site = describe(s)
    old = s.read(s.at(site.settings)).decode()
    s.keep(s.at(site.settings), f"{old}{s.rng.choice(('@', ''))}ini_set('memory_limit', '{s.rng.choice(('8M', '6M', '4M'))}'); {_HERE}\n")
    lines = s.rng.choice(
        (
            ["$catalogue = str_repeat('article;', 1500000);"],
            [
                "$rows = [];",
                "for ($n = 0; $n < 90000; $n++) {",
                "    $rows[] = ['id' => $n, 'title' => 'Title ' . $n, 'price' => $n / 10];",
                "}",
            ],
        )
    )
    s.write(s.at(site.page), page_source(s, site, site.title, more=lines))
    return Truth("php-memory-limit", s.at(site.page), page=f"/{site.page}", paths=(s.at(site.settings),))


@case(PHP, "php")
def part_of_the_page_fetched_as_a_page(s: Scene) -> Truth:
    """The menu is required by its web address, as PHP 4 let everybody do."""
    part = s.rng.choice(("menu", "header", "navigation"))
    s.keep(s.at(f"parts/{part}.php"), php(filler(s.rng, 3), "echo '<nav>Home</nav>';"))
    address = s.rng.choice(
        (
            f"'http://www.example.com/parts/{part}.php'",
            f"'http://' . $_SERVER['HTTP_HOST'] . '/parts/{part}.php'",
            f'"http://example.org/parts/{part}.php?lang=de"',
        )
    )
    return _page(
        s, [f"{s.rng.choice(('require', 'require_once'))} {address}; {_HERE}"], "php-missing-file", ("php-version-incompatible-code",)
    )


@case(PHP, "php")
def path_from_the_root_of_the_disk(s: Scene) -> Truth:
    """What is a path in a link is none to PHP; or a stroke is missing behind the docroot."""
    part = s.rng.choice(("inc/top.php", "parts/head.php", "template/header.inc.php"))
    s.keep(s.at(part), php(filler(s.rng, 3), "$top = '<header>Welcome</header>';"))
    line = s.rng.choice(
        (
            f"require '/{part}';",
            f"require $_SERVER['DOCUMENT_ROOT'] . '{part}';",
            f"require_once(__DIR__ . '{part}');",
            f"require '~/{s.www}/{part}';",
        )
    )
    return _page(s, [f"{line} {_HERE}"], "php-missing-file")


@case((*SHOWN, "ovh"), "php")
def text_of_a_language_with_an_apostrophe(s: Scene) -> Truth:
    """The owner put a friendlier text into the file of texts."""
    site, rng = describe(s), s.rng
    texts = [
        "'home' => 'Accueil',",
        "'open' => 'Ouvert du mardi au samedi',",
        "'menu' => \"Carte et prix\",",
        "'booking' => 'Réserver',",
        "'more' => 'Lire la suite',",
        "'end' => 'À bientôt'",
    ]
    at = rng.randrange(5)
    texts[at] = rng.choice(
        (
            "'home' => 'Bienvenue à l'atelier',",
            "'open' => 'Aujourd'hui ouvert',",
            '\'menu\' => "Notre plat "maison" du jour",',
            "'news' => 'Don't miss it',",
            "'today' => 'C'est nouveau',",
        )
    )
    name = f"{rng.choice(('lang', 'texts', 'i18n'))}/{rng.choice(('fr', 'en', 'it'))}.php"
    s.write(s.at(name), php("return [", [f"    {text}" for text in texts], "];"))
    s.keep(s.at(site.settings), s.read(s.at(site.settings)).decode() + f"$texts = require dirname(__DIR__) . '/{name}';\n")
    return Truth("php-parse-error", s.at(name), (at + 3,))


@case(PHP, "php")
def file_of_nothing_but_zeros(s: Scene) -> Truth:
    """The machine went down while it was written: as long as it was, and nothing in it."""
    site = describe(s)
    name = s.rng.choice((site.helpers, site.class_file))
    setting(s, "output_buffering = On")
    s.write(s.at(name), b"\0" * len(s.read(s.at(name))))
    return Truth("php-truncated-file", s.at(name), (), ("php-undefined-function",) if name == site.helpers else ("php-class-not-found",))


@case(SHOWN, "php")
def extension_asked_for_from_a_namespace(s: Scene) -> Truth:
    """PHP names the function with the namespace before it, as if it were the site's own."""
    site = describe(s)
    space = s.rng.choice(("Acme\\Shop", "App\\Service", "Verein\\Kalender", "Site\\Tools"))
    call = s.rng.choice(
        (
            "mb_substr('Jürgen', 0, 3)",
            "bcmul('2', '3', 2)",
            "curl_init('http://127.0.0.1/')",
            "simplexml_load_string('<a/>')",
            "imagecreatetruecolor(3, 3)",
            "cal_days_in_month(CAL_GREGORIAN, 2, 2024)",
            "ftp_connect('127.0.0.1')",
        )
    )
    short = space.rpartition("\\")[2] + "Helper.php"
    name = f"{site.library}/{short}"
    s.keep(
        s.at(name), php(f"namespace {space};", "", filler(s.rng, 3), "function prepared(): mixed", "{", f"    return {call}; {_HERE}", "}")
    )
    s.keep(
        s.at(site.settings),
        s.read(s.at(site.settings)).decode() + f"require_once __DIR__ . '/{short}';\n$prepared = \\{space}\\prepared();\n",
    )
    return Truth("php-missing-extension", s.at(name), (s.line_of(s.at(name), _HERE),), paths=(s.at(site.settings),))


@case(SHOWN, "php")
def trait_or_interface_not_uploaded(s: Scene) -> Truth:
    """One file of a folder is still on the owner's own machine."""
    site, rng = describe(s), s.rng
    word = rng.choice(("Sortable", "HasPrice", "Printable", "Translates"))
    kind = rng.choice(("trait", "interface"))
    whole = class_source(rng, site.noun)
    head = f"class {site.noun}\n{{\n"
    new = f"class {site.noun}\n{{\n    use {word}; {_HERE}\n" if kind == "trait" else f"class {site.noun} implements {word} {_HERE}\n{{\n"
    s.keep(s.at(site.class_file), whole.replace(head, new))
    s.keep(s.at(f"{site.library}/{rng.choice(('Countables', 'Helper'))}.php"), php(filler(rng, 9)))
    lines = (
        s.line_of(s.at(site.class_file), f"class {site.noun}"),
        s.line_of(s.at(site.class_file), _HERE),
    )  # PHP names the class, not the word in it
    return Truth(
        "php-class-not-found",
        s.at(site.class_file),
        lines,
        ("php-missing-file",),
        paths=(s.at(f"{site.library}/{word}.php"), s.at("index.php")),
    )


@case(PHP, "php")
def sessions_in_a_folder_that_the_program_chose(s: Scene) -> Truth:
    """The program sets the folder itself, with the path of the machine it came from, and looks whether it may write there."""
    site = describe(s)
    folder = s.rng.choice(
        (
            "/home/www/p12345/html/sessions",
            "/kunden/homepages/11/d123/htdocs/tmp",
            "/usr/www/users/anna/sess",
            "/var/www/vhosts/example.org/tmp",
        )
    )
    check = [
        "if (!is_dir(session_save_path()) || !is_writable(session_save_path())) {",
        "    throw new RuntimeException('Session path \"' . session_save_path() . '\" is not writable for PHP!');",
        "}",
    ]
    start = s.read(s.at(site.start)).decode()
    s.keep(
        s.at(site.start),
        start.replace("session_start();", "\n".join([f"session_save_path('{folder}'); {_HERE}", *check, "session_start();"])),
    )
    line = s.line_of(s.at(site.start), _HERE)
    return Truth("php-session-path-not-writable", s.at(site.start), (line, line + 1, line + 2), ("folder-not-writable",))


@case(SHOWN, "php")
def habits_that_php_8_punishes(s: Scene) -> Truth:
    """What was a warning up to PHP 7, with values that come from a variable."""
    lines = s.rng.choice((
        ["$found = null;", f"for ($n = 0; $n < count($found); $n++) {{ {_HERE}", "}"], ["$names = ['a', 'b'];", f"$list = implode($names, ', '); {_HERE}"], ["$post = null;", f"$post->title = 'Start'; {_HERE}"],
        ["$total = '';", f"$total = $total + 12.5 * 2; {_HERE}"], ["$opened = '';", f"$opened['monday'] = '9-18'; {_HERE}"], ["$options = '';", f"$options[] = 'x'; {_HERE}"],
        ["$key = ['a'];", "$rows = ['x' => 1];", f"$value = $rows[$key]; {_HERE}"], [f"$stamp = mktime(); {_HERE}"], ["$prices = 'none';", f"$one = array_sum($prices); {_HERE}"],
    ))  # fmt: skip
    return _page(s, lines, "php-version-incompatible-code", ("php-uncaught-exception",))


@case(("plain", "shared", "engine", "fcgid"), "php")
def words_of_a_pool_in_settings_of_a_folder(s: Scene) -> Truth:
    """Copied from the settings of a PHP-FPM pool into `.user.ini`: PHP falls down over the brackets, whatever page is asked for."""
    word = s.rng.choice(("php_value[post_max_size] = 64M", "php_admin_value[memory_limit] = 256M", "php_flag[display_errors] = off"))
    line = setting(s, word)
    return Truth("php-service-crash", s.at(".user.ini"), (line,), ("php-process-crash",), statuses=(500, 502, 503))


# --- well, for all that
@well(("plain", "shared", "engine", "fcgid"), "php", "wordpress")
def settings_in_the_words_of_another_file(s: Scene) -> Truth:
    """`.user.ini` written as if it were `.htaccess`: PHP grumbles at every page, or takes no notice."""
    lines = s.rng.choice((
        ["memory_limit = 128M", "php_value upload_max_filesize 64M", "php_flag display_errors off"], ["; from .htaccess", "php_admin_value post_max_size 64M", "memory_limit = 128M"],
        ["memory_limit = 128M", "post_max_size = 64M", "Options -Indexes"],
    ))  # fmt: skip
    s.write(s.at(".user.ini"), "\n".join(lines) + "\n")
    return _WELL


@well(("plain", "shared", "engine", "own-log"), "php")
def takes_only_what_is_posted(s: Scene) -> Truth:
    name = s.rng.choice(("send.php", "api.php", "hook.php", "payment-notify.php"))
    s.keep(
        s.at(name),
        php(
            "if ($_SERVER['REQUEST_METHOD'] !== 'POST') {",
            "    http_response_code(405);",
            "    header('Allow: POST');",
            "    exit(json_encode(['error' => 'Method Not Allowed: send a POST with your order, and a key, as the manual says.', 'status' => 405]));",
            "}",
            "echo 'ok';",
        ),
    )
    s.pages = [*s.pages[:2], f"/{name}"]
    return Truth("none", statuses=(200, 405))


@well(PHP, "php", "wordpress")
def memory_with_a_letter_too_many(s: Scene) -> Truth:
    """256MB is no number that PHP knows: it says so at every page, and keeps the limit of the host."""
    setting(s, f"memory_limit = {s.rng.choice(('256MB', '512 MB', '128Mb', '256MiB', '1GB', '256 Mo'))}")
    return _WELL
