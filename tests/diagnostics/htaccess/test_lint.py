from __future__ import annotations

import time

import pytest

from diagnostics.htaccess.directives import nearest
from diagnostics.htaccess.expressions import why_wrong
from diagnostics.htaccess.lint import first_refused, lint
from diagnostics.htaccess.regexes import search, why_broken
from diagnostics.htaccess.server import ServerKnowledge
from tests.diagnostics.htaccess.corpus import FAULTY, SOUND
from tests.diagnostics.htaccess.differing import SERVER


@pytest.mark.parametrize("name", SOUND)
def test_sound_file_has_no_sure_fault(name: str) -> None:
    assert [fault for fault in lint(SOUND[name]) if fault.sure] == []
    assert [fault for fault in lint(SOUND[name], SERVER) if fault.sure] == []


@pytest.mark.parametrize("name", FAULTY)
def test_fault_is_named_with_cause_and_line(name: str) -> None:
    content, cause, line = FAULTY[name]
    sure = [fault for fault in lint(content, SERVER) if fault.sure]
    assert (sure[0].cause, sure[0].line) == (cause, line)


def test_directive_of_a_module_not_known_about_is_never_a_sure_fault() -> None:
    assert not any(fault.sure for fault in lint(b"RewriteEngine On\nphp_value x 1\nSecRuleEngine Off\nOrder allow,deny\n"))


def test_override_that_the_host_forbids_is_not_allowed() -> None:
    server = ServerKnowledge(loaded=SERVER.loaded, overrides=frozenset({"FileInfo"}))
    assert [fault.cause for fault in lint(b"Options -Indexes\nErrorDocument 404 /x\n", server)] == ["htaccess-directive-not-allowed"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("RewritEngine", "RewriteEngine"), ("Rewriterul", "RewriteRule"), ("ErorDocument", "ErrorDocument"), ("foobarbaz", ""), ("xyz", "")],
)
def test_nearest_names_the_word_that_was_meant(word: str, meant: str) -> None:
    assert nearest(word) == meant


@pytest.mark.parametrize(
    "pattern", ["", "a{,3}", "[]]", "[^]]", "a{2}?", "(?<n>x)", "(?i)a", "a|*"[:2], "\\(", "[a\\]b]", "^(?!x).*$", "a{x}"]
)
def test_pattern_that_pcre_reads_is_left_alone(pattern: str) -> None:
    assert why_broken(pattern) == ""


@pytest.mark.parametrize("pattern", ["(", ")", "[a", "*a", "a|*", "(+a)", "x\\", "[z-a]", "{2}a"[:0] + "+"])
def test_pattern_that_pcre_refuses_is_named(pattern: str) -> None:
    assert why_broken(pattern)


@pytest.mark.parametrize(
    ("content", "server", "causes"),
    [
        (b"Options +ExecCGI\n", ServerKnowledge(options=frozenset({"indexes"})), ["htaccess-directive-not-allowed"]),
        (b"Options -Indexes\n", ServerKnowledge(options=frozenset({"indexes"})), []),
        (b"NoSuch x\n", ServerKnowledge(nonfatal=frozenset({"unknown"})), []),
        (b"ServerName x\n", ServerKnowledge(nonfatal=frozenset({"override"})), []),
        (b"NoSuch x\n", ServerKnowledge(overrides=frozenset()), []),  # AllowOverride None: the file is not read
        (b"<IfDefine LIVE>\nNoSuch x\n</IfDefine>\n", ServerKnowledge(defines=frozenset()), []),
        (b"<IfDefine LIVE>\nNoSuch x\n</IfDefine>\n", ServerKnowledge(defines=frozenset({"LIVE"})), ["htaccess-invalid-directive"]),
        (b"<IfDefine !LIVE>\nNoSuch x\n</IfDefine>\n", ServerKnowledge(), []),  # it is not known
        (b"<IfVersion >= 2.4.50>\nNoSuch x\n</IfVersion>\n", ServerKnowledge(version=(2, 4, 62)), ["htaccess-invalid-directive"]),
        (b"<IfVersion < 2.4>\nNoSuch x\n</IfVersion>\n", ServerKnowledge(), []),
        (b"<IfModule mod_rewrite>\nNoSuch x\n</IfModule>\n", ServerKnowledge(loaded=frozenset({"mod_rewrite"})), []),  # lacks its .c
        (b"<<<<<<< HEAD\nOptions -Indexes\n=======\nOptions +Indexes\n>>>>>>> other\n", ServerKnowledge(), ["htaccess-unclosed-section"]),
        ("\ufeffOptions -Indexes\n".encode("utf-16-le"), ServerKnowledge(), ["htaccess-byte-order-mark"]),
        (b"# " + b"x" * 9000 + b"\n", ServerKnowledge(), ["htaccess-bad-argument"]),
    ],
)
def test_what_is_known_of_the_server_decides(content: bytes, server: ServerKnowledge, causes: list[str]) -> None:
    first = first_refused(lint(content, server))
    assert ([first.cause] if first else []) == causes


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("%{HTTP_HOST} == 'a'", True),
        ("%{HTTP_HOST} =~ /^a\\.b$/i && -n %{QUERY_STRING}", True),
        ("%{REMOTE_ADDR} -ipmatch '10.0.0.0/8' || ! -f '/x'", True),
        ("%{REQUEST_URI} in {'/a', '/b'}", True),
        ("tolower(%{HTTP_HOST}) eq 'x'", True),
        ("%{HTTP_HOST} = ", False),
        ("%{HTP_HOST} == 'a'", False),
        ("%{HTTP_HOST} =~ /(/", False),
        ("(%{HTTP_HOST} == 'a'", False),
        ("lower(%{HTTP_HOST}) == 'a'", False),
        ("'open", False),
    ],
)
def test_expression_is_read_as_apache_reads_it(text: str, is_right: bool) -> None:
    assert (why_wrong(text) == "") is is_right


def test_pattern_that_takes_for_ever_is_given_up() -> None:
    began = time.process_time()
    assert search("(a+)+$", "a" * 5000 + "b") is None
    assert time.process_time() - began < 2
