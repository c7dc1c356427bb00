# ruff: noqa: E501 (a message stays on one line)
"""Parts of PHP that a program misses: told in words of its own, or by what its code asks before it gives up."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.php.extension_words import asked_before, missed
from tests.diagnostics.evidences import AT, evidence


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Uncaught RuntimeException: The PHP extension gd is required in /srv/x/inc/tools.php:19", ("gd",)),
        ("GD extension is not loaded", ("gd",)),
        ("Please install the soap extension of PHP", ("soap",)),
        ("Missing PHP extension: intl", ("intl",)),
        ("You are missing a required extension to PHP that the wiki requires to run. Please install: mbstring (more information) intl (more information)", ("mbstring", "intl")),
        ("Your Composer dependencies require the following PHP extensions to be installed: gd, intl, zip", ("gd", "intl", "zip")),
        ("Your PHP installation appears to be missing the MySQL extension which is required by WordPress.", ("mysqli",)),
        ("PHP module zip not installed. Please ask your server administrator to install the module.", ("zip",)),
        ("requires ext-sodium * -> it is missing from your system.", ("sodium",)),
        ("GD Library extension not available with this PHP installation.", ("gd",)),
        ("Die PHP-Erweiterung mbstring wird benötigt", ("mbstring",)),
        ("L'extension PHP intl n'est pas installée", ("intl",)),
        ("La extensión PHP curl es necesaria, no está instalada", ("curl",)),
        ("The PHP extension wobble is required", ("wobble",)),
        ("The file requires the ionCube PHP Loader", ("",)),
    ],
)  # fmt: skip
def test_missed_parts_of_php_are_named(text: str, names: tuple[str, ...]) -> None:
    assert missed(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "imagick extension error: cannot convert the picture",
        "The file extension zip is not allowed, please install a plugin",
        "cannot find extension com_content",
        "Module Date is required",
        "Uncaught Exception: No price in /srv/php-extension-gd-missing/x.php:3",
        "The extension of the contract with the gd team is required",
    ],
)
def test_other_extensions_are_none_of_php(text: str) -> None:
    assert missed(text) == ()


@pytest.mark.parametrize(
    ("source", "line", "words", "name"),
    [
        ("<?php\nif (!extension_loaded('gd')) {\n    throw new RuntimeException('No pictures');\n}\n", 3, "No pictures", "gd"),
        ("<?php\nif (!function_exists('mb_strlen'))\n    die('Requirements not met');\n", 3, "", "mbstring"),
        ("<?php\nif (! class_exists('SoapClient')) {\n    echo 'x';\n    exit(1);\n}\n", 4, "", "soap"),
        ("<?php\nif (class_exists('SoapClient') === false) {\n exit('x');}\n", 3, "", "soap"),
        (
            '<?php\nforeach ($all as $e) {\n  if (!extension_loaded($e)) {\n    throw new E("lacking $e");\n  }\n}\n',
            4,
            "lacking intl",
            "intl",
        ),
        ("<?php\nif (!extension_loaded('gd')) {\n    $plain = 1;\n}\nthrow new E('n');\n", 5, "n", ""),
        ("<?php\nif (extension_loaded('gd')) {\n    throw new E('n');\n}\n", 3, "n", ""),
        ("<?php\nif (!function_exists('shop_total')) {\n    throw new E('n');\n}\n", 3, "n", ""),
    ],
)
def test_part_that_code_asks_for_before_it_gives_up(source: str, line: int, words: str, name: str) -> None:
    assert asked_before(source, line, words) == name


def test_exception_behind_such_a_question_is_a_missing_part_of_php() -> None:
    code = b"<?php\n\nif (!extension_loaded('gd')) {\n    throw new RuntimeException('Nothing to draw with');\n}\n"
    said = "PHP Fatal error:  Uncaught RuntimeException: Nothing to draw with in /home/demo/www/a.php:4\nStack trace:\n#0 {main}\n  thrown in /home/demo/www/a.php on line 4"
    found = run_checks(evidence({"www/a.php": code}, f"[{AT:%d-%b-%Y %H:%M:%S} UTC] {said}\n")).findings[0]
    assert (found.cause, found.path, found.line) == ("php-missing-extension", "www/a.php", 4) and "gd" in found.summary
