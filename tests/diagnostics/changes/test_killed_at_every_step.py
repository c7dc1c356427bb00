"""SIGKILL after every single thing that a worker does, on every transport: afterwards nothing is in between."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import prepared
from tests.ftp_servers import FtpServer, pure_ftpd, vsftpd
from tests.servers import SshServer, sshd

ROOT = Path(__file__).resolve().parents[3]
ROADS = ("apply", "undo", "recover")
SEED = 4711
TRANSPORTS = ("local", "ssh", "sftp", "bare", "ftp", "ftps")
LINKS = {"bare": ("rename",), "ftps": ("rename",), "ftp": ()}  # what can be done to links that lead to nothing; else all
SSHD_OPTIONS: dict[str, dict[str, Any]] = {
    "ssh": {},
    "sftp": {"sftp_only": True},
    "bare": {"sftp_only": True, "sftp_options": "-P posix-rename,statvfs,fsync,lsetstat"},  # replaces files by two moves
}


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed") / "var"
    prepared.installation(folder)
    return folder


def environment(folder: Path, local_root: str = "") -> dict[str, str]:
    ours = ("SITEMEND_", "DATABASE_", "REDIS_", "EMAIL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    settings = {"SITEMEND_VAR_DIR": str(folder), "SITEMEND_LOCAL_ROOTS": local_root, "SITEMEND_ALLOWED_NETWORKS": "127.0.0.0/8"}
    return kept | settings | {"DJANGO_SETTINGS_MODULE": "config.settings", "SITEMEND_ENV_FILE": os.devnull}


def over_the_wire(server: SshServer | FtpServer, protocol: str) -> dict[str, Any]:
    real = Path(tempfile.mkdtemp(dir=server.home))
    real.chmod(0o755)
    server.own(real)
    reached = {"protocol": protocol, "address": server.address, "port": server.port, "user": server.user, "host_key": server.host_key}
    return {
        "host": reached | {"state": "works"},
        "secrets": {"private_key": server.private_key_text} if isinstance(server, SshServer) else {"password": server.password},
        "docroot": f"{server.remote_home}/{real.name}",
        "real": str(real),
        "uid": server.uid,
        "gid": server.gid,
    }


@contextlib.contextmanager
def on_this_machine() -> Iterator[dict[str, Any]]:
    real = tempfile.mkdtemp(prefix="sitemend-killed-")
    place = {"docroot": real, "real": real, "uid": os.geteuid(), "gid": os.getegid()}
    try:
        yield place | {"host": {"protocol": "local", "state": "works"}, "secrets": {}}
    finally:
        shutil.rmtree(real, ignore_errors=True)


@contextlib.contextmanager
def job_on(transport: str, tmp_path: Path) -> Iterator[dict[str, Any]]:
    if transport == "local":
        with on_this_machine() as job:
            yield job
    elif transport in SSHD_OPTIONS:
        with sshd(tmp_path, **SSHD_OPTIONS[transport]) as server:
            yield over_the_wire(server, "ssh" if transport == "ssh" else "sftp")
    else:
        with vsftpd(tmp_path) if transport == "ftp" else pure_ftpd(tmp_path, tls=True) as server:
            yield over_the_wire(server, transport)


def attempts(transport: str, empty_database: Path, tmp_path: Path, roads: dict[str, list[float] | None]) -> list[dict[str, Any]]:
    state = tmp_path / "var"
    shutil.copytree(empty_database, state)
    with job_on(transport, tmp_path) as job:
        done = subprocess.run(
            [sys.executable, "-m", "tests.diagnostics.killing"],
            cwd=ROOT,
            env=environment(state, job["docroot"] if transport == "local" else ""),
            input=json.dumps(job | {"roads": roads, "links": LINKS.get(transport, ("lead", "rename"))}),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_worker_killed_anywhere_leaves_all_or_nothing(transport: str, empty_database: Path, tmp_path: Path) -> None:
    seeded = random.Random(f"{SEED} {transport}")
    found = attempts(transport, empty_database, tmp_path, {road: [seeded.random()] for road in ROADS})
    assert [each for each in found if each["wrong"]] == []
    assert len(found) == len(ROADS) and all(each["killed"] for each in found)


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_worker_killed_at_every_single_step_leaves_all_or_nothing(transport: str, road: str, empty_database: Path, tmp_path: Path) -> None:
    found = attempts(transport, empty_database, tmp_path, {road: None})
    print(f"{transport} {road}: {len(found)} kills, {sum(each['recovered'] for each in found)} different states recovered from")
    assert [each for each in found if each["wrong"]] == []
    assert len(found) > 40, "the hook sees the steps"
    assert {each["state"] for each in found} == {
        "apply": {"queued", "taken-back", "done-verified"},
        "undo": {"done-verified", "undone"},
        "recover": {"taken-back"},
    }[road]
