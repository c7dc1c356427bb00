"""What fails in WordPress's own files for another's sake, for others than us, by its own words, or before PHP is asked at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import PageSeen, SiteSeen
from diagnostics.facts.gather import gather
from diagnostics.findings import Finding, Severity
from diagnostics.installed import Change, DatabaseTrial
from diagnostics.php.seen import PhpSeen, Script
from tests.diagnostics.checks.test_wordpress import FILES, fatal, first
from tests.diagnostics.evidences import AT, PATHS, evidence, site
from tests.diagnostics.facts.test_applications import CORE
from tests.fakes import FakeHost, Node


@pytest.mark.parametrize(
    ("drop_in", "said", "at"),
    [
        ("object-cache.php", "Call to undefined function wp_cache_get()", "wp-includes/functions.php"),
        ("object-cache.php", "Call to undefined method WP_Object_Cache::get_multiple()", "wp-includes/post.php"),
        ("db.php", "Call to a member function set_prefix() on null", "wp-includes/load.php"),
        ("db.php", "Call to undefined method Our_DB::get_col_charset()", "wp-includes/load.php"),
        ("db.php", "Call to undefined method ArrayObject::set_prefix()", "wp-includes/load.php"),
    ],
)
def test_what_a_drop_in_was_to_bring_is_the_drop_ins(drop_in: str, said: str, at: str) -> None:
    there = {f"www/wp-content/{drop_in}": b"<?php"}
    log = fatal(f"Uncaught Error: {said} in ~/{at}:99\\nStack trace:\\n#0 {{main}}\\n  thrown in ~/{at} on line 99")
    found = first(log, there)
    assert (found.cause, found.path, found.line) == ("wordpress-dropin", f"www/wp-content/{drop_in}", None)


def test_missing_function_of_core_without_a_drop_in_is_cores() -> None:
    at = "wp-includes/post.php"
    log = fatal(f"Uncaught Error: Call to undefined function wp_cache_get() in ~/{at}:99\\nStack trace:\\n#0 {{main}}\\n")
    files = {name: content for name, content in FILES.items() if not name.endswith("object-cache.php")}
    assert run_checks(evidence(files, log)).findings[0].cause == "wordpress-core-file"


def core_misses(said: str, more: dict[str, bytes | Node]) -> Finding:
    old = {
        f"www/wp-includes/{name}.php": Node(content=b"<?php\n", mode=0o604, mtime=1_600_000_000.0) for name in ("a", "b", "post", "option")
    }
    log = fatal(f"Uncaught Error: {said} in ~/wp-includes/post.php:99\\nStack trace:\\n#0 {{main}}\\n")
    return run_checks(evidence({**FILES, **old, **more}, log)).findings[0]  # type: ignore[arg-type]


def test_class_that_core_misses_leads_to_the_empty_file_of_its_name() -> None:
    found = core_misses('Class "WP_Post" not found', {"www/wp-includes/class-wp-post.php": b""})
    assert (found.cause, found.path, found.line) == ("wordpress-core-file", "www/wp-includes/class-wp-post.php", None)


def test_function_that_core_misses_leads_to_the_file_that_came_later() -> None:
    late = {
        f"www/wp-includes/{name}.php": Node(content=b"<?php\n", mode=0o604, mtime=1_600_000_000.0)
        for name in ("load", "version", "class-wp-hook")
    }
    late |= {"www/wp-admin/admin.php": Node(content=b"<?php\n", mode=0o604, mtime=1_600_000_000.0)}
    late |= {"www/wp-includes/link.php": Node(content=b"<?php\n", mode=0o604, mtime=AT.timestamp() - 300)}
    assert core_misses("Call to undefined function home_url()", late).path == "www/wp-includes/link.php"
    del late["www/wp-includes/link.php"]
    assert core_misses("Call to undefined function home_url()", late).path == "www/wp-includes/post.php"


@pytest.mark.parametrize(("line", "is_own"), [("ini_set( 'memory_limit', '8M' );", True), ("// ini_set('memory_limit', '8M');", False)])
def test_memory_that_the_settings_allow_is_told_at_their_line(line: str, is_own: bool) -> None:
    settings = f"<?php\n{line}\n".encode() + FILES["www/wp-config.php"].removeprefix(b"<?php")
    log = fatal("Allowed memory size of 8388608 bytes exhausted (tried to allocate 9 bytes) in ~/wp-includes/post.php on line 3")
    found = run_checks(evidence({**FILES, "www/wp-config.php": settings}, log)).findings[0]
    assert found.cause == "php-memory-limit" and (found.path == "www/wp-config.php") is is_own
    assert found.line == (2 if is_own else 3)


# --- files that end
def ended(content: str, role: str = "changed", path: str = "www/wp-content/themes/plain/functions.php") -> Finding | None:
    made = evidence({**FILES, path: content.encode()})
    page = PageSeen("/", "https://shop.example/", "white-page", 200, AT)
    script = Script(path, f"/home/demo/{path}", content.encode(), 0.0, role, len(content))
    seen = replace(made, site=replace(made.site, pages=(page,), kind="white-page"), php=PhpSeen(scripts=(script,)))
    return next((each for each in run_checks(seen).findings if each.check == "early-end"), None)


@pytest.mark.parametrize("content", ["<?php\na();\nexit;\n", "<?php\na(); // b\n// c\ndie();\n", "<?php\nfunction f() { }\n# x\nexit();\n"])
def test_exit_that_was_left_behind_is_named(content: str) -> None:
    found = ended(content)
    assert found is not None and (found.cause, found.path) == ("wordpress-theme", "www/wp-content/themes/plain/functions.php")
    assert found.line is not None and content.split("\n")[found.line - 1].strip().startswith(("exit", "die"))


@pytest.mark.parametrize(
    "content",
    ["<?php\ndefined('ABSPATH') || exit;\na();", "<?php\nif (!defined('ABSPATH')) { exit; }\na();", "<?php\nif (x())\n    exit;\n",
     "<?php\nfunction f() {\n    a();\n    exit;\n}\n", "<?php\n$a = 'b; exit;';\n", "<?php\n// all; exit;\na();"],
)  # fmt: skip
def test_exit_that_waits_for_something_is_not_blamed(content: str) -> None:
    assert ended(content) is None and ended("<?php\na();\nexit;\n", "entry") is None


def test_script_of_its_own_that_was_changed_lately_is_not_blamed_with_certainty() -> None:
    changed, loaded = ended("<?php\na();\nexit;\n", "changed", "www/cron.php"), ended("<?php\na();\nexit;\n", "included", "www/conf.php")
    assert changed is not None and loaded is not None and changed.confidence <= 0.5 < 0.8 < loaded.confidence


# --- the text of programs is sent
def shown_source(htaccess: str, path: str = "/") -> Finding | None:
    files: dict[str, bytes | tuple[bytes, int]] = {f"www{path}": b"<h1>A</h1><?php echo 1; ?>"} if path != "/" else {}
    made = evidence({"www/.htaccess": htaccess.encode(), **files})
    page = PageSeen(path, f"https://shop.example{path}", "unexpected", 200, AT, detail="php-source", body=b"<?php\necho 1;")
    found = run_checks(replace(made, site=replace(made.site, pages=(page,), kind="unexpected"))).findings
    return next((each for each in found if each.cause == "htaccess-php-handler-override"), None)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ('<FilesMatch "\\.(php|zip)$">\nSetHandler None\n</FilesMatch>\n', 2),
        ("Options -Indexes\nRemoveHandler .php\n", 2),
        ("AddType text/plain .php .txt\n", 1),
        ("ForceType text/html\n", 1),
        ('<Files "*.php">\nForceType text/plain\n</Files>\nAddType image/webp .webp\n', 2),
        ("AddHandler application/x-httpd-php56 .php\n", 1),
        ("php_flag engine off\n", 1),
    ],
)
def test_line_that_takes_php_away_is_named(lines: str, number: int) -> None:
    found = shown_source(lines)
    assert found is not None and (found.path, found.line) == ("www/.htaccess", number)


@pytest.mark.parametrize(
    ("lines", "path", "number"),
    [
        ("AddType application/x-httpd-php .html .htm\n", "/preise.html", 1),
        ("<Files shop>\nForceType application/x-httpd-php\n</Files>\n", "/shop", 2),
        ('<FilesMatch "^(shop|info)$">\nSetHandler application/x-httpd-php\n</FilesMatch>\nAddHandler php74-script .php\n', "/info", 2),
        ("AddHandler php74-script .php .html\nRemoveHandler .php\nAddType image/webp .webp\n", "/a.html", 1),
        ("AddHandler application/x-httpd-php5 .htm .html\n<Files x.php>\nSetHandler None\n</Files>\n", "/kontakt.htm", 1),
    ],
)
def test_line_that_gave_php_to_pages_of_another_name_is_named(lines: str, path: str, number: int) -> None:
    found = shown_source(lines, path)
    assert found is not None and (found.path, found.line) == ("www/.htaccess", number)


@pytest.mark.parametrize("lines", ["AddType image/webp .webp\n", '<FilesMatch "\\.zip$">\nSetHandler None\n</FilesMatch>\n'])
def test_line_for_other_files_is_not_blamed(lines: str) -> None:
    assert shown_source(lines) is None


# --- words and addresses that a changed file brings about
def with_script(path: str, content: str, page: PageSeen) -> Finding:
    made = evidence({path: content.encode()})
    script = Script(path, f"/home/demo/{path}", content.encode(), 0.0, "changed", len(content))
    return run_checks(replace(made, site=replace(made.site, pages=(page,), kind=page.kind), php=PhpSeen(scripts=(script,)))).findings[0]


@pytest.mark.parametrize(
    "ends",
    [
        "wp_die('Die Lizenz ist <b>abgelaufen</b>, leider.', 'x', ['response' => 500]);",
        'http_response_code(500);\ndie(sprintf("Die Lizenz ist abgelaufen, leider. %s", 1));',
        "if ($x) { exit('Die Lizenz ist abgelaufen, leider.'); }",
    ],
)
def test_words_of_the_page_lead_to_the_file_that_says_them(ends: str) -> None:
    body = b"<body id='error-page'><p>Die Lizenz ist <b>abgelaufen</b>, leider. 1</p></body>"
    page = PageSeen("/", "https://shop.example/", "server-error", 500, AT, body=body)
    found = with_script("www/wp-content/plugins/p/check.php", f"<?php\n\n{ends}\n", page)
    assert (found.cause, found.path) == ("application-answers-500", "www/wp-content/plugins/p/check.php")


def test_words_that_end_nothing_are_not_blamed() -> None:
    page = PageSeen("/", "https://shop.example/", "server-error", 500, AT, body=b"<h1>Something went wrong here</h1>")
    assert with_script("www/lib/texts.php", "<?php return ['Something went wrong here'];", page).path == "www/index.php"


def test_redirect_of_a_changed_plugin_is_named() -> None:
    page = PageSeen("/", "https://shop.example/", "redirect-loop", 302, AT)
    found = with_script("www/wp-content/plugins/p/p.php", "<?php\nif (!x()) { wp_redirect(home_url('/?page=login')); exit; }\n", page)
    assert (found.cause, found.path, found.line) == ("redirect-loop", "www/wp-content/plugins/p/p.php", 2)


FORCED = "<?php\nadd_action( 'template_redirect', function () {\n\tif ( ! is_ssl() ) {\n\t\twp_redirect( home_url( $_SERVER['REQUEST_URI'] ), 301 );\n\t\texit;\n\t}\n} );\n"  # fmt: skip  # noqa: E501
SENT_ELSEWHERE = "<?php\nif ( ! is_ssl() && x() ) { wp_redirect( home_url( '/login/?from=' . rawurlencode( $y ) ) ); exit; }\n"


@pytest.mark.parametrize(
    ("sources", "path"),
    [
        ({"mu-plugins/https.php": FORCED}, "mu-plugins/https.php"), ({"themes/plain/functions.php": FORCED}, "themes/plain/functions.php"),
        ({"plugins/p/p.php": FORCED, "plugins/q/q.php": SENT_ELSEWHERE}, "plugins/p/p.php"),
        ({"plugins/p/p.php": FORCED, "mu-plugins/https.php": FORCED}, ""), ({"plugins/q/q.php": SENT_ELSEWHERE}, ""),
    ],
)  # fmt: skip
def test_part_of_wordpress_that_sends_every_page_to_itself_is_named_whenever_it_was_written(sources: dict[str, str], path: str) -> None:
    parts = {f"/home/demo/www/wp-content/{name}": Node(content=source.encode(), mtime=1.0) for name, source in sources.items()}
    core = {f"/home/demo/www/{name}": content for name, content in CORE.items()}
    style = {"/home/demo/www/wp-content/themes/plain/style.css": b"/* Theme Name: Plain */"}
    page = PageSeen("/", "https://shop.example/", "redirect-loop", None, AT)
    seen = SiteSeen("shop", "https://shop.example/", "down", "redirect-loop", (page,), AT)
    host = FakeHost({**core, **style, **parts})
    found = run_checks(gather(host, seen, PATHS, "", AT)).findings[0]
    assert (found.cause, found.path) == ("redirect-loop", path and f"www/wp-content/{path}")
    mended = {"": ("comment-out-htaccess-line", "restore-file"), "themes": ("restore-file",)}
    assert found.repairs == mended.get(path.split("/")[0], ("restore-file", "set-aside-part"))


# --- others than us
def for_others(age_s: float, written_s: float, way: str = "#0 ~/wp-settings.php(447): include_once()\\n") -> list[Finding]:
    """An error so many seconds before our look, in a file that was written so many seconds before it."""
    at = "wp-content/plugins/prices/prices.php"
    line = fatal(
        f"Uncaught Error: Call to undefined function a() in ~/{at}:3\\nStack trace:\\n{way}#1 {{main}}\\n  thrown in ~/{at} on line 3"
    )
    line = line.replace(f"{AT:%H:%M:%S}", f"{AT - timedelta(seconds=age_s):%H:%M:%S}")
    files = {**FILES, f"www/{at}": Node(content=b"<?php\n\na();", mode=0o604, mtime=AT.timestamp() - written_s)}
    made = evidence(files, line, status=200)  # type: ignore[arg-type]
    well = PageSeen("/", "https://shop.example/", "ok", 200, AT)
    return list(run_checks(replace(made, site=SiteSeen("shop", "https://shop.example/", "up", "ok", (well,)))).findings)


def test_file_of_a_plugin_that_a_stranger_asked_for_by_its_address_is_no_news() -> None:
    """As those do who try addresses: WordPress was not loaded, and no page of the site meets it."""
    assert [each.cause for each in for_others(20, 600, way="")] == ["none"]


def test_error_that_others_met_is_a_note_before_all_is_well() -> None:
    found = for_others(20, 600)
    assert [(each.cause, each.severity) for each in found][:2] == [("wordpress-plugin", Severity.NOTE), ("none", Severity.NOTE)]
    assert found[0].path == "www/wp-content/plugins/prices/prices.php" and "somebody else" in found[0].summary


@pytest.mark.parametrize(("age_s", "written_s"), [(420, 4000), (20, 5)])
def test_old_error_and_one_of_a_file_that_was_written_since_are_no_news(age_s: float, written_s: float) -> None:
    assert [each.cause for each in for_others(age_s, written_s) if each.check != "recent-changes"] == ["none"]


# --- the database
def test_network_whose_tables_are_missing_is_told_at_its_line() -> None:
    made = evidence(FILES)
    trial = DatabaseTrial(
        "php", "localhost", "shop", "wp_", "www/wp-config.php", "well", tables=12, missing=("wp_blogs", "wp_site", "wp_sitemeta"), line=14
    )
    found = next(each for each in run_checks(replace(made, database=trial)).findings if each.check == "database")
    assert (found.cause, found.path, found.line) == ("database-table-missing", "www/wp-config.php", 14) and "MULTISITE" in found.summary


# --- what is far from where it was made
def test_file_of_core_at_another_hosts_folder_is_the_settings_fault() -> None:
    wanted = "/homepages/12/d4711/htdocs/wp-settings.php"
    log = fatal(
        f"Uncaught Error: Failed opening required '{wanted}' (include_path='.') in ~/wp-config.php:7\\nStack trace:\\n#0 {{main}}\\n"
    )
    found = run_checks(evidence(FILES, log)).findings[0]
    assert (found.cause, found.path, found.line) == ("php-missing-file", "www/wp-config.php", 7)


@pytest.mark.parametrize("folder", ["/home/old/www/wp-content", "/home/demo/www/content"])
def test_contents_at_a_folder_without_themes_are_the_settings_fault(folder: str) -> None:
    settings = f"<?php\ndefine('WP_CONTENT_DIR', '{folder}');\n".encode() + FILES["www/wp-config.php"].removeprefix(b"<?php")
    made = evidence({**FILES, "www/wp-config.php": settings}, status=500)
    page = PageSeen("/", "https://shop.example/", "white-page", 200, AT)
    found = run_checks(replace(made, site=replace(made.site, pages=(page,), kind="white-page"))).findings[0]
    assert (found.cause, found.path, found.line) == ("wordpress-theme", "www/wp-config.php", 2) and folder in found.summary


@pytest.mark.parametrize(
    ("active", "more", "expected"), [("plain", {}, True), ("plain", {"templates/index.html": b"<p>"}, False), ("child", {}, False)]
)
def test_active_theme_without_its_last_template_is_named(active: str, more: dict[str, bytes], expected: bool) -> None:
    made = evidence({**FILES, **{f"www/wp-content/themes/plain/{name}": content for name, content in more.items()}}, status=500)
    page = PageSeen("/", "https://shop.example/", "white-page", 200, AT)
    trial = DatabaseTrial("php", "localhost", "shop", "wp_", "www/wp-config.php", "well", tables=12, theme=active)
    found = run_checks(replace(made, site=replace(made.site, pages=(page,), kind="white-page"), database=trial)).findings
    named = [each for each in found if each.check == "wordpress-empty"]
    assert bool(named) == expected
    assert all(each.path == "www/wp-content/themes/plain" and each.sureness == "certain" for each in named)


@pytest.mark.parametrize(("protocol", "confidence"), [("ssh", 0.95), ("sftp", 0.8), ("ftp", 0.8)])
@pytest.mark.parametrize(("target", "is_lost"), [("/srv/releases/41/plain", True), ("plain", True), ("../../../kept", False)])
def test_active_theme_that_is_a_link_to_nothing_is_named(protocol: str, confidence: float, target: str, is_lost: bool) -> None:
    theme = "www/wp-content/themes/plain"
    files = {f"/home/demo/{name}": content for name, content in FILES.items() if not name.startswith(theme)}
    host = FakeHost(files | {"/home/demo/kept/index.php": b"<?php"}, links={f"/home/demo/{theme}": target}, protocol=protocol)
    made = gather(host, site(), PATHS, "", AT)
    page = PageSeen("/", "https://shop.example/", "white-page", 200, AT)
    found = run_checks(replace(made, site=replace(made.site, pages=(page,), kind="white-page"))).findings
    named = [(each.cause, each.path, each.confidence) for each in found if each.check == "wordpress-empty"]
    assert named == ([("wordpress-theme", theme, confidence)] if is_lost else [])


CRITICAL = b"<body id='error-page'><p>There has been a critical error on this website.</p></body>"


def test_critical_error_without_a_log_leads_to_the_only_part_that_changed() -> None:
    path = "www/wp-content/plugins/prices/prices.php"
    made = evidence({**FILES, path: Node(content=b"<?php", mode=0o604, mtime=AT.timestamp() - 5 * 3600)})  # type: ignore[dict-item]
    page = PageSeen("/", "https://shop.example/", "fatal-in-body", 500, AT, body=CRITICAL, powered_by="PHP/8.2")
    change = Change("plugin", "prices", AT.timestamp() - 5 * 3600, AT.timestamp() - 5 * 3600, 1, (path,))
    seen = replace(made, site=replace(made.site, pages=(page,), kind="fatal-in-body"), changes=(change,))
    found = run_checks(seen).findings
    assert (found[0].cause, found[0].path) == ("wordpress-plugin", path) and found[0].confidence < 0.65
    assert "application-answers-500" not in [each.cause for each in found]
    two = (change, replace(change, name="other", paths=("www/wp-content/plugins/other/other.php",)))
    assert run_checks(replace(seen, changes=two)).findings[0].cause == "php-fatal-hidden"


def test_page_that_breaks_off_is_told_though_it_is_a_200() -> None:
    at = "wp-content/themes/plain/functions.php"
    line = fatal(f"Uncaught Error: Call to undefined function a() in ~/{at}:3\\nStack trace:\\n#0 {{main}}\\n  thrown in ~/{at} on line 3")
    files = {**FILES, f"www/{at}": Node(content=b"<?php\n\na();", mode=0o604, mtime=AT.timestamp() - 900)}
    made = evidence(files, line, status=200)  # type: ignore[arg-type]
    assert isinstance(made.error_log, tuple)
    found = run_checks(replace(made, error_log=tuple(replace(each, paired=True) for each in made.error_log))).findings[0]
    assert (found.cause, found.severity) == ("wordpress-theme", Severity.NOTE) and "in the middle" in found.summary


def test_words_of_a_plugin_that_lay_there_for_long_lead_to_it() -> None:
    """Nothing was changed and nothing is logged: the main files of the plugins, and what they require, are read for the page's words."""
    folder, long_ago = "/home/demo/www/wp-content/plugins/prices", 1_600_000_000.0
    files = {f"/home/demo/{name}": Node(content=content, mode=0o604, mtime=long_ago) for name, content in FILES.items()}
    main, inner = (
        b"<?php\n/* Plugin Name: Prices */\nrequire_once __DIR__ . '/inc/day.php';\n",
        b"<?php\n\nwp_die('Your trial is over since May.', '', 500);\n",
    )
    files |= {
        f"{folder}/prices.php": Node(content=main, mode=0o604, mtime=long_ago),
        f"{folder}/inc/day.php": Node(content=inner, mode=0o604, mtime=long_ago),
    }
    files["/home/demo/logs/error.log"] = Node(content=b"", mode=0o604, mtime=AT.timestamp())
    body = b"<body id='error-page'><div class='wp-die-message'>Your trial is over since May.</div></body>"
    page = PageSeen("/", "https://shop.example/", "server-error", 500, AT, body=body, powered_by="PHP/8.2")
    seen = gather(
        FakeHost(files), SiteSeen("shop", "https://shop.example/", "down", "server-error", (page,), AT), PATHS, "ovh-mutualise", AT
    )
    found = run_checks(seen).findings[0]
    assert (found.cause, found.path, found.line) == ("application-answers-500", "www/wp-content/plugins/prices/inc/day.php", 3)


@pytest.mark.parametrize(("bad", "line"), [("$a = [1, 2;", 8), ("if ($x {", 8), ("foo(bar(1);", 8), ("echo 1 2;", 8), ("if ($x) {", 12)])
def test_typing_error_is_told_at_the_line_where_php_complains(bad: str, line: int) -> None:
    """Where no PHP can be asked: a round or square bracket is missed where its statement ends, a brace at the end of the file."""
    content = f"<?php\n\nfunction a() {{\n    return 1;\n}}\n\nfunction b() {{\n    {bad}\n    return true;\n}}\n\n".encode()
    path = "www/wp-content/plugins/prices/prices.php"
    made = evidence({path: content})
    script = Script(path, f"/home/demo/{path}", content, 0.0, "changed", len(content))
    found = next(
        each for each in run_checks(replace(made, php=PhpSeen(scripts=(script,)))).findings if "php-parse-error" in (each.cause, *each.also)
    )
    assert (found.path, found.line) == (path, line)
