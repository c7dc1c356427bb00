from __future__ import annotations

import base64
import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

from diagnostics.practice.serve import PracticeServers
from diagnostics.practice.site import PracticeSite


@dataclass(frozen=True)
class Seen:
    status: int
    body: bytes
    headers: dict[str, str]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PracticeSite]:
    """A healthy practice site whose servers run in this process."""
    made = PracticeSite.create(tmp_path / "practice")
    with PracticeServers(made):
        yield made


@pytest.fixture
def fetch(site: PracticeSite) -> Callable[..., Seen]:
    """One real HTTP request on a fresh connection; the path goes out as it is."""

    def fetched(path: str = "/", method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None) -> Seen:
        connection = http.client.HTTPConnection("127.0.0.1", site.web_port, timeout=5)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Seen(response.status, response.read(), dict(response.getheaders()))
        finally:
            connection.close()

    return fetched


def connect(site: PracticeSite, password: str | None = None, user: str | None = None) -> paramiko.SSHClient:
    """A client that accepts the site's own host key and no other."""
    client = paramiko.SSHClient()
    key = paramiko.Ed25519Key(data=base64.b64decode(site.host_key.split()[1]))
    client.get_host_keys().add(f"[127.0.0.1]:{site.sftp_port}", "ssh-ed25519", key)
    client.connect(
        "127.0.0.1",
        site.sftp_port,
        user or site.user,
        site.password if password is None else password,
        look_for_keys=False,
        allow_agent=False,
        timeout=5,
    )
    return client


@pytest.fixture
def ssh(site: PracticeSite) -> Iterator[paramiko.SSHClient]:
    client = connect(site)
    yield client
    client.close()


@pytest.fixture
def sftp(ssh: paramiko.SSHClient) -> paramiko.SFTPClient:
    return ssh.open_sftp()


def error_lines(site: PracticeSite) -> list[str]:
    path = site.home / "logs" / "error.log"
    return path.read_text().splitlines() if path.exists() else []
