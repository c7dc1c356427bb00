"""Lines that Apache reads well and that refuse every request they meet; what it says of them is as Apache 2.4 says it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding
from diagnostics.htaccess.lint import lint
from tests.diagnostics.evidences import AT, apache_line, evidence, first_plan, site
from tests.fakes import FakeHost, Node

HTML = (b"<h1>A</h1>", 0o604)


def found_in(htaccess: str, status: int = 500, log: str | None = None, path: str = "/") -> list[Finding]:
    files = {"www/.htaccess": htaccess.encode(), "www/index.html": HTML, "www/cgi-bin/run.cgi": (b"#!/bin/sh\necho a\n", 0o705)}
    seen = evidence(files, log, status=status, path=path)
    return [finding for finding in run_checks(seen).findings if finding.check == "htaccess-at-request"]


@pytest.mark.parametrize(
    ("lines", "status", "cause", "line"),
    [
        ("AuthName x\nAuthUserFile /x\nRequire valid-user\n", 500, "htaccess-bad-argument", 3),
        ("AuthType Basic\nAuthUserFile /x\n<RequireAny>\nRequire user anna\n</RequireAny>\n", 500, "htaccess-bad-argument", 4),
        ("AuthType Digest\nAuthName x\nRequire valid-user\n", 500, "htaccess-module-not-loaded", 1),
        ("AuthType Basic\nAuthName x\nAuthBasicProvider file ldap\nRequire valid-user\n", 500, "htaccess-module-not-loaded", 3),
        ("AuthType Basic\nAuthName x\nRequire valid-user\n", 500, "htaccess-auth-file-missing", 1),
        ("AuthType Basic\nAuthName x\nRequire valid-user\n", 401, "htaccess-auth-file-missing", 1),
        ("Options -Indexes\nAuthName x\nAuthType basic\nAuthBasicProvider file\nRequire user anna\n", 401, "htaccess-auth-file-missing", 3),
        ("AuthType Basic\nAuthName x\nAuthUserFile /x\nRequire group staff\n", 401, "htaccess-auth-file-missing", 4),
        ("AddOutputFilterByType SUBSTITUTE;DEFLATE text/html\n", 500, "htaccess-module-not-loaded", 1),
        ("Options -Indexes\nRedirectMatch 301 ^/(.*)$\n", 500, "htaccess-bad-argument", 2),
        ("RedirectMatch permanent ^/$ shop\n", 500, "htaccess-bad-argument", 1),
        ('Header always set "X Frame" DENY\n', 500, "htaccess-bad-argument", 1),
        ("Options None\nRewriteEngine On\nRewriteRule ^a$ /b\n", 403, "htaccess-directive-not-allowed", 1),
        ("Options -FollowSymLinks\nRewriteEngine on\nRewriteRule ^a$ /b\n", 403, "htaccess-directive-not-allowed", 1),
    ],
)
def test_line_that_refuses_the_requests_is_named(lines: str, status: int, cause: str, line: int) -> None:
    assert [(finding.cause, finding.line) for finding in found_in(lines, status)] == [(cause, line)]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("AuthType Basic\nAuthName x\nAuthUserFile /x\nRequire valid-user\n", 500),
        ("AuthType Basic\nAuthName x\nAuthUserFile /x\nRequire valid-user\n", 401),
        ("AuthType Basic\nAuthName x\nAuthDBMUserFile /x\nRequire valid-user\n", 401),
        ("AuthType Basic\nAuthName x\nAuthBasicProvider ldap\nRequire valid-user\n", 401),
        ("AuthType Basic\nAuthName x\nAuthUserFile /x\nAuthGroupFile /y\nRequire group staff\n", 401),
        ("AuthType Basic\nAuthName x\nRequire ip 192.0.2.1\n", 401),
        ("<Files secret.html>\nRequire valid-user\n</Files>\n", 500),
        ("Require ip 192.0.2.1\nRequire all granted\n", 500),
        ("RedirectMatch 301 ^/old/(.*)$ /new/$1\nRedirectMatch gone ^/x\nRedirectMatch 302 ^/y$ $1\n", 500),
        ("RedirectMatch 301 ^/other$ nowhere\n", 500),
        ("Header set X-Frame-Options: DENY\nHeader unset X-A\nHeader edit Set-Cookie ^(.*)$ $1\n", 500),
        ("Options -Indexes\nRewriteEngine On\n", 403),
        ("Options None\nOptions +FollowSymLinks\nRewriteEngine On\n", 403),
        ("Options -FollowSymLinks +SymLinksIfOwnerMatch\nRewriteEngine On\n", 403),
        ("Options -FollowSymLinks\nRewriteEngine Off\n", 403),
        ("AddOutputFilterByType DEFLATE text/html\n", 500),
    ],
)
def test_line_that_refuses_nothing_here_is_left_in_peace(lines: str, status: int) -> None:
    assert found_in(lines, status) == []


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("AH00027: No authentication done but request not allowed without authentication for /. Authentication not configured?",
         "AuthName x\nRequire valid-user\n"),
        ("AH01615: need AuthName: /", "AuthType Basic\nRequire valid-user\n"),
        ("AH00676: cannot redirect '/' to '%5e/(.*)$'; target is not a valid absoluteURI or abs_path", "RedirectMatch 301 ^/(.*)$\n"),
        ("AH02429: Response header name 'X Y' contains invalid characters, aborting request", 'Header set "X Y" z\n'),
    ],
)  # fmt: skip
def test_what_the_log_says_makes_it_surer(said: str, lines: str) -> None:
    assert found_in(lines, log=apache_line(said, client="198.51.100.9:1"))[0].confidence >= 0.95


def test_script_that_a_line_forbids_leads_to_the_line() -> None:
    found = found_in("Options -ExecCGI\n", 403, path="/cgi-bin/run.cgi")
    assert [(finding.cause, finding.path, finding.line) for finding in found] == [("cgi-not-executable", "www/.htaccess", 1)]
    assert not found_in("Options -ExecCGI\nOptions +ExecCGI\n", 403, path="/cgi-bin/run.cgi")


def test_start_page_that_is_a_link_leads_to_the_line_that_forbids_links() -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {"www/.htaccess": b"Options -Indexes -FollowSymLinks\n", "www/page.html": HTML}
    seen = evidence(files, None, status=403)
    assert isinstance(seen.tree, tuple)
    start = next(entry for entry in seen.tree if entry.path == "www/page.html")
    link = replace(start, path="www/index.html", absolute="/home/demo/www/index.html", kind="link")
    tree = tuple(entry for entry in seen.tree if entry.path != "www/index.php")
    assert run_checks(replace(seen, tree=(*tree, link))).findings[0].cause == "htaccess-directive-not-allowed"


@pytest.mark.parametrize(("path", "line"), [("https://shop.example/errors/404.html", 1), ("https://other.example/404.html", None)])
def test_error_page_that_redirects_to_itself_is_named(path: str, line: int | None) -> None:
    seen = evidence({"www/.htaccess": f"ErrorDocument 404 {path}\n".encode()}, None, status=302, path="/gone.html")
    page = replace(seen.site.pages[0], kind="redirect-loop")
    found = run_checks(replace(seen, site=replace(seen.site, kind="redirect-loop", pages=(page,)))).findings[0]
    assert (found.cause, found.line) == ("redirect-loop", line)


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("<Else>\nOptions -Indexes\n</Else>\n", [1]),
        ("<IfModule mod_rewrite.c>\n<ElseIf true>\n</ElseIf>\n</IfModule>\n", [2]),
        ("<If true>\n</If>\n<Files x>\n</Files>\n<ElseIf true>\n</ElseIf>\n<Else>\n</Else>\n", []),
        ("<If true>\n<Else>\n</Else>\n</If>\n", [2]),
    ],
)
def test_otherwise_needs_a_condition_beside_it(lines: str, wrong: list[int]) -> None:
    assert [fault.line for fault in lint(lines.encode()) if fault.sure or "no <If>" in fault.why] == wrong


@pytest.mark.parametrize(
    ("lines", "status", "path"),
    [
        ('Header set "X Y" z\n', 500, "/"), ("RedirectMatch 301 ^/(.*)$\n", 500, "/"), ("Options -ExecCGI\n", 403, "/cgi-bin/run.cgi"),
        ("Options -FollowSymLinks\nRewriteEngine On\nRewriteRule ^a$ /b\n", 403, "/"),
        ("AddHandler cgi-script .html\n", 500, "/index.html"),
    ],
)  # fmt: skip
def test_line_that_is_named_can_be_made_a_comment(lines: str, status: int, path: str) -> None:
    files = {"www/.htaccess": lines.encode(), "www/index.html": HTML, "www/cgi-bin/run.cgi": (b"#!/bin/sh\necho a\n", 0o705)}
    seen = evidence(files, None, status=status, path=path)
    found = run_checks(seen).findings[0]
    plan = first_plan(seen, found)
    assert found.path == "www/.htaccess" and plan is not None and plan.repair_id == "comment-out-htaccess-line"


@pytest.mark.parametrize(
    ("rule", "line"), [("^(.*)$ http://127.0.0.1:3000/$1 [P,L]", 2), ("^api/(.*)$ http://127.0.0.1:3000/$1 [P]", None)]
)
def test_rule_that_passes_the_failing_page_on_is_named_without_a_log(rule: str, line: int | None) -> None:
    seen = evidence({"www/.htaccess": f"RewriteEngine On\nRewriteRule {rule}\n".encode()}, None)
    found = [finding for finding in run_checks(seen).findings if finding.cause == "htaccess-proxy-target-down"]
    assert [finding.line for finding in found] == ([line] if line else [])


def test_file_above_a_docroot_whose_name_stands_in_the_servers_path_too_is_shown_as_it_lies() -> None:
    paths = SitePaths("/var/www/v1/home/www", "/var/www/v1/logs/error.log")
    log = apache_line("AH00529: /var/www/v1/home/.htaccess pcfg_openfile: unable to check htaccess file", client="192.0.2.7:4711")
    files = {
        "/var/www/v1/home/www/index.html": b"a",
        "/var/www/v1/home/.htaccess": (b"Options -Indexes\n", 0),
        "/var/www/v1/logs/error.log": Node(content=log.encode(), mtime=AT.timestamp()),
    }
    found = run_checks(gather(FakeHost(files, home="/var/www/v1/home"), site(403), paths, "", AT)).findings[0]
    assert (found.cause, found.path) == ("htaccess-unreadable", ".htaccess")
