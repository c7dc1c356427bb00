"""Causes that show only when the request is followed: through rules, folders, handlers and password files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.checks.roads import is_on_the_road
from diagnostics.evidence import Evidence, PasswordFile
from diagnostics.findings import Finding, Severity
from tests.diagnostics.evidences import apache_line, evidence
from tests.diagnostics.htaccess.corpus import WORDPRESS

LOOP = b"# a\nRewriteEngine On\nRewriteRule ^(.*)$ /x/$1 [L]\n"
WP = {"www/wp-load.php": b"<?php\n", "www/wp-blog-header.php": b"<?php\n", "www/wp-config.php": b"<?php\n"}


def first(seen: Evidence) -> Finding:
    return run_checks(seen).findings[0]


def test_loop_is_named_with_its_rule_although_the_log_says_nothing() -> None:
    found = first(evidence({"www/.htaccess": LOOP}, None, path="/shop"))
    assert (found.cause, found.path, found.line) == ("htaccess-rewrite-loop", "www/.htaccess", 3)
    assert "/shop → /x/shop → /x/x/shop" in found.summary and 0.6 <= found.confidence < 0.95


def test_loop_in_the_log_is_certain_and_has_its_rule() -> None:
    log = apache_line("AH00124: Request exceeded the limit of 10 internal redirects due to probable configuration.", level="core:error")
    found = first(evidence({"www/.htaccess": LOOP}, log, path="/shop"))
    assert found.line == 3 and found.confidence >= 0.95


def test_rules_that_lead_somewhere_are_not_blamed() -> None:
    seen = evidence({"www/.htaccess": WORDPRESS, **WP}, None)
    assert "htaccess-rewrite-loop" not in {found.cause for found in run_checks(seen).findings}


def test_htaccess_of_a_folder_that_rules_lead_to_is_on_the_road() -> None:
    files = {
        "www/.htaccess": b"RewriteEngine On\nRewriteRule ^(.*)$ public/$1 [L]\n",
        "www/public/.htaccess": b"Heder set A b\n",
        "www/public/index.html": b"x",
        "www/other/.htaccess": b"Heder set A b\n",
    }
    seen = evidence(files, None, path="/about")
    assert isinstance(seen.htaccess, tuple)
    roads = {file.path: is_on_the_road(file, seen) for file in seen.htaccess}
    assert roads == {"www/.htaccess": True, "www/public/.htaccess": True, "www/other/.htaccess": None}
    assert (first(seen).path, first(seen).line) == ("www/public/.htaccess", 1)


def test_endless_redirect_is_named_with_its_rule() -> None:
    content = b"RewriteEngine On\nRewriteCond %{HTTPS} off\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n"
    seen = evidence({"www/.htaccess": content}, "", status=301)
    page = replace(seen.site.pages[0], kind="redirect-loop")
    found = first(replace(seen, site=replace(seen.site, kind="redirect-loop", pages=(page,))))
    assert (found.cause, found.path, found.line) == ("redirect-loop", "www/.htaccess", 3)


_NO_SLASH = b"RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-d\nRewriteRule ^(.+)/$ /$1 [R=301,L]\n"
_WWW = b"RewriteEngine On\nRewriteCond %{HTTP_HOST} !^www\\.\nRewriteRule ^ https://www.%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n"


@pytest.mark.parametrize(("rule", "asked"), [(_NO_SLASH, "/about-us/"), (_NO_SLASH, "/about-us"), (_WWW, "/about-us/")])
def test_rule_and_program_that_want_different_addresses_are_told_by_the_rule(rule: bytes, asked: str) -> None:
    """The rule takes away what WordPress puts back (wp-includes/canonical.php): neither goes round alone."""
    to_program = b"RewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule . /index.php [L]\n"
    seen = evidence({"www/index.php": b"<?php\n", "www/.htaccess": rule + to_program}, "", status=301, path=asked)
    page = replace(seen.site.pages[0], kind="redirect-loop")
    found = first(replace(seen, site=replace(seen.site, kind="redirect-loop", pages=(page,))))
    assert (found.cause, found.path, found.line) == ("redirect-loop", "www/.htaccess", 3)
    assert "sends it back" in found.summary


@pytest.mark.parametrize("content", [None, WORDPRESS.replace(b"RewriteRule . /index.php [L]\n", b"")])
def test_wordpress_pages_that_are_not_found_lead_to_its_rules(content: bytes | None) -> None:
    files = {**WP, **({"www/.htaccess": content} if content else {})}
    found = first(evidence(files, "", status=404, path="/about-us/"))
    assert (found.cause, found.path, found.severity) == ("htaccess-wordpress-block", "www/.htaccess", Severity.CRITICAL)


def test_missing_page_of_a_sound_wordpress_is_not_put_down_to_its_rules() -> None:
    seen = evidence({**WP, "www/.htaccess": WORDPRESS}, "", status=404, path="/about-us/")
    assert "htaccess-wordpress-block" not in {found.cause for found in run_checks(seen).findings}


def test_php_source_on_the_page_leads_to_the_line_that_hands_php_away() -> None:
    content = b'Options -Indexes\n<FilesMatch "\\.php$">\nSetHandler application/x-httpd-php56\n</FilesMatch>\n'
    seen = evidence({"www/.htaccess": content}, "", status=404)
    page = replace(seen.site.pages[0], kind="unexpected", status=200, detail="php-source", body=b"<?php echo 1;")
    found = first(replace(seen, site=replace(seen.site, kind="unexpected", pages=(page,))))
    assert (found.cause, found.path, found.line) == ("htaccess-php-handler-override", "www/.htaccess", 3)


def test_socket_that_htaccess_names_and_nothing_listens_on_is_its_line() -> None:
    content = b'AddHandler "proxy:unix:/run/old/php.sock|fcgi://localhost" .php\n'
    log = apache_line(
        "AH02454: FCGI: attempt to connect to Unix domain socket /run/old/php.sock (localhost:8000) failed", level="proxy:error"
    )
    found = first(evidence({"www/.htaccess": content}, log, status=503))
    assert (found.cause, found.line) == ("htaccess-php-handler-override", 1)


@pytest.mark.parametrize(("known", "least"), [((False, None), 0.75), ((None, None), 0.6), ((True, 0o600), 0.7), ((True, 0o644), 0.0)])
def test_password_file_without_a_log_is_as_sure_as_it_can_be_seen(known: tuple[bool | None, int | None], least: float) -> None:
    content = b"AuthType Basic\nAuthUserFile /home/demo/.htpasswd\nRequire valid-user\n"
    seen = evidence({"www/.htaccess": content}, None)
    seen = replace(seen, passwords=(PasswordFile("/home/demo/.htpasswd", *known),))
    found = [each for each in run_checks(seen).findings if each.cause == "htaccess-auth-file-missing"]
    assert bool(found) is bool(least)
    assert not found or (found[0].line == 2 and found[0].confidence >= least)


NOT_WRITTEN = "file_put_contents(/home/demo/www/cache/a.txt): Failed to open stream: Permission denied in /home/demo/www/a.php on line 3"
NOT_ENTERED = "access to /in/a.html denied (filesystem path '/home/demo/www/in/a.html') because search permissions are missing"
REFUSED = [
    (f"AH01071: Got error 'PHP message: PHP Warning:  {NOT_WRITTEN}'", "folder-not-writable", "www/cache"),
    ("(13)Permission denied: AH00132: file permissions deny server access: /home/demo/www/shut.html", "file-unreadable", "www/shut.html"),
    (f"(13)Permission denied: AH00035: {NOT_ENTERED}", "folder-not-traversable", "www/in"),
    ("suexec: file is writable by others: (/home/demo/www/cgi-bin/run.cgi)", "cgi-writable-by-others", "www/cgi-bin/run.cgi"),
]


@pytest.mark.parametrize(("text", "cause", "path"), REFUSED)
def test_what_was_refused_is_the_outermost_thing_that_explains_it(text: str, cause: str, path: str) -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {
        "www/shut.html": (b"x", 0o600), "www/in/a.html": (b"x", 0o604), "www/cache/old.txt": (b"x", 0o604),
        "www/cgi-bin/run.cgi": (b"#!/bin/sh\necho\n", 0o777),
    }  # fmt: skip
    ended = apache_line("End of script output before headers: run.cgi", level="cgid:error") if "suexec" in text else ""
    seen = evidence(files, apache_line(text) + ended, status=403 if "AH00" in text else 500, path="/cgi-bin/run.cgi" if ended else "/")
    assert isinstance(seen.tree, tuple)
    shut = {"www/in": 0o700, "www/cache": 0o555}
    seen = replace(seen, tree=tuple(replace(entry, mode=shut.get(entry.path, entry.mode)) for entry in seen.tree))
    found = first(seen)
    assert (found.cause, found.path) == (cause, path)


GOES_ROUND = b"RewriteRule ^(.*)$ /x/$1 [L]\n"


def looping(content: bytes) -> tuple[list[str], list[str]]:
    """The causes that are found, and what is told as open, of a site without a log."""
    run = run_checks(evidence({"www/.htaccess": b"RewriteEngine On\n" + content}, None, path="/shop"))
    return [each.cause for each in run.findings if each.check == "htaccess-loop"], [
        each.missing for each in run.inconclusive if each.check == "htaccess-loop"
    ]


def test_rule_inside_files_goes_round_for_files_of_that_name_only() -> None:
    assert looping(b'<FilesMatch "^index">\n' + GOES_ROUND + b"</FilesMatch>\n") == ([], [])
    assert looping(b'<FilesMatch ".">\nRewriteRule (.*) /x$1 [L]\n</FilesMatch>\n')[0] == ["htaccess-rewrite-loop"]


def test_loop_that_hangs_on_an_if_section_is_told_as_open() -> None:
    content = b"<If \"%{HTTP_HOST} == 'shop.example'\">\nRewriteEngine On\nRewriteRule (.*) /x$1 [L]\n</If>\n"
    causes, missing = looping(content)
    assert causes == [] and len(missing) == 1 and "line 2 of www/.htaccess" in missing[0] and "<If" in missing[0]


def test_loop_that_comes_whether_the_if_section_holds_or_not_is_found() -> None:
    content = GOES_ROUND + b"<If \"%{QUERY_STRING} == 'a'\">\nDirectoryIndex a.html\n</If>\n"
    assert looping(content) == (["htaccess-rewrite-loop"], [])


def test_if_section_that_does_not_concern_the_way_is_not_told() -> None:
    assert looping(b"<If \"%{HTTP_HOST} == 'a'\">\nHeader set A b\n</If>\n") == ([], [])


_TWO = (
    b"RewriteEngine On\nRewriteRule ^api/(.*)$ http://127.0.0.1:3000/$1 [P]\nRewriteRule ^shop/(.*)$ http://127.0.0.1:4000/$1 [P]\n"
    b"RewriteRule ^news/(.*)$ https://news.example/$1 [P]\n"
)
_FAILED = "HTTP: attempt to connect to {} failed"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("AH00957: " + _FAILED.format("127.0.0.1:4000 (127.0.0.1:4000)"), [(3, 0.9)]),
        ("AH00957: " + _FAILED.format("127.0.0.1:3000 (127.0.0.1)"), [(2, 0.9)]),
        ("AH00957: " + _FAILED.format("203.0.113.4:443 (news.example:443)"), [(4, 0.9)]),
        ("AH01114: HTTP: failed to make connection to backend: news.example", [(4, 0.9)]),
        ("AH00898: DNS lookup failure for: news.example returned by /news/", [(4, 0.9)]),
        ("AH00957: FCGI: attempt to connect to 127.0.0.1:9000 (*:80) failed", []),
        ("AH01114: HTTP: failed to make connection to backend: other.example", []),
        ("AH01144: No protocol handler was valid for the URL /api/ (scheme 'http').", [(2, 0.7)]),
    ],
)
def test_of_several_rules_the_one_whose_target_the_log_names_is_blamed(said: str, expected: list[tuple[int, float]]) -> None:
    found = run_checks(evidence({"www/.htaccess": _TWO}, apache_line(said, level="proxy:error"), status=503, path="/shop/x")).findings
    assert [(each.line, each.confidence) for each in found if each.check == "htaccess-proxy-target"] == expected


def test_rule_whose_target_the_request_decides_may_be_the_one() -> None:
    content = b"RewriteEngine On\nRewriteRule ^to/([a-z]+)/(.*)$ http://$1.internal:8080/$2 [P]\n"
    line = apache_line("AH00957: " + _FAILED.format("10.0.0.4:8080 (mugs.internal:8080)"), level="proxy:error")
    found = run_checks(evidence({"www/.htaccess": content}, line, status=503, path="/to/mugs/x")).findings
    assert [(each.line, each.confidence) for each in found if each.check == "htaccess-proxy-target"] == [(2, 0.7)]
