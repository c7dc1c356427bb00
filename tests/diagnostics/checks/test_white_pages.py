"""Empty pages of WordPress with nothing in any log: what gives nothing back, switches the theme off or ends the page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.checks.php_emptying import emptying
from diagnostics.evidence import Evidence, LogLine, PageSeen, SiteSeen
from diagnostics.facts.gather import gather
from diagnostics.findings import Finding, Severity
from diagnostics.installed import DatabaseTrial
from tests.diagnostics.checks.test_wordpress import FILES
from tests.diagnostics.evidences import AT, PATHS
from tests.fakes import FakeHost, Node

THEME, PLUGIN = "www/wp-content/themes/plain/functions.php", "www/wp-content/plugins/prices/prices.php"
CHOOSES = "add_filter('template_include', function ($template) {\n  if (is_page('a')) {\n    return 'page-a.php';\n  }\n});"


@pytest.mark.parametrize(
    ("code", "line", "kind", "is_always"),
    [
        (CHOOSES, 2, "nothing-given", False),
        ("add_filter('template_include', 'pick');\nfunction pick($t) { $t = locate_template('x.php'); }", 3, "nothing-given", True),
        ("add_filter('template_include', fn($t) => '');", 2, "nothing-given", True),
        ("add_filter('index_template', function ($t) { return null; });", 2, "nothing-given", True),
        ("add_filter('template_include', function ($t) { if (is_home()) { return ''; } return $t; });", 2, "nothing-given", False),
        ("add_filter('wp_using_themes', '__return_false');", 2, "nothing-given", True),
        ('add_filter( "template_include", "__return_empty_string", 99 );', 2, "nothing-given", True),
        ("ob_start(function ($html) {\n  $html = preg_replace('/a/', 'b', $html);\n});", 2, "nothing-given", True),
        ("function smaller($html) { if (!$html) { return $html; } trim($html); }\nob_start('smaller');", 2, "nothing-given", False),
        ("define('WP_USE_THEMES', false);", 2, "switched-off", True),
        ("add_action('template_redirect', function () {\n  exit;\n});", 3, "ends", True),
        ("add_action('wp', 'gone');\nfunction gone() {\n  // for now\n  die();\n}", 5, "ends", True),
        ("add_action('init', function () {\n  if (!get_option('key')) {\n    exit(1);\n  }\n});", 4, "ends", False),
    ],
)
def test_code_that_leaves_a_page_empty_is_found(code: str, line: int, kind: str, is_always: bool) -> None:
    found = emptying(f"<?php\n{code}\n".encode())
    assert [(each.line, each.kind, each.is_always) for each in found] == [(line, kind, is_always)]


@pytest.mark.parametrize(
    "code",
    [
        "add_filter('template_include', function ($t) { return is_page('a') ? 'a.php' : $t; });",
        "add_filter('template_include', fn($t) => $t);",
        "add_filter('the_content', function ($t) { });",
        "add_filter('page_template', '__return_false');",
        "define('WP_USE_THEMES', true);\n// define('WP_USE_THEMES', false);",
        "ob_start(); ob_start('ob_gzhandler'); ob_start(function ($html) { return trim($html); });",
        "add_action('template_redirect', function () { if (is_user_logged_in()) { wp_safe_redirect('/a'); exit; } });",
        "add_action('init', function () { if (isset($_GET['x'])) { echo 'x'; exit; } });",
        "add_action('parse_request', function ($wp) { if ($wp) { $wp->answer(); die; } });",
        "add_action('wp_ajax_a', function () { exit; });",
        "if (!defined('ABSPATH')) { exit; }",
    ],
)
def test_code_that_shows_something_or_leads_elsewhere_is_not_blamed(code: str) -> None:
    assert emptying(f"<?php\n{code}\n".encode()) == []


def white(files: dict[str, str], *, status: int = 200, kind: str = "white-page") -> Evidence:
    """All files lie there for long, so that none is read for having been changed."""
    whole = {**FILES, **{name: text.encode() for name, text in files.items()}}
    host = FakeHost({f"/home/demo/{name}": Node(content=content, mode=0o604, mtime=1_600_000_000.0) for name, content in whole.items()})
    page = PageSeen("/", "https://shop.example/", kind, status, AT)
    return gather(host, SiteSeen("shop", "https://shop.example/", "down", kind, (page,), AT), PATHS, "ovh-mutualise", AT)


def found_in(files: dict[str, str]) -> Finding:
    return run_checks(white(files)).findings[0]


@pytest.mark.parametrize(
    ("path", "cause"),
    [(THEME, "wordpress-theme"), (PLUGIN, "wordpress-plugin"), ("www/wp-content/mu-plugins/own.php", "wordpress-mu-plugin")],
)
def test_part_that_lay_there_for_long_is_read_and_named(path: str, cause: str) -> None:
    found = found_in({path: f"<?php\n/* Plugin Name: Own */\n{CHOOSES}\n"})
    assert (found.check, found.cause, found.path, found.line) == ("white-pages", cause, path, 3)
    assert found.severity is Severity.CRITICAL and 0.8 <= found.confidence < 0.95


def test_start_script_that_uses_no_theme_is_named() -> None:
    found = found_in({"www/index.php": "<?php\ndefine( 'WP_USE_THEMES', false );\nrequire __DIR__ . '/wp-blog-header.php';\n"})
    assert (found.cause, found.path, found.line) == ("wordpress-core-file", "www/index.php", 2)


@pytest.mark.parametrize("given", ["locate_template('front.php')", "get_theme_file_path('parts/front.php')", "__DIR__ . '/front.php'"])
@pytest.mark.parametrize("is_there", [False, True])
def test_template_that_is_not_there_leaves_the_page_empty(given: str, is_there: bool) -> None:
    files = {THEME: f"<?php\nadd_filter('template_include', function ($t) {{\n  return {given};\n}});\n"}
    folder = THEME.rpartition("/")[0]
    files |= {f"{folder}/front.php": "<?php", f"{folder}/parts/front.php": "<?php"} if is_there else {}
    found = found_in(files)
    assert ((found.cause, found.path, found.line) == ("wordpress-theme", THEME, 2)) is not is_there


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("www/index.php", "wordpress-core-file"),
        ("www/wp-blog-header.php", "wordpress-core-file"),
        ("www/wp-includes/template-loader.php", "wordpress-core-file"),
        ("www/wp-content/themes/plain/index.php", "wordpress-theme"),
        ("www/wp-content/themes/plain/front-page.php", "wordpress-theme"),
    ],
)
def test_file_with_nothing_in_it_that_makes_the_page_is_named(path: str, cause: str) -> None:
    found = found_in({path: ""})
    assert (found.cause, found.path) == (cause, path)


def test_plugin_that_is_not_active_is_not_blamed() -> None:
    seen = white({PLUGIN: f"<?php\n/* Plugin Name: Own */\n{CHOOSES}\n"})
    idle = replace(
        seen, database=DatabaseTrial("php", "localhost", "shop", "wp_", "www/wp-config.php", "well", plugins=("other/other.php",))
    )
    assert "white-pages" not in {each.check for each in run_checks(idle).findings}


def test_empty_page_that_nothing_explains_is_told_as_one() -> None:
    found = found_in({})
    assert (found.cause, found.severity, found.confidence) == ("php-fatal-hidden", Severity.CRITICAL, 0.5)


def test_page_that_is_not_empty_is_no_matter_of_these() -> None:
    seen = white({THEME: f"<?php\n{CHOOSES}\n"})
    full = replace(seen, site=replace(seen.site, pages=(replace(seen.site.pages[0], kind="unexpected", body=b"<p>A</p>"),)))
    assert "white-pages" not in {each.check for each in run_checks(full).findings}


def test_line_of_somebody_elses_request_does_not_silence_it() -> None:
    seen = white({THEME: f"<?php\n{CHOOSES}\n"})
    line = LogLine("error-log", "/home/demo/logs/error.log", AT, "PHP Fatal error:  Uncaught Error: x in /srv/other/a.php:3")
    beside = run_checks(replace(seen, error_log=(line,))).findings
    assert [each.path for each in beside if each.check == "white-pages"] == [THEME]
    own = run_checks(replace(seen, error_log=(replace(line, paired=True),))).findings
    assert "white-pages" not in {each.check for each in own}
