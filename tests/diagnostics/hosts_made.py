"""A hosting account on a real sshd with a site's files, and a step that changes one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.utils import timezone

from diagnostics.connections import connecting
from diagnostics.models import RepairCase, Step
from diagnostics.repairs.plan import ChangeMode, Plan, WriteFile
from diagnostics.transports.base import ConnectionDetails
from sites.models import Host, Site
from tests.factories import make_team
from tests.servers import SshServer, sshd

OLD = 1_600_000_000
CONTENT = b"RewritEngine On\n"


@contextmanager
def serving(tmp_path: Path, **more: object) -> Iterator[SshServer]:
    """An account with www/.htaccess and www/index.html."""
    with sshd(tmp_path, **more) as running:  # type: ignore[arg-type]
        www = running.home / "www"
        www.mkdir()
        running.own(www)
        for name, content in ((".htaccess", CONTENT), ("index.html", b"<p>hello")):
            path = www / name
            path.write_bytes(content)
            path.chmod(0o604)
            running.own(path)
            os.utime(path, (OLD, OLD))
        yield running


def details_of(server: SshServer, protocol: str = "ssh", **changes: object) -> ConnectionDetails:
    values = {"protocol": protocol, "address": server.address, "port": server.port, "user": server.user}
    return ConnectionDetails(**{**values, "private_key": server.private_key_text, "host_key": server.host_key, **changes})  # type: ignore[arg-type]


def host_on(server: SshServer, protocol: str = "ssh", **changes: object) -> Host:
    details = details_of(server, protocol, **changes)
    return connecting.create_host(team=make_team(), name="Account", details=details, profile="apache-755")


def step_on(host: Host, name: str = "shop", docroot: str = "", **more: object) -> Step:
    site = Site.objects.create(team=host.team, name=name, url=f"http://{name}.example/", host=host, docroot=docroot)
    case = RepairCase.objects.create(site=site, opened_at=timezone.now())
    values = {"guide_step": "htaccess", "action": "repair", "title": "Correct line 1", "state": "applying", "created_at": timezone.now()}
    return Step.objects.create(case=case, **{**values, **more})


def plan_for(server: SshServer) -> Plan:
    """A content and a mode changed."""
    www = f"{server.remote_home}/www"
    changes = (
        WriteFile(f"{www}/.htaccess", "www/.htaccess", CONTENT, b"RewriteEngine On\n", 0o604),
        ChangeMode(f"{www}/index.html", "www/index.html", "file", 0o604, 0o644),
    )
    return Plan("r", "c", "t", "w", changes)
