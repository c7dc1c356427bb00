from __future__ import annotations

import re
import socket
from collections.abc import Callable

import pytest

from diagnostics.practice.logs import Logs
from diagnostics.practice.site import PracticeSite
from diagnostics.practice.web import PracticeWebServer

from .conftest import Seen, error_lines

Fetch = Callable[..., Seen]
LINE = re.compile(
    r"\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{6} \d{4}\] \[[a-z_]+:[a-z]+\] \[pid \d+:tid \d+\] "
    r"(?:\(13\)Permission denied: )?\[client 127\.0\.0\.1:\d+\] .+"
)


@pytest.mark.parametrize(
    ("path", "text"), [("/", b"Welcome"), ("/about", b"About us"), ("/products/", b"Products"), ("/css/shop.css", b"body {")]
)
def test_page_of_a_healthy_site_is_served(fetch: Fetch, site: PracticeSite, path: str, text: bytes) -> None:
    seen = fetch(path)
    assert (seen.status, text in seen.body, error_lines(site)) == (200, True, [])


def test_access_log_keeps_the_query_string(fetch: Fetch, site: PracticeSite) -> None:
    seen = fetch("/about?token=abc%22def", headers={"User-Agent": 'Tester "one"', "Referer": "http://x/"})
    line = (site.home / "logs/access.log").read_text()
    pattern = r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /about\?token=abc%22def HTTP/1\.1" 200 '
    assert re.fullmatch(pattern + str(len(seen.body)) + r' "http://x/" "Tester \\"one\\""\n', line)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "RewritEngine On\n",
            "Invalid command 'RewritEngine', perhaps misspelled or defined by a module not included in the server configuration",
        ),
        ('<Files "x">\n', "{file}:1: <Files> was not closed."),
        ("<Files x>\n</IfModule>\n", "Expected </Files> but saw </IfModule>"),
        ("</Files>\n", "</Files> without matching <Files> section"),
        ("<Files x\n</Files>\n", "<Files> directive missing closing '>'"),
        ("<Files x\n", "{file}:1: <Files> was not closed."),
        ("<Files x>\n<IfModule mod_rewrite.c>\n</Files>\n", "</Files> without matching <Files> section"),
        ("<IfModule mod_nothing.c>\nFoo\n", "Expected </IfModule> before end of configuration"),
        ("<Files>\n</Files>\n", "<Files> directive requires additional arguments"),
        ("<IfModule>\n</IfModule>\n", "<IfModule> directive requires additional arguments"),
        ("<Directory />\n</Directory>\n", "<Directory not allowed here"),
        ("RewriteRule (a b\n", "RewriteRule: cannot compile regular expression '(a'"),
        ("RewriteRule a b [Lst]\n", "RewriteRule: unknown flag 'Lst'"),
        ("RewriteRule a b L\n", "RewriteRule: bad flag delimiters"),
        ("RewriteRule a\n", "RewriteRule: bad argument line 'a'"),
        ("ErrorDocument 999 x\n", "Unsupported HTTP response code 999"),
        ("Options Indexes -ExecCGI\n", "Either all Options must start with + or -, or no Option may."),
        ("Require valid-usr\n", "Unknown Authz provider: valid-usr"),
        ("DocumentRoot /x\n", "DocumentRoot not allowed here"),
        (
            "\ufeffRewriteEngine On\n",
            "Invalid command '\\xef\\xbb\\xbfRewriteEngine', perhaps misspelled or defined by a module not included in the server "
            "configuration",
        ),
    ],
)
def test_htaccess_with_a_mistake_answers_500_and_says_so(fetch: Fetch, site: PracticeSite, content: str, message: str) -> None:
    file = site.home / "www/.htaccess"
    file.write_text(content)
    seen = fetch("/")
    (line,) = error_lines(site)
    assert (seen.status, b"<h1>Internal Server Error</h1>" in seen.body) == (500, True)
    assert LINE.fullmatch(line)
    assert "[core:alert]" in line
    assert line.endswith(f"] {file}: " + message.format(file=file))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# RewritEngine On\r\n\r\nRewriteEngine On\r\n",
        "<IfModule mod_rewrite.c>\nRewriteEngine On\n",
        "<IfModule mod_rewrite.c>\n<Files x>\n",
        "<IfModule mod_php.c>\nphp_value a b\n<IfModule x.c>\nFoo\n</IfModule>\n</IfModule>\n",
        "<IfModule !mod_rewrite.c>\nFoo\n</IfModule>\n",
        "Options \\\n -Indexes\n",
    ],
)
def test_htaccess_without_a_mistake_answers_200(fetch: Fetch, site: PracticeSite, content: str) -> None:
    (site.home / "www/.htaccess").write_text(content)
    assert (fetch("/").status, error_lines(site)) == (200, [])


def test_htaccess_of_a_folder_breaks_that_folder_only(fetch: Fetch, site: PracticeSite) -> None:
    (site.home / "www/css/.htaccess").write_text("Foo\n")
    (site.home / "www/css/.htaccess").chmod(0o604)
    assert (fetch("/css/shop.css").status, fetch("/").status) == (500, 200)


def test_wordpress_style_permalinks_are_served(fetch: Fetch, site: PracticeSite) -> None:
    (site.home / "www/.htaccess").write_text(
        "RewriteEngine On\nRewriteBase /\nRewriteRule ^index\\.php$ - [L]\nRewriteCond %{REQUEST_FILENAME} !-f\n"
        "RewriteCond %{REQUEST_FILENAME} !-d\nRewriteRule . /index.php [L]\n"
    )
    assert b"Welcome" in fetch("/any/where").body
    assert b"body {" in fetch("/css/shop.css").body


def test_rewrite_loop_answers_500(fetch: Fetch, site: PracticeSite) -> None:
    (site.home / "www/.htaccess").write_text("RewriteEngine On\nRewriteRule ^(.*)$ x/$1\n")
    assert fetch("/").status == 500
    assert "AH00124: Request exceeded the limit of 10 internal redirects" in error_lines(site)[0]


def test_redirects_and_refusals_of_rules_are_carried_out(fetch: Fetch, site: PracticeSite) -> None:
    (site.home / "www/.htaccess").write_text(
        "RewriteEngine On\nRewriteRule ^old$ /about.php?x=1 [R=301,L]\nRewriteRule ^no$ - [F]\n"
        "RewriteCond %{QUERY_STRING} ^k=(\\w+)$ [OR]\nRewriteCond %{HTTP_USER_AGENT} bot\nRewriteRule ^c$ /%1.php? [L]\n"
    )
    old = fetch("/old")
    assert (old.status, old.headers["Location"]) == (301, "/about.php?x=1")
    assert fetch("/no").status == 403
    assert fetch("/c?k=about").status == 200
    assert fetch("/c").status == 404


def test_require_all_denied_answers_403(fetch: Fetch, site: PracticeSite) -> None:
    (site.home / "www/.htaccess").write_text('<Files "about.php">\nRequire all denied\n</Files>\n')
    assert (fetch("/about.php").status, fetch("/").status) == (403, 200)
    assert error_lines(site)[0].endswith(f"AH01630: client denied by server configuration: {site.home}/www/about.php")


def test_error_document_is_shown_with_the_status_of_the_error(fetch: Fetch) -> None:
    seen = fetch("/nothing-here")
    assert (seen.status, b"There is no such page" in seen.body) == (404, True)


@pytest.mark.parametrize(("mode", "what"), [(0o666, "file"), (0o624, "file"), (0o606, "file")])
def test_script_writable_by_others_answers_500(fetch: Fetch, site: PracticeSite, mode: int, what: str) -> None:
    script = site.home / "www/index.php"
    script.chmod(mode)
    seen = fetch("/")
    lines = error_lines(site)
    assert seen.status == 500
    assert all(LINE.fullmatch(line) for line in lines)
    assert "[cgid:error]" in lines[0]
    assert "suexec policy violation: see suexec log for more details" in lines[0]
    assert lines[1].endswith("] End of script output before headers: index.php")
    assert f"{what} is writable by others: ({script})" in (site.home / "logs/suexec.log").read_text()
    script.chmod(0o604)
    assert fetch("/").status == 200


def test_folder_writable_by_others_answers_500(fetch: Fetch, site: PracticeSite) -> None:
    (site.home / "www").chmod(0o777)
    assert fetch("/").status == 500
    assert f"directory is writable by others: ({site.home}/www)" in (site.home / "logs/suexec.log").read_text()


@pytest.mark.parametrize(
    ("name", "mode", "code"),
    [("www/index.php", 0o600, "AH00132"), ("www", 0o700, "AH00035"), (".", 0o700, "AH00035"), ("www/.htaccess", 0o600, "AH00529")],
)
def test_unreadable_name_answers_403(fetch: Fetch, site: PracticeSite, name: str, mode: int, code: str) -> None:
    (site.home / name).chmod(mode)
    seen = fetch("/")
    (line,) = error_lines(site)
    assert (seen.status, "(13)Permission denied: [client 127.0.0.1:" in line, code in line) == (403, True, True)
    assert LINE.fullmatch(line)


def test_script_with_php_in_it_is_not_shown(fetch: Fetch, site: PracticeSite) -> None:
    (site.home / "www/index.php").write_text("<?php echo 'secret';")
    seen = fetch("/")
    assert (seen.status, b"secret" in seen.body) == (500, False)


@pytest.mark.parametrize(
    "path",
    [
        "/../practice.json",
        "/../../practice.json",
        "/%2e%2e/practice.json",
        "/css/../../logs/error.log",
        "/..%2f..%2fpractice.json",
        "/%00",
        "/%zz",
        "/.htaccess",
        "/css/",
        "/" + "a" * 300,
        "/%ff%fe",
        "//etc/passwd",
        "/index.php/",
        "*",
        "/~",
        "/?" + "q" * 5000,
        "http://127.0.0.1/about",
    ],
)
def test_odd_paths_give_no_secret_and_no_crash(fetch: Fetch, site: PracticeSite, path: str) -> None:
    seen = fetch(path)
    assert seen.status in ((200,) if path.startswith(("/?", "http")) else (400, 403, 404))
    assert site.password.encode() not in seen.body
    assert fetch("/").status == 200


def test_link_out_of_the_home_is_refused(fetch: Fetch, site: PracticeSite) -> None:
    (site.home / "www/out.txt").symlink_to(site.folder / "practice.json")
    (site.home / "www/up").symlink_to(site.folder)
    assert (fetch("/out.txt").status, fetch("/up/practice.json").status) == (403, 403)


def test_head_has_the_headers_and_no_body(fetch: Fetch) -> None:
    seen = fetch("/", method="HEAD")
    assert (seen.status, seen.body, int(seen.headers["Content-Length"]) > 100) == (200, b"", True)


@pytest.mark.parametrize(("method", "status"), [("POST", 200), ("OPTIONS", 200), ("DELETE", 501), ("BREW", 501)])
def test_other_methods_are_answered(fetch: Fetch, method: str, status: int) -> None:
    assert fetch("/", method=method, body=b"a=b").status == status


def test_malformed_requests_do_not_stop_the_server(fetch: Fetch, site: PracticeSite) -> None:
    for data in (
        b"\x16\x03\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"",
    ):
        with socket.create_connection(("127.0.0.1", site.web_port), timeout=5) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(100)
            assert answer == b"" or answer.startswith((b"HTTP/1", b"<!DOCTYPE")), data
    assert fetch("/").status == 200


def test_log_turns_over_when_it_is_full(tmp_path: object, site: PracticeSite) -> None:
    path = site.home / "logs/error.log"
    path.write_bytes(b"x" * (2 * 1024 * 1024))
    Logs(site.home / "logs").error("core:error", ("127.0.0.1", 1), "one\nline")
    assert path.with_name("error.log.1").stat().st_size == 2 * 1024 * 1024
    assert path.read_text().endswith("] one\\nline\n")


@pytest.mark.parametrize("address", ["0.0.0.0", "", "localhost", "::1"])  # noqa: S104 the refusal of it is what is tested
def test_other_addresses_are_refused(site: PracticeSite, address: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1 only"):
        PracticeWebServer(site.home, 0, address)
