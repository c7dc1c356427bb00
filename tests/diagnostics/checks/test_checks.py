"""First what must not be said, then each cause."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from diagnostics.causes import CAUSES
from diagnostics.checks import all_checks, run_checks
from diagnostics.evidence import Evidence
from diagnostics.findings import Severity
from diagnostics.repairs import all_repairs, plan_repair
from tests.diagnostics.evidences import AT, apache_line, evidence, first_plan, site
from tests.diagnostics.htaccess.corpus import FAULTY, SOUND

HTACCESS = "/home/demo/www/.htaccess: "
FATAL = (
    "AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function foo() in /home/demo/www/{path}:7\\nStack"
)


@pytest.mark.parametrize("name", SOUND)
def test_sound_htaccess_of_a_failing_site_is_not_blamed(name: str) -> None:
    found = run_checks(evidence({"www/.htaccess": SOUND[name]}, None)).findings
    assert [finding for finding in found if finding.cause.startswith("htaccess") and finding.severity is not Severity.NOTE
            and finding.confidence >= 0.6] == []  # fmt: skip


@pytest.mark.parametrize("name", [*SOUND, *FAULTY])
def test_site_that_is_well_has_nothing_above_a_note(name: str) -> None:
    content = SOUND[name] if name in SOUND else FAULTY[name][0]
    log = apache_line(HTACCESS + "Invalid command 'RewritEngine', perhaps misspelled") + apache_line(FATAL.format(path="index.php"))
    seen = evidence({"www/.htaccess": content, "www/a.php": (b"", 0o777), "www/img": (b"", 0o644)}, log, status=200)
    assert {finding.severity for finding in run_checks(seen).findings} <= {Severity.NOTE}


def test_tree_that_was_cut_off_is_told() -> None:
    seen = evidence({"www/a.php": b"", "www/b.php": b""}, None)
    told = [gap for gap in run_checks(replace(seen, tree_truncated=True)).inconclusive if gap.check == "tree"]
    assert len(told) == 1 and f"first {len(seen.tree)} files and folders" in told[0].missing
    assert "tree" not in {gap.check for gap in run_checks(seen).inconclusive}


def test_old_lines_of_the_log_prove_nothing() -> None:
    log = apache_line(HTACCESS + "Invalid command 'Foo', perhaps misspelled", AT - timedelta(hours=3))
    log += apache_line("something else")
    assert [f for f in run_checks(evidence({"www/.htaccess": b"# fine\n"}, log)).findings if f.severity is not Severity.NOTE] == []


def test_warnings_are_no_cause() -> None:
    log = apache_line("AH01071: Got error 'PHP message: PHP Warning:  Undefined variable $x in /home/demo/www/index.php on line 3'")
    assert run_checks(evidence({}, log)).findings == ()


def test_log_and_lint_together_are_certain() -> None:
    log = apache_line(HTACCESS + "Invalid command 'RewritEngine', perhaps misspelled or defined by a module not included")
    found = run_checks(evidence({"www/.htaccess": b"# a\n\nRewritEngine On\n"}, log)).findings[0]
    assert (found.cause, found.path, found.line, found.sureness) == ("htaccess-invalid-directive", "www/.htaccess", 3, "certain")
    assert found.repairs[0] == "correct-htaccess-line"


def test_lint_alone_is_likely_while_the_site_is_down() -> None:
    found = run_checks(evidence({"www/.htaccess": b"RewritEngine On\n"}, None)).findings[0]
    assert (found.cause, found.line, found.confidence) == ("htaccess-invalid-directive", 1, 0.8)


@pytest.mark.parametrize(
    ("server", "is_blamed"),
    [
        ("PHP/8.1.30 LiteSpeed", False),
        ("ASP.NET Microsoft-IIS/10.0", False),
        ("Apache/2.4", True),
        ("nginx", True),
        ("cloudflare", True),
        ("", True),
    ],
)
def test_servers_that_pass_over_what_they_do_not_know_in_htaccess_are_not_stopped_by_it(server: str, is_blamed: bool) -> None:
    seen = evidence({"www/.htaccess": b"php_value memory_limit 256M\nRewritEngine On\n"}, None)
    pages = tuple(replace(page, powered_by=server) for page in seen.site.pages)
    found = run_checks(replace(seen, site=replace(seen.site, pages=pages))).findings
    assert any(each.check == "htaccess-lint" and each.severity is not Severity.NOTE for each in found) == is_blamed


@pytest.mark.parametrize(("age_s", "sureness"), [(60, "likely"), (30 * 86_400, "possible")])
def test_old_syntax_that_worked_for_weeks_is_hardly_the_cause_of_what_began_just_now(age_s: int, sureness: str) -> None:
    seen = evidence({"www/.htaccess": b"<Files xmlrpc.php>\nOrder allow,deny\nDeny from all\n</Files>\n"}, None)
    assert isinstance(seen.tree, tuple)
    tree = tuple(replace(entry, mtime=AT.timestamp() - age_s) for entry in seen.tree)
    found = next(each for each in run_checks(replace(seen, tree=tree)).findings if each.cause == "htaccess-apache22-syntax")
    assert found.sureness == sureness


def test_log_line_about_a_fault_that_is_gone_is_not_believed() -> None:
    log = apache_line(HTACCESS + "Invalid command 'Foo', perhaps misspelled")
    assert run_checks(evidence({"www/.htaccess": b"Options -Indexes\n"}, log)).findings == ()


def test_access_log_pairs_lines_with_our_request() -> None:
    access = '192.0.2.7 - - [22/Nov/2026:04:12:04 +0100] "GET /?t=tok123 HTTP/1.1" 500 12 "-" "x"\n'
    log = apache_line(HTACCESS + "Invalid command 'RewritEngine', perhaps misspelled", AT + timedelta(hours=1))
    found = run_checks(evidence({"www/.htaccess": b"RewritEngine On\n"}, log, access=access)).findings[0]
    assert found.evidence[0].paired and found.evidence[0].at == "2026-11-22T03:12:04Z"


def test_htaccess_above_the_docroot_is_found() -> None:
    log = apache_line("/home/demo/.htaccess: Invalid command 'Foo', perhaps misspelled")
    found = run_checks(evidence({".htaccess": b"Foo\n", "www/.htaccess": SOUND["wordpress"]}, log)).findings[0]
    assert (found.path, found.line) == (".htaccess", 1)


def test_htaccess_of_another_folder_is_no_cause_of_a_failing_start_page() -> None:
    found = run_checks(evidence({"www/old/.htaccess": b"Foo\n"}, None)).findings[0]
    assert found.severity is Severity.WARNING and found.sureness == "possible"


def test_complaint_of_another_request_about_another_folder_is_no_cause_of_a_failing_start_page() -> None:
    log = apache_line("/home/demo/www/old/.htaccess: Invalid command 'Foo', perhaps misspelled", client="198.51.100.9:1")
    run = run_checks(evidence({"www/old/.htaccess": b"Foo\n", "www/old/a.php": b""}, log))
    assert [(found.path, found.severity) for found in run.findings] == [("www/old/.htaccess", Severity.WARNING)]
    met = run_checks(evidence({"www/old/.htaccess": b"Foo\n", "www/old/a.php": b""}, log, path="/old/a.php")).findings[0]
    assert met.severity is Severity.CRITICAL and met.sureness == "certain"


def test_damaged_wordpress_block_with_a_loop_is_restored() -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {
        f"www/{name}": b"<?php\n" for name in ("wp-load.php", "wp-config.php", "wp-blog-header.php")
    }
    files["www/.htaccess"] = (
        b"Options -Indexes\n# BEGIN WordPress\nRewriteEngine On\nRewriteRule . /index.php [L]\n# END WordPress\n# mine\n"
    )
    seen = evidence(files, apache_line("AH00124: Request exceeded the limit of 10 internal redirects due to", level="core:error"))
    found = run_checks(seen).findings[0]
    plan = first_plan(seen, found)
    assert found.cause == "htaccess-wordpress-block" and plan is not None
    after = plan.changes[0].after
    assert plan.repair_id == "restore-wordpress-block" and isinstance(after, bytes)
    assert after.startswith(b"Options -Indexes\n# BEGIN WordPress\n<IfModule") and after.endswith(b"# END WordPress\n# mine\n")


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("wp-content/plugins/shop-x/a.php", "wordpress-plugin"),
        ("wp-content/themes/t/functions.php", "wordpress-theme"),
        ("wp-content/mu-plugins/m.php", "wordpress-mu-plugin"),
        ("wp-content/object-cache.php", "wordpress-dropin"),
        ("lib/a.php", "php-undefined-function"),
    ],
)
def test_php_fatal_is_named_by_its_place(path: str, cause: str) -> None:
    found = run_checks(evidence({}, apache_line(FATAL.format(path=path)))).findings[0]
    assert (found.cause, found.path, found.line) == (cause, f"www/{path}", 7)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("PHP Parse error:  syntax error, unexpected token \"}\" in /home/demo/www/a.php on line 3", "php-parse-error"),
        ("PHP Parse error:  Unclosed '{' on line 2 in /home/demo/www/a.php on line 9", "php-truncated-file"),
        ("PHP Parse error:  syntax error, unexpected token in /home/demo/www/wp-config.php on line 9", "wordpress-config-syntax"),
        ("PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 9 bytes) in /home/demo/www/a.php on line 4",
         "php-memory-limit"),
        ("PHP Fatal error:  Uncaught Error: Call to undefined function create_function() in /home/demo/www/a.php:4", "php-removed-function"),  # noqa: E501
        ("PHP Fatal error:  Uncaught Error: Call to undefined function mysqli_connect() in /home/demo/www/a.php:4", "php-missing-extension"),  # noqa: E501
        ("PHP Fatal error:  Uncaught Error: Class \"X\\Y\" not found in /home/demo/www/a.php:4", "php-class-not-found"),
        ("PHP Fatal error:  Uncaught Error: Failed opening required 'x.php' (include_path='.') in /home/demo/www/a.php on line 4", "php-missing-file"),  # noqa: E501
        ("PHP Fatal error:  Maximum execution time of 30 seconds exceeded in /home/demo/www/a.php on line 4", "php-max-execution-time"),
        ("PHP Fatal error:  Uncaught mysqli_sql_exception: Access denied for user 'u'@'h' in /home/demo/www/a.php:4", "database-access-denied"),  # noqa: E501
        ("PHP Fatal error:  Uncaught RuntimeException: no in /home/demo/www/a.php:4", "php-uncaught-exception"),
    ],
)  # fmt: skip
def test_php_error_is_named_by_its_words(message: str, cause: str) -> None:
    seen = evidence({}, f"[22-Nov-2026 04:12:04 Europe/Paris] {message}\n")
    found = run_checks(seen).findings[0]
    assert found.cause == cause and found.path.startswith("www/") and found.line
    plan = first_plan(seen, found)
    assert found.repairs == CAUSES[cause].repairs
    assert plan is None or (plan.repair_id == "give-more-memory" and plan.needs_person)  # no earlier state of the file is known


def test_root_shut_by_the_host_is_told_and_never_repaired() -> None:
    seen = evidence({"www/.htaccess": b""}, "", status=403)
    shut = Evidence(site(403), "ovh-mutualise", "sftp", seen.htaccess, seen.error_log, seen.tree, docroot=seen.docroot, root_mode=0o700)
    found = run_checks(shut).findings[0]
    assert found.cause == "root-disabled-by-host" and found.repairs == () and CAUSES[found.cause].repairable_by == "host"


def test_looser_modes_that_work_are_a_note() -> None:
    found = run_checks(evidence({"www/a.php": (b"", 0o644)}, "")).findings
    assert [(finding.cause, finding.severity) for finding in found] == [("none", Severity.NOTE)]


@pytest.mark.parametrize(
    ("mode", "content", "cause", "repair"),
    [
        (0o604, b"#!/bin/sh\n", "cgi-not-executable", "cgi-mode"),
        (0o705, b"#!/bin/sh\r\necho\r\n", "cgi-windows-line-endings", "cgi-line-endings"),
        (0o777, b"#!/bin/sh\n", "cgi-writable-by-others", "cgi-mode"),
        (0o705, b"#!/bin/sh\nexit 1\n", "cgi-no-output", ""),
        (0o705, b"#!/bin/sh\necho Hello\n", "cgi-script-error", ""),
        (0o705, b"\xef\xbb\xbf#!/bin/sh\necho Hello\n", "cgi-interpreter-missing", ""),
        (0o705, b"#!/usr/bin/env perl -w\nprint 1;\n", "cgi-interpreter-missing", ""),
        (0o705, b"#!/usr/bin/env -S perl -w\nprint 1;\n", "cgi-script-error", ""),
    ],
)
def test_cgi_script_that_ends_early_is_explained(mode: int, content: bytes, cause: str, repair: str) -> None:
    log = apache_line("End of script output before headers: run.cgi", level="cgid:error")
    seen = evidence({"www/cgi-bin/run.cgi": (content, mode)}, log, path="/cgi-bin/run.cgi")
    found = next(finding for finding in run_checks(seen).findings if finding.check == "cgi")
    plan = first_plan(seen, found)
    assert found.cause == cause and (plan.repair_id if plan else "") == repair


@pytest.mark.parametrize(
    ("path", "severity"),
    [
        ("/", Severity.WARNING), ("/shop/", Severity.WARNING), ("/cgi-bin/run.cgi", Severity.CRITICAL),
        ("/cgi-bin/run.cgi/more?x=1", Severity.CRITICAL),
    ],
)  # fmt: skip
def test_cgi_script_that_no_failing_page_leads_to_is_not_its_cause(path: str, severity: Severity) -> None:
    log = apache_line("End of script output before headers: run.cgi", level="cgid:error", client="198.51.100.9:1")
    seen = evidence({"www/cgi-bin/run.cgi": (b"#!/bin/sh\n", 0o604)}, log, path=path)
    assert [finding.severity for finding in run_checks(seen).findings if finding.check == "cgi"] == [severity]


def test_cgi_script_that_stands_behind_all_addresses_is_met_by_each() -> None:
    log = apache_line("End of script output before headers: index.cgi", level="cgid:error", client="198.51.100.9:1")
    start = run_checks(evidence({"www/index.cgi": (b"#!/bin/sh\n", 0o604)}, log)).findings
    assert ("cgi-not-executable", Severity.CRITICAL) in [(finding.cause, finding.severity) for finding in start]
    files: dict[str, bytes | tuple[bytes, int]] = {"www/cgi-bin/index.cgi": (b"#!/bin/sh\n", 0o604)}
    files["www/.htaccess"] = b"Action php-script /cgi-bin/index.cgi\n"
    handler = run_checks(evidence(files, log, path="/a.php")).findings
    assert ("cgi-not-executable", Severity.CRITICAL) in [(finding.cause, finding.severity) for finding in handler]


def test_files_open_to_all_are_the_cause_that_comes_first_when_suexec_refused_one() -> None:
    log = apache_line("AH01215: stderr from /home/acct/www/index.php: suexec policy violation: see suexec log", level="cgid:error")
    log += "\n" + apache_line("End of script output before headers: index.php", level="cgid:error")
    seen = evidence({"www/index.php": (b"", 0o666), "www/about.php": (b"", 0o666), "www/a.css": (b"", 0o604)}, log)
    first = run_checks(seen).findings[0]
    assert (first.check, first.cause, first.sureness) == ("modes", "cgi-writable-by-others", "certain")
    plan = first_plan(seen, first)
    assert {(change.shown, change.after) for change in plan.changes} == {("www/about.php", 0o604), ("www/index.php", 0o604)}


def test_what_cannot_be_read_is_inconclusive() -> None:
    run = run_checks(evidence({}, None))
    assert {"htaccess-log", "php-errors"} <= {entry.check for entry in run.inconclusive}
    assert all(entry.missing for entry in run.inconclusive)


def test_catalogue_checks_and_repairs_fit_together() -> None:
    ids = {repair.id for repair in all_repairs()}
    assert all(repair in ids for cause in CAUSES.values() for repair in cause.repairs)
    assert all(cause in CAUSES for repair in all_repairs() for cause in repair.causes)
    assert len({entry.id for entry in all_checks()}) == len(all_checks())


@pytest.mark.parametrize("content", [b'<div class="post">text</div>\n' * 2000, b"<br>\n" * 20_000, b"ErrorDocument 999 x\n" * 3000])
def test_htaccess_that_is_no_htaccess_at_all_is_judged_in_time(content: bytes) -> None:
    began = time.process_time()
    found = evidence({"www/.htaccess": content}, None)
    findings = run_checks(found).findings
    assert findings and findings[0].line in (1, None)
    for finding in findings:
        for repair_id in finding.repairs:
            plan_repair(repair_id, found, finding, ())
    assert time.process_time() - began < 15  # several minutes without a bound
