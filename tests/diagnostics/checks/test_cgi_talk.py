# ruff: noqa: E501 (a script stays in one piece)
"""The line of a script that speaks before its header, and the one that counts on what only some visitors bring."""

from __future__ import annotations

import pytest

from tests.diagnostics.checks.test_cgi_code import found_in, seen_of
from tests.diagnostics.evidences import apache_line

PYTHON, PERL, SHELL = b"#!/usr/bin/env python3\n", b"#!/usr/bin/perl\n", b"#!/bin/sh\n"
HEADER = b'print("Content-Type: text/html")\nprint()\n'


def bad(text: str) -> str:
    return apache_line(f"malformed header from script 'run.cgi': Bad header: {text}", level="cgid:error")


@pytest.mark.parametrize(
    ("code", "said", "line"),
    [
        (PYTHON + b"import os\n" + HEADER + b"os.system('date +%Y')\nprint('<p>')\n", "2026", 5),
        (PYTHON + b"import subprocess\n" + HEADER + b"subprocess.run(['uname', '-sr'], check=True)\n", "Linux 6.1", 5),
        (PYTHON + b"import subprocess\n" + HEADER + b"subprocess.run(['a'], capture_output=True)\nsubprocess.call('id -un', shell=True)\n", "demo", 6),
        (PYTHON + b"print('<h1>Shop</h1>')\n" + HEADER, "<h1>Shop</h1>", 2),
        (PYTHON + b"name = 'a'\nprint(f'Hello {name}, well')\n" + HEADER, "Hello a, well", 3),
        (PYTHON + b"import os\n\nprint(os.getcwd())\n" + HEADER, "/home/demo/www", 4),
        (PYTHON + b"import os\n\nprint('Content-Type text/html')\nprint()\n", "Content-Type text/html", 4),
        (PERL + b"use strict;\n# print \"<html>\";\nprint \"Content-Type: text/html\\n\";\nprint \"<html><body>\\n\";\n", "<html><body>", 5),
        (PERL + b"my $a = `date`;\nprint $a;\nprint \"Content-Type: text/html\\n\\n\";\n", "Mon Nov 23", 3),
        (PERL + b"system('date');\nprint \"Content-Type: text/html\\n\\n\";\n", "Mon Nov 23", 2),
        (SHELL + b"# says when\ndate\necho 'Content-Type: text/html'\necho\n", "Mon Nov 23", 3),
        (SHELL + b"echo 'Content-Type: text/html'\necho '<p>Hello</p>'\necho\n", "<p>Hello</p>", 3),
        (SHELL + b"cat <<END\nContent-Type: text/html\n<html>\nEND\n", "<html>", 4),
    ],
)  # fmt: skip
def test_line_that_speaks_before_the_header_is_named(code: bytes, said: str, line: int) -> None:
    found = found_in(seen_of(code, bad(said)))
    assert (found.cause, found.path, found.line) == ("cgi-malformed-header", "www/cgi-bin/run.cgi", line)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (PYTHON + b"import shop\n" + HEADER, "<p>"),
        (PYTHON + b"import os, sys\nprint('Content-Type: text/html\\n', flush=True)\nos.system('date')\n", "Mon"),
        (SHELL + b"now=$(date)\n. ./settings.sh\necho 'Content-Type: text/html'\necho\n", "Mon Nov"),
    ],
)
def test_no_line_is_named_where_none_can_have_said_it(code: bytes, said: str) -> None:
    assert found_in(seen_of(code, bad(said))).line is None


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (PYTHON + b"import os, html\n\nsource = html.escape(os.environ['HTTP_REFERER'])\n" + HEADER, 4),
        (PYTHON + b"from os import environ\n" + HEADER + b"print(environ['PATH_INFO'])\n", 5),
        (PYTHON + b"import os\nuser = os.environ[\n    'REMOTE_USER']\n" + HEADER, 3),
        (PYTHON + b"import os, sys\ntext = sys.stdin.read(int(os.environ.get('CONTENT_LENGTH')))\n" + HEADER, 3),
        (PYTHON + b"import os\nparts = os.environ.get('PATH_INFO').split('/')\n" + HEADER, 3),
        (PYTHON + b"import os\nparts = os.getenv('HTTP_COOKIE').split(';')\n" + HEADER, 3),
        (PYTHON + b"import os\nif 'HTTP_REFERER' in os.environ:\n    a = os.environ['HTTP_REFERER']\nb = os.environ['HTTP_COOKIE']\n" + HEADER, 5),
        (PYTHON + b"import os\nif os.environ['HTTP_REFERER'].startswith('https'):\n    a = 1\n" + HEADER, 3),
        (PYTHON + b"import os\nfrom urllib.parse import parse_qs\nasked = parse_qs(os.environ['QUERY_STRING'])\npage = asked['page'][0]\n" + HEADER, 5),
        (b"#!/usr/bin/ruby\nputs 'a' # ENV.fetch('HTTP_COOKIE')\nuser = ENV.fetch('REMOTE_USER')\n", 3),
        (b"#!/bin/bash\nset -eu\necho Content-Type: text/plain\necho\necho \"$HTTP_REFERER\"\n", 5),
        (SHELL + b"who=${REMOTE_USER:?nobody}\necho Content-Type: text/plain\necho\n", 2),
    ],
)  # fmt: skip
def test_line_that_counts_on_what_only_some_visitors_bring_is_named(code: bytes, line: int) -> None:
    found = found_in(seen_of(code))
    assert (found.cause, found.path, found.line) == ("cgi-script-error", "www/cgi-bin/run.cgi", line) and 0.75 < found.confidence < 0.95


@pytest.mark.parametrize(
    "code",
    [
        PYTHON + b"import os\na = os.environ.get('HTTP_REFERER', '')\nb = os.environ['QUERY_STRING'] + os.environ['HTTP_HOST']\n" + HEADER,
        PYTHON + b"import os\ntry:\n    a = os.environ['HTTP_REFERER']\nexcept KeyError:\n    a = ''\n" + HEADER,
        PYTHON + b"import os\na = os.environ['HTTP_REFERER'] if 'HTTP_REFERER' in os.environ else ''\n" + HEADER,
        PYTHON + b"import os\nos.environ['HTTP_REFERER'] = 'a'\nb = os.environ['HTTP_REFERER']\n" + HEADER,
        PYTHON + b"import os\na = (os.environ.get('PATH_INFO') or '').split('/')\nb = int(os.environ.get('CONTENT_LENGTH', 0))\n" + HEADER,
        PYTHON + b"import os\nif os.environ.get('REMOTE_USER'):\n    a = os.environ['REMOTE_USER']\n" + HEADER,
        PYTHON + b"import os\nuser = os.environ.get('REMOTE_USER')\nif os.environ['REQUEST_METHOD'] == 'POST':\n    n = os.environ['CONTENT_LENGTH']\n" + HEADER,
        PYTHON + b"import os\na = 'HTTP_COOKIE' in os.environ and os.environ['HTTP_COOKIE']\n" + HEADER,
        PYTHON + b"import os\na = " + b"1+" * 3000 + b"1\nb = os.environ['QUERY_STRING']\n" + HEADER,
        SHELL + b"echo Content-Type: text/plain\necho\necho \"$HTTP_REFERER ${REMOTE_USER:-nobody}\"\n",
        b"#!/bin/bash\nset -eu\necho Content-Type: text/plain\necho\necho \"${HTTP_REFERER:-}\"\n",
    ],
)  # fmt: skip
def test_script_that_can_do_without_is_not_blamed(code: bytes) -> None:
    assert found_in(seen_of(code)).line is None
