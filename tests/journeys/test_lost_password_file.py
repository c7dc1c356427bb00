"""A site asks for a password and its password file is lost: a new one is made, everybody who knows it gets in again, all by pages alone."""

from __future__ import annotations

import base64
import http.client

import pytest

from tests.journeys import repairing
from tests.journeys.browsing import Visitor
from tests.journeys.conftest import Product
from tests.journeys.test_real_site_road import connect, register
from tests.lab.apache import why_missing
from tests.lab.hosting import Hosting, differences, hosting, state_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here"),
]
USER, SECRET = "baker", "rye 4 bread"
RULES = b'AuthType Basic\nAuthName "Bakery"\nAuthUserFile /kunden/4711/.htpasswd\nRequire valid-user\n'


def status(made: Hosting, password: str = "") -> int:
    """What the real Apache answers."""
    line = http.client.HTTPConnection("127.0.0.1", int(made.web.url.rpartition(":")[2]), timeout=20)
    coded = base64.b64encode(f"{USER}:{password}".encode()).decode()
    try:
        line.request("GET", "/", headers={"Authorization": f"Basic {coded}"} if password else {})
        return line.getresponse().status
    finally:
        line.close()


def tell_the_probes(visitor: Visitor) -> None:
    """What they are to send: of use later, and no harm to a site that does not ask yet."""
    visitor.press("Edit")
    visitor.page.evaluate("for (const part of document.querySelectorAll('main details')) part.open = true")
    visitor.page.locator("input[name=basic_user]").fill(USER)
    visitor.page.locator("input[name=basic_password]").fill(SECRET)
    visitor.press("Save")


def move(made: Hosting) -> None:
    """The site comes from another host, with its .htaccess and without what it names."""
    htaccess = made.home / "www/.htaccess"
    htaccess.write_bytes(RULES)
    htaccess.chmod(0o604)
    made.ssh.own(htaccess)


def choose_the_password(visitor: Visitor) -> None:
    repairing.choose(visitor, "Test the .htaccess")
    visitor.pictures("1-lost")
    visitor.press("Choose a user name and a password")
    assert visitor.headline == "Who may enter from now on?"
    proposed = visitor.page.get_by_label("Password").input_value()
    assert len(proposed) > 20
    visitor.pictures("2-who-may-enter")
    visitor.fill("User name", "bak:er")
    visitor.press("Show what would be written")
    assert "no colon" in visitor.words and visitor.page.get_by_label("Password").input_value() != proposed
    visitor.pictures("3-wrong")
    visitor.fill("User name", USER)
    visitor.fill("Password", SECRET)
    visitor.press("Show what would be written")
    repairing.settle(visitor)


def test_lost_password_file_is_made_anew_and_undone(start, visit, tmp_path) -> None:
    with hosting(tmp_path) as made:
        product: Product = start(SITEMEND_ALLOWED_NETWORKS="127.0.0.0/8")
        visitor: Visitor = visit(product)
        visitor.begin(product.first_run_link)
        register(visitor, made)
        connect(visitor, made)
        tell_the_probes(visitor)
        move(made)
        broken = state_of(made.home)
        assert (status(made), status(made, SECRET)) == (401, 500)
        visitor.until(lambda: "password file that is not there" in visitor.go("/").inner_text("main"), 120, "its cause is found")
        visitor.press("Details", visitor.page.locator("article.case").first)
        repairing.open_repair(visitor)
        choose_the_password(visitor)
        assert f"{USER}:[removed] (the hash of a password)" in visitor.words and SECRET not in visitor.page.content()
        visitor.pictures("4-offer")
        assert not differences(broken, state_of(made.home)), "nothing is written before somebody says yes"

        repairing.apply_first_offer(visitor)
        assert "The site works again" in visitor.words, visitor.words
        assert (status(made), status(made, SECRET), status(made, "another")) == (401, 200, 401)
        changed = set(differences(broken, state_of(made.home)))
        (new,) = changed - {b"www/.htaccess"}
        assert new.startswith(b".htpasswd-"), "beside the site's folder, not in it"
        visitor.pictures("5-made")

        repairing.undo_newest(visitor)
        assert not differences(broken, state_of(made.home)), "undo takes the file away and brings back the line"
        assert status(made, SECRET) == 500
        visitor.look("undone")
