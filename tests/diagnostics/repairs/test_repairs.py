"""First what must not be changed, then each repair."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Severity
from diagnostics.htaccess.lint import lint
from diagnostics.htaccess.parser import parse
from diagnostics.repairs import CannotPlan, all_repairs, plan_repair, try_plan
from diagnostics.repairs.editing import protects
from diagnostics.repairs.plan import ChangeMode, Plan, RenameFile, WriteFile
from tests.diagnostics.evidences import apache_line, evidence
from tests.diagnostics.htaccess.corpus import FAULTY, SOUND
from tests.diagnostics.htaccess.differing import SERVER

PLACE = "/home/demo/www/.htaccess: "


def finding(cause: str, line: int | None = 1, path: str = "www/.htaccess", **data: str) -> Finding:
    return Finding("t", cause, Severity.CRITICAL, 0.97, "s", path=path, line=line, data=tuple(data.items()))


def after(plan: Plan | None) -> bytes:
    assert plan is not None and isinstance(plan.changes[0], WriteFile)
    return plan.changes[0].after


def seen(content: bytes) -> Evidence:
    return evidence({"www/.htaccess": content}, None)


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_corrected_in_a_sound_file(name: str) -> None:
    causes = {repair.id: repair.causes[0] for repair in all_repairs()}
    for repair in (
        "correct-htaccess-line",
        "remove-byte-order-mark",
        "correct-errordocument",
        "correct-rewrite-flag",
        "close-htaccess-section",
    ):
        plan = try_plan(repair, seen(SOUND[name]), finding(causes[repair]))
        assert not isinstance(plan, Plan) or not lint(after(plan), SERVER)


@pytest.mark.parametrize("name", FAULTY)
def test_repair_keeps_all_other_bytes_and_makes_the_linter_quieter(name: str) -> None:
    content, cause, line = FAULTY[name]
    shown = evidence({"www/.htaccess": content}, None, profile="apache-755")
    fault = next(fault for fault in lint(content, SERVER) if fault.line == line and fault.cause == cause)
    found = finding(cause, line, directive=fault.name, argument=fault.argument, suggestion=fault.suggestion, module=fault.module)
    for repair in ("correct-htaccess-line", "comment-out-htaccess-line", "wrap-in-ifmodule"):
        plan = plan_repair(repair, shown, found)
        if plan is not None:
            assert sum(f.sure for f in lint(after(plan), SERVER)) < sum(f.sure for f in lint(content, SERVER))
            assert plan.digest() == plan_repair(repair, shown, found).digest()  # type: ignore[union-attr]


def test_spelling_is_corrected_and_windows_line_ends_stay() -> None:
    plan = plan_repair(
        "correct-htaccess-line",
        seen(b"# a\r\n  RewritEngine  On\r\n# b"),
        finding("htaccess-invalid-directive", 2, suggestion="RewriteEngine"),
    )
    assert after(plan) == b"# a\r\n  RewriteEngine  On\r\n# b"


def test_rule_is_commented_out_with_its_conditions() -> None:
    content = b"RewriteEngine On\nRewriteCond %{HTTPS} off\n# why\nRewriteCond %{HTTP_HOST} a [OR\nRewriteRule ^ b [L]\nRewriteRule ^c d\n"
    plan = plan_repair("comment-out-htaccess-line", seen(content), finding("htaccess-bad-rewrite-flag", 4, directive="RewriteCond"))
    expected = (
        b"RewriteEngine On\n# RewriteCond %{HTTPS} off\n# why\n# RewriteCond %{HTTP_HOST} a [OR\n# RewriteRule ^ b [L]\nRewriteRule ^c d\n"
    )
    assert after(plan) == expected and not plan.takes_away_protection  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "line",
    [b"Require ip office.example", b"Requir valid-user", b"AuthTyp Basic", b"Deny form all", b"RewriteRule ^(x - [F]", b"Options -Indexes FollowSymLinks",  # noqa: E501
     b"Nonsense from all denied", b"php_flag engine off", b"<FilesMatch \"(a\">\nRequire all denied\n</FilesMatch>"],
)  # fmt: skip
def test_line_that_keeps_somebody_out_is_taken_away_by_a_person_only(line: bytes) -> None:
    for repair in ("comment-out-htaccess-line", "rename-htaccess"):
        plan = plan_repair(repair, seen(line + b"\n"), finding("htaccess-bad-argument", 1))
        assert plan is not None and plan.takes_away_protection and plan.needs_person


def test_rename_never_goes_over_a_file_and_can_be_planned_again() -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {"www/.htaccess": b"Foo\n", "www/.htaccess.old": b""}
    shown = evidence(files, None)
    plan = plan_repair("rename-htaccess", shown, finding("htaccess-invalid-directive"))
    assert plan is not None and isinstance(plan.changes[0], RenameFile)
    assert plan.changes[0].target_shown.startswith("www/.htaccess.old-2") and not plan.takes_away_protection
    assert plan.digest() == plan_repair("rename-htaccess", shown, finding("htaccess-invalid-directive")).digest()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Order allow,deny\nAllow from all\n", [b"Require all granted"]),
        (b"Order deny,allow\nDeny from all\n", [b"Require all denied"]),
        (b"Order deny,allow\nDeny from 192.0.2.0/24\n",
         [b"<RequireAll>", b"    Require all granted", b"    Require not ip 192.0.2.0/24", b"</RequireAll>"]),
        (b"Order allow,deny\nDeny from all\nAllow from 192.0.2.1\n", [b"Require all denied"]),
        (b"Order deny,allow\nDeny from all\nAllow from 192.0.2. 10.0.0.0/8\n", [b"Require ip 192.0.2", b"Require ip 10.0.0.0/8"]),
        (b"Order allow,deny\nAllow from all\nDeny from 192.0.2.1\n",
         [b"<RequireAll>", b"    Require all granted", b"    Require not ip 192.0.2.1", b"</RequireAll>"]),
    ],
)  # fmt: skip
def test_old_access_rules_become_require(old: bytes, new: list[bytes]) -> None:
    plan = plan_repair(
        "modern-access-syntax", seen(b"<Files x>\n" + old + b"</Files>\n"), finding("htaccess-apache22-syntax", 2, directive="Order")
    )
    expected = b"<Files x>\n" + b"".join(b"# " + line for line in old.splitlines(keepends=True)) + b"\n".join(new) + b"\n</Files>\n"
    assert after(plan) == expected and not plan.takes_away_protection  # type: ignore[union-attr]


def test_satisfy_goes_where_no_password_is_asked_for_and_stays_where_one_is() -> None:
    found = finding("htaccess-apache22-syntax", 1, directive="Satisfy")
    barred = b"<Files a>\nRequire all denied\n</Files>\n"
    assert after(plan_repair("modern-access-syntax", seen(b"Satisfy Any\n" + barred), found)) == b"# Satisfy Any\n" + barred
    locked = b"Satisfy Any\n<Files a>\nRequire valid-user\n</Files>\n"
    assert isinstance(try_plan("modern-access-syntax", seen(locked), found), CannotPlan)


@pytest.mark.parametrize(
    "old",
    [b"Order deny,allow\nDeny from b.example\n", b"Order allow,deny\nAllow from a.example\nDeny from b.example\n",
     b"Order deny,allow\nDeny from all\nSatisfy any\n", b"Order deny,allow\nDeny from all\nAllow from env=x\nRequire valid-user\n"],
)  # fmt: skip
def test_old_access_rules_without_an_exact_counterpart_are_left(old: bytes) -> None:
    assert isinstance(try_plan("modern-access-syntax", seen(old), finding("htaccess-apache22-syntax", 1, directive="Order")), CannotPlan)


@pytest.mark.parametrize(
    ("old", "line", "new"),
    [
        (b"<Files x>\nRequire all denied\n\nOptions -Indexes\n", 1, b"<Files x>\nRequire all denied\n</Files>\n\nOptions -Indexes\n"),
        (b"<IfModule a.c>\nFoo", 1, b"<IfModule a.c>\nFoo\n</IfModule>\n"),
        (b"Options -Indexes\n</IfModule>\n", 2, b"Options -Indexes\n# </IfModule>\n"),
        (b"<IfModule a.c\nFoo\n</IfModule>\n", 1, b"<IfModule a.c>\nFoo\n</IfModule>\n"),
        (b"<IfModule a.c>\nFoo\n</IfModul>\n", 3, b"<IfModule a.c>\nFoo\n</IfModule>\n"),
    ],
)
def test_section_is_closed_where_it_ends(old: bytes, line: int, new: bytes) -> None:
    assert after(plan_repair("close-htaccess-section", seen(old), finding("htaccess-unclosed-section", line))) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"[R=301, L]", b"[R=301,L]"), (b"[L", b"[L]"), (b"[R=301,LL]", b"[R=301,L]"), (b"[QSAA,L]", b"[QSA,L]")],
)
def test_flags_are_corrected(old: bytes, new: bytes) -> None:
    plan = plan_repair("correct-rewrite-flag", seen(b"RewriteRule ^a b " + old + b"\n"), finding("htaccess-bad-rewrite-flag"))
    assert after(plan) == b"RewriteRule ^a b " + new + b"\n"


def test_unknown_flag_without_a_near_one_is_not_guessed() -> None:
    assert isinstance(try_plan("correct-rewrite-flag", seen(b"RewriteRule ^a b [foo]\n"), finding("htaccess-bad-rewrite-flag")), CannotPlan)


def test_number_of_an_error_page_is_corrected() -> None:
    assert (
        after(plan_repair("correct-errordocument", seen(b"ErrorDocument 4044 /x\n"), finding("htaccess-bad-errordocument")))
        == b"ErrorDocument 404 /x\n"
    )


def test_byte_order_mark_is_removed() -> None:
    assert after(plan_repair("remove-byte-order-mark", seen(b"\xef\xbb\xbf# a\n"), finding("htaccess-byte-order-mark"))) == b"# a\n"


def test_permissions_are_tightened_and_stricter_ones_left() -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {
        "www/cgi-bin/a.cgi": (b"#!/bin/sh\n", 0o777), "www/open.php": (b"", 0o666), "www/wp-config.php": (b"", 0o600), "www/shut.html": (b"", 0o600)  # noqa: E501
    }  # fmt: skip
    shown = evidence(files, apache_line("End of script output before headers: a.cgi"), path="/cgi-bin/a.cgi")
    named = finding("cgi-writable-by-others", None, "", paths="www/cgi-bin/a.cgi\nwww/open.php\nwww/shut.html\nwww/wp-config.php")
    plan = plan_repair("set-permissions", shown, named)
    assert plan is not None and not plan.needs_person
    assert {(change.shown, change.after) for change in plan.changes if isinstance(change, ChangeMode)} == {
        ("www/cgi-bin/a.cgi", 0o705), ("www/open.php", 0o604)
    }  # fmt: skip
    loosened = plan_repair("set-permissions", shown, named, (("loosen", "yes"),))
    assert loosened is not None and loosened.takes_away_protection and len(loosened.changes) == 3
    single = plan_repair("set-permissions", shown, finding("cgi-writable-by-others", None, "www/cgi-bin/a.cgi"))
    assert single is not None and single.title == "Set the permissions of www/cgi-bin/a.cgi to 705"


def test_whole_road_from_log_to_plan_ends_after_one_step() -> None:
    content = b"RewritEngine On\n"
    log = apache_line(PLACE + "Invalid command 'RewritEngine', perhaps misspelled")
    shown = evidence({"www/.htaccess": content}, log)
    found = run_checks(shown).findings[0]
    new = after(plan_repair(found.repairs[0], shown, found))
    again = evidence({"www/.htaccess": new}, log)
    assert [entry for entry in run_checks(again).findings if entry.severity is Severity.CRITICAL] == []


@pytest.mark.parametrize(
    "line",
    [
        "RedirectMatch 404 /\\.git", "Redirect gone /private", "RedirectGone /private", "RewriteRule x - [R=410]", "RewritRule x - [F]",
        "RedirectMtach 403 x", "Optoins -Indexes", "AddType text/plain .php", "SetHandler default-handler", "AuthLDAPURL ldap://x",
        "SSLVerifyClient require", "RewriteEngine On\nRewriteRule ^secret - [F]", "RewritEngine On\nRewriteRule ^secret - [F]",
        "SetEnvIfNoCase User-Agent bot bad\nDeny from env=bad",
    ],
)  # fmt: skip
def test_line_that_keeps_visitors_out_is_never_taken_away_alone(line: str) -> None:
    document = parse(line.encode())
    assert protects(document.lines[0], document)


@pytest.mark.parametrize(
    "line",
    ["RewritEngine On\nRewriteRule . /index.php [L]", "Redirect 301 /404 /new", "RedirectPermanent /a /b", "SetEnv APP production",
     "AddType image/webp .webp", "php_value upload_max_filesize 64M", "Options +FollowSymLinks", "RewriteRule ^a$ /b [R=302,L]"],
)  # fmt: skip
def test_line_that_keeps_nobody_out_may_be_taken_away(line: str) -> None:
    document = parse(line.encode())
    assert not protects(document.lines[0], document)
