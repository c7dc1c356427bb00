"""Which modules a script asks for."""

from __future__ import annotations

from diagnostics.evidence import TextFile
from diagnostics.facts.cgi_modules import Asked, asked, read
from tests.fakes import FakeHost


def script(code: bytes) -> TextFile:
    return TextFile("www/cgi-bin/a.cgi", "/home/demo/www/cgi-bin/a.cgi", code, 0o755, 0.0)


PERL = script(b"#!/usr/bin/perl -w\nuse strict;\nuse POSIX;\nuse No::Such::Module qw(a b);\nuse File::Basename;\n")
PYTHON = script(b"#!/usr/bin/env python3\nimport os, urllib2 as u\nfrom no_such.module import a\nimport email.mime.text\n")


def test_connection_without_commands_asks_nothing() -> None:
    assert read(FakeHost({}, protocol="sftp"), (PERL,)) == () == read(FakeHost({}, protocol="ssh"), (PYTHON,))


def test_modules_are_named_with_their_lines_once() -> None:
    assert asked(PERL.content) == [Asked("POSIX", 3), Asked("No::Such::Module", 4), Asked("File::Basename", 5)]
    assert asked(PYTHON.content) == [Asked("os", 2), Asked("urllib2", 2), Asked("no_such", 3), Asked("email", 4)]
    assert asked(b"#!/bin/sh\nuse CGI;\nimport os\n") == []
