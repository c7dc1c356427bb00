"""Findings in one sentence: PHP's own words without places, folders and secrets."""

from __future__ import annotations

import time

import pytest

from diagnostics.checks.php_messages import PhpMessage, read_php_message
from diagnostics.checks.wording import placed, quoted, words_of

HOME = "/home/www"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"PHP Fatal error:  Uncaught Error: Call to undefined function tax() in {HOME}/cart.php:9", "Call to undefined function tax()"),
        (
            f"stderr: PHP Fatal error:  Cannot redeclare box() (previously declared in {HOME}/a/b.php:4) in {HOME}/c.php on line 4",
            "Cannot redeclare box() (previously declared in b.php:4)",
        ),
        (
            f"Fatal error: Composer detected issues in your platform: Your Composer dependencies require the following "
            f"PHP extensions to be installed: imagick. in {HOME}/platform_check.php on line 20",
            "Your Composer dependencies require the following PHP extensions to be installed: imagick",
        ),
        (
            f"PHP Fatal error:  Uncaught Error: Failed opening required '{HOME}/inc/parts.php' (include_path='.:/usr') in {HOME}/i.php:3",
            "Failed opening required 'parts.php'",
        ),
        (
            "PHP Fatal error:  Uncaught App\\Billing\\NoRate: no rate for DE in /srv/x.php:1\\nStack trace:\\n#0 {main}",
            "App\\Billing\\NoRate: no rate for DE",
        ),
        ("PHP Fatal error:  Uncaught Error: Failed opening required 'http://a.example/x/top.php' in /a/b.php:1",
         "Failed opening required 'http://a.example/x/top.php'"),
        (f"PHP Fatal error:  Uncaught TypeError: tax(): Argument #1 must be of type int, null given, called in {HOME}/a.php on line 3",
         "tax(): Argument #1 must be of type int, null given"),
        ("#1 Factory->create('Shop', Array)", ""),
        (f"PHP Parse error:  syntax error, unexpected token \"}}\" in {HOME}/index.php on line 12", 'syntax error, unexpected token "}"'),
    ],
)  # fmt: skip
def test_words_of_a_fatal_without_its_place(text: str, words: str) -> None:
    assert words_of(text) == words


def test_words_hold_no_secret_and_are_bounded() -> None:
    said = words_of(f"PHP Fatal error:  Uncaught Exception: login with password=hunter22 failed {'x' * 500} in /srv/a.php:1")
    assert "hunter22" not in said
    assert len(said) == 160


def test_words_of_a_hostile_line_take_no_time() -> None:
    began = time.monotonic()
    for text in ("Error: " * 2000, "/a" * 5000, "'X' with message " * 900, " in " * 4000, "\\" * 5000, "(): " * 3000):
        words_of(f"PHP Fatal error:  {text}")
    assert time.monotonic() - began < 1


def test_only_open_causes_are_quoted() -> None:
    memory = read_php_message(
        f"PHP Fatal error:  Allowed memory size of 1024 bytes exhausted (tried to allocate 9 bytes) in {HOME}/a.php on line 2"
    )
    missing = read_php_message(f'PHP Fatal error:  Uncaught Error: Class "Mailer" not found in {HOME}/a.php:2')
    assert memory and quoted(memory) == ""
    assert missing and quoted(missing) == 'Class "Mailer" not found'


def test_entry_whose_message_was_read_from_its_trace_is_quoted_from_its_beginning() -> None:
    message = PhpMessage("application-answers-500", (), "/a.php", 12, "#1 /a.php(12): run()")
    assert quoted(message, whole='Class "Shop" does not exist\n#1 /a.php(12): run()') == 'Class "Shop" does not exist'


def test_sentence_with_and_without_a_place() -> None:
    assert (
        placed("A file is missing", "www/a.php", 3, "Failed opening 'b.php'")
        == "A file is missing (www/a.php, line 3): “Failed opening 'b.php'”."
    )
    assert placed("A file is missing", "www/a.php") == "A file is missing (www/a.php)."
    assert placed("A file is missing") == "A file is missing."
