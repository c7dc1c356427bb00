"""What changed just before a failure: what is told of it, what it is worth, and when it says nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.facts.changes import by_times, told
from diagnostics.findings import Finding, Severity
from diagnostics.installed import Change
from tests.diagnostics.checks.test_wordpress import FILES, fatal
from tests.diagnostics.evidences import AT, apache_line, evidence
from tests.fakes import Node

OLD = (AT - timedelta(days=90)).timestamp()


def seen(late: dict[str, float], log: str | None = "", *, kind: str = "server-error", status: int = 500, **files: bytes) -> Evidence:
    """`late`: how many minutes before the failure a file was written."""
    nodes: dict[str, Node] = {name: Node(content=content, mtime=OLD, mode=0o604) for name, content in {**FILES, **files}.items()}
    for name, minutes in late.items():
        content = nodes[name].content if name in nodes else b"<?php"
        nodes[name] = Node(content=content, mtime=AT.timestamp() - 60 * minutes, mode=0o604)
    made = evidence(nodes, log)  # type: ignore[arg-type]
    page = PageSeen("/", "https://shop.example/", kind, status, AT, body=b"<title>500 Internal Server Error</title>")
    made = replace(made, site=replace(made.site, pages=(page,), kind=kind))
    return replace(made, changes=by_times(made))


def critical(found: Evidence) -> list[Finding]:
    return [finding for finding in run_checks(found).findings if finding.severity is Severity.CRITICAL]


PLUGIN = "www/wp-content/plugins/prices/prices.php"


def test_files_that_changed_together_are_one_group_with_their_times() -> None:
    other = "www/wp-content/plugins/prices/inc/a.php"
    found = seen({PLUGIN: 2, other: 3, "www/wp-config.php": 600, "www/wp-content/uploads/x.php": 1}).changes
    assert [(change.what, change.name, change.count) for change in found] == [
        ("plugin", "Price List 2.1", 2),
        ("configuration", "wp-config.php", 1),
    ]
    assert told(found[0], AT) == (
        f"2 files of the plugin Price List 2.1 were changed at 2026-11-22 03:10 UTC, 2 minutes before the first failure: {PLUGIN}, {other}"
    )


def test_change_long_before_or_after_the_failure_is_not_told() -> None:
    assert seen({PLUGIN: 60 * 24 * 3, "www/wp-config.php": -5}).changes == ()


def test_site_that_was_uploaded_as_a_whole_says_nothing_but_of_what_came_after() -> None:
    everything = dict.fromkeys(FILES, 50.0)
    assert seen(everything).changes == ()
    assert [change.what for change in seen({**everything, PLUGIN: 1.0}).changes] == ["plugin"]


def test_what_changed_is_suspected_where_nothing_else_explains() -> None:
    found = critical(seen({PLUGIN: 2}))
    assert [(finding.cause, finding.path, finding.sureness) for finding in found] == [("wordpress-plugin", PLUGIN, "likely")]
    assert "recent-change" in found[0].also and "2 minutes before" in found[0].summary
    two = critical(seen({PLUGIN: 2, "www/wp-content/themes/plain/functions.php": 4}))
    assert {(finding.cause, finding.sureness) for finding in two} == {("wordpress-plugin", "possible"), ("wordpress-theme", "possible")}


def test_other_files_than_parts_of_wordpress_are_told_as_a_change() -> None:
    found = critical(seen({"www/lib/mine.php": 5}))
    assert [(finding.cause, finding.path) for finding in found] == [("recent-change", "www/lib/mine.php")]


@pytest.mark.parametrize(("kind", "status"), [("unreachable", 0), ("gateway-error", 502), ("client-error", 404), ("redirect-loop", 301)])
def test_failure_that_no_program_makes_is_not_put_down_to_a_change(kind: str, status: int) -> None:
    assert "recent-changes" not in {finding.check for finding in run_checks(seen({PLUGIN: 2}, kind=kind, status=status)).findings}


def test_message_of_another_part_outweighs_what_changed() -> None:
    message = "Uncaught Error: no in ~/wp-content/themes/plain/functions.php:3"
    found = run_checks(seen({PLUGIN: 2}, fatal(message))).findings
    assert found[0].cause == "wordpress-theme" and found[0].severity is Severity.CRITICAL
    assert [finding.severity for finding in found if finding.check == "recent-changes"] in ([], [Severity.WARNING])


def test_finding_of_a_file_that_just_changed_is_surer_and_shows_it() -> None:
    message = "Uncaught Error: no in ~/wp-content/plugins/prices/prices.php:3"
    sure, plain = critical(seen({PLUGIN: 2}, fatal(message)))[0], critical(seen({}, fatal(message)))[0]
    assert sure.confidence > plain.confidence and sure.cause == plain.cause == "wordpress-plugin"
    assert [finding.check for finding in critical(seen({PLUGIN: 2}, fatal(message)))] == ["wordpress-parts"]
    assert [proof.source for proof in sure.evidence] == ["error-log", "change"] and "2 minutes before" in sure.evidence[1].text


def test_damage_that_lay_there_while_all_was_well_is_less_sure() -> None:
    broken = {"www/wp-config.php": b"<?php\ndefine('DB_NAME', 'x);\n"}
    old, new = critical(seen({}, **broken))[0], critical(seen({"www/wp-config.php": 3}, **broken))[0]
    assert old.cause == new.cause == "wordpress-config-syntax" and old.confidence < 0.8 < new.confidence < 0.95


def test_baseline_change_without_a_time_is_told() -> None:
    change = Change("top", "", 0.0, 0.0, 1, ("www/index.php",), "removed", "baseline")
    found = replace(seen({}), changes=(change,))
    assert "www/index.php was removed at some time since the site was last read" in critical(found)[0].evidence[0].text


def test_few_files_of_wordpress_that_differ_from_the_baseline_are_damage_and_many_an_update() -> None:
    few = Change("core", "", 0.0, 0.0, 1, ("www/wp-includes/user.php",), "removed", "baseline")
    many = replace(few, count=800, how="changed", last=AT.timestamp() - 60)
    assert [finding.cause for finding in critical(replace(seen({}), changes=(few,)))] == ["wordpress-core-file"]
    assert [finding.cause for finding in critical(replace(seen({}), changes=(many,)))] == ["recent-change"]


def test_site_that_is_well_has_changed_nothing() -> None:
    made = seen({PLUGIN: 2})
    well = replace(made, site=replace(made.site, verdict="up", pages=()))
    assert by_times(well) == () and not critical(well)
    assert apache_line("x")


def php_changed(minutes: float | None) -> Change:
    at = 0.0 if minutes is None else AT.timestamp() - 60 * minutes
    return Change("php", "", at, at, 1, (".ovhconfig",), "changed", "baseline", "7.4 → 8.2")


def with_php(minutes: float | None, log: str | None, late: dict[str, float] | None = None) -> Evidence:
    made = seen(late or {}, log)
    return replace(made, changes=(php_changed(minutes), *made.changes))


def test_changed_php_version_is_told_with_its_time() -> None:
    assert (
        told(php_changed(2), AT)
        == "The PHP version is another one (7.4 → 8.2) since 2026-11-22 03:10 UTC, 2 minutes before the first failure: .ovhconfig"
    )
    assert "since the site was last read while it was well" in told(php_changed(None), AT)


@pytest.mark.parametrize("minutes", [2.0, None])
def test_changed_php_version_is_suspected_where_nothing_else_explains(minutes: float | None) -> None:
    found = critical(with_php(minutes, ""))
    assert [(finding.cause, finding.path, finding.sureness) for finding in found] == [
        ("php-version-incompatible-code", ".ovhconfig", "likely")
    ]
    assert "PHP version (7.4 → 8.2)" in found[0].summary and "recent-change" in found[0].also


def test_cause_of_the_php_version_has_the_change_as_its_reason() -> None:
    message = "Uncaught Error: Call to undefined function create_function() in ~/wp-content/plugins/prices/prices.php:3"
    sure, plain = critical(with_php(2, fatal(message)))[0], critical(seen({}, fatal(message)))[0]
    assert sure.cause == plain.cause == "wordpress-plugin-php-incompatible" and sure.confidence > plain.confidence
    assert "PHP was changed from 7.4 → 8.2" in sure.hint
    assert any("2 minutes before" in proof.text for proof in sure.evidence if proof.source == "change")


def test_error_of_php_itself_after_a_change_of_version_is_put_down_to_it() -> None:
    message = "Uncaught TypeError: count_all(): Return value must be of type int, null returned in ~/wp-content/plugins/prices/prices.php:3"
    found = critical(with_php(2, fatal(message)))[0]
    assert found.cause == "wordpress-plugin-php-incompatible" and "wordpress-plugin" in found.also


def test_error_of_a_part_that_changed_itself_is_not_put_down_to_php() -> None:
    message = "Uncaught TypeError: count_all(): Return value must be of type int, null returned in ~/wp-content/plugins/prices/prices.php:3"
    assert critical(with_php(20, fatal(message), {PLUGIN: 2}))[0].cause == "wordpress-plugin"


def test_exception_of_a_program_is_not_put_down_to_php() -> None:
    message = "Uncaught RuntimeException: no stock in ~/wp-content/plugins/prices/prices.php:3"
    assert critical(with_php(2, fatal(message)))[0].cause == "wordpress-plugin"


def test_change_of_php_long_before_is_no_reason() -> None:
    message = "Uncaught TypeError: count_all(): Return value must be of type int, null returned in ~/wp-content/plugins/prices/prices.php:3"
    assert critical(with_php(60 * 30, fatal(message)))[0].cause == "wordpress-plugin"


@pytest.mark.parametrize(
    ("message", "gone"),
    [
        ("Uncaught Error: Failed opening required '/srv/u1/config/bundles.php' (include_path='.') in ~/index.php:3", "config/bundles.php"),
        ('Uncaught Error: Class "App\\Controller\\HomeController" not found in ~/index.php:3', "src/Controller/HomeController.php"),
    ],
)
def test_file_that_is_missed_and_gone_is_named(message: str, gone: str) -> None:
    removed = Change("folder", "config", 0.0, 0.0, 1, (gone,), "removed", "baseline")
    made = seen({}, fatal(message))
    plain, sure = critical(made)[0], critical(replace(made, changes=(removed,)))[0]
    assert sure.cause == plain.cause and sure.confidence >= plain.confidence
    assert [gone in proof.text for proof in sure.evidence if proof.source == "change"] == [True]
    other = replace(removed, paths=("config/services.php",))
    assert not [proof for proof in critical(replace(made, changes=(other,)))[0].evidence if proof.source == "change"]


@pytest.mark.parametrize(("minutes", "cause"), [(3, "wordpress-plugin"), (60 * 24 * 90, "wordpress-plugin-php-incompatible")])
def test_new_code_of_a_plugin_that_hands_over_a_wrong_type_is_at_fault_itself(minutes: float, cause: str) -> None:
    at = "wp-content/plugins/prices/prices.php"
    said = "Uncaught TypeError: array_sum(): Argument #1 ($array) must be of type array, null given in ~/{at}:3\\nStack trace:\\n#0 ~/{at}(3): array_sum(NULL)\\n#1 {{main}}\\n  thrown in ~/{at} on line 3"  # noqa: E501
    found = critical(
        seen({PLUGIN: minutes}, fatal(said.format(at=at)), **{PLUGIN: b"<?php\n/* Plugin Name: Price List */\n$a = array_sum($none);\n"})
    )[0]
    assert (found.cause, found.path, found.line) == (cause, PLUGIN, 3)
