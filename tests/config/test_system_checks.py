"""What `manage.py check` warns of."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from config import system_checks


def test_key_that_others_can_read_is_warned_of(settings, tmp_path: Path) -> None:
    settings.SITEMEND_VAR_DIR = tmp_path
    settings.SITEMEND_CREDENTIALS_KEY_FILE = tmp_path / "secret.key"
    assert system_checks.key_files_are_private() == []
    (tmp_path / "secret.key").write_text("x")
    (tmp_path / "secret.key").chmod(0o640)
    assert [message.id for message in system_checks.key_files_are_private()] == ["sitemend.W001"]
    (tmp_path / "secret.key").chmod(0o600)
    assert system_checks.key_files_are_private() == []


@pytest.mark.parametrize(
    ("debug", "url", "warned"),
    [(True, "https://a.example", True), (True, "http://127.0.0.1:8000", False), (False, "https://a.example", False)],
)
def test_debug_for_others_is_warned_of(settings, debug: bool, url: str, warned: bool) -> None:
    settings.DEBUG, settings.SITEMEND_BASE_URL = debug, url
    assert bool(system_checks.debug_stays_at_home()) is warned


def test_file_system_is_that_of_the_deepest_mount() -> None:
    mounts = "/dev/a / ext4 rw 0 0\nserver:/x /srv/data nfs4 rw 0 0\n/dev/b /srv/data\\040b xfs rw 0 0\n"
    assert system_checks.file_system_of(Path("/srv/data/db.sqlite3"), mounts) == "nfs4"
    assert system_checks.file_system_of(Path("/srv/data b/db.sqlite3"), mounts) == "xfs"
    assert system_checks.file_system_of(Path("/srv/database"), mounts) == "ext4"
    assert system_checks.file_system_of(Path("/x"), "") == ""


def test_local_sqlite_is_not_warned_of() -> None:
    assert system_checks.sqlite_is_on_a_disk_of_this_machine() == []


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("https://hc-ping.example/abc", False),
        ("https://198.51.100.7/abc", True),
        ("http://localhost:8000/ping", True),
        ("http://10.0.0.7/ping", False),  # its network is allowed
        ("http://169.254.169.254/", True),
        ("", False),
    ],
)
def test_dead_mans_switch_that_can_never_be_called_is_warned_of(settings, url: str, warned: bool) -> None:
    settings.SITEMEND_DEADMAN_URL = url
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("10.0.0.0/8"),)
    assert [message.id for message in system_checks.deadman_url_can_be_called()] == (["sitemend.W004"] if warned else [])
