"""A folder that programs write into and that refuses, where no log and no page says why the site fails."""

from __future__ import annotations

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.evidence import PageSeen, SiteSeen
from diagnostics.facts.gather import gather
from diagnostics.findings import Finding, Severity
from diagnostics.transports.base import FileKind
from tests.diagnostics.evidences import AT, PATHS
from tests.fakes import FakeHost, Node

SORRY = b"The website encountered an unexpected error. Try again later."
APACHES = b"<title>500 Internal Server Error</title><p>The server encountered an internal error or misconfiguration</p>"


def findings(folder: Node, path: str, *, status: int = 500, body: bytes = SORRY, powered_by: str = "PHP/8.2", protocol: str = "sftp",
             start: bytes = b"<?php\nrun();\n") -> tuple[Finding, ...]:  # fmt: skip
    page = PageSeen("/", "https://shop.example/", "ok" if status == 200 else "server-error", status, AT, body=body, powered_by=powered_by)
    seen = SiteSeen("shop", "https://shop.example/", "up" if status == 200 else "down", page.kind, (page,), None if status == 200 else AT)
    host = FakeHost({
        "/home/demo/www/index.php": (start, 0o604), "/home/demo/www/lib/a.php": (b"<?php\n", 0o604),
        "/home/demo/www/css/a.css": (b"\n", 0o604), f"/home/demo/www/{path}": folder,
    }, protocol=protocol)  # fmt: skip
    return run_checks(gather(host, seen, PATHS, "ovh-mutualise", AT)).findings


def shut(mode: int = 0o555) -> Node:
    return Node(FileKind.FOLDER, mode=mode)


@pytest.mark.parametrize(
    "path",
    [
        "sites/default/files/php/twig",
        "templates_c",
        "storage/framework/views",
        "writable/cache",
        "var",
        "app/runtime",
        "var/cache/prod",
        "temp/cache",
        "cache/data",
    ],  # fmt: skip
)
@pytest.mark.parametrize("body", [SORRY, b""])
def test_shut_folder_of_what_a_program_makes_is_named_where_nothing_says_why(path: str, body: bytes) -> None:
    found = findings(shut(), path, body=body)[0]
    assert (found.cause, found.path, found.severity) == ("folder-not-writable", f"www/{path}", Severity.CRITICAL)
    assert found.confidence < 0.95 and found.repairs


def test_database_in_a_file_that_may_not_be_written_is_named() -> None:
    found = findings(Node(content=b"SQLite format 3\0", mode=0o444), "data/shop.sqlite")[0]
    assert (found.cause, found.path) == ("folder-not-writable", "www/data/shop.sqlite")


@pytest.mark.parametrize("path", ["vendor/twig/cache", "images", "core/tests/tmp"])
def test_shut_folder_of_code_is_not_blamed(path: str) -> None:
    assert "folder-not-writable" not in [found.cause for found in findings(shut(), path)]


def test_folder_that_may_be_written_is_not_blamed() -> None:
    assert "folder-not-writable" not in [found.cause for found in findings(shut(0o755), "var")]


def test_page_of_the_web_server_itself_says_nothing_of_folders() -> None:
    assert "folder-not-writable" not in [found.cause for found in findings(shut(), "var", body=APACHES, powered_by="Apache")]


def test_words_that_the_site_holds_itself_come_first() -> None:
    start = b"<?php\nif (!$db) { die('The shop is closed for stock-taking.'); }\n"
    found = findings(shut(), "var", body=b"The shop is closed for stock-taking.", start=start)[0]
    assert (found.cause, found.path, found.line) == ("application-answers-500", "www/index.php", 2)


def test_site_that_is_well_is_told_no_more_than_notes() -> None:
    assert all(each.severity is Severity.NOTE for each in findings(shut(), "var", status=200))


def of_account(name: str, folder: Node, start: bytes, *, body: bytes = b"", path: str = "project/var/cache/prod") -> tuple[Finding, ...]:
    page = PageSeen("/", "https://shop.example/", "server-error", 500, AT, body=body, powered_by="PHP/8.2")
    host = FakeHost({
        "/home/demo/www/index.php": (start, 0o604), "/home/demo/www/css/a.css": (b"\n", 0o604), "/home/demo/www/js/a.js": (b"\n", 0o604),
        f"/home/demo/{name}/vendor/autoload.php": (b"<?php\n", 0o604), f"/home/demo/{name}/config/a.php": (b"<?php\n", 0o604),
        f"/home/demo/{path}": folder,
    })  # fmt: skip
    return run_checks(gather(host, SiteSeen("shop", "https://shop.example/", "down", page.kind, (page,), AT), PATHS, "", AT)).findings


_LOADS = b"<?php\nrequire dirname(__DIR__) . '/project/vendor/autoload.php';\n"


@pytest.mark.parametrize(
    "path", ["var", "var/cache/prod", "var/log", "writable/cache", "writable", "runtime", "cache", "temp/cache", "tmp"]
)
def test_shut_folder_of_a_program_beside_the_docroot_is_named(path: str) -> None:
    found = of_account("project", shut(), _LOADS, path=f"project/{path}")[0]
    assert (found.cause, found.path) == ("folder-not-writable", f"project/{path}")


@pytest.mark.parametrize(("path", "folder"), [("project/var/cache/prod", shut(0o705)), ("project/config/b", shut()), ("other/var", shut())])
def test_folder_beside_the_docroot_that_is_open_or_not_written_into_is_not_blamed(path: str, folder: Node) -> None:
    assert "folder-not-writable" not in [found.cause for found in of_account("project", folder, _LOADS, path=path)]
