"""Where scripts say that PHP is to log."""

from __future__ import annotations

import pytest

from diagnostics.facts.log_settings import appended_by, named_by
from diagnostics.php.seen import Script


@pytest.mark.parametrize(
    ("said", "path"),
    [
        (b"ini_set('error_log', __DIR__ . '/log.txt');", "/home/me/www/lib/log.txt"),
        (b'ini_set( "error_log", dirname(__DIR__, 2) . "/private/log.txt" );', "/home/me/private/log.txt"),
        (b"ini_set('error_log', dirname(__FILE__) . '/log.txt');", "/home/me/www/lib/log.txt"),
        (b"ini_set('error_log', $_SERVER['DOCUMENT_ROOT'] . '/../log.txt');", "/home/me/log.txt"),
        (b"ini_set('error_log', '/home/me/log.txt');", "/home/me/log.txt"),
        (b"ini_set('error_log', $path);", ""),
    ],
)
def test_log_is_found_without_running_the_script(said: bytes, path: str) -> None:
    script = Script("www/lib/start.php", "/home/me/www/lib/start.php", b"<?php\n" + said, 0.0, "included", len(said))
    assert list(named_by(script, "/home/me/www")) == ([path] if path else [])


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("error_log($text, 3, dirname(__DIR__, 2) . '/data/errors.log');", "/home/a/data/errors.log"),
        ("error_log(\" $text\\n\", 3, __DIR__ . '/../private/site-' . date('Y-m') . '.txt');", "/home/a/www/private/site-*.txt"),
        ('file_put_contents(__DIR__ . "/log/{$day}.txt", $text . PHP_EOL, FILE_APPEND | LOCK_EX);', "/home/a/www/inc/log/*.txt"),
        ("$f = fopen($_SERVER['DOCUMENT_ROOT'] . '/../logs/own.txt', 'ab');", "/home/a/logs/own.txt"),
        ("$log->pushHandler(new \\Monolog\\Handler\\StreamHandler(dirname(__FILE__, 2) . '/var/app.txt'));", "/home/a/www/var/app.txt"),
        ("$config = ['log' => __DIR__ . '/../tmp/shop.log'];", "/home/a/www/tmp/shop.log"),
        ("define('LOG', 'x'); $file = '/home/a/own/all.log';", "/home/a/own/all.log"),
    ],
)
def test_a_file_that_a_program_appends_to(code: str, path: str) -> None:
    script = Script("www/inc/start.php", "/home/a/www/inc/start.php", f"<?php\n{code}\n".encode(), 0.0)
    assert path in list(appended_by(script, "/home/a/www"))


def test_what_is_read_or_written_anew_is_no_log() -> None:
    code = b"<?php\nfile_put_contents(__DIR__ . '/cache/a.txt', $x);\n$f = fopen(__DIR__ . '/list.txt', 'r');\n$n = max(1, 3, 'a');\n"
    assert [path for path in appended_by(Script("a.php", "/w/a.php", code, 0.0), "/w") if not path.endswith("/a")] == []
