"""Why a script failed: by its own words in whatever form of log, and by the files that it wants."""

from __future__ import annotations

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.findings import Finding
from tests.diagnostics.evidences import AT, apache_line, evidence

FOLDER = "/home/demo/www/cgi-bin"
STAMP = f"{AT:%a %b %d %H:%M:%S %Y}"
OLD = f"[{STAMP}] [error] [client 198.51.100.9] "  # as Apache 2.2 wrote
ENDED = f"{OLD}Premature end of script headers: run.cgi\n"
CODE = b"#!/usr/bin/perl\nuse strict;\nrun();\nprint 'a';\n"
Files = dict[str, bytes | tuple[bytes, int]]


def found_in(log: str | None, code: bytes = CODE, more: Files | None = None) -> Finding:
    files: Files = {"www/cgi-bin/run.cgi": (code, 0o705), **(more or {})}
    findings = run_checks(evidence(files, log, path="/cgi-bin/run.cgi")).findings
    return next(finding for finding in findings if finding.check == "cgi")


@pytest.mark.parametrize(
    "log",
    [
        f"{OLD}Can't locate form-lib.pl in @INC (@INC entries checked: /etc/perl /usr/share/perl5) at {FOLDER}/run.cgi line 3.\n{ENDED}",
        f"{OLD}count.txt: Permission denied at run.cgi line 3.\n{ENDED}",
        f"{OLD}mod_fcgid: stderr: Undefined subroutine &main::run called at ./run.cgi line 3.\n{ENDED}",
        f"count.txt: No such file or directory at {FOLDER}/run.cgi line 3.\n{ENDED}",
        f"{OLD}{FOLDER}/run.cgi: 3: run: not found\n{ENDED}",
        f"{OLD}{FOLDER}/run.cgi: line 3: run: command not found\n{ENDED}",
        f"{OLD}run.cgi:3:in `<main>': undefined method `run' for main:Object (NoMethodError)\n{ENDED}",
        f'{OLD}Traceback (most recent call last):\n{OLD}  File "{FOLDER}/run.cgi", line 3, in <module>\n{OLD}NameError: run\n{ENDED}',
        f'Traceback (most recent call last):\n  File "{FOLDER}/run.cgi", line 3, in <module>\n    run()\n  File "/usr/lib/python3/x.py", '
        f"line 9, in run\nNameError: run\n{ENDED}",
        apache_line(f"AH01215: stderr from {FOLDER}/run.cgi: Died at {FOLDER}/run.cgi line 3.", level="cgi:error")
        + apache_line("AH01220: End of script output before headers: run.cgi", level="cgi:error"),
    ],
)
def test_words_of_a_script_name_its_line_in_every_form_of_log(log: str) -> None:
    found = found_in(log)
    assert (found.cause, found.path, found.line) == ("cgi-script-error", "www/cgi-bin/run.cgi", 3) and found.confidence >= 0.9


def test_library_of_the_account_that_fails_is_named_itself() -> None:
    said = f'syntax error at {FOLDER}/lib.pl line 7, near "}}" Compilation failed in require at {FOLDER}/run.cgi line 3.'
    found = found_in(f"{OLD}{said}\n{ENDED}", more={"www/cgi-bin/lib.pl": (b"1;\n", 0o604)})
    assert (found.cause, found.path, found.line) == ("cgi-script-error", "www/cgi-bin/lib.pl", 7)


def test_words_of_another_script_are_not_its_own() -> None:
    found = found_in(f"{OLD}Died at {FOLDER}/other.cgi line 9.\n{ENDED}", more={"www/cgi-bin/other.cgi": (CODE, 0o705)})
    assert (found.path, found.line) == ("www/cgi-bin/run.cgi", None)


LIB: Files = {"www/cgi-bin/form-lib.pl": (b"1;\n", 0o604), "www/cgi-bin/My/Form.pm": (b"1;\n", 0o604)}
DATA: Files = {"www/cgi-bin/count.txt": (b"1\n", 0o444)}


@pytest.mark.parametrize(
    ("code", "more", "line"),
    [
        (b'#!/usr/bin/perl\n# a\nrequire "form-lib.pl";\nprint 1;\n', LIB, 3),
        (b"#!/usr/bin/perl -w\nuse strict;\nuse My::Form;\nprint 1;\n", LIB, 3),
        (b'#!/usr/bin/perl\nrequire "cgi-lib.pl";\nprint 1;\n', {}, 2),
        (b'#!/usr/bin/perl\nopen(my $f, ">>", "count.txt") or die "x: $!";\nprint 1;\n', DATA, 2),
        (b'#!/usr/bin/perl\nopen(COUNT, ">count.txt") || die;\nprint 1;\n', DATA, 2),
        (b'#!/usr/bin/perl\nopen(my $f, "<:utf8", "gone.txt") or die;\nprint 1;\n', {}, 2),
        (b"#!/usr/bin/env python3\nprint('a')\nf = open('count.txt', 'a')\n", DATA, 3),
        (b"#!/usr/bin/python3\nprint(open('gone.txt').read())\n", {}, 2),
        (b"#!/bin/sh\nset -e\necho 1 >> count.txt\n", DATA, 3),
    ],
)  # fmt: skip
@pytest.mark.parametrize("log", [ENDED, None])
def test_file_that_a_script_wants_and_does_not_get_is_named_by_its_line(code: bytes, more: Files, line: int, log: str | None) -> None:
    found = found_in(log, code, more)
    assert (found.cause, found.path, found.line) == ("cgi-script-error", "www/cgi-bin/run.cgi", line)


@pytest.mark.parametrize(
    ("code", "more"),
    [
        (b'#!/usr/bin/perl\nuse lib ".";\nrequire "form-lib.pl";\nprint 1;\n', LIB),
        (b'#!/usr/bin/perl -I.\nrequire "form-lib.pl";\nprint 1;\n', LIB),
        (b'#!/usr/bin/perl\nBEGIN { push @INC, "." }\nuse My::Form;\nprint 1;\n', LIB),
        (b"#!/usr/bin/perl\nuse Carp;\nuse POSIX;\nprint 1;\n", LIB),
        (b'#!/usr/bin/perl\nopen(my $f, "<", "count.txt") or die;\nprint 1;\n', DATA),
        (b'#!/usr/bin/perl\nopen(my $f, ">>", "count.txt");\nprint 1;\n', DATA),
        (b'#!/usr/bin/perl\nopen(my $f, "|/usr/sbin/sendmail -t") or die;\nprint 1;\n', {}),
        (b"#!/usr/bin/perl\nopen(my $f, '>', '/tmp/new.txt') or die;\nprint 1;\n", {}),
        (b"#!/bin/sh\necho 1 >> count.txt 2>/dev/null\n", DATA),
        (b"#!/bin/sh\nset -e\necho 1 >&2 2>/dev/null\n", DATA),
        (b"#!/usr/bin/python3\n# open('gone.txt')\nprint(open('new.txt', 'w'))\n", {}),
    ],
)  # fmt: skip
def test_file_that_a_script_gets_is_not_blamed(code: bytes, more: Files) -> None:
    assert found_in(ENDED, code, more).line is None
