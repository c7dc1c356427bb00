"""The guided repair through the pages, over each kind of connection: connect, break, repair, green, undo, to the byte."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ftp_servers import FtpServer, pure_ftpd, vsftpd
from tests.journeys import repairing
from tests.journeys.browsing import ROOT, Visitor
from tests.journeys.conftest import Product
from tests.lab.apache import apache, why_missing
from tests.lab.faults import FAULTS
from tests.lab.hosting import Hosting, differences, fill, hosting, state_of
from tests.servers import SshServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here"),
]


@dataclass
class Rented:
    """A hosting account and how it is reached."""

    protocol: str
    made: Hosting
    server: SshServer | FtpServer

    @property
    def settings(self) -> dict[str, str]:
        return {"SITEMEND_ALLOWED_NETWORKS": "127.0.0.0/8", "SITEMEND_LOCAL_ROOTS": str(self.made.home)}

    @property
    def home(self) -> str:
        """The account's folder as the connection names it."""
        return str(self.made.home) if self.protocol == "local" else self.server.remote_home


@contextlib.contextmanager
def over_ssh(folder: Path, protocol: str, *, sftp_only: bool = False) -> Iterator[Rented]:
    with hosting(folder, sftp_only=sftp_only) as made:
        yield Rented(protocol, made, made.ssh)


@contextlib.contextmanager
def over_ftp(folder: Path, server_of: Callable[[Path], contextlib.AbstractContextManager[FtpServer]]) -> Iterator[Rented]:
    with server_of(folder) as server:
        (server.home / "logs").mkdir(mode=0o755)
        server.own(server.home / "logs")
        fill(server)  # type: ignore[arg-type]
        with apache(server.home / "www", server.home / "logs") as web:
            yield Rented(server.protocol, Hosting(server, web), server)  # type: ignore[arg-type]


KINDS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Rented]]] = {
    "sftp-chroot": lambda folder: over_ssh(folder, "sftp", sftp_only=True),
    "ftps": lambda folder: over_ftp(folder, lambda at: vsftpd(at, tls=True, extra=("require_ssl_reuse=YES",))),
    "ftp": lambda folder: over_ftp(folder, pure_ftpd),
    "local": lambda folder: over_ssh(folder, "local"),
}


def register(visitor: Visitor, rented: Rented) -> None:
    visitor.press("Register a site")
    visitor.fill("Name", "Bakery Ünal")
    visitor.fill("Address", rented.made.web.url + "/")
    visitor.page.get_by_label("Interval").or_(visitor.page.get_by_label("Probe every")).first.fill("20")
    visitor.press("Register and probe it now")


def connect(visitor: Visitor, rented: Rented) -> None:
    """Typed, tested, what the server shows compared and accepted, folders found."""
    server = rented.server
    visitor.page.get_by_label("Name").fill("Hosting of the bakery")
    visitor.page.get_by_label("Protocol").select_option(rented.protocol)
    visitor.fill("Address", server.address)
    visitor.page.get_by_label("Port").fill(str(server.port))
    visitor.page.get_by_label("User", exact=True).fill(server.user)
    if isinstance(server, SshServer):
        visitor.page.get_by_text("Use a private key instead").click()
        visitor.page.get_by_label("Private key").fill(server.private_key_text)
    else:
        visitor.page.locator("input[name=password]").fill(server.password)
    visitor.look("connect")
    visitor.press("Test and save")
    if rented.protocol != "ftp":
        visitor.look("who-answers")
        visitor.page.get_by_role("button", name=re.compile("^Accept this")).click()
        visitor.page.wait_for_load_state()
    assert visitor.page.get_by_label("Folder of the site (docroot)").input_value() == f"{rented.home}/www", visitor.words
    assert visitor.page.get_by_label("Error log").input_value() == f"{rented.home}/logs/error.log"
    visitor.look("places")
    visitor.press("Save")
    assert "Connected." in visitor.words


def add_by_shell(product: Product, rented: Rented) -> None:
    """Files of the machine itself are never connected through the web: whoever may type on it does."""
    command = ["add_site", "Bakery Ünal", rented.made.web.url + "/", "--connect", "local:", "--docroot", f"{rented.home}/www"]
    command += ["--error-log", f"{rented.home}/logs/error.log", "--interval", "20"]
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, **product.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# Files of the machine itself are connected by a command: the pages that follow are those of the other kinds.
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.full) if kind == "local" else kind for kind in KINDS])
def test_guided_repair_over_this_connection_cures_and_is_undone(kind: str, start, visit, tmp_path) -> None:
    with KINDS[kind](tmp_path) as rented:
        made = rented.made
        product: Product = start(**rented.settings)
        visitor: Visitor = visit(product)
        visitor.begin(product.first_run_link)
        if kind == "local":
            add_by_shell(product, rented)
            visitor.go("/")
            visitor.page.get_by_role("link", name="Bakery Ünal").first.click()
        else:
            register(visitor, rented)
            connect(visitor, rented)
        visitor.until(lambda: visitor.page.get_by_text("Up", exact=True).count() > 0, 60, "it was probed and is up")
        visitor.look("site")

        FAULTS[0].make(made)
        broken = state_of(made.home)
        visitor.until(lambda: "RewritEngine" in visitor.words, 90, "the cause is there")
        visitor.go("/incidents/")
        visitor.page.locator("td a.name").first.click()
        repairing.open_repair(visitor)
        repairing.choose(visitor, "Test the .htaccess")
        visitor.look("offer")
        repairing.apply_first_offer(visitor)
        assert "Done, verified" in visitor.words
        assert made.get()[0] == 200
        assert set(differences(broken, state_of(made.home))) == {b"www/.htaccess"}
        visitor.look("verified")

        repairing.undo_newest(visitor)
        assert not differences(broken, state_of(made.home)), "undo brings back every byte, mode and time"
        assert made.get()[0] == 500
        visitor.look("undone")
