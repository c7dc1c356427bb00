# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""PHP: handlers that end pages over little things, logs in shapes and places of the owner's, files that are not what their names say."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case, well
from tests.lab.cases.healthy import WELL
from tests.lab.cases.moving import ERRORS_END_IT
from tests.lab.cases.php import everywhere
from tests.lab.scene import Scene
from tests.lab.sites.php_site import class_source, describe, page_source, php

_THROWN = ("php-uncaught-exception",)


def _strict(s: Scene, line: str) -> tuple[str, int]:
    """The line in the start page of a program whose handler lets nothing pass; its file and number."""
    site = describe(s)
    start = s.read(s.at(site.start)).decode()
    s.keep(s.at(site.start), start.replace("session_start();", f"error_reporting(E_ALL);\n{ERRORS_END_IT}\nsession_start();"))
    s.write(s.at("index.php"), page_source(s, site, site.title, more=[line]))
    return s.at("index.php"), s.line_of(s.at("index.php"), line)


@case(SHOWN, "php", times=2)
def deprecation_that_ends_the_page(s: Scene) -> Truth:
    """Since the PHP version was raised. Of lines that are run: what PHP says while it reads a file comes before any handler."""
    line = s.rng.choice((
        "$n = strlen(null);", "$t = trim(null);", "class Row { } $row = new Row(); $row->price = 3;", "$text = utf8_encode('abc');",
        "$u = str_replace('a', 'b', null);", "$k = [1, 2]; $v = $k[1.5];", "$d = strftime('%Y');",
    ))  # fmt: skip
    path, number = _strict(s, line)
    return Truth("php-version-incompatible-code", path, (number,), _THROWN)


@case(SHOWN, "php", times=2)
def warning_that_ends_the_page(s: Scene) -> Truth:
    line = s.rng.choice(
        (
            "$x = $_GET['page'];",
            "$a = [1]; $b = $a[4];",
            "$total = 3 + $nothing;",
            "$r = 5 / (int) '1' . $gone;",
            "foreach (null as $row) { }",
            "$s = 'abc'; $c = $s[9];",
        )
    )
    path, number = _strict(s, line)
    return Truth("php-uncaught-exception", path, (number,), ("application-answers-500",))


@case(PHP, "php")
def headers_after_a_mark(s: Scene) -> Truth:
    """Three invisible bytes before the first tag, and a handler that ends it when headers come too late."""
    site = describe(s)
    start = s.read(s.at(site.start)).decode()
    s.keep(s.at(site.start), start.replace("session_start();", f"{ERRORS_END_IT}\nsession_start();"))
    s.keep(
        s.at("index.php"),
        page_source(s, site, site.title).replace(
            f"/{site.start}';",
            f"/{site.start}';\nob_implicit_flush(); while (ob_get_level()) {{ ob_end_flush(); }} flush(); header('X-Shop: 1');",
            1,
        ),
    )
    name = s.at(site.settings)
    s.write(name, "\ufeff" + s.read(name).decode())
    return Truth("php-byte-order-mark", name, (1,), (*_THROWN, "application-answers-500"), paths=(s.at("index.php"),), statuses=(500, 200))


@case(SHOWN, "php")
def short_tags_in_a_library(s: Scene) -> Truth:
    """The old host understood `<?`."""
    site = describe(s)
    name = s.at(site.helpers)
    s.write(name, s.read(name).decode().replace("<?php", "<?", 1))
    also = (*_THROWN, "php-fatal-hidden")
    return Truth("php-undefined-function", name, (1,), also, paths=(s.at("index.php"), s.at(site.page)), statuses=(500, 200))


@case(PHP, "php")
def log_set_by_the_program(s: Scene) -> Truth:
    """`ini_set` in the start file says where PHP writes."""
    site, log = describe(s), s.rng.choice(("private/messages.txt", "protocol/errors-of-php", "intern/fehler.txt"))
    s.folder(log.rpartition("/")[0])
    start = s.read(s.at(site.start)).decode()
    s.keep(
        s.at(site.start),
        start.replace(
            "session_start();", f"ini_set('log_errors', '1');\nini_set('error_log', dirname(__DIR__, 2) . '/{log}');\nsession_start();"
        ),
    )
    s.write(s.at(site.class_file), class_source(s.rng, site.noun, method=["        throw new DomainException('Not for sale'); /* here */"]))
    line = s.line_of(s.at(site.class_file), "/* here */")
    return Truth("php-uncaught-exception", s.at(site.class_file), (line,), ("application-answers-500",))


@case(PHP, "php")
def namespace_that_does_not_fit(s: Scene) -> Truth:
    site = describe(s)
    source = s.read(s.at(site.class_file)).decode().replace("<?php\n", "<?php\nnamespace App\\Models;\n", 1)
    s.write(s.at(site.class_file), source)
    return Truth(
        "php-class-not-found",
        s.at("index.php"),
        (s.line_of(s.at("index.php"), f"new {site.noun}"),),
        paths=(s.at(site.class_file), s.at(site.page)),
    )


@case(SHOWN, "php", times=2)
def call_that_does_not_fit(s: Scene) -> Truth:
    line = s.rng.choice((
        "(new DateTime())->modifyy('now');", "echo Closure::fromCallable('nobody_wrote_this');", "$x = new ArrayIterator(1, 2, 3, 4);", "abstract class Shape { } new Shape();",
        "interface Cart { } new Cart();", "enum Kind: string { case A = 'a'; } Kind::from('b');", "final class Only { private function __construct() { } } new Only();",
        "class Ro { public function __construct(public readonly int $n) { } } (new Ro(1))->n = 2;", "(function (int ...$n) { })('x');", "iterator_to_array(5);",
    ))  # fmt: skip
    return everywhere(
        s, [line], cause="php-uncaught-exception", also=("php-version-incompatible-code", "php-class-not-found", "php-undefined-function")
    )


@case(PHP, "php")
def autoloader_of_two_projects(s: Scene) -> Truth:
    """Two `vendor` folders that were mixed: the one asks for the other's class."""
    site, one, other = describe(s), f"{s.rng.randrange(16**8):08x}", f"{s.rng.randrange(16**8):08x}"
    real = s.at("vendor/composer/autoload_real.php")
    s.keep(
        s.at("vendor/autoload.php"),
        php("require_once __DIR__ . '/composer/autoload_real.php';", f"return ComposerAutoloaderInit{one}::getLoader();"),
    )
    s.write(
        real,
        php(
            "// autoload_real.php @generated by Composer",
            f"class ComposerAutoloaderInit{other}",
            "{",
            "    public static function getLoader() { return true; }",
            "}",
        ),
    )
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=["require __DIR__ . '/vendor/autoload.php';"]))
    return Truth("php-class-not-found", s.at("vendor/autoload.php"), (3,), paths=(real,))


@case(PHP, "php")
def settings_that_end_the_page(s: Scene) -> Truth:
    """A settings file in another language's quotes: PHP takes them for letters."""
    site = describe(s)
    name = s.at(site.settings)
    s.write(name, s.read(name).decode() + "define(\u2018SHOP_MAIL\u2019, \u2018anna@shop.example\u2019);\n")
    return Truth("php-uncaught-exception", name, (s.line_of(name, "SHOP_MAIL"),), ("php-parse-error", "php-undefined-function"))


@case(PHP, "php")
def data_file_that_is_not_there(s: Scene) -> Truth:
    site, data = describe(s), f"data/{s.rng.choice(words.NOUNS).lower()}.json"
    lines = [
        f"$file = __DIR__ . '/{data}';",
        "if (!is_readable($file)) {",
        "    throw new RuntimeException('Configuration file \"' . $file . '\" not found.');",
        "}",
    ]
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return Truth("php-missing-file", s.at(data), (), _THROWN, paths=(s.at("index.php"),))


@case(PHP, "php")
def ini_file_mistyped(s: Scene) -> Truth:
    site, name = describe(s), s.at("config/shop.ini")
    s.write(name, "; shop\ntitle = Shop\nmail = anna\nnote = yes (really!)\nlast = 1\n")
    lines = [
        "$ini = @parse_ini_file(__DIR__ . '/config/shop.ini', true);",
        "if ($ini === false) { throw new RuntimeException(error_get_last()['message'] ?? 'no settings'); }",
    ]
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return Truth("php-uncaught-exception", name, (4,), ("application-answers-500", "php-parse-error"))


@case(PHP, "php")
def xml_file_mistyped(s: Scene) -> Truth:
    site, name = describe(s), s.at("config/menu.json")
    s.write(name, '{"menu": [\n  {"title": "Home"},\n  {"title": "About",}\n]}\n')
    lines = [
        "$menu = json_decode(file_get_contents($f = __DIR__ . '/config/menu.json'), true);",
        "if ($menu === null) { throw new UnexpectedValueException('Cannot parse \"' . $f . '\": ' . json_last_error_msg()); }",
    ]
    s.write(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return Truth("php-uncaught-exception", name, (), ("application-answers-500", "php-parse-error"), paths=(s.at("index.php"),))


# --- sites that are well
@well(PHP, "php")
def fails_after_it_has_answered(s: Scene) -> Truth:
    """What a page does after its end, for statistics, stumbles; nobody sees it."""
    site = describe(s)
    source = (
        page_source(s, site, site.title) + "fastcgi_finish_request_or_not();\n"
        if s.rng.random() < 0
        else page_source(s, site, site.title)
        + "try { intdiv(1, 0); } catch (Throwable $e) { error_log('Uncaught ' . $e->getMessage() . ' in ' . __FILE__ . ':9 (statistics only)'); }\n"
    )
    s.write(s.at("index.php"), source)
    return WELL


@well(PHP, "php")
def deprecations_in_the_log(s: Scene) -> Truth:
    path = describe(s)
    s.write(
        s.at("index.php"),
        page_source(
            s, path, path.title, more=["error_reporting(E_ALL);", "$n = strlen(null);", "class Row { } $row = new Row(); $row->price = 3;"]
        ),
    )
    return WELL


@well(PHP, "php")
def says_not_found_and_means_it(s: Scene) -> Truth:
    """Catches what is not there and goes on."""
    site = describe(s)
    s.write(
        s.at("index.php"),
        page_source(
            s,
            site,
            site.title,
            more=[
                "try { throw new RuntimeException('Configuration file \"' . __DIR__ . '/data/none.json\" not found.'); } catch (RuntimeException $e) { error_log('ERROR: ' . $e->getMessage()); }"
            ],
        ),
    )
    return WELL
