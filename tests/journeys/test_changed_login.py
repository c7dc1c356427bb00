"""One hosting account with several sites: its password is changed at the host, then the host's key. Each is seen, told and mended once."""

from __future__ import annotations

import os
import re

import pytest

from tests.http_server import HttpServer, Reply
from tests.journeys.browsing import Visitor
from tests.journeys.conftest import Product
from tests.servers import SshServer, sshd

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="password logins need an account of their own, which only root can make"),
]
SITES = ("blog.example", "shop.example")


def fill(server: SshServer, web: HttpServer) -> dict[str, str]:
    """Two sites on one account: the address of each, by the name of its folder."""
    for name in SITES:
        page = server.home / name / "index.html"
        page.parent.mkdir()
        page.write_text("<h1>Welcome</h1>")
        server.own(page.parent), server.own(page)
        web.route(f"/{name}/", Reply())
    return {name: web.url(f"/{name}/") for name in SITES}


def type_account(visitor: Visitor, server: SshServer) -> None:
    visitor.go("/hosts/new/")
    visitor.fill("Name", "Agency box")
    visitor.page.get_by_label("Protocol").select_option("sftp")
    visitor.fill("Address", server.address)
    visitor.fill("Port", str(server.port))
    visitor.page.get_by_label("User", exact=True).fill(server.user)
    visitor.page.locator("input[name=password]").fill(server.password)
    visitor.press("Test and save")
    assert server.fingerprint() in visitor.words and "Accepted password" not in server.log.read_text()
    visitor.press("Accept this key")


def register_what_is_found(visitor: Visitor, addresses: dict[str, str]) -> None:
    visitor.press("Look for sites")
    visitor.until(lambda: visitor.page.get_by_text("Look again").count(), 60, "the look is over")
    rows = visitor.page.locator("table.found tbody tr").all()
    # Other tests may have sites below /var/www meanwhile, which every login of the machine may read.
    for row in [row for row in rows if not any(each in row.inner_text() for each in SITES)]:
        row.locator("input[name=site]").uncheck()
    for row in [row for row in rows if any(each in row.inner_text() for each in SITES)]:
        name = next(each for each in SITES if each in row.inner_text())
        row.locator("input[name^=url-]").fill(addresses[name])
        assert row.locator("input[name=site]").is_checked(), "who types an address means its row"
    visitor.look("found")
    visitor.press("Register the chosen ones…")
    visitor.press("Import 2 sites")
    visitor.until(lambda: visitor.go("/").locator("tbody").get_by_text("Up", exact=True).count() == 2, 30, "both are up")


def blind(visitor: Visitor, problem: str) -> int:
    """How many sites the page of what is still blind names for a problem."""
    visitor.go(f"/coverage/?only={problem}")
    return visitor.page.locator("table.coverage tbody tr").count()


def mail_says(visitor: Visitor, subject: str) -> None:
    visitor.until(lambda: visitor.go("/mail/").get_by_text(subject).count() == 1, 30, f"one mail: {subject}")


def test_changed_password_and_changed_host_key_of_several_sites(start, visit, tmp_path) -> None:
    with sshd(tmp_path, password_user=True) as server, HttpServer() as web:
        addresses = fill(server, web)
        product: Product = start(SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8")
        visitor: Visitor = visit(product)
        visitor.begin(product.first_run_link)
        type_account(visitor, server)
        account = visitor.page.url
        register_what_is_found(visitor, addresses)
        assert blind(visitor, "login-refused") == 0

        server.change_password()
        visitor.go(account)
        visitor.press("Test connection")
        assert "Login refused" in visitor.words and visitor.words.count("Check the user and the secret") == 1
        visitor.look("refused")
        refused = server.log.read_text().count("Failed password")
        assert 1 <= refused <= 2, "what reads the account by itself may have been refused just before the person's own test"
        assert blind(visitor, "login-refused") == 2
        visitor.look("blind")
        visitor.page.locator("table.coverage a.name").first.click()
        visitor.press("Find the cause")
        visitor.until_says("is not tried again by itself", 30)
        assert server.log.read_text().count("Failed password") == refused, "a refused login is not repeated"
        mail_says(visitor, "Agency box refuses our login: 2 sites are blind")

        visitor.go(account)
        visitor.press("Correct user or secret")
        assert "Used by 2 sites" in visitor.words
        visitor.page.locator("input[name=password]").fill(server.password)
        visitor.look("new-password")
        visitor.press("Test and save")
        assert "The connection works, for all of its 2 sites." in visitor.words
        assert blind(visitor, "login-refused") == 0

        accepted = server.fingerprint()
        server.change_host_key()
        logins = server.log.read_text().count("Accepted password")
        visitor.go(account)
        visitor.press("Test connection")
        assert "Host key changed" in visitor.words
        assert visitor.words.count(server.fingerprint()) == 1 and accepted in visitor.words
        visitor.look("another-key")
        assert blind(visitor, "host-key-changed") == 2
        visitor.go("/mail/")
        assert visitor.page.get_by_text("Hosting account shows another key or certificate").count() == 1, (
            "a second mail within a minute waits for others"
        )
        assert server.log.read_text().count("Accepted password") == logins, "nothing secret is sent to a host that shows another key"

        visitor.go(account)
        visitor.press(re.compile("accept the new key$"))
        assert "The connection works." in visitor.words
        assert blind(visitor, "host-key-changed") == 0
        visitor.go(f"{account}done/?kind=logins")
        assert "Stopped: another host key" in visitor.words and "Login refused" in visitor.words
        visitor.look("done")
