# ruff: noqa: E501 (a line of a log stays on one line)
"""Faults that lie in what code reads, announces, lists or sends: the place that is to be repaired is not the line that fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import PageSeen
from diagnostics.findings import Finding
from diagnostics.installed import Application, DatabaseTrial
from tests.diagnostics.checks.test_wordpress import FILES, fatal
from tests.diagnostics.evidences import AT, apache_line, evidence
from tests.fakes import Node

Files = dict[str, bytes | tuple[bytes, int]]


def first(said: str, files: Files) -> Finding:
    return run_checks(evidence(files, f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  {said}\n" if said else "")).findings[0]


# --- data
@pytest.mark.parametrize(
    ("code", "name", "content", "line"),
    [
        ("parse_ini_file(__DIR__ . '/settings.ini', true)", "settings.ini", b"[db]\npassword = geheim(7\n", 2),
        ("parse_ini_file(dirname(__DIR__) . '/.env')", "../.env", b"A=1\nB=x)\n", 2),
        ("json_decode(file_get_contents('lib/prices.json'), true)", "prices.json", b'{\n"a": 1,\n}\n', 3),
        ("json_decode(file_get_contents(__DIR__ . '/prices.json'), true)", "prices.json", b"", None),
        ("(array) simplexml_load_file(__DIR__ . '/data.xml')", "data.xml", b"<a>\n<b></a>\n", 2),
    ],
)
@pytest.mark.parametrize("is_logged", [True, False])
def test_data_that_reads_well_no_longer_is_the_place(code: str, name: str, content: bytes, line: int | None, is_logged: bool) -> None:
    path = f"www/lib/{name}".replace("lib/../", "")
    said = "Uncaught TypeError: array_merge(): Argument #2 must be of type array, bool given in /home/demo/www/lib/parameters.php:3\nStack trace:\n#0 {main}\n  thrown in /home/demo/www/lib/parameters.php on line 3"
    files: Files = {"www/lib/parameters.php": f"<?php\n$a = [];\n$a = array_merge($a, {code});\n".encode(), path: content}
    files["www/index.php"] = b"<?php\nrequire __DIR__ . '/lib/parameters.php';\n"
    found = first(said if is_logged else "", files)
    assert (found.cause, found.path, found.line) == ("php-uncaught-exception", path, line)


def test_data_that_reads_well_leaves_the_place_to_the_code() -> None:
    said = "Uncaught TypeError: array_merge(): Argument #2 must be of type array, bool given in /home/demo/www/a.php:2"
    found = first(said, {"www/a.php": b"<?php\narray_merge([], parse_ini_file('a.ini'));\n", "www/a.ini": b"a = 1\n"})
    assert (found.path, found.line) == ("www/a.php", 2)


# --- hooks
@pytest.mark.parametrize(
    ("path", "cause"), [("themes/plain/functions.php", "wordpress-theme"), ("plugins/prices/prices.php", "wordpress-plugin"),
                        ("plugins/prices/inc/late.php", "wordpress-plugin"), ("mu-plugins/always.php", "wordpress-mu-plugin")],
)  # fmt: skip
@pytest.mark.parametrize("way", ["#0 ~/wp-settings.php(617): do_action()\\n", "#0 ~/wp-content/themes/other/x.php(3): do_action()\\n"])
def test_hook_for_a_function_that_is_gone_is_told_where_it_is_announced(path: str, cause: str, way: str) -> None:
    why = 'Uncaught TypeError: call_user_func_array(): Argument #1 ($callback) must be a valid callback, function "price_setup" not found or invalid function name in ~/wp-includes/class-wp-hook.php:308'
    content = b"<?php\n\nadd_action('init', 'price_setup');\n"
    log = fatal(f"{why}\\nStack trace:\\n{way}  thrown in ~/wp-includes/class-wp-hook.php on line 308")
    found = run_checks(evidence({**FILES, f"www/wp-content/{path}": content}, log)).findings[0]
    assert (found.cause, found.path, found.line) == (cause, f"www/wp-content/{path}", 3)


# --- lists of classes
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bootstrap/cache/services.php", "<?php return [\n 'providers' => [\n 'Spatie\\\\Tools\\\\Provider',\n]];"),
        ("bootstrap/providers.php", "<?php\nreturn [\n    Spatie\\Tools\\Provider::class,\n];"),
        ("config/bundles.php", "<?php\nreturn [\n    Spatie\\Tools\\Provider::class => ['all' => true],\n];"),
        ("config/app.php", "<?php\nreturn ['providers' => [\n    Spatie\\Tools\\Provider::class,\n]];"),
    ],
)
@pytest.mark.parametrize("quotes", ['Class "{}" not found', "Class '{}' not found"])
def test_class_that_a_list_asks_for_is_told_at_the_list(name: str, content: str, quotes: str) -> None:
    said = f"Uncaught Error: {quotes.format('Spatie' + chr(92) + 'Tools' + chr(92) + 'Provider')} in /home/demo/shop/vendor/x/Repository.php:9\nStack trace:\n#0 /home/demo/shop/start.php(4): x()\n#1 {{main}}\n  thrown in /home/demo/shop/vendor/x/Repository.php on line 9"
    files: Files = {
        "www/index.php": b"<?php\nrequire dirname(__DIR__) . '/shop/start.php';\n",
        "shop/start.php": b"<?php\n",
        f"shop/{name}": content.encode(),
    }
    found = first(said, files)
    assert (found.cause, found.path, found.line) == ("php-class-not-found", f"shop/{name}", 3)


# --- settings that lack a value
@pytest.mark.parametrize(
    ("said", "path", "content", "line"),
    [
        ("Missing $settings['hash_salt'] in settings.php.", "sites/default/settings.php", "<?php\n$settings['hash_salt'] = '';\n", 2),
        ("Missing $settings['hash_salt'] in settings.php.", "sites/default/settings.php", "<?php\n# $settings['hash_salt'] = 'x';\n", None),
        ('No value for "secret" in config.php', "config.php", "<?php\n$config['secret'] = '';\n", 2),
        ("Please set APP_SALT in your config.inc.php", "config.inc.php", "<?php\n\n$a = 1;\n", None),
        ("Invalid \"blowfish_secret\" in the configuration file config.inc.php", "config.inc.php", "<?php\n$cfg['blowfish_secret'] = '';\n", 2),
    ],
)  # fmt: skip
def test_settings_that_lack_a_value_are_the_place(said: str, path: str, content: str, line: int | None) -> None:
    whole = f"Uncaught RuntimeException: {said} in /home/demo/www/core/lib/Settings.php:10\nStack trace:\n#0 /home/demo/www/index.php(3): x()\n#1 {{main}}\n  thrown in /home/demo/www/core/lib/Settings.php on line 10"
    found = first(whole, {f"www/{path}": content.encode(), "www/core/lib/Settings.php": b"<?php\n"})
    assert (found.path, found.line) == (f"www/{path}", line)


# --- what was made elsewhere and not uploaded
@pytest.mark.parametrize("name", ["build/manifest.json", "mix-manifest.json", "assets/build/entrypoints.json"])
def test_scripts_and_styles_that_were_not_built_are_what_is_missing(name: str) -> None:
    said = f'Vite manifest not found at: /home/demo/www/{name} {{"exception":"[object] (Vite(code: 0): Vite manifest not found at: /home/demo/www/{name} at /home/demo/shop/vendor/Vite.php:15)'
    log = Node(content=f"[{AT:%Y-%m-%d %H:%M:%S}] production.ERROR: {said}\n".encode(), mtime=AT.timestamp() + 1)
    start = b"<?php\nrequire __DIR__ . '/../shop/vendor/autoload.php';\n"
    seen = evidence({"www/index.php": start, "shop/vendor/autoload.php": b"<?php\n", "shop/var/logs/app.log": log})  # type: ignore[dict-item]
    found = run_checks(seen).findings[0]
    assert (found.cause, found.path) == ("php-missing-file", f"www/{name}") and "npm run build" in found.summary


# --- headers
@pytest.mark.parametrize("is_logged", [True, False])
@pytest.mark.parametrize(
    ("code", "name"),
    [("header('X Frame Options: DENY');", "X Frame Options"), ('header("Cache Control: no-cache", true);', "Cache Control"),
     ("header ( 'X-(A): b' );", "X-(A)")],
)  # fmt: skip
def test_header_that_is_none_is_told_at_its_line(code: str, name: str, is_logged: bool) -> None:
    log = apache_line(f"AH02429: Response header name '{name}' contains invalid characters, aborting request", level="http:error")
    found = run_checks(evidence({"www/index.php": f"<?php\n// {code}\n\n{code}\n".encode()}, log if is_logged else "")).findings[0]
    assert (found.cause, found.path) == ("cgi-malformed-header", "www/index.php")
    assert found.line == (2 if is_logged else 4) or found.line == 4


def test_value_of_a_header_that_the_server_refuses_is_told_where_the_header_is_sent() -> None:
    log = apache_line(
        "AH02430: Response header 'X-Title' value of 'a\\x01' contains invalid characters, aborting request", level="http:error"
    )
    found = run_checks(evidence({"www/index.php": b"<?php\n\nheader('X-Title: ' . $t);\n"}, log)).findings[0]
    assert (found.cause, found.path, found.line) == ("cgi-malformed-header", "www/index.php", 3)


@pytest.mark.parametrize(
    "code", ["header('X-Frame-Options: DENY');", "header('HTTP/1.1 404: x');", "// header('X Y: a');", 'header("$name: b");']
)
def test_header_with_a_name_is_not_blamed(code: str) -> None:
    found = run_checks(evidence({"www/index.php": f"<?php\n{code}\n".encode()})).findings
    assert "cgi-malformed-header" not in [each.cause for each in found]


# --- start files with nothing in them
@pytest.mark.parametrize(
    "content", [b"", b"\n", b"<?php\n", b"<?php\n// the shop\n", b"\xef\xbb\xbf<?php /* all\n of it */ ?>\n", b"<?php # x\n?>"]
)
def test_start_file_without_a_statement_is_empty(content: bytes) -> None:
    made = evidence({"www/index.php": content})
    page = PageSeen("/", "https://shop.example/", "white-page", 200, AT)
    seen = replace(made, site=replace(made.site, pages=(page,), kind="white-page"))
    found = run_checks(seen).findings[0]
    assert (found.cause, found.path) == ("php-truncated-file", "www/index.php")


# --- tables without a row
_BLOG = Application("wordpress", "WordPress", "www", "/home/demo/www", settings_path="www/wp-config.php", serves=("/",))
_REPAIR = b"<p>Eine oder mehrere Tabellen: <a href='https://shop.example/wp-admin/maint/repair.php?referrer=is_blog_installed'>hier</a></p>"


def test_table_of_settings_without_a_row_is_an_import_that_broke_off() -> None:
    page = PageSeen("/", "https://shop.example/", "server-error", 500, AT, body=_REPAIR)
    made = evidence({})
    trial = DatabaseTrial("php", "localhost", "shop", "wp_", "www/wp-config.php", "well", tables=12, empty=("wp_options",))
    seen = replace(made, site=replace(made.site, pages=(page,)), applications=(_BLOG,), database=trial)
    found = run_checks(seen).findings[0]
    assert found.cause == "database-table-missing" and "wp_options" in found.summary and found.sureness == "certain"
    unasked = run_checks(replace(seen, database=made.database)).findings[0]
    assert (unasked.cause, unasked.path) == ("database-table-missing", "www/wp-config.php") and "database-table-crashed" in unasked.also
