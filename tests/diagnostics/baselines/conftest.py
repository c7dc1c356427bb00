"""A site that is well on a real SSH server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from sites.models import Host, Site
from tests.factories import make_host, make_site, make_team, make_user
from tests.ftp_servers import FtpServer
from tests.servers import SshServer, sshd

SECRET = b"do-not-show-me-4711"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("sshd")) as started:
        yield started


@pytest.fixture
def docroot(server: SshServer) -> Path:
    """A small WordPress in a folder of its own for each test."""
    return planted(server)


def planted(server: SshServer | FtpServer) -> Path:
    """A small WordPress in a folder of its own."""
    www = server.home / f"t{time.monotonic_ns()}" / "www"
    plugin = www / "wp-content" / "plugins" / "akismet"
    (www / "wp-content" / "uploads").mkdir(parents=True)
    plugin.mkdir(parents=True)
    (www / "index.php").write_bytes(b"<?php")
    (www / ".htaccess").write_bytes(b"RewriteEngine on\n")
    (www / "wp-config.php").write_bytes(b"<?php\ndefine('DB_PASSWORD', '" + SECRET + b"');\ndefine('WP_DEBUG', false);\n")
    (www / "wp-content" / "uploads" / "a.jpg").write_bytes(b"x" * 100)
    (plugin / "akismet.php").write_bytes(b"<?php\n/* Plugin Name: Akismet\n * Version: 5.2 */")
    for path in (www.parent, www, *www.rglob("*")):
        server.own(path)
    return www


@pytest.fixture
def host(server: SshServer) -> Host:
    return make_host(
        make_team(members=(make_user("alice"),)), protocol="ssh", address=server.address, port=server.port, user=server.user,
        private_key=server.private_key_text, host_key=server.host_key, state=Host.State.WORKS, practice=True,
    )  # fmt: skip


@pytest.fixture
def site(host: Host, docroot: Path) -> Site:
    return well(make_site(host=host, name="shop", docroot=str(docroot)))


def well(site: Site) -> Site:
    """As recording leaves a site whose pages answer as expected."""
    site.verdict, site.kind, site.verdict_since = "up", "ok", timezone.now()
    site.save()
    return site
