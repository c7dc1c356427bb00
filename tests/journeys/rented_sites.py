"""A hosting account with several sites: a real sshd for its files, a real Apache before each of them."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.config.running import wait_for
from tests.lab.apache import ApacheServer, apache
from tests.lab.hosting import Shell, State, state_of
from tests.servers import SshServer, sshd

ACCOUNT = "Agency box"
FAULT = b"RewritEngine On\n"
SOUND = b"Options -Indexes\n"
PAGE = b"<!doctype html><html lang=en><title>%s</title><h1>Welcome to the %s</h1><p>Bread and butter since 1971.</p></html>\n"


@dataclass
class RentedSites:
    """The sites by their names. Each has a folder in the home, and its error log below `logs`."""

    ssh: SshServer
    webs: dict[str, ApacheServer] = field(default_factory=dict)

    def htaccess(self, name: str) -> Path:
        return self.ssh.home / name / ".htaccess"

    def put(self, name: str, content: bytes) -> None:
        """What its owner writes into its .htaccess."""
        self.htaccess(name).write_bytes(content)
        self.htaccess(name).chmod(0o604)
        self.ssh.own(self.htaccess(name))

    def status(self, name: str) -> int:
        """What the real Apache answers."""
        line = http.client.HTTPConnection("127.0.0.1", int(self.webs[name].url.rpartition(":")[2]), timeout=20)
        try:
            line.request("GET", "/")
            return line.getresponse().status
        finally:
            line.close()

    def state(self) -> State:
        """Names, content, modes, owners and times of all files but the logs."""
        return state_of(self.ssh.home)

    def register(self, shell: Shell, team: str, key: Path) -> None:
        """All of them on one account, and seen to be up."""
        ssh = self.ssh
        key.touch(0o600)
        key.write_text(ssh.private_key_text)
        connect = ("--connect", f"ssh://{ssh.user}@{ssh.address}:{ssh.port}", "--key", str(key), "--accept-host-key")
        for number, (name, web) in enumerate(self.webs.items()):
            added = shell.run("add_site", name, f"{web.url}/", "--team", team, "--interval", "20", "--host", f"{ACCOUNT}, {team}",
                              "--docroot", f"{ssh.home}/{name}", "--error-log", str(web.error_log), *(() if number else connect),
                              "--json")  # fmt: skip
            assert added.status == 0, added.err
        wait_for(lambda: self._are_up(shell), 60, f"the sites of {team} are up")

    def _are_up(self, shell: Shell) -> bool:
        told = shell.run("status", "--json").json["sites"]
        return told["up"] >= len(self.webs) and not told["unknown"]


@contextmanager
def rented_sites(folder: Path, *names: str) -> Iterator[RentedSites]:
    """Sites that are well, until the block ends."""
    with ExitStack() as stack:
        ssh = stack.enter_context(sshd(folder))
        made = RentedSites(ssh)
        ssh.home.chmod(0o755)
        for below in ("logs", *names, *(f"logs/{name}" for name in names)):
            (ssh.home / below).mkdir(mode=0o755)
            ssh.own(ssh.home / below)
        for name in names:
            page = ssh.home / name / "index.html"
            page.write_bytes(PAGE % (name.encode(), name.encode()))
            ssh.own(page)
            made.put(name, SOUND)
            made.webs[name] = stack.enter_context(apache(ssh.home / name, ssh.home / "logs" / name))
        yield made
