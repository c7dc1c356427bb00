"""Where WordPress' settings send its errors: a file of any name, also beside the docroot and under the server's own name for it."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.facts.gather import gather
from tests.diagnostics.evidences import AT, PATHS, site
from tests.fakes import FakeHost, Node

FATAL = "[{at:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  Uncaught TypeError: count(): Argument #1 ($value) must be of type Countable|array, null given in /srv/x/www/wp-content/plugins/rates/start.php:7\nStack trace:\n#0 {{main}}\n  thrown in /srv/x/www/wp-content/plugins/rates/start.php on line 7\n"  # noqa: E501


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("define( 'WP_DEBUG_LOG', '/srv/x/private/events.txt' );", "/home/demo/private/events.txt"),
        ("define( 'WP_DEBUG_LOG', '/home/demo/www/data/debug.txt' );", "/home/demo/www/data/debug.txt"),
        ("@ini_set( 'error_log', __DIR__ . '/../private/php.txt' );", "/home/demo/private/php.txt"),
    ],
)
def test_log_that_the_settings_name_is_read(said: str, place: str) -> None:
    settings = f"<?php\ndefine( 'DB_NAME', 'x' );\n{said}\n$table_prefix = 'wp_';\nrequire_once ABSPATH . 'wp-settings.php';\n"
    files: dict[str, bytes | tuple[bytes, int] | Node] = {
        "/home/demo/www/index.php": b"<?php\nrequire __DIR__ . '/wp-blog-header.php';\n",
        "/home/demo/www/wp-blog-header.php": b"<?php\n",
        "/home/demo/www/wp-load.php": b"<?php\n",
        "/home/demo/www/wp-settings.php": b"<?php\n",
        "/home/demo/www/wp-includes/version.php": b"<?php\n$wp_version = '6.7';\n",
        "/home/demo/www/wp-config.php": settings.encode(),
        "/home/demo/www/wp-content/plugins/rates/start.php": b"<?php\n/* Plugin Name: Rates */\n\n\n\n\ncount( $rates );\n",
        place: Node(content=FATAL.format(at=AT).encode(), mtime=AT.timestamp()),
    }
    first = run_checks(gather(FakeHost(files), site(), PATHS, "ovh-mutualise", AT)).findings[0]
    assert (first.path, first.line) == ("www/wp-content/plugins/rates/start.php", 7)
