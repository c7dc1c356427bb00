"""Which part of WordPress is named, and when none is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.findings import Finding, Severity
from tests.diagnostics.evidences import AT, apache_line, evidence, site
from tests.diagnostics.facts.test_applications import CORE, PLUGIN
from tests.fakes import Node

HOME = "/home/demo/www"
FILES: dict[str, bytes] = {f"www/{name}": content for name, content in CORE.items()}
FILES |= {
    "www/wp-content/plugins/prices/prices.php": PLUGIN, "www/wp-content/themes/plain/style.css": b"/* Theme Name: Plain\nVersion: 3 */",
    "www/wp-content/themes/plain/functions.php": b"<?php", "www/wp-content/mu-plugins/always.php": b"<?php",
    "www/wp-content/object-cache.php": b"<?php", "www/wp-includes/class-wp-hook.php": b"<?php", "www/wp-includes/post.php": b"<?php",
}  # fmt: skip


def fatal(message: str, home: str = HOME) -> str:
    return apache_line(f"AH01071: Got error 'PHP message: PHP Fatal error:  {message}'".replace("~", home), level="proxy_fcgi:error")


def first(log: str, files: dict[str, bytes] | None = None, **more: object) -> Finding:
    found = run_checks(evidence({**FILES, **(files or {})}, log, **more)).findings  # type: ignore[arg-type]
    assert found, "nothing was found"
    return found[0]


UNCAUGHT = "Uncaught Error: Call to undefined function prices_of() in {at}:{line}\\nStack trace:\\n{way}  thrown in {at} on line {line}"


@pytest.mark.parametrize(
    ("place", "cause", "named"),
    [
        ("wp-content/plugins/prices/inc/list.php", "wordpress-plugin", "Price List 2.1"),
        ("wp-content/themes/plain/functions.php", "wordpress-theme", "Plain 3"),
        ("wp-content/mu-plugins/always.php", "wordpress-mu-plugin", "always.php"),
        ("wp-content/object-cache.php", "wordpress-dropin", "object-cache.php"),
        ("wp-content/plugins/gone/gone.php", "wordpress-plugin", "gone"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("home", [HOME, "/homez.12/shop/www", "/srv/users/demo/www"])
def test_part_in_which_the_error_lies_is_named(place: str, cause: str, named: str, home: str) -> None:
    found = first(fatal(UNCAUGHT.format(at=f"~/{place}", line=7, way="#0 ~/wp-settings.php(473): include_once()\\n#1 {main}\\n"), home))
    assert (found.cause, found.path, found.line) == (cause, f"www/{place}", 7)
    assert named in found.summary and "php-undefined-function" in found.also


def test_error_in_core_that_a_plugin_caused_is_the_plugins() -> None:
    way = "#0 ~/wp-includes/class-wp-hook.php(324): do_it(Array)\\n#1 ~/wp-content/plugins/prices/prices.php(42): apply_filters('x')\\n"
    way += "#2 ~/wp-content/themes/plain/functions.php(3): prices()\\n"
    message = f"Uncaught TypeError: count(): Argument #1 must be of type array in ~/wp-includes/post.php:99\\nStack trace:\\n{way}"
    found = first(fatal(message + "  thrown in ~/wp-includes/post.php on line 99"))
    assert (found.cause, found.path, found.line) == ("wordpress-plugin", "www/wp-content/plugins/prices/prices.php", 42)
    assert "php-uncaught-exception" in found.also and found.datum("component") == "www/wp-content/plugins/prices"


def test_only_one_finding_is_made_of_one_line() -> None:
    way = "#0 ~/wp-content/plugins/prices/prices.php(42): apply_filters('x')\\n"
    message = f"Uncaught TypeError: x in ~/wp-includes/post.php:99\\nStack trace:\\n{way}  thrown in ~/wp-includes/post.php on line 99"
    found = [f.cause for f in run_checks(evidence(FILES, fatal(message))).findings if f.severity is Severity.CRITICAL]
    assert found == ["wordpress-plugin"]


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("Uncaught Error: Call to undefined function create_function() in ~/wp-content/plugins/prices/prices.php:3",
         "wordpress-plugin-php-incompatible"),
        ("Array and string offset access syntax with curly braces is gone in ~/wp-content/plugins/prices/prices.php on line 3",
         "wordpress-plugin-php-incompatible"),
        ("Allowed memory size of 134217728 bytes exhausted (tried to allocate 9) in ~/wp-content/plugins/prices/prices.php on line 3",
         "wordpress-plugin-memory"),
        ("Maximum execution time of 30 seconds exceeded in ~/wp-content/plugins/prices/prices.php on line 3", "wordpress-plugin"),
    ],
)  # fmt: skip
def test_kind_of_a_plugins_failure_is_told(message: str, cause: str) -> None:
    found = first(fatal(message))
    assert (found.cause, found.path, found.line) == (cause, "www/wp-content/plugins/prices/prices.php", 3)


def test_file_of_the_program_that_is_missing_is_named_itself() -> None:
    message = "Uncaught Error: Failed opening required '~/wp-includes/class-wp-hook.php' (include_path='.') in ~/wp-includes/plugin.php:22"
    found = first(fatal(message))
    assert (found.cause, found.path, found.line) == ("wordpress-core-file", "www/wp-includes/class-wp-hook.php", None)


def test_broken_file_of_the_program_is_not_put_down_to_the_plugin_that_needed_it() -> None:
    log = apache_line("AH01071: Got error 'PHP message: PHP Parse error:  syntax error, unexpected end of file in "
                      "/home/demo/www/wp-includes/post.php on line 88'")  # fmt: skip
    found = first(log)
    assert (found.cause, found.path, found.line) == ("wordpress-core-file", "www/wp-includes/post.php", 88)


def test_error_of_the_settings_is_told_as_such() -> None:
    log = apache_line("AH01071: Got error 'PHP message: PHP Parse error:  syntax error, unexpected token \";\" in "
                      "/home/demo/www/wp-config.php on line 4'")  # fmt: skip
    assert (first(log).cause, first(log).line) == ("wordpress-config-syntax", 4)


def test_settings_that_break_off_are_found_without_a_log() -> None:
    found = first("", {"www/wp-config.php": b"<?php\ndefine('DB_NAME', 'x');\ndefine('DB_USER', 'y;\n"})
    assert (found.cause, found.path, found.line, found.sureness) == ("wordpress-config-syntax", "www/wp-config.php", 3, "likely")


def test_database_and_extension_errors_are_not_put_down_to_a_part() -> None:
    message = "Uncaught mysqli_sql_exception: Access denied for user 'x'@'localhost' in ~/wp-content/plugins/prices/prices.php:3"
    assert first(fatal(message)).cause == "database-access-denied"


def test_error_that_the_page_shows_is_as_good_as_a_line_of_the_log() -> None:
    place = b"/home/demo/www/wp-content/plugins/prices/prices.php"
    body = b"<br />\n<b>Fatal error</b>:  Uncaught Error: Call to undefined function x&gt;y() in " + place + b":7\n"
    body += b"Stack trace:\n#0 {main}\n  thrown in <b>" + place + b"</b> on line <b>7</b><br />\n"
    seen = evidence(FILES, None)
    page = PageSeen("/", "https://shop.example/", "fatal-in-body", 200, AT, body=body)
    found = run_checks(replace(seen, site=replace(seen.site, pages=(page,)))).findings[0]
    assert (found.cause, found.path, found.line, found.sureness) == (
        "wordpress-plugin",
        "www/wp-content/plugins/prices/prices.php",
        7,
        "certain",
    )


def test_error_of_a_plain_page_that_is_shown_is_named_without_a_log() -> None:
    body = b"<b>Parse error</b>: syntax error, unexpected token &quot;}&quot; in <b>/home/demo/www/kontakt.php</b> on line <b>12</b><br />"
    seen = evidence({"www/kontakt.php": b"<?php"}, None)
    page = PageSeen("/kontakt.php", "https://shop.example/kontakt.php", "fatal-in-body", 500, AT, body=body)
    found = run_checks(replace(seen, site=replace(seen.site, pages=(page,)))).findings[0]
    assert (found.cause, found.path, found.line) == ("php-parse-error", "www/kontakt.php", 12)


def in_maintenance(content: bytes, minutes: float, *, verdict: str = "up") -> Evidence:
    files = {**FILES, "www/.maintenance": Node(content=content, mtime=(AT - timedelta(minutes=minutes)).timestamp(), mode=0o604)}
    seen = evidence(files, "")  # type: ignore[arg-type]
    page = PageSeen("/", "https://shop.example/", "maintenance", 503, AT)
    return replace(seen, site=replace(seen.site, pages=(page,), verdict=verdict))


def test_maintenance_that_nobody_ends_is_told_although_the_site_announces_it() -> None:
    found = run_checks(in_maintenance(b"<?php $upgrading = time(); ?>", 90)).findings[0]
    assert (found.cause, found.severity, found.sureness, found.path) == (
        "wordpress-stuck-maintenance",
        "critical",
        "certain",
        "www/.maintenance",
    )


@pytest.mark.parametrize(
    ("content", "minutes"), [(b"<?php $upgrading = %d;" % int(AT.timestamp() - 120), 2), (b"<?php $upgrading = time();", 4)]
)
def test_update_under_way_is_left_alone(content: bytes, minutes: int) -> None:
    assert {f.severity for f in run_checks(in_maintenance(content, minutes)).findings} <= {Severity.NOTE}


def test_maintenance_file_that_wordpress_ignores_is_not_named() -> None:
    found = run_checks(in_maintenance(b"<?php $upgrading = 1700000000;", 5000)).findings
    assert "wordpress-stuck-maintenance" not in {f.cause for f in found}


def test_well_wordpress_yields_nothing_above_a_note() -> None:
    log = fatal("Uncaught Error: x in ~/wp-content/plugins/prices/prices.php:3")
    broken = {**FILES, "www/wp-config.php": b"<?php define('A', '", "www/wp-includes/load.php": b""}
    assert {f.severity for f in run_checks(evidence(broken, log, status=200)).findings} <= {Severity.NOTE}
    assert site(200).verdict == "up"


@pytest.mark.parametrize("above", ["/srv/www/jail/user/home/demo/www", "/www/home/demo/www", "/var/www/vhosts/www/www"])
def test_folder_of_the_docroots_name_further_up_is_not_taken_for_it(above: str) -> None:
    found = first(fatal("Uncaught Error: x in ~/wp-content/plugins/prices/prices.php:3", above))
    assert (found.cause, found.path) == ("wordpress-plugin", "www/wp-content/plugins/prices/prices.php")
    gone = first(fatal("Uncaught Error: Failed opening required '~/wp-includes/gone.php' (x) in ~/wp-settings.php:3", above))
    assert gone.cause == "wordpress-core-file" and (gone.path == "www/wp-includes/gone.php" or above.startswith("/var"))


@pytest.mark.parametrize("config", [b"", b"<?php\n", b"<?php\ndefine('DB_NAME', 'x');\n$table_prefix = 'wp_';\n"])
def test_settings_that_end_early_are_named_and_not_the_file_that_misses_a_function(config: bytes) -> None:
    log = fatal("Uncaught Error: Call to undefined function wp() in ~/wp-blog-header.php:16\\nStack trace:\\n#0 ~/index.php(17): require()"
                "\\n#1 {main}\\n  thrown in ~/wp-blog-header.php on line 16")  # fmt: skip
    found = first(log, {"www/wp-config.php": config})
    assert (found.cause, found.path, found.line) == ("wordpress-config-syntax", "www/wp-config.php", None)
    assert "wp-settings.php" in found.summary


@pytest.mark.parametrize("why", ["Permission denied", "No such file or directory"])
def test_file_of_wordpress_that_may_not_be_opened_is_not_called_damaged(why: str) -> None:
    warned = f"PHP Warning:  require_once(~/wp-includes/post.php): Failed to open stream: {why} in ~/wp-settings.php on line 21"
    said = "Uncaught Error: Failed opening required '~/wp-includes/post.php' (include_path='.') in ~/wp-settings.php:21"
    log = apache_line(
        f"AH01071: Got error 'PHP message: {warned}; PHP message: PHP Fatal error:  {said}'".replace("~", HOME), level="proxy_fcgi:error"
    )
    found = first(log)
    assert (found.cause, found.path) == ("file-unreadable" if why.startswith("P") else "wordpress-core-file", "www/wp-includes/post.php")


@pytest.mark.parametrize(("status", "is_told"), [(500, True), (403, False)])
def test_drop_in_that_needs_a_file_of_a_plugin_that_is_gone_is_named_without_a_log(status: int, is_told: bool) -> None:
    drop_in = {"www/wp-content/db.php": b"<?php\nrequire_once WP_CONTENT_DIR . '/plugins/swift/db.php';\n"}
    found = [each for each in run_checks(evidence({**FILES, **drop_in}, None, status=status)).findings if each.cause == "wordpress-dropin"]
    assert [(each.path, each.line, each.severity) for each in found] == (
        [("www/wp-content/db.php", 2, Severity.CRITICAL)] if is_told else []
    )
