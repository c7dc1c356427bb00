# ruff: noqa: E501 (a script and what is said of it stay on one line)
"""Faults planted in a site behind a real PHP, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Severity
from tests.diagnostics.php.stacks import stack

Files = dict[str, str | bytes]
_CUT = "<?php\nfunction total(array $rows): int {\n    $sum = 0;\n    foreach ($rows as $row) {\n        $sum += $row['pri"
_BRACE = (
    "<?php\nfunction total(array $rows): int {\n    $sum = 0;\n    if ($rows) {\n        $sum = 1;\n    return $sum;\n}\necho total([1]);\n"
)
_CASES: dict[str, tuple[Files, str, str, int | None]] = {
    "typing error": ({"index.php": "<?php\n\necho 'a'\necho 'b';\n"}, "php-parse-error", "www/index.php", 4),
    "cut off": ({"index.php": "<?php\nrequire 'lib.php';\n", "lib.php": _CUT}, "php-truncated-file", "www/lib.php", 5),
    "brace forgotten": ({"index.php": _BRACE}, "php-parse-error", "www/index.php", 9),
    "merge": ({"index.php": "<?php\n$a = 1;\n<<<<<<< HEAD\n$b = 1;\n=======\n$b = 2;\n>>>>>>> new\n"}, "php-parse-error", "www/index.php", 3),
    "byte-order mark": (
        {"index.php": "<?php\nrequire 'lib.php';\n", "lib.php": b"\xef\xbb\xbf<?php\nnamespace Shop;\nclass A {}\n"},
        "php-byte-order-mark", "www/lib.php", 2,
    ),
    "blank before the namespace": ({"index.php": "\n<?php\nnamespace Shop;\n"}, "php-parse-error", "www/index.php", 3),
    "own function": ({"index.php": "<?php\n\nprices_of_mugs();\n"}, "php-undefined-function", "www/index.php", 3),
    "removed function": ({"index.php": "<?php\n$f = create_function('$a', 'return $a;');\n"}, "php-removed-function", "www/index.php", 2),
    "family that was removed": ({"index.php": "<?php\nmysql_connect('h');\n"}, "php-removed-function", "www/index.php", 2),
    "missing extension": ({"index.php": "<?php\necho mb_strlen('a');\n"}, "php-missing-extension", "www/index.php", 2),
    "class of an extension": ({"index.php": "<?php\nnew IntlDateFormatter('fr');\n"}, "php-missing-extension", "www/index.php", 2),
    "constant of an extension": ({"index.php": "<?php\necho CURLOPT_URL;\n"}, "php-missing-extension", "www/index.php", 2),
    "driver of PDO": ({"index.php": "<?php\nnew PDO('mysql:host=h');\n"}, "php-missing-extension", "www/index.php", 2),
    "newer PHP needed": ({"index.php": "<?php\narray_find([1], fn ($a) => $a > 0);\n"}, "php-version-incompatible-code", "www/index.php", 2),
    "newer class needed": ({"index.php": "<?php\nnew Dom\\HTMLDocument();\n"}, "php-version-incompatible-code", "www/index.php", 2),
    "code of old PHP": ({"index.php": "<?php\n$a = 'mug';\necho $a{0};\n"}, "php-version-incompatible-code", "www/index.php", 3),
    "ternaries of old PHP": ({"index.php": "<?php\n$b = 1 ? 2 : 3 ? 4 : 5;\n"}, "php-version-incompatible-code", "www/index.php", 2),
    "name that PHP took": ({"index.php": "<?php\n\ninterface Never {}\n"}, "php-version-incompatible-code", "www/index.php", 3),
    "count of nothing": ({"index.php": "<?php\n\necho count(null);\n"}, "php-version-incompatible-code", "www/index.php", 3),
    "class": ({"index.php": "<?php\nnew Shop\\Cart();\n"}, "php-class-not-found", "www/index.php", 2),
    "missing file": ({"index.php": "<?php\n\nrequire __DIR__ . '/inc/a.php';\n"}, "php-missing-file", "www/index.php", 3),
    "exception": ({"index.php": "<?php\n\nthrow new DomainException('no');\n"}, "php-uncaught-exception", "www/index.php", 3),
    "exception in a library": (
        {"index.php": "<?php\nrequire 'vendor/a/b.php';\n\nb(7);\n", "vendor/a/b.php": "<?php\nfunction b($n) {\n    throw new Exception('no');\n}\n"},
        "php-uncaught-exception", "www/index.php", 4,
    ),
    "memory": ({"index.php": "<?php\n\n$a = str_repeat('x', 999000000);\n"}, "php-memory-limit", "www/index.php", 3),
    "tiny limit": (
        {"index.php": "<?php\n$a = str_repeat('x', 9000000);\n", ".user.ini": "; mine\nmemory_limit = 4M\n"},
        "user-ini-memory-limit-too-low", "www/.user.ini", 2,
    ),
    "bad prepend": ({"index.php": "<?php echo 1;", ".user.ini": "auto_prepend_file = {root}/../gone/waf.php\n"}, "user-ini-bad-prepend", "www/.user.ini", 1),
    "class file that is empty": (
        {"index.php": "<?php\nspl_autoload_register(fn ($c) => require __DIR__ . \"/$c.php\");\nnew Cart();\n", "Cart.php": ""},
        "php-truncated-file", "www/Cart.php", None,
    ),
    "cache that cannot be written": (
        {"index.php": "<?php\n\nthrow new RuntimeException('Unable to write in the cache directory (/x/cache)');\n"}, "folder-not-writable", "www/index.php", 3,
    ),
    "encoded": ({"index.php": "<?php\n\nthrow new Exception('The file requires the ionCube PHP Loader');\n"}, "php-missing-extension", "www/index.php", 3),
    "time": ({"index.php": "<?php\nset_time_limit(1);\nwhile (true) {}\n"}, "php-max-execution-time", "www/index.php", 3),
    "confined": (
        {"index.php": "<?php\nrequire '/usr/share/php/x.php';\n", ".user.ini": "open_basedir = {root}\n"}, "open-basedir", "www/.user.ini", 1,
    ),
    "disk": ({"index.php": "<?php\nthrow new Exception('write failed with errno=28 No space left on device');\n"}, "disk-full", "www/index.php", 2),
}  # fmt: skip


def findings(seen: Evidence) -> list[Finding]:
    return [finding for finding in run_checks(seen).findings if finding.severity is Severity.CRITICAL]


@pytest.mark.parametrize("case", _CASES)
def test_cause_file_and_line(case: str, tmp_path: Path) -> None:
    files, cause, path, line = _CASES[case]
    root = str(tmp_path / "www")
    filled = {name: text.replace("{root}", root) if isinstance(text, str) else text for name, text in files.items()}
    with stack("apache-fpm", tmp_path, {**filled, "well.html": "<p>Mugs</p>"}) as served:
        first = findings(served.seen("/index.php", "/well.html"))[0]
    assert (first.cause, first.path or path) == (cause, path)  # what fills a disk is no file of the program
    assert first.line in (line, None if cause == "disk-full" else line) and first.sureness == "certain"


_BY_FILES = (
    "typing error", "cut off", "brace forgotten", "merge", "byte-order mark", "missing file", "bad prepend", "tiny limit", "removed function",
)  # fmt: skip


@pytest.mark.parametrize("case", _BY_FILES)
def test_cause_is_found_in_the_files_where_no_log_can_be_read(case: str, tmp_path: Path) -> None:
    files, cause, path, line = _CASES[case]
    with stack("apache-fpm", tmp_path, files, "error_log=/dev/null\n") as served:
        served.log, served.access = tmp_path / "none.log", None
        (tmp_path / "logs/error.log").unlink()
        first = findings(served.seen("/index.php"))[0]
    assert (first.cause, first.path) == (cause, path)
    assert line is not None and first.line is not None and abs(first.line - line) <= 1 and first.sureness != "possible"


def test_slow_script_is_told_from_a_crash(tmp_path: Path) -> None:
    with stack("apache-fpm", tmp_path, {"slow.php": "<?php\n\nsleep(30);\n", "well.php": "<?php echo 1;"}) as served:
        first = findings(served.seen("/slow.php", "/well.php"))[0]
    assert (first.cause, first.path, first.line) == ("script-too-slow", "www/slow.php", 3)


def test_crash_of_one_page(tmp_path: Path) -> None:
    files: Files = {"crash.php": "<?php\nfunction f($n) { return f($n + 1) + 1; }\npreg_replace('/x/', '', '');\nexec('kill -11 ' . getmypid());\nsleep(1);\n",
                    "well.php": "<?php echo 1;"}  # fmt: skip
    with stack("apache-fpm", tmp_path, files) as served:
        assert findings(served.seen("/crash.php", "/well.php"))[0].cause == "php-process-crash"


def test_empty_page_with_a_fatal_behind_it(tmp_path: Path) -> None:
    files: Files = {
        "index.php": "<?php\nob_start(fn () => '');\nhttp_response_code(200);\nregister_shutdown_function(fn () => http_response_code(200));\ngone();\n"
    }
    with stack("apache-fpm", tmp_path, files) as served:
        first = findings(served.seen("/index.php"))[0]
    assert (first.cause, first.path, first.line) == ("php-fatal-hidden", "www/index.php", 5)
    assert "php-undefined-function" in first.also


def test_file_in_another_letter_case_is_named(tmp_path: Path) -> None:
    files: Files = {"index.php": "<?php\nrequire __DIR__ . '/inc/Prices.php';\n", "inc/prices.php": "<?php\n"}
    with stack("apache-fpm", tmp_path, files) as served:
        first = findings(served.seen("/index.php"))[0]
    assert first.cause == "php-missing-file" and "www/inc/prices.php" in first.summary


def test_libraries_that_were_never_uploaded_are_named(tmp_path: Path) -> None:
    with stack("apache-fpm", tmp_path, {"index.php": "<?php\nrequire __DIR__ . '/vendor/autoload.php';\n"}) as served:
        first = findings(served.seen("/index.php"))[0]
    assert first.cause == "php-missing-file" and "vendor" in first.summary and "composer" in first.summary


def test_two_faults_are_both_told(tmp_path: Path) -> None:
    files: Files = {"a.php": "<?php\n$a = ;\n", "b.php": "<?php\n\ngone();\n"}
    with stack("apache-fpm", tmp_path, files) as served:
        found = {(finding.cause, finding.path) for finding in findings(served.seen("/a.php", "/b.php"))}
    assert {("php-parse-error", "www/a.php"), ("php-undefined-function", "www/b.php")} <= found


def test_unreadable_file_that_is_required(tmp_path: Path) -> None:
    with stack("apache-fpm", tmp_path, {"index.php": "<?php\nrequire __DIR__ . '/inc.php';\n", "inc.php": "<?php\n"}) as served:
        (tmp_path / "www/inc.php").chmod(0)
        first = findings(served.seen("/index.php"))[0]
    assert (first.cause, first.path) == ("file-unreadable", "www/inc.php")


def test_crash_and_slowness_are_told_from_outside_where_no_log_is(tmp_path: Path) -> None:
    with stack(
        "apache-fpm", tmp_path, {"crash.php": "<?php\nexec('kill -9 ' . getmypid());\nsleep(1);\n", "well.php": "<?php echo 1;"}
    ) as served:
        served.log, served.access = tmp_path / "none.log", None
        seen = served.seen("/crash.php", "/well.php")
    for log in (tmp_path / "logs").iterdir():
        log.unlink()
    found = run_checks(replace(seen, error_log=())).findings[0]
    assert (found.cause, found.path, found.sureness) == ("php-process-crash", "www/crash.php", "likely")


def test_fcgid_that_gives_up_is_a_slow_script(tmp_path: Path) -> None:
    files: Files = {"slow.php": "<?php\nsleep(9);\n", "well.php": "<?php echo 1;"}
    with stack("fcgid", tmp_path, files, apache="FcgidIOTimeout 2\n") as served:
        found = findings(served.seen("/slow.php", "/well.php"))[0]
    assert (found.cause, found.path) == ("script-too-slow", "www/slow.php")


def test_start_script_without_a_byte_in_it(tmp_path: Path) -> None:
    with stack("apache-fpm", tmp_path, {"index.php": "", "well.php": "<?php echo 1;"}) as served:
        first = findings(served.seen("/index.php", "/well.php"))[0]
    assert (first.cause, first.path) == ("php-truncated-file", "www/index.php")


def test_error_that_nothing_shows_is_called_hidden_and_no_more_than_possible(tmp_path: Path) -> None:
    with stack("apache-fpm", tmp_path, {"index.php": "<?php\nerror_reporting(0);\nini_set('log_errors', '0');\n[]->x();\n"}) as served:
        first = findings(served.seen("/index.php"))[0]
    assert (first.cause, first.path, first.sureness) == ("php-fatal-hidden", "www/index.php", "possible")
