"""A hosting account that is reached through another one, each with a real sshd."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sites.models import Host, Team
from tests.factories import make_host, make_team
from tests.servers import SshServer, sshd


@dataclass
class Pair:
    """A host and the one that leads to it."""

    host: Host
    jump: Host
    server: SshServer
    jump_server: SshServer


def stored(server: SshServer, team: Team, **more: object) -> Host:
    """The account of this server with its key, as it stands once its host key was accepted."""
    place = {"protocol": "ssh", "address": server.address, "port": server.port, "user": server.user, "host_key": server.host_key}
    return make_host(team, **{**place, "private_key": server.private_key_text, **more})  # type: ignore[arg-type]


@contextlib.contextmanager
def pair_of(folder: Path) -> Iterator[Pair]:
    """Both servers run as long as this lasts. Stores both accounts."""
    team = make_team()
    with sshd(folder) as server, sshd(folder) as jump_server:
        jump = stored(jump_server, team, name="Gate")
        yield Pair(stored(server, team, name="Inner", via=jump), jump, server, jump_server)
