"""A site on a real Apache whose files are reached over a real server: what trials are made on."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.test import override_settings

from diagnostics import repairing
from diagnostics.models import RepairCase, Step
from sites import registration
from sites.credentials import set_host_secrets
from sites.models import Host, Site, Team
from sites.probing_now import probe_now
from tests.ftp_servers import FtpServer, vsftpd
from tests.lab.apache import ApacheServer, apache
from tests.servers import SshServer, sshd

OLD = 1_600_000_000
Server = SshServer | FtpServer


@dataclass
class Place:
    site: Site
    docroot: Path
    server: Server
    web: ApacheServer

    def put(self, name: str, content: bytes, mode: int = 0o644) -> Path:
        """A file of the account, of long ago."""
        path = self.docroot / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        for each in (path, *(parent for parent in path.parents if parent.is_relative_to(self.docroot) and parent != self.docroot)):
            self.server.own(each)
        os.utime(path, (OLD, OLD))
        return path

    def tree(self) -> dict[str, tuple[Any, ...]]:
        return tree_of(self.docroot)

    def case(self) -> RepairCase:
        """A guided repair of the site as it is, with a diagnosis."""
        probe_now(self.site)
        case = repairing.open_case(self.site)
        step = repairing.run_step(repairing.look(case, "read-log", None).pk)
        assert step.state == "done", step.message
        return RepairCase.objects.select_related("site__host", "diagnosis").get(pk=case.pk)

    def tried(self, kind: str, case: RepairCase | None = None) -> Step:
        """One trial, begun as the page begins it and run as a worker runs it."""
        case = case or self.case()
        return repairing.run_step(repairing.start(case, guide_step="htaccess", action="trial", repair_id=kind).pk)


def tree_of(docroot: Path) -> dict[str, tuple[Any, ...]]:
    """Every name with content, mode, owner and time (of files)."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(docroot.rglob("*")):
        stat = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(docroot))] = (content, stat.st_mode, stat.st_uid, int(stat.st_mtime) if path.is_file() else 0)
    return found


@contextlib.contextmanager
def place(transport: str, tmp_path: Path, *, pages: tuple[str, ...] = ("/",), extra: str = "", **web: Any) -> Iterator[Place]:
    """`transport`: "ssh", "sftp" or "ftp". The account does not see the error log unless the test says so."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(override_settings(SITEMEND_ALLOWED_NETWORKS=(ip_network("127.0.0.0/8"),)))
        server: Server = stack.enter_context(vsftpd(tmp_path) if transport == "ftp" else sshd(tmp_path, sftp_only=transport == "sftp"))
        server.home.chmod(0o755)
        docroot = Path(tempfile.mkdtemp(dir=server.home))
        docroot.chmod(0o755)
        server.own(docroot)
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        logs.chmod(0o755)
        running = stack.enter_context(apache(docroot, logs, extra=extra, **web))
        team = Team.objects.create(name="t")
        reached = {"protocol": transport, "address": server.address, "port": server.port, "user": server.user, "state": "works"}
        host = Host(team=team, name="h", host_key=server.host_key, **reached)
        set_host_secrets(
            host, **({"password": server.password} if isinstance(server, FtpServer) else {"private_key": server.private_key_text})
        )
        host.save()
        remote = f"{server.remote_home.rstrip('/')}/{docroot.name}"
        site = Site.objects.create(team=team, name="shop", url=running.url + "/", host=host, docroot=remote)
        registration.set_pages(site, list(pages))
        yield Place(site, docroot, server, running)
