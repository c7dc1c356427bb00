"""Scripts whose own text shows why they fail: lines that Python 3 does not read, and modules that the host does not have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from tests.diagnostics.evidences import apache_line, evidence

ENDED = apache_line("AH01220: End of script output before headers: run.cgi", level="cgi:error")
Told = tuple[tuple[str, str, bool], ...]


def seen_of(code: bytes, log: str | None = ENDED, more: dict[str, bytes] | None = None, *, status: int = 500) -> Evidence:
    files: dict[str, bytes | tuple[bytes, int]] = {"www/cgi-bin/run.cgi": (code, 0o705), **(more or {})}
    return evidence(files, log, path="/cgi-bin/run.cgi", status=status)


def found_in(seen: Evidence) -> Finding:
    return next(finding for finding in run_checks(seen).findings if finding.check == "cgi")


@pytest.mark.parametrize("program", [b"/usr/bin/python3", b"/usr/bin/env python3"])
@pytest.mark.parametrize(
    ("code", "line"),
    [
        (b'import os\nprint "Content-Type: text/html"\nprint\n', 3),
        (b"name = 'a'\nif name: print name\n", 3),
        (b"import sys\n\nprint >>sys.stderr, 'a', \"b\"\nprint 'c'\n", 5),
        (b"try:\n    a = 1\nexcept KeyError, e:\n    a = 2\n", 4),
        (b"try:\n    a = 1\nexcept (KeyError, OSError), error:\n    a = 2\n", 4),
        (b"a = 1\nexec 'b = 2'\n", 3),
        (b"a = 1\nprint(`a`)\n", 3),
        (b"def a():\n    raise ValueError, 'no'\n", 3),
        (b"import os\nos.chmod('a', 0755)\n", 3),
        (b"a = 10L\n", 2),
        (b"a = ur'b'\n", 2),
        (b"if 1 <> 2:\n    pass\n", 2),
        (b"b = sorted([], key=lambda (x, y): y)\n", 2),
        (b"def a(b, (c, d)):\n    return c\n", 2),
        (b"if True:\n        a = 1\n\tb = 2\n", 4),
    ],
)
def test_line_of_python_2_in_a_script_for_python_3_is_named(program: bytes, code: bytes, line: int) -> None:
    found = found_in(seen_of(b"#!" + program + b"\n" + code))
    assert (found.cause, found.path, found.line) == ("cgi-script-error", "www/cgi-bin/run.cgi", line)
    assert found.confidence >= 0.94 and "Python 2" in found.summary


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (b"print('a'\nprint('b')\n", 2),
        (b"if True\n    print('a')\n", 2),
        (b"def a():\nprint('b')\n", 3),
        (b"a = 1\nb = 'caf\xe9'\n", 3),
        (b"<<<<<<< HEAD\na = 1\n", 2),
    ],
)
@pytest.mark.parametrize("log", [ENDED, None])
def test_line_that_no_python_reads_is_named(code: bytes, line: int, log: str | None) -> None:
    found = found_in(seen_of(b"#!/usr/bin/python3\n" + code, log))
    assert (found.cause, found.line) == ("cgi-script-error", line) and 0.8 <= found.confidence < 0.95


@pytest.mark.parametrize(
    "code",
    [
        b"#!/usr/bin/python3\n# print 'a'\ntext = '''\nprint 'a'\nexcept KeyError, e:\n'''\nprint (text)\nprint\n",
        b"#!/usr/bin/python3\nimport sys\nprint(f'{sys.argv}', file=sys.stderr)\nprint(0o755, 0, 00, 1_000)\n",
        b"#!/usr/bin/python3\nprint(f'{f'{1}'}')\n",
        b"#!/usr/bin/python3\n" + b"(" * 50_000,
        b"#!/bin/sh\nprint 'a'\necho b\n",
    ],
)
def test_script_that_its_program_reads_is_not_blamed(code: bytes) -> None:
    found = found_in(seen_of(code))
    assert found.line is None or "nested" in found.summary


@pytest.mark.parametrize(
    ("code", "line", "at_least"),
    [
        (b"#!/usr/bin/perl -w\nuse strict;\nuse CGI qw(:standard);\nprint 1;\n", 3, 0.75),
        (b"#!/usr/bin/perl\nuse DBI;\nuse Switch;\nprint 1;\n", 3, 0.75),
        (b"#!/usr/bin/perl\nuse POSIX;\nuse Net::SMTP::SSL 1.0;\nprint 1;\n", 3, 0.7),
        (b"#!/usr/bin/perl\nuse IO::File;\nrequire MIME::Lite;\nprint 1;\n", 3, 0.7),
        (b"#!/usr/bin/python3\nimport os\nimport urllib2, sys\nprint(1)\n", 3, 0.9),
        (b"#!/usr/bin/python3\nimport os\nfrom ConfigParser import SafeConfigParser\nprint(1)\n", 3, 0.9),
        (b"#!/usr/bin/python3\nimport os\nimport MySQLdb as db\nprint(1)\n", 3, 0.7),
        (b"#!/usr/bin/python3\nimport os\nimport cgi\nprint(1)\n", 3, 0.7),
    ],
)
def test_module_that_many_hosts_do_not_have_is_named_as_likely(code: bytes, line: int, at_least: float) -> None:
    found = found_in(seen_of(code))
    assert (found.cause, found.line) == ("cgi-script-error", line) and at_least <= found.confidence < 0.95


@pytest.mark.parametrize(
    ("code", "told", "line"),
    [
        (b"#!/usr/bin/perl\nuse CGI;\nuse DBI;\nprint 1;\n", (("perl", "CGI", True), ("perl", "DBI", False)), 3),
        (b"#!/usr/bin/perl\nuse CGI;\nuse DBI;\nprint 1;\n", (("perl", "CGI", True), ("perl", "DBI", True)), None),
        (b"#!/usr/bin/python3\nimport cgi\nimport requests\nprint(1)\n", (("python", "cgi", True), ("python", "requests", False)), 3),
        (b"#!/usr/bin/python3\nimport cgi\nprint(1)\n", (("python", "cgi", True),), None),
    ],
)
def test_what_the_host_said_of_its_modules_counts_more_than_what_is_likely(code: bytes, told: Told, line: int | None) -> None:
    found = found_in(replace(seen_of(code), modules=told))
    assert found.line == line and (found.confidence >= 0.95) is (line is not None)


@pytest.mark.parametrize(
    ("code", "more"),
    [
        (b"#!/usr/bin/perl\nuse strict;\nuse POSIX qw(strftime);\nuse Data::Dumper;\nuse JSON::PP;\nprint 1;\n", {}),
        (b"#!/usr/bin/perl\nuse lib '/home/demo/perl5';\nuse CGI;\nprint 1;\n", {}),
        (b"#!/usr/bin/perl\neval { require CGI; };\nprint 1;\n__END__\nuse CGI;\n", {}),
        (b"#!/usr/bin/perl\nprint 1;\n=head1 A\n\nuse CGI;\n\n=cut\nprint 2;\n", {}),
        (b"#!/usr/bin/python3\ntry:\n    import urllib2\nexcept ImportError:\n    pass\nprint(1)\n", {}),
        (b"#!/usr/bin/python3\nimport commands\nprint(1)\n", {"www/cgi-bin/commands.py": b"a = 1\n"}),
        (b"#!/usr/bin/python3\nimport sys\nsys.path.insert(0, '/home/demo/lib')\nimport flask\nprint(1)\n", {}),
    ],
)  # fmt: skip
def test_module_that_is_there_or_not_needed_is_not_blamed(code: bytes, more: dict[str, bytes]) -> None:
    assert found_in(seen_of(code, more=more)).line is None


def test_script_of_a_site_that_is_well_is_not_blamed() -> None:
    assert [each for each in run_checks(seen_of(b"#!/usr/bin/python3\nprint 'a'\n", status=200)).findings if each.check == "cgi"] == []
