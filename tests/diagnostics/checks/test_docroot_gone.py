"""The folder of the site was renamed or is gone."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding
from tests.diagnostics.evidences import AT, PATHS, apache_line, site
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
    assert (found.check, found.path) == ("docroot", "www_old")


def test_site_with_its_docroot_is_not_blamed() -> None:
    files = {"/home/demo/www/index.html": b"<p>x</p>", "/home/demo/www.old/index.html": b"<p>y</p>"}
    for paths in (PATHS, SitePaths("/home/demo")):
        assert not [each for each in judged(files, paths) if each.check == "docroot"]


@pytest.mark.parametrize("name", ["Public_HTML", "PUBLIC_HTML", "WWW"])
def test_docroot_in_another_letter_case_is_named(name: str) -> None:
    found = judged({f"/home/demo/{name}/index.php": b"<?php"}, SitePaths("/home/demo"))[0]
    assert (found.check, found.path) == ("docroot", name)


def test_docroot_that_is_a_link_to_nothing_is_named() -> None:
    host = FakeHost({"/home/demo/logs/error.log": b""}, links={"/home/demo/www": "releases/7"})
    found = run_checks(gather(host, site(403), PATHS, "", AT)).findings[0]
    assert (found.check, found.cause, found.path) == ("docroot", "index-file-missing", "www") and "link" in found.summary


def test_link_in_the_logins_folder_is_named_when_the_server_speaks_of_it() -> None:
    said = apache_line("AH00037: Symbolic link not allowed or link target not accessible: /srv/jail/demo/www", level="core:error")
    log = Node(content=said.encode(), mtime=AT.timestamp())
    for text, causes in ((log, ["index-file-missing"]), (Node(content=b"", mtime=AT.timestamp()), [])):
        host = FakeHost({"/home/demo/logs/error.log": text}, links={"/home/demo/www": "releases/7"})
        made = gather(host, site(403), SitePaths("/home/demo", "/home/demo/logs/error.log"), "", AT)
        found = [each for each in run_checks(made).findings if each.check == "docroot"]
        assert [(each.cause, each.path) for each in found] == [(cause, "www") for cause in causes]
