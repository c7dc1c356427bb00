"""PHP was changed in the host's panel to a version that the site's code is too old for: from the mail's link to green, and undone.

The panel is simulated; what it does is real: it writes the account's `.ovhconfig`, by which a real Apache chooses the PHP that answers.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.config.running import wait_for
from tests.journeys import repairing
from tests.journeys.browsing import Visitor
from tests.journeys.conftest import Product
from tests.journeys.installing import installation, log_in, mail_to
from tests.journeys.sleeper import Sleeper
from tests.journeys.test_from_mail_to_green import MOST_CLICKS, TELLS
from tests.journeys.test_panel_road import connect_panel
from tests.lab.apache import ApacheServer, apache
from tests.lab.hosting import Shell
from tests.lab.stack import why_missing
from tests.lab.stack.accounts import Account
from tests.lab.stack.php import pools
from tests.lab.stack.web import MODULES
from tests.lab.test_mails import Clocked, inbox  # noqa: F401 - inbox is a fixture
from tests.ovhcloud import OvhcloudHost, ovhcloud_host
from tests.servers import SshServer, sshd

pytestmark = [pytest.mark.slow, pytest.mark.full, pytest.mark.timeout(600)]
OLD, NEW = "7.4", "8.2"
NAME = "bakery"
# Debian has one PHP. As the older one it has what PHP took out after that; as the newer one it is as it is.
STILL_THERE = "<?php function money_format($format, $number) { return number_format($number, 2, ',', ' '); }\n"
HTML = "<!doctype html><title>Bakery</title><h1>Our bread</h1><p><?= $loaf ?></p>" + "<p>Bread and butter since 1971.</p>" * 5
PAGES = {
    "index.php": f"<?php\nrequire __DIR__ . '/inc/prices.php';\n$loaf = price(4.2);\n?>\n{HTML}\n",
    "inc/prices.php": "<?php\n// What a loaf costs\nfunction price($amount)\n{\n    return money_format('%i', $amount) . ' EUR';\n}\n",
}
# As the host's own web server does it for every request.
CHOOSES = """
<FilesMatch "\\.php$">
<If "file('{config}') =~ /app.engine.version={old}/">
SetHandler "proxy:unix:{older}|fcgi://older"
</If>
<Else>
SetHandler "proxy:unix:{newer}|fcgi://newer"
</Else>
</FilesMatch>
"""


@dataclass
class Rented:
    """The account: its files, its panel, and the web server that asks for PHP as the panel has it."""

    ssh: SshServer
    ovh: OvhcloudHost
    web: ApacheServer

    @property
    def config(self) -> str:
        return (self.ssh.home / ".ovhconfig").read_text()


@pytest.fixture
def rented(tmp_path: Path) -> Iterator[Rented]:
    if why := why_missing():
        pytest.skip(why)
    with contextlib.ExitStack() as stack:
        ssh = stack.enter_context(sshd(tmp_path))
        ssh.home.chmod(0o755)
        for name, mode in (("logs", 0o755), ("tmp", 0o700), ("www", 0o705), ("www/inc", 0o705)):
            (ssh.home / name).mkdir()
            (ssh.home / name).chmod(mode)
            ssh.own(ssh.home / name)
        for name, text in PAGES.items():
            page = ssh.home / "www" / name
            page.write_text(text)
            page.chmod(0o604)
            ssh.own(page)
        ovh = stack.enter_context(ovhcloud_host(ssh.home))
        ovh.work.waits_s = ovh.work.works_s = 0.5
        ovh.php.configure(engineVersion=OLD)
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sitemend-php-")))
        base.chmod(0o755)
        (base / "older.php").write_text(STILL_THERE)
        who = Account(ssh.user, ssh.uid, ssh.gid, ssh.home)
        settings = {"older": [f"php_admin_value[auto_prepend_file]={base}/older.php"]}
        sockets = stack.enter_context(pools(base, {"older": who, "newer": who}, settings))
        chooses = CHOOSES.format(config=ovh.php.file, old=OLD, **sockets)
        yield Rented(ssh, ovh, stack.enter_context(apache(ssh.home / "www", ssh.home / "logs", modules=MODULES, extra=chooses)))


def register(shell: Shell, rented: Rented, key: Path) -> None:
    ssh = rented.ssh
    added = shell.run("add_site", NAME, f"{rented.web.url}/", "--team", NAME, "--interval", "20", "--host", "OVH, shop", "--profile",
                      "ovh-mutualise", "--connect", f"ssh://{ssh.user}@{ssh.address}:{ssh.port}", "--key", str(key), "--accept-host-key",
                      "--json")  # fmt: skip
    assert added.status == 0, added.err
    wait_for(lambda: shell.run("status", "--json").json["sites"]["up"] == 1, 60, "the bakery is up")


def watch_the_host(visitor: Visitor, ovh: OvhcloudHost) -> None:
    """What the host is doing by itself is waited for: until then nothing else is recommended."""
    ovh.work.waits_s, ovh.work.works_s, ovh.work.told_s = 1.0, 10.0, 1.0
    ovh.work.start("attachedDomain/restart", "shop.example")
    repairing.choose(visitor, "Tasks in progress at the host")
    visitor.press("Watch until nothing is left")
    visitor.until_says("Restarting a website", 30)
    visitor.pictures("tasks")
    visitor.until_says("Nothing is left to do at the host", 90)
    visitor.look("tasks-over")


def test_php_version_that_the_host_changed_is_changed_back(
    start: Callable[..., Product],
    visit: Callable[..., Visitor],
    inbox: Clocked,  # noqa: F811
    rented: Rented,
    tmp_path: Path,
) -> None:
    product, shell = installation(start, inbox, {NAME: {NAME: "owner"}}, SITEMEND_OVHCLOUD_API=rented.ovh.url)
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_text(rented.ssh.private_key_text)
    register(shell, rented, key)
    visitor = visit(product)
    log_in(visitor, NAME)
    connect_panel(visitor, rented.ovh)
    well = rented.config

    rented.ovh.php.configure(engineVersion=NEW)
    broken = rented.config
    sleeper = Sleeper(visitor, shoots=True)
    sleeper.mend(mail_to(inbox, NAME, TELLS))
    print(f"{sleeper.clicks} clicks: {' > '.join(sleeper.pressed)}")
    assert rented.config == well, "the page says that the site works, and the version is another"
    assert sleeper.clicks <= MOST_CLICKS, sleeper.pressed

    repairing.undo_newest(visitor)
    visitor.look("undone")
    assert rented.config == broken
    watch_the_host(visitor, rented.ovh)
