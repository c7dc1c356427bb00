"""What start files load, in the ways that frameworks write it."""

from __future__ import annotations

import pytest

from diagnostics.facts.start_files import loads

HOME = "/home/demo"


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("require __DIR__.'/../vendor/autoload.php';", "vendor/autoload.php"),
        ("require_once dirname(__DIR__).'/vendor/autoload_runtime.php';", "vendor/autoload_runtime.php"),
        ("require dirname(__DIR__, 2) . '/lib/start.php';", "../lib/start.php"),
        ("require dirname(__FILE__) . '/../app/start.php';", "app/start.php"),
        ("require_once dirname(dirname(__FILE__)) . '/app/start.php';", "app/start.php"),
        ("require FCPATH . '../app/Config/Paths.php';", "app/Config/Paths.php"),
        ("$dir = __DIR__ . DIRECTORY_SEPARATOR . '../app';", "app"),
        ("include '../inc/start.php';", "inc/start.php"),
        ("require(__DIR__ . '/wp/load.php');", "www/wp/load.php"),
    ],
)
def test_what_a_start_file_loads(line: str, path: str) -> None:
    found = list(loads(f"<?php\n{line}\n".encode(), f"{HOME}/www", f"{HOME}/www"))
    assert found == [f"{HOME}/{path}" if not path.startswith("..") else f"/home/{path[3:]}"]


def test_what_is_put_together_while_it_runs_is_not_guessed() -> None:
    assert not list(loads(b"<?php require __DIR__ . \"/$name.php\"; require $base . '/../x.php'; echo '../x';", "/w", "/w"))
