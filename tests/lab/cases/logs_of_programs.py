# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Programs that catch every error, with logs of their own shapes."""

from __future__ import annotations

import time

from tests.lab.cases.base import PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import class_source, describe, page_source, php

_WHERE = "$e->getFile() . ':' . $e->getLine()"
_SHAPES = (  # of TYPO3, CodeIgniter, Yii 1, Tracy, CakePHP, PrestaShop
    ("typo3temp/var/log/typo3_5f1c2a9b3d.log", "date(DATE_RFC2822) . ' [CRITICAL] request=\"5f1c2a9b3d\" component=\"TYPO3.CMS.Core.Error.ProductionExceptionHandler\": Core: Exception handler (WEB): Uncaught TYPO3 Exception: ' . $e->getMessage() . ' | ' . get_class($e) . ' thrown in file ' . $e->getFile() . ' in line ' . $e->getLine() . '. Requested URL: http://localhost' . $_SERVER['REQUEST_URI']"),
    ("application/logs/log-{day}.php", "'ERROR - ' . date('Y-m-d H:i:s') . ' --> Severity: error --> Exception: ' . $e->getMessage() . ' ' . $e->getFile() . ' ' . $e->getLine()"),
    ("protected/runtime/application.log", f"date('Y/m/d H:i:s') . ' [error] [exception.' . get_class($e) . '] ' . get_class($e) . ': ' . $e->getMessage() . ' in ' . {_WHERE} . PHP_EOL . 'Stack trace:' . PHP_EOL . $e->getTraceAsString() . PHP_EOL . 'REQUEST_URI=' . $_SERVER['REQUEST_URI'] . PHP_EOL . '---'"),
    ("log/exception.log", f"'[' . date('Y-m-d H-i-s') . '] ' . get_class($e) . ': ' . $e->getMessage() . ' in ' . {_WHERE} . '  @  http://localhost' . $_SERVER['REQUEST_URI'] . '  @@  exception--' . date('Y-m-d--H-i') . '--3f2a91c.html'"),
    ("logs/error.log", f"date('Y-m-d H:i:s') . ' error: [' . get_class($e) . '] ' . $e->getMessage() . ' in ' . $e->getFile() . ' on line ' . $e->getLine() . PHP_EOL . 'Stack Trace:' . PHP_EOL . '- ' . {_WHERE} . PHP_EOL . 'Request URL: ' . $_SERVER['REQUEST_URI']"),
    ("var/logs/{packed}_exception.log", "'*ERROR* ' . \"\\t\" . 'v8.1.2' . \"\\t\" . date('Y/m/d - H:i:s') . ': ' . $e->getMessage() . ' at line ' . $e->getLine() . ' in file ' . str_replace(dirname(__DIR__) . '/', '', $e->getFile())"),
)  # fmt: skip


def _catching(s: Scene, log: str, form: str) -> str:
    """Lines that tell this log of every error, and visitors of none."""
    s.folder(log.rpartition("/")[0])
    if log.endswith(".php"):
        s.keep(log, "<?php defined('BASEPATH') OR exit('No direct script access allowed'); ?>\n\n")
    return f"set_exception_handler(function (Throwable $e) {{\n    file_put_contents('{s.path(log)}', {form} . PHP_EOL, FILE_APPEND);\n    http_response_code(500);\n    echo '<h1>Oops, an error occurred!</h1>';\n}});\n"


@case((*PHP, "ovh"), "php", times=3)
def log_of_another_shape(s: Scene) -> Truth:
    site = describe(s)
    log, form = s.rng.choice(_SHAPES)
    log = s.at(log.format(day=time.strftime("%Y-%m-%d"), packed=time.strftime("%Y%m%d")))
    start = s.read(s.at(site.start)).decode()
    s.keep(s.at(site.start), start.replace("session_start();", _catching(s, log, form) + "session_start();"))
    what = s.rng.choice(
        ("RuntimeException('{0} 4711 not found')", "InvalidArgumentException('{0} has no price')", "LogicException('No {0}: see manual')")
    )
    s.write(s.at(site.class_file), class_source(s.rng, site.noun, method=[f"        throw new {what.format(site.noun)}; /* here */"]))
    line = s.line_of(s.at(site.class_file), "/* here */")
    return Truth("application-answers-500", s.at(site.class_file), (line,), ("php-uncaught-exception",), paths=(log,))


@case((*PHP, "ovh"), "php")
def settings_without_a_comma(s: Scene) -> Truth:
    """Read in a loop by a program beside the docroot, which tells a log of JSON lines, one file a day."""
    site, folder = describe(s), s.rng.choice(("app", "symfony", "platform"))
    log = f"{folder}/var/log/prod-{time.strftime('%Y-%m-%d')}.log"
    flags = s.rng.choice(("0", "JSON_UNESCAPED_SLASHES"))
    form = ("json_encode(['message' => 'Uncaught PHP Exception ' . get_class($e) . ': \"' . $e->getMessage() . '\"', 'context' => ['exception' => ['class' => get_class($e), 'message' => $e->getMessage(), 'code' => 0, "
            f"'file' => {_WHERE}]], 'level' => 500, 'level_name' => 'CRITICAL', 'channel' => 'request', 'datetime' => date('c'), 'extra' => []], {flags})")  # fmt: skip
    names = s.rng.sample(("cache", "mail", "routes", "services", "session", "view"), 4)
    for name in names:
        s.keep(f"{folder}/config/{name}.php", php(f"// {name}", "return [", "    'driver' => 'file',", f"    'prefix' => '{name}_',", "];"))
    s.keep(f"{folder}/bootstrap.php", php(_catching(s, log, form).rstrip("\n"), "$config = [];", "foreach (glob(__DIR__ . '/config/*.php') as $file) {",
           "    $config[basename($file, '.php')] = (static fn ($path) => require $path)($file);", "}"))  # fmt: skip
    s.keep(s.at("index.php"), page_source(s, site, site.title, more=[f"require dirname(__DIR__) . '/{folder}/bootstrap.php';"]))
    broken = f"{folder}/config/{names[0]}.php"
    s.write(broken, s.read(broken).replace(b"'file',", b"'file'"))
    return Truth("php-parse-error", broken, (4, 5), ("application-answers-500",), paths=(log,))
