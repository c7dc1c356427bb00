"""What two sites have in common: equal for the very same cause, different for all that only looks like it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from diagnostics.evidence import Evidence, SiteSeen
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.installed import Application, Component, DatabaseTrial
from diagnostics.php.seen import PhpSeen
from diagnostics.sharing import shared_by


def evidence(**more: object) -> Evidence:
    return Evidence(SiteSeen("x", "http://x/", "down", "server-error", (), None), "apache-755", "ssh", read_at=datetime.now(UTC), **more)


def finding(cause: str, *, path: str = "www/.htaccess", **data: str) -> Finding:
    return Finding("check", cause, Severity.CRITICAL, 0.97, "summary", path=path, data=tuple(data.items()))


def key(made: Finding, seen: Evidence | None = None, account: str = "host 1") -> str:
    found = shared_by(made, seen or evidence(), account)
    return found.key if found else ""


def part(version: str) -> Evidence:
    component = Component("plugin", "shop", "www/wp-content/plugins/shop", "/h/www/wp-content/plugins/shop", version=version)
    return evidence(applications=(Application("wordpress", "WordPress", "www", "6.1", components=(component,)),))


def test_same_plugin_and_version_is_shared_over_accounts_and_another_version_is_not() -> None:
    made = finding("wordpress-plugin", kind="plugin", slug="shop", name="Shop 3.2")
    assert key(made, part("3.2"), "host 1") == key(made, part("3.2"), "host 2") != ""
    assert key(made, part("3.3")) != key(made, part("3.2"))
    assert key(finding("wordpress-plugin", kind="plugin", slug="other"), part("3.2")) != key(made, part("3.2"))
    assert shared_by(made, part("3.2"), "").about == "the plugin Shop 3.2"


def test_same_line_is_shared_on_one_account_wherever_it_stands() -> None:
    one = finding("htaccess-invalid-directive", directive="RewritEngine", argument="On")
    other = replace(one, path="shop/.htaccess", line=17)
    assert key(one) == key(other) != ""
    assert key(one, account="host 2") != key(one)
    assert key(finding("htaccess-invalid-directive", directive="Optoins", argument="On")) != key(one)
    assert key(one, account="") == ""
    shown = replace(one, data=(), evidence=(Proof("file", "RewritEngine   On"),))
    assert key(shown) == key(one)


def test_php_of_one_account_is_shared_by_its_version() -> None:
    new, old = evidence(php=PhpSeen((8, 3))), evidence(php=PhpSeen((7, 4)))
    made = finding("php-removed-function", path="www/a.php")
    assert key(made, new) == key(finding("php-missing-extension", path="b/c.php"), new) != ""
    assert key(made, old) != key(made, new) and key(made, new, "host 2") != key(made, new)


def trial(where: str, name: str) -> Evidence:
    return evidence(database=DatabaseTrial("php", where, name, "wp_", "www/wp-config.php", "connect", 2002))


def test_database_server_is_shared_by_its_address_and_one_on_the_host_itself_by_the_account() -> None:
    down = finding("database-server-down", path="")
    assert key(down, trial("db.example:3306", "a"), "host 1") == key(down, trial("db.example:3306", "b"), "host 2") != ""
    assert key(down, trial("localhost", "a"), "host 1") != key(down, trial("localhost", "a"), "host 2")
    denied = finding("database-access-denied", path="")
    assert key(denied, trial("db.example", "a")) != key(denied, trial("db.example", "b"))


def test_what_the_host_has_to_mend_is_shared_by_the_account() -> None:
    assert key(finding("php-service-down", path="")) == key(finding("php-service-down", path="")) != ""
    assert key(finding("php-service-down", path=""), account="host 2") != key(finding("php-service-down", path=""))


@pytest.mark.parametrize("cause", ["php-parse-error", "php-memory-limit", "application-answers-500", "recent-change"])
def test_what_only_looks_alike_is_not_shared(cause: str) -> None:
    assert key(finding(cause, path="www/index.php")) == ""


def test_note_or_warning_is_no_cause_to_share() -> None:
    assert key(replace(finding("php-service-down", path=""), severity=Severity.WARNING)) == ""
