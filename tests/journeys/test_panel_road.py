"""A person mends a site through the host's panel: connects it, puts a database back, undoes that, and puts all files back at last."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.http_server import HttpServer, Received, Reply
from tests.journeys.browsing import Visitor
from tests.journeys.conftest import Product
from tests.lab.hosting import Shell
from tests.ovhcloud import APPLICATION_KEY, APPLICATION_SECRET, OvhcloudHost, ovhcloud_host
from tests.ovhcloud.databases import Database, MariaDb
from tests.programs import binary, mariadb
from tests.servers import SshServer, sshd

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NAME = "shopdb"
REGISTER = """
from django.utils import timezone
from diagnostics.connections import connecting
from diagnostics.transports.base import ConnectionDetails
from sites import registration
from sites.models import *
team = Team.objects.first()
details = ConnectionDetails("sftp", {address!r}, {port}, {user!r}, private_key={key!r}, host_key={host_key!r})
host = connecting.create_host(team=team, name="OVH, shop", details=details, profile="ovh-mutualise")
for name, docroot in (("shop", "www"), ("blog", "blog")):
    site = Site.objects.create(team=team, name=name, url={url!r} + name + "/", host=host, docroot={home!r} + "/" + docroot)
    registration.set_pages(site, ["/"])
print(Site.objects.get(name="shop").pk)
"""


@dataclass
class Account:
    """The hosting: its files on a real SFTP server, its database on a real MariaDB, its panel simulated, its sites answering by both."""

    ssh: SshServer
    ovh: OvhcloudHost
    database: Database
    web: HttpServer

    @property
    def page(self) -> Path:
        return self.ssh.home / "www/index.php"

    def words(self) -> str:
        return self.database.data.run("SELECT words FROM state").strip()  # type: ignore[attr-defined]

    def say(self, words: str) -> None:
        self.database.data.run(f"UPDATE state SET words = '{words}'")  # type: ignore[attr-defined]

    def answer(self, _request: Received) -> Reply:
        well = self.words() == "well" and self.page.read_text() == "well"
        return Reply(200, body=b"<h1>Shop</h1>") if well else Reply(500, body=b"broken")


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    if not binary("mariadbd"):
        pytest.skip("MariaDB is not installed")
    folder = Path(tempfile.mkdtemp(prefix="sitemend-db-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        ssh = stack.enter_context(sshd(tmp_path, sftp_only=True))
        for name in ("www", "blog"):
            (ssh.home / name).mkdir(mode=0o705)
            (ssh.home / name / "index.php").write_text("well")
            ssh.own(ssh.home / name), ssh.own(ssh.home / name / "index.php")
        ssh.home.chmod(0o705)
        ovh = stack.enter_context(ovhcloud_host(ssh.home))
        ovh.work.waits_s = ovh.work.works_s = 0.5
        ovh.php.configure()
        ovh.storage.keep("daily.1", tmp_path / "snap0")
        line = stack.enter_context(mariadb(folder / "db", "--skip-networking", "--innodb-buffer-pool-size=24M", "--key-buffer-size=1M"))
        database = ovh.databases.add(NAME, MariaDb(line, NAME))
        database.data.load(b"CREATE TABLE state (words VARCHAR(99)); INSERT INTO state VALUES ('well');")
        for kind, hours in (("daily.1", 5), ("daily.1", 29), ("weekly.1", 80)):
            ovh.databases.keep(NAME, kind, hours * 3600)
        web = stack.enter_context(HttpServer())
        made = Account(ssh, ovh, database, web)
        web.route("/shop/", made.answer)
        web.route("/blog/", Reply(200, body=b"<h1>Blog</h1>"))
        yield made


def register(product: Product, account: Account) -> int:
    """Two sites on the account; answers the key of the shop."""
    ssh = account.ssh
    values = {"address": ssh.address, "port": ssh.port, "user": ssh.user, "key": ssh.private_key_text, "host_key": ssh.host_key}
    done = Shell(product.state_folder).run(
        "shell", "--verbosity", "0", "-c", REGISTER.format(**values, url=account.web.url("/"), home=ssh.remote_home)
    )
    assert done.status == 0, done.err
    return int(done.out.split()[-1])


def connect_panel(visitor: Visitor, ovh: OvhcloudHost) -> None:
    """The panel of the account "OVH, shop"."""
    visitor.go("/hosts/")
    visitor.press("OVH, shop")
    host = visitor.page.url.rstrip("/")
    visitor.go(f"{host}/panel/")
    visitor.fill("Name of the hosting", ovh.service)
    visitor.fill("Application key, or id of the service account", APPLICATION_KEY)
    visitor.fill("Its secret", APPLICATION_SECRET)
    visitor.look("connect")
    visitor.press("Connect")
    ovh.gate.confirm()
    visitor.press("I confirmed: test")
    visitor.until_says("in service", 20)


def open_repair(visitor: Visitor, site: int) -> str:
    """The repair of a site that is down; answers its address."""
    visitor.go("/")
    visitor.until(lambda: visitor.go("/").locator("tbody").get_by_text("Down", exact=True).count(), 90, "the shop is down")
    visitor.go(f"/sites/{site}/repair/")
    visitor.press("Start the guided repair")
    return visitor.page.url.split("?")[0]


def read_copies(product: Product, visitor: Visitor, account: Account) -> str:
    """A database that breaks the shop, its panel connected, and what the host keeps of it listed; answers the repair's address."""
    visitor.begin(product.first_run_link)
    account.say("broken")
    site = register(product, account)
    connect_panel(visitor, account.ovh)
    repair = open_repair(visitor, site)
    visitor.go(f"{repair}?step=database")
    visitor.press("Read which copies there are")
    visitor.until(lambda: visitor.page.get_by_role("link", name=re.compile("^Put back")).count() == 3, 60, "the copies are listed")
    return repair


def test_database_and_files_are_put_back_through_the_panel(
    start: Callable[..., Product], visit: Callable[..., Visitor], account: Account
) -> None:
    product = start(SITEMEND_OVHCLOUD_API=account.ovh.url, SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8")
    visitor = visit(product)
    repair = read_copies(product, visitor, account)
    visitor.look("copies")
    visitor.page.get_by_role("link", name=re.compile("^Put back")).first.click()
    visitor.look("database-plan")
    visitor.press("Copy what is there, then put it back")
    visitor.shot("at-work")
    visitor.until_says("Every page answers as expected again.", 120)
    visitor.look("database-done")
    assert account.words() == "well" and len(account.database.dumps) == 4

    visitor.page.locator("[id^=undo-]").first.click()
    visitor.until_says("Undone", 120)
    assert account.words() == "broken" and len(account.database.dumps) == 5
    visitor.look("database-undone")

    account.say("well")
    account.page.write_text("broken")
    visitor.go(f"{repair}?step=restore")
    visitor.page.locator("#whole-storage summary").click()
    visitor.look("files")
    visitor.press("Look whether that is possible")
    visitor.until(lambda: visitor.page.locator("#show-storage").count(), 60, "the days are offered")
    visitor.look("days")
    visitor.press("Show whom it concerns")
    visitor.look("storage-plan")
    names = visitor.page.locator(".promises li").all_inner_texts()
    visitor.page.locator("#typed").fill("shop")
    visitor.press("Replace all files for good")
    assert "were not typed" in visitor.words and account.page.read_text() == "broken"
    visitor.look("storage-not-typed")
    visitor.page.locator("#typed").fill("\n".join(names))
    visitor.press("Replace all files for good")
    visitor.until_says("cannot be undone", 120)
    visitor.until(lambda: account.page.read_text() == "well", 60, "the files are as they were")
    visitor.until_says("Every page answers as expected again.", 60)
    visitor.look("storage-done")


def test_blocked_hosting_is_told_and_left_alone(start: Callable[..., Product], visit: Callable[..., Visitor], account: Account) -> None:
    product = start(SITEMEND_OVHCLOUD_API=account.ovh.url, SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8")
    visitor = visit(product, scheme="dark")
    read_copies(product, visitor, account)
    account.ovh.access = "blocked"
    visitor.page.get_by_role("link", name=re.compile("^Put back")).first.click()
    visitor.press("Copy what is there, then put it back")
    visitor.until_says("OVHcloud has blocked this hosting", 60)
    visitor.look("blocked")
    assert account.words() == "broken" and not [call for call in account.ovh.calls("POST") if "/hosting/" in call]
