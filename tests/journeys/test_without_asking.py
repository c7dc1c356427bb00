"""Repairs without asking: chosen by an owner, one made at once and one after a second person's yes, mailed, undone, let go on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.browsing import Visitor
from tests.journeys.conftest import Product
from tests.journeys.installing import installation, log_in, mail_to, show_mail
from tests.journeys.rented_sites import FAULT, SOUND, RentedSites, rented_sites
from tests.lab.apache import why_missing
from tests.lab.hosting import State, differences
from tests.lab.test_mails import Clocked, inbox  # noqa: F401 - a fixture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.full,
    pytest.mark.timeout(480),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there"),
]
KIND = re.compile("^Correct what is wrong in .htaccess")
YES = "Yes, make this change and look again"
MADE = "repaired by itself"  # a mail of its own, or the one that the site is well again
TEAMS = {"bakery": {"anna": "owner", "ben": "editor"}, "garage": {"carl": "owner"}}


def choose(visitor: Visitor, site: str, *, approval: bool) -> None:
    """An owner reads what it would mean, and saves it."""
    visitor.go("/")
    visitor.press(site)
    visitor.press("Choose what may be repaired by itself")
    assert "Nothing is repaired without a person." in visitor.words
    visitor.page.get_by_label(KIND).check()
    if approval:
        visitor.page.get_by_label("A second person has to say yes first").check()
    visitor.press("Show what it would do")
    assert "What this would allow (not saved yet)" in visitor.words
    visitor.pictures(f"{site}-1-would")
    visitor.press("Save")
    assert f"Repairs may be made on {site} by themselves" in visitor.words
    visitor.pictures(f"{site}-2-chosen")


def open_incident(visitor: Visitor, inbox: Clocked, name: str, words: str, button: str) -> None:  # noqa: F811
    """From a mail to the page that it leads to."""
    show_mail(visitor, mail_to(inbox, name, words))
    visitor.pictures(f"{name}-{button.split()[0].lower()}-mail")
    visitor.page.get_by_role("link", name=button, exact=True).first.click()
    visitor.page.wait_for_load_state()


def undo(visitor: Visitor, sites: RentedSites, site: str, broken: State) -> None:
    """By a person, from the incident's page: to the byte, and nothing more is made by itself until they have looked."""
    visitor.page.locator("#automatic-undo").click()
    visitor.until(lambda: "Undone by" in visitor.page.locator("#automatic").inner_text(), 60, "it is undone")
    assert not differences(broken, sites.state()) and sites.status(site) == 500
    visitor.pictures(f"{site}-undone")
    visitor.go("/")
    visitor.page.locator("tbody a.name").filter(has_text=site).click()
    visitor.page.wait_for_load_state()
    assert "No repair is made by itself until a person has looked" in visitor.words
    visitor.pictures(f"{site}-stopped")
    visitor.press("I have looked: let it go on")
    assert visitor.page.locator("#automatic-stopped").count() == 0


def made_at_once(visitor: Visitor, inbox: Clocked, sites: RentedSites, broken: State) -> None:  # noqa: F811
    open_incident(visitor, inbox, "carl", MADE, "See the incident")
    assert sites.status("garage") == 200 and set(differences(broken, sites.state())) == {b"garage/.htaccess"}
    assert sites.htaccess("garage").read_bytes() == SOUND + b"RewriteEngine On\n"
    assert "Repaired without a person" in visitor.words
    visitor.pictures("garage-repaired")
    undo(visitor, sites, "garage", broken)


def made_after_a_yes(
    anna: Visitor,
    ben: Visitor,
    inbox: Clocked,  # noqa: F811
    sites: RentedSites,
    broken: State,
) -> None:
    open_incident(ben, inbox, "ben", "a repair waits for your yes", "See it and decide")
    assert not differences(broken, sites.state()), "nothing is changed before the yes"
    ben.pictures("bakery-asked")
    anna.go(ben.page.url)
    assert anna.page.get_by_role("button", name=YES).count() == 0, "who allowed it cannot be the second person"
    anna.pictures("bakery-asked-anna")
    assert not any("waits for your yes" in str(mail["Subject"]) for mail in inbox.mails if str(mail["To"]).startswith("anna@"))
    ben.press(YES)
    ben.until(lambda: "ben said yes," in ben.words and ben.page.locator("#automatic-undo").count(), 60, "it is made")
    assert sites.status("bakery") == 200 and set(differences(broken, sites.state())) == {b"bakery/.htaccess"}
    ben.pictures("bakery-repaired")
    open_incident(anna, inbox, "anna", MADE, "See the incident")
    undo(anna, sites, "bakery", broken)


def test_what_an_owner_allowed_is_repaired_mailed_and_undone(
    start: Callable[..., Product],
    visit: Callable[..., Visitor],
    inbox: Clocked,  # noqa: F811
    tmp_path: Path,
) -> None:
    for name in TEAMS:
        (tmp_path / name).mkdir()
    with rented_sites(tmp_path / "bakery", "bakery") as bakery, rented_sites(tmp_path / "garage", "garage") as garage:
        product, shell = installation(start, inbox, TEAMS)
        anna, ben, carl = (visit(product) for _person in range(3))
        for visitor, name in ((anna, "anna"), (ben, "ben"), (carl, "carl")):
            log_in(visitor, name)
        for sites, team in ((bakery, "bakery"), (garage, "garage")):
            sites.register(shell, team, tmp_path / f"{team}.key")
        choose(anna, "bakery", approval=True)
        choose(carl, "garage", approval=False)
        for sites, name in ((bakery, "bakery"), (garage, "garage")):
            sites.put(name, SOUND + FAULT)
        broken = bakery.state(), garage.state()
        made_after_a_yes(anna, ben, inbox, bakery, broken[0])
        made_at_once(carl, inbox, garage, broken[1])
