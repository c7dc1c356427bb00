"""A newcomer's first ten minutes: first run, practice site, a real 500, the mail, its cause, repair, green, undo, red, repair, report."""

from __future__ import annotations

import http.client
import json
import re
from pathlib import Path

import pytest

from tests.journeys import repairing
from tests.journeys.browsing import PHONE, WIDE, Visitor
from tests.journeys.conftest import Product
from tests.lab.hosting import differences, state_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


class Practice:
    """The practice site as it lies on this disk."""

    def __init__(self, product: Product) -> None:
        self.folder = product.state_folder / "practice"
        self.home = next(path for path in (self.folder / "home", *self.folder.glob("*/home")) if path.is_dir())
        self.port = json.loads((self.home.parent / "practice.json").read_text())["web_port"]

    def status(self, path: str = "/") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    @property
    def htaccess(self) -> Path:
        return self.home / "www" / ".htaccess"

    @property
    def broken_line(self) -> int:
        """Where the misspelt word stands."""
        return next(n for n, line in enumerate(self.htaccess.read_text().splitlines(), 1) if "RewritEngine" in line)


def practise(visitor: Visitor) -> None:
    """From the welcome page to a practice site that is well."""
    assert visitor.headline == "Let's watch your first site"
    visitor.look("welcome")
    visitor.press("Start a practice site")
    visitor.until_says("choose a mistake that people really make", 30)
    visitor.until(lambda: visitor.page.get_by_text("Up", exact=True).count() > 0, 45, "the practice site was probed and is up")
    visitor.look("practice-well")


def break_by_typing_mistake(visitor: Visitor) -> None:
    visitor.page.locator("#kinds > summary").click()
    kind = visitor.page.locator(".practice-kinds li").filter(has_text="A typing mistake in .htaccess")
    visitor.press("Break it this way", kind)
    assert "is broken now" in visitor.words
    visitor.until(lambda: visitor.page.get_by_role("link", name="Open the site").count() > 0, 45, "its failure is noticed and confirmed")
    visitor.until(lambda: visitor.headline == "The practice site is down. Now mend it.", 10, "the headline follows")
    visitor.look("practice-down")


def read_the_mail(visitor: Visitor, line: int, regression: bool = False) -> None:
    """The newest mail names the cause and the line."""
    visitor.go("/mail/")
    visitor.until(lambda: visitor.page.locator("td a.name").filter(has_text="500").count() > 0, 60, "the mail is there")
    visitor.look("mail-list")
    visitor.page.locator("td a.name").filter(has_text="500").first.click()
    visitor.page.wait_for_load_state()
    said = visitor.page.locator(".mail-text").inner_text()
    assert "RewritEngine" in said, said
    assert re.search(rf"\b{line}\b", said), said
    assert ".htaccess" in said
    assert "/repair" in said or "/incidents/" in said, "one link leads on"
    visitor.look("mail")


def open_incident(visitor: Visitor, line: int) -> None:
    visitor.go("/")
    visitor.until(lambda: visitor.page.locator("article.case").count() > 0, 30, "the incident stands on the dashboard")
    visitor.look("dashboard-down")
    visitor.press("Details", visitor.page.locator("article.case").first)
    visitor.until_says("Certain", 40)
    assert visitor.page.get_by_role("link", name="Start the guided repair").count() == 1
    cause = visitor.page.locator("#cause").inner_text()
    assert "RewritEngine" in cause, cause
    assert re.search(rf"\.htaccess:{line}\b|[Ll]ine {line}\b", cause), cause
    visitor.look("incident")


def turn_the_phone(visitor: Visitor) -> None:
    """The list of steps, folded on a narrow screen, is there when the screen becomes wide."""
    visitor.page.set_viewport_size(PHONE)
    visitor.page.reload()
    visitor.page.set_viewport_size(WIDE)
    visitor.page.get_by_role("navigation", name="Steps").get_by_role("link").first.wait_for(state="visible")


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
def test_newcomer_sees_the_whole_job(start, visit, javascript: bool) -> None:
    product: Product = start()
    visitor: Visitor = visit(product, javascript=javascript)
    visitor.begin(product.first_run_link)
    practise(visitor)
    practice = Practice(product)
    assert practice.status() == 200
    break_by_typing_mistake(visitor)
    broken, line = state_of(practice.home), practice.broken_line
    assert practice.status() == 500
    read_the_mail(visitor, line)
    open_incident(visitor, line)
    assert not differences(broken, state_of(practice.home)), "so far only looked at"

    repairing.open_repair(visitor)
    visitor.look("repair")
    turn_the_phone(visitor)
    repairing.choose(visitor, "Confirm the error")
    repairing.look_again(visitor, "Look again now")
    assert "500" in visitor.words
    visitor.look("repair-confirmed")
    repairing.choose(visitor, "Read the error log")
    assert "RewritEngine" in visitor.words
    visitor.look("repair-log")
    repairing.choose(visitor, "Test the .htaccess")
    assert "RewriteEngine" in visitor.page.locator(".diff:visible").first.inner_text()
    visitor.look("repair-offer")
    assert not differences(broken, state_of(practice.home)), "nothing is written before a person agrees"
    repairing.apply_first_offer(visitor)
    assert "Done, verified" in visitor.words
    assert practice.status() == 200
    visitor.look("repair-verified")

    repairing.undo_newest(visitor)
    assert not differences(broken, state_of(practice.home)), "undo brings back every byte"
    assert practice.status() == 500
    visitor.look("repair-undone")
    visitor.go("/")
    visitor.until(lambda: visitor.page.locator("article.case").filter(has_text="500").count() > 0, 60, "it is red again")
    visitor.look("dashboard-down-again")

    visitor.go("/repairs/")
    visitor.look("repairs")
    visitor.page.locator("td a.name").first.click()
    visitor.page.wait_for_load_state()
    repairing.choose(visitor, "Test the .htaccess")
    repairing.apply_first_offer(visitor)
    assert "Done, verified" in visitor.words
    assert practice.status() == 200
    assert set(differences(broken, state_of(practice.home))) == {b"www/.htaccess"}
    visitor.go("/")
    visitor.until(lambda: visitor.page.locator("article.case").count() == 0, 60, "the dashboard is calm again")
    visitor.look("dashboard-well")

    visitor.go("/repairs/")
    visitor.page.locator("td a.name").first.click()
    visitor.page.wait_for_load_state()
    repairing.choose(visitor, "Test again and close")
    repairing.look_again(visitor, "Retest everything")
    visitor.look("repair-retested")
    visitor.press("The site is well: close the repair")
    assert "This repair is closed" in visitor.words
    visitor.look("repair-closed")
    visitor.press("Read the report")
    assert "RewritEngine" in visitor.words
    visitor.look("report")
    markdown = visitor.context.request.get(f"{visitor.page.url.rstrip('/').removesuffix('/report')}/report.md")
    assert markdown.status == 200
    assert "RewritEngine" in markdown.text()
