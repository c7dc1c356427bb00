"""The servers of the transports' tests: a manifest is read from one of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.diagnostics.transports.conftest import Place, local_account, local_place, place_on, sftp_server, ssh_server
from tests.fakes import FakeHost

__all__ = ["local_account", "local_place", "sftp_server", "ssh_server"]


@pytest.fixture(params=["ssh", "sftp", "local", "fake"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A folder on each kind of host: with a shell, without, on this machine, in memory."""
    if request.param == "fake":
        yield Place(FakeHost(home="/home/demo"), "/home/demo", None)
    elif request.param == "local":
        yield request.getfixturevalue("local_place")
    else:
        with place_on(request.getfixturevalue(f"{request.param}_server"), request.param) as found:
            yield found
