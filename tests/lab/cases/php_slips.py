# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Rarer faults of PHP code and of its settings."""

from __future__ import annotations

import time

from tests.lab import words
from tests.lab.cases.base import PHP, SHOWN, Truth, case
from tests.lab.cases.moving import ERRORS_END_IT
from tests.lab.cases.php import everywhere
from tests.lab.cases.php_settings import setting
from tests.lab.scene import Scene
from tests.lab.sites.php_site import class_source, describe, filler, page_source, php


@case(SHOWN, "php")
def words_of_a_newer_php(s: Scene) -> Truth:
    """Made with PHP 8.3 or 8.4, served by an older one."""
    if s.rng.random() < 0.5:
        line = s.rng.choice(
            (
                "$ok = json_validate('{}');",
                "$one = array_find([1, 2], fn ($n) => $n > 1);",
                "$next = str_increment('az');",
                "$any = array_any([1], 'is_int');",
            )
        )
        return everywhere(s, [line], cause="php-version-incompatible-code")
    site = describe(s)
    line = s.rng.choice(("const string KIND = 'a';", "public private(set) string $kind = 'a';", "public string $kind { get => 'a'; }"))
    s.write(
        s.at(site.class_file), class_source(s.rng, site.noun).replace("    public function rows", f"    {line}\n    public function rows")
    )
    return Truth("php-version-incompatible-code", s.at(site.class_file), (s.line_of(s.at(site.class_file), line),), ("php-parse-error",))


@case(SHOWN, "php")
def bare_word(s: Scene) -> Truth:
    """Once a warning, now the end."""
    lines = s.rng.choice(
        (
            ["$row = ['name' => 'Anna'];", "$name = $row[name];"],
            ["$x = 1;", "if (DEBUG_MODE == 1) { $x = 2; }"],
            ["$x = 1;", "$title = SITE_TITLE . ' x';"],
        )
    )
    return everywhere(s, lines, 1, cause="php-uncaught-exception", also=("php-version-incompatible-code",))


@case(PHP, "php")
def text_less_indented_than_its_end(s: Scene) -> Truth:
    site, label = describe(s), s.rng.choice(("HTML", "TEXT", "SQL"))
    lines = [
        "function greeting() {",
        f"    return <<<{label}",
        "        Dear customer,",
        f"    {s.rng.choice(words.SENTENCES[:4])}",
        f"        {label};",
        "}",
    ]
    source = s.read(s.at(site.helpers)).decode()
    s.write(s.at(site.helpers), source + "\n".join(lines) + "\n")
    line = s.line_of(s.at(site.helpers), "Dear customer,")
    return Truth("php-parse-error", s.at(site.helpers), (line, line + 1, line + 2))


@case(PHP, "php")
def something_before_the_first_tag(s: Scene) -> Truth:
    site = describe(s)
    first = s.rng.choice((f"namespace {s.rng.choice(words.NOUNS)}s;", "declare(strict_types=1);"))
    source = s.read(s.at(site.class_file)).decode().replace("<?php\n", f"<?php\n{first}\n", 1)
    s.write(s.at(site.class_file), s.rng.choice(("\n", " ", "\n\n")) + source)
    return Truth("php-parse-error", s.at(site.class_file), (1, 2, 3, 4), ("php-byte-order-mark", "php-uncaught-exception"))


@case(SHOWN, "php")
def copy_that_is_loaded_too(s: Scene) -> Truth:
    """Somebody kept the old one in the folder from which everything is loaded."""
    site, noun = describe(s), s.rng.choice(words.NOUNS).lower()
    copy = s.rng.choice((f"{noun} - Kopie.php", f"{noun}_old.php", f"{noun} (1).php", f"{noun}.bak.php", f"{noun}-2023.php"))
    source = php(
        f"// {s.rng.choice(words.SENTENCES)}", "", f"function {noun}_box(array $rows): string", "{", "    return implode(', ', $rows);", "}"
    )
    s.keep(s.at(f"parts/{noun}.php"), source)
    s.write(s.at(f"parts/{copy}"), source)
    start = s.read(s.at(site.start)).decode()
    s.keep(s.at(site.start), start + "foreach (glob(__DIR__ . '/../parts/*.php') as $part) {\n    require $part;\n}\n")
    first, second = sorted((s.at(f"parts/{noun}.php"), s.at(f"parts/{copy}")))
    return Truth("php-uncaught-exception", second, (s.line_of(second, "_box"),), ("php-parse-error",), paths=(first,))


@case(PHP, "php")
def files_that_load_each_other(s: Scene) -> Truth:
    site = describe(s)
    one, other = s.rng.sample(("header", "menu", "sidebar", "footer"), 2)
    for name, wanted in ((one, other), (other, one)):
        s.write(
            s.at(f"parts/{name}.php"), php(f"// {name}", "$title = $title ?? '';", f"require __DIR__ . '/{wanted}.php';", "echo '<hr>';")
        )
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=[f"require __DIR__ . '/parts/{one}.php';"]))
    also = ("php-process-crash", "php-max-execution-time")
    return Truth("php-memory-limit", s.at(f"parts/{one}.php"), (4,), also, paths=(s.at(f"parts/{other}.php"), s.at("index.php")))


@case(SHOWN, "php")
def driver_or_constant_of_a_missing_extension(s: Scene) -> Truth:
    line = s.rng.choice((
        "$options = ['soap_version' => SOAP_1_2, 'exceptions' => true];", "$how = MB_CASE_TITLE;", "$wanted = [LDAP_OPT_PROTOCOL_VERSION => 3];",
        "$db = new PDO('sqlite:' . __DIR__ . '/data.db');", "$db = new PDO('pgsql:host=127.0.0.1;dbname=shop', 'a', 'b');", "$types = IMG_JPG | IMG_PNG;",
    ))  # fmt: skip
    return everywhere(s, [line], cause="php-missing-extension")


@case(PHP, "php")
def error_wrapped_in_another(s: Scene) -> Truth:
    """The program catches what went wrong and throws something of its own, which says less."""
    site, name = describe(s), f"{words.identifier(s.rng)}_cached"
    source = s.read(s.at(site.helpers)).decode()
    s.write(s.at(site.helpers), f"{source}function make_mailer() {{\n    // see below\n    return {name}('smtp');\n}}\n")
    lines = [
        "try {",
        "    make_mailer();",
        "} catch (Throwable $e) {",
        "    throw new RuntimeException('Service \"mailer\" could not be made.', 0, $e);",
        "}",
    ]
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=lines))
    return Truth(
        "php-undefined-function",
        s.at(site.helpers),
        (s.line_of(s.at(site.helpers), f"{name}("),),
        ("php-uncaught-exception",),
        paths=(s.at("index.php"),),
    )


@case(SHOWN, "php")
def class_that_does_not_fit_its_parent(s: Scene) -> Truth:
    """One of the two was updated."""
    site, rng = describe(s), s.rng
    base = f"{site.library}/Base{site.noun}.php"
    s.write(
        s.at(base),
        php(
            filler(rng, 3),
            f"abstract class Base{site.noun}",
            "{",
            "    abstract public function head(string $title, array $more = []): string;",
            "}",
        ),
    )
    source = class_source(rng, site.noun).replace(f"class {site.noun}\n", f"class {site.noun} extends Base{site.noun}\n")
    mark = f"class {site.noun} extends"
    if rng.random() < 0.5:
        mark = "public function head($title)"
        source = source.replace(
            "    public function rows", f"    {mark}\n    {{\n        return $title;\n    }}\n\n    public function rows"
        )
    s.keep(s.at(site.class_file), source)
    also = ("php-version-incompatible-code", "php-parse-error")
    return Truth("php-uncaught-exception", s.at(site.class_file), (s.line_of(s.at(site.class_file), mark),), also, paths=(s.at(base),))


# --- settings of PHP
@case(PHP, "php")
def sessions_for_a_server_that_is_not_here(s: Scene) -> Truth:
    """With a handler that takes every warning for the end."""
    kind, where = s.rng.choice((("redis", "tcp://127.0.0.1:6379"), ("memcached", "127.0.0.1:11211")))
    site = describe(s)
    start = s.read(s.at(site.start)).decode()
    s.keep(s.at(site.start), start.replace("session_start();", f"{ERRORS_END_IT}\nsession_start();"))
    line = setting(s, f"session.save_handler = {kind}", f'session.save_path = "{where}"')
    also = ("php-session-path-not-writable", "php-uncaught-exception")
    return Truth("php-missing-extension", s.at(".user.ini"), (line, line + 1), also, paths=(s.at(site.start),))


@case(PHP, "php")
def include_path_of_another_host(s: Scene) -> Truth:
    site, name = describe(s), f"{s.rng.choice(words.NOUNS).lower()}.inc.php"
    s.keep(s.at(f"{site.library}/pear/{name}"), php("return [1, 2];"))
    setting(s, f'include_path = ".:/home/{s.rng.choice(("web12", "old-account", "u4711"))}/htdocs/{site.library}/pear:/usr/share/php"')
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=[f"$rates = require_once '{name}';"]))
    line = s.line_of(s.at("index.php"), name)
    return Truth("php-missing-file", s.at("index.php"), (line,), paths=(s.at(".user.ini"), s.at(f"{site.library}/pear/{name}"), s.at(name)))


@case(("ovh", "own-log", "plain"), "php")
def log_in_a_place_of_its_own(s: Scene) -> Truth:
    """Where PHP writes is said in the account's own settings."""
    name = s.rng.choice(("private/php-errors.txt", "protocol/php.txt", "fehler.txt", "tmp/php_messages"))
    s.folder(name.rpartition("/")[0])
    s.keep(s.at(".user.ini"), f'log_errors = On\nerror_log = "{s.path(name)}"\n')
    time.sleep(1.1)
    return everywhere(s, [f"throw new DomainException('{s.rng.choice(words.NOUNS)} is not for sale');"], cause="php-uncaught-exception")


@case(SHOWN, "php")
def packages_uploaded_in_part(s: Scene) -> Truth:
    """The upload of thousands of small files broke off in one of the packages."""
    site, mark = describe(s), f"{s.rng.randrange(16**8):08x}"
    files = s.rng.sample(("symfony/polyfill-php80/bootstrap.php", "ralouphie/getallheaders/src/getallheaders.php", "guzzlehttp/promises/src/functions_include.php",
                          "symfony/deprecation-contracts/function.php", "myclabs/deep-copy/src/DeepCopy/deep_copy.php"), 3)  # fmt: skip
    real = s.at("vendor/composer/autoload_real.php")
    s.keep(s.at("composer.json"), '{"require": {"guzzlehttp/guzzle": "^7.8"}}\n')
    s.keep(
        s.at("vendor/autoload.php"),
        php(
            "",
            "// autoload.php @generated by Composer",
            "require_once __DIR__ . '/composer/autoload_real.php';",
            "",
            f"return ComposerAutoloaderInit{mark}::getLoader();",
        ),
    )
    s.keep(real, php("", "// autoload_real.php @generated by Composer", f"class ComposerAutoloaderInit{mark}", "{", "    public static function getLoader()", "    {", "        $filesToLoad = [",
           *(f"            '{n}' => __DIR__ . '/..' . '/{name}'," for n, name in enumerate(files)), "        ];", "        $requireFile = static function ($identifier, $file) {",
           "            require $file;", "        };", "        foreach ($filesToLoad as $identifier => $file) {", "            $requireFile($identifier, $file);", "        }", "    }", "}"))  # fmt: skip
    for name in files[:2]:
        s.write(s.at(f"vendor/{name}"), php("// package"))
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=["require __DIR__ . '/vendor/autoload.php';"]))
    return Truth(
        "php-missing-file",
        real,
        (s.line_of(real, "require $file;"),),
        paths=(s.at(f"vendor/{files[2]}"), s.at("vendor/autoload.php"), s.at("index.php")),
    )
