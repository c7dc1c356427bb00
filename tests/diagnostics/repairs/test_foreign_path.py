"""Places of another machine in settings and their caches: written as they are called here, or left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics import offering
from diagnostics.evidence import LogLine
from diagnostics.findings import Finding, Proof
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.foreign_path import ID
from diagnostics.repairs.plan import Plan, WriteFile
from tests.diagnostics.repairs.real_folder import fill, finding, read, steady

pytestmark = pytest.mark.django_db
OLD = "/Users/anna/Sites/shop"
CACHE = (
    "<?php return array (\n  'view' => array ( 'compiled' => '{0}/storage/framework/views' ),\n"
    "  'session' => array ( 'files' => '{0}/storage/framework/sessions' ),\n  'log' => '{0}-old/x',\n);\n"
)


def found(path: str = "www/bootstrap/cache/config.php", line: int = 2, said: str = f"{OLD}/storage/framework/views") -> Finding:
    made = finding("application-answers-500", path, ID, line)
    return replace(made, evidence=(Proof("error-log", f"file_put_contents({said}/a.php): Failed to open stream"),))


def planned(docroot: Path, a_finding: Finding) -> object:
    return try_plan(ID, read(docroot, a_finding), a_finding)


def test_all_of_the_old_place_becomes_this_accounts(docroot: Path, settings: object) -> None:
    fill(docroot, {"bootstrap/cache/config.php": CACHE.format(OLD).encode(), "storage/framework/views/a": b""})
    plan = planned(docroot, found())
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    right = CACHE.replace("'{0}-old/x'", f"'{OLD}-old/x'").format(docroot)
    assert plan.changes[0].after.decode() == right
    assert not plan.needs_person and offering.guide_step(plan) == "php"
    steady(docroot, settings, plan)


def test_one_name_alone_needs_a_person(docroot: Path) -> None:
    fill(docroot, {"wp-config.php": b"<?php\nrequire_once '/homepages/1/htdocs/wp-settings.php';\n", "wp-settings.php": b"<?php\n"})
    plan = planned(docroot, replace(found("www/wp-config.php", 2, "/homepages/1/htdocs/wp-settings.php"), cause="wordpress-config-syntax"))
    assert isinstance(plan, Plan) and plan.needs_person
    assert isinstance(plan.changes[0], WriteFile) and f"'{docroot}/wp-settings.php'".encode() in plan.changes[0].after


@pytest.mark.parametrize(
    "line",
    [
        "'x' => '/Users/anna/Sites/shop/nothing/of/this'",  # is not here
        "'x' => '/Users/anna/twice/lib/a.php'",  # is here more than once
        "'x' => '/usr/share/php/lib/b.php'",  # of the system
        "'x' => dirname(__DIR__).'/vendor/lib/b.php'",  # the end of a path only
        "'x' => 'https://example.org/lib/b.php'",
        "'x' => '{docroot}/lib/b.php'",  # this account's own
    ],
)
def test_what_is_not_certain_is_left(docroot: Path, line: str) -> None:
    files = {"one/lib/a.php": b"", "two/lib/a.php": b"", "lib/b.php": b""}
    fill(docroot, {"c.php": f"<?php return [\n{line.format(docroot=docroot)},\n];\n".encode(), **files})
    assert planned(docroot, found("www/c.php", 2, "x")) is None


def test_place_that_this_login_calls_otherwise_is_told_from_the_file_or_by_the_log(docroot: Path) -> None:
    fill(docroot, {"bootstrap/cache/config.php": CACHE.format(OLD).encode(), "storage/framework/views/a": b""})
    seen = replace(read(docroot, found()), docroot="/www", error_log=(), connection="sftp")
    plan = try_plan(ID, seen, found())
    right = CACHE.replace("'{0}-old/x'", f"'{OLD}-old/x'").replace("'{0}", "dirname(__DIR__, 2) . '")
    assert isinstance(plan, Plan) and plan.changes[0].after.decode() == right  # type: ignore[union-attr]
    told = LogLine("error-log", "error.log", None, "x in /srv/u7/www/index.php on line 1")
    plan = try_plan(ID, replace(seen, error_log=(told,)), found())
    assert isinstance(plan, Plan) and b"'/srv/u7/www/storage/framework/views'" in plan.changes[0].after  # type: ignore[union-attr]


def test_place_beside_the_file_and_in_what_is_no_php(docroot: Path) -> None:
    line = "define( 'WP_CONTENT_DIR', '/home/old/html/wp-content' );\n"
    fill(docroot, {"wp-config.php": f"<?php\n{line}".encode(), ".env": line.encode(), "wp-content/index.php": b"<?php\n"})
    theme = replace(found("www/wp-config.php", 2, "/home/old/html/wp-content"), cause="wordpress-theme")
    plan = try_plan(ID, replace(read(docroot, theme), docroot="/www", error_log=(), connection="ftp"), theme)
    assert isinstance(plan, Plan) and b"'WP_CONTENT_DIR', __DIR__ . '/wp-content' );" in plan.changes[0].after  # type: ignore[union-attr]
    env = found("www/.env", 1, "/home/old/html/wp-content")
    assert isinstance(try_plan(ID, replace(read(docroot, env), docroot="/www", error_log=(), connection="ftp"), env), CannotPlan)
