"""The line that lets a WordPress repair its tables for one request: where it stands, for whom, and where it is not offered."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from diagnostics import at_hand
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.findings import Finding
from diagnostics.offering import guide_step, of_plan
from diagnostics.repairs import CannotPlan, try_plan
from diagnostics.repairs.kinds import kind_of
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.wordpress_table_repair import ID, WORD
from diagnostics.transports.local import LocalReader
from diagnostics.unattended import _why_not_alone
from sites.models import Site
from tests.diagnostics.evidences import AT
from tests.diagnostics.facts.test_applications import CORE
from tests.diagnostics.repairs.real_folder import fill, finding, read
from tests.programs import binary

pytestmark = pytest.mark.django_db
LOADS = b"require_once ABSPATH . 'wp-settings.php';\r\n"
SETTINGS = (
    b"<?php\r\ndefine( 'DB_NAME', 'shop' );\r\ndefine( 'DB_PASSWORD', 'geheim' );\r\n$table_prefix = 'wp_';\r\n/* That's all */\r\n" + LOADS
)
CRASHED = "Table './shop/wp_baskets' is marked as crashed and should be repaired"


def found(message: str = CRASHED, cause: str = "database-table-crashed") -> Finding:
    return finding(cause, "www/wp-content/plugins/shop/shop.php", ID, 3, message=message)


def seen(docroot: Path, what: Finding, *, connection: str = "sftp", content: bytes = SETTINGS, body: bytes = b"") -> Evidence:
    fill(docroot, {**CORE, "wp-config.php": content})
    evidence = replace(read(docroot, what), connection=connection)
    failing = PageSeen("/", "https://shop.example/", "server-error", 500, AT, body=body)
    evidence = replace(evidence, site=replace(evidence.site, pages=(failing,)))
    return replace(evidence, at_hand=at_hand.read(LocalReader((docroot.parent,)), evidence, [what]))


def planned(docroot: Path, what: Finding, **how: object) -> Plan | CannotPlan | None:
    return try_plan(ID, seen(docroot, what, **how), what)  # type: ignore[arg-type]


def test_line_stands_above_what_loads_wordpress_and_holds_no_secret(docroot: Path) -> None:
    plan = planned(docroot, found())
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    after, address = plan.changes[0].after, urlsplit(plan.asks)
    assert after.endswith(LOADS) and after.replace(after.splitlines(keepends=True)[-2], b"") == SETTINGS
    secret = parse_qs(address.query)[WORD][0]
    assert address.path == "/wp-admin/maint/repair.php" and parse_qs(address.query)["repair"] == ["1"]
    assert secret.encode() not in after and hashlib.sha256(secret.encode()).hexdigest().encode() in after
    assert not plan.reversible and plan.confirm == "shop" and plan.needs_person and kind_of(ID) == "" and guide_step(plan) == "database"
    offer = of_plan(plan, found())
    assert (offer.confirm, secret in f"{offer}") == ("shop", False)
    again = planned(docroot, found())
    assert isinstance(again, Plan) and again.digest() == plan.digest() != replace(plan, asks="/other").digest()


@pytest.mark.parametrize(
    ("given", "allowed"), [("{secret}", True), ("", False), ("x", False), (None, False), (["{secret}"], False)]
)  # fmt: skip
def test_php_allows_it_to_who_knows_the_word_alone(docroot: Path, tmp_path: Path, given: object, *, allowed: bool) -> None:
    if not binary("php"):
        pytest.skip("PHP is not installed")
    plan = planned(docroot, found())
    assert isinstance(plan, Plan) and isinstance(plan.changes[0], WriteFile)
    secret = parse_qs(urlsplit(plan.asks).query)[WORD][0]
    (tmp_path / "wp-settings.php").write_text(
        "<?php $hook = $GLOBALS['wp_filter']['tables_to_repair'][10] ?? array(); $told = array(defined('WP_ALLOW_REPAIR'));\n"
        "foreach ($hook as $each) { $told[] = call_user_func($each['function'], array('first')); } echo json_encode($told);\n"
    )
    (tmp_path / "config.php").write_bytes(plan.changes[0].after)
    query = "" if given is None else f"$_GET['{WORD}'] = {given!r};".replace("{secret}", secret)
    script = f"define('ABSPATH', '{tmp_path}/'); {query} include '{tmp_path}/config.php';"
    said = subprocess.run(["php", "-n", "-r", script], capture_output=True, text=True, check=True, timeout=20).stdout
    assert said == ('[true,["first","wp_baskets"]]' if allowed else "[false]")


def test_it_is_only_offered_where_nothing_better_is_possible(docroot: Path) -> None:
    for connection in ("ssh", "local", "none"):
        assert planned(docroot, found(), connection=connection) is None
    for lost in ("Tablespace has been discarded for table `wp_options`", "Table 'shop.wp_options' doesn't exist in engine"):
        assert planned(docroot, found(lost)) is None
    missing = found("Table 'shop.wp_options' doesn't exist", "database-table-missing")
    assert planned(docroot, missing) is None
    assert isinstance(planned(docroot, missing, body=b'<a href="/maint/repair.php?referrer=is_blog_installed">'), Plan)


@pytest.mark.parametrize(
    "content",
    [
        SETTINGS.replace(LOADS, b""), SETTINGS.replace(LOADS, b"if (true) {\r\n" + LOADS + b"}\r\n"), SETTINGS.replace(b"'shop'", b"'shop"),
        SETTINGS.replace(LOADS, b"/*\r\n" + LOADS + b"*/\r\n"),
    ],
)  # fmt: skip
def test_settings_that_load_wordpress_otherwise_are_left(docroot: Path, content: bytes) -> None:
    assert isinstance(planned(docroot, found(), content=content), CannotPlan)


def test_a_run_without_a_person_never_makes_it(docroot: Path) -> None:
    plan = planned(docroot, found())
    assert isinstance(plan, Plan) and _why_not_alone(plan, Site(name="shop"))
    assert "cannot be undone" in _why_not_alone(replace(plan, needs_person=""), Site(name="shop"))
