"""Where scripts say that PHP is to log."""

from __future__ import annotations

import pytest

from diagnostics.facts.log_settings import named_by
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
