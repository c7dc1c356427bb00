# ruff: noqa: E501 (a script stays in one piece)
"""Scripts that end without a word in any log: the line is told by what they use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.findings import Finding
from tests.diagnostics.checks.test_cgi_code import found_in, seen_of

PERL, TAINTED, PYTHON = b"#!/usr/bin/perl\n", b"#!/usr/bin/perl -wT\n", b"#!/usr/bin/env python3\n"
SAYS = b'print "Content-Type: text/html\\n\\n";\n'
QMAIL = "/var/qmail/bin/qmail-inject"


def told(code: bytes, there: dict[str, bool] | None = None, more: dict[str, bytes] | None = None) -> Finding:
    seen = seen_of(code, more=more)
    return found_in(replace(seen, existing=(*seen.existing, *(there or {}).items())))


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (PERL + b"open(MAIL, \"|/var/qmail/bin/qmail-inject -t\") or die 'no';\n" + SAYS, 2),
        (PERL + b'my $mailer = \'/var/qmail/bin/qmail-inject -t\';\n# send\nopen(MAIL, "|$mailer") || die "no $!";\n' + SAYS, 4),
        (PERL + b"our $mailer = \"/var/qmail/bin/qmail-inject\";\nopen(my $mail, '|-', $mailer, '-t') or die;\n" + SAYS, 3),
        (PERL + b"my $m = '/var/qmail/bin/qmail-inject';\n\n-x $m or die \"Cannot find $m\\n\";\n" + SAYS, 4),
        (PERL + b"my $m = '/var/qmail/bin/qmail-inject';\nunless (-e $m) { die 'no mailer' }\n" + SAYS, 3),
        (PERL + b"my $m = '/var/qmail/bin/qmail-inject';\ndie 'no mailer' unless -x $m;\n" + SAYS, 3),
        (PYTHON + b"import subprocess\n\nsubprocess.run(['/var/qmail/bin/qmail-inject', '-t'], input=b'', check=True)\nprint('a')\n", 4),
        (
            PYTHON
            + b"import subprocess\nMAILER = '/var/qmail/bin/qmail-inject'\nwith subprocess.Popen([MAILER, '-t']) as p:\n    print('a')\n",
            4,
        ),
    ],
)
def test_a_program_that_is_not_there_is_told_by_the_line_that_starts_it(code: bytes, line: int) -> None:
    sure = told(code, {QMAIL: False})
    assert (sure.cause, sure.line, sure.path) == ("cgi-script-error", line, "www/cgi-bin/run.cgi") and QMAIL in sure.summary
    assert told(code).line == line and told(code).confidence < sure.confidence  # where the host cannot be asked
    assert told(code, {QMAIL: True}).line is None


def test_a_program_that_every_host_has_or_that_may_be_missing_is_not_blamed() -> None:
    for code in (
        PERL + b"open(MAIL, '|/usr/sbin/sendmail -t') or die;\n" + SAYS,
        PERL + b"if (open(MAIL, '|/var/qmail/bin/qmail-inject')) { print MAIL 'a' }\n" + SAYS,
        PERL + b"# open(MAIL, '|/var/qmail/bin/qmail-inject') or die;\n" + SAYS,
    ):
        assert told(code).line is None


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (b"my $now = `date`;\n", 3),
        (b"# `date`\nsystem('date > /dev/null');\n", 4),
        (b"open(my $in, '-|', 'date') or die $!;\n", 3),
        (b"open(MAIL, '|/usr/sbin/sendmail -t');\n", 3),
        (b"my $now = `date`;\n$ENV{PATH} = '/usr/bin:/bin';\n", 3),
        (b"$ENV{'PATH'} = '/bin';\nmy $name = param('name');\nopen(OUT, \">>$name.txt\");\n", 5),
    ],
)
def test_the_line_that_taint_mode_refuses_is_told(lines: bytes, line: int) -> None:
    found = told(TAINTED + b"use strict;\n" + lines + SAYS)
    assert (found.cause, found.line) == ("cgi-script-error", line) and "-T" in found.summary
    assert told(PERL + b"use strict;\n" + lines + SAYS).line is None


@pytest.mark.parametrize(
    "lines",
    [
        b"$ENV{PATH} = '/usr/bin:/bin';\nmy $now = `date`;\n",
        b"local $ENV{'PATH'} = '/bin';\nsystem('date');\n",
        b"delete @ENV{qw(IFS CDPATH ENV BASH_ENV PATH)};\nsystem('/bin/date');\n",
        b"print 'the system is well';\n",
        b"$ENV{PATH} = '/bin';\nmy $name = param('n');\nif ($name =~ /^(\\w+)$/) { $name = $1 }\nopen(OUT, \">$name\");\n",
    ],
)
def test_a_script_that_taint_mode_lets_through_is_not_blamed(lines: bytes) -> None:
    assert told(TAINTED + lines + SAYS).line is None


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (
            b"import os\nhere = os.path.dirname(os.path.abspath(__file__))\nrows = open(os.path.join(here, 'texts.txt'), encoding='utf-8').read()\nprint(rows)\n",
            4,
        ),
        (b"with open('texts.txt') as file:\n    first = 1\n    for row in file:\n        print(row)\n", 4),
        (b"import csv\n\nfor row in csv.reader(open('texts.txt', newline='')):\n    print(row)\n", 4),
        (b"from pathlib import Path\nprint((Path(__file__).parent / 'texts.txt').read_text())\n", 3),
    ],
)
def test_a_text_in_other_letters_is_told_by_the_line_that_reads_it(lines: bytes, line: int) -> None:
    more = {"www/cgi-bin/texts.txt": "Grüße;Café\n".encode("cp1252")}
    found = told(PYTHON + lines, more=more)
    assert (found.cause, found.line) == ("cgi-script-error", line) and "texts.txt" in found.summary
    assert told(PYTHON + lines, more={"www/cgi-bin/texts.txt": "Grüße".encode()}).line is None
    assert told(PYTHON + lines.replace(b"encoding='utf-8'", b"encoding='latin-1'"), more=more).line in (None, line)


def test_letters_that_the_script_names_or_passes_over_are_read() -> None:
    more = {"www/cgi-bin/texts.txt": "Grüße".encode("cp1252")}
    for words in (b"encoding='cp1252'", b"errors='replace'", b"'rb'"):
        assert told(PYTHON + b"print(open('texts.txt', " + words + b").read())\n", more=more).line is None


def test_json_that_is_broken_is_told_by_the_line_that_reads_it() -> None:
    code = PYTHON + b"import json\n\nwith open('prices.json') as file:\n    prices = json.load(file)\nprint(prices)\n"
    assert told(code, more={"www/cgi-bin/prices.json": b'{"mug": 3,}'}).line == 5
    assert told(code, more={"www/cgi-bin/prices.json": b'{"mug": 3}'}).line is None


def test_a_script_that_is_well_is_not_looked_into() -> None:
    seen = seen_of(PERL + b"open(MAIL, '|/opt/x/y') or die;\n" + SAYS, log="", status=200)
    assert not [each for each in run_checks(seen).findings if each.check == "cgi"]
