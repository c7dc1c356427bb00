# ruff: noqa: E501 (a message stays on one line)
"""Functions that others were told of and that are not there."""

from __future__ import annotations

import pytest

from diagnostics.php.callbacks import Callback, announced_at, callback_of

_SAID = "PHP Fatal error:  Uncaught TypeError: call_user_func_array(): Argument #1 ($callback) must be a valid callback, {why} in /x/class-wp-hook.php:324"


@pytest.mark.parametrize(
    ("why", "callback", "script"),
    [
        ('function "price_setup" not found or invalid function name', Callback("", "price_setup"), "add_action('init', 'price_setup');"),
        ('function "Shop\\setup" not found or invalid function name', Callback("", "Shop\\setup"), "add_filter('x', __NAMESPACE__ . '\\setup');"),
        ('class "PriceBox" not found', Callback("PriceBox", ""), "add_action('init', ['PriceBox', 'start']);"),
        ('class "PriceBox" not found', Callback("PriceBox", ""), "add_action('init', 'PriceBox::start');"),
        ('class "Shop\\PriceBox" not found', Callback("Shop\\PriceBox", ""), "add_action('init', [PriceBox::class, 'start']);"),
        ('class PriceBox does not have a method "start"', Callback("PriceBox", "start"), "add_action('init', [$this, 'start']);"),
        ("non-static method PriceBox::start() cannot be called statically", Callback("PriceBox", "start"), "add_action('init', ['PriceBox', 'start']);"),
        ("cannot access private method PriceBox::start()", Callback("PriceBox", "start"), "add_action('init', array($this, 'start'));"),
    ],
)  # fmt: skip
def test_line_that_announces_a_callback_is_found(why: str, callback: Callback, script: str) -> None:
    found = callback_of(_SAID.format(why=why))
    assert found == callback
    assert announced_at(f"<?php\n// {script}\n{script}\n".encode(), callback) == 3


@pytest.mark.parametrize(
    "line", ["if (function_exists('setup')) { }", "remove_action('init', 'setup');", "# add_action('init', 'setup');", "setup();"]
)
def test_line_that_only_speaks_of_it_is_not_taken(line: str) -> None:
    assert announced_at(f"<?php\n{line}\n".encode(), Callback("", "setup")) is None


def test_line_with_a_hook_goes_before_one_that_only_holds_the_word() -> None:
    assert announced_at(b"<?php\n$name = 'setup';\nadd_action('init', 'setup');\n", Callback("", "setup")) == 3
