"""Files that hold a site at 503 because its own code, or a rule, asks for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Severity
from diagnostics.php.shut_by_file import guards
from tests.diagnostics.evidences import AT, site
from tests.fakes import FakeHost, Node

_OLD = AT.timestamp() - 30_000
_SHUT = "http_response_code(503); exit('We are back in a minute.');"


def seen(files: dict[str, str], flag: str, *, written: float = _OLD, home: str = "/home/demo", kind: str = "server-error") -> Evidence:
    held: dict[str, Node] = {f"{home}/{name}": Node(content=text.encode(), mode=0o604, mtime=_OLD) for name, text in files.items()}
    held[f"{home}/{flag}"] = Node(content=b"", mode=0o604, mtime=written)
    shown: SiteSeen = site(503)
    shown = replace(shown, verdict="up" if kind == "maintenance" else "down", kind=kind, pages=(replace(shown.pages[0], kind=kind),))
    return gather(FakeHost(held), shown, SitePaths(f"{home}/www", f"{home}/logs/error.log"), "apache-755", AT)  # type: ignore[arg-type]


def first(*given: object, **more: object) -> Finding:
    return run_checks(seen(*given, **more)).findings[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "flag"),
    [
        ({"www/index.php": f"<?php if (file_exists(__DIR__ . '/maintenance.on')) {{ {_SHUT} }}"}, "www/maintenance.on"),
        ({"www/index.php": f"<?php if (is_file('../.deploying')):\n {_SHUT}\nendif;"}, ".deploying"),
        (
            {"www/index.php": "<?php require __DIR__ . '/inc/start.php';",
             "www/inc/start.php": f"<?php\nif (file_exists(dirname(__DIR__, 2) . '/updating')) {{\n {_SHUT}\n}}"},
            "updating",
        ),
        ({"www/index.php": f"<?php const F = __DIR__ . '/../offline.flag';\nif (\\is_readable(F) && !CLI) {{ {_SHUT} }}"}, "offline.flag"),
        ({"www/index.php": "<?php if (file_exists($down = __DIR__.'/../storage/down.php')) { require $down; }"}, "storage/down.php"),
        ({"www/index.php": "<?php if (file_exists('/srv/customers/7/www/closed.txt')) { include 'closed.html'; exit; }"}, "www/closed.txt"),
        (
            {"www/index.php": "<?php", "www/.htaccess": "RewriteEngine On\nRewriteCond %{DOCUMENT_ROOT}/maintenance.enable -f\n"
             "RewriteCond %{REQUEST_URI} !/back\\.html$\nRewriteRule ^ - [R=503,L]\n"},
            "www/maintenance.enable",
        ),
    ],
)  # fmt: skip
def test_old_file_that_the_site_shuts_itself_over_is_named(files: dict[str, str], flag: str) -> None:
    found = first(files, flag)
    assert (found.cause, found.path, found.severity) == ("application-stuck-maintenance", flag, Severity.CRITICAL)


@pytest.mark.parametrize(
    ("settings", "condition", "line"),
    [
        ("<?php\ndefine('MAINTENANCE_MODE', true);\n", "MAINTENANCE_MODE", 2),
        ("<?php\n\n$site_offline = 1;\n", "$site_offline && !is_me()", 3),
        ("<?php\n$config['maintenance'] = 'on';\n", "$config['maintenance'] === 'on'", 2),
        ("<?php\ndefine('MAINTENANCE_MODE', false);\n", "MAINTENANCE_MODE", None),
        ("<?php\n// $site_offline = 1;\n$site_offline = 0;\n", "$site_offline", None),
        ("<?php\n$site_offline = 1;\n", "!$site_offline", None),
    ],
)
def test_setting_of_the_program_that_is_on_is_named_with_its_line(settings: str, condition: str, line: int | None) -> None:
    files = {"www/index.php": f"<?php require 'settings.php';\nif ({condition}) {{ {_SHUT} }}", "www/settings.php": settings}
    held = seen(files, "www/nothing.txt").held
    assert [(each.path, each.line) for each in held] == ([("www/settings.php", line)] if line else [])


@pytest.mark.parametrize(
    "source",
    [
        f"<?php if (!file_exists(__DIR__ . '/installed.txt')) {{ {_SHUT} }}",
        "<?php if (file_exists(__DIR__ . '/installed.txt')) { require 'inc/a.php'; }",
        "<?php if (file_exists(__DIR__ . '/installed.txt')) { $a = 1; }\nhttp_response_code(503);",
    ],
)
def test_file_that_shuts_nothing_is_none(source: str) -> None:
    assert list(guards(source)) == []
    assert seen({"www/index.php": source}, "www/installed.txt").held == ()


def test_announced_maintenance_stays_a_note_and_a_fresh_one_is_no_fault() -> None:
    files = {"www/index.php": f"<?php if (file_exists(__DIR__ . '/maintenance.on')) {{ {_SHUT} }}"}
    assert first(files, "www/maintenance.on", kind="maintenance").severity is Severity.NOTE
    fresh = first(files, "www/maintenance.on", kind="maintenance", written=AT.timestamp() - 600)
    assert (fresh.severity, fresh.path) == (Severity.NOTE, "www/maintenance.on")  # what holds it is told rather than that all is well
