"""The application is put together as the settings say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client


@pytest.mark.django_db
def test_unknown_address_has_request_id_and_policies() -> None:
    response = Client().get("/there-is-no-such-page/")
    assert response.status_code == 404
    assert len(response["X-Request-Id"]) == 16
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


def test_state_folder_of_tests_is_their_own() -> None:
    assert settings.SITEMEND_VAR_DIR.name.startswith("sitemend-tests-")


def test_database_in_a_folder_open_to_all_is_read_by_nobody_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    command = [sys.executable, "manage.py", "migrate", "contenttypes", "-v0"]
    subprocess.run(command, cwd=settings.BASE_DIR, env=os.environ | {"SITEMEND_VAR_DIR": str(tmp_path)}, check=True)
    files = list(tmp_path.glob("db.sqlite3*"))
    assert files
    assert not any(file.stat().st_mode & 0o007 for file in files)
