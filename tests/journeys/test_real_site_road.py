"""A real hosting account through the pages alone: register, connect, break, incident, mail, repair, green, undo, to the byte."""

from __future__ import annotations

import pytest

from tests.journeys import repairing
from tests.journeys.browsing import Visitor
from tests.journeys.conftest import Product
from tests.lab.apache import why_missing
from tests.lab.faults import FAULTS
from tests.lab.hosting import Hosting, differences, hosting, state_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here"),
]


def register(visitor: Visitor, made: Hosting) -> None:
    """The site; its hosting account is asked for next."""
    visitor.press("Register a site")
    visitor.look("register")
    visitor.fill("Name", "Bakery Ünal")
    visitor.fill("Address", made.web.url + "/")
    visitor.fill("Further pages", "/about.html\n/shop/")
    visitor.page.get_by_label("Interval").or_(visitor.page.get_by_label("Probe every")).first.fill("20")
    visitor.press("Register and probe it now")


def connect(visitor: Visitor, made: Hosting) -> None:
    """Its hosting account: typed, tested, host key compared and accepted, folders found."""
    assert visitor.headline == "Where do the files of Bakery Ünal lie?"
    visitor.page.get_by_label("Name").fill("Hosting of the bakery")
    visitor.page.get_by_label("Protocol").select_option("ssh")
    visitor.fill("Address", made.ssh.address)
    visitor.page.get_by_label("Port").fill(str(made.ssh.port))
    visitor.page.get_by_label("User", exact=True).fill(made.ssh.user)
    visitor.page.get_by_text("Use a private key instead").click()
    visitor.page.get_by_label("Private key").fill(made.ssh.private_key_text)
    visitor.look("connect")
    visitor.press("Test and save")
    assert "Is this really your host?" in visitor.words
    assert made.ssh.fingerprint() in visitor.words
    visitor.look("host-key")
    visitor.press("Accept this key")
    assert visitor.page.get_by_label("Folder of the site (docroot)").input_value() == f"{made.home}/www"
    assert visitor.page.get_by_label("Error log").input_value() == f"{made.home}/logs/error.log"
    visitor.look("places")
    visitor.press("Save")
    assert "Connected." in visitor.words
    visitor.until(lambda: visitor.page.get_by_text("Up", exact=True).count() > 0, 60, "it was probed and is up")
    visitor.look("site-connected")


def test_site_with_a_hosting_account_is_watched_repaired_and_undone(start, visit, tmp_path) -> None:
    fault = FAULTS[0]
    with hosting(tmp_path) as made:
        product: Product = start(SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8")
        visitor: Visitor = visit(product)
        visitor.begin(product.first_run_link)
        well = state_of(made.home, exact=True)
        register(visitor, made)
        connect(visitor, made)
        assert not differences(well, state_of(made.home, exact=True)), "registering and connecting touches nothing"

        fault.make(made)
        broken, untouched = state_of(made.home), state_of(made.home, exact=True)
        visitor.until(
            lambda: visitor.page.get_by_text("Most probable cause").count() or "RewritEngine" in visitor.words, 90, "the cause is there"
        )
        visitor.go("/mail/")
        visitor.until(lambda: visitor.page.locator("td a.name").filter(has_text="500").count() == 1, 60, "one mail is there")
        visitor.page.locator("td a.name").filter(has_text="500").click()
        said = visitor.page.locator(".mail-text").inner_text()
        assert "RewritEngine" in said
        assert f"{fault.line}" in said
        visitor.look("mail")
        assert not differences(untouched, state_of(made.home, exact=True)), "noticing and diagnosing touches nothing"

        visitor.go("/incidents/")
        visitor.page.locator("td a.name").first.click()
        visitor.until_says("Certain", 40)
        visitor.look("incident")
        repairing.open_repair(visitor)
        repairing.choose(visitor, "Test the .htaccess")
        visitor.look("offer")
        repairing.apply_first_offer(visitor)
        assert "Done, verified" in visitor.words
        assert made.get()[0] == 200
        assert set(differences(broken, state_of(made.home))) == {b"www/.htaccess"}
        visitor.look("verified")
        visitor.go("/")
        visitor.until(lambda: visitor.page.locator("article.case").count() == 0, 90, "the dashboard is calm")

        visitor.go("/repairs/")
        visitor.page.locator("td a.name").first.click()
        repairing.undo_newest(visitor)
        assert not differences(broken, state_of(made.home)), "undo brings back every byte, mode and time"
        assert made.get()[0] == 500
        visitor.look("undone")
