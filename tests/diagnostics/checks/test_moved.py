"""What a move leaves behind: links that lead nowhere, start pages of other names, frameworks beside the docroot, their settings."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.findings import Finding
from diagnostics.transports.base import FileKind
from tests.diagnostics.evidences import AT, apache_line, evidence
from tests.fakes import Node

INDEX = b"<?php\nrequire __DIR__.'/../project/bootstrap/app.php';\n"
FRAMEWORK: dict[str, bytes] = {
    "www/index.php": INDEX, "project/artisan": b"<?php", "project/bootstrap/app.php": b"<?php", "project/routes/web.php": b"<?php",
    "project/.env": b"APP_ENV=production\nAPP_NAME=My shop\n",
}  # fmt: skip


def first(files: dict, log: str | None = "", **more: object) -> Finding:
    found = run_checks(evidence(files, log, **more)).findings  # type: ignore[arg-type]
    assert found, "nothing was found"
    return found[0]


@pytest.mark.parametrize(
    "log", [None, apache_line("AH00037: Symbolic link not allowed or link target not accessible: /home/demo/www/index.html")]
)
def test_start_page_that_is_a_link_to_nothing_is_named(log: str | None) -> None:
    files = {
        "www/index.php": Node(kind=FileKind.LINK, target="../shared/index.php"),
        "www/index.html": Node(kind=FileKind.LINK, target="../shared/index.html"),
    }
    found = first(files, log, status=403)
    assert found.cause == "index-file-missing" and found.path in ("www/index.html", "www/index.php")


@pytest.mark.parametrize("name", ["Index.php", "INDEX.HTML", "index.php.txt", "index (1).php"])
def test_start_page_in_other_letters_is_none(name: str) -> None:
    found = first({f"www/shop/{name}": b"<?php\n"}, None, status=403, path="/shop/")
    assert (found.cause, found.path) == ("index-file-missing", "www/shop")
    assert name in found.hint


def test_line_that_names_another_start_page_is_told() -> None:
    found = first({"www/.htaccess": b"Options -Indexes\nDirectoryIndex start.html\n"}, None, status=403)
    assert (found.cause, found.path, found.line) == ("index-file-missing", "www/.htaccess", 2)


def test_files_that_are_shut_do_not_shut_their_folder() -> None:
    start = b"DirectoryIndex start.html\n"
    old = b"<IfModule !mod_authz_core.c>\nDeny from all\n</IfModule>\nDeny from 192.0.2.7\n"
    assert first({"www/.htaccess": old + start}, None, status=403).cause == "index-file-missing"
    some = b'<FilesMatch "\\.(bak|sql)$">\nRequire all denied\n</FilesMatch>\n'
    assert first({"www/.htaccess": some + start}, None, status=403).cause == "index-file-missing"
    shut = run_checks(
        evidence({"www/.htaccess": some + b"<IfModule mod_authz_core.c>\nRequire all denied\n</IfModule>\n" + start}, None, status=403)
    )
    assert "index-file-missing" not in [found.cause for found in shut.findings]


def test_settings_of_a_framework_beside_the_docroot_are_read() -> None:
    found = first(FRAMEWORK, None)
    assert (found.cause, found.path, found.line) == ("php-uncaught-exception", "project/.env", 2)
    said = "Failed to parse dotenv file. Encountered unexpected whitespace at [My shop]. in /srv/x/project/a.php:3"
    trace = "\\nStack trace:\\n#0 {main}\\n  thrown in /srv/x/project/a.php on line 3"
    said = f"AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught InvalidFileException: {said}{trace}'"
    surer = first(FRAMEWORK, apache_line(said, level="proxy_fcgi:error"))
    assert (surer.path, surer.line) == ("project/.env", 2) and surer.confidence > found.confidence


@pytest.mark.parametrize(
    ("env", "line"),
    [
        (b"APP_NAME=Shop\n", None),
        (b"APP_NAME=Shop\nAPP_ENV=production\nAPP_KEY=\n", 3),
        (b"#APP_KEY=base64:old\nAPP_NAME=Shop\nAPP_KEY=base64:cut\n", 3),  # the one that counts
        (b"APP_NAME=Shop\n# APP_KEY=base64:abc=\n", 2),  # what was taken out
    ],
)
def test_key_that_is_missing_is_told_of_the_settings(env: bytes, line: int | None) -> None:
    said = "No application encryption key has been specified."
    log = f'[{AT:%Y-%m-%d %H:%M:%S}] production.ERROR: {said} {{"exception":"[object] (Missing(code: 0): {said} at '
    log += '/home/demo/project/vendor/x.php:9)\n[stacktrace]\n#0 {main}\n"}\n'
    files = FRAMEWORK | {
        "project/.env": env, "project/storage/logs/laravel.log": Node(content=log.encode(), mtime=AT.timestamp() + 1),
    }  # fmt: skip
    found = first(files, None)
    assert (found.cause, found.path, found.line) == ("application-answers-500", "project/.env", line)
    assert "abc" not in repr(found)


def test_headers_that_nginx_refuses_are_no_crash() -> None:
    line = f"{AT:%Y/%m/%d %H:%M:%S} [error] 7#7: *1 upstream sent too big header while reading response header from upstream, "
    line += (
        'client: 192.0.2.7, server: , request: "GET /?_=tok123 HTTP/1.1", upstream: "fastcgi://unix:/run/php.sock:", host: "shop.example"\n'
    )
    found = first({}, line, status=502)
    assert found.cause == "upstream-bad-gateway" and "cookies" in found.hint
