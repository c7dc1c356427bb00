"""The one-way rules of the house, read from the imports of every module."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "sites", "diagnostics")

# What no module but these may import: the wire, the hosts, the panel.
ENGINES = {
    "pycurl": ("sites/probing/",),
    "paramiko": ("diagnostics/transports/", "diagnostics/practice/"),
    "ftplib": ("diagnostics/transports/",),
    "pcre2": ("diagnostics/htaccess/",),
    "tree_sitter": ("diagnostics/checks/",),
    "ovh": ("diagnostics/panels/ovhcloud_client.py",),
    "pymysql": ("diagnostics/databases.py",),
    "bcrypt": ("diagnostics/password_files/given.py",),
    "requests": (),
    "httpx": (),
    "urllib.request": (),
}

# Without Django, Celery and models: tested without a database.
PURE = (
    "sites/probing/",
    "sites/judging.py",
    "sites/incident_rules.py",
    "sites/spells.py",
    "sites/health/own_line.py",
    "sites/signatures.py",
    "sites/recognition/",
    "sites/recognition/answer.py",
    "sites/recognition/page_text.py",
    "sites/recognition/request_ids.py",
    "sites/fingerprints.py",
    "sites/texts.py",
    "sites/history/rollups.py",
    "sites/pages/sitemaps.py",
    "sites/pages/hints.py",
    "sites/redaction.py",
    "sites/visitors/visits.py",
    "sites/windows/occurrences.py",
    "diagnostics/at_hand.py",
    "diagnostics/evidence.py",
    "diagnostics/copies.py",
    "diagnostics/installed.py",
    "diagnostics/findings.py",
    "diagnostics/redaction.py",
    "diagnostics/sharing.py",
    "diagnostics/wizard.py",
    "diagnostics/causes/",
    "diagnostics/profiles/",
    "diagnostics/htaccess/",
    "diagnostics/php/",
    "diagnostics/facts/",
    "diagnostics/manifests/",
    "diagnostics/checks/",
    "diagnostics/repairs/",
    "diagnostics/tried.py",
    "diagnostics/releases/published.py",
    "diagnostics/releases/package.py",
    "diagnostics/trying/minimal.py",
    "diagnostics/trying/units.py",
    "diagnostics/transports/base.py",
    "diagnostics/transports/commands.py",
    "diagnostics/panels/base.py",
    "diagnostics/panels/rights.py",
    "diagnostics/practice/",
)
PURE_MAY_USE_OF_OURS = (*(path.removesuffix(".py").rstrip("/").replace("/", ".") for path in PURE),)

# Inside an app nothing imports upwards: a module may import its own layer and those before it.
LAYERS = {
    "pure": 0,
    "models": 1,
    "verbs": 2,
    "tasks": 3,
    "forms": 3,
    "receivers": 3,
    "admin": 3,
    "templatetags": 4,
    "views": 4,
    "urls": 5,
    "management": 5,
}


def sources() -> list[Path]:
    return sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Every module that a file imports, anywhere in it, as absolute names."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_below(module: str, parents: tuple[str, ...]) -> bool:
    return any(module == parent or module.startswith(parent + ".") for parent in parents)


def imports_any(path: Path, *modules: str) -> bool:
    return any(is_below(name, modules) for name in imports(path))


def layer(module: str) -> int:
    if is_below(module, PURE_MAY_USE_OF_OURS):
        return LAYERS["pure"]
    parts = module.split(".")[1:]
    if "forms" in parts[1:2]:  # of one capability, in its package
        return LAYERS["forms"]
    return LAYERS.get(parts[0], LAYERS["verbs"]) if parts else 0


def pure_modules() -> list[Path]:
    return [path for path in sources() if any(name_of(path).startswith(start) for start in PURE)]


def test_config_is_imported_by_nobody() -> None:
    wrong = [name_of(path) for path in sources() if not name_of(path).startswith("config/") and imports_any(path, "config")]
    assert wrong == []


def test_sites_knows_nothing_of_diagnostics() -> None:
    wrong = [name_of(path) for path in sources() if name_of(path).startswith("sites/") and imports_any(path, "diagnostics")]
    assert wrong == []


@pytest.mark.parametrize("engine", ENGINES)
def test_engine_is_imported_in_its_place_only(engine: str) -> None:
    wrong = [name_of(path) for path in sources() if not name_of(path).startswith(ENGINES[engine]) and imports_any(path, engine)]
    assert wrong == []


@pytest.mark.parametrize("path", pure_modules(), ids=name_of)
def test_pure_module_imports_neither_framework_nor_models(path: Path) -> None:
    wrong = [
        name
        for name in imports(path)
        if is_below(name, ("django", "celery", "sites", "diagnostics", "redis"))
        and name not in ("sites", "diagnostics")
        and not is_below(name, PURE_MAY_USE_OF_OURS)
    ]
    assert wrong == []


def test_pure_list_names_what_exists() -> None:
    assert [path for path in PURE if not (ROOT / path).exists()] == []


def test_practice_shares_no_code_with_checks_or_repairs() -> None:
    forbidden = ("diagnostics.checks", "diagnostics.repairs", "diagnostics.facts", "diagnostics.htaccess")
    wrong = [name_of(path) for path in sources() if "practice" in path.parts and imports_any(path, *forbidden)]
    assert wrong == []


def test_facts_know_neither_checks_nor_repairs() -> None:
    facts = [path for path in sources() if name_of(path).startswith("diagnostics/facts/")]
    assert facts
    assert [name_of(path) for path in facts if imports_any(path, "diagnostics.checks", "diagnostics.repairs")] == []


def test_only_the_executor_opens_a_writer() -> None:
    users = {name_of(path) for path in sources() for name in imports(path) if name.endswith(".open_writer")}
    assert {path for path in users if not path.startswith("diagnostics/transports/")} <= {
        "diagnostics/changes/executor.py",
        "diagnostics/connections/connecting.py",
    }
    calls = {"write_atomic", "create_exclusive", "set_mtime", "lead_link", "remove_link"}
    callers = {
        name_of(path)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in calls
    }
    assert {path for path in callers if not path.startswith("diagnostics/transports/")} == {"diagnostics/changes/executor.py"}


def test_only_the_executor_changes_anything_through_a_panel() -> None:
    calls = ("change_php", "refresh_php", "save_database", "restore_database", "restore_storage")
    callers = {
        name_of(path)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in calls
    }
    assert callers == {f"diagnostics/changes/through_panel/{name}.py" for name in ("php", "saving", "database", "storage")}


def test_only_the_executors_hand_changes_a_database() -> None:
    callers = {
        name_of(path)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "pour"
    }
    assert {path for path in callers if not path.startswith("diagnostics/transports/")} == {"diagnostics/changes/database_hand.py"}


def test_mail_leaves_through_notifications_only() -> None:
    wrong = {name_of(path) for path in sources() for name in imports(path) if is_below(name, ("django.core.mail", "smtplib"))}
    assert wrong <= {"sites/notifications.py", "sites/emails.py", "sites/delivery.py"}


def test_secrets_are_opened_in_credentials_only() -> None:
    wrong = {name_of(path) for path in sources() for name in imports(path) if is_below(name, ("cryptography.fernet",))}
    assert {path for path in wrong if not path.startswith("config/")} <= {"sites/credentials.py"}


@pytest.mark.parametrize("app", ["sites", "diagnostics"])
def test_nothing_imports_upwards(app: str) -> None:
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in sources()
        if name_of(path).startswith(f"{app}/") and path.name != "apps.py"
        for name in imports(path)
        if is_below(name, (app,)) and layer(name) > layer(name_of(path).removesuffix(".py").replace("/", "."))
    ]
    assert wrong == []


def test_no_file_is_unreasonably_long() -> None:
    assert [name_of(path) for path in sources() if len(path.read_text().splitlines()) > 400] == []
