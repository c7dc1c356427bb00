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


def test_site_that_is_well_is_not_blamed_for_what_stands_in_its_logs(served: Stack) -> None:
    well = replace(served.seen("/well.php"), site=SiteSeen("shop", "", "up", "ok", (served.get("/well.php"),)))
    assert {finding.cause for finding in run_checks(well).findings} == {"none"}
