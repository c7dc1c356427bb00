"""A site as it was published, and a directory of releases that publishes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.models import Host, Site
from tests.diagnostics.baselines.conftest import well
from tests.diagnostics.restoring.conftest import named
from tests.diagnostics.restoring.published import FORMS, PLUGIN, THEME, WORDPRESS
from tests.diagnostics.restoring.test_looking import put
from tests.factories import make_host, make_site, make_team
from tests.ftp_servers import FtpServer
from tests.publisher import Publisher
from tests.servers import SshServer, sshd


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("ssh")) as started:
        yield started


@pytest.fixture
def server(request: pytest.FixtureRequest) -> SshServer | FtpServer:
    return named(request)


@pytest.fixture
def www(server: SshServer | FtpServer) -> Path:
    folder = server.home / f"t{time.monotonic_ns()}" / "www"
    for name, content in WORDPRESS.items():
        put(server, folder / name, content)
    put(server, folder / "wp-config.php", b"<?php\n$table_prefix = 'wp_';\nrequire_once ABSPATH . 'wp-settings.php';\n")
    for name, content in FORMS.items():
        put(server, folder / PLUGIN / name, content)
    return folder


@pytest.fixture
def site(server: SshServer | FtpServer, www: Path) -> Site:
    secret = {"protocol": "ssh", "private_key": server.private_key_text} if isinstance(server, SshServer) else {
        "protocol": server.protocol, "password": server.password,
    }  # fmt: skip
    host = make_host(
        make_team(), address=server.address, port=server.port, user=server.user, host_key=server.host_key, state=Host.State.WORKS,
        practice=True, **secret,
    )  # fmt: skip
    return well(make_site(host=host, name="shop", docroot=f"{server.remote_home}/{www.relative_to(server.home)}"))


@pytest.fixture(autouse=True)
def publisher() -> Iterator[Publisher]:
    with Publisher() as started, started.in_use():
        started.publish("core", "wordpress", "6.1.1", WORDPRESS)
        started.publish("plugin", "forms", "2.1", FORMS)
        started.publish("theme", "plain", "1.3", THEME)
        yield started
