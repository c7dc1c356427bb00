"""What of a .htaccess can be taken out by itself: rules with their conditions, sections as a whole, nothing that keeps visitors out."""

from __future__ import annotations

import http.client
import time
from pathlib import Path

import pytest

from diagnostics.htaccess.lint import lint
from diagnostics.htaccess.parser import parse
from diagnostics.trying.units import Unit, units_of, without
from tests.lab.apache import apache, why_missing
from tests.lab.hosting import HTACCESS


def numbers(content: bytes) -> list[tuple[int, ...]]:
    return [unit.numbers for unit in units_of("www/.htaccess", parse(content))]


def every(units: tuple[Unit, ...]) -> list[Unit]:
    return [each for unit in units for each in (unit, *every(unit.inner))]


def test_rule_goes_with_its_conditions() -> None:
    content = (
        b"RewriteEngine On\nRewriteCond %{HTTPS} off\n# why\nRewriteCond %{HTTP_HOST} a\nRewriteRule ^ /a [L]\nRewriteRule ^b /c [L]\n"
    )
    assert numbers(content) == [(1,), (2, 4, 5), (6,)]


def test_rules_that_count_on_each_other_go_together() -> None:
    content = b"RewriteEngine On\nRewriteRule ^a /b [C]\nRewriteRule ^b /c\nDirectoryIndex a.html\nRewriteRule ^d /e [S=1]\n"
    assert numbers(content) == [(1,), (2, 3, 5), (4,)]


def test_section_is_taken_as_a_whole_or_in_its_parts() -> None:
    content = b"<IfModule mod_headers.c>\nHeader set A b\n\nHeader set C d\n</IfModule>\nAddType a/b .c\n"
    units = units_of("x", parse(content))
    assert [unit.numbers for unit in units] == [(1, 2, 4, 5), (6,)]
    assert [unit.numbers for unit in units[0].inner] == [(2,), (4,)]
    assert without(parse(content), units[:1]).startswith(
        b"# <IfModule mod_headers.c>\n# Header set A b\n\n# Header set C d\n# </IfModule>\nAdd"
    )


def test_branches_of_a_condition_go_together() -> None:
    content = b'<If "true">\nHeader set A b\n</If>\n# or\n<ElseIf "false">\nHeader set A c\n</ElseIf>\n<Else>\nHeader set A d\n</Else>\n'
    units = units_of("x", parse(content))
    assert [unit.numbers for unit in units] == [(1, 2, 3, 5, 6, 7, 8, 9, 10)]
    assert [unit.numbers for unit in units[0].inner] == [(2,), (6,), (9,)]


@pytest.mark.parametrize(
    "content",
    [
        b"Require all denied\n",
        b"AuthType Basic\nAuthName x\nAuthUserFile /x\nRequire valid-user\n",
        b"Requir all denied\n",
        b"RewriteEngine On\nRewriteCond %{REMOTE_ADDR} !^10\\.\nRewriteRule ^ - [F]\n",
        b"<Files wp-config.php>\nOrder allow,deny\nDeny from all\n</Files>\n",
        b"Options -Indexes\n",
    ],
)
def test_what_keeps_visitors_out_is_never_taken_out(content: bytes) -> None:
    assert numbers(content) == []


def test_other_lines_of_a_section_that_keeps_visitors_out_may_go() -> None:
    content = b"<FilesMatch x>\nRequire all denied\nHeader set A b\n</FilesMatch>\n"
    assert numbers(content) == [(3,)]


def test_section_that_is_not_closed_does_not_swallow_the_rest() -> None:
    assert numbers(b"<IfModule a.c>\nHeader set A b\n<IfModule b.c>\nHeader set C d\n</Foo>\n") == [(1,), (2,), (3,), (4,), (5,)]


def test_file_of_thousands_of_rules_takes_a_moment() -> None:
    content = b"RewriteEngine On\n" + b"RewriteCond %{HTTP_HOST} a\nRewriteRule ^b /c [L]\n" * 4000
    began = time.process_time()
    assert len(numbers(content)) == 4001
    assert time.process_time() - began < 4


def test_any_part_taken_out_leaves_a_file_that_the_linter_finds_no_worse() -> None:
    document = parse(HTACCESS)
    for unit in every(units_of("x", document)):
        after = without(document, [unit])
        assert not any(fault.sure for fault in lint(after)) and len(parse(after).lines) == len(document.lines)


@pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "none")
def test_any_part_taken_out_leaves_a_file_that_apache_takes(open_folder: Path) -> None:
    docroot = open_folder / "www"
    docroot.mkdir(mode=0o755)
    (docroot / "index.html").write_text("well")
    document = parse(HTACCESS + b"<If \"%{QUERY_STRING} == 'x'\">\nHeader set A b\n</If>\n<Else>\nHeader set A c\n</Else>\n")
    with apache(docroot, open_folder / "logs") as web:
        host = web.url.removeprefix("http://")
        for unit in every(units_of("x", document)):
            (docroot / ".htaccess").write_bytes(without(document, [unit]))
            connection = http.client.HTTPConnection(host, timeout=5)
            connection.request("GET", "/index.html")
            assert connection.getresponse().status == 200, unit
            connection.close()
