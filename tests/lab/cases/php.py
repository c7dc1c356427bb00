# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""PHP: what its code or its settings make it stop over."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import LOGGED, PHP, SHOWN, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites import noise
from tests.lab.sites.php_site import PhpSite, class_source, describe, filler, page_source, php


def everywhere(s: Scene, lines: list[str], at: int = 0, *, cause: str, also: tuple[str, ...] = (), **more: object) -> Truth:
    """The lines run for every page, in a file that is loaded, or for one page only; `at` is the one to be named."""
    site, rng = describe(s), s.rng
    mark = f"/* {rng.randrange(10**9)} */"
    marked = [line + f" {mark}" if n == at else line for n, line in enumerate(lines)]
    where = rng.choice(("helpers", "class", "page", "start"))
    page = "/"
    if where == "helpers":
        name = site.helpers
        source = s.read(s.at(name)).decode() + "\n".join([*filler(rng, 3), *marked]) + "\n"
    elif where == "class":
        name = site.class_file
        source = class_source(rng, site.noun, method=["        " + line for line in marked])
    else:
        name, page = ("index.php", "/") if where == "start" else (site.page, f"/{site.page}")
        source = page_source(s, site, site.title, more=marked)
    s.write(s.at(name), source)
    return Truth(cause, s.at(name), (s.line_of(s.at(name), mark),), also, page, **more)  # type: ignore[arg-type]


def _broken(s: Scene, lines: list[str], at: int, cause: str, *, also: tuple[str, ...] = (), top: bool = False) -> Truth:
    """Lines that PHP cannot read, in one of the files."""
    rng, site = s.rng, describe(s)
    name = rng.choice((site.helpers, site.settings, site.start, "index.php", site.page))
    old = s.read(s.at(name)).decode().split("\n")
    cut = 1 if top else rng.choice([n for n, line in enumerate(old) if n and not line.startswith((" ", "}", "{", "/", "*"))])
    new = [*old[:cut], *lines, *old[cut:]]
    s.write(s.at(name), "\n".join(new))
    page = f"/{site.page}" if name == site.page else "/"
    return Truth(cause, s.at(name), (cut + 1 + at,), also, page)


@case((*SHOWN, "ovh"), "php", times=3)
def parse_error(s: Scene) -> Truth:
    value = s.rng.randint(2, 99)
    lines, at = s.rng.choice((
        ([f"$price = {value} +;", "$x = 1;"], 0), ([f"$list = [1, 2, {value};", "$x = 1;"], 0), ([f"if ($x == {value} {{", "}"], 0),
        (["echo 'it's here';"], 0), (["foreach ($rows as $row {", "}"], 0), ([f"$a = {value}", "$b = 2;"], 1), (["function (;"], 0),
        (["$name = \"Anna\" \"Bob\";"], 0), (["} else {", "}"], 0), (["<<<<<<< HEAD", "$a = 1;", "=======", "$a = 2;", ">>>>>>> fix"], 0),
        (["public function x() { }"], 0), ([f"$total == > {value};"], 0), (["use;"], 0),
    ))  # fmt: skip
    return _broken(s, lines, at, "php-parse-error")


@case(PHP, "php", times=2)
def truncated(s: Scene) -> Truth:
    """An upload that broke off."""
    site, rng = describe(s), s.rng
    name = rng.choice((site.helpers, site.class_file))
    whole = class_source(rng, site.noun, method=[f"        $x{n} = '{rng.choice(words.SENTENCES[:4])}';" for n in range(12)])
    if name == site.helpers:
        whole = (
            s.read(s.at(name)).decode()
            + "function last_one() {\n    $rows = [];\n    foreach ($rows as $row) {\n        if ($row) {\n            $x = 1;\n"
        )
        cut = len(whole)
    else:
        cut = rng.randrange(whole.index("$x3"), whole.index("$x11"))
        cut = whole.rindex("\n", 0, cut) + rng.choice((1, 9, 12))
    s.write(s.at(name), whole[:cut])
    count = whole[:cut].count("\n") + 1
    return Truth("php-truncated-file", s.at(name), tuple(range(1, count + 1)), ("php-parse-error",))


@case(SHOWN, "php", times=2)
def exception(s: Scene) -> Truth:
    line = s.rng.choice((
        "throw new RuntimeException('No {0} found');", "throw new LogicException('{0} must not be empty');", "intdiv(7, (int) '0');",
        "(function (int $n) {{ return $n; }})('{0}');", "(null)->{0}();", "new DateTime('{0} the 32nd');", "throw new Exception('{0}: see \"log\"');",
        "(function (string ...$x) {{ }})([]);", "match ('{0}') {{ 'a' => 1 }};", "$n = 5 % (int) '';", "abs(new stdClass());",
    )).format(s.rng.choice(words.NOUNS).lower())  # fmt: skip
    return everywhere(s, [line], cause="php-uncaught-exception")


@case(PHP, "php")
def exception_now_and_then(s: Scene) -> Truth:
    """One request in three."""
    counter = "(int) @file_get_contents(sys_get_temp_dir() . '/turn')"
    lines = [f"$turn = {counter} + 1;", "file_put_contents(sys_get_temp_dir() . '/turn', $turn);",
             "if ($turn % 3 == 0) { throw new RuntimeException('Turn ' . $turn); }"]  # fmt: skip
    return everywhere(s, lines, 2, cause="php-uncaught-exception", of=6)


@case((*LOGGED, "engine"), "php")
def exception_after_a_long_past(s: Scene) -> Truth:
    """The log is large (some 60 MB), and full of what has long been repaired."""
    past = noise.old(s, 200)
    many = 60_000_000 // sum(len(line) + 1 for line in past)
    s.old_lines([line for line in past for _ in range(many)])
    return everywhere(s, ["throw new RuntimeException('Not this time');"], cause="php-uncaught-exception")


@case(PHP, "php")
def exception_for_phones(s: Scene) -> Truth:
    lines = [
        "if (preg_match('/iphone|android/i', $_SERVER['HTTP_USER_AGENT'] ?? '')) {",
        "    throw new RuntimeException('No small layout');",
        "}",
    ]
    phone = {
        "User-Agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36 iPhone"
    }
    return everywhere(s, lines, 1, cause="php-uncaught-exception", headers=phone)


@case(SHOWN, "php", times=2)
def function_of_the_sites_own(s: Scene) -> Truth:
    name = f"{words.identifier(s.rng)}_{s.rng.choice(('new', 'all', 'x2', 'by_id'))}"
    return everywhere(s, [f"$found = {name}([1, 2]);"], cause="php-undefined-function")


@case(SHOWN, "php", times=2)
def extension_missing(s: Scene) -> Truth:
    line = s.rng.choice((
        "$image = imagecreatetruecolor(10, 10);", "$x = simplexml_load_string('<a/>');", "$c = bcadd('1', '2');", "$s = grapheme_strlen('abc');",
        "$h = curl_init('http://example.com/');", "$k = imagecreatefromjpeg('x.jpg');", "$m = mb_strtoupper('abc');", "$z = idn_to_ascii('a.b');",
        "$l = ldap_connect('x');", "$g = gmp_add(1, 2);", "$i = imap_open('x', 'y', 'z');", "$p = pg_connect('x');",
    ))  # fmt: skip
    return everywhere(s, [line], cause="php-missing-extension")


@case(PHP, "php")
def class_of_an_extension_missing(s: Scene) -> Truth:
    name = s.rng.choice(
        ("ZipArchive", "SoapClient", "Imagick", "NumberFormatter", "Redis", "Memcached", "DOMDocument", "IntlDateFormatter")
    )
    return everywhere(s, [f"$object = new {name}();"], cause="php-missing-extension")


@case(SHOWN, "php", times=2)
def function_that_was_removed(s: Scene) -> Truth:
    line = s.rng.choice((
        "$f = create_function('$a', 'return $a;');", "while (list($k, $v) = each($rows)) { break; }", "$c = mysql_connect('a', 'b', 'c');",
        "$p = split(',', 'a,b');", "$m = ereg('a', 'b');", "$g = get_magic_quotes_gpc();", "$f = money_format('%i', 3);", "$e = eregi_replace('a', 'b', 'c');",
        "$h = mcrypt_encrypt('a', 'b', 'c', 'd');", "session_register('a');", "$r = mysql_query('SELECT 1');", "$x = ezmlm_hash('a');",
    ))  # fmt: skip
    return everywhere(s, [line], cause="php-removed-function", also=("php-missing-extension",) if "mcrypt" in line else ())


@case(SHOWN, "php", times=2)
def code_of_another_version(s: Scene) -> Truth:
    if s.rng.random() < 0.5:
        lines, at = s.rng.choice((
            (["$first = $text{0};"], 0), (["$x = true ? 1 : false ? 2 : 3;"], 0), (["function __autoload($name) { }"], 0), (["$x = (real) 3;"], 0),
            (["unset($a, (unset) $b);"], 0),
        ))  # fmt: skip
        return _broken(s, lines, at, "php-version-incompatible-code", also=("php-parse-error",), top=True)
    line = s.rng.choice(
        (
            "$total = 'a' * [];",
            "$x = [] + 1;",
            "$n = count(null);",
            "$s = strlen([]);",
            "$t = 'abc' * 3;",
            "$k = array_key_exists('a', new stdClass());",
        )
    )
    return everywhere(s, [line], cause="php-version-incompatible-code", also=("php-uncaught-exception",))


@case(SHOWN, "php")
def packages_for_a_newer_php(s: Scene) -> Truth:
    """What Composer's own check says where the packages ask for more than there is."""
    site = describe(s)
    check = s.at("vendor/composer/platform_check.php")
    s.write(check, php(
        "// platform_check.php @generated by Composer", "", "$issues = array();", "", "if (!(PHP_VERSION_ID >= 80400)) {",
        "    $issues[] = 'Your Composer dependencies require a PHP version \">= 8.4.0\". You are running ' . PHP_VERSION . '.';", "}", "",
        "if ($issues) {", "    if (!headers_sent()) {", "        header('HTTP/1.1 500 Internal Server Error');", "    }",
        "    throw new \\RuntimeException(", "        'Composer detected issues in your platform: ' . implode(' ', $issues)", "    );", "}",
    ))  # fmt: skip
    s.write(s.at("vendor/autoload.php"), php("require __DIR__ . '/composer/platform_check.php';"))
    s.write(s.at("index.php"), page_source(s, site, site.title, more=["require __DIR__ . '/vendor/autoload.php';"]))
    line = s.line_of(check, "RuntimeException")
    return Truth("php-version-incompatible-code", check, (line,), ("php-uncaught-exception",), paths=(s.at("index.php"),))


@case(PHP, "php")
def class_file_missing(s: Scene) -> Truth:
    site = describe(s)
    s.remove(s.at(site.class_file))
    return Truth("php-class-not-found", s.at("index.php"), (s.line_of(s.at("index.php"), f"new {site.noun}"),), ("php-missing-file",),
                 paths=(s.at(site.class_file), s.at(site.page)))  # fmt: skip


@case(PHP, "php")
def class_file_in_another_letter_case(s: Scene) -> Truth:
    site = describe(s)
    source = s.read(s.at(site.class_file))
    s.remove(s.at(site.class_file))
    s.write(s.at(site.class_file.replace(site.noun, site.noun.lower())), source)
    return Truth("php-class-not-found", s.at("index.php"), (s.line_of(s.at("index.php"), f"new {site.noun}"),), ("php-missing-file",),
                 paths=(s.at(site.page), s.at(site.class_file), s.at(site.class_file.replace(site.noun, site.noun.lower()))))  # fmt: skip


@case(SHOWN, "php", times=2)
def required_file_missing(s: Scene) -> Truth:
    site: PhpSite = describe(s)
    gone, by = s.rng.choice(((site.settings, site.start), (site.helpers, site.start), (site.start, "index.php")))
    s.remove(s.at(gone))
    return Truth(
        "php-missing-file",
        s.at(by),
        (s.line_of(s.at(by), f"/{gone.rpartition('/')[2]}'"),),
        paths=(s.at(gone), *((s.at(site.page),) if by == "index.php" else ())),
    )


@case(SHOWN, "php")
def memory(s: Scene) -> Truth:
    lines = s.rng.choice((["$all = str_repeat('x', 900000000);"], ["$all = [];", "while (true) { $all[] = str_repeat('x', 100000); }"],
                          ["$rows = range(1, 90000000);"]))  # fmt: skip
    return everywhere(s, lines, len(lines) - 1, cause="php-memory-limit")


@case(PHP, "php")
def time_used_up(s: Scene) -> Truth:
    return everywhere(s, ["set_time_limit(1);", "for ($n = 0; ; $n++) { $sum = ($sum ?? 0) + $n; }"], 1, cause="php-max-execution-time")


@case(PHP, "php")
def page_too_slow(s: Scene) -> Truth:
    site = describe(s)
    s.write(s.at(site.page), page_source(s, site, site.title, more=["sleep(30);"]))
    return Truth("script-too-slow", s.at(site.page), page=f"/{site.page}", statuses=(504, 500))


@case(PHP, "php")
def fatal_behind_an_empty_page(s: Scene) -> Truth:
    """A handler that was meant well answers 200 with nothing."""
    lines = ["register_shutdown_function(function () { if (error_get_last()) { while (ob_get_level()) { ob_end_clean(); } http_response_code(200); } });",
             "ob_start();", f"$found = {words.identifier(s.rng)}_gone();"]  # fmt: skip
    site = describe(s)
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    line = s.line_of(s.at("index.php"), "_gone();")
    return Truth("php-fatal-hidden", s.at("index.php"), (line,), ("php-undefined-function",), statuses=(200,), is_empty=True)


@case(PHP, "php")
def byte_order_mark(s: Scene) -> Truth:
    site = describe(s)
    first = s.rng.choice((f"namespace {s.rng.choice(words.NOUNS)}s;", "declare(strict_types=1);"))
    source = s.read(s.at(site.class_file)).decode().replace("<?php\n", f"<?php\n{first}\n", 1)
    s.write(s.at(site.class_file), "\ufeff" + source)
    return Truth("php-byte-order-mark", s.at(site.class_file), (1, 2))


@case(PHP, "php")
def declares_too_late(s: Scene) -> Truth:
    """`namespace` after something else, without a mark: an ordinary error of the code."""
    site = describe(s)
    source = s.read(s.at(site.class_file)).decode().replace("<?php\n", "<?php\n$early = 1;\nnamespace Shop;\n", 1)
    s.write(s.at(site.class_file), source)
    return Truth("php-parse-error", s.at(site.class_file), (3,), ("php-uncaught-exception",))


@case(PHP, "php")
def process_killed(s: Scene) -> Truth:
    site = describe(s)
    s.write(s.at(site.page), page_source(s, site, site.title, more=["exec('kill -9 ' . getmypid());", "sleep(1);"]))
    return Truth("php-process-crash", s.at(site.page), page=f"/{site.page}", statuses=(500, 502, 503))
