"""What a host lets a `.htaccess` say, from its profile and from what its log has said before, names the line where the log is silent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from diagnostics.checks import run_checks
from diagnostics.findings import Finding, Severity
from tests.diagnostics.evidences import AT, apache_line, evidence

HTACCESS = "/home/demo/www/.htaccess: "
LINKS = b"# ours\nOptions +FollowSymLinks -Indexes\nRewriteEngine On\n"


def not_allowed(files: dict[str, bytes], log: str | None, profile: str, status: int = 500) -> list[Finding]:
    found = run_checks(evidence({**files}, log, profile=profile, status=status)).findings
    return [finding for finding in found if finding.cause == "htaccess-directive-not-allowed" and finding.severity is not Severity.NOTE]


def test_option_that_restricted_domains_of_plesk_lack_is_named_without_a_log() -> None:
    found = not_allowed({"www/.htaccess": LINKS}, None, "plesk")
    assert [(finding.path, finding.line) for finding in found] == [("www/.htaccess", 2)]
    assert 0.5 < found[0].confidence < 0.8 and "FollowSymLinks" in found[0].summary


@pytest.mark.parametrize("profile", ["ovh-mutualise", "cpanel-suexec", "apache-755"])
def test_option_is_not_judged_where_the_host_is_not_known_to_refuse_it(profile: str) -> None:
    assert not_allowed({"www/.htaccess": LINKS}, None, profile) == []


def test_site_of_plesk_that_is_well_is_not_blamed_for_an_option() -> None:
    assert not_allowed({"www/.htaccess": LINKS}, None, "plesk", status=200) == []


def test_setting_of_php_that_only_the_server_may_make_is_named_without_a_log() -> None:
    found = run_checks(evidence({"www/.htaccess": b"DirectoryIndex index.php\nphp_admin_value memory_limit 9M\n"}, None)).findings[0]
    assert (found.cause, found.path, found.line) == ("htaccess-php-directive-under-fpm", "www/.htaccess", 2)
    assert "htaccess-directive-not-allowed" in found.also


EARLIER = AT - timedelta(minutes=1)


def elsewhere(said: str, files: dict[str, bytes]) -> list[tuple[str, int | None]]:
    """Where findings are, when the log holds this complaint of the outer file, which was mended since."""
    seen = evidence({**files}, apache_line(HTACCESS + said, EARLIER), path="/shop/", profile="apache-755")
    found = [finding for finding in run_checks(seen).findings if finding.cause == "htaccess-directive-not-allowed"]
    return [(finding.path, finding.line) for finding in found if finding.confidence >= 0.6]


def test_class_that_the_log_refused_before_is_named_in_another_file() -> None:
    files = {"www/.htaccess": b"Options -Indexes\n", "www/shop/.htaccess": b"# shop\n\nHeader set X-A b\n"}
    assert elsewhere("ErrorDocument not allowed here", files) == [("www/shop/.htaccess", 3)]


def test_option_that_the_log_refused_before_is_named_and_others_are_not() -> None:
    files = {"www/.htaccess": b"Options -Indexes\n", "www/shop/.htaccess": b"Options -Indexes\n\nOptions +ExecCGI\n"}
    assert elsewhere("Option ExecCGI not allowed here", files) == [("www/shop/.htaccess", 3)]


def test_directive_refused_for_the_section_it_stands_in_says_nothing_of_the_host() -> None:
    files = {
        "www/.htaccess": b"<RequireAny>\nErrorDocument 404 /x\nRequire all granted\n</RequireAny>\n",
        "www/shop/.htaccess": b"Header set A b\n",
    }
    assert set(elsewhere("ErrorDocument not allowed here", files)) == {("www/.htaccess", 2)}
