# ruff: noqa: E501 (a line of a log stays on one line)
"""A message of PHP read together with settings and files of the site."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.checks.judging import judged
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php.seen import Lint, PhpSeen, Script
from tests.diagnostics.evidences import AT, apache_line, evidence

Files = dict[str, bytes | tuple[bytes, int]]


def first(message: str, files: Files) -> Finding:
    log = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] {message}\n"
    return next(each for each in run_checks(evidence(files, log)).findings if each.severity is Severity.CRITICAL)


def test_memory_that_the_site_itself_limits_is_told_from_a_limit_of_the_host() -> None:
    said = "PHP Fatal error:  Allowed memory size of {n} bytes exhausted (tried to allocate 9 bytes) in /home/demo/www/a.php on line 4"
    own: Files = {"www/.user.ini": b"; mine\n\nmemory_limit = 32M\n"}
    found = first(said.format(n=32 * 1024 * 1024), own)
    assert (found.cause, found.path, found.line) == (
        "user-ini-memory-limit-too-low",
        "www/.user.ini",
        3,
    ) and "php-memory-limit" in found.also
    assert first(said.format(n=512 * 1024 * 1024), own).cause == "php-memory-limit"
    assert first(said.format(n=4 * 1024 * 1024), {}).cause == "php-memory-limit"


@pytest.mark.parametrize("value", ["/home/demo/www/guard/start.php", "guard/start.php"])
def test_prepended_file_leads_to_the_setting_that_names_it(value: str) -> None:
    said = f"PHP Fatal error:  Unknown: Failed opening required '{value}' (include_path='.') in Unknown on line 0"
    found = first(said, {"www/.user.ini": f'auto_prepend_file = "{value}"\n'.encode()})
    assert (found.cause, found.path, found.line) == ("user-ini-bad-prepend", "www/.user.ini", 1)


@pytest.mark.parametrize("value", ["'/home/demo/www/waf.php'", "/var/www/else/www/waf.php", "waf.php"])
def test_what_is_left_of_a_firewall_is_told_with_the_setting_that_loads_it(value: str) -> None:
    said = "PHP Fatal error:  Uncaught Error: Failed opening required '/home/demo/www/plugins/waf/start.php' (include_path='.') in /home/demo/www/waf.php on line 3"
    files: Files = {"www/.user.ini": f"; firewall\nauto_prepend_file = {value}\n".encode(), "www/waf.php": b"<?php\n//\nrequire 1;\n"}
    found = first(said, files)
    assert (found.cause, found.path, found.line) == ("php-missing-file", "www/waf.php", 3)
    is_known = value != "waf.php"  # PHP looks for that along its include path: which file it is is not known
    assert ("www/.user.ini, line 2, has PHP load this file with every page" in found.summary) is is_known
    assert "with every page" not in first(said.replace("waf.php on", "index.php on"), files).summary


def test_code_that_reads_well_and_is_refused_is_of_another_version() -> None:
    said = 'PHP Parse error:  syntax error, unexpected identifier "x" in /home/demo/www/a.php on line 2'
    assert first(said, {"www/a.php": b"<?php\nenum Suit: string { case Hearts = 'H'; }\n"}).cause == "php-version-incompatible-code"
    assert first(said, {"www/a.php": b"<?php\n$a = ;\n"}).cause == "php-parse-error"


@pytest.mark.parametrize("blank", ["\u00a0", "\u200b", "\u3000"])
def test_blank_that_is_none_to_php_is_no_matter_of_versions(blank: str) -> None:
    said = 'PHP Parse error:  syntax error, unexpected token ";" in /home/demo/www/a.php on line 2'
    found = first(said, {"www/a.php": f"<?php\nreturn{blank}$rows;\n".encode()})
    assert (found.cause, found.line) == ("php-parse-error", 2) and "copied from a web page" in found.summary + found.hint
    quoted = f"<?php\n$a = match ('{blank}') {{ '{blank}' => 1 }};\n".encode()
    assert first(said, {"www/a.php": quoted}).cause == "php-version-incompatible-code"


@pytest.mark.parametrize(
    ("version", "content", "expected"),
    [
        ((7, 4), b"<?php\n$a = match (1) { 1 => 'x' };\n", ["php-version-incompatible-code"]),
        ((8, 3), b"<?php\n$a = match (1) { 1 => 'x' };\n", []),
        (None, b"<?php\n$a = match (1) { 1 => 'x' };\n", ["php-version-incompatible-code"]),
        ((8, 3), b"<?php\n$a = ;\n", ["php-parse-error"]),
        (None, b"<?php\n$a = ;\n", ["php-parse-error"]),
    ],
)
def test_other_php_of_the_command_line_says_little_of_the_one_that_runs_the_site(
    version: tuple[int, int] | None, content: bytes, expected: list[str]
) -> None:
    script = Script("www/index.php", "/home/demo/www/index.php", content, AT.timestamp(), "entry", len(content))
    said = Lint(script.absolute, f"Parse error: syntax error, unexpected '{'=>' if b'match' in content else ';'}'", 2)
    seen = evidence({"www/index.php": content}, None)
    run = run_checks(replace(seen, php=PhpSeen(version, "", (), (script,), (said,), (7, 4))))
    found = [each for each in run.findings if each.check == "php-syntax"]
    assert [each.cause for each in found] == expected
    assert all(each.confidence < 0.75 for each in found if version is None and each.cause != "php-parse-error")


def test_warning_before_the_fatal_tells_why_a_file_was_not_opened() -> None:
    fatal = "PHP Fatal error:  Uncaught Error: Failed opening required '/home/demo/www/b.php' (include_path='.') in /home/demo/www/a.php:2"
    stamp = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] "
    for reason, cause in (("Permission denied", "file-unreadable"), ("No such file or directory", "php-missing-file")):
        warning = f"PHP Warning:  require(/home/demo/www/b.php): Failed to open stream: {reason} in /home/demo/www/a.php on line 2"
        assert first(f"{warning}\n{stamp}{fatal}", {"www/a.php": b"<?php\n"}).cause == cause
    other = "PHP Warning:  include(/home/demo/www/c.php): Failed to open stream: Permission denied in /home/demo/www/a.php on line 1"
    assert first(f"{other}\n{stamp}{fatal}", {"www/a.php": b"<?php\n"}).cause == "php-missing-file"


def test_settings_of_a_site_that_is_well_are_left_in_peace() -> None:
    files: Files = {"www/.user.ini": b"memory_limit = 8M\nauto_prepend_file = gone.php\nopen_basedir = /elsewhere\nlog_errors = Off\n"}
    assert {finding.severity for finding in run_checks(evidence(files, "", status=200)).findings} == {Severity.NOTE}


def test_silent_log_is_told_with_the_line_that_silences_it() -> None:
    seen = evidence({"www/.user.ini": b"display_errors = Off\nlog_errors = Off\n", "www/index.php": b"<?php\n"}, "")
    found = next(each for each in run_checks(seen).findings if each.check == "php-silent")
    assert (found.path, found.line, found.severity) == ("www/.user.ini", 2, Severity.WARNING)


def test_version_is_known_from_the_answer_or_the_hosts_settings() -> None:
    seen = evidence({".ovhconfig": b"app.engine=php\napp.engine.version=8.1\n", "www/a.php": b""}, "")
    assert seen.php.version == (8, 1) and seen.php.told_by == ".ovhconfig"
    assert replace(seen.php, version=None).version is None


@pytest.mark.parametrize(
    ("warning", "fatal", "cause", "line"),
    [
        (
            "include(/home/demo/www/b.php): Failed to open stream: No such file or directory",
            "Error: Call to undefined function b()",
            "php-missing-file",
            2,
        ),
        ("include(/home/demo/www/b.php): Failed to open stream: Permission denied", 'Error: Class "B" not found', "file-unreadable", 2),
        (
            "file_put_contents(/home/demo/www/c/x): Failed to open stream: Permission denied",
            "RuntimeException: not written",
            "folder-not-writable",
            2,
        ),
        ("mkdir(): Permission denied", "RuntimeException: no folder", "folder-not-writable", 2),
        ("file_get_contents(/x): Failed to open stream: No such file or directory", "RuntimeException: no", "php-uncaught-exception", 9),
    ],
)
def test_warning_of_the_same_request_may_be_the_root(warning: str, fatal: str, cause: str, line: int) -> None:
    stamp = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] "
    log = f"PHP Warning:  {warning} in /home/demo/www/a.php on line 2\n{stamp}PHP Fatal error:  Uncaught {fatal} in /home/demo/www/a.php:9"
    found = first(log, {"www/a.php": b"<?php\n"})
    assert (found.cause, found.path, found.line) == (cause, "www/a.php", line)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"Composer detected issues in your platform:\n\nYour Composer dependencies require a PHP version &quot;&gt;= 8.4.0&quot;. You are running 8.2.36.",
         "php-version-incompatible-code"),
        (b"<p>Your PHP installation appears to be missing the MySQL extension which is required by WordPress.</p>", "php-missing-extension"),
        (b"Site error: the file <b>/home/demo/www/lib/key.php</b> requires the ionCube PHP Loader to be installed.", "php-missing-extension"),
        (b"PHP script '/home/demo/www/lib/key.php' is protected by SourceGuardian and requires a loader.", "php-missing-extension"),
        (b"Sorry, but your host needs to use PHP 8.1.0 or higher to run this version of Joomla.", "php-version-incompatible-code"),
    ],
)  # fmt: skip
def test_page_that_asks_for_another_php_is_believed(body: bytes, cause: str) -> None:
    seen = evidence({"www/index.php": b"<?php\n"}, "")
    page = replace(seen.site.pages[0], body=body)
    found = run_checks(replace(seen, site=replace(seen.site, pages=(page,)))).findings[0]
    assert (found.cause, found.path) == (cause, "www/lib/key.php" if b"key.php" in body else "")
    article = replace(page, body=body + b"<p>What to do about this message: read on.</p>" * 200)
    assert [
        each for each in run_checks(replace(seen, site=replace(seen.site, pages=(article,)))).findings if each.check == "platform"
    ] == []


def test_cause_with_and_without_a_place_is_one_finding() -> None:
    bare = Finding("space", "disk-full", Severity.CRITICAL, 0.98, "No room.", evidence=(Proof("space", "0 bytes"),))
    placed = Finding(
        "php-errors",
        "disk-full",
        Severity.CRITICAL,
        0.9,
        "No room in a.php.",
        path="www/a.php",
        line=3,
        evidence=(Proof("error-log", "x"),),
    )
    (one,) = judged([bare, placed])
    assert (one.path, one.line, one.sureness, len(one.evidence)) == ("www/a.php", 3, "certain", 2)
    other = replace(placed, path="www/b.php")
    assert len(judged([bare, placed, other])) == 3


@pytest.mark.parametrize("said", ["Call to undefined function layout()", 'Class "Basket" not found'])
def test_empty_file_that_the_failing_script_loads_is_the_one_to_repair(said: str) -> None:
    message = f"PHP Fatal error:  Uncaught Error: {said} in /home/demo/www/page.php:3\nStack trace:\n#0 {{main}}\n  thrown in /home/demo/www/page.php on line 3"
    page = b"<?php\nrequire 'lib/start.php';\necho layout('x');\n"
    found = first(message, {"www/page.php": page, "www/lib/start.php": b"", "www/lib/silence.php": b""})
    assert (found.cause, found.path, found.line) == ("php-truncated-file", "www/lib/start.php", None)
    found = first(message, {"www/page.php": page, "www/lib/start.php": b"<?php\n", "www/lib/silence.php": b""})
    assert (found.path, found.line) == ("www/page.php", 3)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("PHP Fatal error:  Uncaught Error: Call to undefined function nope() in {path}(4) : eval()'d code:31\nStack trace:\n#0 {path}(4): eval()\n#1 {{main}}\n  thrown in {path}(4) : eval()'d code on line 31", "php-undefined-function"),
        ("PHP Parse error:  syntax error, unexpected token \";\" in {path}(4) : eval()'d code on line 31", "php-parse-error"),
        ("PHP Parse error:  Unclosed '(' in {path}(4) : eval()'d code(2) : eval()'d code on line 31", "php-truncated-file"),
        ("PHP Fatal error:  Uncaught TypeError: a in {path}(4) : runtime-created function:31", "php-uncaught-exception"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["www/lib/a.php", "www/wp-content/plugins/snippets/a.php"])
def test_line_that_runs_code_which_is_kept_elsewhere_is_told(said: str, cause: str, path: str) -> None:
    found = first(said.format(path=f"/home/demo/{path}"), {path: b"<?php\nfunction run($code) {\n    // own\n    eval($code);\n}\n"})
    assert (found.path, found.line) == (path, 4)
    assert found.cause == ("wordpress-plugin" if "plugins" in path else cause)
    assert "kept elsewhere" in found.summary + found.hint


@pytest.mark.parametrize("size", [0, 700])
@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("Error: Call to undefined function layout()", "www/lib/shared.php"),
        ('Error: Class "Acme\\\\Photo" not found', "www/lib/Photo.php"),
        ("Error: Class 'Photo' not found", "www/classes/class-photo.php"),
    ],
)
def test_a_file_of_nothing_or_of_zeros_is_told_as_what_is_missing(said: str, path: str, size: int) -> None:
    log = f"PHP Fatal error:  Uncaught {said} in /home/demo/www/about.php:7\nStack trace:\n#0 {{main}}\n  thrown in /home/demo/www/about.php on line 7"
    files: Files = {
        "www/about.php": b"<?php\nrequire __DIR__ . '/lib/init.php';\n\n\n\n\nlayout(new Photo());\n",
        "www/lib/init.php": b"<?php\nrequire_once __DIR__ . '/shared.php';\nspl_autoload_register('load');\n",
        "www/lib/shared.php": b"<?php\nfunction shared() {}\n",
    }
    found = first(log, {**files, path: b"\0" * size})
    assert (found.cause, found.path) == ("php-truncated-file", path) and ("zeros" in found.summary) == bool(size)
    assert first(log, {**files, path: b"<?php\nfunction other() {}\n"}).cause != "php-truncated-file"


@pytest.mark.parametrize("name", ["php_value[post_max_size]", "php_admin_value[memory_limit]", "php_flag[display_errors]", "env[TMP]"])
def test_a_list_in_settings_of_a_folder_is_what_php_falls_down_over(name: str) -> None:
    said = apache_line("AH01067: Failed to read FastCGI header", level="proxy_fcgi:error")
    files: Files = {"www/.user.ini": f"; shop\npost_max_size = 34M\n{name} = 64M\n".encode()}
    made = evidence(files, said, status=503)
    found = run_checks(made).findings[0]
    assert (found.cause, found.path, found.line) == ("php-service-crash", "www/.user.ini", 3)
    made = evidence({"www/.user.ini": b"post_max_size = 34M\n"}, said, status=503)
    assert not run_checks(made).findings[0].path.endswith(".user.ini")


@pytest.mark.parametrize(
    ("code", "line"), [(b"<?php\nnamespace Shop;\n\nclass Baskt {}\n", 4), (b"<?php\nnamespace Shopp;\n\nclass Basket {}\n", 2)]
)
def test_lost_class_leads_to_the_file_that_bears_its_name_and_calls_it_otherwise(code: bytes, line: int) -> None:
    said = 'PHP Fatal error:  Uncaught Error: Class "Shop\\Basket" not found in /home/demo/www/index.php:3\nStack trace:\n#0 {main}\n  thrown in /home/demo/www/index.php on line 3'
    found = first(said, {"www/index.php": b"<?php\nrequire 'load.php';\nnew Shop\\Basket();\n", "www/src/Basket.php": code})
    assert (found.cause, found.path, found.line) == ("php-class-not-found", "www/src/Basket.php", line)
    assert "bears its name" in found.summary + found.hint


def test_lost_class_leads_to_its_file_that_was_cut_before_it_began() -> None:
    """What is left of an upload reads well: PHP itself complains of the class alone."""
    said = 'PHP Fatal error:  Uncaught Error: Class "Shop\\Basket" not found in /home/demo/www/index.php:3\nStack trace:\n#0 {main}\n  thrown in /home/demo/www/index.php on line 3'
    start = b"<?php\nrequire 'load.php';\nnew Shop\\Basket();\n"
    found = first(said, {"www/index.php": start, "www/src/Basket.php": b"<?php\n\nnamespace Shop;\n\nuse Shop\\Item;\n"})
    assert (found.cause, found.path, found.line) == ("php-truncated-file", "www/src/Basket.php", 6)
    for other in (
        b"<?php\nnamespace Other;\n",
        b"<?php\nnamespace Shop;\nrequire __DIR__ . '/all.php';\n",
        b"<?php\nclass_alias('A', 'Shop\\\\Basket');\n",
    ):
        assert first(said, {"www/index.php": start, "www/src/Basket.php": other}).cause == "php-class-not-found"
