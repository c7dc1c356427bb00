"""Somebody lets the practice site play failures that no file of it causes, and sees how each is told."""

from __future__ import annotations

import pytest

from tests.journeys.browsing import Visitor
from tests.journeys.test_practice_road import practise

# What the practice page says once it was noticed. Each is chosen while the one before has just ended.
TOLD = {
    "white-page": "it shows a white page",
    "database-error": "it answers 500",
    "firewall": "It refuses our probes",
    "redirect-loop": "it redirects for ever",
    "truncated": "it breaks off in the middle of a page",
    "suspended": "it shows its host's suspension page",
    "refused": "it accepts no connection",
    "certificate-expired": "it shows a certificate that has expired",
    "name-not-found": "it has a name that cannot be looked up",
    "phones": "Phones get HTTP 500",
}
IN_CI = ("white-page", "phones")


def play(visitor: Visitor, kind: str) -> None:
    visitor.go("/practice/")
    visitor.page.locator("#plays > summary").click()
    visitor.page.locator(f"#play-{kind}").check()
    visitor.press("Play it")


def end(visitor: Visitor) -> None:
    visitor.press("End it")
    visitor.until(lambda: visitor.page.locator("#plays").count() > 0, 20, "another one can be chosen")


# Each may take 75 s to be told and 100 s to be over, as the waits below say; this is only for what hangs.
ALL = pytest.param(tuple(TOLD), marks=[pytest.mark.full, pytest.mark.timeout(200 * len(TOLD))])


@pytest.mark.parametrize("kinds", [pytest.param(IN_CI, marks=pytest.mark.timeout(400)), ALL], ids=["some", "all"])
def test_failures_that_are_played_are_told(start, visit, kinds: tuple[str, ...]) -> None:
    product = start()
    visitor: Visitor = visit(product)
    visitor.begin(product.first_run_link)
    practise(visitor)
    for kind in kinds:
        play(visitor, kind)
        visitor.until_says("It plays: ", 10)
        visitor.look(f"playing-{kind}")
        visitor.until_says(TOLD[kind], 75)
        end(visitor)
        if kind == "phones":
            continue
        visitor.until(lambda: visitor.page.get_by_text("Up", exact=True).count() > 0, 100, "it is well again")


def test_failing_answer_is_read_from_the_incident(start, visit) -> None:
    product = start()
    visitor: Visitor = visit(product)
    visitor.begin(product.first_run_link)
    practise(visitor)
    play(visitor, "fatal-at-200")
    visitor.until_says("it shows a PHP error", 60)
    visitor.press("Open the site")
    visitor.page.locator("a[href^='/incidents/']").filter(has_text="PHP error").or_(visitor.page.locator(".case a")).first.click()
    visitor.until(lambda: visitor.page.get_by_role("img", name="The failing page as a browser draws it.").count() > 0, 60, "the picture")
    visitor.look("incident-with-picture")
    visitor.page.get_by_role("link", name="The whole answer, with headers and times").last.click()
    visitor.look("failing-answer")
    assert "Call to undefined function practice_prices()" in visitor.words
    with visitor.page.expect_download() as download:
        visitor.press("Save as text")
    assert "practice_prices()" in download.value.path().read_text()
