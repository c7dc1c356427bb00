"""Whether a line that PHP refuses a value in works on data from elsewhere, or on what the code makes itself."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.php.handed_data import is_from_outside
from tests.diagnostics.checks.test_wordpress import fatal, first
from tests.diagnostics.evidences import evidence

ANSWER = "$answer = wp_remote_get('https://rates.example/v2');\n$told = json_decode(wp_remote_retrieve_body($answer), true);\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (ANSWER + "$last = end($told['rates']);", True),
        ("$rows = simplexml_load_file('http://a.example/feed');\nforeach ($rows->item as $row) {\n  echo count($row->price);", True),
        ("$text = file_get_contents($path);\n$parts = unserialize($text);\n$all = $parts['all'];\necho array_sum($all);", True),
        ("$page = $_GET['page'];\necho str_repeat('a', $page);", True),
        ("echo array_sum(json_decode($text, true)['sums']);", True),
        ("$list = null;\necho count($list);", False),
        ("function a() { $list = json_decode($x); }\nfunction b($list) {\n  echo count($list);", False),
        ("$told = json_decode($x);\n$other = 1;\necho count($other);", False),
        ("if ($list == json_decode($x)) { }\necho count($list);", False),
    ],
)
def test_value_that_comes_from_elsewhere_is_known_by_what_filled_it(code: str, expected: bool) -> None:
    content = f"<?php\n{code}\n".encode()
    assert is_from_outside(content, content.count(b"\n")) is expected


AT = "wp-content/plugins/prices/prices.php"
SAID = (
    "Uncaught TypeError: end(): Argument #1 ($array) must be of type array, null given in ~/{at}:{line}\\nStack trace:\\n"
    "#0 ~/{at}({line}): end(NULL)\\n#1 {{main}}\\n  thrown in ~/{at} on line {line}"
)


@pytest.mark.parametrize(
    ("code", "cause"),
    [(ANSWER + "$last = end($told['rates']);", "wordpress-plugin"), ("\n\n$last = end($none);", "wordpress-plugin-php-incompatible")],
)
def test_plugin_over_data_is_no_matter_of_the_version(code: str, cause: str) -> None:
    files = {f"www/{AT}": f"<?php\n{code}\n".encode()}
    found = first(fatal(SAID.format(at=AT, line=4)), files)
    assert (found.cause, found.line) == (cause, 4)


@pytest.mark.parametrize(
    ("code", "cause"),
    [(ANSWER + "$last = end($told['rates']);", "php-uncaught-exception"), ("\n\n$last = end($none);", "php-version-incompatible-code")],
)
def test_script_of_the_owner_over_data_is_no_matter_of_the_version(code: str, cause: str) -> None:
    files = {"www/index.php": f"<?php\n{code}\n".encode()}
    found = run_checks(evidence(files, fatal(SAID.format(at="index.php", line=4)))).findings[0]
    assert (found.cause, found.path, found.line) == (cause, "www/index.php", 4)


@pytest.mark.parametrize(
    "code", ["$list = get_option('lockouts', '');", "$given = shortcode_atts(['from' => 1], $given);\n$list = $given['from'];"]
)
def test_what_wordpress_keeps_in_its_database_comes_from_elsewhere(code: str) -> None:
    content = f"<?php\n{code}\n$open = array_filter($list);\n".encode()
    assert is_from_outside(content, content.count(b"\n"))
