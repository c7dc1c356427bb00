"""The files of the trial that places a fault: what stands in them. No secret does: each reads what it needs when it is asked.

Who does not know the word of this trial gets a 404, and so does everybody once its time is over, should a file ever be left behind.
Written for every PHP from 5.6 on.
"""

from __future__ import annotations

import hashlib

MARK = "sitemend-answers"
_HEAD = """<?php
// Made for a moment by the monitoring of this site to find out why it fails. It is removed by itself and may be deleted.
if (time() > {until} || !isset($_GET['k']) || !is_string($_GET['k']) || hash('sha256', $_GET['k']) !== '{digest}') {{
    http_response_code(404);
    exit;
}}
"""
_DATABASE = """$text = (string) @file_get_contents(__DIR__ . '/{settings}');
$values = array();
foreach (array('DB_HOST', 'DB_USER', 'DB_PASSWORD', 'DB_NAME') as $name) {{
    $line = '/^[ \\t]*define\\(\\s*[\\'"]' . $name . '[\\'"]\\s*,\\s*\\'((?:[^\\'\\\\\\\\]|\\\\\\\\.)*)\\'\\s*\\)/m';
    if (!preg_match($line, $text, $found)) {{
        exit('{mark} unknown');
    }}
    $values[] = str_replace(array("\\\\\\\\", "\\\\'"), array("\\\\", "'"), $found[1]);
}}
if (!function_exists('mysqli_init')) {{
    exit('{mark} unknown');
}}
list($host, $user, $password, $database) = $values;
$port = null;
$socket = null;
if (preg_match('/^([^:]*):(\\d+)$/', $host, $found)) {{
    $host = $found[1];
    $port = (int) $found[2];
}} elseif (preg_match('/^([^:]*):(\\/.*)$/', $host, $found)) {{
    $host = $found[1];
    $socket = $found[2];
}}
mysqli_report(MYSQLI_REPORT_OFF);
$line = mysqli_init();
mysqli_options($line, MYSQLI_OPT_CONNECT_TIMEOUT, 5);
@mysqli_real_connect($line, $host, $user, $password, $database, $port, $socket);
echo '{mark} ', mysqli_connect_errno();
"""
_START = """define('WP_INSTALLING', true); // no plugin and no theme is loaded (wp-includes/load.php)
define('WPMU_PLUGIN_DIR', __DIR__ . '/{nowhere}');
require __DIR__ . '/{loader}';
echo '{mark} 0';
"""


def text(word: str) -> bytes:
    """The static one."""
    return f"{MARK} {hashlib.sha256(word.encode()).hexdigest()}\n".encode()


def php(word: str, until: int) -> bytes:
    """One that only answers."""
    return f"{_head(word, until)}echo '{MARK} 0';\n".encode()


def database(word: str, until: int, settings: str) -> bytes:
    """One that asks the database with the site's own login. `settings`: relative to the docroot. Answers with the error's number."""
    return (_head(word, until) + _DATABASE.format(settings=_quoted(settings), mark=MARK)).encode("utf-8", "surrogateescape")


def start(word: str, until: int, loader: str) -> bytes:
    """One that starts WordPress without plugins and theme. `loader`: relative to the docroot."""
    nowhere = f"sitemend-{hashlib.sha256(word.encode()).hexdigest()[:16]}"
    return (_head(word, until) + _START.format(nowhere=nowhere, loader=_quoted(loader), mark=MARK)).encode("utf-8", "surrogateescape")


def _head(word: str, until: int) -> str:
    return _HEAD.format(until=until, digest=hashlib.sha256(word.encode()).hexdigest())


def _quoted(path: str) -> str:
    return path.replace("\\", "\\\\").replace("'", "\\'")
