"""The tests' own installation: a state folder of its own, made before the settings are read and removed at the end."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import django
import pytest

STATE_FOLDER = Path(tempfile.mkdtemp(prefix="sitemend-tests-"))
atexit.register(shutil.rmtree, STATE_FOLDER, ignore_errors=True)

# What a developer has in the environment or in .env must not reach a test; only the engines that CI chooses may.
_KEPT = ("SITEMEND_CI", "SITEMEND_REQUIRE_ALL", "SITEMEND_LAB_SEED")
for _name in [name for name in os.environ if name.startswith("SITEMEND_") and name not in _KEPT]:
    del os.environ[_name]
os.environ.update(
    SITEMEND_VAR_DIR=str(STATE_FOLDER), SITEMEND_ALLOWED_HOSTS="testserver", SITEMEND_ANCHORS="", SITEMEND_RELEASES="", EMAIL_URL=""
)
os.environ["SITEMEND_ENV_FILE"] = os.devnull
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ.setdefault("DATABASE_URL", "")
os.environ.setdefault("REDIS_URL", "")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402

from tests import emptying, prepared  # noqa: E402

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast: it protects nobody here
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # nothing is collected for tests
settings.STATIC_ROOT.mkdir()

emptying.begin()
prepared.folder()  # before there are other processes: they use it too
_DATABASE_FIXTURES = frozenset({"db", "transactional_db", "live_server", "django_db_setup"})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list) -> None:
    """Each process of several makes its own installation: else it would find the settings of this one and share its folder."""
    for spec in specs:
        spec.env["DJANGO_SETTINGS_MODULE"] = ""
    threading.Thread(target=prepared.database, daemon=True).start()  # is ready when the first of them has collected its tests


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever uses the database carries the mark `database`: CI runs it on the second engine too."""
    for item in items:
        if item.get_closest_marker("django_db") or _DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
    if hasattr(config, "workerinput"):
        _longest_first(items)


def _longest_first(items: list[pytest.Item]) -> None:
    """Files with the tests that are given most time come first: of several processes none begins one when the others have ended."""
    longest: dict[Path, float] = {}
    for item in items:
        mark = item.get_closest_marker("timeout")
        longest[item.path] = max(longest.get(item.path, 0.0), mark.args[0] if mark else 0.0)
    items.sort(key=lambda item: -longest[item.path])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """With SITEMEND_REQUIRE_ALL=1 (as in CI) a skipped test is a failed one: nothing goes missing unseen."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("SITEMEND_REQUIRE_ALL") == "1" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, but everything must run here: {reason}"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The tests' database begins as a copy of one that is migrated: that takes seconds, and each process needs one."""
    if connection.vendor == "sqlite":
        connection_created.connect(_fill)
    elif template := os.environ.get("TESTS_TEMPLATE_DATABASE"):
        connection.settings_dict["TEST"]["TEMPLATE"] = template


def _fill(sender: object, connection: BaseDatabaseWrapper, **_more: object) -> None:
    connection_created.disconnect(_fill)
    with closing(sqlite3.connect(prepared.database())) as source:
        source.backup(connection.connection)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a server's workers may enter.

    It lies beside pytest's own: whichever pytest starts next takes the rights of others on that one away again (pytest's tmpdir.py).
    """
    with tempfile.TemporaryDirectory(prefix="sitemend-open-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
