# ruff: noqa: E501 (what is written into a file stays on one line, to be compared with the next)
"""Programs that catch every error, answer 500 by themselves and tell a log of their own, each in its own form."""

from __future__ import annotations

from tests.lab import words
from tests.lab.cases.base import PHP, Truth, case
from tests.lab.scene import Scene
from tests.lab.sites.php_site import describe, page_source

_TRACE = "PHP_EOL . '[stacktrace]' . PHP_EOL . $e->getTraceAsString() . PHP_EOL . '\"}'"
# The form of a line: of Laravel, Symfony (Monolog), Drupal or Joomla beside, PrestaShop, Magento.
_FORMS = (
    ("storage/logs/laravel.log", "'[' . date('Y-m-d H:i:s') . '] production.ERROR: ' . $e->getMessage() . ' {\"exception\":\"[object] (' . get_class($e) . '(code: 0): ' . $e->getMessage() . ' at ' . $e->getFile() . ':' . $e->getLine() . ')' . " + _TRACE),
    ("var/log/prod.log", "'[' . date('Y-m-d\\TH:i:s.uP') . '] request.CRITICAL: Uncaught PHP Exception ' . get_class($e) . ': \"' . $e->getMessage() . '\" at ' . basename($e->getFile()) . ' line ' . $e->getLine() . ' {\"exception\":\"[object] (' . get_class($e) . '(code: 0): ' . $e->getMessage() . ' at ' . $e->getFile() . ':' . $e->getLine() . ')\"} []'"),
    ("var/log/exception.log", "'[' . date('Y-m-d\\TH:i:s.uP') . '] report.CRITICAL: ' . $e->getMessage() . ' {\"exception\":\"[object] (' . get_class($e) . '(code: 0): ' . $e->getMessage() . ' at ' . $e->getFile() . ':' . $e->getLine() . ')\"} []'"),
    ("logs/app.log", "date('c') . ' ERROR ' . get_class($e) . ': ' . $e->getMessage() . ' in ' . $e->getFile() . ':' . $e->getLine()"),
    ("data/errors.log", "date('d.m.Y H:i:s') . ' | ' . $e->getMessage() . ' | ' . $e->getFile() . ' (' . $e->getLine() . ')'"),
)  # fmt: skip


@case((*PHP, "ovh"), "php", times=3)
def answers_500(s: Scene) -> Truth:
    site, rng = describe(s), s.rng
    log, form = rng.choice(_FORMS)
    s.folder(s.at(log.rpartition("/")[0]))
    s.keep(s.at(log), "")
    handler = [
        "set_exception_handler(function (Throwable $e) {", f"    file_put_contents(__DIR__ . '/{log}', {form} . PHP_EOL, FILE_APPEND);",
        "    http_response_code(500);", "    echo '<h1>Whoops</h1>';", "});",
        f"throw new {rng.choice(('RuntimeException', 'LogicException', 'DomainException'))}('{rng.choice(words.NOUNS)} service: key expired');",
    ]  # fmt: skip
    s.write(s.at("index.php"), page_source(s, site, site.title, more=handler))
    line = s.line_of(s.at("index.php"), "key expired")
    return Truth("application-answers-500", s.at("index.php"), (line,), ("php-uncaught-exception",), paths=(s.at(log),))
