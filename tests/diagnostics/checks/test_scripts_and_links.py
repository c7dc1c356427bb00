"""Scripts that the server does not run, PHP that it runs as scripts, and what lies behind links."""

from __future__ import annotations

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.facts.cgi_scripts import of_env, programs
from diagnostics.facts.gather import gather
from diagnostics.findings import Finding
from tests.diagnostics.evidences import AT, PATHS, apache_line, evidence, site
from tests.fakes import FakeHost, Node

PHP = b"<?php\nrequire __DIR__ . '/lib/boot.php';\n"


def first_of(host: FakeHost, path: str = "/", profile: str = "") -> Finding:
    return run_checks(gather(host, site(path=path), PATHS, profile, AT)).findings[0]


@pytest.mark.parametrize(
    ("line", "program"),
    [
        (b"#!/usr/bin/env python2.7\n", "python2.7"), (b"#!/usr/bin/env -S perl5.8 -w\n", "perl5.8"),
        (b"#! /bin/env LANG=C php5-cgi\n", "php5-cgi"),
        (b"#!/usr/bin/perl -w\n", ""), (b"#!/usr/bin/env\n", ""),
    ],
)  # fmt: skip
def test_program_that_env_is_to_find_is_read(line: bytes, program: str) -> None:
    assert of_env(line) == program
    assert all(path.endswith(f"/{program}") for path in programs(line)) == bool(program)


@pytest.mark.parametrize(("protocol", "sure"), [("ssh", 0.9), ("ftp", 0.6)])
def test_program_that_env_does_not_find_is_missing(protocol: str, sure: float) -> None:
    files = {"www/cgi-bin/run.cgi": (b"#!/usr/bin/env python2.7\nprint 'a'\n", 0o705)}
    found = run_checks(evidence(files, None, path="/cgi-bin/run.cgi", protocol=protocol)).findings[0]
    assert (found.cause, found.line) == ("cgi-interpreter-missing", 1) and found.confidence >= sure


@pytest.mark.parametrize(
    ("first", "is_usual"), [("/usr/bin/perl -w", True), ("/bin/sh", True), ("/usr/bin/perl-w", False), ("perl", False)]
)
def test_program_at_an_unusual_place_is_probably_missing_where_that_cannot_be_looked_up(first: str, is_usual: bool) -> None:
    files = {"www/cgi-bin/run.cgi": (f"#!{first}\nprint 'a'\n".encode(), 0o705)}
    found = run_checks(evidence(files, None, path="/cgi-bin/run.cgi", protocol="ftp")).findings[0]
    assert (found.cause == "cgi-interpreter-missing") is not is_usual


@pytest.mark.parametrize(
    ("program", "mode", "is_one"),
    [
        (b"\x7fELF\x02\x01\x01", 0o755, True), (b"#!/bin/sh\n", 0o755, True), (b"\x7fELF\x02", 0o644, False),
        (b"vm\n", 0o755, False), (b"", 0o755, False), (None, 0, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_link", [False, True])
def test_program_of_the_first_line_is_one_that_can_be_run(program: bytes | None, mode: int, is_one: bool, is_link: bool) -> None:
    real = "/opt/tools/lua-5" if is_link else "/opt/tools/lua"
    given: dict[str, bytes | tuple[bytes, int]] = {f"{real}/kept" if program is None else real: (program or b"", mode or 0o644)}
    script = {"/home/demo/www/cgi-bin/run.cgi": (b"#!/opt/tools/lua\nprint('a')\n", 0o705)}
    host = FakeHost(given | script, links={"/opt/tools/lua": "lua-5"} if is_link else {}, protocol="ssh")
    found = first_of(host, "/cgi-bin/run.cgi")
    assert ((found.cause, found.line) == ("cgi-interpreter-missing", 1)) is not is_one


@pytest.mark.parametrize(("script", "folder"), [((0, 0), (1000, 1000)), ((1000, 33), (1000, 1000)), ((1000, 1000), (0, 0))])
def test_script_or_folder_of_another_owner_is_not_run(script: tuple[int, int], folder: tuple[int, int]) -> None:
    run = Node(content=b"#!/bin/sh\necho a\n", mode=0o705, uid=script[0], gid=script[1])
    host = FakeHost({"/home/demo/www/cgi-bin/run.cgi": run, "/home/demo/www/index.html": b"a", "/home/demo/www/b.html": b"b"})
    host.nodes["/home/demo/www/cgi-bin"].uid, host.nodes["/home/demo/www/cgi-bin"].gid = folder
    found = first_of(host, "/cgi-bin/run.cgi")
    wrong = "www/cgi-bin/run.cgi" if script != (1000, 1000) else "www/cgi-bin"
    assert (found.cause, found.path, found.repairs) == ("cgi-not-executable", wrong, ())


def test_script_that_ran_and_said_why_is_believed_whoever_owns_it() -> None:
    said = apache_line("AH01215: Can't locate No/Such.pm in @INC at /home/demo/www/cgi-bin/run.pl line 3.", client="192.0.2.7:4711")
    run = Node(content=b"#!/usr/bin/perl\nuse No::Such;\nprint 'a';\n", mode=0o705, uid=1000, gid=33)
    host = FakeHost({"/home/demo/www/cgi-bin/run.pl": run, "/home/demo/logs/error.log": Node(content=said.encode(), mtime=AT.timestamp())})
    seen = gather(host, site(path="/cgi-bin/run.pl"), PATHS, "", AT)
    assert all(
        "another user" not in finding.summary for finding in run_checks(seen).findings if seen.error_log and seen.error_log[0].paired
    )


def test_script_without_fault_and_without_a_log_is_still_named() -> None:
    found = run_checks(evidence({"www/cgi-bin/run.cgi": (b"#!/bin/sh\nexit 1\n", 0o705)}, None, path="/cgi-bin/run.cgi")).findings[0]
    assert (found.cause, found.path) == ("cgi-no-output", "www/cgi-bin/run.cgi") and found.confidence < 0.7


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (b'<FilesMatch "\\.php$">\nSetHandler cgi-script\n</FilesMatch>\n', 2),
        (b"AddHandler fcgid-script .php .fcgi\n", 1),
        (b"Options +ExecCGI\nAddHandler php-own .php\nAction php-own /cgi-bin/php5\n", 2),
    ],
)
def test_php_that_is_run_as_a_script_fails_for_that_line(lines: bytes, line: int) -> None:
    found = run_checks(evidence({"www/.htaccess": lines, "www/index.php": (b"<?php echo 1;\n", 0o604)}, None)).findings[0]
    assert (found.cause, found.path, found.line) == ("htaccess-php-handler-override", "www/.htaccess", line)


@pytest.mark.parametrize("status", [404, 403, 500])
@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (b'<FilesMatch "\\.php$">\nSetHandler None\n</FilesMatch>\nAddHandler own .php\nAction own /cgi-bin/php5\n', 4),
        (b'RemoveHandler .php\n<Files "*.php">\nForceType own\nSetHandler own\n</Files>\nAction own /cgi-bin/php.cgi\n', 4),
        (b"AddType application/x-httpd-own .php\nAction application/x-httpd-own /cgi-sys/php5\n", 1),
        (b"AddHandler own .php\nRemoveHandler .php\nAddHandler second .php\nAction second /php.fcgi\nAction own /there.cgi\n", 3),
    ],
)
def test_php_handed_to_a_program_that_is_gone_fails_for_that_line(lines: bytes, line: int, status: int) -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {
        "www/.htaccess": lines,
        "www/index.php": (b"<?php echo 1;\n", 0o644),
        "www/there.cgi": b"#!/bin/sh\n",
    }
    found = run_checks(evidence(files, None, status=status)).findings[0]
    assert (found.cause, found.path, found.line) == ("htaccess-php-handler-override", "www/.htaccess", line)


def test_php_handed_to_a_program_of_the_site_that_is_there_is_not_blamed_on_the_line() -> None:
    lines = b"AddHandler own .php\nAction own /cgi-bin/php5\n"
    files: dict[str, bytes | tuple[bytes, int]] = {
        "www/.htaccess": lines,
        "www/cgi-bin/php5": (b"#!/bin/sh\nexec /usr/bin/php-cgi\n", 0o755),
    }
    assert not [finding for finding in run_checks(evidence(files, None)).findings if finding.check == "php-as-script"]


@pytest.mark.parametrize(
    "lines",
    [
        b'<FilesMatch "\\.cgi$">\nSetHandler cgi-script\n</FilesMatch>\n', b"AddHandler cgi-script .cgi .pl\n",
        b"AddHandler cgi-script .php\n<FilesMatch \"\\.php$\">\nSetHandler application/x-httpd-php\n</FilesMatch>\n",
    ],
)  # fmt: skip
def test_php_that_is_not_run_as_a_script_is_not_blamed_on_a_handler(lines: bytes) -> None:
    findings = run_checks(evidence({"www/.htaccess": lines, "www/index.php": (b"<?php echo 1;\n", 0o604)}, None)).findings
    assert not [finding for finding in findings if finding.check == "php-as-script"]


@pytest.mark.parametrize("lines", [b"AddHandler cgi-script .html\n", b"SetHandler cgi-script\n", b"AddHandler type-map .html .htm\n"])
def test_page_that_is_run_as_a_script_fails_for_that_line(lines: bytes) -> None:
    host = FakeHost({"/home/demo/www/.htaccess": lines, "/home/demo/www/index.html": b"<h1>A</h1>"})
    found = first_of(host)
    assert (found.cause, found.path, found.line) == ("cgi-not-executable", "www/.htaccess", 1)


def test_handler_that_hangs_on_a_module_nobody_knows_is_less_sure() -> None:
    lines = b"<IfModule mod_nothing.c>\nAddHandler cgi-script .php\n</IfModule>\n"
    found = run_checks(evidence({"www/.htaccess": lines, "www/index.php": (b"<?php echo 1;\n", 0o604)}, None)).findings[0]
    assert found.cause == "htaccess-php-handler-override" and found.confidence < 0.7


@pytest.mark.parametrize("protocol", ["ssh", "ftp"])
def test_folder_behind_a_link_that_is_shut_is_the_one_to_open(protocol: str) -> None:
    log = apache_line(
        "AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Error: Failed opening required '/home/demo/www/lib/boot.php' "
        "(include_path='.') in /home/demo/www/index.php:2'"
    )
    host = FakeHost(
        {
            "/home/demo/www/index.php": PHP,
            "/home/demo/shared/boot.php": b"<?php\n",
            "/home/demo/logs/error.log": Node(content=log.encode(), mtime=AT.timestamp()),
        },
        links={"/home/demo/www/lib": "../shared"},
        protocol=protocol,
    )
    host.nodes["/home/demo/shared"].mode = 0
    found = first_of(host)
    assert (found.cause, found.path) == ("folder-not-traversable", "shared")


@pytest.mark.parametrize(
    ("mode", "target", "sure"),
    [(0o644, "../../private/run.cgi", 0.94), (0o755, "../../private/run.cgi", 0.85), (0o755, "../gone.cgi", 0.94)],
)
def test_script_that_is_a_link_is_not_run(mode: int, target: str, sure: float) -> None:
    host = FakeHost(
        {"/home/demo/private/run.cgi": (b"#!/bin/sh\necho a\n", mode), "/home/demo/www/index.html": b"a"},
        links={"/home/demo/www/cgi-bin/run.cgi": target},
        protocol="ssh",
    )
    found = first_of(host, "/cgi-bin/run.cgi")
    assert (found.cause, found.path, round(found.confidence, 2)) == ("cgi-not-executable", "www/cgi-bin/run.cgi", sure)


@pytest.mark.parametrize(("mode", "cause"), [(0o755, "cgi-script-error"), (0o644, "cgi-interpreter-missing")])
def test_program_that_may_not_be_run_is_none(mode: int, cause: str) -> None:
    files = {"/home/demo/www/cgi-bin/run.cgi": (b"#!/home/demo/bin/own\necho a\n", 0o755), "/home/demo/bin/own": (b"#!/bin/sh\n", mode)}
    assert first_of(FakeHost(files, protocol="ssh"), "/cgi-bin/run.cgi").cause == cause


@pytest.mark.parametrize(("protocol", "path"), [("ssh", "www/lib"), ("ftp", "www/index.php")])
def test_library_behind_a_link_to_nothing_leads_to_the_link(protocol: str, path: str) -> None:
    log = apache_line(
        "AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Error: Failed opening required '/home/demo/www/lib/boot.php' "
        "(include_path='.') in /home/demo/www/index.php:2'"
    )
    files = {"/home/demo/www/index.php": PHP, "/home/demo/logs/error.log": Node(content=log.encode(), mtime=AT.timestamp())}
    found = first_of(FakeHost(files, links={"/home/demo/www/lib": "lib"}, protocol=protocol))
    assert (found.cause, found.path) == ("php-missing-file", path)


def test_page_of_a_script_is_not_the_start_scripts_own_answer() -> None:
    files = {"www/cgi-bin/run.pl": (b"#!/usr/bin/perl\nprint 'a';\n", 0o755), "www/index.php": (b"<?php echo 1;\n", 0o604)}
    assert all(finding.path != "www/index.php" for finding in run_checks(evidence(files, "", path="/cgi-bin/run.pl")).findings)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (b"#!/bin/sh\n# . ./other.sh\n. ./config.sh\necho a\n", 3),
        (b"#!/usr/bin/perl\nuse strict;\nrequire './lib/config.pl';\nprint 'a';\n", 3),
        (b"#!/bin/sh\nset -e\ncat ./head.txt\n", 3),
        (b"#!/bin/sh\n. ./there.sh\necho a\n", None), (b"#!/bin/sh\necho ./config.sh\ncat > ./new.txt\n", None),
    ],
)  # fmt: skip
def test_file_that_a_script_reads_and_that_is_not_there_is_named(source: bytes, line: int | None) -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {"www/cgi-bin/run.cgi": (source, 0o705), "www/cgi-bin/there.sh": b"a=1\n"}
    log = apache_line("End of script output before headers: run.cgi", level="cgid:error")
    found = run_checks(evidence(files, log, path="/cgi-bin/run.cgi")).findings[0]
    assert (found.cause, found.line) == ("cgi-script-error", line)


@pytest.mark.parametrize(("target", "cause"), [(".htaccess", "htaccess-unreadable"), ("../shared/rules", "")])
def test_htaccess_that_is_a_link_is_read_by_the_server_where_it_leads_to_a_file(target: str, cause: str) -> None:
    host = FakeHost(
        {"/home/demo/www/index.html": b"a", "/home/demo/shared/rules": b"Options -Indexes\n"},
        links={"/home/demo/www/.htaccess": target},
        protocol="ftp",
    )
    seen = gather(host, site(status=403), PATHS, "", AT)
    found = [finding.cause for finding in run_checks(seen).findings if finding.check == "htaccess-unreadable"]
    assert found == ([cause] if cause else [])


@pytest.mark.parametrize(
    ("logged", "path"),
    [
        ("/var/www/clients/jail/u17/home/www/.htaccess", "www/.htaccess"),
        ("/var/www/clients/jail/u17/home/www/sub/www/.htaccess", "www/sub/www/.htaccess"),
        ("/var/www/clients/jail/u17/home/www/unlisted/.htaccess", "www/unlisted/.htaccess"),
    ],
)
def test_htaccess_that_is_not_listed_is_told_as_people_see_it_whatever_folders_the_server_has_above(logged: str, path: str) -> None:
    log = apache_line(
        f"AH00529: {logged} pcfg_openfile: unable to check htaccess file, ensure it is readable and that '/x/' is executable",
        level="core:crit",
    )
    files: dict[str, bytes | tuple[bytes, int] | Node] = {
        "/home/demo/www/index.html": b"a", "/home/demo/www/sub/www/index.html": b"a",
        "/home/demo/logs/error.log": Node(content=log.encode(), mtime=AT.timestamp()),
    }  # fmt: skip
    host = FakeHost(files, links={"/home/demo/www/.htaccess": ".htaccess"}, protocol="ftp")
    found = [each for each in run_checks(gather(host, site(status=403), PATHS, "", AT)).findings if each.check == "htaccess-unreadable"]
    assert [each.path for each in found] == [path]
