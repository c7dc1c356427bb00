from __future__ import annotations

import pytest

from diagnostics.htaccess.directives import nearest
from diagnostics.htaccess.lint import lint
from diagnostics.htaccess.regexes import why_broken
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
