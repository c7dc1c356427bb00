"""The folder of the site was renamed or is gone."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding
from tests.diagnostics.evidences import AT, PATHS, site
from tests.fakes import FakeHost, Node


def judged(files: dict[str, bytes], paths: SitePaths, status: int = 404) -> list[Finding]:
    nodes: dict[str, bytes | tuple[bytes, int] | Node] = {name: (content, 0o604) for name, content in files.items()}
    return run_checks(gather(FakeHost(nodes), site(status), paths, "ovh-mutualise", AT)).findings


@pytest.mark.parametrize(("name", "path"), [("www.old", "www.old"), ("www-2", "www-2"), ("private", "www")])
def test_docroot_that_was_renamed_is_named(name: str, path: str) -> None:
    found = judged({f"/home/demo/{name}/index.html": b"<p>x</p>"}, PATHS)[0]
    assert (found.check, found.cause, found.path) == ("docroot", "index-file-missing", path)


def test_site_that_was_registered_after_that_names_it_too() -> None:
    home = SitePaths("/home/demo")
    found = judged({"/home/demo/www_old/index.php": b"<?php", "/home/demo/logs/error.log": b""}, home)[0]
    assert (found.check, found.path) == ("docroot", "demo/www_old")


def test_site_with_its_docroot_is_not_blamed() -> None:
    files = {"/home/demo/www/index.html": b"<p>x</p>", "/home/demo/www.old/index.html": b"<p>y</p>"}
    for paths in (PATHS, SitePaths("/home/demo")):
        assert not [each for each in judged(files, paths) if each.check == "docroot"]
