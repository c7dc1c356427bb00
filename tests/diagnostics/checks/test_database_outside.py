"""Parts of a database login that the settings leave to the server's environment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import PageSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding
from diagnostics.installed import Change
from tests.diagnostics.evidences import AT, site
from tests.diagnostics.facts.test_applications import CORE
from tests.fakes import FakeHost, Node

WELL = {"DB_NAME": "'shop'", "DB_USER": "'me'", "DB_PASSWORD": "'x'", "DB_HOST": "'localhost'"}


def found_for(changed: bool, **values: str) -> Finding:
    lines = [f"define( '{name}', {value} );" for name, value in {**WELL, **values}.items()]
    settings = "\n".join(["<?php", "// ours", *lines, "$table_prefix = 'wp_';", "require_once ABSPATH . 'wp-settings.php';", ""])
    files = {f"/home/demo/www/{name}": Node(content=content, mode=0o604, mtime=1e9) for name, content in CORE.items()}
    files["/home/demo/www/wp-config.php"] = Node(content=settings.encode(), mode=0o604, mtime=AT.timestamp() - 60)
    page = PageSeen("/", "https://shop.example/", "database-error", 500, AT)
    seen = gather(FakeHost(files), replace(site(), pages=(page,), failing_since=AT), SitePaths("/home/demo/www"), "", AT)
    at = AT.timestamp() - 60 if changed else 1e9
    change = Change("top", "", at, at, 1, ("www/wp-config.php",), "changed", "baseline")
    return next(each for each in run_checks(replace(seen, changes=(change,))).findings if each.check == "database-unclear")


@pytest.mark.parametrize(
    ("values", "cause", "line", "name"),
    [
        ({"DB_PASSWORD": "getenv( 'WORDPRESS_DB_PASSWORD' )"}, "database-access-denied", 5, "WORDPRESS_DB_PASSWORD"),
        ({"DB_PASSWORD": "$_SERVER['DB_PASS'] ?? ''"}, "database-access-denied", 5, "DB_PASS"),
        ({"DB_PASSWORD": "getenv('DB_PASS') ?: 'example'"}, "database-access-denied", 5, "DB_PASS"),
        ({"DB_PASSWORD": "getenv_docker('WORDPRESS_DB_PASSWORD', 'example')"}, "database-access-denied", 5, "WORDPRESS_DB_PASSWORD"),
        ({"DB_USER": "$_ENV['DB_USER']"}, "database-access-denied", 4, "DB_USER"),
        ({"DB_NAME": "getenv('DB_NAME')"}, "database-missing", 3, "DB_NAME"),
        ({"DB_HOST": "env('DB_HOST')"}, "database-server-down", 6, "DB_HOST"),
    ],
)
def test_line_that_leaves_a_part_to_the_environment_is_named(values: dict[str, str], cause: str, line: int, name: str) -> None:
    found = found_for(True, **values)
    assert (found.cause, found.path, found.line) == (cause, "www/wp-config.php", line)
    assert name in found.summary and cause not in found.also and found.confidence < 0.8


def test_settings_that_nobody_changed_worked_with_their_environment() -> None:
    found = found_for(False, DB_PASSWORD="getenv('DB_PASS')")
    assert (found.cause, found.line) == ("database-server-down", None)


def test_settings_with_every_part_written_out_name_no_line() -> None:
    assert found_for(True).line is None
