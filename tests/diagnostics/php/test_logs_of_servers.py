"""What real servers write when PHP fails is read, whatever wraps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import SiteSeen
from tests.diagnostics.php.stacks import KINDS, Stack, stack

_NOISE = "error_reporting(E_ALL); for ($i = 0; $i < $_GET['n']; $i++) { echo $a_variable_that_nobody_has_set_before; } "
_FILES: dict[str, str | bytes] = {
    "well.php": "<?php echo '<p>Mugs</p>';",
    "lib/prices.php": "<?php\nfunction price() {\n    return no_such_price();\n}\n",
    "fatal.php": "<?php\nrequire __DIR__ . '/lib/prices.php';\nprice();\n",
    "noise.php": f"<?php\n{_NOISE}\nthrow new RuntimeException('No price for mug 7');\n",
    "parse.php": "<?php\n\n$price = ;\n",
    "missing.php": "<?php\nerror_reporting(E_ALL);\necho $a;\nrequire 'inc/gone.php';\n",
}


@pytest.fixture(scope="module", params=KINDS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(request.param, tmp_path_factory.mktemp("site"), _FILES) as made:
        yield made


def test_line_is_paired_with_our_own_request(served: Stack) -> None:
    found = run_checks(served.seen("/fatal.php")).findings[0]
    assert found.evidence[0].paired and found.sureness == "certain"


@pytest.mark.parametrize(
    ("page", "cause", "path", "line"),
    [
        ("/fatal.php", "php-undefined-function", "www/lib/prices.php", 3),
        ("/noise.php?n=150", "php-uncaught-exception", "www/noise.php", 3),
        ("/parse.php", "php-parse-error", "www/parse.php", 3),
        ("/missing.php", "php-missing-file", "www/missing.php", 4),
    ],
)
def test_fatal_of_a_page_is_named_with_its_place(served: Stack, page: str, cause: str, path: str, line: int) -> None:
    if served.kind == "nginx-fpm":
        page = page.replace("150", "3")  # of more, nginx writes only parts
    found = run_checks(served.seen(page, "/well.php")).findings[0]
    assert (found.cause, found.path, found.line) == (cause, path, line)


@pytest.mark.parametrize("warnings", [12, 20, 60, 150])
def test_fatal_behind_many_warnings_is_named_as_far_as_nginx_wrote_it(warnings: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The script always; the line wherever it was written."""
    with stack("nginx-fpm", tmp_path_factory.mktemp("site"), _FILES) as served:
        found = run_checks(served.seen(f"/noise.php?n={warnings}", "/well.php")).findings[0]
        written = served.log.read_bytes()
    assert found.path == "www/noise.php"
    told = "php-uncaught-exception" if b"PHP Fatal error" in written else "php-fatal-hidden"
    # What PHP says counts among the headers: nginx then refuses the answer as a whole, with 502.
    assert found.cause == ("upstream-bad-gateway" if b"too big header" in written and b"PHP Fatal error" not in written else told)
    if b"noise.php on line 3" in written or b"noise.php:3" in written:
        assert found.line == 3


def test_pieces_of_warnings_are_no_words_of_the_program_wherever_nginx_cut_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the packets end depends on the length of the script's path: a piece may lack even "PHP Warning"."""
    files = {f"{'x' * length}/noise.php": _FILES["noise.php"] for length in range(1, 24)} | {"well.php": _FILES["well.php"]}
    with stack("nginx-fpm", tmp_path_factory.mktemp("site"), files) as served:
        for length in range(1, 24):
            for warnings in (141, 147, 150):
                found = run_checks(served.seen(f"/{'x' * length}/noise.php?n={warnings}", "/well.php")).findings[0]
                assert found.cause in ("php-uncaught-exception", "php-fatal-hidden", "upstream-bad-gateway"), (length, found.summary)
                assert found.path == f"www/{'x' * length}/noise.php", (length, warnings, found)
                served.log.write_bytes(b"")


def test_site_that_is_well_is_not_blamed_for_what_stands_in_its_logs(served: Stack) -> None:
    well = replace(served.seen("/well.php"), site=SiteSeen("shop", "", "up", "ok", (served.get("/well.php"),)))
    assert {finding.cause for finding in run_checks(well).findings} == {"none"}


def noisy(fatal: str, warnings: int, page: str) -> dict[str, str | bytes]:
    """A page that says so much that nginx writes of each packet only the beginning, and then fails."""
    said = "\n".join(f"$a = $nobody_has_set_{n};" for n in range(warnings))
    return {page: f"<?php error_reporting(E_ALL);\n{said}\n{fatal}\n"}


@pytest.mark.parametrize("seed", range(6))
def test_fatal_behind_what_nginx_cut_is_named_where_its_rest_was_written(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where exactly the packets end depends on lengths: whatever was written of the place must be found."""
    files: dict[str, str | bytes] = {"well.php": "<?php echo 'well';"}
    for number in range(20):
        files |= noisy(f"throw new RuntimeException('No price {'y' * (seed * 7)}');", 28 + seed * 20 + number, f"p{number}.php")
    told = 0
    with stack("nginx-fpm", tmp_path_factory.mktemp("site"), files) as served:
        for number in range(20):
            before = served.log.stat().st_size if served.log.exists() else 0
            page = served.get(f"/p{number}.php")
            written = served.log.read_bytes()[before:]
            place = f"p{number}.php on line {30 + seed * 20 + number}".encode()
            if b"thrown in" not in written or place not in written.partition(b"thrown in")[2]:
                continue
            told += 1
            found = run_checks(replace(served.seen(f"/p{number}.php"), site=SiteSeen("shop", "", "down", "server-error", (page,)))).findings
            assert any((each.cause, each.path, each.line) == ("php-uncaught-exception", f"www/p{number}.php", 30 + seed * 20 + number)
                       for each in found), written[-400:]  # fmt: skip
    assert told >= 1
