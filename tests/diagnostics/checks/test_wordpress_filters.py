# ruff: noqa: E501 (a line of a log stays on one line)
"""Callbacks of filters that give nothing back, in the code and behind an error that speaks of another file."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.checks.php_filters import silent_filters
from diagnostics.checks.php_rounds import rounds
from diagnostics.findings import Finding
from diagnostics.php import hooks
from tests.diagnostics.checks.test_wordpress import FILES, fatal
from tests.diagnostics.evidences import evidence


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("add_filter('x', function ($v) {\n  if ($v) {\n    return $v;\n  }\n});", 2),
        ('add_filter( "x", static function ($v) {\n  echo $v;\n}, 10, 2 );', 2),
        ("\\add_filter('x', 'mine');\nfunction mine($v) {\n  if (!$v) { return; }\n  return $v;\n}", 3),
        (
            "class A {\n  function __construct() { add_filter('x', array($this, 'own')); }\n  function own($v) {\n    foreach ($v as $each) { return $each; }\n  }\n}",
            4,
        ),
        ("add_filter('x', 'A::own');\nclass A {\n  static function own($v) {\n    switch ($v) { case 1: return 2; }\n  }\n}", 4),
        ("add_filter('x', mine(...));\nfunction mine($v) { if ($v): return 1; elseif (!$v): return 2; endif; }", 3),
        ("add_action('x', function ($v) { $v[] = 1; });", 2),
        ("add_filter('x', function ($v) { array_map(function ($a) { return $a; }, $v); });", 2),
    ],
)
def test_callback_with_a_way_that_ends_without_a_value_is_found(code: str, line: int) -> None:
    assert [(each.hook, each.line) for each in silent_filters(f"<?php\n{code}\n".encode())] == [("x", line)]


@pytest.mark.parametrize(
    "code",
    [
        "add_filter('x', fn($v) => $v);", "add_filter('x', '__return_false');", "add_filter('x', $callback);",
        "add_filter('x', function ($v) { if ($v) { return 1; } elseif ($w) { throw new E(); } else { exit; } });",
        "add_filter('x', function ($v) { try { return 1; } catch (E $e) { return 2; } });",
        "add_filter('x', function ($v) { switch ($v) { case 1: return 2; default: return 3; } });",
        "add_filter('x', function ($v) { while (true) { if ($v) { return 1; } } });",
        "add_filter('x', function ($v) { foreach ($v as $a) { yield $a; } });",
        "add_filter('x', 'mine'); function mine($v) { $v[] = function () { return; }; return $v; }",
        "add_filter('x', array($this, 'two')); class A { function two() {} } class B { function two() {} }",
    ],
)  # fmt: skip
def test_callback_that_always_gives_something_is_not_blamed(code: str) -> None:
    assert silent_filters(f"<?php\n{code}\n".encode()) == []


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("Uncaught TypeError: array_keys(): Argument #1 ($array) must be of type array, null given in /a.php:3", True),
        ("Uncaught TypeError: f(): Return value must be of type string, null returned in /a.php:3", True),
        ("Uncaught Error: Call to a member function get() on null in /a.php:3", True),
        ("Uncaught TypeError: Unsupported operand types: null + array in /a.php:3", True),
        ("Uncaught TypeError: count(): Argument #1 ($value) must be of type Countable|array, bool given in /a.php:3", False),
        ("Uncaught Error: a in /a.php:3\nStack trace:\n#0 /b.php(2): say('null given')", False),
    ],
)
def test_message_that_complains_of_nothing(text: str, is_so: bool) -> None:
    assert hooks.is_of_nothing(text) is is_so


@pytest.mark.parametrize(
    ("code", "line", "is_plain"),
    [
        ("add_filter('x', function ($v) { return apply_filters('x', $v); });", 2, True),
        ("\nadd_filter( 'the_title', 'own' );\nfunction own($t) { return $t . get_the_title(); }", 4, True),
        ("add_filter('gettext', 'own');\nfunction own($t) {\n  if ($t === 'a') { return __('b'); }\n  return $t;\n}", 3, False),
        ("add_filter('option_home', fn($v) => get_option('home') . '/');", 2, True),
        ("add_action('save_post', 'own');\nfunction own($id) { wp_update_post(['ID' => $id]); }", 3, True),
        ("class A {\n function go() { add_filter('x', [$this, 'own']); }\n function own($v) { return $this->more($v); }\n function more($v) { return apply_filters('x', $v); }\n}", 4, True),
        ("add_action('pre_get_posts', function ($q) { $other = new WP_Query(['p' => 1]); });", 2, True),
        ("add_action('x', 'own', 5);\nfunction own() { do_action('x'); }", 3, True),
    ],
)  # fmt: skip
def test_callback_that_asks_for_its_own_hook_is_found(code: str, line: int, is_plain: bool) -> None:
    assert [(each.line, each.is_plain) for each in rounds(f"<?php\n{code}\n".encode())] == [(line, is_plain)]


@pytest.mark.parametrize(
    "code",
    [
        "add_filter('x', function ($v) { return apply_filters('y', $v); });",
        "add_filter('x', 'own'); function own($v) { remove_filter('x', 'own'); $v = apply_filters('x', $v); add_filter('x', 'own'); return $v; }",
        "add_filter('x', 'own'); function own($v) { return $v; } function other($v) { return apply_filters('x', $v); }",
        "add_filter('option_home', fn($v) => get_option('siteurl') . $v);", "add_filter('x', 'own');",
        "add_action('save_post', function ($id) { if (doing_action('save_post')) return; wp_update_post([]); });",
    ],
)  # fmt: skip
def test_callback_that_does_not_come_back_to_its_hook_is_not_blamed(code: str) -> None:
    assert rounds(f"<?php\n{code}\n".encode()) == []


MEMORY = "Allowed memory size of 67108864 bytes exhausted (tried to allocate 262144 bytes) in ~/wp-includes/class-wp-hook.php on line 308"
CIRCLE = b"<?php\n/* Plugin Name: Prices */\nadd_filter('query_vars', function ($v) {\n    return apply_filters('query_vars', $v);\n});\n"


@pytest.mark.parametrize("message", [MEMORY, "Uncaught Error: Maximum call stack size of 8339456 bytes (zend.max_allowed_stack_size - zend.reserved_stack_size) reached. Infinite recursion? in ~/wp-includes/class-wp-hook.php:308\\nStack trace:\\n#0 ~/wp-includes/plugin.php(205): WP_Hook->apply_filters()\\n#1 {main}"])  # fmt: skip
@pytest.mark.parametrize(
    ("path", "cause"), [("plugins/prices/prices.php", "wordpress-plugin"), ("themes/plain/functions.php", "wordpress-theme")]
)
def test_end_of_memory_in_a_hook_of_core_is_told_at_the_callback_that_calls_itself(path: str, cause: str, message: str) -> None:
    found = found_in(message, {f"www/wp-content/{path}": CIRCLE})
    assert found.cause.startswith(cause) and (found.path, found.line) == (f"www/wp-content/{path}", 3) and found.confidence >= 0.8


def test_end_of_memory_in_core_stays_there_where_nothing_calls_itself() -> None:
    assert found_in(MEMORY, {}).path == "www/wp-includes/class-wp-hook.php"


# --- behind an error
def test_error_of_core_that_nobody_else_is_on_the_way_to_is_told_at_its_own_place() -> None:
    found = found_in(ARGUMENT, {})
    assert (found.path, found.line) == ("www/wp-includes/class-wp.php", 8)


CORE = b"<?php\nclass WP {\n    function parse() {\n        $this->vars = apply_filters('public_vars', $a);\n        $this->query_vars = apply_filters( 'request', $this->query_vars );\n    }\n    function build() {\n        foreach (array_keys($this->query_vars) as $key) {\n        }\n    }\n}\n"
ARGUMENT = "Uncaught TypeError: array_keys(): Argument #1 ($array) must be of type array, null given in ~/wp-includes/class-wp.php:8\\nStack trace:\\n#0 ~/wp-includes/class-wp.php(8): array_keys(NULL)\\n#1 ~/wp-blog-header.php(16): wp()\\n#2 ~/index.php(17): require('/home/demo/www/...')\\n#3 {main}\\n  thrown in ~/wp-includes/class-wp.php on line 8"
SILENT = b"<?php\n\nadd_filter('request', function ($vars) {\n    if (isset($vars['feed'])) {\n        return $vars;\n    }\n});\n"
WELL = b"<?php\nadd_filter('request', function ($vars) { return $vars; });\nadd_filter('the_title', function ($t) { });\n"


def found_in(said: str, files: dict[str, bytes]) -> Finding:
    return run_checks(evidence({**FILES, "www/wp-includes/class-wp.php": CORE, **files}, fatal(said))).findings[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("themes/plain/functions.php", "wordpress-theme"), ("themes/plain/inc/hooks.php", "wordpress-theme"),
        ("plugins/prices/prices.php", "wordpress-plugin"), ("plugins/prices/inc/deep.php", "wordpress-plugin"),
        ("mu-plugins/always.php", "wordpress-mu-plugin"),
    ],
)  # fmt: skip
def test_part_whose_filter_gave_core_nothing_is_named(path: str, cause: str) -> None:
    found = found_in(ARGUMENT, {"www/wp-content/plugins/tidy/tidy.php": WELL, f"www/wp-content/{path}": SILENT})
    assert (found.cause, found.path, found.line) == (cause, f"www/wp-content/{path}", 3)
    assert "“request”" in found.summary and "return" in found.hint and 0.85 <= found.confidence <= 0.95


def test_filter_of_the_same_value_goes_before_another_of_the_same_file() -> None:
    other = b"<?php\nadd_filter('public_vars', function ($v) { });\n"
    found = found_in(ARGUMENT, {"www/wp-content/plugins/tidy/tidy.php": other, "www/wp-content/themes/plain/functions.php": SILENT})
    assert found.path == "www/wp-content/themes/plain/functions.php"


HANDED = "Uncaught TypeError: prices_title(): Argument #1 ($title) must be of type string, null given, called in ~/wp-includes/class-wp-hook.php on line 324 and defined in ~/wp-content/plugins/prices/prices.php:9\\nStack trace:\\n#0 ~/wp-includes/class-wp-hook.php(324): prices_title(NULL)\\n#1 ~/wp-includes/plugin.php(205): WP_Hook->apply_filters(NULL, Array)\\n#2 ~/wp-includes/post-template.php(118): apply_filters('the_title', 'Hello', 1)\\n#3 {main}\\n  thrown in ~/wp-content/plugins/prices/prices.php on line 9"


def test_callback_before_the_one_that_complains_is_named() -> None:
    theme = b"<?php\nadd_filter('the_title', 'plain_title');\nfunction plain_title($title) {\n    strtoupper($title);\n}\n"
    found = found_in(HANDED, {"www/wp-content/themes/plain/functions.php": theme})
    assert (found.cause, found.path, found.line) == ("wordpress-theme", "www/wp-content/themes/plain/functions.php", 3)
    cut = HANDED.replace("'the_title'", "'the_ti...'")
    assert found_in(cut, {"www/wp-content/themes/plain/functions.php": theme}).cause == "wordpress-theme"


def test_part_that_complains_is_named_where_no_callback_is_silent() -> None:
    theme = b"<?php\nadd_filter('the_title', 'trim');\nadd_filter('the_content', function ($text) { });\n"
    found = found_in(HANDED, {"www/wp-content/themes/plain/functions.php": theme})
    assert (found.path, found.line) == ("www/wp-content/plugins/prices/prices.php", 9)


def test_plugin_that_asks_its_own_filters_is_not_to_blame_for_a_theme() -> None:
    shop = b"<?php\nfunction rows() {\n    $rows = apply_filters('shop_rows', []);\n    return count($rows);\n}\n"
    said = "Uncaught TypeError: count(): Argument #1 ($value) must be of type Countable|array, null given in ~/wp-content/plugins/shop/shop.php:4\\nStack trace:\\n#0 {main}\\n  thrown in ~/wp-content/plugins/shop/shop.php on line 4"
    theme = b"<?php\nadd_filter('shop_rows', function ($rows) {\n    $rows[] = 1;\n});\n"
    found = found_in(said, {"www/wp-content/plugins/shop/shop.php": shop, "www/wp-content/themes/plain/functions.php": theme})
    assert (found.cause, found.path, found.line) == ("wordpress-theme", "www/wp-content/themes/plain/functions.php", 2)


def test_theme_on_the_way_is_not_blamed_for_a_plugins_filter() -> None:
    core = b"<?php\nfunction get_body_class() {\n    $classes = apply_filters( 'body_class', $classes, $css );\n    return array_unique( $classes );\n}\n"
    plugin = b"<?php\nadd_filter('body_class', array('Prices', 'mark'));\nclass Prices {\n    public static function mark($classes) {\n        $classes[] = 'prices';\n    }\n}\n"
    said = "Uncaught TypeError: array_unique(): Argument #1 ($array) must be of type array, null given in ~/wp-includes/post-template.php:4\\nStack trace:\\n#0 ~/wp-includes/post-template.php(4): array_unique(NULL)\\n#1 ~/wp-content/themes/plain/header.php(20): body_class()\\n#2 {main}\\n  thrown in ~/wp-includes/post-template.php on line 4"
    files = {"www/wp-includes/post-template.php": core, "www/wp-content/plugins/prices/prices.php": plugin}
    found = found_in(said, files)
    assert (found.cause, found.path, found.line) == ("wordpress-plugin", "www/wp-content/plugins/prices/prices.php", 4)


def test_large_file_of_core_is_read_for_what_it_asks() -> None:
    core = CORE.replace(b"<?php\n", b"<?php // " + b"x" * 300_000 + b"\n")
    found = found_in(ARGUMENT, {"www/wp-includes/class-wp.php": core, "www/wp-content/themes/plain/functions.php": SILENT})
    assert (found.cause, found.path, found.line) == ("wordpress-theme", "www/wp-content/themes/plain/functions.php", 3)
