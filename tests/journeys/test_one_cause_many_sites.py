"""One line of .htaccess stops three sites of one account: one mail, one place, one repaired first, then the others, all undone."""

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
from tests.lab.hosting import differences
from tests.lab.test_mails import Clocked, inbox  # noqa: F401 - a fixture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.full,
    pytest.mark.timeout(420),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is there"),
]
NAMES = ("bakery", "garage", "hotel")


def break_all(sites: RentedSites) -> None:
    """The same line, copied into each of them; not at the same place."""
    for number, name in enumerate(NAMES):
        sites.put(name, SOUND * (number + 1) + FAULT + b"RewriteRule ^go$ / [L]\n")


def statuses(sites: RentedSites) -> list[int]:
    return [sites.status(name) for name in NAMES]


def choose_the_second(visitor: Visitor, sites: RentedSites) -> None:
    """Each with its own change; only the one that is chosen is changed."""
    broken = sites.state()
    assert visitor.page.locator(".diff").count() == len(NAMES)
    visitor.page.get_by_role("radio", name=re.compile("garage")).check()
    visitor.pictures("2-choose")
    visitor.press("Repair the chosen site and look again")
    visitor.until(lambda: visitor.headline == "It proved good on garage. Now the others?", 60, "the first is well")
    assert set(differences(broken, sites.state())) == {b"garage/.htaccess"} and statuses(sites) == [500, 200, 500]
    visitor.until(lambda: visitor.page.locator("#allow").count(), 60, "the others are read again")
    visitor.pictures("3-proved")


def test_three_sites_with_one_cause_are_repaired_one_first_and_undone(
    start: Callable[..., Product],
    visit: Callable[..., Visitor],
    inbox: Clocked,  # noqa: F811
    tmp_path: Path,
) -> None:
    with rented_sites(tmp_path, *NAMES) as sites:
        product, shell = installation(start, inbox, {"agency": {"anna": "owner"}})
        sites.register(shell, "agency", tmp_path / "key")
        break_all(sites)
        broken = sites.state()
        visitor = visit(product)
        log_in(visitor, "anna")
        visitor.until(lambda: "3 sites fail from one cause" in visitor.go("/").inner_text("main"), 90, "they are one place")
        visitor.pictures("1-dashboard")
        show_mail(visitor, mail_to(inbox, "anna", "sites on the hosting account"))
        visitor.pictures("0-mail")

        visitor.go("/")
        visitor.press("Repair one first")
        choose_the_second(visitor, sites)
        visitor.press("Repair these as well, one after the other")
        visitor.until(lambda: visitor.headline == "3 sites were repaired.", 90, "all are well")
        assert statuses(sites) == [200] * 3
        visitor.pictures("4-repaired")

        visitor.press("Undo all 3 changes")
        visitor.until(lambda: visitor.page.get_by_text("Undone", exact=True).count() == len(NAMES), 60, "all are undone")
        assert not differences(broken, sites.state()) and statuses(sites) == [500] * 3
        visitor.pictures("5-undone")
        assert visitor.headline != "3 sites were repaired.", "what was undone is not told as done"
