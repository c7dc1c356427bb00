# ruff: noqa: E501 (a page or a setting stays on one line, to be compared with the next)
"""PHP as it stops: with and without its message shown, as HTML and as text, under four ways to run it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sites.probing.outcome import Kind
from tests.corpus.case import Case
from tests.corpus.software.apache import _fill
from tests.corpus.software.running import Shown, ask, binary, free_port, running, worker_lines
from tests.lab.apache import DEFAULT_MODULES, apache
from tests.programs import php_fpm

_SHOW = "<?php ini_set('display_errors', '1'); "
_HIDE = "<?php ini_set('display_errors', '0'); "
_TOP = "?><!doctype html><html><head><title>Mugs</title></head><body><h1>Mugs</h1><p>Made in small numbers.</p><?php "
_LONG = "echo str_repeat('<p>Every mug is thrown by hand and fired twice, and no two are alike.</p>', 300); "
_SCRIPTS = {
    "well": ("<?php " + _TOP + "echo '</body></html>';", Kind.OK, False),
    "fatal-shown": (_SHOW + "nothing_of_that_name();", Kind.FATAL_IN_BODY, False),
    "fatal-shown-after-top": (_SHOW + _TOP + "nothing_of_that_name();", Kind.FATAL_IN_BODY, False),
    "fatal-shown-after-long-page": (_SHOW + _TOP + _LONG + "flush(); nothing_of_that_name();", Kind.FATAL_IN_BODY, False),
    "fatal-hidden": (_HIDE + "nothing_of_that_name();", Kind.SERVER_ERROR, False),
    "fatal-as-text": (_SHOW + "ini_set('html_errors', '0'); nothing_of_that_name();", Kind.FATAL_IN_BODY, False),
    "exception-shown": (_SHOW + "throw new LogicException('No price for mug 7');", Kind.FATAL_IN_BODY, False),
    "type-error": (_SHOW + "(function (int $n) {})('mug');", Kind.FATAL_IN_BODY, False),
    "memory": (_SHOW + "ini_set('memory_limit', '4M'); $a = str_repeat('x', 99000000);", Kind.FATAL_IN_BODY, False),
    "time": (_SHOW + "set_time_limit(1); while (true) {}", Kind.FATAL_IN_BODY, False),
    "missing-file": (_SHOW + "require 'inc/prices.php';", Kind.FATAL_IN_BODY, False),
    "warnings-then-fatal": (_SHOW + "error_reporting(E_ALL); echo $a; echo $b; nothing_of_that_name();", Kind.FATAL_IN_BODY, False),
    "warnings-only": (_SHOW + "error_reporting(E_ALL); echo $a; " + _TOP, Kind.OK, True),
    "database-down-uncaught": (_SHOW + "new mysqli('127.0.0.1', 'u', 'p', 'd', 1);", Kind.FATAL_IN_BODY, False),
    "database-down-pdo": (_SHOW + "new PDO('mysql:host=127.0.0.1;port=1', 'u', 'p');", Kind.FATAL_IN_BODY, False),
    "database-down-die": (
        _HIDE + "mysqli_report(MYSQLI_REPORT_OFF); @mysqli_connect('127.0.0.1', 'u', 'p', 'd', 1) or die('Could not connect to database: '"
        " . mysqli_connect_error());", Kind.DATABASE_ERROR, False,
    ),
    "own-handler-500": (_HIDE + "set_exception_handler(function () { http_response_code(500); echo 'Sorry.'; }); throw new Exception();",
                        Kind.SERVER_ERROR, False),
    "white": ("<?php exit;", Kind.WHITE_PAGE, False),
    "white-frame": ("<?php echo \"<html><head></head><body></body></html>\";", Kind.WHITE_PAGE, False),
    "json-well": ("<?php header('Content-Type: application/json'); echo '{\"error\":false,\"database\":\"connected\"}';", Kind.OK, True),
    "json-fatal": (_SHOW + "header('Content-Type: application/json'); nothing_of_that_name();", Kind.FATAL_IN_BODY, False),
    "article": (
        "<?php " + _TOP + "echo '<p>If your shop shows <b>Fatal error</b>: Uncaught Error, PHP stopped.</p><pre>', htmlspecialchars('<b>Fatal "
        "error</b>:  Uncaught Error in <b>/a.php</b> on line <b>3</b>'), '</pre>', str_repeat('<p>Do not worry.</p>', 50), '</body></html>';",
        Kind.OK, True,
    ),
    "phpinfo": ("<?php phpinfo();", Kind.OK, True),
    "own-503": ("<?php http_response_code(503); header('Retry-After: 60'); echo 'Back soon';", Kind.MAINTENANCE, False),
    "latin1-fatal": (_SHOW + "header('Content-Type: text/html; charset=iso-8859-1'); echo \"Caf\\xe9\"; throw new Exception(\"Pas trouv\\xe9\");",
                     Kind.FATAL_IN_BODY, False),
    "gzip-fatal": (_SHOW + "ini_set('zlib.output_compression', '1'); throw new Exception('x');", Kind.FATAL_IN_BODY, False),
}  # fmt: skip
_PARSE = "<?php\n$price = ;\n"
_AFTER_ROOTS = ("well", "fatal-shown", "fatal-shown-after-top", "fatal-hidden", "memory", "white", "fatal-as-text", "warnings-then-fatal")


def _write(root: Path) -> None:
    root.mkdir(parents=True)
    _fill(root, {f"{name}.php": text for name, (text, _kind, _alike) in _SCRIPTS.items()} | {"parse.php": _PARSE})


def _pages(names: tuple[str, ...] = tuple(_SCRIPTS)) -> list[Shown]:
    return [Shown(name, f"/{name}.php", _SCRIPTS[name][1], lookalike=_SCRIPTS[name][2]) for name in names]


def built_in(folder: Path) -> Iterator[Case]:
    """PHP's own web server, with its messages shown, hidden, as text, and with Xdebug where it is installed."""
    root = folder / "root"
    _write(root)
    plain = ["-n", *_extensions(), "-d", "display_errors=1", "-d", "html_errors=1"]
    yield from _served("php", root, plain, [*_pages(), Shown("parse", "/parse.php", Kind.FATAL_IN_BODY)])
    hidden = ["-n", "-d", "display_errors=0", "-d", "log_errors=0"]
    yield from _served("php-quiet", root, hidden, [Shown("parse", "/parse.php", Kind.SERVER_ERROR)])
    text = ["-n", "-d", "display_errors=1", "-d", "html_errors=0", "-d", "error_prepend_string=<hr>", "-d", "error_append_string=<hr>"]
    yield from _served("php-text", root, text, [*_pages(("fatal-shown", "fatal-shown-after-top", "missing-file")),
                                                Shown("parse", "/parse.php", Kind.FATAL_IN_BODY)])  # fmt: skip
    xdebug = next(Path("/usr/lib/php").glob("*/xdebug.so"), None)
    if xdebug:
        more = ["-n", "-d", f"zend_extension={xdebug}", "-d", "xdebug.mode=develop", "-d", "display_errors=1", "-d", "html_errors=1"]
        yield from _served("php-xdebug", root, more, [*_pages(("fatal-shown", "fatal-shown-after-top", "exception-shown", "warnings-only")),
                                                      Shown("parse", "/parse.php", Kind.FATAL_IN_BODY)])  # fmt: skip


def _extensions() -> list[str]:
    """The database's parts, which Debian ships as modules."""
    folder = next(Path("/usr/lib/php").glob("*/pdo.so"), None)
    names = ("mysqlnd", "pdo", "mysqli", "pdo_mysql")
    return [part for name in names if folder and folder.with_name(f"{name}.so").exists() for part in ("-d", f"extension={name}.so")]


def _served(software: str, root: Path, options: list[str], pages: list[Shown]) -> Iterator[Case]:
    port = free_port()
    with running([binary("php"), *options, "-S", f"127.0.0.1:{port}", "-t", root], port=port, env={"PHP_CLI_SERVER_WORKERS": "3"}):
        has_database = "extension=mysqli.so" in options
        yield from ask(software, port, [page for page in pages if has_database or "database" not in page.name])


def cgi(folder: Path) -> Iterator[Case]:
    """php-cgi under Apache, as the cheapest hosting runs it."""
    root = folder / "root"
    _write(root)
    (root / "crash.php").write_text("<?php exec('kill -9 ' . getmypid());")
    (root / "php").write_text(f"#!/bin/sh\nexec {binary('php-cgi')} -n -d display_errors=1 -d html_errors=1\n")
    (root / "php").chmod(0o755)
    lines = f'<Directory "{root}">\nAddHandler php-script .php\nAction php-script /php\n<Files "php">\nSetHandler cgi-script\n</Files>\n</Directory>'
    pages = [*_pages(_AFTER_ROOTS), Shown("parse", "/parse.php", Kind.FATAL_IN_BODY), Shown("killed", "/crash.php", Kind.SERVER_ERROR)]
    with apache(root, folder / "logs", modules=(*DEFAULT_MODULES, "actions"), extra=lines) as server:
        yield from ask("php-cgi", int(server.url.rpartition(":")[2]), pages)


def fpm(folder: Path) -> Iterator[Case]:
    """php-fpm behind nginx."""
    root, port, line = folder / "root", free_port(), folder / "fpm.sock"
    _write(root)
    folder.chmod(0o755)
    pool = worker_lines("user=www-data\ngroup=www-data\nlisten.owner=www-data\n")
    (folder / "fpm.conf").write_text(
        f"[global]\nerror_log={folder}/fpm.log\ndaemonize=no\n[www]\n{pool}listen={line}\npm=static\npm.max_children=3\n"
        "request_terminate_timeout=2\nphp_flag[display_errors]=on\nphp_flag[html_errors]=on\n"
    )
    (root / "hang.php").write_text("<?php sleep(9);")
    (folder / "nginx.conf").write_text(
        f"{worker_lines('user www-data;')}\ndaemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{ access_log off;\n"
        f"client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; "
        f"scgi_temp_path {folder}/s;\nserver {{ listen 127.0.0.1:{port}; root {root};\nlocation / {{ include /etc/nginx/fastcgi_params; "
        f"fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_pass unix:{line}; }} }} }}\n"
    )
    pages = [*_pages(_AFTER_ROOTS), Shown("parse", "/parse.php", Kind.FATAL_IN_BODY), Shown("killed", "/hang.php", Kind.GATEWAY_ERROR),
             Shown("no-such-script", "/none.php", Kind.CLIENT_ERROR)]  # fmt: skip
    with (
        running([php_fpm(), "-y", folder / "fpm.conf", "-F"], socket_file=line),
        running([binary("nginx"), "-c", folder / "nginx.conf", "-p", folder], port=port),
    ):
        yield from ask("php-fpm", port, pages)


def symfony(folder: Path) -> Iterator[Case]:
    """Symfony's pages for an error: what developers see, and what visitors see."""
    root = folder / "root"
    root.mkdir(parents=True)
    start = "<?php require 'Symfony/Component/ErrorHandler/autoload.php';\nuse Symfony\\Component\\ErrorHandler\\ErrorRenderer\\HtmlErrorRenderer;\n"
    for name, debug, thrown in (
        ("debug", "true", "new RuntimeException('No price for mug 7')"), ("visitor", "false", "new RuntimeException('No price for mug 7')"),
        ("debug-type", "true", "new TypeError('mug must be int')"),
    ):  # fmt: skip
        for status in (500, 200):
            (root / f"{name}-{status}.php").write_text(
                f"{start}$e = (new HtmlErrorRenderer({debug}))->render({thrown});\nhttp_response_code({status});\necho $e->getAsString();"
            )
    pages = [
        Shown("debug-500", "/debug-500.php", Kind.FATAL_IN_BODY), Shown("debug-200", "/debug-200.php", Kind.FATAL_IN_BODY),
        Shown("debug-type-500", "/debug-type-500.php", Kind.FATAL_IN_BODY), Shown("visitor-500", "/visitor-500.php", Kind.SERVER_ERROR),
        Shown("visitor-200", "/visitor-200.php", Kind.FATAL_IN_BODY),
    ]  # fmt: skip
    yield from _served("symfony", root, ["-d", "include_path=/usr/share/php", "-d", "display_errors=1"], pages)
