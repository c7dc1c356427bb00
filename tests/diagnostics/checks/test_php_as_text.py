"""Programs that are sent as text, and programs that redirect for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import PageSeen
from diagnostics.findings import Finding
from diagnostics.php.seen import PhpSeen, Script
from tests.diagnostics.evidences import AT, apache_line, evidence

HELPERS = "<?php\nfunction layout() { return 'x'; }\n"
MISSES = apache_line(
    "AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function layout() in "
    "/home/demo/www/index.php:3\\nStack trace:\\n#0 {main}\\n  thrown in /home/demo/www/index.php on line 3'", level="proxy_fcgi:error",
)  # fmt: skip


CORE = b"/**\n * Users.\n * @package WordPress\n */\nfunction user( $name ) {\n\t$found = find( $name );\n\treturn $found->first();\n}\n"


def judged(
    detail: str, scripts: dict[str, bytes], log: str = "", kind: str = "unexpected", body: bytes = b"<?\nfunction layout() { }"
) -> list[Finding]:
    made = evidence(dict(scripts), log)
    read = tuple(Script(name, f"/home/demo/{name}", content, 0.0, "included", len(content)) for name, content in scripts.items())
    page = PageSeen("/", "https://shop.example/", kind, 200, AT, detail=detail, body=body)
    return run_checks(replace(made, site=replace(made.site, pages=(page,), kind=kind), php=PhpSeen(scripts=read))).findings


@pytest.mark.parametrize(
    ("detail", "content", "cause"),
    [
        ("php-short-tag", HELPERS.replace("<?php", "<?").encode(), "php-undefined-function"),
        ("php-utf-16", HELPERS.encode("utf-16"), "php-byte-order-mark"),
    ],
)
def test_program_that_is_sent_as_text_is_named(detail: str, content: bytes, cause: str) -> None:
    files = {"www/index.php": b"<?php\nrequire 'inc/helpers.php';\necho layout();", "www/inc/helpers.php": content}
    found = judged(detail, files, MISSES)[0]
    assert (found.cause, found.path, found.line) == (cause, "www/inc/helpers.php", 1)
    assert judged(detail, files)[0].path == "www/inc/helpers.php"  # without a log, too


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("wp-includes/user.php", "wordpress-core-file"),
        ("wp-content/plugins/x/x.php", "wordpress-plugin"),
        ("inc/a.php", "php-undefined-function"),
    ],
)
def test_program_that_lost_the_mark_it_begins_with_is_named(name: str, cause: str) -> None:
    files = {"www/index.php": b"<?php\nrequire 'x.php';\n", f"www/{name}": CORE}
    found = judged("php-no-tag", files, body=CORE)[0]
    assert (found.cause, found.path, found.line) == (cause, f"www/{name}", 1)


def test_program_without_its_mark_that_was_not_read_is_known_by_what_it_says_of_itself() -> None:
    found = judged("php-no-tag", {"www/index.php": b"<?php\n"}, body=CORE)[0]
    assert (found.cause, found.path) == ("wordpress-core-file", "")


@pytest.mark.parametrize("begins", [b"\xef\xbb\xbf<?php\n", b"<?php\n"])
def test_page_that_says_where_it_was_begun_too_early(begins: bytes) -> None:
    said = b"<p>Error displaying the error page: headers already been sent by &quot;/home/demo/www/configuration.php&quot; at line 1.</p>"
    files = {"www/index.php": b"<?php\nrequire 'configuration.php';\n", "www/configuration.php": begins}
    found = judged("joomla-error", files, kind="fatal-in-body", body=said)[0]
    marked = begins.startswith(b"\xef")
    assert (found.cause == "php-byte-order-mark") == marked
    assert (found.path, found.line) == ("www/configuration.php", 1) or not marked


def test_program_of_another_kind_is_not_blamed() -> None:
    assert not [each for each in judged("php-short-tag", {"www/index.php": HELPERS.encode()}) if each.check == "php-as-text"]


@pytest.mark.parametrize(
    ("line", "is_named"),
    [
        ("header('Location: https://' . $_SERVER['HTTP_HOST'] . '/', true, 301);", True),
        ("wp_redirect(home_url('/start/'));", True),
        ("header('Content-Type: text/plain');", False),
    ],
)
def test_line_of_a_program_that_redirects_for_ever_is_named(line: str, is_named: bool) -> None:
    found = judged("redirects", {"www/index.php": f"<?php\n$a = 1;\n{line}\nexit;\n".encode()}, kind="redirect-loop")[0]
    assert found.cause == "redirect-loop"
    assert (found.path, found.line) == (("www/index.php", 3) if is_named else ("", None))
