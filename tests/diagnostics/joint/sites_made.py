"""Several sites on one real account (sshd), each served by a real Apache, that fail from the same line of .htaccess."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.test import override_settings

from diagnostics import tasks
from diagnostics.changes import undoing
from diagnostics.models import Diagnosis, JointRepair, Step
from sites import registration
from sites.credentials import set_host_secrets
from sites.models import Host, Incident, Site
from sites.probing_now import probe_now
from tests.diagnostics.trying.places import tree_of
from tests.factories import make_team
from tests.lab.apache import apache
from tests.servers import SshServer, sshd

FAULT = b"RewritEngine On\n"


@dataclass
class Account:
    """The sites of one account, by name, with their folders here."""

    sites: dict[str, Site]
    folders: dict[str, Path]
    server: SshServer

    def put(self, name: str, content: bytes) -> None:
        path = self.folders[name] / ".htaccess"
        path.write_bytes(content)
        path.chmod(0o604)
        self.server.own(path)

    def incident(self, name: str) -> Incident:
        return Incident.objects.select_related("site__host").get(site=self.sites[name])

    def tree(self, *names: str) -> dict[str, Any]:
        return {name: tree_of(self.folders[name]) for name in names or self.folders}

    def fail(self) -> None:
        """Every site is seen to be down, and its cause is found, as a worker does it."""
        for site in self.sites.values():
            assert probe_now(site).verdict == "down"
        work()


@contextlib.contextmanager
def account(tmp_path: Path, **contents: bytes) -> Iterator[Account]:
    """`contents`: the .htaccess of each site, by the site's name."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(override_settings(SITEMEND_ALLOWED_NETWORKS=(ip_network("127.0.0.0/8"),)))
        server = stack.enter_context(sshd(tmp_path))
        server.home.chmod(0o755)
        team = make_team()
        host = Host(team=team, name="h", protocol="ssh", address=server.address, port=server.port, user=server.user, state="works")
        host.host_key, made = server.host_key, Account({}, {}, server)
        set_host_secrets(host, private_key=server.private_key_text)
        host.save()
        for name, content in contents.items():
            folder = server.home / name
            folder.mkdir(mode=0o755)
            folder.chmod(0o755)
            server.own(folder)
            (folder / "index.html").write_bytes(b"<p>Bread and butter since 1971.</p>")
            server.own(folder / "index.html")
            logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            logs.chmod(0o755)
            web = stack.enter_context(apache(folder, logs))
            remote = f"{server.remote_home.rstrip('/')}/{name}"
            made.sites[name] = Site.objects.create(team=team, name=name, url=web.url + "/", host=host, docroot=remote)
            registration.set_pages(made.sites[name], ["/"])
            made.folders[name] = folder
            made.put(name, content)
        yield made


def work() -> None:
    """What workers do until nothing is left to do: diagnoses, steps and undos that were asked for."""
    for _ in range(50):
        diagnoses = list(Diagnosis.objects.filter(state="queued").values_list("pk", flat=True))
        steps = list(Step.objects.filter(state="queued").values_list("pk", flat=True))
        undos = list(undoing.asked_for())
        if not diagnoses and not steps and not undos:
            return
        for pk in diagnoses:
            tasks.diagnose(pk)
        for pk in steps:
            tasks.run_step(pk)
        for pk, user_id in undos:
            tasks.undo_step(pk, user_id)
    raise AssertionError("it does not come to an end")


def states(joint: JointRepair) -> dict[str, tuple[str, str]]:
    """Of each site: its place in the run, and what became of its step."""
    rows = joint.members.select_related("site", "step")
    return {row.site.name: (row.state, row.step.state if row.step else "") for row in rows}
