# ruff: noqa: E501 (a message stays in one piece)
"""What a message of PHP is read as, where the place or the cause is not the first that it names."""

from __future__ import annotations

import pytest

from diagnostics.checks.php_messages import read_php_message
from diagnostics.checks.stack import frames

WWW = "/home/demo/www"
SHARE, THEME, HOOK = (
    f"{WWW}/wp-content/plugins/share/start.php",
    f"{WWW}/wp-content/themes/mine/functions.php",
    f"{WWW}/wp-includes/class-wp-hook.php",
)


def few(function: str, by: str, expected: str, place: str) -> str:
    return f"PHP Fatal error:  Uncaught ArgumentCountError: Too few arguments to function {function}(), 1 passed in {by} on line 310 and {expected} expected in {place}:11"


def trace(*own: str) -> str:
    return f"\nStack trace:\n#0 {HOOK}(310): f(Object(WP_Post))\n#1 {WWW}/wp-includes/plugin.php(205): WP_Hook->apply_filters('')\n#2 {own[0] if own else WWW + '/index.php'}(17): require('...')\n"


@pytest.mark.parametrize(
    ("text", "cause", "path"),
    [
        (few("share_image", HOOK, "exactly 3", SHARE) + trace(), "wordpress-plugin", SHARE),
        (few("share_image", HOOK, "at least 2", SHARE), "wordpress-plugin", SHARE),
        (few("mine_title", HOOK, "exactly 2", THEME) + trace(f"{WWW}/wp-content/themes/mine/header.php"), "wordpress-theme", THEME),
        (few("Share\\Route::allowed", f"{WWW}/wp-includes/rest-api/class-wp-rest-server.php", "exactly 2", SHARE), "wordpress-plugin", SHARE),
        (few("share_box", f"{WWW}/wp-admin/includes/template.php", "exactly 3", SHARE), "wordpress-plugin", SHARE),
        (few("App\\Listener::heard", f"{WWW}/vendor/acme/events/src/Dispatcher.php", "exactly 2", f"{WWW}/src/Listener.php"), "php-uncaught-exception", f"{WWW}/src/Listener.php"),
        (
            f"PHP Fatal error:  Uncaught TypeError: share_code(): Argument #1 ($with) must be of type array, string given, called in {WWW}/wp-includes/shortcodes.php on line 434 and defined in {SHARE}:11",
            "wordpress-plugin", SHARE,
        ),
    ],
)  # fmt: skip
def test_callback_is_at_fault_not_the_loop_that_calls_it(text: str, cause: str, path: str) -> None:
    message = read_php_message(text)
    assert message is not None and (message.cause, message.path, message.line) == (cause, path, 11)
    assert frames(text)[0] == (path, 11)


def test_own_code_that_calls_a_function_with_too_little_is_at_fault_itself() -> None:
    message = read_php_message(few("price", f"{WWW}/shop.php", "exactly 2", f"{WWW}/lib.php") + trace())
    assert message is not None and (message.path, message.line) == (f"{WWW}/shop.php", 310)


@pytest.mark.parametrize("number", [9, 12])
@pytest.mark.parametrize(
    ("warned", "cause"),
    [
        (
            f"require(): open_basedir restriction in effect. File(/home/demo/shared/rates.php) is not within the allowed path(s): ({WWW})",
            "open-basedir",
        ),
        ("require_once(/home/demo/releases/7/rates.php): Failed to open stream: Permission denied", "file-unreadable"),
    ],
)
def test_warning_of_the_same_line_names_where_a_link_leads(warned: str, cause: str, number: int) -> None:
    """PHP follows links before it looks, and warns by the name of what it found (main/fopen_wrappers.c)."""
    fatal = f"PHP Fatal error:  Uncaught Error: Failed opening required '{WWW}/common/rates.php' (include_path='.') in {WWW}/index.php:9\nStack trace:\n#0 {{main}}\n  thrown in {WWW}/index.php on line 9"
    message = read_php_message(fatal, f"PHP Warning:  {warned} in {WWW}/index.php on line {number}")
    assert message is not None and message.cause == (cause if number == 9 else "php-missing-file")


def clash(child: str, parent: str) -> str:
    return f"PHP Fatal error:  Declaration of {child} must be compatible with {parent} in {SHARE} on line 16"


@pytest.mark.parametrize(
    ("child", "parent", "running", "is_version"),
    [
        ("Share\\Registry::has($id)", "Psr\\Container\\ContainerInterface::has(string $id): bool", (8, 2), False),
        ("Share\\Log::log($level, $text, array $more = [])", "Psr\\Log\\LoggerInterface::log($level, Stringable|string $message, array $context = []): void", None, False),
        ("Share\\Cache::get($key)", "Common\\Cache::get(string $key): ?string", (8, 3), False),
        ("Share\\Http::send($one, $two)", "Common\\HttpInterface::send($one)", (8, 3), False),
        ("Share\\Box::add($one, $two)", "Common\\Box::add($one)", (7, 4), False),
        ("Share_Walker::start_el(&$output, $item)", "Walker_Nav_Menu::start_el(&$output, $data_object, $depth = 0, $args = null, $current_object_id = 0)", (8, 2), True),
        ("Share\\Rows::offsetGet($a, $b)", "ArrayAccess::offsetGet(mixed $offset): mixed", (8, 2), True),
        ("Share\\Db::query($sql)", "PDO::query(string $query, ?int $fetchMode = null, mixed ...$fetchModeArgs): PDOStatement|false", (8, 2), True),
    ],
)  # fmt: skip
def test_two_copies_of_a_library_that_clash_are_no_matter_of_the_version_of_php(
    child: str, parent: str, running: tuple[int, int] | None, is_version: bool
) -> None:
    """A return type that is left out, and a method of an interface, were refused before PHP 8 too (Zend/zend_inheritance.c)."""
    message = read_php_message(clash(child, parent), running=running)
    assert message is not None and message.path == SHARE and message.slug == "share"
    assert message.cause == ("wordpress-plugin-php-incompatible" if is_version else "wordpress-plugin")
