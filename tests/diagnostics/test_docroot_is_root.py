"""A login that sees nothing but the docroot, as many FTP users do: its root is the folder of the site."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding
from tests.diagnostics.evidences import AT, site
from tests.fakes import FakeHost, Node

WORDPRESS = {
    "/index.php": b"<?php require __DIR__ . '/wp-blog-header.php';", "/wp-load.php": b"<?php", "/wp-settings.php": b"<?php",
    "/wp-blog-header.php": b"<?php", "/wp-includes/version.php": b"<?php $wp_version = '6.4';", "/wp-content/plugins/a/a.php": b"<?php",
    "/wp-content/themes/b/style.css": b"/* Theme Name: B */",
}  # fmt: skip
STAMP = f"[{AT:%d-%b-%Y %H:%M:%S} UTC] PHP Fatal error:  Uncaught Error: Call to undefined function foo() in"
FATAL = f"{STAMP} /home/x/www/inc/a.php:2\nStack trace:\n#0 {{main}}\n  thrown in /home/x/www/inc/a.php on line 2\n"


def judged(files: dict[str, bytes | tuple[bytes, int]], status: int = 500, path: str = "/", log: str = "") -> list[Finding]:
    nodes: dict[str, bytes | tuple[bytes, int] | Node] = {
        name: each if isinstance(each, tuple) else (each, 0o604) for name, each in files.items()
    }
    if log:
        nodes["/error_log"] = Node(content=log.encode(), mtime=AT.timestamp())
    host = FakeHost(nodes, protocol="ftp")
    return run_checks(gather(host, site(status, path), SitePaths("/", "/error_log" if log else ""), "ovh-mutualise", AT)).findings


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("files", "asked", "said"),
    [
        ({"/.htaccess": b"RewritEngine On\n"}, (500, "/"), ("htaccess-invalid-directive", ".htaccess", 1)),
        (
            {"/shop/.htaccess": b"RewritEngine On\n", "/shop/a.html": b"x"}, (500, "/shop/"),
            ("htaccess-invalid-directive", "shop/.htaccess", 1),
        ),
        ({"/style.css": b""}, (403, "/"), ("index-file-missing", "", None)),
        ({"/index.html": (b"<p>x</p>", 0o600)}, (403, "/"), ("file-unreadable", "index.html", None)),
        (
            {"/.user.ini": b"auto_prepend_file = /home/x/www/none.php\n", "/index.php": b"<?php"}, (500, "/"),
            ("user-ini-bad-prepend", ".user.ini", 1),
        ),
        ({**WORDPRESS, "/wp-config.php": b"<?php\ndefine('A', '"}, (500, "/"), ("wordpress-config-syntax", "wp-config.php", 2)),
    ],
)  # fmt: skip
def test_faults_are_named_with_paths_from_there(files: dict, asked: tuple[int, str], said: tuple[str, str, int | None]) -> None:
    found = judged(files, *asked)[0]
    assert (found.cause, found.path, found.line) == said


def test_file_that_the_log_names_is_told_as_the_login_sees_it() -> None:
    found = judged({"/index.php": b"<?php", "/inc/a.php": b"<?php\nfoo();"}, log=FATAL)[0]
    assert (found.cause, found.path, found.line) == ("php-undefined-function", "inc/a.php", 2)


def test_prepended_file_that_is_there_is_not_blamed() -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {
        "/.user.ini": b"auto_prepend_file = /home/x/www/waf.php\n", "/waf.php": b"<?php", "/index.php": b"<?php",
    }  # fmt: skip
    assert "user-ini-bad-prepend" not in [found.cause for found in judged(files)]
