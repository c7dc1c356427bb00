"""The tables of functions, classes and versions, against what the installed PHP says of itself."""

from __future__ import annotations

import subprocess

import pytest

from diagnostics.php import extensions, versions
from tests.diagnostics.php.make_tables import reflected
from tests.programs import binary

pytestmark = pytest.mark.skipif(not binary("php"), reason="php is not installed")


def running() -> versions.Version:
    out = subprocess.run(
        [binary("php"), "-n", "-r", "echo PHP_MAJOR_VERSION, '.', PHP_MINOR_VERSION;"], capture_output=True, text=True, check=True
    )
    major, _dot, minor = out.stdout.partition(".")
    return int(major), int(minor)


def test_each_name_leads_to_the_extension_that_brings_it() -> None:
    wrong = []
    for name, (functions, classes, _constants) in reflected().items():
        wanted = name.replace(" ", "-")
        wrong += [each for each in functions if extensions.extension_of_function(each) != wanted]
        wrong += [each for each in classes if extensions.extension_of_class(each) != wanted]
    assert wrong == [] or running() > (8, 2)


def test_constants_of_extensions_are_known_by_how_they_begin() -> None:
    assert (
        extensions.extension_of_constant("CURLOPT_TIMEOUT") == "curl" and extensions.extension_of_constant("INTL_MAX_LOCALE_LEN") == "intl"
    )
    assert extensions.extension_of_constant("DB_NAME") == "" and extensions.extension_of_constant("Shop\\PRICE") == ""


def test_no_name_of_a_common_site_is_taken_for_an_extension() -> None:
    for name in ("get_header", "my_shop_price", "octopus", "eventful", "event_map_phone", "stats_widget", "the_content"):
        assert extensions.extension_of_function(name) == ""
    for name in ("App\\Models\\User", "Psr\\Log\\LoggerInterface", "WC_Order", "Cart"):
        assert extensions.extension_of_class(name) == ""


@pytest.mark.parametrize(("since", "names"), versions._FUNCTIONS.items())
def test_functions_are_there_from_their_version_on(since: versions.Version, names: str) -> None:
    listed = [name for name in names.split() if not name.startswith(("fpm_", "opcache_"))]
    there = [name for name in listed if extensions.extension_of_function(name)]
    assert (there == listed) if since <= (8, 2) else (there == [])


@pytest.mark.parametrize(("until", "names"), versions._REMOVED.items())
def test_removed_functions_are_gone(until: versions.Version, names: str) -> None:
    assert [name for name in names.split() if extensions.extension_of_function(name)] == [] and until <= (8, 2)


def test_what_lives_on_as_an_extension_is_removed_only_for_newer_php() -> None:
    assert versions.function_gone("imap_open") is None and versions.function_gone("imap_open", (8, 3)) is None
    assert versions.function_gone("imap_open", (8, 4)) == (8, 4)
    assert versions.function_gone("mysql_query") == (7, 0) and versions.function_gone("mysqli_query") is None


def test_version_is_read_from_headers_and_messages() -> None:
    assert versions.version_of_header("PHP/7.4.33") == (7, 4) and versions.version_of_header("Apache") is None
    assert versions.version_of_message('require a PHP version ">= 8.1.0". You are running 7.4.33.') == (7, 4)
