"""The servers that files are put back on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ftp_servers import FtpServer, pure_ftpd
from tests.servers import SshServer


@pytest.fixture(scope="module")
def ftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpServer]:
    with pure_ftpd(tmp_path_factory.mktemp("ftp")) as started:
        yield started


def named(request: pytest.FixtureRequest) -> SshServer | FtpServer:
    """The server whose fixture a test names as its parameter, else that with a shell."""
    found: SshServer | FtpServer = request.getfixturevalue(getattr(request, "param", "ssh"))
    return found
