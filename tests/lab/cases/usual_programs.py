# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""What the support desk meets day by day in PHP: the version was switched, an upload was cut short, settings came from another machine."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case, well
from tests.lab.cases.php import everywhere
from tests.lab.cases.php_settings import setting
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, filler, page_source, php

_WELL = Truth("none", statuses=(200,))
_STRICT = "set_error_handler(function ($no, $text, $file, $line) { throw new ErrorException($text, 0, $no, $file, $line); });"
_REACHED = ("plain", "shared", "engine", "own-log")


def _add(s: Scene, name: str, lines: list[str], *, fresh: bool = True) -> str:
    """Further lines in a file of the program; its path."""
    path = s.at(name)
    text = s.read(path).decode() + "\n".join(lines) + "\n"
    s.write(path, text) if fresh else s.keep(path, text)
    return path


def _at(s: Scene, path: str, mark: str = "/* here */") -> tuple[int, ...]:
    return (s.line_of(path, mark),)


# --- the version was switched
@case((*SHOWN, "ovh"), "php")
def forum_of_long_ago(s: Scene) -> Truth:
    """Nothing was touched for fifteen years but the switch in the host's panel."""
    line = s.rng.choice((
        "set_magic_quotes_runtime(0);", "import_request_variables('gpc', 'rq_');", "$cart = session_is_registered('cart') ? $cart : [];", "$q = @mysql_escape_string($_GET['q'] ?? '');",
        "$text = ereg_replace('[^a-z]', '', 'a b');", "define_syslog_variables();", "$db = @mysql_pconnect('localhost', 'forum', 'x') or die('no database');", "$price = is_real(1.5) ? 1.5 : 0;",
        "$text = convert_cyr_string('a', 'k', 'w');", "restore_include_path();",
    ))  # fmt: skip
    truth = everywhere(s, [line], cause="php-removed-function")
    s.age(truth.path, s.rng.uniform(2000, 5500))
    return truth


@case(SHOWN, "php")
def empty_fields_where_numbers_are_wanted(s: Scene) -> Truth:
    """PHP 7 grumbled and went on."""
    name = f"{words.identifier(s.rng)}_total"
    line = s.rng.choice((
        "return number_format('', 2, ',', '.'); /* here */", "return date('d.m.Y', ''); /* here */", "return implode(', ', 'none'); /* here */", "return (string) round('', 2); /* here */",
        "return (string) array_sum(null); /* here */", "return (string) max([]); /* here */", "return implode(array_merge(['a'], null)); /* here */", "return (string) in_array('x', ''); /* here */",
    ))  # fmt: skip
    path = _add(s, describe(s).helpers, [f"function {name}($row) {{", "    // as entered in the form", f"    {line}", "}", f"$total = {name}(['price' => '']);"], fresh=False)  # fmt: skip
    return Truth("php-version-incompatible-code", path, _at(s, path), ("php-uncaught-exception",))


@case((*SHOWN, "ovh"), "php")
def names_that_php_took_for_itself(s: Scene) -> Truth:
    """A class or function of one's own, by a name that is a word of the language now."""
    lines = s.rng.choice((
        ["class Match /* here */", "{", "    public $home = 0;", "}"], ["class Mixed /* here */", "{", "    public $parts = array();", "}"], ["function match($pattern, $text) /* here */", "{", "    return true;", "}"],
        ["interface Never /* here */", "{", "}"], ["class Iterable /* here */", "{", "}"],
    ))  # fmt: skip
    path = _add(s, describe(s).helpers, ["", f"// {s.rng.choice(words.SENTENCES[:4])}", *lines], fresh=False)
    return Truth("php-version-incompatible-code", path, _at(s, path), ("php-parse-error",))


# --- limits
@case(PHP, "php")
def list_of_visits_that_grew(s: Scene) -> Truth:
    """Read whole at every request; one day it was too long."""
    site, name = describe(s), s.rng.choice(("visits.csv", "hits.log", "counter.txt"))
    s.write(s.at(f"data/{name}"), b"10.1;/;1\n" * 1_400_000)
    path = _add(s, site.helpers, ["function count_of_visits() {", f"    $rows = file(dirname(__DIR__) . '/data/{name}'); /* here */", "    return count($rows);", "}", "$visits = count_of_visits();"], fresh=False)  # fmt: skip
    return Truth("php-memory-limit", path, _at(s, path), (), paths=(s.at(f"data/{name}"),))


@case(PHP, "php")
def calendar_without_an_end(s: Scene) -> Truth:
    """It waits for a day that no month has."""
    site, last = describe(s), s.rng.choice(("2026-02-30", "2026-06-31", "31.12.2026"))
    lines = ["function days_of_season() {", "    $day = new DateTime('2026-01-01');", "    $count = 0;", f"    while ($day->format('Y-m-d') != '{last}') {{ /* here */", "        $day->modify('+1 day');", "        $count++;", "    }", "    return $count;", "}"]  # fmt: skip
    path = _add(s, site.helpers, lines)
    s.write(s.at(site.page), page_source(s, site, "Calendar", more=["$days = days_of_season();"]))
    line = s.line_of(path, "/* here */")
    return Truth("php-max-execution-time", path, (line, line + 1, line + 2, line + 3), ("script-too-slow",), f"/{site.page}", (500, 504))


# --- uploads
@case(SHOWN, "php")
def include_that_only_warns(s: Scene) -> Truth:
    """PHP goes on without the file, as far as it gets."""
    site, part = describe(s), s.rng.choice(("menu", "prices", "gallery", "slider"))
    function = f"{part}_of_{s.rng.choice(words.NOUNS).lower()}"
    more = [f"include __DIR__ . '/{site.library}/{part}.inc.php'; /* load */", "$lang = 'en';", f"$part = {function}($lang); /* call */"]
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=more))
    lines = (*_at(s, s.at("index.php"), "/* load */"), *_at(s, s.at("index.php"), "/* call */"))
    return Truth("php-missing-file", s.at("index.php"), lines, ("php-undefined-function",), paths=(s.at(f"{site.library}/{part}.inc.php"),))


@case((*SHOWN, "ovh"), "php")
def lines_joined_into_one(s: Scene) -> Truth:
    """By an FTP program in the wrong way of sending: all that follows the first `//` is a comment now."""
    path = s.at(describe(s).helpers)
    rest = [line for line in s.read(path).decode().split("\n")[1:] if line]
    s.write(path, " ".join(["<?php", f"function cleaned_{s.rng.randrange(999)}($text)", "{", "    // no blanks at the ends", "    return trim($text);", "}", *rest]))  # fmt: skip
    return Truth("php-parse-error", path, (1,), ("php-truncated-file",))


@case(PHP, "php")
def modes_in_the_wrong_base(s: Scene) -> Truth:
    """`chmod($file, 644)` without its leading nought, in a script that was to repair the modes."""
    site = describe(s)
    if s.rng.random() < 0.5:
        s.chmod(s.at(site.library), 0o1411)  # 777
        return Truth("folder-not-traversable", s.at(site.library), (), ("file-unreadable",), paths=(s.at(site.start),))
    name = s.rng.choice((site.start, site.helpers, site.settings))
    s.chmod(s.at(name), s.rng.choice((0o1204, 0o1130)))  # 644, 600
    return Truth("file-unreadable", s.at(name))


@case((*PHP, "ovh"), "php")
def program_that_misses_its_own_folder(s: Scene) -> Truth:
    """As CodeIgniter's start file says it: a 503 in words, and no line in any log."""
    name, now = "application", s.rng.choice(("Application", "application.bak", "application_neu", "APPLICATION"))
    s.keep(s.at(f"{now}/config/config.php"), php("defined('BASEPATH') OR exit('No direct script access allowed');", "$config['base_url'] = '/';"))  # fmt: skip
    s.keep(s.at("system/core/CodeIgniter.php"), php("defined('BASEPATH') OR exit('No direct script access allowed');", "const CI_VERSION = '3.1.13';"))  # fmt: skip
    s.keep(s.at("index.php"), php(filler(s.rng, 3), "\t$system_path = 'system';", f"\t$application_folder = '{name}';", "define('BASEPATH', __DIR__ . '/' . $system_path . '/');", "if (!is_dir(__DIR__ . '/' . $application_folder)) /* here */", "{", "\theader('HTTP/1.1 503 Service Unavailable.', TRUE, 503);",
            "\techo 'Your application folder path does not appear to be set correctly. Please open the following file and correct this: '.basename(__FILE__);", "\texit(3);", "}", "require BASEPATH . 'core/CodeIgniter.php';"))  # fmt: skip
    s.pages = ["/"]
    lines = (s.line_of(s.at("index.php"), "$application_folder ="), *_at(s, s.at("index.php")))
    return Truth("application-answers-500", s.at("index.php"), lines, ("php-missing-file",), statuses=(503,), paths=(s.at(name), s.at(now)))


# --- settings of another machine
@case(_REACHED, "php")
def database_by_the_name_of_a_container(s: Scene) -> Truth:
    """On the developer's machine it was called so; or it was behind a socket, which is not here."""
    made, site = s.make_database("none"), describe(s)
    host = s.rng.choice(("mysql", "db", "mariadb", "localhost", "host.docker.internal"))
    s.write(s.at(".env"), f"APP_ENV=production\nAPP_DEBUG=false\n\nDB_HOST={host}\nDB_NAME={made.name}\nDB_USER={made.user}\nDB_PASSWORD={made.password}\n", 0o640)  # fmt: skip
    lines = ["$env = parse_ini_file(dirname(__DIR__) . '/.env', false, INI_SCANNER_RAW);", "$db = new PDO(\"mysql:host={$env['DB_HOST']};dbname={$env['DB_NAME']}\", $env['DB_USER'], $env['DB_PASSWORD']); /* here */"]  # fmt: skip
    path = _add(s, site.settings, lines, fresh=False)
    return Truth("database-server-down", s.at(".env"), (4,), paths=(path,))


@case(_REACHED, "php")
def half_a_password(s: Scene) -> Truth:
    """A semicolon in it begins a comment, where settings are of that kind."""
    made, site = s.make_database("none"), describe(s)
    password = f"{s.rng.choice(('Kx', 'sun', 'q7'))}{s.rng.choice((';', ' ;', ';;'))}{s.rng.randrange(10**6):06d}"
    for host in ("localhost", "127.0.0.1"):
        s.databases.run(f"ALTER USER '{made.user}'@'{host}' IDENTIFIED BY '{password}'")
    ini = s.at(f"{site.library}/database.ini")
    s.write(ini, f"; since the move\n[database]\nhost = 127.0.0.1\nport = {s.databases.port}\nuser = {made.user}\npassword = {password}\nname = {made.name}\n", 0o640)  # fmt: skip
    lines = ["$access = parse_ini_file(__DIR__ . '/database.ini');", "$db = new mysqli($access['host'], $access['user'], $access['password'], $access['name'], (int) $access['port']); /* here */"]  # fmt: skip
    path = _add(s, site.settings, lines, fresh=False)
    return Truth("database-access-denied", ini, (5, 6), paths=(path,))


@case((*SHOWN, "ovh"), "php")
def password_with_an_apostrophe(s: Scene) -> Truth:
    """Typed into Joomla's settings as it was read on the telephone."""
    password = s.rng.choice(("D'Artagnan1", "jo'urney!", "x'Y7'z'k"))
    for file in ("administrator/index.php", "includes/framework.php", "libraries/bootstrap.php"):
        s.keep(s.at(file), "<?php\n")
    s.write(s.at("configuration.php"), php("class JConfig {", *(f"\tpublic ${name} = '{value}';" for name, value in (("offline", "0"), ("sitename", words.TITLES[2]), ("dbtype", "mysqli"), ("host", "localhost"), ("user", "joomla"))),
            f"\tpublic $password = '{password}';", "\tpublic $db = 'joomla';", "\tpublic $dbprefix = 'jos_';", "}"))  # fmt: skip
    s.keep(s.at("index.php"), php("define('_JEXEC', 1);", "require_once __DIR__ . '/configuration.php';", "$config = new JConfig();", "echo '<h1>' . $config->sitename . '</h1>', str_repeat('<p>We play on Tuesdays.</p>', 8);"))  # fmt: skip
    s.pages = ["/"]
    line = s.line_of(s.at("configuration.php"), "$password")
    return Truth("php-parse-error", s.at("configuration.php"), (line, line + 1))


# --- what was stored
@case(PHP, "php")
def own_log_that_took_all_room(s: Scene) -> Truth:
    """Switched on for an hour, two years ago."""
    site, folder = describe(s), s.rng.choice(("logs", "debug", "var"))
    log = s.at(f"{folder}/debug.txt")
    assert s.small_disk(s.at(folder), 128)
    s.keep(log, "")
    with s.path(log).open("wb", buffering=0) as file:
        try:
            while file.write(b"[2024-05-03 10:00:00] visit of the start page, nothing to tell\n" * 9):
                pass  # fmt: skip
        except OSError:
            pass
    lines = ["function note_visit($text) {", f"    $log = fopen(dirname(__DIR__) . '/{folder}/debug.txt', 'a');", "    fwrite($log, date('[Y-m-d H:i:s] ') . str_repeat($text, 200)); /* here */", "    fclose($log);", "}", _STRICT, "note_visit('visit ');"]  # fmt: skip
    path = _add(s, site.helpers, lines, fresh=False)
    return Truth("disk-full", log, (), paths=(s.at(folder), path))


@case(PHP, "php")
def stored_list_cut_short(s: Scene) -> Truth:
    """A cache that was written while the machine went down; the program takes what it finds."""
    site = describe(s)
    rows = "".join(f'i:{n};s:{len(word)}:"{word}";' for n, word in enumerate(words.PAGES))
    whole = f"a:{len(words.PAGES)}:{{{rows}}}"
    name = f"cache/menu-{s.rng.randrange(16**6):06x}.ser"
    s.write(s.at(name), whole[: s.rng.randint(40, len(whole) - 20)] if s.rng.random() < 0.7 else "")
    lines = ["function stored_menu(string $file): array", "{", "    $menu = @unserialize(file_get_contents($file));", "    return $menu; /* here */", "}", f"$menu = stored_menu(dirname(__DIR__) . '/{name}');"]  # fmt: skip
    path = _add(s, site.helpers, lines, fresh=False)
    line = s.line_of(path, "/* here */")
    return Truth("php-uncaught-exception", path, (line, line - 1), ("php-truncated-file",), paths=(s.at(name),))


@case(PHP, "php")
def language_that_nobody_thought_of(s: Scene) -> Truth:
    """Visitors from one country meet a 500, all others see the page."""
    language = s.rng.choice(("it", "pl", "pt"))
    lines = ["$language = strtolower(substr($_SERVER['HTTP_ACCEPT_LANGUAGE'] ?? 'en', 0, 2));", f"$language = $language === '{language}' ? $language : 'en';", "$greeting = match ($language) { /* here */", "    'de' => 'Willkommen', 'fr' => 'Bienvenue',", "    'en' => 'Welcome',", "};"]  # fmt: skip
    path = _add(s, describe(s).helpers, lines)
    line = s.line_of(path, "/* here */")
    return Truth("php-uncaught-exception", path, tuple(range(line, line + 4)), headers={"Accept-Language": f"{language}-{language.upper()},{language};q=0.9"})  # fmt: skip


# --- well, for all that
@well(PHP, "php")
def advertisement_that_is_gone(s: Scene) -> Truth:
    """PHP warns of it at every request, twice; nobody misses it."""
    site = describe(s)
    s.write(s.at("index.php"), page_source(s, site, site.title, more=["include __DIR__ . '/banner/summer.php';", "echo '<!-- ' . ($bannerText ?? 'none') . ' -->';"]))  # fmt: skip
    return _WELL


@well(_REACHED, "php")
def second_database_in_reserve(s: Scene) -> Truth:
    """The first does not answer; the log is told, and the second does."""
    made = s.make_database("none")
    login = f"'{made.user}', '{made.password}'"
    lines = ["try {", f"    $db = new PDO('mysql:host=127.0.0.1;port=1;dbname={made.name}', {login});", "} catch (PDOException $e) {", "    error_log('Uncaught ' . $e);", f"    $db = new PDO('mysql:host=127.0.0.1;port={s.databases.port};dbname={made.name}', {login});", "}"]  # fmt: skip
    _add(s, describe(s).settings, lines)
    return _WELL


@well(PHP, "php")
def long_list_read_line_by_line(s: Scene) -> Truth:
    """With little memory, which is enough for that."""
    setting(s, "memory_limit = 16M")
    s.write(s.at("data/visits.csv"), b"10.1;/;1\n" * 90_000)
    lines = ["$count = 0;", "foreach (new SplFileObject(dirname(__DIR__) . '/data/visits.csv') as $row) { $count++; }"]
    _add(s, describe(s).helpers, lines)
    return _WELL
